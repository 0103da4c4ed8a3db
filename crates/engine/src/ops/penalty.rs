//! What large weights cost: their sizes (L1) and their squares (L2), on top of the cost of every row.
//!
//! Each row carries the same penalty, so the mean over rows is the penalised cost whatever the batch.

use crate::formula::{Dual, Function, Number, parse};
use crate::op::{About, Between, Constant, Entry, Inputs, Kind, Kink, Local, Numpy, Op, Operand, Partial, Row, Site, Written};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::pointwise;
use backlit_kernels::sum::sum;
use std::sync::Arc;

/// `Cp[r] = C[r] + l1 Σ |w| + l2/2 Σ w²`, over all numbers w of the parameters that follow C
pub struct Penalty {
    l1: f64,
    l2: f64,
}

impl Penalty {
    const ABOUT: About = About {
        name: "penalty",
        kind: Kind::Structure,
        summary: "What large weights cost: their sizes (L1) and their squares (L2), on top of the cost of every row.",
        formula: "Cp[r] = C[r] + l1 Σ abs(w) + l2/2 Σ w²",
        partials: &[Partial { by: "C", formula: "∂Cp[r]/∂C[r] = 1" }, Partial { by: "w", formula: "∂Cp[r]/∂w = l1 sign(w) + l2 w" }],
        kinks: &[Kink { at: "w = 0", slope: "0: between −l1 and l1, as the penalty is least there; without l1 there is no kink" }],
        constants: &[
            Constant { name: "l1", default: 0.01, least: 0.0, most: 1e6, meaning: "What the size of a weight costs." },
            Constant { name: "l2", default: 0.01, least: 0.0, most: 1e6, meaning: "What half the square of a weight costs." },
        ],
        source: "Hoerl and Kennard 1970 (squares); Tibshirani 1996 (sizes); Zou and Hastie 2005 (both)",
    };

    /// l1 Σ |w| + l2/2 Σ w²
    pub fn new(l1: f64, l2: f64) -> Penalty {
        Penalty { l1, l2 }
    }

    pub(super) fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: &Self::ABOUT, make: |constants| Arc::new(Penalty::new(constants[0], constants[1])) }
    }

    /// Σ |w| and Σ w² over all parameters, as they are called.
    fn sums(&self, row: &Row<'_>) -> [Between; 2] {
        let all = || row.inputs[1..].iter().copied().flatten();
        let (sizes, squares) = (all().map(|w| w.abs()).sum(), all().map(|w| w * w).sum());
        [Between::said("Σ |w|", sizes), Between::said("Σ w²", squares)]
    }

    fn of<S: Scalar>(&self, w: &[S]) -> f64 {
        let sizes = if self.l1 > 0.0 { self.l1 * sum(w, f64::abs) } else { 0.0 };
        let squares = if self.l2 > 0.0 { self.l2 / 2.0 * sum(w, |w| w * w) } else { 0.0 };
        sizes + squares
    }

    /// grad += upstream · (l1 sign(w) + l2 w)
    fn add_slopes<S: Scalar>(&self, upstream: f64, w: &[S], grad: &mut [S]) {
        let Penalty { l1, l2 } = *self;
        match (l1 > 0.0, l2 > 0.0) {
            (true, true) => add_each(w, grad, |w| upstream * (l1 * sign(w) + l2 * w)),
            (true, false) => add_each(w, grad, |w| upstream * (l1 * sign(w))),
            (false, _) => add_each(w, grad, |w| upstream * (l2 * w)),
        }
    }
}

#[inline(always)]
fn add_each<S: Scalar>(w: &[S], grad: &mut [S], slope: impl Fn(f64) -> f64) {
    for (grad, w) in grad.iter_mut().zip(w) {
        *grad += S::from_f64(slope(w.to_f64()));
    }
}

/// −1, 0 or 1; NaN has no sign and stays what it is.
#[inline(always)]
fn sign(w: f64) -> f64 {
    if w == 0.0 || w.is_nan() { w } else { 1f64.copysign(w) }
}

impl<S: Scalar> Op<S> for Penalty {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn constants(&self) -> Vec<(&'static str, f64)> {
        vec![("l1", self.l1), ("l2", self.l2)]
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        match inputs {
            [Shape::Rows(1), w @ ..] if !w.is_empty() && w.iter().all(|w| matches!(w, Shape::Parameter(..))) => Ok(Shape::Rows(1)),
            _ => Err(ShapeError::new("C: rows × 1, then parameters w: units × inputs or 1 × units", inputs)),
        }
    }

    fn forward(&self, x: Inputs<'_, S>, _saved: &mut [S], out: &mut [S]) {
        let penalty = (1..x.len()).map(|i| self.of(x.get(i))).sum::<f64>();
        for (out, c) in out.iter_mut().zip(x.get(0)) {
            *out = S::from_f64(c.to_f64() + penalty);
        }
    }

    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        if wrt == 0 {
            return pointwise::add(upstream, grad);
        }
        let upstream = sum(upstream, |upstream| upstream);
        self.add_slopes(upstream, at.inputs.get(wrt), grad);
    }

    fn is_penalty(&self) -> bool {
        true
    }

    fn local(&self, wrt: usize, _index: usize, _k: usize, _inputs: &[Shape]) -> Local {
        if wrt == 0 { Local::One } else { Local::Other }
    }

    fn written(&self, wrt: usize, index: usize, _k: usize, _row: &Row<'_>) -> Option<Written> {
        let (l1, l2) = (("l1", Operand::Constant(self.l1)), ("l2", Operand::Constant(self.l2)));
        let w = ("w", Operand::Input(wrt, index));
        let (formula, letters) = match (self.l1 > 0.0, self.l2 > 0.0) {
            (true, true) => ("l1 * sign(w) + l2 * w", vec![l1, l2, w]),
            (true, false) => ("l1 * sign(w)", vec![l1, w]),
            (false, _) => ("l2 * w", vec![l2, w]),
        };
        let letters = letters.into_iter().map(|(name, operand)| (name.to_string(), operand)).collect();
        Some(Written { formula: parse(formula).ok()?, stable: None, letters })
    }

    fn terms(&self, _k: usize, row: &Row<'_>) -> Vec<Written> {
        let sums = self.sums(row).into_iter().zip(["l1 * s", "l2 / 2 * s"]).filter_map(|(between, formula)| {
            let constant = if formula.starts_with("l1") { ("l1", self.l1) } else { ("l2", self.l2) };
            let letters = vec![(constant.0, Operand::Constant(constant.1)), ("s", Operand::Named(between.name, between.value))];
            Written::new(formula, letters).filter(|_| constant.1 > 0.0)
        });
        std::iter::once(Written::alone(Operand::Input(0, 0))).chain(sums).collect()
    }

    fn numpy(&self, inputs: &[Shape]) -> Option<Numpy> {
        let weights: String = (1..inputs.len()).map(|i| format!("{{{i}}}, ")).collect();
        let forward = [
            &format!("{{out}}_sizes = sum(np.abs(w).sum() for w in ({weights}))"),
            &format!("{{out}}_squares = sum((w**2).sum() for w in ({weights}))") as &str,
            &format!("{{out}} = {{0}} + {:?} * {{out}}_sizes + {:?} / 2 * {{out}}_squares", self.l1, self.l2),
        ];
        Some(Numpy::new(&forward, &["{up}"]))
    }

    fn numpy_slope(&self, wrt: usize, index: usize, _k: usize, _inputs: &[Shape]) -> Option<String> {
        let w = format!("{{{wrt}}}.flat[{index}]");
        Some(format!("({:?} * np.sign({w}) + {:?} * {w})", self.l1, self.l2))
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        let times = |number: f64, dual: &Dual| Dual::fixed(number).multiply(dual);
        out[0] = x[1..].iter().copied().flatten().fold(x[0][0], |total, w| {
            let square = times(self.l2 / 2.0, &w.multiply(w));
            // Where sizes cost nothing there is no kink.
            let size = if self.l1 > 0.0 { times(self.l1, &w.apply(Function::Abs)) } else { Dual::fixed(0.0) };
            total.add(&size).add(&square)
        });
    }
}
