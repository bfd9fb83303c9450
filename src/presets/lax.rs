//! Numbers as livekit-wakeword reads them: PyYAML finds the type of a plain
//! word by the rules of YAML 1.1, and pydantic takes for a number what can be
//! meant as one: `"3"`, `2.0` for a whole number, `true` for 1.

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer};
use toml::Value;

/// A value where a whole number belongs. What is none stays as it is, for
/// whoever says so.
pub(super) fn whole(value: Value) -> Value {
    match value {
        Value::Boolean(flag) => i64::from(flag).into(),
        Value::Float(x) => exact(x).map_or(Value::Float(x), Value::Integer),
        Value::String(text) => {
            let number = integer(&text).or_else(|| exact(float(&text)?));
            number.map_or(Value::String(text), Value::Integer)
        }
        other => other,
    }
}

/// A value where a number belongs; the rest stays as it is.
pub(super) fn number(value: Value) -> Value {
    match value {
        Value::Boolean(flag) => i64::from(flag).into(),
        Value::String(text) => match (integer(&text), float(&text)) {
            (Some(n), _) => Value::Integer(n),
            (None, Some(x)) => Value::Float(x),
            (None, None) => Value::String(text),
        },
        other => other,
    }
}

/// For a field with a whole number.
pub(super) fn whole_value<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
    Value::deserialize(from).map(whole)
}

/// For a field with a number.
pub(super) fn number_value<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
    Value::deserialize(from).map(number)
}

/// For a field with a whole number or nothing.
pub(super) fn optional_value<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Value>, D::Error> {
    Ok(Option::<Value>::deserialize(from)?.map(whole))
}

/// For a field with a whole number of some type, or nothing.
pub(super) fn optional<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    optional_value(from)?.map(typed).transpose()
}

/// For a field with a floating point number.
pub(super) fn float_field<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    match number_value(from)? {
        Value::Integer(n) => Ok(n as f64),
        value => typed(value),
    }
}

fn typed<T: DeserializeOwned, E: de::Error>(value: Value) -> Result<T, E> {
    let typed = T::deserialize(value);
    typed.map_err(|error: toml::de::Error| E::custom(error.message()))
}

/// A float that is a whole number.
fn exact(x: f64) -> Option<i64> {
    const MOST: f64 = 9_007_199_254_740_992.0;
    (x.fract() == 0.0 && x.abs() <= MOST).then_some(x as i64)
}

/// The digits of a number without underscores between them, and whether it is
/// negative.
fn digits(text: &str) -> Option<(bool, String)> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    // A second sign would be one of the parser's.
    let plain = !text.starts_with(['+', '-', '_']) && !text.ends_with('_');
    plain.then(|| (negative, text.replace('_', "")))
}

fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = digits(text)?;
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ => (10, &*digits),
    };
    let number = i64::from_str_radix(digits, radix).ok()?;
    Some(if negative { -number } else { number })
}

fn float(text: &str) -> Option<f64> {
    let (negative, digits) = digits(text)?;
    let first = digits.strip_prefix('.').unwrap_or(&digits).chars().next()?;
    // Neither `inf` nor `nan`, which nothing here can be.
    let number: f64 = first.is_ascii_digit().then(|| digits.parse().ok())??;
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_livekit_reads_them() {
        for (text, expected) in [
            ("3", 3),
            (" +3 ", 3),
            ("-2", -2),
            ("1_000", 1000),
            ("0x10", 16),
            ("0b11", 3),
            ("2.0", 2),
            ("2e1", 20),
        ] {
            assert_eq!(whole(text.into()), Value::Integer(expected), "{text}");
        }
        assert_eq!(whole(2.0.into()), Value::Integer(2));
        assert_eq!(whole(true.into()), Value::Integer(1));
        for text in ["", "x", "2.5", "1 2", "--1", "_1", "1_", "nan", "inf", "é"] {
            assert_eq!(whole(text.into()), Value::String(text.into()), "{text}");
        }
        assert_eq!(whole(2.5.into()), Value::Float(2.5));
        assert_eq!(number("2.5".into()), Value::Float(2.5));
        assert_eq!(number(".5".into()), Value::Float(0.5));
        assert_eq!(number("2".into()), Value::Integer(2));
        assert_eq!(number("long".into()), Value::String("long".into()));
    }
}
