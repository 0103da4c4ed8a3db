//! The chain of factors, the rows, the update and the units.

use super::names::{derivative, number, slope, symbol};
use super::noisy::Noisy;
use super::python::literal;
use super::{Script, comment, mean, quoted, too_deep};
use crate::error::Error;
use crate::explain::notation::Thing;
use crate::scaler::Scaling;
use backlit_engine::explain::{Factor, Letter, StandsFor, What};
use backlit_engine::formula::{Number, evaluate};
use backlit_engine::typeset::unicode;
use std::fmt::Write;

impl Script<'_> {
    /// What the cost is differentiated by.
    pub(super) fn target(&self) -> Thing {
        self.wording.at(self.opened.explanation.place)
    }

    pub(super) fn gradient_symbol(&self) -> String {
        symbol(Thing::Cost, self.target())
    }

    pub(super) fn gradient(&self) -> Noisy {
        let target = self.target();
        mean(&self.passes, |pass| pass.derivative(target))
    }

    /// The factors one by one, each with the formula that the page has, and their product.
    pub(super) fn chain(&mut self) -> Result<(), Error> {
        let opened = self.opened;
        let mut code = String::from("chain = [\n");
        let mut product = Noisy::exact(1.0);
        for factor in &opened.explanation.chain {
            let name = match factor.what {
                What::Local { of, by } => symbol(self.wording.at(of), self.wording.at(by)),
                What::Total { by } => symbol(Thing::Cost, self.wording.at(by)),
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
        let letters: Option<Vec<(String, String, Noisy)>> = (factor.letters.iter())
            .map(|letter| self.letter(letter, factor).map(|(text, noisy)| (letter.name.clone(), text, noisy)))
            .collect();
        let (Some(formula), Some(letters)) = (&factor.formula, letters) else {
            let What::Local { of, by } = factor.what else { return Err(too_deep()) };
            let (of, by) = (self.wording.at(of), self.wording.at(by));
            return Ok((slope(of, by, 0), self.passes[0].slope(of, by, self.subject)));
        };
        let find = |name: &str| letters.iter().find(|(letter, ..)| letter == name).map_or(name.to_string(), |(_, text, _)| text.clone());
        let text = self.helpers.expression(formula, &find).ok_or_else(too_deep)?;
        let numbers: Vec<(&str, Noisy)> = letters.iter().map(|(name, _, noisy)| (name.as_str(), *noisy)).collect();
        Ok((text, evaluate(formula, &numbers).unwrap_or(Noisy::exact(factor.value))))
    }

    /// A letter of a factor in the first row, or over all rows: as an expression, and with its noise.
    fn letter(&self, letter: &Letter, factor: &Factor) -> Option<(String, Noisy)> {
        let pass = &self.passes[0];
        let value = Noisy::exact(letter.value);
        match &letter.stands_for {
            StandsFor::Place(place) => {
                let thing = self.wording.at(*place);
                let noisy = match thing {
                    Thing::Weight { .. } | Thing::Bias { .. } | Thing::Target(_) => value,
                    thing => pass.at(thing),
                };
                Some((number(thing, 0), noisy))
            }
            StandsFor::Derivative(place) => {
                let thing = self.wording.at(*place);
                Some((derivative(thing, 0), pass.derivative(thing)))
            }
            StandsFor::Slope { of, by } => {
                let (of, by) = (self.wording.at(*of), self.wording.at(*by));
                Some((slope(of, by, 0), pass.slope(of, by, self.subject)))
            }
            StandsFor::Constant => Some((literal(letter.value), value)),
            StandsFor::Others(_) => self.others(factor),
            StandsFor::Named(name) if name == "rows" => Some(("n".into(), value)),
            StandsFor::Named(name) if name == "Σ y" => Some(("y[0].sum()".into(), value)),
            StandsFor::Named(name) => self.share(name),
            StandsFor::OfRow(row) => {
                let place = self.place_of(*row)?;
                Some((format!("per_row[{place}]"), self.passes[place].derivative(self.target())))
            }
        }
    }

    fn place_of(&self, row: usize) -> Option<usize> {
        self.subject.rows.iter().position(|&kept| kept == row)
    }

    /// `softmax(z)[3]`, or `Σ softmax(z)[j≠3]`: the others.
    fn share(&self, name: &str) -> Option<(String, Noisy)> {
        let (shares, others) = &self.passes[0].shares;
        let inside = name.strip_suffix(']')?;
        match inside.strip_prefix("Σ softmax(z)[j≠") {
            Some(k) => Some((format!("q[0, {k}]"), *others.get(k.parse::<usize>().ok()?)?)),
            None => {
                let k = inside.strip_prefix("softmax(z)[")?;
                Some((format!("p[0, {k}]"), *shares.get(k.parse::<usize>().ok()?)?))
            }
        }
    }

    /// The terms of a sum that are not written out, added up.
    fn others(&self, factor: &Factor) -> Option<(String, Noisy)> {
        let What::Total { by } = factor.what else { return None };
        let by = self.wording.at(by);
        let shown = |letter: &Letter| match &letter.stands_for {
            StandsFor::OfRow(row) => self.place_of(*row).map(|place| (place, 0)),
            StandsFor::Derivative(place) => match self.wording.at(*place) {
                Thing::PreActivation { layer, unit } => Some((unit, layer)),
                _ => None,
            },
            _ => None,
        };
        let shown: Vec<(usize, usize)> = factor.letters.iter().filter_map(shown).collect();
        let places: Vec<String> = shown.iter().map(|(place, _)| place.to_string()).collect();
        let places = places.join(", ");
        let sum = |noises: &mut dyn Iterator<Item = Noisy>| noises.fold(Noisy::ZERO, |sum, noisy| sum.add(&noisy));
        let (text, noise) = match (shown.first()?.1, by) {
            (0, target) => {
                (format!("np.delete(per_row, [{places}]).sum()"), sum(&mut self.passes.iter().map(|pass| pass.derivative(target))).noise)
            }
            (layer, Thing::Activation { unit: i, .. } | Thing::Input(i)) => {
                (format!("np.delete(dC_dz{layer}[0] * W{layer}[:, {i}], [{places}]).sum()"), self.passes[0].derivative(by).noise)
            }
            _ => return None,
        };
        let value = factor.letters.iter().find(|letter| matches!(letter.stands_for, StandsFor::Others(_)))?.value;
        Some((text, Noisy { value, noise }))
    }

    /// What each row adds, where there are several.
    pub(super) fn by_row(&mut self) {
        let shares = &self.opened.explanation.by_row;
        if shares.len() < 2 {
            return;
        }
        let places: Vec<usize> = shares.iter().filter_map(|share| self.place_of(share.row)).collect();
        let target = self.target();
        for (share, place) in shares.iter().zip(&places) {
            let noise = self.passes[*place].derivative(target).noise / shares.len() as f64;
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
        let mut code = format!("theta = {}\n", number(self.target(), 0));
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
