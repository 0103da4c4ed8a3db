//! One row at a time through a stack of small layers: the steps of [`super`] without slicing up what fits a few
//! registers. The bits are the same.

use super::Batch;
use crate::Scalar;
use crate::op::{EachNumber, Op, Slot, Source};
use crate::plan::{ForwardStep, Operation, Plan};
use std::ops::Range;
use std::sync::Arc;

/// Most inputs and units of a layer.
const MOST: usize = 8;

/// The functions of a layer: [`forward`] and [`backward`] for its extents, where these are small: the numbers then stay in registers.
macro_rules! for_extents {
    ($inputs:expr, $units:expr, $($n:literal $u:literal),*) => {
        match ($inputs, $units) {
            $(($n, $u) => (forward::<S, $n, $u> as Forward<S>, backward::<S, $n, $u> as Backward<S>),)*
            _ => (forward::<S, 0, 0> as Forward<S>, backward::<S, 0, 0> as Backward<S>),
        }
    };
}

type Forward<S> = fn(&mut Place<S>, &[S], &mut Line<S>);
type Backward<S> = fn(&Place<S>, &[S], &mut Line<S>, &mut [S]);

/// So many numbers on lines of the caches of their own: what is read two by two lies on one line.
#[repr(align(64))]
struct Line<S>([S; MOST]);

/// Buffers for such a stack.
pub(crate) struct Small<S> {
    layers: Vec<Place<S>>,
    loss: Arc<dyn Op<S>>,
    /// The row as it is loaded, and where in it the target is.
    row: Vec<S>,
    target: usize,
    outputs: usize,
    /// What comes out of the last layer, the target, and the gradient of a layer's outputs, then of its inputs.
    a: Line<S>,
    y: Line<S>,
    upstream: Line<S>,
}

/// A layer's activation, its extents and where its parameters start; what comes in, and the activation's slopes. What stands behind
/// the inputs and the units is anything.
struct Place<S> {
    each: Option<Arc<dyn EachNumber<S>>>,
    forward: Forward<S>,
    backward: Backward<S>,
    inputs: usize,
    units: usize,
    w: usize,
    b: Option<usize>,
    /// Whether they are trained.
    trains_w: bool,
    trains_b: bool,
    /// Whether its input has a gradient.
    wants_dx: bool,
    /// In a box of its own: if a compiler knew that what stands behind a number can be read, it would load both at once, and the
    /// processor would wait until the store of one of them has reached memory.
    x: Box<Line<S>>,
    slope: Line<S>,
}

impl<S: Scalar> Small<S> {
    /// If the plan is such a stack, each of whose tensors is trained as a whole or not at all.
    pub fn new(plan: &Plan<S>, trainable: &[Range<usize>]) -> Option<Small<S>> {
        let (last, layers) = plan.forward.split_last()?;
        let mut places = Vec::new();
        let mut from = Source::Data(0);
        for layer in layers {
            let ForwardStep::Layer(layer) = layer else { return None };
            let own = layer.w + layer.units * layer.inputs();
            let in_order = layer.x.source == from && layer.b.is_none_or(|b| b >= own);
            if !in_order || layer.inputs() > MOST || layer.units > MOST {
                return None;
            }
            let trains_w = trains(trainable, layer.w..own)?;
            let trains_b = layer.b.map_or(Some(false), |b| trains(trainable, b..b + layer.units))?;
            from = Source::Value(layer.out());
            let each = layer.activation.as_ref().map(|behind| behind.each.clone());
            let (inputs, units, w, b) = (layer.inputs(), layer.units, layer.w, layer.b);
            let (forward, backward) =
                for_extents!(inputs, units, 1 1, 1 2, 1 3, 1 4, 2 1, 2 2, 2 3, 2 4, 3 1, 3 2, 3 3, 3 4, 4 1, 4 2, 4 3, 4 4);
            places.push(Place {
                each,
                forward,
                backward,
                inputs,
                units,
                w,
                b,
                trains_w,
                trains_b,
                wants_dx: !places.is_empty(),
                x: Box::new(Line([S::ZERO; MOST])),
                slope: Line([S::ONE; MOST]),
            });
        }
        // Each parameter in one place, and nothing but the loss behind the last layer.
        let apart = places.windows(2).all(|pair| pair[0].w + pair[0].units * pair[0].inputs <= pair[1].w);
        let all_pieces = plan.pieces.iter().all(|piece| piece.sources.len() == 1);
        let ForwardStep::Operation(Operation { op, slots, width: 1, saves_gradient: true, .. }) = last else { return None };
        let [prediction, Slot { source: Source::Data(target), size }] = slots[..] else { return None };
        let fits = !places.is_empty() && apart && all_pieces && prediction.source == from && plan.data.len() == 2;
        fits.then(|| Small {
            layers: places,
            loss: op.clone(),
            row: vec![S::ZERO; plan.data_width],
            target,
            outputs: size,
            a: Line([S::ZERO; MOST]),
            y: Line([S::ZERO; MOST]),
            upstream: Line([S::ZERO; MOST]),
        })
    }

    /// Loads the one row of a batch.
    pub fn load(&mut self, plan: &Plan<S>, batch: &Batch<'_, S>) {
        batch.load(plan, 0..1, &mut self.row);
        let first = &mut self.layers[0];
        let inputs = first.inputs;
        first.x.0[..inputs].copy_from_slice(&self.row[..inputs]);
        self.y.0[..self.outputs].copy_from_slice(&self.row[self.target..][..self.outputs]);
    }

    /// The cost of the row, and its gradient; none if the cost is not finite. Nothing is written for what is not trained.
    pub fn gradient(&mut self, parameters: &[S], gradient: &mut [S]) -> Option<f64> {
        let mut layers = self.layers.as_mut_slice();
        while let [place, behind @ ..] = layers {
            let a = behind.first_mut().map_or(&mut self.a, |next| &mut next.x);
            (place.forward)(place, parameters, a);
            layers = behind;
        }
        let Small { loss, outputs, a, y, upstream, .. } = self;
        let cost = loss.of_row(&a.0[..*outputs], &y.0[..*outputs], &mut upstream.0[..*outputs]).to_f64();
        if !cost.is_finite() {
            return None;
        }
        for place in self.layers.iter().rev() {
            (place.backward)(place, parameters, upstream, gradient);
        }
        Some(cost)
    }
}

/// Whether a tensor is trained; none where a part of it is.
fn trains(trainable: &[Range<usize>], tensor: Range<usize>) -> Option<bool> {
    let touches = trainable.iter().find(|range| range.start < tensor.end && tensor.start < range.end);
    touches.map_or(Some(false), |range| (range.start <= tensor.start && tensor.end <= range.end).then_some(true))
}

/// z = W x + b, a = f(z) and f′(z), for `N` inputs and `U` units; 0 stands for any number. Behind the last unit f is taken of 0, and
/// nobody reads it. `parameters`: all of the network
fn forward<S: Scalar, const N: usize, const U: usize>(place: &mut Place<S>, parameters: &[S], Line(a): &mut Line<S>) {
    let (inputs, units) = place.extents::<N, U>();
    let w = &parameters[place.w..place.w + units * inputs];
    let x = &place.x.0[..inputs];
    let mut z = [S::ZERO; MOST];
    for u in 0..units {
        let w = &w[u * inputs..(u + 1) * inputs];
        for i in 0..inputs {
            add(i, inputs, x[i] * w[i], &mut z[u]);
        }
    }
    if let Some(b) = place.b {
        let b = &parameters[b..b + units];
        for u in 0..units {
            z[u] += b[u];
        }
    }
    let Some(each) = &place.each else {
        *a = z;
        return;
    };
    for k in 0..units.div_ceil(4) {
        let [first, second, third, fourth] = z.as_chunks().0[k];
        let slope = &mut place.slope.0;
        if units - 4 * k > 2 {
            each.four_with_slopes(first, second, third, fourth, &mut a.as_chunks_mut().0[k], &mut slope.as_chunks_mut().0[k]);
        } else {
            each.pair_with_slopes(first, second, &mut a.as_chunks_mut().0[2 * k], &mut slope.as_chunks_mut().0[2 * k]);
        }
    }
}

/// Adds the `k`-th of so many products to their sum, from 0 on. The 0 is added to the second one, while the first one is on its way:
/// the same bits, the sign of a 0 included.
#[inline(always)]
fn add<S: Scalar>(k: usize, count: usize, product: S, sum: &mut S) {
    *sum = match k {
        0 if count > 1 => product,
        0 => S::ZERO + product,
        1 => *sum + (S::ZERO + product),
        _ => *sum + product,
    };
}

/// δ = upstream ⊙ slope, the gradients of W and b, and where it is wanted that of x, in the place of `upstream`.
/// `parameters`, `gradient`: all of the network
fn backward<S: Scalar, const N: usize, const U: usize>(
    place: &Place<S>,
    parameters: &[S],
    Line(upstream): &mut Line<S>,
    gradient: &mut [S],
) {
    let (inputs, units) = place.extents::<N, U>();
    let (w, dw) = (&parameters[place.w..place.w + units * inputs], &mut gradient[place.w..place.w + units * inputs]);
    let x = &place.x.0[..inputs];
    let mut delta = [S::ZERO; MOST];
    for u in 0..units {
        // Behind a layer without activation the slope is 1, and nothing is flushed.
        let product = upstream[u] * place.slope.0[u];
        delta[u] = if place.each.is_some() { product.flushed() } else { product };
    }
    if place.trains_w && N > 0 {
        // Number by number, so that they are stored two by two, as the optimizer reads them.
        for k in 0..units * inputs {
            dw[k] = delta[k / inputs] * x[k % inputs];
        }
    } else if place.trains_w {
        for (dw, delta) in dw.chunks_exact_mut(inputs).zip(delta) {
            dw.iter_mut().zip(x).for_each(|(dw, x)| *dw = delta * *x);
        }
    }
    if place.wants_dx {
        let mut dx = [S::ZERO; MOST];
        for u in 0..units {
            for i in 0..inputs {
                add(u, units, delta[u] * w[u * inputs + i], &mut dx[i]);
            }
        }
        upstream[..inputs].copy_from_slice(&dx[..inputs]);
    }
    if let (Some(b), true) = (place.b, place.trains_b) {
        gradient[b..b + units].iter_mut().zip(delta).for_each(|(db, delta)| *db = delta);
    }
}

impl<S> Place<S> {
    /// Inputs and units, known beforehand where these are not 0.
    #[inline(always)]
    fn extents<const N: usize, const U: usize>(&self) -> (usize, usize) {
        (if N == 0 { self.inputs } else { N }, if U == 0 { self.units } else { U })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_begin_with_a_zero() {
        let some = [0.0, -0.0, 1.0, -1.0, 1e-300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        for products in some.iter().flat_map(|a| some.map(|b| some.map(|c| [*a, b, c]))).flatten() {
            for count in 1..=3 {
                let (mut sum, mut want) = (0.0, 0.0);
                for (k, product) in products[..count].iter().enumerate() {
                    add(k, count, *product, &mut sum);
                    want += product;
                }
                assert!(f64::to_bits(sum) == f64::to_bits(want) || sum.is_nan() && want.is_nan(), "{:?}", &products[..count]);
            }
        }
    }
}
