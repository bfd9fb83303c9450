use super::super::dispatch::Isa;
use super::super::reference::Noise;
use super::*;
use crate::models::onnx::Model;

#[test]
fn other_weights_are_refused() {
    for isa in [Isa::detect(), Isa::portable()] {
        let mel = MelKernel::new(isa, &Noise::mel());
        let embed = EmbedKernel::new(isa, &Noise(1).embedding());
        assert!(matches!(prove(&mel, &embed), Err(Refused::Mel(_))));
    }
}

#[test]
fn no_number_is_no_agreement() {
    assert_eq!(
        largest_difference(&[f32::NAN, 0.0], &[0.0, 0.0]),
        f32::INFINITY
    );
    assert_eq!(largest_difference(&[0.0], &[0.0, 0.0]), f32::INFINITY);
    assert_eq!(largest_difference(&[1.0, 0.0], &[0.5, 0.0]), 0.5);
}

/// Where the published models are at hand: their folder is named by the
/// environment, as they are never committed.
#[test]
fn the_published_models_prove_themselves() {
    let Some(folder) = std::env::var_os("WAKEMILL_TEST_MODELS") else {
        return;
    };
    let read = |name| Model::read(&std::path::Path::new(&folder).join(name)).unwrap();
    let (mel, embed) = (read("melspectrogram.onnx"), read("embedding_model.onnx"));
    for isa in [Isa::detect(), Isa::portable()] {
        let mel = MelKernel::from_model(isa, &mel).unwrap();
        let embed = EmbedKernel::from_model(isa, &embed).unwrap();
        let largest = prove(&mel, &embed).unwrap();
        println!("{}: {largest:?}", isa.name());
    }
}
