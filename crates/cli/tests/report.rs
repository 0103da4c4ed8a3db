//! `report.html` and the plots beside it, opened in Chromium.

mod support;
#[path = "../../backlit/tests/pages/tools.rs"]
#[allow(dead_code)]
mod tools;

use serde_json::Value;
use std::process::Command;
use support::{Desk, number};
use tools::{Tool, tool};

/// 60 rows, two inputs, a number and three classes in words, some of them hostile.
fn table() -> String {
    let line = |r: usize| {
        let (a, b) = ((r * 37 % 61) as f64 / 10.0, (r * 53 % 47) as f64 / 10.0);
        let kind = ["<b>low</b>", "mid & more", "high"][usize::from(a + b > 4.0) + usize::from(a + b > 7.0)];
        format!("{a},{b},{:.2},{kind},{},{}\n", 2.0 * a - b * b / 4.0, ["no", "yes"][usize::from(a > b)], ["0", "1"][r % 2])
    };
    "a,b,price,kind,late,odd\n".to_string() + &(0..60).map(line).collect::<String>()
}

/// What is on the page, as the browser has it; none without a browser.
fn looked_at(desk: &Desk, run: &str) -> Option<Value> {
    let chromium = tool(Tool::Chromium, "the report in a browser")?;
    let browse = |file: &str, more: &str| {
        let mut command = Command::new(&chromium);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage", "--disable-sync"]);
        command.args(["--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=4000"]);
        command.args(["--window-size=1200,900", "--enable-logging=stderr", "--dump-dom", more]);
        command.arg(format!("--user-data-dir={}", desk.path("profile").display())).arg(format!("file://{}", desk.path(file).display()));
        let output = command.output().expect("the browser starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    // As it is: nothing is said on the console.
    let name = format!("{run}/report.html");
    let shot = format!("--screenshot={}", tools::folder().join(format!("report-{run}.png")).display());
    let (_, log) = browse(&name, &shot);
    assert!(!log.contains("CONSOLE"), "{log}");
    // With the test's own script, which the page's policy would stop.
    let page = desk.read(&name);
    assert!(!page.contains("<script") && !page.contains("http-equiv=\"refresh\""));
    let script = "<script>const size = e => { const r = e.getBoundingClientRect(); return [r.width, r.height]; }; \
        const out = {svgs: [...document.querySelectorAll('figure svg')].map(size), \
        shapes: [...document.querySelectorAll('figure svg')].map(s => s.querySelectorAll('path, rect').length), \
        tables: [...document.querySelectorAll('table')].map(t => [...t.rows].map(r => [...r.cells].map(c => c.textContent))), \
        captions: [...document.querySelectorAll('figcaption')].map(c => c.textContent), \
        titles: [...document.querySelectorAll('figure svg > title')].map(c => c.textContent), \
        first: document.querySelector('main > p').textContent, \
        bold: document.querySelectorAll('b, img, iframe').length, \
        loaded: performance.getEntriesByType('resource').length, \
        over: document.documentElement.scrollWidth - document.documentElement.clientWidth}; \
        document.body.textContent = 'BEGIN' + JSON.stringify(out) + 'END';</script></body>";
    let measured = page.replace("<meta http-equiv=\"Content-Security-Policy\"", "<meta name=\"none\"").replace("</body>", script);
    desk.write("measured.html", measured);
    let (dom, log) = browse("measured.html", "--hide-scrollbars");
    assert!(!log.contains("CONSOLE"), "{log}");
    let json = dom.split("BEGIN").nth(1).and_then(|rest| rest.split("END").next()).unwrap_or_else(|| panic!("{dom}"));
    let json = json.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&");
    let seen: Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    for size in seen["svgs"].as_array().expect("a list") {
        assert!(number(&size[0]) > 300.0 && number(&size[1]) > 120.0, "{seen}");
    }
    assert!(seen["shapes"].as_array().expect("a list").iter().all(|count| number(count) >= 4.0), "{seen}");
    assert_eq!((number(&seen["bold"]), number(&seen["loaded"]), number(&seen["over"])), (0.0, 0.0, 0.0), "{seen}");
    Some(seen)
}

/// The names of the plots, in order.
fn plots(desk: &Desk, run: &str) -> Vec<String> {
    let entries = std::fs::read_dir(desk.path(&format!("{run}/plots"))).expect("plots");
    let mut names: Vec<String> = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    for name in &names {
        let svg = desk.read(&format!("{run}/plots/{name}"));
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n") && !svg.contains("NaN") && !svg.contains("inf"), "{name}");
    }
    names
}

/// Six digits, as the program writes numbers.
fn is_said(cells: &Value, value: &Value) -> bool {
    let (said, value) = (cells.as_str().expect("words"), number(value));
    said.parse::<f64>().is_ok_and(|said| (said - value).abs() <= 2e-5 * value.abs() + 1e-9)
}

/// The table of measures holds the run's numbers.
fn holds_the_numbers(seen: &Value, document: &Value) {
    let table = seen["tables"][0].as_array().expect("lines");
    assert!(
        is_said(&table[1][1], &document["validation"]["before"]["cost"]) && is_said(&table[1][2], &document["validation"]["after"]["cost"])
    );
    let after = document["validation"]["after"]["metrics"].as_object().expect("measures");
    let mut met = 0;
    for line in table.iter().skip(2) {
        let name = line[0].as_str().expect("a name").replace(' ', "_");
        let value = &after[&name];
        assert!(if value.is_null() { line[2] == "-" } else { is_said(&line[2], value) }, "{line}, {value}");
        met += 1;
    }
    assert!(met >= 5);
    let trained = &seen["tables"][1];
    assert!(is_said(&trained[1][2], &document["cost"]["after"]), "{trained}");
    let asked = seen["tables"].as_array().and_then(|tables| tables.last()).expect("tables");
    let asked = asked.to_string();
    assert!(asked.contains(document["weights_sha256"].as_str().expect("a hash")), "{asked}");
    assert!(seen["first"].as_str().expect("words").contains(&format!("{} epochs and {} steps", document["epochs"], document["steps"])));
}

#[test]
fn numbers_predicted() {
    let desk = Desk::with(&[("t.csv", &table())]);
    let document = desk.json("train t.csv --target price --ignore kind,late,odd --epochs 30 --patience 40 --metric abs(a-y) --out run");
    assert_eq!(plots(&desk, "run"), ["cost.svg", "predicted.svg", "residuals.svg"]);
    // The same run again, on other threads, in a directory that is not new: the same page.
    let page = desk.read("run/report.html");
    desk.write("run/plots/roc.svg", "of a run before");
    desk.write("run/plots/mine.svg", "a person's");
    desk.fine("train t.csv --target price --ignore kind,late,odd --epochs 30 --patience 40 --metric abs(a-y) --out run --threads 2");
    assert_eq!(desk.read("run/report.html"), page);
    assert!(!desk.path("run/plots/roc.svg").exists() && desk.path("run/plots/mine.svg").exists());
    let Some(seen) = looked_at(&desk, "run") else { return };
    assert_eq!(seen["svgs"].as_array().map(Vec::len), Some(3));
    assert!(seen["titles"].to_string().contains("price: predicted and actual"), "{seen}");
    assert!(seen["captions"][1].as_str().expect("words").contains("12 rows not trained on"), "{seen}");
    let mut table = seen.clone();
    // The person's own measure stands behind the others.
    let own = table["tables"][0].as_array_mut().and_then(Vec::pop).expect("a line");
    assert!(own[0] == "abs(a-y)" && is_said(&own[2], &document["metric"]["validation"]["after"]), "{own}");
    holds_the_numbers(&table, &document);
    let best = document["best"]["epoch"].as_u64().expect("an epoch");
    assert!(desk.read("run/plots/cost.svg").contains(&format!("best epoch: {best}")));
}

#[test]
fn classes_predicted() {
    let desk = Desk::with(&[("t.csv", &table())]);
    let document = desk.json("train t.csv --target kind --ignore late,odd --epochs 30 --validation 0.5 --out run");
    assert_eq!(plots(&desk, "run"), ["calibration.svg", "confusion.svg", "cost.svg", "roc.svg"]);
    let confusion = desk.read("run/plots/confusion.svg");
    assert!(confusion.contains("&lt;b&gt;low&lt;/b&gt;") && !confusion.contains("<b>"));
    if let Some(seen) = looked_at(&desk, "run") {
        assert_eq!(seen["svgs"].as_array().map(Vec::len), Some(4));
        holds_the_numbers(&seen, &document);
        // Each class against the rest: the mean of their areas is the measure.
        let areas: Vec<f64> = seen["tables"][2]
            .as_array()
            .expect("lines")
            .iter()
            .skip(1)
            .map(|line| line[1].as_str().and_then(|x| x.parse().ok()).expect("a number"))
            .collect();
        assert_eq!(areas.len(), 3);
        assert!(is_said(&Value::from((areas.iter().sum::<f64>() / 3.0).to_string()), &document["validation"]["after"]["metrics"]["auc"]));
    }
    let document = desk.json("train t.csv --target late --ignore kind,price,odd --epochs 30 --out two --threshold f1");
    assert_eq!(plots(&desk, "two"), ["calibration.svg", "confusion.svg", "cost.svg", "roc.svg"]);
    if let Some(seen) = looked_at(&desk, "two") {
        holds_the_numbers(&seen, &document);
        assert_eq!(seen["tables"][2][1][0], "yes");
        assert!(is_said(&seen["tables"][2][1][1], &document["validation"]["after"]["metrics"]["auc"]));
        let rows: f64 = seen["tables"][3]
            .as_array()
            .expect("bins")
            .iter()
            .skip(1)
            .map(|bin| bin[2].as_str().and_then(|x| x.parse::<f64>().ok()).expect("a count"))
            .sum();
        assert_eq!(rows, 12.0);
    }
    let document = desk.json("train t.csv --target late,odd --ignore kind --epochs 10 --out labels");
    assert_eq!(plots(&desk, "labels"), ["calibration.svg", "cost.svg", "roc.svg"]);
    if let Some(seen) = looked_at(&desk, "labels") {
        holds_the_numbers(&seen, &document);
    }
}

/// One row, one class among those kept aside, constant predictions, none kept aside, no epoch, a run that left the finite numbers.
#[test]
fn poor_runs_have_reports_too() {
    let desk = Desk::with(&[
        ("t.csv", &table()),
        ("one.csv", "x,y\n1,2.5\n"),
        ("flat.csv", "x,y\n1,2\n1,2\n1,2\n1,2\n"),
        ("rare.csv", "x,y\n1,no\n2,no\n3,no\n4,no\n5,yes\n6,no\n"),
    ]);
    for (line, code, expected) in [
        ("train one.csv --target y --epochs 3", 0, &["cost.svg", "predicted.svg", "residuals.svg"][..]),
        ("train flat.csv --target y --task regression --epochs 3 --validation 0", 0, &["cost.svg", "predicted.svg", "residuals.svg"]),
        ("train rare.csv --target y --epochs 3 --validation 0.2 --seed 2", 0, &["calibration.svg", "confusion.svg", "cost.svg"]),
        (
            "train t.csv --target kind --ignore late,odd --epochs 2 --validation 0",
            0,
            &["calibration.svg", "confusion.svg", "cost.svg", "roc.svg"],
        ),
        ("train houses --epochs 20 --optimizer sgd --learning-rate 1e30", 3, &["predicted.svg", "residuals.svg"]),
    ] {
        let _ = std::fs::remove_dir_all(desk.path("run"));
        let told = desk.run(&format!("{line} --out run"));
        assert!(told.code == code || (code == 3 && told.code != 0), "{}", told.report());
        let found = plots(&desk, "run");
        assert!(expected.iter().all(|name| found.iter().any(|found| found == name)), "{line}: {found:?}");
        let page = desk.read("run/report.html");
        assert!(page.contains("<figure>") && !page.contains("NaN"), "{line}");
        if line.contains("1e30") {
            assert!(page.contains("Diverged: "), "{line}");
        }
        if line.contains("--validation 0 ") || line.ends_with("--validation 0") || line.contains("one.csv") {
            assert!(page.contains(" trained on") && !page.contains("not trained on"), "{line}");
        }
        if line.contains("one.csv") || line.contains("1e30") {
            looked_at(&desk, "run");
        }
    }
}

#[test]
fn many_rows_are_thinned() {
    let lines: String = (0..7001).map(|r| format!("{},{}\n", r % 83, r % 89)).collect();
    let desk = Desk::with(&[("t.csv", &format!("x,y\n{lines}"))]);
    desk.fine("train t.csv --target y --task regression --epochs 1 --validation 0 --out run");
    // 7001 / 4, rounded up.
    assert!(desk.read("run/report.html").contains("Every 4th row is drawn, 1751 of them."));
    let dots = desk.read("run/plots/predicted.svg").matches("h0").count();
    assert_eq!(dots, 1751 + 3, "three of them in the legend");
}
