//! MP3 with damage that is made good: what is heard, and that it is told.

use super::*;

fn original() -> Vec<u8> {
    std::fs::read(from_root("tests/golden/audio/no_tag.mp3")).unwrap()
}

/// Whether damage was made good, and how many samples are heard.
fn heard(bytes: &[u8]) -> (bool, usize) {
    let (_folder, path) = file_of(bytes);
    let (info, samples) = read_whole(&path).unwrap();
    (info.mended, samples.len())
}

#[test]
fn bytes_between_frames_are_passed_over_and_told() {
    let file = original();
    let (mended, whole) = heard(&file);
    assert!(!mended, "nothing is wrong with it");
    for junk in [&[0_u8; 100][..], b"no frame at all", &[0xFF; 33]] {
        let joined = [&file, junk, &file].concat();
        assert_eq!(heard(&joined), (true, 2 * whole), "{} bytes", junk.len());
    }
    // Nothing between two frames: what is before the first, behind the last, or
    // a tag.
    let tag = [&b"TAG"[..], &[0; 125]].concat();
    for harmless in [
        [&[0; 50][..], &file].concat(),
        [&file[..], &[0; 50]].concat(),
        [&file[..], &tag].concat(),
        [&file[..], &file].concat(),
    ] {
        assert!(!heard(&harmless).0);
    }
}

/// A frame that does not decode costs no more than itself, and is told.
#[test]
fn a_frame_that_does_not_decode_is_told() {
    /// Samples of a frame of MPEG 2.
    const FRAME: usize = 576;
    let mut file = [original(), original(), original()].concat();
    let (_, whole) = heard(&file);
    // Layer III of MPEG 1 or 2. The header stays, so that its length is known.
    let is_header = |two: &[u8]| two[0] == 0xFF && matches!(two[1] & 0xFE, 0xFA | 0xF2);
    let starts = file
        .windows(2)
        .enumerate()
        .filter(|(_, two)| is_header(two));
    let starts: Vec<usize> = starts.map(|(start, _)| start).collect();
    let frame = starts[starts.len() / 2];
    file[frame + 4..frame + 40].fill(0xFF);
    let (mended, left) = heard(&file);
    assert!(mended);
    assert!(left <= whole && left + FRAME >= whole, "{left} of {whole}");
}
