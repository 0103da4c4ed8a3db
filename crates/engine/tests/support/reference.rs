//! What a card's formulas are, exactly.

use super::big::Big;
use super::big_dual::BigDual;
use super::floats::with_precision;
use backlit_engine::formula::{Formula, Number, evaluate, parse};
use backlit_engine::op::{About, Kind};
use std::cmp::Ordering;

/// A card's formula and partial with the constants of one instance.
pub struct Card {
    name: &'static str,
    value: Formula,
    partial: Formula,
    /// The prediction's or pre-activation's letter.
    letter: &'static str,
    activation: bool,
    constants: Vec<(&'static str, f64)>,
}

/// The exact result at one point.
pub struct Exact {
    /// The formula's value.
    pub value: Big,
    /// Its derivative: the card's, which away from kinks the formula's derivative agrees with.
    pub slope: Big,
}

impl Card {
    /// Of an activation or pointwise loss.
    pub fn new(about: &About, constants: &[f64]) -> Card {
        let [partial] = about.partials else { panic!("{}: one partial", about.name) };
        let read = |text| parse(text).unwrap_or_else(|error| panic!("{}: '{text}': {error}", about.name));
        Card {
            name: about.name,
            value: read(about.formula),
            partial: read(partial.formula),
            letter: partial.by,
            activation: about.kind == Kind::Activation,
            constants: about.constants.iter().map(|constant| constant.name).zip(constants.iter().copied()).collect(),
        }
    }

    /// The exact result for the input, and the target of a loss. Panics where the derivative of the formula
    /// and the card's partial disagree.
    pub fn at(&self, input: &[f64]) -> Exact {
        let bits = bits(input);
        // 1 − a² of a = tanh(z) loses twice what exp(z) spans, and 1 − y / a at a = y loses all.
        let result = self.with_bits(bits, 0.0, input).or_else(|_| self.with_bits(2 * bits, 1.0, input));
        result.unwrap_or_else(|disagreement| panic!("{disagreement}"))
    }

    /// The same with so many bits; `Err` where the derivatives differ by more than their bits and so many
    /// of 1's last places allow. What is below 2^-1200 rounds to 0.
    pub fn with_bits(&self, bits: usize, places: f64, input: &[f64]) -> Result<Exact, String> {
        with_precision(bits, || {
            let mut duals: Vec<(&str, BigDual)> = self.constants.iter().map(|&(name, value)| (name, BigDual::fixed(value))).collect();
            duals.push((self.letter, BigDual::moving(input[0])));
            duals.extend(input.get(1).map(|&y| ("y", BigDual::fixed(y))));
            let BigDual { value, tangent, kink } = evaluate(&self.value, &duals).expect("every letter is bound");

            let mut numbers: Vec<(&str, Big)> = duals.into_iter().map(|(name, dual)| (name, dual.value)).collect();
            numbers.extend(self.activation.then(|| ("a", value.clone())));
            let slope = evaluate(&self.partial, &numbers).expect("every letter is bound");
            if kink || close(&tangent, &slope, &Big::of(places).shrunk(bits - 20).add(&Big::of(1.0).shrunk(1200))) {
                Ok(Exact { value, slope })
            } else {
                let name = self.name;
                Err(format!("{name} at {input:?}: the formula's derivative is {tangent:?}, the card's partial {slope:?}"))
            }
        })
    }
}

/// Bits that leave 320 after what cancels: 1 + exp(−|z|), (1 + |z|) − |z|, log(cosh(d)) at small d.
fn bits(input: &[f64]) -> usize {
    let large = input.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
    let exponential = if large > 1800.0 { 0.0 } else { 1.45 * large };
    let difference = input[0] - input.get(1).copied().unwrap_or(0.0);
    let small = if input.len() == 2 && difference != 0.0 { -2.0 * difference.abs().log2() } else { 0.0 };
    320 + exponential.max(small).max(large.log2()) as usize
}

/// Equal to 100 bits, or but for `noise`.
pub fn close(a: &Big, b: &Big, noise: &Big) -> bool {
    let allowed = larger(a.clone(), b.clone()).multiply(&Big::of(2f64.powi(-100))).add(noise);
    a.subtract(b).magnitude().order(&allowed).is_some_and(Ordering::is_le)
}

/// The larger in size of two numbers.
pub fn larger(a: Big, b: Big) -> Big {
    let (a, b) = (a.magnitude(), b.magnitude());
    if a.order(&b) == Some(Ordering::Less) { b } else { a }
}
