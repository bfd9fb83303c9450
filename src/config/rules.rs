//! What the value of a key may be.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use figment::value::{Num, Value};

use super::plan::Channel;
use crate::dsp::chain::EffectKind;

/// The execution providers that can run a network, by their short names. ONNX
/// Runtime knows more, which this program was not built with.
pub const PROVIDERS: &[&str] = &["cpu", "cuda", "tensorrt", "openvino", "coreml"];

/// What the value of a key may be. Bounds are inclusive.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// A whole number.
    Whole(u64, u64),
    /// A finite number.
    Number(f64, f64),
    /// Two finite numbers in order.
    Interval(f64, f64),
    /// A whole number, or `"auto"`.
    Auto(u64, u64),
    /// A finite number, or `"auto"`.
    AutoNumber(f64, f64),
    /// Any number of whole numbers.
    Counts(u64, u64),
    /// A channel: a word, or a number from 1.
    Channel,
    /// A size in bytes, as a number or with a unit; at least so many.
    Bytes(u64),
    /// `true` or `false`.
    Flag,
    /// One of some words.
    OneOf(&'static [&'static str]),
    /// A name that is safe in file names and paths.
    Name,
    /// A file name without a folder, with this extension.
    FileName(&'static str),
    /// Effects, each at most once, in order.
    Chain,
    /// A path.
    Path,
    /// Any number of paths; a single one may stand alone.
    Paths,
    /// Execution providers, at least one; a single one may stand alone.
    Providers,
    /// A socket address; a bare port means this machine only.
    Address,
}

impl Rule {
    /// Whether a value is allowed.
    pub fn allows(&self, value: &Value) -> bool {
        match *self {
            Self::Whole(min, max) => whole(value).is_some_and(|n| (min..=max).contains(&n)),
            Self::Number(min, max) => number(value).is_some_and(|x| (min..=max).contains(&x)),
            Self::Interval(min, max) => {
                interval(value).is_some_and(|[low, high]| min <= low && low <= high && high <= max)
            }
            Self::Auto(min, max) => {
                value.as_str() == Some("auto") || Self::Whole(min, max).allows(value)
            }
            Self::AutoNumber(min, max) => {
                value.as_str() == Some("auto") || Self::Number(min, max).allows(value)
            }
            Self::Counts(min, max) => {
                counts(value).is_some_and(|counts| counts.iter().all(|n| (min..=max).contains(n)))
            }
            Self::Channel => channel(value).is_some(),
            Self::Bytes(min) => bytes(value).is_some_and(|n| n >= min),
            Self::Flag => matches!(value, Value::Bool(..)),
            Self::OneOf(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Self::Name => value.as_str().is_some_and(is_name),
            Self::FileName(extension) => value
                .as_str()
                .and_then(|name| name.strip_suffix(extension)?.strip_suffix('.'))
                .is_some_and(is_name),
            Self::Chain => strings(value).is_some_and(|names| {
                let known = |name: &&str| EffectKind::named(name).is_some();
                let once = |(n, name): (usize, &&str)| !names[..n].contains(name);
                names.iter().all(known) && names.iter().enumerate().all(once)
            }),
            Self::Path => value.as_str().is_some_and(is_path),
            Self::Paths => strings(value).is_some_and(|paths| paths.iter().all(|p| is_path(p))),
            Self::Providers => strings(value).is_some_and(|names| {
                !names.is_empty() && names.iter().all(|name| provider(name).is_some())
            }),
            Self::Address => address(value).is_some(),
        }
    }

    /// Whether it allows texts alone.
    pub fn is_text(&self) -> bool {
        matches!(
            self,
            Self::OneOf(_) | Self::Name | Self::FileName(_) | Self::Path
        )
    }

    /// Whether it allows texts and lists of them alone.
    pub fn is_texts(&self) -> bool {
        matches!(self, Self::Chain | Self::Paths | Self::Providers)
    }

    /// What else to say of a value that is not allowed.
    pub fn advice(&self, value: &Value) -> Option<String> {
        let (Self::Whole(..) | Self::Auto(..) | Self::Bytes(_)) = self else {
            return None;
        };
        match *value {
            Value::Num(_, Num::F64(x)) if x.fract() == 0.0 && x.abs() < 1e15 => {
                Some(format!("; written without a point: {x}"))
            }
            _ => None,
        }
    }

    /// The allowed words, for a spelling suggestion.
    pub fn words(&self) -> &'static [&'static str] {
        match *self {
            Self::OneOf(words) => words,
            Self::Providers => PROVIDERS,
            Self::Chain => EffectKind::NAMES,
            Self::Auto(..) | Self::AutoNumber(..) => &["auto"],
            Self::Channel => &["first", "mean"],
            _ => &[],
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Whole(min, max) => write!(f, "a whole number from {min} to {max}"),
            Self::Number(min, max) => write!(f, "a number from {min} to {max}"),
            Self::Interval(min, max) => {
                write!(f, "two numbers from {min} to {max}, the smaller first")
            }
            Self::Auto(min, max) => write!(f, "a whole number from {min} to {max}, or \"auto\""),
            Self::AutoNumber(min, max) => write!(f, "a number from {min} to {max}, or \"auto\""),
            Self::Counts(min, max) => write!(f, "a list of whole numbers from {min} to {max}"),
            Self::Channel => f.write_str("\"first\", \"mean\" or a whole number from 1 to 255"),
            Self::Bytes(0) => f.write_str("a size such as \"256MiB\""),
            Self::Bytes(min) => write!(f, "a size such as \"256MiB\", at least {min} bytes"),
            Self::Flag => f.write_str("true or false"),
            Self::OneOf(words) => {
                let quoted: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
                f.write_str(&quoted.join(" or "))
            }
            Self::Name => f.write_str(
                "a name of at most 100 letters, digits, '_', '-' and '.' that starts with none of '-' and '.'",
            ),
            Self::FileName(extension) => write!(
                f,
                "a file name without a folder, of letters, digits, '_', '-' and '.', that ends in .{extension}"
            ),
            Self::Chain => write!(
                f,
                "a list of effects, each at most once ({})",
                EffectKind::NAMES.join(", ")
            ),
            Self::Path => f.write_str("a path"),
            Self::Paths => f.write_str("a path or a list of paths"),
            Self::Providers => write!(f, "a list of execution providers ({})", PROVIDERS.join(", ")),
            Self::Address => f.write_str("an address such as \"127.0.0.1:9464\""),
        }
    }
}

/// A whole number that is not negative.
pub fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Num(_, number) => number.to_u128_lossy()?.try_into().ok(),
        _ => None,
    }
}

/// A finite number, whole or not.
pub fn number(value: &Value) -> Option<f64> {
    let Value::Num(_, number) = value else {
        return None;
    };
    let float = match *number {
        Num::F64(x) => x,
        other => other.to_i128()? as f64,
    };
    float.is_finite().then_some(float)
}

/// A channel: `"first"`, `"mean"`, or a number from 1.
pub fn channel(value: &Value) -> Option<Channel> {
    match value.as_str() {
        Some("first") => Some(Channel::First),
        Some("mean") => Some(Channel::Mean),
        Some(_) => None,
        None => {
            let number = whole(value).filter(|number| (1..=255).contains(number))?;
            Some(Channel::Number(number as usize))
        }
    }
}

/// A list of whole numbers that are not negative.
pub fn counts(value: &Value) -> Option<Vec<u64>> {
    value.as_array()?.iter().map(whole).collect()
}

/// Two finite numbers.
pub fn interval(value: &Value) -> Option<[f64; 2]> {
    match value.as_array()? {
        [low, high] => Some([number(low)?, number(high)?]),
        _ => None,
    }
}

/// A size in bytes: a whole number, or one with a unit (`kB`, `MB`, `GB`,
/// `KiB`, `MiB`, `GiB`).
pub fn bytes(value: &Value) -> Option<u64> {
    let Some(text) = value.as_str() else {
        return whole(value);
    };
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit: u64 = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// A list of strings; a single one may stand alone.
pub fn strings(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(_, one) => Some(vec![one]),
        Value::Array(_, many) => many.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// The short name of an execution provider, from that or from ONNX Runtime's
/// spelling (`CUDAExecutionProvider`).
pub fn provider(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let short = lower.strip_suffix("executionprovider").unwrap_or(&lower);
    PROVIDERS.iter().copied().find(|known| *known == short)
}

/// A socket address: `host:port` with a numeric host or `localhost`, or a port.
pub fn address(value: &Value) -> Option<SocketAddr> {
    let local = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let Some(text) = value.as_str() else {
        return whole(value)?.try_into().ok().map(local);
    };
    let port = text
        .strip_prefix("localhost:")
        .or(text.strip_prefix(':'))
        .unwrap_or(text);
    text.parse().ok().or_else(|| port.parse().ok().map(local))
}

fn is_path(text: &str) -> bool {
    !text.is_empty() && !text.contains('\0')
}

fn is_name(text: &str) -> bool {
    let safe = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (1..=100).contains(&text.chars().count())
        && !text.starts_with(['-', '.'])
        && text.chars().all(safe)
}
