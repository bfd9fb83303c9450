//! `report.html`: what went into a data set, and where its time went.
//!
//! One file that needs nothing else: charts as SVG, drawn by `plotters` (its
//! SVG is text that a style sheet can color for light and dark, where a
//! charting script would have to be carried along whole), spectrograms and
//! audio inside. What it says of the data set is counted at the end from
//! `rows.jsonl` and `quarantine.jsonl`, line by line, so that it covers a
//! resumed build too and costs the flow nothing.

mod census;
mod chart;
mod examples;
mod page;
mod timeline;
mod words;

use std::path::Path;

use crate::dataset::jsonl::JsonlError;
use crate::dataset::layout::REPORT_FILE;
use crate::dataset::partial::{PartialFile, WriteError};
use crate::dataset::statistics::Statistics;
use crate::frontend::FrontEnd;
use crate::runtime::ModelError;

pub use timeline::Timeline;

use crate::build::Build;
use crate::build::render::Renderer;
use crate::dataset::Dataset;
use census::{LeftOut, Lengths};
use chart::ChartError;
use examples::Example;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file that was just written cannot be read.
    #[error(transparent)]
    Read(#[from] JsonlError),
    /// A network for the spectrograms cannot be had.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A chart cannot be drawn.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// The report cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What a report is made from.
pub struct Facts<'a> {
    pub build: &'a Build,
    pub dataset: &'a Dataset,
    pub timeline: &'a Timeline<'a>,
    pub front_end: &'a FrontEnd,
}

/// Everything that is on the page.
struct Content<'a> {
    facts: Facts<'a>,
    /// Nothing where `rows.jsonl` is not written.
    rows: Option<Statistics>,
    left_out: LeftOut,
    lengths: Lengths,
    examples: Vec<Example>,
}

/// Writes the report of a data set whose files are complete.
pub fn write(folder: &Path, facts: Facts<'_>, renderer: Renderer) -> Result<(), ReportError> {
    let (plan, inputs) = (&facts.build.plan, &facts.build.inputs);
    let rows = match plan.output_files.rows {
        true => Some(Statistics::read(folder, plan, &facts.dataset.sounds)?),
        false => None,
    };
    let content = Content {
        rows,
        left_out: LeftOut::read(folder)?,
        lengths: Lengths::look(inputs, plan.audio.window_seconds()),
        examples: examples::pick(facts.build, facts.front_end, renderer)?,
        facts,
    };
    let html = page::html(&content)?;
    let mut file = PartialFile::create(&folder.join(REPORT_FILE), &[])?;
    file.append(html.as_bytes())?;
    file.finish(&[])?;
    Ok(())
}
