//! One row at a time through a stack of small layers: the steps of [`super`] without slicing up what fits a few
//! registers. The bits are the same.

use super::Batch;
use crate::Scalar;
use crate::op::{EachNumber, Source};
use crate::plan::{ForwardStep, Operation, Plan};
use backlit_kernels::pointwise::FEW;
use std::sync::Arc;

/// Most inputs and units of a layer.
const MOST: usize = 8;

/// Calls a function with the extents of the smallest layers known beforehand, so that their numbers stay in registers.
macro_rules! match_small {
    ($place:expr, $f:ident($($a:expr),*)) => {
        match_small!(@ $place, $f, ($($a),*), 1 1, 1 2, 1 3, 1 4, 2 1, 2 2, 2 3, 2 4, 3 1, 3 2, 3 3, 3 4, 4 1, 4 2, 4 3, 4 4)
    };
    (@ $place:expr, $f:ident, $a:tt, $($n:literal $u:literal),*) => {
        match ($place.inputs, $place.units) {
            $(($n, $u) => match_small!(! $f, $n, $u, $a),)*
            _ => match_small!(! $f, 0, 0, $a),
        }
    };
    (! $f:ident, $n:literal, $u:literal, ($($a:expr),*)) => { $f::<S, $n, $u>($($a),*) };
}

/// Buffers for such a stack.
pub(crate) struct Small<S> {
    layers: Vec<Place<S>>,
    /// What the loss reads and writes.
    values: Vec<S>,
    /// Where the prediction lies in there; what stands behind it is written later.
    out: usize,
    /// The row.
    row: Vec<S>,
}

/// A layer's activation, its extents and where its parameters start; what goes into it, and the activation's slopes.
struct Place<S> {
    each: Option<Arc<dyn EachNumber<S>>>,
    inputs: usize,
    units: usize,
    w: usize,
    b: Option<usize>,
    x: [S; MOST],
    slope: [S; MOST],
}

impl<S: Scalar> Small<S> {
    /// If the plan is such a stack.
    pub fn new(plan: &Plan<S>) -> Option<Small<S>> {
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
            from = Source::Value(layer.out());
            let each = layer.activation.as_ref().map(|behind| behind.each.clone());
            let (inputs, units, w, b) = (layer.inputs(), layer.units, layer.w, layer.b);
            places.push(Place { each, inputs, units, w, b, x: [S::ZERO; MOST], slope: [S::ONE; MOST] });
        }
        let ForwardStep::Operation(loss) = last else { return None };
        // Each parameter in one place, and nothing but the loss behind the last layer.
        let apart = places.windows(2).all(|pair| pair[0].w + pair[0].units * pair[0].inputs <= pair[1].w);
        let is_loss =
            loss.saves_gradient && loss.slots.len() == 2 && loss.slots[0].source == from && matches!(loss.slots[1].source, Source::Data(_));
        let all_pieces = plan.pieces.iter().all(|piece| piece.sources.len() == 1);
        let fits = !places.is_empty() && apart && is_loss && all_pieces && plan.data.len() == 2 && loss.width == 1;
        let numbers = |n: usize| vec![S::ZERO; n];
        fits.then(|| Small {
            values: numbers(plan.values + MOST),
            out: if let Source::Value(out) = from { out } else { 0 },
            row: numbers(plan.data_width),
            layers: places,
        })
    }

    /// The cost of the row, and its gradient if the cost is finite.
    pub fn gradient(&mut self, plan: &Plan<S>, parameters: &[S], batch: &Batch<'_, S>, gradient: &mut [S]) -> f64 {
        if !batch.again {
            batch.load(plan, 0..1, &mut self.row);
            let first = &mut self.layers[0];
            first.x[..first.inputs].copy_from_slice(&self.row[..first.inputs]);
        }
        let prediction = self.values[self.out..].first_chunk_mut().expect("a place for the prediction");
        let mut layers = self.layers.as_mut_slice();
        while let [place, behind @ ..] = layers {
            let a = behind.first_mut().map_or(&mut *prediction, |next| &mut next.x);
            match_small!(place, forward(place, parameters, a));
            layers = behind;
        }
        let (Some(ForwardStep::Operation(loss)), Some(last)) = (plan.forward.last(), self.layers.last()) else {
            unreachable!("a loss behind layers")
        };
        let mut upstream = [S::ZERO; MOST];
        let cost = self.loss(loss, parameters, &mut upstream[..last.units]);
        if !cost.is_finite() {
            return cost;
        }
        for l in (0..self.layers.len()).rev() {
            let place = &self.layers[l];
            match_small!(place, backward(place, l > 0, parameters, &mut upstream, gradient));
        }
        cost
    }

    /// The cost, and its gradient by the prediction.
    fn loss(&mut self, loss: &Operation<S>, parameters: &[S], upstream: &mut [S]) -> f64 {
        let (before, out) = self.values.split_at_mut(loss.offset);
        loss.op.forward(loss.inputs(1, 1, &self.row, parameters, before), upstream, &mut out[..1]);
        out[0].to_f64()
    }
}

/// z = W x + b, a = f(z) and f′(z), for `N` inputs and `U` units; 0 stands for any number.
#[inline(always)]
fn forward<S: Scalar, const N: usize, const U: usize>(place: &mut Place<S>, parameters: &[S], a: &mut [S; MOST]) {
    let (inputs, units) = place.extents::<N, U>();
    let w = &parameters[place.w..place.w + units * inputs];
    let x = &place.x[..inputs];
    let mut z = [S::ZERO; MOST];
    for u in 0..units {
        let w = &w[u * inputs..(u + 1) * inputs];
        let mut sum = S::ZERO;
        for i in 0..inputs {
            sum += x[i] * w[i];
        }
        z[u] = sum;
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
    for start in (0..units).step_by(FEW) {
        let mut few: [S; FEW] = std::array::from_fn(|k| z[start + k]);
        let mut values = [S::ZERO; FEW];
        each.few_leaving_slopes(&mut few, &mut values);
        for k in 0..FEW {
            (place.slope[start + k], a[start + k]) = (few[k], values[k]);
        }
    }
}

/// δ = upstream ⊙ slope, the gradients of W and b, and where it is wanted that of x, in the place of `upstream`.
#[inline(always)]
fn backward<S: Scalar, const N: usize, const U: usize>(
    place: &Place<S>,
    wants_dx: bool,
    parameters: &[S],
    upstream: &mut [S; MOST],
    gradient: &mut [S],
) {
    let (inputs, units) = place.extents::<N, U>();
    let (w, dw) = (&parameters[place.w..place.w + units * inputs], &mut gradient[place.w..place.w + units * inputs]);
    let x = &place.x[..inputs];
    let mut delta = [S::ZERO; MOST];
    let mut dx = [S::ZERO; MOST];
    for u in 0..units {
        delta[u] = (upstream[u] * place.slope[u]).flushed();
        let (w, dw) = (&w[u * inputs..(u + 1) * inputs], &mut dw[u * inputs..(u + 1) * inputs]);
        for i in 0..inputs {
            dw[i] = delta[u] * x[i];
        }
        if wants_dx {
            for i in 0..inputs {
                dx[i] += delta[u] * w[i];
            }
        }
    }
    if let Some(b) = place.b {
        gradient[b..b + units].iter_mut().zip(delta).for_each(|(db, delta)| *db = delta);
    }
    upstream[..inputs].copy_from_slice(&dx[..inputs]);
}

impl<S> Place<S> {
    /// Inputs and units, known beforehand where these are not 0.
    #[inline(always)]
    fn extents<const N: usize, const U: usize>(&self) -> (usize, usize) {
        (if N == 0 { self.inputs } else { N }, if U == 0 { self.units } else { U })
    }
}
