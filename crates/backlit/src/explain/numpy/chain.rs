//! The chain of factors, the rows, the update and the units.

use super::noisy::Noisy;
use super::python::{literal, quoted};
use super::{Script, comment, mean, too_deep};
use crate::error::Error;
use crate::scaler::Scaling;
use backlit_engine::Shape;
use backlit_engine::explain::{Factor, Letter, Place, StandsFor, What};
use backlit_engine::formula::{Number, evaluate};
use backlit_engine::typeset::unicode;
use std::fmt::Write;

impl Script<'_> {
    /// What the cost is differentiated by.
    fn target(&self) -> Place {
        self.opened.explanation.place
    }

    pub(super) fn gradient_symbol(&self) -> String {
        self.arrays.symbol(self.cost(), self.target())
    }

    fn cost(&self) -> Place {
        Place { node: self.arrays.cost, index: 0 }
    }

    pub(super) fn gradient(&self) -> Noisy {
        mean(&self.spread.rows, |row| row.target)
    }

    /// The factors one by one, each with the formula that the page has, and their product.
    pub(super) fn chain(&mut self) -> Result<(), Error> {
        let opened = self.opened;
        let mut code = String::from("chain = [\n");
        let mut product = Noisy::exact(1.0);
        for factor in &opened.explanation.chain {
            let name = match factor.what {
                What::Local { of, by } => self.arrays.symbol(of, by),
                What::Total { by } => self.arrays.symbol(self.cost(), by),
                What::Mean { .. } => "1/n".into(),
            };
            let (expression, noisy) = self.factor(factor)?;
            self.expect(&name, factor.value, noisy.noise);
            let words = [Some(self.wording.symbol(factor)), self.wording.formula(factor)];
            let words: Vec<String> = words.iter().flatten().map(unicode).collect();
            let _ = writeln!(code, "    ({}, {expression}),  # {}", quoted(&name), comment(&words.join(" = ")));
            product = product.multiply(&Noisy { value: factor.value, noise: noisy.noise });
        }
        let all = "np.prod([value for _, value in chain])";
        let shown = self.show("product of the chain", all, opened.explanation.routes.chain, product.noise);
        let _ = writeln!(code, "]\nfor symbol, value in chain:\n    show(symbol, value)\n{shown}");
        self.section("The chain", code);
        Ok(())
    }

    /// A factor of the chain as an expression, and its noise.
    fn factor(&mut self, factor: &Factor) -> Result<(String, Noisy), Error> {
        let known = match factor.what {
            What::Local { of, by } => self.spread.slope(0, of, by, factor.value),
            What::Total { by } if by == self.target() => self.spread.rows[0].target,
            What::Total { by } => self.spread.gradient(by, factor.value),
            What::Mean { .. } => Noisy::exact(factor.value),
        };
        let mut letters = Vec::new();
        for letter in &factor.letters {
            let Some((text, noisy)) = self.letter(letter, factor)? else { break };
            letters.push((letter.name.clone(), text, noisy));
        }
        let (Some(formula), true) = (&factor.formula, letters.len() == factor.letters.len()) else {
            let text = match factor.what {
                What::Local { of, by } => self.arrays.slope(of, by, "0"),
                What::Total { by } if matches!(self.arrays.graph.shape(by.node), Shape::Rows(_)) => {
                    Some(self.arrays.slope_of_cost(by, "0"))
                }
                _ => Some("per_row[0]".into()),
            };
            return Ok((text.ok_or_else(too_deep)?, known));
        };
        let find = |name: &str| letters.iter().find(|(letter, ..)| letter == name).map_or(name.to_string(), |(_, text, _)| text.clone());
        let text = self.helpers.expression(formula, &find).ok_or_else(too_deep)?;
        let numbers: Vec<(&str, Noisy)> = letters.iter().map(|(name, _, noisy)| (name.as_str(), *noisy)).collect();
        let noisy = evaluate(formula, &numbers).unwrap_or(known);
        Ok((text, Noisy { value: factor.value, noise: noisy.noise.max(known.noise) }))
    }

    /// A letter of a factor in the first row, or over all rows: as an expression, and with its noise; none where it has no array.
    fn letter(&mut self, letter: &Letter, factor: &Factor) -> Result<Option<(String, Noisy)>, Error> {
        let value = Noisy::exact(letter.value);
        Ok(match &letter.stands_for {
            StandsFor::Place(place) => Some((self.arrays.number(*place, "0"), self.spread.at(*place, letter.value))),
            StandsFor::Derivative(place) => Some((self.arrays.slope_of_cost(*place, "0"), self.spread.gradient(*place, letter.value))),
            StandsFor::Slope { of, by } => self.arrays.slope(*of, *by, "0").map(|text| (in_brackets(text), value)),
            StandsFor::Constant => Some((literal(letter.value), value)),
            StandsFor::Others(_) => self.others(letter.value, factor)?,
            StandsFor::Named(name) if name == "rows" => Some(("n".into(), value)),
            StandsFor::Named(_) => None,
            StandsFor::OfRow(row) => self.place_of(*row).map(|place| (format!("per_row[{place}]"), self.spread.rows[place].target)),
        })
    }

    fn place_of(&self, row: usize) -> Option<usize> {
        self.subject.rows.iter().position(|&kept| kept == row)
    }

    /// The terms of a sum that are not written out, added up.
    fn others(&mut self, value: f64, factor: &Factor) -> Result<Option<(String, Noisy)>, Error> {
        let What::Total { by } = factor.what else { return Ok(None) };
        let listed = |places: &[usize]| places.iter().map(usize::to_string).collect::<Vec<String>>().join(", ");
        if self.subject.rows.len() > 1 {
            let of_row = |letter: &Letter| if let StandsFor::OfRow(row) = letter.stands_for { self.place_of(row) } else { None };
            let shown: Vec<usize> = factor.letters.iter().filter_map(of_row).collect();
            let noise = self.spread.rows.iter().map(|row| row.target.noise).sum();
            return Ok(Some((format!("np.delete(per_row, [{}]).sum()", listed(&shown)), Noisy { value, noise })));
        }
        if !matches!(self.arrays.graph.shape(by.node), Shape::Rows(_)) {
            return Ok(None);
        }
        let graph = self.arrays.graph;
        let mut terms = Vec::new();
        for node in graph.nodes().filter(|node| node.number() <= self.arrays.cost.number()) {
            for (wrt, _) in graph.inputs(node).iter().enumerate().filter(|(_, input)| **input == by.node) {
                let shown = |letter: &Letter| match letter.stands_for {
                    StandsFor::Derivative(place) if place.node == node => Some(place.index),
                    _ => None,
                };
                let shown: Vec<usize> = factor.letters.iter().filter_map(shown).collect();
                // All that the number does through this operation stands there already.
                let shapes: Vec<Shape> = graph.inputs(node).iter().map(|&input| graph.shape(input)).collect();
                let Some(op) = graph.operation_at(node) else { continue };
                if op.reach(wrt, by.index, &shapes).all(|k| shown.contains(&k)) {
                    continue;
                }
                let without = self.helpers.call("without");
                let up = format!("{without}({}, [{}])", self.arrays.derivative(self.arrays.cost, node), listed(&shown));
                terms.push(format!("({})[0, {}]", self.back(node, wrt, &up)?, by.index));
            }
        }
        let noise = self.spread.gradient(by, value).noise;
        Ok(Some((in_brackets(terms.join(" + ")), Noisy { value, noise })))
    }

    /// What each row adds, where there are several.
    pub(super) fn by_row(&mut self) {
        let shares = &self.opened.explanation.by_row;
        if shares.len() < 2 {
            return;
        }
        let places: Vec<usize> = shares.iter().filter_map(|share| self.place_of(share.row)).collect();
        for (share, place) in shares.iter().zip(&places) {
            let noise = self.spread.rows[*place].target.noise / shares.len() as f64;
            self.expect(&format!("row {} adds", share.row), share.adds, noise);
        }
        let listed: Vec<String> = places.iter().map(usize::to_string).collect();
        let named: Vec<String> = shares.iter().map(|share| share.row.to_string()).collect();
        let code = format!(
            "# The row's number in the data and its place among the rows here, the largest share first.\n\
             for row, place in zip([{}], [{}]):\n    show(f\"row {{row}} adds\", per_row[place] / n)\n",
            named.join(", "),
            listed.join(", ")
        );
        self.section("Row by row", code);
    }

    /// The optimizer's rule line by line.
    pub(super) fn update(&mut self) -> Result<(), Error> {
        let Some(update) = &self.opened.update else { return Ok(()) };
        let mut code = format!("theta = {}\n", self.arrays.number(self.target(), "0"));
        if update.frozen {
            let shown = self.show("theta_new", "theta", update.new_value, 0.0);
            let _ = writeln!(code, "{shown}  # frozen: it keeps its value");
        } else {
            code.push_str("g = gradient\n");
        }
        let gradient = self.gradient();
        let mut known: Vec<(String, Noisy)> = vec![
            ("theta".into(), Noisy::exact(self.opened.explanation.value)),
            ("g".into(), Noisy { value: self.opened.explanation.gradient, noise: gradient.noise }),
        ];
        for line in &update.lines {
            for (letter, value) in &line.letters {
                if !known.iter().any(|(name, _)| name == letter) {
                    let _ = writeln!(code, "{letter} = {}", literal(*value));
                    known.push((letter.clone(), Noisy::exact(*value)));
                }
            }
            let text = self.helpers.expression(&line.formula, &|name| name.to_string()).ok_or_else(too_deep)?;
            let letters: Vec<(&str, Noisy)> = known.iter().map(|(name, noisy)| (name.as_str(), *noisy)).collect();
            let noise = evaluate(&line.formula, &letters).map_or(0.0, |noisy| noisy.noise);
            let shown = self.show(line.symbol, line.symbol, line.value, noise);
            let _ = writeln!(code, "{} = {text}  # {}\n{shown}", line.symbol, line.meaning);
            known.retain(|(name, _)| name != line.symbol);
            known.push((line.symbol.to_string(), Noisy { value: line.value, noise }));
        }
        self.section("From the gradient to the new value", code);
        Ok(())
    }

    /// The derivative by a column in the column's own units.
    pub(super) fn units(&mut self) {
        let units = &self.opened.units;
        let (Some(per_unit), Some(column)) = (units.per_unit, &units.input) else { return };
        // What stands there changes nothing.
        if column.is_silent() {
            return;
        }
        let noise = self.gradient().noise / column.scale.abs();
        let name = comment(&column.name);
        let code = match (column.scaling, column.moved()) {
            (Scaling::Standard, _) => {
                let shown = self.show("derivative per unit", "gradient / scale", per_unit, noise);
                format!("scale = {}  # the network sees (value - mean) / scale of {name}\n{shown}\n", literal(column.scale))
            }
            (Scaling::Robust, Some(u)) => {
                let shown = self.show("derivative per unit", "gradient * (1 + (u / 3) ** 2) ** -1.5 / scale", per_unit, noise);
                let scale = format!("scale = {}  # the network sees u / sqrt(1 + (u / 3)**2) of {name}", literal(column.scale));
                format!("{scale}\nu = {}  # (value - median) / scale\n{shown}\n", literal(u))
            }
            // Each row has a slope of its own.
            (Scaling::Robust, None) => return,
        };
        self.section("In the columns' own units", code);
    }
}

/// Where it is more than one thing.
fn in_brackets(text: String) -> String {
    if text.contains(' ') || text.starts_with('-') { format!("({text})") } else { text }
}
