//! Claims are judged rightly: every slip is made here by plain arithmetic, and the audit must name it.

use backlit::audit::{Claim, Report, audit, read};
use backlit::error::{Error, Kind};
use backlit::explain::{Subject, notation};
use backlit::{prepare, run_file};
use serde_json::Value;

/// A 2-layer sigmoid network with half squared error, in plain loops.
#[derive(Clone)]
struct Hand {
    x: Vec<f64>,
    y: Vec<f64>,
    w: [Vec<Vec<f64>>; 2],
    b: [Vec<f64>; 2],
    rate: f64,
}

/// What one pass gives.
struct Pass {
    z: [Vec<f64>; 2],
    a: [Vec<f64>; 2],
    cost: f64,
    pull: Vec<f64>,
    delta: [Vec<f64>; 2],
    dw: [Vec<Vec<f64>>; 2],
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

fn dot(w: &[f64], x: &[f64]) -> f64 {
    w.iter().zip(x).map(|(w, x)| w * x).sum()
}

impl Hand {
    /// Numbers with two decimals from a small generator.
    fn random(seed: u64, inputs: usize, hidden: usize, outputs: usize) -> Hand {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            ((state >> 11) % 171) as f64 / 100.0 - 0.85
        };
        let mut many = |n: usize| (0..n).map(|_| next()).map(|v| if v == 0.0 { 0.37 } else { v }).collect::<Vec<f64>>();
        let x = many(inputs).iter().map(|v| v.abs() + 0.13).collect();
        let y = many(outputs).iter().map(|v| (v * 50.0).abs().round() / 50.0).collect();
        let first = (0..hidden).map(|_| many(inputs)).collect();
        let second = (0..outputs).map(|_| many(hidden)).collect();
        Hand { x, y, w: [first, second], b: [many(hidden), many(outputs)], rate: 0.5 }
    }

    fn run_file(&self, frozen: bool) -> String {
        let layer = |l: usize| {
            let freeze = if frozen { "freeze = [\"bias\"]\n" } else { "" };
            let (w, b) = (&self.w[l], &self.b[l]);
            format!("[[network.layer]]\nunits = {}\nactivation = \"sigmoid\"\nweight = {w:?}\nbias = {b:?}\n{freeze}", w.len())
        };
        format!(
            "[data]\ninputs = [{:?}]\ntargets = [{:?}]\n[network]\nprecision = \"f64\"\nloss = \"half_squared_error\"\n{}{}[train]\noptimizer = \"sgd\"\nlearning_rate = {:?}\nbatch = \"full\"\n",
            self.x,
            self.y,
            layer(0),
            layer(1),
            self.rate
        )
    }

    fn subject(&self) -> Subject {
        subject(&self.run_file(true))
    }

    fn pass(&self) -> Pass {
        let z1: Vec<f64> = self.w[0].iter().zip(&self.b[0]).map(|(w, b)| dot(w, &self.x) + b).collect();
        let a1: Vec<f64> = z1.iter().map(|&z| sigmoid(z)).collect();
        let z2: Vec<f64> = self.w[1].iter().zip(&self.b[1]).map(|(w, b)| dot(w, &a1) + b).collect();
        let a2: Vec<f64> = z2.iter().map(|&z| sigmoid(z)).collect();
        let pull: Vec<f64> = a2.iter().zip(&self.y).map(|(a, y)| a - y).collect();
        let cost = pull.iter().map(|d| d * d / 2.0).sum();
        let d2: Vec<f64> = pull.iter().zip(&a2).map(|(d, a)| d * a * (1.0 - a)).collect();
        let d1 = self.hidden_delta(&d2, &a1, &self.w[1]);
        let outer = |d: &[f64], a: &[f64]| d.iter().map(|d| a.iter().map(|a| d * a).collect()).collect();
        let dw = [outer(&d1, &self.x), outer(&d2, &a1)];
        Pass { z: [z1, z2], a: [a1, a2], cost, pull, delta: [d1, d2], dw }
    }

    fn hidden_delta(&self, d2: &[f64], a1: &[f64], w2: &[Vec<f64>]) -> Vec<f64> {
        (0..a1.len()).map(|u| d2.iter().zip(w2).map(|(d, w)| d * w[u]).sum::<f64>() * a1[u] * (1.0 - a1[u])).collect()
    }

    /// The weights after one round by this gradient.
    fn moved(&self, dw: &[Vec<Vec<f64>>; 2], rate: f64) -> Hand {
        let mut next = self.clone();
        for (w, d) in next.w.iter_mut().flatten().flatten().zip(dw.iter().flatten().flatten()) {
            *w -= rate * d;
        }
        next
    }

    /// One round; the hidden layer's gradient goes through updated weights if so wished.
    fn round(&self, updated: bool, own_biases: bool) -> Hand {
        let pass = self.pass();
        let mut dw = pass.dw.clone();
        let mut d1 = pass.delta[0].clone();
        if updated {
            let new = self.moved(&pass.dw, self.rate);
            d1 = self.hidden_delta(&pass.delta[1], &pass.a[0], &new.w[1]);
            dw[0] = d1.iter().map(|d| self.x.iter().map(|x| d * x).collect()).collect();
        }
        let mut next = self.moved(&dw, self.rate);
        if own_biases {
            for (l, d) in [&d1, &pass.delta[1]].into_iter().enumerate() {
                next.b[l].iter_mut().zip(d).for_each(|(b, d)| *b -= self.rate * d);
            }
        }
        next
    }
}

fn subject(text: &str) -> Subject {
    let job = prepare::job(&run_file::parse(text, "test.toml").unwrap(), None, 1).unwrap();
    Subject::new(job.initial_model(), job.all_rows()).unwrap()
}

fn claims(subject: &Subject, table: &str, notation: Option<&str>) -> Result<Vec<Claim>, Error> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("claims.csv");
    std::fs::write(&path, table).unwrap();
    read(&path, subject, notation)
}

fn judged(subject: &Subject, table: &str) -> Report {
    let claims = claims(subject, table, None).unwrap_or_else(|error| panic!("{table}: {error}"));
    audit(subject, claims, notation::table()[1]).unwrap()
}

/// Judges one claim: the slips it is explained by; none where it is right.
fn slips(subject: &Subject, quantity: &str, value: f64) -> Option<Vec<(&'static str, String)>> {
    let report = judged(subject, &format!("quantity,value\n\"{quantity}\",{value:.9}\n"));
    let verdict = &report.verdicts[0];
    (!verdict.is_right).then(|| verdict.would_be.iter().map(|other| (other.slip, other.says.clone())).collect())
}

/// The slip is among those named, and few others are.
fn names(subject: &Subject, quantity: &str, value: f64, slip: &str, word: &str) {
    let found = slips(subject, quantity, value).unwrap_or_else(|| panic!("{quantity} = {value:.9} ({slip}) passes for right"));
    assert!(
        found.iter().any(|(name, says)| *name == slip && says.contains(word)),
        "{quantity} = {value:.9}: {slip} ({word}) not in {found:?}"
    );
    assert!(found.len() <= 3, "{quantity} = {value:.9}: {slip} among too many: {found:?}");
}

#[test]
fn backward_slips_are_named() {
    for seed in 1..=6 {
        let hand = Hand::random(seed, 2, 2, 2);
        let (subject, pass) = (hand.subject(), hand.pass());
        let slope = |a: f64| a * (1.0 - a);
        let (a1, a2, d2) = (&pass.a[0], &pass.a[1], &pass.delta[1]);
        let (x, w2) = (&hand.x, &hand.w[1]);
        // w5 leads from h1 to o1, w1 from i1 to h1.
        names(&subject, "dE_total/dw5", -pass.dw[1][0][0], "sign", "flipped");
        names(&subject, "dE_total/dw5", pass.pull[0] * a1[0], "factor", "∂out_o1/∂net_o1 is left out");
        names(&subject, "dE_total/dw5", slope(a2[0]) * a1[0], "factor", "∂E_total/∂out_o1");
        names(&subject, "dE_total/dw5", pass.pull[0] * slope(a2[0]) * slope(a2[0]) * a1[0], "factor", "∂out_o1/∂net_o1 is taken twice");
        names(&subject, "dE_total/dw5", pass.dw[1][0][0] * a1[0], "factor", "last factor");
        names(&subject, "dE_total/dw5", pass.dw[1][0][1], "other-unit", "w₆");
        let through = |k: usize| d2[k] * w2[k][0] * slope(a1[0]) * x[0];
        names(&subject, "dE_total/dw1", through(0), "path", "only the path through net_o1");
        names(&subject, "dE_total/dw1", through(1), "path", "only the path through net_o2");
        let transposed = (d2[0] * w2[0][0] + d2[1] * w2[0][1]) * slope(a1[0]) * x[0];
        names(&subject, "dE_total/dw1", transposed, "transposed", "layer 2");
        names(&subject, "dE_total/dw1", (d2[0] * w2[0][0] + d2[1] * w2[1][0]) * x[0], "factor", "∂out_h1/∂net_h1 is left out");
        names(&subject, "dE_total/dw1", (d2[0] + d2[1]) * slope(a1[0]) * x[0], "factor", "weight of layer 2");
        names(&subject, "dE_total/dw1", pass.delta[0][0], "factor", "last factor");
        names(&subject, "dE_total/dw1", 2.0 * pass.dw[0][0][0], "cost-factor", "½ of the cost is left out");
        names(&subject, "dE_total/dw1", 0.5 * pass.dw[0][0][0], "cost-factor", "mean over the 2 outputs");
        names(&subject, "dE_total/dw5", pass.pull[0] * slope(sigmoid(a2[0])) * a1[0], "slope", "at a instead of z");
        let z = pass.z[1][0];
        names(&subject, "dE_total/dw5", pass.pull[0] * z * (1.0 - z) * a1[0], "slope", "where a should");
        names(&subject, "out_h1", a1[1], "other-unit", "out_h2");
        names(&subject, "dout_o1/dnet_o1", slope(a2[1]), "other-unit", "out_o2");
        names(&subject, "E_total", 2.0 * pass.cost, "cost-factor", "½");
        names(&subject, "E_total", pass.pull[1] * pass.pull[1] / 2.0, "path", "one output only");
    }
}

#[test]
fn slips_of_training_are_named() {
    for seed in 1..=5 {
        let hand = Hand::random(seed, 3, 2, 2);
        let (subject, pass) = (hand.subject(), hand.pass());
        let updated = hand.round(true, false);
        // Three inputs: w7 is the first weight of the output layer.
        names(&subject, "w1+", updated.w[0][0][0], "updated-weights", "already updated");
        names(&subject, "dE_total/dw1", (hand.w[0][0][0] - updated.w[0][0][0]) / hand.rate, "updated-weights", "already updated");
        names(&subject, "E_total after 1", updated.pass().cost, "updated-weights", "already updated");
        let right = hand.round(false, false);
        assert_eq!(slips(&subject, "E_total after 1", right.pass().cost), None);
        names(&subject, "E_total after 1", right.round(false, false).pass().cost, "off-by-one-round", "after 2 updates");
        names(&subject, "E_total after 1", pass.cost, "off-by-one-round", "after 0 updates");
        names(&subject, "w7+", hand.w[1][0][0] + hand.rate * pass.dw[1][0][0], "sign", "added");
        names(&subject, "w7+", hand.w[1][0][0] - pass.dw[1][0][0], "learning-rate", "left out");
        names(&subject, "E_total after 1", hand.round(false, true).pass().cost, "biases", "updated too");
        let mut both = hand.clone();
        let mut late = hand.clone();
        for _ in 0..7 {
            both = both.round(true, true);
            late = late.round(true, false);
        }
        names(&subject, "E_total after 7", both.pass().cost, "biases", "already updated");
        // Two slips at once: a round too many, through updated weights.
        names(&subject, "E_total after 6", late.pass().cost, "updated-weights", "one round more");
        let trained = self::subject(&hand.run_file(false));
        names(&trained, "E_total after 1", right.pass().cost, "biases", "not updated");
        assert_eq!(slips(&trained, "E_total after 1", hand.round(false, true).pass().cost), None);
    }
}

#[test]
fn rounding_on_the_way_is_named() {
    let to = |places: i32, v: f64| (v * 10f64.powi(places)).round() / 10f64.powi(places);
    for seed in 1..=5 {
        let hand = Hand::random(seed, 2, 2, 1);
        let subject = hand.subject();
        let z1: Vec<f64> = hand.w[0].iter().zip(&hand.b[0]).map(|(w, b)| to(3, dot(w, &hand.x) + b)).collect();
        let a1: Vec<f64> = z1.iter().map(|&z| to(3, sigmoid(z))).collect();
        let z2 = to(3, dot(&hand.w[1][0], &a1) + hand.b[1][0]);
        let a2 = to(3, sigmoid(z2));
        let (pull, slope) = (to(3, a2 - hand.y[0]), to(3, a2 * (1.0 - a2)));
        let found = slips(&subject, "dE_total/dw5", to(3, pull * slope) * a1[0]).expect("three decimals are not enough");
        assert!(found.iter().any(|(slip, says)| *slip == "rounded-early" && says.contains("3 decimals")), "{found:?}");
        let found = slips(&subject, "E_total", (a2 - hand.y[0]).powi(2) / 2.0).expect("three decimals are not enough");
        assert!(found.iter().any(|(slip, says)| *slip == "rounded-early" && says.contains("3 decimals")), "{found:?}");
    }
}

#[test]
fn rows_added_instead_of_averaged_are_named() {
    let (first, second) = (Hand::random(8, 2, 2, 2), Hand { x: vec![0.6, 0.25], y: vec![0.2, 0.8], ..Hand::random(8, 2, 2, 2) });
    let one_row = format!("inputs = [{:?}]\ntargets = [{:?}]", first.x, first.y);
    let two_rows = format!("inputs = [{:?}, {:?}]\ntargets = [{:?}, {:?}]", first.x, second.x, first.y, second.y);
    let subject = subject(&first.run_file(true).replace(&one_row, &two_rows));
    let sum = first.pass().dw[1][0][1] + second.pass().dw[1][0][1];
    names(&subject, "dE_total/dw6", sum, "sum-over-rows", "2 rows");
    assert_eq!(slips(&subject, "dE_total/dw6", sum / 2.0), None);
    assert_eq!(slips(&subject, "E_total", (first.pass().cost + second.pass().cost) / 2.0), None);
    let error = claims(&subject, "quantity,value\nout_h1,0.5\n", None).unwrap_err();
    assert!(error.message.contains("one row") && error.row == Some(0), "{error}");
}

#[test]
fn badly_copied_digits_are_named() {
    let hand = Hand::random(4, 2, 2, 1);
    let (subject, right) = (hand.subject(), hand.pass().a[1][0]);
    let text = format!("{right:.9}");
    let without = |place: usize| text[..place].to_string() + &text[place + 1..];
    for claimed in [without(5), format!("{}7{}", &text[..6], &text[6..])] {
        let report = judged(&subject, &format!("quantity,value\nout_o1,{claimed}\n"));
        assert_eq!(report.verdicts[0].would_be.iter().map(|other| other.slip).collect::<Vec<_>>(), ["misprint"], "{text} as {claimed}");
    }
}

#[test]
fn right_claims_are_right_to_their_digits() {
    let hand = Hand::random(3, 2, 3, 2);
    let (subject, pass) = (hand.subject(), hand.pass());
    let numbers = [("out_o2", pass.a[1][1]), ("dE_total/dw3", pass.dw[0][1][0]), ("delta_o1", pass.delta[1][0]), ("E_total", pass.cost)];
    for (name, number) in numbers {
        for digits in 3..=16 {
            let report = judged(&subject, &format!("quantity,value\n{name},{number:.*e}\n", digits - 1));
            let verdict = &report.verdicts[0];
            assert_eq!((verdict.is_right, verdict.digits), (true, digits), "{name} {number:.*e}", digits - 1);
            assert!(report.passed() && report.algorithms.conclusion.is_empty());
            // Three in the last digit is wrong.
            if digits < 14 {
                let off = number + 3.0 * 10f64.powf(number.abs().log10().floor() - digits as f64 + 1.0);
                assert!(!judged(&subject, &format!("quantity,value\n{name},{off:.*e}\n", digits - 1)).verdicts[0].is_right, "{name} {off}");
            }
        }
    }
}

#[test]
fn every_notation_is_understood() {
    let hand = Hand::random(2, 2, 2, 2);
    let (subject, pass) = (hand.subject(), hand.pass());
    let after = hand.round(false, false);
    let groups: Vec<(f64, Vec<&str>)> = vec![
        (pass.z[0][0], vec!["net_h1", "NET h1", "net_{h1}", "z1[0]", "z⁽¹⁾₀", "z^{(1)}_0", "layer1_inputs[0]", "dense1.output[0]"]),
        (pass.a[1][0], vec!["out_o1", "a2[0]", "a⁽²⁾₀", "a_0^{(2)}", "A[2][0]", "layer2_outputs[0]", "sigmoid2.output[0]"]),
        (pass.cost, vec!["E_total", "C", "cost", "ErrorT", "loss", "E_total before"]),
        (pass.pull[1].powi(2) / 2.0, vec!["E_o2", "E_{o2}"]),
        (hand.w[1][0][1], vec!["w6", "layer2.weight[0,1]", "W⁽²⁾[0,1]", "dense2.weights[1,0]"]),
        (
            pass.dw[1][0][1],
            vec![
                "dE_total/dw6",
                "∂E_total/∂w6",
                "dC/dlayer2.weight[0,1]",
                "∂C/∂W⁽²⁾₀,₁",
                "d_ErrorT_d_W1[1,0]",
                "dense2.dweights[1,0]",
                "\\frac{\\partial E_{total}}{\\partial w_6}",
                "dC / d w6",
            ],
        ),
        (pass.delta[1][0], vec!["delta_o1", "δ_o1", "delta2[0]", "δ⁽²⁾₀", "dE_total/dnet_o1", "∂C/∂z⁽²⁾₀", "sigmoid2.dinputs[0]"]),
        (pass.a[1][1] * (1.0 - pass.a[1][1]), vec!["dout_o2/dnet_o2", "∂a⁽²⁾₁/∂z⁽²⁾₁", "d_layer2_outputs_d_layer2_inputs[1,1]"]),
        (pass.delta[1][1] * hand.w[1][1][0], vec!["dE_o2/dout_h1"]),
        (pass.a[0][0], vec!["dnet_o1/dw5", "∂z⁽²⁾₀/∂W⁽²⁾₀,₀"]),
        (
            after.w[1][0][0],
            vec!["w5+", "w5 (updated)", "w5_updated", "w_5^+", "new w5", "w5 after 1", "layer2.weight[0,0] after 1 round", "W⁽²⁾₀,₀⁺"],
        ),
        (after.round(false, false).pass().cost, vec!["E_total after 2", "C (after 2 updates)", "error after 2 steps"]),
    ];
    for (value, names) in groups {
        for name in names {
            assert_eq!(slips(&subject, name, value), None, "{name} = {value}");
        }
    }
    // The same letters in two notations: said, and decided by a word.
    let table = format!("quantity,value\n\"W1[1,0]\",{:.9}\n", hand.w[1][0][1]);
    let error = claims(&subject, &table, None).unwrap_err();
    assert!(error.message.contains("za") && error.message.contains("explicit"), "{error}");
    let found = claims(&subject, &table, Some("explicit")).unwrap();
    assert!(audit(&subject, found, notation::table()[2]).unwrap().passed());
}

/// The notebook's numbers, and its closing paragraph: seed2.json, closing_paragraph.
#[test]
fn mazurs_closing_paragraph_belongs_to_two_algorithms() {
    let golden: Value = serde_json::from_str(include_str!("golden/seed2.json")).unwrap();
    let hits = &golden["closing_paragraph"]["hits"];
    assert!(hits["0.291027924"][0]["run"].as_str().unwrap().contains("updated") && hits["0.0000351085"][0]["updates_done"] == 9999);
    let hand = Hand {
        x: vec![0.05, 0.1],
        y: vec![0.01, 0.99],
        w: [vec![vec![0.15, 0.2], vec![0.25, 0.3]], vec![vec![0.4, 0.45], vec![0.5, 0.55]]],
        b: [vec![0.35; 2], vec![0.6; 2]],
        rate: 0.5,
    };
    let table = "quantity,value,note\nnet_h1,0.3775,\nout_o1,0.75136507,\nE_total,0.298371109,\ndE_total/dw5,0.082167041,\n\
        w5+,0.35891648,\ndE_o1/dnet_o1,0.18498562,line 369\ndE_o2/dout_h1,-0.019049119,\nw1+,0.149780716,\n\
        E_total after 1,0.291027924,D2.1\n\"E_total after 10,000\",0.0000351085,D2.2\nout_o1 after 10000,0.015912196,D2.3\nout_o2 after 10000 rounds,0.984065734,D2.3\n";
    let report = judged(&hand.subject(), table);
    let slip = |place: usize| -> Vec<&str> { report.verdicts[place].would_be.iter().map(|other| other.slip).collect() };
    let wrong: Vec<usize> = (0..12).filter(|&place| !report.verdicts[place].is_right).collect();
    assert_eq!(wrong, [5, 8, 9, 10, 11]);
    assert_eq!((slip(5), slip(8), slip(9)), (vec!["misprint"], vec!["updated-weights"], vec!["off-by-one-round"]));
    assert_eq!((slip(10), slip(11)), (vec!["updated-weights"], vec!["updated-weights"]));
    assert_eq!(report.verdicts[6].digits, 7, "one off in the last of eight digits");
    let needed: Vec<(bool, i64, &[usize])> =
        report.algorithms.needed.iter().map(|one| (one.right, one.shift, one.gives.as_slice())).collect();
    assert_eq!(needed.len(), 3, "{needed:?}");
    assert_eq!((needed[0].0, needed[0].1), (true, 0));
    assert!(!needed[1].0 && needed[1].1 == 0 && [8, 10, 11].iter().all(|place| needed[1].2.contains(place)) && !needed[1].2.contains(&9));
    assert!(needed[2].0 && needed[2].1 == -1 && needed[2].2.contains(&9));
    assert_eq!(report.algorithms.unexplained, [5]);
    assert!(report.algorithms.conclusion.starts_with("No single algorithm gives all claims"), "{}", report.algorithms.conclusion);
    // Without the two that fit neither, one algorithm gives all, though not the model's.
    let report = judged(
        &hand.subject(),
        "quantity,value\nE_total after 1,0.291027924\nout_o1 after 10000,0.015912196\nout_o2 after 10000,0.984065734\n",
    );
    assert!(report.algorithms.conclusion.starts_with("One algorithm gives all 3 claims") && report.algorithms.needed.len() == 1);
}

#[test]
fn hostile_tables_are_refused_with_their_place() {
    let subject = Hand::random(1, 2, 2, 1).subject();
    let refused = |table: &str| {
        let error = claims(&subject, table, None).expect_err(table);
        assert_eq!(error.kind, Kind::Data, "{table}: {error}");
        error
    };
    assert!(refused("").message.contains("empty"));
    assert!(refused("quantity,value\n").message.contains("at least one claim"));
    assert!(refused("name,value\nC,1\n").message.contains("quantity"));
    for (value, word) in [("NaN", "finite"), ("inf", "finite"), ("half", "not a number"), ("", "not a number"), ("0,5", "cells")] {
        let error = refused(&format!("quantity,value\nC,0.5\nC,{value}\n"));
        assert!(error.message.contains(word) && error.row == Some(1), "{value}: {error}");
    }
    for name in [
        "w99",
        "net_h7",
        "",
        "dw5/dE_total",
        "∂",
        "/",
        "w5 after -1",
        "w5 after 99999999999999999999",
        "\u{1b}[31mred",
        "dx/dy/dz",
        "⁽⁾",
        "^^^9",
    ] {
        let error = refused(&format!("quantity,value\n\"{name}\",0.5\n"));
        assert!(
            error.row == Some(0) && error.column.as_deref() == Some("quantity") && !error.message.contains('\u{1b}'),
            "{name}: {error}"
        );
    }
    assert!(refused("quantity,value\nC after 2000000,0.5\n").message.contains("at most"));
    assert!(refused(&format!("quantity,value\n{},1\n", "w".repeat(100_000))).message.len() < 200);
    assert!(refused("quantity,value\nC\n").row == Some(0));
}

const NORM_AND_SKIP: &str = r#"
[data]
inputs = [[0.4, -0.7]]
targets = [[0.3]]
standardize = false
validation = 0
[network]
precision = "f64"
loss = "half_squared_error"
[[network.layer]]
units = 3
activation = "tanh"
norm = "layer"
weight = [[0.5, -0.3], [0.2, 0.8], [-0.6, 0.1]]
bias = [0.1, -0.2, 0.3]
[[network.layer]]
units = 3
activation = "tanh"
skip = 1
weight = [[0.4, -0.5, 0.2], [0.7, 0.1, -0.3], [-0.2, 0.6, 0.9]]
bias = [0.05, -0.1, 0.2]
[[network.layer]]
units = 1
weight = [[0.3, -0.8, 0.5]]
bias = [0.1]
[train]
optimizer = "sgd"
learning_rate = 0.5
"#;

/// PyTorch's numbers (tests/scripts/make_norm_and_skip.py).
#[test]
fn layer_norms_and_skips_are_judged() {
    let subject = subject(NORM_AND_SKIP);
    let right = "quantity,value\nn⁽¹⁾₁,-1.272811742158\ns⁽²⁾₂,-0.265223018414\nC,0.137954900690\n\"∂C/∂W⁽¹⁾[0,1]\",0.349828594362\n\
        dC/dlayer1.gain[2],0.060439197544\ndC/dlayer1.shift[0],-0.036159810849\n\"∂C/∂W⁽²⁾[1,0]\",-0.304927798665\n\
        ∂C/∂n⁽¹⁾₁,-0.098010230603\n∂C/∂s⁽²⁾₁,-0.420216935503\nC after 1,1.681776354814\nC after 2,3.309778011229\n\
        \"∂C/∂W⁽¹⁾[0,1] after 2\",-0.532703165357\nlayer1.gain[2] after 1,0.969780401228\nlayer1.gain[2] after 2,0.767155098473\n\
        n⁽¹⁾₁ after 2,-1.607671101939\ns⁽²⁾₂ after 2,-0.722107496809\n";
    let claims = claims(&subject, right, None).unwrap_or_else(|error| panic!("{error}"));
    let report = audit(&subject, claims, notation::table()[0]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report.verdicts.len(), 16);
    for verdict in &report.verdicts {
        assert!(verdict.is_right, "{}: claimed {}, right is {}", verdict.claim.quantity, verdict.claim.written.text, verdict.right);
    }
    let found = slips(&subject, "∂C/∂layer1.gain[2]", -0.060439197544).unwrap_or_default();
    assert!(found.iter().any(|(slip, _)| *slip == "sign"), "{found:?}");
}

/// Claims from a norm and from what leaves a skip, each against what the network says at inputs and parameters moved a little.
#[test]
fn what_starts_at_a_norm_or_a_skip_is_judged() {
    let value = |text: &str, quantity: &str| {
        let subject = subject(text);
        judged(&subject, &format!("quantity,value\n{quantity},0\n")).verdicts[0].right
    };
    let moved = |x: f64, bias: f64, weight: f64| {
        let text = NORM_AND_SKIP.replace("[[0.4, -0.7]]", &format!("[[{:?}, -0.7]]", 0.4 + x));
        let text = text.replace("bias = [0.1, -0.2, 0.3]", &format!("bias = [{:?}, -0.2, 0.3]", 0.1 + bias));
        text.replace("weight = [[0.5, -0.3]", &format!("weight = [[0.5, {:?}]", weight - 0.3))
    };
    const STEP: f64 = 1e-5;
    let subject = subject(NORM_AND_SKIP);
    let mut table = "quantity,value\n".to_string();
    for (of, by, at) in [
        ("s⁽²⁾₀", "x₀", [STEP, 0.0, 0.0]),
        ("n⁽¹⁾₁", "x₀", [STEP, 0.0, 0.0]),
        ("s⁽²⁾₂", "b⁽¹⁾₀", [0.0, STEP, 0.0]),
        ("n⁽¹⁾₂", "b⁽¹⁾₀", [0.0, STEP, 0.0]),
        ("s⁽²⁾₁", "W⁽¹⁾[0,1]", [0.0, 0.0, STEP]),
        ("n⁽¹⁾₀", "W⁽¹⁾[0,1]", [0.0, 0.0, STEP]),
    ] {
        let [up, down] = [1.0, -1.0].map(|sign| value(&moved(sign * at[0], sign * at[1], sign * at[2]), of));
        table += &format!("\"d{of}/d{by}\",{:.7}\n", (up - down) / (2.0 * STEP));
    }
    table += "ds⁽²⁾₁/da⁽²⁾₁,1\nds⁽²⁾₁/da⁽²⁾₀,0\nds⁽²⁾₁/ds⁽²⁾₁,1\ndn⁽¹⁾₁/dn⁽¹⁾₁,1\n";
    let report = judged(&subject, &table);
    assert_eq!(report.verdicts.len(), 10);
    for verdict in &report.verdicts {
        assert!(verdict.is_right, "{}: claimed {}, right is {}", verdict.claim.quantity, verdict.claim.written.text, verdict.right);
    }
    // A number that is none by hand is no wrong claim.
    let claims = claims(&subject, "quantity,value\ndlayer1.gain[0]/dx₀,0\n", None).unwrap_or_else(|error| panic!("{error}"));
    let error = audit(&subject, claims, notation::table()[0]).expect_err("there is no such number");
    assert!(error.message.contains("there is no such number"), "{error}");
}

/// The loss of a row and the penalty of a cost that is both are called L and R.
#[test]
fn loss_and_penalty_are_judged() {
    let text = NORM_AND_SKIP.replace("[network]\n", "[network]\nl1 = 0.003\nl2 = 0.02\n");
    let subject = subject(&text);
    let weights = [0.5, -0.3, 0.2, 0.8, -0.6, 0.1, 0.4, -0.5, 0.2, 0.7, 0.1, -0.3, -0.2, 0.6, 0.9, 0.3, -0.8, 0.5];
    let penalty: f64 = weights.iter().map(|w: &f64| 0.003 * w.abs() + 0.01 * w * w).sum();
    // The cost without a penalty, see above.
    let loss = 0.137954900690;
    let report = judged(&subject, &format!("quantity,value\nL,{loss:.9}\nR,{penalty:.9}\nC,{:.9}\n", loss + penalty));
    assert!(report.verdicts.iter().all(|verdict| verdict.is_right), "{:?}", report.verdicts.iter().map(|v| v.right).collect::<Vec<_>>());
}
