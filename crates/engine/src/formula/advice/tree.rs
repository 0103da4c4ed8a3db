//! A formula with its sums and products flat, so that they can be compared in any order.

use crate::formula::{Condition, Formula, Function, Sign};

/// A part of a formula.
#[derive(Clone, Debug)]
pub(super) struct Tree<'a> {
    pub kind: Kind<'a>,
    /// The part as it was typed.
    pub source: Option<&'a Formula>,
    /// Its number in the formula; 0 for what was made since.
    pub place: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Kind<'a> {
    Number(f64),
    Letter(String),
    /// Terms, each with whether it is subtracted.
    Sum(Vec<(bool, Tree<'a>)>),
    /// Whether there is a minus before it; factors, each with whether it stands below.
    Product(bool, Vec<(bool, Tree<'a>)>),
    Power(Box<[Tree<'a>; 2]>),
    Apply(Function, Box<Tree<'a>>),
    /// max, min and where: the parts, and the formula they are parts of.
    Other(Vec<Tree<'a>>, Box<Formula>),
}

impl<'a> Tree<'a> {
    pub fn made(kind: Kind<'a>) -> Tree<'a> {
        Tree { kind, source: None, place: 0 }
    }

    /// Flattens a formula; `count` numbers the parts.
    pub fn read(formula: &'a Formula, count: &mut usize) -> Tree<'a> {
        *count += 1;
        let place = *count;
        let kind = match formula {
            Formula::Constant(value) if *value < 0.0 => Kind::Product(true, vec![(false, Tree::made(Kind::Number(-value)))]),
            Formula::Constant(value) => Kind::Number(*value),
            Formula::Variable(name) => Kind::Letter(name.clone()),
            Formula::Arithmetic(Sign::Plus | Sign::Minus, ..) => {
                let mut terms = Vec::new();
                read_terms(formula, false, count, &mut terms);
                terms.reverse();
                Kind::Sum(terms)
            }
            Formula::Negative(_) | Formula::Arithmetic(Sign::Times | Sign::Over, ..) => {
                let (mut factors, mut minus) = (Vec::new(), false);
                read_factors(formula, false, count, &mut factors, &mut minus);
                factors.reverse();
                return Tree { source: Some(formula), place, ..Tree::product(minus, factors) };
            }
            Formula::Arithmetic(Sign::Power, base, exponent) => {
                if is_minus_one(exponent) {
                    return Tree { source: Some(formula), place, ..Tree::product(false, vec![(true, Tree::read(base, count))]) };
                }
                Kind::Power(Box::new([Tree::read(base, count), Tree::read(exponent, count)]))
            }
            Formula::Apply(function, inner) => Kind::Apply(*function, Box::new(Tree::read(inner, count))),
            Formula::Max(left, right) | Formula::Min(left, right) => {
                Kind::Other(vec![Tree::read(left, count), Tree::read(right, count)], Box::new(formula.clone()))
            }
            Formula::Where(condition, then, otherwise) => {
                let parts = [&condition.left, &condition.right, then, otherwise].map(|part| Tree::read(part, count));
                Kind::Other(parts.into(), Box::new(formula.clone()))
            }
        };
        Tree { kind, source: Some(formula), place }
    }

    /// A product without the ones in it; one factor above is itself.
    pub fn product(minus: bool, factors: Vec<(bool, Tree<'a>)>) -> Tree<'a> {
        let (mut sign, mut flat) = (minus, Vec::new());
        for (below, factor) in factors {
            match factor.kind {
                Kind::Number(1.0) => {}
                Kind::Product(minus, inner) => {
                    sign ^= minus;
                    flat.extend(inner.into_iter().map(|(under, factor)| (below ^ under, factor)));
                }
                _ => flat.push((below, factor)),
            }
        }
        match (sign, flat.as_slice()) {
            (false, []) => Tree::made(Kind::Number(1.0)),
            (true, []) => Tree::made(Kind::Product(true, vec![(false, Tree::made(Kind::Number(1.0)))])),
            (false, [(false, single)]) => single.clone(),
            _ => Tree::made(Kind::Product(sign, flat)),
        }
    }

    /// Terms as one sum; one term is itself.
    pub fn sum(terms: Vec<(bool, Tree<'a>)>) -> Tree<'a> {
        let mut flat = Vec::new();
        for (minus, term) in terms {
            match term.kind {
                Kind::Sum(inner) => flat.extend(inner.into_iter().map(|(sign, term)| (minus ^ sign, term))),
                Kind::Product(sign, factors) if sign => flat.push((!minus, Tree::product(false, factors))),
                _ => flat.push((minus, term)),
            }
        }
        match flat.as_slice() {
            [(false, single)] => single.clone(),
            [(true, single)] => single.clone().negated(),
            _ => Tree::made(Kind::Sum(flat)),
        }
    }

    pub fn negated(self) -> Tree<'a> {
        match self.kind {
            Kind::Sum(terms) => Tree::made(Kind::Sum(terms.into_iter().map(|(minus, term)| (!minus, term)).collect())),
            _ => Tree::product(true, vec![(false, self)]),
        }
    }

    /// The same for any formula.
    pub fn without_source<'b>(&self) -> Tree<'b> {
        let all = |parts: &[(bool, Tree<'a>)]| parts.iter().map(|(flag, part)| (*flag, part.without_source())).collect();
        Tree::made(match &self.kind {
            Kind::Number(value) => Kind::Number(*value),
            Kind::Letter(name) => Kind::Letter(name.clone()),
            Kind::Sum(terms) => Kind::Sum(all(terms)),
            Kind::Product(minus, factors) => Kind::Product(*minus, all(factors)),
            Kind::Power(parts) => Kind::Power(Box::new([parts[0].without_source(), parts[1].without_source()])),
            Kind::Apply(function, inner) => Kind::Apply(*function, Box::new(inner.without_source())),
            Kind::Other(parts, formula) => Kind::Other(parts.iter().map(Tree::without_source).collect(), formula.clone()),
        })
    }

    /// The part with each of its parts replaced.
    pub fn map(&self, change: &mut impl FnMut(&Tree<'a>) -> Tree<'a>) -> Tree<'a> {
        let mut all = |parts: &[(bool, Tree<'a>)]| parts.iter().map(|(flag, part)| (*flag, change(part))).collect();
        let tree = match &self.kind {
            Kind::Number(_) | Kind::Letter(_) => return self.clone(),
            Kind::Sum(terms) => Tree::sum(all(terms)),
            Kind::Product(minus, factors) => Tree::product(*minus, all(factors)),
            Kind::Power(parts) => Tree::made(Kind::Power(Box::new([change(&parts[0]), change(&parts[1])]))),
            Kind::Apply(function, inner) => Tree::made(Kind::Apply(*function, Box::new(change(inner)))),
            Kind::Other(parts, formula) => Tree::made(Kind::Other(parts.iter().map(change).collect(), formula.clone())),
        };
        Tree { kind: tree.kind, source: self.source, place: self.place }
    }

    /// The numbers of it and of all its parts.
    pub fn places(&self, places: &mut Vec<usize>) {
        places.push(self.place);
        match &self.kind {
            Kind::Number(_) | Kind::Letter(_) => {}
            Kind::Sum(parts) | Kind::Product(_, parts) => parts.iter().for_each(|(_, part)| part.places(places)),
            Kind::Power(parts) => parts.iter().for_each(|part| part.places(places)),
            Kind::Apply(_, inner) => inner.places(places),
            Kind::Other(parts, _) => parts.iter().for_each(|part| part.places(places)),
        }
    }

    /// As a formula.
    pub fn formula(&self) -> Formula {
        match &self.kind {
            Kind::Number(value) => Formula::Constant(*value),
            Kind::Letter(name) => Formula::Variable(name.clone()),
            Kind::Sum(terms) => {
                let sum = terms.iter().fold(None, |sum, (minus, term)| {
                    let term = term.formula();
                    Some(match (sum, minus) {
                        (None, false) => term,
                        (None, true) => Formula::Negative(Box::new(term)),
                        (Some(sum), minus) => join(if *minus { Sign::Minus } else { Sign::Plus }, sum, term),
                    })
                });
                sum.unwrap_or(Formula::Constant(0.0))
            }
            Kind::Product(minus, factors) => {
                let chosen = |wanted: bool| {
                    let chosen = factors.iter().filter(move |(below, _)| *below == wanted).map(|(_, factor)| factor.formula());
                    chosen.reduce(|product, factor| join(Sign::Times, product, factor))
                };
                let above = chosen(false).unwrap_or(Formula::Constant(1.0));
                let quotient = match chosen(true) {
                    Some(below) => join(Sign::Over, above, below),
                    None => above,
                };
                if *minus { Formula::Negative(Box::new(quotient)) } else { quotient }
            }
            Kind::Power(parts) => join(Sign::Power, parts[0].formula(), parts[1].formula()),
            Kind::Apply(function, inner) => Formula::Apply(*function, Box::new(inner.formula())),
            Kind::Other(parts, formula) => other(parts, formula),
        }
    }
}

/// max, min or where, of other parts.
fn other(parts: &[Tree<'_>], formula: &Formula) -> Formula {
    let part = |k: usize| parts[k].formula();
    match formula {
        Formula::Max(..) => Formula::Max(Box::new(part(0)), Box::new(part(1))),
        Formula::Min(..) => Formula::Min(Box::new(part(0)), Box::new(part(1))),
        Formula::Where(condition, ..) => {
            let condition = Condition { left: part(0), comparison: condition.comparison, right: part(1) };
            Formula::Where(Box::new(condition), Box::new(part(2)), Box::new(part(3)))
        }
        _ => formula.clone(),
    }
}

fn join(sign: Sign, left: Formula, right: Formula) -> Formula {
    Formula::Arithmetic(sign, Box::new(left), Box::new(right))
}

fn is_minus_one(formula: &Formula) -> bool {
    match formula {
        Formula::Constant(value) => *value == -1.0,
        Formula::Negative(inner) => **inner == Formula::Constant(1.0),
        _ => false,
    }
}

/// The terms of a chain of additions, last first.
fn read_terms<'a>(formula: &'a Formula, minus: bool, count: &mut usize, terms: &mut Vec<(bool, Tree<'a>)>) {
    let mut rest = formula;
    loop {
        match rest {
            Formula::Arithmetic(sign @ (Sign::Plus | Sign::Minus), left, right) => {
                read_term(right, minus ^ (*sign == Sign::Minus), count, terms);
                rest = left;
            }
            _ => return read_term(rest, minus, count, terms),
        }
    }
}

/// One term: a minus before it is the term's, a sum in brackets is part of the sum.
fn read_term<'a>(formula: &'a Formula, minus: bool, count: &mut usize, terms: &mut Vec<(bool, Tree<'a>)>) {
    match formula {
        Formula::Arithmetic(Sign::Plus | Sign::Minus, ..) => read_terms(formula, minus, count, terms),
        Formula::Negative(inner) => read_term(inner, !minus, count, terms),
        _ => {
            let tree = Tree::read(formula, count);
            match tree.kind {
                Kind::Product(true, factors) => {
                    let place = tree.place;
                    terms.push((!minus, Tree { source: tree.source, place, ..Tree::product(false, factors) }));
                }
                _ => terms.push((minus, tree)),
            }
        }
    }
}

/// The factors of a chain of multiplications and divisions, last first, and the sign before them.
fn read_factors<'a>(formula: &'a Formula, below: bool, count: &mut usize, factors: &mut Vec<(bool, Tree<'a>)>, minus: &mut bool) {
    let mut rest = formula;
    loop {
        match rest {
            Formula::Arithmetic(sign @ (Sign::Times | Sign::Over), left, right) => {
                let under = below ^ (*sign == Sign::Over);
                match right.as_ref() {
                    Formula::Negative(_) | Formula::Arithmetic(Sign::Times | Sign::Over, ..) => {
                        read_factors(right, under, count, factors, minus);
                    }
                    _ => factors.push((under, Tree::read(right, count))),
                }
                rest = left;
            }
            Formula::Negative(inner) => {
                *minus = !*minus;
                rest = inner;
            }
            _ => return factors.push((below, Tree::read(rest, count))),
        }
    }
}
