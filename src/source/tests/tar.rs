//! Tars as folders.

use std::path::Path;

use ::tar::{Builder, EntryType, Header};

use super::*;

/// What audio begins with.
const WAVE: &[u8] = b"RIFF\x24\0\0\0WAVEfmt ";

/// A member of a type with a name of any bytes.
fn member(tar: &mut Builder<Vec<u8>>, name: &[u8], kind: EntryType, content: &[u8]) {
    let mut header = Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    if kind.is_symlink() || kind.is_hard_link() {
        header.set_link_name("a.wav").unwrap();
    }
    header.set_cksum();
    tar.append(&header, content).unwrap();
}

fn files(names: &[&str]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for name in names {
        member(&mut tar, name.as_bytes(), EntryType::Regular, WAVE);
    }
    tar.into_inner().unwrap()
}

/// Problems with where they are, from the folder on.
fn troubles(listing: &Listing, folder: &Path) -> Vec<(String, String)> {
    let trouble = |problem: &Problem| {
        let path = problem.path.strip_prefix(folder).unwrap_or(&problem.path);
        (path.display().to_string(), problem.reason.clone())
    };
    listing.problems.iter().map(trouble).collect()
}

#[test]
fn a_tar_is_as_a_folder_of_its_name() {
    let folder = tree(&["b.wav", "z/c.wav"]);
    let mut tar = Builder::new(Vec::new());
    let all: [(&[u8], EntryType, &[u8]); 17] = [
        (b"./", EntryType::Directory, b""),
        (b"./a.wav", EntryType::Regular, WAVE),
        (b"deep//b.clip", EntryType::Regular, WAVE),
        (b"a.json", EntryType::Regular, b"{}"),
        (b"d.pdf", EntryType::Regular, b"%PDF"),
        (b"inner.tar", EntryType::Regular, b"x"),
        (b"._a.wav", EntryType::Regular, WAVE),
        (b".git/x.wav", EntryType::Regular, WAVE),
        (b"__MACOSX/x.wav", EntryType::Regular, WAVE),
        (b"link.wav", EntryType::Symlink, b""),
        (b"hard.wav", EntryType::Link, b""),
        (b"link.pdf", EntryType::Symlink, b""),
        (b"pipe.wav", EntryType::Fifo, b""),
        (b"../out.wav", EntryType::Regular, WAVE),
        (b"/etc/out.wav", EntryType::Regular, WAVE),
        (b"bad\xff.wav", EntryType::Regular, WAVE),
        (b"empty.wav", EntryType::Regular, b""),
    ];
    for (name, kind, content) in all {
        member(&mut tar, name, kind, content);
    }
    for _ in 0..2 {
        member(&mut tar, b"twice.wav", EntryType::Regular, WAVE);
    }
    let long = format!("{}/l.wav", "long".repeat(50));
    let mut header = Header::new_gnu();
    header.set_size(WAVE.len() as u64);
    tar.append_data(&mut header, &long, WAVE).unwrap();
    let sizes = [("GNU.sparse.major", &b"1"[..])];
    tar.append_pax_extensions(sizes).unwrap();
    member(&mut tar, b"sparse.wav", EntryType::Regular, WAVE);
    let bytes = tar.into_inner().unwrap();
    let path = folder.path().join("z/x.TAR");
    fs::write(&path, &bytes).unwrap();

    let listing = folder_of(&folder);
    let long = format!("z/x.TAR/{long}");
    let expected = [
        "b.wav",
        "z/c.wav",
        "z/x.TAR/a.wav",
        "z/x.TAR/deep/b.clip",
        "z/x.TAR/empty.wav",
        &long,
    ];
    assert_eq!(names(&listing), expected);
    for found in &listing.files[2..] {
        let range = found.file.start as usize..found.file.end as usize;
        let content = if range.is_empty() { &[][..] } else { WAVE };
        assert!(bytes[range] == *content, "{}", found.name);
        assert_eq!(&*found.file.path, path);
    }
    let counts = [("pdf", 2), ("tar", 1)];
    let counts = counts.map(|(extension, files)| (extension.to_owned(), files));
    assert_eq!(listing.passed_over, FilesByExtension(counts.into()));
    let troubles = troubles(&listing, folder.path());
    let said = |name: &str| {
        let found = troubles.iter().find(|(path, _)| path.ends_with(name));
        found.map_or("", |(_, reason)| reason)
    };
    assert_eq!(troubles.len(), 8, "{troubles:?}");
    for (name, reason) in [
        ("link.wav", "a link"),
        ("hard.wav", "a link"),
        ("pipe.wav", "not a regular file"),
        ("../out.wav", "leads out of the tar"),
        ("x.TAR/etc/out.wav", "leads out of the tar"),
        ("bad\u{FFFD}.wav", "not UTF-8"),
        ("twice.wav", "2 members have this name"),
        ("sparse.wav", "sparse"),
    ] {
        assert!(said(name).contains(reason), "{name}: {:?}", said(name));
    }

    // As an input, by a pattern and in a list it is the same.
    let prefix = |listing: &Listing| {
        let of = listing.files.iter().filter(|found| !found.file.is_whole());
        let tail = |found: &Found| found.name.split_once("x.TAR/").unwrap().1.to_owned();
        of.map(tail).collect::<Vec<_>>()
    };
    let expected = prefix(&listing);
    let alone = super::folder(&path, Kinds::Any).unwrap();
    assert!(names(&alone).iter().all(|name| name.starts_with("x.TAR/")));
    let pattern = glob(&format!("{}/*/*.TAR", folder.path().display())).unwrap();
    let of_list = folder.path().join("all.txt");
    fs::write(&of_list, "z/x.TAR\n").unwrap();
    for listing in [&alone, &pattern, &list(&of_list).unwrap()] {
        assert_eq!(prefix(listing), expected);
        assert_eq!(listing.problems.len(), 8);
    }
    let within = glob(&format!("{}/z/x.TAR/d*/*", folder.path().display())).unwrap();
    assert_eq!(names(&within), ["deep/b.clip"]);
    assert!(super::folder(&path, Kinds::WavOnly).is_err());
}

#[test]
fn a_tar_cut_anywhere_is_told() {
    let folder = tree(&["other.wav"]);
    let path = folder.path().join("x.tar");
    let whole = files(&["a.wav", "b.wav"]);
    // Two blocks a member, and two that are its end.
    assert_eq!(whole.len(), 6 * 512);
    for cut in (0..=whole.len()).step_by(64).chain([1, 511, 513]) {
        fs::write(&path, &whole[..cut]).unwrap();
        let listing = folder_of(&folder);
        let members = listing.files.len() - 1;
        let whole_ones = [512 + WAVE.len(), 1536 + WAVE.len()];
        let expected = whole_ones.iter().filter(|end| cut >= **end).count();
        assert_eq!(members, expected, "{cut}");
        // A single block of zeros is taken for the end of all.
        let is_whole = cut >= 5 * 512 && cut % 512 == 0;
        assert_eq!(listing.problems.is_empty(), is_whole, "{cut}");
    }
    let joined = [whole.clone(), files(&["c.wav"])].concat();
    fs::write(&path, &joined).unwrap();
    let listing = folder_of(&folder);
    assert_eq!((listing.files.len(), listing.problems.len()), (4, 0));
    let damaged = [whole.clone(), vec![7; 2048]].concat();
    for (bytes, files, said) in [
        (damaged, 3, "damaged behind byte 2048"),
        (b"no tar".repeat(200), 1, "not a tar"),
        (b"\x1f\x8b\x08\0".repeat(200), 1, "compressed tar"),
        (Vec::new(), 1, "cut off"),
    ] {
        fs::write(&path, bytes).unwrap();
        let listing = folder_of(&folder);
        assert_eq!(listing.files.len(), files, "{said}");
        let told = troubles(&listing, folder.path());
        assert!(
            matches!(&*told, [(name, reason)] if name == "x.tar" && reason.contains(said)),
            "{told:?}"
        );
    }
}

#[test]
fn a_compressed_tar_is_refused_by_name() {
    let folder = tree(&["x.tar.gz", "x.tgz", "x.tar.zst", "list.txt"]);
    for (name, tool) in [
        ("x.tar.gz", "gunzip"),
        ("x.tgz", "gunzip"),
        ("x.tar.zst", "unzstd"),
    ] {
        let error = super::folder(&folder.path().join(name), Kinds::Any).unwrap_err();
        let said = error.to_string();
        assert!(said.contains(name) && said.contains(tool), "{said}");
        fs::write(folder.path().join("list.txt"), name).unwrap();
        let listing = list(&folder.path().join("list.txt")).unwrap();
        assert!(problems(&listing)[0].contains(tool));
    }
    let said = super::folder(folder.path(), Kinds::Any).unwrap_err();
    let said = said.to_string();
    assert!(
        said.contains(".tar.gz") && said.contains("gunzip"),
        "{said}"
    );
}

#[test]
fn a_tar_that_lies_unpacked_beside_itself_is_refused() {
    for beside in ["a.wav", "x/a.wav"] {
        let folder = tree(&["c.wav"]);
        fs::write(folder.path().join("x.tar"), files(&["a.wav", "b.wav"])).unwrap();
        assert_eq!(folder_of(&folder).files.len(), 3);
        let path = folder.path().join(beside);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Of the same name and another length, it is another.
        fs::write(&path, b"x").unwrap();
        assert_eq!(folder_of(&folder).files.len(), 4);
        fs::write(&path, WAVE).unwrap();
        let listing = folder_of(&folder);
        let mut expected = [beside, "c.wav"];
        expected.sort_unstable();
        assert_eq!(names(&listing), expected);
        let told = troubles(&listing, folder.path());
        assert!(
            matches!(&*told, [(name, reason)] if name == "x.tar" && reason.contains(beside)),
            "{told:?}"
        );
    }
}

#[test]
fn lines_of_a_list_name_members_and_their_times() {
    let folder = tree(&[]);
    fs::write(folder.path().join("x.tar"), files(&["a.wav", "d/b.wav"])).unwrap();
    let path = folder.path().join("list.txt");
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        segments(&path)
    };
    let listing = read("x.tar/d/b.wav\nx.tar/a.wav\t0\t1\nx.tar/a.wav\t2\t3\n").unwrap();
    assert_eq!(
        names(&listing),
        ["x.tar/a.wav", "x.tar/a.wav", "x.tar/d/b.wav"]
    );
    let listing = read("x.tar/none.wav\nx.tar\t1\t2\n").unwrap();
    let said = problems(&listing).join("\n");
    assert!(listing.files.is_empty());
    assert!(said.contains("no such member") && said.contains("a tar has no times"));
    let said = read("x.tar\nx.tar/a.wav\n").unwrap_err().to_string();
    assert!(said.contains("'x.tar/a.wav' is named alone"), "{said}");

    // What is left out names a member, or all of them.
    let entries = read("x.tar").unwrap().into_entries(folder.path());
    let left_out = |text: &str| {
        let elsewhere = tree(&[]);
        let path = elsewhere.path().join("out.txt");
        fs::write(
            &path,
            text.replace("HERE", &folder.path().display().to_string()),
        )
        .unwrap();
        let excluded = exclude::Excluded::read(&path).unwrap();
        assert!(excluded.unmatched(&entries).is_empty(), "{text}");
        let of = |entry: &Entry| excluded.of(entry).len();
        [of(&entries[0]), of(&entries[1])]
    };
    assert_eq!(left_out("x.tar/d/b.wav\t0\t1\n"), [0, 1]);
    assert_eq!(left_out("x.tar\nx.tar/a.wav\t0\t1\n"), [2, 1]);
    assert_eq!(left_out("HERE/x.tar/a.wav\n"), [1, 0]);
    assert_eq!(left_out("HERE/x.tar\n"), [1, 1]);
}
