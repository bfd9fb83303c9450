//! The DET plot: false negative rate over false positive rate, in percent.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::register_font;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::report::Evaluation;
use super::score::Scored;

/// The plot without its key: livekit-wakeword's 8 by 7 inches at 150 dots an
/// inch.
const SIZE: (u32, u32) = (1200, 1050);

/// The height of a line of the key, which is below the plot: no corner is free
/// of curves for sure.
const KEY_LINE: u32 = 30;

const FONT: &str = "DejaVu Sans";

/// Colors of the curves, told apart also by those who see few.
const COLORS: [RGBColor; 9] = [
    RGBColor(0x25, 0x63, 0xEB),
    RGBColor(0xE6, 0x7E, 0x00),
    RGBColor(0x05, 0x96, 0x69),
    RGBColor(0xC0, 0x26, 0xD3),
    RGBColor(0x0F, 0x17, 0x2A),
    RGBColor(0xA1, 0x62, 0x07),
    RGBColor(0xDC, 0x26, 0x26),
    RGBColor(0x38, 0xBD, 0xF8),
    RGBColor(0x84, 0xCC, 0x16),
];

const GRAY: RGBColor = RGBColor(0x80, 0x80, 0x80);

/// One model's curve.
pub(super) struct Curve {
    /// Percent of negatives detected, percent of positives missed.
    points: Vec<(f64, f64)>,
    label: String,
}

impl Curve {
    pub fn new(name: &str, scored: &Scored, evaluation: &Evaluation) -> Self {
        Self {
            points: points(scored),
            label: format!(
                "{name}: AUT {:.4}; at {:.2} recall {:.1} %, FPPH {:.2}; optimal at {:.2}",
                evaluation.aut,
                evaluation.threshold,
                100.0 * evaluation.recall,
                evaluation.fpph,
                evaluation.optimal_threshold
            ),
        }
    }
}

/// The curve from the upper left to the lower right, without repeated points.
fn points(scored: &Scored) -> Vec<(f64, f64)> {
    let negatives = scored.all_negatives();
    let positives = scored.positives();
    let (positive, negative) = (positives.total() as f64, negatives.total() as f64);
    let counted = positives.thresholds().zip(negatives.thresholds());
    let mut points: Vec<_> = counted
        .map(|((_, detected), (_, false_positives))| {
            let missed = positive - detected as f64;
            (
                100.0 * false_positives as f64 / negative,
                100.0 * missed / positive,
            )
        })
        .collect();
    // No threshold at all, and one above every score.
    points.insert(0, (100.0, 0.0));
    points.push((0.0, 100.0));
    points.dedup();
    points.reverse();
    points
}

/// Draws the curves into a PNG file.
pub(super) fn draw(path: &Path, title: &str, curves: &[Curve]) -> Result<(), String> {
    register_font(FONT, FontStyle::Normal, dejavu::sans::regular())
        .map_err(|_| format!("the font {FONT} is damaged"))?;
    // One line for chance, one for space.
    let key = KEY_LINE * (curves.len() as u32 + 2);
    let area = BitMapBackend::new(path, (SIZE.0, SIZE.1 + key)).into_drawing_area();
    draw_on(&area, title, curves)
        .and_then(|()| area.present())
        .map_err(|error| error.to_string())
}

fn draw_on<DB: DrawingBackend>(
    area: &DrawingArea<DB, plotters::coord::Shift>,
    title: &str,
    curves: &[Curve],
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    area.fill(&WHITE)?;
    let font = |size: u32| (FONT, size).into_font();
    let (plot, key) = area.split_vertically(SIZE.1);
    let mut chart = ChartBuilder::on(&plot)
        .caption(format!("DET Curve \u{2014} {title}"), font(32))
        .margin(20)
        .margin_right(40)
        .x_label_area_size(75)
        .y_label_area_size(95)
        .build_cartesian_2d(0.0..100.0, 0.0..100.0)?;
    chart
        .configure_mesh()
        .x_labels(11)
        .y_labels(11)
        .x_label_formatter(&|percent| format!("{percent:.0}"))
        .y_label_formatter(&|percent| format!("{percent:.0}"))
        .x_desc("False Positive Rate (%)")
        .y_desc("False Negative Rate (%)")
        .label_style(font(22))
        .axis_desc_style(font(26))
        .bold_line_style(BLACK.mix(0.12))
        .light_line_style(TRANSPARENT)
        .draw()?;
    let random = GRAY.mix(0.7).stroke_width(2);
    chart.draw_series(DashedLineSeries::new(
        [(0.0, 100.0), (100.0, 0.0)],
        10,
        8,
        random,
    ))?;
    draw_key(&key, 0, random, "Random")?;
    for (index, (curve, color)) in curves.iter().zip(COLORS.iter().cycle()).enumerate() {
        let points = curve.points.iter().copied();
        // Areas of several curves would hide one another.
        if curves.len() == 1 {
            chart.draw_series(AreaSeries::new(points.clone(), 0.0, color.mix(0.15)))?;
        }
        let style = color.stroke_width(4);
        chart.draw_series(LineSeries::new(points, style))?;
        draw_key(&key, index + 1, style, &curve.label)?;
    }
    Ok(())
}

/// A line of the key: what a curve's color stands for.
fn draw_key<DB: DrawingBackend>(
    area: &DrawingArea<DB, plotters::coord::Shift>,
    line: usize,
    style: ShapeStyle,
    label: &str,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let (left, middle) = (115, KEY_LINE as i32 * line as i32 + KEY_LINE as i32 / 2);
    area.draw(&PathElement::new(
        [(left, middle), (left + 40, middle)],
        style,
    ))?;
    let center = Pos::new(HPos::Left, VPos::Center);
    let text = (FONT, 22).into_font().into_text_style(area).pos(center);
    area.draw(&Text::new(label.to_owned(), (left + 56, middle), text))
}
