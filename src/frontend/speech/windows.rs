//! Which frames of a spectrogram are embedded.

use super::sizes::BANDS;

/// The windows over a spectrogram's frames: one every `stride` frames from the
/// first on, as many as fit, of which the last ones may be all that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// Frames in one window; at least 1.
    pub window: usize,
    /// Frames between the starts of windows; at least 1.
    pub stride: usize,
    /// How many windows are wanted, from the end; `None` for all.
    pub last: Option<usize>,
}

impl Windows {
    /// Windows embedded of a spectrogram with that many frames.
    pub fn count(&self, frames: usize) -> usize {
        let all = self.all(frames);
        self.last.map_or(all, |last| all.min(last))
    }

    /// Frames that those windows cover.
    pub fn frames_used(&self, frames: usize) -> usize {
        match self.count(frames) {
            0 => 0,
            windows => self.window + (windows - 1) * self.stride,
        }
    }

    /// The part of a spectrogram, `(frames, 32)` in C order, that those windows
    /// cover.
    pub fn used<'a>(&self, mel: &'a [f32]) -> &'a [f32] {
        let frames = mel.len() / BANDS;
        let start = (self.all(frames) - self.count(frames)) * self.stride;
        &mel[start * BANDS..(start + self.frames_used(frames)) * BANDS]
    }

    fn all(&self, frames: usize) -> usize {
        match frames.checked_sub(self.window) {
            Some(rest) => rest / self.stride + 1,
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_seconds_give_sixteen_windows_of_196_frames() {
        let windows = Windows {
            window: 76,
            stride: 8,
            last: None,
        };
        assert_eq!(windows.count(197), 16);
        assert_eq!(windows.frames_used(197), 196);
        assert_eq!(windows.count(75), 0);
        assert_eq!(windows.used(&[0.0; 75 * BANDS]), &[0.0; 0]);
    }

    proptest! {
        #[test]
        fn the_frames_used_hold_the_last_windows_exactly(
            frames in 0_usize..300,
            window in 1_usize..100,
            stride in 1_usize..20,
            last in prop::option::of(1_usize..20),
        ) {
            let all = Windows { window, stride, last: None };
            let some = Windows { last, ..all };
            let mel: Vec<f32> = (0..frames).flat_map(|frame| [frame as f32; BANDS]).collect();
            let used = some.used(&mel);
            let count = some.count(frames);
            prop_assert_eq!(count, all.count(frames).min(last.unwrap_or(usize::MAX)));
            prop_assert_eq!(used.len(), some.frames_used(frames) * BANDS);
            prop_assert_eq!(all.count(used.len() / BANDS), count);
            if count > 0 {
                let newest = (all.count(frames) - 1) * stride + window;
                prop_assert_eq!(used[used.len() - 1], (newest - 1) as f32);
            }
        }
    }
}
