//! Formulas as programs for blocks of numbers.
//!
//! Several formulas of the same letters (a value and its derivative) become one directed acyclic graph in which every
//! subexpression stands once and constants are folded; the graph becomes straight-line code whose registers are taken
//! again as soon as nobody reads them any more. Nothing is reordered and no digit is traded for speed: what the program
//! computes is the formula as it is written, to the bit, but for two things: integer powers up to [`MOST_MULTIPLIED`] are
//! products, and σ(u) σ(−u) and 1/cosh(u)² are the slopes of σ and tanh, which have more digits.

use super::{Comparison, Formula, Sign, Unbound};
use backlit_kernels::Scalar;
use backlit_kernels::blocks::{self, BLOCK, Block, Function, Instruction, Rule, Smooth};
use std::collections::HashMap;

/// Registers that a program may use.
pub const MOST_REGISTERS: usize = 128;

/// uⁿ with |n| up to this is a product: |n| − 1 roundings, and one more for a negative n. Others go through exp and ln and
/// are within 1.1 units in the last place.
pub const MOST_MULTIPLIED: u32 = 8;

/// A program that computes formulas of the same letters.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    instructions: Vec<Instruction>,
    registers: usize,
    /// The register of each formula's result.
    results: Vec<u8>,
}

/// A formula that cannot become a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TooHard {
    /// A letter that has no value.
    Unbound(Unbound),
    /// It would need more registers than [`MOST_REGISTERS`].
    Large,
}

impl Program {
    /// The program for `formulas`, whose letters are `letters` and `pi`.
    pub fn new(letters: &[&str], formulas: &[&Formula]) -> Result<Program, TooHard> {
        let mut shared = Shared { letters, nodes: Vec::new(), known: HashMap::new() };
        // The letters come first: register k holds letter k.
        (0..letters.len()).for_each(|k| _ = shared.node(Node::Letter(k)));
        let results: Result<Vec<Id>, Unbound> = formulas.iter().map(|formula| shared.formula(formula)).collect();
        let results = results.map_err(TooHard::Unbound)?;
        let order = super::schedule::order(&shared.nodes, &shared.known, &results);
        super::schedule::registers(&shared.nodes, &order, letters.len(), &results)
    }

    pub(super) fn of(instructions: Vec<Instruction>, registers: usize, results: Vec<u8>) -> Program {
        Program { instructions, registers, results }
    }

    /// How many instructions there are for each block.
    pub fn len(&self) -> usize {
        self.instructions.len()
    }

    /// Whether there are none: the result is a letter.
    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }

    /// Runs over slices of one length, one for each letter, and hands the results on: where they start, how many they are,
    /// and a block for each formula. `R` is the number of formulas.
    pub fn run<S: Scalar, const R: usize>(&self, letters: &[&[S]], take: impl FnMut(usize, usize, [&Block; R])) {
        // Registers lie on the stack; small programs, nearly all, do not pay for the space of large ones.
        match self.registers {
            0..=8 => self.run_in(&mut [[0.0; BLOCK]; 8], letters, take),
            9..=32 => self.run_in(&mut [[0.0; BLOCK]; 32], letters, take),
            _ => self.run_in(&mut [[0.0; BLOCK]; MOST_REGISTERS], letters, take),
        }
    }

    #[inline(always)]
    fn run_in<S: Scalar, const R: usize>(
        &self,
        registers: &mut [Block],
        letters: &[&[S]],
        mut take: impl FnMut(usize, usize, [&Block; R]),
    ) {
        let all = letters.first().map_or(0, |letter| letter.len());
        for start in (0..all).step_by(BLOCK) {
            let count = BLOCK.min(all - start);
            for (letter, register) in letters.iter().zip(registers.iter_mut()) {
                blocks::load(&letter[start..start + count], register);
            }
            blocks::run(&self.instructions, registers);
            take(start, count, std::array::from_fn(|k| &registers[usize::from(self.results[k])]));
        }
    }
}

/// Place of a node; its operands have smaller ones.
pub(super) type Id = usize;

/// One computation. Equal ones are one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node {
    Letter(usize),
    /// The bits of a number.
    Constant(u64),
    Apply(Function, Id),
    Combine(Rule, Id, Id),
    /// condition, then, otherwise
    Choose(Id, Id, Id),
}

impl Node {
    pub(super) fn constant(&self) -> Option<f64> {
        match *self {
            Node::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    pub(super) fn operands(&self) -> impl Iterator<Item = Id> + use<> {
        let [a, b, c] = match *self {
            Node::Letter(_) | Node::Constant(_) => [None; 3],
            Node::Apply(_, of) => [Some(of), None, None],
            Node::Combine(_, left, right) => [Some(left), Some(right), None],
            Node::Choose(condition, then, otherwise) => [Some(condition), Some(then), Some(otherwise)],
        };
        [a, b, c].into_iter().flatten()
    }
}

struct Shared<'a> {
    letters: &'a [&'a str],
    nodes: Vec<Node>,
    known: HashMap<Node, Id>,
}

impl Shared<'_> {
    fn node(&mut self, node: Node) -> Id {
        *self.known.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }

    fn constant(&mut self, value: f64) -> Id {
        self.node(Node::Constant(value.to_bits()))
    }

    fn number(&self, id: Id) -> Option<f64> {
        self.nodes[id].constant()
    }

    fn formula(&mut self, formula: &Formula) -> Result<Id, Unbound> {
        Ok(match formula {
            Formula::Constant(value) => self.constant(*value),
            Formula::Variable(name) => match self.letters.iter().position(|letter| letter == name) {
                Some(letter) => self.node(Node::Letter(letter)),
                None if name == "pi" => self.constant(std::f64::consts::PI),
                None => return Err(Unbound(name.clone())),
            },
            Formula::Negative(inner) => {
                let inner = self.formula(inner)?;
                self.apply(Function::Negative, inner)
            }
            Formula::Arithmetic(sign, left, right) => {
                let (left, right) = (self.formula(left)?, self.formula(right)?);
                self.arithmetic(*sign, left, right)
            }
            Formula::Apply(function, inner) => {
                let inner = self.formula(inner)?;
                self.apply(kernel(*function), inner)
            }
            Formula::Max(left, right) => {
                let (left, right) = (self.formula(left)?, self.formula(right)?);
                self.combine(Rule::Max, left, right)
            }
            Formula::Min(left, right) => {
                let (left, right) = (self.formula(left)?, self.formula(right)?);
                self.combine(Rule::Min, left, right)
            }
            Formula::Where(condition, then, otherwise) => {
                let (left, right) = (self.formula(&condition.left)?, self.formula(&condition.right)?);
                let condition = match condition.comparison {
                    Comparison::Greater => self.combine(Rule::Greater, left, right),
                    Comparison::GreaterOrEqual => self.combine(Rule::GreaterOrEqual, left, right),
                    Comparison::Less => self.combine(Rule::Greater, right, left),
                    Comparison::LessOrEqual => self.combine(Rule::GreaterOrEqual, right, left),
                };
                let (then, otherwise) = (self.formula(then)?, self.formula(otherwise)?);
                self.choose(condition, then, otherwise)
            }
        })
    }

    fn arithmetic(&mut self, sign: Sign, left: Id, right: Id) -> Id {
        match (sign, self.number(left), self.number(right)) {
            (Sign::Plus, ..) => self.combine(Rule::Add, left, right),
            (Sign::Minus, ..) => self.combine(Rule::Subtract, left, right),
            (Sign::Times, Some(1.0), _) => right,
            (Sign::Times | Sign::Over, _, Some(1.0)) => left,
            (Sign::Times, ..) => match self.sigmoid_slope(left, right) {
                Some(of) => self.apply(Function::Slope(Smooth::Sigmoid), of),
                None => self.combine(Rule::Multiply, left, right),
            },
            (Sign::Over, Some(1.0), _) => match self.tanh_slope(right) {
                Some(of) => self.apply(Function::Slope(Smooth::Tanh), of),
                None => self.combine(Rule::Divide, left, right),
            },
            (Sign::Over, _, Some(divisor)) if exact_reciprocal(divisor) => {
                let reciprocal = self.constant(1.0 / divisor);
                self.combine(Rule::Multiply, left, reciprocal)
            }
            (Sign::Over, ..) => self.combine(Rule::Divide, left, right),
            (Sign::Power, _, Some(n)) if n != 0.0 && n.fract() == 0.0 && n.abs() <= f64::from(MOST_MULTIPLIED) => {
                let product = self.product(left, n.abs() as u32);
                if n > 0.0 {
                    return product;
                }
                let one = self.constant(1.0);
                self.arithmetic(Sign::Over, one, product)
            }
            (Sign::Power, ..) => self.combine(Rule::Power, left, right),
        }
    }

    /// uⁿ by squaring.
    fn product(&mut self, u: Id, n: u32) -> Id {
        if n == 1 {
            return u;
        }
        let (left, right) = if n.is_multiple_of(2) {
            let half = self.product(u, n / 2);
            (half, half)
        } else {
            (self.product(u, n - 1), u)
        };
        self.combine(Rule::Multiply, left, right)
    }

    /// u, where the factors are σ(u) and σ(−u).
    fn sigmoid_slope(&self, left: Id, right: Id) -> Option<Id> {
        let sigmoid = Function::Value(Smooth::Sigmoid);
        let (Node::Apply(f, u), Node::Apply(g, v)) = (self.nodes[left], self.nodes[right]) else { return None };
        if f != sigmoid || g != sigmoid {
            return None;
        }
        match (self.nodes[u], self.nodes[v]) {
            (_, Node::Apply(Function::Negative, w)) if w == u => Some(u),
            (Node::Apply(Function::Negative, w), _) if w == v => Some(v),
            _ => None,
        }
    }

    /// u, where this is cosh(u)².
    fn tanh_slope(&self, divisor: Id) -> Option<Id> {
        match self.nodes[divisor] {
            Node::Combine(Rule::Multiply, left, right) if left == right => match self.nodes[left] {
                Node::Apply(Function::Cosh, u) => Some(u),
                _ => None,
            },
            _ => None,
        }
    }

    fn apply(&mut self, function: Function, of: Id) -> Id {
        if let Some(x) = self.number(of) {
            return self.constant(folded(function, x));
        }
        self.node(Node::Apply(function, of))
    }

    fn combine(&mut self, rule: Rule, left: Id, right: Id) -> Id {
        if let (Some(l), Some(r)) = (self.number(left), self.number(right)) {
            return self.constant(rule.at(l, r));
        }
        // Sums and products are the same either way round.
        let swap = matches!(rule, Rule::Add | Rule::Multiply) && right < left;
        let (left, right) = if swap { (right, left) } else { (left, right) };
        self.node(Node::Combine(rule, left, right))
    }

    fn choose(&mut self, condition: Id, then: Id, otherwise: Id) -> Id {
        match self.number(condition) {
            Some(1.0) => then,
            Some(0.0) => otherwise,
            Some(nan) => self.constant(nan),
            None => self.node(Node::Choose(condition, then, otherwise)),
        }
    }
}

/// f(x) by the very code that would run.
fn folded(function: Function, x: f64) -> f64 {
    let mut register = [[x; BLOCK]];
    blocks::run(&[Instruction::Apply { function, to: 0, of: 0 }], &mut register);
    register[0][0]
}

/// Whether dividing by it is multiplying by its reciprocal, to the bit: powers of two.
fn exact_reciprocal(divisor: f64) -> bool {
    const MANTISSA: u64 = (1 << 52) - 1;
    divisor.is_normal() && (1.0 / divisor).is_normal() && divisor.to_bits() & MANTISSA == 0
}

fn kernel(function: super::Function) -> Function {
    match function {
        super::Function::Exp => Function::Exp,
        super::Function::Log => Function::Log,
        super::Function::Log1p => Function::Log1p,
        super::Function::Expm1 => Function::Expm1,
        super::Function::Sqrt => Function::Sqrt,
        super::Function::Abs => Function::Abs,
        super::Function::Sign => Function::Sign,
        super::Function::Tanh => Function::Value(Smooth::Tanh),
        super::Function::Cosh => Function::Cosh,
        super::Function::Sigmoid => Function::Value(Smooth::Sigmoid),
        super::Function::Softplus => Function::Value(Smooth::Softplus),
        super::Function::NormalCdf => Function::NormalCdf,
        super::Function::NormalPdf => Function::NormalPdf,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::random_formulas::Drawer;
    use crate::formula::{Number, evaluate, parse};
    use backlit_kernels::math;
    use std::cmp::Ordering;

    /// Our functions, node by node through the tree; and whether no letter had a part in the number.
    #[derive(Clone)]
    struct Ours(f64, bool);

    impl Number for Ours {
        fn constant(value: f64) -> Ours {
            Ours(value, true)
        }
        fn add(&self, other: &Ours) -> Ours {
            Ours(self.0 + other.0, self.1 && other.1)
        }
        fn subtract(&self, other: &Ours) -> Ours {
            Ours(self.0 - other.0, self.1 && other.1)
        }
        fn multiply(&self, other: &Ours) -> Ours {
            Ours(self.0 * other.0, self.1 && other.1)
        }
        fn divide(&self, other: &Ours) -> Ours {
            Ours(self.0 / other.0, self.1 && other.1)
        }
        fn power(&self, exponent: &Ours) -> Ours {
            let x = self.0;
            let squared = x * x;
            let power = match exponent {
                Ours(1.0, true) => x,
                Ours(2.0, true) => squared,
                Ours(3.0, true) => squared * x,
                Ours(4.0, true) => squared * squared,
                Ours(-1.0, true) => 1.0 / x,
                Ours(-2.0, true) => 1.0 / squared,
                Ours(other, _) => math::pow(x, *other),
            };
            Ours(power, self.1 && exponent.1)
        }
        fn apply(&self, function: crate::formula::Function) -> Ours {
            use crate::formula::Function as F;
            let x = self.0;
            let value = match function {
                F::Exp => math::exp(x),
                F::Log => math::ln(x),
                F::Log1p => math::ln_1p(x),
                F::Expm1 => math::exp_m1(x),
                F::Sqrt => x.sqrt(),
                F::Abs => x.abs(),
                F::Sign if x == 0.0 => 0.0,
                F::Sign => x.signum(),
                F::Tanh => math::tanh(x),
                F::Cosh => math::cosh(x),
                F::Sigmoid => math::sigmoid_at(x).0,
                F::Softplus => math::softplus_at(x).0,
                F::NormalCdf => math::normal_cdf(x),
                F::NormalPdf => math::normal_pdf(x),
            };
            Ours(value, self.1)
        }
        fn order(&self, other: &Ours) -> Option<Ordering> {
            self.0.partial_cmp(&other.0)
        }
    }

    /// Whether some exponent is decided by a comparison: the tree does not tell whether a letter decided it.
    fn decides_exponents(formula: &Formula) -> bool {
        match formula {
            Formula::Constant(_) | Formula::Variable(_) => false,
            Formula::Negative(inner) | Formula::Apply(_, inner) => decides_exponents(inner),
            Formula::Arithmetic(sign, left, right) => {
                let decided = matches!(**right, Formula::Max(..) | Formula::Min(..) | Formula::Where(..));
                *sign == Sign::Power && decided || decides_exponents(left) || decides_exponents(right)
            }
            Formula::Max(left, right) | Formula::Min(left, right) => decides_exponents(left) || decides_exponents(right),
            Formula::Where(condition, then, otherwise) => {
                [&condition.left, &condition.right, then, otherwise].into_iter().any(decides_exponents)
            }
        }
    }

    fn results<const R: usize>(program: &Program, letters: &[&[f64]]) -> [Vec<f64>; R] {
        let mut out = [(); R].map(|()| Vec::new());
        program.run::<f64, R>(letters, |start, count, blocks| {
            assert_eq!(start, out[0].len());
            out.iter_mut().zip(blocks).for_each(|(out, block)| out.extend(&block[..count]));
        });
        out
    }

    #[test]
    fn programs_have_the_bits_of_the_tree() {
        let mut drawer = Drawer::new(3);
        let special = [0.0, -0.0, 1.0, -2.0, 0.5, 1e-300, -1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        let mut z: Vec<f64> = special.iter().flat_map(|&z| [z; 10]).collect();
        let mut y: Vec<f64> = special.repeat(10);
        z.extend((0..37).map(|_| drawer.between(-3.0, 3.0)));
        y.extend((0..37).map(|_| drawer.between(-3.0, 3.0)));
        let mut numbers = 0;
        for round in 0..600 {
            let (f, g) = (drawer.formula(2 + round % 5), drawer.formula(3));
            if decides_exponents(&f) || decides_exponents(&g) {
                continue;
            }
            let program = Program::new(&["z", "y"], &[&f, &g, &f]).unwrap();
            let [first, second, again] = results::<3>(&program, &[&z, &y]);
            for (i, (&z, &y)) in z.iter().zip(&y).enumerate() {
                for (formula, got) in [(&f, first[i]), (&g, second[i]), (&f, again[i])] {
                    let want = evaluate(formula, &[("z", Ours(z, false)), ("y", Ours(y, false))]).unwrap().0;
                    let same = got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan();
                    assert!(same, "{formula} at z = {z:?}, y = {y:?}: {got:?}, the tree {want:?}\n{program:?}");
                    numbers += usize::from(got.is_finite());
                }
            }
        }
        assert!(numbers > 100_000, "{numbers} finite numbers tell little");
    }

    fn both(text: &str) -> Program {
        let formula = parse(text).unwrap();
        Program::new(&["z"], &[&formula, &crate::formula::differentiate(&formula, "z")]).unwrap()
    }

    #[test]
    fn subexpressions_are_shared_and_constants_folded() {
        for (text, instructions) in [
            ("z", 1),
            ("tanh(z)", 1),
            ("sigmoid(z)", 1),
            ("softplus(z)", 1),
            // σ and its slope together, value, z σ′, sum
            ("z * sigmoid(z)", 4),
            // exp, and 1 for the branch, comparison, value − 1, two choices
            ("where(z > 0, z, exp(z) - 1)", 6),
            ("2 * (3 + sqrt(4)) * pi * z", 2),
            // z², z³, 4 z³
            ("z^4", 4),
        ] {
            let program = both(text);
            assert_eq!(program.len(), instructions, "{text}: {program:?}");
            assert!(program.registers <= 5, "{text}: {program:?}");
        }
    }

    #[test]
    fn what_is_too_large_or_unbound_is_said() {
        let sum: Vec<String> = (2..200).map(|base| format!("{base}^z")).collect();
        let formula = parse(&sum.join("+")).unwrap();
        let derivative = crate::formula::differentiate(&formula, "z");
        assert_eq!(Program::new(&["z"], &[&formula, &derivative]), Err(TooHard::Large));
        assert!(Program::new(&["z"], &[&formula]).is_ok());
        assert_eq!(Program::new(&["z"], &[&parse("z + q").unwrap()]), Err(TooHard::Unbound(Unbound("q".into()))));
    }
}
