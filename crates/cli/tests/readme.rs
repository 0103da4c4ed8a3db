//! README's commands run, and print what README shows.

mod support;

use support::Desk;

const README: &str = include_str!("../../../README.md");

/// The console blocks: a command behind `$ `, and its output.
fn shown() -> Vec<(&'static str, &'static str)> {
    let blocks = README.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter_map(|block| block.strip_prefix("$ ")?.split_once('\n')).collect()
}

/// A run directory's date.
fn without_date(text: &str) -> String {
    let mut parts = text.split("runs/houses-");
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |all, part| all + "runs/houses-DATE" + part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-'))
}

/// Whether the numbers of a training are those of every processor with fused multiply-adds.
fn fuses() -> bool {
    #[cfg(target_arch = "x86_64")]
    let fuses = std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    let fuses = true;
    fuses
}

/// Numbers with a fraction as `#`, runs of blanks as one: where sums are rounded twice these differ in their digits.
fn without_fractions(text: &str) -> String {
    let mask = |word: &str| if word.contains('.') && word.parse::<f64>().is_ok() { "#".into() } else { word.to_string() };
    text.split_whitespace().map(mask).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_first_command_prints_what_is_shown() {
    let (command, output) = shown()[0];
    let line = command.strip_prefix("cargo run --release -- ").expect("the program, built and run");
    let told = Desk::new().typed().run(line);
    told.expect(0);
    let (told, shown) = (without_date(&(told.err + &told.out)), without_date(output));
    match fuses() {
        true => assert_eq!(told, shown),
        false => assert_eq!(without_fractions(&told), without_fractions(&shown)),
    }
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
    let (before, found) = told.out.split_once("dual numbers, ").expect("three routes");
    let (shown_before, shown) = output.split_once("dual numbers, ").expect("three routes");
    assert_eq!(before, shown_before);
    let read = |word: &str| word.trim_end_matches('.').replace("×10⁻¹⁶", "e-16").replace('−', "-").parse::<f64>();
    for (found, shown) in found.split_whitespace().zip(shown.split_whitespace()) {
        match (read(found), read(shown)) {
            (Ok(found), Ok(shown)) => assert!((found - shown).abs() < 1e-15, "{found} and {shown}"),
            _ => assert_eq!(found, shown),
        }
    }
    assert_eq!(found.split_whitespace().count(), shown.split_whitespace().count());
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
