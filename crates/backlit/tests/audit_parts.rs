//! Claims about embeddings and batch norms, against a network written out in plain loops and differences of its cost.

use backlit::audit::{Item, Report, What, audit, read};
use backlit::engine::explain::Target;
use backlit::engine::typeset::unicode;
use backlit::explain::{Subject, notation};
use backlit::{prepare, run_file};
use std::f64::consts::TAU;
use std::io::Write;

/// Codes of the category, and numbers of each.
const LEVELS: usize = 13;
const NUMBERS: usize = 2;
/// Cosines of each of the two other columns, and sums of them.
const WAVES: usize = 16;
const SUMS: usize = 3;
/// What goes into the first layer, and its units.
const WIDTH: usize = 2 + NUMBERS + 2 * SUMS;
const UNITS: usize = 3;

/// Two numbers and a category on one row, before training: tanh units, with or without a batch norm, and an output.
fn subject(norm: &str) -> Subject {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    writeln!(file, "size,age,town,y").unwrap();
    for r in 0..60u32 {
        let (size, age) = ((f64::from(r) * 0.7).sin() * 2.0, 5.0 + 3.0 * (f64::from(r) * 1.3).cos());
        writeln!(file, "{size:.4},{age:.4},t{},{:.4}", r % 12, size * age / 5.0).unwrap();
    }
    let text = format!(
        "[data]\npath = {:?}\ntarget = \"y\"\nembed = \"{NUMBERS}\"\nvalidation = 0\n[network]\nprecision = \"f64\"\nnumeric_embedding = \"pbld\"\n\
         l2 = 0.03\n[[network.layer]]\nunits = {UNITS}\nactivation = \"tanh\"\nnorm = \"{norm}\"\n[[network.layer]]\nunits = 1\n\
         [train]\noptimizer = \"sgd\"\nlearning_rate = 0.25\nbatch = \"full\"\nepochs = 1\nseed = 6\n",
        file.path()
    );
    let job = prepare::job(&run_file::parse(&text, "").unwrap(), None, 1).unwrap_or_else(|error| panic!("{error}"));
    let mut subject = Subject::new(job.initial_model(), job.all_rows()).unwrap();
    subject.keep(&[7]).unwrap();
    if norm == "batch" {
        // Statistics and gains as after a training.
        let last = subject.parameters.len() - UNITS - 1;
        for (k, number) in subject.parameters[last - 4 * UNITS..last].iter_mut().enumerate() {
            *number = [0.8, -0.3, 0.2, 1.7][k / UNITS] + 0.1 * (k % UNITS) as f64;
        }
    }
    subject
}

/// Names with their numbers: everything that the loops below write down.
fn forward(subject: &Subject, parameters: &[f64], normed: bool) -> Vec<(String, f64)> {
    let mut rest = parameters;
    let mut take = |count: usize| {
        let (own, behind) = rest.split_at(count);
        rest = behind;
        own
    };
    let (table, f, phases) = (take(LEVELS * NUMBERS), take(2 * WAVES), take(2 * WAVES));
    let (v, c) = (take(2 * SUMS * WAVES), take(2 * SUMS));
    let (w, b) = (take(UNITS * WIDTH), take(UNITS));
    let norm: Vec<&[f64]> = (0..4).filter(|_| normed).map(|_| take(UNITS)).collect();
    let (last, bias) = (take(UNITS), take(1));
    assert!(rest.is_empty());
    let mut said = Vec::new();
    let code = subject.x[2] as usize;
    let mut input = vec![subject.x[0], subject.x[1]];
    input.extend(&table[code * NUMBERS..][..NUMBERS]);
    for column in 0..2 {
        let waves: Vec<f64> =
            (0..WAVES).map(|k| (TAU * f[column * WAVES + k] * subject.x[column] + phases[column * WAVES + k]).cos()).collect();
        said.extend(waves.iter().enumerate().map(|(k, wave)| (format!("h[{column},{k}]"), *wave)));
        for sum in column * SUMS..(column + 1) * SUMS {
            input.push(c[sum] + (0..WAVES).map(|k| v[sum * WAVES + k] * waves[k]).sum::<f64>());
            said.push((format!("p[{sum}]"), input[input.len() - 1]));
        }
    }
    let mut out = bias[0];
    for unit in 0..UNITS {
        let z = b[unit] + (0..WIDTH).map(|i| w[unit * WIDTH + i] * input[i]).sum::<f64>();
        said.push((format!("z1[{unit}]"), z));
        let n = match norm.as_slice() {
            [gain, shift, mean, variance] => gain[unit] * (z - mean[unit]) / (variance[unit] + 1e-5).sqrt() + shift[unit],
            _ => z,
        };
        if normed {
            said.push((format!("n1[{unit}]"), n));
        }
        said.push((format!("a1[{unit}]"), n.tanh()));
        out += last[unit] * n.tanh();
    }
    let costs = [table, f, phases, v, c, w, last].concat().iter().map(|w| w * w).sum::<f64>();
    said.push(("C".into(), 0.5 * (out - subject.y[0]).powi(2) + 0.015 * costs));
    said
}

fn difference(subject: &Subject, index: usize, normed: bool) -> f64 {
    let at = |moved: f64| {
        let mut parameters = subject.parameters.clone();
        parameters[index] += moved;
        forward(subject, &parameters, normed).pop().unwrap().1
    };
    let h = 1e-3;
    (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h)
}

fn judged(subject: &Subject, claims: &[(String, String)]) -> Result<Report, backlit::error::Error> {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    writeln!(file, "quantity,value").unwrap();
    claims.iter().for_each(|(name, value)| writeln!(file, "\"{name}\",{value}").unwrap());
    audit(subject, read(file.path(), subject, Some("za"))?, notation::table()[0])
}

/// Every parameter of the first kinds, of which the row's code takes one line of the table.
fn parameters(subject: &Subject) -> Vec<(String, usize)> {
    let graph = &subject.built.graph;
    let all = (0..subject.parameters.len()).map(|index| (graph.parameter_name(index), index));
    all.filter(|(name, _)| !name.starts_with("layer2")).step_by(3).collect()
}

#[test]
fn what_is_right_about_embeddings_and_batch_norms_is_found_right() {
    for (norm, normed) in [("none", false), ("batch", true)] {
        let subject = subject(norm);
        let mut claims: Vec<(String, String)> =
            forward(&subject, &subject.parameters, normed).into_iter().map(|(name, value)| (name, format!("{value:.9e}"))).collect();
        for (name, index) in parameters(&subject) {
            let gradient = difference(&subject, index, normed);
            // Of a smaller one differences have fewer digits.
            if gradient.abs() > 1e-5 {
                claims.push((format!("dC/d{name}"), format!("{gradient:.5e}")));
            }
            if !normed {
                let rate = if name.starts_with("numeric") { 0.025 } else { 0.25 };
                claims.push((format!("{name} after 1"), format!("{:.6e}", subject.parameters[index] - rate * gradient)));
            }
        }
        let report = judged(&subject, &claims).unwrap_or_else(|error| panic!("{error}"));
        for verdict in report.verdicts.iter().filter(|verdict| verdict.right.abs() > 1e-9) {
            assert!(verdict.is_right, "{norm}: {} = {}, found {}", verdict.claim.quantity, verdict.claim.written.text, verdict.right);
        }
    }
}

#[test]
fn the_number_of_another_level_is_named() {
    let subject = subject("none");
    let code = subject.x[2] as usize;
    let other = subject.parameters[(code + 1) * NUMBERS];
    let report = judged(&subject, &[(format!("embed1.weight[{code},0]"), format!("{other:.7}"))]).unwrap();
    let slips: Vec<&str> = report.verdicts[0].would_be.iter().map(|explained| explained.slip).collect();
    assert!(!report.verdicts[0].is_right && slips.contains(&"other-unit"), "{slips:?}");
}

#[test]
fn updates_behind_a_batch_norm_are_refused() {
    let error = judged(&subject("batch"), &[("C after 1".into(), "0.5".into())]).err().unwrap();
    assert!(error.message.contains("batch norm takes mean and variance of the batch"), "{error}");
}

/// In each notation the name of a parameter is that of no other, however loosely names are read: V[1,0] is a weight of cosines and v⁽¹⁾₀ a
/// variance.
#[test]
fn every_parameter_is_found_by_its_name_in_every_notation() {
    let subject = subject("batch");
    let things: Vec<_> = (0..subject.parameters.len()).map(|index| subject.thing(Target::Parameter(index)).unwrap()).collect();
    for notation in notation::table() {
        let wording = subject.wording(notation);
        let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        writeln!(file, "quantity,value").unwrap();
        things.iter().for_each(|thing| writeln!(file, "\"{}\",1", unicode(&wording.thing(*thing))).unwrap());
        let claims = read(file.path(), &subject, Some(notation.name())).unwrap_or_else(|error| panic!("{}: {error}", notation.name()));
        for (claim, thing) in claims.iter().zip(&things) {
            assert_eq!(claim.asked.what, What::Value(Item::Thing(*thing)), "{}: {}", notation.name(), claim.quantity);
        }
    }
}

#[test]
fn slopes_of_penalty_loss_and_cosines_are_judged() {
    let subject = subject("none");
    let parameter = |name: &str| {
        let index = (0..subject.parameters.len()).find(|&at| subject.built.graph.parameter_name(at) == name);
        subject.parameters[index.unwrap_or_else(|| panic!("{name}"))]
    };
    let code = subject.x[2] as usize;
    // R = 0.03/2 · Σ W² over weights and all that is learned of columns and levels, but no bias of a layer.
    let mut claims = Vec::new();
    for name in
        [format!("embed1.weight[{},1]", code + 1), "numeric.phase[1,3]".into(), "numeric.bias[4]".into(), "layer1.weight[2,0]".into()]
    {
        claims.push((format!("dR/d{name}"), 0.03 * parameter(&name)));
    }
    claims.push(("dR/dlayer1.bias[0]".into(), 0.0));
    // h = cos(2π f x + φ), p = Σ V h + c: of the column 'age', the second.
    let (f, phase, x) = (parameter("numeric.frequency[1,5]"), parameter("numeric.phase[1,5]"), subject.x[1]);
    let turn = TAU * f * x + phase;
    let v = parameter("numeric.weight[4,5]");
    claims.push(("dh[1,5]/df[1,5]".into(), -turn.sin() * TAU * x));
    claims.push(("dh[1,5]/dφ[1,5]".into(), -turn.sin()));
    claims.push(("dp_4/dh[1,5]".into(), v));
    claims.push(("dp_4/dV[4,5]".into(), turn.cos()));
    claims.push(("dp_4/df[1,5]".into(), -v * turn.sin() * TAU * x));
    // The last layer is linear, so by the loss it is a − y, whatever the penalty.
    let data = subject.data();
    let a = subject.values(&data, 0).all(subject.built.layers[1].a)[0];
    claims.push(("dL/dz2_0".into(), a - subject.y[0]));
    let claims: Vec<(String, String)> = claims.into_iter().map(|(name, value)| (name, format!("{value:.9e}"))).collect();
    let report = judged(&subject, &claims).unwrap_or_else(|error| panic!("{error}"));
    for verdict in &report.verdicts {
        assert!(verdict.is_right, "{} = {}, found {}", verdict.claim.quantity, verdict.claim.written.text, verdict.right);
    }
}

/// Of a cost that is more than the loss, the loss has its own name.
#[test]
fn the_loss_is_not_the_cost_where_that_is_more() {
    let subject = subject("none");
    let data = subject.data();
    let loss = subject.values(&data, 0).all(subject.built.loss)[0];
    let report = judged(&subject, &[("loss".into(), format!("{loss:.9e}"))]).unwrap();
    assert!(report.verdicts[0].is_right, "{} is not {loss}", report.verdicts[0].right);
}
