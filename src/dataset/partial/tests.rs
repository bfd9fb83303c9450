//! Tests of files renamed when whole.

use super::*;

/// SHA-256 of the bytes, by another route than the one under test.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.jsonl");
    (folder, path)
}

#[test]
fn the_final_name_appears_only_when_whole() {
    let (_folder, path) = place();
    let mut file = PartialFile::create(&path, b"").unwrap();
    file.append(b"abc").unwrap();
    file.sync().unwrap();
    assert!(!path.exists());
    assert_eq!(std::fs::read(partial_path(&path)).unwrap(), b"abc");
    let finished = file.finish(b"").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"abc");
    assert!(!partial_path(&path).exists());
    assert_eq!(finished.bytes, 3);
    // FIPS 180-2, appendix B.1.
    assert_eq!(
        finished.sha256,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[test]
fn the_hash_of_a_file_with_a_header_is_that_of_its_final_bytes() {
    let (_folder, path) = place();
    let mut file = PartialFile::create(&path, b"....").unwrap();
    let body = vec![7; 3 * BUFFER + 5];
    file.append(&body).unwrap();
    assert_eq!(file.committed().sha256, sha256(&body));
    let finished = file.finish(b"head").unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert!(bytes.starts_with(b"head\x07"));
    assert_eq!(finished.bytes, bytes.len() as u64);
    assert_eq!(finished.sha256, sha256(&bytes));
}

#[test]
fn a_header_of_another_length_is_refused() {
    let (_folder, path) = place();
    let file = PartialFile::create(&path, b"....").unwrap();
    assert!(matches!(
        file.finish(b"longer").unwrap_err(),
        WriteError::Value { .. }
    ));
    assert!(!path.exists());
}

#[test]
fn what_lies_behind_the_committed_bytes_is_cut_off() {
    let (_folder, path) = place();
    let mut file = PartialFile::create(&path, b"..").unwrap();
    file.append(b"one").unwrap();
    let committed = file.sync().unwrap();
    file.append(b"torn").unwrap();
    file.sync().unwrap();
    drop(file);

    let mut file = PartialFile::open_at(&path, 2, &committed).unwrap();
    assert_eq!(file.committed(), committed);
    file.append(b"two").unwrap();
    assert_eq!(file.committed().sha256, sha256(b"onetwo"));
    file.finish(b"h:").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"h:onetwo");
}

#[test]
fn damage_is_found_and_nothing_is_cut() {
    let (_folder, path) = place();
    let mut file = PartialFile::create(&path, b"").unwrap();
    file.append(b"one").unwrap();
    let committed = file.sync().unwrap();
    drop(file);
    std::fs::write(partial_path(&path), b"oNe and more").unwrap();
    let error = PartialFile::open_at(&path, 0, &committed).unwrap_err();
    assert!(matches!(error, WriteError::Damaged { .. }), "{error}");
    assert_eq!(std::fs::read(partial_path(&path)).unwrap(), b"oNe and more");
}

#[test]
fn a_finished_file_is_taken_back_and_finished_to_the_same_bytes() {
    let (_folder, path) = place();
    let mut file = PartialFile::create(&path, b"....").unwrap();
    file.append(b"one").unwrap();
    let committed = file.sync().unwrap();
    let finished = file.finish(b"head").unwrap();

    let file = PartialFile::open_at(&path, 4, &committed).unwrap();
    assert!(!path.exists());
    assert_eq!(file.finish(b"head").unwrap(), finished);
    assert_eq!(std::fs::read(&path).unwrap(), b"headone");
}

#[test]
fn going_on_needs_what_was_committed() {
    let (_folder, path) = place();
    let committed = Committed {
        bytes: 2,
        sha256: sha256(b"bc"),
    };
    let missing = PartialFile::open_at(&path, 1, &committed).unwrap_err();
    assert!(missing.to_string().contains("rows.jsonl.partial"));
    std::fs::write(partial_path(&path), b"ab").unwrap();
    let short = PartialFile::open_at(&path, 1, &committed).unwrap_err();
    assert!(matches!(
        short,
        WriteError::Short {
            expected: 3,
            found: 2,
            ..
        }
    ));
    // Nothing was cut by the attempt.
    assert_eq!(std::fs::read(partial_path(&path)).unwrap(), b"ab");
}

#[test]
fn a_full_disk_is_told_apart() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("full");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/dev/full", partial_path(&path)).unwrap();
    let mut file = PartialFile::create(&path, b"").unwrap();
    file.append(b"x").unwrap();
    let error = file.sync().unwrap_err();
    let WriteError::Io { error: cause, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(cause.kind(), io::ErrorKind::StorageFull);
    assert!(error.to_string().contains("full.partial"));
}
