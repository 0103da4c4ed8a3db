//! The network's numbers, forward and backward.

use super::curve::CrossEntropy;
use super::names::into;
use super::passes::layer;
use super::python::{matrix, vector};
use super::{Script, comment, mean, too_deep};
use crate::error::Error;
use crate::explain::notation::Thing;
use std::fmt::Write;

impl Script<'_> {
    /// Weights, biases, rows and targets.
    pub(super) fn numbers(&mut self) {
        let subject = self.subject;
        let mut code = String::new();
        for (l, units) in subject.names.units.iter().enumerate() {
            let (weight, bias) = layer(subject, l);
            let inputs = weight.len() / units;
            let activation = comment(&self.curves.activations[l].title);
            let _ = writeln!(code, "# layer {}: {units} × {inputs} (units × inputs), {activation}", l + 1);
            code.push_str(&matrix(&format!("W{}", l + 1), weight, inputs));
            if let Some(bias) = bias {
                code.push_str(&vector(&format!("b{}", l + 1), bias));
            }
            code.push('\n');
        }
        let rows: Vec<String> = subject.rows.iter().map(usize::to_string).collect();
        let word = if rows.len() == 1 { "row" } else { "rows" };
        let _ = writeln!(code, "# {word} {} of the data, as the network sees them: {}", rows.join(", "), columns(&subject.names.inputs));
        code.push_str(&matrix("x", &subject.x, subject.names.inputs.len()));
        let _ = writeln!(code, "# targets: {}", columns(&subject.names.outputs));
        code.push_str(&matrix("y", &subject.y, subject.names.outputs.len()));
        code.push_str("n = len(x)\n");
        self.section("The network's numbers", code);
    }

    /// z = x Wᵀ + b and a = f(z), layer after layer, and the cost of each row.
    pub(super) fn forward(&mut self) -> Result<(), Error> {
        let mut code = String::new();
        let layers = self.curves.activations.len();
        for l in 1..=layers {
            let bias = if self.subject.names.biases[l - 1] { format!(" + b{l}") } else { String::new() };
            let (value, _) = self.curves.activations[l - 1].python(&format!("z{l}"), &mut self.helpers).ok_or_else(too_deep)?;
            let _ = writeln!(code, "z{l} = {} @ W{l}.T{bias}\na{l} = {value}\n", into(l, ""));
        }
        let last = format!("a{layers}");
        match &self.curves.loss {
            Some(loss) => {
                let (value, _) = loss.python(&last, &mut self.helpers).ok_or_else(too_deep)?;
                let _ = writeln!(code, "C = ({value}).sum(axis=1)  # {}", comment(&loss.title));
            }
            None => code.push_str(&CrossEntropy::SCRIPT.replace("{a}", &last)),
        }
        let noise = mean(&self.passes, |pass| pass.cost).noise;
        let shown = self.show("cost", "C.mean()", self.opened.explanation.cost, noise);
        let _ = writeln!(code, "{shown}");
        self.section("Forward", code);
        Ok(())
    }

    /// The local derivatives and the chain rule for all units at once, down to what is asked for.
    pub(super) fn backward(&mut self) -> Result<(), Error> {
        let layers = self.curves.activations.len();
        let mut code = format!("# The chain rule for all units at once, row by row: rows × units.\ndC_da{layers} = ");
        match &self.curves.loss {
            Some(loss) => code.push_str(&loss.python(&format!("a{layers}"), &mut self.helpers).ok_or_else(too_deep)?.1),
            None => code.push_str(CrossEntropy::SLOPE),
        }
        code.push('\n');
        let target = self.target();
        let (from, per_row) = match target {
            Thing::Weight { layer, unit, input } => (layer, format!("dC_dz{layer}[:, {unit}] * {}", into(layer, &format!(":, {input}")))),
            Thing::Bias { layer, unit } => (layer, format!("dC_dz{layer}[:, {unit}]")),
            Thing::Input(i) => (1, format!("dC_dx[:, {i}]")),
            _ => (layers, "np.ones(n)".into()),
        };
        for l in (from..=layers).rev() {
            let (_, slope) = self.curves.activations[l - 1].python(&format!("z{l}"), &mut self.helpers).ok_or_else(too_deep)?;
            let _ = writeln!(code, "da{l}_dz{l} = {slope}\ndC_dz{l} = dC_da{l} * da{l}_dz{l}");
            match (l > from, target) {
                (true, _) => {
                    let _ = writeln!(code, "dC_da{} = dC_dz{l} @ W{l}", l - 1);
                }
                (false, Thing::Input(_)) => code.push_str("dC_dx = dC_dz1 @ W1\n"),
                _ => {}
            }
        }
        let _ = writeln!(code, "per_row = {per_row}  # what is asked for, in each row");
        let _ = writeln!(code, "gradient = per_row.mean()");
        let symbol = self.gradient_symbol();
        let noise = self.gradient().noise;
        let shown = self.show(&symbol, "gradient", self.opened.explanation.gradient, noise);
        let _ = writeln!(code, "{shown}");
        self.section("Backward", code);
        Ok(())
    }
}

/// The names of columns, for a comment.
fn columns(names: &[String]) -> String {
    comment(&names.join(", "))
}
