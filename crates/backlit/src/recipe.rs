//! What fills in the choices that a run leaves open.
//!
//! The tuned recipe takes from RealMLP (Holzmüller, Grinsztajn and Steinwart, NeurIPS 2024) what paid by measurement (docs/training.md):
//! its schedule, its memory of squared gradients, decoupled weight decay, a rate of its own for numbers, the best epoch.

use crate::course::Keep;
use crate::layers::{Norm, Skip};
use crate::model_file::Task;
use crate::numeric_embedding::NumericEmbedding;
use crate::prepare::Hidden;
use crate::run_file::{Batch, Layer, RunFile, Source, Split};
use crate::scaler::Scaling;
use serde::{Deserialize, Serialize};

/// A set of choices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipe {
    /// The textbook's network: adam at one rate, two hidden layers of relu.
    Plain,
    /// What did best by measurement on many tables.
    #[default]
    Tuned,
}

impl Recipe {
    /// What is typed for each.
    pub const NAMES: [(&'static str, Recipe); 2] = [("plain", Recipe::Plain), ("tuned", Recipe::Tuned)];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Recipe::Plain => "plain",
            Recipe::Tuned => "tuned",
        }
    }

    /// The recipe of a run: worked examples, written layers and a training that goes on are plain unless they say otherwise.
    pub fn of(run: &RunFile) -> Recipe {
        let written = matches!(run.data.source, Source::Inline { .. }) || !run.network.layers.is_empty() || run.train.from.is_some();
        run.train.recipe.unwrap_or(if written { Recipe::Plain } else { Recipe::default() })
    }
}

/// The textbook's choices, which are those of the plain recipe.
pub(crate) mod plain {
    pub const OPTIMIZER: &str = "adam";
    /// Passes over the rows.
    pub const EPOCHS: u64 = 200;
    /// Rows in a batch.
    pub const BATCH: usize = 32;
    /// Units of the hidden layers, and their activation.
    pub const UNITS: [usize; 2] = [64, 32];
    pub const ACTIVATION: &str = "relu";
}

/// Units of each hidden layer of few rows, of numbers and of classes, and of more.
const UNITS: [&[usize]; 3] = [&[64, 64], &[128, 128], &[128, 128, 128]];
/// Rows that are few, of numbers and of classes.
const FEW: [usize; 2] = [500, 1000];
const ACTIVATION: &str = "silu";
/// Of weights: RealMLP's, but with sums of less than deviation 1.
const INITIALIZER: &str = "unit_variance(0.7)";
/// η for classes and numbers as they are, and for numbers brought to deviation 1.
const RATES: [f64; 2] = [0.0035, 0.01];
/// Adam's memory of squared gradients.
const BETA2: f64 = 0.95;
/// Decay of weights, and that of networks for classes on so few rows, which else become too sure.
const DECAY: f64 = 0.5;
const DECAY_OF_FEW: (usize, f64) = (500, 2.0);
/// Of each network of an ensemble: four times as many were no better; and of one that has many rows. Of one alone: RealMLP's.
const EPOCHS: u64 = 64;
const EPOCHS_ALONE: u64 = 256;
/// Rows of a batch: the power of two from which on an epoch has about [`STEPS`] steps at most, between these.
const BATCH: [usize; 2] = [64, 256];
const STEPS: usize = 32;

/// Rows beyond which there are many.
const MANY: usize = 1_000_000;
/// Rows up to which so many networks are averaged: few rows gain most, since each network is then trained on nearly all of them. Of more
/// one is trained, in whose place four would take four times as long.
const ENSEMBLES: [(usize, usize); 2] = [(1000, 8), (MANY, 4)];

/// How many networks the recipe trains where nobody says. The last rows in time are kept aside by one, and of groups there may be few.
pub(crate) fn ensemble(run: &RunFile, rows: usize) -> usize {
    let network = &run.network;
    // What has no place in an ensemble.
    let single = network.norm == Some(Norm::Layer) || network.skip || !network.layers.is_empty();
    let by_other_rows = matches!(run.data.split, Split::Time(_) | Split::Grouped(_)) || run.data.validation == 0.0;
    if Recipe::of(run) == Recipe::Plain || single || by_other_rows || run.train.from.is_some() || rows < 20 {
        return 1;
    }
    ENSEMBLES.iter().find(|(most, _)| rows <= *most).map_or(1, |(_, count)| *count)
}

/// What a recipe chose for a run.
pub(crate) struct Filled {
    /// The run with nothing of the recipe left open.
    pub run: RunFile,
    /// Its hidden layers, unless the run has layers of its own.
    pub hidden: Hidden,
    /// What was chosen and why, in lines for a person; none of the plain recipe.
    pub why: Vec<String>,
}

/// Fills in what is open; what was typed stays. `rows`: trained on and kept aside. `has_numbers`: among the columns
pub(crate) fn fill(run: &RunFile, hidden: Option<&Hidden>, task: Task, rows: (usize, usize), ensemble: usize, has_numbers: bool) -> Filled {
    let (mut run, mut hidden) = (run.clone(), hidden.cloned().unwrap_or_default());
    if Recipe::of(&run) == Recipe::Plain {
        return Filled { run, hidden, why: Vec::new() };
    }
    let classes = task != Task::Regression && task != Task::Values;
    let (trained, held) = if ensemble > 1 { (rows.0 - rows.0 / ensemble, rows.0 / ensemble) } else { rows };
    let mut why = Vec::new();
    if ensemble > 1 {
        why.push(format!(
            "{ensemble} networks averaged, each with another {held} of {} rows kept aside: that gained most, above all on few rows",
            rows.0
        ));
    }
    if run.network.layers.is_empty() {
        let typed = hidden.units.is_some() || hidden.activation.is_some();
        let many = rows.0 > FEW[usize::from(classes)];
        let few = UNITS[usize::from(classes)];
        let units = if many { UNITS[2] } else { few };
        hidden.units.get_or_insert_with(|| units.to_vec());
        hidden.activation.get_or_insert_with(|| ACTIVATION.into());
        if !typed {
            let held = format!("so many rows have more to say than two of {} hold", few[0]);
            let rows = if many { held } else { "few rows need no more".into() };
            why.push(format!("{} hidden layers of {} {ACTIVATION}: {rows}", units.len(), units[0]));
        }
    }
    let mut columns = Vec::new();
    let begins = run.train.from.is_none();
    if begins {
        run.network.initializer.get_or_insert_with(|| INITIALIZER.into());
    }
    if run.data.standardize && run.data.scaling.is_none() && begins {
        run.data.scaling = Some(Scaling::Robust);
        columns.push("columns by median and quartiles, bounded, so that a cell far out pulls no harder than another large one");
    }
    if has_numbers && run.network.numeric_embedding.is_none() && begins {
        run.network.numeric_embedding = Some(NumericEmbedding::Pbld);
        columns.push("learned cosines of each (pbld), which came closer on nearly all tables");
    }
    if !columns.is_empty() {
        why.push(columns.join("; "));
    }
    let mut course = Vec::new();
    if run.train.optimizer.is_none() {
        run.train.optimizer = Some("adamw".into());
        let decay = if classes && rows.0 <= DECAY_OF_FEW.0 { DECAY_OF_FEW.1 } else { DECAY };
        for (name, value) in [("beta2", BETA2), ("weight_decay", decay)] {
            if !run.train.options.iter().any(|(known, _)| known == name) {
                run.train.options.push((name.into(), value));
            }
        }
        let poisson = run.network.loss.as_deref().is_some_and(|loss| loss.starts_with("poisson"));
        let scaled = !classes && run.data.standardize && !poisson;
        let rate = *run.train.learning_rate.get_or_insert(RATES[usize::from(scaled)]);
        let decay = run.train.options.iter().find(|(name, _)| name == "weight_decay").map_or(0.0, |(_, value)| *value);
        course.push(format!("adamw at {rate}, weight decay {decay} in the place of dropout"));
    }
    if run.train.optimizer() != "lbfgs" {
        let epochs = *run.train.epochs.get_or_insert(if ensemble > 1 || rows.0 > MANY { EPOCHS } else { EPOCHS_ALONE });
        let size = (trained / STEPS).next_power_of_two().clamp(BATCH[0], BATCH[1]);
        run.train.batch.get_or_insert(Batch::Rows(size));
        let asked = &mut run.train.course;
        if asked.schedule.is_none() && asked.warmup.is_none() {
            asked.schedule = Some("coslog4".into());
            course.push("the rate falls to 0 four times on the way (coslog4)".into());
        }
        if held > 0 && asked.keep.is_none() && asked.patience.is_none() {
            asked.keep = Some(Keep::Best);
            course.push(format!("the best of {epochs} epochs by the rows kept aside"));
        }
    }
    if !course.is_empty() {
        why.push(course.join("; "));
    }
    // A loss that was typed, or a last layer that was written, may leave nothing to calibrate.
    let is_plain = |last: &Layer| {
        last.activation == "linear"
            && last.freeze.is_empty()
            && !matches!(last.norm, Some(Some(_)))
            && last.skip.is_none_or(|skip| skip == Skip::No)
    };
    let of_probabilities = run.network.loss.as_deref().is_none_or(|loss| loss.contains("cross_entropy"));
    let calibrates = classes && of_probabilities && run.network.layers.last().is_none_or(is_plain);
    if calibrates && (held > 0 || run.train.folds.is_some()) {
        run.train.calibrate.get_or_insert(true);
    }
    let seed = format!("seed {} gives the same bits again", run.train.seed);
    why.push(if classes && run.train.calibrate == Some(true) && held > 0 {
        format!("probabilities calibrated on the rows kept aside; {seed}")
    } else {
        seed
    });
    Filled { run, hidden, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::run_on;

    #[test]
    fn classes_take_wider_layers_of_few_rows() {
        let run = run_on("table.csv");
        for (task, rows, units) in [
            (Task::Regression, 500, UNITS[0]),
            (Task::Regression, 501, UNITS[2]),
            (Task::Classes, 1000, UNITS[1]),
            (Task::TwoClasses, 20, UNITS[1]),
            (Task::Classes, 1001, UNITS[2]),
        ] {
            let filled = fill(&run, None, task, (rows, 0), 8, true);
            assert_eq!(filled.hidden.units.as_deref(), Some(units), "{task:?} of {rows} rows");
            let said = format!("{} hidden layers of {}", units.len(), units[0]);
            assert!(filled.why.iter().any(|why| why.starts_with(&said)), "{:?}", filled.why);
        }
    }

    #[test]
    fn few_rows_are_for_many_networks_and_many_rows_for_one() {
        let run = run_on("table.csv");
        let networks = [10, 20, 1000, 1001, MANY, MANY + 1].map(|rows| ensemble(&run, rows));
        assert_eq!(networks, [1, 8, 8, 4, 4, 1]);
    }
}
