//! Scripts and notebooks of opened gradients, run by Python: they print the numbers of the record, end well where all agree, and name
//! the number that does not.

#[path = "scripts/networks.rs"]
mod networks;
#[path = "scripts/tools.rs"]
mod tools;

use backlit::error::Kind;
use backlit::explain::{self, Opened, Subject, notation};
use networks::{Network, draw, far_out, run_file, subject};
use serde_json::Value;
use std::process::Command;
use tools::{folder, python};

/// One gradient of a network, and what it is called where a check fails.
struct Case {
    name: String,
    script: String,
    /// What the record says, in the order of the script.
    wanted: Vec<(String, f64)>,
    /// Σ |path|: what the rest may be off by.
    size: f64,
}

/// What a script printed and what it ended with, if not well.
type Ran = (String, Option<String>);

fn run(mut python: Command, name: &str, scripts: &[&str]) -> Vec<Ran> {
    let folder = folder(name);
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts/run.py"));
    for (i, script) in scripts.iter().enumerate() {
        let file = folder.join(format!("{i}.py"));
        std::fs::write(&file, script).unwrap();
        python.arg(file);
    }
    let output = python.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let ran: Vec<Ran> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(ran.len(), scripts.len());
    ran
}

fn opened(subject: &Subject, name: &str, paths: usize) -> Opened {
    let target = subject.find(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    subject.open(target, paths).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn written(opened: &Opened, subject: &Subject) -> String {
    explain::numpy(opened, &subject.wording(notation::table()[0])).unwrap_or_else(|error| panic!("{error}"))
}

/// A gradient as script and record.
fn case(network: &str, subject: &Subject, name: &str, paths: usize) -> Case {
    let opened = opened(subject, name, paths);
    let record = explain::json(&opened, &subject.wording(notation::table()[0]));
    let rows = &opened.explanation.rows;
    assert!(opened.explanation.routes.agrees || opened.explanation.routes.kink, "{network} {name}: the record itself disagrees");
    Case {
        name: format!("{network}, {name}, rows {rows:?}, {paths} paths"),
        script: written(&opened, subject),
        wanted: wanted(&record),
        size: opened.explanation.size,
    }
}

/// Every number of the record that a script must print, in its order.
fn wanted(record: &Value) -> Vec<(String, f64)> {
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("no number: {value}"));
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut wanted = vec![("cost".to_string(), number(&record["cost"])), ("gradient".into(), number(&record["gradient"]))];
    for factor in list(&record["chain"]) {
        wanted.push((format!("chain {}", factor["symbol"]), number(&factor["value"])));
    }
    wanted.push(("routes.chain".into(), number(&record["routes"]["chain"])));
    for (i, path) in list(&record["paths"]).iter().enumerate() {
        for factor in list(&path["factors"]) {
            wanted.push((format!("path {i} {}", factor["symbol"]), number(&factor["value"])));
        }
        wanted.push((format!("path {i}"), number(&path["product"])));
    }
    wanted.push(("rest".into(), number(&record["rest"])));
    if record["rows"].is_array() {
        for row in list(&record["by_row"]) {
            wanted.push((format!("row {}", row["row"]), number(&row["adds"])));
        }
    }
    let update = &record["update"];
    match update["frozen"].as_bool() {
        Some(false) => {
            let steps = list(&update["steps"]);
            wanted.extend(steps.iter().map(|step| (format!("update {}", step["symbol"]), number(&step["value"]))));
            assert_eq!(wanted.last().map(|last| last.1), update["new_value"].as_f64());
        }
        Some(true) => wanted.push(("new value".into(), number(&update["new_value"]))),
        None => {}
    }
    if let Some(per_unit) = record["units"]["gradient_per_unit"].as_f64() {
        wanted.push(("per unit".into(), per_unit));
    }
    wanted
}

/// The numbers in the lines `symbol = number`.
fn printed(text: &str) -> Vec<f64> {
    let number = |line: &str| {
        let (_, number) = line.rsplit_once(" = ")?;
        Some(number.parse().unwrap_or_else(|_| panic!("no number: {line}")))
    };
    text.lines().filter_map(number).collect()
}

/// Holds what the scripts printed to the records. Where `strict`, no rounding excuses a number but the rest.
fn hold(cases: &[Case], ran: &[Ran], strict: bool) {
    for (case, (text, end)) in cases.iter().zip(ran) {
        assert_eq!(*end, None, "{}\n{}", case.name, case.script);
        let printed = printed(text);
        assert_eq!(printed.len(), case.wanted.len(), "{}:\n{text}", case.name);
        assert!(text.ends_with(&format!("all {} numbers agree\n", printed.len())), "{}:\n{text}", case.name);
        for (number, (what, wanted)) in printed.iter().zip(&case.wanted) {
            let rounding = if what == "rest" { 1e-12 * case.size } else { 0.0 };
            let close = (number - wanted).abs() <= 1e-9 * wanted.abs() + rounding;
            assert!(close || !strict, "{}: {what} is {wanted:e}, the script has {number:e}\n{}", case.name, case.script);
        }
    }
}

/// The gradients of a network that are asked for: the first and last layer's, a column's, one row and the mean over several.
fn cases_of(network: &Network, file: &str, into: &mut Vec<Case>) {
    let mut all = subject(file).unwrap_or_else(|error| panic!("{file}\n{error}"));
    let layers = network.layers.len();
    let column = all.names.inputs[0].clone();
    into.push(case(file, &all, "layer1.weight[0,1]", 5));
    into.push(case(file, &all, &format!("layer{layers}.weight[0,0]"), 32));
    all.keep(&[2]).unwrap();
    into.push(case(file, &all, "layer1.weight[1,0]", 32));
    into.push(case(file, &all, &format!("x[{column}]"), 7));
    if all.names.biases[0] {
        into.push(case(file, &all, "layer1.bias[0]", 0));
    }
}

#[test]
fn scripts_print_the_numbers_of_the_record() {
    let Some(python) = python("numpy", "requirements.txt", "scripts print the numbers of the record") else { return };
    let mut cases = Vec::new();
    for seed in 0..84 {
        let network = draw(seed);
        cases_of(&network, &run_file(&network), &mut cases);
    }
    assert!(cases.len() > 250);
    let scripts: Vec<&str> = cases.iter().map(|case| case.script.as_str()).collect();
    hold(&cases, &run(python, "random", &scripts), true);
}

#[test]
fn scripts_keep_their_digits_far_out() {
    let Some(python) = python("numpy", "requirements.txt", "scripts keep their digits far out") else { return };
    let mut cases = Vec::new();
    for network in far_out() {
        cases_of(&network, &run_file(&network), &mut cases);
    }
    let scripts: Vec<&str> = cases.iter().map(|case| case.script.as_str()).collect();
    hold(&cases, &run(python, "far_out", &scripts), false);
}

/// What a network can have besides layers and a loss: keys of the run file's data and network, and of its layers.
const PARTS: [(&str, &str, &str, [&str; 3]); 8] = [
    ("norms and skips", "", "", ["norm = \"batch\"", "norm = \"layer\"\nskip = true\nbias = false", "norm = \"batch\"\nskip = 1"]),
    ("a skip from the inputs", "", "", ["", "norm = \"layer\"", "skip = 0"]),
    ("weights and penalties", "weights = \"w\"", "l1 = 0.003\nl2 = 0.02\npenalize_biases = true", ["", "", ""]),
    ("a penalty of sizes", "", "l1 = 0.01", ["", "", ""]),
    ("row weights", "weights = \"w\"", "", ["norm = \"layer\"", "", ""]),
    ("embeddings", "embed = 2", "l2 = 0.01", ["", "", ""]),
    ("numeric embeddings", "", "numeric_embedding = \"pbld\"\nl2 = 0.01", ["", "", ""]),
    ("both", "embed = 3\nweights = \"w\"", "numeric_embedding = \"pbld\"", ["norm = \"batch\"", "", "skip = 1"]),
];

/// A table with numbers, row weights, a category of nine levels and three classes.
fn parts_table() -> String {
    let row = |r: u32| {
        let (a, b) = ((f64::from(r) * 0.7).sin(), (f64::from(r) * 1.3).cos());
        format!("{a},{b},{},t{},{},{}\n", 1 + r % 3, r % 9, u32::from(a > 0.2) + u32::from(b > 0.5), a * b + 0.1 * f64::from(r % 9))
    };
    "a,b,w,town,c,y\n".to_string() + &(0..90).map(row).collect::<String>()
}

/// A network with some parts, all parameters moved away from what they begin with.
fn with_parts(data: &str, network: &str, layers: [&str; 3], classes: bool) -> Subject {
    let table = folder("parts").join("t.csv");
    std::fs::write(&table, parts_table()).unwrap();
    let (target, ignored, smoothed, outputs) = if classes { ("c", "y", "label_smoothing = 0.1", 3) } else { ("y", "c", "", 1) };
    let ignore = if data.contains("weights") { format!("\"{ignored}\"") } else { format!("\"{ignored}\", \"w\"") };
    let layers: String = layers.iter().map(|keys| format!("[[network.layer]]\nunits = 4\nactivation = \"tanh\"\n{keys}\n")).collect();
    // Wide as what goes in, where a skip takes the inputs.
    let layers = if layers.contains("skip = 0") { layers.replace("units = 4", "units = 10") } else { layers };
    let text = format!(
        "[data]\npath = {:?}\ntarget = \"{target}\"\nignore = [{ignore}]\nvalidation = 0\n{data}\n[network]\nprecision = \"f64\"\n{network}\n{smoothed}\n{layers}\
         [[network.layer]]\nunits = {outputs}\n[train]\noptimizer = \"adamw\"\nepochs = 1\nbatch = 30\n",
        table.display().to_string()
    );
    let run = backlit::run_file::parse(&text, "parts.toml").unwrap_or_else(|error| panic!("{error}\n{text}"));
    let job = backlit::prepare::job(&run, None, 1).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut subject = Subject::new(job.initial_model(), job.all_rows()).unwrap();
    subject.parameters.iter_mut().enumerate().for_each(|(i, p)| *p += 0.3 * (1.0 + (i as f64).sin()));
    subject.keep(&[0, 7, 20, 33, 61, 80]).unwrap();
    subject
}

#[test]
fn scripts_know_every_part_of_a_network() {
    let Some(python) = python("numpy", "requirements.txt", "scripts know every part of a network") else { return };
    let mut cases = Vec::new();
    for (name, data, network, layers) in PARTS {
        for classes in [false, true] {
            let mut subject = with_parts(data, network, layers, classes);
            let parameters = subject.built.graph.parameters().to_vec();
            let names: Vec<String> = parameters.iter().map(|p| p.element(p.size() / 2)).collect();
            for one_row in [false, true] {
                if one_row {
                    subject.keep(&[33]).unwrap();
                }
                for target in names.iter().map(String::as_str).chain(["x[a]"]) {
                    cases.push(case(&format!("{name}, {classes}"), &subject, target, 6));
                }
            }
        }
    }
    let scripts: Vec<&str> = cases.iter().map(|case| case.script.as_str()).collect();
    hold(&cases, &run(python, "parts", &scripts), true);
    // Learned numbers of a level, of a cosine and of a norm are among them.
    for word in ["E1[", "f[", "V[", "gain2[", "running_variance3["] {
        assert!(scripts.iter().any(|script| script.contains(word)), "{word}");
    }
}

/// A wrong number anywhere in the record is found and named.
#[test]
fn a_wrong_number_is_named() {
    let Some(python) = python("numpy", "requirements.txt", "a wrong number is named") else { return };
    let subject = subject(&run_file(&draw(3))).unwrap();
    let name = "layer1.weight[0,0]";
    let wrong = |value: &mut f64| *value = if *value == 0.0 { 1e-6 } else { *value * (1.0 + 1e-7) };
    type Plant = Box<dyn Fn(&mut Opened)>;
    let mut plants: Vec<(&str, Plant)> = vec![
        ("cost is", Box::new(move |opened| wrong(&mut opened.explanation.cost))),
        ("dC_dW1[0,0] is", Box::new(move |opened| wrong(&mut opened.explanation.gradient))),
        ("dC_dW1[0,0] is", Box::new(move |opened| wrong(&mut opened.explanation.chain[0].value))),
        ("product of the chain is", Box::new(move |opened| wrong(&mut opened.explanation.routes.chain))),
        ("path 2, product is", Box::new(move |opened| wrong(&mut opened.explanation.paths[1].product))),
        ("path 1, da1_dz1[0] is", Box::new(move |opened| wrong(&mut opened.explanation.paths[0].factors[4].value))),
        ("rest is", Box::new(move |opened| opened.explanation.rest += 1e-6 * opened.explanation.size)),
        ("adds is", Box::new(move |opened| wrong(&mut opened.explanation.by_row[1].adds))),
    ];
    plants.push(("theta_new is", Box::new(move |opened| wrong(&mut opened.update.as_mut().unwrap().lines.last_mut().unwrap().value))));
    let scripts: Vec<String> = plants
        .iter()
        .map(|(_, plant)| {
            let mut opened = opened(&subject, name, 3);
            plant(&mut opened);
            written(&opened, &subject)
        })
        .collect();
    let scripts: Vec<&str> = scripts.iter().map(String::as_str).collect();
    for ((named, _), (text, end)) in plants.iter().zip(run(python, "wrong", &scripts)) {
        let end = end.unwrap_or_else(|| panic!("{named}: all agree\n{text}"));
        assert!(end.contains(named) && end.lines().count() <= 2, "{named}: {end}");
        assert!(!text.contains("agree"), "{text}");
    }
}

/// The whole script as a student runs it: exit code 1 and the number on stderr.
#[test]
fn a_script_that_differs_ends_with_1() {
    let Some(mut python) = python("numpy", "requirements.txt", "a script that differs ends with 1") else { return };
    let subject = subject(&run_file(&draw(1))).unwrap();
    let mut opened = opened(&subject, "layer1.weight[0,0]", 3);
    opened.explanation.cost *= 1.0 + 1e-6;
    let file = folder("differs").join("script.py");
    std::fs::write(&file, written(&opened, &subject)).unwrap();
    let output = python.arg(file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("cost is"), "{output:?}");
}

const HOSTILE: [&str; 9] = [
    "\"\"\"\nimport os\nos.environ[\"OWNED\"] = \"1\"\n\"\"\"",
    "x\n__import__(\"os\").environ.__setitem__(\"OWNED\", \"1\")",
    "coding: utf-7 +AAo-__import__('os').environ.__setitem__('OWNED', '1')",
    "x\r__import__('os').environ.__setitem__('OWNED', '1')",
    "x\u{2028}__import__('os').environ.__setitem__('OWNED', '1')\u{c}\u{85}import os",
    "\u{202e}reversed\u{1}",
    "{__import__('os').environ.__setitem__('OWNED', '1')}",
    "\\",
    "]); __import__('os').environ.__setitem__('OWNED', '1') #",
];

/// A table whose columns are called so, and a run file beside it.
fn hostile(name: &str) -> Subject {
    let folder = folder("hostile");
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let table = format!("{},b,{}\n1,2,3\n2,3,4\n4,1,2\n", quoted(name), quoted(&format!("{name} target")));
    std::fs::write(folder.join("table.csv"), table).unwrap();
    let mut run = backlit::prepare::run_on(&folder.join("table.csv").display().to_string());
    run.data.validation = 0.0;
    run.data.target = vec![format!("{name} target")];
    run.train.recipe = Some(backlit::recipe::Recipe::Plain);
    let job = backlit::prepare::job(&run, None, 1).unwrap_or_else(|error| panic!("{name:?}: {error}"));
    Subject::new(job.initial_model(), job.all_rows()).unwrap()
}

#[test]
fn names_from_the_data_are_never_code() {
    let Some(python) = python("numpy", "requirements.txt", "names from the data are never code") else { return };
    let mut scripts = Vec::new();
    for name in HOSTILE {
        let mut subject = hostile(name);
        for target in ["layer1.weight[0,0]", "x[0]"] {
            scripts.push(written(&opened(&subject, target, 2), &subject));
        }
        subject.keep(&[1]).unwrap();
        scripts.push(written(&opened(&subject, "x[0]", 2), &subject));
    }
    for script in &scripts {
        let head: Vec<&str> = script.lines().take(2).collect();
        assert!(!head.iter().any(|line| line.contains("coding")), "{head:?}");
        assert!(script.chars().all(|c| c == '\n' || !c.is_control()), "{script}");
    }
    let scripts: Vec<&str> = scripts.iter().map(String::as_str).collect();
    for (text, end) in run(python, "hostile", &scripts) {
        assert_eq!(end, None, "{text}");
    }
}

#[test]
fn notebooks_run_from_top_to_bottom() {
    let Some(mut python) = python("nbclient, ipykernel, nbformat, numpy", "requirements-notebook.txt", "notebooks run from top to bottom")
    else {
        return;
    };
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts/notebooks.py"));
    let mut wanted = Vec::new();
    let mut add = |subject: &Subject, target: &str, i: usize| {
        let wording = subject.wording(notation::table()[0]);
        let opened = opened(subject, target, 4);
        let notebook = explain::notebook(&opened, &wording).unwrap();
        let words = ["The chain", "Forward", "Three routes", "Every number compared"];
        assert!(words.iter().all(|words| notebook.contains(&format!("## {words}"))), "{notebook}");
        let file = folder("notebooks").join(format!("{i}.ipynb"));
        std::fs::write(&file, &notebook).unwrap();
        wanted.push(explain::numpy(&opened, &wording).unwrap());
        python.arg(file);
    };
    let mut drawn = subject(&run_file(&draw(5))).unwrap();
    add(&drawn, "layer1.weight[0,0]", 0);
    drawn.keep(&[0]).unwrap();
    add(&drawn, "x[0]", 1);
    add(&hostile(HOSTILE[0]), "x[0]", 2);
    let output = python.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let texts: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    // A notebook prints what the script prints.
    let Some(plain) = tools::python("numpy", "requirements.txt", "notebooks print what scripts print") else { return };
    let scripts: Vec<&str> = wanted.iter().map(String::as_str).collect();
    for ((script, end), notebook) in run(plain, "beside_notebooks", &scripts).iter().zip(&texts) {
        assert_eq!((script, end), (notebook, &None));
    }
}

/// A saved model of more parameters than a script holds: they are read from its file.
#[test]
fn a_large_model_is_read_from_its_file() {
    let Some(python) = python("numpy", "requirements.txt", "a large model is read from its file") else { return };
    let mut cases = Vec::new();
    for precision in ["f32", "f64"] {
        let text = format!(
            "[data]\ninputs = [[1.0, 2.0], [0.5, -1.0]]\ntargets = [[1.0], [0.0]]\nstandardize = false\nvalidation = 0\n[network]\n\
             precision = \"{precision}\"\n[[network.layer]]\nunits = 6000\nactivation = \"tanh\"\n[[network.layer]]\nunits = 1\n[train]\n"
        );
        let job = backlit::prepare::job(&backlit::run_file::parse(&text, "").unwrap(), None, 1).unwrap();
        let file = folder("large").join(format!("{precision} \"größe\".safetensors"));
        backlit::model_file::save(&file, &job.initial_model()).unwrap();
        let mut large = Subject::new(job.initial_model(), job.all_rows()).unwrap();
        large.file = Some(file.display().to_string());
        cases.push(case(precision, &large, "layer1.weight[7,1]", 3));
        large.keep(&[1]).unwrap();
        // More terms than are written out.
        cases.push(case(precision, &large, "x[1]", 3));
        assert!(cases.iter().all(|case| case.script.len() < 20_000), "{}", cases[0].script);
    }
    let scripts: Vec<&str> = cases.iter().map(|case| case.script.as_str()).collect();
    hold(&cases, &run(python, "large", &scripts), true);
}

#[test]
fn what_is_too_large_is_refused() {
    let file = |units: usize| {
        format!(
            "[data]\ninputs = [[1.0, 2.0]]\ntargets = [[1.0]]\nstandardize = false\nvalidation = 0\n\
         [[network.layer]]\nunits = {units}\n[[network.layer]]\nunits = 1\n[train]\n"
        )
    };
    let large = subject(&file(6000)).unwrap();
    let wording = large.wording(notation::table()[0]);
    let opened_large = opened(&large, "layer1.weight[0,0]", 3);
    for error in [explain::numpy(&opened_large, &wording), explain::notebook(&opened_large, &wording)] {
        let error = error.unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.message.contains("20000 numbers; here are 24001 parameters"), "{error}");
        assert!(error.hint.as_ref().is_some_and(|hint| hint.contains("--format json")), "{error}");
    }
    let fits = subject(&file(4000)).unwrap();
    let wording = fits.wording(notation::table()[0]);
    assert!(explain::numpy(&opened(&fits, "layer1.weight[0,0]", 3), &wording).is_ok_and(|script| script.len() < 1_000_000));
    let many = explain::numpy(&opened(&fits, "x[0]", 4000), &wording).unwrap_err();
    assert!(many.message.contains("at most 20000 numbers") && many.hint.is_some_and(|hint| hint.contains("--paths")));
}
