//! Charts as SVG, whose colors are left to the page's style sheet.
//!
//! A color is a name here: `#010000` is ink, `#020000` the grid, `#10000N` the
//! N-th series. The style sheet gives each a value for light and for dark.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::register_font;

use crate::dataset::statistics::Histogram;

/// Half a desktop page, and not too wide for a phone.
const SIZE: (u32, u32) = (520, 270);
/// Most columns of a chart: many more would be thinner than a pixel.
const MOST_COLUMNS: usize = 300;
const FONT: &str = "sans-serif";
const FONT_SIZE: u32 = 15;

const INK: RGBColor = RGBColor(1, 0, 0);
const GRID: RGBColor = RGBColor(2, 0, 0);

/// The color of the N-th series.
fn series(n: usize) -> RGBColor {
    RGBColor(16, 0, n as u8)
}

/// A chart could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw a chart: {0}")]
pub struct ChartError(String);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;
type Plane<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// What an axis is called, how far it goes, and how its numbers look.
pub(super) struct Axis<'a> {
    pub name: &'a str,
    pub range: Range<f64>,
    pub format: &'a dyn Fn(&f64) -> String,
}

/// Lines over a common axis; the N-th has the N-th color.
pub(super) fn lines(x: &Axis, y: &Axis, lines: &[Vec<(f64, f64)>]) -> Result<String, ChartError> {
    draw(|area| {
        let mut plane = plane(area, x, y)?;
        for (n, points) in lines.iter().enumerate() {
            let style = series(n).stroke_width(2);
            plane.draw_series(LineSeries::new(points.iter().copied(), style))?;
        }
        Ok(())
    })
}

/// A histogram, with a line at one value.
pub(super) fn histogram(
    histogram: &Histogram,
    name: &str,
    rows: &str,
    mark: Option<f64>,
) -> Result<String, ChartError> {
    let most = histogram.counts.iter().copied().max().unwrap_or(0);
    let x = Axis {
        name,
        range: histogram.from..histogram.to(),
        format: &short,
    };
    let y = counted(rows, most as f64);
    let bars = histogram.counts.iter().enumerate().map(|(n, count)| {
        let from = histogram.from + n as f64 * histogram.width;
        (from, from + 0.9 * histogram.width, *count as f64)
    });
    let mark = mark.filter(|at| x.range.contains(at));
    draw(|area| {
        let mut plane = plane(area, &x, &y)?;
        plane.draw_series(bars.clone().map(bar))?;
        let line = mark.map(|at| vec![(at, 0.0), (at, y.range.end)]);
        plane.draw_series(line.map(|line| PathElement::new(line, INK.stroke_width(2))))?;
        Ok(())
    })
}

/// Counts beside each other, and the count that each would have if they were
/// all alike. Many counts share a column, [`to_a_column`], which is as high as
/// their average.
pub(super) fn counts(counts: &[u64], name: &str, each: &str) -> Result<String, ChartError> {
    let x = Axis {
        name,
        range: 0.0..counts.len().max(1) as f64,
        format: &short,
    };
    let width = to_a_column(counts.len());
    let columns: Vec<f64> = counts.chunks(width).map(mean).collect();
    let y = counted(each, columns.iter().copied().fold(0.0, f64::max));
    let mean = mean(counts);
    let gap = if counts.len() <= 60 { 0.85 } else { 1.0 };
    let bars = columns.iter().enumerate().map(|(n, height)| {
        let from = (n * width) as f64;
        (from, (from + gap * width as f64).min(x.range.end), *height)
    });
    draw(|area| {
        let mut plane = plane(area, &x, &y)?;
        plane.draw_series(bars.clone().map(bar))?;
        let line = vec![(0.0, mean), (x.range.end, mean)];
        plane.draw_series([PathElement::new(line, INK.stroke_width(2))])?;
        Ok(())
    })
}

/// How many of so many counts share a column.
pub(super) fn to_a_column(counts: usize) -> usize {
    counts.div_ceil(MOST_COLUMNS).max(1)
}

/// A number as short as it can be without a loss that is seen.
pub(super) fn short(value: &f64) -> String {
    let value = *value;
    if value.abs() >= 1e6 {
        format!("{}M", short(&(value / 1e6)))
    } else if value.abs() >= 1e4 {
        format!("{}k", short(&(value / 1e3)))
    } else {
        let text = format!("{value:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

fn counted<'a>(name: &'a str, most: f64) -> Axis<'a> {
    Axis {
        name,
        range: 0.0..(1.1 * most).max(1.0),
        format: &short,
    }
}

fn mean(counts: &[u64]) -> f64 {
    counts.iter().sum::<u64>() as f64 / counts.len().max(1) as f64
}

fn bar((from, to, height): (f64, f64, f64)) -> Rectangle<(f64, f64)> {
    Rectangle::new([(from, 0.0), (to, height)], series(0).filled())
}

fn plane<'a, 'b>(
    area: &'a Area<'b>,
    x: &Axis,
    y: &Axis,
) -> Result<Plane<'a, 'b>, DrawingAreaErrorKind<<SVGBackend<'b> as DrawingBackend>::ErrorType>> {
    let mut plane = ChartBuilder::on(area)
        .margin(8)
        .margin_right(24)
        .x_label_area_size(48)
        .y_label_area_size(66)
        .build_cartesian_2d(x.range.clone(), y.range.clone())?;
    let text = || (FONT, FONT_SIZE).into_font().color(&INK);
    plane
        .configure_mesh()
        .disable_x_mesh()
        .max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style(text())
        .axis_desc_style(text())
        .x_labels(6)
        .y_labels(5)
        .x_label_formatter(x.format)
        .y_label_formatter(y.format)
        .x_desc(x.name)
        .y_desc(y.name)
        .draw()?;
    Ok(plane)
}

fn draw(on: impl for<'a> Fn(&Area<'a>) -> Drawn<'a>) -> Result<String, ChartError> {
    // The page's font is not known: a wide one keeps labels apart in any.
    register_font(FONT, FontStyle::Normal, dejavu::sans::regular())
        .map_err(|_| ChartError("the font is damaged".to_owned()))?;
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    on(&area)
        .and_then(|()| area.present())
        .map_err(|error| ChartError(error.to_string()))?;
    drop(area);
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.5, "0.5"),
            (120.0, "120"),
            (-2.25, "-2.25"),
            (12_000.0, "12k"),
            (2_500_000.0, "2.5M"),
        ] {
            assert_eq!(short(&value), text);
        }
    }

    #[test]
    fn a_chart_of_nothing_is_drawn_too() {
        assert!(counts(&[], "files", "rows").unwrap().starts_with("<svg"));
    }

    /// The columns of a chart: left edge, width and height, in pixels.
    fn columns(svg: &str) -> Vec<[f64; 3]> {
        let rectangles = svg.lines().filter(|line| line.starts_with("<rect"));
        let number = |line: &str, name: &str| -> f64 {
            let (_, rest) = line.split_once(&format!(" {name}=\"")).unwrap();
            rest.split_once('"').unwrap().0.parse().unwrap()
        };
        rectangles
            .map(|line| ["x", "width", "height"].map(|name| number(line, name)))
            .collect()
    }

    #[test]
    fn a_few_counts_have_a_column_each() {
        let svg = counts(&[4, 2, 1], "files", "rows").unwrap();
        let heights: Vec<_> = columns(&svg).iter().map(|column| column[2]).collect();
        assert_eq!(heights.len(), 3);
        assert!((heights[0] / heights[1] - 2.0).abs() < 0.05, "{heights:?}");
        assert!((heights[0] / heights[2] - 4.0).abs() < 0.1, "{heights:?}");
        assert_eq!([0, 1, 300].map(to_a_column), [1; 3]);
    }

    #[test]
    fn many_counts_share_columns_that_reach_as_far_and_as_high() {
        // Two columns are twice as high; the last one has fewer files.
        let twice = |n| if n < 2 * 201 { 400 } else { 200 };
        let files: Vec<u64> = (0..60_001).map(twice).collect();
        assert_eq!(to_a_column(files.len()), 201);
        let svg = counts(&files, "files", "rows").unwrap();
        assert!(svg.len() < 60_000, "{} bytes", svg.len());
        let columns = columns(&svg);
        assert_eq!(columns.len(), 60_001_usize.div_ceil(201));
        assert!((columns[1][2] / columns[2][2] - 2.0).abs() < 0.05);
        let last = columns[columns.len() - 1];
        assert!(last[0] + last[1] > 490.0, "{last:?}");
    }
}
