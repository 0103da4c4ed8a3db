//! The slips that are known: one file each, one line each in the table.

mod biases;
mod factors;
mod misprint;
mod neighbour;
mod paths;
mod rate;
mod rounding;
mod rounds;
mod rows;
mod scale;
mod sign;
mod slope;
mod terms;
mod transposed;
mod updated_weights;

use super::bench::Bench;
use super::quantity::Asked;
use super::written::Written;
use crate::by_hand::{Net, Recipe, Way};
use crate::explain::Wording;

/// A slip that people make.
pub struct Slip {
    /// In JSON: `updated-weights`.
    pub name: &'static str,
    /// In one line.
    pub summary: &'static str,
    /// Computations with the slip in them.
    pub(super) ways: fn(&Setting<'_>) -> Vec<Trial>,
    /// Other numbers, rightly computed, that may have been taken for the one that was asked for.
    pub(super) readings: fn(&Bench<'_>, &Asked) -> Vec<Reading>,
    /// What happened to the digits of the right number on their way to paper.
    pub(super) prints: fn(&Written, f64) -> Option<String>,
}

/// What a slip is made in.
pub(super) struct Setting<'a> {
    pub net: &'a Net,
    pub recipe: &'a Recipe,
    pub wording: &'a Wording<'a>,
}

/// One computation with a slip in it.
pub(super) struct Trial {
    pub way: Box<dyn Way>,
    /// What was done, as a sentence's end: "∂a/∂z left out".
    pub says: String,
    /// How far it is followed.
    pub lasts: Lasts,
}

/// How far a computation with a slip is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lasts {
    /// For one update: nobody makes this slip ten thousand times.
    Once,
    /// As long as the training.
    Always,
    /// As long as the training, and it can stand for a whole derivation.
    Algorithm,
}

/// Another number that may have been meant.
pub(super) struct Reading {
    pub value: f64,
    pub says: String,
}

/// Every slip that is tried, in the order in which they are reported.
pub fn table() -> [&'static Slip; 15] {
    [
        &updated_weights::SLIP,
        &rounds::SLIP,
        &factors::SLIP,
        &sign::SLIP,
        &slope::SLIP,
        &paths::SLIP,
        &transposed::SLIP,
        &neighbour::SLIP,
        &scale::SLIP,
        &rows::SLIP,
        &terms::SLIP,
        &biases::SLIP,
        &rate::SLIP,
        &rounding::SLIP,
        &misprint::SLIP,
    ]
}

/// Units of a layer up to which slips with one of them are tried.
const FEW: usize = 8;

fn no_ways(_: &Setting<'_>) -> Vec<Trial> {
    Vec::new()
}

fn no_readings(_: &Bench<'_>, _: &Asked) -> Vec<Reading> {
    Vec::new()
}

fn no_prints(_: &Written, _: f64) -> Option<String> {
    None
}

fn trial(way: impl Way + 'static, says: impl Into<String>, lasts: Lasts) -> Trial {
    Trial { way: Box::new(way), says: says.into(), lasts }
}
