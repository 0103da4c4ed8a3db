//! `backlit explain`: a gradient opened into its chain.

use super::{data_or_bundled, model_and_rows, on_threads};
use crate::arguments::{Common, Explain};
use crate::output::Screen;
use backlit::document::{self, Document};
use backlit::error::{Error, Kind};
use backlit::explain::{self, Opened, Subject, Wording, Worked, notation};

/// Forms in which an opened gradient, a layer or a whole step is written.
const FORMS: [&str; 8] = ["text", "markdown", "latex", "html", "json", "numpy", "ipynb", "svg"];

pub fn run(arguments: &Explain, common: &Common, screen: &Screen) -> Result<u8, Error> {
    let usage = |message: String| Error::new(Kind::Usage, message);
    let notation = notation::find(&arguments.notation).map_err(usage)?;
    let form = form(arguments, common)?;
    let mut subject = subject(arguments, common, screen)?;
    if let Some(ranges) = &arguments.row {
        subject.keep(&chosen(&ranges.0, subject.rows.len())?)?;
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
            let worked = explain::layer(&subject, layer)?;
            (whole(&worked, form)?, worked.agrees)
        }
        (None, None) => {
            let worked = on_threads(common, || explain::step(&subject, &wording))?;
            (whole(&worked, form)?, worked.agrees)
        }
    };
    if let Some(path) = &arguments.output {
        backlit::files::write(path, written.as_bytes())?;
        screen.say(&format!("written to {}\n", path.display()));
    }
    if arguments.output.is_none() || common.json {
        screen.print(&written);
    }
    Ok(if agrees { 0 } else { Kind::Verification.exit_code() })
}

/// The form that was asked for.
fn form<'a>(arguments: &'a Explain, common: &Common) -> Result<&'a str, Error> {
    let usage = |message: String| Error::new(Kind::Usage, message);
    match arguments.format.as_deref() {
        Some(form) if !FORMS.contains(&form) => Err(usage(format!("no form '{form}'; there are {}", FORMS.join(", ")))),
        Some(form) if common.json && form != "json" => Err(usage(format!("expected one form, came --json and --format {form}"))),
        Some(form) => Ok(form),
        None if common.json => Ok("json"),
        None => Ok("text"),
    }
}

/// One opened gradient in a form.
fn one(opened: &Opened, wording: &Wording<'_>, form: &str) -> Result<String, Error> {
    match form {
        "json" => Ok(format!("{}\n", explain::json(opened, wording))),
        "svg" => Ok(explain::picture(opened, wording).svg()),
        "numpy" => explain::numpy(opened, wording),
        "ipynb" => explain::notebook(opened, wording),
        form => Ok(page(&explain::page(opened, wording), form)),
    }
}

/// A layer or a whole step in a form.
fn whole(worked: &Worked, form: &str) -> Result<String, Error> {
    match form {
        "json" => Ok(format!("{}\n", worked.record)),
        "numpy" | "svg" => {
            Err(Error::new(Kind::Usage, format!("the form {form} is of one parameter")).hint("--parameter layer1.weight[0,0]"))
        }
        form => Ok(page(&worked.page, form)),
    }
}

/// A page in a form.
fn page(page: &Document, form: &str) -> String {
    match form {
        "markdown" => document::markdown(page),
        "latex" => document::latex(page),
        "html" => document::html(page),
        "ipynb" => document::notebook(page),
        _ => document::text(page, super::WIDTH),
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
