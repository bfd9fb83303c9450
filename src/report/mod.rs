//! `report.html`: what went into a data set, and where its time went.
//!
//! One file that needs nothing else: charts as SVG, drawn by `plotters` (its
//! SVG is text that a style sheet can color for light and dark, where a
//! charting script would have to be carried along whole), spectrograms and
//! audio inside. What it says of the data set is counted at the end from
//! `rows.jsonl` and `quarantine.jsonl`, line by line, so that it covers a
//! resumed build too and costs the flow nothing.

mod audited;
mod census;
mod chart;
mod examples;
mod page;
mod words;

use std::path::PathBuf;

use crate::dataset::folder::is_there;
use crate::dataset::jsonl::JsonlError;
use crate::dataset::layout::REPORT_FILE;
use crate::dataset::partial::{PartialFile, WriteError};
use crate::dataset::statistics::Statistics;

use crate::build::{BuildError, Built, Ready};
use crate::flow::both;
use audited::AuditFound;
use census::{LeftOut, Lengths};
use chart::ChartError;
use examples::Example;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file that was just written cannot be read.
    #[error(transparent)]
    Read(#[from] JsonlError),
    /// Somebody has put one there since the build began.
    #[error("{} was put there by something else", .0.display())]
    Foreign(PathBuf),
    /// Rows cannot be made again.
    #[error(transparent)]
    Render(#[from] BuildError),
    /// A chart cannot be drawn.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// The report cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Everything that is on the page.
struct Content<'a> {
    ready: &'a Ready,
    built: &'a Built,
    /// Nothing where `rows.jsonl` is not written.
    rows: Option<Statistics>,
    left_out: LeftOut,
    lengths: Lengths,
    examples: Vec<Example>,
    audit: AuditFound,
}

/// Writes the report of a data set that was just built, into its folder.
///
/// # Errors
/// [`ReportError`]: the data set is none the worse for it.
pub fn write(ready: &Ready, built: &Built) -> Result<(), ReportError> {
    let plan = ready.plan();
    let folder = built.folder();
    let path = folder.join(REPORT_FILE);
    if is_there(&path) {
        return Err(ReportError::Foreign(path));
    }
    let used = &built.dataset.sounds;
    let statistics = || {
        plan.output_files
            .rows
            .then(|| Statistics::read(folder, plan, used))
    };
    let lengths = || Lengths::look(ready, folder);
    let counted = || (statistics(), LeftOut::read(folder), lengths());
    // Not the sounds of both at once, which may be of minutes.
    let sounds = || (examples::pick(ready), AuditFound::read(folder, ready));
    let ((rows, left_out, lengths), (examples, audit)) = both(counted, sounds);
    let content = Content {
        ready,
        built,
        rows: rows.transpose()?,
        left_out: left_out?,
        lengths,
        examples: examples?,
        audit: audit?,
    };
    let mut file = PartialFile::create(&path, &[])?;
    page::html(&content, &mut |part| file.append(part.as_bytes()))?;
    file.finish(&[])?;
    Ok(())
}
