//! The listed paths, factor by factor.

use super::Script;
use super::noisy::Noisy;
use super::python::quoted;
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
            code.push_str("# The factors of each path, from the cost back.\npaths = [\n");
        }
        for (i, path) in explanation.paths.iter().enumerate() {
            let row = self.subject.rows.iter().position(|&row| row == path.row).unwrap_or(0);
            listed = listed.add(&self.path(i + 1, path, row, &mut code));
        }
        if !explanation.paths.is_empty() {
            code.push_str("]\n");
        }
        code.push_str("listed = 0.0\n");
        if !explanation.paths.is_empty() {
            code.push_str(
                "for number, factors in enumerate(paths, 1):\n    for symbol, value in factors:\n        \
                 show(f\"path {number}, {symbol}\", value)\n    product = np.prod([value for _, value in factors])\n    \
                 show(f\"path {number}, product\", product)\n    listed += product\n",
            );
        }
        let gradient = Noisy { value: explanation.gradient, noise: self.gradient().noise };
        let noise = gradient.subtract(&listed).noise;
        let shown = self.show("rest", "gradient - listed", explanation.rest, noise);
        let _ = writeln!(code, "{shown}  # the paths that are not listed");
        self.section("Path by path", code);
    }

    /// Writes the factors of a path; its product with its noise.
    fn path(&mut self, number: usize, path: &Path, row: usize, code: &mut String) -> Noisy {
        let mut product = Noisy::exact(1.0);
        code.push_str("    [\n");
        for factor in &path.factors {
            let (name, value, noisy) = match factor.what {
                What::Local { of, by } => {
                    let slope = self.arrays.slope(of, by, &row.to_string()).unwrap_or("np.nan".into());
                    (self.arrays.symbol(of, by), slope, self.spread.slope(row, of, by, factor.value))
                }
                _ => ("1/n".to_string(), "1 / n".to_string(), Noisy::exact(factor.value)),
            };
            self.expect(&format!("path {number}, {name}"), factor.value, noisy.noise);
            let _ = writeln!(code, "        ({}, {value}),", quoted(&name));
            product = product.multiply(&Noisy { value: factor.value, noise: noisy.noise });
        }
        code.push_str("    ],\n");
        self.expect(&format!("path {number}, product"), path.product, product.noise);
        Noisy { value: path.product, noise: product.noise }
    }
}
