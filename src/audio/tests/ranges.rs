//! Audio that is a range of a file, as a member of a tar.

use super::from_root;
use super::golden::goldens;
use crate::audio::{Ear, FileRange, Next, Reader, Recording};
use crate::audio::{probe, read, read_range};

/// A file's samples, read in every way that there is.
fn all_ways(file: &FileRange) -> Result<[Vec<f32>; 4], Box<dyn std::error::Error>> {
    let (mut whole, mut part) = (Vec::new(), Vec::new());
    read(file, super::NO_LIMIT, &mut whole)?;
    let middle = whole.len() / 2;
    read_range(file, middle as u64, whole.len() - middle, &mut part)?;
    let (mut blocks, mut block) = (Vec::new(), Vec::new());
    let mut reader = Reader::open(file, super::NO_LIMIT, Ear::default())?;
    while reader.next(&mut block)? {
        blocks.extend_from_slice(&block);
    }
    let (mut recording, mut heard) = (Recording::open(file, Ear::default())?, Vec::new());
    if recording.seek(middle as u64) {
        heard.push(-7.0);
    }
    loop {
        match recording.next(&mut heard) {
            Next::Samples => {}
            Next::Break(_) => heard.push(-8.0),
            Next::End(fault) => {
                heard.extend(fault.map(|_| -9.0));
                return Ok([whole, part, blocks, heard]);
            }
        }
    }
}

#[test]
fn every_file_is_read_in_a_range_as_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all");
    let others = std::fs::read_dir(from_root("tests/golden/recordings")).unwrap();
    let others = others.map(|other| other.unwrap().path());
    let names = goldens().into_keys().map(|name| from_root(&name));
    for file in names.chain(others) {
        let bytes = std::fs::read(&file).unwrap();
        // What lies around it looks like audio.
        let all = [&bytes[..], &bytes, &bytes].concat();
        std::fs::write(&path, all).unwrap();
        let length = bytes.len() as u64;
        let range = FileRange {
            start: length,
            end: 2 * length,
            ..FileRange::from(&path)
        };
        let name = file.display();
        assert_eq!(probe(&range).unwrap(), probe(&file).unwrap(), "{name}");
        let alone = all_ways(&FileRange::from(&file)).unwrap();
        let within = all_ways(&range).unwrap();
        assert!(alone == within, "{name}");
    }
}
