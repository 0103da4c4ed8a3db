//! A plot as SVG.

use super::Plot;
use super::line::{Line, lines, thin};
use super::scale::{Scale, Tick};
use super::words;
use crate::drawing::svg::{self, Drawing, number, width, wrap};

const WIDTH: f64 = 720.0;
const HIGH: f64 = 300.0;
const MARGIN: f64 = 24.0;
const TITLE: f64 = 16.0;
const TEXT: f64 = 12.0;
const LEADING: f64 = 20.0;
/// A line with at most so many points shows each of them.
const FEW: usize = 12;
/// Between the marks of a longer line, in px.
const APART: f64 = 90.0;
/// The sample of a line in the legend.
const SAMPLE: f64 = 40.0;

/// Empty for a whole line; each kind of line its own.
const DASHES: [&str; 6] = ["", "9 4", "2 4", "12 4 2 4", "5 3", "16 4 2 4 2 4"];

/// The frame in which the lines stand.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    x: Scale,
    y: Scale,
}

impl Frame {
    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.left + (self.right - self.left) * self.x.share(x), self.top + HIGH * (1.0 - self.y.share(y)))
    }

    fn bottom(&self) -> f64 {
        self.top + HIGH
    }
}

/// `has_dots`: of the first series the points alone are drawn, with nothing between them.
pub fn draw(plot: &Plot, has_dots: bool) -> String {
    let lines = lines(plot);
    let all = || lines.iter().flat_map(Line::points);
    let x = Scale::around(all().map(|point| point.0), plot.x.log).rounded(8, 0.03);
    let y = Scale::around(all().map(|point| point.1), plot.y.log).widened(6);
    let y_ticks = y.ticks(6);
    let widest = y_ticks.iter().map(|tick| width(&tick.words, TEXT)).fold(0.0, f64::max);
    let (left, right) = (MARGIN + widest + 8.0, WIDTH - MARGIN - 8.0);
    let x_ticks = fitting(&x, right - left);
    let title = wrap(&plot.title, TITLE * 1.08, WIDTH - 2.0 * MARGIN);
    let top = MARGIN + title.len() as f64 * (TITLE + 6.0) + if plot.y.label.is_empty() { 0.0 } else { TEXT + 14.0 };
    let frame = Frame { left, right, top, x, y };

    let notes: Vec<String> = lines.iter().enumerate().flat_map(|(i, line)| note(plot, i, line)).collect();
    let legend = legend(plot);
    let below = frame.bottom() + 22.0 + if plot.x.label.is_empty() { 0.0 } else { LEADING };
    let legend_lines = legend.last().map_or(0, |entry| entry.1 + 1);
    let high = below + LEADING * (legend_lines + notes.len()) as f64 + MARGIN;

    let mut drawing = Drawing::new(WIDTH, high, &plot.title, &words::alternative(plot));
    drawing.group("ink", "font-weight=\"600\"", |d| {
        for (i, line) in title.iter().enumerate() {
            d.words((MARGIN, MARGIN + TITLE - 4.0 + i as f64 * (TITLE + 6.0)), "", line, TITLE, WIDTH - MARGIN);
        }
    });
    axes(&mut drawing, plot, &frame, &x_ticks, &y_ticks);
    for (i, line) in lines.iter().enumerate() {
        match has_dots && i == 0 {
            true => dots(&mut drawing, line.points().map(|point| frame.at(point))),
            false => draw_line(&mut drawing, i, line, &frame, lines.len()),
        }
    }
    if all().next().is_none() {
        let middle = ((left + right) / 2.0, top + HIGH / 2.0);
        drawing.group("soft", "text-anchor=\"middle\"", |d| d.words(middle, "", "no points", 14.0, f64::MAX));
    }
    for (x, line, name) in legend.iter().zip(0..).map(|(entry, i)| (entry.0, entry.1, i)) {
        entry(&mut drawing, plot, (name, has_dots && name == 0), x, below + LEADING * (line as f64 + 0.9));
    }
    drawing.group("soft", "", |d| {
        for (i, words) in notes.iter().enumerate() {
            d.words((left, below + LEADING * (legend_lines as f64 + i as f64 + 0.9)), "", words, TEXT, right - left);
        }
    });
    drawing.finish()
}

/// As many ticks as stand side by side.
fn fitting(scale: &Scale, room: f64) -> Vec<Tick> {
    let mut ticks = Vec::new();
    for wanted in [8, 6, 4, 3, 2] {
        ticks = scale.ticks(wanted);
        let place = |tick: &Tick| scale.share(tick.value) * room;
        let apart =
            |pair: &[Tick]| place(&pair[1]) - place(&pair[0]) > (width(&pair[0].words, TEXT) + width(&pair[1].words, TEXT)) / 2.0 + 10.0;
        if ticks.windows(2).all(apart) {
            return ticks;
        }
    }
    ticks.truncate(1);
    ticks
}

fn axes(drawing: &mut Drawing, plot: &Plot, frame: &Frame, x_ticks: &[Tick], y_ticks: &[Tick]) {
    let [left, right, top, bottom] = [frame.left, frame.right, frame.top, frame.bottom()].map(number);
    let x_at = |tick: &Tick| frame.left + (frame.right - frame.left) * frame.x.share(tick.value);
    let y_at = |tick: &Tick| frame.top + HIGH * (1.0 - frame.y.share(tick.value));
    drawing.group("grid", "stroke-width=\"1\"", |d| {
        let down: String = x_ticks.iter().map(|tick| format!("M{} {top}V{bottom}", number(x_at(tick)))).collect();
        let across: String = y_ticks.iter().map(|tick| format!("M{left} {}H{right}", number(y_at(tick)))).collect();
        d.put(format_args!("<path d=\"{down}{across}\"/>"));
    });
    drawing.group("rim", "stroke-width=\"1\"", |d| d.put(format_args!("<path d=\"M{left} {top}V{bottom}H{right}\"/>")));
    drawing.group("soft", "", |d| {
        for tick in x_ticks {
            d.words((x_at(tick), frame.bottom() + 17.0), "text-anchor=\"middle\"", &tick.words, TEXT, f64::MAX);
        }
        for tick in y_ticks {
            d.words((frame.left - 7.0, y_at(tick) + 4.0), "text-anchor=\"end\"", &tick.words, TEXT, f64::MAX);
        }
    });
    drawing.group("soft", "font-weight=\"600\"", |d| {
        let room = frame.right - frame.left;
        d.words((MARGIN, frame.top - 13.0), "", &plot.y.label, TEXT, WIDTH - 2.0 * MARGIN);
        d.words((frame.right, frame.bottom() + 22.0 + 0.7 * LEADING), "text-anchor=\"end\"", &plot.x.label, TEXT, room);
    });
}

fn draw_line(drawing: &mut Drawing, i: usize, line: &Line, frame: &Frame, lines: usize) {
    let class = format!("line{}", i % svg::LINES);
    let few = line.runs.iter().map(Vec::len).sum::<usize>() <= FEW;
    let (mut path, mut marks) = (String::new(), Vec::new());
    // Marks of several lines stand at different places.
    let mut since = APART * (0.3 + 0.7 * i as f64 / lines as f64);
    let mut before: Option<(f64, f64)> = None;
    for run in &line.runs {
        let places: Vec<(f64, f64)> = run.iter().map(|&point| frame.at(point)).collect();
        let places = thin(&places);
        for (k, &(x, y)) in places.iter().enumerate() {
            if places.len() > 1 {
                path += &format!("{}{} {}", if k == 0 { 'M' } else { 'L' }, number(x), number(y));
            }
            since += before.map_or(0.0, |before| (x - before.0).abs());
            let alone = places.len() == 1 && before.is_none_or(|(px, py)| (x - px).abs() + (y - py).abs() > 1.0);
            if few || alone || (lines > 1 && since >= APART) {
                marks.push((x, y));
                since = 0.0;
            }
            before = Some((x, y));
        }
    }
    let dash = DASHES[i % DASHES.len()];
    drawing.group(&class, "stroke-width=\"2\" stroke-linejoin=\"round\"", |d| {
        if !path.is_empty() {
            d.put(format_args!("<path d=\"{path}\"{}/>", dashes(dash)));
        }
        for place in marks {
            mark(d, i, place);
        }
    });
}

/// Lines of no length with round ends.
fn dots(drawing: &mut Drawing, places: impl Iterator<Item = (f64, f64)>) {
    let path: String = places.map(|(x, y)| format!("M{} {}h0", number(x), number(y))).collect();
    drawing.group("line0", "stroke-width=\"5\" stroke-linecap=\"round\" stroke-opacity=\"0.6\"", |d| {
        if !path.is_empty() {
            d.put(format_args!("<path d=\"{path}\"/>"));
        }
    });
}

fn dashes(dash: &str) -> String {
    if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") }
}

/// The mark of line `i`, on paper so that it stands out. After six lines the marks go with other dashes.
fn mark(drawing: &mut Drawing, i: usize, (x, y): (f64, f64)) {
    let d = match (i + i / 6) % 6 {
        0 => "M-3.5 0A3.5 3.5 0 1 0 3.5 0A3.5 3.5 0 1 0 -3.5 0Z",
        1 => "M-3.3 -3.3H3.3V3.3H-3.3Z",
        2 => "M0 -4.4L4.2 3.2H-4.2Z",
        3 => "M0 -4.7L4.7 0L0 4.7L-4.7 0Z",
        4 => "M-4.2 -3.2H4.2L0 4.4Z",
        _ => "M-3.4 -3.4L3.4 3.4M-3.4 3.4L3.4 -3.4",
    };
    let (x, y) = (number(x), number(y));
    drawing.put(format_args!("<path class=\"paper\" fill=\"#ffffff\" d=\"{d}\" transform=\"translate({x} {y})\"/>"));
}

/// Where the entries of the legend stand: from the left, and in which line. A single line needs none.
fn legend(plot: &Plot) -> Vec<(f64, usize)> {
    if plot.series.len() < 2 {
        return Vec::new();
    }
    let (mut x, mut line) = (MARGIN, 0);
    (0..plot.series.len())
        .map(|i| {
            let wide = SAMPLE + 8.0 + width(&words::name(plot, i), TEXT).min(ROOM) + 24.0;
            if x > MARGIN && x + wide > WIDTH {
                (x, line) = (MARGIN, line + 1);
            }
            x += wide;
            (x - wide, line)
        })
        .collect()
}

/// The widest name in the legend.
const ROOM: f64 = 240.0;

fn entry(drawing: &mut Drawing, plot: &Plot, (i, is_dots): (usize, bool), x: f64, y: f64) {
    let [from, to, level] = [x, x + SAMPLE, y - 4.0].map(number);
    if is_dots {
        dots(drawing, [0.25, 0.5, 0.75].into_iter().map(|share| (x + share * SAMPLE, y - 4.0)));
    } else {
        drawing.group(&format!("line{}", i % svg::LINES), "stroke-width=\"2\"", |d| {
            d.put(format_args!("<path d=\"M{from} {level}H{to}\"{}/>", dashes(DASHES[i % DASHES.len()])));
            mark(d, i, (x + SAMPLE / 2.0, y - 4.0));
        });
    }
    drawing.group("ink", "", |d| d.words((x + SAMPLE + 8.0, y), "", &words::name(plot, i), TEXT, ROOM));
}

/// What of line `i` could not be drawn.
fn note(plot: &Plot, i: usize, line: &Line) -> Vec<String> {
    let name = if plot.series.len() > 1 { format!("{}: ", words::name(plot, i)) } else { String::new() };
    words::left_out(line).into_iter().map(|words| format!("{name}{words}")).collect()
}
