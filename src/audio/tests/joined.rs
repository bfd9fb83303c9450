//! Clips that another file follows in the same one.

use std::path::Path;

use super::{file_of, from_root, read_whole};
use crate::audio::Fault;

fn fault(path: &Path) -> Fault {
    read_whole(path).unwrap_err().fault
}

#[test]
fn containers_that_another_follows_are_refused() {
    for name in ["padded.webm", "trimmed.m4a", "opus.mp4", "s24be.mov"] {
        let bytes = std::fs::read(from_root(&format!("tests/golden/audio/{name}"))).unwrap();
        let (_folder, path) = file_of(&bytes.repeat(2));
        assert!(
            matches!(fault(&path), Fault::Beyond { .. }),
            "{name}: {:?}",
            fault(&path)
        );
    }
}

#[test]
fn files_that_one_of_another_format_follows_are_refused() {
    let golden = |name: &str| std::fs::read(from_root(&format!("tests/golden/audio/{name}")));
    let firsts = [
        "padded.webm",
        "trimmed.m4a",
        "s16.wav",
        "s16.aiff",
        "ima_adpcm.wav",
    ];
    for first in firsts {
        for second in ["s16.flac", "no_tag.mp3", "s24be.mov", "opus.ogg"] {
            let bytes = [golden(first).unwrap(), golden(second).unwrap()].concat();
            let (_folder, path) = file_of(&bytes);
            assert!(
                matches!(fault(&path), Fault::Beyond { .. }),
                "{first} and {second}: {:?}",
                fault(&path)
            );
        }
    }
}
