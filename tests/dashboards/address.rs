//! Where metrics are served, and where not.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use crate::support::{wakemill, write_clips};

fn pipeline(folder: &Path) {
    write_clips(folder, 1, 0);
    let text = "output = 'out'\n[[split]]\nname = 'wake'\ninput = 'wake'\n";
    fs::write(folder.join("pipeline.toml"), text).unwrap();
}

#[test]
fn an_address_in_use_is_an_error_before_any_work_starts() {
    let folder = tempfile::tempdir().unwrap();
    pipeline(folder.path());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = wakemill()
        .args(["run", "pipeline.toml", "--metrics", &address])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(&address), "{error}");
    assert!(error.contains("in use"), "{error}");
    assert!(error.contains("--metrics"), "{error}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn a_dry_run_serves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    pipeline(folder.path());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = wakemill()
        .args(["run", "pipeline.toml", "--dry-run", "--metrics", &address])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}
