//! How quantities are called: one file a notation.
//!
//! A [`Thing`] is a quantity of a layered network whatever it is called; a [`Notation`] gives it the name that its
//! reader knows.

mod dvalues;
mod explicit;
mod net_out;
mod za;

use crate::embedding::{self, Embedding};
use crate::numeric_embedding;
use backlit_engine::network::{self, Blocks, Built};
use backlit_engine::typeset::{Bracket, Math};
use backlit_engine::{Network, NodeId};

/// A quantity of a network of layers. Layers count from 1, everything else from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A number that goes into the first layer: a column of the data, as the network sees it, or one of those in its place.
    Input(usize),
    /// A column of the data where embeddings lie between it and the first layer.
    Column(usize),
    /// One of the numbers that stand for a level.
    Embedding {
        /// Which table, counted from 1.
        table: usize,
        /// The level's code.
        level: usize,
        /// Which of its numbers.
        number: usize,
    },
    /// What is learned of a single numeric column.
    Numeric {
        /// Which of these.
        part: NumericPart,
        /// Which line: of frequencies, phases and cosines the column, counted among those that have them; else the weighted sum.
        line: usize,
        /// Which number of the line.
        number: usize,
    },
    /// A target.
    Target(usize),
    /// The weight from an input of the layer to a unit.
    Weight {
        /// Layer.
        layer: usize,
        /// Unit of the layer.
        unit: usize,
        /// Input of the layer.
        input: usize,
    },
    /// The bias of a unit.
    Bias {
        /// Layer.
        layer: usize,
        /// Unit.
        unit: usize,
    },
    /// z: the weighted sum of a unit.
    PreActivation {
        /// Layer.
        layer: usize,
        /// Unit.
        unit: usize,
    },
    /// a: what a unit puts out.
    Activation {
        /// Layer.
        layer: usize,
        /// Unit.
        unit: usize,
    },
    /// What a norm or a skip brings to a unit.
    Part {
        /// Which of these.
        part: Part,
        /// Layer.
        layer: usize,
        /// Unit.
        unit: usize,
    },
    /// The cost of the row, or the mean over rows.
    Cost,
    /// What the cost is made of, where that is more than the loss.
    Term(Term),
}

/// What is learned of a single numeric column, and what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumericPart {
    /// f: the frequency of a cosine.
    Frequency,
    /// φ: its phase.
    Phase,
    /// h: the cosine.
    Wave,
    /// V: the weight of a cosine in a sum.
    Weight,
    /// c: the bias of a sum.
    Bias,
    /// p: the sum.
    Sum,
}

impl NumericPart {
    /// Its name in a program.
    fn word(self) -> &'static str {
        match self {
            NumericPart::Frequency => "frequency",
            NumericPart::Phase => "phase",
            NumericPart::Wave => "waves",
            NumericPart::Weight => "numeric_weight",
            NumericPart::Bias => "numeric_bias",
            NumericPart::Sum => "numeric_sum",
        }
    }

    /// Its letter.
    fn letter(self) -> &'static str {
        match self {
            NumericPart::Frequency => "f",
            NumericPart::Phase => "φ",
            NumericPart::Wave => "h",
            NumericPart::Weight => "V",
            NumericPart::Bias => "c",
            NumericPart::Sum => "p",
        }
    }

    /// The indices that its name has.
    fn indices(self, line: usize, number: usize) -> Vec<usize> {
        if matches!(self, NumericPart::Bias | NumericPart::Sum) { vec![line] } else { vec![line, number] }
    }
}

/// What a layer has with a norm or a skip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// γ: what the normalized sum is multiplied by.
    Gain,
    /// β: what is added then.
    Shift,
    /// μ: the running mean of the weighted sum.
    RunningMean,
    /// σ²: its running variance.
    RunningVariance,
    /// n: what the norm makes of the weighted sum.
    Normalized,
    /// s: the activation and what a skip adds to it.
    Sum,
}

impl Part {
    /// Its name in a program.
    fn word(self) -> &'static str {
        match self {
            Part::Gain => "gain",
            Part::Shift => "shift",
            Part::RunningMean => "running_mean",
            Part::RunningVariance => "running_variance",
            Part::Normalized => "normalized",
            Part::Sum => "skip_sum",
        }
    }

    /// Its letter.
    fn letter(self) -> &'static str {
        match self {
            Part::Gain => "γ",
            Part::Shift => "β",
            Part::RunningMean => "μ",
            Part::RunningVariance => "v",
            Part::Normalized => "n",
            Part::Sum => "s",
        }
    }

    /// Whether it is a parameter, by its name in the model file.
    pub fn parameter(self) -> Option<&'static str> {
        (!matches!(self, Part::Normalized | Part::Sum)).then(|| self.word())
    }
}

/// What lies between the loss and the cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// The weight of the row.
    RowWeight,
    /// The loss of the row.
    Loss,
    /// The loss times the weight.
    WeightedLoss,
    /// What the weights cost by themselves.
    Penalty,
}

impl Term {
    /// Its name in a program.
    fn word(self) -> &'static str {
        match self {
            Term::RowWeight => "row_weight",
            Term::Loss => "row_loss",
            Term::WeightedLoss => "weighted_loss",
            Term::Penalty => "penalty",
        }
    }

    /// A letter with what tells it from others below.
    fn letter(self) -> Math {
        match self {
            Term::RowWeight => Math::letter("w").below(Math::text("row".to_string())),
            Term::Loss => Math::letter("L"),
            Term::WeightedLoss => Math::letter("L").below(Math::letter("w")),
            Term::Penalty => Math::letter("R"),
        }
    }
}

/// What a notation needs to know of a network.
#[derive(Clone, Debug)]
pub struct Names {
    /// Columns of the data.
    pub columns: Vec<String>,
    /// What goes into the first layer: the columns, or what takes their place.
    pub inputs: Vec<String>,
    /// One for each output.
    pub outputs: Vec<String>,
    /// Units of each layer.
    pub units: Vec<usize>,
    /// Which inputs of each layer go into which units.
    pub blocks: Vec<Blocks>,
    /// Activation of each layer.
    pub activations: Vec<String>,
    /// Whether each layer has a bias.
    pub biases: Vec<bool>,
}

impl Names {
    /// How many layers.
    pub fn layers(&self) -> usize {
        self.units.len()
    }

    /// From the network, with the names of its columns.
    pub fn new(network: &Network, inputs: &[String], outputs: Vec<String>) -> Names {
        let embedding = network.embedding.as_ref();
        let embedding =
            embedding.map(|embedding| Embedding { levels: embedding.levels.clone(), numbers: embedding.numbers, frozen: false });
        let widths = std::iter::once(network.width()).chain(network.layers.iter().map(|layer| layer.units));
        let blocks = |(layer, inputs): (&network::Layer, usize)| Blocks { groups: layer.groups, inputs, units: layer.units };
        Names {
            columns: inputs.to_vec(),
            inputs: {
                let numeric = network.numeric.iter();
                let learned = numeric.flat_map(|numeric| numeric_embedding::names(inputs, &numeric.columns, numeric.numbers));
                embedding::names(inputs, embedding.as_ref()).into_iter().chain(learned).collect()
            },
            outputs,
            units: network.layers.iter().map(|layer| layer.units).collect(),
            blocks: network.layers.iter().zip(widths).map(blocks).collect(),
            activations: network.layers.iter().map(|layer| layer.activation.clone()).collect(),
            biases: network.layers.iter().map(|layer| layer.bias).collect(),
        }
    }
}

/// A way of calling things.
pub trait Notation: Sync {
    /// The name it is chosen by.
    fn name(&self) -> &'static str;
    /// One line in words.
    fn summary(&self) -> &'static str;
    /// A quantity.
    fn thing(&self, thing: Thing, names: &Names) -> Math;
    /// What an operation calls by a name of its own, which counts from 0: `softmax(z)[2]`.
    fn named(&self, name: &str) -> Math {
        Math::text(name.to_string())
    }
    /// ∂of/∂by
    fn partial(&self, of: Thing, by: Thing, names: &Names) -> Math {
        Math::partial(self.thing(of, names), self.thing(by, names))
    }
}

/// Every notation there is; the first is the usual one.
pub fn table() -> [&'static dyn Notation; 4] {
    [&za::Za, &net_out::NetOut, &explicit::Explicit, &dvalues::Dvalues]
}

/// Finds a notation. `Err` says what there is.
pub fn find(name: &str) -> Result<&'static dyn Notation, String> {
    let known: Vec<&str> = table().iter().map(|notation| notation.name()).collect();
    table()
        .into_iter()
        .find(|notation| notation.name() == name)
        .ok_or_else(|| format!("no notation '{name}'; there are {}", known.join(", ")))
}

/// What a place of a built network is.
pub fn thing_at(built: &Built<f64>, node: NodeId, index: usize) -> Thing {
    for (l, nodes) in built.layers.iter().enumerate() {
        let layer = l + 1;
        if node == nodes.weight {
            let (unit, input) = nodes.blocks.edge(index);
            return Thing::Weight { layer, unit, input };
        }
        if nodes.bias == Some(node) {
            return Thing::Bias { layer, unit: index };
        }
        if node == nodes.z {
            return Thing::PreActivation { layer, unit: index };
        }
        if node == nodes.a {
            return Thing::Activation { layer, unit: index };
        }
        let norm = nodes.norm.iter().flat_map(|norm| {
            let [mean, variance] = norm.running.map_or([None; 2], |running| running.map(Some));
            [(Part::Gain, Some(norm.gain)), (Part::Shift, Some(norm.shift)), (Part::Normalized, Some(norm.n))]
                .into_iter()
                .chain([(Part::RunningMean, mean), (Part::RunningVariance, variance)])
        });
        if let Some((part, _)) = norm.chain([(Part::Sum, Some(nodes.out))]).find(|(_, own)| *own == Some(node)) {
            return Thing::Part { part, layer, unit: index };
        }
    }
    if let Some(table) = built.tables.iter().position(|table| *table == node) {
        let numbers = built.graph.parameters()[table].columns;
        return Thing::Embedding { table: table + 1, level: index / numbers, number: index % numbers };
    }
    if let Some(nodes) = &built.numeric {
        let sums = built.graph.shape(nodes.p).size();
        let waves = built.graph.shape(nodes.weight).size() / sums;
        let all = [
            (nodes.frequency, NumericPart::Frequency, waves),
            (nodes.phase, NumericPart::Phase, waves),
            (nodes.h, NumericPart::Wave, waves),
            (nodes.weight, NumericPart::Weight, waves),
            (nodes.bias, NumericPart::Bias, 1),
            (nodes.p, NumericPart::Sum, 1),
        ];
        if let Some((_, part, length)) = all.into_iter().find(|(own, ..)| *own == node) {
            return Thing::Numeric { part, line: index / length, number: index % length };
        }
    }
    if node == built.input {
        return Thing::Input(index);
    }
    match built.graph.name(node) {
        "x" => Thing::Column(index),
        // What stands in the place of codes goes on as it is.
        "e" => Thing::Input(index),
        "y" => Thing::Target(index),
        "w" => Thing::Term(Term::RowWeight),
        "loss" => Thing::Term(Term::Loss),
        "weighted" => Thing::Term(Term::WeightedLoss),
        _ => Thing::Cost,
    }
}

/// An index as code writes it: `[2,0]`.
fn square(indices: &[usize]) -> Math {
    let numbers = indices.iter().map(|i| Math::Number(i.to_string()));
    Math::Bracket(Bracket::Square, Box::new(Math::joined(numbers, ",")))
}

/// Indices below a letter: `0,2`.
fn list(indices: &[usize]) -> Math {
    Math::joined(indices.iter().map(|i| Math::Number(i.to_string())), ",")
}
