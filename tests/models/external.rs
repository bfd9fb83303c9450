//! Networks whose weights are in a file beside them.

use std::path::Path;

use wakemill::frontend::{FrontEndSpec, Strategy};
use wakemill::onnx::{Model, StringEntry};
use wakemill::runtime::cache::Cache;

use super::{assert_close, clip, embed, load, mel, open, spec, views};

#[test]
fn networks_whose_weights_are_beside_them_are_read_whole() {
    let expected = load(Strategy::Auto);
    let cache = Cache::locate().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = |name: &str, path: &Path| {
        let mut model = Model::read(path).unwrap();
        let mut data = Vec::new();
        for tensor in &mut model.graph.as_mut().unwrap().initializer {
            let Some(raw) = tensor.raw_data.take().filter(|raw| !raw.is_empty()) else {
                continue;
            };
            let entry = |key: &str, value: String| StringEntry {
                key: key.to_owned(),
                value,
            };
            tensor.external_data = vec![
                entry("location", format!("{name}.data")),
                entry("offset", data.len().to_string()),
                entry("length", raw.len().to_string()),
            ];
            tensor.data_location = Some(1);
            data.extend(raw);
        }
        let path = folder.path().join(name);
        std::fs::write(&path, model.to_bytes()).unwrap();
        std::fs::write(folder.path().join(format!("{name}.data")), &data).unwrap();
        (path, data)
    };
    let (mel_path, _) = store("mel.onnx", &cache.mel_model());
    let (embedding_path, mut weights) = store("embedding.onnx", &cache.embedding_model());
    let spec = FrontEndSpec {
        mel_model: Some(mel_path),
        embedding_model: Some(embedding_path),
        ..spec(Strategy::Auto)
    };
    let found = open(&spec).unwrap();
    let audio = clip("word");
    let [a, b] = [&expected, &found].map(|front_end| {
        let mel = mel(front_end, &[&audio]);
        embed(front_end, &views(&mel))
    });
    assert_close(&b[0], &a[0], 1e-5);

    // Other weights are another network.
    let last = weights.len() - 2;
    weights[last] ^= 1;
    std::fs::write(folder.path().join("embedding.onnx.data"), weights).unwrap();
    let changed = open(&spec).unwrap();
    let (before, after) = (found.report(), changed.report());
    assert_eq!(before.mel_sha256, after.mel_sha256);
    assert_ne!(before.embedding_sha256, after.embedding_sha256);
}
