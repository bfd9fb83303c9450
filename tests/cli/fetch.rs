//! What is wrong between pip and its index is told, from pip itself.

use std::process::Command;

use crate::support::{stderr, wakemill};

#[test]
fn why_pip_cannot_fetch_is_told() {
    let pip = Command::new("python3")
        .args(["-m", "pip", "--version"])
        .output();
    if !pip.is_ok_and(|pip| pip.status.success()) {
        eprintln!("NOT RUN: what pip says: python3 has none");
        return;
    }
    for (name, value, cause) in [
        (
            "PIP_INDEX_URL",
            "http://127.0.0.1:9/simple",
            "connection broken by 'NewConn",
        ),
        (
            "PIP_INDEX_URL",
            "https://nowhere.invalid/simple",
            "[Errno -",
        ),
        (
            "PIP_INDEX_URL",
            "http://nowhere.invalid/simple",
            "not a trusted",
        ),
        ("PIP_PROXY", "http://127.0.0.1:9", "ProxyError"),
    ] {
        let home = tempfile::tempdir().expect("a folder");
        let run = wakemill(&["setup"])
            .env_remove("PIP_FIND_LINKS")
            .env("PIP_RETRIES", "1")
            .env("WAKEMILL_HOME", home.path())
            .env(name, value)
            .output()
            .expect("the program starts");
        let said = stderr(&run);
        assert_eq!(run.status.code(), Some(1), "{said}");
        for part in [cause, "cannot be fetched", "fetch the wheel elsewhere"] {
            assert!(said.contains(part), "'{part}' is not in: {said}");
        }
    }
}
