//! A part of a recording.

use std::sync::Arc;

use crate::records::named;

/// A part of a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Where it begins, in seconds.
    pub start: f64,
    /// Where it ends, in seconds.
    pub end: f64,
}

impl Eq for Segment {}

impl Segment {
    /// What a part of a recording is called.
    pub fn label(&self, recording: &str) -> Arc<str> {
        named(recording, Some(self.start), Some(self.end)).into()
    }

    /// A line's name, and the part of it that the line goes on with.
    ///
    /// # Errors
    /// What is wrong with the times.
    pub(super) fn split(line: &str) -> Result<(&str, Option<Self>), String> {
        let mut fields = line.split('\t');
        let name = fields.next().unwrap_or_default();
        let times: Vec<&str> = fields.collect();
        let [start, end] = match *times {
            [] => return Ok((name, None)),
            [start, end] => [start, end],
            _ => return Err(format!("{} columns, not 1 or 3", times.len() + 1)),
        };
        let time = |text: &str| {
            let time: Option<f64> = text.trim().parse().ok();
            let time = time.filter(|time| time.is_finite() && *time >= 0.0);
            time.ok_or_else(|| format!("'{text}' is no time"))
        };
        let (start, end) = (time(start)?, time(end)?);
        if end <= start {
            return Err(format!("it ends at {end}, and begins at {start}"));
        }
        Ok((name, Some(Self { start, end })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_or_a_name_and_two_times() {
        let part = Some(Segment {
            start: 1.5,
            end: 20.0,
        });
        assert_eq!(Segment::split("a b.mp3"), Ok(("a b.mp3", None)));
        assert_eq!(Segment::split("a.mp3\t1.5\t20"), Ok(("a.mp3", part)));
        for wrong in [
            "a\t1",
            "a\t2\t1",
            "a\tx\t2",
            "a\t-1\t2",
            "a\t0\tinf",
            "a\t1\t2\t3",
        ] {
            assert!(Segment::split(wrong).is_err(), "{wrong:?}");
        }
    }
}
