//! A random network whose numbers are pleasant to compute with.

use super::choose;
use crate::by_hand::{Edge, Net, Right, Seed, back};
use crate::error::{Error, Kind};
use crate::explain::Subject;
use crate::explain::notation::Thing;
use crate::{prepare, run_file};
use backlit_engine::explain::Target;
use backlit_engine::ops;
use backlit_engine::random::{Purpose, Random};

/// What network is drawn.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Numbers that go in.
    pub inputs: usize,
    /// Units of the hidden layer.
    pub hidden: usize,
    /// How many outputs.
    pub outputs: usize,
    /// Of the hidden layer, and of the outputs where the loss lets them.
    pub activation: String,
    /// By name.
    pub loss: String,
    /// Decides every number.
    pub seed: u64,
}

/// Draws until the numbers are pleasant; so many times at most.
const DRAWS: u64 = 5000;

/// Pre-activations beyond this saturate.
const LARGEST_Z: f64 = 2.5;

/// Pre-activations nearer to 0 than this stand at a kink, or nearly.
const SMALLEST_Z: f64 = 0.02;

/// Gradients that are asked for are at least so large, and factors of chains.
const SMALLEST: f64 = 1e-4;

/// Of what a sum over paths adds up, at least this share is left.
const LEFT: f64 = 0.1;

/// A network with one row, drawn from the seed.
pub fn friendly(wanted: &Wanted) -> Result<Subject, Error> {
    for draw in 0..DRAWS {
        let mut random = Random::new(wanted.seed, Purpose::Initialize, draw);
        let text = run_file_text(wanted, &mut random);
        let job = prepare::job(&run_file::parse(&text, "").map_err(plainly)?, None, 1).map_err(plainly)?;
        let subject = Subject::new(job.initial_model(), job.all_rows())?;
        if pleasant(&subject, wanted.seed)? {
            return Ok(subject);
        }
    }
    let message =
        format!("{DRAWS} draws gave no {} and {} network whose numbers are neither tiny nor saturated", wanted.activation, wanted.loss);
    Err(Error::new(Kind::Failed, message).hint("another --seed, or fewer units"))
}

/// The file that was put together here has no place that a person could look at.
fn plainly(error: Error) -> Error {
    Error { file: None, key: None, ..error }
}

/// The same worked example as a run file.
fn run_file_text(wanted: &Wanted, random: &mut Random) -> String {
    // In steps of 0.05, so that every number has two decimals at most.
    let mut stepped = |least: u32, most: u32| f64::from(least + random.below(most - least + 1)) * 5.0 / 100.0;
    let inputs: Vec<f64> = (0..wanted.inputs).map(|_| stepped(1, 20)).collect();
    let mut signed = |least: u32, most: u32| {
        let size = stepped(least, most);
        if stepped(0, 3) < 0.05 { -size } else { size }
    };
    let mut weight =
        |units: usize, width: usize| (0..units).map(|_| (0..width).map(|_| signed(2, 18)).collect()).collect::<Vec<Vec<f64>>>();
    let (first, second) = (weight(wanted.hidden, wanted.inputs), weight(wanted.outputs, wanted.hidden));
    let mut bias = |units: usize| (0..units).map(|_| signed(1, 12)).collect::<Vec<f64>>();
    let (first_bias, second_bias) = (bias(wanted.hidden), bias(wanted.outputs));
    let last = last_activation(wanted);
    let targets = targets(wanted, last, random);
    let layer = |units: usize, activation: &str, weight: &[Vec<f64>], bias: &[f64]| {
        format!("[[network.layer]]\nunits = {units}\nactivation = {activation:?}\nweight = {weight:?}\nbias = {bias:?}\n")
    };
    format!(
        "[data]\ninputs = [{inputs:?}]\ntargets = [{targets:?}]\n[network]\nprecision = \"f64\"\nloss = {:?}\n{}{}[train]\noptimizer = \"sgd\"\nlearning_rate = 0.5\nbatch = \"full\"\n",
        wanted.loss,
        layer(wanted.hidden, &wanted.activation, &first, &first_bias),
        layer(wanted.outputs, last, &second, &second_bias),
    )
}

/// Losses on logits and unbounded hidden activations end in linear units, a Poisson mean is positive, else all layers are alike.
fn last_activation(wanted: &Wanted) -> &str {
    let loss = wanted.loss.split('(').next().unwrap_or_default().trim();
    match loss {
        "cross_entropy" | "binary_cross_entropy" => "linear",
        "poisson" => "softplus",
        _ => match wanted.activation.trim() {
            bounded @ ("sigmoid" | "tanh" | "softsign" | "hard_sigmoid") => bounded,
            _ => "linear",
        },
    }
}

fn targets(wanted: &Wanted, last: &str, random: &mut Random) -> Vec<f64> {
    let loss = wanted.loss.split('(').next().unwrap_or_default().trim();
    let outputs = wanted.outputs;
    if loss == "cross_entropy" {
        let class = random.below(outputs as u32) as usize;
        return (0..outputs).map(|k| if k == class { 1.0 } else { 0.0 }).collect();
    }
    let choices: &[f64] = match (loss, last) {
        ("binary_cross_entropy", _) => &[0.0, 1.0],
        ("poisson", _) => &[1.0, 2.0, 3.0],
        (_, "sigmoid" | "hard_sigmoid") => &[0.01, 0.05, 0.1, 0.9, 0.95, 0.99],
        (_, "tanh" | "softsign") => &[-0.9, -0.5, 0.1, 0.5, 0.9],
        _ => &[-1.0, -0.5, 0.1, 0.5, 1.0, 1.5],
    };
    (0..outputs).map(|_| choices[random.below(choices.len() as u32) as usize]).collect()
}

/// Whether nothing is saturated, dead or tiny.
fn pleasant(subject: &Subject, seed: u64) -> Result<bool, Error> {
    let network = subject.metadata.network.network();
    let net = Net::new(&network)?;
    let sheet = net.forward(&subject.parameters, &subject.x, &subject.y, &Right);
    let moderate = sheet.z.iter().flatten().all(|z| (SMALLEST_Z..=LARGEST_Z).contains(&z.abs()));
    let alive = (1..=net.depth()).all(|layer| {
        let on = sheet.slope[layer].iter().filter(|slope| slope.abs() > 0.01).count();
        2 * on > sheet.slope[layer].len()
    });
    if !moderate || !alive || !sheet.cost.is_finite() {
        return Ok(false);
    }
    let back = back(&net, &sheet, Seed::Cost, &Right, &subject.parameters, &subject.parameters);
    let large = |number: f64| number.is_finite() && number.abs() >= SMALLEST;
    let of_chosen = choose(subject, &net, seed).into_iter().all(|index| match subject.thing(Target::Parameter(index)) {
        Some(Thing::Weight { layer, unit, input }) => {
            let product = back.dz[layer][unit] * sheet.a[layer - 1][input];
            let terms = back.dz.get(layer + 1).map_or(f64::NAN, |above| {
                let weight = |k: usize| subject.parameters[net.place(Edge { layer: layer + 1, unit: k, input: unit })];
                above.iter().enumerate().map(|(k, dz)| (dz * weight(k)).abs()).sum()
            });
            large(product) && large(back.dz[layer][unit]) && (terms.is_nan() || back.da[layer][unit].abs() >= LEFT * terms)
        }
        _ => false,
    });
    Ok(of_chosen && sheet.pull.iter().all(|pull| pull.is_finite()) && ops::loss::<f64>(&network.loss).is_ok())
}
