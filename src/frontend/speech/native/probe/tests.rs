//! Tests of the proof.

use super::*;
use crate::frontend::speech::native::dispatch::Isa;
use crate::frontend::speech::native::reference::Noise;
use crate::onnx::Model;
use crate::runtime::cache::Cache;
use crate::runtime::fetch;

#[test]
fn other_weights_are_refused() {
    for isa in Isa::available() {
        let mel = MelKernel::new(isa, &Noise::mel());
        let embed = EmbedKernel::new(isa, &Noise(1).embedding());
        assert!(matches!(prove(&mel, &embed), Err(Refused::Mel(_))));
    }
}

#[test]
fn the_published_models_prove_themselves() {
    let cache = Cache::locate().unwrap();
    fetch::fetch_models(&cache, &mut |notice| eprintln!("{notice}")).unwrap();
    let read = |path: std::path::PathBuf| Model::read(&path).unwrap();
    let (mel, embed) = (read(cache.mel_model()), read(cache.embedding_model()));
    for isa in Isa::available() {
        let mel = MelKernel::from_model(isa, &mel).unwrap();
        let embed = EmbedKernel::from_model(isa, &embed).unwrap();
        prove(&mel, &embed).unwrap();
    }
}
