//! The two curves of `faqbot eval --plot`, as SVG or PNG.
//!
//! The diagrams are a short list of [`Shape`]s, which either writer draws.

use std::fmt::Write;

use anyhow::{Context, Result};
use faqbot::quality::eval::Report;
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};
use tiny_skia::{Color, FillRule, Paint, PathBuilder, Pixmap, Stroke, StrokeDash, Transform};

/// The side of a diagram in pixels, and the room around it.
const SIDE: f32 = 320.0;
const MARGIN: f32 = 56.0;
const WIDTH: f32 = 2.0 * SIDE + 3.0 * MARGIN;
const HEIGHT: f32 = SIDE + 2.0 * MARGIN;

type Point = (f32, f32);
type Rgb = [u8; 3];

const GREY: Rgb = [0x77, 0x77, 0x77];
const BLUE: Rgb = [0x1f, 0x6f, 0xb2];
const RED: Rgb = [0xb2, 0x3a, 0x1f];

/// What a diagram is drawn of. Coordinates are pixels from the upper left corner.
enum Shape {
    Line {
        points: Vec<Point>,
        colour: Rgb,
        dashed: bool,
    },
    Dot {
        centre: Point,
        radius: f32,
    },
    /// ASCII, its baseline at `at`.
    Text {
        at: Point,
        anchor: Anchor,
        text: String,
    },
}

#[derive(Clone, Copy)]
enum Anchor {
    Start,
    Middle,
    End,
}

/// The curves as the text of an SVG file.
pub fn svg(report: &Report) -> String {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let hex = |[red, green, blue]: Rgb| format!("#{red:02x}{green:02x}{blue:02x}");
    for shape in shapes(report) {
        let _ = match shape {
            Shape::Line { points, colour, dashed } => {
                let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
                let dashes = if dashed { " stroke-dasharray=\"4 4\"" } else { "" };
                writeln!(
                    out,
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"{dashes}/>",
                    points.join(" "),
                    hex(colour)
                )
            }
            Shape::Dot { centre: (x, y), radius } => {
                writeln!(
                    out,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{}\"/>",
                    hex(BLUE)
                )
            }
            Shape::Text { at: (x, y), anchor, text } => {
                let anchor = match anchor {
                    Anchor::Start => "start",
                    Anchor::Middle => "middle",
                    Anchor::End => "end",
                };
                writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>")
            }
        };
    }
    out.push_str("</svg>\n");
    out
}

/// The curves as the bytes of a PNG file, at twice the size of the SVG.
///
/// # Errors
///
/// There is no memory for the image.
pub fn png(report: &Report) -> Result<Vec<u8>> {
    const SCALE: f32 = 2.0;
    let mut image = Pixmap::new((SCALE * WIDTH) as u32, (SCALE * HEIGHT) as u32).context("no image")?;
    image.fill(Color::WHITE);
    let scaled = Transform::from_scale(SCALE, SCALE);
    for shape in shapes(report) {
        match shape {
            Shape::Line { points, colour, dashed } => {
                let mut path = PathBuilder::new();
                for (at, &(x, y)) in points.iter().enumerate() {
                    if at == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
                }
                let stroke = Stroke {
                    width: 1.5,
                    dash: if dashed { StrokeDash::new(vec![4.0, 4.0], 0.0) } else { None },
                    ..Stroke::default()
                };
                // A line of one point has no path, and nothing to draw.
                if let Some(path) = path.finish() {
                    image.stroke_path(&path, &paint(colour), &stroke, scaled, None);
                }
            }
            Shape::Dot { centre: (x, y), radius } => {
                if let Some(path) = PathBuilder::from_circle(x, y, radius) {
                    image.fill_path(&path, &paint(BLUE), FillRule::Winding, scaled, None);
                }
            }
            Shape::Text { at: (x, y), anchor, text } => {
                write(&mut image, (SCALE * x, SCALE * y), anchor, &text);
            }
        }
    }
    image.encode_png().context("the image")
}

fn paint([red, green, blue]: Rgb) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(red, green, blue, 255);
    paint
}

/// Writes ASCII text in black, in the pixels of the image.
fn write(image: &mut Pixmap, (x, y): Point, anchor: Anchor, text: &str) {
    const HEIGHT: RasterHeight = RasterHeight::Size24;
    /// From the top of a character's raster to its baseline.
    const ASCENT: f32 = 18.0;
    let step = get_raster_width(FontWeight::Regular, HEIGHT);
    let length = (step * text.len()) as f32;
    let left = match anchor {
        Anchor::Start => x,
        Anchor::Middle => x - length / 2.0,
        Anchor::End => x - length,
    };
    let (left, top) = (left.max(0.0) as usize, (y - ASCENT).max(0.0) as usize);
    let (width, height) = (image.width() as usize, image.height() as usize);
    for (at, c) in text.chars().enumerate() {
        let Some(glyph) = get_raster(c, FontWeight::Regular, HEIGHT) else { continue };
        for (row, pixels) in glyph.rows().enumerate() {
            for (column, &ink) in pixels.iter().enumerate() {
                let (x, y) = (left + at * step + column, top + row);
                if ink > 0 && x < width && y < height {
                    let pixel = &mut image.data_mut()[4 * (y * width + x)..][..3];
                    pixel.iter_mut().for_each(|channel| *channel = channel.saturating_sub(ink));
                }
            }
        }
    }
}

/// Reliability beside risk and coverage; the first only where confidence is calibrated.
fn shapes(report: &Report) -> Vec<Shape> {
    let mut shapes = Vec::new();
    let left = MARGIN;
    axes(&mut shapes, left, "reliability: share that is right", "confidence");
    if report.calibrated {
        let diagonal = vec![place(left, (0.0, 0.0)), place(left, (1.0, 1.0))];
        shapes.push(Shape::Line { points: diagonal, colour: GREY, dashed: true });
        let bins: Vec<_> = report.reliability.iter().filter(|bin| bin.count > 0).collect();
        let at = |confidence: f64, accuracy: f64| place(left, (confidence as f32, accuracy as f32));
        let points = bins.iter().map(|bin| at(bin.confidence, bin.accuracy)).collect();
        shapes.push(Shape::Line { points, colour: BLUE, dashed: false });
        let most = bins.iter().map(|bin| bin.count).max().unwrap_or(1) as f32;
        shapes.extend(bins.iter().map(|bin| Shape::Dot {
            centre: at(bin.confidence, bin.accuracy),
            // The area of a point shows how many queries it stands for.
            radius: 2.0 + 6.0 * (bin.count as f32 / most).sqrt(),
        }));
    } else {
        let at = place(left, (0.5, 0.5));
        shapes.push(Shape::Text { at, anchor: Anchor::Middle, text: "not calibrated".into() });
    }
    let right = 2.0 * MARGIN + SIDE;
    axes(&mut shapes, right, "risk: wrong, of those answered", "coverage: answered, of all");
    let risk = report.risk_coverage.iter().map(|row| place(right, (row.coverage as f32, row.risk as f32)));
    shapes.push(Shape::Line { points: risk.collect(), colour: RED, dashed: false });
    shapes
}

/// A point of the unit square in the diagram that begins at `left`.
fn place(left: f32, (x, y): Point) -> Point {
    (left + x * SIDE, MARGIN + (1.0 - y) * SIDE)
}

fn axes(shapes: &mut Vec<Shape>, left: f32, y: &str, x: &str) {
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)];
    let frame = corners.map(|corner| place(left, corner)).to_vec();
    shapes.push(Shape::Line { points: frame, colour: GREY, dashed: false });
    let bottom = MARGIN + SIDE;
    shapes.push(Shape::Text { at: (left, MARGIN - 14.0), anchor: Anchor::Start, text: y.into() });
    let at = (left + SIDE / 2.0, bottom + 36.0);
    shapes.push(Shape::Text { at, anchor: Anchor::Middle, text: x.into() });
    for tick in 0..=5u8 {
        let share = f32::from(tick) / 5.0;
        let (x, y) = place(left, (share, share));
        let text = format!("{share:.1}");
        shapes.push(Shape::Text { at: (x, bottom + 16.0), anchor: Anchor::Middle, text: text.clone() });
        shapes.push(Shape::Text { at: (left - 6.0, y + 4.0), anchor: Anchor::End, text });
    }
}
