//! A network, its data and how it is trained: all that the workloads ask of the library.

use backlit::engine::network::Built;
use backlit::engine::state::Ledger;
use backlit::engine::step::Runner;
use backlit::engine::train::{End, Moment, Settings, Trainer};
use backlit::engine::{Network, Plan, Scalar, optimizers};
use std::ops::{ControlFlow, Range};

/// What is trained, and how.
pub struct Work<S> {
    pub network: Network,
    /// Flat parameters.
    pub start: Vec<S>,
    /// Places in them that are not updated.
    pub frozen: Vec<Range<usize>>,
    pub optimizer: &'static str,
    pub rate: f64,
    /// rows × inputs
    pub x: Vec<S>,
    /// rows × outputs
    pub y: Vec<S>,
    pub batch: Option<usize>,
    pub threads: usize,
}

impl<S: Scalar> Work<S> {
    /// Plain gradient descent over all rows at once.
    pub fn sgd(network: Network, start: Vec<S>, rate: f64, x: Vec<S>, y: Vec<S>, threads: usize) -> Work<S> {
        Work { network, start, frozen: Vec::new(), optimizer: "sgd", rate, x, y, batch: None, threads }
    }

    pub fn build(&self) -> Built<S> {
        self.network.build().expect("a network")
    }

    /// A training of so many epochs, from the beginning.
    pub fn trainer<'g>(&self, built: &'g Built<S>, epochs: u64) -> Trainer<'g, S> {
        let (batch, learning_rate, threads) = (self.batch, self.rate, self.threads);
        let settings = Settings { epochs, batch, shuffle: false, seed: 0, learning_rate, threads };
        let optimizer = optimizers::find(self.optimizer).and_then(|entry| entry.create(&[], self.start.len())).expect("an optimizer");
        Trainer::new(&built.graph, built.cost, self.start.clone(), optimizer, &self.frozen, self.rows(), settings)
    }

    /// Trains on; gives the cost that the last step saw, before its update.
    pub fn train(&self, trainer: &mut Trainer<S>) -> f64 {
        let mut last = f64::NAN;
        trainer.restore(&mut FromTheFirstStep);
        let end = trainer.run(&[&self.x, &self.y], &mut |moment: &Moment| {
            last = moment.cost;
            ControlFlow::Continue(())
        });
        assert_eq!(end, End::Finished);
        last
    }

    /// Trains up to a step, counted from 1, and gives the cost that it saw.
    pub fn cost_at(&self, step: u64, trainer: &mut Trainer<S>) -> f64 {
        let mut last = f64::NAN;
        trainer.run(&[&self.x, &self.y], &mut |moment: &Moment| {
            last = moment.cost;
            if moment.step == step { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        last
    }

    /// The mean cost of all rows.
    pub fn cost(&self, built: &Built<S>, parameters: &[S]) -> f64 {
        let plan = Plan::forward(&built.graph, built.cost);
        Runner::new(&plan, self.rows(), self.threads).cost(&plan, parameters, &[&self.x, &self.y], self.rows())
    }

    fn rows(&self) -> usize {
        self.x.len() / self.network.inputs
    }
}

/// Lets a training take all its steps once more, from where it is.
struct FromTheFirstStep;

impl<S> Ledger<S> for FromTheFirstStep {
    fn vector(&mut self, _: &str, _: &mut [S]) {}

    fn number(&mut self, _: &str, _: &mut f64) {}

    fn count(&mut self, name: &str, count: &mut u64, _: u64) {
        if name == "step" {
            *count = 0;
        }
    }
}
