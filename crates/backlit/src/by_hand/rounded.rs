//! Numbers rounded on the way.

use super::Way;

/// How the numbers on the way are rounded.
#[derive(Clone, Copy)]
pub enum To {
    /// To so many decimals.
    Decimals(i32),
    /// To so many significant digits.
    Digits(usize),
}

/// Every number is rounded before it is computed on with. Given numbers stay as they are.
pub struct Rounded {
    /// How.
    pub to: To,
    /// Whether δ is one of these numbers, or all factors of a gradient are multiplied at once.
    pub keeps_delta: bool,
}

impl Way for Rounded {
    fn keep(&self, number: f64) -> f64 {
        match self.to {
            To::Decimals(places) => {
                let scale = 10f64.powi(places);
                (number * scale).round() / scale
            }
            To::Digits(digits) if number != 0.0 && number.is_finite() => {
                let first = number.abs().log10().floor() as i32;
                let scale = 10f64.powi(digits as i32 - 1 - first);
                (number * scale).round() / scale
            }
            To::Digits(_) => number,
        }
    }

    fn rounds(&self) -> bool {
        true
    }

    fn keeps_delta(&self) -> bool {
        self.keeps_delta
    }
}
