//! The header of an `.npy` file: written for rows of any shape, parsed for any
//! shape, of float32, float16 and int32.

/// Where data begins is a multiple of this.
const ALIGNMENT: usize = 64;

/// Decimal digits that NumPy keeps free for the first dimension, so that it can
/// grow in place.
const GROWTH_DIGITS: usize = 21;

/// Longest header accepted; NumPy itself stops at 10,000.
const MAX_LENGTH: usize = 1 << 16;

/// Most dimensions accepted, as NumPy 2.
const MAX_DIMENSIONS: usize = 64;

/// The element types that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DType {
    /// IEEE 754 half precision, `<f2`.
    Float16,
    /// IEEE 754 single precision, `<f4`.
    Float32,
    /// Signed integers of 32 bits, `<i4`.
    Int32,
}

impl DType {
    /// Size of an element in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::Float16 => 2,
            Self::Float32 | Self::Int32 => 4,
        }
    }

    /// Its name in a header.
    fn descr(self) -> &'static str {
        match self {
            Self::Float16 => "<f2",
            Self::Float32 => "<f4",
            Self::Int32 => "<i4",
        }
    }
}

/// Why a header is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Another kind of file.
    #[error("not an .npy file")]
    Magic,
    /// A version that does not exist yet.
    #[error("version {0} of the .npy format is not known")]
    Version(u8),
    /// The file ends within the header.
    #[error("the header is cut off")]
    Cut,
    /// No dictionary of `descr`, `fortran_order` and `shape`.
    #[error("the header cannot be read: {0}")]
    Syntax(&'static str),
    /// Elements of another type.
    #[error(
        "elements of type {0}, not float32 ('<f4') or float16 ('<f2'): convert with numpy's astype"
    )]
    Type(String),
    /// Columns first.
    #[error("in Fortran order: convert with numpy.ascontiguousarray")]
    Fortran,
    /// A product of dimensions that no file can have.
    #[error("the shape {0:?} is too large")]
    Size(Vec<usize>),
}

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub dtype: DType,
    pub shape: Vec<usize>,
    /// Where the data begins, in bytes.
    pub data_start: usize,
    /// Length of the data in bytes.
    pub data_bytes: usize,
}

/// The header of a C-ordered little-endian array of `(rows, …)`, in the bytes that
/// NumPy gives it: of the same length for any number of rows.
pub(super) fn write(rows: u64, dtype: DType, row_shape: &[usize]) -> Vec<u8> {
    let rows = rows.to_string();
    let shape: Vec<String> = row_shape.iter().map(|n| format!(", {n}")).collect();
    let (descr, shape) = (dtype.descr(), shape.concat());
    let mut text = format!(
        "{{'descr': '{descr}', 'fortran_order': False, 'shape': ({rows}{shape}), }}{:1$}",
        "",
        GROWTH_DIGITS - rows.len()
    );
    // Magic and version 8, length 2, and the line's end 1.
    let padding = (ALIGNMENT - (text.len() + 11) % ALIGNMENT) % ALIGNMENT;
    text.extend(std::iter::repeat_n(' ', padding));
    text.push('\n');

    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((text.len() as u16).to_le_bytes());
    header.extend(text.as_bytes());
    header
}

/// Parses the header at the beginning of a file's bytes.
pub(super) fn parse(bytes: &[u8]) -> Result<Header, HeaderError> {
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or(HeaderError::Magic)?;
    let [version, _minor, rest @ ..] = rest else {
        return Err(HeaderError::Cut);
    };
    let (length, rest) = match (version, rest) {
        (1, [a, b, rest @ ..]) => (usize::from(u16::from_le_bytes([*a, *b])), rest),
        (2 | 3, [a, b, c, d, rest @ ..]) => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        (1..=3, _) => return Err(HeaderError::Cut),
        (&version, _) => return Err(HeaderError::Version(version)),
    };
    if length > MAX_LENGTH {
        return Err(HeaderError::Syntax("it is too long"));
    }
    let text = rest.get(..length).ok_or(HeaderError::Cut)?;
    let text = std::str::from_utf8(text).map_err(|_| HeaderError::Syntax("it is not text"))?;
    let (dtype, shape) = dictionary(text)?;
    // The first dimension last, so that a row's size is checked even of no rows.
    let data_bytes = shape
        .iter()
        .rev()
        .try_fold(dtype.bytes(), |product, &n| product.checked_mul(n))
        .ok_or_else(|| HeaderError::Size(shape.clone()))?;
    Ok(Header {
        dtype,
        shape,
        data_start: bytes.len() - rest.len() + length,
        data_bytes,
    })
}

/// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }`, with
/// the keys in any order.
fn dictionary(text: &str) -> Result<(DType, Vec<usize>), HeaderError> {
    let mut cursor = Cursor(text);
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    cursor.expect('{', "no dictionary")?;
    while !cursor.take('}') {
        let key = cursor.string()?;
        cursor.expect(':', "no ':' after a key")?;
        match key {
            "descr" => descr = Some(cursor.descr()?),
            "fortran_order" => fortran = Some(cursor.boolean()?),
            "shape" => shape = Some(cursor.tuple()?),
            _ => return Err(HeaderError::Syntax("unknown key")),
        }
        if !cursor.take(',') {
            cursor.expect('}', "no end of the dictionary")?;
            break;
        }
    }
    if !cursor.0.trim().is_empty() {
        return Err(HeaderError::Syntax("something after the dictionary"));
    }
    let missing = HeaderError::Syntax("descr, fortran_order or shape is missing");
    let (Some(descr), Some(fortran), Some(shape)) = (descr, fortran, shape) else {
        return Err(missing);
    };
    let dtype = match descr {
        "<f4" => DType::Float32,
        "<f2" => DType::Float16,
        "<i4" => DType::Int32,
        other => return Err(HeaderError::Type(format!("'{other}'"))),
    };
    // The order means nothing for fewer than two dimensions.
    if fortran && shape.len() > 1 {
        return Err(HeaderError::Fortran);
    }
    Ok((dtype, shape))
}

/// What is left of the header's text.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    /// Takes `wanted` where it comes next.
    fn take(&mut self, wanted: char) -> bool {
        let rest = self.0.trim_start().strip_prefix(wanted);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, wanted: char, problem: &'static str) -> Result<(), HeaderError> {
        if self.take(wanted) {
            Ok(())
        } else {
            Err(HeaderError::Syntax(problem))
        }
    }

    fn string(&mut self) -> Result<&'a str, HeaderError> {
        let quote = if self.take('\'') {
            '\''
        } else {
            self.expect('"', "no string where one belongs")?;
            '"'
        };
        let (string, rest) = self
            .0
            .split_once(quote)
            .ok_or(HeaderError::Syntax("a string without end"))?;
        self.0 = rest;
        Ok(string)
    }

    /// The element type: a string, or a list where there are several fields.
    fn descr(&mut self) -> Result<&'a str, HeaderError> {
        if self.take('[') {
            return Err(HeaderError::Type("record".to_owned()));
        }
        self.string()
    }

    fn boolean(&mut self) -> Result<bool, HeaderError> {
        let text = self.0.trim_start();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = text.strip_prefix(word) {
                self.0 = rest;
                return Ok(value);
            }
        }
        Err(HeaderError::Syntax("neither True nor False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, HeaderError> {
        let mut items = Vec::new();
        self.expect('(', "no tuple")?;
        while !self.take(')') {
            if items.len() == MAX_DIMENSIONS {
                return Err(HeaderError::Syntax("too many dimensions"));
            }
            items.push(self.integer()?);
            if !self.take(',') {
                self.expect(')', "no end of the tuple")?;
                break;
            }
        }
        Ok(items)
    }

    fn integer(&mut self) -> Result<usize, HeaderError> {
        let text = self.0.trim_start();
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        // Python 2 marked long integers.
        self.0 = rest.strip_prefix('L').unwrap_or(rest);
        digits
            .parse()
            .map_err(|_| HeaderError::Syntax("a dimension is no number"))
    }
}
