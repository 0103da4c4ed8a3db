//! One of several trainings that left the finite numbers.

use crate::error::{Error, Kind};
use backlit_engine::train::Divergence;
use std::fmt;

/// What to try. `is_standardized`: whether the inputs are
pub fn hint(is_standardized: bool) -> &'static str {
    if is_standardized { "a smaller --learning-rate, or --clip-norm 1" } else { "a smaller --learning-rate, or --standardize true" }
}

/// Which one, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Fallen {
    /// What it is: a `network` of an ensemble, the training without a `fold`.
    pub word: &'static str,
    /// Counted from 0.
    pub number: usize,
    /// How many there are.
    pub count: usize,
    /// Where it left them.
    pub divergence: Divergence,
}

impl fmt::Display for Fallen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, one) = (if self.word == "fold" { "the training without fold" } else { self.word }, self.number + 1);
        write!(f, "{from} {one} of {} diverged at rate {:?}: {}", self.count, self.divergence.rate, self.divergence)
    }
}

impl Fallen {
    /// Where nothing goes on without it.
    pub fn error(self, is_standardized: bool) -> Error {
        Error { fallen: Some(Box::new(self.clone())), ..Error::new(Kind::Diverged, self.to_string()).hint(hint(is_standardized)) }
    }
}
