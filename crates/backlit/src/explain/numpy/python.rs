//! Formulas and numbers as Python with NumPy.

use backlit_engine::formula::{Comparison, Formula, Function, Sign, evaluate};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Brackets may stand so deep in each other; Python itself stops at 200.
const DEEPEST: usize = 150;

/// How tightly the parts of an expression hold together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Sum,
    Product,
    Factor,
    Atom,
}

/// Functions that NumPy does not have and that a script must define, by name.
#[derive(Default)]
pub(super) struct Helpers(BTreeSet<&'static str>);

/// Name and definition.
const DEFINITIONS: [(&str, &str); 5] = [
    (
        "without",
        "def without(slopes, shown):\n    \"\"\"The slopes with those set to 0 that are shown already.\"\"\"\n    \
         slopes = slopes.copy()\n    slopes[:, shown] = 0.0\n    return slopes\n",
    ),
    (
        "sigmoid",
        "def sigmoid(x):\n    \"\"\"1 / (1 + exp(-x)), written with exp(-|x|), which cannot overflow.\"\"\"\n    \
         e = np.exp(-np.abs(x))\n    return np.where(x >= 0, 1.0, e) / (1.0 + e)\n",
    ),
    (
        "softplus",
        "def softplus(x):\n    \"\"\"log(1 + exp(x)), written with exp(-|x|), which cannot overflow.\"\"\"\n    \
         return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))\n",
    ),
    (
        "normal_cdf",
        "def normal_cdf(x):\n    \"\"\"The share of the standard normal distribution below x; erfc keeps its digits far out.\"\"\"\n    \
         return np.vectorize(math.erfc, otypes=[float])(-x / math.sqrt(2.0)) / 2.0\n",
    ),
    (
        "normal_pdf",
        "def normal_pdf(x):\n    \"\"\"The density of the standard normal distribution at x.\"\"\"\n    \
         return np.exp(-x * x / 2.0) / math.sqrt(2.0 * math.pi)\n",
    ),
];

impl Helpers {
    /// Names a helper, which is then defined.
    pub fn call(&mut self, name: &'static str) -> &'static str {
        self.0.insert(name);
        name
    }

    /// Whether the definitions need the module `math`.
    pub fn use_math(&self) -> bool {
        self.0.iter().any(|name| name.starts_with("normal"))
    }

    /// What is used, defined.
    pub fn definitions(&self) -> String {
        let used = DEFINITIONS.iter().filter(|(name, _)| self.0.contains(name));
        used.map(|(_, definition)| format!("\n\n{definition}")).collect()
    }

    /// The formula as an expression, each letter as `letter` has it. `None` where brackets stand too deep for Python.
    pub fn expression(&mut self, formula: &Formula, letter: &dyn Fn(&str) -> String) -> Option<String> {
        let mut text = String::new();
        self.write(formula, Level::Sum, letter, &mut text);
        let mut depth = 0usize;
        let deepest = text.chars().map(|c| match c {
            '(' | '[' => {
                depth += 1;
                depth
            }
            ')' | ']' => {
                depth -= 1;
                depth
            }
            _ => depth,
        });
        (deepest.max().unwrap_or(0) <= DEEPEST).then_some(text)
    }

    fn write(&mut self, formula: &Formula, wanted: Level, letter: &dyn Fn(&str) -> String, out: &mut String) {
        // Python raises an error where 1 / 0 is meant as infinity.
        if is_constant(formula)
            && let Ok(value) = evaluate::<f64>(formula, &[])
            && !value.is_finite()
        {
            out.push_str(&factor(&literal(value)));
            return;
        }
        if level(formula) < wanted {
            out.push('(');
            self.write(formula, Level::Sum, letter, out);
            out.push(')');
            return;
        }
        match formula {
            Formula::Constant(value) => out.push_str(&factor(&short(*value))),
            Formula::Variable(name) if name == "pi" => out.push_str("np.pi"),
            Formula::Variable(name) => out.push_str(&factor(&letter(name))),
            Formula::Negative(inner) => {
                out.push('-');
                self.write(inner, Level::Product, letter, out);
            }
            Formula::Arithmetic(sign, left, right) => {
                let (sign, before, behind) = match sign {
                    Sign::Plus => (" + ", Level::Sum, Level::Product),
                    Sign::Minus => (" - ", Level::Sum, Level::Product),
                    Sign::Times => (" * ", Level::Product, Level::Factor),
                    Sign::Over => (" / ", Level::Product, Level::Factor),
                    Sign::Power => (" ** ", Level::Atom, Level::Factor),
                };
                self.write(left, before, letter, out);
                out.push_str(sign);
                self.write(right, behind, letter, out);
            }
            Formula::Apply(function, inner) => {
                let name = self.function(*function);
                self.call_with(name, &[inner], letter, out);
            }
            Formula::Max(left, right) => self.call_with("np.maximum", &[left, right], letter, out),
            Formula::Min(left, right) => self.call_with("np.minimum", &[left, right], letter, out),
            Formula::Where(condition, then, otherwise) => {
                out.push_str("np.where(");
                self.write(&condition.left, Level::Sum, letter, out);
                out.push_str(match condition.comparison {
                    Comparison::Greater => " > ",
                    Comparison::GreaterOrEqual => " >= ",
                    Comparison::Less => " < ",
                    Comparison::LessOrEqual => " <= ",
                });
                self.write(&condition.right, Level::Sum, letter, out);
                for part in [then, otherwise] {
                    out.push_str(", ");
                    self.write(part, Level::Sum, letter, out);
                }
                out.push(')');
            }
        }
    }

    fn call_with(&mut self, name: &str, parts: &[&Formula], letter: &dyn Fn(&str) -> String, out: &mut String) {
        out.push_str(name);
        for (i, part) in parts.iter().enumerate() {
            out.push_str(if i == 0 { "(" } else { ", " });
            self.write(part, Level::Sum, letter, out);
        }
        out.push(')');
    }

    fn function(&mut self, function: Function) -> &'static str {
        match function {
            Function::Exp => "np.exp",
            Function::Log => "np.log",
            Function::Log1p => "np.log1p",
            Function::Expm1 => "np.expm1",
            Function::Sqrt => "np.sqrt",
            Function::Abs => "np.abs",
            Function::Sign => "np.sign",
            Function::Tanh => "np.tanh",
            Function::Cosh => "np.cosh",
            Function::Sigmoid => self.call("sigmoid"),
            Function::Softplus => self.call("softplus"),
            Function::NormalCdf => self.call("normal_cdf"),
            Function::NormalPdf => self.call("normal_pdf"),
        }
    }
}

fn level(formula: &Formula) -> Level {
    match formula {
        Formula::Negative(inner) if level(inner) == Level::Product => Level::Product,
        Formula::Negative(_) | Formula::Arithmetic(Sign::Power, ..) => Level::Factor,
        Formula::Arithmetic(Sign::Plus | Sign::Minus, ..) => Level::Sum,
        Formula::Arithmetic(Sign::Times | Sign::Over, ..) => Level::Product,
        _ => Level::Atom,
    }
}

/// Whether no letter stands in it.
pub(super) fn is_constant(formula: &Formula) -> bool {
    match formula {
        Formula::Constant(_) => true,
        Formula::Variable(name) => name == "pi",
        Formula::Negative(inner) | Formula::Apply(_, inner) => is_constant(inner),
        Formula::Arithmetic(_, left, right) | Formula::Max(left, right) | Formula::Min(left, right) => {
            is_constant(left) && is_constant(right)
        }
        Formula::Where(condition, then, otherwise) => [&condition.left, &condition.right, then, otherwise].into_iter().all(is_constant),
    }
}

/// In brackets where a sign stands before it.
fn factor(text: &str) -> String {
    if text.starts_with('-') { format!("({text})") } else { text.to_string() }
}

/// A text as a string in Python, in plain characters alone.
pub(super) fn quoted(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        ' '..='~' => c.to_string(),
        c => format!("\\U{:08x}", u32::from(c)),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

/// A number with all its digits.
pub(super) fn literal(value: f64) -> String {
    match value {
        value if value.is_nan() => "np.nan".into(),
        f64::INFINITY => "np.inf".into(),
        f64::NEG_INFINITY => "-np.inf".into(),
        value => format!("{value:?}"),
    }
}

/// The same; whole numbers without a point.
fn short(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value}") } else { literal(value) }
}

/// A vector: `np.array([…])`.
pub(super) fn vector(name: &str, numbers: &[f64]) -> String {
    format!("{name} = np.array({})\n", list(numbers, name.len() + 13))
}

/// A matrix, row by row.
pub(super) fn matrix(name: &str, numbers: &[f64], columns: usize) -> String {
    let indent = name.len() + 14;
    let rows: Vec<String> = numbers.chunks(columns).map(|row| list(row, indent)).collect();
    format!("{name} = np.array([{}])\n", rows.join(&format!(",\n{}", " ".repeat(indent - 1))))
}

/// Numbers in square brackets, broken into lines.
fn list(numbers: &[f64], indent: usize) -> String {
    let mut text = String::from("[");
    let mut width = 0;
    for (i, number) in numbers.iter().enumerate() {
        let number = literal(*number);
        if i > 0 && width + number.len() > 100 {
            let _ = write!(text, ",\n{}", " ".repeat(indent));
            width = 0;
        } else if i > 0 {
            text.push_str(", ");
        }
        width += number.len() + 2;
        text.push_str(&number);
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use backlit_engine::formula::parse;

    #[test]
    fn formulas_read_as_python() {
        let mut helpers = Helpers::default();
        let mut python = |text: &str| helpers.expression(&parse(text).unwrap(), &|name| format!("{name}1")).unwrap();
        for (formula, wanted) in [
            ("-z^2", "-z1 ** 2"),
            ("(-z)^2", "(-z1) ** 2"),
            ("a - (y - z)", "a1 - (y1 - z1)"),
            ("2^-z", "2 ** -z1"),
            ("max(0, z) * where(z >= 1, pi, 1 / 0)", "np.maximum(0, z1) * np.where(z1 >= 1, np.pi, np.inf)"),
            ("sigmoid(z) / 6", "sigmoid(z1) / 6"),
            ("z * 1e-7", "z1 * 1e-7"),
        ] {
            assert_eq!(python(formula), wanted);
        }
        assert!(helpers.definitions().contains("def sigmoid") && !helpers.definitions().contains("def softplus"));
        let deep = format!("{}z{}", "exp(".repeat(160), ")".repeat(160));
        assert_eq!(helpers.expression(&parse(&deep).unwrap(), &|name| name.into()), None);
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(vector("b", &[0.1, -3.0, 1e-300]), "b = np.array([0.1, -3.0, 1e-300])\n");
        assert_eq!(matrix("W", &[1.0, 2.0, 3.0, 4.0], 2), "W = np.array([[1.0, 2.0],\n              [3.0, 4.0]])\n");
    }
}
