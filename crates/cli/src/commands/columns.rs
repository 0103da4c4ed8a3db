//! The flags that say what a table's columns are.

use super::wrong;
use crate::arguments::Columns;
use backlit::data::{Header, Reader, names_in};
use backlit::error::Error;
use backlit::run_file::{Data, Source, decimal_comma};

/// Puts the flags over what is said of a table.
pub(super) fn put_over(columns: &Columns, data: &mut Data) -> Result<(), Error> {
    let Columns { target, categories, ignore, embed, decimal } = columns;
    let known = if [target, categories, ignore].into_iter().flatten().any(|list| list.contains(',')) { known(data) } else { Vec::new() };
    for (flag, lists, names) in
        [("target", target, &mut data.target), ("categories", categories, &mut data.categories), ("ignore", ignore, &mut data.ignore)]
    {
        if !lists.is_empty() {
            let all = lists.iter().map(|list| names_in(list, &known)).collect::<Result<Vec<_>, _>>();
            *names = all.map_err(|message| wrong(flag, message))?.concat();
        }
    }
    if let Some(embed) = embed {
        data.embed = embed.parse().map_err(|message| wrong("embed", message))?;
    }
    if let Some(word) = decimal {
        data.decimal_comma = Some(decimal_comma(word).map_err(|message| wrong("decimal", message))?);
    }
    Ok(())
}

/// The names of a table's columns; none where it cannot be looked at and read afterwards, or not at all, which whoever reads it says.
fn known(data: &Data) -> Vec<String> {
    let path = match &data.source {
        Source::Path(path) if path.is_file() => path.display().to_string(),
        Source::Bundled(name) => name.clone(),
        _ => return Vec::new(),
    };
    Reader::named(&path, &Header::said(data.header)).map_or(Vec::new(), |reader| reader.names().to_vec())
}
