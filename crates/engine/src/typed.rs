//! Activations and losses typed as a formula: `z * sigmoid(z)`, `(a - y)^4`.
//!
//! Letters: z the pre-activation; a the last layer's activation, y the target, one term of the sum over outputs.
//! Value and derivative are computed by a [`Program`], the derivative from [`differentiate`]; the check's second opinion
//! evaluates the formula itself over dual numbers.

use crate::formula::{self, Dual, Formula, MOST_REGISTERS, Number, Program, TooHard, Unbound, differentiate};
use crate::op::{About, EachNumber, Inputs, Kind, Kink, Op, Operand, Partial, Row, Site, Written, loss_shape};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::blocks::Block;
use backlit_kernels::{blocks, pointwise};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// How many characters a typed formula may have: its derivative may be larger by the square of that.
const LONGEST: usize = 1000;

/// A derivative of up to so many bytes is put into the form of a textbook for the card.
const LONGEST_SET: usize = 500;

/// The derivative of a card is cut behind so many characters.
const LONGEST_PARTIAL: usize = 2000;

/// What a typed formula is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    /// a = f(z)
    Activation,
    /// C = Σ over outputs of f(a, y)
    Loss,
}

impl Use {
    /// Its letters; the first is the one that moves.
    pub fn letters(self) -> &'static [&'static str] {
        match self {
            Use::Activation => &["z"],
            Use::Loss => &["a", "y"],
        }
    }

    /// What a formula is most likely for: a loss, where a or y stand in it and z does not.
    pub fn of(text: &str) -> Use {
        let has = |letter| column(text, letter).is_some();
        if (has("a") || has("y")) && !has("z") { Use::Loss } else { Use::Activation }
    }

    /// In words, with an example.
    pub fn example(self) -> &'static str {
        match self {
            Use::Activation => "a formula in z, such as z * sigmoid(z)",
            Use::Loss => "a formula in a and y, such as (a - y)^4",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Use::Activation => "a formula in z",
            Use::Loss => "a formula in a and y",
        }
    }
}

/// A typed formula, ready to run.
pub struct Typed {
    about: About,
    formula: Formula,
    derivative: Formula,
    /// The derivative as a textbook writes it; an activation's may use its value, a.
    shown: Formula,
    use_: Use,
    /// f
    value: Program,
    /// f and its derivative by the first letter
    both: Program,
}

impl Typed {
    /// Reads a formula. Each text is compiled once in the life of the program and kept, since cards live as long as the
    /// program does. `Err` says what to type, with the column where there is one.
    pub fn read(text: &str, use_: Use) -> Result<&'static Typed, String> {
        static KNOWN: OnceLock<Mutex<HashMap<(Use, String), &'static Typed>>> = OnceLock::new();
        if text.chars().nth(LONGEST).is_some() {
            return Err(format!("a typed formula has at most {LONGEST} characters"));
        }
        let formula = formula::parse(text).map_err(|error| error.to_string())?;
        let key = (use_, spelled(text));
        let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(typed) = known.get(&key) {
            return Ok(typed);
        }
        let typed: &'static Typed = Box::leak(Box::new(Typed::new(text, &key.1, formula, use_)?));
        known.insert(key, typed);
        Ok(typed)
    }

    fn new(text: &str, spelled: &str, formula: Formula, use_: Use) -> Result<Typed, String> {
        let letters = use_.letters();
        let moving = letters[0];
        let value = Program::new(letters, &[&formula]).map_err(|error| refusal(error, text, use_))?;
        if column(text, moving).is_none() {
            let same = match use_ {
                Use::Activation => "the activation would be the same for every row and unit",
                Use::Loss => "the cost would be the same whatever is predicted",
            };
            return Err(format!("there is no {moving} in it, so {same}"));
        }
        let derivative = differentiate(&formula, moving);
        let both = Program::new(letters, &[&formula, &derivative]).map_err(|error| refusal(error, text, use_))?;
        // An activation's partial may use its value: a * (1 - a).
        let known: Vec<(&str, Formula)> = if use_ == Use::Activation { vec![("a", formula.clone())] } else { Vec::new() };
        let is_short = derivative.to_string().len() <= LONGEST_SET;
        let shown = if is_short { formula::textbook(&derivative, &known) } else { derivative.clone() };
        let about = card(spelled, &formula, &shown, use_);
        Ok(Typed { about, formula, derivative, shown, use_, value, both })
    }

    /// The operation.
    pub fn op<S: Scalar>(&'static self) -> Arc<dyn Op<S>> {
        match self.use_ {
            Use::Activation => Arc::new(TypedActivation(self)),
            Use::Loss => Arc::new(TypedLoss(self)),
        }
    }

    /// The formula as it was read.
    pub fn formula(&self) -> &Formula {
        &self.formula
    }

    /// The derivative by z, or by a.
    pub fn derivative(&self) -> &Formula {
        &self.derivative
    }

    /// Whether the derivative is 0 everywhere, as that of sign(z) is.
    pub fn is_flat(&self) -> bool {
        self.derivative == Formula::Constant(0.0)
    }

    /// Whether it grows to the right and stays small to the left, as relu and silu do: half of a layer is then quiet, which
    /// initial weights make up for (He, Zhang, Ren and Sun, ICCV 2015). For activations.
    pub fn is_one_sided(&self) -> bool {
        /// Far enough for every usual activation to have reached its line.
        const FAR: f64 = 20.0;
        let mut ends = [0.0; 2];
        self.value.run(&[&[-FAR, FAR]], |_, _, [value]| ends.copy_from_slice(&value[..2]));
        let [left, right] = ends;
        right > 0.25 * FAR && left.abs() < 0.2 * right
    }

    /// The derivative as it is shown, and as it is computed.
    fn written(&self, letters: &[(&str, Operand)]) -> Written {
        let letters = letters.iter().map(|(name, operand)| (name.to_string(), operand.clone())).collect();
        Written { formula: self.shown.clone(), stable: Some(self.derivative.clone()), letters }
    }

    /// The formula as it is shown.
    fn value(&self, letters: &[(&str, Operand)]) -> Written {
        let letters = letters.iter().map(|(name, operand)| (name.to_string(), operand.clone())).collect();
        Written { formula: self.formula.clone(), stable: None, letters }
    }

    /// The formula over dual numbers.
    fn plain(&self, letters: &[(&str, Dual)]) -> Dual {
        formula::evaluate(&self.formula, letters).expect("every letter was bound when the formula was read")
    }
}

/// A text with its white space made plain: what a typed formula is called.
pub fn spelled(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refusal(error: TooHard, text: &str, use_: Use) -> String {
    match error {
        TooHard::Unbound(Unbound(name)) => {
            let place = column(text, &name).map_or(String::new(), |column| format!("column {column}: "));
            format!("{place}no letter '{name}' here; expected {}", use_.words())
        }
        TooHard::Large => format!("the formula is too large: it needs more than {MOST_REGISTERS} intermediate results at once"),
    }
}

/// Where a name first stands as a letter of its own, in characters counted from 1.
fn column(text: &str, name: &str) -> Option<usize> {
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    let characters: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < characters.len() {
        let length = characters[at..].iter().take_while(|c| in_name(**c)).count();
        if characters[at..at + length].iter().copied().eq(name.chars()) {
            return Some(at + 1);
        }
        at += length.max(1);
    }
    None
}

/// The card, kept for the life of the program.
fn card(spelled: &str, formula: &Formula, partial: &Formula, use_: Use) -> About {
    let kept = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let mut partial = partial.to_string();
    if let Some((cut, _)) = partial.char_indices().nth(LONGEST_PARTIAL) {
        partial.truncate(cut);
        partial.push('…');
    }
    let text = kept(spelled.to_string());
    let mut kinks = Vec::new();
    collect_kinks(formula, use_.letters()[0], &mut kinks);
    let kinks: Vec<Kink> = kinks.into_iter().map(|(at, slope)| Kink { at: kept(at), slope }).collect();
    let partials = vec![Partial { by: use_.letters()[0], formula: kept(partial) }];
    let (kind, summary) = match use_ {
        Use::Activation => (Kind::Activation, "A typed activation."),
        Use::Loss => (Kind::PointwiseLoss, "A typed loss: one term of the sum over outputs."),
    };
    About {
        name: text,
        kind,
        summary,
        formula: text,
        partials: Vec::leak(partials),
        kinks: Vec::leak(kinks),
        constants: &[],
        source: "as typed; the partial by the rules of calculus",
    }
}

/// Where the derivative may jump, and the side that is taken.
fn collect_kinks(formula: &Formula, letter: &str, into: &mut Vec<(String, &'static str)>) {
    let mut see = |at: String, slope: &'static str| {
        if at.len() <= LONGEST_PARTIAL && !into.iter().any(|(known, _)| *known == at) {
            into.push((at, slope));
        }
    };
    let moves = |formula: &Formula| column(&formula.to_string(), letter).is_some();
    match formula {
        Formula::Apply(formula::Function::Abs, inner) if moves(inner) => see(format!("{inner} = 0"), "that of abs is 0 there"),
        Formula::Apply(formula::Function::Sign, inner) if moves(inner) => see(format!("{inner} = 0"), "that of sign is 0 everywhere"),
        Formula::Max(left, right) | Formula::Min(left, right) if moves(left) || moves(right) => {
            see(format!("{left} = {right}"), "that of the side written first");
        }
        Formula::Where(condition, ..) if moves(&condition.left) || moves(&condition.right) => {
            see(format!("{} = {}", condition.left, condition.right), "that of the side whose value is taken, if the sides differ");
        }
        _ => {}
    }
    match formula {
        Formula::Constant(_) | Formula::Variable(_) => {}
        Formula::Negative(inner) | Formula::Apply(_, inner) => collect_kinks(inner, letter, into),
        Formula::Arithmetic(_, left, right) | Formula::Max(left, right) | Formula::Min(left, right) => {
            [left, right].into_iter().for_each(|inner| collect_kinks(inner, letter, into));
        }
        Formula::Where(condition, then, otherwise) => {
            [&condition.left, &condition.right, then, otherwise].into_iter().for_each(|inner| collect_kinks(inner, letter, into));
        }
    }
}

/// `a[u,r]` = f(`z[u,r]`)
struct TypedActivation(&'static Typed);

impl<S: Scalar> Op<S> for TypedActivation {
    fn about(&self) -> &'static About {
        &self.0.about
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        match inputs {
            [shape @ Shape::Rows(_)] => Ok(*shape),
            _ => Err(ShapeError::new("z: rows × n", inputs)),
        }
    }
    fn saved(&self, inputs: &[Shape]) -> usize {
        inputs[0].size()
    }
    fn forward(&self, x: Inputs<'_, S>, saved: &mut [S], out: &mut [S]) {
        let z = [x.get(0)];
        if saved.is_empty() {
            self.0.value.run(&z, |start, count, [value]| blocks::store(value, &mut out[start..start + count]));
        } else {
            self.0.both.run(&z, |start, count, [value, slope]| {
                blocks::store(value, &mut out[start..start + count]);
                blocks::store(slope, &mut saved[start..start + count]);
            });
        }
    }
    fn partial(&self, _wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        pointwise::add_product(upstream, at.saved, grad);
    }
    fn each(self: Arc<Self>) -> Option<Arc<dyn EachNumber<S>>> {
        Some(self)
    }
    fn reach(&self, _wrt: usize, index: usize, _inputs: &[Shape]) -> Range<usize> {
        index..index + 1
    }
    fn written(&self, _wrt: usize, index: usize, k: usize, _row: &Row<'_>) -> Option<Written> {
        Some(self.0.written(&[("z", Operand::Input(0, index)), ("a", Operand::Output(k))]))
    }
    fn terms(&self, k: usize, _row: &Row<'_>) -> Vec<Written> {
        vec![self.0.value(&[("z", Operand::Input(0, k))])]
    }
    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        Op::<S>::plain_some(self, x, 0..out.len(), out);
    }

    fn plain_some(&self, x: &[&[Dual]], some: Range<usize>, out: &mut [Dual]) {
        for (out, z) in out[some.clone()].iter_mut().zip(&x[0][some]) {
            *out = self.0.plain(&[("z", *z)]);
        }
    }
}

impl<S: Scalar> EachNumber<S> for TypedActivation {
    fn values(&self, z: &[S], a: &mut [S]) {
        self.0.value.run(&[z], |start, count, [value]| blocks::store(value, &mut a[start..start + count]));
    }
    fn values_leaving_slopes(&self, z: &mut [S], a: &mut [S]) {
        let both = &self.0.both;
        both.with_registers(|registers| {
            for (z, a) in z.chunks_mut(blocks::BLOCK).zip(a.chunks_mut(blocks::BLOCK)) {
                blocks::load(z, &mut registers[0]);
                let [value, slope] = both.run_once(registers);
                blocks::store(value, a);
                blocks::store(slope, z);
            }
        });
    }
}

/// C\[r\] = Σₖ f(a\[k,r\], y\[k,r\]), in the order of the outputs.
struct TypedLoss(&'static Typed);

impl<S: Scalar> Op<S> for TypedLoss {
    fn about(&self) -> &'static About {
        &self.0.about
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        loss_shape(inputs)
    }
    fn saved(&self, inputs: &[Shape]) -> usize {
        inputs[0].size()
    }
    fn forward(&self, x: Inputs<'_, S>, saved: &mut [S], out: &mut [S]) {
        let rows = x.rows();
        for (part, out) in out.chunks_mut(blocks::BLOCK).enumerate() {
            let mut sums = [0.0; blocks::BLOCK];
            for k in 0..x.size(0) {
                let start = k * rows + part * blocks::BLOCK;
                let letters = [&x.get(0)[start..][..out.len()], &x.get(1)[start..][..out.len()]];
                let mut add = |value: &Block| sums.iter_mut().zip(value).for_each(|(sum, term)| *sum += term);
                if saved.is_empty() {
                    self.0.value.run(&letters, |_, _, [value]| add(value));
                } else {
                    self.0.both.run(&letters, |_, _, [value, slope]| {
                        add(value);
                        blocks::store(slope, &mut saved[start..start + out.len()]);
                    });
                }
            }
            blocks::store(&sums, out);
        }
    }
    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        assert_eq!(wrt, 0, "a target has no gradient");
        pointwise::add_row_scaled(upstream, at.saved, grad);
    }
    fn keeps_gradient(&self) -> bool {
        true
    }
    fn differentiable(&self, wrt: usize) -> bool {
        wrt == 0
    }
    fn written(&self, _wrt: usize, index: usize, _k: usize, _row: &Row<'_>) -> Option<Written> {
        Some(self.0.written(&[("a", Operand::Input(0, index)), ("y", Operand::Input(1, index))]))
    }
    fn terms(&self, _k: usize, row: &Row<'_>) -> Vec<Written> {
        let term = |index: usize| self.0.value(&[("a", Operand::Input(0, index)), ("y", Operand::Input(1, index))]);
        (0..row.inputs[0].len()).map(term).collect()
    }
    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        out[0] = x[0].iter().zip(x[1]).fold(Dual::fixed(0.0), |sum, (a, y)| sum.add(&self.0.plain(&[("a", *a), ("y", *y)])));
    }
}
