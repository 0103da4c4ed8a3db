//! Text to formula.
//!
//! ```text
//! sum     = product { ("+" | "-") product }
//! product = factor { ("*" | "/") factor }
//! factor  = "-" factor | power
//! power   = atom [ "^" factor ]                 right to left: 2^3^2 = 2^9, -z^2 = -(z^2)
//! atom    = number | name | name "(" arguments ")" | "(" sum ")"
//! where(sum (">" | ">=" | "<" | "<=") sum, sum, sum)      max(sum, sum)      min(sum, sum)
//! ```

use super::{Comparison, Condition, Formula, Function, Sign};

/// A formula that cannot be read: where and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Character counted from 1.
    pub column: usize,
    /// What was expected and what came.
    pub message: String,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)
    }
}

impl std::error::Error for ParseError {}

/// How deep brackets, signs and powers may nest.
const DEEPEST: usize = 200;
/// How many sums, products, powers and functions there may be: every walk over a formula goes as deep as its longest
/// chain, and a derivative can be as long as the square of it.
const MOST: usize = 1000;

/// How many characters a formula may have: a long sum nests as deep as it has terms.
const LONGEST: usize = 10_000;

/// Reads a formula; the error points at the column.
pub fn parse(text: &str) -> Result<Formula, ParseError> {
    if text.chars().nth(LONGEST).is_some() {
        return Err(ParseError { column: LONGEST + 1, message: format!("a formula has at most {LONGEST} characters") });
    }
    let mut reader = Reader { text: text.chars().collect(), at: 0, depth: 0, operations: 0 };
    let formula = reader.sum()?;
    match reader.peek() {
        None => Ok(formula),
        Some(other) => Err(reader.error(format!("expected the end or an operator, came '{}'", other.escape_debug()))),
    }
}

struct Reader {
    text: Vec<char>,
    at: usize,
    depth: usize,
    operations: usize,
}

impl Reader {
    fn error(&self, message: String) -> ParseError {
        ParseError { column: self.at + 1, message }
    }

    fn peek(&mut self) -> Option<char> {
        while self.text.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), ParseError> {
        if self.take(wanted) {
            return Ok(());
        }
        let came = self.peek().map_or("the end".to_string(), |c| format!("'{}'", c.escape_debug()));
        Err(self.error(format!("expected '{wanted}', came {came}")))
    }

    /// Steps over the sign of an operation, which counts.
    fn step(&mut self) -> Result<(), ParseError> {
        self.operations += 1;
        if self.operations > MOST {
            return Err(self.error(format!("longer than {MOST} operations")));
        }
        self.at += 1;
        Ok(())
    }

    fn sum(&mut self) -> Result<Formula, ParseError> {
        let mut left = self.product()?;
        loop {
            let sign = match self.peek() {
                Some('+') => Sign::Plus,
                Some('-' | '−') => Sign::Minus,
                _ => return Ok(left),
            };
            self.step()?;
            left = Formula::Arithmetic(sign, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Formula, ParseError> {
        let mut left = self.factor()?;
        loop {
            let sign = match self.peek() {
                Some('*' | '·') => Sign::Times,
                Some('/') => Sign::Over,
                _ => return Ok(left),
            };
            self.step()?;
            left = Formula::Arithmetic(sign, Box::new(left), Box::new(self.factor()?));
        }
    }

    fn factor(&mut self) -> Result<Formula, ParseError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error(format!("nested deeper than {DEEPEST} levels")));
        }
        let factor = if self.take('-') || self.take('−') {
            Formula::Negative(Box::new(self.factor()?))
        } else {
            let base = self.atom()?;
            if self.take('^') { Formula::Arithmetic(Sign::Power, Box::new(base), Box::new(self.factor()?)) } else { base }
        };
        self.depth -= 1;
        Ok(factor)
    }

    fn atom(&mut self) -> Result<Formula, ParseError> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let inner = self.sum()?;
                self.expect(')')?;
                Ok(inner)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_alphabetic() || c == '_' => self.name(),
            Some(c) => Err(self.error(format!("expected a number, a name or '(', came '{}'", c.escape_debug()))),
            None => Err(self.error("expected a number, a name or '(', came the end".into())),
        }
    }

    fn number(&mut self) -> Result<Formula, ParseError> {
        let start = self.at;
        let mut digits = String::new();
        while let Some(&c) = self.text.get(self.at) {
            let exponent_sign = matches!(c, '+' | '-') && digits.ends_with(['e', 'E']);
            if !(c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E') || exponent_sign) {
                break;
            }
            digits.push(c);
            self.at += 1;
        }
        match digits.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Formula::Constant(value)),
            _ => {
                self.at = start;
                Err(self.error(format!("'{digits}' is not a finite number")))
            }
        }
    }

    fn name(&mut self) -> Result<Formula, ParseError> {
        let start = self.at;
        while self.text.get(self.at).is_some_and(|c| c.is_alphanumeric() || *c == '_') {
            self.at += 1;
        }
        let name: String = self.text[start..self.at].iter().collect();
        if !self.take('(') {
            return Ok(Formula::Variable(name));
        }
        let formula = match name.as_str() {
            "max" | "min" => {
                let left = Box::new(self.sum()?);
                self.expect(',')?;
                let right = Box::new(self.sum()?);
                if name == "max" { Formula::Max(left, right) } else { Formula::Min(left, right) }
            }
            "where" => {
                let left = self.sum()?;
                let comparison = self.comparison()?;
                let right = self.sum()?;
                self.expect(',')?;
                let then = Box::new(self.sum()?);
                self.expect(',')?;
                let otherwise = Box::new(self.sum()?);
                Formula::Where(Box::new(Condition { left, comparison, right }), then, otherwise)
            }
            _ => match Function::NAMES.iter().find(|(known, _)| *known == name) {
                Some((_, function)) => Formula::Apply(*function, Box::new(self.sum()?)),
                None => {
                    self.at = start;
                    let known: Vec<&str> = Function::NAMES.iter().map(|(name, _)| *name).collect();
                    return Err(self.error(format!("no function '{name}'; there are {}, max, min, where", known.join(", "))));
                }
            },
        };
        self.expect(')')?;
        Ok(formula)
    }

    fn comparison(&mut self) -> Result<Comparison, ParseError> {
        let or_equal = self.peek().is_some() && self.text.get(self.at + 1) == Some(&'=');
        let comparison = match (self.peek(), or_equal) {
            (Some('>'), false) => Comparison::Greater,
            (Some('>'), true) => Comparison::GreaterOrEqual,
            (Some('<'), false) => Comparison::Less,
            (Some('<'), true) => Comparison::LessOrEqual,
            _ => return Err(self.error("expected >, >=, < or <=".into())),
        };
        self.at += if or_equal { 2 } else { 1 };
        Ok(comparison)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::evaluate;

    fn value(text: &str, z: f64) -> f64 {
        evaluate(&parse(text).unwrap(), &[("z", z)]).unwrap()
    }

    #[test]
    fn precedence_is_that_of_mathematics() {
        assert_eq!(value("1 + 2 * 3 - 4 / 2", 0.0), 5.0);
        assert_eq!(value("-z^2", 3.0), -9.0);
        assert_eq!(value("2^3^2", 0.0), 512.0);
        assert_eq!(value("2 - 3 - 4", 0.0), -5.0);
        assert_eq!(value("2 ^ -1", 0.0), 0.5);
        assert_eq!(value("where(z > 1, 10, max(z, -z))", -0.25), 0.25);
        assert_eq!(value("1e-3 * 2.5E+2", 0.0), 0.25);
    }

    #[test]
    fn errors_point_at_the_column() {
        for (text, column, words) in [
            ("z +", 4, "came the end"),
            ("z ** 2", 4, "came '*'"),
            ("sinus(z)", 1, "no function 'sinus'"),
            ("(z + 1", 7, "expected ')'"),
            ("z 1", 3, "expected the end"),
            ("1e999", 1, "not a finite number"),
            ("where(z, 1, 2)", 8, "expected >"),
            ("", 1, "came the end"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.column, column, "{text}: {error}");
            assert!(error.message.contains(words), "{text}: {error}");
        }
        assert!(parse(&"(".repeat(9000)).unwrap_err().message.contains("nested"));
        assert!(parse(&"z+".repeat(100_000)).unwrap_err().message.contains("at most 10000 characters"));
        assert!(parse(&"(".repeat(9000)).unwrap_err().message.contains("nested"));
        let error = parse(&format!("z{}", " + z".repeat(1001))).unwrap_err();
        assert_eq!((error.column, error.message.as_str()), (4003, "longer than 1000 operations"));
    }
}
