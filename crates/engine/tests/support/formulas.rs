//! Random formulas.

use backlit_engine::formula::{Comparison, Condition, Formula, Function, Sign};
use backlit_engine::random::{Purpose, Random};

/// Draws formulas in z and y with small numbers.
pub struct Drawer(Random);

impl Drawer {
    /// The same formulas for the same seed.
    pub fn new(seed: u64) -> Drawer {
        Drawer(Random::new(seed, Purpose::Check, 7))
    }

    /// A whole number below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        self.0.below(end)
    }

    /// A number of the interval.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0.uniform(low, high)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }

    /// A formula at most so deep.
    pub fn formula(&mut self, depth: usize) -> Formula {
        if depth == 0 || self.below(8) == 0 {
            return match self.below(3) {
                0 => Formula::Constant(self.pick(&[0.0, 1.0, 2.0, 3.0, 0.5, 0.125, 1.5, -1.0, -2.0, 4.0, 0.25])),
                1 => Formula::Variable("z".into()),
                _ => Formula::Variable(self.pick(&["z", "y"]).into()),
            };
        }
        let inner = depth - 1;
        match self.below(12) {
            0 => Formula::Negative(Box::new(self.formula(inner))),
            1..=6 => {
                let sign = self.pick(&[Sign::Plus, Sign::Plus, Sign::Minus, Sign::Minus, Sign::Times, Sign::Times, Sign::Over]);
                Formula::Arithmetic(sign, Box::new(self.formula(inner)), Box::new(self.formula(inner)))
            }
            7 => {
                let exponent = if self.below(4) == 0 {
                    self.formula(1)
                } else {
                    Formula::Constant(self.pick(&[2.0, 3.0, -1.0, -2.0, 0.5, 1.0, 0.0, 1.5]))
                };
                Formula::Arithmetic(Sign::Power, Box::new(self.formula(inner)), Box::new(exponent))
            }
            8 | 9 => Formula::Apply(self.pick(&Function::NAMES).1, Box::new(self.formula(inner))),
            10 if self.below(2) == 0 => Formula::Max(Box::new(self.formula(inner)), Box::new(self.formula(inner))),
            10 => Formula::Min(Box::new(self.formula(inner)), Box::new(self.formula(inner))),
            _ => {
                let comparison = self.pick(&[Comparison::Greater, Comparison::GreaterOrEqual, Comparison::Less, Comparison::LessOrEqual]);
                let condition = Condition { left: self.formula(inner.min(2)), comparison, right: self.formula(inner.min(1)) };
                Formula::Where(Box::new(condition), Box::new(self.formula(inner)), Box::new(self.formula(inner)))
            }
        }
    }
}
