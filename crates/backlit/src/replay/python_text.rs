//! Numbers as Python, IPython and NumPy print them, character by character.
//!
//! A replay of a notebook is compared with the notebook's own output, so "nearly the same text"
//! is no use. Python's rules are those of `repr(float)` and of `%`; IPython's those of its pretty
//! printer; NumPy's those of `str(array)` with the default print options.

mod arrays;
#[cfg(test)]
mod tests;

pub use arrays::{array1, array2, int_array1, int_array2};

/// IPython's `max_width` for the value of a cell.
const DISPLAY_WIDTH: usize = 79;
/// IPython's `max_seq_length`.
const DISPLAY_LENGTH: usize = 1000;

/// `repr(x)`: the shortest digits that read back as `x`, as in `6.0`, `1e-05`, `1e+16`, `nan`.
pub fn float(x: f64) -> String {
    if !x.is_finite() {
        return not_finite(x);
    }
    let scientific = shortest(x, true);
    let (digits, exponent) = split_exponent(&scientific);
    if !(-4..16).contains(&exponent) {
        return format!("{digits}e{}", signed_exponent(exponent, 2));
    }
    let plain = shortest(x, false);
    let point = if plain.contains('.') { "" } else { ".0" };
    plain + point
}

/// `'%.{digits}f' % x`: rounded from the exact binary value, a tie to the even digit.
pub fn fixed(x: f64, digits: usize) -> String {
    if x.is_finite() { format!("{x:.digits$}") } else { not_finite(x) }
}

/// `repr([...])`: a Python list of floats, always on one line.
pub fn list(values: &[f64]) -> String {
    let words: Vec<String> = values.iter().copied().map(float).collect();
    format!("[{}]", words.join(", "))
}

/// A tuple of floats as IPython shows the value of a cell: on one line of at most 79 characters,
/// otherwise one element a line; after the first 1000 elements only `...`.
///
/// `print` of a tuple never breaks the line; this is not that.
pub fn tuple(values: &[f64]) -> String {
    let shown = values.iter().copied().take(DISPLAY_LENGTH).map(float);
    let mut words: Vec<String> = shown.collect();
    if values.len() > DISPLAY_LENGTH {
        words.push("...".to_owned());
    }
    if let [only] = &words[..] {
        return format!("({only},)");
    }
    let line = format!("({})", words.join(", "));
    if line.len() <= DISPLAY_WIDTH { line } else { format!("({})", words.join(",\n ")) }
}

/// The shortest digits that read back as a finite `x`, with an exponent (`1.5e-7`) or without.
///
/// Of two such numbers equally near to `x`, Rust writes the one further from zero, Python and
/// NumPy the one whose last digit is even; rounding `x` itself to as many digits gives theirs.
/// Next to a power of two the nearest number so long may not read back as `x` while another does.
fn shortest(x: f64, exponent: bool) -> String {
    let rust = if exponent { format!("{x:e}") } else { format!("{x}") };
    let nearest = rounded(x, exponent, decimals(&rust));
    if nearest.parse() == Ok(x) { nearest } else { rust }
}

/// A finite `x` with as many digits after the point, rounded from its exact binary value.
fn rounded(x: f64, exponent: bool, decimals: usize) -> String {
    if exponent { format!("{x:.decimals$e}") } else { format!("{x:.decimals$}") }
}

/// How many digits stand after the point.
fn decimals(text: &str) -> usize {
    let digits = text.split('e').next().unwrap_or_default();
    digits.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

/// `inf`, `-inf`, and `nan` whatever its sign bit.
fn not_finite(x: f64) -> String {
    let text = match x {
        f64::INFINITY => "inf",
        f64::NEG_INFINITY => "-inf",
        _ => "nan",
    };
    text.to_owned()
}

/// `-1.5e-7` into `-1.5` and -7.
fn split_exponent(scientific: &str) -> (&str, i32) {
    let (digits, exponent) = scientific.split_once('e').expect("{:e} writes an e");
    (digits, exponent.parse().expect("{:e} writes an integer"))
}

/// `+05`, `-12`, `+308`: a sign and at least `width` digits.
fn signed_exponent(exponent: i32, width: usize) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{:0width$}", exponent.unsigned_abs())
}
