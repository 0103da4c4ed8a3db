//! `backlit explain`: a gradient opened into its chain.

use super::{data_or_bundled, model_and_rows, on_threads};
use crate::arguments::{Common, Explain};
use crate::output::Screen;
use backlit::error::{Error, Kind};
use backlit::explain::{Subject, notation};

pub fn run(arguments: &Explain, common: &Common, screen: &Screen) -> Result<u8, Error> {
    let usage = |message: String| Error::new(Kind::Usage, message);
    let notation = notation::find(&arguments.notation).map_err(usage)?;
    let mut subject = subject(arguments, common, screen)?;
    if let Some(ranges) = &arguments.row {
        subject.keep(&chosen(&ranges.0, subject.rows.len())?)?;
    }
    let name = arguments.parameter.as_deref().unwrap_or_default();
    let target = subject.find(name)?;
    let opened = on_threads(common, || subject.open(target, arguments.paths as usize))?;
    screen.document(&backlit::explain::json(&opened, &subject.wording(notation)));
    Ok(if opened.explanation.routes.agrees { 0 } else { Kind::Verification.exit_code() })
}

fn subject(arguments: &Explain, common: &Common, screen: &Screen) -> Result<Subject, Error> {
    let data = data_or_bundled(&arguments.model, arguments.data.as_deref())?;
    let (model, rows, _) = model_and_rows(&arguments.model, data.as_deref(), true, common, screen)?;
    Subject::new(model, rows)
}

/// The rows of these ranges, in their order, each once.
fn chosen(ranges: &[(usize, usize)], rows: usize) -> Result<Vec<usize>, Error> {
    let mut chosen = Vec::new();
    let mut taken = vec![false; rows];
    for &(first, last) in ranges {
        if last >= rows {
            let message = format!("there is no row {last}: the data have {rows} rows, counted from 0");
            return Err(Error::new(Kind::Usage, message));
        }
        chosen.extend((first..=last).filter(|&row| !std::mem::replace(&mut taken[row], true)));
    }
    Ok(chosen)
}
