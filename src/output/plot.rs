//! Diagrams in files, as SVG or PNG: the curves of `faqbot eval --plot`, and the days of `faqbot log stats --plot`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;

use anyhow::{Context, Result, anyhow, bail};
use faqbot::quality::eval::Report;
use plotters::coord::Shift;
use plotters::prelude::*;

/// The size of the SVG in pixels. The PNG has twice as many either way.
const SIZE: (u32, u32) = (808, 432);

pub const BLUE: RGBColor = RGBColor(0x1f, 0x6f, 0xb2);
pub const RED: RGBColor = RGBColor(0xb2, 0x3a, 0x1f);
pub const GREY: RGBColor = RGBColor(0x77, 0x77, 0x77);

/// A file for a picture.
#[derive(Debug)]
pub struct Plot {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Svg,
    Png,
}

/// What can be drawn.
pub trait Picture {
    /// Draws it with everything `scale` times as large.
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, scale: u32) -> Result<()>;
}

impl Plot {
    /// A file, by its name.
    ///
    /// # Errors
    ///
    /// The name does not say the kind of picture.
    pub fn to(path: &Path) -> Result<Self> {
        let kind = match path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).as_deref() {
            Some("svg") => Kind::Svg,
            Some("png") => Kind::Png,
            _ => bail!("--plot {}: name a file that ends in .svg or .png", path.display()),
        };
        Ok(Plot { path: path.to_owned(), kind })
    }

    /// Draws a picture into the file.
    ///
    /// # Errors
    ///
    /// A text cannot be set, or the file not be written.
    pub fn write(&self, picture: &impl Picture) -> Result<()> {
        let image = match self.kind {
            Kind::Svg => svg(picture)?.into_bytes(),
            Kind::Png => png(picture)?,
        };
        fs::write(&self.path, image).with_context(|| self.path.display().to_string())
    }
}

fn svg(picture: &impl Picture) -> Result<String> {
    let mut out = String::new();
    begin(&SVGBackend::with_string(&mut out, SIZE).into_drawing_area(), picture, 1)?;
    Ok(out)
}

fn png(picture: &impl Picture) -> Result<Vec<u8>> {
    const SCALE: u32 = 2;
    let (width, height) = (SCALE * SIZE.0, SCALE * SIZE.1);
    let mut pixels = vec![0; 3 * width as usize * height as usize];
    begin(&BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area(), picture, SCALE)?;
    let mut image = Vec::new();
    let mut encoder = png::Encoder::new(&mut image, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().context("the image")?;
    writer.write_image_data(&pixels).context("the image")?;
    writer.finish().context("the image")?;
    Ok(image)
}

/// Draws a picture on white.
fn begin<B: DrawingBackend>(area: &DrawingArea<B, Shift>, picture: &impl Picture, scale: u32) -> Result<()> {
    static FONT: Once = Once::new();
    FONT.call_once(|| {
        // Where it is registered already, it is the same.
        let _ = plotters::style::register_font("sans-serif", FontStyle::Normal, ttf_noto_sans::REGULAR);
    });
    area.fill(&WHITE).map_err(failed::<B>)?;
    picture.draw(area, scale)?;
    area.present().map_err(failed::<B>)
}

/// An error of plotters' as the program's.
pub fn failed<B: DrawingBackend>(error: DrawingAreaErrorKind<B::ErrorType>) -> anyhow::Error {
    anyhow!("drawing the curves: {error}")
}

impl Picture for Report {
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, scale: u32) -> Result<()> {
        curves(area, self, scale).map_err(failed::<B>)
    }
}

/// Reliability beside risk and coverage.
fn curves<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    report: &Report,
    scale: u32,
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let halves = area.split_evenly((1, 2));
    let line = |colour: RGBColor| colour.stroke_width(scale + scale / 2);

    let axes = ("confidence", "reliability: share that is right");
    let mut chart = diagram(&halves[0], axes, scale)?;
    if report.calibrated {
        chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], line(GREY)))?;
        let bins: Vec<_> = report.reliability.iter().filter(|bin| bin.count > 0).collect();
        let points = bins.iter().map(|bin| (bin.confidence, bin.accuracy));
        chart.draw_series(LineSeries::new(points, line(BLUE)))?;
        let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1) as f64;
        let dots = bins.iter().map(|bin| {
            // The area of a point shows how many queries it stands for.
            let radius = (2.0 + 6.0 * (bin.count as f64 / most).sqrt()) * f64::from(scale);
            Circle::new((bin.confidence, bin.accuracy), radius as i32, BLUE.filled())
        });
        chart.draw_series(dots)?;
    } else {
        let text = Text::new("not calibrated", (0.4, 0.5), ("sans-serif", 12 * scale));
        chart.draw_series([text])?;
    }

    let axes = ("coverage: answered, of all", "risk: wrong, of those answered");
    let mut chart = diagram(&halves[1], axes, scale)?;
    let risk = report.risk_coverage.iter().map(|row| (row.coverage, row.risk));
    chart.draw_series(LineSeries::new(risk, line(RED)))?;
    Ok(())
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
