//! One row at a time through a stack of small layers: the steps of [`super`] without slicing up what fits a few
//! registers. The bits are the same.

use super::Batch;
use crate::Scalar;
use crate::op::{EachNumber, Source};
use crate::plan::{ForwardStep, Layer, Operation, Plan};
use backlit_kernels::pointwise::FEW;

/// Most inputs and units of a layer.
const MOST: usize = 2 * FEW;

/// Buffers for such a stack.
pub(crate) struct Small<S> {
    layers: Vec<Place>,
    /// Of the loss: what it reads lies in here, the prediction first.
    values: Vec<S>,
    saved: Vec<S>,
    /// The row.
    row: Vec<S>,
    /// What goes into each layer and comes out of the last.
    x: Vec<[S; MOST]>,
    slopes: Vec<[S; MOST]>,
}

/// A layer's extents and where its parameters start.
#[derive(Clone, Copy)]
struct Place {
    step: usize,
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
        for (step, layer) in layers.iter().enumerate() {
            let ForwardStep::Layer(layer) = layer else { return None };
            let own = layer.w + layer.units * layer.inputs();
            let in_order = layer.x.source == from && layer.b.is_none_or(|b| b >= own);
            if !in_order || layer.inputs() > MOST || layer.units > MOST {
                return None;
            }
            from = Source::Value(layer.out());
            places.push(Place { step, inputs: layer.inputs(), units: layer.units, w: layer.w, b: layer.b });
        }
        let ForwardStep::Operation(loss) = last else { return None };
        // Each parameter in one place, and nothing but the loss behind the last layer.
        let apart = places.windows(2).all(|pair| pair[0].w + pair[0].units * pair[0].inputs <= pair[1].w);
        let is_loss = loss.slots.len() == 2 && loss.slots[0].source == from && matches!(loss.slots[1].source, Source::Data(_));
        let all_pieces = plan.pieces.iter().all(|piece| piece.sources.len() == 1);
        let fits = !places.is_empty() && apart && is_loss && all_pieces && plan.data.len() == 2 && loss.width == 1;
        let numbers = |n: usize| vec![S::ZERO; n];
        fits.then(|| Small {
            values: numbers(plan.values + MOST),
            saved: numbers(plan.saved),
            row: numbers(plan.data_width),
            x: vec![[S::ZERO; MOST]; places.len() + 1],
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
            let ForwardStep::Layer(layer) = &plan.forward[place.step] else { unreachable!("a stack of layers") };
            let (x, behind) = self.x.split_at_mut(l + 1);
            forward(layer, place, parameters, &x[l], &mut self.slopes[l], &mut behind[0]);
        }
        let (Some(ForwardStep::Operation(loss)), Some(&last)) = (plan.forward.last(), self.layers.last()) else {
            unreachable!("a loss behind layers")
        };
        let mut upstream = [S::ZERO; MOST];
        let cost = self.loss(loss, parameters, &mut upstream[..last.units]);
        if !cost.is_finite() {
            return cost;
        }
        for (l, place) in self.layers.iter().enumerate().rev() {
            upstream = backward(place, l > 0, parameters, &self.x[l], &self.slopes[l], &upstream, gradient);
        }
        cost
    }

    /// The cost, and its gradient by the prediction: zeros come in.
    fn loss(&mut self, loss: &Operation<S>, parameters: &[S], upstream: &mut [S]) -> f64 {
        let Source::Value(a) = loss.slots[0].source else { unreachable!("a prediction is computed") };
        // A copy of fixed length; what stands behind the prediction is written later.
        self.values[a..a + MOST].copy_from_slice(&self.x[self.layers.len()]);
        let (before, out) = self.values.split_at_mut(loss.offset);
        loss.op.forward(loss.inputs(1, 1, &self.row, parameters, before), &mut self.saved, &mut out[..1]);
        let site = loss.site(1, 1, &self.row, parameters, &self.values, &self.saved);
        loss.op.partial(0, site, &[S::ONE], upstream);
        self.values[loss.offset].to_f64()
    }
}

/// z = W x + b, a = f(z) and f′(z).
#[inline(always)]
fn forward<S: Scalar>(layer: &Layer<S>, place: &Place, parameters: &[S], x: &[S; MOST], slope: &mut [S; MOST], a: &mut [S; MOST]) {
    let Place { inputs, units, w, b, .. } = *place;
    let mut z = [S::ZERO; MOST];
    let w = &parameters[w..w + units * inputs];
    let x = &x[..inputs];
    for (z, w) in z.iter_mut().zip(w.chunks_exact(inputs)) {
        let mut sum = S::ZERO;
        for (&x, &w) in x.iter().zip(w) {
            sum += x * w;
        }
        *z = sum;
    }
    if let Some(b) = b {
        for (z, &b) in z.iter_mut().zip(&parameters[b..b + units]) {
            *z += b;
        }
    }
    let each: Option<&dyn EachNumber<S>> = layer.activation.as_ref().and_then(|behind| behind.op.each());
    let Some(each) = each else {
        *a = z;
        return;
    };
    let (z, z_rest) = z.split_first_chunk_mut::<FEW>().expect("FEW of MOST");
    let (a, a_rest) = a.split_first_chunk_mut::<FEW>().expect("FEW of MOST");
    each.few_leaving_slopes(z, a);
    slope[..FEW].copy_from_slice(z);
    if units > FEW {
        let (z, a) = (z_rest.first_chunk_mut().expect("FEW more"), a_rest.first_chunk_mut().expect("FEW more"));
        each.few_leaving_slopes(z, a);
        slope[FEW..].copy_from_slice(z);
    }
}

/// δ = upstream ⊙ slope, the gradients of W and b, and that of x where it is wanted.
#[inline(always)]
fn backward<S: Scalar>(
    place: &Place,
    wants_dx: bool,
    parameters: &[S],
    x: &[S; MOST],
    slope: &[S; MOST],
    upstream: &[S; MOST],
    gradient: &mut [S],
) -> [S; MOST] {
    let Place { inputs, units, w, b, .. } = *place;
    let mut delta = [S::ZERO; MOST];
    for u in 0..MOST {
        delta[u] = (upstream[u] * slope[u]).flushed();
    }
    let (x, delta) = (&x[..inputs], &delta[..units]);
    for (dw, &delta) in gradient[w..w + units * inputs].chunks_exact_mut(inputs).zip(delta) {
        for (dw, &x) in dw.iter_mut().zip(x) {
            *dw = delta * x;
        }
    }
    if let Some(b) = b {
        gradient[b..b + units].iter_mut().zip(delta).for_each(|(db, &delta)| *db = delta);
    }
    let mut dx = [S::ZERO; MOST];
    if wants_dx {
        for (w, &delta) in parameters[w..w + units * inputs].chunks_exact(inputs).zip(delta) {
            for (dx, &w) in dx.iter_mut().zip(w) {
                *dx += delta * w;
            }
        }
    }
    dx
}
