//! What a piece of mathematics comes to, from nothing but the digits that stand on the page.
//!
//! A number that was rounded for the page stands for all numbers that round to it, so values are intervals. Nothing of the
//! library is used but the tree that it draws.

use backlit_engine::typeset::{Bracket, Math};

/// Rows × columns of intervals; a single number has one row and one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    columns: usize,
    pub entries: Vec<(f64, f64)>,
}

/// Reads a page whose numbers are rounded where they show so many digits after the point or more.
pub struct Reader {
    pub rounded_from: usize,
}

impl Value {
    fn one(low: f64, high: f64) -> Value {
        Value { columns: 1, entries: vec![(low, high)] }
    }

    fn single(&self) -> Option<(f64, f64)> {
        if let [only] = self.entries[..] { Some(only) } else { None }
    }

    fn each(&self, other: &Value, both: fn((f64, f64), (f64, f64)) -> (f64, f64)) -> Option<Value> {
        // A row is added to every row.
        let fits = self.columns == other.columns && self.entries.len() % other.entries.len() == 0;
        let entries = self.entries.iter().zip(other.entries.iter().cycle()).map(|(a, b)| both(*a, *b)).collect();
        fits.then_some(Value { columns: self.columns, entries })
    }

    /// Whether both can be the same numbers. Numbers that are not rounded still carry the last digits of floating point.
    pub fn meets(&self, other: &Value) -> bool {
        let slack = |a: f64| 1e-12 * a.abs() + 1e-300;
        let meet = |(a, b): (&(f64, f64), &(f64, f64))| a.0 <= b.1 + slack(b.1) && b.0 <= a.1 + slack(a.1);
        self.entries.len() == other.entries.len() && self.entries.iter().zip(&other.entries).all(meet)
    }
}

fn add(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0 + b.0, a.1 + b.1)
}

fn times(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let all = [a.0 * b.0, a.0 * b.1, a.1 * b.0, a.1 * b.1];
    (all.iter().copied().fold(f64::INFINITY, f64::min), all.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

fn negative((low, high): (f64, f64)) -> (f64, f64) {
    (-high, -low)
}

impl Reader {
    /// The value, if the piece holds nothing but numbers and e.
    pub fn value(&self, math: &Math) -> Option<Value> {
        match math {
            Math::Number(text) => self.number(text),
            Math::Letter(name) if name == "e" => Some(Value::one(std::f64::consts::E, std::f64::consts::E)),
            Math::Row(parts) => self.sum(&flat(parts)),
            Math::Fraction(above, below) => {
                let (above, below) = (self.value(above)?.single()?, self.value(below)?.single()?);
                let inverse = (1.0 / below.1, 1.0 / below.0);
                (below.0 > 0.0 || below.1 < 0.0).then(|| times(above, inverse)).map(|(low, high)| Value::one(low, high))
            }
            Math::Script { base, below: None, above: Some(above) } => self.power(base, above),
            Math::Bracket(Bracket::Bars, inner) => {
                let (low, high) = self.value(inner)?.single()?;
                let least = if low <= 0.0 && high >= 0.0 { 0.0 } else { low.abs().min(high.abs()) };
                Some(Value::one(least, low.abs().max(high.abs())))
            }
            Math::Bracket(_, inner) => self.value(inner),
            Math::Call(name, arguments) => self.call(name, arguments),
            Math::Cases(cases) => self.value(&cases.iter().find(|(_, when)| self.holds(when) == Some(true))?.0),
            Math::Matrix(rows) => {
                let entries = rows.iter().flatten().map(|entry| self.value(entry)?.single()).collect::<Option<Vec<_>>>()?;
                Some(Value { columns: rows.first()?.len(), entries })
            }
            _ => None,
        }
    }

    fn number(&self, text: &str) -> Option<Value> {
        let value: f64 = text.parse().ok()?;
        let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let rounded = decimals >= self.rounded_from && !text.contains('e');
        let half = if rounded { 0.500_001 * 10f64.powi(-(decimals as i32)) } else { 0.0 };
        Some(Value::one(value - half, value + half))
    }

    /// Terms with + and − between.
    fn sum(&self, parts: &[&Math]) -> Option<Value> {
        let mut total: Option<Value> = None;
        let mut start = 0;
        for end in 1..=parts.len() {
            // A sign right behind another belongs to the term.
            let ends = end == parts.len() || (is_sign(parts[end], &["+", "−", "-"]) && !matches!(parts[end - 1], Math::Sign(_)));
            if !ends {
                continue;
            }
            let (minus, term) = match &parts[start..end] {
                [sign, term @ ..] if is_sign(sign, &["−", "-"]) => (true, term),
                [sign, term @ ..] if is_sign(sign, &["+"]) => (false, term),
                term => (false, term),
            };
            let mut term = self.product(term)?;
            if minus {
                term.entries.iter_mut().for_each(|entry| *entry = negative(*entry));
            }
            total = Some(match total {
                None => term,
                Some(total) => total.each(&term, add)?,
            });
            start = end;
        }
        total
    }

    /// Factors with · or ⊙ between, or side by side.
    fn product(&self, parts: &[&Math]) -> Option<Value> {
        let mut total: Option<Value> = None;
        let mut sign = "·";
        for part in parts {
            if let Math::Sign(found) = part {
                sign = found;
                continue;
            }
            let factor = self.value(part)?;
            total = Some(match (total, sign) {
                (None, _) => factor,
                (Some(total), "⊙") => total.each(&factor, times)?,
                (Some(total), "·") => matrix_product(&total, &factor)?,
                _ => return None,
            });
        }
        total
    }

    fn power(&self, base: &Math, exponent: &Math) -> Option<Value> {
        let exponent = self.value(exponent)?.single()?;
        if matches!(base, Math::Letter(name) if name == "e") {
            return Some(Value::one(exponent.0.exp(), exponent.1.exp()));
        }
        let base = self.value(base)?.single()?;
        let whole = exponent.0 == exponent.1 && exponent.0.fract() == 0.0 && (0.0..9.0).contains(&exponent.0);
        let mut result = (1.0, 1.0);
        (0..if whole { exponent.0 as usize } else { 0 }).for_each(|_| result = times(result, base));
        whole.then(|| Value::one(result.0, result.1))
    }

    fn call(&self, name: &str, arguments: &[Math]) -> Option<Value> {
        let values = arguments.iter().map(|argument| self.value(argument)?.single()).collect::<Option<Vec<_>>>()?;
        match (name, &values[..]) {
            ("exp", [(low, high)]) => Some(Value::one(low.exp(), high.exp())),
            ("max", [a, b]) => Some(Value::one(a.0.max(b.0), a.1.max(b.1))),
            _ => None,
        }
    }

    fn holds(&self, when: &Math) -> Option<bool> {
        match when {
            Math::Text(words) => (words == "otherwise").then_some(true),
            Math::Row(parts) => {
                let at = parts.iter().position(|part| is_sign(part, &[">"]))?;
                let side = |parts: &[Math]| self.sum(&flat(parts))?.single();
                let (left, right) = (side(&parts[..at])?, side(&parts[at + 1..])?);
                (left.0 > right.1 || left.1 <= right.0).then_some(left.0 > right.1)
            }
            _ => None,
        }
    }
}

fn matrix_product(a: &Value, b: &Value) -> Option<Value> {
    if let (Some(one), Some(other)) = (a.single(), b.single()) {
        let (low, high) = times(one, other);
        return Some(Value::one(low, high));
    }
    let inner = b.entries.len() / b.columns;
    let entry = |row: &[(f64, f64)], column: usize| {
        let pairs = row.iter().zip(b.entries[column..].iter().step_by(b.columns));
        pairs.fold((0.0, 0.0), |sum, (a, b)| add(sum, times(*a, *b)))
    };
    let rows = a.entries.chunks(a.columns);
    let entries = rows.flat_map(|row| (0..b.columns).map(|column| entry(row, column)).collect::<Vec<_>>()).collect();
    (a.columns == inner).then_some(Value { columns: b.columns, entries })
}

/// Rows within a row are part of it.
fn flat(parts: &[Math]) -> Vec<&Math> {
    parts.iter().flat_map(|part| if let Math::Row(inner) = part { flat(inner) } else { vec![part] }).collect()
}

fn is_sign(math: &Math, signs: &[&str]) -> bool {
    matches!(math, Math::Sign(sign) if signs.contains(sign))
}

#[test]
fn intervals_hold_what_was_rounded_and_nothing_else() {
    let reader = Reader { rounded_from: 8 };
    let number = |text: &str| Math::Number(text.into());
    let row = |parts: Vec<Math>| reader.value(&Math::Row(parts)).unwrap();
    let product = row(vec![number("0.13849856"), Math::Sign("·"), number("0.40")]);
    assert!(product.meets(&reader.value(&number("0.05539942")).unwrap()));
    assert!(!product.meets(&reader.value(&number("0.05539944")).unwrap()));
    let mixed = row(vec![number("2"), Math::Sign("−"), number("3"), Math::Sign("·"), number("-4"), Math::Sign("+"), number("1")]);
    assert_eq!(mixed.single(), Some((15.0, 15.0)));
    assert_eq!(row(vec![Math::Sign("−"), number("2").bracketed().above(number("2"))]).single(), Some((-4.0, -4.0)));
    assert_eq!(reader.value(&Math::letter("w")), None);
}
