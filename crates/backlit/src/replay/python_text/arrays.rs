//! NumPy 2's `str(array)` for float64 and int64 arrays of one and two dimensions, with the default
//! print options: `precision=8, threshold=1000, edgeitems=3, linewidth=75, suppress=False,
//! floatmode='maxprec'`.

use super::{decimals, not_finite, rounded, shortest, signed_exponent, split_exponent};

/// NumPy's `precision`: digits kept after the point.
const PRECISION: usize = 8;
/// NumPy's `threshold`: arrays of more elements are shown by their edges only.
const THRESHOLD: usize = 1000;
/// NumPy's `edgeitems`: what is shown at each end of a dimension too long to show.
const EDGE_ITEMS: usize = 3;
/// NumPy's `linewidth`.
const LINE_WIDTH: usize = 75;

/// `str(np.array(values))` of one dimension: `[ 0.44 11.44 -0.07  1.37]`.
pub fn array1(values: &[f64]) -> String {
    print(None, values.len(), values, float_words)
}

/// `str(np.array(values).reshape(rows, columns))`; `values`: rows × columns, row by row.
///
/// # Panics
///
/// If there are not `rows * columns` values.
pub fn array2(rows: usize, columns: usize, values: &[f64]) -> String {
    print(Some(rows), columns, values, float_words)
}

/// `str(np.array(values))` of one dimension of int64: `[6 6 6]`.
pub fn int_array1(values: &[i64]) -> String {
    print(None, values.len(), values, int_words)
}

/// `str(np.array(values).reshape(rows, columns))` of int64; `values`: rows × columns, row by row.
///
/// # Panics
///
/// If there are not `rows * columns` values.
pub fn int_array2(rows: usize, columns: usize, values: &[i64]) -> String {
    print(Some(rows), columns, values, int_words)
}

/// The array of `rows` × `columns` values, or of `columns` values in one dimension.
fn print<T: Copy>(rows: Option<usize>, columns: usize, values: &[T], to_words: fn(&[T]) -> Vec<String>) -> String {
    let row_count = rows.unwrap_or(1);
    assert_eq!(values.len(), row_count * columns, "an array of {row_count} x {columns} must have as many values");
    if values.is_empty() {
        return "[]".to_owned();
    }
    let summarise = values.len() > THRESHOLD;
    let shown_rows = shown(row_count, summarise);
    let shown_columns = shown(columns, summarise);
    // Hidden elements have no say in the width of the shown ones.
    let mut seen = Vec::new();
    for row in shown_rows.iter().flatten() {
        for column in shown_columns.iter().flatten() {
            seen.push(values[row * columns + column]);
        }
    }
    let mut words = to_words(&seen).into_iter();
    let mut next_word = |column: &Option<usize>| match column {
        Some(_) => words.next().expect("a word for every element shown"),
        None => "...".to_owned(),
    };
    let indent = if rows.is_some() { "  " } else { " " };
    let mut lines = Vec::new();
    for row in &shown_rows {
        lines.push(match row {
            Some(_) => format!("[{}]", wrap(shown_columns.iter().map(&mut next_word), indent)),
            None => "...".to_owned(),
        });
    }
    match rows {
        Some(_) => format!("[{}]", lines.join("\n ")),
        None => lines.concat(),
    }
}

/// The indices of a dimension that are shown, `None` standing for the dots in between.
fn shown(length: usize, summarise: bool) -> Vec<Option<usize>> {
    if !summarise || length <= 2 * EDGE_ITEMS {
        return (0..length).map(Some).collect();
    }
    let leading = (0..EDGE_ITEMS).map(Some);
    let trailing = (length - EDGE_ITEMS..length).map(Some);
    leading.chain([None]).chain(trailing).collect()
}

/// Words with a blank between them, wrapped under the first one. `indent` is as long as the
/// opening brackets before that, and each line leaves room for as many closing ones.
fn wrap(words: impl Iterator<Item = String>, indent: &str) -> String {
    let width = LINE_WIDTH - indent.len();
    let mut text = String::new();
    let mut line = String::from(indent);
    for word in words {
        // A word too long for any line is not helped by a new one.
        if line.len() > indent.len() && line.len() + word.len() > width {
            text += line.trim_end();
            text.push('\n');
            line.replace_range(.., indent);
        }
        line += &word;
        line.push(' ');
    }
    line.pop();
    text += &line;
    text.split_off(indent.len())
}

/// Integers padded on the left to one width.
fn int_words(values: &[i64]) -> Vec<String> {
    let lengths = values.iter().map(|x| x.to_string().len());
    let width = lengths.max().unwrap_or(0);
    values.iter().map(|x| format!("{x:width$}")).collect()
}

/// Floats with their points in one column: NumPy's `FloatingFormat`.
fn float_words(values: &[f64]) -> Vec<String> {
    let exponents = needs_exponents(values);
    let split = |x: &f64| x.is_finite().then(|| Parts::shortest(*x, exponents));
    let parts: Vec<Option<Parts>> = values.iter().map(split).collect();
    let longest = |length: fn(&Parts) -> usize| {
        let lengths = parts.iter().flatten().map(length);
        lengths.max().unwrap_or(0)
    };
    let mut left = longest(|parts| parts.whole.len());
    let fraction = longest(|parts| parts.fraction.len());
    let power = longest(|parts| signed_exponent(parts.exponent, 2).len());
    let right = match exponents {
        true => fraction + "e".len() + power,
        false => fraction,
    };
    for x in values.iter().filter(|x| !x.is_finite()) {
        left = left.max(not_finite(*x).len().saturating_sub(right + 1));
    }
    let write = |(x, parts): (&f64, &Option<Parts>)| match parts {
        None => format!("{:>1$}", not_finite(*x), left + 1 + right),
        Some(_) if exponents => {
            // Filled up with further digits of x: zeros, but for numbers as small as 5e-324.
            let text = rounded(*x, true, fraction);
            let Parts { whole, fraction, exponent } = Parts::new(&text);
            let exponent = signed_exponent(exponent, power - 1);
            format!("{whole:>left$}.{fraction}e{exponent}")
        }
        Some(p) => format!("{:>left$}.{:<fraction$}", p.whole, p.fraction),
    };
    values.iter().zip(&parts).map(write).collect()
}

/// NumPy's choice of notation for a whole array, by its largest and smallest sizes other than 0.
fn needs_exponents(values: &[f64]) -> bool {
    let mut largest: f64 = 0.0;
    let mut smallest = f64::INFINITY;
    for size in values.iter().map(|x| x.abs()) {
        if size != 0.0 && size.is_finite() {
            largest = largest.max(size);
            smallest = smallest.min(size);
        }
    }
    largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1000.0
}

/// A printed number taken apart at its point and its exponent.
struct Parts {
    /// With the sign.
    whole: String,
    /// Empty for a whole number.
    fraction: String,
    /// 0 in plain notation.
    exponent: i32,
}

impl Parts {
    fn new(text: &str) -> Self {
        let (digits, exponent) = match text.contains('e') {
            true => split_exponent(text),
            false => (text, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        Self { whole: whole.to_owned(), fraction: fraction.to_owned(), exponent }
    }

    /// The shortest digits that read back as `x`; where that takes more than 8 after the point,
    /// `x` itself rounded to 8, without trailing zeros. (Rounding the shortest digits would round
    /// some numbers twice.)
    fn shortest(x: f64, exponents: bool) -> Self {
        let mut text = shortest(x, exponents);
        if decimals(&text) > PRECISION {
            text = rounded(x, exponents, PRECISION);
        }
        let mut parts = Self::new(&text);
        let length = parts.fraction.trim_end_matches('0').len();
        parts.fraction.truncate(length);
        parts
    }
}
