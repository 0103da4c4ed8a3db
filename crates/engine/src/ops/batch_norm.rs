//! The weighted sums of each unit brought to mean 0 and variance 1, then scaled and shifted.
//!
//! In training mean and variance are those of the batch, everywhere else the running ones, which are kept with the
//! parameters and not trained. Letters: z the weighted sums, γ the gain, β the shift, μ and σ² the unit's mean and variance.

use super::layer_norm::{EPSILON, formula, norm_shape};
use crate::formula::{Dual, Function, Number};
use crate::op::{About, Between, Entry, Inputs, Kind, Local, Numpy, Op, Operand, Partial, Row, Site, Written};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::narrow;
use backlit_kernels::sum::{dot, sum};
use std::ops::Range;
use std::sync::Arc;

/// n\[r,k\] = gain\[k\] · (z\[r,k\] − mean\[k\]) / √(variance\[k\] + ε) + shift\[k\]
pub struct BatchNorm {
    /// Whether mean and variance are those of the batch.
    of_batch: bool,
}

/// The share of a batch's statistics in the new running ones; PyTorch's.
const MOMENTUM: f64 = 0.1;

impl BatchNorm {
    const ABOUT: About = About {
        name: "batch_norm",
        kind: Kind::Structure,
        summary: "The weighted sums of each unit brought to mean 0 and variance 1, over the batch in training and by running statistics everywhere else; then scaled and shifted.",
        formula: "n[r,k] = γ[k] (z[r,k] - μ[k]) / s[k] + β[k], s[k] = √(σ²[k] + 0.00001)",
        partials: &[
            Partial {
                by: "z",
                formula: "∂n/∂z = γ/s; in training ∂n[r]/∂z[q] = γ/s ([r = q] - (1 + h[r] h[q])/B), h = (z - μ)/s, of B rows",
            },
            Partial { by: "γ", formula: "∂n/∂γ = (z - μ)/s" },
            Partial { by: "β", formula: "∂n/∂β = 1" },
            Partial { by: "μ", formula: "∂n/∂μ = -γ/s; in training none" },
            Partial { by: "σ²", formula: "∂n/∂σ² = -γ (z - μ)/(2 s³); in training none" },
        ],
        kinks: &[],
        constants: &[],
        source: "Ioffe and Szegedy, ICML 2015; ε = 1e-5, momentum 0.1 and the running variance of B - 1 as in PyTorch",
    };

    pub(super) fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: &Self::ABOUT, make: |_| Arc::new(BatchNorm { of_batch: false }) }
    }

    /// With the statistics of the batch, or the running ones.
    pub fn new(of_batch: bool) -> BatchNorm {
        BatchNorm { of_batch }
    }
}

/// Mean and variance of some numbers, the latter from the differences.
fn statistics<S: Scalar>(numbers: &[S]) -> (f64, f64) {
    let count = numbers.len() as f64;
    let mean = sum(numbers, |number| number) / count;
    (mean, sum(numbers, |number| (number - mean) * (number - mean)) / count)
}

/// The `k`-th running mean and 1/s.
fn running<S: Scalar>(x: &Inputs<'_, S>, k: usize) -> (f64, f64) {
    (x.get(3)[k].to_f64(), 1.0 / (x.get(4)[k].to_f64() + EPSILON).sqrt())
}

impl<S: Scalar> Op<S> for BatchNorm {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        norm_shape(inputs, 4, "z: rows × n, gain, shift, mean and variance: 1 × n each")
    }

    fn reads_batch(&self) -> bool {
        self.of_batch
    }

    /// Of a batch: h of every number, units × rows, then 1/s, mean and variance, 3 × units. A count is for a row: four for each unit make
    /// room for all of these even where the batch has one row; what is more is never touched.
    fn saved(&self, inputs: &[Shape]) -> usize {
        if self.of_batch { 4 * inputs[0].size() } else { 0 }
    }

    fn forward(&self, x: Inputs<'_, S>, saved: &mut [S], out: &mut [S]) {
        let (rows, units) = (x.rows(), x.width());
        let numbers = x.get(0).chunks_exact(rows).zip(out.chunks_exact_mut(rows)).enumerate();
        for (k, (z, out)) in numbers {
            let (gain, shift) = (x.get(1)[k].to_f64(), x.get(2)[k].to_f64());
            let (mean, inverse) = if self.of_batch {
                let (mean, variance) = statistics(z);
                let inverse = 1.0 / (variance + EPSILON).sqrt();
                if !saved.is_empty() {
                    let (h, rest) = saved.split_at_mut(units * rows);
                    let h = &mut h[k * rows..][..rows];
                    h.iter_mut().zip(z).for_each(|(h, z)| *h = S::from_f64((z.to_f64() - mean) * inverse));
                    for (place, number) in [inverse, mean, variance].into_iter().enumerate() {
                        rest[place * units + k] = S::from_f64(number);
                    }
                }
                (mean, inverse)
            } else {
                running(&x, k)
            };
            out.iter_mut().zip(z).for_each(|(out, z)| *out = S::from_f64(gain * ((z.to_f64() - mean) * inverse) + shift));
        }
    }

    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        let x = at.inputs;
        let (rows, units) = (x.rows(), x.width());
        match (wrt, self.of_batch) {
            (2, _) => narrow::bias_gradient(rows, upstream, grad, true),
            (1, true) => narrow::add_products(rows, upstream, &at.saved[..upstream.len()], grad),
            (0, true) => {
                let (h, rest) = at.saved.split_at(units * rows);
                let all = upstream.chunks_exact(rows).zip(h.chunks_exact(rows)).zip(grad.chunks_exact_mut(rows));
                for (k, ((upstream, h), grad)) in all.enumerate() {
                    let pull = x.get(1)[k].to_f64() * rest[k].to_f64();
                    let (mean, along) = (sum(upstream, |u| u) / rows as f64, dot(upstream, h) / rows as f64);
                    for ((grad, u), h) in grad.iter_mut().zip(upstream).zip(h) {
                        *grad += S::from_f64(pull * (u.to_f64() - mean - h.to_f64() * along));
                    }
                }
            }
            // The running statistics are not what is computed with.
            (_, true) => {}
            (0, false) => {
                for (k, (upstream, grad)) in upstream.chunks_exact(rows).zip(grad.chunks_exact_mut(rows)).enumerate() {
                    let slope = x.get(1)[k].to_f64() * running(&x, k).1;
                    grad.iter_mut().zip(upstream).for_each(|(grad, u)| *grad += S::from_f64(slope * u.to_f64()));
                }
            }
            (_, false) => {
                for (k, (upstream, z)) in upstream.chunks_exact(rows).zip(x.get(0).chunks_exact(rows)).enumerate() {
                    let ((mean, inverse), gain) = (running(&x, k), x.get(1)[k].to_f64());
                    let slope = |z: S| match wrt {
                        1 => (z.to_f64() - mean) * inverse,
                        3 => -gain * inverse,
                        _ => -0.5 * gain * (z.to_f64() - mean) * inverse * inverse * inverse,
                    };
                    narrow::add_strands([upstream, z], |[upstream, z]| S::from_f64(upstream.to_f64() * slope(z)), &mut grad[k]);
                }
            }
        }
    }

    fn remembers(&self, wrt: usize) -> bool {
        self.of_batch && wrt > 2
    }

    fn remember(&self, wrt: usize, rows: usize, saved: &[S], numbers: &mut [S]) {
        if rows < 2 {
            return;
        }
        let of_batch = &saved[numbers.len() * (rows + wrt - 2)..][..numbers.len()];
        // Of the mean nothing is corrected.
        let share = MOMENTUM * if wrt == 4 { rows as f64 / (rows as f64 - 1.0) } else { 1.0 };
        for (number, new) in numbers.iter_mut().zip(of_batch) {
            *number = S::from_f64((1.0 - MOMENTUM) * number.to_f64() + share * new.to_f64());
        }
    }

    fn reach(&self, _wrt: usize, index: usize, _inputs: &[Shape]) -> Range<usize> {
        index..index + 1
    }

    fn local(&self, wrt: usize, _index: usize, _k: usize, _inputs: &[Shape]) -> Local {
        if wrt == 2 { Local::One } else { Local::Other }
    }

    fn written(&self, wrt: usize, index: usize, _k: usize, row: &Row<'_>) -> Option<Written> {
        let of = |letter, wrt| (letter, Operand::Input(wrt, index));
        let (z, g, mean, variance) = (of("z", 0), of("g", 1), of("mu", 3), of("v", 4));
        let s = ("s", Operand::Named("s".into(), (row.inputs[4][index] + EPSILON).sqrt()));
        match wrt {
            0 => formula("g / s", vec![g, s]),
            1 => formula("(z - mu) / s", vec![z, mean, s]),
            3 => formula("-g / s", vec![g, s]),
            _ => formula("-g * (z - mu) / (2 * s * (v + 0.00001))", vec![g, z, mean, s, variance]),
        }
    }

    fn terms(&self, k: usize, row: &Row<'_>) -> Vec<Written> {
        let of = |letter, wrt| (letter, Operand::Input(wrt, k));
        let s = ("s", Operand::Named("s".into(), (row.inputs[4][k] + EPSILON).sqrt()));
        formula("g * (z - mu) / s + b", vec![of("g", 1), of("z", 0), of("mu", 3), s, of("b", 2)]).into_iter().collect()
    }

    fn between(&self, k: usize, row: &Row<'_>) -> Vec<Between> {
        let letters = vec![("v", Operand::Input(4, k))];
        vec![Between::new("s", (row.inputs[4][k] + EPSILON).sqrt(), "sqrt(v + 0.00001)", letters)]
    }

    fn numpy(&self, _inputs: &[Shape]) -> Option<Numpy> {
        let forward =
            [&format!("{{out}}_s = np.sqrt({{4}} + {EPSILON:?})"), "{out}_h = ({0} - {3}) / {out}_s", "{out} = {1} * {out}_h + {2}"];
        (!self.of_batch).then(|| Numpy::new(&forward, &["{up} * {1} / {out}_s"]))
    }

    fn numpy_slope(&self, wrt: usize, _index: usize, k: usize, _inputs: &[Shape]) -> Option<String> {
        Some(match wrt {
            0 => format!("{{1}}[{k}] / {{out}}_s[{k}]"),
            1 => format!("{{out}}_h[{{r}}, {k}]"),
            3 => format!("-{{1}}[{k}] / {{out}}_s[{k}]"),
            _ => format!("-{{1}}[{k}] * {{out}}_h[{{r}}, {k}] / (2 * {{out}}_s[{k}] ** 2)"),
        })
    }

    /// With the running statistics.
    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        for (k, out) in out.iter_mut().enumerate() {
            let s = x[4][k].add(&Dual::fixed(EPSILON)).apply(Function::Sqrt);
            *out = x[1][k].multiply(&x[0][k].subtract(&x[3][k]).divide(&s)).add(&x[2][k]);
        }
    }
}
