//! The two curves of `faqbot eval --plot`, as SVG.
//!
//! Two small diagrams of known shape: written as text, they need no plotting library.

use std::fmt::Write;

use faqbot::eval::Report;

/// The side of a diagram in pixels, and the room around it.
const SIDE: f64 = 320.0;
const MARGIN: f64 = 56.0;

/// Reliability beside risk and coverage; the first only where confidence is calibrated.
pub fn svg(report: &Report) -> String {
    let width = 2.0 * SIDE + 3.0 * MARGIN;
    let height = SIDE + 2.0 * MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let left = MARGIN;
    axes(&mut out, left, "Reliability", "confidence", "share that is right");
    if report.calibrated {
        line(&mut out, left, &[(0.0, 0.0), (1.0, 1.0)], "#999999", "4 4");
        let bins: Vec<(f64, f64)> = report
            .reliability
            .iter()
            .filter(|bin| bin.count > 0)
            .map(|bin| (bin.confidence, bin.accuracy))
            .collect();
        line(&mut out, left, &bins, "#1f6fb2", "none");
        let most = report.reliability.iter().map(|bin| bin.count).max().unwrap_or(1).max(1) as f64;
        for bin in report.reliability.iter().filter(|bin| bin.count > 0) {
            // The area of a point shows how many queries it stands for.
            let radius = 2.0 + 6.0 * (bin.count as f64 / most).sqrt();
            let (x, y) = place(left, (bin.confidence, bin.accuracy));
            let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"#1f6fb2\"/>");
        }
    } else {
        let (x, y) = place(left, (0.5, 0.5));
        let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">not calibrated</text>");
    }
    let right = 2.0 * MARGIN + SIDE;
    axes(&mut out, right, "Risk and coverage", "answered, of all", "wrong, of those answered");
    let risk: Vec<(f64, f64)> = report.risk_coverage.iter().map(|row| (row.coverage, row.risk)).collect();
    line(&mut out, right, &risk, "#b23a1f", "none");
    out.push_str("</svg>\n");
    out
}

/// A point of the unit square in the diagram that begins at `left`.
fn place(left: f64, (x, y): (f64, f64)) -> (f64, f64) {
    (left + x * SIDE, MARGIN + (1.0 - y) * SIDE)
}

fn line(out: &mut String, left: f64, points: &[(f64, f64)], colour: &str, dashes: &str) {
    let points: Vec<String> = points
        .iter()
        .map(|&point| {
            let (x, y) = place(left, point);
            format!("{x:.1},{y:.1}")
        })
        .collect();
    let _ = writeln!(
        out,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>",
        points.join(" ")
    );
}

fn axes(out: &mut String, left: f64, title: &str, x: &str, y: &str) {
    let middle = left + SIDE / 2.0;
    let bottom = MARGIN + SIDE;
    let _ = writeln!(
        out,
        "<rect x=\"{left}\" y=\"{MARGIN}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"none\" stroke=\"#444444\"/>\n\
         <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" font-size=\"15\">{title}</text>\n\
         <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{x}</text>\n\
         <text transform=\"translate({} {}) rotate(-90)\" text-anchor=\"middle\">{y}</text>",
        MARGIN - 14.0,
        bottom + 36.0,
        left - 34.0,
        MARGIN + SIDE / 2.0
    );
    for tick in 0..=5 {
        let share = f64::from(tick) / 5.0;
        let (x, y) = place(left, (share, share));
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{share:.1}</text>\n\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{share:.1}</text>",
            bottom + 16.0,
            left - 6.0,
            y + 4.0
        );
    }
}
