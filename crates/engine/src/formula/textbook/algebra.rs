//! Formulas as sums of products, each kept once: equal parts have equal numbers.
//!
//! A sum is a list of monomials with exact coefficients, a monomial a list of factors with exponents. What is neither
//! (a letter, a function of something, a sum as a factor) is an atom.

use super::ratio::Ratio;
use crate::formula::{Comparison, Function};
use std::collections::HashMap;

/// The place of a part in the [`Algebra`].
pub(super) type Id = usize;

/// A part of a formula.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// A number that is not computed with, as bits: too large, too long or not finite. Not negative.
    Opaque(u64),
    Letter(String),
    /// Σ coefficient · monomial; the monomial [`ONE`] carries the constant.
    Sum(Vec<(Id, Ratio)>),
    /// ∏ base ^ exponent
    Product(Vec<(Id, Id)>),
    Apply(Function, Id),
    Max(Id, Id),
    Min(Id, Id),
    /// left, comparison, right, then, otherwise
    Where(Id, Comparison, Id, Id, Id),
}

/// The empty product.
pub(super) const ONE: Id = 0;
/// The empty sum.
pub(super) const ZERO: Id = 1;

/// All parts met so far.
pub(super) struct Algebra {
    /// In the order they are to be written.
    parts: Vec<Part>,
    /// By their order-free form.
    places: HashMap<Part, Id>,
    /// A monomial that has a letter of its own: monomial = ratio · letter.
    pub(super) known: HashMap<Id, (Ratio, Id)>,
    /// The monomial of a letter that stands for nothing but it.
    pub(super) meaning: HashMap<Id, Id>,
    /// The known ones that are products, for finding them inside others.
    known_products: Vec<Id>,
    pub(super) costs: HashMap<Id, u32>,
    /// How many more terms may be written down in search of a shorter form.
    pub(super) budget: usize,
}

impl Algebra {
    pub fn new(budget: usize) -> Algebra {
        let mut algebra = Algebra {
            parts: Vec::new(),
            places: HashMap::new(),
            known: HashMap::new(),
            meaning: HashMap::new(),
            known_products: Vec::new(),
            costs: HashMap::new(),
            budget,
        };
        assert_eq!(algebra.place(Part::Product(Vec::new())), ONE);
        assert_eq!(algebra.place(Part::Sum(Vec::new())), ZERO);
        algebra
    }

    pub fn part(&self, id: Id) -> &Part {
        &self.parts[id]
    }

    /// The number of a part; the order in which it is seen first is kept for writing.
    pub fn place(&mut self, part: Part) -> Id {
        let mut key = part.clone();
        match &mut key {
            Part::Sum(terms) => terms.sort_unstable_by_key(|(monomial, _)| *monomial),
            Part::Product(factors) => factors.sort_unstable(),
            _ => {}
        }
        let next = self.parts.len();
        let id = *self.places.entry(key).or_insert(next);
        if id == next {
            self.parts.push(part);
        }
        id
    }

    /// Where a part stands, if it was met.
    pub fn find(&self, part: &Part) -> Option<Id> {
        self.places.get(part).copied()
    }

    pub fn number(&mut self, value: Ratio) -> Id {
        if value == Ratio::ZERO {
            ZERO
        } else if value == Ratio::ONE {
            ONE
        } else {
            self.place(Part::Sum(vec![(ONE, value)]))
        }
    }

    /// The number it is.
    pub fn as_number(&self, id: Id) -> Option<Ratio> {
        match (id, self.part(id)) {
            (ONE, _) => Some(Ratio::ONE),
            (ZERO, _) => Some(Ratio::ZERO),
            (_, Part::Sum(terms)) if terms.len() == 1 && terms[0].0 == ONE => Some(terms[0].1),
            _ => None,
        }
    }

    /// The whole number it is.
    pub fn as_integer(&self, id: Id) -> Option<i64> {
        self.as_number(id)?.integer()
    }

    /// The terms, where it is a sum of several.
    pub fn as_sum(&self, id: Id) -> Option<&[(Id, Ratio)]> {
        match self.part(id) {
            Part::Sum(terms) if terms.len() > 1 => Some(terms),
            _ => None,
        }
    }

    /// A number that does not fit: its size as an atom.
    pub fn opaque(&mut self, value: f64) -> Id {
        self.place(Part::Opaque(value.abs().to_bits()))
    }

    /// Gives the value of `id` the letter `name`.
    pub fn name(&mut self, id: Id, name: &str) {
        let letter = self.place(Part::Letter(name.to_string()));
        let (factor, monomial) = match self.part(id) {
            Part::Sum(terms) if terms.len() == 1 => (terms[0].1, terms[0].0),
            // A letter for a letter or for a number would only hide it.
            Part::Letter(_) | Part::Opaque(_) => return,
            Part::Sum(terms) if terms.is_empty() => return,
            Part::Sum(_) => self.normal(id),
            _ => (Ratio::ONE, id),
        };
        if let (Some(share), false) = (Ratio::ONE.over(factor), monomial == ONE) {
            self.known.insert(monomial, (share, letter));
            if share == Ratio::ONE {
                self.meaning.insert(letter, monomial);
            }
            if matches!(self.part(monomial), Part::Product(_)) {
                self.known_products.push(monomial);
            }
        }
    }

    /// coefficient · monomial by its letter. Where the letter stands for a multiple, only that multiple is it:
    /// z is not a / 2 for a = 2 z.
    pub(super) fn named(&self, coefficient: Ratio, monomial: Id) -> Option<(Ratio, Id)> {
        let &(share, letter) = self.known.get(&monomial)?;
        let multiple = share.times(coefficient)?;
        let whole = share.magnitude() == Ratio::ONE || multiple.magnitude() == Ratio::ONE;
        whole.then_some((multiple, letter))
    }

    /// As coefficient and factors.
    pub fn factors(&mut self, id: Id) -> (Ratio, Vec<(Id, Id)>) {
        let (coefficient, monomial) = match self.part(id) {
            Part::Sum(terms) => match terms.as_slice() {
                [] => return (Ratio::ZERO, Vec::new()),
                [(monomial, coefficient)] => (*coefficient, *monomial),
                _ => self.normal(id),
            },
            _ => (Ratio::ONE, id),
        };
        if let Some((coefficient, letter)) = self.named(coefficient, monomial) {
            return (coefficient, vec![(letter, ONE)]);
        }
        match self.part(monomial) {
            Part::Product(factors) => (coefficient, factors.clone()),
            _ => (coefficient, vec![(monomial, ONE)]),
        }
    }

    /// A sum of several terms as a number times a sum without common number, and without sign: of a sum and its
    /// negative the one that was met first, unless all terms have one sign.
    pub fn normal(&mut self, id: Id) -> (Ratio, Id) {
        let terms = self.as_sum(id).unwrap_or_default().to_vec();
        let sizes = || terms.iter().map(|(_, c)| c.magnitude());
        let first = sizes().next().unwrap_or(Ratio::ONE);
        let common = if sizes().all(|c| c == first) { Some(first) } else { sizes().try_fold(first, Ratio::common) };
        let common = common.unwrap_or(Ratio::ONE);
        let shared = |sign: Ratio| -> Option<Vec<(Id, Ratio)>> {
            let share = common.times(sign)?;
            terms.iter().map(|&(monomial, c)| Some((monomial, c.over(share)?))).collect()
        };
        let (Some(plain), Some(opposite)) = (shared(Ratio::ONE), shared(Ratio::MINUS_ONE)) else {
            return (Ratio::ONE, id);
        };
        let all_negative = plain.iter().all(|(_, c)| c.is_negative());
        let all_positive = plain.iter().all(|(_, c)| !c.is_negative());
        let plain = self.place(Part::Sum(plain));
        let opposite = self.place(Part::Sum(opposite));
        if all_negative || (!all_positive && opposite < plain) { (common.negated(), opposite) } else { (common, plain) }
    }

    /// coefficient · id
    pub fn scaled(&mut self, id: Id, coefficient: Ratio) -> Id {
        self.sum([(id, coefficient)])
    }

    pub fn negated(&mut self, id: Id) -> Id {
        self.scaled(id, Ratio::MINUS_ONE)
    }

    pub fn plus(&mut self, left: Id, right: Id) -> Id {
        self.sum([(left, Ratio::ONE), (right, Ratio::ONE)])
    }

    /// Σ coefficient · part, like terms taken together.
    pub fn sum(&mut self, terms: impl IntoIterator<Item = (Id, Ratio)>) -> Id {
        let mut collected = Collected::default();
        for (id, coefficient) in terms {
            self.collect(id, coefficient, &mut collected);
        }
        loop {
            // A factor that lost its number is a sum in the sum.
            let loose = collected.terms.iter().position(|(m, c)| c.magnitude() == Ratio::ONE && self.as_sum(*m).is_some());
            if let Some(at) = loose {
                let (monomial, coefficient) = collected.take(at);
                self.collect(monomial, coefficient, &mut collected);
            } else if let Some((at, u)) = self.expm1_and_one(&collected) {
                // c expm1(u) + c = c exp(u)
                let (_, coefficient) = collected.take(at);
                collected.add(ONE, coefficient.negated());
                let exp = self.apply(Function::Exp, u);
                self.collect(exp, coefficient, &mut collected);
            } else {
                break;
            }
        }
        let terms: Vec<(Id, Ratio)> = collected.terms.into_iter().filter(|(_, c)| *c != Ratio::ZERO).collect();
        match terms.as_slice() {
            [(monomial, c)] if *c == Ratio::ONE => *monomial,
            [_] | [] => self.place(Part::Sum(terms)),
            _ => {
                let id = self.place(Part::Sum(terms));
                if self.known.is_empty() {
                    return id;
                }
                let (coefficient, monomial) = self.normal(id);
                match self.named(coefficient, monomial) {
                    Some((coefficient, letter)) => self.scaled(letter, coefficient),
                    None => id,
                }
            }
        }
    }

    /// Adds coefficient · id to what is collected.
    fn collect(&mut self, id: Id, coefficient: Ratio, collected: &mut Collected) {
        let several = match self.part(id) {
            Part::Sum(terms) => terms.len() > 1,
            _ => return self.add_term(id, coefficient, collected),
        };
        let terms = if several && coefficient.magnitude() != Ratio::ONE {
            let (share, monomial) = self.normal(id);
            vec![(monomial, share)]
        } else if let Part::Sum(terms) = self.part(id) {
            terms.clone()
        } else {
            Vec::new()
        };
        for (monomial, share) in terms {
            match share.times(coefficient) {
                Some(product) => self.add_term(monomial, product, collected),
                None => {
                    let number = self.opaque(coefficient.to_f64());
                    let monomial = self.product(Ratio::ONE, vec![(monomial, ONE), (number, ONE)]);
                    let sign = if coefficient.is_negative() { share.negated() } else { share };
                    self.add_term(monomial, sign, collected);
                }
            }
        }
    }

    fn add_term(&mut self, monomial: Id, coefficient: Ratio, collected: &mut Collected) {
        if !collected.add(monomial, coefficient) {
            // A sum of two numbers that needs too many digits stays a sum.
            let number = self.opaque(coefficient.to_f64());
            let monomial = self.product(Ratio::ONE, vec![(monomial, ONE), (number, ONE)]);
            let sign = if coefficient.is_negative() { Ratio::MINUS_ONE } else { Ratio::ONE };
            if !matches!(self.part(monomial), Part::Sum(_)) {
                collected.add(monomial, sign);
            }
        }
    }

    /// The place of a term c · expm1(u) beside the constant c, and u.
    fn expm1_and_one(&self, collected: &Collected) -> Option<(usize, Id)> {
        let constant = collected.terms.iter().find(|(monomial, c)| *monomial == ONE && *c != Ratio::ZERO)?.1;
        collected.terms.iter().enumerate().find_map(|(at, (monomial, c))| match self.part(*monomial) {
            Part::Apply(Function::Expm1, u) if *c == constant => Some((at, *u)),
            _ => None,
        })
    }

    /// Letters for the known products among these factors.
    pub(super) fn name_products(&mut self, coefficient: &mut Ratio, factors: &mut Vec<(Id, Id)>) {
        for k in 0..self.known_products.len() {
            let product = self.known_products[k];
            let (Part::Product(wanted), (share, letter)) = (self.part(product), self.known[&product]) else { continue };
            let wanted = wanted.clone();
            let times = wanted.iter().map(|(base, exponent)| {
                let (_, have) = factors.iter().find(|(b, _)| b == base)?;
                if have == exponent {
                    return Some(1);
                }
                // One power is found as a whole only: z³ is not a z for a = z².
                let ratio = self.as_number(*have)?.over(self.as_number(*exponent)?)?;
                let whole = wanted.len() > 1 || ratio.integer().is_some();
                Some(if whole { ratio.floor() } else { 0 })
            });
            let Some(times) = times.collect::<Option<Vec<i64>>>().and_then(|times| times.into_iter().min()) else { continue };
            let Some(scale) = share.power(times.max(1)).and_then(|scale| scale.times(*coefficient)) else { continue };
            if times < 1 || (share.magnitude() != Ratio::ONE && scale.magnitude() != Ratio::ONE) {
                continue;
            }
            *coefficient = scale;
            let taken = Ratio::whole(-(times as i32));
            for (base, exponent) in wanted {
                let at = factors.iter().position(|(b, _)| *b == base);
                if let Some(at) = at {
                    let less = self.scaled(exponent, taken);
                    factors[at].1 = self.plus(factors[at].1, less);
                }
            }
            factors.retain(|(_, exponent)| *exponent != ZERO);
            let power = self.number(Ratio::whole(times as i32));
            match factors.iter().position(|(base, _)| *base == letter) {
                Some(at) => factors[at].1 = self.plus(factors[at].1, power),
                None => factors.push((letter, power)),
            }
        }
    }
}

/// Terms in the order they came, like terms together.
#[derive(Default)]
struct Collected {
    terms: Vec<(Id, Ratio)>,
    places: HashMap<Id, usize>,
}

impl Collected {
    /// Whether the sum of the coefficients fits.
    fn add(&mut self, monomial: Id, coefficient: Ratio) -> bool {
        let at = *self.places.entry(monomial).or_insert(self.terms.len());
        match self.terms.get_mut(at) {
            None => self.terms.push((monomial, coefficient)),
            Some((_, sum)) => match sum.plus(coefficient) {
                Some(total) => *sum = total,
                None => return false,
            },
        }
        true
    }

    /// Takes a term away; its place stays, with 0.
    fn take(&mut self, at: usize) -> (Id, Ratio) {
        let term = self.terms[at];
        self.terms[at].1 = Ratio::ZERO;
        term
    }
}
