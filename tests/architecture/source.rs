//! The source, as the tests read it: every file parsed, and what it names of the
//! crate by its path from the root.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, Meta, UseTree, Visibility};

/// Names joined by `::`.
pub type Names = Vec<String>;

/// One file.
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
    /// The module that it is, below the crate root.
    pub module: Names,
    /// Every path in it, those of tests included.
    pub paths: Vec<Used>,
    /// Names that it hands on (`pub use`), and what they are.
    pub handed_on: BTreeMap<String, Names>,
    /// Whether only tests have it.
    pub only_tests: bool,
    /// Lines of items that only tests have.
    tests: Vec<RangeInclusive<usize>>,
}

/// A path that a file names.
#[derive(Debug, PartialEq, Eq)]
pub struct Used {
    /// The line, from 1.
    pub line: usize,
    /// From the crate's root; of another crate, as written.
    pub names: Names,
    /// Whether it is this crate's.
    pub ours: bool,
}

/// Every source file of the crate.
pub fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of the crate") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                files.push((path, text));
            }
        }
    }
    assert!(files.len() > 20, "the source is here");
    read(&files)
}

/// Parses files.
pub fn read(files: &[(PathBuf, String)]) -> Vec<Source> {
    let modules: BTreeSet<Names> = files.iter().map(|(path, _)| module_of(path)).collect();
    let parse = |(path, text): &(PathBuf, String)| Source::parse(path, text, &modules);
    let mut sources: Vec<Source> = files.iter().map(parse).collect();
    let tests: Vec<Names> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        if tests.iter().any(|test| source.module.starts_with(test)) {
            source.only_tests = true;
        }
    }
    sources
}

impl Source {
    fn parse(path: &Path, text: &str, modules: &BTreeSet<Names>) -> Self {
        let file = syn::parse_file(text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut reader = Reader {
            modules,
            source: Self {
                path: path.to_path_buf(),
                text: text.to_owned(),
                module: module_of(path),
                paths: Vec::new(),
                handed_on: BTreeMap::new(),
                only_tests: false,
                tests: Vec::new(),
            },
        };
        reader.visit_file(&file);
        reader.source
    }

    /// The module right below the crate root that it belongs to.
    pub fn room(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }

    /// Whether a line is in something that only tests have.
    pub fn is_test(&self, line: usize) -> bool {
        self.only_tests || self.tests.iter().any(|lines| lines.contains(&line))
    }

    /// The lines that are neither comments nor tests.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = (1..).zip(self.text.lines());
        lines
            .filter(|(number, line)| !line.trim_start().starts_with("//") && !self.is_test(*number))
    }

    /// Modules in files of their own that only tests have.
    fn test_modules(&self) -> Vec<Names> {
        let file = syn::parse_file(&self.text).expect("parsed before");
        let modules = file.items.iter().filter_map(|item| match item {
            Item::Mod(module) if module.content.is_none() && is_test(&module.attrs) => {
                Some([&self.module[..], &[module.ident.to_string()]].concat())
            }
            _ => None,
        });
        modules.collect()
    }
}

struct Reader<'a> {
    modules: &'a BTreeSet<Names>,
    source: Source,
}

impl Reader<'_> {
    fn add(&mut self, line: usize, written: &[String]) {
        let Some(first) = written.first() else { return };
        let ours = absolute(written, &self.source.module, self.modules);
        if ours.is_none() && first.starts_with(|c: char| c.is_uppercase()) {
            return;
        }
        self.source.paths.push(Used {
            line,
            ours: ours.is_some(),
            names: ours.unwrap_or_else(|| written.to_vec()),
        });
    }

    /// Paths in tokens that nobody has parsed: of a macro, of an attribute.
    fn scan(&mut self, tokens: TokenStream) {
        let (mut path, mut line, mut joined) = (Names::new(), 0, false);
        for token in tokens {
            match token {
                TokenTree::Ident(name) if joined => path.push(name.to_string()),
                TokenTree::Ident(name) => {
                    self.add(line, &std::mem::take(&mut path));
                    (path, line) = (vec![name.to_string()], name.span().start().line);
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => {
                    joined = true;
                    continue;
                }
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(path) = syn::parse_str::<syn::LitStr>(&literal.to_string())
                        .and_then(|text| text.parse::<syn::Path>())
                        && path.segments.len() > 1
                    {
                        self.add(literal.span().start().line, &segments(&path));
                    }
                }
                TokenTree::Punct(_) => {}
            }
            joined = false;
        }
        self.add(line, &path);
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(attributes(item)) {
            let span = item.span();
            self.source.tests.push(span.start().line..=span.end().line);
        }
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let line = item.span().start().line;
        for (path, name) in expand(&item.tree) {
            self.add(line, &path);
            let shown = !matches!(item.vis, Visibility::Inherited);
            if let (true, Some(path)) = (shown, absolute(&path, &self.source.module, self.modules))
            {
                self.source.handed_on.insert(name, path);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.add(path.span().start().line, &segments(path));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, macro_: &'ast syn::Macro) {
        self.visit_path(&macro_.path);
        self.scan(macro_.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        match &attribute.meta {
            Meta::List(list) => self.scan(list.tokens.clone()),
            Meta::Path(_) | Meta::NameValue(_) => {}
        }
    }
}

/// Every path of a `use` tree, with the name that it has from then on.
fn expand(tree: &UseTree) -> Vec<(Names, String)> {
    match tree {
        UseTree::Path(path) => {
            let below = expand(&path.tree).into_iter();
            let head = path.ident.to_string();
            let own = |(names, name): (Names, String)| match names.first() {
                Some(first) if first == "self" => (vec![head.clone()], head.clone()),
                _ => ([std::slice::from_ref(&head), &names[..]].concat(), name),
            };
            below.map(own).collect()
        }
        UseTree::Name(name) => vec![(vec![name.ident.to_string()], name.ident.to_string())],
        UseTree::Rename(name) => vec![(vec![name.ident.to_string()], name.rename.to_string())],
        UseTree::Glob(_) => vec![(Names::new(), "*".to_owned())],
        UseTree::Group(group) => group.items.iter().flat_map(expand).collect(),
    }
}

/// A path from the crate root on; `None` of another crate.
fn absolute(written: &[String], here: &[String], modules: &BTreeSet<Names>) -> Option<Names> {
    let above = written.iter().take_while(|name| *name == "super").count();
    let (base, rest) = match written.first()?.as_str() {
        "crate" => (&here[..0], &written[1..]),
        "self" => (here, &written[1..]),
        "super" => (&here[..here.len().saturating_sub(above)], &written[above..]),
        child => {
            let below = [here, &[child.to_owned()]].concat();
            (modules.contains(&below).then_some(here)?, written)
        }
    };
    Some([base, rest].concat())
}

fn segments(path: &syn::Path) -> Names {
    let segments = path.segments.iter();
    segments.map(|segment| segment.ident.to_string()).collect()
}

fn is_test(attributes: &[Attribute]) -> bool {
    let test = |meta: &Meta| match meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            ["test", "doc"].contains(&list.tokens.to_string().as_str())
        }
        _ => false,
    };
    attributes.iter().any(|attribute| test(&attribute.meta))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Mod(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        _ => &[],
    }
}

/// The module that a file is, below the crate root.
fn module_of(path: &Path) -> Names {
    let path = path.strip_prefix("src").unwrap_or(path).with_extension("");
    let parts = path.iter().map(|part| part.to_string_lossy().into_owned());
    let mut names: Names = parts.collect();
    let last = names.last().map(String::as_str);
    if last == Some("mod") || names == ["lib"] {
        names.pop();
    }
    names
}
