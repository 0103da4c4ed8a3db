//! `backlit worksheet`: an exercise sheet and its key.

use super::{data_or_bundled, model_and_rows, on_threads};
use crate::arguments::{Common, Worksheet};
use crate::output::Screen;
use crate::pages::draw;
use backlit::document::Block;
use backlit::error::{Error, Kind};
use backlit::explain::{Subject, notation};
use backlit::files::spares;
use backlit::worksheet::{Options, Wanted, friendly, json, worksheet};
use std::path::Path;

pub fn run(arguments: &Worksheet, common: &Common, screen: &Screen) -> Result<u8, Error> {
    let usage = |message: String| Error::new(Kind::Usage, message);
    let notation = notation::find(&arguments.notation).map_err(usage)?;
    let format = arguments.page.format();
    let read = [arguments.model.as_deref(), arguments.data.as_deref().map(Path::new)];
    let (page, answers) = (arguments.page.output.as_deref(), arguments.answers.as_deref());
    spares(page, &read)?;
    spares(answers, &read)?;
    if page.is_some() && page == answers {
        return Err(usage("the sheet and its key are to be one file".into()).hint("another name behind -o or --answers, or --with-answers"));
    }
    let seed = common.seed.unwrap_or(0);
    let mut subject = subject(arguments, seed, common, screen)?;
    let options =
        Options { digits: usize::from(arguments.digits), parameters: arguments.parameter.clone(), seed, random: arguments.model.is_none() };
    let sheet = on_threads(common, || worksheet(&mut subject, notation, &options))?;
    if let Some(path) = &arguments.answers {
        backlit::files::write(path, draw(&sheet.key, format).as_bytes())?;
        screen.say(&format!("key written to {}\n", path.display()));
    }
    let mut page = sheet.exercise.clone();
    if arguments.with_answers {
        page.blocks.push(Block::PageBreak);
        page.heading(2, sheet.key.title.clone());
        page.blocks.extend(sheet.key.blocks.iter().cloned());
    }
    arguments.page.show(&draw(&page, format), screen)?;
    screen.document(&json(&sheet));
    Ok(0)
}

/// The given network on its row, or a random one.
fn subject(arguments: &Worksheet, seed: u64, common: &Common, screen: &Screen) -> Result<Subject, Error> {
    let Some(path) = &arguments.model else {
        let random = &arguments.random;
        let count = |number: Option<u16>, usual: usize| number.map_or(usual, usize::from);
        let name = |name: &Option<String>, usual: &str| name.clone().unwrap_or(usual.to_string());
        return friendly(&Wanted {
            inputs: count(random.inputs, 2),
            hidden: count(random.hidden, 2),
            outputs: count(random.outputs, 1),
            activation: name(&random.activation, "sigmoid"),
            loss: name(&random.loss, "half_squared_error"),
            seed,
        });
    };
    let data = data_or_bundled(path, arguments.data.as_deref())?;
    let (model, rows, _) = model_and_rows(path, data.as_deref(), true, common, screen)?;
    let mut subject = Subject::new(model, rows)?;
    if let Some(row) = arguments.row {
        subject.keep(&[row])?;
    }
    Ok(subject)
}
