//! `backlit replay`: the four notebooks through the engine.

use crate::arguments::{Format, Replay};
use crate::output::Screen;
use crate::pages::draw;
use backlit::error::{Error, Kind};
use backlit::replay::{self, NAMES};
use serde_json::{Map, Value};

pub fn run(arguments: &Replay, screen: &Screen) -> Result<u8, Error> {
    let names: Vec<&str> = if arguments.name == "all" { NAMES.to_vec() } else { vec![&arguments.name] };
    let replays: Vec<replay::Replay> = names.iter().map(|name| replay::replay(name)).collect::<Result<_, _>>()?;
    arguments.page.show(&page(&replays, arguments.page.format()), screen)?;
    let record = |replay: &replay::Replay| serde_json::to_value(replay).map_err(|error| Error::new(Kind::Failed, error.to_string()));
    let documents: Vec<Value> = replays.iter().map(record).collect::<Result<_, _>>()?;
    match (arguments.name.as_str(), documents.as_slice()) {
        ("all", _) => {
            let by_name: Map<String, Value> = names.iter().map(|name| name.to_string()).zip(documents).collect();
            screen.document(&Value::Object(by_name));
        }
        (_, [document]) => screen.document(document),
        _ => {}
    }
    Ok(if replays.iter().all(replay::Replay::agrees) { 0 } else { Kind::Verification.exit_code() })
}

/// One page; as text, several are one below the other.
fn page(replays: &[replay::Replay], format: Format) -> String {
    match (replays, format) {
        (_, Format::Text) => replays.iter().map(|replay| draw(&replay.document, format) + "\n").collect(),
        ([only], _) => draw(&only.document, format),
        _ => draw(&replay::together(replays), format),
    }
}
