//! Trying again where that may help.

use std::thread;
use std::time::Duration;

use super::AudioError;

/// Waits between the attempts.
const WAITS: [Duration; 3] = [
    Duration::from_millis(10),
    Duration::from_millis(100),
    Duration::from_millis(1000),
];

/// Reads, again a few times if the failure may pass, such as an interrupted
/// read or a network file system that is away for a moment. What is a property
/// of the file is told at once.
pub fn retry<T>(mut read: impl FnMut() -> Result<T, AudioError>) -> Result<T, AudioError> {
    for wait in WAITS {
        match read() {
            Err(error) if error.is_transient() => thread::sleep(wait),
            result => return result,
        }
    }
    read()
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;
    use crate::audio::Fault;

    /// Fails `failures` times, and gives how often it was asked.
    fn attempts(failures: u32, fault: impl Fn() -> Fault) -> (bool, u32) {
        let mut asked = 0;
        let result = retry(|| {
            asked += 1;
            if asked <= failures {
                return Err(AudioError {
                    path: "clip.wav".into(),
                    fault: fault(),
                });
            }
            Ok(())
        });
        (result.is_ok(), asked)
    }

    #[test]
    fn what_may_pass_is_tried_four_times_and_what_cannot_once() {
        let interrupted = || Fault::Io(Error::from(ErrorKind::Interrupted));
        assert_eq!(attempts(0, interrupted), (true, 1));
        assert_eq!(attempts(2, interrupted), (true, 3));
        assert_eq!(attempts(9, interrupted), (false, 4));
        for deterministic in [
            || Fault::Empty,
            || Fault::Io(Error::from(ErrorKind::NotFound)),
            || Fault::Io(Error::from(ErrorKind::PermissionDenied)),
        ] {
            assert_eq!(attempts(1, deterministic), (false, 1));
        }
    }
}
