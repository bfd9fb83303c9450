//! What is drawn over thousands of rows is what livekit-wakeword's preset says.
//!
//! Every check fails with a probability of about one in a million where the
//! draws are right (at most 1.3 where whole numbers count as continuous): below
//! 1 in 10,000 for all of them together. The seed is fixed, so a check that
//! passes once passes always.

use std::sync::Arc;

use wakemill::api::Quiet;
use wakemill::build;
use wakemill::config::Source;
use wakemill::dsp::background::{Background, Noise};
use wakemill::dsp::chain::{Drawn, EffectKind};
use wakemill::dsp::equalizer::{Band, BandKind};
use wakemill::dsp::placement::Placement;
use wakemill::presets;
use wakemill::records::{ClipId, Findings, Provenance};

use crate::bounds::{assert_rate, assert_uniform};
use crate::support::Project;

/// Clips of each of two splits.
const CLIPS: usize = 1_600;
const ROUNDS: usize = 2;
const ROWS: usize = 2 * CLIPS * ROUNDS;
/// Samples of a clip: few, as only what is drawn matters.
const CLIP: usize = 64;

fn bands(row: &Provenance) -> Option<&[Band; 7]> {
    match row.get(EffectKind::Equalizer)? {
        Drawn::Equalizer(bands) => Some(bands),
        other => panic!("{other:?}"),
    }
}

fn amount(row: &Provenance) -> Option<f64> {
    match row.get(EffectKind::Distortion)? {
        Drawn::Distortion(amount) => Some(*amount),
        other => panic!("{other:?}"),
    }
}

fn room(row: &Provenance) -> Option<&str> {
    match row.get(EffectKind::Reverb)? {
        Drawn::Reverb(room) => Some(&room.file),
        other => panic!("{other:?}"),
    }
}

fn noise(row: &Provenance) -> Option<&Background> {
    match row.get(EffectKind::Background)? {
        Drawn::Background(Noise::Repeated(noise)) => Some(noise),
        other => panic!("{other:?}"),
    }
}

fn place(row: &Provenance) -> Option<Placement> {
    match row.get(EffectKind::Place)? {
        Drawn::Place(place) => Some(*place),
        other => panic!("{other:?}"),
    }
}

/// What was drawn, by clip and round: first for the wake words, then for others.
fn draws() -> Vec<Vec<Arc<Provenance>>> {
    let project = Project::small(ROUNDS as u32);
    let path = project.path("config.yaml");
    let loaded = presets::load(&Source {
        set: &["audio.clip_seconds=0.8".to_owned()],
        ..Source::new(&path)
    });
    let build = build::prepare(loaded.unwrap().plan, 1, &Quiet).unwrap();
    let augment = build.augment(&Quiet).unwrap();
    let mut augmenter = augment.augmenter();
    let mut draw = |split: &str| {
        let split = build
            .splits()
            .iter()
            .position(|found| found.name() == split)
            .unwrap();
        let clips = (0..CLIPS).map(|clip| {
            let id = ClipId {
                name: format!("clip_{clip:06}.wav").into(),
                file: "none".into(),
            };
            let rows = augmenter
                .rows(
                    (split, 0),
                    &id,
                    &(0..ROUNDS as u32),
                    &mut vec![0.1; CLIP],
                    &mut Findings::default(),
                    Vec::new,
                )
                .unwrap();
            rows.into_iter().map(|row| row.provenance).collect()
        });
        clips.collect::<Vec<Vec<_>>>()
    };
    let mut draws = draw("positive_train");
    draws.extend(draw("negative_train"));
    draws
}

#[test]
fn rates_and_ranges_are_those_of_the_preset() {
    let clips = draws();
    let rows: Vec<&Provenance> = clips.iter().flatten().map(Arc::as_ref).collect();
    assert_eq!(rows.len(), ROWS);
    equalizers(&rows);
    distortion(&rows);
    sounds(&rows);
    placements(&clips);
    independence(&clips, &rows);
}

fn count(rows: &[&Provenance], happened: impl Fn(&Provenance) -> bool) -> usize {
    rows.iter().filter(|row| happened(row)).count()
}

fn equalizers(rows: &[&Provenance]) {
    let drawn: Vec<&[Band; 7]> = rows.iter().filter_map(|row| bands(row)).collect();
    assert_rate("equalizer", drawn.len(), ROWS, 0.25);
    let centers = [
        (42.0, 95.0),
        (91.0, 204.0),
        (196.0, 441.0),
        (421.0, 948.0),
        (909.0, 2045.0),
        (1957.0, 4404.0),
        (4216.0, 9486.0),
    ];
    let mel = |hz: f64| 2595.0 * (1.0 + hz / 700.0).log10();
    for (band, (low, high)) in centers.into_iter().enumerate() {
        let of = |value: fn(&Band) -> f64| drawn.iter().map(|bands| value(&bands[band])).collect();
        let kind = drawn[0][band].kind;
        let (q_low, q_high) = match kind {
            BandKind::Peaking => (0.5, 5.0),
            BandKind::LowShelf | BandKind::HighShelf => (0.1, 0.999),
        };
        let centers: Vec<f64> = of(|band| band.center_hz);
        let centers = centers.into_iter().map(mel).collect();
        // Mel and back may round.
        assert_uniform("centre in mel", centers, mel(low) - 1e-9, mel(high) + 1e-9);
        assert_uniform("gain", of(|band| band.gain_db), -12.0, 12.0);
        assert_uniform("quality factor", of(|band| band.q), q_low, q_high);
    }
}

fn distortion(rows: &[&Provenance]) {
    let amounts: Vec<f64> = rows.iter().filter_map(|row| amount(row)).collect();
    assert_rate("distortion", amounts.len(), ROWS, 0.25);
    assert_uniform("amount", amounts, 0.01, 0.7);
}

fn sounds(rows: &[&Provenance]) {
    let rooms: Vec<_> = rows.iter().filter_map(|row| room(row)).collect();
    assert_rate("impulse response", rooms.len(), ROWS, 0.5);
    let first = rooms
        .iter()
        .filter(|room| room.ends_with("rirs/a.wav"))
        .count();
    assert_rate("one of two impulse responses", first, rooms.len(), 0.5);

    let noises: Vec<_> = rows.iter().filter_map(|row| noise(row)).collect();
    assert_eq!(noises.len(), ROWS);
    let first: Vec<_> = noises
        .iter()
        .filter(|noise| noise.file.ends_with("backgrounds/a.wav"))
        .collect();
    assert_rate("one of two backgrounds", first.len(), ROWS, 0.5);
    assert_uniform(
        "ratio",
        noises.iter().map(|noise| noise.snr_db).collect(),
        5.0,
        15.0,
    );
    // Round 0 mixes before it places: the clip is still short.
    let starts: Vec<_> = rows
        .iter()
        .filter(|row| place(row).is_some())
        .filter_map(|row| noise(row))
        .filter(|noise| noise.file.ends_with("backgrounds/a.wav"))
        .map(|noise| noise.start as f64)
        .collect();
    assert_uniform("start", starts, 0.0, (2_000 - CLIP) as f64);
}

fn placements(clips: &[Vec<Arc<Provenance>>]) {
    let (wake, other) = clips.split_at(CLIPS);
    let jitters = wake.iter().map(|rounds| match place(&rounds[0]) {
        Some(Placement::End { jitter }) => f64::from(jitter),
        other => panic!("{other:?}"),
    });
    assert_uniform("jitter", jitters.collect(), 0.0, 3_200.0);
    assert!(
        other
            .iter()
            .all(|rounds| place(&rounds[0]) == Some(Placement::Center))
    );
    assert!(clips.iter().all(|rounds| place(&rounds[1]).is_none()));
}

/// Effects come and go independently, in one round and from round to round.
fn independence(clips: &[Vec<Arc<Provenance>>], rows: &[&Provenance]) {
    let both = count(rows, |row| bands(row).is_some() && amount(row).is_some());
    assert_rate("equalizer and distortion", both, ROWS, 1.0 / 16.0);
    let both = count(rows, |row| bands(row).is_some() && room(row).is_some());
    assert_rate("equalizer and reverb", both, ROWS, 1.0 / 8.0);
    let twice = |happened: fn(&Provenance) -> bool| {
        clips
            .iter()
            .filter(|rounds| rounds.iter().all(|row| happened(row)))
            .count()
    };
    assert_rate(
        "equalizer twice",
        twice(|row| bands(row).is_some()),
        2 * CLIPS,
        1.0 / 16.0,
    );
    assert_rate(
        "reverb twice",
        twice(|row| room(row).is_some()),
        2 * CLIPS,
        1.0 / 4.0,
    );
    // The same clip names in two splits draw differently.
    let same = (0..CLIPS).filter(|&clip| {
        let ratio = |clip: usize| noise(&clips[clip][0]).map(|noise| noise.snr_db);
        ratio(clip) == ratio(clip + CLIPS)
    });
    assert_eq!(same.count(), 0);
}
