//! Real FAQ files as their projects publish them, read with the number of entries that their notes
//! give. They are not part of this repository: without them the test says so and ends.

use std::path::Path;

use faqbot::Faq;

#[test]
fn published_files_give_the_entries_that_they_have() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/wild");
    if !folder.exists() {
        eprintln!("skipped: there are no files at {}", folder.display());
        return;
    }
    for (name, entries) in [
        ("ripgrep_FAQ.md", 27),
        ("homebrew_FAQ.md", 28),
        ("go_faq.md", 85),
        ("letsencrypt_faq.en.md", 18),
        ("letsencrypt_faq.zh-cn.md", 18),
        ("prometheus_faq.md", 24),
        ("office_faq.qna", 12),
        ("handoff_faq.zh.qna", 8),
        ("qnamaker_SampleQnAs.tsv", 11),
        ("../seed/therapist-faq.txt", 25),
    ] {
        let loaded = Faq::load(&folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(loaded.faq.entries.len(), entries, "{name}: {:?}", loaded.skipped);
    }
    // 22 rows are wordings of fewer entries; 213 records have some answers in common.
    for (name, wordings) in [
        ("qnamaker_smartLightFAQ_prompts.tsv", 22),
        ("covid_faq_deepset.csv", 213),
        ("covid_faq_cdc.jsonl", 119),
    ] {
        let loaded = Faq::load(&folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        println!(
            "{name}: {} entries, {} wordings, {:?}",
            loaded.faq.entries.len(),
            loaded.faq.phrasing_count(),
            loaded.skipped
        );
        assert!(loaded.faq.phrasing_count() <= wordings && loaded.faq.phrasing_count() + 5 >= wordings);
    }
}
