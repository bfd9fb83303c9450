//! What has changed of an origin, as it is said.

use super::*;

fn said(then: Value, now: Value) -> Vec<String> {
    let mut changes = Vec::new();
    compare("configuration", &then, &now, &mut changes);
    changes
}

#[test]
fn a_changed_key_is_named_with_both_values() {
    let then = json!({"seed": 1, "augment": {"rounds": 2}, "splits": [{"name": "a"}]});
    let now = json!({"seed": 1, "augment": {"rounds": 4}, "splits": [{"name": "b"}]});
    assert_eq!(said(then.clone(), then.clone()), [""; 0]);
    assert_eq!(
        said(then.clone(), now),
        [
            "configuration.augment.rounds is 4, was 2",
            "configuration.splits.0.name is \"b\", was \"a\"",
        ]
    );
    let gone = said(then, json!({"seed": 1, "augment": null}));
    assert_eq!(gone.len(), 2, "{gone:?}");
}

#[test]
fn the_first_file_that_differs_is_named() {
    let list = |stamps: &str| Stamps {
        of: "split 'a'".to_owned(),
        stamps: stamps.to_owned(),
    };
    let names = || vec![("x", None), ("y", None)];
    let then = list("0000000011111111");
    let changed = difference(&then, &list("0000000022222222"), names());
    assert_eq!(
        changed,
        "split 'a': 'y' is the first with another name, size or time"
    );
    let gone = difference(&then, &list("00000000"), names());
    assert_eq!(gone, "split 'a': 1 files, were 2; the last ones are gone");
}
