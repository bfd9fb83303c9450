//! What the system gives in place of a file.

use super::*;
use crate::audio::Fault;

#[test]
fn links_are_followed_where_they_lead_somewhere() {
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let good = folder.path().join("good.wav");
        symlink(from_root("tests/golden/audio/s16.wav"), &good).unwrap();
        assert_eq!(read_whole(&good).unwrap().1.len(), 96);
        let dangling = folder.path().join("dangling.wav");
        symlink(folder.path().join("gone.wav"), &dangling).unwrap();
        assert!(matches!(
            read_whole(&dangling).unwrap_err().fault,
            Fault::Io(_)
        ));
    }
}

#[test]
fn interrupted_reads_are_transient_and_missing_files_are_not() {
    use std::io::{Error, ErrorKind};
    let error = |kind| AudioError {
        path: "a.wav".into(),
        fault: Fault::Io(Error::from(kind)),
    };
    assert!(error(ErrorKind::Interrupted).is_transient());
    assert!(error(ErrorKind::TimedOut).is_transient());
    assert!(!error(ErrorKind::NotFound).is_transient());
    assert!(!error(ErrorKind::PermissionDenied).is_transient());
}
