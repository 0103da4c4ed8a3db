//! The shorter of several equal forms: identities between functions that both stand in the formula, multiplied out,
//! common factors before a bracket, one fraction line.

use super::algebra::{Algebra, Id, ONE, Part, ZERO};
use super::ratio::Ratio;
use crate::formula::Function;
use std::collections::{HashMap, HashSet};

/// Terms of a sum up to which other forms are tried.
const TERMS: usize = 16;
/// Powers of sums that are multiplied out.
const POWER: i64 = 3;

/// Rewrites parts bottom-up, each once.
pub(super) struct Search<'a> {
    algebra: &'a mut Algebra,
    /// Functions and their arguments that stand in the formula or have a letter.
    present: HashSet<(Function, Id)>,
    /// Those that have a letter.
    named: HashSet<(Function, Id)>,
    done: HashMap<Id, Id>,
}

impl Search<'_> {
    /// A form of `root` that is at most as long; `named` are the parts that have letters.
    pub fn run(algebra: &mut Algebra, root: Id, named: &[Id]) -> Id {
        let (mut seen, mut known) = (HashSet::new(), HashSet::new());
        for &id in named {
            applied(algebra, id, &mut seen, &mut known);
        }
        let mut present = known.clone();
        applied(algebra, root, &mut seen, &mut present);
        Search { algebra, present, named: known, done: HashMap::new() }.rewrite(root)
    }

    fn rewrite(&mut self, id: Id) -> Id {
        if let Some(&done) = self.done.get(&id) {
            return done;
        }
        let part = self.algebra.part(id).clone();
        let form = match part {
            Part::Opaque(_) | Part::Letter(_) => id,
            Part::Sum(terms) => {
                let terms: Vec<(Id, Ratio)> = terms.into_iter().map(|(monomial, c)| (self.rewrite(monomial), c)).collect();
                let sum = self.algebra.sum(terms);
                self.shortest(sum)
            }
            Part::Product(factors) => {
                let factors = factors.into_iter().map(|(base, exponent)| self.factor(base, exponent)).collect();
                let product = self.algebra.product(Ratio::ONE, factors);
                self.shortest(product)
            }
            Part::Apply(function, u) => self.function(function, u),
            Part::Max(left, right) | Part::Min(left, right) => {
                let (l, r) = (self.rewrite(left), self.rewrite(right));
                self.algebra.extreme(matches!(self.algebra.part(id), Part::Max(..)), l, r)
            }
            Part::Where(left, comparison, right, then, otherwise) => {
                let [left, right, then, otherwise] = [left, right, then, otherwise].map(|part| self.rewrite(part));
                self.algebra.choose(left, comparison, right, then, otherwise)
            }
        };
        self.done.insert(id, form);
        form
    }

    /// 1 / cosh² = 1 − tanh², where tanh is there already.
    fn factor(&mut self, base: Id, exponent: Id) -> (Id, Id) {
        let half = self.algebra.as_integer(exponent).filter(|n| *n < 0 && n % 2 == 0).map(|n| -n / 2);
        if let (Part::Apply(Function::Cosh, u), Some(k)) = (self.algebra.part(base).clone(), half)
            && self.present.contains(&(Function::Tanh, u))
            && let Some(power) = Ratio::from_f64(k as f64)
        {
            let u = self.rewrite(u);
            let tanh = self.algebra.apply(Function::Tanh, u);
            let two = self.algebra.number(Ratio::whole(2));
            let square = self.algebra.power(tanh, two);
            let rest = self.algebra.sum([(ONE, Ratio::ONE), (square, Ratio::MINUS_ONE)]);
            return (rest, self.algebra.number(power));
        }
        (self.rewrite(base), self.rewrite(exponent))
    }

    /// f(−u) = 1 − f(u) for σ and Φ, where f(u) is there already.
    fn function(&mut self, function: Function, u: Id) -> Id {
        let inner = self.rewrite(u);
        let plain = self.algebra.apply(function, inner);
        if !matches!(function, Function::Sigmoid | Function::NormalCdf) || self.named.contains(&(function, u)) {
            return plain;
        }
        let opposite = self.algebra.negated(u);
        let twin = (function, opposite);
        if self.named.contains(&twin) || (self.present.contains(&twin) && opposite < u) {
            let opposite = self.rewrite(opposite);
            let twin = self.algebra.apply(function, opposite);
            return self.algebra.sum([(ONE, Ratio::ONE), (twin, Ratio::MINUS_ONE)]);
        }
        plain
    }

    /// The shortest of the forms tried; the first of equals.
    fn shortest(&mut self, id: Id) -> Id {
        if self.algebra.budget == 0 {
            return id;
        }
        let expanded = self.expanded(id);
        let mut best = (self.algebra.cost(id), id);
        for form in std::iter::once(id).chain(expanded) {
            let one_line = self.one_line(form);
            for form in std::iter::once(form).chain(one_line) {
                let taken_out = self.taken_out(form, false);
                for form in std::iter::once(form).chain(taken_out) {
                    let cost = self.algebra.cost(form);
                    if cost < best.0 {
                        best = (cost, form);
                    }
                }
            }
        }
        best.1
    }

    fn terms(&self, id: Id) -> Vec<(Id, Ratio)> {
        match self.algebra.part(id) {
            Part::Sum(terms) => terms.clone(),
            _ => vec![(id, Ratio::ONE)],
        }
    }

    /// Whether so many more terms may be written.
    fn spend(&mut self, terms: usize) -> bool {
        let enough = self.algebra.budget >= terms;
        self.algebra.budget = if enough { self.algebra.budget - terms } else { 0 };
        enough
    }

    /// Brackets multiplied out.
    fn expanded(&mut self, id: Id) -> Option<Id> {
        let terms = self.terms(id);
        if terms.len() > TERMS {
            return None;
        }
        let (mut all, mut changed) = (Vec::new(), false);
        for (monomial, coefficient) in terms {
            let (flat, opened) = self.multiplied_out(monomial)?;
            changed |= opened;
            all.extend(flat.into_iter().map(|part| (part, coefficient)));
        }
        changed.then(|| self.algebra.sum(all))
    }

    /// A monomial as terms of a sum, and whether it had brackets.
    fn multiplied_out(&mut self, monomial: Id) -> Option<(Vec<Id>, bool)> {
        let (coefficient, factors) = self.algebra.factors(monomial);
        let (mut rest, mut brackets) = (Vec::new(), Vec::new());
        for (base, exponent) in factors {
            let power = self.algebra.as_integer(exponent).filter(|n| (1..=POWER).contains(n));
            match (self.algebra.as_sum(base), power) {
                (Some(terms), Some(n)) => brackets.extend(std::iter::repeat_n(terms.to_vec(), n as usize)),
                _ => rest.push((base, exponent)),
            }
        }
        let opened = !brackets.is_empty();
        let mut parts = vec![self.algebra.product(coefficient, rest)];
        for bracket in brackets {
            let count = parts.len() * bracket.len();
            if count > 2 * TERMS || !self.spend(count) {
                return None;
            }
            let mut next = Vec::with_capacity(count);
            for part in parts {
                for &(monomial, c) in &bracket {
                    next.push(self.algebra.product(c, vec![(part, ONE), (monomial, ONE)]));
                }
            }
            parts = next;
        }
        Some((parts, opened))
    }

    /// Common factors before a bracket. Powers of letters stay inside unless they may cancel: z² + z³.
    fn taken_out(&mut self, id: Id, letters: bool) -> Option<Id> {
        let terms = self.algebra.as_sum(id)?.to_vec();
        if terms.len() > TERMS || !self.spend(terms.len()) {
            return None;
        }
        let mut common: Vec<(Id, Id)> = Vec::new();
        for (k, (monomial, _)) in terms.iter().enumerate() {
            let (_, factors) = self.algebra.factors(*monomial);
            if k == 0 {
                common = factors;
                common.retain(|(base, _)| letters || !matches!(self.algebra.part(*base), Part::Letter(_)));
                continue;
            }
            let mut shared = Vec::new();
            for (base, exponent) in common {
                let Some((_, other)) = factors.iter().find(|(b, _)| *b == base) else { continue };
                if let Some(least) = self.smaller(exponent, *other) {
                    shared.push((base, least));
                }
            }
            common = shared;
        }
        let mut divided = Vec::new();
        for (monomial, coefficient) in terms {
            let mut factors = vec![(monomial, ONE)];
            for &(base, exponent) in &common {
                factors.push((base, self.algebra.negated(exponent)));
            }
            divided.push((self.algebra.product(Ratio::ONE, factors), coefficient));
        }
        let rest = self.algebra.sum(divided);
        common.push((rest, ONE));
        Some(self.algebra.product(Ratio::ONE, common))
    }

    /// Of two exponents the one nearer to 0, where they have one sign.
    fn smaller(&self, a: Id, b: Id) -> Option<Id> {
        if a == b {
            return Some(a);
        }
        let (x, y) = (self.algebra.as_number(a)?, self.algebra.as_number(b)?);
        if x.is_negative() != y.is_negative() {
            return None;
        }
        Some(if x.magnitude() < y.magnitude() { a } else { b })
    }

    /// All terms over one fraction line.
    fn one_line(&mut self, id: Id) -> Option<Id> {
        let terms = self.algebra.as_sum(id)?.to_vec();
        if terms.len() > TERMS || !self.spend(terms.len()) {
            return None;
        }
        let mut below: Vec<(Id, i64)> = Vec::new();
        for (monomial, _) in &terms {
            for (base, exponent) in self.algebra.factors(*monomial).1 {
                let Some(n) = self.algebra.as_integer(exponent).filter(|n| (-POWER..0).contains(n)) else { continue };
                match below.iter_mut().find(|(known, _)| *known == base) {
                    Some((_, largest)) => *largest = (*largest).max(-n),
                    None => below.push((base, -n)),
                }
            }
        }
        if below.is_empty() {
            return None;
        }
        let mut powers = |sign: i32| -> Vec<(Id, Id)> {
            below.iter().map(|&(base, n)| (base, self.algebra.number(Ratio::whole(sign * n as i32)))).collect()
        };
        let (up, down) = (powers(1), powers(-1));
        let mut above = Vec::new();
        for (monomial, coefficient) in terms {
            let mut factors = vec![(monomial, ONE)];
            factors.extend(up.iter().copied());
            above.push((self.algebra.product(Ratio::ONE, factors), coefficient));
        }
        let numerator = self.algebra.sum(above);
        let numerator = self.expanded(numerator).unwrap_or(numerator);
        let numerator = self.taken_out(numerator, true).unwrap_or(numerator);
        if numerator == ZERO {
            return Some(ZERO);
        }
        let mut factors = vec![(numerator, ONE)];
        factors.extend(down);
        Some(self.algebra.product(Ratio::ONE, factors))
    }
}

/// Collects the functions that stand in a part, each with its argument.
fn applied(algebra: &Algebra, id: Id, seen: &mut HashSet<Id>, found: &mut HashSet<(Function, Id)>) {
    if !seen.insert(id) {
        return;
    }
    let mut go = |id: &Id| applied(algebra, *id, seen, found);
    match algebra.part(id) {
        Part::Opaque(_) | Part::Letter(_) => {}
        Part::Sum(terms) => terms.iter().for_each(|(monomial, _)| go(monomial)),
        Part::Product(factors) => factors.iter().for_each(|(base, exponent)| {
            go(base);
            go(exponent);
        }),
        Part::Apply(function, u) => {
            go(u);
            found.insert((*function, *u));
        }
        Part::Max(l, r) | Part::Min(l, r) => [l, r].into_iter().for_each(go),
        Part::Where(l, _, r, then, otherwise) => [l, r, then, otherwise].into_iter().for_each(go),
    }
}
