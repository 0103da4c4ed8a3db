//! Random networks, their parameters and data.

#![allow(dead_code)] // each test uses its own part

use super::networks::{Cards, Case, Piece, Recipe, formulas, on_tape};
use super::tape;
use backlit_engine::random::{Purpose, Random};

/// Every activation, with other constants than the usual where it has some.
pub const ACTIVATIONS: [&str; 14] = [
    "linear",
    "relu",
    "leaky_relu",
    "leaky_relu(0.2)",
    "elu",
    "elu(0.7)",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "softsign",
    "sigmoid",
    "tanh",
    "hard_sigmoid",
];

/// The activations that have a derivative everywhere, and whose formulas show it.
pub const SMOOTH: [&str; 7] = ["linear", "gelu", "silu", "softplus", "sigmoid", "tanh", "elu"];

/// Every loss, likewise.
pub const LOSSES: [&str; 11] = [
    "half_squared_error",
    "squared_error",
    "absolute_error",
    "huber",
    "huber(0.3)",
    "log_cosh",
    "quantile",
    "quantile(0.9)",
    "poisson",
    "binary_cross_entropy",
    "cross_entropy",
];

/// What a random network is to be like.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Of the first layer; the others have any of `others`.
    pub activation: &'static str,
    /// Where the other activations are drawn from.
    pub others: &'static [&'static str],
    /// The loss.
    pub loss: &'static str,
    /// Hidden layers and the output layer together.
    pub depth: usize,
    /// Units of the narrowest and the widest hidden layer.
    pub widths: std::ops::RangeInclusive<usize>,
    /// Rows of data.
    pub rows: usize,
    /// Few small binary fractions instead of any numbers: sums are exact, and kinks are met exactly.
    pub exact: bool,
}

impl Wish {
    /// A network of this kind, its parameters and data.
    pub fn draw(&self, seed: u64) -> Case {
        let mut random = Random::new(seed, Purpose::Check, 99);
        let recipe = self.recipe(&mut random);
        let mut parameters = Vec::new();
        for piece in &recipe.pieces {
            if let Piece::Parameter(rows, columns) = piece {
                let bound = if *rows == 1 { 0.5 } else { (3.0 / *columns as f64).sqrt() };
                parameters.extend((0..rows * columns).map(|_| self.number(&mut random, bound)));
            }
        }
        let cards = formulas(&recipe);
        let mut case = Case { recipe, parameters, data: vec![Vec::new(); 2], rows: self.rows };
        let (inputs, outputs) = (case.recipe.width(0), case.recipe.width(1));
        for _ in 0..self.rows {
            let (x, y) = self.row(&mut random, &case, &cards, inputs, outputs);
            case.data[0].extend(x);
            case.data[1].extend(y);
        }
        case
    }

    /// One line of x and y; where numbers are not `exact` the line is drawn anew until it keeps away from every kink,
    /// farther than single precision errs.
    fn row(&self, random: &mut Random, case: &Case, cards: &Cards, inputs: usize, outputs: usize) -> (Vec<f64>, Vec<f64>) {
        for _ in 0..1000 {
            let x: Vec<f64> = (0..inputs).map(|_| self.number(random, 1.5)).collect();
            let y = self.target(random, outputs);
            if self.exact {
                return (x, y);
            }
            on_tape(&case.recipe, cards, &case.parameters, &[&x, &y]);
            if tape::margin() > 1e-4 {
                return (x, y);
            }
        }
        panic!("no row away from the kinks of {}", case.recipe.describe());
    }

    /// A number that single precision holds.
    fn number(&self, random: &mut Random, bound: f64) -> f64 {
        match self.exact {
            true => f64::from(random.below(5)) * 0.5 - 1.0,
            false => f64::from(random.uniform(-bound, bound) as f32),
        }
    }

    fn target(&self, random: &mut Random, outputs: usize) -> Vec<f64> {
        match self.loss {
            "poisson" => (0..outputs).map(|_| f64::from(random.below(5))).collect(),
            "binary_cross_entropy" => (0..outputs).map(|_| f64::from(random.below(5)) / 4.0).collect(),
            "cross_entropy" => {
                let class = random.below(outputs as u32) as usize;
                let share = f64::from(random.below(3)) / 4.0;
                let rest = share / outputs as f64;
                (0..outputs).map(|k| f64::from((rest + if k == class { 1.0 - share } else { 0.0 }) as f32)).collect()
            }
            _ => (0..outputs).map(|_| self.number(random, 1.5)).collect(),
        }
    }

    fn recipe(&self, random: &mut Random) -> Recipe {
        let coin = |random: &mut Random, of: u32| random.below(of) == 0;
        let (least, most) = (*self.widths.start(), *self.widths.end());
        let width = |random: &mut Random| least + random.below((most - least + 1) as u32) as usize;
        let outputs = 1 + random.below(4) as usize + usize::from(self.loss == "cross_entropy");
        let mut recipe = Recipe::default();
        let x = recipe.data(width(random));
        let y = recipe.data(outputs);
        let mut values = vec![x];
        let mut a = x;
        for layer in 1..self.depth {
            let units = if coin(random, 3) { recipe.width(a) } else { width(random) };
            let z = self.sums(random, &mut recipe, a, units);
            let activation = if layer == 1 { self.activation } else { self.others[random.below(self.others.len() as u32) as usize] };
            a = recipe.operation(activation, &[z], units);
            a = self.connect(random, &mut recipe, &values, a);
            values.push(a);
        }
        let z = self.sums(random, &mut recipe, a, outputs);
        let last = match self.loss {
            "binary_cross_entropy" | "cross_entropy" => "linear",
            "poisson" => "softplus",
            _ if self.depth == 1 => self.activation,
            _ => "linear",
        };
        a = recipe.operation(last, &[z], outputs);
        recipe.operation(self.loss, &[a, y], 1);
        recipe
    }

    /// A dense layer, whose weight may be that of an earlier layer.
    fn sums(&self, random: &mut Random, recipe: &mut Recipe, a: usize, units: usize) -> usize {
        let inputs = recipe.width(a);
        let bias = random.below(4) != 0;
        let twin = recipe.pieces.iter().position(|piece| matches!(piece, Piece::Parameter(r, c) if (*r, *c) == (units, inputs)));
        match twin {
            Some(weight) if random.below(2) == 0 => {
                let mut with = vec![a, weight];
                if bias {
                    with.push(recipe.parameter(1, units));
                }
                recipe.operation("affine", &with, units)
            }
            _ => recipe.dense(a, units, bias),
        }
    }

    /// A skip from an earlier value, the value used twice, a softmax, or nothing.
    fn connect(&self, random: &mut Random, recipe: &mut Recipe, values: &[usize], a: usize) -> usize {
        let width = recipe.width(a);
        let same: Vec<usize> = values.iter().copied().filter(|&value| recipe.width(value) == width).collect();
        let other = values[random.below(values.len() as u32) as usize];
        let twin = same.last().copied().unwrap_or(a);
        match random.below(10) {
            0 | 1 => recipe.operation("add", &[a, twin], width),
            2 | 3 => recipe.operation("mul", &[a, twin], width),
            4 | 5 => recipe.operation("concat", &[other, a], recipe.width(other) + width),
            6 => recipe.operation("softmax", &[a], width),
            _ => a,
        }
    }
}

/// Small networks of every kind: `exact` ones meet their kinks.
pub fn small_network(k: usize, exact: bool, activations: &'static [&'static str], losses: &[&'static str]) -> Case {
    let wish = Wish {
        activation: activations[k % activations.len()],
        others: activations,
        loss: losses[k / activations.len() % losses.len()],
        depth: 1 + k % 4,
        widths: 1..=4,
        rows: 1 + k % 6,
        exact,
    };
    wish.draw(10_000 + k as u64)
}
