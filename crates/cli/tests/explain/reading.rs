//! Reads printed mathematics back: numbers with − and ×10⁻⁷, names with raised and lowered indices, e^…, √, |…|, cases.

use crate::functions::{normal_cdf, normal_density, sigmoid};

#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A number as printed.
    Number(String),
    Name(String),
    Minus(Box<Term>),
    Sum(Box<Term>, Box<Term>),
    Product(Box<Term>, Box<Term>),
    Quotient(Box<Term>, Box<Term>),
    Power(Box<Term>, Box<Term>),
    Call(String, Vec<Term>),
    /// Value, and the comparison under which it holds.
    Cases(Vec<(Term, Option<Comparison>)>),
}

/// Left side, sign and right side.
type Comparison = (Term, char, Term);

const SUPERSCRIPTS: [char; 11] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹', '⁻'];
const SUBSCRIPTS: [char; 10] = ['₀', '₁', '₂', '₃', '₄', '₅', '₆', '₇', '₈', '₉'];
const FUNCTIONS: [&str; 11] = ["exp", "σ", "Φ", "φ", "sign", "tanh", "max", "min", "ln", "log", "cosh"];

fn plain_digits(text: &str) -> String {
    text.chars()
        .map(|c| SUPERSCRIPTS.iter().position(|s| *s == c).map_or(c, |k| ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-'][k]))
        .collect()
}

/// A raised whole number, with its sign.
fn whole(raised: &str) -> Term {
    match raised.strip_prefix('⁻') {
        Some(digits) => Term::Minus(Term::Number(plain_digits(digits)).into()),
        None => Term::Number(plain_digits(raised)),
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

pub fn read(text: &str) -> Term {
    let mut reader = Reader { text, rest: text };
    let term = reader.sum();
    assert!(reader.rest.trim().is_empty(), "{text:?}: what is {:?}?", reader.rest);
    term
}

impl<'a> Reader<'a> {
    fn eat(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn need(&mut self, token: &str) {
        assert!(self.eat(token), "{:?}: {token:?} expected before {:?}", self.text, self.rest);
    }

    fn take(&mut self, holds: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !holds(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn next(&self) -> Option<char> {
        self.rest.trim_start().chars().next()
    }

    fn sum(&mut self) -> Term {
        let mut sum = self.product();
        loop {
            if self.eat("+") {
                sum = Term::Sum(sum.into(), self.product().into());
            } else if self.eat("−") {
                sum = Term::Sum(sum.into(), Term::Minus(self.product().into()).into());
            } else {
                return sum;
            }
        }
    }

    fn product(&mut self) -> Term {
        let mut product = self.signed();
        loop {
            if self.eat("·") {
                product = Term::Product(product.into(), self.signed().into());
            } else if self.eat("/") {
                product = Term::Quotient(product.into(), self.signed().into());
            } else if self.next() == Some('(') {
                product = Term::Product(product.into(), self.power().into());
            } else {
                return product;
            }
        }
    }

    fn signed(&mut self) -> Term {
        if self.eat("−") { Term::Minus(self.signed().into()) } else { self.power() }
    }

    fn power(&mut self) -> Term {
        let base = self.atom();
        if self.eat("^") {
            let exponent = self.atom();
            return if base == Term::Name("e".to_string()) {
                Term::Call("exp".into(), vec![exponent])
            } else {
                Term::Power(base.into(), exponent.into())
            };
        }
        let raised = self.take(|c| SUPERSCRIPTS.contains(&c) || c == 'ᵗ');
        match raised {
            "" => base,
            _ if base == Term::Name("e".to_string()) => Term::Call("exp".into(), vec![whole(raised)]),
            "ᵗ" => Term::Power(base.into(), Term::Name("t".into()).into()),
            _ => Term::Power(base.into(), whole(raised).into()),
        }
    }

    fn atom(&mut self) -> Term {
        self.rest = self.rest.trim_start();
        let first = self.next().unwrap_or_else(|| panic!("{:?} ends too early", self.text));
        if first.is_ascii_digit() {
            return self.number();
        }
        if self.eat("(") {
            let inner = self.sum();
            self.need(")");
            return inner;
        }
        if self.eat("|") {
            let inner = self.sum();
            self.need("|");
            return Term::Call("abs".into(), vec![inner]);
        }
        if self.eat("√") {
            return Term::Call("sqrt".into(), vec![self.atom()]);
        }
        if self.eat("{") {
            return self.cases();
        }
        self.name()
    }

    fn number(&mut self) -> Term {
        let mut number = self.take(|c| c.is_ascii_digit() || c == '.').to_string();
        if let Some(rest) = self.rest.strip_prefix("×10") {
            self.rest = rest;
            number += &format!("e{}", plain_digits(self.take(|c| SUPERSCRIPTS.contains(&c))));
        }
        Term::Number(number)
    }

    fn name(&mut self) -> Term {
        let mut name = self.take(|c| c.is_alphabetic() && c != 'ᵗ' || c == '∂' || c == '_').to_string();
        assert!(!name.is_empty(), "{:?}: what is {:?}?", self.text, self.rest);
        if FUNCTIONS.contains(&name.as_str()) && self.rest.starts_with('(') {
            self.need("(");
            let mut arguments = vec![self.sum()];
            while self.eat(",") {
                arguments.push(self.sum());
            }
            self.need(")");
            return Term::Call(name, arguments);
        }
        if name == "softmax" {
            self.need("(z)");
            name += "(z)";
        }
        if self.rest.starts_with('⁽') {
            name += self.take(|c| SUPERSCRIPTS.contains(&c) || c == '⁽' || c == '⁾');
        }
        name += self.take(|c| SUBSCRIPTS.contains(&c));
        if self.rest.starts_with('[') {
            name += self.take(|c| c != ']');
            self.need("]");
            name += "]";
        }
        // ∂C/∂z⁽²⁾₀ is one name.
        if name.starts_with('∂') && self.rest.starts_with("/∂") {
            self.rest = &self.rest[1..];
            let Term::Name(by) = self.name() else { panic!("{:?}: a derivative by no name", self.text) };
            name += &format!("/{by}");
        }
        Term::Name(name)
    }

    fn cases(&mut self) -> Term {
        let mut cases = vec![];
        loop {
            let value = self.sum();
            if self.eat("otherwise") {
                cases.push((value, None));
            } else {
                self.need("if");
                let left = self.sum();
                let sign = ['>', '<', '≤', '≥'].into_iter().find(|sign| self.eat(&sign.to_string()));
                let sign = sign.unwrap_or_else(|| panic!("{:?}: no comparison before {:?}", self.text, self.rest));
                cases.push((value, Some((left, sign, self.sum()))));
            }
            if self.eat("}") {
                return Term::Cases(cases);
            }
            self.need(";");
        }
    }
}

/// The value of what is printed, names by `named`.
pub fn evaluate(term: &Term, named: &dyn Fn(&str) -> f64) -> f64 {
    let value = |term: &Term| evaluate(term, named);
    match term {
        Term::Number(text) => text.parse().unwrap_or_else(|_| panic!("no number: {text:?}")),
        Term::Name(name) => named(name),
        Term::Minus(term) => -value(term),
        Term::Sum(a, b) => value(a) + value(b),
        Term::Product(a, b) => value(a) * value(b),
        Term::Quotient(a, b) => value(a) / value(b),
        Term::Power(a, b) => value(a).powf(value(b)),
        Term::Call(name, arguments) => {
            let x = value(&arguments[0]);
            match name.as_str() {
                "exp" => x.exp(),
                "σ" => sigmoid(x),
                "Φ" => normal_cdf(x),
                "φ" => normal_density(x),
                "sign" => {
                    if x == 0.0 {
                        0.0
                    } else {
                        x.signum()
                    }
                }
                "tanh" => x.tanh(),
                "cosh" => x.cosh(),
                "ln" | "log" => x.ln(),
                "abs" => x.abs(),
                "sqrt" => x.sqrt(),
                "max" => arguments.iter().map(value).fold(f64::NEG_INFINITY, f64::max),
                "min" => arguments.iter().map(value).fold(f64::INFINITY, f64::min),
                other => panic!("no function {other}"),
            }
        }
        Term::Cases(cases) => {
            let holds = |(left, sign, right): &Comparison| {
                let (left, right) = (value(left), value(right));
                match sign {
                    '>' => left > right,
                    '<' => left < right,
                    '≤' => left <= right,
                    _ => left >= right,
                }
            };
            value(&cases.iter().find(|(_, under)| under.as_ref().is_none_or(holds)).expect("a case that holds").0)
        }
    }
}

/// Whether the printed number is `truth`, rounded correctly to the digits printed; `truth` itself is known to `slack` of its size.
pub fn rounds_to(printed: &str, truth: f64, slack: f64) -> bool {
    let (mantissa, power) = printed.split_once('e').unwrap_or((printed, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, after)| after.len() as i32);
    let half = 0.5 * 10f64.powi(power.parse::<i32>().expect("a power") - decimals);
    let value: f64 = printed.parse().expect("a number");
    (value - truth).abs() <= half * (1.0 + 1e-6) + slack * truth.abs() || value == truth
}

/// Holds `numbers` to be `formula` with every name replaced by its value, correctly rounded.
pub fn compare(formula: &Term, numbers: &Term, named: &dyn Fn(&str) -> f64, slack: f64) -> Result<(), String> {
    let both = |pairs: &[(&Term, &Term)]| pairs.iter().try_for_each(|(a, b)| compare(a, b, named, slack));
    let apart = || Err(format!("{numbers:?} is not {formula:?} in numbers"));
    match (formula, numbers) {
        (Term::Name(name), printed) => {
            let (sign, printed) = match printed {
                Term::Minus(inner) => (-1.0, inner.as_ref()),
                _ => (1.0, printed),
            };
            let Term::Number(text) = printed else { return apart() };
            let truth = named(name);
            if rounds_to(text, sign * truth, slack) { Ok(()) } else { Err(format!("{name} is {truth:?}, printed as {text}, sign {sign}")) }
        }
        (Term::Number(a), Term::Number(b)) if a.parse::<f64>() == b.parse::<f64>() => Ok(()),
        (Term::Minus(a), Term::Minus(b)) => both(&[(a, b)]),
        (Term::Sum(a, b), Term::Sum(c, d))
        | (Term::Product(a, b), Term::Product(c, d))
        | (Term::Quotient(a, b), Term::Quotient(c, d))
        | (Term::Power(a, b), Term::Power(c, d)) => both(&[(a, c), (b, d)]),
        (Term::Call(f, a), Term::Call(g, b)) if f == g && a.len() == b.len() => both(&a.iter().zip(b).collect::<Vec<_>>()),
        (Term::Cases(a), Term::Cases(b)) if a.len() == b.len() => {
            for ((value, under), (printed, printed_under)) in a.iter().zip(b) {
                both(&[(value, printed)])?;
                match (under, printed_under) {
                    (None, None) => {}
                    (Some((l, sign, r)), Some((m, same, s))) if sign == same => both(&[(l, m), (r, s)])?,
                    _ => return apart(),
                }
            }
            Ok(())
        }
        _ => apart(),
    }
}

#[test]
fn reads_what_a_person_reads() {
    let none = |name: &str| panic!("no name {name}");
    for (text, expected) in [
        ("0.15 − 0.5 · 0.25/2", 0.0875),
        ("−2²", -4.0),
        ("(−2)²", 4.0),
        ("2 · (−0.5 − 1)", -3.0),
        ("√(1.6×10⁻⁷) + 1×10⁻⁴", 5e-4),
        ("√0.25", 0.5),
        ("1/(1 + e^(−0))", 0.5),
        ("e^1.5 · 1", 1.5f64.exp()),
        ("{1 − 0.3 if 0.6 > 0; −0.3 if 0.6 < 0; 0 otherwise}", 0.7),
        ("{1/6 if |−3.5| < 3; 0 otherwise}", 0.0),
        ("1 − 0.9¹", 0.1),
    ] {
        crate::support::close(text, evaluate(&read(text), &none), expected, 1e-15, 1.0);
    }
    let named = |name: &str| match name {
        "∂C/∂z⁽²⁾₀" => 0.123456789,
        "W⁽²⁾[0,1]" => -4.0,
        other => panic!("no name {other}"),
    };
    let formula = read("∂C/∂z⁽²⁾₀ · W⁽²⁾[0,1]");
    assert_eq!(compare(&formula, &read("0.12345679 · (−4)"), &named, 0.0), Ok(()));
    assert!(compare(&formula, &read("0.12345678 · (−4)"), &named, 0.0).is_err());
    assert!(compare(&formula, &read("0.12345679 · 4"), &named, 0.0).is_err());
    assert!(compare(&formula, &read("0.12345679 + (−4)"), &named, 0.0).is_err());
}
