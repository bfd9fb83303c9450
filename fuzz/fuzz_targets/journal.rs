//! Any bytes as a journal, and any cut or change of a real one: whole records
//! from its beginning, or an error; it can be gone on with.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wakemill::dataset::journal::{Journal, Opened};

fuzz_target!(|bytes: &[u8]| {
    let file = wakemill_fuzz::file(bytes);
    drop(Journal::open::<serde_json::Value, serde_json::Value>(file.path()));

    // The first bytes say what happens to a real one.
    let [at, change, cut, ..] = *bytes else {
        return;
    };
    let mut journal = Journal::create(file.path(), &0).unwrap();
    for record in 1..=3 {
        journal.append(&record).unwrap();
    }
    let mut content = std::fs::read(file.path()).unwrap();
    let whole = content.clone();
    let at = usize::from(at) * content.len() / 256;
    content[at] ^= change;
    content.truncate(content.len() - usize::from(cut) * content.len() / 256);
    std::fs::write(file.path(), &content).unwrap();
    if let Ok(Some(Opened { mut journal, first, last, .. })) =
        Journal::open::<i32, i32>(file.path())
    {
        assert_eq!(first, 0);
        let last = last.unwrap_or(0);
        for record in last + 1..=3 {
            journal.append(&record).unwrap();
        }
        assert_eq!(std::fs::read(file.path()).unwrap(), whole);
    }
});
