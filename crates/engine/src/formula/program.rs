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

    /// How many registers it uses.
    pub fn registers(&self) -> usize {
        self.registers
    }

    /// Whether there are none: the result is a letter.
    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }

    /// Runs over slices of one length, one for each letter, and hands the results on: where they start, how many they are,
    /// and a block for each formula. `R` is the number of formulas.
    pub fn run<S: Scalar, const R: usize>(&self, letters: &[&[S]], mut take: impl FnMut(usize, usize, [&Block; R])) {
        let all = letters.first().map_or(0, |letter| letter.len());
        self.with_registers(|registers| {
            for start in (0..all).step_by(BLOCK) {
                let count = BLOCK.min(all - start);
                for (letter, register) in letters.iter().zip(&mut *registers) {
                    blocks::load(&letter[start..start + count], register);
                }
                take(start, count, self.run_once(registers));
            }
        });
    }

    /// Lends registers for [`Program::run_once`]. They lie on the stack; small programs, nearly all, do not pay for the space of large
    /// ones.
    #[inline(always)]
    pub fn with_registers(&self, work: impl FnOnce(&mut [Block])) {
        match self.registers {
            0..=8 => work(&mut [[0.0; BLOCK]; 8]),
            9..=32 => work(&mut [[0.0; BLOCK]; 32]),
            _ => work(&mut [[0.0; BLOCK]; MOST_REGISTERS]),
        }
    }

    /// Runs over one block of each letter, which lie in the first registers; their places may be taken.
    #[inline(always)]
    pub fn run_once<'r, const R: usize>(&self, registers: &'r mut [Block]) -> [&'r Block; R] {
        blocks::run(&self.instructions, registers);
        std::array::from_fn(|k| &registers[usize::from(self.results[k])])
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
