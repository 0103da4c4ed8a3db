//! Numbers as people write them: `13,000`, `$0.11`, `11%`, `€ 1.200,50`, `12 km`.

use crate::data::cells::{Fault, number};
use serde::{Deserialize, Serialize};

/// What stands around and inside a column's numbers besides digits and a decimal sign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// A unit or a currency that may stand before or behind each number, and is taken off; none: "".
    pub unit: String,
    /// Whether marks stand between thousands.
    pub thousands: bool,
}

/// Signs that stand before a number or behind it.
const CURRENCIES: [&str; 16] = ["$", "€", "£", "¥", "₹", "₽", "₩", "₺", "₫", "₪", "฿", "₴", "₦", "US$", "Rs", "kr"];
/// Codes that do.
const CODES: [&str; 20] = [
    "EUR", "USD", "GBP", "CHF", "JPY", "CNY", "INR", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "AUD", "CAD", "NZD", "BRL", "MXN", "ZAR",
    "KRW",
];
/// A unit has at most so many characters.
const LONGEST_UNIT: usize = 12;
/// What stands between thousands besides a comma or a point: blanks that do not break a line, and apostrophes.
const MARKS: [char; 6] = [' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '’'];

/// A cell taken apart: its sign, its digits with the marks among them, and its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Parts<'a> {
    negative: bool,
    digits: &'a str,
    pub unit: &'a str,
}

impl<'a> Parts<'a> {
    /// None where it is no number with at most a unit.
    pub fn of(cell: &'a str) -> Option<Parts<'a>> {
        let cell = cell.trim();
        let is_digit = |c: char| c.is_ascii_digit();
        let (mut start, end) = (cell.find(is_digit)?, cell.rfind(is_digit)? + 1);
        if cell[..start].ends_with(['.', ',']) {
            start -= 1;
        }
        let (before, after) = (cell[..start].trim(), cell[end..].trim());
        let minus = |text: &'a str| text.strip_prefix(['-', '−']).or_else(|| text.strip_suffix(['-', '−']));
        let (negative, before) = match minus(before) {
            Some(rest) => (true, rest.trim()),
            None => (false, before.strip_prefix('+').unwrap_or(before)),
        };
        let is_before = before.is_empty() || CURRENCIES.contains(&before) || CODES.contains(&before);
        let first = |c: char| c.is_alphabetic() || "%‰°".contains(c) || CURRENCIES.iter().any(|sign| sign.starts_with(c));
        let is_after = after.is_empty() || after.starts_with(first) && after.chars().count() <= LONGEST_UNIT;
        let unit = match (before, after) {
            (unit, "") | ("", unit) => unit,
            _ => return None,
        };
        (is_before && is_after).then_some(Parts { negative, digits: &cell[start..end], unit })
    }

    /// The number, and whether marks stood between its thousands. Groups of thousands have three digits, the first one to three.
    pub fn read(&self, decimal_comma: bool) -> Option<(f64, bool)> {
        let (mark, decimal) = if decimal_comma { ('.', ',') } else { (',', '.') };
        let is_mark = |c: char| c == mark || MARKS.contains(&c);
        let (whole, fraction) = self.digits.split_once(decimal).unwrap_or((self.digits, ""));
        if fraction.contains(|c: char| is_mark(c) || c == decimal) {
            return None;
        }
        let found = whole.chars().find(|&c| is_mark(c));
        let whole = match found {
            None => whole.to_string(),
            Some(mark) => {
                let mut groups = whole.split(mark);
                let first = groups.next().unwrap_or("");
                let sound = (1..=3).contains(&first.len()) && !first.starts_with('0') && groups.all(|group| group.len() == 3);
                let joined: String = whole.chars().filter(|&c| c != mark).collect();
                if !sound || !joined.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                joined
            }
        };
        let sign = if self.negative { "-" } else { "" };
        let text = if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") };
        Some((number(&text).ok()?, found.is_some()))
    }
}

impl Written {
    /// The number in a cell.
    pub(super) fn number(&self, cell: &str, decimal_comma: bool) -> Result<f64, Fault> {
        let plain = number(cell);
        let Some(parts) = Parts::of(cell).filter(|parts| parts.unit.is_empty() || parts.unit == self.unit) else {
            return plain.and(Err(Fault::Text));
        };
        match (parts.read(decimal_comma), plain) {
            (Some((value, _)), _) => Ok(value),
            // Then the points of other cells, which may stand between thousands, are decimal ones too.
            (None, Ok(_)) if decimal_comma && cell.contains('.') => Err(Fault::Point),
            (None, plain) => plain,
        }
    }

    /// What is taken off, in words.
    pub(super) fn words(&self) -> String {
        match (self.unit.as_str(), self.thousands) {
            ("", false) => String::new(),
            ("", true) => ", marks between thousands taken off".into(),
            (unit, false) => format!(", '{unit}' taken off"),
            (unit, true) => format!(", '{unit}' and marks between thousands taken off"),
        }
    }
}

/// What a column's cells are if they are numbers in this writing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counts {
    /// Plain numbers with a point that cannot stand between thousands, and those where it could: `1.234`.
    points: usize,
    maybe: usize,
    first_maybe: String,
    /// Cells that are no plain numbers, but numbers in this writing with a decimal point, or with a decimal comma.
    point: usize,
    comma: usize,
    /// Those that have marks between thousands, in either.
    thousands: [usize; 2],
    /// Those that are another number with a decimal comma than with a decimal point, and the first of them.
    ambiguous: usize,
    first_ambiguous: String,
    /// The first unit, how many have it, and whether another one came.
    unit: String,
    with_unit: usize,
    other_unit: bool,
}

/// What is known of the decimal sign: whether it is a comma.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sign {
    /// As a person says.
    pub said: Option<bool>,
    /// As columns of the table tell that can be read in one way alone.
    pub elsewhere: Option<bool>,
    /// What it is where nothing tells.
    pub likely: bool,
}

/// A choice that could have been another one.
pub(super) struct Doubt {
    pub cell: String,
    pub value: f64,
}

impl Counts {
    /// The unit, and how many cells have it.
    pub fn unit(&self) -> Option<(&str, usize)> {
        (self.with_unit > 0).then_some((&self.unit, self.with_unit))
    }

    /// Counts a plain number.
    pub fn plain(&mut self, cell: &str) {
        if let Some((whole, fraction)) = cell.trim().split_once('.') {
            let whole = whole.trim_start_matches(['-', '+']);
            match fraction.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0') {
                true => {
                    if self.maybe == 0 {
                        self.first_maybe = cell.trim().to_string();
                    }
                    self.maybe += 1;
                }
                false => self.points += 1,
            }
        }
    }

    /// Counts a cell that is none; says whether it is a number in this writing.
    pub fn word(&mut self, cell: &str) -> bool {
        let Some(parts) = Parts::of(cell) else { return false };
        let both = [false, true].map(|comma| parts.read(comma));
        if both == [None, None] {
            return false;
        }
        self.point += usize::from(both[0].is_some());
        self.comma += usize::from(both[1].is_some());
        for (count, read) in self.thousands.iter_mut().zip(both) {
            *count += usize::from(read.is_some_and(|(_, thousands)| thousands));
        }
        if let [Some((a, _)), Some((b, _))] = both
            && a != b
        {
            if self.ambiguous == 0 {
                self.first_ambiguous = cell.trim().to_string();
            }
            self.ambiguous += 1;
        }
        if !parts.unit.is_empty() {
            if self.with_unit == 0 {
                self.unit = parts.unit.to_string();
            }
            self.with_unit += 1;
            self.other_unit |= parts.unit != self.unit;
        }
        true
    }

    /// How all `cells` cells, `numbers` of them plain numbers, are to be read: whether with a decimal comma, and what is taken off.
    pub fn decided(&self, numbers: usize, cells: usize, sign: Sign) -> Option<(bool, Written, Option<Doubt>)> {
        let all = self.both(numbers, cells);
        let known = sign.said.or(sign.elsewhere);
        let comma = match all {
            [true, true] => known.unwrap_or(sign.likely),
            [point, comma] if point || comma => comma,
            _ => return None,
        };
        let dressed = self.point.max(self.comma);
        // A unit that few cells have says that these are others.
        if (dressed == 0 && !(comma && self.maybe > 0 && known == Some(true)))
            || self.other_unit
            || self.with_unit > 0 && 2 * self.with_unit < cells
        {
            return None;
        }
        let thousands = self.thousands[usize::from(comma)] > 0 || comma && self.maybe > 0;
        let first = if self.ambiguous > 0 { &self.first_ambiguous } else { &self.first_maybe };
        let is_doubtful = all == [true, true] && (self.ambiguous > 0 || comma && self.maybe > 0);
        let doubt = (is_doubtful && sign.said.is_none()).then(|| Doubt {
            cell: first.clone(),
            value: Parts::of(first).and_then(|parts| parts.read(comma)).map_or(f64::NAN, |read| read.0),
        });
        Some((comma, Written { unit: self.unit.clone(), thousands }, doubt))
    }

    /// Whether all `cells` cells, `numbers` of them plain numbers, are numbers with a decimal point, and with a decimal comma.
    pub fn both(&self, numbers: usize, cells: usize) -> [bool; 2] {
        [numbers + self.point == cells, numbers - self.points.min(numbers) + self.comma == cells]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_numbers_with_a_point_or_a_comma() {
        let read = |cell: &str, comma: bool| Parts::of(cell).and_then(|parts| parts.read(comma)).map(|read| read.0);
        for (cell, point, comma) in [
            ("13,000", Some(13_000.0), Some(13.0)),
            ("1,234,567.25", Some(1_234_567.25), None),
            ("€ 1.200,50", None, Some(1200.5)),
            ("1.234", Some(1.234), Some(1234.0)),
            ("$0.11", Some(0.11), None),
            ("-$5", Some(-5.0), Some(-5.0)),
            ("$-5.5", Some(-5.5), None),
            ("11%", Some(11.0), Some(11.0)),
            ("12 km", Some(12.0), Some(12.0)),
            ("1 234,5 €", None, Some(1234.5)),
            ("1\u{a0}234", Some(1234.0), Some(1234.0)),
            ("1'234.5", Some(1234.5), None),
            ("−3 °C", Some(-3.0), Some(-3.0)),
            ("USD 7", Some(7.0), Some(7.0)),
            (".5 l", Some(0.5), None),
            ("1,00", None, Some(1.0)),
            ("1,0000", None, Some(1.0)),
            ("12,34,567", None, None),
        ] {
            assert_eq!((read(cell, false), read(cell, true)), (point, comma), "{cell}");
        }
        for cell in [
            "",
            "km",
            "A1",
            "v1.2",
            "#3",
            "1.2.3",
            "31.05.2024",
            "12:30",
            "030 123 456",
            "1-2",
            "3 4",
            "$5 each",
            "1 very long unit indeed",
        ] {
            assert_eq!((read(cell, false), read(cell, true)), (None, None), "{cell}");
        }
    }
}
