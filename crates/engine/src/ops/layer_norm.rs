//! The weighted sums of a row brought to mean 0 and variance 1, then scaled and shifted.
//!
//! Letters: z the weighted sums, γ the gain, β the shift, μ and σ² mean and variance of the row's sums, h = (z − μ)/s with
//! s = √(σ² + ε).

use crate::formula::{Dual, Function, Number, parse};
use crate::op::{About, Between, Entry, Inputs, Kind, Local, Numpy, Op, Operand, Partial, Row, Site, Written};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::narrow;
use std::ops::Range;
use std::sync::Arc;

/// n\[r,k\] = gain\[k\] · (z\[r,k\] − mean\[r\]) / √(variance\[r\] + ε) + shift\[k\]
pub struct LayerNorm;

/// ε, which keeps the square root away from 0; PyTorch's.
pub(crate) const EPSILON: f64 = 1e-5;

/// Rows worked on side by side.
const LANES: usize = 8;

/// A factor that is a difference this small has lost too many digits to be written out.
const CANCELS: f64 = 1e-6;

impl LayerNorm {
    const ABOUT: About = About {
        name: "layer_norm",
        kind: Kind::Structure,
        summary: "The weighted sums of a row brought to mean 0 and variance 1, then scaled and shifted unit by unit.",
        formula: "n[r,k] = γ[k] h[r,k] + β[k], h[r,k] = (z[r,k] - μ[r]) / s[r], s[r] = √(σ²[r] + 0.00001), μ[r] and σ²[r] the mean and variance of the row's z",
        partials: &[
            Partial { by: "z", formula: "∂n[k]/∂z[j] = γ[k]/s ([k = j] - (1 + h[k] h[j])/m), of m units" },
            Partial { by: "γ", formula: "∂n[k]/∂γ[k] = h[k]" },
            Partial { by: "β", formula: "∂n[k]/∂β[k] = 1" },
        ],
        kinks: &[],
        constants: &[],
        source: "Ba, Kiros and Hinton 2016; ε = 1e-5 as in PyTorch; the variance is that of the differences from the mean",
    };

    pub(super) fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: &Self::ABOUT, make: |_| Arc::new(LayerNorm) }
    }
}

/// The shape of a norm: weighted sums and parameters with one number for each unit.
pub(super) fn norm_shape(inputs: &[Shape], parameters: usize, expected: &'static str) -> Result<Shape, ShapeError> {
    match inputs {
        [z @ Shape::Rows(n), rest @ ..] if rest.len() == parameters && rest.iter().all(|shape| *shape == Shape::Parameter(1, *n)) => Ok(*z),
        _ => Err(ShapeError::new(expected, inputs)),
    }
}

/// A formula and what its letters stand for.
pub(super) fn formula(text: &str, letters: Vec<(&str, Operand)>) -> Option<Written> {
    let letters = letters.into_iter().map(|(name, operand)| (name.to_string(), operand)).collect();
    Some(Written { formula: parse(text).ok()?, stable: None, letters })
}

/// Mean and variance of a row's sums z, s and h of unit `k`, which is the last.
fn between(k: usize, z: &[f64]) -> Vec<Between> {
    let units = z.len() as f64;
    let (mean, inverse) = statistics(z, 1, 0);
    let (mean, s) = (mean[0], 1.0 / inverse[0]);
    let variance = z.iter().map(|z| (z - mean) * (z - mean)).sum::<f64>() / units;
    let named = |name: &str, value: f64| Operand::Named(name.to_string(), value);
    let letters = vec![("z", Operand::Input(0, k)), ("mu", named("mean of z", mean)), ("s", named("s", s))];
    vec![
        Between::said("mean of z", mean),
        Between::said("variance of z", variance),
        Between::new("s", s, "sqrt(v + 0.00001)", vec![("v", named("variance of z", variance))]),
        Between::new(format!("h[{k}]"), (z[k] - mean) * inverse[0], "(z - mu) / s", letters),
    ]
}

/// Up to [`LANES`] rows from row `start` on, unit after unit: for each the numbers of these rows.
fn each_unit<S: Scalar>(numbers: &[S], rows: usize, start: usize) -> impl Iterator<Item = &[S]> {
    let end = rows.min(start + LANES);
    numbers.chunks_exact(rows).map(move |unit| &unit[start..end])
}

/// The means of rows from row `start` on, and 1/s.
fn statistics<S: Scalar>(z: &[S], rows: usize, start: usize) -> ([f64; LANES], [f64; LANES]) {
    let units = (z.len() / rows) as f64;
    let mut mean = [0.0; LANES];
    for z in each_unit(z, rows, start) {
        mean.iter_mut().zip(z).for_each(|(mean, z)| *mean += z.to_f64());
    }
    mean.iter_mut().for_each(|mean| *mean /= units);
    let mut inverse = [0.0; LANES];
    for z in each_unit(z, rows, start) {
        for ((square, z), mean) in inverse.iter_mut().zip(z).zip(&mean) {
            let difference = z.to_f64() - mean;
            *square += difference * difference;
        }
    }
    inverse.iter_mut().for_each(|square| *square = 1.0 / (*square / units + EPSILON).sqrt());
    (mean, inverse)
}

impl<S: Scalar> Op<S> for LayerNorm {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        norm_shape(inputs, 2, "z: rows × n, gain: 1 × n, shift: 1 × n")
    }

    /// h of every unit, then 1/s.
    fn saved(&self, inputs: &[Shape]) -> usize {
        inputs[0].size() + 1
    }

    fn forward(&self, x: Inputs<'_, S>, saved: &mut [S], out: &mut [S]) {
        let (rows, z, gain, shift) = (x.rows(), x.get(0), x.get(1), x.get(2));
        for start in (0..rows).step_by(LANES) {
            let (mean, inverse) = statistics(z, rows, start);
            for (k, z) in each_unit(z, rows, start).enumerate() {
                let (gain, shift) = (gain[k].to_f64(), shift[k].to_f64());
                let at = k * rows + start;
                for (l, z) in z.iter().enumerate() {
                    let h = (z.to_f64() - mean[l]) * inverse[l];
                    out[at + l] = S::from_f64(gain * h + shift);
                    if !saved.is_empty() {
                        saved[at + l] = S::from_f64(h);
                    }
                }
            }
            if !saved.is_empty() {
                saved[z.len() + start..z.len() + rows].iter_mut().zip(inverse).for_each(|(saved, inverse)| *saved = S::from_f64(inverse));
            }
        }
    }

    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        let (rows, gain) = (at.inputs.rows(), at.inputs.get(1));
        let (h, inverse) = at.saved.split_at(upstream.len());
        match wrt {
            0 => {}
            1 => return narrow::add_products(rows, upstream, h, grad),
            _ => return narrow::bias_gradient(rows, upstream, grad, true),
        }
        let units = gain.len() as f64;
        for start in (0..rows).step_by(LANES) {
            let (mut mean, mut along) = ([0.0; LANES], [0.0; LANES]);
            let all = || each_unit(upstream, rows, start).zip(each_unit(h, rows, start)).zip(gain);
            for ((upstream, h), gain) in all() {
                for (l, (upstream, h)) in upstream.iter().zip(h).enumerate() {
                    let pull = upstream.to_f64() * gain.to_f64();
                    mean[l] += pull;
                    along[l] += pull * h.to_f64();
                }
            }
            for (k, ((upstream, h), gain)) in all().enumerate() {
                for (l, (upstream, h)) in upstream.iter().zip(h).enumerate() {
                    let pull = upstream.to_f64() * gain.to_f64();
                    let centred = pull - (mean[l] + h.to_f64() * along[l]) / units;
                    grad[k * rows + start + l] += S::from_f64(inverse[start + l].to_f64() * centred);
                }
            }
        }
    }

    fn reach(&self, wrt: usize, index: usize, inputs: &[Shape]) -> Range<usize> {
        if wrt == 0 { 0..inputs[0].size() } else { index..index + 1 }
    }

    fn local(&self, wrt: usize, _index: usize, _k: usize, _inputs: &[Shape]) -> Local {
        if wrt == 2 { Local::One } else { Local::Other }
    }

    fn written(&self, wrt: usize, index: usize, k: usize, row: &Row<'_>) -> Option<Written> {
        let z = row.inputs[0];
        let (mean, inverse) = statistics(z, 1, 0);
        let h = |unit: usize| (z[unit] - mean[0]) * inverse[0];
        let units = z.len() as f64;
        let named = |name: &str, value: f64| Operand::Named(name.to_string(), value);
        let (own, other) = (named(&format!("h[{k}]"), h(k)), named(&format!("h[{index}]"), h(index)));
        let both = [("g", Operand::Input(1, k)), ("s", named("s", 1.0 / inverse[0])), ("m", named("units", units)), ("h", own.clone())];
        match (wrt, index == k) {
            (0, true) if (1.0 - (1.0 + h(k) * h(k)) / units).abs() > CANCELS => formula("g / s * (1 - (1 + h^2) / m)", both.to_vec()),
            (0, false) if (1.0 + h(k) * h(index)).abs() > CANCELS => {
                formula("-g / s * (1 + h * q) / m", both.into_iter().chain([("q", other)]).collect())
            }
            (0, _) => None,
            _ => formula("h", vec![("h", own)]),
        }
    }

    fn terms(&self, k: usize, row: &Row<'_>) -> Vec<Written> {
        let h = between(k, row.inputs[0]).pop().map_or(f64::NAN, |h| h.value);
        let letters = vec![("g", Operand::Input(1, k)), ("h", Operand::Named(format!("h[{k}]"), h)), ("b", Operand::Input(2, k))];
        formula("g * h + b", letters).into_iter().collect()
    }

    fn between(&self, k: usize, row: &Row<'_>) -> Vec<Between> {
        between(k, row.inputs[0])
    }

    fn numpy(&self, _inputs: &[Shape]) -> Option<Numpy> {
        let forward = [
            &format!("{{out}}_s = np.sqrt({{0}}.var(axis=1, keepdims=True) + {EPSILON:?})"),
            "{out}_h = ({0} - {0}.mean(axis=1, keepdims=True)) / {out}_s",
            "{out} = {1} * {out}_h + {2}",
        ];
        let pull = "({up} * {1})";
        let by_z = format!(
            "({pull} - {pull}.mean(axis=1, keepdims=True) - {{out}}_h * ({pull} * {{out}}_h).mean(axis=1, keepdims=True)) / {{out}}_s"
        );
        Some(Numpy::new(&forward, &[&by_z]))
    }

    fn numpy_slope(&self, wrt: usize, index: usize, k: usize, inputs: &[Shape]) -> Option<String> {
        let (own, other) = (format!("{{out}}_h[{{r}}, {k}]"), format!("{{out}}_h[{{r}}, {index}]"));
        let one = if index == k { 1 } else { 0 };
        let units = inputs[0].size();
        Some(match wrt {
            0 => format!("{{1}}[{k}] / {{out}}_s[{{r}}, 0] * ({one} - (1 + {own} * {other}) / {units})"),
            _ => own,
        })
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        let units = Dual::fixed(x[0].len() as f64);
        let total = |duals: &mut dyn Iterator<Item = Dual>| duals.fold(Dual::fixed(0.0), |sum, dual| sum.add(&dual)).divide(&units);
        let mean = total(&mut x[0].iter().copied());
        let differences: Vec<Dual> = x[0].iter().map(|z| z.subtract(&mean)).collect();
        let variance = total(&mut differences.iter().map(|difference| difference.multiply(difference)));
        let s = variance.add(&Dual::fixed(EPSILON)).apply(Function::Sqrt);
        for (k, out) in out.iter_mut().enumerate() {
            *out = x[1][k].multiply(&differences[k].divide(&s)).add(&x[2][k]);
        }
    }
}
