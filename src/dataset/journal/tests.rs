//! Tests of the journal.

use std::fs;

use proptest::prelude::*;

use super::*;

type Content = (u32, Option<String>, bool);

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    (folder, path)
}

fn written(path: &Path, records: &[&str]) -> Vec<u8> {
    let mut journal = Journal::create(path, &7_u32).unwrap();
    for record in records {
        journal.append(record).unwrap();
    }
    fs::read(path).unwrap()
}

fn open(path: &Path) -> Result<Option<Content>, JournalError> {
    let opened = Journal::open::<u32, String>(path)?;
    Ok(opened.map(|opened| (opened.first, opened.last, opened.torn)))
}

#[test]
fn the_last_record_comes_back_and_the_journal_goes_on() {
    let (_folder, path) = place();
    written(&path, &[]);
    assert_eq!(open(&path).unwrap(), Some((7, None, false)));
    written(&path, &["a", "b"]);
    let mut opened = Journal::open::<u32, String>(&path).unwrap().unwrap();
    assert_eq!(opened.last.as_deref(), Some("b"));
    opened.journal.append(&"c").unwrap();
    assert_eq!(open(&path).unwrap(), Some((7, Some("c".into()), false)));
    assert_eq!(fs::read(&path).unwrap(), written(&path, &["a", "b", "c"]));
}

#[test]
fn a_journal_torn_anywhere_holds_the_whole_records_before() {
    let (_folder, path) = place();
    let whole = written(&path, &["a", "b"]);
    let ends: Vec<usize> = (0..whole.len())
        .filter(|&i| whole[i] == b'\n')
        .map(|i| i + 1)
        .collect();
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let torn = length != 0 && !ends.contains(&length);
        let expected = match ends.iter().filter(|&&end| end <= length).count() {
            0 => None,
            1 => Some((7, None, torn)),
            2 => Some((7, Some("a".to_owned()), torn)),
            _ => Some((7, Some("b".to_owned()), torn)),
        };
        let is_some = expected.is_some();
        assert_eq!(open(&path).unwrap(), expected, "{length} bytes");
        // What was torn is gone, and what comes after is found.
        if is_some {
            let mut opened = Journal::open::<u32, String>(&path).unwrap().unwrap();
            assert!(!opened.torn);
            opened.journal.append(&"z").unwrap();
            assert_eq!(open(&path).unwrap(), Some((7, Some("z".into()), false)));
        }
    }
}

#[test]
fn what_is_whole_but_not_understood_is_an_error() {
    let (_folder, path) = place();
    Journal::create(&path, &"not a number").unwrap();
    let error = open(&path).unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
    assert!(matches!(error, JournalError::Invalid { line: 1, .. }));
}

#[test]
fn a_missing_journal_is_named() {
    let (_folder, path) = place();
    let error = open(&path).unwrap_err();
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
}

proptest! {
    /// A changed byte before the last line is damage; in it, a torn record. The
    /// line end before the last line belongs to both.
    #[test]
    fn a_changed_byte_is_found(at in any::<prop::sample::Index>(), change in 1_u8..) {
        let (_folder, path) = place();
        let mut bytes = written(&path, &["a", "b"]);
        let at = at.index(bytes.len());
        let last = bytes.iter().rposition(|&b| b == b' ').unwrap() - CHECK;
        bytes[at] ^= change;
        fs::write(&path, &bytes).unwrap();
        match open(&path) {
            Ok(content) => {
                prop_assert!(at + 1 >= last, "byte {at}");
                let kept = (at >= last).then(|| "a".to_owned());
                prop_assert_eq!(content, Some((7, kept, true)));
            }
            // A new line end within the last line makes two of it.
            Err(JournalError::Damaged { .. }) => {
                prop_assert!(at < last || bytes[at] == b'\n');
                prop_assert_eq!(fs::read(&path).unwrap(), bytes);
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    /// Lines removed, doubled or swapped break the chain.
    #[test]
    fn only_a_prefix_of_the_lines_is_a_journal(order in prop::collection::vec(0_usize..4, 0..6)) {
        let (_folder, path) = place();
        let text = String::from_utf8(written(&path, &["a", "b", "c"])).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        fs::write(&path, order.iter().map(|&i| lines[i]).collect::<String>()).unwrap();
        let good = order.iter().enumerate().take_while(|(i, line)| i == *line).count();
        match open(&path) {
            Ok(Some((_, last, torn))) => {
                prop_assert_eq!(torn, good < order.len());
                prop_assert_eq!(last, [None, Some("a"), Some("b"), Some("c")][good - 1].map(str::to_owned));
            }
            Ok(None) => prop_assert!(good == 0 && order.len() < 2),
            Err(JournalError::Damaged { .. }) => prop_assert!(good + 1 < order.len()),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    /// Any bytes at all are read without a panic.
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let (_folder, path) = place();
        fs::write(&path, bytes).unwrap();
        let _ = open(&path);
    }
}
