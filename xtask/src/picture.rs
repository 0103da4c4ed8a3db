//! Draws the pictures of README: docs/houses.svg, predicted against actual prices of houses that the network has not
//! seen, before and after training; and docs/paths.svg, the paths of one weight to the cost.

use serde_json::Value;
use std::fmt::Write;
use std::process::Command;

/// Side of a panel, and the space around it.
const SIDE: f64 = 300.0;
const SPACE: f64 = 50.0;
/// Prices from 0 to here, in thousands of dollars.
const HIGHEST: f64 = 60.0;

/// Trains `houses` with the program and draws what it predicts.
pub fn draw() -> Result<(), String> {
    let before = predictions("before", &["--epochs", "0"])?;
    let after = predictions("after", &[])?;
    let (width, height) = (2.0 * (SIDE + SPACE) + SPACE, SIDE + 2.0 * SPACE);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n\
         <title>Predicted against actual prices of {} houses not seen in training, before and after</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n",
        before.len()
    );
    panel(&mut svg, SPACE, "before training", &before);
    panel(&mut svg, SIDE + 2.0 * SPACE, "after: backlit train houses --validation 0.2", &after);
    svg += "</svg>\n";
    std::fs::write("docs/houses.svg", svg).map_err(|error| format!("docs/houses.svg: {error}"))?;
    let explain = "run --quiet --release --package backlit-cli -- explain examples/mazur.toml --parameter w1 --notation net-out \
                   --format svg --output docs/paths.svg --quiet";
    crate::run("cargo", &explain.split_whitespace().collect::<Vec<_>>(), &[])
}

/// (actual, predicted) for the rows kept aside.
fn predictions(name: &str, flags: &[&str]) -> Result<Vec<(f64, f64)>, String> {
    let out = format!("target/docs/{name}");
    // One network, so that it has not seen the rows kept aside.
    let trained = backlit(&[&["train", "houses", "--validation", "0.2", "--out", &out], flags].concat())?;
    let predicted = backlit(&["predict", &out, "houses"])?;
    let table = std::fs::read_to_string("crates/backlit/data/houses.csv").map_err(|error| error.to_string())?;
    let prices: Vec<f64> = table.lines().skip(1).filter_map(|line| line.rsplit(',').next()?.parse().ok()).collect();
    let rows = trained["validation"]["numbers"].as_array().ok_or("no rows kept aside")?;
    let rows = rows.iter().filter_map(Value::as_u64).map(|row| row as usize);
    Ok(rows.filter_map(|row| Some((prices[row], predicted["outputs"][row][0].as_f64()?))).collect())
}

/// The program's JSON.
fn backlit(arguments: &[&str]) -> Result<Value, String> {
    let all = [&["run", "--quiet", "--release", "--package", "backlit-cli", "--"], arguments, &["--json", "--quiet"]].concat();
    let output = Command::new("cargo").args(&all).output().map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo {}: {error}", all.join(" ")))
}

fn panel(svg: &mut String, left: f64, title: &str, points: &[(f64, f64)]) {
    let x = |value: f64| left + value / HIGHEST * SIDE;
    let y = |value: f64| SPACE + SIDE - value.clamp(0.0, HIGHEST) / HIGHEST * SIDE;
    let mut line = |text: std::fmt::Arguments<'_>| writeln!(svg, "{text}").expect("a string takes all");
    line(format_args!("<text x=\"{left}\" y=\"{}\" font-weight=\"bold\">{title}</text>", SPACE - 14.0));
    line(format_args!("<rect x=\"{left}\" y=\"{SPACE}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"none\" stroke=\"#999\"/>"));
    line(format_args!("<path d=\"M{} {}L{} {}\" stroke=\"#999\" stroke-dasharray=\"4\"/>", x(0.0), y(0.0), x(HIGHEST), y(HIGHEST)));
    for tick in [0.0, 20.0, 40.0, 60.0] {
        line(format_args!("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"#555\">{tick}</text>", x(tick), SPACE + SIDE + 17.0));
        line(format_args!("<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#555\">{tick}</text>", left - 6.0, y(tick) + 4.0));
    }
    line(format_args!("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">actual price, 1000 $</text>", x(HIGHEST / 2.0), SPACE + SIDE + 36.0));
    line(format_args!("<text x=\"{}\" y=\"{}\" fill=\"#555\">predicted</text>", left + 6.0, SPACE + 16.0));
    for (actual, predicted) in points {
        line(format_args!("<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"#1f6feb\" fill-opacity=\"0.6\"/>", x(*actual), y(*predicted)));
    }
}
