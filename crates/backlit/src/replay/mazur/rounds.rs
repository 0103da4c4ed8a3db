//! Round after round, by two rules: with all original weights, as the notebook says, and with the hidden
//! layer's gradient taken through the output weights already updated.

use super::{ETA, INPUTS, START, TARGETS};
use crate::error::Error;
use crate::replay::python_text::fixed;
use crate::replay::study::{Question, Study, sgd};
use backlit_engine::NodeId;
use backlit_engine::optimizers::Optimizer;
use std::ops::Range;

/// Rounds that are kept, as updates done.
const KEPT: [u64; 17] = [0, 1, 2, 10, 100, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 9999, 10_000, 10_001];
/// Rounds that are searched for the figures of the notebook's last paragraph.
const SEARCHED: u64 = 10_050;
/// Those figures, each with what it is a figure of.
pub(super) const FIGURES: [(&str, Figure); 4] = [
    ("0.291027924", Figure::Error),
    ("0.0000351085", Figure::Error),
    ("0.015912196", Figure::Output(0)),
    ("0.984065734", Figure::Output(1)),
];

/// What a figure of the last paragraph is.
#[derive(Clone, Copy)]
pub(super) enum Figure {
    Error,
    Output(usize),
}

/// What happens to the biases.
#[derive(Clone, Copy, PartialEq)]
enum Biases {
    /// They stay, as in the notebook.
    Frozen,
    /// One number for the layer, updated.
    Shared,
    /// One number for each neuron, updated.
    Own,
}

/// The state after so many updates.
#[derive(Clone)]
pub(super) struct Point {
    pub updates: u64,
    pub error: f64,
    pub out: [f64; 2],
    pub w: [f64; 8],
    pub b: [f64; 4],
    /// Gradient of one bias for each layer; used where they are shared.
    pub bias_gradient: [f64; 2],
}

/// One run of 10,050 rounds.
pub(super) struct Run {
    pub name: String,
    pub points: Vec<Point>,
    /// (rounds, error) along the run, closer together where the error falls fast.
    pub curve: Vec<(f64, f64)>,
    /// For each figure of the last paragraph, after how many updates this run has it.
    pub hits: [Vec<u64>; 4],
}

impl Run {
    pub fn at(&self, updates: u64) -> Option<&Point> {
        self.points.iter().find(|point| point.updates == updates)
    }
}

impl Point {
    /// In the engine's order.
    pub fn parameters(&self) -> Vec<f64> {
        [&self.w[..4], &self.b[..2], &self.w[4..], &self.b[2..]].concat()
    }
}

/// All six runs; the first is the notebook's own rule.
pub(super) fn all() -> Result<Vec<Run>, Error> {
    let mut runs = Vec::new();
    for updated in [false, true] {
        for biases in [Biases::Frozen, Biases::Shared, Biases::Own] {
            runs.push(Net::new(updated, biases)?.run());
        }
    }
    Ok(runs)
}

/// The net in training.
struct Net {
    updated: bool,
    biases: Biases,
    /// From the inputs to the error.
    whole: Study,
    gradient: Question,
    out: Question,
    /// From the inputs to Σ δ_o net_o with δ_o given, in which the output weights may be others than those
    /// that δ_o was found with. Its gradient is the hidden layer's.
    hidden: Study,
    hidden_gradient: Question,
    optimizer: Box<dyn Optimizer<f64>>,
}

impl Net {
    fn new(updated: bool, biases: Biases) -> Result<Net, Error> {
        let bias = |start: usize| if biases == Biases::Shared { &START[start..=start] } else { &START[start..start + 2] };
        let mut whole = Study::new(1)?;
        let x = whole.data("x", &INPUTS)?;
        let y = whole.data("y", &TARGETS)?;
        let net_h = layer(&mut whole, 1, x, &START[..4], bias(4))?;
        let out_h = whole.operation("out_h", "sigmoid", &[net_h])?;
        let net_o = layer(&mut whole, 2, out_h, &START[6..10], bias(10))?;
        let net_o = whole.probe("delta_o", net_o)?;
        let out_o = whole.operation("out_o", "sigmoid", &[net_o])?;
        let error = whole.operation("E_total", "half_squared_error", &[out_o, y])?;

        let mut hidden = Study::new(1)?;
        let x = hidden.data("x", &INPUTS)?;
        let net_h = layer(&mut hidden, 1, x, &START[..4], bias(4))?;
        let out_h = hidden.operation("out_h", "sigmoid", &[net_h])?;
        let w2 = hidden.parameter("w2", 2, &START[6..10])?;
        let net_o = hidden.operation("net_o", "affine", &[out_h, w2])?;
        let weighted = hidden.cost_with("weighted", net_o, &[0.0; 2])?;
        Ok(Net {
            updated,
            biases,
            gradient: whole.question(error),
            out: whole.value_question(out_o),
            optimizer: sgd(whole.parameters.len())?,
            whole,
            hidden_gradient: hidden.question(weighted),
            hidden,
        })
    }

    fn run(&mut self) -> Run {
        let order = if self.updated { "updated" } else { "original" };
        let biases = match self.biases {
            Biases::Frozen => "frozen",
            Biases::Shared => "shared",
            Biases::Own => "own",
        };
        let name = format!("hidden layer uses {order} w5..w8, biases {biases}");
        let mut run = Run { name, points: Vec::new(), curve: Vec::new(), hits: Default::default() };
        for updates in 0..=SEARCHED {
            let point = self.round(updates);
            for (hits, (shown, figure)) in run.hits.iter_mut().zip(FIGURES) {
                let value = match figure {
                    Figure::Error => point.error,
                    Figure::Output(o) => point.out[o],
                };
                if prints_as(value, shown) {
                    hits.push(updates);
                }
            }
            if drawn(updates) {
                run.curve.push((updates as f64, point.error));
            }
            if KEPT.contains(&updates) {
                run.points.push(point);
            }
        }
        run
    }

    /// Describes the state, then updates it.
    fn round(&mut self, updates: u64) -> Point {
        let mut gradient = vec![0.0; self.whole.parameters.len()];
        let error = self.gradient.gradient(&self.whole, &mut gradient);
        let out = self.out.value(&self.whole);
        let (w1, b1, w2, b2) = (self.range("w1"), self.range("b1"), self.range("w2"), self.range("b2"));
        let sum = |range: &Range<usize>| gradient[range.clone()].iter().sum();
        let now = &self.whole.parameters;
        let both = |range: &Range<usize>| [now[range.start], now[range.end - 1]];
        let mut w = [0.0; 8];
        w[..4].copy_from_slice(&now[w1.clone()]);
        w[4..].copy_from_slice(&now[w2.clone()]);
        let b = [both(&b1), both(&b2)].concat();
        let bias_gradient = [sum(&b1), sum(&b2)];
        let point = Point { updates, error, out: [out[0], out[1]], w, b: [b[0], b[1], b[2], b[3]], bias_gradient };

        let (output, hidden) = match self.biases {
            Biases::Frozen => (vec![w2], vec![w1]),
            _ => (vec![w2, b2], vec![w1, b1]),
        };
        let old = self.whole.parameters.clone();
        self.optimizer.update(ETA, &output, &gradient, &old, &mut self.whole.parameters);
        if self.updated {
            self.through_the_updated_weights(&mut gradient);
        }
        self.optimizer.update(ETA, &hidden, &gradient, &old, &mut self.whole.parameters);
        point
    }

    /// Replaces the hidden layer's part of the gradient by that through the output weights as they are now.
    fn through_the_updated_weights(&mut self, gradient: &mut [f64]) {
        for name in ["w1", "b1", "w2"] {
            let to = self.hidden.range(name);
            self.hidden.parameters[to].copy_from_slice(&self.whole.parameters[self.whole.range(name)]);
        }
        self.hidden.set("weighted, upstream", self.whole.part(gradient, "delta_o"));
        let mut hidden = vec![0.0; self.hidden.parameters.len()];
        self.hidden_gradient.gradient(&self.hidden, &mut hidden);
        for name in ["w1", "b1"] {
            gradient[self.whole.range(name)].copy_from_slice(self.hidden.part(&hidden, name));
        }
    }

    fn range(&self, name: &str) -> Range<usize> {
        self.whole.range(name)
    }
}

/// Whether a round has its point in the picture, whose axis has no place for 0: fewer of them where the error falls slowly.
fn drawn(updates: u64) -> bool {
    let every = match updates {
        ..100 => 1,
        100..1000 => 10,
        _ => 100,
    };
    (1..=10_000).contains(&updates) && updates.is_multiple_of(every)
}

/// Net inputs of two neurons with a bias for each, or with one bias for both.
fn layer(study: &mut Study, number: usize, below: NodeId, weight: &[f64], bias: &[f64]) -> Result<NodeId, Error> {
    let (w, b) = (format!("w{number}"), format!("b{number}"));
    let weight = study.parameter(&w, 2, weight)?;
    if bias.len() == 2 {
        let bias = study.parameter(&b, 2, bias)?;
        return study.operation(&format!("net{number}"), "affine", &[below, weight, bias]);
    }
    let product = study.operation(&format!("product{number}"), "affine", &[below, weight])?;
    let bias = study.constant(&b, bias)?;
    let ones = study.parameter(&format!("{b}, ones"), 1, &[1.0, 1.0])?;
    let spread = study.operation(&format!("{b}, spread"), "affine", &[bias, ones])?;
    study.operation(&format!("net{number}"), "add", &[product, spread])
}

/// Whether a value, rounded to as many decimals, is the figure shown.
fn prints_as(value: f64, shown: &str) -> bool {
    let decimals = shown.len() - 2;
    // Writing a number down is slow; most are far off.
    shown.parse::<f64>().is_ok_and(|figure| (figure - value).abs() < 1e-8) && fixed(value, decimals) == shown
}
