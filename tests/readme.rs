//! The README's reference is the table of keys.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::fs;

use wakemill::config::keys::KEYS;

const START: &str = "<!-- keys -->\n";
const END: &str = "<!-- /keys -->";

fn reference() -> String {
    let mut table = String::from("| key | allows | default | meaning |\n|---|---|---|---|\n");
    for key in KEYS.iter() {
        let default = match key.default {
            "" => String::new(),
            default => format!("`{default}`"),
        };
        let path = key.path.replacen("split.", "[[split]] ", 1);
        let rule = key.rule.to_string().replace('|', "\\|");
        writeln!(table, "| `{path}` | {rule} | {default} | {} |", key.meaning).expect("a string");
    }
    table
}

/// Run with `UPDATE_README=1` to write the table.
#[test]
fn the_reference_lists_every_key() {
    let text = fs::read_to_string("README.md").expect("the README");
    let (before, rest) = text.split_once(START).expect("where the table starts");
    let (table, after) = rest.split_once(END).expect("where it ends");
    let reference = reference();
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(
            "README.md",
            format!("{before}{START}{reference}{END}{after}"),
        )
        .expect("written");
        return;
    }
    assert_eq!(
        table, reference,
        "run UPDATE_README=1 cargo test --test readme"
    );
}
