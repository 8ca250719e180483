//! The first table as bars, on a logarithmic scale: the rivals are too far apart for another.

use super::Row;
use super::rival::Rival;
use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 240.0;
const BAR: f64 = 13.0;
const TOP: f64 = 50.0;
/// Microseconds at the left and the right edge.
const SCALE: (f64, f64) = (10.0, 100_000.0);
const COLOURS: [&str; 5] = ["#9aa0a6", "#1a7f37", "#74b816", "#bf5b00", "#6f42c1"];

pub fn draw(rivals: &[Rival], rows: &[Row]) -> String {
    let group = BAR * rivals.len() as f64 + 10.0;
    let bottom = TOP + group * rows.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{:.0}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        bottom + 30.0
    );
    for (index, rival) in rivals.iter().enumerate() {
        let x = LEFT + 110.0 * index as f64;
        let colour = COLOURS[index % COLOURS.len()];
        _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"14\" width=\"11\" height=\"11\" fill=\"{colour}\"/>"
        );
        _ = writeln!(svg, "<text x=\"{}\" y=\"24\">{}</text>", x + 16.0, rival.name);
    }
    for (micros, label) in
        [(10.0, "10 µs"), (100.0, "100 µs"), (1e3, "1 ms"), (1e4, "10 ms"), (1e5, "100 ms")]
    {
        let x = across(micros);
        _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\" stroke=\"#ddd\"/>\n\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
            bottom + 16.0
        );
    }
    for (index, row) in rows.iter().enumerate() {
        push_bars(&mut svg, row, TOP + group * index as f64);
    }
    svg.push_str("</svg>\n");
    svg
}

fn push_bars(svg: &mut String, row: &Row, top: f64) {
    let middle = top + BAR * row.micros.len() as f64 / 2.0 + 4.0;
    let name = &row.what;
    _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{middle:.1}\" text-anchor=\"end\">{name}</text>",
        LEFT - 8.0
    );
    for (index, micros) in row.micros.iter().enumerate() {
        let Some(micros) = micros else { continue };
        let (y, end) = (top + BAR * index as f64, across(*micros));
        _ = writeln!(
            svg,
            "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"9\">{micros:.0}</text>",
            end - LEFT,
            BAR - 2.0,
            COLOURS[index % COLOURS.len()],
            end + 3.0,
            y + BAR - 4.0,
        );
    }
}

fn across(micros: f64) -> f64 {
    let part = (micros / SCALE.0).log10() / (SCALE.1 / SCALE.0).log10();
    LEFT + part.clamp(0.0, 1.0) * (WIDTH - LEFT - 40.0)
}
