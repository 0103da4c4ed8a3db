//! What fills in the choices that a run leaves open.
//!
//! The tuned recipe takes from RealMLP (Holzmüller, Grinsztajn and Steinwart, NeurIPS 2024) what paid on the tables of docs/quality.md:
//! its schedule, its memory of squared gradients, decoupled weight decay, a rate of its own for numbers, the best epoch.

use crate::course::Keep;
use crate::model_file::Task;
use crate::prepare::Hidden;
use crate::run_file::{Batch, RunFile, Source, Split};
use serde::{Deserialize, Serialize};

/// A set of choices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipe {
    /// The textbook's network: adam at one rate, two hidden layers of relu.
    #[default]
    Plain,
    /// What did best by measurement on many tables.
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

/// Units of each hidden layer.
const UNITS: [usize; 3] = [128, 128, 128];
const ACTIVATION: &str = "silu";
/// η for classes, and for numbers brought to deviation 1.
const RATES: [f64; 2] = [0.0035, 0.01];
/// Adam's memory of squared gradients, and the decay of weights.
const OPTIONS: [(&str, f64); 2] = [("beta2", 0.95), ("weight_decay", 0.1)];
const EPOCHS: u64 = 256;
/// Rows of a batch: as many that an epoch has about [`STEPS`] steps, between these.
const BATCH: [usize; 2] = [64, 256];
const STEPS: usize = 32;

/// Rows up to which so many networks are averaged.
const ENSEMBLES: [(usize, usize); 3] = [(4000, 4), (12_000, 2), (usize::MAX, 1)];

/// How many networks the recipe trains where nobody says. A share to be kept aside, or the last rows in time, is for one.
pub(crate) fn ensemble(run: &RunFile, rows: usize) -> usize {
    let alone = matches!(run.data.split, Split::Time(_)) || run.data.validation == 0.0 || run.train.from.is_some() || rows < 20;
    if Recipe::of(run) == Recipe::Plain || alone {
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

/// Fills in what is open; what was typed stays. `rows`: trained on and kept aside.
pub(crate) fn fill(run: &RunFile, hidden: Option<&Hidden>, task: Task, rows: (usize, usize), ensemble: usize) -> Filled {
    let (mut run, mut hidden) = (run.clone(), hidden.cloned().unwrap_or_default());
    if Recipe::of(&run) == Recipe::Plain {
        return Filled { run, hidden, why: Vec::new() };
    }
    let classes = task != Task::Regression && task != Task::Values;
    let (trained, held) = if ensemble > 1 { (rows.0 - rows.0 / ensemble, rows.0 / ensemble) } else { rows };
    let mut why = Vec::new();
    if run.network.layers.is_empty() {
        let typed = hidden.units.is_some() || hidden.activation.is_some();
        hidden.units.get_or_insert_with(|| UNITS.to_vec());
        hidden.activation.get_or_insert_with(|| ACTIVATION.into());
        if !typed {
            why.push(format!("{} layers of {} {ACTIVATION}: smooth, and wider helped no table", UNITS.len(), UNITS[0]));
        }
    }
    let searches = run.train.optimizer.as_deref() == Some("lbfgs");
    if run.train.optimizer.is_none() {
        run.train.optimizer = Some("adamw".into());
        for (name, value) in OPTIONS {
            if !run.train.options.iter().any(|(known, _)| known == name) {
                run.train.options.push((name.into(), value));
            }
        }
        let rate = *run.train.learning_rate.get_or_insert(RATES[usize::from(!classes)]);
        let what = if classes { "classes" } else { "numbers, whose rate may be higher than that of classes" };
        why.push(format!("adamw at {rate} for {what}; weight decay instead of dropout, which took three times as long"));
    }
    if !searches {
        let epochs = *run.train.epochs.get_or_insert(EPOCHS);
        let least = (trained / STEPS).next_power_of_two().clamp(BATCH[0], BATCH[1]);
        let batch = *run.train.batch.get_or_insert(Batch::Rows(least));
        if let Batch::Rows(batch) = batch {
            why.push(format!("{epochs} epochs in batches of {batch}, for {trained} rows"));
        }
        let course = &mut run.train.course;
        if course.schedule.is_none() && course.warmup.is_none() {
            course.schedule = Some("coslog4".into());
        }
    }
    if held > 0 {
        let course = &mut run.train.course;
        if course.keep.is_none() && course.patience.is_none() {
            course.keep = Some(Keep::Best);
            why.push(format!("coslog4 falls to 0 four times; the best epoch of all by the {held} rows kept aside is taken"));
        }
    }
    if classes {
        let calibrates = *run.train.calibrate.get_or_insert(true);
        if calibrates && held > 0 {
            why.push(format!("probabilities are calibrated on these rows; seed {} gives the same bits again", run.train.seed));
        }
    }
    Filled { run, hidden, why }
}
