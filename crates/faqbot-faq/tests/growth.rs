//! Reading takes time linear in the input: each of these shapes at two sizes, eight times apart.
//!
//! A reader that is quadratic takes 64 times as long for the larger one. The bound lies between, and is only looked at
//! where the larger takes long enough for a clock, which counts the processor's time, so that a slow or busy machine fails
//! no test.

use std::path::Path;
use std::time::Duration;

use cpu_time::ThreadTime;
use faqbot_faq::Faq;

/// Bytes of the larger input.
const LARGE: usize = 800_000;
const TIMES: usize = 8;

/// Below this, the larger one is fast enough whatever the smaller one took.
const FAST: Duration = Duration::from_millis(1500);

/// Most that the larger may take, in times of the smaller.
const BOUND: f64 = 24.0;

/// A file: its name, what stands before, what is repeated (`§` is its number), and what stands behind.
type Shape = (&'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const SHAPES: &[Shape] = &[
    // Markdown
    ("a.md", "", "<h3>", ""),
    ("a.md", "", "<summary>a?", ""),
    ("a.md", "", "<h3>Why?", ""),
    ("a.md", "", "<h3>Why?</h3> a\n\n", ""),
    ("a.md", "", "<details><summary>Why §?</summary>a</details>\n", ""),
    ("a.md", "", "<details", ""),
    ("a.md", "", "## Why §?\na\n", ""),
    ("a.md", "## Why?\n", "[§]: http://a.b/§\n[§] ", "\n\n"),
    ("a.md", "## Why?\n", "[a§][§] ", "\n\n[1]: b\n"),
    ("a.md", "", "**Why §?**\n\na\n\n", ""),
    ("a.md", "", "**Why ", ""),
    ("a.md", "# A\n", "> ", ""),
    ("a.md", "# A\n", "* a\n", ""),
    ("a.md", "# A\n", "`", ""),
    ("a.md", "# A\n", "[", ""),
    ("a.md", "# A\n", "![a](", ""),
    ("a.md", "# A\n", "*a_ ", ""),
    ("a.md", "# A\n", "<a ", ""),
    ("a.md", "# A\n", "<!-- ", ""),
    ("a.md", "", "Q: why §?\nA: so\n", ""),
    ("a.md", "| Question | Answer |\n|---|---|\n", "| why §? | so |\n", ""),
    ("a.md", "---\n", "a§: b\n", "---\n# A\nb\n"),
    ("a.md", "", "??? question \"Why §?\"\n    so\n", ""),
    ("a.md", "", "<!-- faqbot {\"id\":\"a§\"} -->\n## Why §?\n\nso\n", ""),
    ("a.md", "", "## Why?\nso\n", ""),
    // HTML
    ("a.html", "<p", " a§=b", ">"),
    ("a.html", "", "<h3>Why §?</h3><p>so</p>", ""),
    ("a.html", "", "<details><summary>Why §?</summary>so</details>", ""),
    ("a.html", "<dl>", "<dt>Why §?<dd>so", "</dl>"),
    ("a.html", "", "<b>", ""),
    ("a.html", "", "<p><b>", ""),
    ("a.html", "", "<li>", ""),
    ("a.html", "<table>", "<tr><td>Why §?<td>so", "</table>"),
    ("a.html", "", "</p>", ""),
    ("a.html", "", "&amp", ""),
    ("a.html", "", "<a href=§>", ""),
    ("a.html", "", "<!--", ""),
    ("a.html", "", "<div itemscope itemtype=https://schema.org/Question><span itemprop=name>a§?</span></div>", ""),
    ("a.html", "", "<script type=\"application/ld+json\">{\"@type\":\"FAQPage\"}</script>", ""),
    ("a.html", "", "<ul><li>a</ul>", ""),
    ("a.html", "", "<style>", ""),
    ("a.html", "", "<button class=accordion>Why §?</button><div class=panel>so</div>", ""),
    ("a.html", "", "<button aria-expanded=false aria-controls=x>Why §?</button>", "<p id=x>so</p>"),
    ("a.html", "", "<div class=item><p class=question>Why §?</p><p class=answer>so</p></div>", ""),
    ("a.html", "", "<p class=question>Why §?</p>", ""),
    ("a.html", "<p><b>Why?</b></p>", "<p>so §</p>", "<p><b>Who?</b></p><p>me</p>"),
    ("a.html", "", "<div class=nav>Why §?</div>", ""),
    ("a.html", "", "<h2>Part §</h2><p class=q>Why §?</p>so", ""),
    // reStructuredText
    ("a.rst", "Why?\n----\n\n", "a `b§`_ c\n", ""),
    ("a.rst", "Why?\n----\n\n", ".. _b§: http://a.b/§\n`b§`_\n", ""),
    ("a.rst", "", "Why §?\n------\n\nso\n\n", ""),
    ("a.rst", "Why?\n----\n\n", "`", ""),
    ("a.rst", "Why?\n----\n\n", ":a:`b` ", ""),
    ("a.rst", "Why?\n----\n\n", "::\n\n  a\n\n", ""),
    ("a.rst", "Why?\n----\n\n", "|a| ", ""),
    ("a.rst", "", "why §?\n   so\n\n", ""),
    ("a.rst", "", "===\n", ""),
    ("a.rst", "Why?\n----\n\n", ".. note:: a\n   b\n", ""),
    ("a.rst", "Why?\n----\n\n", ":a", ""),
    // YAML
    ("a.yaml", "", "- {question: why §?, answer: so}\n", ""),
    ("a.yaml", "a: &a [x]\nb:\n", "- *a\n", ""),
    ("a.yaml", "", "a§: b\n", ""),
    ("a.yaml", "", "- question: why §?\n  answer: |\n    so\n    so\n", ""),
    ("a.yaml", "- question: why?\n  answer: so\n  also:\n", "  - why §?\n", ""),
    ("a.yaml", "", "# note\n", "- {question: a, answer: b}\n"),
    ("a.yaml", "", "---\na: §\n", ""),
    ("a.yaml", "- question: \"", "\\u0041", "\"\n  answer: b\n"),
    ("a.yaml", "", "- ", ""),
    ("a.yaml", "", "? a§\n: b\n", ""),
    ("a.yaml", "- question: why?\n  answer: >\n", "    so\n\n", ""),
    ("a.yaml", "", "{", ""),
    // Rasa
    ("nlu.yml", "nlu:\n- intent: a\n  examples: |\n", "    - [x](y)\n", "responses:\n  utter_a:\n  - text: b\n"),
    ("nlu.yml", "nlu:\n- intent: a\n  examples: |\n    - ", "[x](", "\nresponses:\n  utter_a:\n  - text: b\n"),
    ("nlu.yml", "nlu:\n- intent: a\n  examples: |\n    - ", "[a]{", "\nresponses:\n  utter_a:\n  - text: b\n"),
    ("nlu.yml", "nlu:\n- intent: a\n  examples: |\n    - ", "[", "\nresponses:\n  utter_a:\n  - text: b\n"),
    ("nlu.yml", "nlu:\n", "- intent: a§\n  examples: |\n    - b§\n", "responses:\n  utter_a1:\n  - text: b\n"),
    ("nlu.md", "", "## intent:a§\n- b§\n", "* a1\n  - c\n"),
    ("nlu.md", "## intent:a\n- ", "[x](", "\n* a\n  - c\n"),
    // JSON and its kind
    ("a.json", "[", "{\"question\":\"why §?\",\"answer\":\"so\"},", "{\"question\":\"a\",\"answer\":\"b\"}]"),
    ("a.json", "{", "\"why §?\":\"so\",", "\"a\":\"b\"}"),
    ("a.json", "[{\"answer\":\"b\",\"questions\":[", "\"why §?\",", "\"a\"]}]"),
    ("a.json", "{\"qnas\":[{\"id\":\"a\",\"data\":{\"answers\":{", "\"l§\":[\"b\"],", "\"en\":[\"c\"]},\"questions\":{\"l1\":[\"a\"],\"en\":[\"q\"]}}}]}"),
    ("a.json", "{\"qnas\":[{\"id\":\"a\",\"data\":{\"answers\":{\"en\":[\"c\"]},\"questions\":{", "\"l§\":[\"q§\"],", "\"en\":[\"q\"]}}}]}"),
    ("a.json", "", "[", ""),
    ("a.json", "{\"@type\":\"FAQPage\",\"mainEntity\":[", "{\"@type\":\"Question\",\"name\":\"a§\",\"acceptedAnswer\":{\"text\":\"<b>b\"}},", "{}]}"),
    ("a.json", "[{\"a\":\"", "\\n", "\"}]"),
    ("a.jsonl", "", "{\"question\":\"why §?\",\"answer\":\"so\"}\n", ""),
    ("a.jsonl", "", "{\n", ""),
    ("a.json", "{", "\"q§\":\"why?\",\"a§\":\"so\",", "\"b\":\"c\"}"),
    ("a.json", "{", "\"faq_q§\":\"why?\",", "\"b\":\"c\"}"),
    ("a.json", "[{\"question\":\"a\",\"answer\":[", "{\"type\":\"paragraph\",\"children\":[{\"text\":\"so\"}]},", "{\"type\":\"hr\"}]}]"),
    ("a.json", "[", "{\"question\":{\"en\":\"why §?\",\"de\":\"w\"},\"answer\":{\"en\":\"so\",\"de\":\"s\"}},", "{}]"),
    ("a.json", "[{\"messages\":[", "{\"role\":\"system\",\"content\":\"x\"},", "{}]}]"),
    // Programs
    ("a.ts", "const a = [", "{q: \"why §?\", a: `so`},", "];"),
    ("a.ts", "", "const a§ = [{b: 1}];\n", ""),
    ("a.ts", "", "[", ""),
    ("a.ts", "const a = ", "\"a\" + ", "\"b\";"),
    ("a.ts", "const a = [{q: \"a\", a: ", "<b>", "}];"),
    ("a.php", "<?php return [", "['question' => 'why §?', 'answer' => 'so'],", "];"),
    // Other texts
    ("a.po", "", "msgid \"why §?\"\nmsgstr \"\"\n\nmsgid \"so\"\nmsgstr \"\"\n\n", ""),
    ("a.po", "msgid \"\"\n", "\"why?\"\n", "msgstr \"\"\nmsgid \"so\"\nmsgstr \"\"\n"),
    ("a.sql", "INSERT INTO a (question, answer) VALUES ", "('why §?', 'so'),", "('a', 'b');"),
    ("a.sql", "", "CREATE TABLE a§ (b int);\n", ""),
    ("a.sql", "", "INSERT INTO a§ (b) VALUES (1);\n", ""),
    ("a.sql", "INSERT INTO a VALUES ('", "''", ""),
    ("a.tex", "", "\\section{why §?}\nso\n", ""),
    ("a.tex", "\\section{why?}\n", "\\textbf{", ""),
    ("a.tex", "\\section{why?}\n", "{\\b ", ""),
    ("a.tex", "\\section{why?}\n", "\\begin{verbatim}\n", ""),
    ("a.rtf", "{\\rtf1 ", "{\\b why §?}\\par so\\par ", "}"),
    ("a.rtf", "{\\rtf1 ", "\\cell ", "}"),
    ("a.rtf", "{\\rtf1 ", "{\\*\\fldinst HYPERLINK }", "}"),
    ("a.xml", "<rss xmlns:wp=\"w\"><channel>", "<item><title>why §?</title><content:encoded>so</content:encoded></item>", "</channel></rss>"),
    ("a.csv", "", "Q,why §?\nA,so\n", ""),
    ("a.md", "", "{{< faq question=\"why §?\" >}}\nso\n{{< /faq >}}\n", ""),
    ("a.md", "", "<Faq\n  question=\"why §?\"\n", ""),
    ("a.toml", "", "[[entries]]\nquestion = \"why §?\"\nanswer = \"so\"\n", ""),
    ("a.toml", "", "a§ = 1\n", ""),
    ("a.toml", "", "a.", ""),
    ("a.toml", "a = ", "[", ""),
    // Tables
    ("a.csv", "question,answer\n", "why §?,so\n", ""),
    ("a.csv", "question,answer\n", "\"", ""),
    ("a.csv", "", "a§,", "\nb\n"),
    ("a.csv", "question,answer\n", "\n", "a,b\n"),
    ("a.csv", "question,answer\nwhy?,\"", "so\n", "\"\n"),
    ("a.csv", "id,question,answer\n", "a,why §?,so\n", ""),
    ("a.tsv", "Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\tIsContextOnly\tPrompts\tQnaId\n", "why §?\ta\\nb\t\tx:y|z:w\t[]\tfalse\t[]\t1\n", ""),
    ("a.csv", "question;answer\n", "why §?;so, then\n", ""),
    // Plain text
    ("a.txt", "", "Q: why §?\nA: so\n\n", ""),
    ("a.txt", "", "why §?\nso\n\n", ""),
    ("a.txt", "", "§. why §?\nso\n", ""),
    ("a.txt", "", "why? ", ""),
    ("a.txt", "", "\n", "why?\nso\n"),
    ("a.qna", "", "# ? why §\n```\nso\n```\n", ""),
    ("a.qna", "# ? why\n", "- why §\n", "```\nso\n```\n"),
    ("a.qna", "# ? why\n", "```\n", ""),
    // Boxes and components
    ("a.mdx", "", ":::details Why §?\nso\n:::\n", ""),
    ("a.mdx", "", ":::", ""),
    ("a.mdx", "", ":::note\n", ""),
    ("a.mdx", "", "<Accordion title=\"Why §?\">\nso\n</Accordion>\n", ""),
    ("a.mdx", "", "<Accordion title=\"Why §?\">\n", ""),
    ("a.mdx", "", "<A b={", ""),
    ("a.md", "", "???+ question \"", ""),
    // MediaWiki, AsciiDoc, Org
    ("a.wiki", "", "== Why §? ==\nso\n", ""),
    ("a.wiki", "== Why? ==\n", "[[", ""),
    ("a.wiki", "== Why? ==\n", "{{", ""),
    ("a.wiki", "== Why? ==\n", "{|\n", ""),
    ("a.wiki", "== Why? ==\n", "'''''a ", ""),
    ("a.wiki", "== Why? ==\n", "<ref>", ""),
    ("a.wiki", "== Why? ==\n", "<!--", ""),
    ("a.wiki", "== Why? ==\n", "[http://a b] ", ""),
    ("a.wiki", "", "; why §?\n: so\n", ""),
    ("a.wiki", "", "=", ""),
    ("a.adoc", "", "== Why §?\nso\n\n", ""),
    ("a.adoc", "[qanda]\n", "Why §?::\n  so\n", ""),
    ("a.adoc", "== Why?\n", "----\n", ""),
    ("a.adoc", "== Why?\n", "*_`", ""),
    ("a.adoc", "== Why?\n", "link:a[", ""),
    ("a.adoc", "== Why?\n", "|===\n", ""),
    ("a.adoc", "== Why?\n", "[[a§]]\n", ""),
    ("a.adoc", "== Why?\n", "{a§}", ""),
    ("a.adoc", "== Why?\n", "////\n", ""),
    ("a.adoc", "", ":a§: {a}\n", ""),
    ("a.org", "", "* Why §?\nso\n", ""),
    ("a.org", "* Why?\n", "#+BEGIN_SRC\n", ""),
    ("a.org", "* Why?\n", ":PROPERTIES:\n", ""),
    ("a.org", "* Why?\n", "[[", ""),
    ("a.org", "* Why?\n", "*/=~", ""),
    ("a.org", "", "*", ""),
    // AIML
    ("a.aiml", "<aiml>", "<category><pattern>WHY §</pattern><template>so</template></category>", "</aiml>"),
    ("a.aiml", "<aiml>", "<category><pattern>A §</pattern><template><srai>B</srai></template></category>", "</aiml>"),
    ("a.aiml", "<aiml>", "<category><pattern>A§</pattern><template><srai>A1</srai></template></category>", "</aiml>"),
    ("a.aiml", "<aiml><category><pattern>A</pattern><template><random>", "<li>a§</li>", "</random></template></category></aiml>"),
    ("a.aiml", "<aiml>", "<a>", ""),
    ("a.aiml", "<aiml><category><pattern>A</pattern><template>", "&amp;", "</template></category></aiml>"),
    ("a.aiml", "<aiml>", "<!--", ""),
    // Other programs' JSON
    ("a.json", "{\"intents\":[", "{\"intent\":\"a§\",\"examples\":[{\"text\":\"why §\"}]},", "{}],\"dialog_nodes\":[]}"),
    ("a.json", "{\"intents\":[{\"intent\":\"a\",\"examples\":[{\"text\":\"why\"}]}],\"dialog_nodes\":[", "{\"dialog_node\":\"n§\",\"parent\":\"n1\",\"conditions\":\"#a\",\"output\":{\"text\":\"so\"}},", "{}]}"),
    ("a.json", "{\"metadata\":{\"schemaVersion\":\"1.0\"},\"resource\":{\"intents\":[", "{\"name\":\"a§\",\"sampleUtterances\":[\"why §\"],\"conclusionStatement\":{\"messages\":[{\"content\":\"so\"}]}},", "{}]}}"),
    ("a.json", "{\"version\":\"v2.0\",\"data\":[{\"paragraphs\":[{\"context\":\"so\",\"qas\":[", "{\"id\":\"§\",\"question\":\"why §?\",\"answers\":[{\"text\":\"so\",\"answer_start\":0}]},", "{}]}]}]}"),
    ("a.json", "{\"articles\":[", "{\"id\":§,\"title\":\"why §?\",\"body\":\"<p>so</p>\",\"html_url\":\"http://a/§\"},", "{}]}"),
    ("a.json", "{\"articles\":[{\"id\":1,\"title\":\"why?\",\"html_url\":\"http://a\",\"body\":\"", "<b>", "\"}]}"),
    ("a.yml", "categories:\n- a\nconversations:\n", "- - why §?\n  - so\n", ""),
    ("a.yml", "categories:\n- a\nconversations:\n- - why?\n", "  - so §\n", ""),
];

fn made((name, before, unit, behind): Shape, bytes: usize) -> (Vec<u8>, &'static Path) {
    let mut text = before.to_owned();
    for number in 0.. {
        if text.len() >= bytes {
            break;
        }
        text.push_str(&unit.replace('§', &number.to_string()));
    }
    text.push_str(behind);
    (text.into_bytes(), Path::new(name))
}

fn taken(shape: Shape, bytes: usize) -> Duration {
    let (text, path) = made(shape, bytes);
    let begin = ThreadTime::now();
    // Whether it is a FAQ does not matter.
    let _ = Faq::read(&text, path);
    begin.elapsed()
}

#[test]
fn reading_is_linear() {
    let mut slow = Vec::new();
    for &shape in SHAPES {
        let large = taken(shape, LARGE);
        if large < FAST {
            continue;
        }
        // The best of three, against pauses of the machine.
        let best = |bytes| (0..3).map(|_| taken(shape, bytes)).min().unwrap_or_default();
        let ratio = large.min(best(LARGE)).as_secs_f64() / best(LARGE / TIMES).as_secs_f64();
        println!("{large:?}, {ratio:.1} times the smaller: {shape:?}");
        if ratio > BOUND {
            slow.push((shape, ratio));
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}
