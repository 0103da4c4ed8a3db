//! The listed paths, each by the units it goes through.

use super::Script;
use super::names::{into, symbol};
use super::noisy::Noisy;
use super::python::literal;
use crate::explain::notation::Thing;
use backlit_engine::explain::{Path, What};
use backlit_engine::formula::Number;
use std::fmt::Write;

impl Script<'_> {
    /// A table of paths, and a loop that multiplies the factors along each.
    pub(super) fn paths(&mut self) {
        let explanation = &self.opened.explanation;
        let mut code = String::new();
        let mut listed = Noisy::ZERO;
        if !explanation.paths.is_empty() {
            code.push_str(
                "# The row's place, and the unit that the path goes through in each layer, from the first it meets to the last.\n",
            );
            code.push_str("paths = [\n");
        }
        for (i, path) in explanation.paths.iter().enumerate() {
            let row = self.subject.rows.iter().position(|&row| row == path.row).unwrap_or(0);
            let units = self.units_of(path).iter().map(usize::to_string).collect();
            let _ = writeln!(code, "    ({row}, {}),", tuple(units));
            listed = listed.add(&self.expect_path(i + 1, path, row));
        }
        if !explanation.paths.is_empty() {
            code.push_str("]\n");
        }
        code.push_str("listed = 0.0\n");
        if !explanation.paths.is_empty() {
            self.walk(&mut code);
        }
        let gradient = Noisy { value: explanation.gradient, noise: self.gradient().noise };
        let noise = gradient.subtract(&listed).noise;
        let shown = self.show("rest", "gradient - listed", explanation.rest, noise);
        let _ = writeln!(code, "{shown}  # the paths that are not listed");
        self.section("Path by path", code);
    }

    /// The units of a path, layer after layer.
    fn units_of(&self, path: &Path) -> Vec<usize> {
        let unit = |what: What| match what {
            What::Local { of, .. } => match self.wording.at(of) {
                Thing::PreActivation { unit, .. } => Some(unit),
                _ => None,
            },
            _ => None,
        };
        path.factors.iter().rev().filter_map(|factor| unit(factor.what)).collect()
    }

    /// What the script prints for a path; its product with its noise.
    fn expect_path(&mut self, number: usize, path: &Path, row: usize) -> Noisy {
        let mut product = Noisy::exact(1.0);
        for factor in &path.factors {
            let (name, noise) = match factor.what {
                What::Local { of, by } => {
                    let (of, by) = (self.wording.at(of), self.wording.at(by));
                    (symbol(of, by), self.passes[row].slope(of, by, self.subject).noise)
                }
                _ => ("1/n".to_string(), 0.0),
            };
            self.expect(&format!("path {number}, {name}"), factor.value, noise);
            product = product.multiply(&Noisy { value: factor.value, noise });
        }
        self.expect(&format!("path {number}, product"), path.product, product.noise);
        Noisy { value: path.product, noise: product.noise }
    }

    /// The loop over the paths.
    fn walk(&self, code: &mut String) {
        let layers = self.subject.names.layers();
        let from = match self.target() {
            Thing::Weight { layer, .. } | Thing::Bias { layer, .. } => layer,
            _ => 1,
        };
        let units = tuple((from..=layers).map(|l| format!("u{l}")).collect());
        let _ = writeln!(code, "for number, (row, {units}) in enumerate(paths, 1):\n    factors = [");
        let mut line = |symbol: String, value: String| {
            let _ = writeln!(code, "        (f\"{symbol}\", {value}),");
        };
        if self.passes.len() > 1 {
            line("1/n".into(), "1 / n".into());
        }
        line(format!("dC_da{layers}[{{u{layers}}}]"), format!("dC_da{layers}[row, u{layers}]"));
        for l in (from..=layers).rev() {
            line(format!("da{l}_dz{l}[{{u{l}}}]"), format!("da{l}_dz{l}[row, u{l}]"));
            if l > from {
                let below = l - 1;
                line(format!("dz{l}_da{below}[{{u{l}}},{{u{below}}}]"), format!("W{l}[u{l}, u{below}]"));
            }
        }
        match self.target() {
            Thing::Weight { layer, input, .. } => {
                line(format!("dz{layer}_dW{layer}[{{u{layer}}},{input}]"), into(layer, &format!("row, {input}")));
            }
            Thing::Bias { layer, .. } => line(format!("dz{layer}_db{layer}[{{u{layer}}}]"), literal(1.0)),
            Thing::Input(i) => line(format!("dz1_dx[{{u1}},{i}]"), format!("W1[u1, {i}]")),
            _ => {}
        }
        code.push_str(
            "    ]\n    for symbol, value in factors:\n        show(f\"path {number}, {symbol}\", value)\n    \
             product = np.prod([value for _, value in factors])\n    show(f\"path {number}, product\", product)\n    \
             listed += product\n",
        );
    }
}

fn tuple(parts: Vec<String>) -> String {
    let comma = if parts.len() == 1 { "," } else { "" };
    format!("({}{comma})", parts.join(", "))
}
