//! Tests of execution providers.

use super::*;

#[test]
fn names_are_accepted_long_and_short_in_any_case() {
    for known in KNOWN {
        for name in [
            known.name.to_owned(),
            known.name.to_lowercase(),
            known.short.to_owned(),
            known.short.to_uppercase(),
        ] {
            assert_eq!(Provider::named(&name).unwrap().name, known.name);
        }
    }
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    let message = Provider::named("CUDNN").unwrap_err().to_string();
    assert!(message.contains("'CUDNN'"), "{message}");
    assert!(
        message.contains("cpu, cuda, tensorrt, openvino, coreml"),
        "{message}"
    );
}
