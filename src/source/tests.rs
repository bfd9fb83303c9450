//! Tests of listings.

use std::fs;

use proptest::prelude::*;

use super::*;

mod tar;

/// A folder with these files in it.
fn tree(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"x").unwrap();
    }
    folder
}

fn names(listing: &Listing) -> Vec<&str> {
    listing.files.iter().map(|found| &*found.name).collect()
}

fn problems(listing: &Listing) -> Vec<&str> {
    listing.problems.iter().map(|p| p.reason.as_str()).collect()
}

#[test]
fn a_folder_is_sorted_by_the_bytes_of_its_names() {
    let folder = tree(&[
        "b.wav",
        "a/z.flac",
        "a.wav",
        "B.WAV",
        "é.mp3",
        "a-b.ogg",
        "notes.txt",
        "wav",
        "c.partial",
    ]);
    let listing = folder_of(&folder);
    assert_eq!(
        names(&listing),
        ["B.WAV", "a-b.ogg", "a.wav", "a/z.flac", "b.wav", "é.mp3"]
    );
    assert!(listing.problems.is_empty());
    for found in &listing.files {
        assert_eq!(&*found.file.path, folder.path().join(&*found.name));
    }
    let wavs = super::folder(folder.path(), Kinds::WavOnly).unwrap();
    assert_eq!(names(&wavs), ["a.wav", "b.wav"]);
}

fn folder_of(folder: &tempfile::TempDir) -> Listing {
    super::folder(folder.path(), Kinds::Any).unwrap()
}

#[test]
fn the_content_decides_where_the_extension_says_nothing() {
    let folder = tree(&[
        "a.wav",
        "a.txt",
        "a.TextGrid",
        "a.json",
        "paper.PDF",
        "table.pdf",
        "nothing",
        "half.wav.partial",
        ".hidden.wav",
        ".Trash-1000/b.wav",
        ".ipynb_checkpoints/b.wav",
        "@eaDir/b.wav",
        "__MACOSX/b.wav",
        "below/note.md",
    ]);
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    write("b.opus", b"OggS\0\x02");
    write("c.clip", b"RIFF\x24\0\0\0WAVEfmt ");
    write("below/d", b"fLaC\0\0");
    write("half.wav.partial", b"RIFF\x24\0\0\0WAVEfmt ");
    let listing = folder_of(&folder);
    assert_eq!(names(&listing), ["a.wav", "b.opus", "below/d", "c.clip"]);
    assert!(listing.problems.is_empty());
    let counts = [("", 1), ("partial", 1), ("pdf", 2)];
    let counts = counts.map(|(extension, files)| (extension.to_owned(), files));
    assert_eq!(listing.passed_over, FilesByExtension(counts.into()));
    let wavs = super::folder(folder.path(), Kinds::WavOnly).unwrap();
    let not_wav = [
        ("", 2),
        ("clip", 1),
        ("opus", 1),
        ("partial", 1),
        ("pdf", 2),
    ];
    let not_wav = not_wav.map(|(extension, files)| (extension.to_owned(), files));
    assert_eq!(wavs.passed_over, FilesByExtension(not_wav.into()));
    let hidden = glob(&format!("{}/.[T]*/*", folder.path().display())).unwrap();
    assert_eq!(names(&hidden), [".Trash-1000/b.wav"]);
    for name in ["a.wav", "b.opus", "below/d", "c.clip", ".hidden.wav"] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    let error = super::folder(folder.path(), Kinds::Any).unwrap_err();
    let said = error.to_string();
    assert!(
        said.ends_with("not read: 1 without extension, 1 .partial, 2 .pdf"),
        "{said}"
    );
}

#[test]
fn a_folder_called_like_a_clip_is_a_folder() {
    let folder = tree(&["x.wav/inner.wav"]);
    let listing = folder_of(&folder);
    assert_eq!(names(&listing), ["x.wav/inner.wav"]);
    assert!(listing.problems.is_empty());
}

#[test]
fn missing_and_empty_folders_are_errors() {
    let folder = tree(&["readme.md"]);
    let place = folder.path();
    let error = super::folder(&place.join("gone"), Kinds::Any).unwrap_err();
    assert!(matches!(error, DiscoverError::MissingFolder(_)));
    let error = super::folder(&place.join("readme.md"), Kinds::Any).unwrap_err();
    assert!(matches!(error, DiscoverError::NotAFolder(_)));
    let error = super::folder(place, Kinds::Any).unwrap_err();
    assert!(
        error.to_string().contains("looked for wav, wave, flac"),
        "{error}"
    );
    assert!(matches!(
        livekit_clips(place).unwrap_err(),
        DiscoverError::Nothing { .. }
    ));
}

#[test]
fn a_glob_matches_relative_names() {
    let folder = tree(&["a/1.wav", "a/2.flac", "a/b/3.wav", "c/4.wav", "a/1.txt"]);
    let list = |pattern: &str| {
        let pattern = format!("{}/{pattern}", folder.path().display());
        let listing = glob(&pattern).unwrap();
        let names: Vec<String> = names(&listing).into_iter().map(str::to_owned).collect();
        names
    };
    assert_eq!(list("a/*"), ["1.wav", "2.flac"]);
    assert_eq!(list("a/*.wav"), ["1.wav"]);
    assert_eq!(list("a/1.wav"), ["1.wav"]);
    assert_eq!(list("*/[14].wav"), ["a/1.wav", "c/4.wav"]);
    assert_eq!(list("**/*.wav"), ["a/1.wav", "a/b/3.wav", "c/4.wav"]);
    let nothing = format!("{}/a/*.mp3", folder.path().display());
    assert!(matches!(
        glob(&nothing).unwrap_err(),
        DiscoverError::Nothing { .. }
    ));
    assert!(matches!(
        glob("/nowhere/at/all/*.wav").unwrap_err(),
        DiscoverError::MissingFolder(_)
    ));
    assert!(matches!(
        glob("a/***").unwrap_err(),
        DiscoverError::Pattern { .. }
    ));
}

#[test]
fn patterns_are_cut_before_the_first_wildcard() {
    assert_eq!(split_pattern("a/b*/c.wav"), ("a", "b*/c.wav"));
    assert_eq!(split_pattern("*.wav"), (".", "*.wav"));
    assert_eq!(split_pattern("/*.wav"), ("/", "*.wav"));
    assert_eq!(split_pattern("/a/b/c.wav"), ("/a/b", "c.wav"));
}

#[test]
fn livekits_clips_match_exactly() {
    let folder = tree(&[
        "clip_000010.wav",
        "clip_000002.wav",
        "clip_000002_r0.wav",
        "clip_000002_r10.wav",
        "clip_000002_r2.wav",
        "clip_000002_r.wav",
        "clip_000002_r1.wav.partial",
        "clip_00002.wav",
        "clip_0000022.wav",
        "clip_00000x.wav",
        "clip_000003.WAV",
        "clip_000003.flac",
        "xclip_000003.wav",
        "clip_00000é.wav",
        "below/clip_000004.wav",
    ]);
    assert_eq!(
        names(&livekit_clips(folder.path()).unwrap()),
        ["clip_000002.wav", "clip_000010.wav"]
    );
    assert_eq!(
        names(&livekit_augmented(folder.path()).unwrap()),
        [
            "clip_000002_r0.wav",
            "clip_000002_r10.wav",
            "clip_000002_r2.wav"
        ]
    );
    fs::create_dir(folder.path().join("clip_000005.wav")).unwrap();
    let listing = livekit_clips(folder.path()).unwrap();
    assert_eq!(problems(&listing), ["a folder, not a file"]);
}

#[cfg(unix)]
mod links {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_and_broken_ones_reported() {
        let elsewhere = tree(&["far.wav"]);
        let folder = tree(&["a.wav"]);
        let link = |target: &Path, name: &str| symlink(target, folder.path().join(name)).unwrap();
        link(&folder.path().join("a.wav"), "link.wav");
        link(elsewhere.path(), "below");
        link(Path::new("gone.wav"), "dangling.wav");
        link(Path::new("gone"), "dangling");
        link(Path::new("gone.txt"), "dangling.txt");
        link(Path::new("self.wav"), "self.wav");
        link(folder.path(), "loop");
        let listing = folder_of(&folder);
        assert_eq!(names(&listing), ["a.wav", "below/far.wav", "link.wav"]);
        let reported: Vec<_> = listing
            .problems
            .iter()
            .map(|p| (p.path.file_name().unwrap().to_str().unwrap(), &*p.reason))
            .collect();
        assert_eq!(reported.len(), 4, "{reported:?}");
        assert_eq!(reported[0].0, "dangling");
        assert_eq!(reported[1].0, "dangling.wav");
        assert!(reported[1].1.contains("not there"));
        assert_eq!(reported[2].0, "loop");
        assert!(reported[2].1.contains("leads back"));
        assert_eq!(reported[3].0, "self.wav");
    }

    #[test]
    fn names_that_are_not_utf8_are_reported() {
        let folder = tree(&["a.wav"]);
        for name in [&b"caf\xe9.wav"[..], b"\xff.txt"] {
            fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), b"x").unwrap();
        }
        let listing = folder_of(&folder);
        assert_eq!(names(&listing), ["a.wav"]);
        assert_eq!(problems(&listing), ["its name is not UTF-8: rename it"]);
    }

    #[test]
    fn pipes_are_reported() {
        let folder = tree(&["a.wav"]);
        let pipe = folder.path().join("pipe.wav");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        if made.is_ok_and(|status| status.success()) {
            assert_eq!(problems(&folder_of(&folder)), ["not a regular file"]);
        }
    }
}

fn listed(folder: &tempfile::TempDir, text: impl AsRef<[u8]>) -> Result<Listing, DiscoverError> {
    let path = folder.path().join("clips.m3u");
    fs::write(&path, text).unwrap();
    list(&path)
}

#[test]
fn a_list_names_files_relative_to_itself() {
    let folder = tree(&["b.wav", "below/a.wav", "raw.bin", "with space .wav"]);
    let text = "\u{FEFF}#EXTM3U\r\nbelow/a.wav\r\n\r\n  \n./b.wav\n# raw\nraw.bin\nwith space .wav";
    let listing = listed(&folder, text).unwrap();
    assert_eq!(
        names(&listing),
        ["b.wav", "below/a.wav", "raw.bin", "with space .wav"]
    );
    assert_eq!(&*listing.files[0].file.path, folder.path().join("b.wav"));
    let absolute = folder.path().join("b.wav");
    let listing = listed(&folder, absolute.to_str().unwrap()).unwrap();
    assert_eq!(&*listing.files[0].file.path, absolute);
}

#[test]
fn what_a_list_names_and_is_not_there_is_a_problem() {
    let folder = tree(&["a.wav", "below/b.wav"]);
    let listing = listed(&folder, "gone.wav\na.wav\nbelow\n\0.wav\n").unwrap();
    assert_eq!(names(&listing), ["a.wav"]);
    assert_eq!(listing.problems.len(), 3);
    assert!(problems(&listing)[1].contains("not a regular file"));
}

#[test]
fn broken_lists_are_errors_that_name_the_line() {
    let folder = tree(&["a.wav"]);
    let error = listed(&folder, "a.wav\n#\n./a.wav\n").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("'a.wav' is in line 1 and again in line 3"),
        "{error}"
    );
    let error = listed(&folder, b"a.wav\ncaf\xe9.wav\n").unwrap_err();
    assert!(error.to_string().ends_with("line 2: not UTF-8"), "{error}");
    assert!(matches!(
        listed(&folder, "# nothing\n\n").unwrap_err(),
        DiscoverError::Nothing { .. }
    ));
    assert!(list(&folder.path().join("gone.txt")).is_err());
    assert!(list(folder.path()).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_a_list_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for parts in [false, true] {
            if let Ok(names) = list::lines(Path::new("list"), &*bytes, parts) {
                let label = |(name, part): &list::Line| format!("{name} {part:?}");
                let unique: std::collections::HashSet<_> = names.iter().map(label).collect();
                prop_assert_eq!(unique.len(), names.len());
                for (name, _) in &names {
                    prop_assert!(!name.is_empty() && !name.contains('\n'));
                }
            }
        }
    }

    #[test]
    fn any_pattern_is_cut_into_what_it_was(pattern in "[a-c/*?\\[\\]]{1,12}") {
        let (base, rest) = split_pattern(&pattern);
        let joined = Path::new(base).join(rest);
        prop_assert!(joined == Path::new(&pattern) || joined == Path::new(".").join(&pattern));
        let _ = Pattern::new(rest);
    }
}

#[test]
fn lines_of_a_list_mean_what_a_shell_would_make_of_them() {
    let folder = tree(&["$HERE/a.wav"]);
    let list = folder.path().join("clips.txt");
    let read = |line: &str| {
        fs::write(&list, format!("# clips\n{line}\n")).unwrap();
        super::list::list(&list)
    };
    assert_eq!(names(&read("$HERE/a.wav").unwrap()), ["$HERE/a.wav"]);
    for line in ["$GONE/a.wav", "x/${GONE}.wav", "~nobody/a.wav"] {
        let error = read(line).unwrap_err().to_string();
        assert!(
            error.contains("line 2") && error.contains("write the path out"),
            "{error}"
        );
    }
    let home = std::env::home_dir().unwrap();
    let gone = read("~/surely/not/there.wav").unwrap();
    assert!(
        gone.problems[0].path.starts_with(home),
        "{:?}",
        gone.problems[0].path
    );
}
