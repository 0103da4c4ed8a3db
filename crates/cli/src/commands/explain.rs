//! `backlit explain`: a gradient opened into its chain.

use super::{data_or_bundled, model_and_rows, on_threads, saved};
use crate::arguments::{Common, Explain, Format};
use crate::output::Screen;
use crate::pages::draw;
use backlit::document::Document;
use backlit::error::{Error, Kind};
use backlit::explain::{self, Opened, Subject, Wording, Worked, notation};
use backlit::job::place_of;
use clap::ValueEnum;
use std::path::Path;

/// Forms in which an opened gradient, a layer or a whole step is written.
const FORMS: [&str; 8] = ["text", "markdown", "latex", "html", "json", "numpy", "ipynb", "svg"];

pub fn run(arguments: &Explain, common: &Common, screen: &Screen) -> Result<u8, Error> {
    let usage = |message: String| Error::new(Kind::Usage, message);
    let notation = notation::find(&arguments.notation).map_err(usage)?;
    let form = form(arguments, common)?;
    let data = arguments.data.as_deref().map(Path::new);
    backlit::files::spares(arguments.output.as_deref(), &[Some(&arguments.model), data])?;
    let mut subject = subject(arguments, common, screen)?;
    if let Some(ranges) = &arguments.row {
        subject.keep(&chosen(&ranges.0, &subject.rows)?)?;
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

/// The form that was asked for; otherwise what the file's name says; otherwise text.
fn form<'a>(arguments: &'a Explain, common: &Common) -> Result<&'a str, Error> {
    let usage = |message: String| Error::new(Kind::Usage, message);
    match arguments.format.as_deref() {
        Some(form) if !FORMS.contains(&form) => Err(usage(format!("no form '{form}'; there are {}", FORMS.join(", ")))),
        Some(form) if common.json && form != "json" => Err(usage(format!("expected one form, came --json and --format {form}"))),
        Some(form) => Ok(form),
        None if common.json => Ok("json"),
        None => Ok(arguments.output.as_deref().and_then(by_name).unwrap_or("text")),
    }
}

fn by_name(path: &Path) -> Option<&'static str> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    let endings = [
        ("md", "markdown"),
        ("tex", "latex"),
        ("html", "html"),
        ("htm", "html"),
        ("json", "json"),
        ("py", "numpy"),
        ("ipynb", "ipynb"),
        ("svg", "svg"),
    ];
    endings.into_iter().find(|(known, _)| *known == ending).map(|(_, form)| form)
}

/// One opened gradient in a form.
fn one(opened: &Opened, wording: &Wording<'_>, form: &str) -> Result<String, Error> {
    match form {
        "json" => Ok(format!("{}\n", explain::json(opened, wording))),
        "svg" => Ok(explain::picture(opened, wording).svg()),
        "numpy" => explain::numpy(opened, wording),
        "ipynb" => explain::notebook(opened, wording),
        form => page(&explain::page(opened, wording), form),
    }
}

/// A layer or a whole step in a form.
fn whole(worked: &Worked, form: &str) -> Result<String, Error> {
    match form {
        "json" => Ok(format!("{}\n", worked.record)),
        "numpy" | "svg" => {
            Err(Error::new(Kind::Usage, format!("the form {form} is of one parameter")).hint("--parameter layer1.weight[0,0]"))
        }
        form => page(&worked.page, form),
    }
}

/// A page in a form.
fn page(page: &Document, form: &str) -> Result<String, Error> {
    let format = Format::from_str(form, false).map_err(|message| Error::new(Kind::Usage, message))?;
    Ok(draw(page, format))
}

fn subject(arguments: &Explain, common: &Common, screen: &Screen) -> Result<Subject, Error> {
    let data = data_or_bundled(&arguments.model, arguments.data.as_deref())?;
    let (model, rows, _) = model_and_rows(&arguments.model, data.as_deref(), true, common, screen)?;
    let mut subject = Subject::new(model, rows)?;
    // A script is run in another directory too.
    let named = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).display().to_string();
    subject.file = saved(&arguments.model).as_deref().map(named);
    Ok(subject)
}

/// The rows of these ranges, in their order, each once. `numbers`: those that the data have
fn chosen(ranges: &[(usize, usize)], numbers: &[usize]) -> Result<Vec<usize>, Error> {
    let mut chosen = Vec::new();
    let mut taken = vec![false; numbers.last().map_or(0, |last| last + 1)];
    for &(first, last) in ranges {
        place_of(numbers, last)?;
        chosen.extend((first..=last).filter(|&row| !std::mem::replace(&mut taken[row], true)));
    }
    Ok(chosen)
}
