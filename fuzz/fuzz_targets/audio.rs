//! Any bytes as an audio file: samples that are finite, or an error; pieces are
//! what the whole has there; nothing costs more than the limit allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wakemill::audio;
use wakemill::audio::{Fault, Limits};

fuzz_target!(init: wakemill_fuzz::let_decoders_panic(), |bytes: &[u8]| {
    let file = wakemill_fuzz::file(bytes);
    let limits = Limits { max_seconds: 2.0 };
    let (mut whole, mut piece) = (Vec::new(), Vec::new());
    drop(audio::probe(file.path()));
    match audio::read(file.path(), limits, &mut whole) {
        Ok(info) => {
            assert!(!whole.is_empty() && info.sample_rate > 0 && info.channels > 0);
            assert!(whole.iter().all(|sample| sample.is_finite()));
            assert!(whole.len() as f64 <= 2.0 * f64::from(info.sample_rate));
            let (start, end) = (whole.len() / 3, whole.len() - whole.len() / 4);
            audio::read_range(file.path(), start as u64, end - start, &mut piece).unwrap();
            assert_eq!(piece, whole[start..end]);
        }
        Err(error) => {
            assert!(whole.is_empty());
            assert!(!matches!(error.fault, Fault::Io(_)), "{error}");
        }
    }
});
