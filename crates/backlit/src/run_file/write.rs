//! A run as the text of a run file. Every field is named here, so that none is forgotten.

use super::{
    Batch, Bias, Course, Data, Embed, Every, Judge, Keep, Layer, Network, Orientation, Rng, RunFile, Source, Split, Task, Terms, Threshold,
    Train,
};
use crate::embedding::Frozen;
use crate::error::{Error, Kind};
use crate::layers::{Norm, Skip};
use crate::terms::ClassWeight;
use std::path::Path;

impl RunFile {
    /// The text of a run file that reads back as this run. Relative paths are written as absolute ones.
    pub fn to_toml(&self) -> Result<String, Error> {
        let mut lines = Lines(String::new());
        lines.data(&self.data)?;
        lines.network(&self.network);
        lines.train(&self.train)?;
        Ok(lines.0)
    }
}

struct Lines(String);

impl Lines {
    fn put(&mut self, key: &str, value: impl std::fmt::Display) {
        self.0 += &format!("{key} = {value}\n");
    }

    fn put_some<T: std::fmt::Display>(&mut self, key: &str, value: Option<T>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// A share to be kept aside that is written is one network's, so it is left open unless it was asked for.
    fn data(&mut self, data: &Data) -> Result<(), Error> {
        let Data {
            source,
            target,
            categories,
            ignore,
            embed,
            decimal_comma,
            header,
            standardize,
            scaling,
            validation,
            is_share_said,
            validation_file,
            split,
            weights,
            class_weight,
        } = data;
        self.0 += "[data]\n";
        match source {
            Source::Path(path) => self.put("path", absolute(path)?),
            Source::Bundled(name) => self.put("bundled", text(name)),
            Source::Inline { inputs, targets } => {
                self.put("inputs", rows(inputs));
                self.put("targets", rows(targets));
            }
        }
        for (key, names) in [("target", target), ("categories", categories), ("ignore", ignore)] {
            self.put_some(key, (!names.is_empty()).then(|| texts(names)));
        }
        match embed {
            Embed::Numbers(numbers) => self.put("embed", numbers),
            other => self.put("embed", text(&other.to_string())),
        }
        self.put_some("decimal", decimal_comma.map(|comma| text(if comma { "comma" } else { "point" })));
        self.put_some("header", *header);
        self.put("standardize", standardize);
        self.put_some("scaling", scaling.map(|scaling| text(scaling.name())));
        match validation_file {
            Some(file) => self.put("validation", absolute(file)?),
            None => self.put_some("validation", is_share_said.then(|| number(validation))),
        }
        let (name, column) = match split {
            Split::Random => ("random", None),
            Split::Stratified => ("stratified", None),
            Split::Grouped(column) => ("grouped", Some(("group", column))),
            Split::Time(column) => ("time", column.as_ref().map(|column| ("time", column))),
        };
        self.put("split", text(name));
        if let Some((key, column)) = column {
            self.put(key, text(column));
        }
        self.put_some("weights", weights.as_deref().map(text));
        self.put_some(
            "class_weight",
            class_weight.as_ref().map(|weight| match weight {
                ClassWeight::Balanced => text("balanced"),
                ClassWeight::Given(given) => {
                    text(&given.iter().map(|(class, weight)| format!("{class}={weight:?}")).collect::<Vec<_>>().join(","))
                }
            }),
        );
        Ok(())
    }

    fn network(&mut self, network: &Network) {
        let Network {
            precision,
            loss,
            task,
            rng,
            initializer,
            bias_initializer,
            orientation,
            terms: Terms { weights: _, l1, l2, penalize_biases, label_smoothing },
            dropout,
            norm,
            skip,
            numeric_embedding,
            embedding_rate,
            embedding_scale,
            freeze,
            layers,
        } = network;
        self.0 += "\n[network]\n";
        self.put("precision", text(precision.name()));
        self.put_some("loss", loss.as_deref().map(text));
        self.put_some(
            "task",
            task.map(|task| match task {
                Task::Regression => text("regression"),
                Task::Classes => text("classes"),
                Task::TwoClasses => text("two_classes"),
                Task::Labels => text("labels"),
                Task::Values => text("values"),
            }),
        );
        self.put("rng", text(if *rng == Rng::Numpy { "numpy" } else { "own" }));
        self.put_some("initializer", initializer.as_deref().map(text));
        self.put_some("bias_initializer", bias_initializer.as_deref().map(text));
        self.put_some("orientation", (*orientation == Orientation::InputsByUnits).then(|| text("inputs × units")));
        for (key, share) in [("l1", l1), ("l2", l2), ("label_smoothing", label_smoothing)] {
            self.put(key, number(share));
        }
        self.put("penalize_biases", penalize_biases);
        self.put_some("dropout", dropout.as_ref().map(number));
        self.put("norm", text(norm.map_or("none", Norm::name)));
        self.put("skip", skip);
        self.put_some("numeric_embedding", numeric_embedding.map(|embedding| text(embedding.name())));
        self.put_some("embedding_rate", embedding_rate.as_ref().map(number));
        self.put_some("embedding_scale", embedding_scale.as_ref().map(number));
        let named = |frozen: &Frozen| frozen.list().into_iter().filter(|(_, is)| *is).map(|(name, _)| name.to_string()).collect::<Vec<_>>();
        self.put_some("freeze", freeze.as_ref().map(|frozen| texts(&named(frozen))));
        layers.iter().for_each(|layer| self.layer(layer));
    }

    fn layer(&mut self, layer: &Layer) {
        let Layer { units, activation, weight, bias, initializer, bias_initializer, freeze, dropout, norm, skip, learning_rate, groups } =
            layer;
        self.0 += "\n[[network.layer]]\n";
        self.put("units", units);
        self.put("activation", text(activation));
        self.put_some("weight", weight.as_deref().map(rows));
        match bias {
            Bias::Drawn => self.put("bias", true),
            Bias::None => self.put("bias", false),
            Bias::Values(values) => self.put("bias", numbers(values)),
        }
        self.put_some("initializer", initializer.as_deref().map(text));
        self.put_some("bias_initializer", bias_initializer.as_deref().map(text));
        self.put("freeze", texts(&freeze.iter().map(ToString::to_string).collect::<Vec<_>>()));
        self.put_some("dropout", dropout.as_ref().map(number));
        self.put_some("norm", norm.map(|norm| text(norm.map_or("none", Norm::name))));
        self.put_some(
            "skip",
            skip.map(|skip| match skip {
                Skip::No => "false".to_string(),
                Skip::Input => "true".into(),
                Skip::From(layer) => layer.to_string(),
            }),
        );
        self.put_some("learning_rate", learning_rate.as_ref().map(number));
        self.put_some("groups", (*groups > 1).then_some(*groups));
    }

    fn train(&mut self, train: &Train) -> Result<(), Error> {
        let Train {
            recipe,
            ensemble,
            calibrate,
            optimizer,
            options,
            learning_rate,
            epochs,
            batch,
            shuffle,
            seed,
            threads,
            course: Course { schedule, warmup, clip_norm, clip_value, patience, keep, judge },
            from,
            threshold,
            metric,
            folds,
            memory,
            checkpoint_every,
            tensorboard,
            png,
        } = train;
        self.0 += "\n[train]\n";
        self.put_some("recipe", recipe.map(|recipe| text(recipe.name())));
        self.put_some("ensemble", *ensemble);
        self.put_some("calibrate", *calibrate);
        self.put_some("optimizer", optimizer.as_deref().map(text));
        for (name, value) in options {
            self.put(name, number(value));
        }
        self.put_some("learning_rate", learning_rate.as_ref().map(number));
        self.put_some("epochs", *epochs);
        self.put_some(
            "batch",
            batch.map(|batch| match batch {
                Batch::Full => text("full"),
                Batch::Rows(rows) => rows.to_string(),
            }),
        );
        self.put_some("shuffle", *shuffle);
        self.put("seed", seed);
        self.put_some("threads", *threads);
        self.put_some("schedule", schedule.as_deref().map(text));
        for (key, size) in [("warmup", warmup), ("clip_norm", clip_norm), ("clip_value", clip_value)] {
            self.put_some(key, size.as_ref().map(number));
        }
        self.put_some("patience", *patience);
        let keep = keep.and_then(|keep| Keep::NAMES.iter().find(|(_, named)| *named == keep));
        self.put_some("keep", keep.map(|(name, _)| text(name)));
        let judge = judge.and_then(|judge| Judge::NAMES.iter().find(|(_, named)| *named == judge));
        self.put_some("judge", judge.map(|(name, _)| text(name)));
        self.put_some("from", from.as_deref().map(absolute).transpose()?);
        match threshold {
            Threshold::At(threshold) => self.put("threshold", number(threshold)),
            Threshold::F1 => self.put("threshold", text("f1")),
            Threshold::Balanced => self.put("threshold", text("balanced")),
        }
        self.put_some("metric", metric.as_deref().map(text));
        self.put_some("folds", *folds);
        self.put_some("memory", memory.map(|bytes| text(&bytes.to_string())));
        self.put_some(
            "checkpoint_every",
            checkpoint_every.map(|every| match every {
                Every::Steps(steps) => steps.to_string(),
                Every::Seconds(_) => text(&every.to_string()),
            }),
        );
        self.put_some("tensorboard", tensorboard.then_some(true));
        self.put_some("png", png.then_some(true));
        Ok(())
    }
}

/// The shortest digits that read back as the same number.
fn number(number: &f64) -> String {
    format!("{number:?}")
}

fn numbers(numbers: &[f64]) -> String {
    format!("{numbers:?}")
}

fn rows(rows: &[Vec<f64>]) -> String {
    format!("{rows:?}")
}

/// As TOML has it: JSON's escapes, and one more character that is escaped.
fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

fn texts(some: &[String]) -> String {
    format!("[{}]", some.iter().map(|one| text(one)).collect::<Vec<_>>().join(", "))
}

fn absolute(path: &Path) -> Result<String, Error> {
    let failed = |message: String| Error::new(Kind::Usage, message).file(path.display());
    let whole = std::path::absolute(path).map_err(|error| failed(format!("where this is cannot be told: {error}")))?;
    match whole.to_str() {
        Some(whole) => Ok(text(whole)),
        None => Err(failed("a run file cannot name this: it is not Unicode".into()).hint("rename it")),
    }
}
