//! Rows kept aside: their cost after each epoch, the best parameters by it, and when to stop for want of better ones.
//! Source: Prechelt, Early Stopping – But When?, 1998.

use crate::Scalar;
use crate::graph::{Graph, NodeId};
use crate::plan::Plan;
use crate::state::Ledger;
use crate::step::{Batch, Data, Rows, Runner};

/// The epoch after which the rows kept aside cost least, or were measured least.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// Counted from 0.
    pub epoch: u64,
    /// What it was judged by: the mean cost of the rows kept aside, or their measure.
    pub judged: f64,
}

/// What is to be small, from the outputs for the rows kept aside: rows × outputs.
pub type Measure<'g, S> = Box<dyn FnMut(&[S]) -> f64 + Send + 'g>;

/// The rows, with all that their cost needs.
pub(crate) struct Held<'g, S> {
    plan: Plan<S>,
    runner: Runner<S>,
    data: Data<'g, S>,
    rows: usize,
    /// What stands in the place of their cost, and room for their outputs, which the plan is then for.
    measure: Option<(Measure<'g, S>, Vec<S>)>,
    /// Whether the runner has the rows.
    again: bool,
    best: Option<Best>,
    /// The parameters of the best epoch; empty where they are not kept.
    parameters: Vec<S>,
}

impl<'g, S: Scalar> Held<'g, S> {
    /// `parameters`: a place for the best ones, or empty. On the threads of
    /// `beside`.
    pub fn new(graph: &Graph<S>, cost: NodeId, data: Data<'g, S>, rows: usize, parameters: Vec<S>, beside: &Runner<S>) -> Held<'g, S> {
        let plan = Plan::forward(graph, cost);
        // A batch of one row is summed in another order.
        let runner = Runner::beside(&plan, rows.max(2), beside);
        Held { plan, runner, data, rows, measure: None, again: false, best: None, parameters }
    }

    /// The same, with a measure of the node's values in the place of the mean cost.
    pub fn measured(self, measure: Measure<'g, S>) -> Held<'g, S> {
        let outputs = vec![S::ZERO; self.rows * self.plan.width()];
        Held { measure: Some((measure, outputs)), ..self }
    }

    /// The mean cost, or the measure, with these parameters, which are kept if there were none better. What is not a number is never
    /// better.
    pub fn epoch_ended(&mut self, epoch: u64, parameters: &[S]) -> f64 {
        let judged = match &mut self.measure {
            Some((measure, outputs)) => {
                self.runner.outputs_over(&self.plan, parameters, self.data, self.rows, outputs);
                measure(outputs)
            }
            None => {
                let batch = Batch { data: self.data, rows: Rows::From(0, self.rows), again: self.again, draw: None };
                self.runner.cost_of(&self.plan, parameters, batch)
            }
        };
        self.again = true;
        if judged.is_finite() && self.best.is_none_or(|best| judged < best.judged) {
            self.best = Some(Best { epoch, judged });
            if !self.parameters.is_empty() {
                self.parameters.copy_from_slice(parameters);
            }
        }
        judged
    }

    /// Goes through what is remembered of the epochs.
    pub fn known(&mut self, ledger: &mut dyn Ledger<S>) {
        let (mut is_known, Best { mut epoch, mut judged }) = (self.best.is_some(), self.best.unwrap_or(Best { epoch: 0, judged: 0.0 }));
        ledger.truth("best.is_known", &mut is_known);
        ledger.count("best.epoch", &mut epoch, u64::MAX - 1);
        ledger.number("best.cost", &mut judged);
        self.best = is_known.then_some(Best { epoch, judged });
        if !self.parameters.is_empty() {
            ledger.vector("best.parameters", &mut self.parameters);
        }
    }

    pub fn best(&self) -> Option<Best> {
        self.best
    }

    /// Epochs since the best, after so many.
    pub fn without_better(&self, epochs: u64) -> u64 {
        epochs.saturating_sub(self.best.map_or(0, |best| best.epoch + 1))
    }

    /// Puts the best parameters back, where they were kept.
    pub fn restore(&self, parameters: &mut [S]) {
        if self.best.is_some() && !self.parameters.is_empty() {
            parameters.copy_from_slice(&self.parameters);
        }
    }
}
