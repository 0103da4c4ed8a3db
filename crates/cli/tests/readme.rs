//! README's commands run, and print what README shows.

mod support;

use support::Desk;

const README: &str = include_str!("../../../README.md");

/// The console blocks: a command behind `$ `, and its output.
fn shown() -> Vec<(&'static str, &'static str)> {
    let blocks = README.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter_map(|block| block.strip_prefix("$ ")?.split_once('\n')).collect()
}

/// Numbers as `#`: their digits may differ with the kind of processor, and the date does; runs of blanks as one.
fn without_digits(text: &str) -> String {
    let masked: String = text.chars().map(|c| if c.is_ascii_digit() || matches!(c, '.' | '-') { '#' } else { c }).collect();
    let words: Vec<&str> = masked.split_whitespace().map(|word| if word.contains('#') { "#" } else { word }).collect();
    words.join(" ")
}

#[test]
fn the_first_command_prints_what_is_shown() {
    let (command, output) = shown()[0];
    let line = command.strip_prefix("cargo run --release -- ").expect("the program, built and run");
    let told = Desk::new().typed().run(line);
    told.expect(0);
    assert_eq!(without_digits(&(told.err + &told.out)), without_digits(output));
}

#[test]
fn the_card_prints_what_is_shown_to_the_digit() {
    let (command, output) = shown().into_iter().find(|(command, _)| command.starts_with("backlit operations")).expect("a card");
    let told = Desk::new().run(command.strip_prefix("backlit ").expect("the program"));
    told.expect(0);
    assert_eq!(told.out, output);
}

#[test]
fn the_opened_gradient_is_what_is_shown() {
    let (command, output) = shown().into_iter().find(|(command, _)| command.starts_with("backlit explain")).expect("a gradient");
    let desk = Desk::with(&[("mazur.toml", include_str!("../../../examples/mazur.toml"))]);
    let told = desk.run(&command.strip_prefix("backlit ").expect("the program").replace("examples/", ""));
    told.expect(0);
    // The last digits of the third route are the platform's.
    let (told, routes) = told.out.split_once("Three routes").expect("three routes");
    let (shown, shown_routes) = output.split_once("Three routes").expect("three routes");
    assert_eq!(told, shown);
    assert_eq!(without_digits(routes), without_digits(shown_routes));
}

#[test]
fn the_audit_is_what_is_shown() {
    let (command, output) = shown().into_iter().find(|(command, _)| command.starts_with("backlit audit")).expect("an audit");
    let files = [
        ("mazur.toml", include_str!("../../../examples/mazur.toml")),
        ("mazur-claims.csv", include_str!("../../../examples/mazur-claims.csv")),
    ];
    let told = Desk::with(&files).run(&command.strip_prefix("backlit ").expect("the program").replace("examples/", ""));
    told.expect(6);
    assert_eq!(told.out, output);
}

#[test]
fn the_run_file_trains() {
    let run_file = README.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a run file");
    let desk = Desk::with(&[("run.toml", run_file)]);
    let document = desk.json("train --config run.toml --out run");
    let cost = document["cost"]["after"].as_f64().expect("a cost");
    assert!((cost - 3.510187782978843e-5).abs() < 1e-16, "{cost}");
}
