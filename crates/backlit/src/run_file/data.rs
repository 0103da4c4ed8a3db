//! Section `[data]`.

use super::values::{Table, Value};
use super::{Data, Embed, Source, Split};
use crate::data::BUNDLED;
use crate::embedding::MOST;
use crate::error::Error;
use crate::scaler::Scaling;
use std::path::{Path, PathBuf};

pub(super) fn read(section: &Table<'_>, folder: &Path) -> Result<Data, Error> {
    section.only(&[
        "path",
        "bundled",
        "inputs",
        "targets",
        "target",
        "categories",
        "ignore",
        "embed",
        "decimal",
        "header",
        "standardize",
        "scaling",
        "validation",
        "split",
        "group",
        "time",
        "weights",
        "class_weight",
    ])?;
    let source = source(section, folder)?;
    let inline = matches!(source, Source::Inline { .. });
    let target = section.read("target", |value| target(value, &source))?.unwrap_or_default();
    let standardize = section.read("standardize", Value::boolean)?.unwrap_or(!inline);
    let scaling = section.read("scaling", |value| value.choice(&Scaling::NAMES))?;
    if let (Some(value), false) = (section.get("scaling"), standardize) {
        return Err(value.error("columns go in as they are: standardize is false; leave one of both out"));
    }
    let validation_file = section.read("validation", |value| file(value, folder))?.flatten();
    let share = if validation_file.is_none() { section.read("validation", validation)? } else { None };
    let is_share_said = share.is_some() || validation_file.is_some();
    let validation = share.unwrap_or(if inline { 0.0 } else { 0.2 });
    let columns = |name: &str| Ok::<_, Error>(section.read(name, Value::strings)?.unwrap_or_default());
    let (categories, ignore) = (columns("categories")?, columns("ignore")?);
    let embed = section.read("embed", embed)?.unwrap_or_default();
    let decimal_comma = section.read("decimal", decimal)?;
    let header = section.read("header", Value::boolean)?;
    let weights = section.read("weights", Value::string)?;
    let class_weight = section.read("class_weight", |value| value.string()?.parse().map_err(|message: String| value.error(message)))?;
    let split = split(section)?;
    Ok(Data {
        source,
        target,
        categories,
        ignore,
        embed,
        decimal_comma,
        header,
        standardize,
        scaling,
        validation,
        is_share_said,
        validation_file,
        split,
        weights,
        class_weight,
    })
}

fn decimal(value: &Value<'_>) -> Result<bool, Error> {
    let word = value.string()?;
    decimal_comma(&word).map_err(|message| value.error(message))
}

/// Reads `point` or `comma`. `Err` says what to type.
pub fn decimal_comma(word: &str) -> Result<bool, String> {
    match word {
        "point" => Ok(false),
        "comma" => Ok(true),
        _ => Err(format!("expected point or comma, came {}", word.escape_debug())),
    }
}

fn split(section: &Table<'_>) -> Result<Split, Error> {
    let [name, group, time] = ["split", "group", "time"].map(|key| section.read(key, Value::string));
    let (name, group, time) = (name?, group?, time?);
    Split::new(name.as_deref(), group, time)
        .map_err(|(key, message)| section.get(key).map_or_else(|| section.error(&message), |value| value.error(&message)))
}

fn source(section: &Table<'_>, folder: &Path) -> Result<Source, Error> {
    let given: Vec<Value<'_>> = ["path", "bundled", "inputs"].iter().filter_map(|name| section.get(name)).collect();
    let value = match given.as_slice() {
        [value] => value,
        [] => {
            let error = section.error("expected one of path, bundled, or inputs with targets, came none");
            return Err(error.hint("path = \"table.csv\", or bundled = \"houses\", or inputs = [[…]] and targets = [[…]]"));
        }
        [first, second, ..] => return Err(second.error(format!("expected one source of data, came {} too", first.key))),
    };
    let targets = section.get("targets");
    if section.get("inputs").is_some() {
        return inline(value, targets.as_ref());
    }
    if let Some(targets) = targets {
        let error = targets.error(format!("rows of targets stand beside rows of inputs, not beside {}", value.key));
        return Err(error.hint("name the target columns: target = [\"…\"]"));
    }
    let text = value.string()?;
    if section.get("bundled").is_some() {
        return match BUNDLED.contains(&text.as_str()) {
            true => Ok(Source::Bundled(text)),
            false => Err(value.expected(&format!("one of {}", BUNDLED.join(", ")))),
        };
    }
    if text.is_empty() || text.contains('\0') {
        return Err(value.expected("the path of a file"));
    }
    Ok(Source::Path(folder.join(text)))
}

fn inline(inputs: &Value<'_>, targets: Option<&Value<'_>>) -> Result<Source, Error> {
    let Some(targets) = targets else {
        return Err(inputs.error("rows of inputs need rows of targets").hint("targets = [[…]], one list for each row"));
    };
    let (rows, outputs) = (inputs.rows()?, targets.rows()?);
    if rows.len() != outputs.len() {
        return Err(targets.error(format!("expected {} rows as in inputs, came {}", rows.len(), outputs.len())));
    }
    Ok(Source::Inline { inputs: rows, targets: outputs })
}

/// Target columns: at least one, all different; for worked examples one for each output.
fn target(value: &Value<'_>, source: &Source) -> Result<Vec<String>, Error> {
    let names = value.strings()?;
    if names.is_empty() {
        return Err(value.error("expected at least one target column, came none"));
    }
    for (place, name) in names.iter().enumerate() {
        if name.is_empty() || names[..place].contains(name) {
            return Err(value.error(format!("expected names that differ and are not empty, came '{}'", name.escape_debug())));
        }
    }
    if let Source::Inline { targets, .. } = source {
        let outputs = targets.first().map_or(0, Vec::len);
        if names.len() != outputs {
            return Err(value.error(format!("expected {outputs} names as targets has numbers in a row, came {}", names.len())));
        }
    }
    Ok(names)
}

/// `"auto"`, `"none"`, or a number.
fn embed(value: &Value<'_>) -> Result<Embed, Error> {
    let text = match value.as_string() {
        Some(text) => text.to_string(),
        None => value.whole(1, MOST as u64)?.to_string(),
    };
    text.parse().map_err(|message: String| value.error(message))
}

/// The file of the rows kept aside, if no share of the table is.
fn file(value: &Value<'_>, folder: &Path) -> Result<Option<PathBuf>, Error> {
    match value.as_string() {
        Some(text) if text.is_empty() || text.contains('\0') => Err(value.expected("the path of a file, or a share of the rows")),
        text => Ok(text.map(|text| folder.join(text))),
    }
}

fn validation(value: &Value<'_>) -> Result<f64, Error> {
    match value.number() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err(value.expected("the path of a file, or a share of the rows, at least 0 and below 1")),
    }
}
