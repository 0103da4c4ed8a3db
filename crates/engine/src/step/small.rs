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
    /// What goes into each layer.
    x: Vec<[S; MOST]>,
    slopes: Vec<[S; MOST]>,
}

/// A layer's activation, its extents and where its parameters start.
struct Place<S> {
    each: Option<Arc<dyn EachNumber<S>>>,
    inputs: usize,
    units: usize,
    w: usize,
    b: Option<usize>,
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
            places.push(Place { each, inputs: layer.inputs(), units: layer.units, w: layer.w, b: layer.b });
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
            x: vec![[S::ZERO; MOST]; places.len()],
            slopes: vec![[S::ONE; MOST]; places.len()],
            layers: places,
        })
    }

    /// The cost of the row, and its gradient if the cost is finite.
    pub fn gradient(&mut self, plan: &Plan<S>, parameters: &[S], batch: &Batch<'_, S>, gradient: &mut [S]) -> f64 {
        if !batch.again {
            batch.load(plan, 0..1, &mut self.row);
            let inputs = self.layers[0].inputs;
            self.x[0][..inputs].copy_from_slice(&self.row[..inputs]);
        }
        for (l, place) in self.layers.iter().enumerate() {
            let (x, behind) = self.x.split_at_mut(l + 1);
            let a = behind.first_mut().unwrap_or_else(|| self.values[self.out..].first_chunk_mut().expect("a place for the prediction"));
            let (x, slope) = (&x[l], &mut self.slopes[l]);
            match_small!(place, forward(place, parameters, x, slope, a));
        }
        let (Some(ForwardStep::Operation(loss)), Some(last)) = (plan.forward.last(), self.layers.last()) else {
            unreachable!("a loss behind layers")
        };
        let mut upstream = [S::ZERO; MOST];
        let cost = self.loss(loss, parameters, &mut upstream[..last.units]);
        if !cost.is_finite() {
            return cost;
        }
        for (l, place) in self.layers.iter().enumerate().rev() {
            let (x, slope) = (&self.x[l], &self.slopes[l]);
            upstream = match_small!(place, backward(place, l > 0, parameters, x, slope, &upstream, gradient));
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
fn forward<S: Scalar, const N: usize, const U: usize>(
    place: &Place<S>,
    parameters: &[S],
    x: &[S; MOST],
    slope: &mut [S; MOST],
    a: &mut [S; MOST],
) {
    let (inputs, units) = place.extents::<N, U>();
    let w = &parameters[place.w..place.w + units * inputs];
    let x = &x[..inputs];
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
            (slope[start + k], a[start + k]) = (few[k], values[k]);
        }
    }
}

/// δ = upstream ⊙ slope, the gradients of W and b, and that of x where it is wanted.
#[inline(always)]
fn backward<S: Scalar, const N: usize, const U: usize>(
    place: &Place<S>,
    wants_dx: bool,
    parameters: &[S],
    x: &[S; MOST],
    slope: &[S; MOST],
    upstream: &[S; MOST],
    gradient: &mut [S],
) -> [S; MOST] {
    let (inputs, units) = place.extents::<N, U>();
    let (w, dw) = (&parameters[place.w..place.w + units * inputs], &mut gradient[place.w..place.w + units * inputs]);
    let x = &x[..inputs];
    let mut delta = [S::ZERO; MOST];
    let mut dx = [S::ZERO; MOST];
    for u in 0..units {
        delta[u] = (upstream[u] * slope[u]).flushed();
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
    dx
}

impl<S> Place<S> {
    /// Inputs and units, known beforehand where these are not 0.
    #[inline(always)]
    fn extents<const N: usize, const U: usize>(&self) -> (usize, usize) {
        (if N == 0 { self.inputs } else { N }, if U == 0 { self.units } else { U })
    }
}
