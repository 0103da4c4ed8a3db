//! How a table's columns become numbers for a network, and stay it: numbers, categories, booleans, dates, cells that are missing.
//!
//! An encoder is made from the table trained on and stands in the model file; afterwards the model takes the same raw columns.

mod common;
mod dates;
mod gaps;
mod levels;
mod profile;
mod target;
mod written;

pub use dates::Order;
pub(crate) use dates::of_day;
pub use levels::Levels;
pub use profile::{ColumnProfile, Profile};
pub use written::Written;

use crate::data::cells::{Fault, excerpt, is_missing, number};
use crate::weighted::Sample;
use serde::{Deserialize, Serialize};

/// Whether a cell is a date in some order.
pub(crate) fn is_date(cell: &str) -> bool {
    dates::ORDERS.iter().any(|order| dates::read(cell, *order).is_some())
}

/// Columns by name, each with what becomes of its cells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoder {
    /// The columns that are used.
    pub columns: Vec<Column>,
}

/// A column of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What becomes of its cells.
    pub kind: Kind,
    /// Words that say that a cell is missing, in this column alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
}

/// What becomes of a column's cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// The number that stands there.
    Number {
        /// Whether a comma stands where others write a point.
        decimal_comma: bool,
        /// Whether cells may be missing: a second number then says so, 1 or 0.
        missing: Missing,
        /// What stands around the numbers, if they are not plain ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        written: Option<Written>,
    },
    /// One number for each level, 1 for the level that stands there and 0 for the others. A cell that is missing is the level "",
    /// if that is among them. A level that is not among them: all 0.
    Category {
        /// In order, all different.
        levels: Levels,
    },
    /// The code of the level that stands there, counted from 1; 0 for any other. A cell that is missing is the level "", if that is
    /// among them. Learned numbers take its place.
    Embed {
        /// In order, all different.
        levels: Levels,
    },
    /// 1 for yes, 0 for no, ½ for anything else.
    Boolean {
        /// The word for 0.
        no: String,
        /// The word for 1.
        yes: String,
    },
    /// Days since 1970-01-01, and the places in the year, the week and the day as points on a circle.
    Date {
        /// In which order year, month and day stand.
        order: Order,
        /// Whether there are times.
        time: bool,
        /// Whether cells may be missing: a number more then says so. What takes their place is the median day, as days since 1970-01-01.
        #[serde(default, skip_serializing_if = "Missing::is_refused")]
        missing: Missing,
    },
    /// The number of a class, counted from 0. Only classes known are read; rows without one are left out.
    Class {
        /// In order, all different.
        levels: Levels,
    },
    /// The number of a level, counted from 0; NaN for any other cell.
    #[serde(skip)]
    Level {
        /// In order, all different.
        levels: Levels,
    },
}

/// What becomes of a missing number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// It is refused.
    #[default]
    Refused,
    /// Its row is left out: of a target.
    RowLeftOut,
    /// This takes its place: the median of the numbers trained on, NaN as long as that is not known.
    Filled(f64),
}

impl Missing {
    fn is_refused(&self) -> bool {
        *self == Missing::Refused
    }
}

/// A cell that says nothing a model knows: an unseen level, a word that is neither yes nor no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strange(pub bool);

impl Kind {
    /// A number that is never missing.
    pub const NUMBER: Kind = Kind::Number { decimal_comma: false, missing: Missing::Refused, written: None };

    /// The names of the numbers that a cell becomes.
    pub fn names(&self, column: &str) -> Vec<String> {
        match self {
            Kind::Number { missing: Missing::Filled(_), .. } => vec![column.to_string(), format!("{column} missing")],
            Kind::Number { .. } | Kind::Class { .. } | Kind::Level { .. } | Kind::Embed { .. } => vec![column.to_string()],
            Kind::Category { levels } => {
                levels.iter().map(|level| format!("{column}={}", if level.is_empty() { "(missing)" } else { level })).collect()
            }
            Kind::Boolean { yes, .. } => vec![format!("{column}={yes}")],
            Kind::Date { time, missing, .. } => {
                let marked = matches!(missing, Missing::Filled(_)).then_some(&"missing");
                dates::names(*time).iter().chain(marked).map(|name| format!("{column} {name}")).collect()
            }
        }
    }

    /// Puts the numbers of a cell at the end of `values`; says whether it is strange. After a fault nothing is put there.
    pub(crate) fn encode(&self, cell: &str, values: &mut Vec<f64>) -> Result<Strange, Fault> {
        let known = Ok(Strange(false));
        match self {
            Kind::Number { decimal_comma, missing, written } => {
                let read = match written {
                    Some(written) => written.number(cell, *decimal_comma),
                    None if *decimal_comma => number(&cell.replace(',', ".")),
                    None => number(cell),
                };
                match (read, missing) {
                    (Ok(value), Missing::Filled(_)) => values.extend([value, 0.0]),
                    (Ok(value), _) => values.push(value),
                    (Err(_), Missing::RowLeftOut) if is_missing(cell) => values.push(f64::NAN),
                    (Err(_), Missing::Filled(fill)) if is_missing(cell) => values.extend([*fill, 1.0]),
                    (Err(fault), _) => return Err(fault),
                }
                known
            }
            Kind::Category { levels } => {
                let place = levels.find(cell);
                let start = values.len();
                values.resize(start + levels.len(), 0.0);
                match place {
                    Some(place) => values[start + place] = 1.0,
                    None => return Ok(Strange(true)),
                }
                known
            }
            Kind::Embed { levels } => {
                let place = levels.find(cell);
                values.push(place.map_or(0.0, |place| (place + 1) as f64));
                Ok(Strange(place.is_none()))
            }
            Kind::Boolean { no, yes } => {
                let cell = cell.trim();
                let is = |word: &str| cell == word || cell.eq_ignore_ascii_case(word);
                let value = match cell.parse::<f64>() {
                    _ if is(yes) => 1.0,
                    _ if is(no) => 0.0,
                    Ok(number) if number == 1.0 || number == 0.0 => number.abs(),
                    _ => 0.5,
                };
                values.push(value);
                Ok(Strange(value == 0.5))
            }
            Kind::Date { order, time, missing } => {
                let mark = matches!(missing, Missing::Filled(_));
                match (dates::read(cell, *order), missing) {
                    (Some(moment), _) => moment.numbers(*time, values),
                    (None, Missing::Filled(day)) if is_missing(cell) => {
                        dates::of_day(*day, *time, values);
                        values.push(1.0);
                        return known;
                    }
                    (None, _) if is_missing(cell) => return Err(Fault::Missing),
                    (None, _) => return Err(Fault::Date),
                }
                values.extend(mark.then_some(0.0));
                known
            }
            Kind::Class { levels } => match levels.find(cell) {
                Some(place) => {
                    values.push(place as f64);
                    known
                }
                None if is_missing(cell) => {
                    values.push(f64::NAN);
                    known
                }
                None => Err(Fault::Class),
            },
            Kind::Level { levels } => {
                values.push(levels.find(cell).map_or(f64::NAN, |place| place as f64));
                known
            }
        }
    }

    /// Whether it only tells rows apart, and is no input.
    pub(crate) fn is_level(&self) -> bool {
        matches!(self, Kind::Level { .. })
    }

    /// Whether rows are left out where it is missing.
    pub(crate) fn drops_rows(&self) -> bool {
        matches!(self, Kind::Class { .. } | Kind::Number { missing: Missing::RowLeftOut, .. })
    }

    /// How a person calls it.
    pub fn words(&self) -> String {
        let listed = |levels: &[String]| {
            let shown: Vec<String> =
                levels.iter().take(5).map(|level| if level.is_empty() { "(missing)".into() } else { excerpt(level) }).collect();
            format!("{}{}", shown.join(", "), if levels.len() > 5 { " …" } else { "" })
        };
        match self {
            Kind::Number { decimal_comma, missing, written } => {
                let written = written.as_ref().map_or(String::new(), Written::words);
                let comma = format!("{}{written}", if *decimal_comma { " with decimal commas" } else { "" });
                match missing {
                    Missing::Refused | Missing::RowLeftOut => format!("numbers{comma}"),
                    Missing::Filled(fill) if fill.is_nan() => format!("numbers{comma}, missing ones become the median and are marked"),
                    Missing::Filled(fill) => format!("numbers{comma}, missing ones become the median {fill} and are marked"),
                }
            }
            Kind::Category { levels } => format!("{} categories: {}", levels.len(), listed(levels)),
            Kind::Embed { levels } => format!("{} categories with learned numbers: {}", levels.len(), listed(levels)),
            Kind::Boolean { no, yes } => format!("{} or {}", excerpt(yes), excerpt(no)),
            Kind::Date { time, missing, .. } => {
                let dates = format!("dates{}, taken apart into days, season and weekday", if *time { " with times" } else { "" });
                match missing {
                    Missing::Refused | Missing::RowLeftOut => dates,
                    Missing::Filled(day) if day.is_nan() => format!("{dates}, missing ones become the median and are marked"),
                    Missing::Filled(day) => format!("{dates}, missing ones become the median {} and are marked", dates::shown(*day)),
                }
            }
            Kind::Level { levels } | Kind::Class { levels } => format!("{} classes: {}", levels.len(), listed(levels)),
        }
    }
}

impl Column {
    /// Without words that say that a cell is missing.
    pub fn new(name: &str, kind: Kind) -> Column {
        Column { name: name.to_string(), kind, words: Vec::new() }
    }

    /// [`Kind::encode`], the column's own words for a missing cell being known.
    pub(crate) fn encode(&self, cell: &str, values: &mut Vec<f64>) -> Result<Strange, Fault> {
        match self.kind.encode(cell, values) {
            Err(_) if self.words.iter().any(|word| word.eq_ignore_ascii_case(cell.trim())) => self.kind.encode("", values),
            encoded => encoded,
        }
    }
}

impl Encoder {
    /// Numbers that are never missing.
    pub fn plain(columns: &[String]) -> Encoder {
        Encoder { columns: columns.iter().map(|name| Column::new(name, Kind::NUMBER)).collect() }
    }

    /// The names of all numbers of a row.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().flat_map(|column| column.kind.names(&column.name)).collect()
    }

    /// The encoder of these columns alone, in its own order.
    pub fn only(&self, keep: impl Fn(&Column) -> bool) -> Encoder {
        Encoder { columns: self.columns.iter().filter(|column| keep(column)).cloned().collect() }
    }

    /// The same for a table whose file has numbers in some columns: how people write them does not matter there.
    pub(crate) fn typed(&self, is_typed: impl Fn(&str) -> bool) -> Encoder {
        let mut encoder = self.clone();
        for column in encoder.columns.iter_mut().filter(|column| is_typed(&column.name)) {
            if let Kind::Number { decimal_comma, written, .. } = &mut column.kind {
                (*decimal_comma, *written) = (false, None);
            }
        }
        encoder
    }

    /// Whether it can belong to a model of these columns: `inputs`, of which the last `embedded` are codes, each of so many levels and one
    /// more, and `targets`, of so many classes where words in them are classes. `Err` says what does not fit.
    pub(crate) fn check(&self, inputs: &[String], embedded: &[usize], targets: &[String], classes: Option<usize>) -> Result<(), String> {
        let names = self.names();
        if let Some(name) = inputs.iter().chain(targets).find(|name| !names.contains(name)) {
            return Err(format!("no column of the encoder becomes '{name}'"));
        }
        let first = inputs.len() - embedded.len();
        for Column { name, kind, .. } in &self.columns {
            if let Kind::Category { levels } | Kind::Class { levels } | Kind::Embed { levels } = kind
                && let Some(pair) = levels.windows(2).find(|pair| pair[0] >= pair[1])
            {
                return Err(format!("column '{name}': expected levels in order, came '{}' before '{}'", pair[0], pair[1]));
            }
            match (kind, inputs.iter().position(|input| input == name)) {
                (Kind::Embed { levels }, Some(place)) if place < first || embedded[place - first] != levels.len() + 1 => {
                    return Err(format!("column '{name}' has {} levels, which its embedding has not", levels.len()));
                }
                (Kind::Embed { .. }, _) => {}
                (_, Some(place)) if place >= first => return Err(format!("column '{name}' is embedded and holds no codes")),
                _ => {}
            }
            if let (Kind::Class { levels }, Some(classes)) = (kind, classes)
                && (levels.len() != classes || !targets.contains(name))
            {
                return Err(format!("column '{name}' holds {} classes, the model has {classes}", levels.len()));
            }
        }
        Ok(())
    }

    /// The classes' names, if a column holds classes in words.
    pub fn classes(&self) -> Option<&[String]> {
        self.columns.iter().find_map(|column| match &column.kind {
            Kind::Class { levels } => Some(&**levels),
            _ => None,
        })
    }

    /// Puts the median of a column's numbers, or of its days, among `rows` in the place of those that are missing, in the encoder and
    /// in the table of its numbers, row after row as [`Encoder::names`] tells. A column that is missing in all of them becomes 0.
    /// `weights`: of these rows; empty: all count alike
    pub fn fill(&mut self, rows: &[usize], weights: &[f64], values: &mut [f64]) {
        let width = self.names().len();
        let middle = |values: &[f64], place: usize| {
            let mut known = Sample::default();
            for (r, row) in rows.iter().enumerate() {
                let number = values[row * width + place];
                if !number.is_nan() {
                    known.add(number, weights.get(r).copied());
                }
            }
            known.median().unwrap_or(0.0)
        };
        let mut place = 0;
        for column in &mut self.columns {
            let size = column.kind.names(&column.name).len();
            if let Kind::Date { time, missing: Missing::Filled(fill), .. } = &mut column.kind {
                *fill = middle(values, place);
                let mut numbers = Vec::new();
                dates::of_day(*fill, *time, &mut numbers);
                for row in values.chunks_exact_mut(width).filter(|row| row[place].is_nan()) {
                    row[place..place + size - 1].copy_from_slice(&numbers);
                }
            }
            if let Kind::Number { missing: Missing::Filled(fill), .. } = &mut column.kind {
                *fill = middle(values, place);
                for number in values.iter_mut().skip(place).step_by(width).filter(|number| number.is_nan()) {
                    *number = *fill;
                }
            }
            place += size;
        }
    }
}

/// What classes are called: the words of a target of words, else their numbers.
pub fn class_names(encoder: Option<&Encoder>, classes: &[f64]) -> Vec<String> {
    match encoder.and_then(Encoder::classes) {
        Some(words) => words.to_vec(),
        None => classes.iter().map(f64::to_string).collect(),
    }
}

/// What both values of each target are called, one after the other. `classes`: two for each of `targets`
pub fn label_names(encoder: Option<&Encoder>, targets: &[String], classes: &[f64]) -> Vec<String> {
    let words = |target: &String| {
        let column = encoder?.columns.iter().find(|column| column.name == *target)?;
        if let Kind::Class { levels } = &column.kind { Some(levels.to_vec()).filter(|levels| levels.len() == 2) } else { None }
    };
    let both = |(target, values): (&String, &[f64])| words(target).unwrap_or_else(|| values.iter().map(f64::to_string).collect());
    targets.iter().zip(classes.chunks_exact(2)).flat_map(both).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: Kind) -> Column {
        Column::new(name, kind)
    }

    #[test]
    fn gaps_become_the_median_of_the_rows_trained_on() {
        let gaps = Kind::Number { decimal_comma: false, missing: Missing::Filled(f64::NAN), written: None };
        let mut encoder = Encoder { columns: vec![column("n", Kind::NUMBER), column("a", gaps.clone()), column("b", gaps)] };
        assert_eq!(encoder.names(), ["n", "a", "a missing", "b", "b missing"]);
        let nan = f64::NAN;
        let mut values =
            [[0.0, 1.0, 0.0, nan, 1.0], [0.0, nan, 1.0, 7.0, 0.0], [0.0, 5.0, 0.0, nan, 1.0], [0.0, 100.0, 0.0, 9.0, 0.0]].concat();
        encoder.fill(&[0, 1, 2], &[], &mut values);
        assert_eq!((values[6], values[3], values[13]), (3.0, 7.0, 7.0));
        assert!(values.iter().all(|value| !value.is_nan()));
        let fills: Vec<f64> = encoder
            .columns
            .iter()
            .filter_map(|c| if let Kind::Number { missing: Missing::Filled(fill), .. } = c.kind { Some(fill) } else { None })
            .collect();
        assert_eq!(fills, [3.0, 7.0]);
        // Nothing known among the rows trained on.
        encoder.columns[1].kind = Kind::Number { decimal_comma: false, missing: Missing::Filled(nan), written: None };
        let mut values = [0.0, nan, 1.0, 2.0, 0.0];
        encoder.fill(&[0], &[], &mut values);
        assert_eq!(values[1], 0.0);
    }

    #[test]
    fn missing_dates_become_the_median_day() {
        let date = Kind::Date { order: Order::YearMonthDay, time: true, missing: Missing::Filled(f64::NAN) };
        let mut encoder = Encoder { columns: vec![column("n", Kind::NUMBER), column("d", date)] };
        let cells = ["2024-05-01", "", "2024-05-06 12:00", "2024-05-04", "2030-01-01"];
        let mut values = Vec::new();
        for cell in cells {
            values.push(7.0);
            encoder.columns[1].kind.encode(cell, &mut values).unwrap();
        }
        let width = encoder.names().len();
        assert_eq!((width, encoder.names()[8].as_str()), (9, "d missing"));
        // The middle of the first four: 2024-05-04, a Saturday; the last row is not trained on.
        encoder.fill(&[0, 1, 2, 3], &[], &mut values);
        let same = |a: usize, b: usize| (a * width..a * width + 8).all(|k| values[k] == values[k + (b - a) * width]);
        assert!(same(1, 3) && values[width + 8] == 1.0 && values[3 * width + 8] == 0.0, "{values:?}");
        let mut again = Vec::new();
        encoder.columns[1].kind.encode("?", &mut again).unwrap();
        assert_eq!(again, values[width + 1..2 * width]);
        assert!(encoder.columns[1].kind.words().contains("the median 2024-05-04 and"));
    }

    #[test]
    fn cells_become_numbers_by_their_kind() {
        let levels = |words: &[&str]| words.iter().map(|word| word.to_string()).collect::<Vec<_>>();
        let category = Kind::Category { levels: Levels::new(levels(&["", "blue", "red"])) };
        let boolean = Kind::Boolean { no: "no".into(), yes: "yes".into() };
        let gaps = Kind::Number { decimal_comma: true, missing: Missing::Filled(2.5), written: None };
        let class = Kind::Class { levels: Levels::new(levels(&["a", "b"])) };
        type Outcome<'a> = Result<(&'a [f64], bool), Fault>;
        let date = |missing| Kind::Date { order: Order::YearMonthDay, time: false, missing };
        let cases: [(&Kind, &str, Outcome); 19] = [
            (&category, " red ", Ok((&[0.0, 0.0, 1.0], false))),
            (&category, "NA", Ok((&[1.0, 0.0, 0.0], false))),
            (&category, "Red", Ok((&[0.0, 0.0, 0.0], true))),
            (&boolean, "yes", Ok((&[1.0], false))),
            (&boolean, "no", Ok((&[0.0], false))),
            (&boolean, "", Ok((&[0.5], true))),
            (&gaps, "1,5", Ok((&[1.5, 0.0], false))),
            (&gaps, "?", Ok((&[2.5, 1.0], false))),
            (&gaps, "nan", Ok((&[2.5, 1.0], false))),
            (&gaps, "x", Err(Fault::Text)),
            (&gaps, "inf", Err(Fault::NotFinite)),
            (&Kind::NUMBER, "", Err(Fault::Missing)),
            (&class, "b", Ok((&[1.0], false))),
            (&class, "c", Err(Fault::Class)),
            (&date(Missing::Refused), "", Err(Fault::Missing)),
            (&date(Missing::Refused), "31.05.2024", Err(Fault::Date)),
            (&date(Missing::Filled(0.0)), "31.05.2024", Err(Fault::Date)),
            // A Thursday, 1970-01-01.
            (&date(Missing::Filled(0.0)), "NA", Ok((&[0.0, 0.0, 1.0, 0.433883739, -0.900968868, 1.0], false))),
            (&date(Missing::Filled(9.0)), "1970-01-01", Ok((&[0.0, 0.0, 1.0, 0.433883739, -0.900968868, 0.0], false))),
        ];
        for (kind, cell, want) in cases {
            let mut values = Vec::new();
            let got = kind.encode(cell, &mut values).map(|strange| (values.as_slice(), strange.0));
            assert_eq!(got, want, "{kind:?} {cell:?}");
            assert!(want.is_ok() || values.is_empty(), "{kind:?} {cell:?}");
        }
    }
}
