//! Straight-line programs over blocks of numbers: what a typed formula becomes.
//!
//! A register is a block of [`BLOCK`] numbers in f64. Each instruction is a loop over whole registers, compiled for
//! the widest vectors at hand, so that choosing the instruction costs little beside doing it.

use crate::dispatch::for_every_level;
use crate::{Scalar, math};

/// Numbers in a register.
pub const BLOCK: usize = 64;

/// A register.
pub type Block = [f64; BLOCK];

/// One step of a program. Registers are counted from 0; `to` may be one of those that are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Instruction {
    /// to = value
    Constant {
        /// Register written.
        to: u8,
        /// The number, in every place.
        value: f64,
    },
    /// to = f(of)
    Apply {
        /// f
        function: Function,
        /// Register written.
        to: u8,
        /// Register read.
        of: u8,
    },
    /// value = f(of), slope = f′(of), together for little more than the price of one
    ApplyBoth {
        /// f
        function: Smooth,
        /// Register written.
        value: u8,
        /// Register written, another one.
        slope: u8,
        /// Register read.
        of: u8,
    },
    /// to = left ∘ right
    Combine {
        /// ∘
        rule: Rule,
        /// Register written.
        to: u8,
        /// What is read.
        left: Operand,
        /// What is read.
        right: Operand,
    },
    /// to = then where the condition is 1, otherwise where it is 0, else NaN
    Choose {
        /// Register written.
        to: u8,
        /// Register of a comparison's result.
        condition: u8,
        /// Register read.
        then: u8,
        /// Register read.
        otherwise: u8,
    },
}

/// A register, or one number in every place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand {
    /// This register.
    Register(u8),
    /// This number.
    Number(f64),
}

/// Functions of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// 0 − x
    Negative,
    /// eˣ
    Exp,
    /// ln x
    Log,
    /// ln(1 + x)
    Log1p,
    /// eˣ − 1
    Expm1,
    /// √x
    Sqrt,
    /// |x|
    Abs,
    /// −1, 0 or 1
    Sign,
    /// cosh x
    Cosh,
    /// Φ(x)
    NormalCdf,
    /// φ(x)
    NormalPdf,
    /// The value of one that has its slope at hand.
    Value(Smooth),
    /// Its slope.
    Slope(Smooth),
}

/// Functions that are computed together with their derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Smooth {
    /// tanh x and 1/cosh² x
    Tanh,
    /// σ(x) and σ(x) σ(−x)
    Sigmoid,
    /// ln(1 + eˣ) and σ(x)
    Softplus,
}

/// Functions of two numbers. A comparison gives 1 or 0, or NaN where one side is NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// l + r
    Add,
    /// l − r
    Subtract,
    /// l · r
    Multiply,
    /// l / r
    Divide,
    /// lʳ
    Power,
    /// The larger; NaN where one is NaN.
    Max,
    /// The smaller; NaN where one is NaN.
    Min,
    /// l > r
    Greater,
    /// l ≥ r
    GreaterOrEqual,
}

impl Rule {
    /// l ∘ r
    #[inline(always)]
    pub fn at(self, l: f64, r: f64) -> f64 {
        match self {
            Rule::Add => l + r,
            Rule::Subtract => l - r,
            Rule::Multiply => l * r,
            Rule::Divide => l / r,
            Rule::Power => math::pow(l, r),
            Rule::Max => picked(l >= r, l, r),
            Rule::Min => picked(l <= r, l, r),
            Rule::Greater => truth(l > r, l, r),
            Rule::GreaterOrEqual => truth(l >= r, l, r),
        }
    }
}

/// A register from its places. A macro, not a function of a closure: a closure that the compiler chooses not to inline
/// would be compiled without the wide registers and without their fused multiply-add.
macro_rules! block {
    ($i:ident => $place:expr) => {{
        let mut out = [0.0; BLOCK];
        for ($i, out) in out.iter_mut().enumerate() {
            *out = $place;
        }
        out
    }};
}

#[inline(always)]
fn apply(function: Function, x: &Block) -> Block {
    match function {
        Function::Negative => block!(i => 0.0 - x[i]),
        Function::Exp => block!(i => math::exp(x[i])),
        Function::Log => block!(i => math::ln(x[i])),
        Function::Log1p => block!(i => math::ln_1p(x[i])),
        Function::Expm1 => block!(i => math::exp_m1(x[i])),
        Function::Sqrt => block!(i => x[i].sqrt()),
        Function::Abs => block!(i => x[i].abs()),
        Function::Sign => block!(i => sign(x[i])),
        Function::Cosh => block!(i => math::cosh(x[i])),
        Function::NormalCdf => block!(i => math::normal_cdf(x[i])),
        Function::NormalPdf => block!(i => math::normal_pdf(x[i])),
        Function::Value(Smooth::Tanh) => block!(i => math::tanh(x[i])),
        Function::Value(Smooth::Sigmoid) => block!(i => math::sigmoid_at(x[i]).0),
        Function::Value(Smooth::Softplus) => block!(i => math::softplus_at(x[i]).0),
        Function::Slope(Smooth::Tanh) => block!(i => math::tanh_at(x[i]).1),
        Function::Slope(Smooth::Sigmoid) => block!(i => math::sigmoid_at(x[i]).1),
        Function::Slope(Smooth::Softplus) => block!(i => math::softplus_at(x[i]).1),
    }
}

#[inline(always)]
fn sign(x: f64) -> f64 {
    let side = if x < 0.0 { -1.0 } else { 0.0 };
    let side = if x > 0.0 { 1.0 } else { side };
    if x.is_nan() { x } else { side }
}

#[inline(always)]
fn apply_both(function: Smooth, x: &Block) -> (Block, Block) {
    let (mut values, mut slopes) = ([0.0; BLOCK], [0.0; BLOCK]);
    macro_rules! both {
        ($f:path) => {
            for ((value, slope), &x) in values.iter_mut().zip(&mut slopes).zip(x) {
                (*value, *slope) = $f(x);
            }
        };
    }
    match function {
        Smooth::Tanh => both!(math::tanh_at),
        Smooth::Sigmoid => both!(math::sigmoid_at),
        Smooth::Softplus => both!(math::softplus_at),
    }
    (values, slopes)
}

/// What a rule makes of two operands, each an expression in the place `i`.
macro_rules! combine {
    ($rule:expr, $i:ident, $left:expr, $right:expr) => {
        match $rule {
            Rule::Add => block!($i => Rule::Add.at($left, $right)),
            Rule::Subtract => block!($i => Rule::Subtract.at($left, $right)),
            Rule::Multiply => block!($i => Rule::Multiply.at($left, $right)),
            Rule::Divide => block!($i => Rule::Divide.at($left, $right)),
            Rule::Power => block!($i => Rule::Power.at($left, $right)),
            Rule::Max => block!($i => Rule::Max.at($left, $right)),
            Rule::Min => block!($i => Rule::Min.at($left, $right)),
            Rule::Greater => block!($i => Rule::Greater.at($left, $right)),
            Rule::GreaterOrEqual => block!($i => Rule::GreaterOrEqual.at($left, $right)),
        }
    };
}

#[inline(always)]
fn picked(left_is_it: bool, left: f64, right: f64) -> f64 {
    // Where one is NaN every comparison fails and leaves the right one; the left one may be it.
    let picked = if left_is_it { left } else { right };
    if left.is_nan() { left } else { picked }
}

#[inline(always)]
fn truth(holds: bool, left: f64, right: f64) -> f64 {
    let truth = if holds { 1.0 } else { 0.0 };
    if left.is_nan() | right.is_nan() { f64::NAN } else { truth }
}

#[inline(always)]
fn chosen(condition: f64, then: f64, otherwise: f64) -> f64 {
    let chosen = if condition == 0.0 { otherwise } else { then };
    if condition.is_nan() { condition } else { chosen }
}

for_every_level! {
    /// Runs a program over its registers.
    pub fn run[](program: &[Instruction], registers: &mut [Block]) {
        for instruction in program {
            match *instruction {
                Instruction::Constant { to, value } => registers[usize::from(to)] = [value; BLOCK],
                Instruction::Apply { function, to, of } => registers[usize::from(to)] = apply(function, &registers[usize::from(of)]),
                Instruction::ApplyBoth { function, value, slope, of } => {
                    let both = apply_both(function, &registers[usize::from(of)]);
                    registers[usize::from(value)] = both.0;
                    registers[usize::from(slope)] = both.1;
                }
                Instruction::Combine { rule, to, left, right } => {
                    let combined = match (left, right) {
                        (Operand::Register(l), Operand::Register(r)) => {
                            let (l, r) = (&registers[usize::from(l)], &registers[usize::from(r)]);
                            combine!(rule, i, l[i], r[i])
                        }
                        (Operand::Register(l), Operand::Number(r)) => {
                            let l = &registers[usize::from(l)];
                            combine!(rule, i, l[i], r)
                        }
                        (Operand::Number(l), Operand::Register(r)) => {
                            let r = &registers[usize::from(r)];
                            combine!(rule, i, l, r[i])
                        }
                        (Operand::Number(l), Operand::Number(r)) => [rule.at(l, r); BLOCK],
                    };
                    registers[usize::from(to)] = combined;
                }
                Instruction::Choose { to, condition, then, otherwise } => {
                    let [condition, then, otherwise] = [condition, then, otherwise].map(|register| &registers[usize::from(register)]);
                    registers[usize::from(to)] = block!(i => chosen(condition[i], then[i], otherwise[i]));
                }
            }
        }
    }
}

for_every_level! {
    /// Widens up to [`BLOCK`] numbers into a register; what stands behind them is left.
    pub fn load[S: Scalar](x: &[S], register: &mut Block) {
        for (place, &x) in register.iter_mut().zip(x) {
            *place = x.to_f64();
        }
    }
}

for_every_level! {
    /// Rounds the first numbers of a register, as many as `out` takes.
    pub fn store[S: Scalar](register: &Block, out: &mut [S]) {
        for (out, &place) in out.iter_mut().zip(register) {
            *out = S::from_f64(place);
        }
    }
}
