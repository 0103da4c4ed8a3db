//! What numbers are called in a script. No name from the data stands in code.

use crate::explain::notation::Thing;

/// A number of the network: layers count from 1, `row` is the place among the rows of the script.
pub(super) fn number(thing: Thing, row: usize) -> String {
    match thing {
        Thing::Input(i) => format!("x[{row}, {i}]"),
        Thing::Target(k) => format!("y[{row}, {k}]"),
        Thing::Weight { layer, unit, input } => format!("W{layer}[{unit}, {input}]"),
        Thing::Bias { layer, unit } => format!("b{layer}[{unit}]"),
        Thing::PreActivation { layer, unit } => format!("z{layer}[{row}, {unit}]"),
        Thing::Activation { layer, unit } => format!("a{layer}[{row}, {unit}]"),
        // A script is written of plain losses and layers only.
        Thing::Cost | Thing::Term(_) | Thing::Part { .. } | Thing::Column(_) | Thing::Embedding { .. } | Thing::Numeric { .. } => {
            format!("C[{row}]")
        }
    }
}

/// ∂C/∂ a number of the network, as it stands in the arrays of the backward pass.
pub(super) fn derivative(thing: Thing, row: usize) -> String {
    let (word, unit) = match thing {
        Thing::PreActivation { layer, unit } => (format!("z{layer}"), unit),
        Thing::Activation { layer, unit } => (format!("a{layer}"), unit),
        Thing::Input(i) => ("x".into(), i),
        _ => return "1.0".into(),
    };
    format!("dC_d{word}[{row}, {unit}]")
}

/// ∂of/∂by through one operation, likewise.
pub(super) fn slope(of: Thing, by: Thing, row: usize) -> String {
    match (of, by) {
        (Thing::Cost, by) => derivative(by, row),
        (Thing::Activation { layer, unit }, _) => format!("da{layer}_dz{layer}[{row}, {unit}]"),
        (_, Thing::Weight { layer, input, .. }) => into(layer, &format!("{row}, {input}")),
        (Thing::PreActivation { layer, unit }, Thing::Activation { unit: i, .. } | Thing::Input(i)) => format!("W{layer}[{unit}, {i}]"),
        _ => "1.0".into(),
    }
}

/// What goes into a layer.
pub(super) fn into(layer: usize, index: &str) -> String {
    let array = if layer == 1 { "x".to_string() } else { format!("a{}", layer - 1) };
    if index.is_empty() { array } else { format!("{array}[{index}]") }
}

/// What a derivative is called where it is printed: `dz2_da1[0,1]`.
pub(super) fn symbol(of: Thing, by: Thing) -> String {
    let ((of, from), (by, to)) = (word(of), word(by));
    // A weight names its unit already.
    let mut index = if by.starts_with(['W', 'b']) || of.starts_with('a') { Vec::new() } else { from };
    index.extend(to);
    let index: Vec<String> = index.iter().map(usize::to_string).collect();
    if index.is_empty() { format!("d{of}_d{by}") } else { format!("d{of}_d{by}[{}]", index.join(",")) }
}

fn word(thing: Thing) -> (String, Vec<usize>) {
    match thing {
        Thing::Input(i) => ("x".into(), vec![i]),
        Thing::Target(k) => ("y".into(), vec![k]),
        Thing::Weight { layer, unit, input } => (format!("W{layer}"), vec![unit, input]),
        Thing::Bias { layer, unit } => (format!("b{layer}"), vec![unit]),
        Thing::PreActivation { layer, unit } => (format!("z{layer}"), vec![unit]),
        Thing::Activation { layer, unit } => (format!("a{layer}"), vec![unit]),
        Thing::Cost | Thing::Term(_) | Thing::Part { .. } | Thing::Column(_) | Thing::Embedding { .. } | Thing::Numeric { .. } => {
            ("C".into(), Vec::new())
        }
    }
}
