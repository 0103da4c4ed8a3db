//! One layer as matrices: forward, and δ = (Wᵀδ) ⊙ f′(z), ∂C/∂W = δ xᵀ backward, with shapes and numbers.

use super::digits::number;
use super::{Subject, Worked, dropout_said};
use crate::document::{Block, Document, Equation, Inline, Table};
use crate::error::{Error, Kind};
use backlit_engine::NodeId;
use backlit_engine::explain::Values;
use backlit_engine::network::Blocks;
use backlit_engine::typeset::Math;
use serde_json::json;

/// Rows and columns of a matrix that are printed; of larger ones the first and the last.
const PRINTED: usize = 6;

/// Significant digits in a matrix.
const DIGITS: usize = 6;

/// Relative difference that rounding explains between a product done here and the engine's.
const SAME: f64 = 1e-12;

/// A matrix with its name and its place in the layer.
struct Matrix {
    symbol: Math,
    rows: usize,
    columns: usize,
    numbers: Vec<f64>,
}

/// The page of layer `layer`, counted from 1, for the one kept row, and whether its products give the engine's gradient.
pub fn layer(subject: &Subject, layer: usize) -> Result<Worked, Error> {
    let layers = subject.built.layers.len();
    if !(1..=layers).contains(&layer) {
        return Err(Error::new(Kind::Usage, format!("there is no layer {layer}; layers go from 1 to {layers}")));
    }
    subject.metadata.network.only_plain("a layer as matrices")?;
    let row = one_row(subject)?;
    let data = subject.data();
    let values = subject.finite_values(&data)?;
    let parts = Parts::new(subject, &values, layer);
    let mut page = Document::new(format!("Layer {layer} as matrices, row {row}"));
    page.say(format!(
        "{} inputs, {} units, {}. Vectors are columns; ⊙ multiplies number by number.",
        parts.x.rows,
        parts.z.rows,
        subject.names.activations[layer - 1]
    ));
    if parts.blocks.groups > 1 {
        let groups = parts.blocks.groups;
        page.say(format!("Inputs and units are in {groups} groups: between them there are no weights, and W and ∂C/∂W are 0 there."));
    }
    let dropout = subject.metadata.network.dropout();
    dropout_said(&dropout).into_iter().for_each(|said| page.say(said));
    page.heading(2, "Forward");
    let letter = Math::letter;
    let transposed = |math: Math| math.above(letter("T"));
    let (w, x, z, a) = (parts.w.symbol.clone(), parts.x.symbol.clone(), parts.z.symbol.clone(), parts.a.symbol.clone());
    let mut sum = vec![w.clone(), x.clone()];
    let mut shapes = vec![shape(&parts.w), shape(&parts.x)];
    if let Some(b) = &parts.b {
        sum.extend([Math::Sign("+"), b.symbol.clone()]);
        shapes.extend([Math::Sign("+"), shape(b)]);
    }
    let mut forward = vec![parts.x.equation(), parts.w.equation()];
    forward.extend(parts.b.as_ref().map(Matrix::equation));
    forward.push(Equation::new(z, Math::Row(sum)).then(parts.z.math()));
    forward.push(Equation::new(a, Math::Call("f".into(), vec![parts.z.symbol.clone()])).then(parts.a.math()));
    page.equations(forward);
    page.equations([Equation::new(shape(&parts.z), Math::Row(shapes)).note("shapes")]);

    page.heading(2, "Backward");
    let delta = parts.delta.symbol.clone();
    let mut backward = Vec::new();
    match &parts.next {
        Some((next_w, next_delta)) => {
            let product = Math::Row(vec![transposed(next_w.symbol.clone()), next_delta.symbol.clone()]);
            backward.push(next_delta.equation());
            backward.push(Equation::new(parts.da.symbol.clone(), product).then(parts.da.math()));
        }
        None => backward.push(parts.da.equation().note("from the loss")),
    }
    backward.push(parts.slope.equation());
    let hadamard = Math::joined([parts.da.symbol.clone(), parts.slope.symbol.clone()], "⊙");
    backward.push(Equation::new(delta.clone(), hadamard).then(parts.delta.math()));
    let outer = Math::Row(vec![delta.clone(), transposed(x)]);
    let penalty = |name: &str| {
        let terms = &subject.metadata.network.terms;
        let sizes = (terms.l1 > 0.0).then(|| format!("{} sign({name})", terms.l1));
        let squares = (terms.l2 > 0.0).then(|| format!("{} {name}", terms.l2));
        let sum = sizes.into_iter().chain(squares).collect::<Vec<_>>().join(" + ");
        [Math::Sign("+"), Math::text(sum)]
    };
    let with_penalty = |through: Math, name: &str, slopes: &Option<Vec<f64>>| match slopes {
        Some(_) => Math::Row(std::iter::once(through).chain(penalty(name)).collect()),
        None => through,
    };
    let outer = with_penalty(outer, "W", &parts.penalty.0);
    backward.push(Equation::new(parts.dw.symbol.clone(), outer).then(parts.dw.math()));
    if parts.b.is_some() {
        let bias = Math::letter("b").above(Math::Number(layer.to_string()).bracketed());
        backward.push(Equation::new(Math::partial(Math::letter("C"), bias), with_penalty(delta.clone(), "b", &parts.penalty.1)));
    }
    let back = Math::Row(vec![transposed(w), delta]);
    backward.push(Equation::new(parts.dx.symbol.clone(), back).then(parts.dx.math()));
    page.equations(backward);
    let agrees = compare(&mut page, &parts);
    let record = json!({
        "layer": layer, "row": row, "activation": subject.names.activations[layer - 1],
        "x": parts.x.numbers, "weight": parts.w.lines(), "bias": parts.b.as_ref().map(|b| &b.numbers), "z": parts.z.numbers, "a": parts.a.numbers,
        "gradient_a": parts.da.numbers, "slope": parts.slope.numbers, "delta": parts.delta.numbers, "gradient_weight": parts.dw.lines(),
        "gradient_bias": parts.b.as_ref().map(|_| &parts.db), "gradient_x": parts.dx.numbers, "agrees": agrees,
        "dropout": super::json::dropout(&dropout),
    });
    Ok(Worked { page, record, agrees })
}

/// The one row that is kept.
pub(super) fn one_row(subject: &Subject) -> Result<usize, Error> {
    match subject.rows.as_slice() {
        [row] => Ok(*row),
        rows => Err(Error::new(Kind::Usage, format!("this is worked for one row; there are {}", rows.len())).hint("--row 0")),
    }
}

/// All matrices of a layer.
struct Parts {
    x: Matrix,
    w: Matrix,
    /// Where W has weights; elsewhere it is 0.
    blocks: Blocks,
    b: Option<Matrix>,
    z: Matrix,
    a: Matrix,
    da: Matrix,
    slope: Matrix,
    delta: Matrix,
    dw: Matrix,
    /// ∂C/∂b; empty without one.
    db: Vec<f64>,
    /// What weights and biases cost by themselves: the derivatives of the penalty, where there is one.
    penalty: (Option<Vec<f64>>, Option<Vec<f64>>),
    dx: Matrix,
    /// The next layer's W and δ.
    next: Option<(Matrix, Matrix)>,
}

impl Parts {
    fn new(subject: &Subject, values: &Values<'_>, layer: usize) -> Parts {
        let gradients = values.gradients();
        let nodes = subject.built.layers[layer - 1];
        let input = if layer == 1 { Some(subject.built.input) } else { Some(subject.built.layers[layer - 2].a) };
        let input = input.unwrap_or(nodes.z);
        let column = |symbol: Math, numbers: &[f64]| Matrix { symbol, rows: numbers.len(), columns: 1, numbers: numbers.to_vec() };
        let layered = |letter: &str, layer: usize| Math::letter(letter).above(Math::Number(layer.to_string()).bracketed());
        let of = |what: Math| Math::partial(Math::letter("C"), what);
        let (x, units) = (values.all(input), values.all(nodes.z).len());
        let x_symbol = || if layer == 1 { Math::letter("x") } else { layered("a", layer - 1) };
        let weight =
            |symbol: Math, numbers: &[f64]| Matrix { symbol, rows: units, columns: x.len(), numbers: whole(nodes.blocks, numbers) };
        let slope: Vec<f64> = (0..units).map(|u| values.local(nodes.a, 0, u, u)).collect();
        let dot = |name: &str| Math::Row(vec![Math::letter(name), layered("z", layer).bracketed()]);
        let next = subject.built.layers.get(layer).map(|next| {
            let (w, delta) = (values.all(next.weight), &gradients[next.z.number()]);
            let w = Matrix { symbol: layered("W", layer + 1), rows: delta.len(), columns: units, numbers: whole(next.blocks, w) };
            (w, column(layered("δ", layer + 1), delta))
        });
        let of_weights = penalty(subject, values, nodes.weight).map(|slopes| whole(nodes.blocks, &slopes));
        Parts {
            x: column(x_symbol(), x),
            w: weight(layered("W", layer), values.all(nodes.weight)),
            blocks: nodes.blocks,
            b: nodes.bias.map(|bias| column(layered("b", layer), values.all(bias))),
            z: column(layered("z", layer), values.all(nodes.z)),
            a: column(layered("a", layer), values.all(nodes.a)),
            da: column(of(layered("a", layer)), &gradients[nodes.a.number()]),
            slope: column(dot("f′"), &slope),
            delta: column(layered("δ", layer), &gradients[nodes.z.number()]),
            dw: weight(of(layered("W", layer)), &gradients[nodes.weight.number()]),
            db: nodes.bias.map_or(Vec::new(), |bias| gradients[bias.number()].clone()),
            penalty: (of_weights, nodes.bias.and_then(|bias| penalty(subject, values, bias))),
            dx: column(of(x_symbol()), &gradients[input.number()]),
            next,
        }
    }
}

/// A weight as a matrix units × inputs, 0 outside its blocks.
fn whole(blocks: Blocks, weight: &[f64]) -> Vec<f64> {
    let mut whole = vec![0.0; blocks.units * blocks.inputs];
    for (place, number) in weight.iter().enumerate() {
        let (unit, input) = blocks.edge(place);
        whole[unit * blocks.inputs + input] = *number;
    }
    whole
}

/// ∂C/∂ every number of a parameter by itself, where it costs something.
fn penalty(subject: &Subject, values: &Values<'_>, parameter: NodeId) -> Option<Vec<f64>> {
    let wrt = subject.penalized(parameter)?;
    Some((0..values.all(parameter).len()).map(|index| values.local(subject.built.cost, wrt, index, 0)).collect())
}

fn shape(matrix: &Matrix) -> Math {
    let (rows, columns) = (Math::Number(matrix.rows.to_string()), Math::Number(matrix.columns.to_string()));
    Math::joined([rows, columns], "×").bracketed()
}

impl Matrix {
    fn lines(&self) -> Vec<&[f64]> {
        self.numbers.chunks_exact(self.columns).collect()
    }

    fn equation(&self) -> Equation {
        Equation::new(self.symbol.clone(), self.math())
    }

    /// The numbers; of many rows or columns the first and the last.
    fn math(&self) -> Math {
        let places = |n: usize| -> Vec<Option<usize>> {
            match n {
                0..=PRINTED => (0..n).map(Some).collect(),
                _ => (0..PRINTED - 2).map(Some).chain([None, Some(n - 1)]).collect(),
            }
        };
        let columns = places(self.columns);
        let cell = |row: Option<usize>, column: Option<usize>| match (row, column) {
            (Some(row), Some(column)) => number(self.numbers[row * self.columns + column], DIGITS),
            _ => Math::Sign("…"),
        };
        Math::Matrix(places(self.rows).into_iter().map(|row| columns.iter().map(|&column| cell(row, column)).collect()).collect())
    }
}

/// Does the products once more, number by number, beside the engine's.
fn compare(page: &mut Document, parts: &Parts) -> bool {
    let (units, inputs) = (parts.w.rows, parts.w.columns);
    let mut table = Table {
        head: ["product", "largest relative difference from the engine's"].map(|h| vec![Inline::Text(h.into())]).to_vec(),
        ..Table::default()
    };
    table.numbers = vec![1];
    let mut agrees = true;
    let mut compare = |name: &str, engine: &[f64], here: Vec<(f64, f64)>| {
        let off = engine.iter().zip(&here).map(|(e, (h, size))| if e == h { 0.0 } else { (e - h).abs() / size.max(f64::MIN_POSITIVE) });
        let off = off.fold(0.0f64, |most, off| if off > most || off.is_nan() { off } else { most });
        agrees &= engine.len() == here.len() && off <= SAME;
        table.rows.push(vec![vec![Inline::Text(name.into())], vec![Inline::Math(Math::Number(format!("{off:.1e}")))]]);
    };
    // Each sum with the sum of the sizes of its terms.
    let sum = |terms: &mut dyn Iterator<Item = f64>| terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
    let bias = |u: usize| parts.b.as_ref().map_or(0.0, |b| b.numbers[u]);
    let z = (0..units).map(|u| sum(&mut (0..inputs).map(|i| parts.w.numbers[u * inputs + i] * parts.x.numbers[i]).chain([bias(u)])));
    compare("z = W x + b", &parts.z.numbers, z.collect());
    if let Some((w, delta)) = &parts.next {
        let back = (0..units).map(|u| sum(&mut (0..w.rows).map(|k| w.numbers[k * units + u] * delta.numbers[k])));
        compare("∂C/∂a = Wᵀ δ of the next layer", &parts.da.numbers, back.collect());
    }
    let product = |a: f64, b: f64| (a * b, (a * b).abs());
    let delta = (0..units).map(|u| product(parts.da.numbers[u], parts.slope.numbers[u]));
    compare("δ = ∂C/∂a ⊙ f′(z)", &parts.delta.numbers, delta.collect());
    let by_itself = |slopes: &Option<Vec<f64>>, at: usize| slopes.as_ref().map_or(0.0, |slopes| slopes[at]);
    let outer = (0..units * inputs).map(|at| {
        let is_there = parts.blocks.into(at / inputs).contains(&(at % inputs));
        let through = if is_there { parts.delta.numbers[at / inputs] * parts.x.numbers[at % inputs] } else { 0.0 };
        sum(&mut [through, by_itself(&parts.penalty.0, at)].into_iter())
    });
    let name = if parts.penalty.0.is_some() { "∂C/∂W = δ xᵀ and the penalty" } else { "∂C/∂W = δ xᵀ" };
    compare(name, &parts.dw.numbers, outer.collect());
    if parts.penalty.1.is_some() {
        let bias = (0..units).map(|u| sum(&mut [parts.delta.numbers[u], by_itself(&parts.penalty.1, u)].into_iter()));
        compare("∂C/∂b = δ and the penalty", &parts.db, bias.collect());
    }
    let dx = (0..inputs).map(|i| sum(&mut (0..units).map(|u| parts.w.numbers[u * inputs + i] * parts.delta.numbers[u])));
    compare("∂C/∂x = Wᵀ δ", &parts.dx.numbers, dx.collect());
    page.heading(2, "Compared");
    page.blocks.push(Block::Table(table));
    let verdict = if agrees { "The products give the engine's numbers." } else { "THEY DISAGREE." };
    page.paragraph([Inline::Strong(verdict.into())]);
    agrees
}
