//! Every number of a script's forward and backward pass, with what rounding may do to it.

use super::curve::{CrossEntropy, Curve};
use super::noisy::Noisy;
use crate::explain::Subject;
use crate::explain::notation::Thing;
use backlit_engine::formula::Number;

/// The layers and the loss as formulas.
pub(super) struct Curves {
    /// One for each layer.
    pub activations: Vec<Curve>,
    /// None: the cross-entropy of a softmax.
    pub loss: Option<Curve>,
}

/// The numbers of one row. Layers count from 0 here, so `z[0]` are those of layer 1.
pub(super) struct Pass {
    x: Vec<f64>,
    z: Vec<Vec<Noisy>>,
    a: Vec<Vec<Noisy>>,
    /// ∂a/∂z
    slope: Vec<Vec<Noisy>>,
    /// ∂C/∂a
    by_a: Vec<Vec<Noisy>>,
    /// ∂C/∂z
    by_z: Vec<Vec<Noisy>>,
    /// Softmax of the logits, and 1 minus that; empty where the loss has none.
    pub shares: (Vec<Noisy>, Vec<Noisy>),
    pub cost: Noisy,
}

impl Curves {
    /// Of the network.
    pub fn new(subject: &Subject) -> Option<Curves> {
        let graph = &subject.built.graph;
        let activations = subject.built.layers.iter().map(|layer| Curve::new(graph.operation_at(layer.a)?));
        let loss = graph.operation_at(subject.built.cost)?;
        Some(Curves { activations: activations.collect::<Option<_>>()?, loss: Curve::new(loss) })
    }
}

/// The weights of a layer (counted from 0), units × inputs, and its bias, if it has one.
pub(super) fn layer(subject: &Subject, layer: usize) -> (&[f64], Option<&[f64]>) {
    let graph = &subject.built.graph;
    let nodes = subject.built.layers[layer];
    let of = |node| {
        let parameter = graph.parameters().iter().find(|parameter| parameter.name == graph.name(node));
        parameter.map_or(&[][..], |parameter| &subject.parameters[parameter.start..parameter.start + parameter.size()])
    };
    (of(nodes.weight), nodes.bias.map(of))
}

impl Pass {
    /// The row at this place among the kept ones.
    pub fn new(subject: &Subject, curves: &Curves, row: usize) -> Pass {
        let width = subject.names.inputs.len();
        let outputs = subject.names.outputs.len();
        let x = subject.x[row * width..][..width].to_vec();
        let y = &subject.y[row * outputs..][..outputs];
        let (mut z, mut a, mut slope) = (Vec::new(), Vec::new(), Vec::new());
        let mut before: Vec<Noisy> = x.iter().map(|&x| Noisy::exact(x)).collect();
        for (l, curve) in curves.activations.iter().enumerate() {
            let (weight, bias) = layer(subject, l);
            let weighted = |(u, weights): (usize, &[f64])| {
                let products = weights.iter().zip(&before).map(|(&w, a)| Noisy::exact(w).multiply(a));
                Noisy::sum(products.chain(bias.map(|bias| Noisy::exact(bias[u]))))
            };
            let sums: Vec<Noisy> = weight.chunks(before.len()).enumerate().map(weighted).collect();
            let (values, slopes): (Vec<Noisy>, Vec<Noisy>) = sums.iter().map(|&z| curve.at(z, 0.0)).unzip();
            z.push(sums);
            slope.push(slopes);
            a.push(values.clone());
            before = values;
        }
        let mut shares = (Vec::new(), Vec::new());
        let (cost, last) = match &curves.loss {
            Some(loss) => {
                let (terms, slopes): (Vec<Noisy>, Vec<Noisy>) = before.iter().zip(y).map(|(&a, &y)| loss.at(a, y)).unzip();
                (Noisy::sum(terms), slopes)
            }
            None => {
                let loss = CrossEntropy::new(&before, y);
                shares = (loss.shares, loss.others);
                (loss.cost, loss.slopes)
            }
        };
        let mut pass = Pass { x, z, a, slope, by_a: Vec::new(), by_z: Vec::new(), shares, cost };
        pass.backward(subject, last);
        pass
    }

    fn backward(&mut self, subject: &Subject, last: Vec<Noisy>) {
        let mut by_a = last;
        for l in (0..self.a.len()).rev() {
            let by_z: Vec<Noisy> = by_a.iter().zip(&self.slope[l]).map(|(by_a, slope)| by_a.multiply(slope)).collect();
            let (weight, _) = layer(subject, l);
            let width = weight.len() / by_z.len();
            let back = |i: usize| Noisy::sum(by_z.iter().enumerate().map(|(u, d)| d.multiply(&Noisy::exact(weight[u * width + i]))));
            self.by_a.insert(0, std::mem::replace(&mut by_a, (0..width).map(back).collect()));
            self.by_z.insert(0, by_z);
        }
        // By the inputs.
        self.by_a.insert(0, by_a);
    }

    /// A number of the network in this row.
    pub fn at(&self, thing: Thing) -> Noisy {
        match thing {
            Thing::Input(i) => Noisy::exact(self.x[i]),
            Thing::PreActivation { layer, unit } => self.z[layer - 1][unit],
            Thing::Activation { layer, unit } => self.a[layer - 1][unit],
            Thing::Cost => self.cost,
            _ => Noisy::ZERO,
        }
    }

    /// ∂C/∂ a number of the network, in this row.
    pub fn derivative(&self, thing: Thing) -> Noisy {
        match thing {
            Thing::Input(i) => self.by_a[0][i],
            Thing::PreActivation { layer, unit } => self.by_z[layer - 1][unit],
            Thing::Activation { layer, unit } => self.by_a[layer][unit],
            Thing::Weight { layer, unit, input } => self.by_z[layer - 1][unit].multiply(&self.into(layer, input)),
            Thing::Bias { layer, unit } => self.by_z[layer - 1][unit],
            Thing::Target(_) | Thing::Cost | Thing::Term(_) | Thing::Part { .. } => Noisy::exact(1.0),
            // A script is written without them.
            Thing::Column(_) | Thing::Embedding { .. } | Thing::Numeric { .. } => Noisy::ZERO,
        }
    }

    /// What goes into a layer, counted from 1.
    fn into(&self, layer: usize, input: usize) -> Noisy {
        if layer == 1 { Noisy::exact(self.x[input]) } else { self.a[layer - 2][input] }
    }

    /// ∂of/∂by through one operation.
    pub fn slope(&self, of: Thing, by: Thing, subject: &Subject) -> Noisy {
        match (of, by) {
            (Thing::Cost, Thing::Activation { layer, unit }) => self.by_a[layer][unit],
            (Thing::Activation { layer, unit }, _) => self.slope[layer - 1][unit],
            (_, Thing::Weight { layer, input, .. }) => self.into(layer, input),
            (Thing::PreActivation { layer: l, unit }, Thing::Activation { unit: input, .. } | Thing::Input(input)) => {
                let (weight, _) = layer(subject, l - 1);
                Noisy::exact(weight[unit * (weight.len() / self.z[l - 1].len()) + input])
            }
            _ => Noisy::exact(1.0),
        }
    }
}
