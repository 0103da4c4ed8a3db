//! What an operation is, and the two adaptors that make one from a formula.

mod local;
mod numpy;

pub use local::{Between, Local, Operand, Row, Written};
pub use numpy::Numpy;

use crate::formula::{self, Dual};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::pointwise::{self, Binary, Unary};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// An operation of the graph.
///
/// `partial` is called for one input at a time, so that each partial derivative is a thing that can be
/// named, tested and printed.
pub trait Op<S: Scalar>: Send + Sync {
    /// What the operation says of itself.
    fn about(&self) -> &'static About;
    /// The constants of this instance, by the letters of the formula.
    fn constants(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }
    /// The shape of the result, or what is wrong with the inputs.
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError>;
    /// Numbers per row that the forward pass keeps for the backward pass.
    fn saved(&self, inputs: &[Shape]) -> usize {
        let _ = inputs;
        0
    }
    /// Computes `out`, width × rows. `saved` is empty when no backward pass will follow.
    fn forward(&self, x: Inputs<'_, S>, saved: &mut [S], out: &mut [S]);
    /// The cost of one row, and in `slope` ∂C/∂`a`: a loss that [keeps its gradient](Op::keeps_gradient), of prediction `a` and target `y`.
    fn of_row(&self, a: &[S], y: &[S], slope: &mut [S]) -> S {
        let slots = [(Source::Value(0), a.len()), (Source::Data(0), y.len())].map(|(source, size)| Slot { source, size });
        let mut cost = [S::ZERO];
        self.forward(Inputs { rows: 1, capacity: 1, width: 1, slots: &slots, data: y, parameters: &[], values: a }, slope, &mut cost);
        cost[0]
    }
    /// grad += upstream · ∂out/∂x\[wrt\]; always adds, never overwrites.
    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]);
    /// Whether there is a derivative by this input. A target has none.
    fn differentiable(&self, wrt: usize) -> bool {
        let _ = wrt;
        true
    }
    /// Whether this is z = x Wᵀ + b.
    fn is_affine(&self) -> bool {
        false
    }
    /// Whether its one input is handed on as it is.
    fn is_identity(&self) -> bool {
        false
    }
    /// The operation as a function of single numbers, if it is one.
    fn each(self: Arc<Self>) -> Option<Arc<dyn EachNumber<S>>> {
        None
    }
    /// Whether what `forward` keeps is the gradient ∂out/∂x\[0\] itself, of an output of one number a row.
    fn keeps_gradient(&self) -> bool {
        false
    }
    /// Whether every input but the first is a parameter, each number of which adds to the output of every row something that
    /// depends on it alone. `partial` by all of them is then one function, which needs of `upstream` only the sum.
    fn is_penalty(&self) -> bool {
        false
    }
    /// Whether it reads all rows of a batch together. Such a batch is one block, computed by one worker.
    fn reads_batch(&self) -> bool {
        false
    }
    /// Whether input `wrt` is a parameter that is not trained, but remembers something of each batch.
    fn remembers(&self, wrt: usize) -> bool {
        let _ = wrt;
        false
    }
    /// The new numbers of such a parameter, from the old ones and from what `forward` kept of a batch of so many rows.
    fn remember(&self, wrt: usize, rows: usize, saved: &[S], numbers: &mut [S]) {
        let _ = (wrt, rows, saved, numbers);
    }
    /// How many numbers of its parameters one row takes.
    fn reads(&self, inputs: &[Shape]) -> usize {
        inputs.iter().filter(|shape| matches!(shape, Shape::Parameter(..))).map(|shape| shape.size()).sum()
    }
    /// Which numbers of parameter `wrt` one row of data takes, where the data tell; none: any.
    fn taken(&self, wrt: usize, row: &[&[f64]]) -> Option<Range<usize>> {
        let _ = (wrt, row);
        None
    }
    /// Which numbers of the output the `index`-th number of input `wrt` acts on, in one row.
    fn reach(&self, wrt: usize, index: usize, inputs: &[Shape]) -> Range<usize> {
        let _ = (wrt, index);
        0..self.shape(inputs).map_or(0, Shape::size)
    }
    /// What kind of number ∂out\[k\]/∂x\[wrt\]\[index\] is in one row, for a k that is reached.
    fn local(&self, wrt: usize, index: usize, k: usize, inputs: &[Shape]) -> Local {
        let _ = (wrt, index, k, inputs);
        Local::Other
    }
    /// The same number as a formula, where it is [`Local::Other`] and there is a formula.
    fn written(&self, wrt: usize, index: usize, k: usize, row: &Row<'_>) -> Option<Written> {
        let _ = (wrt, index, k, row);
        None
    }
    /// out\[k\] as a sum of terms, each a formula; none where there is no formula.
    fn terms(&self, k: usize, row: &Row<'_>) -> Vec<Written> {
        let _ = (k, row);
        Vec::new()
    }
    /// The quantities between input and output that these terms and `written` name, each from what stands before it.
    fn between(&self, k: usize, row: &Row<'_>) -> Vec<Between> {
        let _ = (k, row);
        Vec::new()
    }
    /// The operation in NumPy; none where the card's formula says it number by number, or where no script can have it.
    fn numpy(&self, inputs: &[Shape]) -> Option<Numpy> {
        let _ = inputs;
        None
    }
    /// ∂out\[k\]/∂x\[wrt\]\[index\] of row `{r}` in NumPy, with the names of [`Numpy`], where it is [`Local::Other`].
    fn numpy_slope(&self, wrt: usize, index: usize, k: usize, inputs: &[Shape]) -> Option<String> {
        let _ = (wrt, index, k, inputs);
        None
    }
    /// The operation once more, plainly, on one row of dual numbers: the second opinion of the check.
    /// It must share no code with `forward` and `partial`.
    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]);
    /// The same for these numbers of the output; the others are left, or computed too.
    fn plain_some(&self, x: &[&[Dual]], some: Range<usize>, out: &mut [Dual]) {
        let _ = some;
        self.plain(x, out);
    }
}

/// A function of single numbers, applied right behind the layer that computed them.
pub trait EachNumber<S>: Send + Sync {
    /// a = f(z)
    fn values(&self, z: &[S], a: &mut [S]);
    /// a = f(z), and f′(z) in the place of z.
    fn values_leaving_slopes(&self, z: &mut [S], a: &mut [S]);
    /// a = f(z) and f′(z) of just two numbers.
    fn pair_with_slopes(&self, first: S, second: S, a: &mut [S; 2], slopes: &mut [S; 2]) {
        *slopes = [first, second];
        self.values_leaving_slopes(slopes, a);
    }
    /// The same of four.
    fn four_with_slopes(&self, first: S, second: S, third: S, fourth: S, a: &mut [S; 4], slopes: &mut [S; 4]) {
        *slopes = [first, second, third, fourth];
        self.values_leaving_slopes(slopes, a);
    }
}

/// What an operation says of itself: the card that `backlit operations NAME` prints.
#[derive(Debug)]
pub struct About {
    /// The name it is chosen by.
    pub name: &'static str,
    /// What it is for.
    pub kind: Kind,
    /// One line in words.
    pub summary: &'static str,
    /// Its formula. For activations (in `z`) and pointwise losses (in `a` or `z`, and `y`; one term of the
    /// sum over outputs) in the language of [`crate::formula`], so that tests hold the kernel against it.
    pub formula: &'static str,
    /// One for each input that has a derivative.
    pub partials: &'static [Partial],
    /// Where the derivative jumps, and the value taken there.
    pub kinks: &'static [Kink],
    /// Constants with their defaults, in the order they are typed: `leaky_relu(0.2)`.
    pub constants: &'static [Constant],
    /// Where formula and method are published.
    pub source: &'static str,
}

/// Activations and losses are chosen by name; the others are built into networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One number to one number: a = f(z).
    Activation,
    /// A sum over the outputs of a function of one prediction and one target.
    PointwiseLoss,
    /// A loss of the whole row.
    RowLoss,
    /// Joins values: products, sums, concatenation; or changes a cost.
    Structure,
}

/// A partial derivative: by which input, and its formula.
#[derive(Debug)]
pub struct Partial {
    /// The input's letter.
    pub by: &'static str,
    /// The derivative.
    pub formula: &'static str,
}

/// A point where the derivative jumps.
#[derive(Debug)]
pub struct Kink {
    /// The place, as an equation.
    pub at: &'static str,
    /// The derivative used there, and why.
    pub slope: &'static str,
}

/// A constant of an operation.
#[derive(Debug)]
pub struct Constant {
    /// Its letter in the formula.
    pub name: &'static str,
    /// The value when none is typed.
    pub default: f64,
    /// The smallest value allowed.
    pub least: f64,
    /// The largest value allowed.
    pub most: f64,
    /// What it means.
    pub meaning: &'static str,
}

/// Where one input of an operation lies.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    pub(crate) source: Source,
    /// Number in a row, or in the parameter.
    pub(crate) size: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Source {
    /// Starting at this many numbers per row in the data.
    Data(usize),
    /// Starting here in the flat parameters.
    Parameter(usize),
    /// Starting at this many numbers per row in the flat values.
    Value(usize),
}

/// The inputs of an operation for a number of rows. They lie number after number, the rows of each side by side:
/// size × rows.
#[derive(Clone, Copy)]
pub struct Inputs<'a, S> {
    pub(crate) rows: usize,
    pub(crate) capacity: usize,
    /// Numbers in a row of the output.
    pub(crate) width: usize,
    pub(crate) slots: &'a [Slot],
    pub(crate) data: &'a [S],
    pub(crate) parameters: &'a [S],
    pub(crate) values: &'a [S],
}

impl<'a, S: Scalar> Inputs<'a, S> {
    /// How many rows are computed.
    #[inline(always)]
    pub fn rows(&self) -> usize {
        self.rows
    }
    /// Numbers in a row of the output.
    #[inline(always)]
    pub fn width(&self) -> usize {
        self.width
    }
    /// How many inputs there are.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.slots.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
    /// Numbers in a row of input `i`, or in the parameter.
    #[inline(always)]
    pub fn size(&self, i: usize) -> usize {
        self.slots[i].size
    }
    /// Input `i`: size × rows, or the parameter.
    #[inline(always)]
    pub fn get(&self, i: usize) -> &'a [S] {
        let Slot { source, size } = self.slots[i];
        match source {
            Source::Data(offset) => &self.data[offset * self.rows..][..self.rows * size],
            Source::Parameter(start) => &self.parameters[start..start + size],
            Source::Value(offset) => &self.values[offset * self.capacity..][..self.rows * size],
        }
    }
}

/// Where a partial derivative is taken.
pub struct Site<'a, S> {
    /// What went in.
    pub inputs: Inputs<'a, S>,
    /// What `forward` kept.
    pub saved: &'a [S],
    /// What came out.
    pub out: &'a [S],
}

/// A line of the table of operations.
pub struct Entry<S> {
    /// The operation's card.
    pub about: &'static About,
    /// Makes it, from constants that were checked.
    pub make: fn(&[f64]) -> Arc<dyn Op<S>>,
}

/// An activation: [`Unary`] computes it, the rest describes it. [`Each`] makes it an operation.
pub trait Activation: Unary + Send + Sync + 'static {
    /// Its card.
    const ABOUT: About;
    /// The card's formula, or the same in a form that does not overflow far out: what the check evaluates.
    const FAR_OUT: &'static str = Self::ABOUT.formula;
    /// Whether the forward pass keeps the slope. False where computing it again costs less than reading it.
    const KEEPS_SLOPE: bool = true;
    /// From its constants, in the order of the card.
    fn new(constants: &[f64]) -> Self;
    /// Its constants, in the order of the card.
    fn constants(&self) -> Vec<f64> {
        Vec::new()
    }
}

/// An activation applied to each number: `a[u,r]` = f(`z[u,r]`).
pub struct Each<F> {
    function: F,
    term: OnceLock<Term>,
}

impl<F: Activation> Each<F> {
    const ABOUT: &'static About = &F::ABOUT;

    /// Its line in the table.
    pub fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: Self::ABOUT, make: |constants| Arc::new(Each { function: F::new(constants), term: OnceLock::new() }) }
    }
}

impl<S: Scalar, F: Activation> Op<S> for Each<F> {
    fn about(&self) -> &'static About {
        Self::ABOUT
    }
    fn constants(&self) -> Vec<(&'static str, f64)> {
        named(Self::ABOUT, self.function.constants())
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        match inputs {
            [shape @ Shape::Rows(_)] => Ok(*shape),
            _ => Err(ShapeError::new("z: rows × n", inputs)),
        }
    }
    fn saved(&self, inputs: &[Shape]) -> usize {
        if F::KEEPS_SLOPE { inputs[0].size() } else { 0 }
    }
    fn forward(&self, x: Inputs<'_, S>, saved: &mut [S], out: &mut [S]) {
        if saved.is_empty() {
            pointwise::map(&self.function, x.get(0), out);
        } else {
            pointwise::map_with_slope(&self.function, x.get(0), out, saved);
        }
    }
    fn partial(&self, _wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        if F::KEEPS_SLOPE {
            pointwise::add_product(upstream, at.saved, grad);
        } else {
            pointwise::add_slope(&self.function, at.inputs.get(0), upstream, grad);
        }
    }
    fn is_identity(&self) -> bool {
        Self::ABOUT.formula == "z"
    }
    fn each(self: Arc<Self>) -> Option<Arc<dyn EachNumber<S>>> {
        Some(self)
    }
    fn reach(&self, _wrt: usize, index: usize, _inputs: &[Shape]) -> Range<usize> {
        index..index + 1
    }
    fn local(&self, _wrt: usize, _index: usize, _k: usize, _inputs: &[Shape]) -> Local {
        if Self::ABOUT.partials[0].formula == "1" { Local::One } else { Local::Other }
    }
    fn written(&self, _wrt: usize, index: usize, k: usize, _row: &Row<'_>) -> Option<Written> {
        let letters = [("z", Operand::Input(0, index)), ("a", Operand::Output(k))];
        Some(written(Self::ABOUT, F::FAR_OUT, "z", &letters, &self.function.constants()))
    }
    fn terms(&self, k: usize, _row: &Row<'_>) -> Vec<Written> {
        vec![value(Self::ABOUT, F::FAR_OUT, &[("z", Operand::Input(0, k))], &self.function.constants())]
    }
    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        Op::<S>::plain_some(self, x, 0..out.len(), out);
    }
    fn plain_some(&self, x: &[&[Dual]], some: Range<usize>, out: &mut [Dual]) {
        let term = self.term.get_or_init(|| Term::new(Self::ABOUT, F::FAR_OUT, &self.function.constants()));
        for (out, z) in out[some.clone()].iter_mut().zip(&x[0][some]) {
            *out = term.at(&[("z", *z)]);
        }
    }
}

impl<S: Scalar, F: Activation> EachNumber<S> for Each<F> {
    fn values(&self, z: &[S], a: &mut [S]) {
        pointwise::map(&self.function, z, a);
    }
    fn values_leaving_slopes(&self, z: &mut [S], a: &mut [S]) {
        pointwise::map_leaving_slope(&self.function, z, a);
    }
    fn pair_with_slopes(&self, first: S, second: S, a: &mut [S; 2], slopes: &mut [S; 2]) {
        pointwise::pair_with_slope(&self.function, first, second, a, slopes);
    }
    fn four_with_slopes(&self, first: S, second: S, third: S, fourth: S, a: &mut [S; 4], slopes: &mut [S; 4]) {
        pointwise::four_with_slope(&self.function, first, second, third, fourth, a, slopes);
    }
}

/// A loss that is a sum over outputs: [`Binary`] computes a term, the rest describes it. [`SumOverOutputs`] makes it
/// an operation.
pub trait PointwiseLoss: Binary + Send + Sync + 'static {
    /// Its card. The prediction's letter is that of the card's one partial.
    const ABOUT: About;
    /// The card's formula, or the same in a form that does not overflow far out: what the check evaluates.
    const FAR_OUT: &'static str = Self::ABOUT.formula;
    /// From its constants, in the order of the card.
    fn new(constants: &[f64]) -> Self;
    /// Its constants, in the order of the card.
    fn constants(&self) -> Vec<f64> {
        Vec::new()
    }
}

/// A loss for each row: C\[r\] = Σₖ f(a\[k,r\], y\[k,r\]).
pub struct SumOverOutputs<F> {
    function: F,
    term: OnceLock<Term>,
}

impl<F: PointwiseLoss> SumOverOutputs<F> {
    const ABOUT: &'static About = &F::ABOUT;

    /// Its line in the table.
    pub fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: Self::ABOUT, make: |constants| Arc::new(SumOverOutputs { function: F::new(constants), term: OnceLock::new() }) }
    }
}

impl<S: Scalar, F: PointwiseLoss> Op<S> for SumOverOutputs<F> {
    fn about(&self) -> &'static About {
        Self::ABOUT
    }
    fn constants(&self) -> Vec<(&'static str, f64)> {
        named(Self::ABOUT, self.function.constants())
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        loss_shape(inputs)
    }
    fn saved(&self, inputs: &[Shape]) -> usize {
        inputs[0].size()
    }
    fn forward(&self, x: Inputs<'_, S>, saved: &mut [S], out: &mut [S]) {
        pointwise::sum_pairs(&self.function, x.get(0), x.get(1), out, saved);
    }
    fn of_row(&self, a: &[S], y: &[S], slope: &mut [S]) -> S {
        pointwise::sum_few_pairs(&self.function, a, y, slope)
    }
    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        assert_eq!(wrt, 0, "a target has no gradient");
        pointwise::add_row_scaled(upstream, at.saved, grad);
    }
    fn differentiable(&self, wrt: usize) -> bool {
        wrt == 0
    }
    fn keeps_gradient(&self) -> bool {
        true
    }
    fn written(&self, _wrt: usize, index: usize, _k: usize, _row: &Row<'_>) -> Option<Written> {
        let letter = F::ABOUT.partials[0].by;
        let letters = [(letter, Operand::Input(0, index)), ("y", Operand::Input(1, index))];
        Some(written(Self::ABOUT, F::FAR_OUT, letter, &letters, &self.function.constants()))
    }
    fn terms(&self, _k: usize, row: &Row<'_>) -> Vec<Written> {
        let letter = F::ABOUT.partials[0].by;
        let letters = |index: usize| [(letter, Operand::Input(0, index)), ("y", Operand::Input(1, index))];
        let term = |index: usize| value(Self::ABOUT, F::FAR_OUT, &letters(index), &self.function.constants());
        (0..row.inputs[0].len()).map(term).collect()
    }
    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        use formula::Number;
        let letter = F::ABOUT.partials[0].by;
        let term = self.term.get_or_init(|| Term::new(Self::ABOUT, F::FAR_OUT, &self.function.constants()));
        out[0] = x[0].iter().zip(x[1]).fold(Dual::fixed(0.0), |sum, (a, y)| sum.add(&term.at(&[(letter, *a), ("y", *y)])));
    }
}

/// The shape of a loss: one number a row, prediction and target of one width.
pub(crate) fn loss_shape(inputs: &[Shape]) -> Result<Shape, ShapeError> {
    match inputs {
        [Shape::Rows(a), Shape::Rows(y)] if a == y => Ok(Shape::Rows(1)),
        _ => Err(ShapeError::new("prediction: rows × n, target: rows × n", inputs)),
    }
}

fn named(about: &'static About, values: Vec<f64>) -> Vec<(&'static str, f64)> {
    about.constants.iter().map(|constant| constant.name).zip(values).collect()
}

/// The card's one partial, beside the derivative of `far_out` by `letter`.
fn written(about: &About, far_out: &str, letter: &str, letters: &[(&str, Operand)], constants: &[f64]) -> Written {
    let parse = |text: &str| formula::parse(text).expect("a test parses every card's formula");
    let constants = about.constants.iter().zip(constants).map(|(constant, &value)| (constant.name, Operand::Constant(value)));
    Written {
        formula: parse(about.partials[0].formula),
        stable: Some(formula::differentiate(&parse(far_out), letter)),
        letters: letters.iter().cloned().chain(constants).map(|(name, operand)| (name.to_string(), operand)).collect(),
    }
}

/// The card's formula, beside `far_out`.
fn value(about: &About, far_out: &str, letters: &[(&str, Operand)], constants: &[f64]) -> Written {
    let parse = |text: &str| formula::parse(text).expect("a test parses every card's formula");
    let constants = about.constants.iter().zip(constants).map(|(constant, &value)| (constant.name, Operand::Constant(value)));
    Written {
        formula: parse(about.formula),
        stable: Some(parse(far_out)),
        letters: letters.iter().cloned().chain(constants).map(|(name, operand)| (name.to_string(), operand)).collect(),
    }
}

/// A card's formula with the constants of an instance put in.
struct Term {
    formula: formula::Formula,
    constants: Vec<(&'static str, Dual)>,
}

impl Term {
    fn new(about: &'static About, formula: &str, constants: &[f64]) -> Term {
        let formula = formula::parse(formula).expect("a test parses every card's formula");
        let constants = about.constants.iter().map(|c| c.name).zip(constants.iter().map(|&c| Dual::fixed(c))).collect();
        Term { formula, constants }
    }

    fn at(&self, letters: &[(&str, Dual)]) -> Dual {
        let mut all: Vec<(&str, Dual)> = self.constants.clone();
        all.extend_from_slice(letters);
        formula::evaluate(&self.formula, &all).expect("a test binds every letter of every card")
    }
}
