//! Pages held against the programs that read them: KaTeX, Chromium, Jupyter's nbformat, LaTeX. What they draw lies in
//! `target/tmp/pages` afterwards.

#[path = "pages/browser.rs"]
mod browser;
#[path = "pages/corpus.rs"]
mod corpus;
#[path = "pages/tools.rs"]
mod tools;

use backlit::document::{Block, Document, Inline, html, latex, markdown, notebook, text};
use backlit::engine::typeset::{self, Math};
use corpus::{Draw, HOSTILE, hostile, sample};
use std::process::Command;
use tools::{Tool, folder, tool};

/// What KaTeX makes of each formula: what is seen, or why it was refused.
fn drawn_by_katex(katex: &std::path::Path, name: &str, formulas: &[String]) -> Vec<Result<String, String>> {
    const ELEMENTS: &[&str] = &["<span", "<svg", "<path", "<line"];
    let file = folder().join(format!("{name}.json"));
    std::fs::write(&file, serde_json::to_string(formulas).unwrap()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/katex.js");
    let output = Command::new("node").arg(script).arg(katex).arg(&file).output().expect("node starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let results: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("the script prints JSON");
    assert_eq!(results.len(), formulas.len());
    let result = |result: &serde_json::Value| match result["shown"].as_str() {
        Some(shown) => {
            let elements = result["elements"].as_array().unwrap().iter().map(|element| element.as_str().unwrap());
            let strange: Vec<&str> = elements.filter(|element| !ELEMENTS.contains(element)).collect();
            assert!(strange.is_empty(), "{strange:?} in {shown}");
            Ok(shown.to_owned())
        }
        None => Err(result["refused"].as_str().unwrap().to_owned()),
    };
    results.iter().map(result).collect()
}

#[test]
fn katex_accepts_every_formula() {
    let Some(katex) = tool(Tool::Katex, "every formula is drawn by KaTeX") else { return };
    let mut trees: Vec<Math> = Vec::new();
    for name in HOSTILE {
        trees.extend([Math::text(*name), Math::letter(*name), Math::Number((*name).to_owned()), Math::Call((*name).to_owned(), vec![])]);
        trees.push(Math::letter(*name).below(Math::text(*name)).above(Math::text(*name)));
    }
    let mut draw = Draw(7);
    trees.extend((0..6000).map(|i| draw.math(1 + i % 4)));
    // Every character of the basic plane, and some of the others, each by itself.
    let characters: Vec<char> = (0..0x1_0000).chain((0x1_0000..0x11_0000).step_by(997)).filter_map(char::from_u32).collect();
    for some in characters.chunks(32) {
        trees.push(Math::Row(some.iter().flat_map(|&c| [Math::text(c), Math::letter(c), Math::letter(format!("{c}a"))]).collect()));
    }
    let formulas: Vec<String> = trees.iter().map(typeset::latex).collect();
    let results = drawn_by_katex(&katex, "formulas", &formulas);
    let refused: Vec<_> = formulas.iter().zip(&results).filter(|(_, result)| result.is_err()).collect();
    assert!(refused.is_empty(), "{} of {} refused, first {:?}", refused.len(), formulas.len(), refused[0]);
}

#[test]
fn katex_refuses_what_is_wrong() {
    let Some(katex) = tool(Tool::Katex, "KaTeX refuses wrong formulas") else { return };
    let wrong =
        [r"\text{a_b}", r"\unknown{x}", r"\text{🙂}", "a_", r"\frac{1}", "é", r"\href{javascript:alert(1)}{x}", "%"].map(str::to_owned);
    for (formula, result) in wrong.iter().zip(drawn_by_katex(&katex, "wrong", &wrong)) {
        assert!(result.is_err() || result.as_ref().is_ok_and(|shown| shown.contains("href")), "{formula}: {result:?}");
    }
}

#[test]
fn names_in_latex_are_seen_as_they_are() {
    let Some(katex) = tool(Tool::Katex, "names in formulas are seen as they are") else { return };
    let names: Vec<&str> = HOSTILE.iter().copied().filter(|name| name.is_ascii() && !name.contains(|c: char| c.is_control())).collect();
    let formulas: Vec<String> = names.iter().map(|name| typeset::latex(&Math::text(*name))).collect();
    for (name, shown) in names.iter().zip(drawn_by_katex(&katex, "names", &formulas)) {
        // The signs that stand for what LaTeX would act on, and the quotes of printed words.
        let pairs = [('∖', '\\'), ('∣', '|'), ('∼', '~'), ('∗', '*'), ('∧', '^'), ('‵', '`'), ('’', '\''), ('”', '"'), ('\u{a0}', ' ')];
        let back = |c: char| pairs.iter().find(|(from, _)| *from == c).map_or(c, |(_, to)| *to);
        let squeeze = |text: &str| text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200b}').collect::<String>();
        assert_eq!(squeeze(&shown.unwrap().chars().map(back).collect::<String>()), squeeze(name));
    }
}

#[test]
fn jupyter_accepts_the_notebooks() {
    let Some(python) = tool(Tool::Python, "notebooks are valid by nbformat") else { return };
    let pages = [sample(), hostile(), Document::new("")];
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", python).arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/check_notebook.py"));
    for (i, page) in pages.iter().enumerate() {
        let file = folder().join(format!("page{i}.ipynb"));
        assert_eq!(notebook(page), notebook(page));
        std::fs::write(&file, notebook(page)).unwrap();
        command.arg(file);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cells: Vec<Vec<(String, String)>> = serde_json::from_slice(&output.stdout).unwrap();
    let code: Vec<&str> = cells[0].iter().filter(|(kind, _)| kind == "code").map(|(_, source)| source.as_str()).collect();
    assert_eq!(code, ["import numpy as np\n\na = 1 / (1 + np.exp(-z))\nprint(a * (1 - a))"]);
    assert!(cells[0][0].1.starts_with("# One gradient, opened"));
    assert!(cells[2].is_empty());
}

struct Seen {
    elements: Vec<String>,
    addresses: Vec<String>,
    words: String,
}

/// What GitHub's library makes of pages in Markdown. It knows no mathematics, so formulas must come through it as they are.
fn drawn_as_markdown(name: &str, pages: &[String]) -> Option<Vec<Seen>> {
    let python = tool(Tool::Python, name)?;
    let file = folder().join("pages.json");
    std::fs::write(&file, serde_json::to_string(pages).unwrap()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/check_markdown.py");
    let output = Command::new("python3").env("PYTHONPATH", python).arg(script).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let list = |value: &serde_json::Value| value.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect();
    let one = |seen: &serde_json::Value| Seen {
        elements: list(&seen["elements"]),
        addresses: list(&seen["addresses"]),
        words: seen["words"].as_str().unwrap().to_owned(),
    };
    Some(seen.iter().map(one).collect())
}

#[test]
fn markdown_shows_hostile_names_and_leaves_formulas_alone() {
    const ELEMENTS: &str =
        "h1 h2 h3 p ul li strong code pre pre.lang table thead tbody tr th td th.align td.align a a.href img img.src img.alt hr span";
    let page = |block| Document { title: String::new(), blocks: vec![block] };
    let mut draw = Draw(3);
    let formulas: Vec<Math> = (0..1500).map(|i| Math::Row(vec![Math::letter("x"), draw.math(1 + i % 3)])).collect();
    let mut pages = vec![markdown(&sample()), markdown(&hostile())];
    // Two in one paragraph, so that what one opens the other could close.
    pages.extend(
        formulas.iter().map(|math| markdown(&page(Block::Paragraph(vec![Inline::Math(math.clone()), Inline::Math(math.clone())])))),
    );
    let Some(seen) = drawn_as_markdown("Markdown is drawn by GitHub's library", &pages) else { return };
    for seen in &seen {
        for element in &seen.elements {
            assert!(ELEMENTS.split_whitespace().any(|known| known.replace('.', " ") == *element), "<{element}>");
        }
        assert!(seen.addresses.iter().all(|scheme| ["data", "http", "https"].contains(&scheme.as_str())), "{:?}", seen.addresses);
    }
    for name in HOSTILE.iter().map(|name| typeset::visible(name)) {
        assert!(seen[1].words.matches(name.trim()).count() > 20 || name.trim().is_empty(), "{name:?}");
    }
    for (source, seen) in pages.iter().zip(&seen).skip(2) {
        let plain = source.replace("$`", "$").replace("`$", "$");
        assert!(seen.words.trim() == plain.trim() && seen.elements.iter().all(|e| e == "p" || e == "code"), "{source}");
    }
}

#[test]
fn latex_compiles_the_documents() {
    let Some(engine) = tool(Tool::Latex, "documents are compiled by LaTeX") else { return };
    for (name, page) in [("sample", sample()), ("hostile", hostile())] {
        let file = folder().join(format!("{name}.tex"));
        std::fs::write(&file, latex(&page)).unwrap();
        let mut command = Command::new(&engine);
        if !engine.ends_with("tectonic") {
            command.args(["-halt-on-error", "-interaction=nonstopmode", "-no-shell-escape"]);
        }
        let output = command.arg(&file).current_dir(folder()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(std::fs::metadata(file.with_extension("pdf")).unwrap().len() > 10_000);
    }
}

#[test]
fn every_form_is_written_for_the_eye() {
    for (name, page) in [("sample", sample()), ("hostile", hostile())] {
        let forms =
            [("txt", text(&page, 80)), ("md", markdown(&page)), ("tex", latex(&page)), ("html", html(&page)), ("ipynb", notebook(&page))];
        for (ending, form) in forms {
            assert!(form.ends_with('\n') && !form.chars().any(|c| c.is_control() && c != '\n'), "{ending}");
            std::fs::write(folder().join(format!("{name}.{ending}")), form).unwrap();
        }
    }
}
