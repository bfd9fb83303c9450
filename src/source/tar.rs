//! The members of a tar: each is a range of its file, and is read in place.
//!
//! A tar is as a folder of its name. What unpacking it would make of a member in
//! more than one way (a link, a name that is there twice or leads out, a file
//! stored without its zeros) is a problem and no clip. Behind the mark of its end
//! the next tar may follow, as `cat` joins them.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::tar::{Archive, Entry};

use super::kinds::{self, Verdict};
use super::walk::Hidden;
use super::{Found, Listing, Problem};
use crate::audio::FileRange;

/// Members and their heads begin at multiples of this.
const BLOCK: u64 = 512;

/// How tars are compressed: what their names end with, what they begin with, and
/// what undoes it.
const COMPRESSED: [(&[&str], &[u8], &str); 6] = [
    (&["tar.gz", "tgz"], b"\x1f\x8b", "gunzip"),
    (&["tar.bz2", "tbz2", "tbz"], b"BZh", "bunzip2"),
    (&["tar.xz", "txz"], b"\xfd7zXZ\0", "unxz"),
    (&["tar.zst", "tzst"], b"\x28\xb5\x2f\xfd", "unzstd"),
    (&["tar.lz4"], b"\x04\x22\x4d\x18", "unlz4"),
    (&["tar.z"], b"\x1f\x9d", "uncompress"),
];

/// Whether a file is taken for a tar.
pub fn is_tar(path: &Path) -> bool {
    has_extension(path) && path.is_file()
}

/// Whether a name is a tar's.
pub(super) fn has_extension(name: &Path) -> bool {
    let extension = name.extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("tar"))
}

/// What the name of a compressed tar ends with, and what has to be done with it.
pub(super) fn compressed(name: &Path) -> Option<(&'static str, String)> {
    let lower = name.to_string_lossy().to_lowercase();
    let ends = |end: &&&'static str| lower.strip_suffix(**end)?.strip_suffix('.').map(|_| **end);
    COMPRESSED.iter().find_map(|(ends_with, _, tool)| {
        let end = ends_with.iter().find_map(|end| ends(&end))?;
        Some((end, told(tool)))
    })
}

fn told(tool: &str) -> String {
    format!("a compressed tar, of which no member can be read in place: {tool} it, or unpack it")
}

/// The tar that a path leads into, and the name of the member there.
pub(super) fn split(path: &Path) -> Option<(&Path, &Path)> {
    let tar = path.ancestors().skip(1).find(|path| is_tar(path))?;
    Some((tar, path.strip_prefix(tar).ok()?))
}

/// What is read at a path: with a range, a member of the tar that it leads into.
pub fn file_at(path: &Path, range: Option<(u64, u64)>) -> FileRange {
    match range {
        None => FileRange::from(path),
        Some((start, end)) => FileRange {
            path: split(path).map_or(path, |(tar, _)| tar).into(),
            start,
            end,
        },
    }
}

/// The name of a clip's tar, and the member's name in it; nothing of a clip that is
/// in none.
pub(super) fn names<'a>(name: &'a str, file: &FileRange) -> Option<(&'a str, &'a str)> {
    let mut slashes = name.match_indices('/').map(|(at, _)| at);
    let is_tar = |at: &usize| !file.is_whole() && file.path.ends_with(&name[..*at]);
    let at = slashes.find(is_tar)?;
    Some((&name[..at], &name[at + 1..]))
}

/// Adds what `judge` calls clips, by its name with `prefix` in front.
pub(super) fn list(
    tar: &Path,
    prefix: &str,
    hidden: Hidden,
    judge: impl Fn(&str) -> Verdict,
    listing: &mut Listing,
) {
    let mut members = Members {
        tar: tar.into(),
        prefix,
        hidden,
        judge,
        found: HashMap::new(),
        listing,
        end: 0,
        length: 0,
        is_cut: false,
    };
    if let Err(error) = members.read() {
        let compression = COMPRESSED.iter().find(|(_, magic, _)| begins(tar, magic));
        let reason = match (compression, members.end) {
            (Some((_, _, tool)), 0) => told(tool),
            (_, 0) => format!("not a tar: {error}"),
            (_, end) => format!("damaged behind byte {end}, what follows is not read: {error}"),
        };
        members.tell("", reason);
    }
    members.finish();
}

fn begins(path: &Path, magic: &[u8]) -> bool {
    let mut head = vec![0; magic.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && head == magic
}

/// The members of one tar, as they are found.
struct Members<'a, J> {
    tar: Arc<Path>,
    prefix: &'a str,
    hidden: Hidden,
    judge: J,
    /// Clips, and how often their name is there.
    found: HashMap<String, (FileRange, u64)>,
    listing: &'a mut Listing,
    /// Where the last member ends, by its own word.
    end: u64,
    /// Bytes of the tar.
    length: u64,
    /// Whether one is not all there.
    is_cut: bool,
}

impl<J: Fn(&str) -> Verdict> Members<'_, J> {
    fn read(&mut self) -> io::Result<()> {
        let file = File::open(&self.tar)?;
        self.length = file.metadata()?.len();
        let mut archive = Archive::new(file);
        archive.set_ignore_zeros(true);
        for entry in archive.entries_with_seek()? {
            let entry = entry?;
            // Without the zeros of a sparse file.
            let bytes = match entry.header().entry_type().is_gnu_sparse() {
                true => entry.header().entry_size()?,
                false => entry.size(),
            };
            let end = entry.raw_file_position().saturating_add(bytes);
            self.is_cut |= end > self.length;
            self.end = end.saturating_add(BLOCK - 1) / BLOCK * BLOCK;
            self.member(entry);
        }
        // What is cut off behind a member has no other sign.
        if !self.is_cut && self.length < self.end.saturating_add(BLOCK) {
            let reason = "it ends without the mark of a tar's end: it was cut off";
            self.tell("", reason.to_owned());
        }
        Ok(())
    }

    fn member(&mut self, mut entry: Entry<'_, File>) {
        let kind = entry.header().entry_type();
        let bytes = entry.path_bytes().into_owned();
        if kind.is_dir() || bytes.ends_with(b"/") || kind.is_pax_global_extensions() {
            return;
        }
        let name = clean(&bytes);
        let text = match &name {
            Ok(name) => name.clone(),
            Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
        };
        let is_foreign = |part: &str| {
            self.hidden == Hidden::PassedBy && (kinds::is_hidden(part) || kinds::is_foreign(part))
        };
        if name.is_ok() && text.split('/').any(is_foreign) {
            return;
        }
        let range = FileRange {
            path: Arc::clone(&self.tar),
            start: entry.raw_file_position(),
            end: entry.raw_file_position().saturating_add(entry.size()),
        };
        let trouble = match name {
            Err(reason) => Some(reason),
            Ok(_) if kind.is_symlink() || kind.is_hard_link() => {
                Some("a link, which nothing follows within a tar: unpack it")
            }
            Ok(_) if kind.is_gnu_sparse() || is_sparse(&mut entry) => {
                Some("stored as a sparse file, without its zeros: unpack the tar")
            }
            Ok(_) if !kind.is_file() && !kind.is_contiguous() => Some("not a regular file"),
            Ok(_) if range.end > self.length => Some("the tar ends before it does: it was cut off"),
            Ok(_) => None,
        };
        let full = format!("{}{text}", self.prefix);
        let verdict = match (self.judge)(&full) {
            Verdict::Unknown if trouble.is_none() => kinds::look(Verdict::Unknown, &range),
            Verdict::Unknown | Verdict::Tar => Verdict::PassedOver,
            verdict => verdict,
        };
        match (verdict, trouble) {
            (Verdict::Clip, Some(reason)) => self.tell(&text, reason.to_owned()),
            (Verdict::Clip, None) => {
                let found = self.found.entry(full).or_insert((range, 0));
                found.1 += 1;
            }
            (Verdict::PassedOver, _) => kinds::count(&mut self.listing.passed_over, &text),
            _ => {}
        }
    }

    /// Tells of trouble with a member, or where that has no name, with the tar.
    fn tell(&mut self, member: &str, reason: String) {
        let mut path = self.tar.as_os_str().to_owned();
        if !member.is_empty() {
            path.push("/");
            path.push(member.trim_start_matches('/'));
        }
        let path = path.into();
        self.listing.problems.push(Problem { path, reason });
    }

    fn finish(mut self) {
        for (name, (file, times)) in std::mem::take(&mut self.found) {
            if times > 1 {
                let member = name.strip_prefix(self.prefix).unwrap_or(&name);
                let reason = format!(
                    "{times} members have this name: unpack the tar, which leaves the last of them"
                );
                self.tell(member, reason);
                continue;
            }
            self.listing.files.push(Found {
                name: name.into(),
                file,
                segment: None,
            });
        }
    }
}

/// Takes out the members of tars that lie unpacked beside them: they would be there
/// twice.
pub(super) fn refuse_unpacked(base: &Path, listing: &mut Listing) {
    let files = listing.files.iter();
    let (whole, within): (Vec<&Found>, Vec<&Found>) =
        files.partition(|found| found.file.is_whole());
    if within.is_empty() {
        return;
    }
    let whole: HashSet<&str> = whole.into_iter().map(|found| &*found.name).collect();
    let mut unpacked: HashMap<Arc<Path>, String> = HashMap::new();
    for found in within {
        let Some((tar, member)) = names(&found.name, &found.file) else {
            continue;
        };
        let folder = tar.rsplit_once('/').map_or("", |(folder, _)| folder);
        let own = &tar[..tar.len() - ".tar".len()];
        let is_same = |name: &String| {
            let length = |name| std::fs::metadata(base.join(name)).map(|found| found.len());
            whole.contains(&**name)
                && length(name).is_ok_and(|length| length == found.file.end - found.file.start)
        };
        let beside = [folder, own].map(|folder| format!("{folder}/{member}"));
        let beside = beside.map(|name| name.trim_start_matches('/').to_owned());
        if let Some(twin) = beside.into_iter().find(is_same) {
            let tar = Arc::clone(&found.file.path);
            unpacked.entry(tar).or_insert(twin);
        }
    }
    listing
        .files
        .retain(|found| found.file.is_whole() || !unpacked.contains_key(&found.file.path));
    listing
        .problems
        .extend(unpacked.into_iter().map(|(tar, twin)| Problem {
            path: tar.to_path_buf(),
            reason: format!(
                "what is in it lies unpacked beside it ('{twin}'), and would be read twice: move one of the two away"
            ),
        }));
}

/// A member's name without what says nothing; why it can be none.
fn clean(name: &[u8]) -> Result<String, &'static str> {
    let name = str::from_utf8(name).map_err(|_| "its name is not UTF-8: rename it")?;
    let parts = name.split('/').filter(|part| !["", "."].contains(part));
    let parts: Vec<&str> = parts.collect();
    match name.starts_with('/') || parts.contains(&"..") || parts.is_empty() {
        true => Err("its name leads out of the tar"),
        false => Ok(parts.join("/")),
    }
}

/// Whether a member is stored without its zeros in the way of POSIX.
fn is_sparse(entry: &mut Entry<'_, File>) -> bool {
    let Ok(Some(extensions)) = entry.pax_extensions() else {
        return false;
    };
    let mut extensions = extensions.filter_map(Result::ok);
    extensions.any(|extension| extension.key_bytes().starts_with(b"GNU.sparse."))
}

/// Members of tars by their paths, each tar looked into once.
#[derive(Default)]
pub(super) struct Index(HashMap<PathBuf, HashMap<PathBuf, Result<FileRange, String>>>);

impl Index {
    /// What is read of a member, or why nothing is.
    pub fn member(&mut self, tar: &Path, member: &Path) -> Result<FileRange, String> {
        if !self.0.contains_key(tar) {
            self.0.insert(tar.to_path_buf(), members(tar));
        }
        let found = self.0.get(tar).and_then(|members| members.get(member));
        let nothing = || Err("the tar has no such member".to_owned());
        found.cloned().unwrap_or_else(nothing)
    }
}

fn members(tar: &Path) -> HashMap<PathBuf, Result<FileRange, String>> {
    let mut listing = Listing::default();
    list(tar, "", Hidden::Entered, |_| Verdict::Clip, &mut listing);
    let good = listing.files.into_iter();
    let good = good.map(|found| (PathBuf::from(&*found.name), Ok(found.file)));
    let bad = listing.problems.into_iter().map(|problem| {
        let name = problem.path.strip_prefix(tar).map(Path::to_path_buf);
        (name.unwrap_or_default(), Err(problem.reason))
    });
    good.chain(bad).collect()
}
