//! A network that takes raw rows and answers in the target's own units.

use crate::error::Error;
use crate::job::Rows;
use crate::model_file::{Metadata, Model, Parameters, Task};
use crate::said::{BLOCK, Beside, Said};
use crate::scaler::Scaler;
use backlit_engine::network::Built;
use backlit_engine::step::{Data, Runner};
use backlit_engine::{Graph, Plan, Scalar, ops};

/// A network of either precision, ready to predict.
pub enum Predictor {
    /// Computes in f32.
    F32(Net<f32>),
    /// Computes in f64.
    F64(Net<f64>),
}

/// From rows and x, rows × inputs, to rows × outputs; see [`Predictor::blocks`].
pub type Blocks<'a> = Box<dyn FnMut(usize, &[f64]) -> Vec<f64> + 'a>;

/// A row on its own would be summed in another order than the same row in a table.
const BATCH: usize = 2;

/// What surrounds the network: columns to inputs, outputs to units.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Applied to the inputs, if any.
    pub input_scaler: Option<Scaler>,
    /// Undone on the outputs, if any.
    pub target_scaler: Option<Scaler>,
    /// What is predicted.
    pub task: Task,
    /// The loss by name.
    pub loss: String,
}

impl Surroundings {
    /// From a model file's description.
    pub fn of(metadata: &Metadata) -> Surroundings {
        Surroundings {
            input_scaler: metadata.input_scaler.clone(),
            target_scaler: metadata.target_scaler.clone(),
            task: metadata.task,
            loss: metadata.network.loss.clone(),
        }
    }
}

/// A network of one precision, ready to predict.
pub struct Net<S> {
    shown: Plan<S>,
    /// The cost, and in the same pass what is shown.
    cost: Plan<S>,
    /// The cost alone, of rows whose outputs are known.
    loss: Plan<S>,
    parameters: Vec<S>,
    around: Surroundings,
    threads: usize,
}

impl Predictor {
    /// From a model file that was read (and so is known to fit together).
    pub fn new(model: &Model, threads: usize) -> Predictor {
        let network = model.metadata.network.network();
        let around = Surroundings::of(&model.metadata);
        match &model.parameters {
            Parameters::F32(numbers) => {
                let built = network.build().expect("a model that was read can be built");
                Predictor::F32(Net::new(built, numbers.clone(), around, threads))
            }
            Parameters::F64(numbers) => {
                let built = network.build().expect("a model that was read can be built");
                Predictor::F64(Net::new(built, numbers.clone(), around, threads))
            }
        }
    }

    /// rows × outputs: numbers in the target's units, or probabilities. `x`: rows × inputs, raw.
    pub fn outputs(&self, rows: usize, x: &[f64]) -> Vec<f64> {
        match self {
            Predictor::F32(net) => net.outputs(rows, x),
            Predictor::F64(net) => net.outputs(rows, x),
        }
    }

    /// [`Predictor::outputs`] for one block of rows after another, with the same threads and buffers. The first block is the
    /// largest. Where a block is a multiple of 64 rows the numbers are to the bit those of all rows at once.
    pub fn blocks(&self) -> Blocks<'_> {
        match self {
            Predictor::F32(net) => Box::new(net.blocks()),
            Predictor::F64(net) => Box::new(net.blocks()),
        }
    }

    /// The outputs, and the mean cost of the rows in the target's units. `x`: rows × inputs, raw; `y`: rows × outputs.
    pub fn outputs_and_cost(&self, rows: usize, x: &[f64], y: &[f64]) -> (Vec<f64>, f64) {
        match self {
            Predictor::F32(net) => net.outputs_and_cost(rows, x, y),
            Predictor::F64(net) => net.outputs_and_cost(rows, x, y),
        }
    }

    /// The same of rows wherever they are.
    pub fn outputs_and_cost_of(&self, rows: &Rows) -> Result<(Vec<f64>, f64), Error> {
        let (said, cost) = self.said_and_cost_of(rows)?;
        Ok((said.numbers()?, cost))
    }

    /// The same, with the outputs in a file where the rows are in one.
    pub fn said_and_cost_of(&self, rows: &Rows) -> Result<(Said, f64), Error> {
        match self {
            Predictor::F32(net) => net.said_and_cost_of(rows),
            Predictor::F64(net) => net.said_and_cost_of(rows),
        }
    }
}

impl<S: Scalar> Net<S> {
    /// [`Net::outputs`] of rows wherever they are: in a file if the rows are in one.
    pub(crate) fn said_of(&self, rows: &Rows) -> Result<Said, Error> {
        if rows.stored.is_none() {
            return Ok(Said::new(self.shown.width(), self.outputs(rows.rows, &rows.x)));
        }
        let mut runner = Runner::new(&self.shown, BLOCK.max(BATCH), self.threads);
        // In the target's units they have more digits.
        let single = size_of::<S>() == size_of::<f32>() && self.around.target_scaler.is_none();
        let said = Said::stored(self.shown.width(), rows.rows, single, |from, to| {
            let mut out = vec![S::ZERO; (to - from) * self.shown.width()];
            if let Some(fed) = rows.fed_from(self.around.input_scaler.as_ref(), from) {
                runner.outputs_over(&self.shown, &self.parameters, Data::Source(&fed), to - from, &mut out);
            }
            Ok(self.in_units(out))
        })?;
        rows.check().map(|()| said)
    }

    /// The outputs of rows wherever they are, and their mean cost in the target's units.
    pub(crate) fn said_and_cost_of(&self, rows: &Rows) -> Result<(Said, f64), Error> {
        if rows.stored.is_none() {
            let (outputs, cost) = self.outputs_and_cost(rows.rows, &rows.x, &rows.y);
            return Ok((Said::new(self.shown.width(), outputs), cost));
        }
        let said = self.said_of(rows)?;
        if self.around.target_scaler.is_some() {
            let cost = loss_over(&self.around.loss, self.shown.width(), rows.rows, &said.beside(rows.targets()))?;
            return rows.check().map(|()| (said, cost));
        }
        let fed = rows.fed(self.around.input_scaler.as_ref(), None, &[]);
        let most = rows.rows.clamp(BATCH, BLOCK * self.threads.max(1));
        let mut runner = Runner::new(&self.loss, most, self.threads);
        let cost = fed.map_or(f64::NAN, |fed| runner.cost_over(&self.loss, &self.parameters, Data::Source(&fed), rows.rows));
        rows.check().map(|()| (said, cost))
    }

    /// Puts a built network between its columns and its units.
    pub fn new(built: Built<S>, parameters: Vec<S>, around: Surroundings, threads: usize) -> Net<S> {
        let shown = Plan::forward(&built.graph, built.shown);
        let cost = Plan::forward_beside(&built.graph, built.loss, built.shown);
        let loss = Plan::forward(&built.graph, built.loss);
        Net { shown, cost, loss, parameters, around, threads }
    }

    /// Replaces the parameters.
    pub fn set_parameters(&mut self, parameters: &[S]) {
        self.parameters.copy_from_slice(parameters);
    }

    /// See [`Predictor::outputs`].
    pub fn outputs(&self, rows: usize, x: &[f64]) -> Vec<f64> {
        self.blocks()(rows, x)
    }

    /// See [`Predictor::blocks`].
    pub fn blocks(&self) -> impl FnMut(usize, &[f64]) -> Vec<f64> + '_ {
        let mut runner = None;
        move |rows, x| {
            let runner = runner.get_or_insert_with(|| Runner::new(&self.shown, rows.max(BATCH), self.threads));
            let x = scaled(&self.around.input_scaler, x);
            let mut out = vec![S::ZERO; rows * self.shown.width()];
            runner.outputs(&self.shown, &self.parameters, &[&x, &[]], rows, &mut out);
            self.in_units(out)
        }
    }

    fn in_units(&self, out: Vec<S>) -> Vec<f64> {
        let mut out: Vec<f64> = out.into_iter().map(S::to_f64).collect();
        if let Some(scaler) = &self.around.target_scaler {
            scaler.undo(&mut out);
        }
        out
    }

    fn in_one_pass(&self, rows: usize, data: Data<'_, S>) -> (Vec<f64>, f64) {
        let mut out = vec![S::ZERO; rows * self.shown.width()];
        let mut runner = Runner::new(&self.cost, rows.max(BATCH), self.threads);
        let cost = runner.cost_and_outputs_over(&self.cost, &self.parameters, data, rows, &mut out);
        (self.in_units(out), cost)
    }

    /// See [`Predictor::outputs_and_cost`].
    pub fn outputs_and_cost(&self, rows: usize, x: &[f64], y: &[f64]) -> (Vec<f64>, f64) {
        if self.around.target_scaler.is_some() {
            let outputs = self.outputs(rows, x);
            let cost = loss_between(&self.around.loss, rows, &outputs, y);
            return (outputs, cost);
        }
        let x = scaled::<S>(&self.around.input_scaler, x);
        let y = scaled::<S>(&None, y);
        self.in_one_pass(rows, Data::Slices(&[&x, &y]))
    }
}

/// Raw numbers to what the network sees.
pub fn scaled<S: Scalar>(scaler: &Option<Scaler>, raw: &[f64]) -> Vec<S> {
    let mut numbers = raw.to_vec();
    if let Some(scaler) = scaler {
        scaler.apply(&mut numbers);
    }
    numbers.into_iter().map(S::from_f64).collect()
}

/// The mean over rows of a loss between predictions and targets, both rows × outputs.
pub(crate) fn loss_between(loss: &str, rows: usize, a: &[f64], y: &[f64]) -> f64 {
    let plan = plan_of(loss, a.len() / rows);
    Runner::new(&plan, rows, 1).cost(&plan, &[], &[a, y], rows)
}

/// The same of predictions and targets that need not be in memory, each of so many numbers a row.
fn loss_over(loss: &str, width: usize, rows: usize, both: &Beside<'_>) -> Result<f64, Error> {
    let plan = plan_of(loss, width);
    let cost = Runner::new(&plan, rows.min(BLOCK), 1).cost_over(&plan, &[], Data::Source(both), rows);
    both.check().map(|()| cost)
}

/// From predictions and targets to the cost.
fn plan_of(loss: &str, width: usize) -> Plan<f64> {
    let mut graph = Graph::<f64>::new();
    let mut cost = || {
        let a = graph.data("a", width)?;
        let y = graph.data("y", width)?;
        graph.operation("cost", ops::loss(loss).expect("a loss that was trained with"), &[a, y])
    };
    let cost = cost().expect("prediction and target of one width");
    Plan::forward(&graph, cost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compact::Compact;
    use crate::said::Targets;

    /// Targets in a file that cannot be read are no targets that are too large.
    #[test]
    fn targets_that_cannot_be_read_have_no_cost() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("table.csv").display().to_string();
        let rows: String = (0..50).map(|r| format!("{},{}.5,{}\n", r % 7, r % 5, r % 3)).collect();
        std::fs::write(&path, "x,p,q\n".to_string() + &rows).expect("a table");
        let mut run = crate::prepare::run_on(&path);
        run.data.target = ["p", "q"].map(String::from).to_vec();
        let (epochs, recipe) = (Some(1), Some(crate::recipe::Recipe::Plain));
        (run.train.epochs, run.train.recipe) = (epochs, recipe);
        let job = crate::prepare::job(&run, None, 1).expect("a job");
        let model = job.initial_model();
        let mut rows = crate::job::read_rows(&model.metadata, &path, None, 0, 1).expect("rows").0;
        let predictor = Predictor::new(&model, 1);
        assert!(model.metadata.target_scaler.is_some() && predictor.said_and_cost_of(&rows).expect("a cost").1.is_finite());
        let Compact::Stored(targets) = &rows.compact else { panic!("targets in the file") };
        rows.compact = Compact::Stored(targets.from(1000, &[]));
        let error = predictor.said_and_cost_of(&rows).expect_err("nothing is there");
        assert!(error.message.contains("cannot be read"), "{error}");
    }

    /// Outputs in a file have the cost of those in memory, and none where the file cannot be read.
    #[test]
    fn a_file_that_cannot_be_read_has_no_cost() {
        let numbers: Vec<f64> = (0..3 * 200).map(|k| f64::from(k) / 7.0).collect();
        let y = vec![1.0; numbers.len()];
        let stored = Said::stored(3, 200, false, |from, to| Ok(numbers[3 * from..3 * to].to_vec())).expect("a file");
        let of = |said: &Said| loss_over("squared_error", 3, 200, &said.beside(Targets::Numbers(&y)));
        assert_eq!(of(&stored).expect("a cost"), of(&Said::new(3, numbers.clone())).expect("a cost"));
        stored.cut();
        let error = of(&stored).expect_err("nothing is there");
        assert!(error.message.contains("read"), "{error}");
    }
}
