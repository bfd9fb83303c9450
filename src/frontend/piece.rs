//! The rows of a piece of a recording, which share most of their samples.
//!
//! Each is the row of the clip that its window is. Where the floor of none bites
//! in it, one pass over the piece computes them all; a row that it bites in is
//! computed alone, and all are where it bites in more than a quarter. So how a row
//! is computed depends on the recording alone. With the floor of the detector all
//! share one spectrogram: it is taken of the same frames for each.

use crate::records::{MelPart, Piece};
use crate::runtime::ModelError;

use super::features::FeatureSpec;
use super::net::Net;
use super::spec::Floor;
use super::speech::BANDS;
use super::speech::EMBEDDING;
use super::speech::native::{HOP, STRIDE, bites, floor, frames, scale, windows};
use super::stream::LEAD;

/// One row in so many may have a floor that bites, for the others to be computed
/// in one pass.
const BITTEN_ONE_IN: usize = 4;

/// The spectrograms of the rows of a piece that are kept.
///
/// # Errors
/// Where the runtime fails.
pub fn mel(
    net: &mut dyn Net,
    features: &FeatureSpec,
    piece: &Piece<Vec<f32>>,
) -> Result<Vec<MelPart>, ModelError> {
    let Piece {
        window,
        hop,
        kept,
        values: audio,
        ..
    } = piece;
    let rows: Vec<usize> = (0..kept.len()).filter(|row| kept[*row]).collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    if features.floor == Floor::Stream {
        return stream(net, piece, rows);
    }
    let mut levels = Vec::new();
    if !net.run_whole(audio, &mut levels)? {
        let windows: Vec<&[f32]> = rows
            .iter()
            .map(|row| &audio[row * hop..][..*window])
            .collect();
        let mut out = vec![Vec::new(); rows.len()];
        net.run(&windows, &mut out)?;
        let parts = rows.into_iter().zip(out);
        return Ok(parts.map(|(row, frames)| alone(row, frames)).collect());
    }
    let of = |row: usize| row_of(piece, &levels, row);
    let bitten: Vec<bool> = (0..kept.len()).map(|row| bites(of(row))).collect();
    let many = bitten.iter().filter(|bitten| **bitten).count() * BITTEN_ONE_IN > kept.len();
    let together = kept.len() > 1 && hop <= window && !many;
    let mut parts = Vec::new();
    for &row in rows.iter().filter(|row| !together || bitten[**row]) {
        let mut frames = of(row).to_vec();
        floor(&mut frames);
        parts.push(alone(row, frames));
    }
    let rest: Vec<usize> = rows
        .into_iter()
        .filter(|row| together && !bitten[*row])
        .collect();
    if !rest.is_empty() {
        scale(&mut levels);
        parts.push(MelPart {
            rows: rest,
            whole: true,
            frames: levels,
        });
    }
    Ok(parts)
}

/// The same with the floor of the detector.
fn stream(
    net: &mut dyn Net,
    piece: &Piece<Vec<f32>>,
    rows: Vec<usize>,
) -> Result<Vec<MelPart>, ModelError> {
    let audio = &piece.values;
    if piece.kept.len() > 1 && piece.hop <= piece.window {
        let mut out = [Vec::new()];
        net.run(&[audio], &mut out)?;
        let [mut frames] = out;
        frames.drain(..piece.lead / HOP * BANDS);
        return Ok(vec![MelPart {
            rows,
            whole: true,
            frames,
        }]);
    }
    // In front of every other row than the first lies what it is heard after.
    let lead = |row: usize| if row == 0 { piece.lead } else { LEAD };
    let of = |row: &usize| {
        let start = piece.lead + row * piece.hop;
        &audio[start - lead(*row)..start + piece.window]
    };
    let mut out = vec![Vec::new(); rows.len()];
    net.run(&rows.iter().map(of).collect::<Vec<_>>(), &mut out)?;
    let parts = rows.into_iter().zip(out).map(|(row, mut frames)| {
        frames.drain(..lead(row) / HOP * BANDS);
        alone(row, frames)
    });
    Ok(parts.collect())
}

/// The frames of a row among those of its piece.
fn row_of<'a, T>(piece: &Piece<T>, all: &'a [f32], row: usize) -> &'a [f32] {
    &all[row * piece.hop / HOP * BANDS..][..frames(piece.window) * BANDS]
}

fn alone(row: usize, frames: Vec<f32>) -> MelPart {
    MelPart {
        rows: vec![row],
        whole: false,
        frames,
    }
}

/// The features of the rows that are kept, in order.
///
/// # Errors
/// Where the runtime fails.
pub fn embed(
    net: &mut dyn Net,
    features: &FeatureSpec,
    piece: &Piece<Vec<MelPart>>,
) -> Result<Vec<Vec<f32>>, ModelError> {
    let mut made: Vec<(usize, Vec<f32>)> = Vec::new();
    for part in &piece.values {
        let mut all = Vec::new();
        let is_whole = part.whole && net.run_whole(&part.frames, &mut all)?;
        if is_whole {
            let count = windows(frames(piece.window));
            let kept = features.timesteps.unwrap_or(count).min(count);
            for &row in &part.rows {
                let first = row * piece.hop / (HOP * STRIDE) + count - kept;
                made.push((row, all[first * EMBEDDING..][..kept * EMBEDDING].to_vec()));
            }
            continue;
        }
        let of = |row: &usize| match part.whole {
            true => row_of(piece, &part.frames, *row),
            false => &part.frames[..],
        };
        let mut out = vec![Vec::new(); part.rows.len()];
        net.run(&part.rows.iter().map(of).collect::<Vec<_>>(), &mut out)?;
        made.extend(part.rows.iter().copied().zip(out));
    }
    made.sort_by_key(|(row, _)| *row);
    let rows = made.into_iter().map(|(_, mut row)| {
        features.fit(&mut row);
        row
    });
    Ok(rows.collect())
}
