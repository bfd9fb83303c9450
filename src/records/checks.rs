//! What an audit looks for: every check, declared once.

use serde::{Deserialize, Serialize};

use Rules::{All, Told};
use Scope::{Clip, Row, Set, Sound};

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A clip as it was decoded.
    Clip,
    /// A row of it.
    Row,
    /// A background or impulse response.
    Sound,
    /// The data set, or a clip among all others.
    Set,
}

impl Scope {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Clip, Self::Row, Self::Sound, Self::Set];
}

/// What may be done about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Anything.
    All,
    /// It may be told, and may end the build: it is known at the end alone, or of
    /// no single clip.
    Told,
}

/// What is done about a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Nobody looks.
    #[default]
    Off,
    /// It is told.
    Warn,
    /// The build ends.
    Fail,
    /// The clip is left out.
    LeaveOut,
}

impl Policy {
    /// Every one, by its name.
    pub const NAMES: &'static [&'static str] = &["off", "warn", "fail", "leave-out"];
    /// Those for what is known at the end.
    pub const NAMES_AT_END: &'static [&'static str] = &["off", "warn", "fail"];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The same about what is there already: nothing of it is left out any more.
    pub fn at_end(self) -> Self {
        match self {
            Self::LeaveOut => Self::Warn,
            other => other,
        }
    }

    /// That of a name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Off, Self::Warn, Self::Fail, Self::LeaveOut];
        let index = Self::NAMES.iter().position(|known| *known == name)?;
        all.get(index).copied()
    }
}

/// A number that a check compares with.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    /// Its key, below `audit`; empty where nothing is to be set.
    pub key: &'static str,
    /// Its default, as TOML.
    pub default: &'static str,
    /// The least and the greatest value.
    pub range: (f64, f64),
    /// What it means.
    pub meaning: &'static str,
}

impl Threshold {
    /// Its default, as a number.
    pub fn number(&self) -> f64 {
        self.default.parse().unwrap_or(self.range.0)
    }
}

macro_rules! checks {
    ($($Check:ident = $scope:expr, $rules:expr, $name:literal, $words:literal, $unit:literal,
        $key:literal = $default:literal in $least:literal to $most:literal, $meaning:literal;)*) => {
        /// One thing to look for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check {
            $(#[doc = $words] $Check,)*
        }

        impl Check {
            /// Every one, in the order in which they are told.
            pub const ALL: &'static [Self] = &[$(Self::$Check,)*];

            /// Its name, and its key below `audit`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$Check => $name,)* }
            }

            /// What it says of what it finds.
            pub fn words(self) -> &'static str {
                match self { $(Self::$Check => $words,)* }
            }

            /// The unit of its measure.
            pub fn unit(self) -> &'static str {
                match self { $(Self::$Check => $unit,)* }
            }

            /// What it is about.
            pub fn scope(self) -> Scope {
                match self { $(Self::$Check => $scope,)* }
            }

            /// What may be done about it.
            pub fn rules(self) -> Rules {
                match self { $(Self::$Check => $rules,)* }
            }

            /// The number that it compares with.
            pub fn threshold(self) -> Threshold {
                match self { $(Self::$Check => Threshold {
                    key: $key,
                    default: $default,
                    range: ($least, $most),
                    meaning: $meaning,
                },)* }
            }
        }
    };
}

checks! {
    Silent = Clip, All, "silent", "silent throughout", "dBFS",
        "silent_peak_db" = "-60" in -200.0 to 0.0, "Peak below which a clip is silent, in dBFS.";
    Elsewhere = Clip, All, "other_channel", "much louder in a channel that is not taken (audio.channel)", "dB",
        "other_channel_db" = "20" in 0.0 to 200.0, "How much louder another channel's peak is, in dB.";
    Quiet = Clip, All, "quiet", "nearly silent", "dBFS",
        "quiet_db" = "-50" in -200.0 to 0.0, "Active speech level (ITU-T P.56) below which a clip is nearly silent, in dBFS.";
    Clipped = Clip, All, "clipped", "clipped: its peaks are cut off flat", "share",
        "clipped_share" = "0.001" in 0.0 to 1.0, "Share of samples in flat runs of three or more at the clip's own peak; of a recording, of those at full scale.";
    Offset = Clip, All, "offset", "off the zero line", "full scale",
        "offset_level" = "0.005" in 0.0 to 1.0, "How far off zero all parts of a clip are, of full scale 1.";
    BandLimited = Clip, All, "band_limited", "without the upper part of the spectrum, as a phone recording", "Hz",
        "band_limited_hz" = "4250" in 0.0 to 1000000.0, "Frequency above which a clip of speech has nothing, in Hz.";
    CutStart = Clip, All, "cut_start", "cut off at its start: it begins within sound", "dB",
        "cut_start_db" = "-2" in -200.0 to 100.0, "Level of a positive clip's first 10 ms, in dB of its active speech level.";
    CutEnd = Clip, All, "cut_end", "cut off at its end: it stops within sound", "dB",
        "cut_end_db" = "-12" in -200.0 to 100.0, "Level of a positive clip's last 10 ms, in dB of its active speech level.";
    Gap = Clip, All, "gap", "broken off: sound that digital silence ends or begins at once", "ms",
        "gap_ms" = "40" in 1.0 to 60000.0, "Length of digital silence that sound breaks off into or begins behind, in milliseconds.";
    Damaged = Clip, All, "damaged", "damaged in parts of its file", "parts",
        "" = "1" in 1.0 to 1.0, "";
    EnergyLost = Row, All, "energy_lost", "mostly outside its row", "share",
        "energy_lost_share" = "0.6" in 0.0 to 1.0, "Share of the clip's energy that does not reach the row.";
    EndLost = Row, All, "end_lost", "with the end of its word outside the row", "ms",
        "end_lost_ms" = "50" in 0.0 to 60000.0, "Speech behind the row's end, of a positive clip, in milliseconds.";
    Snr = Row, All, "snr", "at another signal-to-noise ratio than was asked for", "dB",
        "snr_off_db" = "15" in 0.0 to 300.0, "How far the ratio on active speech (ITU-T P.56) is from that drawn, in dB.";
    RowClipped = Row, All, "row_clipped", "clipped by the effects", "share",
        "row_clipped_share" = "0.25" in 0.0 to 1.0, "Share of the row's samples at the limits of 16 bits.";
    RowSilent = Row, All, "row_silent", "digital silence for the most part", "share",
        "row_silent_share" = "0.95" in 0.0 to 1.0, "Share of the row's milliseconds that hold nothing but zeros.";
    HoldsWord = Row, All, "holds_word", "scored as the wake word, though its split is negative", "score",
        "score" = "0.5" in 0.0 to 1.0, "Score of audit.classifier above which a negative row holds the wake word.";
    SilentSound = Sound, Told, "sound_silent", "a sound that is silent", "dBFS",
        "sound_silent_db" = "-60" in -200.0 to 0.0, "Peak below which a background or impulse response is silent, in dBFS.";
    ConstantSound = Sound, Told, "background_constant", "a background that does not change", "full scale",
        "background_constant_range" = "0.0001" in 0.0 to 2.0, "Range of a background's samples, of full scale 1.";
    LateResponse = Sound, Told, "rir_late", "an impulse response that begins late", "ms",
        "rir_late_ms" = "100" in 0.0 to 60000.0, "Time before its direct sound, in milliseconds.";
    LongResponse = Sound, Told, "rir_long", "an impulse response longer than the window", "windows",
        "rir_long_windows" = "1" in 0.0 to 1000.0, "Time until it has fallen by 30 dB, in windows.";
    NoResponse = Sound, Told, "rir_shape", "no impulse response, by how it decays", "dB",
        "rir_shape_db" = "-10" in -100.0 to 0.0, "Fall of the energy left at half of its decay: about -15 of a room, -3 of a sound that goes on.";
    Length = Set, Told, "length", "of another length than its split's clips", "deviations",
        "length_deviations" = "6" in 1.0 to 1000.0, "Distance from the median length, in median deviations of its logarithm, and over a factor of 2.";
    Duplicate = Set, Told, "duplicate", "the same audio as another clip", "bits",
        "" = "0" in 0.0 to 0.0, "";
    NearDuplicate = Set, Told, "near_duplicate", "nearly the same audio as another clip", "bits",
        "near_duplicate_bits" = "12" in 0.0 to 32.0, "Bits of 256 that the prints of two clips differ in.";
    Leak = Set, Told, "leak", "in training and in test: the same audio, or nearly", "bits",
        "leak_bits" = "12" in 0.0 to 32.0, "Bits of 256 that the prints of two clips differ in.";
    SharedSound = Set, Told, "shared_sound", "sounds that both training and test rows use", "share",
        "shared_sound_share" = "0" in 0.0 to 1.0, "Share of the test rows' sounds that training rows use too.";
    UnevenUse = Set, Told, "uneven_use", "sounds used far more often than others", "times",
        "uneven_use_times" = "3" in 1.0 to 1000000.0, "Spread of the uses, in times of what independent draws make.";
    Neighbour = Set, Told, "neighbour", "among rows of the other label", "share",
        "neighbour_share" = "0.8" in 0.0 to 1.0, "Share of a row's twenty nearest neighbours that have the other label, of rows as near to that label's as these are to each other.";
    Overlap = Set, Told, "overlap", "positive and negative rows that lie among each other", "share",
        "overlap_share" = "0.12" in 0.0 to 1.0, "Share of rows whose nearest neighbour has the other label.";
    Drift = Set, Told, "drift", "test rows that lie elsewhere than training rows", "share",
        "drift_share" = "0.8" in 0.0 to 1.0, "How often a row's nearest neighbour is of its own part, where chance alone makes half: 1 is two sets apart.";
}

impl Check {
    /// Whether it looks for little: what is below the threshold is a finding.
    pub fn is_below(self) -> bool {
        matches!(
            self,
            Self::Silent
                | Self::Quiet
                | Self::BandLimited
                | Self::SilentSound
                | Self::ConstantSound
                | Self::Duplicate
                | Self::NearDuplicate
                | Self::Leak
        )
    }

    /// That of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|check| check.name() == name)
    }
}

/// What is done about the findings of each check, and what it compares with.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRules(Vec<(Policy, f64)>);

impl AuditRules {
    /// Those that give each check its policy and threshold.
    pub fn new(mut of: impl FnMut(Check) -> (Policy, f64)) -> Self {
        Self(Check::ALL.iter().map(|check| of(*check)).collect())
    }

    /// What is done about a check's findings.
    pub fn policy(&self, check: Check) -> Policy {
        self.0[check as usize].0
    }

    /// What a check compares with.
    pub fn threshold(&self, check: Check) -> f64 {
        self.0[check as usize].1
    }

    /// Whether a check of one of these scopes is on.
    pub fn looks_at(&self, scopes: &[Scope]) -> bool {
        let mut checks = Check::ALL.iter();
        checks.any(|check| scopes.contains(&check.scope()) && self.policy(*check) > Policy::Off)
    }

    /// Has every check tell what it finds, where none is on.
    pub fn turn_on(&mut self) {
        let is_off = self.0.iter().all(|(policy, _)| *policy == Policy::Off);
        for (policy, _) in self.0.iter_mut().filter(|_| is_off) {
            *policy = Policy::Warn;
        }
    }

    /// Makes every warning a failure.
    pub fn make_strict(&mut self) {
        for (policy, _) in &mut self.0 {
            if *policy == Policy::Warn {
                *policy = Policy::Fail;
            }
        }
    }

    /// The finding that a measure is, if it is beyond the threshold: below it where
    /// the check asks for little, else above.
    pub fn judge(&self, check: Check, measure: f64) -> Option<Noted> {
        let threshold = self.threshold(check);
        let beyond = match check {
            Check::Duplicate | Check::NearDuplicate | Check::Leak | Check::Damaged => {
                measure == threshold || (measure < threshold) == check.is_below()
            }
            _ if check.is_below() => measure < threshold,
            _ => measure > threshold,
        };
        let policy = self.policy(check);
        (beyond && policy > Policy::Off).then_some(Noted {
            check,
            round: None,
            measure,
            threshold,
            policy,
        })
    }
}

impl Default for AuditRules {
    /// All that is in the table.
    fn default() -> Self {
        Self::new(|check| (Policy::Warn, check.threshold().number()))
    }
}

/// One finding of a clip or row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noted {
    /// The check.
    pub check: Check,
    /// The round, of a row.
    pub round: Option<u32>,
    /// What was measured.
    pub measure: f64,
    /// What it was compared with.
    pub threshold: f64,
    /// What is done about it.
    pub policy: Policy,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_threshold_has_a_default_in_its_range() {
        for check in Check::ALL {
            let threshold = check.threshold();
            let default: f64 = threshold.default.parse().unwrap();
            let (least, most) = threshold.range;
            assert!((least..=most).contains(&default), "{check:?}");
            assert_eq!(Check::named(check.name()), Some(*check));
        }
    }
}
