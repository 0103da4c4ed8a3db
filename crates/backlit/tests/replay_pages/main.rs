//! The pages of the replays: every chain of equations is computed again from the digits that stand in it, every number that
//! stands alone is one of the golden's, and every row of the list of features has its place.

mod evaluate;
mod features;
mod goldens;

use backlit::document::{self, Block, Document, Equation};
use backlit::replay::{self, Replay};
use backlit_engine::typeset::{Math, unicode};
use evaluate::{Reader, Value};
use serde_json::Value as Json;

/// Each page: its golden, and from how many digits after the point its numbers are rounded.
const PAGES: [(&str, &str, usize); 4] = [
    ("explicit", include_str!("../golden/seed0.json"), 9),
    ("houses", include_str!("../golden/seed1.json"), 4),
    ("mazur", include_str!("../golden/seed2.json"), 8),
    ("relu", include_str!("../golden/seed3.json"), 8),
];

fn page(name: &str) -> (Replay, Json, Reader) {
    let (_, golden, rounded_from) = PAGES.into_iter().find(|(page, ..)| *page == name).unwrap();
    (replay::replay(name).unwrap(), serde_json::from_str(golden).unwrap(), Reader { rounded_from })
}

fn equations(document: &Document) -> impl Iterator<Item = &Equation> {
    document.blocks.iter().filter_map(|block| if let Block::Equations(group) = block { Some(group) } else { None }).flatten()
}

fn line(equation: &Equation) -> String {
    let steps: Vec<String> = equation.steps.iter().map(|(sign, step)| format!("{sign} {}", unicode(step))).collect();
    format!("{} {}", unicode(&equation.left), steps.join(" "))
}

/// The words of a page without line breaks and with single blanks.
fn words(document: &Document) -> String {
    document::text(document, 100_000).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The numbers of a number or a matrix, as they stand on the page.
fn digits(math: &Math) -> Vec<String> {
    match math {
        Math::Number(text) => vec![text.clone()],
        Math::Matrix(rows) => rows.iter().flatten().flat_map(digits).collect(),
        _ => Vec::new(),
    }
}

/// All numbers of a golden.
fn numbers(json: &Json, all: &mut Vec<f64>) {
    match json {
        Json::Number(number) => all.extend(number.as_f64()),
        Json::Array(list) => list.iter().for_each(|entry| numbers(entry, all)),
        Json::Object(entries) => entries.values().for_each(|entry| numbers(entry, all)),
        _ => {}
    }
}

/// How far the number on the page may be from the one it stands for.
fn room(shown: &str, reader: &Reader) -> f64 {
    let decimals = shown.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if decimals >= reader.rounded_from { 0.500_001 * 10f64.powi(-(decimals as i32)) } else { 1e-12 * shown.parse::<f64>().unwrap().abs() }
}

#[test]
fn every_chain_comes_out_from_its_own_digits() {
    for (name, least) in [("explicit", 40), ("houses", 20), ("mazur", 50), ("relu", 35)] {
        let (replay, golden, reader) = page(name);
        let mut known = Vec::new();
        numbers(&golden, &mut known);
        let (mut chains, mut alone) = (0, 0);
        for equation in equations(&replay.document) {
            let Some(last) = equation.steps.last().and_then(|(_, step)| reader.value(step)) else { continue };
            let values: Vec<Value> = equation.steps[..equation.steps.len() - 1].iter().filter_map(|(_, step)| reader.value(step)).collect();
            chains += usize::from(!values.is_empty());
            for value in &values {
                assert!(value.meets(&last), "{name}: {} does not come out: {value:?}, {last:?}", line(equation));
            }
            if values.is_empty() {
                // A number that is derived from nothing on the page stands in the golden.
                for shown in equation.steps.last().map(|(_, step)| digits(step)).unwrap_or_default() {
                    let value: f64 = shown.parse().unwrap();
                    let found = known.iter().any(|known| (known - value).abs() <= room(&shown, &reader));
                    assert!(found, "{name}: {shown} in {} is no number of the golden", line(equation));
                    alone += 1;
                }
            }
        }
        println!("{name}: {chains} chains computed again, {alone} numbers found in the golden");
        assert!(chains >= least, "{name}: only {chains} chains");
    }
}

/// A page whose numbers are off is noticed: each number that stands on the right of a chain is changed in its last digit.
#[test]
fn a_changed_last_digit_is_noticed() {
    let (replay, _, reader) = page("mazur");
    let mut noticed = 0;
    for equation in equations(&replay.document) {
        let (Some((_, Math::Number(text))), true) = (equation.steps.last(), equation.steps.len() > 2) else { continue };
        let before = equation.steps[..equation.steps.len() - 1].iter().filter_map(|(_, step)| reader.value(step)).next_back();
        let Some(before) = before else { continue };
        let last = text.chars().next_back().and_then(|c| c.to_digit(10)).unwrap();
        let changed = format!("{}{}", &text[..text.len() - 1], (last + 3) % 10);
        let value = reader.value(&Math::Number(changed)).unwrap();
        noticed += usize::from(!before.meets(&value));
    }
    assert!(noticed >= 45, "only {noticed} changed digits noticed");
}

#[test]
fn every_print_and_every_departure_stands_on_its_page() {
    for name in replay::NAMES {
        let replay = replay::replay(name).unwrap();
        for block in replay.cells.iter().map(|cell| cell.printed.join("\n")).filter(|text| !text.is_empty()) {
            let found = replay.document.blocks.iter().any(|part| matches!(part, Block::Code { text, .. } if *text == block));
            assert!(found, "{name}: a print is missing:\n{block}");
        }
        let text = words(&replay.document);
        for footnote in replay.footnotes() {
            let wanted = format!("[{}] {}", footnote.id, footnote.text);
            assert!(text.contains(&wanted.split_whitespace().collect::<Vec<_>>().join(" ")), "{name}: {wanted}");
        }
        assert!(replay.document.title == replay.title && replay.agrees(), "{name}");
        let own = replay.agreement.last().unwrap();
        assert!(own.name.contains("formulas of this page evaluated") && own.difference <= 1e-13, "{own:?}");
    }
}

#[test]
fn pages_can_be_drawn_in_every_form_and_together() {
    let replays: Vec<Replay> = replay::NAMES.iter().map(|name| replay::replay(name).unwrap()).collect();
    let all = replay::together(&replays);
    for document in replays.iter().map(|replay| &replay.document).chain([&all]) {
        let html = document::html(document);
        let figures = document.blocks.iter().filter(|block| matches!(block, Block::Figure { .. })).count();
        assert_eq!(html.matches("<svg").count(), figures, "{}: a drawing was refused", document.title);
        assert!(document::latex(document).contains("\\begin{document}"));
        assert!(document::markdown(document).starts_with(&format!("# {}", document.title)));
        let notebook: Json = serde_json::from_str(&document::notebook(document)).unwrap();
        assert!(notebook["cells"].as_array().is_some_and(|cells| !cells.is_empty()));
    }
    let text = document::text(&all, 100);
    assert!(replays.iter().all(|replay| text.contains(&replay.title)));
    assert!(document::text(&replays[1].document, 100).contains("    677.19\t\t18.40\n"), "tabs stay");
}
