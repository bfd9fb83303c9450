//! Tests of the `.npy` format.

use std::path::PathBuf;

use ndarray_npy::{ReadNpyExt, WriteNpyExt};
use proptest::prelude::*;

use super::header::{Header, parse};
use super::*;
use crate::dataset::partial::partial_path;

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("features.npy");
    (folder, path)
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/npy")
        .join(name)
}

fn all_values(reader: &NpyReader) -> Vec<f32> {
    let mut scratch = Vec::new();
    reader
        .values(0..reader.rows(), &mut scratch)
        .unwrap()
        .to_vec()
}

#[test]
fn the_file_is_the_one_that_numpy_saves() {
    let (_folder, path) = place();
    let mut writer = NpyWriter::create(&path, [2, 3]).unwrap();
    let values: Vec<f32> = (0..24).map(|i| i as f32 / 8.0 - 1.0).collect();
    writer.append(&values[..6]).unwrap();
    writer.append(&values[6..]).unwrap();
    assert_eq!(writer.rows(), 4);
    let summary = writer.finish().unwrap();
    assert_eq!(summary.rows, 4);
    assert_eq!(summary.bytes, 128 + 24 * 4);
    assert_eq!(
        std::fs::read(&path).unwrap(),
        std::fs::read(golden("float32_4x2x3.npy")).unwrap()
    );
    // From sha256sum.
    let listed = std::fs::read_to_string(golden("SHA256SUMS")).unwrap();
    assert!(listed.contains(&format!("{}  float32_4x2x3.npy", summary.sha256)));
}

#[test]
fn the_header_has_one_length_for_any_number_of_rows() {
    for shape in [[16, 96], [1, 1], [1000, 100_000]] {
        let empty = header::write(0, DType::Float32, &shape);
        assert_eq!(empty.len() % 64, 0);
        for rows in [1, 9, 10, 1_000_000, u64::MAX] {
            assert_eq!(
                header::write(rows, DType::Float32, &shape).len(),
                empty.len()
            );
        }
    }
}

#[test]
fn an_array_without_rows_is_valid() {
    let (_folder, path) = place();
    NpyWriter::create(&path, [16, 96])
        .unwrap()
        .finish()
        .unwrap();
    let reader = NpyReader::open(&path).unwrap();
    assert_eq!(reader.shape(), [0, 16, 96]);
    assert!(all_values(&reader).is_empty());
    let array = ndarray::Array3::<f32>::read_npy(std::fs::File::open(&path).unwrap()).unwrap();
    assert_eq!(array.dim(), (0, 16, 96));
}

#[test]
fn only_whole_rows_are_taken() {
    let (_folder, path) = place();
    let mut writer = NpyWriter::create(&path, [2, 3]).unwrap();
    let error = writer.append(&[0.0; 7]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("7 values are not rows of [2, 3]")
    );
    assert_eq!(writer.rows(), 0);
    assert!(NpyWriter::create(&path, [0, 3]).is_err());
}

#[test]
fn a_reopened_file_ends_as_an_uninterrupted_one() {
    let (_folder, path) = place();
    let row = |i: usize| [i as f32; 6];
    let mut writer = NpyWriter::create(&path, [2, 3]).unwrap();
    for i in 0..5 {
        writer.append(&row(i)).unwrap();
    }
    let whole = writer.finish().unwrap();

    let mut writer = NpyWriter::create(&path, [2, 3]).unwrap();
    writer.append(&row(0)).unwrap();
    writer.append(&row(1)).unwrap();
    let committed = writer.sync().unwrap();
    writer.append(&row(9)).unwrap();
    drop(writer); // Its buffer reaches the file, as after a late crash.
    let mut writer = NpyWriter::open_at(&path, [2, 3], &committed).unwrap();
    assert_eq!(writer.rows(), 2);
    assert_eq!(writer.committed(), committed);
    for i in 2..5 {
        writer.append(&row(i)).unwrap();
    }
    assert_eq!(writer.finish().unwrap(), whole);
    // Of a finished file the same rows can be taken back.
    let writer = NpyWriter::open_at(&path, [2, 3], &committed).unwrap();
    assert_eq!(writer.rows(), 2);
}

#[test]
fn numpys_arrays_are_read() {
    let expected: Vec<f32> = (0..24).map(|i| i as f32 / 8.0 - 1.0).collect();
    for (name, shape) in [
        ("float32_4x2x3.npy", &[4, 2, 3][..]),
        ("float16_4x2x3.npy", &[4, 2, 3]),
        ("float32_24.npy", &[24]),
        ("float32_version2_8x3.npy", &[8, 3]),
    ] {
        let reader = NpyReader::open(&golden(name)).unwrap();
        assert_eq!(reader.shape(), shape, "{name}");
        assert_eq!(reader.rows() * reader.row_len(), 24, "{name}");
        assert_eq!(all_values(&reader), expected, "{name}");
    }
    let scalar = NpyReader::open(&golden("float32_scalar.npy")).unwrap();
    assert_eq!((scalar.rows(), scalar.row_len()), (1, 1));
    assert_eq!(all_values(&scalar), [2.5]);
}

#[test]
fn blocks_of_rows_are_given() {
    let reader = NpyReader::open(&golden("float16_4x2x3.npy")).unwrap();
    let mut scratch = Vec::new();
    let rows = reader.values(1..3, &mut scratch).unwrap();
    assert_eq!(rows.len(), 12);
    assert_eq!(rows[0], 6.0 / 8.0 - 1.0);
    assert_eq!(reader.values(4..4, &mut scratch), Some(&[][..]));
    assert_eq!(reader.values(3..5, &mut scratch), None);
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = 3..2;
    assert_eq!(reader.values(reversed, &mut scratch), None);
}

#[test]
fn other_arrays_are_refused_with_what_to_do() {
    for (name, hint) in [
        ("float64.npy", "'<f8', not float32"),
        ("big_endian.npy", "'>f4', not float32"),
        ("int16.npy", "'<i2', not float32"),
        ("record.npy", "type record"),
        ("fortran.npy", "numpy.ascontiguousarray"),
        ("SHA256SUMS", "not an .npy file"),
    ] {
        let error = NpyReader::open(&golden(name)).unwrap_err().to_string();
        assert!(error.contains(hint), "{name}: {error}");
        assert!(error.contains(name), "{name}: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let error = NpyReader::open(folder.path()).unwrap_err();
    assert!(matches!(error, NpyError::NotAFile { .. }));
    let empty = folder.path().join("empty.npy");
    std::fs::write(&empty, b"").unwrap();
    let error = NpyReader::open(&empty).unwrap_err();
    assert!(matches!(error, NpyError::Header { .. }), "{error}");
}

#[test]
fn an_array_cut_or_prolonged_anywhere_is_refused() {
    let whole = std::fs::read(golden("float32_24.npy")).unwrap();
    let (_folder, path) = place();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(NpyReader::open(&path).is_err(), "{length} bytes");
    }
    let mut longer = whole;
    longer.push(0);
    std::fs::write(&path, longer).unwrap();
    let error = NpyReader::open(&path).unwrap_err();
    assert!(error.to_string().contains("96 bytes"), "{error}");
}

#[test]
fn halves_are_rounded_to_nearest_ties_to_even_and_ints_are_exact() {
    let (_folder, path) = place();
    let array = |dtype| Array {
        dtype,
        row_shape: vec![2],
    };
    let mut writer = NpyWriter::create(&path, array(DType::Float16)).unwrap();
    writer.append(&[2049.0, 2051.0, 0.1, -96.03]).unwrap();
    assert!(writer.append(&[1.0]).is_err());
    assert_eq!(writer.finish().unwrap().rows, 2);
    let read = all_values(&NpyReader::open(&path).unwrap());
    assert_eq!(read, [2048.0, 2052.0, 0.099_975_586, -96.0]);

    let mut writer = NpyWriter::create(&path, array(DType::Int32)).unwrap();
    writer.append_ints(&[1 << 30 | 1, -1]).unwrap();
    writer.finish().unwrap();
    assert!(NpyReader::open(&path).is_err(), "no features");
    let reader = NpyReader::open_any(&path).unwrap();
    assert_eq!(reader.ints(0), Some(vec![1 << 30 | 1, -1]));
    assert_eq!((reader.ints(1), reader.shape()), (None, &[1, 2][..]));
}

fn header_of(text: &str) -> Result<Header, HeaderError> {
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    parse(&bytes)
}

#[test]
fn dictionaries_are_read_in_any_spelling() {
    let expected = header_of("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n");
    let expected = expected.unwrap();
    assert_eq!(
        (expected.dtype, &*expected.shape),
        (DType::Float32, &[2, 3][..])
    );
    for text in [
        "{'shape':(2,3),'fortran_order':False,'descr':'<f4'}",
        " { \"descr\" : \"<f4\" , 'fortran_order' : False, 'shape' : ( 2L , 3L , ) } \n",
    ] {
        let header = header_of(text).unwrap();
        assert_eq!((header.dtype, header.shape), (DType::Float32, vec![2, 3]));
    }
    // One dimension has no order.
    assert!(header_of("{'descr': '<f4', 'fortran_order': True, 'shape': (3,)}").is_ok());
}

#[test]
fn broken_dictionaries_are_refused() {
    for text in [
        "",
        "{",
        "{}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9999999999, 9999999999)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        "{'descr': '<f4",
    ] {
        assert!(header_of(text).is_err(), "{text}");
    }
    assert_eq!(
        parse(b"\x93NUMPY\x04\0\0\0\0\0"),
        Err(HeaderError::Version(4))
    );
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        a in 1usize..5,
        b in 1usize..5,
        rows in 0usize..40,
        bits: u32,
    ) {
        let (_folder, path) = place();
        let values: Vec<f32> = (0..rows * a * b)
            .map(|i| f32::from_bits(bits.wrapping_mul(i as u32 + 1) & 0x7F7F_FFFF))
            .collect();
        let mut writer = NpyWriter::create(&path, [a, b]).unwrap();
        for row in values.chunks(a * b) {
            writer.append(row).unwrap();
        }
        let summary = writer.finish().unwrap();
        prop_assert!(!partial_path(&path).exists());
        prop_assert_eq!(summary.rows, rows as u64);
        prop_assert_eq!(summary.bytes, std::fs::metadata(&path).unwrap().len());

        let reader = NpyReader::open(&path).unwrap();
        prop_assert_eq!(reader.shape(), [rows, a, b]);
        prop_assert_eq!(&all_values(&reader), &values);
        // And by somebody else's reader.
        let array = ndarray::Array3::<f32>::read_npy(std::fs::File::open(&path).unwrap()).unwrap();
        prop_assert_eq!(array.dim(), (rows, a, b));
        prop_assert_eq!(array.into_raw_vec_and_offset().0, values);
    }

    #[test]
    fn somebody_elses_arrays_are_read(rows in 0usize..9, columns in 0usize..9) {
        let (_folder, path) = place();
        let array = ndarray::Array2::from_shape_fn((rows, columns), |(i, j)| (i * 10 + j) as f32);
        array.write_npy(std::fs::File::create(&path).unwrap()).unwrap();
        let reader = NpyReader::open(&path).unwrap();
        prop_assert_eq!(reader.shape(), [rows, columns]);
        prop_assert_eq!(all_values(&reader), array.into_raw_vec_and_offset().0);
    }

    #[test]
    fn any_bytes_are_a_header_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
        let mut with_magic = b"\x93NUMPY\x01\0".to_vec();
        with_magic.extend(&bytes);
        let _ = parse(&with_magic);
    }

    #[test]
    fn any_text_is_a_dictionary_or_an_error(
        text in "[{}()\\[\\]',:\" 0-9LTrueFals<f4descrhpo_n]{0,120}",
    ) {
        let _ = header_of(&text);
    }
}
