//! What functions of something known come to, and case distinctions.

use super::algebra::{Algebra, Id, ONE, Part, ZERO};
use super::ratio::Ratio;
use crate::formula::{Comparison, Function};

impl Algebra {
    /// function(u)
    pub fn apply(&mut self, function: Function, u: Id) -> Id {
        let value = self.value_of(function, u);
        // A value may have a letter of its own.
        match self.named(Ratio::ONE, value) {
            Some((share, letter)) => self.scaled(letter, share),
            None => value,
        }
    }

    fn value_of(&mut self, function: Function, u: Id) -> Id {
        use Function::{Abs, Cosh, Exp, Expm1, Log, Log1p, NormalCdf, NormalPdf, Sigmoid, Softplus, Sqrt, Tanh};
        let half = |algebra: &mut Algebra| algebra.number(Ratio::HALF);
        match (function, self.part(u).clone()) {
            (Sqrt, _) => {
                let half = half(self);
                self.power(u, half)
            }
            (Exp | Cosh, _) if u == ZERO => ONE,
            (Log, _) if u == ONE => ZERO,
            (Log1p | Expm1 | Tanh, _) if u == ZERO => ZERO,
            (Sigmoid | NormalCdf, _) if u == ZERO => half(self),
            // exp(c log v) = v^c
            (Exp, Part::Apply(Log, v)) => v,
            (Exp, Part::Apply(Log1p, v)) => self.plus(ONE, v),
            (Exp, Part::Sum(terms)) if terms.len() == 1 && matches!(self.part(terms[0].0), Part::Apply(Log, _)) => {
                let (Part::Apply(_, v), exponent) = (self.part(terms[0].0).clone(), self.number(terms[0].1)) else { return u };
                self.power(v, exponent)
            }
            (Log, Part::Apply(Exp, v)) | (Log1p, Part::Apply(Expm1, v)) | (Expm1, Part::Apply(Log1p, v)) => v,
            (Log1p, Part::Apply(Exp, v)) => self.apply(Softplus, v),
            (Log, _) if self.one_plus_exp(u).is_some() => {
                let v = self.one_plus_exp(u).unwrap_or(u);
                self.apply(Softplus, v)
            }
            (Abs | Function::Sign | Tanh | Cosh | NormalPdf, _) => self.even_or_odd(function, u),
            _ => self.place(Part::Apply(function, u)),
        }
    }

    /// The sign comes out of a function that is even or odd; numbers come out of |u| and sign(u).
    fn even_or_odd(&mut self, function: Function, u: Id) -> Id {
        if let Some(number) = self.as_number(u) {
            let sign = if number.is_negative() { Ratio::MINUS_ONE } else { Ratio::ONE };
            match function {
                Function::Abs => return self.number(number.magnitude()),
                Function::Sign => return if u == ZERO { ZERO } else { self.number(sign) },
                _ => {}
            }
        }
        let (share, plain) = match self.part(u) {
            Part::Sum(terms) if terms.len() == 1 => (terms[0].1, terms[0].0),
            Part::Sum(_) => self.normal(u),
            _ => (Ratio::ONE, u),
        };
        let sign = if share.is_negative() { Ratio::MINUS_ONE } else { Ratio::ONE };
        match function {
            Function::Abs => match self.part(plain) {
                Part::Apply(Function::Abs, _) => self.scaled(plain, share.magnitude()),
                Part::Product(factors) if factors.len() == 1 && self.as_integer(factors[0].1).is_some_and(|n| n % 2 == 0) => {
                    self.scaled(plain, share.magnitude())
                }
                _ => {
                    let size = self.place(Part::Apply(Function::Abs, plain));
                    self.scaled(size, share.magnitude())
                }
            },
            Function::Sign => {
                let value = self.place(Part::Apply(Function::Sign, plain));
                self.scaled(value, sign)
            }
            _ => {
                let plain = self.scaled(u, sign);
                let value = self.place(Part::Apply(function, plain));
                let odd = function == Function::Tanh;
                self.scaled(value, if odd { sign } else { Ratio::ONE })
            }
        }
    }

    /// max or min
    pub fn extreme(&mut self, largest: bool, left: Id, right: Id) -> Id {
        if left == right {
            return left;
        }
        if let (Some(l), Some(r)) = (self.as_number(left), self.as_number(right)) {
            return if (l > r) == largest { left } else { right };
        }
        self.place(if largest { Part::Max(left, right) } else { Part::Min(left, right) })
    }

    /// where(left ∘ right, then, otherwise)
    pub fn choose(&mut self, left: Id, comparison: Comparison, right: Id, then: Id, otherwise: Id) -> Id {
        let (left, comparison, right) = self.condition(left, comparison, right);
        if let (Some(l), Some(r)) = (self.as_number(left), self.as_number(right)) {
            let holds = match comparison {
                Comparison::Greater => l > r,
                Comparison::GreaterOrEqual => l >= r,
                Comparison::Less => l < r,
                Comparison::LessOrEqual => l <= r,
            };
            return if holds { then } else { otherwise };
        }
        // The same question inside was answered already.
        let asked = |algebra: &Algebra, inner: Id, answer: bool| match *algebra.part(inner) {
            Part::Where(l, c, r, yes, no) if (l, c, r) == (left, comparison, right) => Some(if answer { yes } else { no }),
            _ => None,
        };
        let then = asked(self, then, true).unwrap_or(then);
        let otherwise = asked(self, otherwise, false).unwrap_or(otherwise);
        if then == otherwise {
            return then;
        }
        let distinguishes = matches!(self.part(otherwise), Part::Where(..));
        if then == ZERO && !distinguishes {
            return self.place(Part::Where(left, opposite(comparison), right, otherwise, then));
        }
        if let Some(interval) = self.interval(left, comparison, right, then, otherwise) {
            return interval;
        }
        self.place(Part::Where(left, comparison, right, then, otherwise))
    }

    /// where(x ≥ k, b, where(x > −k, a, b)) is where(|x| < k, a, b).
    fn interval(&mut self, left: Id, comparison: Comparison, right: Id, then: Id, otherwise: Id) -> Option<Id> {
        let Part::Where(inner_left, inner, inner_right, middle, outside) = *self.part(otherwise) else { return None };
        let bound = self.as_number(right)?;
        let mirrored = self.as_number(inner_right)? == bound.negated() && inner_left == left && outside == then;
        let (within, above) = match (comparison, inner) {
            (Comparison::GreaterOrEqual, Comparison::Greater) => (Comparison::Less, true),
            (Comparison::Greater, Comparison::GreaterOrEqual) => (Comparison::LessOrEqual, true),
            (Comparison::LessOrEqual, Comparison::Less) => (Comparison::Less, false),
            (Comparison::Less, Comparison::LessOrEqual) => (Comparison::LessOrEqual, false),
            _ => return None,
        };
        if !mirrored || bound.is_negative() == above {
            return None;
        }
        let (size, bound) = (self.apply(Function::Abs, left), self.number(bound.magnitude()));
        Some(self.choose(size, within, bound, middle, outside))
    }

    /// The same condition with the number on the right and one thing on the left.
    fn condition(&mut self, left: Id, comparison: Comparison, right: Id) -> (Id, Comparison, Id) {
        let (mut left, mut comparison, mut right) = (left, comparison, right);
        if self.as_number(left).is_some() && self.as_number(right).is_none() {
            (left, comparison, right) = (right, mirrored(comparison), left);
        }
        while let Some(bound) = self.as_number(right) {
            let next = match self.part(left).clone() {
                Part::Sum(terms) => match terms.as_slice() {
                    [(monomial, factor)] if *monomial != ONE => {
                        let turned = if factor.is_negative() { mirrored(comparison) } else { comparison };
                        bound.over(*factor).map(|bound| (*monomial, turned, bound))
                    }
                    [(ONE, constant), (monomial, factor)] | [(monomial, factor), (ONE, constant)] => {
                        let rest = self.scaled(*monomial, *factor);
                        bound.plus(constant.negated()).map(|bound| (rest, comparison, bound))
                    }
                    _ => None,
                },
                // max(k, v) is above a bound beyond k where v is.
                Part::Max(a, b) => self.other(a, b, |k| k < bound).map(|v| (v, comparison, bound)),
                Part::Min(a, b) => self.other(a, b, |k| k > bound).map(|v| (v, comparison, bound)),
                _ => None,
            };
            let Some((inner, turned, bound)) = next else { break };
            (left, comparison, right) = (inner, turned, self.number(bound));
        }
        (left, comparison, right)
    }

    /// The one of the two that is not a number for which this holds.
    fn other(&self, a: Id, b: Id, holds: impl Fn(Ratio) -> bool) -> Option<Id> {
        match (self.as_number(a), self.as_number(b)) {
            (Some(k), None) if holds(k) => Some(b),
            (None, Some(k)) if holds(k) => Some(a),
            _ => None,
        }
    }
}

/// The comparison with its sides exchanged.
fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
    }
}

/// The comparison that holds where this one does not.
fn opposite(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
    }
}
