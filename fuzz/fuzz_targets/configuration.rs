//! Any bytes as a pipeline, as a livekit-wakeword configuration, and as an
//! override: a plan that stays within its output folder, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;

use wakemill::config::Source;
use wakemill::presets;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for (extension, content) in [(".toml", &*text), (".yaml", &*text), (".toml", MINIMAL)] {
        let file = wakemill_fuzz::file_named(extension, content.as_bytes());
        let set = [text.clone().into_owned()];
        let source = Source {
            set: if content == MINIMAL { &set } else { &[] },
            environment: Vec::new(),
            ..Source::new(file.path())
        };
        if let Ok(loaded) = presets::load(&source) {
            for split in &loaded.plan.splits {
                assert!(!split.features.contains(['/', '\\']), "{}", split.features);
            }
            assert!(loaded.plan.output.path.is_absolute());
            drop(loaded.plan.essence().to_string());
        }
    }
});

const MINIMAL: &str = "output = \"o\"\n[[split]]\nname = \"a\"\ninput = \"i\"\n";
