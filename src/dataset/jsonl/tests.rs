//! Tests of JSON lines.

use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    clip: String,
    gain: Option<f64>,
}

fn row(clip: &str) -> Row {
    Row {
        clip: clip.to_owned(),
        gain: Some(0.1),
    }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.jsonl");
    (folder, path)
}

fn read(path: &Path) -> Result<Vec<Row>, JsonlError> {
    JsonlReader::open(path)?.collect()
}

#[test]
fn what_is_written_is_read_back() {
    let (_folder, path) = place();
    let mut writer = JsonlWriter::create(&path).unwrap();
    for clip in ["a", "line\nbreak", "naïve"] {
        writer.append(&row(clip)).unwrap();
    }
    let finished = writer.finish().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert!(text.starts_with("{\"clip\":\"a\",\"gain\":0.1}\n"));
    assert_eq!(finished.bytes, text.len() as u64);
    assert_eq!(read(&path).unwrap(), ["a", "line\nbreak", "naïve"].map(row));
}

#[test]
fn a_reopened_file_goes_on_after_the_committed_lines() {
    let (_folder, path) = place();
    let mut writer = JsonlWriter::create(&path).unwrap();
    writer.append(&row("a")).unwrap();
    let committed = writer.sync().unwrap();
    writer.append(&row("torn")).unwrap();
    drop(writer);
    let mut writer = JsonlWriter::open_at(&path, &committed).unwrap();
    assert_eq!(writer.committed(), committed);
    writer.append(&row("b")).unwrap();
    writer.finish().unwrap();
    assert_eq!(read(&path).unwrap(), [row("a"), row("b")]);
}

#[test]
fn a_value_that_is_no_json_writes_nothing() {
    let (_folder, path) = place();
    let mut writer = JsonlWriter::create(&path).unwrap();
    let no_text_key = std::collections::BTreeMap::from([((1, 2), 3)]);
    assert!(matches!(
        writer.append(&no_text_key),
        Err(WriteError::Value { .. })
    ));
    assert_eq!(writer.committed().bytes, 0);
}

#[test]
fn errors_name_the_line_and_end_the_reading() {
    let (_folder, path) = place();
    let good = "{\"clip\":\"a\",\"gain\":null}\n";
    for (tail, hint) in [
        ("{\"clip\":1,\"gain\":null}\n", "line 2: invalid type"),
        ("\n", "line 2: EOF"),
        ("{\"clip\":\"b\"", "line 2: the line is cut off"),
        (&"x".repeat(2 << 20), "line 2: the line is over"),
        ("\u{0}\n", "line 2: expected value"),
    ] {
        std::fs::write(&path, format!("{good}{tail}")).unwrap();
        let mut reader = JsonlReader::<Row>::open(&path).unwrap();
        assert!(reader.next().unwrap().is_ok());
        let error = reader.next().unwrap().unwrap_err();
        assert!(error.to_string().contains(hint), "{error}");
        assert!(error.to_string().contains("rows.jsonl"));
        assert!(reader.next().is_none());
    }
    assert!(JsonlReader::<Row>::open(Path::new("/nowhere/rows.jsonl")).is_err());
}

#[test]
fn a_torn_last_line_is_told_apart() {
    let (_folder, path) = place();
    std::fs::write(&path, "{\"clip\":\"a\",\"gain\":null}\n{\"clip\":\"b\"").unwrap();
    let last = JsonlReader::<Row>::open(&path).unwrap().last().unwrap();
    assert!(matches!(last.unwrap_err().fault, LineFault::Torn));
}
