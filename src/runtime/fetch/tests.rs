//! Tests of fetching.

use super::*;
use crate::runtime::packages::CPU_RUNTIME;

const FILE: PackagedFile = PackagedFile {
    folder: "inside/",
    name: "a.txt",
    // Of "hello".
    sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
};

const PACKAGE: Package = Package {
    name: "sample",
    version: "1.0",
    platform: None,
    sha256: "",
    megabytes: 1,
    files: &[FILE],
};

fn wheel(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join("sample.whl");
    let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
    archive
        .start_file(name, zip::write::SimpleFileOptions::default())
        .unwrap();
    archive.write_all(content).unwrap();
    archive.finish().unwrap();
    path
}

#[test]
fn a_whole_file_is_put_in_place_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let wheel = wheel(folder.path(), "inside/a.txt", b"hello");
    let target = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        extract(&PACKAGE, &wheel, target.path()).unwrap();
        assert_eq!(
            std::fs::read(target.path().join("a.txt")).unwrap(),
            b"hello"
        );
    }
    assert_eq!(std::fs::read_dir(target.path()).unwrap().count(), 1);
}

#[test]
fn another_content_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = tempfile::tempdir().unwrap();
    let changed = wheel(folder.path(), "inside/a.txt", b"hullo");
    let error = extract(&PACKAGE, &changed, target.path()).unwrap_err();
    assert!(error.to_string().contains("has SHA-256"), "{error}");
    let other = wheel(folder.path(), "inside/b.txt", b"hello");
    let error = extract(&PACKAGE, &other, target.path()).unwrap_err();
    assert!(error.to_string().contains("inside/a.txt"), "{error}");
    assert_eq!(std::fs::read_dir(target.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = fetch_models(&Cache::at(&file), &mut |_| ()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("file") && message.contains("WAKEMILL_HOME"),
        "{message}"
    );
}

#[test]
fn only_the_errors_of_pip_are_passed_on() {
    let said = b"WARNING: Retrying after a broken connection\n\
        ERROR: Could not find a version\nERROR: No matching distribution.\n";
    assert_eq!(
        pip_errors(said),
        "pip says: Could not find a version; No matching distribution"
    );
    assert_eq!(pip_errors(b"Killed"), "pip failed");
}

#[test]
fn the_remedy_says_what_to_put_where() {
    let remedy = remedy(&MODELS, Path::new("/cache/models"));
    for part in [
        "wakemill setup",
        "melspectrogram.onnx",
        "embedding_model.onnx",
        "/cache/models",
    ] {
        assert!(remedy.contains(part), "{remedy}");
    }
    assert!(!remedy.contains("ORT_DYLIB_PATH"));
    if let Some(package) = CPU_RUNTIME {
        assert!(super::remedy(&package, Path::new("/cache")).contains("ORT_DYLIB_PATH"));
    }
}

#[test]
fn pinned_hashes_have_the_length_of_a_sha256() {
    let packages = [Some(MODELS), CPU_RUNTIME, RuntimeKind::Gpu.package()];
    for package in packages.into_iter().flatten() {
        let hashes = package.files.iter().map(|file| file.sha256);
        for hash in hashes.chain([package.sha256]) {
            assert_eq!(hash.len(), 64, "{package:?}");
            assert!(
                hash.chars()
                    .all(|c| c.is_ascii_hexdigit() && !c.is_uppercase())
            );
        }
    }
}

#[test]
fn the_cause_that_pip_names_is_told() {
    let stderr = b"WARNING: Retrying (Retry(total=4)) after connection broken by \
        'ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 403'))': /simple/\n\
        WARNING: something else\n\
        ERROR: No matching distribution found for onnxruntime==1.0\n";
    let said = pip_errors(stderr);
    assert!(said.contains("No matching distribution"), "{said}");
    assert!(said.contains("Tunnel connection failed: 403"), "{said}");
    assert!(!said.contains("something else"), "{said}");
    for cause in [
        "SSLError(SSLCertVerificationError(1, 'certificate verify failed'))",
        "ReadTimeoutError('Read timed out. (read timeout=15)')",
        "NewConnectionError('Name or service not known')",
        "RemoteDisconnected('Remote end closed connection without response')",
    ] {
        let line =
            format!("WARNING: Retrying (Retry(total=0)) after connection broken by '{cause}': /");
        assert!(pip_errors(line.as_bytes()).contains(cause), "{cause}");
    }
    assert_eq!(pip_errors(b""), "pip failed");
}
