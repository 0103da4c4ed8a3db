//! Initial parameters.

use crate::numpy_random::NumpyRandom;
use crate::ops::call;
use crate::random::{Purpose, Random};

/// How a weight or bias starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initializer {
    /// All 0.
    Zeros,
    /// Uniform between two numbers.
    Uniform(f64, f64),
    /// Normal with mean and standard deviation.
    Normal(f64, f64),
    /// Uniform with variance 2 / (fan in + fan out). Glorot and Bengio, AISTATS 2010.
    GlorotUniform,
    /// Normal with that variance.
    GlorotNormal,
    /// Uniform with variance 2 / fan in. He, Zhang, Ren and Sun, ICCV 2015.
    HeUniform,
    /// Normal with that variance.
    HeNormal,
    /// Normal with variance 1 / fan in. LeCun, Bottou, Orr and Müller 1998.
    LecunNormal,
    /// Orthonormal rows or columns, whichever are fewer. Saxe, McClelland and Ganguli, ICLR 2014.
    Orthogonal,
    /// As [`Initializer::LecunNormal`]; whoever has the rows then brings each unit's weights to where its sums over them have this
    /// deviation. Krähenbühl, Doersch, Donahue and Darrell, ICLR 2016.
    UnitVariance(f64),
}

/// Where initial parameters are drawn from.
pub enum Draws {
    /// Our counter-based stream; each parameter has its own.
    Own {
        /// The seed of the run.
        seed: u64,
        /// How many parameters were drawn.
        drawn: u64,
    },
    /// NumPy's `np.random.seed` stream, one for all parameters.
    Numpy(Box<NumpyRandom>),
}

impl Initializer {
    /// Reads `uniform(-1, 1)`, `he_normal` and so on. `Err` says what to type.
    pub fn parse(text: &str) -> Result<Initializer, String> {
        let (name, constants) = call(text)?;
        Ok(match (name, constants.as_slice()) {
            ("zeros", []) => Initializer::Zeros,
            ("uniform", &[low, high]) if low <= high => Initializer::Uniform(low, high),
            ("uniform", _) => return Err(format!("'{text}': expected uniform(low, high) with low ≤ high")),
            ("normal", &[mean, std]) if std >= 0.0 => Initializer::Normal(mean, std),
            ("normal", _) => return Err(format!("'{text}': expected normal(mean, std) with std ≥ 0")),
            ("glorot_uniform", []) => Initializer::GlorotUniform,
            ("glorot_normal", []) => Initializer::GlorotNormal,
            ("he_uniform", []) => Initializer::HeUniform,
            ("he_normal", []) => Initializer::HeNormal,
            ("lecun_normal", []) => Initializer::LecunNormal,
            ("orthogonal", []) => Initializer::Orthogonal,
            ("unit_variance", []) => Initializer::UnitVariance(1.0),
            ("unit_variance", &[deviation]) if deviation > 0.0 => Initializer::UnitVariance(deviation),
            ("unit_variance", _) => return Err(format!("'{text}': expected unit_variance, or unit_variance(deviation) above 0")),
            _ => {
                return Err(format!(
                    "no initializer '{text}'; there are zeros, uniform(a, b), normal(mean, std), glorot_uniform, glorot_normal, \
                     he_uniform, he_normal, lecun_normal, orthogonal, unit_variance, unit_variance(deviation)"
                ));
            }
        })
    }

    /// A matrix rows × columns; fan in is `columns`, fan out is `rows`.
    pub fn draw(self, draws: &mut Draws, rows: usize, columns: usize) -> Vec<f64> {
        let (fan_in, fan_out) = (columns as f64, rows as f64);
        let mut stream = draws.next();
        let mut fill = |draw: &mut dyn FnMut(&mut Stream<'_>) -> f64| (0..rows * columns).map(|_| draw(&mut stream)).collect();
        let glorot = 2.0 / (fan_in + fan_out);
        match self {
            Initializer::Zeros => vec![0.0; rows * columns],
            Initializer::Uniform(low, high) => fill(&mut |s| s.uniform(low, high)),
            Initializer::Normal(mean, std) => fill(&mut |s| mean + std * s.normal()),
            Initializer::GlorotUniform => fill(&mut |s| s.centred(glorot)),
            Initializer::GlorotNormal => fill(&mut |s| glorot.sqrt() * s.normal()),
            Initializer::HeUniform => fill(&mut |s| s.centred(2.0 / fan_in)),
            Initializer::HeNormal => fill(&mut |s| (2.0 / fan_in).sqrt() * s.normal()),
            Initializer::LecunNormal | Initializer::UnitVariance(_) => fill(&mut |s| (1.0 / fan_in).sqrt() * s.normal()),
            Initializer::Orthogonal => orthogonal(rows, columns, &mut stream),
        }
    }
}

enum Stream<'a> {
    Own(Random),
    Numpy(&'a mut NumpyRandom),
}

impl Draws {
    /// Our own stream for a seed.
    pub fn own(seed: u64) -> Draws {
        Draws::Own { seed, drawn: 0 }
    }

    /// NumPy's stream for a seed.
    pub fn numpy(seed: u32) -> Draws {
        Draws::Numpy(Box::new(NumpyRandom::new(seed)))
    }

    fn next(&mut self) -> Stream<'_> {
        match self {
            Draws::Own { seed, drawn } => {
                *drawn += 1;
                Stream::Own(Random::new(*seed, Purpose::Initialize, *drawn - 1))
            }
            Draws::Numpy(random) => Stream::Numpy(random),
        }
    }
}

impl Stream<'_> {
    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        match self {
            Stream::Own(random) => random.uniform(low, high),
            Stream::Numpy(random) => random.uniform(low, high),
        }
    }

    /// Uniform around 0 with this variance: the interval is ±√(3 · variance).
    fn centred(&mut self, variance: f64) -> f64 {
        let bound = (3.0 * variance).sqrt();
        self.uniform(-bound, bound)
    }

    fn normal(&mut self) -> f64 {
        match self {
            Stream::Own(random) => random.normal(),
            Stream::Numpy(random) => random.randn(),
        }
    }
}

/// Gram–Schmidt, twice over ("twice is enough", Giraud et al. 2005), on normal vectors.
fn orthogonal(rows: usize, columns: usize, stream: &mut Stream<'_>) -> Vec<f64> {
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut vectors: Vec<Vec<f64>> = Vec::with_capacity(count);
    while vectors.len() < count {
        let mut vector: Vec<f64> = (0..length).map(|_| stream.normal()).collect();
        for _ in 0..2 {
            for other in &vectors {
                let along: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                vector.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
        }
        let norm = vector.iter().map(|a| a * a).sum::<f64>().sqrt();
        if norm > 1e-6 {
            vectors.push(vector.into_iter().map(|a| a / norm).collect());
        }
    }
    let entry = |r: usize, c: usize| if rows <= columns { vectors[r][c] } else { vectors[c][r] };
    (0..rows * columns).map(|i| entry(i / columns, i % columns)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variances_are_those_of_the_papers() {
        let (rows, columns) = (300, 200);
        for (text, variance) in [
            ("uniform(-1, 3)", 16.0 / 12.0),
            ("normal(2, 0.5)", 0.25),
            ("glorot_uniform", 2.0 / 500.0),
            ("glorot_normal", 2.0 / 500.0),
            ("he_uniform", 2.0 / 200.0),
            ("he_normal", 2.0 / 200.0),
            ("lecun_normal", 1.0 / 200.0),
            ("unit_variance", 1.0 / 200.0),
        ] {
            let drawn = Initializer::parse(text).unwrap().draw(&mut Draws::own(3), rows, columns);
            let n = drawn.len() as f64;
            let mean = drawn.iter().sum::<f64>() / n;
            let got = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            assert!((got / variance - 1.0).abs() < 0.03, "{text}: {got} and {variance}");
        }
    }

    #[test]
    fn orthogonal_is_orthogonal() {
        for (rows, columns) in [(5, 5), (3, 8), (8, 3)] {
            let w = Initializer::Orthogonal.draw(&mut Draws::own(1), rows, columns);
            let short = rows.min(columns);
            for i in 0..short {
                for j in 0..short {
                    let dot: f64 = if rows <= columns {
                        (0..columns).map(|c| w[i * columns + c] * w[j * columns + c]).sum()
                    } else {
                        (0..rows).map(|r| w[r * columns + i] * w[r * columns + j]).sum()
                    };
                    assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-14);
                }
            }
        }
    }

    #[test]
    fn wrong_initializers_say_what_there_is() {
        for text in ["xavier", "uniform", "uniform(1)", "uniform(2, 1)", "normal(0, -1)", "zeros(1)", "uniform(a, b)", "normal(0, nan)"] {
            assert!(Initializer::parse(text).is_err(), "{text}");
        }
    }
}
