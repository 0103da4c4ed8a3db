//! Every form of every scope comes out, to stdout and to a file alike, under every notation.

use crate::support::Desk;
use crate::worked::MAZUR;

const FORMS: [&str; 8] = ["text", "markdown", "latex", "html", "json", "numpy", "ipynb", "svg"];
const NOTATIONS: [&str; 4] = ["za", "net-out", "explicit", "dvalues"];

/// Forms that are still to come are left out here.
fn there(desk: &Desk, form: &str) -> bool {
    let told = desk.run(&format!("explain mazur.toml --row 0 -p layer1.weight[0,0] --format {form}"));
    assert!(told.code == 0 || form == "numpy", "{}", told.report());
    told.code == 0
}

#[test]
fn every_form_under_every_notation() {
    let desk = Desk::with(&[("mazur.toml", MAZUR)]);
    for form in FORMS.into_iter().filter(|form| there(&desk, form)) {
        for notation in NOTATIONS {
            let line = format!("explain mazur.toml --row 0 -p layer1.weight[0,0] --format {form} --notation {notation}");
            let told = desk.fine(&line);
            assert!(told.out.len() > 300 && told.out.ends_with('\n'), "{}", told.report());
            assert!(told.out.contains("0.00043856773") || form == "svg" || form == "numpy", "{}", told.report());
            assert!(!told.out.contains('\u{1b}'), "{}", told.report());
            let to_file = desk.fine(&format!("{line} -o page"));
            assert_eq!(desk.read("page"), told.out, "{line}");
            assert!(!to_file.out.contains("0.0004385"), "{}", to_file.report());
        }
    }
}

#[test]
fn json_is_json_by_either_flag() {
    let desk = Desk::with(&[("mazur.toml", MAZUR)]);
    let line = "explain mazur.toml --row 0 -p layer1.weight[0,0]";
    let record = desk.json(line);
    assert_eq!(desk.fine(&format!("{line} --format json")).document(), record);
    assert_eq!(desk.fine(&format!("{line} --json -o record.json")).document(), record);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&desk.read("record.json")).expect("JSON"), record);
    // Two answers to one question.
    desk.run(&format!("{line} --json --format html")).expect(2);
}

#[test]
fn pages_of_a_layer_and_of_a_step() {
    let desk = Desk::with(&[("mazur.toml", MAZUR)]);
    for scope in ["--row 0", "--row 0 --layer 1", "--row 0 --layer 2"] {
        for form in ["text", "markdown", "latex", "html", "ipynb"] {
            for notation in NOTATIONS {
                let told = desk.fine(&format!("explain mazur.toml {scope} --format {form} --notation {notation}"));
                assert!(told.out.len() > 500, "{}", told.report());
            }
        }
    }
}

#[test]
fn text_fits_its_lines_and_asks_for_no_colour() {
    let desk = Desk::with(&[("mazur.toml", MAZUR)]);
    for notation in NOTATIONS {
        let told = desk.fine(&format!("explain mazur.toml --row 0 -p layer1.weight[0,0] --notation {notation} --color always --quiet"));
        let widest = told.out.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        assert!(widest <= 120, "{widest} columns: {}", told.report());
        assert_eq!(told.err, "");
    }
}

#[test]
fn numbers_in_text_have_one_minus() {
    // The page writes −0.0226 in formulas; a table that writes -0.0226 is another language.
    let desk = Desk::with(&[("mazur.toml", MAZUR)]);
    for scope in ["--row 0 -p layer1.weight[0,0]", "--row 0"] {
        let told = desk.fine(&format!("explain mazur.toml {scope}"));
        let ascii = told.out.lines().find(|line| line.split_whitespace().any(|word| word.starts_with("-0") || word.starts_with("-5")));
        assert!(ascii.is_none(), "{ascii:?}");
    }
}
