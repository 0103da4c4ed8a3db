//! `backlit explain`: a gradient opened into its chain.

use super::{data_or_bundled, model_and_rows, on_threads};
use crate::arguments::{Common, Explain};
use crate::output::Screen;
use backlit::document::{self, Document};
use backlit::error::{Error, Kind};
use backlit::explain::{self, Opened, Subject, Wording, notation};

/// Forms in which an opened gradient, a layer or a whole step is written.
const FORMS: [&str; 8] = ["text", "markdown", "latex", "html", "json", "numpy", "ipynb", "svg"];

pub fn run(arguments: &Explain, common: &Common, screen: &Screen) -> Result<u8, Error> {
    let usage = |message: String| Error::new(Kind::Usage, message);
    let notation = notation::find(&arguments.notation).map_err(usage)?;
    let mut subject = subject(arguments, common, screen)?;
    if let Some(ranges) = &arguments.row {
        subject.keep(&chosen(&ranges.0, subject.rows.len())?)?;
    }
    let form = if common.json { "json" } else { arguments.format.as_str() };
    if !FORMS.contains(&form) {
        return Err(usage(format!("no form '{form}'; there are {}", FORMS.join(", "))));
    }
    let wording = subject.wording(notation);
    let (written, agrees) = match (&arguments.parameter, arguments.layer) {
        (Some(name), _) => {
            let target = subject.find(name)?;
            let paths = arguments.paths.map_or(if form == "json" { 32 } else { 12 }, |paths| paths as usize);
            let opened = on_threads(common, || subject.open(target, paths))?;
            (one(&opened, &wording, form)?, opened.explanation.routes.agrees)
        }
        (None, Some(layer)) => {
            let (page, agrees) = explain::layer(&subject, layer)?;
            (whole(page, form)?, agrees)
        }
        (None, None) => {
            let step = on_threads(common, || explain::step(&subject, &wording))?;
            (whole(step.page, form)?, step.agrees)
        }
    };
    match &arguments.output {
        Some(path) => {
            backlit::files::write(path, written.as_bytes())?;
            screen.say(&format!("written to {}\n", path.display()));
        }
        None => screen.print(&written),
    }
    Ok(if agrees { 0 } else { Kind::Verification.exit_code() })
}

/// One opened gradient in a form.
fn one(opened: &Opened, wording: &Wording<'_>, form: &str) -> Result<String, Error> {
    match form {
        "json" => Ok(format!("{}\n", explain::json(opened, wording))),
        "svg" => Ok(explain::picture(opened, wording).svg()),
        form => whole(explain::page(opened, wording), form),
    }
}

/// A page in a form.
fn whole(page: Document, form: &str) -> Result<String, Error> {
    match form {
        "text" => Ok(document::text(&page, super::WIDTH)),
        "markdown" => Ok(document::markdown(&page)),
        "latex" => Ok(document::latex(&page)),
        "html" => Ok(document::html(&page)),
        "ipynb" => Ok(document::notebook(&page)),
        form => Err(Error::new(Kind::Usage, format!("the form {form} is of one parameter")).hint("--parameter layer1.weight[0,0]")),
    }
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
