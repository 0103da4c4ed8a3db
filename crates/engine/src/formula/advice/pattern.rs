//! Patterns: each letter stands for any part, the same letter for equal parts.

use super::tree::{Kind, Tree};
use crate::formula::textbook;
use std::collections::HashMap;

/// What the letters of a pattern stand for.
pub(super) type Bound<'a> = Vec<(String, Tree<'a>)>;

/// A pattern found.
pub(super) struct Found<'a> {
    pub bound: Bound<'a>,
    /// Terms or factors of the part that the pattern does not need.
    pub rest: Vec<Tree<'a>>,
    /// Those it needs, by their place in the sum or product.
    used: Vec<usize>,
    /// The pattern fits with all its signs turned.
    turned: bool,
}

impl<'a> Found<'a> {
    /// The part with `stable` in place of what the pattern needs.
    pub fn with(&self, tree: &Tree<'a>, stable: Tree<'a>) -> Tree<'a> {
        let first = self.used.iter().min().copied().unwrap_or(0);
        let put = |parts: &[(bool, Tree<'a>)], flag: bool| -> Vec<(bool, Tree<'a>)> {
            let parts = parts.iter().enumerate().filter(|(k, _)| *k == first || !self.used.contains(k));
            parts.map(|(k, part)| if k == first { (flag, stable.clone()) } else { part.clone() }).collect()
        };
        match &tree.kind {
            Kind::Sum(terms) if !self.used.is_empty() => Tree::sum(put(terms, self.turned)),
            Kind::Product(minus, factors) if !self.used.is_empty() => Tree::product(*minus ^ self.turned, put(factors, false)),
            _ => stable,
        }
    }
}

/// A term with whether it is subtracted, or a factor with whether it stands below.
type Item<'a> = (bool, Tree<'a>);

/// How the items of a pattern fit those of a part: what the letters stand for, and which items were used.
type Choice<'a> = (Bound<'a>, Vec<usize>);

/// Compares parts; equal are those that have one textbook form.
pub(super) struct Matcher {
    forms: HashMap<String, String>,
    /// Comparisons that may still be made for this pattern.
    budget: usize,
}

/// Enough for every pattern in a formula that a person writes.
const BUDGET: usize = 2000;

impl Matcher {
    pub fn new() -> Matcher {
        Matcher { forms: HashMap::new(), budget: 0 }
    }

    /// The pattern in a part: the whole of it, or some terms of a sum or factors of a product.
    pub fn find<'a>(&mut self, pattern: &Tree<'static>, tree: &Tree<'a>) -> Option<Found<'a>> {
        self.budget = BUDGET;
        match (&pattern.kind, &tree.kind) {
            (Kind::Sum(wanted), Kind::Sum(terms)) => [false, true].into_iter().find_map(|turned| {
                let wanted: Vec<(bool, &Tree<'static>)> = wanted.iter().map(|(minus, part)| (minus ^ turned, part)).collect();
                let (bound, used) = self.choose(&wanted, terms, &Vec::new(), &[]).into_iter().next()?;
                Some(found(bound, used, terms, turned))
            }),
            (Kind::Product(sign, wanted), Kind::Product(_, factors)) => {
                let wanted: Vec<(bool, &Tree<'static>)> = wanted.iter().map(|(below, part)| (*below, part)).collect();
                let (bound, used) = self.choose(&wanted, factors, &Vec::new(), &[]).into_iter().next()?;
                Some(found(bound, used, factors, *sign))
            }
            _ => {
                let bound = self.fits(pattern, tree, &Vec::new()).into_iter().next()?;
                Some(Found { bound, rest: Vec::new(), used: Vec::new(), turned: false })
            }
        }
    }

    /// All ways in which the whole of a part fits.
    fn fits<'a>(&mut self, pattern: &Tree<'static>, tree: &Tree<'a>, bound: &Bound<'a>) -> Vec<Bound<'a>> {
        if self.budget == 0 {
            return Vec::new();
        }
        self.budget -= 1;
        match (&pattern.kind, &tree.kind) {
            (Kind::Letter(name), _) => self.bind(name, tree.clone(), bound).into_iter().collect(),
            (Kind::Number(wanted), Kind::Number(value)) if wanted == value => vec![bound.clone()],
            (Kind::Apply(wanted, inner), Kind::Apply(function, argument)) if wanted == function => self.fits(inner, argument, bound),
            (Kind::Power(wanted), Kind::Power(parts)) => {
                let bases = self.fits(&wanted[0], &parts[0], bound);
                bases.iter().flat_map(|bound| self.fits(&wanted[1], &parts[1], bound)).collect()
            }
            (Kind::Sum(wanted), Kind::Sum(terms)) => self.all(wanted, terms, None, bound),
            (Kind::Product(sign, wanted), Kind::Product(minus, factors)) => self.all(wanted, factors, Some(sign ^ minus), bound),
            (Kind::Product(true, wanted), _) if wanted.len() == 1 => {
                // −x is any part, x its negative.
                self.fits(&wanted[0].1, &tree.clone().negated(), bound)
            }
            _ => Vec::new(),
        }
    }

    /// All items of a sum, or of a product whose sign is that of the pattern or `turned`; a letter takes what is left,
    /// and the sign.
    fn all<'a>(&mut self, wanted: &[Item<'static>], items: &[Item<'a>], turned: Option<bool>, bound: &Bound<'a>) -> Vec<Bound<'a>> {
        let is_letter = |(_, part): &&Item<'static>| matches!(part.kind, Kind::Letter(_));
        let letters: Vec<&Item<'static>> = wanted.iter().filter(is_letter).collect();
        let others: Vec<(bool, &Tree<'static>)> = wanted.iter().filter(|item| !is_letter(item)).map(|(flag, part)| (*flag, part)).collect();
        let mut result = Vec::new();
        for (bound, used) in self.choose(&others, items, bound, &[]) {
            let left: Vec<Item<'a>> = items.iter().enumerate().filter(|(k, _)| !used.contains(k)).map(|(_, item)| item.clone()).collect();
            match letters.as_slice() {
                [] if left.is_empty() && turned != Some(true) => result.push(bound),
                [(flag, letter)] if !left.is_empty() => {
                    let Kind::Letter(name) = &letter.kind else { continue };
                    let (part, negative) = match turned {
                        None => (Tree::sum(left), *flag),
                        Some(turned) => (Tree::product(false, left), turned),
                    };
                    result.extend(self.bind(name, if negative { part.negated() } else { part }, &bound));
                }
                _ => {}
            }
        }
        result
    }

    /// All ways to find the wanted items among these, each item used once.
    fn choose<'a>(&mut self, wanted: &[(bool, &Tree<'static>)], items: &[Item<'a>], bound: &Bound<'a>, used: &[usize]) -> Vec<Choice<'a>> {
        let Some(((flag, part), others)) = wanted.split_first() else { return vec![(bound.clone(), used.to_vec())] };
        let mut result = Vec::new();
        for (k, (item_flag, item)) in items.iter().enumerate() {
            if item_flag != flag || used.contains(&k) {
                continue;
            }
            for bound in self.fits(part, item, bound) {
                let mut used = used.to_vec();
                used.push(k);
                result.extend(self.choose(others, items, &bound, &used));
            }
        }
        result
    }

    fn bind<'a>(&mut self, name: &str, part: Tree<'a>, bound: &Bound<'a>) -> Option<Bound<'a>> {
        if let Some((_, known)) = bound.iter().find(|(letter, _)| letter == name) {
            return (self.form(known) == self.form(&part)).then(|| bound.clone());
        }
        let mut bound = bound.clone();
        bound.push((name.to_string(), part));
        Some(bound)
    }

    fn form(&mut self, part: &Tree<'_>) -> String {
        let formula = part.formula();
        self.forms.entry(formula.to_string()).or_insert_with(|| textbook(&formula, &[]).to_string()).clone()
    }
}

fn found<'a>(bound: Bound<'a>, used: Vec<usize>, items: &[(bool, Tree<'a>)], turned: bool) -> Found<'a> {
    let rest = items.iter().enumerate().filter(|(k, _)| !used.contains(k)).map(|(_, (_, item))| item.clone()).collect();
    Found { bound, rest, used, turned }
}
