//! Any bytes as an array: as many values as its shape says, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wakemill::dataset::npy::NpyReader;

fuzz_target!(|bytes: &[u8]| {
    let file = wakemill_fuzz::file(bytes);
    if let Ok(array) = NpyReader::open(file.path()) {
        let (rows, mut scratch) = (array.rows(), Vec::new());
        let values = array.values(0..rows, &mut scratch).unwrap();
        assert_eq!(values.len(), rows * array.row_len());
        assert!(values.len() * 2 <= bytes.len());
        assert!(array.values(rows..rows + 1, &mut Vec::new()).is_none());
    }
});
