//! No circle of imports: neither between rooms, nor between the files of a room
//! that others build on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

use super::source::{Source, read, sources};

/// Rooms whose files are held too.
const FILES: [&str; 4] = ["flow", "frontend", "runtime", "dataset"];

/// What each name imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_room_imports_one_that_imports_it() {
    let sources = sources();
    let rooms: BTreeSet<&str> = sources.iter().map(Source::room).collect();
    let mut imports = Imports::new();
    for source in &sources {
        let used = source.paths.iter().filter(|used| used.ours);
        let others = used.filter_map(|used| used.names.first());
        let others = others.filter(|other| rooms.contains(other.as_str()));
        let others = others.filter(|other| *other != source.room()).cloned();
        imports
            .entry(source.room().to_owned())
            .or_default()
            .extend(others);
    }
    assert_eq!(circles(&imports), Vec::<String>::new());
}

#[test]
fn no_file_of_a_lower_room_imports_one_that_imports_it() {
    let sources = sources();
    for room in FILES {
        let imports = files(&sources, room);
        assert!(imports.values().any(|others| !others.is_empty()), "{room}");
        assert_eq!(circles(&imports), Vec::<String>::new());
    }
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let shown = "mod b;\nmod c;\npub use b::{B, Other as D};\n";
    let found = |b: &str, c: &str| {
        let texts = [
            ("src/a/mod.rs", shown),
            ("src/a/b.rs", b),
            ("src/a/c.rs", c),
        ];
        let texts = texts.map(|(path, text)| (PathBuf::from(path), text.to_owned()));
        circles(&files(&read(&texts), "a"))
    };
    let b = "use super::c::{\n    C,\n};\npub struct B;\n";
    for none in [
        "pub struct C;\n",
        "#[cfg(test)]\nmod tests {\n    use super::super::B;\n}\npub struct C;\n",
        "#[cfg(doc)]\nuse super::B;\npub struct C;\n",
    ] {
        assert_eq!(found(b, none), Vec::<String>::new(), "{none}");
    }
    for circle in [
        "use super::B;\n",
        "use crate::a::{self, D};\n",
        "pub(super) use super::b::B;\n",
        "#[cfg(unix)]\n#[allow(unused)]\nuse super::{b as x};\n",
        "fn c() { super::D::new() }\n",
        "#[cfg(test)]\nmod tests;\nfn c() -> crate::a::b::B { todo!() }\n",
        "fn c() { println!(\"{}\", super::b::x()) }\n",
        "#[derive(A)]\n#[serde(with = \"super::b\")]\nstruct C;\n",
    ] {
        let circle_found = ["src/a/b.rs -> src/a/c.rs -> src/a/b.rs"];
        assert_eq!(found(b, circle), circle_found, "{circle}");
    }
}

/// Which files of a room import which of the same room, tests left out. What a
/// module hands on counts as what it is; that it shows it, as no import.
fn files(sources: &[Source], room: &str) -> Imports {
    let by_module: BTreeMap<_, _> = sources.iter().map(|s| (&s.module[..], s)).collect();
    let room = sources.iter().filter(|source| source.room() == room);
    let imports = room.map(|source| {
        let used = source.paths.iter().filter(|used| {
            let below = used.names.starts_with(&source.module)
                && used.names.len() > source.module.len()
                && source.handed_on.values().any(|shown| *shown == used.names);
            used.ours && !source.is_test(used.line) && !below
        });
        let others = used.filter_map(|used| target(&by_module, &used.names));
        let others = others.filter(|other| {
            other.room() == source.room() && other.path != source.path && !other.only_tests
        });
        let others = others.map(|other| other.path.display().to_string());
        (source.path.display().to_string(), others.collect())
    });
    imports.collect()
}

/// The file that defines what a path names.
fn target<'a>(by_module: &BTreeMap<&[String], &'a Source>, names: &[String]) -> Option<&'a Source> {
    let prefixes = (1..=names.len()).rev();
    let (len, source) = prefixes
        .filter_map(|len| Some((len, *by_module.get(&names[..len])?)))
        .next()?;
    let further = names.get(len).and_then(|name| source.handed_on.get(name));
    match further.filter(|further| further[..] != *names) {
        Some(further) => target(by_module, further),
        None => Some(source),
    }
}

/// The shortest circle through each name, each circle once.
fn circles(imports: &Imports) -> Vec<String> {
    let mut found: BTreeMap<BTreeSet<&String>, String> = BTreeMap::new();
    for start in imports.keys() {
        if let Some(circle) = shortest(imports, start) {
            let text: Vec<&str> = circle.iter().map(|name| name.as_str()).collect();
            let text = format!("{} -> {start}", text.join(" -> "));
            found.entry(circle.into_iter().collect()).or_insert(text);
        }
    }
    found.into_values().collect()
}

fn shortest<'a>(imports: &'a Imports, start: &'a String) -> Option<Vec<&'a String>> {
    let mut ways = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in imports.get(way[way.len() - 1]).into_iter().flatten() {
            if next == start {
                return Some(way);
            }
            if seen.insert(next) {
                ways.push_back([&way[..], &[next]].concat());
            }
        }
    }
    None
}
