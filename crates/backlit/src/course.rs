//! What leads a training besides its optimizer: how the rate changes, how gradients are clipped, when it ends and what is kept.

use crate::explain::digits::said;
use backlit_engine::clip::Clip;
use backlit_engine::schedule::Schedule;
use backlit_engine::train;
use serde::{Deserialize, Serialize};

/// The choices, as in a run file. Without a word: nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Course {
    /// How the learning rate changes: `cosine`, `step(30, 0.1)` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// The share of the steps over which the rate rises to what it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<f64>,
    /// Most size of the whole gradient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// Most size of each of its numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_value: Option<f64>,
    /// Epochs without a better one after which training ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// Which parameters are kept; none: the best where there is a patience, else the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
    /// What tells a better epoch; none: the cost of the rows kept aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<Judge>,
}

/// What tells a better epoch from a worse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judge {
    /// The cost of the rows kept aside.
    Cost,
    /// The run's own metric on them.
    Metric,
}

impl Judge {
    /// What is typed for each.
    pub const NAMES: [(&'static str, Judge); 2] = [("cost", Judge::Cost), ("metric", Judge::Metric)];
}

/// Which parameters a training ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Those of the epoch after which the rows kept aside cost least.
    Best,
    /// Those after the last step.
    Last,
}

impl Keep {
    /// What is typed for each.
    pub const NAMES: [(&'static str, Keep); 2] = [("best", Keep::Best), ("last", Keep::Last)];
}

impl Course {
    /// The keys of a run file.
    pub const KEYS: [&'static str; 7] = ["schedule", "warmup", "clip_norm", "clip_value", "patience", "keep", "judge"];

    /// Whether nothing was chosen.
    pub fn is_plain(&self) -> bool {
        *self == Course::default()
    }

    /// Whether the best parameters are kept.
    pub fn keeps_best(&self) -> bool {
        self.keep == Some(Keep::Best) || self.keep.is_none() && self.patience.is_some()
    }

    /// Without what listens to rows kept aside after an epoch, but for the schedule.
    pub fn without_waiting(&self) -> Course {
        Course { patience: None, keep: None, judge: None, ..self.clone() }
    }

    /// Whether the schedule goes by the cost of the rows kept aside.
    pub fn listens_to_cost(&self) -> bool {
        self.engine().is_ok_and(|course| course.schedule.is_some_and(|schedule| schedule.needs_held()))
    }

    /// What the rows kept aside decide in a training of so many epochs.
    pub fn decides(&self, epochs: u64) -> Vec<&'static str> {
        let decided = [
            (self.keeps_best(), "the best epoch"),
            (self.patience.is_some() && !self.keeps_best(), "the last epoch"),
            (self.listens_to_cost(), "the rate"),
        ];
        decided.into_iter().filter(|(is_so, _)| *is_so && epochs > 0).map(|(_, what)| what).collect()
    }

    /// Whether the run's own metric tells the best epoch.
    pub fn judged_by_metric(&self) -> bool {
        self.judge == Some(Judge::Metric)
    }

    /// Whether the rate is other than the base rate in some steps.
    pub fn leads(&self) -> bool {
        self.schedule.is_some() || self.warmup.is_some()
    }

    /// Whether an update is other than the optimizer's rule at the base rate.
    pub fn changes_updates(&self) -> bool {
        self.leads() || self.clip_norm.is_some() || self.clip_value.is_some()
    }

    /// For the engine. `Err` names the key that is wrong, and says what is.
    pub fn engine(&self) -> Result<train::Course, (&'static str, String)> {
        let warm_up = self.warmup.unwrap_or(0.0);
        let schedule = self.leads().then(|| {
            let name = self.schedule.as_deref().unwrap_or("constant");
            // The name alone first: what is wrong then is the warm-up.
            Schedule::parse(name, 0.0).map_err(|message| ("schedule", message))?;
            Schedule::parse(name, warm_up).map_err(|message| ("warmup", message))
        });
        for (key, most) in [("clip_norm", self.clip_norm), ("clip_value", self.clip_value)] {
            if let Some(most) = most.filter(|most| !(most.is_finite() && *most > 0.0)) {
                return Err((key, format!("expected a finite number above 0, came {most}")));
            }
        }
        if self.patience == Some(0) {
            return Err(("patience", "expected at least 1 epoch, came 0".into()));
        }
        Ok(train::Course {
            schedule: schedule.transpose()?,
            clip: Clip { norm: self.clip_norm, value: self.clip_value },
            patience: self.patience,
            keep_best: self.keeps_best(),
        })
    }

    /// The key that listens to the rows kept aside, if one does.
    pub fn needs_held(&self) -> Option<&'static str> {
        match (self.patience, self.keep) {
            (Some(_), _) => Some("patience"),
            (None, Some(Keep::Best)) => Some("keep"),
            _ => self.listens_to_cost().then_some("schedule"),
        }
    }

    /// The same, with the schedule's every number written out.
    pub fn spelled(&self) -> Course {
        let schedule = self.engine().ok().and_then(|course| course.schedule).map(|schedule| schedule.spelled());
        Course { schedule: schedule.or_else(|| self.schedule.clone()), ..self.clone() }
    }

    /// In words, part by part; empty where nothing was chosen.
    pub fn parts(&self) -> Vec<String> {
        let epochs = |n: u64| format!("{n} {}", if n == 1 { "epoch" } else { "epochs" });
        let keep = match (self.keeps_best(), self.keep) {
            (true, _) => Some("the best parameters kept".to_string()),
            (false, Some(_)) => Some("the last parameters kept".to_string()),
            (false, None) => None,
        };
        [
            self.spelled().schedule,
            self.warmup.map(|share| format!("warm-up over {} % of the steps", said(100.0 * share, 4))),
            self.clip_value.map(|most| format!("each gradient clipped at {most}")),
            self.clip_norm.map(|most| format!("gradient's norm clipped at {most}")),
            self.patience.map(|patience| format!("patience of {}", epochs(patience))),
            keep,
            self.judged_by_metric().then(|| "the best epoch told by the metric".to_string()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Of what rows have decided, in words; none of nothing.
pub fn decided(what: &[&str]) -> Option<String> {
    let (last, first) = what.split_last()?;
    let and = if first.is_empty() { "" } else { " and " };
    Some(format!("these rows have decided {}{and}{last}", first.join(", ")))
}
