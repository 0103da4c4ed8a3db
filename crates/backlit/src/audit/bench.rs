//! All computations that claims are held against: the right one, by the engine and by hand, and those with slips.

use super::quantity::{Asked, Item, What};
use super::slips::{self, Lasts, Setting, Slip, Trial};
use crate::by_hand::{Net, Recipe, Right, Snapshot, follow};
use crate::error::{Error, Kind};
use crate::explain::notation::{Part, Term, Thing};
use crate::explain::{Subject, Wording, frozen};
use crate::model_file::Precision;
use backlit_engine::explain::{Place, Question, Target, Values, explain};
use backlit_engine::optimizers;
use backlit_engine::plan::Plan;
use backlit_engine::step::Runner;
use backlit_engine::train::{End, Settings, Trainer};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};

/// Relative difference between engine and hand that rounding explains.
const SAME: f64 = 1e-9;

/// Nanoseconds that all computations with slips may take together, roughly.
const PATIENCE: f64 = 2e11;

/// Everything known about a network, its rows and its training.
pub(crate) struct Bench<'a> {
    /// The network as a person computes it.
    pub(crate) net: Net,
    /// Rows and recipe.
    pub(crate) recipe: Recipe,
    /// The reader's notation.
    pub(crate) wording: &'a Wording<'a>,
    /// Whether there is one row only.
    pub(crate) single: bool,
    /// Rightly computed, by updates done.
    rights: BTreeMap<u64, Snapshot>,
    /// Parameters by the engine, by updates done.
    engine: BTreeMap<u64, Vec<f64>>,
    /// How far engine and hand are apart, relatively.
    noise: BTreeMap<u64, f64>,
    /// Computations with slips.
    pub(super) trials: Vec<Tried>,
    /// What a person should know.
    pub(crate) notes: Vec<String>,
}

/// A computation with a slip in it, as far as it was followed.
pub(super) struct Tried {
    pub slip: &'static Slip,
    pub trial: Trial,
    pub snapshots: BTreeMap<u64, Snapshot>,
}

impl<'a> Bench<'a> {
    /// Right numbers after these counts of updates, and one more and one fewer, and the same with every slip.
    pub fn new(wording: &'a Wording<'a>, after: &BTreeSet<u64>) -> Result<Bench<'a>, Error> {
        let mut bench = Bench::rightly(wording, after)?;
        bench.try_slips(after);
        Ok(bench)
    }

    /// Right numbers only.
    pub fn rightly(wording: &'a Wording<'a>, after: &BTreeSet<u64>) -> Result<Bench<'a>, Error> {
        let subject = wording.subject;
        let network = subject.metadata.network.network();
        let net = Net::new(&network)?;
        let recipe = recipe(subject, &net);
        let single = subject.rows.len() == 1;
        let mut bench = Bench {
            net,
            recipe,
            wording,
            single,
            rights: BTreeMap::new(),
            engine: BTreeMap::new(),
            noise: BTreeMap::new(),
            trials: Vec::new(),
            notes: Vec::new(),
        };
        if subject.metadata.precision == Precision::F32 && after.iter().any(|&after| after > 0) {
            bench.notes.push("the model trains in f32; here its training is followed in f64".into());
        }
        if subject.members().is_some() && subject.metadata.training.from.is_none() && after.iter().any(|&after| after > 0) {
            bench.notes.push("training moved each network of the ensemble by itself; here all are moved at once".into());
        }
        for &after in after {
            let parameters = bench.trained(after)?;
            bench.engine.insert(after, parameters);
        }
        bench.rights = follow(&bench.net, &bench.recipe, &Right, &around(after));
        for &after in after {
            bench.hold_together(after)?;
        }
        Ok(bench)
    }

    /// The parameters after so many updates, by the engine's own training.
    fn trained(&self, after: u64) -> Result<Vec<f64>, Error> {
        let recipe = &self.recipe;
        if after == 0 {
            return Ok(recipe.parameters.clone());
        }
        if self.wording.subject.metadata.network.layers.iter().any(|layer| layer.dropout > 0.0) {
            let message = format!("claims about {after} updates cannot be judged: this network is trained with dropout");
            return Err(Error::new(Kind::Usage, message).hint("claims about the model as it is"));
        }
        if self.net.layers.iter().any(|layer| layer.running.is_some()) {
            let message =
                format!("claims about {after} updates cannot be judged: in training a batch norm takes mean and variance of the batch");
            return Err(Error::new(Kind::Usage, message).hint("claims about the model as it is"));
        }
        let built = &self.wording.subject.built;
        if recipe.optimizer == "lbfgs" || self.wording.subject.metadata.training.course.changes_updates() {
            let message = "claims about updates are judged for rules by hand: not for lbfgs, schedules or clipped gradients";
            return Err(Error::new(Kind::Usage, message)
                .hint("claims about the model as it is, or a run file with another optimizer, without schedule, warmup and clipping"));
        }
        let usage = |message: String| Error::new(Kind::Usage, message);
        let entry = optimizers::find::<f64>(&recipe.optimizer).map_err(usage)?;
        let optimizer = entry.create(&recipe.options, recipe.parameters.len()).map_err(usage)?;
        let settings = Settings {
            epochs: after,
            batch: recipe.batch,
            shuffle: recipe.shuffle,
            seed: recipe.seed,
            learning_rate: recipe.rate,
            threads: 1,
        };
        let frozen = between(&recipe.trainable, recipe.parameters.len());
        let mut trainer = Trainer::new(&built.graph, built.cost, recipe.parameters.clone(), optimizer, &frozen, recipe.rows, settings)
            .at_rates(self.wording.subject.metadata.network.rates(recipe.rate));
        let end = trainer.run(&[&recipe.x, &recipe.y, &recipe.w], &mut |moment| match moment.step >= after {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        });
        match end {
            End::Diverged(divergence) => {
                Err(Error::new(Kind::Diverged, format!("claims about {after} updates cannot be judged: {divergence}"))
                    .hint("a smaller learning rate in the run file"))
            }
            _ => Ok(trainer.parameters().to_vec()),
        }
    }

    /// Holds engine and hand against each other, and then goes on from the engine's parameters.
    fn hold_together(&mut self, after: u64) -> Result<(), Error> {
        let parameters = self.engine[&after].clone();
        let size = parameters.iter().fold(0.0f64, |most, p| most.max(p.abs())).max(f64::MIN_POSITIVE);
        let by_hand = self.rights.get(&after).map(|snapshot| &snapshot.parameters);
        let apart = by_hand.map_or(0.0, |hand| hand.iter().zip(&parameters).map(|(a, b)| (a - b).abs() / size).fold(0.0, f64::max));
        let noise = if after == 0 { 1e-14 } else { (10.0 * apart).max(1e-13) };
        if apart > SAME {
            self.notes.push(format!(
                "after {after} updates rounding alone moves the parameters by {apart:.0e} of their size: digits beyond that mean nothing"
            ));
        }
        self.noise.insert(after, noise);
        let Recipe { x, y, w, .. } = &self.recipe;
        let recipe = Recipe { parameters, x: x.clone(), y: y.clone(), w: w.clone(), ..self.plain_recipe() };
        let mut at = follow(&self.net, &recipe, &Right, &BTreeSet::from([0]));
        let Some(mut snapshot) = at.remove(&0) else { return Ok(()) };
        self.compare(&snapshot)?;
        if let Some(known) = self.rights.get(&after) {
            snapshot.next = known.next.clone();
        }
        self.rights.insert(after, snapshot);
        Ok(())
    }

    /// The recipe with an optimizer that needs no options.
    fn plain_recipe(&self) -> Recipe {
        Recipe {
            parameters: Vec::new(),
            x: Vec::new(),
            y: Vec::new(),
            w: Vec::new(),
            rows: self.recipe.rows,
            optimizer: "sgd".into(),
            options: Vec::new(),
            rate: self.recipe.rate,
            own_rates: self.recipe.own_rates.clone(),
            numeric_rate: self.recipe.numeric_rate,
            batch: None,
            shuffle: false,
            seed: 0,
            trainable: self.recipe.trainable.clone(),
        }
    }

    /// Every number of the engine against the same by hand.
    fn compare(&self, snapshot: &Snapshot) -> Result<(), Error> {
        let subject = self.wording.subject;
        let (built, recipe) = (&subject.built, &self.recipe);
        let data: [&[f64]; 3] = [&recipe.x, &recipe.y, &recipe.w];
        let disagree =
            |what: &str| Err(Error::new(Kind::Verification, format!("{what}: the engine and the computation by hand do not agree")));
        let close = |a: f64, b: f64, size: f64| (a - b).abs() <= SAME * a.abs().max(b.abs()).max(size) || a == b;
        if !snapshot.cost.is_finite() {
            return Err(Error::new(Kind::Diverged, "the cost is infinite or NaN, so there is nothing to judge claims by")
                .hint("smaller parameters, or standardize = true"));
        }
        for (row, sheet) in snapshot.sheets.iter().enumerate() {
            let values = Values::new(&built.graph, built.cost, &snapshot.parameters, &data, row);
            if values.all(built.input).iter().zip(&sheet.out[0]).any(|(&a, &b)| !close(a, b, 1.0)) {
                return disagree("what goes into layer 1");
            }
            for (l, nodes) in built.layers.iter().enumerate() {
                let pairs = [(nodes.z, &sheet.z[l + 1]), (nodes.a, &sheet.a[l + 1]), (nodes.out, &sheet.out[l + 1])];
                let pairs = pairs.map(|(node, hand)| (values.all(node), hand));
                if pairs.iter().any(|(engine, hand)| engine.iter().zip(*hand).any(|(&a, &b)| !close(a, b, 1.0))) {
                    return disagree(&format!("layer {}", l + 1));
                }
            }
            if !close(values.at(Place { node: built.cost, index: 0 }), sheet.cost, 1.0) {
                return disagree("the cost");
            }
        }
        let plan = Plan::gradient(&built.graph, built.cost);
        let mut gradient = vec![0.0; snapshot.parameters.len()];
        Runner::new(&plan, recipe.rows, 1).gradient(&plan, &snapshot.parameters, &data, recipe.rows, &mut gradient);
        let size = gradient.iter().fold(0.0f64, |most, g| most.max(g.abs()));
        let kinked = snapshot.sheets.iter().any(|sheet| sheet.z.iter().flatten().any(|&z| z == 0.0));
        match gradient.iter().zip(&snapshot.gradient).position(|(&a, &b)| !close(a, b, size)) {
            Some(index) if !kinked => disagree(&built.graph.parameter_name(index)),
            _ => Ok(()),
        }
    }

    fn try_slips(&mut self, after: &BTreeSet<u64>) {
        let setting = Setting { net: &self.net, recipe: &self.recipe, wording: self.wording };
        let all: Vec<(&'static Slip, Trial)> =
            slips::table().into_iter().flat_map(|slip| (slip.ways)(&setting).into_iter().map(move |trial| (slip, trial))).collect();
        let last = after.last().copied().unwrap_or(0) as f64;
        let lasting = all.iter().filter(|(_, trial)| trial.lasts != Lasts::Once).count() as f64;
        let work = self.round_cost();
        let affordable = last * lasting * work <= PATIENCE;
        if !affordable {
            self.notes.push(format!("slips that last are not followed for {last} rounds: that would take too long for this network"));
        }
        let (net, recipe, around) = (&self.net, &self.recipe, &around(after));
        let wanted = |lasts: Lasts| -> BTreeSet<u64> {
            let all = if lasts == Lasts::Algorithm { around } else { after };
            all.iter().copied().filter(|&n| n <= 1 || (affordable && lasts != Lasts::Once)).collect()
        };
        self.trials = all
            .into_par_iter()
            .map(|(slip, trial)| {
                let snapshots = follow(net, recipe, &*trial.way, &wanted(trial.lasts));
                Tried { slip, trial, snapshots }
            })
            .collect();
    }

    /// Nanoseconds of an update by hand, roughly.
    fn round_cost(&self) -> f64 {
        let rows = self.recipe.batch.unwrap_or(self.recipe.rows).min(self.recipe.rows) as f64;
        let units: usize = self.net.layers.iter().map(|layer| layer.units).sum();
        let weights: usize = self.net.layers.iter().map(|layer| layer.blocks.weights()).sum();
        rows * (units as f64 * 300.0 + weights as f64 * 10.0 + (self.net.outputs() as f64).powi(2) * 200.0)
    }

    /// The right number by hand, also one update before and after those that were asked for.
    pub(crate) fn right(&self, asked: &Asked) -> Option<f64> {
        asked.value(&self.net, self.rights.get(&asked.after)?, &Right)
    }

    /// All right numbers after so many updates.
    pub(crate) fn snapshot(&self, after: u64) -> Option<&Snapshot> {
        self.rights.get(&after)
    }

    /// How exact the right numbers are, relatively.
    pub(crate) fn noise(&self, after: u64) -> f64 {
        self.noise.get(&after).copied().unwrap_or(1e-12)
    }

    /// The right number by the engine, where the engine has it; a gradient's three routes must agree.
    pub(crate) fn verified(&self, asked: &Asked) -> Result<f64, Error> {
        let Some(by_hand) = self.right(asked) else {
            let message = format!("{}: there is no such number in a computation by hand", asked.text(self.wording));
            return Err(Error::new(Kind::Usage, message).hint("claims about values, and about derivatives of the cost or of a unit"));
        };
        let Some(parameters) = self.engine.get(&asked.after) else { return Ok(by_hand) };
        let subject = self.wording.subject;
        let built = &subject.built;
        let data: [&[f64]; 3] = [&self.recipe.x, &self.recipe.y, &self.recipe.w];
        let target = match asked.what {
            What::Value(Item::Thing(thing)) => {
                let values = Values::new(&built.graph, built.cost, parameters, &data, 0);
                return Ok(match thing {
                    Thing::Cost if !self.single => by_hand,
                    Thing::Cost => values.at(Place { node: built.cost, index: 0 }),
                    Thing::Term(Term::Loss) => values.at(Place { node: built.loss, index: 0 }),
                    Thing::PreActivation { layer, unit } => values.at(Place { node: built.layers[layer - 1].z, index: unit }),
                    Thing::Activation { layer, unit } => values.at(Place { node: built.layers[layer - 1].a, index: unit }),
                    Thing::Part { part: Part::Sum, layer, unit } => values.at(Place { node: built.layers[layer - 1].out, index: unit }),
                    Thing::Part { part: Part::Normalized, layer, unit } => {
                        built.layers[layer - 1].norm.map_or(by_hand, |norm| values.at(Place { node: norm.n, index: unit }))
                    }
                    _ => by_hand,
                });
            }
            // Of a column with embeddings this is the way past them alone.
            What::Slope { of: Item::Thing(Thing::Cost), by: Thing::Input(index) } if !self.net.range(0).is_empty() => {
                let values = Values::new(&built.graph, built.cost, parameters, &data, 0);
                return Ok(values.gradients()[built.input.number()].get(index).copied().unwrap_or(by_hand));
            }
            What::Slope { of: Item::Thing(Thing::Cost), by: Thing::Input(column) } => Target::Data { data: 0, column },
            What::Slope { of: Item::Thing(Thing::Cost), by } => match super::quantity::place(&self.net, by) {
                Some(index) => Target::Parameter(index),
                None => return Ok(by_hand),
            },
            _ => return Ok(by_hand),
        };
        let question = Question { graph: &built.graph, cost: built.cost, parameters, data: &data, rows: &subject.rows, target, paths: 0 };
        let explanation = explain(&question).map_err(|error| Error::new(Kind::Diverged, error.to_string()))?;
        match explanation.routes.agrees {
            true => Ok(explanation.gradient),
            false => Err(Error::new(Kind::Verification, format!("{}: the three routes to it do not agree", asked.text(self.wording)))),
        }
    }
}

/// These counts of updates, and one more and one fewer.
fn around(after: &BTreeSet<u64>) -> BTreeSet<u64> {
    after.iter().flat_map(|&n| [n.saturating_sub(1), n, n + 1]).collect()
}

fn recipe(subject: &Subject, net: &Net) -> Recipe {
    let training = &subject.metadata.training;
    Recipe {
        parameters: subject.parameters.clone(),
        x: subject.x.clone(),
        y: subject.y.clone(),
        w: subject.w.clone(),
        rows: subject.rows.len(),
        optimizer: training.optimizer.clone(),
        options: training.options.clone().into_iter().collect(),
        rate: training.learning_rate,
        own_rates: subject.metadata.network.layers.iter().map(|layer| layer.learning_rate).collect(),
        numeric_rate: subject.metadata.network.numeric.as_ref().map_or(1.0, |numeric| numeric.rate),
        batch: training.batch.filter(|&batch| batch < subject.rows.len()),
        shuffle: training.shuffle,
        seed: subject.metadata.seed,
        trainable: between(&frozen(subject), net.parameters()),
    }
}

/// The places outside these.
fn between(ranges: &[Range<usize>], count: usize) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = ranges.iter().filter(|range| !range.is_empty()).cloned().collect();
    ranges.sort_by_key(|range| range.start);
    let (mut free, mut next) = (Vec::new(), 0);
    for range in ranges {
        if range.start > next {
            free.push(next..range.start);
        }
        next = next.max(range.end);
    }
    if next < count {
        free.push(next..count);
    }
    free
}
