//! Explanations of random networks, held against exact arithmetic, the tape, counting and planted faults.

// A second opinion may use the platform's functions.
#![allow(clippy::disallowed_methods)]

mod support {
    pub mod draw;
    pub mod faults;
    pub mod networks;
    pub mod tape;
}

use backlit_engine::Network;
use backlit_engine::explain::{Explanation, Question, Target, What, explain};
use dashu_int::{IBig, UBig};
use std::cmp::Ordering;
use support::draw::{ACTIVATIONS, LOSSES, Wish};
use support::faults::{Fault, faulty};
use support::networks::{Case, Recipe, side_by_side};

/// m · 2^e, exactly.
#[derive(Clone)]
struct Exact(IBig, i64);

impl Exact {
    fn of(value: f64) -> Exact {
        assert!(value.is_finite(), "{value}");
        let bits = value.to_bits();
        let (field, fraction) = ((bits >> 52 & 0x7ff) as i64, bits & ((1 << 52) - 1));
        let (m, e) = if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
        Exact(IBig::from(if value < 0.0 { -(m as i64) } else { m as i64 }), e)
    }
    fn one() -> Exact {
        Exact::of(1.0)
    }
    fn times(&self, other: &Exact) -> Exact {
        Exact(&self.0 * &other.0, self.1 + other.1)
    }
    fn plus(&self, other: &Exact) -> Exact {
        let e = self.1.min(other.1);
        let lift = |x: &Exact| &x.0 << usize::try_from(x.1 - e).unwrap();
        Exact(lift(self) + lift(other), e)
    }
    fn minus(&self, other: &Exact) -> Exact {
        self.plus(&Exact(-&other.0, other.1))
    }
    fn abs(&self) -> Exact {
        Exact(if self.0 < IBig::ZERO { -&self.0 } else { self.0.clone() }, self.1)
    }
    fn compare(&self, other: &Exact) -> Ordering {
        self.minus(other).0.cmp(&IBig::ZERO)
    }
}

/// The spacing of numbers at `x`.
fn ulp(x: f64) -> f64 {
    (f64::from_bits(x.abs().to_bits() + 1) - x.abs()).max(5e-324)
}

fn random_case(k: usize) -> Case {
    let wish = Wish {
        activation: ACTIVATIONS[k % ACTIVATIONS.len()],
        others: &ACTIVATIONS,
        loss: LOSSES[k / ACTIVATIONS.len() % LOSSES.len()],
        depth: 1 + k % 4,
        widths: [1..=3, 1..=5, 2..=4][k / 3 % 3].clone(),
        rows: [1, 1, 2, 5, 3][k % 5],
        exact: k % 7 == 6,
    };
    wish.draw(k as u64)
}

/// Asks for parameter `p` over the first `rows` rows.
fn ask(case: &Case, p: usize, rows: usize, paths: usize) -> Explanation {
    let (graph, cost) = case.recipe.graph::<f64>();
    let names: Vec<usize> = (0..rows).map(|row| row + 100).collect();
    let data = case.slices();
    let question =
        Question { graph: &graph, cost, parameters: &case.parameters, data: &data, rows: &names, target: Target::Parameter(p), paths };
    explain(&question).unwrap_or_else(|error| panic!("{error}: {}", case.recipe.describe()))
}

/// |a − b| in units in the last place of the bound.
fn within_an_ulp(a: &Exact, b: f64, bound: f64) -> bool {
    a.minus(&Exact::of(b)).abs().compare(&Exact::of(ulp(bound))).is_le()
}

fn product(factors: &[backlit_engine::explain::Factor]) -> Exact {
    factors.iter().fold(Exact::one(), |product, factor| product.times(&Exact::of(factor.value)))
}

fn complaint(k: usize) -> Option<String> {
    let case = random_case(k);
    let rows = 1 + k % case.rows;
    let count = case.parameters.len();
    for p in [0, count / 2, count - 1, (k * 7919) % count] {
        let all = ask(&case, p, rows, 100_000);
        let say =
            |what: &str| Some(format!("network {k}, parameter {p}, {rows} rows: {what}\n{}\n{:?}", case.recipe.describe(), all.routes));
        if !all.routes.agrees {
            return say("the routes differ");
        }
        if UBig::from(all.paths.len()) != all.total_paths {
            return say(&format!("{} of {} paths listed", all.paths.len(), all.total_paths));
        }
        let zero = Exact::of(0.0);
        let sum = all.paths.iter().fold(zero.clone(), |sum, path| sum.plus(&product(&path.factors)));
        let size = all.paths.iter().fold(zero, |sum, path| sum.plus(&product(&path.factors).abs()));
        if !within_an_ulp(&size, all.size, all.size) {
            return say("the sizes of the paths do not add up");
        }
        if !within_an_ulp(&sum, all.gradient, all.size) || all.rest != 0.0 {
            return say("the paths do not add up to the gradient");
        }
        if !within_an_ulp(&product(&all.chain), all.gradient, all.size) {
            return say("the chain's factors do not multiply to the gradient");
        }
        if all.paths.iter().any(|path| !within_an_ulp(&product(&path.factors), path.product, path.product)) {
            return say("a path's product is not that of its factors");
        }
        // The search: the first three of all, and the rest of them in one number.
        let few = ask(&case, p, rows, 3);
        let listed = few.paths.iter().fold(Exact::of(few.rest), |sum, path| sum.plus(&product(&path.factors)));
        if !within_an_ulp(&listed, few.gradient, few.size) {
            return say("the listed paths and the rest do not add up");
        }
        for (path, best) in few.paths.iter().zip(&all.paths) {
            if product(&path.factors).abs().compare(&product(&best.factors).abs()).is_ne() {
                return say("the search missed a larger path");
            }
        }
        let sizes: Vec<Exact> = all.paths.iter().map(|path| product(&path.factors).abs()).collect();
        if sizes.windows(2).any(|pair| pair[0].compare(&pair[1]).is_lt()) {
            return say("the paths are not in order");
        }
        let adds = all.by_row.iter().fold(Exact::of(0.0), |sum, row| sum.plus(&Exact::of(row.adds)));
        if all.by_row.len() != rows || !adds.minus(&Exact::of(all.gradient)).abs().compare(&Exact::of(rows as f64 * ulp(all.size))).is_le()
        {
            return say("the rows do not add up");
        }
    }
    None
}

#[test]
fn products_and_path_sums_are_the_gradient_in_exact_arithmetic() {
    let complaints: Vec<String> = side_by_side(ACTIVATIONS.len() * LOSSES.len() * 3, complaint).into_iter().flatten().collect();
    assert!(complaints.is_empty(), "{} networks, the first:\n{}", complaints.len(), complaints[0]);
}

#[test]
fn gradients_are_those_of_the_tape() {
    let worst = side_by_side(154, |k| {
        let case = random_case(k);
        let truth = case.truth();
        let p = (k * 31) % case.parameters.len();
        let got = ask(&case, p, case.rows, 8);
        (got.gradient - truth.gradient[p]).abs() - 8192.0 * f64::EPSILON * truth.magnitudes[p].max(truth.gradient[p].abs())
    });
    assert!(worst.iter().all(|off| *off <= 0.0), "{worst:?}");
}

fn plain(widths: &[usize], activation: &str, loss: &str) -> (Network, Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut network = Network::inputs(widths[0]);
    for &units in &widths[1..] {
        network = network.dense(units).activation(activation);
    }
    let network = network.loss(loss);
    let count = network.build::<f64>().unwrap().graph.parameter_count();
    let number = |i: usize| ((i * 7919 + 13) % 1009) as f64 / 1009.0 - 0.47;
    let parameters: Vec<f64> = (0..count).map(|i| number(i) / (widths[1] as f64).sqrt()).collect();
    let x = (0..widths[0]).map(|i| number(i + 77)).collect();
    let y = (0..widths[widths.len() - 1]).map(|i| number(i + 991)).collect();
    (network, parameters, x, y)
}

fn ask_plain(widths: &[usize], p: usize, paths: usize) -> Explanation {
    let (network, parameters, x, y) = plain(widths, "tanh", "half_squared_error");
    let built = network.build::<f64>().unwrap();
    let data: [&[f64]; 2] = [&x, &y];
    let target = Target::Parameter(p);
    explain(&Question { graph: &built.graph, cost: built.cost, parameters: &parameters, data: &data, rows: &[0], target, paths }).unwrap()
}

#[test]
fn the_number_of_paths_is_the_product_of_the_widths_ahead() {
    for (widths, p, paths) in [
        (&[2, 2, 2][..], 0, 2u64),
        (&[2, 2, 2], 6, 1),
        (&[3, 4, 5, 2], 0, 10),
        (&[3, 4, 5, 2, 7], 0, 70),
        (&[3, 4, 5, 2, 7], 15, 70),
        (&[3, 4, 5, 2, 7], 16, 14),
    ] {
        assert_eq!(ask_plain(widths, p, 5).total_paths, UBig::from(paths), "{widths:?}");
    }
    // 8^40 does not fit into 64 or 128 bits... and is found without walking them.
    let widths = vec![8; 42];
    assert_eq!(ask_plain(&widths, 0, 4).total_paths, UBig::from(8u32).pow(40));
}

#[test]
fn skips_and_tied_weights_are_further_paths() {
    // z = W x, twice through the same W (tied), plus a skip: c = W(Wx) + Wx.
    let mut recipe = Recipe::default();
    let (x, y) = (recipe.data(2), recipe.data(2));
    let w = recipe.parameter(2, 2);
    let first = recipe.operation("affine", &[x, w], 2);
    let second = recipe.operation("affine", &[first, w], 2);
    let both = recipe.operation("add", &[second, first], 2);
    recipe.operation("half_squared_error", &[both, y], 1);
    let case = Case { recipe, parameters: vec![0.5, -1.5, 2.0, 0.25], data: vec![vec![3.0, -1.0], vec![0.5, 1.0]], rows: 1 };
    // By W[0,0]: first layer, then W to either unit (2), or the skip (1); second layer at once (1).
    let got = ask(&case, 0, 1, 10);
    assert_eq!(got.total_paths, UBig::from(4u32));
    assert_eq!(got.paths.len(), 4);
    // By hand: first = (3, 5.75), second = (−7.125, 7.4375), both = (−4.125, 13.1875), δ = (−4.625, 12.1875).
    let hand = -4.625 * (0.5 * 3.0 + 3.0 + 3.0) + 12.1875 * 2.0 * 3.0;
    assert_eq!(got.gradient, hand);
    assert!(matches!(got.chain.as_slice(), [only] if matches!(only.what, What::Total { .. })));
}

#[test]
fn an_input_column_is_explained_like_a_weight() {
    let (network, parameters, x, y) = plain(&[3, 4, 2], "sigmoid", "half_squared_error");
    let built = network.build::<f64>().unwrap();
    let data: [&[f64]; 2] = [&x, &y];
    let target = Target::Data { data: 0, column: 1 };
    let question = Question { graph: &built.graph, cost: built.cost, parameters: &parameters, data: &data, rows: &[0], target, paths: 100 };
    let got = explain(&question).unwrap();
    assert!(got.routes.agrees, "{:?}", got.routes);
    assert_eq!(got.total_paths, UBig::from(8u32));
    // By differences, in plain loops of this test.
    let cost = |x: &[f64]| {
        let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
        let layer = |x: &[f64], w: &[f64], b: &[f64]| -> Vec<f64> {
            b.iter().enumerate().map(|(u, b)| sigmoid(b + x.iter().zip(&w[u * x.len()..]).map(|(x, w)| x * w).sum::<f64>())).collect()
        };
        let a = layer(&layer(x, &parameters[..12], &parameters[12..16]), &parameters[16..24], &parameters[24..]);
        a.iter().zip(&y).map(|(a, y)| (a - y) * (a - y) / 2.0).sum::<f64>()
    };
    let moved = |h: f64| cost(&[x[0], x[1] + h, x[2]]);
    let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
    assert!((got.gradient - difference).abs() < 1e-9, "{} and {difference}", got.gradient);
}

#[test]
fn a_planted_fault_makes_the_routes_disagree() {
    let mut recipe = Recipe::default();
    let (x, y) = (recipe.data(3), recipe.data(2));
    let hidden = recipe.dense(x, 3, true);
    let hidden = recipe.operation("tanh", &[hidden], 3);
    let out = recipe.dense(hidden, 2, true);
    let out = recipe.operation("sigmoid", &[out], 2);
    recipe.operation("half_squared_error", &[out, y], 1);
    let numbers = |n: usize| (0..n).map(|i| ((i * 37 + 5) % 19) as f64 / 19.0 - 0.4).collect::<Vec<f64>>();
    let parameters = numbers(recipe.parameter_count());
    let (x, y) = (numbers(3), numbers(2));
    let data: [&[f64]; 2] = [&x, &y];
    let answer = |spoil: Option<&str>| {
        let (graph, cost) = recipe.graph_with::<f64>(|_, op| match spoil {
            Some(name) if op.about().name == name => faulty(op, Fault::SlopeTooSteep),
            _ => op,
        });
        let target = Target::Parameter(0);
        explain(&Question { graph: &graph, cost, parameters: &parameters, data: &data, rows: &[0], target, paths: 10 }).unwrap()
    };
    assert!(answer(None).routes.agrees);
    for name in ["tanh", "sigmoid", "half_squared_error", "affine"] {
        assert!(!answer(Some(name)).routes.agrees, "{name}");
    }
}

#[test]
fn a_gradient_of_zero_names_the_factor_that_stops_it() {
    // One relu unit that is off, one that is on but whose weight to the output is 0.
    let network = Network::inputs(2).dense(2).relu().dense(1).half_squared_error();
    let built = network.build::<f64>().unwrap();
    let parameters = [1.0, -2.0, 1.0, 1.0, 0.0, 0.0, 3.0, 0.0, 0.5];
    let (x, y) = ([1.0, 2.0], [0.25]);
    let data: [&[f64]; 2] = [&x, &y];
    let answer = |p: usize, data: &[&[f64]]| {
        let target = Target::Parameter(p);
        explain(&Question { graph: &built.graph, cost: built.cost, parameters: &parameters, data, rows: &[7], target, paths: 10 }).unwrap()
    };
    let name = |place: backlit_engine::explain::Place| format!("{}[{}]", built.graph.name(place.node), place.index);
    let stopped = |answer: &Explanation| -> Vec<String> {
        assert_eq!(answer.gradient, 0.0);
        let stops = &answer.why.as_ref().unwrap().stops;
        let words = stops.iter().map(|stop| match stop.factor.what {
            What::Local { of, by } => format!("∂{}/∂{} = {}", name(of), name(by), stop.factor.value),
            _ => String::new(),
        });
        words.collect()
    };
    assert_eq!(stopped(&answer(0, &data)), ["∂a1[0]/∂z1[0] = 0"]);
    assert_eq!(stopped(&answer(2, &data)), ["∂z2[0]/∂a1[1] = 0"]);
    // An input of 0, and an error of 0.
    assert_eq!(stopped(&answer(3, &[&[3.0, 0.0], &y])), ["∂z2[0]/∂a1[1] = 0", "∂z1[1]/∂layer1.weight[3] = 0"][1..]);
    assert_eq!(stopped(&answer(8, &[&x, &[0.5]])), ["∂cost[0]/∂a2[0] = 0"]);
    // Ordinary gradients have nothing to explain.
    assert!(answer(8, &data).why.is_none());
}

#[test]
fn the_same_answer_on_any_number_of_threads() {
    let case = Wish { activation: "tanh", others: &["silu"], loss: "huber", depth: 3, widths: 3..=6, rows: 40, exact: false }.draw(5);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| format!("{:?}", ask(&case, 4, 40, 20)))
    };
    let one = on(1);
    assert!([2, 3, 8].into_iter().all(|threads| on(threads) == one));
}
