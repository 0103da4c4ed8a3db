//! Small networks drawn at random, with every activation, loss and optimizer among them.

use backlit::error::Error;
use backlit::explain::Subject;
use std::fmt::Write;

/// A network with its rows.
pub struct Network {
    pub inputs: usize,
    /// Units, activation, whether there is a bias.
    pub layers: Vec<(usize, String, bool)>,
    pub loss: String,
    pub optimizer: String,
    pub single: bool,
    pub standardize: bool,
    /// Weights lie between minus this and this.
    pub size: f64,
    pub rows: usize,
    pub seed: u64,
}

const ACTIVATIONS: [&str; 20] = [
    "sigmoid",
    "tanh",
    "relu",
    "linear",
    "leaky_relu",
    "leaky_relu(0.25)",
    "elu",
    "elu(0.5)",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "softsign",
    "hard_sigmoid",
    "gelu",
    "tanh",
    "z * sigmoid(z)",
    "where(z > 0.1, z, 0.1 * z) - log1p(z^2) / 10",
    "max(tanh(z), -z / 3) + normal_cdf(-z)^1.5",
    "2^-abs(z) * pi",
];

const LOSSES: [&str; 14] = [
    "half_squared_error",
    "cross_entropy",
    "squared_error",
    "binary_cross_entropy",
    "absolute_error",
    "huber",
    "huber(0.3)",
    "log_cosh",
    "quantile",
    "quantile(0.9)",
    "poisson",
    "cross_entropy",
    "(a - y)^4",
    "abs(a - y)^1.5 + where(a > y, 2, 1) * softplus(a)",
];

const OPTIMIZERS: [&str; 13] = [
    "optimizer = \"sgd\"",
    "optimizer = \"sgd\"\nmomentum = 0.9\nnesterov = true\nweight_decay = 0.01",
    "optimizer = \"sgd\"\nmomentum = 0.9\ndampening = 0.1",
    "optimizer = \"adagrad\"",
    "optimizer = \"adagrad\"\ninitial_accumulator_value = 0.1\nlr_decay = 0.01",
    "optimizer = \"rmsprop\"",
    "optimizer = \"rmsprop\"\nmomentum = 0.5",
    "optimizer = \"rmsprop\"\nweight_decay = 0.1",
    "optimizer = \"adam\"",
    "optimizer = \"adam\"\namsgrad = true\nweight_decay = 0.01",
    "optimizer = \"adamw\"",
    "optimizer = \"adamw\"\nweight_decay = 0.1\namsgrad = true",
    "optimizer = \"sgd\"\nweight_decay = 0.5",
];

/// Numbers that look random (Knuth's linear congruential generator), between 0 and 1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() * count as f64) as usize
    }
}

/// The network of a seed. Activations, losses and optimizers come in turn, so that none is left out.
pub fn draw(seed: u64) -> Network {
    let mut random = Random(seed.wrapping_mul(77_777) + 12_345);
    let turn = seed as usize;
    let loss = LOSSES[turn % LOSSES.len()];
    let depth = 2 + turn % 3;
    let outputs = if loss == "cross_entropy" { 2 + random.below(3) } else { 1 + random.below(3) };
    let layer = |(l, random): (usize, &mut Random)| {
        let last = l + 1 == depth;
        let activation = match loss {
            "poisson" if last => "softplus",
            "cross_entropy" | "binary_cross_entropy" if last => "linear",
            _ => ACTIVATIONS[(turn * 3 + l * 7) % ACTIVATIONS.len()],
        };
        (if last { outputs } else { 2 + random.below(10) }, activation.to_string(), random.below(5) > 0)
    };
    let layers = (0..depth).map(|l| layer((l, &mut random))).collect();
    let standardize = turn % 4 == 1 && !["poisson", "cross_entropy", "binary_cross_entropy"].contains(&loss);
    let optimizer = OPTIMIZERS[turn % OPTIMIZERS.len()].to_string();
    let (single, rows) = (turn % 3 == 2, 3 + random.below(9));
    Network { inputs: 2 + random.below(3), layers, loss: loss.into(), optimizer, single, standardize, size: 1.5, rows, seed }
}

/// Networks whose units stand far out, or whose predictions are nearly right.
pub fn far_out() -> Vec<Network> {
    let mut networks = Vec::new();
    for (i, activation) in ACTIVATIONS.iter().enumerate() {
        for (size, loss) in [(40.0, "half_squared_error"), (9.0, "log_cosh"), (30.0, "cross_entropy"), (25.0, "binary_cross_entropy")] {
            let last = if loss.contains("entropy") { "linear" } else { activation };
            let layers = vec![(4, activation.to_string(), true), (5, activation.to_string(), true), (2, last.to_string(), true)];
            networks.push(Network { layers, loss: loss.into(), size, seed: 1000 + i as u64, ..draw(0) });
        }
    }
    networks
}

/// As a run file.
pub fn run_file(network: &Network) -> String {
    let mut random = Random(network.seed ^ 0x5555);
    let mut between = |size: f64| (2.0 * random.next() - 1.0) * size;
    let outputs = network.layers.last().map_or(1, |layer| layer.0);
    let inputs: Vec<Vec<f64>> = (0..network.rows).map(|_| (0..network.inputs).map(|_| between(2.0)).collect()).collect();
    let targets = (0..network.rows).map(|row| match network.loss.as_str() {
        "cross_entropy" => (0..outputs).map(|k| f64::from(u8::from((row * 7 + 3) % outputs == k))).collect(),
        "binary_cross_entropy" => (0..outputs).map(|k| f64::from(u8::from((row + k) % 2 == 0))).collect(),
        "poisson" => (0..outputs).map(|k| ((row + k) % 4) as f64).collect(),
        _ => (0..outputs).map(|_| between(2.0)).collect(),
    });
    let targets: Vec<Vec<f64>> = targets.collect();
    let precision = if network.single { "f32" } else { "f64" };
    let mut text = format!(
        "[data]\ninputs = {inputs:?}\ntargets = {targets:?}\nstandardize = {}\nvalidation = 0\n\n[network]\nprecision = \"{precision}\"\n\
         loss = \"{}\"\n",
        network.standardize, network.loss
    );
    let mut width = network.inputs;
    for (l, (units, activation, bias)) in network.layers.iter().enumerate() {
        let weight: Vec<Vec<f64>> = (0..*units).map(|_| (0..width).map(|_| between(network.size)).collect()).collect();
        let _ = write!(text, "\n[[network.layer]]\nunits = {units}\nactivation = \"{activation}\"\nweight = {weight:?}\n");
        if *bias {
            let bias: Vec<f64> = (0..*units).map(|_| between(1.0)).collect();
            let _ = writeln!(text, "bias = {bias:?}");
        } else {
            text.push_str("bias = false\n");
        }
        if l == 0 && network.seed.is_multiple_of(6) {
            text.push_str("freeze = [\"weight\"]\n");
        }
        width = *units;
    }
    let _ = write!(text, "\n[train]\n{}\nlearning_rate = 0.1\nepochs = 1\n", network.optimizer);
    text
}

/// The network of a run file at its initial parameters, with the rows of the file.
pub fn subject(file: &str) -> Result<Subject, Error> {
    let run = backlit::run_file::parse(file, "network.toml")?;
    let job = backlit::prepare::job(&run, None, 1)?;
    Subject::new(job.initial_model(), job.all_rows())
}
