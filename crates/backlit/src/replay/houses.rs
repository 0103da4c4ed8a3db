//! Boston house prices: one linear layer, then 13-5-3-1, trained on all 506 houses at once.
//!
//! The notebook draws weights and windows without a seed. Its windows are known from the prices that it prints;
//! for weights there are NumPy's seed 0, and a set from which its cells print what it shows.

mod cells;
mod derivation;
mod evaluation;
mod evidence;
mod nets;
mod one_layer;
mod rate;
mod witness;

use super::record::{Agreement, Replay};
use super::study::{Model, matrix};
use crate::data;
use crate::error::Error;
use backlit_engine::Network;
use backlit_engine::numpy_random::NumpyRandom;
use evaluation::{Evaluation, departure};
use nets::NetRun;
use one_layer::OneLayer;
use serde_json::{Value, json};

const TITLE: &str = "Backpropagation on house prices, from one layer to any number";
const FEATURES: usize = 13;
const LEARNING_RATE: f64 = 8e-7;
/// The house of the single prediction, the only one at $32,200.
const HOUSE: usize = 284;

/// The table, features and prices apart.
struct Houses {
    names: Vec<String>,
    /// 506 × 13
    x: Vec<f64>,
    prices: Vec<f64>,
}

/// A single prediction.
struct Prediction {
    parameters: Vec<f64>,
    predicted: f64,
    price: f64,
}

/// Everything that the notebook computes.
struct Work {
    houses: Houses,
    prediction: Prediction,
    prediction_witness: Prediction,
    one_layer: OneLayer,
    leftover: OneLayer,
    one_layer_witness: OneLayer,
    linear: NetRun,
    wrong_sign: f64,
    net_witness: NetRun,
    relu_sigmoid: NetRun,
    standardised: NetRun,
    scale: nets::Scale,
    rate: rate::Limit,
}

pub(super) fn replay() -> Result<Replay, Error> {
    let work = Work::new()?;
    let cells = cells::cells(&work);
    let mut agreement = agreements(&work);
    Ok(Replay {
        name: "houses".into(),
        title: TITLE.into(),
        source: "the notebook \"Module 4 Backpropagation\"".into(),
        credit: String::new(),
        document: derivation::page(&work, &cells, &mut agreement),
        cells,
        numbers: numbers(&work),
        agreement,
    })
}

impl Houses {
    fn new() -> Result<Houses, Error> {
        let table = data::bundled("houses")?;
        let columns = table.columns.len();
        let rows = || table.values.chunks_exact(columns);
        Ok(Houses {
            names: table.columns[..FEATURES].to_vec(),
            x: rows().flat_map(|row| row[..FEATURES].iter().copied()).collect(),
            prices: rows().map(|row| row[FEATURES]).collect(),
        })
    }

    fn house(&self, row: usize) -> &[f64] {
        &self.x[row * FEATURES..][..FEATURES]
    }

    /// Features, then the price.
    fn row(&self, row: usize) -> Vec<f64> {
        [self.house(row), &self.prices[row..=row]].concat()
    }

    fn json(&self) -> Value {
        let rows = self.prices.len();
        let sum = |column: usize| -> f64 {
            match column {
                FEATURES => self.prices.iter().sum(),
                _ => self.x.iter().skip(column).step_by(FEATURES).sum(),
            }
        };
        let sums: Vec<f64> = (0..=FEATURES).map(sum).collect();
        json!({
            "rows": rows,
            "features": self.names,
            "first_row": self.row(0),
            "row_445": self.row(445),
            "last_row": self.row(rows - 1),
            "column_means": sums.iter().map(|sum| sum / rows as f64).collect::<Vec<_>>(),
            "column_sums_exact": sums,
        })
    }
}

impl Prediction {
    fn new(houses: &Houses, parameters: Vec<f64>) -> Result<Prediction, Error> {
        let model = Model::new(one_layer_network())?;
        let predicted = model.outputs(&parameters, houses.house(HOUSE))[0];
        Ok(Prediction { parameters, predicted, price: houses.prices[HOUSE] })
    }

    fn line(&self) -> String {
        format!("predicted price: ${:.2}, actual price: ${:.2}", self.predicted * 1000.0, self.price * 1000.0)
    }

    fn json(&self) -> Value {
        json!({
            "weights": matrix(FEATURES, &self.parameters[..FEATURES]),
            "biases": self.parameters[FEATURES..],
            "predicted_price": self.predicted,
            "price": self.price,
            "line": self.line(),
        })
    }
}

impl Work {
    fn new() -> Result<Work, Error> {
        let houses = Houses::new()?;
        let prices = &houses.prices;
        let leftover = vec![witness::LEFTOVER_Y; prices.len()];
        let start = || uniform(FEATURES + 1);
        let linear = nets::network(["linear", "linear", "linear"]);
        let mixed = nets::network(["relu", "sigmoid", "linear"]);
        let net_start = uniform(witness::NET.len());
        let scale = nets::Scale::new(&houses);
        let scaled = scale.apply(&houses.x);
        Ok(Work {
            prediction: Prediction::new(&houses, start())?,
            prediction_witness: Prediction::new(&houses, witness::PREDICTION.to_vec())?,
            one_layer: OneLayer::new(&houses, start(), prices)?,
            leftover: OneLayer::new(&houses, start(), &leftover)?,
            one_layer_witness: OneLayer::new(&houses, witness::ONE_LAYER.to_vec(), &leftover)?,
            wrong_sign: nets::one_epoch(&linear, &houses, &net_start, -LEARNING_RATE)?,
            linear: NetRun::new(linear.clone(), &houses, &houses.x, net_start.clone(), LEARNING_RATE, 30)?,
            net_witness: NetRun::new(linear, &houses, &houses.x, witness::NET.to_vec(), LEARNING_RATE, 30)?,
            relu_sigmoid: NetRun::new(mixed.clone(), &houses, &houses.x, net_start.clone(), LEARNING_RATE, 30)?,
            standardised: NetRun::new(mixed, &houses, &scaled, net_start, 0.05, 100)?,
            rate: rate::Limit::new(&houses)?,
            scale,
            houses,
        })
    }

    /// The four tables that the notebook prints, as the witness weights print them.
    fn witnessed(&self) -> [&Evaluation; 4] {
        let (one, net) = (&self.one_layer_witness, &self.net_witness);
        [&one.before, &one.after, &net.before, &net.after]
    }
}

/// The one-layer net: weights, one bias, linear.
fn one_layer_network() -> Network {
    Network::inputs(FEATURES).dense(1).half_squared_error()
}

/// What `Layer` draws after `np.random.seed(0)`, weights before biases: uniform between -1 and 1.
fn uniform(count: usize) -> Vec<f64> {
    let mut random = NumpyRandom::new(0);
    (0..count).map(|_| random.uniform(-1.0, 1.0)).collect()
}

fn agreements(work: &Work) -> Vec<Agreement> {
    let mut all = vec![Agreement::lines(
        "In [706] from the witness weights, character by character",
        &[work.prediction_witness.line()],
        &[evidence::PREDICTION.to_string()],
    )];
    for (shown, table) in evidence::TABLES.iter().zip(work.witnessed()) {
        all.push(Agreement::lines(format!("{}: the table from the witness weights", shown.name), &table.lines(), &shown.lines()));
    }
    let one_layer = [("house prices", &work.one_layer), ("11.9", &work.leftover)];
    all.extend(one_layer.into_iter().flat_map(|(y, run)| run.agreements(&work.houses, y)));
    all.push(work.linear.by_the_notebook(&work.houses));
    let nets = [("linear", &work.linear), ("relu and sigmoid", &work.relu_sigmoid), ("relu and sigmoid, standardised", &work.standardised)];
    all.extend(nets.into_iter().flat_map(|(name, net)| net.agreements(name)));
    all.extend(work.rate.agreements());
    all
}

fn numbers(work: &Work) -> Value {
    let mut linear = work.linear.json();
    linear["one_epoch_with_the_sign_of_(Y - a)"] = json!({ "cost": work.wrong_sign, "right_sign": work.linear.costs[1] });
    let mut standardised = work.standardised.json();
    standardised["feature_mean"] = json!(work.scale.mean);
    standardised["feature_std"] = json!(work.scale.deviation);
    standardised["house_0_standardised"] = json!(work.scale.apply(work.houses.house(0)));
    json!({
        "data": work.houses.json(),
        "printed": evidence::json(&work.houses),
        "one_layer_prediction": work.prediction.json(),
        "one_layer": work.one_layer.json(),
        "one_layer_leftover_y": work.leftover.json(),
        "net_13_5_3_1": linear,
        "net_relu_sigmoid": work.relu_sigmoid.json(),
        "net_relu_sigmoid_standardised": standardised,
        "learning_rate_limit_of_the_one_layer_net": work.rate.json(),
        "witness": witness_numbers(work),
    })
}

fn witness_numbers(work: &Work) -> Value {
    let (one, net) = (&work.one_layer_witness, &work.net_witness);
    let tables = work.witnessed();
    let same = |tables: std::ops::Range<usize>| tables.clone().all(|i| evidence::TABLES[i].lines() == work.witnessed()[i].lines());
    let worst = |range: std::ops::Range<usize>| range.map(|i| departure(tables[i], &evidence::TABLES[i])).fold(0.0, f64::max);
    let mut in_737 = net.layers_json(&net.start);
    in_737["largest_departure"] = json!(worst(2..4));
    let prediction = work.prediction_witness.json();
    json!({
        "In [706]": { "house": HOUSE, "weights": prediction["weights"], "biases": prediction["biases"] },
        "In [711]": {
            "y": witness::LEFTOVER_Y,
            "weights": matrix(FEATURES, &one.start[..FEATURES]),
            "biases": one.start[FEATURES..],
            "largest_departure": worst(0..2),
        },
        "In [737]": in_737,
        "prints_what_the_seed_shows": {
            "In [706]": work.prediction_witness.line() == evidence::PREDICTION,
            "In [711], banner lines aside": same(0..2),
            "In [737]": same(2..4),
        },
    })
}
