//! Values of a TOML text that know their key and line, so that every error can name both.

use crate::data::near::near;
use crate::error::{Error, Kind};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The text that is read, and its name.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    pub text: &'a str,
    pub name: &'a str,
}

impl File<'_> {
    /// An error without a place in the file.
    pub fn error(&self, message: impl Into<String>) -> Error {
        Error::new(Kind::Usage, message).file(self.name)
    }

    /// The error of a text that is no TOML.
    pub fn syntax(&self, error: &toml::de::Error) -> Error {
        let place = error.span().map_or(String::new(), |span| format!("line {}: ", self.line(span.start)));
        self.error(format!("{place}not valid TOML: {}", error.message().trim()))
    }

    fn line(&self, byte: usize) -> usize {
        self.text.as_bytes()[..byte.min(self.text.len())].iter().filter(|&&byte| byte == b'\n').count() + 1
    }
}

/// A table and its key.
pub(super) struct Table<'a> {
    file: File<'a>,
    key: String,
    span: Range<usize>,
    entries: &'a DeTable<'a>,
}

/// A value and its key.
#[derive(Clone)]
pub(super) struct Value<'a> {
    file: File<'a>,
    /// `network.layer[1].weight`
    pub key: String,
    span: Range<usize>,
    value: &'a DeValue<'a>,
}

impl<'a> Table<'a> {
    /// The whole text.
    pub fn top(file: File<'a>, parsed: &'a Spanned<DeTable<'a>>) -> Table<'a> {
        Table { file, key: String::new(), span: 0..0, entries: parsed.get_ref() }
    }

    fn key_of(&self, name: &str) -> String {
        if self.key.is_empty() { name.to_string() } else { format!("{}.{name}", self.key) }
    }

    /// Refuses every key but these.
    pub fn only(&self, known: &[&str]) -> Result<(), Error> {
        let unknown = self.entries.keys().filter(|key| !known.contains(&key.get_ref().as_ref())).min_by_key(|key| key.span().start);
        let Some(key) = unknown else { return Ok(()) };
        let name = key.get_ref().as_ref();
        let place = if self.key.is_empty() { "at the top".to_string() } else { format!("in {}", self.key) };
        let message = format!("line {}: there is no such key {place}", self.file.line(key.span().start));
        let hint = match near(name, known.iter().copied()).as_slice() {
            [] => format!("one of {}", known.join(", ")),
            names => format!("did you mean {}?", names.join(", ")),
        };
        Err(self.file.error(message).key(self.key_of(&name.escape_debug().to_string())).hint(hint))
    }

    /// A value, if it is there.
    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        let (_, value) = self.entries.get_key_value(name)?;
        Some(Value { file: self.file, key: self.key_of(name), span: value.span(), value: value.get_ref() })
    }

    /// A table, if it is there.
    pub fn table(&self, name: &str) -> Result<Option<Table<'a>>, Error> {
        self.get(name).map(|value| value.table()).transpose()
    }

    /// Reads a value, if it is there.
    pub fn read<T>(&self, name: &str, read: impl FnOnce(&Value<'a>) -> Result<T, Error>) -> Result<Option<T>, Error> {
        self.get(name).as_ref().map(read).transpose()
    }

    /// An error about the table itself.
    pub fn error(&self, message: impl AsRef<str>) -> Error {
        let message = format!("line {}: {}", self.file.line(self.span.start), message.as_ref());
        let error = self.file.error(message);
        if self.key.is_empty() { error } else { error.key(&self.key) }
    }
}

impl<'a> Value<'a> {
    /// An error about this value.
    pub fn error(&self, message: impl AsRef<str>) -> Error {
        self.file.error(format!("line {}: {}", self.file.line(self.span.start), message.as_ref())).key(&self.key)
    }

    /// What was expected instead of this value.
    pub fn expected(&self, what: &str) -> Error {
        self.error(format!("expected {what}, came {}", self.shown()))
    }

    /// The value as it is written, cut where it is long.
    fn shown(&self) -> String {
        let kind = match self.value {
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
            DeValue::String(_) => "the string",
            DeValue::Boolean(_) | DeValue::Integer(_) | DeValue::Float(_) => "",
            DeValue::Datetime(_) => "the date",
        };
        if matches!(self.value, DeValue::Array(_) | DeValue::Table(_)) {
            return kind.to_string();
        }
        let written = self.file.text.get(self.span.clone()).unwrap_or_default();
        let shown: String = written.chars().take(60).flat_map(char::escape_debug).collect::<String>().replace("\\\"", "\"");
        let more = if written.chars().count() > 60 { "…" } else { "" };
        format!("{kind}{}{shown}{more}", if kind.is_empty() { "" } else { " " })
    }

    /// The table this is.
    pub fn table(&self) -> Result<Table<'a>, Error> {
        match self.value {
            DeValue::Table(entries) => Ok(Table { file: self.file, key: self.key.clone(), span: self.span.clone(), entries }),
            _ => Err(self.expected(&format!("a section, [{}]", self.key))),
        }
    }

    /// The string this is.
    pub fn string(&self) -> Result<String, Error> {
        match self.value {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(self.expected("a string in quotes")),
        }
    }

    /// One of some strings, and what it stands for.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, Error> {
        let found = |text: &str| choices.iter().find(|(name, _)| *name == text).map(|choice| choice.1);
        match self.value {
            DeValue::String(text) => found(text),
            _ => None,
        }
        .ok_or_else(|| {
            let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            self.expected(&names.join(" or "))
        })
    }

    /// A string that the engine understands.
    pub fn checked<T>(&self, check: impl FnOnce(&str) -> Result<T, String>) -> Result<String, Error> {
        let text = self.string()?;
        match check(&text) {
            Ok(_) => Ok(text),
            Err(message) => Err(self.error(message)),
        }
    }

    /// The boolean this is.
    pub fn boolean(&self) -> Result<bool, Error> {
        self.value.as_bool().ok_or_else(|| self.expected("true or false"))
    }

    /// The boolean this is, if it is one.
    pub fn as_boolean(&self) -> Option<bool> {
        self.value.as_bool()
    }

    /// Whether this is a string, and which.
    pub fn as_string(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// A finite number; whole numbers are numbers too.
    pub fn number(&self) -> Result<f64, Error> {
        let parsed = match self.value {
            DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse::<f64>().ok(),
            DeValue::Integer(integer) => u32::from_str_radix(integer.as_str(), integer.radix()).ok().map(f64::from),
            _ => None,
        };
        match parsed {
            Some(number) if number.is_finite() => Ok(number),
            _ => Err(self.expected("a finite number")),
        }
    }

    /// A whole number from `least` to `most`.
    pub fn whole(&self, least: u64, most: u64) -> Result<u64, Error> {
        let parsed = self.value.as_integer().and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok());
        match parsed {
            Some(number) if (least..=most).contains(&number) => Ok(number),
            _ if most == u64::MAX => Err(self.expected(&format!("a whole number of at least {least}"))),
            _ => Err(self.expected(&format!("a whole number from {least} to {most}"))),
        }
    }

    /// The values of a list, each with its place in the key, counted from `first`.
    pub fn list(&self, what: &str, first: usize) -> Result<Vec<Value<'a>>, Error> {
        match self.value {
            DeValue::Array(items) => Ok(items.iter().enumerate().map(|(place, item)| self.at(place + first, item)).collect()),
            _ => Err(self.expected(what)),
        }
    }

    /// An item of this list, for errors about it; the value itself where there is no such item.
    pub fn item(&self, place: usize) -> Value<'a> {
        match self.value {
            DeValue::Array(items) => items.get(place).map_or_else(|| self.clone(), |item| self.at(place, item)),
            _ => self.clone(),
        }
    }

    fn at(&self, place: usize, item: &'a Spanned<DeValue<'a>>) -> Value<'a> {
        Value { file: self.file, key: format!("{}[{place}]", self.key), span: item.span(), value: item.get_ref() }
    }

    /// Finite numbers in a list.
    pub fn numbers(&self) -> Result<Vec<f64>, Error> {
        self.list("a list of numbers", 0)?.iter().map(Value::number).collect()
    }

    /// Rows of finite numbers, all of one length above 0, at least one row.
    pub fn rows(&self) -> Result<Vec<Vec<f64>>, Error> {
        let items = self.list("a list of rows, each a list of numbers", 0)?;
        let rows: Vec<Vec<f64>> = items.iter().map(Value::numbers).collect::<Result<_, _>>()?;
        let Some(first) = rows.first() else { return Err(self.error("expected at least one row, came none")) };
        for (item, row) in items.iter().zip(&rows) {
            if row.is_empty() {
                return Err(item.error("expected at least one number, came none"));
            }
            if row.len() != first.len() {
                return Err(item.error(format!("expected {} numbers as in row 0, came {}", first.len(), row.len())));
            }
        }
        Ok(rows)
    }

    /// Strings in a list, or one string.
    pub fn strings(&self) -> Result<Vec<String>, Error> {
        match self.value {
            DeValue::String(text) => Ok(vec![text.to_string()]),
            _ => self.list("a string or a list of strings", 0)?.iter().map(Value::string).collect(),
        }
    }
}
