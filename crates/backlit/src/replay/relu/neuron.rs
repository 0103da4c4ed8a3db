//! One neuron: three products, their sum with a bias, ReLU.

use super::STEP;
use crate::error::Error;
use crate::replay::record::Agreement;
use crate::replay::study::{Study, descend};
use backlit_engine::NodeId;
use serde_json::{Value, json};

const X: [f64; 3] = [1.0, -2.0, 3.0];
const W: [f64; 3] = [-3.0, -1.0, 2.0];
const B: f64 = 1.0;
const DVALUE: f64 = 1.0;

/// The neuron, its values, and every partial by the notebook's names.
pub(super) struct Neuron {
    study: Study,
    gradient: Vec<f64>,
    pub x: [f64; 3],
    pub w: [f64; 3],
    pub b: f64,
    pub dvalue: f64,
    pub forward: Forward,
    /// The slope of ReLU by itself.
    pub slope: f64,
    pub drelu_dz: f64,
    pub dsum_dxw: Vec<f64>,
    pub dsum_db: f64,
    pub drelu_dwx: Vec<f64>,
    pub drelu_db: f64,
    pub dmul_dx: Vec<f64>,
    pub dmul_dw: Vec<f64>,
    pub drelu_dx: Vec<f64>,
    pub drelu_dw: Vec<f64>,
}

/// What a forward pass computes.
pub(super) struct Forward {
    pub input_weights: Vec<f64>,
    pub z: f64,
    pub y: f64,
}

/// The neuron after a number of updates.
pub(super) struct Updated {
    pub w: Vec<f64>,
    pub b: f64,
    pub forward: Forward,
}

impl Neuron {
    pub fn new() -> Result<Neuron, Error> {
        let (mut study, nodes) = build(&W, B)?;
        let [products, z, y] = nodes;
        let relu = backward(&mut study, "relu by itself", y, &[1.0])?;
        let sum = backward(&mut study, "sum by itself", z, &[1.0])?;
        let products_alone = backward(&mut study, "products by themselves", products, &[1.0; 3])?;
        let gradient = backward(&mut study, "from the next layer", y, &[DVALUE])?;
        let of = |gradient: &[f64], name: &str| study.part(gradient, name).to_vec();
        Ok(Neuron {
            x: X,
            w: W,
            b: B,
            dvalue: DVALUE,
            forward: forward(&study, nodes),
            slope: of(&relu, "d z")[0],
            drelu_dz: of(&gradient, "d z")[0],
            dsum_dxw: of(&sum, "d input_weights"),
            dsum_db: of(&sum, "b")[0],
            drelu_dwx: of(&gradient, "d input_weights"),
            drelu_db: of(&gradient, "b")[0],
            dmul_dx: of(&products_alone, "x"),
            dmul_dw: of(&products_alone, "w"),
            drelu_dx: of(&gradient, "x"),
            drelu_dw: of(&gradient, "w"),
            study,
            gradient,
        })
    }

    /// The weights after so many updates and the bias after so many, all with the gradient of the first pass.
    pub fn updated(&self, weights: usize, bias: usize) -> Result<Updated, Error> {
        let mut parameters = self.study.parameters.clone();
        let (w, b) = (self.study.range("w"), self.study.range("b"));
        for _ in 0..weights {
            parameters = descend(&parameters, &self.gradient, STEP, std::slice::from_ref(&w))?;
        }
        for _ in 0..bias {
            parameters = descend(&parameters, &self.gradient, STEP, std::slice::from_ref(&b))?;
        }
        let (w, b) = (parameters[w].to_vec(), parameters[b][0]);
        let (study, nodes) = build(&w, b)?;
        Ok(Updated { w, b, forward: forward(&study, nodes) })
    }

    /// The notebook's own products against the engine's gradient.
    pub fn agreements(&self) -> Vec<Agreement> {
        let drelu_dz = self.dvalue * if self.forward.z > 0.0 { 1.0 } else { 0.0 };
        let by_hand = [self.w.map(|w| drelu_dz * w), self.x.map(|x| drelu_dz * x)].concat();
        let engine = [&self.drelu_dx[..], &self.drelu_dw].concat();
        let chain: Vec<f64> = self.drelu_dwx.iter().zip(&self.dmul_dw).map(|(above, local)| above * local).collect();
        vec![
            Agreement::numbers("one neuron: dvalue · (1 if z > 0) · factor, and the engine's gradient", &by_hand, &engine, 1e-15),
            Agreement::numbers("one neuron: drelu_dwx · dmul_dw from the engine's parts, and its gradient", &chain, &self.drelu_dw, 1e-15),
        ]
    }

    pub fn json(&self, updated: &[(&str, &Updated)]) -> Value {
        let mut all = json!({
            "x": self.x, "w": self.w, "b": self.b,
            "input_weights": self.forward.input_weights, "z": self.forward.z, "y": self.forward.y,
            "dvalue": self.dvalue, "drelu_dz": self.drelu_dz, "dsum_db": self.dsum_db, "drelu_db": self.drelu_db,
            "step": -STEP,
        });
        let lists = [
            ("dsum_dxw", &self.dsum_dxw),
            ("drelu_dwx", &self.drelu_dwx),
            ("dmul_dx", &self.dmul_dx),
            ("drelu_dx", &self.drelu_dx),
            ("dmul_dw", &self.dmul_dw),
            ("drelu_dw", &self.drelu_dw),
        ];
        for (name, values) in lists {
            for (i, value) in values.iter().enumerate() {
                all[format!("{name}{i}")] = json!(value);
            }
        }
        for (name, updated) in updated {
            let forward = &updated.forward;
            all[*name] = json!({
                "w": updated.w, "b": updated.b,
                "input_weights": forward.input_weights, "z": forward.z, "y": forward.y,
            });
        }
        all
    }
}

/// The neuron as a graph: its products, z and y.
fn build(w: &[f64], b: f64) -> Result<(Study, [NodeId; 3]), Error> {
    let mut study = Study::new(1)?;
    let (x, w) = (study.constant("x", &X)?, study.constant("w", w)?);
    let b = study.parameter("b", 1, &[b])?;
    let ones = study.parameter("ones", 3, &[1.0; 3])?;
    let products = study.operation("input_weights", "mul", &[x, w])?;
    let probed = study.probe("d input_weights", products)?;
    let z = study.operation("z", "affine", &[probed, ones, b])?;
    let probed = study.probe("d z", z)?;
    let y = study.operation("y", "relu", &[probed])?;
    Ok((study, [products, z, y]))
}

/// What comes back to every parameter for this upstream gradient at `node`.
fn backward(study: &mut Study, name: &str, node: NodeId, upstream: &[f64]) -> Result<Vec<f64>, Error> {
    let cost = study.cost_with(name, node, upstream)?;
    Ok(study.gradient(cost).1)
}

fn forward(study: &Study, [products, z, y]: [NodeId; 3]) -> Forward {
    Forward { input_weights: study.value(products), z: study.value(z)[0], y: study.value(y)[0] }
}
