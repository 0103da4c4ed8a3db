//! Exercise sheets: every answer against plain loops, every blank answered, and the words about rounding tried out.

// Sums are written with indices, as on paper.
#![allow(clippy::needless_range_loop)]

use backlit::document::{Block, Document, Inline, html, latex, markdown, text};
use backlit::engine::typeset::unicode;
use backlit::error::{Error, Kind};
use backlit::explain::{Subject, notation};
use backlit::worksheet::{Carry, Options, Wanted, Worksheet, friendly, worksheet, written};
use backlit::{prepare, run_file};
use std::collections::BTreeMap;

fn wanted(inputs: usize, hidden: usize, outputs: usize, seed: u64) -> Wanted {
    Wanted { inputs, hidden, outputs, activation: "sigmoid".into(), loss: "half_squared_error".into(), seed }
}

fn options(digits: usize, seed: u64) -> Options {
    Options { digits, parameters: Vec::new(), seed, random: true }
}

fn sheet(wanted: &Wanted, digits: usize) -> (Subject, Worksheet) {
    let mut subject = friendly(wanted).unwrap_or_else(|error| panic!("{wanted:?}: {error}"));
    let sheet =
        worksheet(&mut subject, notation::table()[0], &options(digits, wanted.seed)).unwrap_or_else(|error| panic!("{wanted:?}: {error}"));
    (subject, sheet)
}

/// The answers by name, in the order of the sheet; of a name that stands twice the last.
fn answers(sheet: &Worksheet) -> BTreeMap<String, f64> {
    sheet.questions.iter().flat_map(|question| &question.blanks).map(|blank| (unicode(&blank.name), blank.answer)).collect()
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// A two-layer sigmoid network by plain loops; `keep` rounds whatever is written down.
fn by_hand(subject: &Subject, keep: &dyn Fn(f64) -> f64) -> BTreeMap<String, f64> {
    let (n, h, k) = (subject.x.len(), subject.names.units[0], subject.y.len());
    let p = &subject.parameters;
    let (w1, b1) = (|u: usize, i: usize| p[u * n + i], |u: usize| p[h * n + u]);
    let start = h * n + h;
    let (w2, b2) = (|o: usize, u: usize| p[start + o * h + u], |o: usize| p[start + k * h + o]);
    let mut found = BTreeMap::new();
    let superscript = ["⁰", "¹", "²"];
    let below = |unit: usize| ["₀", "₁", "₂", "₃", "₄", "₅"][unit];
    let name = |letter: &str, layer: usize, unit: usize| format!("{letter}⁽{}⁾{}", superscript[layer], below(unit));
    let mut put = |name: String, value: f64| {
        let kept = keep(value);
        found.insert(name, kept);
        kept
    };
    let mut a1 = Vec::new();
    for u in 0..h {
        let z = put(name("z", 1, u), (0..n).map(|i| w1(u, i) * subject.x[i]).sum::<f64>() + b1(u));
        a1.push(put(name("a", 1, u), sigmoid(z)));
    }
    let (mut a2, mut d2, mut cost) = (Vec::new(), Vec::new(), 0.0);
    for o in 0..k {
        let z = put(name("z", 2, o), (0..h).map(|u| w2(o, u) * a1[u]).sum::<f64>() + b2(o));
        a2.push(put(name("a", 2, o), sigmoid(z)));
        let part = (a2[o] - subject.y[o]).powi(2) / 2.0;
        cost += if k > 1 { put(format!("C{}", below(o)), part) } else { part };
        let pull = put(format!("∂C/∂{}", name("a", 2, o)), a2[o] - subject.y[o]);
        let slope = put(format!("∂{}/∂{}", name("a", 2, o), name("z", 2, o)), a2[o] * (1.0 - a2[o]));
        d2.push(put(format!("∂C/∂{}", name("z", 2, o)), pull * slope));
    }
    put("C".into(), cost);
    let weight = |layer: usize, unit: usize, input: usize| format!("W⁽{}⁾[{unit},{input}]", superscript[layer]);
    for (u, &a) in a1.iter().enumerate() {
        let mut sum = 0.0;
        for (o, &delta) in d2.iter().enumerate() {
            let slope = put(format!("∂{}/∂{}", name("z", 2, o), name("a", 1, u)), w2(o, u));
            let term = delta * slope;
            let term_name = format!("∂C/∂{} · ∂{}/∂{}", name("z", 2, o), name("z", 2, o), name("a", 1, u));
            sum += if k > 1 { put(term_name, term) } else { term };
            let dz_dw = put(format!("∂{}/∂{}", name("z", 2, o), weight(2, o, u)), a);
            let gradient = put(format!("∂C/∂{}", weight(2, o, u)), delta * dz_dw);
            put(format!("({})⁺", weight(2, o, u)), w2(o, u) - 0.5 * gradient);
        }
        let da = put(format!("∂C/∂{}", name("a", 1, u)), sum);
        let slope = put(format!("∂{}/∂{}", name("a", 1, u), name("z", 1, u)), a * (1.0 - a));
        let d1 = keep(da * slope);
        for i in 0..n {
            put(format!("∂{}/∂{}", name("z", 1, u), weight(1, u, i)), subject.x[i]);
            let gradient = put(format!("∂C/∂{}", weight(1, u, i)), d1 * subject.x[i]);
            put(format!("({})⁺", weight(1, u, i)), w1(u, i) - 0.5 * gradient);
        }
    }
    found
}

#[test]
fn answers_are_those_of_plain_loops() {
    for seed in 0..12 {
        let (inputs, hidden, outputs) = [(2, 2, 1), (2, 2, 2), (3, 2, 2), (1, 3, 1)][seed as usize % 4];
        let (subject, sheet) = sheet(&wanted(inputs, hidden, outputs, seed), 4);
        let by_hand = by_hand(&subject, &|number| number);
        let answers = answers(&sheet);
        assert!(answers.len() >= 12);
        for (name, answer) in answers {
            let hand = by_hand.get(&name).unwrap_or_else(|| panic!("seed {seed}: {name} is not known here: {:?}", by_hand.keys()));
            assert!((hand - answer).abs() <= 1e-12 * hand.abs().max(1e-3), "seed {seed}: {name} = {answer}, by hand {hand}");
        }
    }
}

#[test]
fn rounding_as_the_sheet_says_leads_to_its_answers() {
    let mut said = [0, 0];
    for seed in 0..40 {
        let (subject, sheet) = sheet(&wanted(2, 2, 1 + seed as usize % 2, seed), 4);
        let Carry::Digits(carried) = sheet.carry else {
            said[1] += 1;
            continue;
        };
        said[0] += 1;
        let keep = |number: f64| format!("{number:.*e}", carried - 1).parse::<f64>().unwrap();
        let rounded = by_hand(&subject, &keep);
        for (name, answer) in answers(&sheet) {
            let short = |number: f64| format!("{number:.3e}");
            assert_eq!(short(rounded[&name]), short(answer), "seed {seed}, carrying {carried}: {name}");
        }
    }
    assert!(said[0] > 30, "{said:?}");
}

#[test]
fn numbers_are_friendly() {
    let activations = ["sigmoid", "tanh", "relu", "leaky_relu(0.1)", "softplus", "linear"];
    let losses = ["half_squared_error", "squared_error", "binary_cross_entropy", "cross_entropy", "huber", "poisson"];
    for (i, activation) in activations.iter().enumerate() {
        for (j, loss) in losses.iter().enumerate() {
            let wanted = Wanted { activation: activation.to_string(), loss: loss.to_string(), ..wanted(2, 3, 2, (i * 10 + j) as u64) };
            let (subject, sheet) = sheet(&wanted, 4);
            for number in subject.parameters.iter().chain(&subject.x).chain(&subject.y) {
                assert!(format!("{number}").len() <= 5, "{activation} {loss}: {number}");
            }
            let answers = answers(&sheet);
            assert!(answers.values().all(|answer| answer.is_finite()));
            assert!(
                answers.iter().filter(|(name, _)| name.starts_with('z')).all(|(_, z)| z.abs() <= 2.5),
                "{activation} {loss}: {answers:?}"
            );
            let gradient = |name: &str| name.starts_with("∂C/∂W");
            assert!(answers.iter().filter(|(name, _)| gradient(name)).all(|(_, g)| g.abs() >= 1e-4), "{activation} {loss}: {answers:?}");
        }
    }
}

fn blanks(document: &Document) -> usize {
    let inline = |parts: &[Inline]| parts.iter().filter(|part| **part == Inline::Blank).count();
    let block = |block: &Block| match block {
        Block::Paragraph(parts) => inline(parts),
        Block::Table(table) => table.rows.iter().flatten().map(|cell| inline(cell)).sum(),
        _ => 0,
    };
    document.blocks.iter().map(block).sum()
}

#[test]
fn the_key_answers_every_blank_and_is_the_same_sheet() {
    let (_, sheet) = sheet(&wanted(2, 2, 2, 5), 5);
    let asked: usize = sheet.questions.iter().map(|question| question.blanks.len()).sum();
    assert_eq!((blanks(&sheet.exercise), blanks(&sheet.key)), (asked, 0));
    assert_eq!(sheet.exercise.blocks.len(), sheet.key.blocks.len());
    let key = text(&sheet.key, 120);
    for blank in sheet.questions.iter().flat_map(|question| &question.blanks) {
        let shown = written(blank.answer, 5).replace('-', "−");
        assert!(key.contains(&shown) || shown.contains('e'), "{shown} is not in the key");
    }
    // Nothing that is asked for stands on the sheet, but for numbers that are given too.
    let exercise = text(&sheet.exercise, 120);
    let computed = sheet.questions.iter().flat_map(|question| &question.blanks).map(|blank| written(blank.answer, 5));
    let leaked: Vec<String> = computed.filter(|shown| shown.len() > 5 && exercise.contains(shown.as_str())).collect();
    assert!(leaked.is_empty(), "{leaked:?}");
}

#[test]
fn the_same_seed_is_the_same_sheet() {
    let make = |seed: u64| text(&sheet(&wanted(2, 2, 1, seed), 4).1.key, 100);
    let sheets: Vec<String> = (0..6).map(make).collect();
    assert_eq!(make(3), sheets[3]);
    for (i, a) in sheets.iter().enumerate() {
        assert!(sheets[..i].iter().all(|b| b != a));
    }
}

fn of_run_file(run: &str, options: &Options) -> Result<Worksheet, Error> {
    let job = prepare::job(&run_file::parse(run, "test.toml").unwrap(), None, 1).unwrap();
    worksheet(&mut Subject::new(job.initial_model(), job.all_rows()).unwrap(), notation::table()[0], options)
}

const THREE_LAYERS: &str = "[data]\ninputs = [[0.4, -0.123456789]]\ntargets = [[0.5]]\ntarget = [\"<script>alert(1)</script> $x_{1}$ | \\\\end{table}\"]\n\
    [network]\nprecision = \"f64\"\nloss = \"half_squared_error\"\n\
    [[network.layer]]\nunits = 2\nactivation = \"tanh\"\nweight = [[0.5, 0.3], [0.2, -0.4]]\n\
    [[network.layer]]\nunits = 2\nactivation = \"tanh\"\nweight = [[0.3, 0.7], [0.6, 0.1]]\n\
    [[network.layer]]\nunits = 1\nweight = [[0.9, 0.4]]\nbias = false\n[train]\noptimizer = \"adam\"\nlearning_rate = 0.1\n";

#[test]
fn a_given_network_gets_a_sheet_whose_numbers_are_those_printed() {
    let deep = Options { parameters: vec!["layer1.weight[1,0]".into(), "layer3.weight[0,0]".into()], random: false, ..options(4, 0) };
    let sheet = of_run_file(THREE_LAYERS, &deep).unwrap();
    let answers = answers(&sheet);
    // The input stands there as −0.1235, and is computed with so.
    let z = 0.5 * 0.4 - 0.3 * 0.1235;
    assert!((answers["z⁽¹⁾₀"] - z).abs() < 1e-15, "{answers:?}");
    // Adam's first step is nearly the learning rate, whatever the gradient.
    assert!((answers["(W⁽³⁾[0,0])⁺"] - 0.9).abs() - 0.1 < 1e-6);
    assert!(answers.contains_key("∂C/∂z⁽²⁾₁") && answers.contains_key("∂C/∂W⁽¹⁾[1,0]"));
    assert!(text(&sheet.exercise, 100).contains("rounded to what stands here"));
}

#[test]
fn hostile_names_are_escaped_in_every_form() {
    let sheet = of_run_file(THREE_LAYERS, &Options { random: false, ..options(4, 1) }).unwrap();
    for page in [&sheet.exercise, &sheet.key] {
        let (html, markdown, latex) = (html(page), markdown(page), latex(page));
        assert!(!html.contains("<script>alert") && html.contains("&lt;script"), "HTML");
        assert!(!markdown.contains("<script>alert"), "Markdown");
        let line = latex.lines().find(|line| line.contains("alert")).expect("the name");
        assert!(!line.contains("\\end{table}") && !line.contains("$x_{1}$") && !line.contains(" $x_"), "{line}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let wide = THREE_LAYERS
        .replace("units = 1\nweight = [[0.9, 0.4]]", "units = 7")
        .replace("targets = [[0.5]]", "targets = [[0, 0, 0, 0, 0, 0, 1]]");
    let wide = wide.lines().filter(|line| !line.starts_with("target =")).collect::<Vec<_>>().join("\n");
    let error = of_run_file(&wide, &options(4, 0)).err().unwrap();
    assert!(error.kind == Kind::Usage && error.message.contains("at most") && error.hint.is_some(), "{error}");
    let rows = THREE_LAYERS.replace("[[0.4, -0.123456789]]", "[[0.4, 0.1], [0.2, 0.3]]").replace("[[0.5]]", "[[0.5], [0.6]]");
    assert!(of_run_file(&rows, &options(4, 0)).err().unwrap().hint.unwrap().contains("--row"));
    for name in ["layer9.weight[0,0]", "x[x0]", "layer1.bias[0]", ""] {
        let error = of_run_file(THREE_LAYERS, &Options { parameters: vec![name.into()], ..options(4, 0) }).err().unwrap();
        assert_eq!(error.kind, Kind::Usage, "{name}: {error}");
    }
    for (activation, loss) in [("sigmoidal", "half_squared_error"), ("relu", "hinge"), ("sigmoid", "cross_entropy")] {
        let error = friendly(&Wanted { activation: activation.into(), loss: loss.into(), ..wanted(2, 2, 1, 0) }).err().unwrap();
        assert!(error.file.is_none() && error.key.is_none() && !error.message.is_empty(), "{error}");
    }
    assert!(friendly(&Wanted { activation: "tanh\"\n[train]\n".into(), ..wanted(2, 2, 1, 0) }).is_err());
}

/// Mazur's worked example, with more keys for its network.
fn with_cost(keys: &str) -> Worksheet {
    let text = format!(
        "[data]\ninputs = [[0.05, 0.1]]\ntargets = [[0.01, 0.99]]\nstandardize = false\nvalidation = 0\n[network]\nprecision = \"f64\"\n{keys}\n\
         [[network.layer]]\nunits = 2\nactivation = \"sigmoid\"\nweight = [[0.15, -0.2], [0.25, 0.3]]\nbias = [0.35, 0.35]\n\
         [[network.layer]]\nunits = 2\nactivation = \"sigmoid\"\nweight = [[-0.4, 0.45], [0.5, 0.55]]\nbias = [0.6, 0.6]\n\
         [train]\noptimizer = \"sgd\"\nlearning_rate = 0.5\n"
    );
    let job = prepare::job(&run_file::parse(&text, "").unwrap(), None, 1).unwrap();
    let mut subject = Subject::new(job.initial_model(), job.all_rows()).unwrap();
    let parameters = ["layer1.weight[0,1]", "layer2.weight[0,0]"].map(String::from).to_vec();
    worksheet(&mut subject, notation::table()[0], &Options { parameters, ..options(4, 0) }).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_weights_cost_is_on_the_sheet() {
    let (l1, l2) = (0.03, 0.02);
    let plain = answers(&with_cost(""));
    let sheet = with_cost(&format!("l1 = {l1}\nl2 = {l2}"));
    let penalized = answers(&sheet);
    let weights = [0.15, -0.2, 0.25, 0.3, -0.4, 0.45, 0.5, 0.55f64];
    let cost: f64 = weights.iter().map(|w| l1 * w.abs() + l2 / 2.0 * w * w).sum();
    let close = |name: &str, wanted: f64| {
        let got = penalized.get(name).unwrap_or_else(|| panic!("{name}: {:?}", penalized.keys()));
        assert!((got - wanted).abs() <= 1e-12 * wanted.abs().max(1e-3), "{name} = {got}, by hand {wanted}");
    };
    close("L", plain["C"]);
    close("R", cost);
    close("C", plain["C"] + cost);
    for (name, w) in [("W⁽¹⁾[0,1]", -0.2f64), ("W⁽²⁾[0,0]", -0.4)] {
        let slope = l1 * w.signum() + l2 * w;
        let gradient = plain[&format!("∂C/∂{name}")] + slope;
        close(&format!("∂R/∂{name}"), slope);
        close(&format!("∂C/∂{name}"), gradient);
        close(&format!("({name})⁺"), w - 0.5 * gradient);
    }
    let page = text(&sheet.exercise, 100);
    for rule in ["C     = L + R", "R     = 0.03 · Σ |W| + 0.01 · Σ W²   over all weights", "∂R/∂W = 0.03 · sign(W) + 0.02 · W"] {
        assert!(page.contains(rule), "{rule}: {page}");
    }
}

/// A network of 2-2-2-1 with a layer norm in its first layer and a skip over its second.
const NORMED: &str = "[data]\ninputs = [[0.4, -0.7]]\ntargets = [[0.5]]\nstandardize = false\nvalidation = 0\n[network]\nprecision = \"f64\"\n\
    [[network.layer]]\nunits = 2\nactivation = \"tanh\"\nnorm = \"layer\"\nweight = [[0.3, -0.8], [0.6, 0.2]]\nbias = [0.1, -0.3]\n\
    [[network.layer]]\nunits = 2\nactivation = \"sigmoid\"\nskip = true\nweight = [[-0.4, 0.9], [0.7, 0.5]]\nbias = [0.2, -0.1]\n\
    [[network.layer]]\nunits = 1\nweight = [[0.8, -0.6]]\nbias = [0.05]\n[train]\noptimizer = \"sgd\"\nlearning_rate = 0.5\n";

#[test]
fn norms_and_skips_are_worked_on_a_sheet() {
    let parameters = ["layer1.weight[0,1]", "layer2.weight[1,0]", "layer3.weight[0,1]"].map(String::from).to_vec();
    let sheet = of_run_file(NORMED, &Options { parameters, ..options(4, 0) }).unwrap_or_else(|error| panic!("{error}"));
    let found = answers(&sheet);
    // The cost in plain arithmetic, any weight moved.
    let (x, y) = ([0.4, -0.7f64], 0.5f64);
    let w1 = [[0.3, -0.8], [0.6, 0.2f64]];
    let w2 = [[-0.4, 0.9], [0.7, 0.5f64]];
    let w3 = [0.8, -0.6f64];
    let forward = |w1: [[f64; 2]; 2], w2: [[f64; 2]; 2], w3: [f64; 2]| {
        let z = [0, 1].map(|u| dot2(w1[u], x) + [0.1, -0.3][u]);
        let mean = (z[0] + z[1]) / 2.0;
        let s = (((z[0] - mean).powi(2) + (z[1] - mean).powi(2)) / 2.0 + 1e-5).sqrt();
        let n = z.map(|z| (z - mean) / s);
        let a = n.map(f64::tanh);
        let out = [0, 1].map(|u| sigmoid(dot2(w2[u], a) + [0.2, -0.1][u]) + a[u]);
        let last = dot2(w3, out) + 0.05;
        (n, out, 0.5 * (last - y) * (last - y))
    };
    let (n, out, cost) = forward(w1, w2, w3);
    let close = |name: &str, wanted: f64, relative: f64| {
        let got = found.get(name).unwrap_or_else(|| panic!("{name}: {:?}", found.keys()));
        assert!((got - wanted).abs() <= relative * wanted.abs().max(1e-3), "{name} = {got}, by hand {wanted}");
    };
    for unit in 0..2 {
        close(["n⁽¹⁾₀", "n⁽¹⁾₁"][unit], n[unit], 1e-12);
        close(["s⁽²⁾₀", "s⁽²⁾₁"][unit], out[unit], 1e-12);
    }
    close("C", cost, 1e-12);
    let h = 1e-4;
    let difference = |at: &dyn Fn(f64) -> f64| (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
    let moved = |layer: usize, by: f64| {
        let (mut w1, mut w2, mut w3) = (w1, w2, w3);
        *[&mut w1[0][1], &mut w2[1][0], &mut w3[1]][layer - 1] += by;
        forward(w1, w2, w3).2
    };
    for (layer, name, old) in [(1, "W⁽¹⁾[0,1]", -0.8), (2, "W⁽²⁾[1,0]", 0.7), (3, "W⁽³⁾[0,1]", -0.6)] {
        let gradient = difference(&|by| moved(layer, by));
        close(&format!("∂C/∂{name}"), gradient, 1e-8);
        close(&format!("({name})⁺"), old - 0.5 * gradient, 1e-8);
    }
    let page = text(&sheet.exercise, 140);
    for rule in ["layer_norm: n[r,k] = γ[k] h[r,k] + β[k]", "s⁽²⁾₀", "a skip, for each unit", "∂n[k]/∂z[j]", "γ⁽¹⁾₀ = 1"]
    {
        assert!(page.contains(rule), "{rule}: {page}");
    }
}

fn dot2(w: [f64; 2], x: [f64; 2]) -> f64 {
    w[0] * x[0] + w[1] * x[1]
}

/// A sheet of one row of a table of a number and a category with twelve levels.
fn learned(network: &str, embed: &str) -> (Subject, Worksheet) {
    let mut rows = "size,town,y\n".to_string();
    rows.extend((0..60).map(|r| format!("{:.2},t{},{:.2}\n", (f64::from(r) * 0.7).sin(), r % 12, f64::from(r % 7) * 0.3)));
    let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    std::fs::write(file.path(), rows).unwrap();
    let text = format!(
        "[data]\npath = {:?}\ntarget = \"y\"\nembed = \"{embed}\"\nstandardize = false\nvalidation = 0\n[network]\nprecision = \"f64\"\n{network}\n\
         [[network.layer]]\nunits = 1\n[train]\noptimizer = \"sgd\"\nlearning_rate = 0.5\nseed = 3\n",
        file.path()
    );
    let job = prepare::job(&run_file::parse(&text, "").unwrap(), None, 1).unwrap_or_else(|error| panic!("{error}"));
    let mut subject = Subject::new(job.initial_model(), job.all_rows()).unwrap();
    subject.keep(&[5]).unwrap();
    let sheet = worksheet(&mut subject, notation::table()[0], &options(4, 1)).unwrap_or_else(|error| panic!("{error}"));
    (subject, sheet)
}

/// ∂C/∂ a parameter of the subject, as rounded for the sheet, by differences of the engine's cost.
fn difference(subject: &mut Subject, index: usize) -> f64 {
    let mut at = |moved: f64| {
        let kept = subject.parameters[index];
        subject.parameters[index] = kept + moved;
        let data = subject.data();
        let cost = subject.values(&data, 0).all(subject.built.cost)[0];
        subject.parameters[index] = kept;
        cost
    };
    let h = 1e-3;
    (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h)
}

#[test]
fn embeddings_and_batch_norms_are_worked_on_a_sheet() {
    let layer = |norm: &str| format!("[[network.layer]]\nunits = 2\nactivation = \"tanh\"\nnorm = \"{norm}\"");
    for (norm, numeric) in [("none", ""), ("none", "numeric_embedding = \"pbld\"\n"), ("batch", "")] {
        let (mut subject, sheet) = learned(&format!("{numeric}{}", layer(norm)), "2");
        let found = answers(&sheet);
        let code = subject.x[1] as usize;
        let parameter = |name: String| (0..subject.parameters.len()).find(|&at| subject.built.graph.parameter_name(at) == name).unwrap();
        let mut asked = vec![(format!("E⁽¹⁾[{code},0]"), parameter(format!("embed1.weight[{code},0]")), 0.5)];
        if !numeric.is_empty() {
            asked.push(("f[0,0]".into(), parameter("numeric.frequency[0]".into()), 0.05));
        }
        for (name, index, rate) in asked {
            let gradient = difference(&mut subject, index);
            let by_sheet = found.get(&format!("∂C/∂{name}")).or(found.get(&format!("∂C/∂({name})")));
            let by_sheet = *by_sheet.unwrap_or_else(|| panic!("{name}: {:?}", found.keys()));
            assert!((by_sheet - gradient).abs() <= 1e-8 * gradient.abs().max(1e-3), "{name}: {by_sheet}, by differences {gradient}");
            let plain = name.replace(['(', ')'], "");
            let is_new = |key: &str| key.contains('⁺') && key.replace(['⁺', '(', ')'], "") == plain;
            let new = found.iter().find(|(key, _)| is_new(key)).map(|(_, new)| *new);
            match norm {
                // No update: it would hang on the other rows of the batch.
                "batch" => assert_eq!(new, None),
                _ => assert!((new.unwrap() - subject.parameters[index] + rate * gradient).abs() < 1e-8, "{name}: {new:?}"),
            }
        }
        let page = text(&sheet.exercise, 140);
        assert!(page.contains("town is a category") && (numeric.is_empty() || page.contains("Cosines of size")), "{page}");
        html(&sheet.key);
        latex(&sheet.key);
    }
}

/// The numbers that a page gives, by name: `W⁽¹⁾[0,1] = 0.5`, in tables too.
fn given(page: &str) -> BTreeMap<String, f64> {
    let words: Vec<&str> = page.split_whitespace().collect();
    let number = |word: &str| word.trim_end_matches(',').replace('−', "-").parse::<f64>().ok();
    words.windows(3).filter(|three| three[1] == "=").filter_map(|three| Some((three[0].to_string(), number(three[2])?))).collect()
}

/// Behind a batch norm the sheet is solved with nothing but what stands on it.
#[test]
fn a_batch_norm_is_solved_from_the_sheet_alone() {
    let run = NORMED.replace("norm = \"layer\"", "norm = \"batch\"").replace("[[0.4, -0.7]]", "[[0.4, -0.7], [0.1, 0.9]]");
    let run = run.replace("[[0.5]]", "[[0.5], [0.2]]");
    let job = prepare::job(&run_file::parse(&run, "").unwrap(), None, 1).unwrap_or_else(|error| panic!("{error}"));
    let mut subject = Subject::new(job.initial_model(), job.all_rows()).unwrap();
    subject.keep(&[0]).unwrap();
    for (name, numbers) in [("running_mean", [0.8, -0.3]), ("running_variance", [1.7, 0.6]), ("gain", [1.2, 0.9]), ("shift", [0.1, -0.2])] {
        let parameters = subject.built.graph.parameters();
        let start = parameters.iter().find(|parameter| parameter.name == format!("layer1.{name}")).unwrap().start;
        subject.parameters[start..start + 2].copy_from_slice(&numbers);
    }
    let sheet = worksheet(&mut subject, notation::table()[0], &Options { random: false, ..options(4, 0) }).unwrap();
    let page = text(&sheet.exercise, 200);
    let (given, answers) = (given(&page), answers(&sheet));
    let of = |name: &str| *given.get(name).unwrap_or_else(|| panic!("{name}: {given:?}"));
    let x = [of("x₀"), of("x₁")];
    for (unit, u) in ["₀", "₁"].into_iter().zip(0..) {
        let name = |letter: &str| format!("{letter}⁽¹⁾{unit}");
        let z = of(&format!("W⁽¹⁾[{u},0]")) * x[0] + of(&format!("W⁽¹⁾[{u},1]")) * x[1] + of(&name("b"));
        let n = of(&name("γ")) * (z - of(&name("μ"))) / (of(&name("v")) + 0.00001).sqrt() + of(&name("β"));
        assert!((answers[&name("n")] - n).abs() < 1e-12, "{n}: {answers:?}");
        assert!((answers[&name("a")] - n.tanh()).abs() < 1e-12);
    }
    // No new value is asked for, so no rule for it stands there.
    assert!(!page.contains("Update") && page.contains("takes its running mean and variance"), "{page}");
    assert!(page.contains("∂n/∂μ = −γ/s") && !page.contains("= -γ/s"), "{page}");
    // Each kind of norm has its card.
    let run = NORMED.replace("skip = true", "norm = \"batch\"").replace("[[0.4, -0.7]]", "[[0.4, -0.7], [0.1, 0.9]]");
    let job = prepare::job(&run_file::parse(&run.replace("[[0.5]]", "[[0.5], [0.2]]"), "").unwrap(), None, 1).unwrap();
    let mut subject = Subject::new(job.initial_model(), job.all_rows()).unwrap();
    subject.keep(&[0]).unwrap();
    let sheet = worksheet(&mut subject, notation::table()[0], &Options { random: false, ..options(4, 0) }).unwrap();
    let page = text(&sheet.exercise, 200);
    assert!(page.contains("layer_norm: n[r,k]") && page.contains("batch_norm: n[r,k]"), "{page}");
}

/// R is over more than the sheet lists: what the other lines of a table cost stands there as one number.
#[test]
fn a_penalty_on_levels_is_computed_from_the_sheet_alone() {
    let layer = "[[network.layer]]\nunits = 2\nactivation = \"tanh\"";
    let (subject, sheet) = learned(&format!("l1 = 0.01\nl2 = 0.03\nnumeric_embedding = \"pbld\"\n{layer}"), "2");
    let page = text(&sheet.exercise, 600);
    let code = subject.x[1] as usize;
    let words: Vec<&str> = page.split_whitespace().collect();
    let behind = |name: &str| {
        let at =
            words.windows(3).position(|three| three[0] == "Σ" && three[1] == name && three[2] == "=").unwrap_or_else(|| panic!("{page}"));
        words[at + 3].parse::<f64>().unwrap()
    };
    let (mut sizes, mut squares) = (behind("|W|"), behind("W²"));
    let own: Vec<f64> = (0..subject.parameters.len())
        .filter(|&index| {
            let name = subject.built.graph.parameter_name(index);
            match name.split_once('.') {
                Some((table, _)) if table.starts_with("embed") => name.starts_with(&format!("embed1.weight[{code},")),
                Some((layer, part)) => !(layer.starts_with("layer") && part.starts_with("bias")),
                None => false,
            }
        })
        .map(|index| subject.parameters[index])
        .collect();
    own.iter().for_each(|w| (sizes, squares) = (sizes + w.abs(), squares + w * w));
    let wanted = 0.01 * sizes + 0.015 * squares;
    let got = answers(&sheet)["R"];
    assert!((got - wanted).abs() < 1e-10 * wanted, "{got} is not {wanted}");
    assert!(page.contains("over all weights, and all learned numbers of columns and levels"), "{page}");
    assert!(page.contains("The learning rate is 0.05 for what is learned of numeric columns."), "{page}");
}

#[test]
fn what_is_frozen_is_said_and_gets_no_new_value() {
    let run = THREE_LAYERS.replace("[[0.9, 0.4]]", "[[0.9, 0.4]]\nfreeze = [\"weight\"]");
    let deep = Options { parameters: vec!["layer1.weight[1,0]".into(), "layer3.weight[0,0]".into()], random: false, ..options(4, 0) };
    let sheet = of_run_file(&run, &deep).unwrap();
    let (page, found) = (text(&sheet.exercise, 200), answers(&sheet));
    assert!(page.contains("W⁽³⁾[0,0] = 0.9 (frozen)") && !page.contains("W⁽¹⁾[1,0] = 0.2 (frozen)"), "{page}");
    assert!(found.contains_key("∂C/∂W⁽³⁾[0,0]") && !found.contains_key("(W⁽³⁾[0,0])⁺") && found.contains_key("(W⁽¹⁾[1,0])⁺"), "{found:?}");
    let only = Options { parameters: vec!["layer3.weight[0,0]".into()], random: false, ..options(4, 0) };
    let page = text(&of_run_file(&run, &only).unwrap().exercise, 200);
    assert!(!page.contains("Update"), "{page}");
}

/// A training that is led, or searches, leaves everything but the new value.
#[test]
fn a_led_training_gets_a_sheet_without_new_values() {
    let adam = "optimizer = \"adam\"";
    for train in ["optimizer = \"lbfgs\"", "optimizer = \"adam\"\nclip_norm = 0.1", "optimizer = \"adam\"\nschedule = \"cosine\""] {
        let sheet = of_run_file(&THREE_LAYERS.replace(adam, train), &options(4, 0)).unwrap_or_else(|error| panic!("{train}: {error}"));
        let found = answers(&sheet);
        assert!(found.contains_key("∂C/∂z⁽³⁾₀") && !found.keys().any(|name| name.contains('⁺')), "{train}: {found:?}");
        assert!(!text(&sheet.exercise, 200).contains("Update"), "{train}");
    }
}
