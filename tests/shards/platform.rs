//! The same bytes on every host of one platform: whatever variants the C library
//! chooses by the processor, and whatever more than AVX2 a processor has.

use std::process::Command;

use super::support::{PROGRAM, Site, assert_same, errors};

/// Every effect on, and sounds at other rates.
const ALL: &str = "[augment.equalizer]\nprobability = 1.0\n[augment.distortion]\nprobability = 1.0\n\
    [augment.pitch_shift]\nprobability = 1.0\n[augment.band_stop]\nprobability = 1.0\n\
    [augment.colored_noise]\nprobability = 1.0\n[augment.reverb]\nprobability = 1.0\n\
    [augment.gain]\nprobability = 1.0\n";

const CHAIN: &str = "augment.chain=[\"equalizer\",\"distortion\",\"pitch_shift\",\"band_stop\",\"colored_noise\",\"reverb\",\"background\",\"gain\",\"place\"]";

/// Clips at several rates, and of coded formats.
fn site() -> Site {
    let site = Site::pipeline(5, ALL);
    for (index, rate) in [8_000, 22_050, 44_100, 48_000].into_iter().enumerate() {
        super::sounds::tone(&site.path(&format!("wake/{rate}.wav")), index, rate, 20_000);
    }
    let quickstart = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/quickstart");
    for name in [
        "wake/05_caribbean.flac",
        "wake/07_new_york.mp3",
        "wake/09_west_midlands.ogg",
        "wake/10_female_rp.m4a",
    ] {
        std::fs::copy(quickstart.join(name), site.path(name)).unwrap();
    }
    std::fs::copy("tests/golden/audio/opus.ogg", site.path("wake/opus.ogg")).unwrap();
    site
}

/// The names of the C library's switches, as far as it has them.
fn tunables() -> Vec<String> {
    let loader = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-x86-64.so.2"];
    let list = loader.iter().find_map(|path| {
        let output = Command::new(path).arg("--list-tunables").output().ok()?;
        output.status.success().then_some(output.stdout)
    });
    let list = String::from_utf8(list.unwrap_or_default()).unwrap();
    match list.contains("glibc.cpu.hwcaps") {
        // The names of older and of newer releases; one that is unknown is passed over.
        true => ["-AVX2_Usable,-FMA_Usable,-AVX2,-FMA,-FMA4,-AVX512F,-ERMS"]
            .map(|caps| format!("glibc.cpu.hwcaps={caps}"))
            .to_vec(),
        false => Vec::new(),
    }
}

#[test]
fn the_variants_of_the_c_library_change_no_byte() {
    let tunables = tunables();
    if tunables.is_empty() {
        eprintln!("NOT RUN: this C library has no glibc.cpu.hwcaps");
        return;
    }
    let site = site();
    site.does("run", &["--set", CHAIN]);
    let expected = site.made();
    for tunable in tunables {
        site.clear();
        let mut run = site.command("run", &["--set", CHAIN]);
        let run = run.env("GLIBC_TUNABLES", &tunable).output().unwrap();
        assert!(run.status.success(), "{}", errors(&run));
        assert_same(&site.made(), &expected, &tunable);
    }
}

#[test]
fn a_processor_with_avx2_alone_makes_the_same_bytes() {
    let emulator = "qemu-x86_64";
    if !cfg!(target_arch = "x86_64") || Command::new(emulator).arg("--version").output().is_err() {
        eprintln!("NOT RUN: there is no {emulator} (Debian: qemu-user)");
        return;
    }
    let site = site();
    site.does("run", &["--set", CHAIN]);
    let expected = site.made();
    site.clear();
    // Haswell has AVX2 and FMA, and no AVX-512.
    let mut run = Command::new(emulator);
    run.args(["-cpu", "Haswell-noTSX", PROGRAM, "run"])
        .arg(site.path("pipeline.toml"));
    let run = run
        .args(["--set", CHAIN, "--progress", "none"])
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", errors(&run));
    assert_same(&site.made(), &expected, "Haswell");
}
