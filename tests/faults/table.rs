//! The tables of faults name tests, and these are there.

use std::fs;
use std::path::Path;

/// Whether a test of this path, as `cargo test` names it, is in the source.
fn is_test(path: &str) -> bool {
    let Some((module, name)) = path.rsplit_once("::") else {
        return false;
    };
    let inline = module.strip_suffix("::tests").unwrap_or(module);
    let file = |module: &str, end: &str| module.replace("::", "/") + end;
    let files = [
        file(module, ".rs"),
        file(inline, ".rs"),
        file(module, "/main.rs"),
    ];
    let texts = ["tests", "src"].iter().flat_map(|root| {
        files
            .iter()
            .filter_map(|file| fs::read_to_string(Path::new(root).join(file)).ok())
    });
    let function = format!("fn {name}(");
    texts.into_iter().any(|text| {
        let before = text.split_once(&function).map(|(before, _)| before);
        // Between the attribute and the function there may be other attributes.
        before.is_some_and(|before| {
            let lines = before.trim_end().lines().rev().map(str::trim);
            let mut attributes = lines.take_while(|line| line.starts_with("#["));
            attributes.any(|line| line == "#[test]")
        })
    })
}

#[test]
fn every_fault_has_a_test_that_is_there() {
    let text = fs::read_to_string("src/build/faults.md").unwrap();
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line
            .strip_prefix("| ")?
            .strip_suffix(" |")?
            .split(" | ")
            .collect();
        (cells[0] != "fault").then_some(cells)
    });
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() > 40, "{} rows", rows.len());
    for cells in rows {
        let [fault, _, tests] = cells.as_slice() else {
            panic!("{cells:?}");
        };
        let names = tests.split('`').skip(1).step_by(2);
        let names: Vec<&str> = names.filter(|name| name.contains("::")).collect();
        assert!(!names.is_empty(), "{fault}: no test");
        for name in names {
            assert!(is_test(name), "{fault}: there is no test {name}");
        }
    }
}

#[test]
fn a_test_that_is_not_there_is_found_out() {
    assert!(is_test(
        "faults::table::every_fault_has_a_test_that_is_there"
    ));
    assert!(!is_test("faults::table::is_test"));
    assert!(!is_test("faults::table::nothing"));
    assert!(!is_test(
        "faults::nowhere::every_fault_has_a_test_that_is_there"
    ));
}
