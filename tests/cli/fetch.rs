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
            "NewConnectionError",
        ),
        ("PIP_PROXY", "http://127.0.0.1:9", "ProxyError"),
        ("PIP_INDEX_URL", "http://nowhere.invalid/simple", "name"),
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
        assert!(said.contains("connection broken by"), "{name}: {said}");
        for part in [cause, "cannot be fetched", "fetch the wheel elsewhere"] {
            assert!(said.contains(part), "'{part}' is not in: {said}");
        }
    }
}
