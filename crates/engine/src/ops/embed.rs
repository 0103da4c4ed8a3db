//! Learned numbers for the levels of categories: a table is looked up, which is the product with a one-hot vector.
//!
//! Letters: x the input, whose last columns hold codes of levels, E a table with a line of numbers for each level, e what comes out.

use crate::formula::Dual;
use crate::op::{About, Constant, Entry, Inputs, Kind, Local, Numpy, Op, Operand, Partial, Row, Site, Written};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::narrow::GROUP;
use backlit_kernels::pointwise;
use std::ops::Range;
use std::sync::Arc;

/// `e[r] = (x[r] without its codes, E[c[r]], …)`: a table for each of the last columns of x, with `d` numbers a level.
pub struct Embed {
    d: usize,
}

impl Embed {
    const ABOUT: About = About {
        name: "embed",
        kind: Kind::Structure,
        summary: "Learned numbers in the place of categories: the last columns of x are codes of levels, each with a table E.",
        formula: "e[r] = (x[r] without its codes, onehot(c[r]) E, …) = (x[r] without its codes, E[c[r]], …)",
        partials: &[
            Partial {
                by: "x", formula: "∂e[r,i]/∂x[r,i] = 1 for x's own columns; a code is a name, and nothing is differentiated by it"
            },
            Partial {
                by: "E", formula: "∂e[r,j]/∂E[l,j] = 1 where c[r] = l, else 0, so ∂C/∂E[l] = Σ δ[r] over the rows of level l"
            },
        ],
        kinks: &[],
        constants: &[Constant { name: "d", default: 8.0, least: 1.0, most: 4096.0, meaning: "How many numbers stand for a level." }],
        source: "Guo and Berkhahn, Entity Embeddings of Categorical Variables, arXiv:1604.06737, 2016",
    };

    /// With so many numbers a level.
    pub fn new(d: usize) -> Embed {
        Embed { d }
    }

    pub(super) fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: &Self::ABOUT, make: |constants| Arc::new(Embed::new(constants[0] as usize)) }
    }
}

/// The line of a table of so many levels that a code stands for; none: it stands for nothing, and NaN comes out.
#[inline(always)]
fn line<S: Scalar>(code: S, levels: usize) -> Option<usize> {
    let (code, line) = (code.to_f64(), code.to_f64() as usize);
    (line < levels && line as f64 == code).then_some(line)
}

/// Adds what comes down to each row of a group to its line of a table, `d` numbers wide. Where the rows are no fewer than the lines they
/// are first added up by line: a line of many rows is then a sum of sums, as every other sum over rows is, and keeps its digits.
/// `upstream`: d × rows from the group's first row on, `stride` numbers apart
fn add_group<S: Scalar>(lines: &[Option<usize>], d: usize, stride: usize, upstream: &[S], grad: &mut [S]) {
    let by_line = lines.len() >= grad.len() / d;
    for j in 0..d {
        let rows = lines.iter().zip(&upstream[j * stride..]).filter_map(|(line, &upstream)| Some(((*line)?, upstream)));
        if by_line {
            let mut sums = [S::ZERO; GROUP];
            rows.for_each(|(line, upstream)| sums[line] += upstream);
            grad[j..].iter_mut().step_by(d).zip(sums).for_each(|(grad, sum)| *grad += sum);
        } else {
            rows.for_each(|(line, upstream)| grad[line * d + j] += upstream);
        }
    }
}

impl<S: Scalar> Op<S> for Embed {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn constants(&self) -> Vec<(&'static str, f64)> {
        vec![("d", self.d as f64)]
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let wrong = || ShapeError::new(format!("x: rows × n, at most n tables E: levels × {}", self.d), inputs);
        match inputs {
            [Shape::Rows(n), tables @ ..] if (1..=*n).contains(&tables.len()) => {
                let fit = tables.iter().all(|table| matches!(table, Shape::Parameter(levels, d) if *levels > 0 && *d == self.d));
                if fit { Ok(Shape::Rows(n - tables.len() + tables.len() * self.d)) } else { Err(wrong()) }
            }
            _ => Err(wrong()),
        }
    }

    fn forward(&self, x: Inputs<'_, S>, _saved: &mut [S], out: &mut [S]) {
        let (n, d, tables) = (x.rows(), self.d, x.len() - 1);
        let (numbers, codes) = x.get(0).split_at((x.size(0) - tables) * n);
        let (passed, looked_up) = out.split_at_mut(numbers.len());
        passed.copy_from_slice(numbers);
        for (t, (codes, out)) in codes.chunks_exact(n).zip(looked_up.chunks_exact_mut(d * n)).enumerate() {
            let table = x.get(1 + t);
            for (r, &code) in codes.iter().enumerate() {
                match line(code, table.len() / d) {
                    Some(line) => table[line * d..][..d].iter().enumerate().for_each(|(j, &number)| out[j * n + r] = number),
                    None => (0..d).for_each(|j| out[j * n + r] = S::from_f64(f64::NAN)),
                }
            }
        }
    }

    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        let x = at.inputs;
        let (n, d, own) = (x.rows(), self.d, x.size(0) - (x.len() - 1));
        let Some(t) = wrt.checked_sub(1) else {
            return pointwise::add(&upstream[..own * n], &mut grad[..own * n]);
        };
        let codes = &x.get(0)[(own + t) * n..][..n];
        let upstream = &upstream[(own + t * d) * n..][..d * n];
        for (group, codes) in codes.chunks(GROUP).enumerate() {
            let mut lines = [None; GROUP];
            lines.iter_mut().zip(codes).for_each(|(place, &code)| *place = line(code, grad.len() / d));
            add_group(&lines[..codes.len()], d, n, &upstream[group * GROUP..], grad);
        }
    }

    fn reads(&self, inputs: &[Shape]) -> usize {
        (inputs.len() - 1) * self.d
    }

    fn taken(&self, wrt: usize, row: &[&[f64]]) -> Option<Range<usize>> {
        let place = (row[0].len() + wrt).checked_sub(row.len()).filter(|_| wrt > 0)?;
        let start = row[0][place] as usize * self.d;
        Some(start..start + self.d)
    }

    fn reach(&self, wrt: usize, index: usize, inputs: &[Shape]) -> Range<usize> {
        let own = inputs[0].size() - (inputs.len() - 1);
        match wrt {
            0 if index < own => index..index + 1,
            0 => 0..0,
            table => {
                let place = own + (table - 1) * self.d + index % self.d;
                place..place + 1
            }
        }
    }

    fn local(&self, wrt: usize, index: usize, _k: usize, inputs: &[Shape]) -> Local {
        match wrt {
            0 => Local::One,
            table => Local::Is { which: 0, index: inputs[0].size() + table - inputs.len(), value: index / self.d },
        }
    }

    fn terms(&self, k: usize, row: &Row<'_>) -> Vec<Written> {
        let own = row.inputs[0].len() + 1 - row.inputs.len();
        let looked_up = k.checked_sub(own).map(|at| {
            let (table, number) = (at / self.d, at % self.d);
            Operand::Input(1 + table, row.inputs[0][own + table] as usize * self.d + number)
        });
        vec![Written::alone(looked_up.unwrap_or(Operand::Input(0, k)))]
    }

    fn numpy(&self, inputs: &[Shape]) -> Option<Numpy> {
        let tables = inputs.len() - 1;
        let own = inputs[0].size() - tables;
        let looked_up = (0..tables).map(|t| format!("{{{}}}[{{0}}[:, {}].astype(int)]", t + 1, own + t));
        let parts: Vec<String> = std::iter::once(format!("{{0}}[:, :{own}]")).chain(looked_up).collect();
        let forward =
            vec!["# A code is the number of a line of its table.".to_string(), format!("{{out}} = np.hstack([{}])", parts.join(", "))];
        let by_x = format!("np.hstack([{{up}}[:, :{own}], np.zeros((len({{0}}), {tables}))])");
        Some(Numpy { forward, backward: vec![by_x] })
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        let (numbers, codes) = x[0].split_at(x[0].len() + 1 - x.len());
        let mut out = out.iter_mut();
        numbers.iter().zip(&mut out).for_each(|(x, out)| *out = *x);
        for (code, table) in codes.iter().zip(&x[1..]) {
            // Σₗ onehot(c)ₗ Eₗ, of which all terms but one are 0.
            let known = code.value >= 0.0 && code.value.fract() == 0.0;
            let row = table.chunks(self.d).nth(code.value as usize).filter(|_| known);
            for (j, out) in out.by_ref().take(self.d).enumerate() {
                *out = row.map_or(Dual::fixed(f64::NAN), |row| row[j]);
            }
        }
    }
}
