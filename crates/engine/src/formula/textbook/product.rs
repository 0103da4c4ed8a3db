//! Products: factors taken together, and what their exponents allow.
//!
//! (xᵃ)ᵇ is xᵃᵇ only where b is whole or a is not even: (x²)^½ is |x|.

use super::algebra::{Algebra, Id, ONE, Part, ZERO};
use super::ratio::Ratio;
use crate::formula::Function;
use std::collections::VecDeque;

/// A product being made.
struct Making {
    coefficient: Ratio,
    waiting: VecDeque<(Id, Id)>,
    factors: Vec<(Id, Id)>,
    /// Exponents of e.
    exponents: Vec<Id>,
}

impl Algebra {
    /// base ^ exponent
    pub fn power(&mut self, base: Id, exponent: Id) -> Id {
        self.product(Ratio::ONE, vec![(base, exponent)])
    }

    /// coefficient · ∏ base ^ exponent
    pub fn product(&mut self, coefficient: Ratio, factors: Vec<(Id, Id)>) -> Id {
        let mut making = Making { coefficient, waiting: factors.into(), factors: Vec::new(), exponents: Vec::new() };
        loop {
            while let Some((base, exponent)) = making.waiting.pop_front() {
                self.take_in(base, exponent, &mut making);
                if making.coefficient == Ratio::ZERO {
                    return ZERO;
                }
            }
            making.factors.retain(|(_, exponent)| *exponent != ZERO);
            if !(self.dissolve(&mut making) || self.logistic(&mut making) || self.raise_e(&mut making)) {
                break;
            }
        }
        let Making { mut coefficient, mut factors, .. } = making;
        self.name_products(&mut coefficient, &mut factors);
        let monomial = match factors.as_slice() {
            [] => ONE,
            [(base, ONE)] => *base,
            _ => self.place(Part::Product(factors)),
        };
        let (coefficient, monomial) = self.named(coefficient, monomial).unwrap_or((coefficient, monomial));
        self.scaled(monomial, coefficient)
    }

    fn take_in(&mut self, base: Id, exponent: Id, making: &mut Making) {
        if exponent == ZERO {
            return;
        }
        let (number, factors) = self.factors(base);
        if let Some(n) = self.as_integer(exponent) {
            self.multiply(number, n, making);
            let n = self.as_number(exponent).unwrap_or(Ratio::ONE);
            for (base, exponent) in factors {
                let exponent = self.scaled(exponent, n);
                self.merge(base, exponent, making);
            }
            return;
        }
        // A root that comes out, of the number before the rest.
        let half = self.as_number(exponent).and_then(|e| e.times(Ratio::whole(2))?.integer());
        let root = half.and_then(|k| number.root()?.power(k));
        if number != Ratio::ZERO
            && let Some(product) = root.and_then(|root| root.times(making.coefficient))
        {
            making.coefficient = product;
            if number != Ratio::ONE {
                let rest = factors.iter().fold(ONE, |rest, &factor| self.product(Ratio::ONE, vec![(rest, ONE), factor]));
                return making.waiting.push_back((rest, exponent));
            }
        }
        match factors.as_slice() {
            [] if number == Ratio::ONE => {}
            [(inner, ONE)] if number == Ratio::ONE => self.merge(*inner, exponent, making),
            [(inner, power)] if number == Ratio::ONE => {
                let inner = match self.as_number(*power).map(|p| p.integer().is_some_and(|p| p % 2 == 0)) {
                    Some(true) => self.apply(Function::Abs, *inner),
                    Some(false) => *inner,
                    None => return self.merge(base, exponent, making),
                };
                let exponent = self.product(Ratio::ONE, vec![(*power, ONE), (exponent, ONE)]);
                making.waiting.push_back((inner, exponent));
            }
            _ => self.merge(base, exponent, making),
        }
    }

    /// number ^ n into the coefficient, or as a factor of its own where it does not fit.
    fn multiply(&mut self, number: Ratio, n: i64, making: &mut Making) {
        if let Some(product) = number.power(n).and_then(|power| power.times(making.coefficient)) {
            making.coefficient = product;
            return;
        }
        if number.is_negative() && n % 2 != 0 {
            making.coefficient = making.coefficient.negated();
        }
        let size = self.opaque(number.to_f64());
        let exponent = if n.unsigned_abs() == 1 { Ratio::whole(n as i32) } else { Ratio::from_f64(n as f64).unwrap_or(Ratio::ONE) };
        let exponent = self.number(exponent);
        self.merge(size, exponent, making);
    }

    fn merge(&mut self, base: Id, exponent: Id, making: &mut Making) {
        if let Part::Apply(Function::Exp, u) = self.part(base) {
            let raised = self.product(Ratio::ONE, vec![(*u, ONE), (exponent, ONE)]);
            return making.exponents.push(raised);
        }
        match making.factors.iter_mut().find(|(known, _)| *known == base) {
            Some((_, sum)) => *sum = self.plus(*sum, exponent),
            None => making.factors.push((base, exponent)),
        }
    }

    /// Puts factors back that can be taken apart by their exponents of this moment; whether there was one.
    fn dissolve(&mut self, making: &mut Making) -> bool {
        for at in 0..making.factors.len() {
            let (base, exponent) = making.factors[at];
            let Some(n) = self.as_integer(exponent) else { continue };
            let whole = self.as_sum(base).is_none() || self.factors(base) == (Ratio::ONE, vec![(base, ONE)]);
            match self.part(base) {
                // |u|²ᵏ = u²ᵏ
                Part::Apply(Function::Abs, u) if n % 2 == 0 => making.waiting.push_back((*u, exponent)),
                // sign(u) |u| = u
                Part::Apply(Function::Sign, u) if n == 1 => {
                    let u = *u;
                    let size = self.find(&Part::Apply(Function::Abs, u));
                    let Some(other) = making.factors.iter().position(|(b, e)| Some(*b) == size && *e == ONE) else { continue };
                    making.factors[other].1 = ZERO;
                    making.waiting.push_back((u, ONE));
                }
                Part::Sum(terms) if terms.len() < 2 || !whole => making.waiting.push_back((base, exponent)),
                Part::Product(_) => making.waiting.push_back((base, exponent)),
                _ => continue,
            }
            making.factors[at].1 = ZERO;
            return true;
        }
        false
    }

    /// 1 / (1 + exp(u)) = σ(−u) and exp(u) σ(−u) = σ(u); whether there was one.
    fn logistic(&mut self, making: &mut Making) -> bool {
        for at in 0..making.factors.len() {
            let (base, exponent) = making.factors[at];
            let Some(n) = self.as_integer(exponent) else { continue };
            if n < 0
                && let Some(u) = self.one_plus_exp(base)
            {
                let opposite = self.negated(u);
                let sigmoid = self.apply(Function::Sigmoid, opposite);
                let times = self.scaled(exponent, Ratio::MINUS_ONE);
                making.factors[at].1 = ZERO;
                making.waiting.push_back((sigmoid, times));
                return true;
            }
            if let (Some(v), true, false) = (self.sigmoid_of(base), n > 0, making.exponents.is_empty()) {
                let total = self.sum(making.exponents.iter().map(|&u| (u, Ratio::ONE)).collect::<Vec<_>>());
                for times in 1..=n.min(8) as i32 {
                    if self.scaled(v, Ratio::whole(-times)) == total {
                        let opposite = self.negated(v);
                        let sigmoid = self.apply(Function::Sigmoid, opposite);
                        let (more, less) = (self.number(Ratio::whole(times)), self.number(Ratio::whole(-times)));
                        making.exponents.clear();
                        making.factors[at].1 = self.plus(exponent, less);
                        making.waiting.push_back((sigmoid, more));
                        return true;
                    }
                }
            }
        }
        false
    }

    /// v where it is σ(v), or the letter of σ(v).
    fn sigmoid_of(&self, id: Id) -> Option<Id> {
        match self.part(self.meaning.get(&id).copied().unwrap_or(id)) {
            Part::Apply(Function::Sigmoid, v) => Some(*v),
            _ => None,
        }
    }

    /// u where it is 1 + exp(u).
    pub(super) fn one_plus_exp(&self, id: Id) -> Option<Id> {
        let exp = match self.as_sum(id)? {
            [(ONE, one), (exp, share)] | [(exp, share), (ONE, one)] if *one == Ratio::ONE && *share == Ratio::ONE => *exp,
            _ => return None,
        };
        match self.part(exp) {
            Part::Apply(Function::Exp, u) => Some(*u),
            _ => None,
        }
    }

    /// The exponents of e as one factor; whether that is still to be taken in.
    fn raise_e(&mut self, making: &mut Making) -> bool {
        if making.exponents.is_empty() {
            return false;
        }
        let total = self.sum(std::mem::take(&mut making.exponents).into_iter().map(|u| (u, Ratio::ONE)).collect::<Vec<_>>());
        let raised = self.apply(Function::Exp, total);
        if matches!(self.part(raised), Part::Apply(Function::Exp, _)) {
            making.factors.push((raised, ONE));
            return false;
        }
        making.waiting.push_back((raised, ONE));
        true
    }
}
