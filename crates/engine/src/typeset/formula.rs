//! A formula as it is set on a page, each variable drawn as the reader is to see it: a letter, a letter with an
//! index, or the number it stands for.
//!
//! Brackets stand only where the rules of arithmetic need them, and around a negative number behind a sign.

use super::{Bracket, Math};
use crate::formula::{Comparison, Condition, Formula, Function, Sign, shortest};

/// How tightly a piece holds together; it needs brackets where something tighter is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tightness {
    Cases,
    Sum,
    Product,
    /// Stands as one thing, but not as the base of a power: a fraction, a root, something raised.
    Whole,
    Atom,
}

/// A piece of mathematics and what is to be known before something is put beside it.
struct Piece {
    math: Math,
    tightness: Tightness,
    /// It begins with a minus.
    minus: bool,
}

/// The formula, each variable drawn by `letter`. `pi` is π, and a letter with the name of a Greek one becomes it.
pub fn typeset(formula: &Formula, letter: &dyn Fn(&str) -> Math) -> Math {
    let setter = Setter { letter, numbers: has_number(formula, letter) };
    setter.piece(formula).math
}

/// The letter a name is printed as: `alpha` is α, others stay.
pub fn greek(name: &str) -> &str {
    const NAMES: [(&str, &str); 24] = [
        ("alpha", "α"),
        ("beta", "β"),
        ("gamma", "γ"),
        ("delta", "δ"),
        ("epsilon", "ε"),
        ("zeta", "ζ"),
        ("eta", "η"),
        ("theta", "θ"),
        ("iota", "ι"),
        ("kappa", "κ"),
        ("lambda", "λ"),
        ("mu", "μ"),
        ("nu", "ν"),
        ("xi", "ξ"),
        ("omicron", "ο"),
        ("pi", "π"),
        ("rho", "ρ"),
        ("sigma", "σ"),
        ("tau", "τ"),
        ("upsilon", "υ"),
        ("phi", "φ"),
        ("chi", "χ"),
        ("psi", "ψ"),
        ("omega", "ω"),
    ];
    NAMES.iter().find(|(word, _)| *word == name).map_or(name, |(_, letter)| letter)
}

/// Whether some variable is drawn as a number.
fn has_number(formula: &Formula, letter: &dyn Fn(&str) -> Math) -> bool {
    let of = |inner: &Formula| has_number(inner, letter);
    match formula {
        Formula::Constant(_) => false,
        Formula::Variable(name) => name != "pi" && matches!(letter(name), Math::Number(_)),
        Formula::Negative(inner) | Formula::Apply(_, inner) => of(inner),
        Formula::Arithmetic(_, left, right) | Formula::Max(left, right) | Formula::Min(left, right) => of(left) || of(right),
        Formula::Where(condition, then, otherwise) => of(&condition.left) || of(&condition.right) || of(then) || of(otherwise),
    }
}

struct Setter<'a> {
    letter: &'a dyn Fn(&str) -> Math,
    /// Numbers stand for letters: a product always shows its sign.
    numbers: bool,
}

impl Setter<'_> {
    fn piece(&self, formula: &Formula) -> Piece {
        match formula {
            Formula::Constant(value) => Piece::drawn(Math::Number(shortest(*value))),
            Formula::Variable(name) if name == "pi" => Piece::drawn(Math::letter("π")),
            Formula::Variable(name) => Piece::drawn(in_greek((self.letter)(name))),
            Formula::Negative(inner) => match inner.as_ref() {
                Formula::Constant(value) if *value >= 0.0 => Piece::drawn(Math::Number(shortest(-value))),
                inner => self.piece(inner).negated(),
            },
            Formula::Arithmetic(Sign::Plus, left, right) => self.sum("+", left, right, Tightness::Sum),
            Formula::Arithmetic(Sign::Minus, left, right) => self.sum("−", left, right, Tightness::Product),
            Formula::Arithmetic(Sign::Times, left, right) => self.product(left, right),
            Formula::Arithmetic(Sign::Over, left, right) => self.fraction(left, right),
            Formula::Arithmetic(Sign::Power, base, exponent) => {
                let raised = self.piece(base).at_least(Tightness::Atom, false).above(self.piece(exponent).math);
                Piece::new(raised, Tightness::Whole)
            }
            Formula::Apply(function, inner) => self.apply(*function, inner),
            Formula::Max(left, right) => self.call("max", &[left, right]),
            Formula::Min(left, right) => self.call("min", &[left, right]),
            Formula::Where(condition, then, otherwise) => self.cases(condition, then, otherwise),
        }
    }

    fn sum(&self, sign: &'static str, left: &Formula, right: &Formula, behind: Tightness) -> Piece {
        let left = self.piece(left);
        let minus = left.minus;
        let right = self.piece(right).at_least(behind, false);
        Piece { math: row([left.at_least(Tightness::Sum, true), Math::Sign(sign), right]), tightness: Tightness::Sum, minus }
    }

    fn product(&self, left: &Formula, right: &Formula) -> Piece {
        let plain_number = matches!(left, Formula::Constant(value) if *value >= 0.0) && !self.numbers;
        let left = self.piece(left);
        let minus = left.minus;
        let plain_number = plain_number && left.tightness == Tightness::Atom;
        let left = left.at_least(Tightness::Product, true);
        let right = self.piece(right).at_least(Tightness::Product, false);
        let math = if plain_number && reads_on(&right) { row([left, right]) } else { row([left, Math::Sign("·"), right]) };
        Piece { math, tightness: Tightness::Product, minus }
    }

    /// A minus in the numerator stands before the fraction.
    fn fraction(&self, numerator: &Formula, denominator: &Formula) -> Piece {
        if let Formula::Negative(inner) = numerator {
            return self.fraction(inner, denominator).negated();
        }
        let numerator = self.piece(numerator);
        let minus = numerator.minus;
        let math = numerator.at_least(Tightness::Sum, true).over(self.piece(denominator).at_least(Tightness::Sum, true));
        Piece { math, tightness: Tightness::Whole, minus }
    }

    fn apply(&self, function: Function, inner: &Formula) -> Piece {
        let one = || Math::Number("1".into());
        let name = match function {
            Function::Exp => return exponential(self.piece(inner).math),
            Function::Expm1 => {
                let power = exponential(self.piece(inner).math);
                return Piece::new(row([power.math, Math::Sign("−"), one()]), Tightness::Sum);
            }
            Function::Sqrt => return Piece::new(Math::Root(Box::new(self.piece(inner).math)), Tightness::Whole),
            Function::Abs => return Piece::new(Math::Bracket(Bracket::Bars, Box::new(self.piece(inner).math)), Tightness::Atom),
            Function::Log1p => {
                let sum = row([one(), Math::Sign("+"), self.piece(inner).at_least(Tightness::Sum, false)]);
                return Piece::new(Math::Call("log".into(), vec![sum]), Tightness::Atom);
            }
            Function::Log => "log",
            Function::Sign => "sign",
            Function::Tanh => "tanh",
            Function::Cosh => "cosh",
            Function::Sigmoid => "σ",
            Function::Softplus => "softplus",
            Function::NormalCdf => "Φ",
            Function::NormalPdf => "φ",
        };
        self.call(name, &[inner])
    }

    fn call(&self, name: &str, arguments: &[&Formula]) -> Piece {
        let arguments = arguments.iter().map(|argument| self.piece(argument).math).collect();
        Piece::new(Math::Call(name.into(), arguments), Tightness::Atom)
    }

    /// A distinction in the last case becomes further cases.
    fn cases(&self, condition: &Condition, then: &Formula, otherwise: &Formula) -> Piece {
        let mut cases = vec![(self.piece(then).math, self.condition(condition))];
        let mut rest = otherwise;
        while let Formula::Where(condition, then, otherwise) = rest {
            cases.push((self.piece(then).math, self.condition(condition)));
            rest = otherwise;
        }
        cases.push((self.piece(rest).math, Math::text("otherwise")));
        Piece::new(Math::Cases(cases), Tightness::Cases)
    }

    fn condition(&self, condition: &Condition) -> Math {
        let sign = match condition.comparison {
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => "≥",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "≤",
        };
        let side = |formula| self.piece(formula).at_least(Tightness::Sum, true);
        row([side(&condition.left), Math::Sign(sign), side(&condition.right)])
    }
}

impl Piece {
    fn new(math: Math, tightness: Tightness) -> Piece {
        Piece { math, tightness, minus: false }
    }

    /// Of something drawn elsewhere.
    fn drawn(math: Math) -> Piece {
        let minus = begins_with_minus(&math);
        let tightness = tightness(&math);
        Piece { math, tightness, minus }
    }

    /// In brackets unless it is tight enough and begins as it may: a minus only where nothing stands before it.
    fn at_least(self, wanted: Tightness, may_begin_with_minus: bool) -> Math {
        let fits = self.tightness >= wanted && (may_begin_with_minus || !self.minus);
        if fits { self.math } else { self.math.bracketed() }
    }

    fn negated(self) -> Piece {
        let inner = self.at_least(Tightness::Product, false);
        Piece { math: row([Math::Sign("−"), inner]), tightness: Tightness::Product, minus: true }
    }
}

/// eˣ where x is short, exp(x) otherwise.
fn exponential(exponent: Math) -> Piece {
    const SHORT: usize = 8;
    if width(&exponent) <= SHORT {
        Piece::new(Math::letter("e").above(exponent), Tightness::Whole)
    } else {
        Piece::new(Math::Call("exp".into(), vec![exponent]), Tightness::Atom)
    }
}

/// Side by side, rows within the row dissolved.
fn row(parts: impl IntoIterator<Item = Math>) -> Math {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Math::Row(inner) => flat.extend(inner),
            part => flat.push(part),
        }
    }
    Math::Row(flat)
}

/// Whether `2` may stand directly before it: `2z`, `2(a − y)`. Not `2e`, which would be read as a number.
fn reads_on(math: &Math) -> bool {
    match math {
        Math::Letter(name) => name.chars().count() == 1 && name != "e",
        Math::Script { base, .. } => reads_on(base),
        Math::Bracket(Bracket::Round, _) => true,
        Math::Row(parts) => parts.first().is_some_and(reads_on),
        _ => false,
    }
}

/// How many characters wide, roughly; very wide where it is not a line of letters and numbers.
fn width(math: &Math) -> usize {
    match math {
        Math::Number(digits) => digits.chars().count(),
        Math::Letter(name) => name.chars().count(),
        Math::Sign(_) => 1,
        Math::Row(parts) => parts.iter().map(width).sum(),
        Math::Script { base, below: Some(index), above: None } => width(base) + width(index),
        _ => 100,
    }
}

fn begins_with_minus(math: &Math) -> bool {
    match math {
        Math::Number(digits) => digits.starts_with(['-', '−']),
        Math::Sign(sign) => matches!(*sign, "−" | "-"),
        Math::Row(parts) => parts.first().is_some_and(begins_with_minus),
        Math::Fraction(numerator, _) => begins_with_minus(numerator),
        _ => false,
    }
}

/// How tightly something drawn elsewhere holds together.
fn tightness(math: &Math) -> Tightness {
    match math {
        // 1.5e-7 is drawn as a product.
        Math::Number(digits) if digits.contains(['e', 'E']) => Tightness::Product,
        Math::Number(digits) if digits.starts_with(['-', '−']) => Tightness::Product,
        Math::Row(parts) if parts.len() == 1 => tightness(&parts[0]),
        Math::Row(parts) => {
            let product = |part: &Math| !matches!(part, Math::Sign(sign) if !matches!(*sign, "·" | "⊙" | "/"));
            let behind_first = parts.iter().skip(usize::from(begins_with_minus(math)));
            if behind_first.into_iter().all(product) { Tightness::Product } else { Tightness::Sum }
        }
        Math::Script { above: Some(_), .. } | Math::Fraction(..) | Math::Root(_) => Tightness::Whole,
        Math::Large { .. } => Tightness::Sum,
        Math::Cases(_) => Tightness::Cases,
        _ => Tightness::Atom,
    }
}

fn in_greek(math: Math) -> Math {
    match math {
        Math::Letter(name) => Math::Letter(greek(&name).into()),
        Math::Script { base, below, above } => Math::Script { base: Box::new(in_greek(*base)), below, above },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::parse;

    /// In a line, every fraction and every raised thing in braces: what the tree holds, nothing added.
    fn line(math: &Math) -> String {
        let all = |parts: &[Math]| parts.iter().map(line).collect::<Vec<_>>();
        match math {
            Math::Number(text) | Math::Letter(text) | Math::Text(text) => text.clone(),
            Math::Sign(sign) => format!(" {sign} "),
            Math::Row(parts) => all(parts).concat(),
            Math::Fraction(above, below) => format!("{{{}}}/{{{}}}", line(above), line(below)),
            Math::Script { base, below, above } => {
                let below = below.as_ref().map_or(String::new(), |index| format!("_{{{}}}", line(index)));
                let above = above.as_ref().map_or(String::new(), |power| format!("^{{{}}}", line(power)));
                format!("{}{below}{above}", line(base))
            }
            Math::Root(inner) => format!("√{{{}}}", line(inner)),
            Math::Bracket(Bracket::Bars, inner) => format!("|{}|", line(inner)),
            Math::Bracket(_, inner) => format!("({})", line(inner)),
            Math::Call(name, arguments) => format!("{name}[{}]", all(arguments).join(", ")),
            Math::Cases(cases) => {
                let cases: Vec<String> = cases.iter().map(|(what, when)| format!("{} if {}", line(what), line(when))).collect();
                format!("{{{}}}", cases.join("; "))
            }
            other => panic!("no formula has {other:?}"),
        }
    }

    fn with(text: &str, letter: &dyn Fn(&str) -> Math) -> String {
        line(&typeset(&parse(text).unwrap(), letter))
    }

    #[test]
    fn formulas_are_set_as_in_a_textbook() {
        for (text, want) in [
            ("a * (1 - a)", "a · (1 − a)"),
            ("2 * (a - y)", "2(a − y)"),
            ("2 * z * y", "2z · y"),
            ("2 * exp(z)", "2 · e^{z}"),
            ("z * 2", "z · 2"),
            ("2 * 3", "2 · 3"),
            ("2 * sigmoid(z)", "2 · σ[z]"),
            ("1 / (1 + exp(-z))", "{1}/{1 + e^{ − z}}"),
            ("exp(-z^2 / 2)", "exp[ − {z^{2}}/{2}]"),
            ("(a + b) + (c + d) - (e - f)", "a + b + c + d − (e − f)"),
            ("a - b * c / d", "a − {b · c}/{d}"),
            ("(a / b)^2", "({a}/{b})^{2}"),
            ("(a^b)^c", "(a^{b})^{c}"),
            ("a^b^c", "a^{b^{c}}"),
            ("(-z)^2 - -z", "( − z)^{2} − ( − z)"),
            ("-z^2 + -2", " − z^{2} + (-2)"),
            ("-(a - b) * c", " − (a − b) · c"),
            ("-a / b + c", " − {a}/{b} + c"),
            ("sqrt(z)^3 * abs(z - 1)", "(√{z})^{3} · |z − 1|"),
            ("log(z)^2 + log1p(-z)", "log[z]^{2} + log[1 + ( − z)]"),
            ("y * expm1(z)", "y · (e^{z} − 1)"),
            ("normal_cdf(z) + z * normal_pdf(z)", "Φ[z] + z · φ[z]"),
            ("alpha * tau + pi", "α · τ + π"),
            ("1e-7 * z + 1.5e20^2", "1e-7 · z + (1.5e20)^{2}"),
            ("max(0, z) * where(z > 0, 1, 2)", "max[0, z] · ({1 if z > 0; 2 if otherwise})"),
            ("where(z >= 3, 0, where(z <= -3, 0, 1 / 6))", "{0 if z ≥ 3; 0 if z ≤ -3; {1}/{6} if otherwise}"),
        ] {
            assert_eq!(with(text, &|name| Math::letter(name)), want, "{text}");
        }
    }

    #[test]
    fn negative_numbers_are_bracketed_behind_signs_and_below_powers() {
        let number = |text: &'static str| move |_: &str| Math::Number(text.into());
        for (text, digits, want) in [
            ("0.5 - z", "-2", "0.5 − (-2)"),
            ("z - 0.5", "-2", "-2 − 0.5"),
            ("0.5 * z", "-2", "0.5 · (-2)"),
            ("z * 0.5", "-2", "-2 · 0.5"),
            ("z^2", "-2", "(-2)^{2}"),
            ("-z", "-2", " − (-2)"),
            ("2^z", "-2", "2^{-2}"),
            ("1 + z / 3", "-2", "1 + ({-2}/{3})"),
            ("1 / z", "-2", "{1}/{-2}"),
            ("abs(z) + exp(z)", "-2", "|-2| + e^{-2}"),
            ("2 * (z + 1)", "0.5", "2 · (0.5 + 1)"),
            ("z^2", "1.5e-7", "(1.5e-7)^{2}"),
            ("exp(z)", "0.75136507", "exp[0.75136507]"),
            ("where(z > 0, z, 1)", "-2", "{-2 if -2 > 0; 1 if otherwise}"),
        ] {
            assert_eq!(with(text, &number(digits)), want, "{text}");
        }
    }

    #[test]
    fn what_is_drawn_for_a_letter_is_bracketed_as_it_needs() {
        let sum = |_: &str| row([Math::letter("b"), Math::Sign("+"), Math::letter("c")]);
        assert_eq!(with("2 * z - z", &sum), "2(b + c) − (b + c)");
        let product = |_: &str| row([Math::letter("b"), Math::Sign("·"), Math::letter("c")]);
        assert_eq!(with("z * z - z^2", &product), "b · c · b · c − (b · c)^{2}");
        let layer = |_: &str| Math::letter("alpha").below(Math::letter("i")).above(Math::text("(1)"));
        assert_eq!(with("3 * z^2", &layer), "3(α_{i}^{(1)})^{2}");
        let index = |name: &str| Math::letter(name).below(Math::letter("i"));
        assert_eq!(with("z^2", &index), "z_{i}^{2}");
    }
}
