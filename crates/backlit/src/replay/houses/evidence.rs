//! What the notebook shows: its own outputs, as they stand in it.

use super::evaluation::{WINDOWS, printed};
use super::{HOUSE, Houses};
use crate::replay::python_text::fixed;
use crate::replay::study::half_squared_error;
use serde_json::{Map, Value, json};

/// The output of `In [706]`.
pub(super) const PREDICTION: &str = "predicted price: $296500.06, actual price: $32200.00";

/// The output of `In [702]`. It stops in the middle of the description.
pub(super) const DESCRIPTION: &str = "\
dict_keys(['data', 'target', 'feature_names', 'DESCR', 'filename'])
.. _boston_dataset:

Boston house prices dataset
---------------------------

**Data Set Characteristics:**  

    :Number of Instances: 506 

    :Number of Attributes: 13 numeric/categorical predictive. Median Value (attribute 14) is usually the target.

    :Attribute Information (in order):
        - CRIM     per capita crime rate by town
        - ZN       proportion of residential land zoned for lots over 25,000 sq.ft.
        - INDUS    proportion of non-retail business acres per town
        - CHAS     Charles River dummy variable (= 1 if tract bounds river; 0 otherwise)
        - NOX      nitric oxides concentration (parts per 10 million)
        - RM       average number of rooms per dwelling
        - AGE      proportion of owner-occupied units built prior to 1940
        - DIS      weighted distances to five Boston employment centres
        - RAD      index of accessibility to radial highways
        - TAX";

/// A printed table.
pub(super) struct Shown {
    pub name: &'static str,
    pub cost: f64,
    /// Predicted and actual.
    pub pairs: [(f64, f64); 10],
}

/// The four tables, in the order of the windows.
pub(super) const TABLES: [Shown; 4] = [
    Shown {
        name: "one layer, before",
        cost: 188291.48,
        pairs: [
            (677.19, 18.40),
            (670.89, 15.40),
            (620.14, 10.80),
            (560.85, 11.80),
            (649.89, 14.90),
            (670.67, 12.60),
            (673.58, 14.10),
            (645.54, 13.00),
            (553.29, 13.40),
            (662.26, 15.20),
        ],
    },
    Shown {
        name: "one layer, after",
        cost: 258.20,
        pairs: [
            (-14.63, 20.10),
            (6.37, 19.90),
            (14.52, 19.60),
            (1.97, 23.20),
            (-0.65, 29.80),
            (14.23, 13.80),
            (12.19, 13.30),
            (11.38, 16.70),
            (7.33, 12.00),
            (13.28, 14.60),
        ],
    },
    Shown {
        name: "13-5-3-1, before",
        cost: 1998.15,
        pairs: [
            (-43.23, 18.70),
            (-42.97, 18.50),
            (-47.34, 18.30),
            (-45.13, 21.20),
            (-42.88, 19.20),
            (-49.87, 20.40),
            (-46.85, 19.30),
            (1.59, 22.00),
            (2.98, 20.30),
            (3.03, 20.50),
        ],
    },
    Shown {
        name: "13-5-3-1, after",
        cost: 51.36,
        pairs: [
            (16.33, 26.40),
            (18.62, 33.10),
            (30.98, 36.10),
            (33.04, 28.40),
            (36.69, 33.40),
            (36.01, 28.20),
            (41.57, 22.80),
            (38.30, 20.30),
            (26.67, 16.10),
            (36.64, 22.10),
        ],
    },
];

impl Shown {
    pub fn predicted(&self) -> [f64; 10] {
        self.pairs.map(|(predicted, _)| predicted)
    }

    fn actual(&self) -> [f64; 10] {
        self.pairs.map(|(_, actual)| actual)
    }

    /// The lines of the notebook.
    pub fn lines(&self) -> Vec<String> {
        let rows = self.pairs.iter().map(|(predicted, actual)| format!("{}\t\t{}", fixed(*predicted, 2), fixed(*actual, 2)));
        printed(&fixed(self.cost, 2), rows.collect())
    }

    /// The cost of the printed predictions against the first ten prices of all.
    pub fn cost_as_paired(&self, houses: &Houses) -> f64 {
        half_squared_error(&self.predicted(), &houses.prices[..10]).unwrap_or(f64::NAN)
    }

    /// The cost of the printed predictions against the prices printed beside them.
    pub fn cost_of_own_prices(&self) -> f64 {
        half_squared_error(&self.predicted(), &self.actual()).unwrap_or(f64::NAN)
    }

    /// How far rounding to two decimals, of predictions and cost, can move the cost.
    fn slack(&self, houses: &Houses) -> f64 {
        let apart: f64 = self.predicted().iter().zip(&houses.prices).map(|(predicted, price)| (predicted - price).abs()).sum();
        0.005 * apart / 10.0 + 0.005
    }

    fn json(&self, houses: &Houses) -> Value {
        let (cost, slack) = (self.cost_as_paired(houses), self.slack(houses));
        let starts: Vec<usize> =
            houses.prices.windows(10).enumerate().filter(|(_, prices)| *prices == self.actual()).map(|(start, _)| start).collect();
        let only = if let [start] = starts[..] { Some(start) } else { None };
        json!({
            "predicted": self.predicted(),
            "actual": self.actual(),
            "window_start (the only place in the data with these ten prices)": only,
            "cost_printed": self.cost,
            "cost_of_printed_predictions_against_the_first_ten_prices": cost,
            "rounding_slack": slack,
            "explained_by_the_pairing_bug": (cost - self.cost).abs() <= slack,
            "cost_of_printed_predictions_against_their_own_prices": self.cost_of_own_prices(),
        })
    }
}

/// All that is printed, with what follows from it.
pub(super) fn json(houses: &Houses) -> Value {
    debug_assert_eq!(WINDOWS.len(), TABLES.len());
    let mut all: Map<String, Value> = TABLES.iter().map(|shown| (shown.name.to_string(), shown.json(houses))).collect();
    let dollars = |text: &str| -> Vec<f64> {
        let words = text.split('$').skip(1);
        words.filter_map(|word| word.split(',').next()?.trim().parse().ok()).collect()
    };
    let [predicted, actual] = dollars(PREDICTION)[..] else { return all.into() };
    let at_this_price = |price: &f64| (price * 1000.0 - actual).abs() < 0.005;
    let found: Vec<usize> = houses.prices.iter().enumerate().filter(|(_, price)| at_this_price(price)).map(|(row, _)| row).collect();
    debug_assert_eq!(found, [HOUSE]);
    all.insert(
        "In [706]".into(),
        json!({ "text": PREDICTION, "predicted": predicted, "actual": actual, "house (the only one at 32.2)": found }),
    );
    all.into()
}
