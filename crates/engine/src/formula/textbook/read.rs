//! From a formula to its place in the algebra, and back to the formula a textbook would print.

use super::algebra::{Algebra, Id, ONE, Part, ZERO};
use super::ratio::Ratio;
use crate::formula::{Condition, Formula, Function, Sign};

impl Algebra {
    /// The place of a formula.
    pub fn read(&mut self, formula: &Formula) -> Id {
        match formula {
            Formula::Constant(value) => match Ratio::from_f64(*value) {
                Some(number) => self.number(number),
                None => {
                    let size = self.opaque(*value);
                    self.scaled(size, if *value < 0.0 { Ratio::MINUS_ONE } else { Ratio::ONE })
                }
            },
            Formula::Variable(name) => self.place(Part::Letter(name.clone())),
            Formula::Negative(inner) => {
                let inner = self.read(inner);
                self.negated(inner)
            }
            Formula::Arithmetic(Sign::Plus | Sign::Minus, ..) => self.read_sum(formula),
            Formula::Arithmetic(Sign::Times | Sign::Over, ..) => self.read_product(formula),
            Formula::Arithmetic(Sign::Power, base, exponent) => {
                let (base, exponent) = (self.read(base), self.read(exponent));
                self.power(base, exponent)
            }
            Formula::Apply(function, inner) => {
                let inner = self.read(inner);
                self.apply(*function, inner)
            }
            Formula::Max(left, right) => self.read_extreme(true, left, right),
            Formula::Min(left, right) => self.read_extreme(false, left, right),
            Formula::Where(condition, then, otherwise) => {
                let (left, right) = (self.read(&condition.left), self.read(&condition.right));
                let (then, otherwise) = (self.read(then), self.read(otherwise));
                self.choose(left, condition.comparison, right, then, otherwise)
            }
        }
    }

    fn read_extreme(&mut self, largest: bool, left: &Formula, right: &Formula) -> Id {
        let (left, right) = (self.read(left), self.read(right));
        self.extreme(largest, left, right)
    }

    /// A chain of additions is one sum.
    fn read_sum(&mut self, formula: &Formula) -> Id {
        let (mut rest, mut parts) = (formula, Vec::new());
        while let Formula::Arithmetic(sign @ (Sign::Plus | Sign::Minus), left, right) = rest {
            parts.push((right.as_ref(), if *sign == Sign::Plus { Ratio::ONE } else { Ratio::MINUS_ONE }));
            rest = left;
        }
        parts.push((rest, Ratio::ONE));
        let terms: Vec<(Id, Ratio)> = parts.into_iter().rev().map(|(part, sign)| (self.read(part), sign)).collect();
        self.sum(terms)
    }

    /// A chain of multiplications and divisions is one product.
    fn read_product(&mut self, formula: &Formula) -> Id {
        let (mut rest, mut parts) = (formula, Vec::new());
        let minus_one = self.number(Ratio::MINUS_ONE);
        while let Formula::Arithmetic(sign @ (Sign::Times | Sign::Over), left, right) = rest {
            parts.push((right.as_ref(), if *sign == Sign::Times { ONE } else { minus_one }));
            rest = left;
        }
        parts.push((rest, ONE));
        let factors: Vec<(Id, Id)> = parts.into_iter().rev().map(|(part, exponent)| (self.read(part), exponent)).collect();
        self.product(Ratio::ONE, factors)
    }

    /// As it is printed: numbers first in products, what is added before what is subtracted.
    pub fn write(&self, id: Id) -> Formula {
        let boxed = |id: &Id| Box::new(self.write(*id));
        match self.part(id) {
            Part::Opaque(bits) => Formula::Constant(f64::from_bits(*bits)),
            Part::Letter(name) => Formula::Variable(name.clone()),
            Part::Sum(terms) => self.write_sum(terms),
            Part::Product(_) => self.write_sum(&[(id, Ratio::ONE)]),
            Part::Apply(function, inner) => Formula::Apply(*function, boxed(inner)),
            Part::Max(left, right) => Formula::Max(boxed(left), boxed(right)),
            Part::Min(left, right) => Formula::Min(boxed(left), boxed(right)),
            Part::Where(left, comparison, right, then, otherwise) => {
                let condition = Condition { left: self.write(*left), comparison: *comparison, right: self.write(*right) };
                Formula::Where(Box::new(condition), boxed(then), boxed(otherwise))
            }
        }
    }

    fn write_sum(&self, terms: &[(Id, Ratio)]) -> Formula {
        let terms: Vec<(bool, Formula)> = terms.iter().map(|(monomial, c)| self.write_term(*monomial, *c)).collect();
        let (minus, plus): (Vec<_>, Vec<_>) = terms.into_iter().partition(|(minus, _)| *minus);
        let sum = plus.into_iter().chain(minus).fold(None, |sum, (minus, term)| {
            Some(match (sum, minus) {
                (None, false) => term,
                (None, true) => Formula::Negative(Box::new(term)),
                (Some(sum), false) => join(Sign::Plus, sum, term),
                (Some(sum), true) => join(Sign::Minus, sum, term),
            })
        });
        sum.unwrap_or(Formula::Constant(0.0))
    }

    /// Whether it is subtracted, and its size.
    fn write_term(&self, monomial: Id, coefficient: Ratio) -> (bool, Formula) {
        let mut minus = coefficient.is_negative();
        let single = [(monomial, ONE)];
        let factors: &[(Id, Id)] = if let Part::Product(factors) = self.part(monomial) { factors } else { &single };
        let (mut above, mut below) = (Vec::new(), Vec::new());
        for &(base, exponent) in factors {
            let turned = minus && self.can_turn(base, exponent);
            minus &= !turned;
            let written = if turned { self.write_turned(base) } else { self.write(base) };
            let negative = self.as_number(exponent).filter(|e| e.is_negative());
            let formula = self.write_power(written, exponent, negative.map(Ratio::magnitude));
            if negative.is_some() {
                below.push((self.rank(base, exponent), formula))
            } else {
                above.push((self.rank(base, exponent), formula))
            }
        }
        let (numerator, denominator) = coefficient.magnitude().written();
        let above = product_of(numerator, above);
        let below = product_of(denominator, below);
        let one = Formula::Constant(1.0);
        (minus, if below == one { above } else { join(Sign::Over, above, below) })
    }

    /// Whether a minus before the product can go into this sum: −(y − a) is a − y.
    fn can_turn(&self, base: Id, exponent: Id) -> bool {
        let odd = self.as_integer(exponent).is_some_and(|n| n % 2 != 0);
        odd && self.as_sum(base).is_some_and(|terms| terms.iter().any(|(_, c)| c.is_negative()))
    }

    fn write_turned(&self, base: Id) -> Formula {
        let terms: Vec<(Id, Ratio)> = self.as_sum(base).unwrap_or_default().iter().map(|&(m, c)| (m, c.negated())).collect();
        self.write_sum(&terms)
    }

    /// base ^ exponent, or base ^ `instead`.
    fn write_power(&self, base: Formula, exponent: Id, instead: Option<Ratio>) -> Formula {
        let Some(number) = instead.or(self.as_number(exponent)) else { return join(Sign::Power, base, self.write(exponent)) };
        if number == Ratio::ONE {
            return base;
        }
        if number == Ratio::HALF {
            return Formula::Apply(Function::Sqrt, Box::new(base));
        }
        let (_, denominator) = number.written();
        if denominator == 2.0 && number > Ratio::ONE {
            // u^(3/2) = u √u
            let whole = Ratio::from_f64(number.floor() as f64).unwrap_or(Ratio::ONE);
            let root = Formula::Apply(Function::Sqrt, Box::new(base.clone()));
            let power = if whole == Ratio::ONE { base } else { join(Sign::Power, base, whole.formula()) };
            return join(Sign::Times, power, root);
        }
        join(Sign::Power, base, number.formula())
    }

    /// The place of a factor in a product: numbers, letters, exponentials, functions, sums, cases.
    fn rank(&self, base: Id, exponent: Id) -> u8 {
        let moving = self.as_number(exponent).is_none();
        let root = self.as_number(exponent).is_some_and(|e| e.magnitude() == Ratio::HALF);
        match self.part(base) {
            Part::Opaque(_) => 0,
            Part::Letter(_) if root => 3,
            Part::Letter(_) => 1 + u8::from(moving),
            _ if moving && self.as_number(base).is_some() => 2,
            Part::Apply(Function::Exp, _) => 2,
            Part::Apply(..) | Part::Max(..) | Part::Min(..) => 3,
            Part::Sum(terms) if terms.len() < 2 => 3,
            Part::Sum(_) | Part::Product(_) => 4,
            Part::Where(..) => 5,
        }
    }

    /// How long it is when printed: numbers, letters and signs. Large where it is no longer counted.
    pub fn cost(&mut self, id: Id) -> u32 {
        if let Some(&cost) = self.costs.get(&id) {
            return cost;
        }
        let cost = match self.part(id).clone() {
            Part::Opaque(_) | Part::Letter(_) => 1,
            Part::Sum(_) if id == ZERO => 1,
            Part::Sum(terms) => {
                let plus = u32::from(terms.iter().all(|(_, c)| c.is_negative()));
                terms.iter().fold(plus, |sum, (m, c)| sum.saturating_add(self.term_cost(*m, *c)).saturating_add(1)) - 1
            }
            Part::Product(_) => self.term_cost(id, Ratio::ONE),
            Part::Apply(_, u) => self.cost(u).saturating_add(1),
            Part::Max(l, r) | Part::Min(l, r) => self.cost(l).saturating_add(self.cost(r)).saturating_add(1),
            Part::Where(l, _, r, then, otherwise) => {
                [l, r, then, otherwise].into_iter().fold(2, |sum: u32, part| sum.saturating_add(self.cost(part)))
            }
        };
        self.costs.insert(id, cost);
        cost
    }

    fn term_cost(&mut self, monomial: Id, coefficient: Ratio) -> u32 {
        let factors = match self.part(monomial) {
            Part::Product(factors) => factors.clone(),
            _ => vec![(monomial, ONE)],
        };
        let (numerator, denominator) = coefficient.magnitude().written();
        let (mut cost, mut above) = (0u32, numerator != 1.0);
        for (number, place) in [(numerator, 1), (denominator, 1)] {
            cost += if number == 1.0 { 0 } else { 1 + place };
        }
        for (base, exponent) in factors {
            let power = self.as_number(exponent);
            above |= !power.is_some_and(Ratio::is_negative);
            let raised = match power.map(Ratio::magnitude) {
                Some(one) if one == Ratio::ONE => 0,
                Some(half) if half == Ratio::HALF => 1,
                Some(_) => 2,
                None => self.cost(exponent).saturating_add(1),
            };
            cost = cost.saturating_add(self.cost(base)).saturating_add(raised).saturating_add(1);
        }
        // One sign less than things; a 1 on top where nothing else is.
        if cost == 0 { 1 } else { cost.saturating_sub(1).saturating_add(if above { 0 } else { 2 }) }
    }
}

pub(super) fn join(sign: Sign, left: Formula, right: Formula) -> Formula {
    Formula::Arithmetic(sign, Box::new(left), Box::new(right))
}

fn product_of(number: f64, mut factors: Vec<(u8, Formula)>) -> Formula {
    factors.sort_by_key(|(rank, _)| *rank);
    let number = (number != 1.0 || factors.is_empty()).then_some(Formula::Constant(number));
    let all = number.into_iter().chain(factors.into_iter().map(|(_, formula)| formula));
    all.reduce(|product, factor| join(Sign::Times, product, factor)).unwrap_or(Formula::Constant(1.0))
}
