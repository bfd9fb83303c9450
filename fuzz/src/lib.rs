//! What the fuzz targets share.
//!
//! Run one from the repository's root, without a nightly compiler:
//!
//! ```sh
//! RUSTC_BOOTSTRAP=1 cargo fuzz run -s none audio -- -max_total_time=720
//! ```
//!
//! The corpus of each target is in `corpus/<target>/`; more seeds for `audio`
//! and `npy` are the files in `tests/golden` and `pipelines/quickstart`.

use std::fs;
use std::io::Write;
use std::panic;

use tempfile::{Builder, NamedTempFile};

/// Goes on after a panic of symphonia, of which `formats` makes an error: its
/// arithmetic overflows on damaged files, and is checked here. Any other panic
/// ends the run.
pub fn let_decoders_panic() {
    let end = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let file = info.location().map_or("", |location| location.file());
        if !file.contains("/symphonia-") {
            end(info);
        }
    }));
}

/// A file with this content.
pub fn file(content: &[u8]) -> NamedTempFile {
    file_named("", content)
}

/// A file with this content, and a name that ends so.
pub fn file_named(end: &str, content: &[u8]) -> NamedTempFile {
    // Memory where there is any: the target is the reader, not the disk.
    let memory = "/dev/shm";
    let mut builder = Builder::new();
    builder.suffix(end);
    let file = match fs::exists(memory) {
        Ok(true) => builder.tempfile_in(memory),
        _ => builder.tempfile(),
    };
    let mut file = file.expect("a temporary file");
    file.write_all(content).expect("room for it");
    file
}
