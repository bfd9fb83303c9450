//! Any bytes as a list file: each line that counts is a file, a problem, or the
//! reason why there is no listing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wakemill::source;

fuzz_target!(|bytes: &[u8]| {
    let file = wakemill_fuzz::file(bytes);
    if let Ok(listing) = source::list(file.path()) {
        assert!(listing.files.is_sorted_by(|a, b| a.name < b.name));
        let lines = bytes.split(|byte| *byte == b'\n').count();
        let found = listing.files.len() + listing.problems.len();
        assert!((1..=lines).contains(&found));
    }
    if let Ok(pattern) = std::str::from_utf8(bytes)
        && pattern.len() < 40
        && !pattern.contains(['/', '.'])
        && !pattern.contains("**")
    {
        drop(source::glob(pattern));
    }
});
