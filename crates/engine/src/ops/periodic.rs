//! Waves of columns: cosines of each column's own frequencies and phases.
//!
//! Letters: x the inputs, f the frequencies and φ the phases, one line for each column that has waves, h what comes out.

use super::layer_norm::formula;
use crate::formula::{Dual, Number};
use crate::op::{About, Between, Entry, Inputs, Kind, Numpy, Op, Operand, Partial, Row, Site, Written};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::math::{MODEST, cos_at, modest_cos_at, short};
use backlit_kernels::narrow;
use backlit_kernels::pointwise::{self, Unary};
use std::f64::consts::TAU;
use std::ops::Range;
use std::sync::Arc;

/// `h[r, j·waves + k] = cos(2π f[j,k] x[r,c(j)] + φ[j,k])`
pub struct Periodic {
    /// c: the column of x that each line of f and φ belongs to; empty: each column has a line, in their order.
    columns: Vec<usize>,
}

impl Periodic {
    const ABOUT: About = About {
        name: "periodic",
        kind: Kind::Structure,
        summary: "Cosines of single columns, with frequencies and phases of their own.",
        formula: "h[r,j,k] = cos(t[r,j,k]), t[r,j,k] = 2π f[j,k] x[r,c(j)] + φ[j,k], c(j) the column of line j",
        partials: &[
            Partial { by: "x", formula: "∂h[j,k]/∂x[c(j)] = -2π f[j,k] sin t[j,k]" },
            Partial { by: "f", formula: "∂h[j,k]/∂f[j,k] = -2π x[c(j)] sin t[j,k]" },
            Partial { by: "φ", formula: "∂h[j,k]/∂φ[j,k] = -sin t[j,k]" },
        ],
        kinks: &[],
        constants: &[],
        source: "Gorishniy, Rubachev and Babenko, On Embeddings for Numerical Features, NeurIPS 2022; with phases in place of sines in Holzmüller, Grinsztajn and Steinwart, Better by Default (RealMLP), NeurIPS 2024, arXiv:2407.04491",
    };

    /// With a line of frequencies for each of these columns.
    pub fn new(columns: &[usize]) -> Periodic {
        Periodic { columns: columns.to_vec() }
    }

    pub(super) fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: &Self::ABOUT, make: |_| Arc::new(Periodic::new(&[])) }
    }

    /// Lines, and waves of each, from the columns of x and all waves.
    fn extents(&self, columns: usize, waves: usize) -> (usize, usize) {
        let lines = if self.columns.is_empty() { columns } else { self.columns.len() };
        (lines, waves / lines)
    }

    /// The column of a line.
    fn column(&self, line: usize) -> usize {
        self.columns.get(line).copied().unwrap_or(line)
    }
}

/// cos(2πf·x + φ) and its derivative by φ.
struct Wave {
    /// 2πf
    speed: f64,
    phase: f64,
}

/// The same where the argument may be so large that it takes more than a few steps to bring it to one turn.
struct FarWave(Wave);

impl Wave {
    #[inline(always)]
    fn argument(&self, x: f64) -> f64 {
        self.speed * x + self.phase
    }
}

impl Unary for Wave {
    #[inline(always)]
    fn at(&self, x: f64) -> (f64, f64) {
        modest_cos_at(self.argument(x))
    }
    #[inline(always)]
    fn short(&self, x: f64) -> (f64, f64) {
        short::modest_cos_at(self.argument(x))
    }
}

impl Unary for FarWave {
    #[inline(always)]
    fn at(&self, x: f64) -> (f64, f64) {
        cos_at(self.0.argument(x))
    }
    #[inline(always)]
    fn short(&self, x: f64) -> (f64, f64) {
        short::cos_at(self.0.argument(x))
    }
}

fn waves<S: Scalar, F: Unary>(wave: &F, x: &[S], out: &mut [S], saved: Option<&mut [S]>) {
    match saved {
        Some(saved) => pointwise::map_with_slope(wave, x, out, saved),
        None => pointwise::map(wave, x, out),
    }
}

impl<S: Scalar> Op<S> for Periodic {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let fits = |n: usize, lines: usize| match self.columns.is_empty() {
            true => lines == n,
            false => lines == self.columns.len() && self.columns.iter().all(|&column| column < n),
        };
        match inputs {
            [Shape::Rows(n), Shape::Parameter(lines, waves), phases] if fits(*n, *lines) && *phases == Shape::Parameter(*lines, *waves) => {
                Ok(Shape::Rows(lines * waves))
            }
            _ => Err(ShapeError::new("x: rows × n, f: columns with waves × waves, φ: columns with waves × waves", inputs)),
        }
    }

    /// -sin t.
    fn saved(&self, inputs: &[Shape]) -> usize {
        inputs[1].size()
    }

    fn forward(&self, x: Inputs<'_, S>, saved: &mut [S], out: &mut [S]) {
        let (n, f, phases) = (x.rows(), x.get(1), x.get(2));
        let (lines, per_line) = self.extents(x.size(0), f.len());
        let mut slopes = saved.chunks_exact_mut(n);
        let mut outs = out.chunks_exact_mut(n);
        for line in 0..lines {
            let x = &x.get(0)[self.column(line) * n..][..n];
            let most = x.iter().fold(0.0f64, |most, x| most.max(x.to_f64().abs()));
            for place in line * per_line..(line + 1) * per_line {
                let Some(out) = outs.next() else { return };
                let wave = Wave { speed: TAU * f[place].to_f64(), phase: phases[place].to_f64() };
                // Rounding aside: the fast form reaches a little further.
                if wave.speed.abs() * most + wave.phase.abs() <= 0.999 * MODEST {
                    waves(&wave, x, out, slopes.next());
                } else {
                    waves(&FarWave(wave), x, out, slopes.next());
                }
            }
        }
    }

    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        let x = at.inputs;
        let (n, f, slopes) = (x.rows(), x.get(1), at.saved);
        let (_, per_line) = self.extents(x.size(0), f.len());
        if wrt == 2 {
            return narrow::add_products(n, upstream, slopes, grad);
        }
        if wrt == 1 {
            let lines = upstream.chunks_exact(per_line * n).zip(slopes.chunks_exact(per_line * n)).zip(grad.chunks_exact_mut(per_line));
            for (line, ((upstream, slopes), grad)) in lines.enumerate() {
                let x = &x.get(0)[self.column(line) * n..][..n];
                narrow::add_products_with(upstream, slopes, S::from_f64(TAU), x, grad);
            }
            return;
        }
        for (place, (upstream, slopes)) in upstream.chunks_exact(n).zip(slopes.chunks_exact(n)).enumerate() {
            let column = self.column(place / per_line) * n;
            let speed = S::from_f64(TAU * f[place].to_f64());
            let all = upstream.iter().zip(slopes).zip(&mut grad[column..][..n]);
            all.for_each(|((&upstream, &slope), grad)| *grad += upstream * slope * speed);
        }
    }

    fn reach(&self, wrt: usize, index: usize, inputs: &[Shape]) -> Range<usize> {
        if wrt > 0 {
            return index..index + 1;
        }
        let (lines, per_line) = self.extents(inputs[0].size(), inputs[1].size());
        let own = |line: &usize| self.column(*line) == index;
        match ((0..lines).find(own), (0..lines).rfind(own)) {
            (Some(first), Some(last)) => first * per_line..(last + 1) * per_line,
            _ => 0..0,
        }
    }

    fn written(&self, wrt: usize, index: usize, k: usize, row: &Row<'_>) -> Option<Written> {
        let (x, f, phases) = (row.inputs[0], row.inputs[1], row.inputs[2]);
        let (_, per_line) = self.extents(x.len(), f.len());
        let (line, wave) = (k / per_line, k % per_line);
        let column = self.column(line);
        if wrt == 0 && column != index {
            return formula("0", Vec::new());
        }
        let sine = -cos_at(TAU * f[k] * x[column] + phases[k]).1;
        let s = ("s", Operand::Named(format!("sin(2π f[{line},{wave}] x + φ[{line},{wave}])"), sine));
        match wrt {
            0 => formula("-2 * pi * f * s", vec![("f", Operand::Input(1, k)), s]),
            1 => formula("-2 * pi * x * s", vec![("x", Operand::Input(0, column)), s]),
            _ => formula("-s", vec![s]),
        }
    }

    fn terms(&self, k: usize, row: &Row<'_>) -> Vec<Written> {
        let (_, per_line) = self.extents(row.inputs[0].len(), row.inputs[1].len());
        // The language of formulas has no cosine.
        vec![Written::alone(Operand::Named(format!("cos t[{},{}]", k / per_line, k % per_line), row.out[k]))]
    }

    fn between(&self, k: usize, row: &Row<'_>) -> Vec<Between> {
        let (x, f, phases) = (row.inputs[0], row.inputs[1], row.inputs[2]);
        let (_, per_line) = self.extents(x.len(), f.len());
        let column = self.column(k / per_line);
        let letters = vec![("f", Operand::Input(1, k)), ("x", Operand::Input(0, column)), ("p", Operand::Input(2, k))];
        let name = format!("t[{},{}]", k / per_line, k % per_line);
        vec![Between::new(name, TAU * f[k] * x[column] + phases[k], "2 * pi * f * x + p", letters)]
    }

    fn numpy(&self, inputs: &[Shape]) -> Option<Numpy> {
        let (lines, per_line) = self.extents(inputs[0].size(), inputs[1].size());
        let of: Vec<String> = (0..lines * per_line).map(|k| self.column(k / per_line).to_string()).collect();
        let forward = [
            &format!("{{out}}_of = [{}]  # the column of each cosine", of.join(", ")),
            "{out}_t = 2 * np.pi * {0}[:, {out}_of] * {1}.ravel() + {2}.ravel()",
            "{out} = np.cos({out}_t)",
        ];
        let width = inputs[0].size();
        Some(Numpy::new(&forward, &[&format!("(-2 * np.pi * {{up}} * np.sin({{out}}_t) * {{1}}.ravel()) @ np.eye({width})[{{out}}_of]")]))
    }

    fn numpy_slope(&self, wrt: usize, index: usize, k: usize, inputs: &[Shape]) -> Option<String> {
        let (_, per_line) = self.extents(inputs[0].size(), inputs[1].size());
        let column = self.column(k / per_line);
        let sine = format!("np.sin({{out}}_t[{{r}}, {k}])");
        Some(match wrt {
            0 if column != index => "0.0".to_string(),
            0 => format!("-2 * np.pi * {{1}}.flat[{k}] * {sine}"),
            1 => format!("-2 * np.pi * {{0}}[{{r}}, {column}] * {sine}"),
            _ => format!("-{sine}"),
        })
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        Op::<S>::plain_some(self, x, 0..out.len(), out);
    }

    fn plain_some(&self, x: &[&[Dual]], some: Range<usize>, out: &mut [Dual]) {
        let (_, per_line) = self.extents(x[0].len(), x[1].len());
        for (place, (out, (f, phase))) in out.iter_mut().zip(x[1].iter().zip(x[2])).enumerate().take(some.end).skip(some.start) {
            let turns = f.multiply(&x[0][self.column(place / per_line)]);
            *out = turns.multiply(&Dual::fixed(TAU)).add(phase).cos();
        }
    }
}
