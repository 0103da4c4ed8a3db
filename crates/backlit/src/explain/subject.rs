//! What is explained: a network at a point, on rows as it sees them, in f64.

use super::notation::{self, Names, Notation, Part, Thing};
use super::{Opened, Units, Update, Wording};
use crate::data::cells::excerpt;
use crate::data::listed;
use crate::encoder;
use crate::error::{Error, Kind};
use crate::job::{Rows, place_of};
use crate::model_file::{Metadata, Model, Parameters, Task};
use crate::predictor::scaled;
use backlit_engine::NodeId;
use backlit_engine::explain::{ExplainError, Question, Target, Values, explain};
use backlit_engine::network::{Built, NumericNodes};
use backlit_engine::plan::Plan;
use backlit_engine::step::Runner;
use backlit_engine::typeset::{unicode, visible};

/// The first so many parameters are looked for by their names in every notation.
const SEARCHED: usize = 100_000;

/// A model with rows.
pub struct Subject {
    /// The network as a graph; its data are x, then y.
    pub built: Built<f64>,
    /// Flat, in graph order.
    pub parameters: Vec<f64>,
    /// All that is known of the model besides.
    pub metadata: Metadata,
    /// What things are called.
    pub names: Names,
    /// What the rows are called: their numbers in the data, counted from 0.
    pub rows: Vec<usize>,
    /// rows × inputs, standardized if the network is trained so.
    pub x: Vec<f64>,
    /// rows × outputs, likewise; labels smoothed if the network is trained so.
    pub y: Vec<f64>,
    /// The rows' weights; empty where all count alike.
    pub w: Vec<f64>,
    /// Whether the cost weighs rows by a column that these do not have: each weighs 1.
    pub lacks_weights: bool,
    /// The same rows as a person has them: rows × inputs.
    pub raw: Vec<f64>,
    /// Where the model is saved, if it is.
    pub file: Option<String>,
}

impl Subject {
    /// A model on rows with targets.
    pub fn new(model: Model, rows: Rows) -> Result<Subject, Error> {
        let network = model.metadata.network.network();
        let built = network.build::<f64>().map_err(|error| Error::new(Kind::Usage, error.to_string()))?;
        let parameters = match model.parameters {
            Parameters::F32(numbers) => numbers.iter().map(|&number| f64::from(number)).collect(),
            Parameters::F64(numbers) => numbers,
        };
        let metadata = model.metadata;
        if rows.rows == 0 {
            return Err(Error::new(Kind::Data, "expected at least one row, came none").hint("a table with a row of numbers"));
        }
        let x = scaled(&metadata.input_scaler, &rows.x);
        let terms = &metadata.network.terms;
        let lacks_weights = terms.without_weights(&rows).is_some();
        let w = terms.or_alike(rows.rows, rows.w);
        let y = scaled(&metadata.target_scaler, &terms.smoothed(metadata.task, rows.y.len() / rows.rows, &rows.y));
        let names = Names::new(&network, &metadata.inputs, outputs(&metadata));
        Ok(Subject { built, parameters, names, rows: rows.numbers, x, y, w, lacks_weights, raw: rows.x, metadata, file: None })
    }

    /// Keeps the rows of these numbers, in this order.
    pub fn keep(&mut self, rows: &[usize]) -> Result<(), Error> {
        let places = rows.iter().map(|&row| place_of(&self.rows, row)).collect::<Result<Vec<usize>, Error>>()?;
        let lines = |from: &[f64], width: usize| places.iter().flat_map(|&row| from[row * width..(row + 1) * width].to_vec()).collect();
        let (inputs, outputs) = (self.names.columns.len(), self.names.outputs.len());
        (self.x, self.y, self.raw) = (lines(&self.x, inputs), lines(&self.y, outputs), lines(&self.raw, inputs));
        self.w = if self.w.is_empty() { Vec::new() } else { lines(&self.w, 1) };
        self.rows = rows.to_vec();
        Ok(())
    }

    /// The parameter or column of this name: `layer1.weight[0,2]`, `x[RM]`, or its name in any notation: `w5`.
    pub fn find(&self, name: &str) -> Result<Target, Error> {
        let wanted: String = name.chars().filter(|c| !c.is_whitespace()).collect();
        let count = self.parameters.len();
        let by_name = |wanted: &str| {
            let parameter = self.built.graph.parameters().iter().find(|p| wanted.starts_with(&format!("{}[", p.name)))?;
            let inside = wanted[parameter.name.len() + 1..].strip_suffix(']')?;
            let indices: Vec<usize> = inside.split(',').map(|part| part.parse().ok()).collect::<Option<_>>()?;
            let index = match indices.as_slice() {
                [u] if parameter.rows == 1 && !parameter.name.ends_with("weight") => *u,
                // Of several columns these have two indices.
                [0, u] if parameter.rows == 1 && parameter.name.starts_with("numeric.") => *u,
                [u, i] if *i < parameter.columns && (parameter.rows > 1 || parameter.name.ends_with("weight")) => {
                    u.checked_mul(parameter.columns)?.checked_add(*i)?
                }
                _ => return None,
            };
            (index < parameter.size()).then_some(Target::Parameter(parameter.start + index))
        };
        if let Some(target) = by_name(&wanted) {
            return Ok(target);
        }
        if let Some(column) = wanted.strip_prefix("x[").and_then(|rest| rest.strip_suffix(']')) {
            let named = |c: &String| c.chars().filter(|c| !c.is_whitespace()).collect::<String>() == column;
            let columns = &self.names.columns;
            let place = columns.iter().position(named).or(column.parse().ok().filter(|&c: &usize| c < columns.len()));
            if let Some(column) = place {
                let numbers = columns.len() - self.built.tables.len();
                if column >= numbers {
                    let table = column - numbers + 1;
                    let message = format!("x[{}] is the code of a level, a name by which nothing is differentiated", columns[column]);
                    return Err(Error::new(Kind::Usage, message).hint(format!("one of its learned numbers: embed{table}.weight[0,0]")));
                }
                return Ok(Target::Data { data: 0, column });
            }
            let encoded = self.metadata.encoder.iter().flat_map(|encoder| &encoder.columns).find(|known| named(&known.name));
            if let Some(encoder::Column { name, kind, .. }) = encoded {
                let parts = kind.names(name);
                if let Some(first) = parts.first().filter(|first| columns.contains(first)) {
                    let parts = listed(parts.iter().map(String::as_str));
                    let message = format!("'{}' is no number that goes in; what goes in of it is {parts}", excerpt(name));
                    return Err(Error::new(Kind::Usage, message).hint(format!("x[{first}]")));
                }
            }
        }
        if let Some(index) = (0..count.min(SEARCHED)).find(|&index| self.called(index, &wanted)) {
            return Ok(Target::Parameter(index));
        }
        let shapes: Vec<String> = (self.built.graph.parameters().iter().take(8))
            .map(|p| match p.rows == 1 && !p.name.ends_with("weight") {
                true => format!("{}[0…{}]", p.name, p.columns - 1),
                false => format!("{}[0…{},0…{}]", p.name, p.rows - 1, p.columns - 1),
            })
            .collect();
        let more = if self.built.graph.parameters().len() > 8 { " …" } else { "" };
        Err(Error::new(Kind::Usage, format!("there is no parameter '{name}'; there are {}{more}", shapes.join(", ")))
            .hint("layer1.weight[unit,input], layer1.bias[unit] or x[COLUMN], counted from 0"))
    }

    /// Whether some notation calls the parameter so.
    fn called(&self, index: usize, wanted: &str) -> bool {
        let question = Target::Parameter(index);
        let Some(thing) = self.thing(question) else { return false };
        notation::table().iter().any(|notation| plain(&notation.thing(thing, &self.names)) == plain_text(wanted))
    }

    /// What a target is.
    pub fn thing(&self, target: Target) -> Option<Thing> {
        let place = self.question(&[], target, 0).place()?;
        Some(notation::thing_at(&self.built, place.node, place.index))
    }

    /// What goes into a layer, counted from 1: an input, an activation or, behind a skip, a sum.
    pub fn goes_into(&self, layer: usize, input: usize) -> Thing {
        let below = layer - 1;
        match self.metadata.network.layers.get(below.wrapping_sub(1)) {
            None => Thing::Input(input),
            Some(shape) if shape.skip.is_some() => Thing::Part { part: Part::Sum, layer: below, unit: input },
            Some(_) => Thing::Activation { layer: below, unit: input },
        }
    }

    /// The name a person types for a target.
    pub fn typed(&self, target: Target) -> String {
        match target {
            Target::Parameter(index) => self.built.graph.parameter_name(index),
            Target::Data { column, .. } => format!("x[{}]", self.names.columns[column]),
        }
    }

    fn question<'a>(&'a self, data: &'a [&'a [f64]], target: Target, paths: usize) -> Question<'a> {
        Question { graph: &self.built.graph, cost: self.built.cost, parameters: &self.parameters, data, rows: &self.rows, target, paths }
    }

    /// Every number of one of the kept rows, counted from 0 among them.
    pub fn values<'a>(&'a self, data: &'a [&'a [f64]], row: usize) -> Values<'a> {
        Values::new(&self.built.graph, self.built.cost, &self.parameters, data, row)
    }

    /// The same for the first kept row; an error where one of them is infinite or NaN.
    pub(super) fn finite_values<'a>(&'a self, data: &'a [&'a [f64]]) -> Result<Values<'a>, Error> {
        let values = self.values(data, 0);
        match values.first_not_finite() {
            Some(node) => Err(self.error(ExplainError::NotFinite { row: self.rows[0], node })),
            None => Ok(values),
        }
    }

    /// The data as the graph takes them.
    pub fn data(&self) -> [&[f64]; 3] {
        [&self.x, &self.y, &self.w]
    }

    /// Which input of the cost a parameter is, if it costs something by itself.
    pub(super) fn penalized(&self, parameter: NodeId) -> Option<usize> {
        let terms = self.metadata.network.terms.network();
        let layers = self.built.layers.iter();
        let order = layers.flat_map(|nodes| [Some(nodes.weight), nodes.bias.filter(|_| terms.penalize_biases)]).flatten();
        let numeric = self.built.numeric.iter().flat_map(NumericNodes::parameters);
        let mut order = self.built.tables.iter().copied().chain(numeric).chain(order).zip(1..);
        order.find(|(node, _)| *node == parameter && terms.penalizes()).map(|(_, place)| place)
    }

    /// The node of what goes into the first layer.
    pub fn x_node(&self) -> NodeId {
        self.built.input
    }

    /// In words, the level whose numbers a parameter is one of, if it is one of a table.
    pub(super) fn level(&self, opened: &Opened) -> Option<String> {
        let Thing::Embedding { table, level, .. } = self.thing(opened.explanation.target)? else { return None };
        let column = &self.names.columns[self.names.columns.len() - self.built.tables.len() + table - 1];
        let encoder = self.metadata.encoder.iter().flat_map(|encoder| &encoder.columns);
        let levels = encoder.filter(|known| known.name == *column).find_map(|known| match &known.kind {
            encoder::Kind::Embed { levels } => Some(levels),
            _ => None,
        });
        Some(match (level.checked_sub(1), levels.and_then(|levels| levels.get(level.wrapping_sub(1)))) {
            (None, _) => format!("'{}': code 0, which rare and unseen levels share", visible(column)),
            (_, Some(word)) if word.is_empty() => format!("'{}' = (missing), code {level}", visible(column)),
            (_, Some(word)) => format!("'{}' = {}, code {level}", visible(column), visible(word)),
            (_, None) => format!("'{}': code {level}", visible(column)),
        })
    }

    /// Whether a kept row is of the level whose numbers a parameter is one of.
    pub(super) fn occurs(&self, opened: &Opened) -> bool {
        let Some(Thing::Embedding { table, level, .. }) = self.thing(opened.explanation.target) else { return false };
        let columns = self.names.columns.len();
        let place = columns - self.built.tables.len() + table - 1;
        self.x.chunks_exact(columns).any(|row| row[place] == level as f64)
    }

    /// Opens the gradient of the mean cost of the kept rows. Lists at most so many paths.
    pub fn open(&self, target: Target, paths: usize) -> Result<Opened, Error> {
        let data = self.data();
        let explanation = explain(&self.question(&data, target, paths)).map_err(|error| self.error(error))?;
        let update = Update::new(self, &explanation);
        let units = Units::new(self, &explanation);
        let as_trained = self.as_trained(target);
        let name = self.typed(target);
        Ok(Opened { name, explanation, update, units, as_trained })
    }

    fn error(&self, error: ExplainError) -> Error {
        match error {
            ExplainError::NotFinite { row, node } => {
                let message = format!("'{}' is infinite or NaN, so there is no gradient to open", self.built.graph.name(node));
                Error::new(Kind::Diverged, message).row(row).hint("smaller parameters, or standardize = true")
            }
            other => Error::new(Kind::Usage, other.to_string()),
        }
    }

    /// Backpropagation in the precision of the training, where that is f32.
    fn as_trained(&self, target: Target) -> Option<f64> {
        let Target::Parameter(index) = target else { return None };
        if self.metadata.precision != crate::model_file::Precision::F32 {
            return None;
        }
        let narrow = |numbers: &[f64]| numbers.iter().map(|&number| number as f32).collect::<Vec<f32>>();
        let built = self.metadata.network.network().build::<f32>().ok()?;
        let plan = Plan::gradient(&built.graph, built.cost);
        let (parameters, x, y, w) = (narrow(&self.parameters), narrow(&self.x), narrow(&self.y), narrow(&self.w));
        let mut gradient = vec![0.0; parameters.len()];
        Runner::new(&plan, self.rows.len(), 1).gradient(&plan, &parameters, &[&x, &y, &w], self.rows.len(), &mut gradient);
        Some(f64::from(gradient[index]))
    }

    /// How many networks stand side by side in this one, where there are several.
    pub(crate) fn members(&self) -> Option<usize> {
        self.metadata.training.ensemble.filter(|members| *members > 1)
    }

    /// The same in words.
    pub(super) fn members_said(&self) -> Option<String> {
        self.members().map(|members| {
            format!("It is {members} networks side by side: each hidden unit belongs to one of them, and the weights between different ones are 0.")
        })
    }

    /// How things are said in a notation.
    pub fn wording<'a>(&'a self, notation: &'a dyn Notation) -> Wording<'a> {
        Wording { subject: self, notation }
    }
}

/// A name for each output: the target's column, or column = class.
fn outputs(metadata: &Metadata) -> Vec<String> {
    match metadata.task {
        Task::Classes => metadata.class_names().iter().map(|class| format!("{}={class}", metadata.targets[0])).collect(),
        _ => metadata.targets.clone(),
    }
}

/// A name as it would be typed, without what only typesetting adds.
fn plain(math: &backlit_engine::typeset::Math) -> String {
    plain_text(&unicode(math))
}

fn plain_text(text: &str) -> String {
    const SMALL: &str = "₀₁₂₃₄₅₆₇₈₉";
    const RAISED: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    let digit = |c: char, from: &str| from.chars().position(|small| small == c).and_then(|d| char::from_digit(d as u32, 10));
    text.chars().filter(|c| !matches!(c, '_' | ' ' | '⁽' | '⁾')).map(|c| digit(c, SMALL).or(digit(c, RAISED)).unwrap_or(c)).collect()
}
