//! The two curves of `faqbot eval --plot`, as SVG or PNG: reliability beside risk and coverage.

use std::sync::Once;

use anyhow::{Context, Result, anyhow};
use faqbot::quality::eval::Report;
use plotters::coord::Shift;
use plotters::prelude::*;

/// The size of the SVG in pixels. The PNG has twice as many either way.
const SIZE: (u32, u32) = (808, 432);

const BLUE: RGBColor = RGBColor(0x1f, 0x6f, 0xb2);
const RED: RGBColor = RGBColor(0xb2, 0x3a, 0x1f);
const GREY: RGBColor = RGBColor(0x77, 0x77, 0x77);

/// The curves as the text of an SVG file.
///
/// # Errors
///
/// A text cannot be set.
pub fn svg(report: &Report) -> Result<String> {
    let mut out = String::new();
    draw(&SVGBackend::with_string(&mut out, SIZE).into_drawing_area(), report, 1)?;
    Ok(out)
}

/// The curves as the bytes of a PNG file.
///
/// # Errors
///
/// A text cannot be set, or the image not written.
pub fn png(report: &Report) -> Result<Vec<u8>> {
    const SCALE: u32 = 2;
    let (width, height) = (SCALE * SIZE.0, SCALE * SIZE.1);
    let mut pixels = vec![0; 3 * width as usize * height as usize];
    draw(&BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area(), report, SCALE)?;
    let mut image = Vec::new();
    let mut encoder = png::Encoder::new(&mut image, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().context("the image")?;
    writer.write_image_data(&pixels).context("the image")?;
    writer.finish().context("the image")?;
    Ok(image)
}

/// Draws both diagrams with everything `scale` times as large.
fn draw<B: DrawingBackend>(area: &DrawingArea<B, Shift>, report: &Report, scale: u32) -> Result<()> {
    static FONT: Once = Once::new();
    FONT.call_once(|| {
        // Where it is registered already, it is the same.
        let _ = plotters::style::register_font("sans-serif", FontStyle::Normal, ttf_noto_sans::REGULAR);
    });
    let failed = |error: DrawingAreaErrorKind<B::ErrorType>| anyhow!("drawing the curves: {error}");
    area.fill(&WHITE).map_err(failed)?;
    let halves = area.split_evenly((1, 2));
    let line = |colour: RGBColor| colour.stroke_width(scale + scale / 2);

    let axes = ("confidence", "reliability: share that is right");
    let mut chart = diagram(&halves[0], axes, scale).map_err(failed)?;
    if report.calibrated {
        chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], line(GREY))).map_err(failed)?;
        let bins: Vec<_> = report.reliability.iter().filter(|bin| bin.count > 0).collect();
        let points = bins.iter().map(|bin| (bin.confidence, bin.accuracy));
        chart.draw_series(LineSeries::new(points, line(BLUE))).map_err(failed)?;
        let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1) as f64;
        let dots = bins.iter().map(|bin| {
            // The area of a point shows how many queries it stands for.
            let radius = (2.0 + 6.0 * (bin.count as f64 / most).sqrt()) * f64::from(scale);
            Circle::new((bin.confidence, bin.accuracy), radius as i32, BLUE.filled())
        });
        chart.draw_series(dots).map_err(failed)?;
    } else {
        let text = Text::new("not calibrated", (0.4, 0.5), ("sans-serif", 12 * scale));
        chart.draw_series([text]).map_err(failed)?;
    }

    let axes = ("coverage: answered, of all", "risk: wrong, of those answered");
    let mut chart = diagram(&halves[1], axes, scale).map_err(failed)?;
    let risk = report.risk_coverage.iter().map(|row| (row.coverage, row.risk));
    chart.draw_series(LineSeries::new(risk, line(RED))).map_err(failed)?;
    area.present().map_err(failed)
}

type Diagram<'a, B> = ChartContext<
    'a,
    B,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

/// The unit square with its axes, named below and above.
fn diagram<'a, B: DrawingBackend>(
    area: &'a DrawingArea<B, Shift>,
    (x, y): (&str, &str),
    scale: u32,
) -> Result<Diagram<'a, B>, DrawingAreaErrorKind<B::ErrorType>> {
    let mut chart = ChartBuilder::on(area)
        .caption(y, ("sans-serif", 14 * scale))
        .margin(16 * scale)
        .x_label_area_size(40 * scale)
        .y_label_area_size(40 * scale)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    chart
        .configure_mesh()
        .x_labels(6)
        .y_labels(6)
        .max_light_lines(1)
        .bold_line_style(GREY.mix(0.2))
        .x_desc(x)
        .label_style(("sans-serif", 12 * scale))
        .x_label_formatter(&|share| format!("{share:.1}"))
        .y_label_formatter(&|share| format!("{share:.1}"))
        .draw()?;
    Ok(chart)
}
