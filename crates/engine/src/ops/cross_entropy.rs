//! Minus the log-likelihood of one class among several, from logits: the softmax is inside.
//!
//! Letters: z the logits, p = softmax(z), y the target: 1 for the class and 0 elsewhere, or shares.

use crate::formula::{Dual, Function, Number, parse};
use crate::op::{About, Entry, Inputs, Kind, Numpy, Op, Operand, Partial, Row, Site, Written, loss_shape};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::pointwise;
use std::sync::Arc;

/// C\[r\] = −Σₖ y\[r,k\] log softmax(z\[r\])\[k\]
pub struct CrossEntropy;

impl CrossEntropy {
    const ABOUT: About = About {
        name: "cross_entropy",
        kind: Kind::RowLoss,
        summary: "Minus the log-likelihood of one class among several, from logits: the softmax is inside.",
        formula: "C[r] = Σₖ y[k] log Σⱼ exp(z[j] - z[k])",
        partials: &[Partial { by: "z", formula: "∂C/∂z[k] = p[k] Σⱼ y[j] - y[k]" }],
        kinks: &[],
        constants: &[],
        source: "Good 1952, Bridle 1990; for a class that is nearly certain both are sums over the other classes, so they keep their digits",
    };

    pub(super) fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: &Self::ABOUT, make: |_| Arc::new(CrossEntropy) }
    }
}

impl<S: Scalar> Op<S> for CrossEntropy {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        loss_shape(inputs)
    }

    fn saved(&self, inputs: &[Shape]) -> usize {
        inputs[0].size()
    }

    fn forward(&self, x: Inputs<'_, S>, saved: &mut [S], out: &mut [S]) {
        backlit_kernels::softmax::cross_entropy(x.get(0), x.get(1), out, saved);
    }

    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        assert_eq!(wrt, 0, "a target has no gradient");
        pointwise::add_row_scaled(upstream, at.saved, grad);
    }

    fn keeps_gradient(&self) -> bool {
        true
    }

    fn differentiable(&self, wrt: usize) -> bool {
        wrt == 0
    }

    fn written(&self, _wrt: usize, index: usize, _k: usize, row: &Row<'_>) -> Option<Written> {
        let (z, y) = (row.inputs[0], row.inputs[1]);
        let mut p = vec![0.0; z.len()];
        backlit_kernels::softmax::softmax(1, z, &mut p);
        let share = |k: usize| Operand::Named(format!("softmax(z)[{k}]"), p[k]);
        let (total, own) = (y.iter().sum::<f64>(), y[index]);
        let y = ("y", Operand::Input(1, index));
        let (formula, letters) = match total == 1.0 {
            // Near certainty p − 1 cancels: minus the sum of the other shares does not.
            true if own == 1.0 => {
                let others = p.iter().enumerate().filter(|(k, _)| *k != index).map(|(_, p)| p).sum();
                let others = ("q", Operand::Named(format!("Σ softmax(z)[j≠{index}]"), others));
                ("p - y", vec![("p", share(index)), y, others])
            }
            true => ("p - y", vec![("p", share(index)), y]),
            false => ("p * s - y", vec![("p", share(index)), ("s", Operand::Named("Σ y".into(), total)), y]),
        };
        let stable = if own == 1.0 && total == 1.0 { parse("-q").ok() } else { None };
        let letters = letters.into_iter().map(|(name, operand)| (name.to_string(), operand)).collect();
        Some(Written { formula: parse(formula).ok()?, stable, letters })
    }

    fn terms(&self, _k: usize, row: &Row<'_>) -> Vec<Written> {
        let (z, y) = (row.inputs[0], row.inputs[1]);
        let mut p = vec![0.0; z.len()];
        backlit_kernels::softmax::softmax(1, z, &mut p);
        let of = |k: usize| {
            // Near certainty log p loses what the other shares keep.
            let others = p.iter().enumerate().filter(|(j, _)| *j != k).map(|(_, p)| p).sum();
            let share = Operand::Named(format!("softmax(z)[{k}]"), p[k]);
            let letters = vec![("y", Operand::Input(1, k)), ("p", share), ("q", Operand::Named(format!("Σ softmax(z)[j≠{k}]"), others))];
            let written = Written::new("-y * log(p)", letters)?;
            Some(Written { stable: parse("-y * log1p(-q)").ok().filter(|_| p[k] > 0.5), ..written })
        };
        (0..z.len()).filter(|&k| y[k] != 0.0).filter_map(of).collect()
    }

    fn numpy(&self, inputs: &[Shape]) -> Option<Numpy> {
        let classes = inputs[0].size();
        let forward = [
            "# Cross-entropy of a softmax, from the logits {0}. The largest logit is taken out, so nothing overflows and nothing is lost",
            "# where one class is nearly certain.",
            "{out}_top = {0}.max(axis=1, keepdims=True)",
            "{out}_e = np.exp({0} - {out}_top)",
            "{out}_e[np.arange(len({0})), {0}.argmax(axis=1)] = 0.0  # the largest apart: exp(0) = 1",
            "{out}_p = np.exp({0} - {out}_top) / (1.0 + {out}_e.sum(axis=1, keepdims=True))",
            &format!("{{out}}_others = np.ones(({classes}, {classes})) - np.eye({classes})"),
            "{out}_q = {out}_p @ {out}_others  # 1 - p",
            "{out} = ({1} * ({out}_top - {0} + np.log1p({out}_e.sum(axis=1, keepdims=True)))).sum(axis=1, keepdims=True)",
        ];
        Some(Numpy::new(&forward, &["{up} * ({out}_p * ({1} @ {out}_others) - {1} * {out}_q)"]))
    }

    fn numpy_slope(&self, _wrt: usize, index: usize, _k: usize, _inputs: &[Shape]) -> Option<String> {
        let at = |array: &str| format!("{array}[{{r}}, {index}]");
        let (p, y, q) = (at("{out}_p"), at("{1}"), at("{out}_q"));
        Some(format!("({p} * ({{1}}[{{r}}] @ {{out}}_others[{index}]) - {y} * {q})"))
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        // Each exp(zⱼ − m) once, m the largest logit; what stands before and behind a class is added up without it, so nothing cancels.
        let most = Dual::fixed(x[0].iter().fold(f64::NEG_INFINITY, |m: f64, z| m.max(z.value)));
        let terms: Vec<Dual> = x[0].iter().map(|z| z.subtract(&most).apply(Function::Exp)).collect();
        let mut behind = vec![Dual::fixed(0.0); terms.len() + 1];
        for k in (0..terms.len()).rev() {
            behind[k] = behind[k + 1].add(&terms[k]);
        }
        let mut before = Dual::fixed(0.0);
        out[0] = Dual::fixed(0.0);
        for (k, (z, y)) in x[0].iter().zip(x[1]).enumerate() {
            // log Σⱼ exp(zⱼ − zₖ) = log(1 + Σ of the others · exp(m − zₖ)); apart where that exponential would overflow.
            let (others, up) = (before.add(&behind[k + 1]), most.subtract(z));
            let log = if up.value < 500.0 {
                others.multiply(&up.apply(Function::Exp)).apply(Function::Log1p)
            } else {
                others.apply(Function::Log).add(&up)
            };
            out[0] = out[0].add(&y.multiply(&log));
            before = before.add(&terms[k]);
        }
    }
}
