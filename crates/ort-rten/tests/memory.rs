//! Memory over many runs. A binary of its own, so that nothing else allocates meanwhile.

mod common;

use common::{embedder, reference};

/// Resident memory of this process in kibibytes, where the system tells it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn a_thousand_queries_do_not_grow_memory() {
    let Some(mut model) = embedder(2) else { return };
    let (texts, _) = reference();
    let mut query = |count: usize| {
        for text in texts.iter().cycle().take(count) {
            model.embed([text], None).expect("embedding");
        }
    };
    query(500);
    let Some(before) = resident() else {
        eprintln!("skipped: this system does not tell the resident memory");
        return;
    };
    query(1000);
    let after = resident().expect("as before");
    // Allocators grow in steps (one of 4.5 MB was seen, then none in 5,000 queries). A leak of the
    // output alone, about 20 tokens x 384 x 4 bytes a query, would be 30 MB.
    assert!(after < before + 8 * 1024, "{before} kB before, {after} kB after");
}
