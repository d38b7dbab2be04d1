//! Real FAQ files as their projects publish them, read with the number of entries that their notes
//! give. They are not part of this repository: without them the test says so and ends.

use std::path::{Path, PathBuf};

use faqbot_faq::{ReadOptions, load};

/// Files that are read together, the format they are read as, entries and phrasings.
const FILES: [(&[&str], &str, usize, usize); 17] = [
    (&["ripgrep_FAQ.md"], "markdown", 27, 27),
    (&["homebrew_FAQ.md"], "markdown", 28, 28),
    (&["go_faq.md"], "markdown", 85, 85),
    (&["letsencrypt_faq.en.md"], "markdown", 18, 18),
    (&["letsencrypt_faq.zh-cn.md"], "markdown", 18, 18),
    (&["prometheus_faq.md"], "markdown", 24, 24),
    (&["schemaorg_faq_microdata.html"], "html", 20, 20),
    (&["plausible_troubleshoot_jsonld.mdx.md"], "markdown", 8, 8),
    (&["rasa1_covidfaq_nlu.md", "rasa1_covidfaq_responses.md"], "rasa1", 49, 158),
    // 22 rows with 9 ids.
    (&["qnamaker_smartLightFAQ_prompts.tsv"], "qnamaker", 9, 22),
    (&["qnamaker_SampleQnAs.tsv"], "qnamaker", 11, 11),
    (&["qnamaker_SampleQnAs.xlsx"], "xlsx", 11, 11),
    (&["office_faq.qna"], "qna", 12, 12),
    (&["handoff_faq.zh.qna"], "qna", 8, 8),
    // 213 records, of which three have question and answer of another.
    (&["covid_faq_deepset.csv"], "csv", 210, 210),
    (&["covid_faq_cdc.jsonl"], "jsonl", 119, 119),
    (&["../seed/therapist-faq.txt"], "text", 25, 25),
];

#[test]
fn published_files_give_the_entries_that_they_have() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/wild");
    if !folder.exists() {
        eprintln!("skipped: there are no files at {}", folder.display());
        return;
    }
    for (names, format, entries, phrasings) in FILES {
        let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
        let loaded = load::load(&paths, &ReadOptions::default(), &mut |_| ())
            .unwrap_or_else(|error| panic!("{names:?}: {error}"));
        let found = (loaded.faq.entries.len(), loaded.faq.phrasing_count());
        assert_eq!(found, (entries, phrasings), "{names:?}: {:?} {:?}", loaded.skipped, loaded.merged);
        assert_eq!(loaded.files[0].format.map(|format| format.name), Some(format), "{names:?}");
        println!(
            "{names:?}: {format}, {entries} entries, {phrasings} phrasings, {} skipped",
            loaded.skipped.len()
        );
    }
}
