//! How many networks are trained, and what each begins with.

use super::network::parameters;
use super::{Part, usage};
use crate::ensemble::{Members, seed_of, suits};
use crate::error::Error;
use crate::model_file::Shape;
use crate::recipe;
use crate::run_file::{Layer, Rng, RunFile};

/// Whether the rows of each network weigh anything: those it is trained on, and those it keeps aside where it listens to them.
/// `fold_of`: the network that keeps each row aside; `w`: what the rows weigh; empty: all alike
pub(super) fn networks_count(run: &RunFile, fold_of: &[u32], count: usize, w: &[f64]) -> Result<(), Error> {
    if w.is_empty() {
        return Ok(());
    }
    let mut weighs = vec![false; count];
    fold_of.iter().zip(w).for_each(|(&fold, &w)| weighs[fold as usize] |= w > 0.0);
    let listens = run.train.course.needs_held().is_some();
    let wrong = |k: usize, what: &str| {
        let message = format!("the rows that network {} of {count} {what}", k + 1);
        Err(usage(run, message).key("data.weights").hint("fewer networks (--ensemble), or weights above 0 in more rows"))
    };
    for k in 0..count {
        if (0..count).all(|other| other == k || !weighs[other]) {
            return wrong(k, "is trained on all weigh 0");
        }
        if listens && !weighs[k] {
            return wrong(k, "keeps aside all weigh 0, so they cannot tell better from worse");
        }
    }
    Ok(())
}

/// How many networks are trained.
pub(super) fn ensemble_of(run: &RunFile, rows: usize, part: Part) -> Result<usize, Error> {
    let count = match part {
        Part::AsAsked => run.train.ensemble.unwrap_or_else(|| recipe::ensemble(run, rows)),
        _ => run.train.ensemble.unwrap_or(1),
    };
    let wrong = |message: String, hint: &str| Err(usage(run, message).key("train.ensemble").hint(hint));
    match count {
        1 => Ok(1),
        _ if part != Part::AsAsked => {
            wrong("each network of an ensemble keeps a fold aside; no folds beside".into(), "leave one of both out")
        }
        _ if run.train.from.is_some() => {
            wrong("an ensemble begins with drawn parameters, not with a model's".into(), "leave one of both out")
        }
        _ if count > rows => wrong(format!("expected at most {rows} networks for {rows} rows, came {count}"), "fewer"),
        count => Ok(count),
    }
}

/// What the networks of an ensemble begin with: the first as one alone would.
pub(super) fn members(
    run: &RunFile,
    layers: &[Layer],
    shape: &Shape,
    first: &[f64],
    fold_of: Vec<u32>,
    count: usize,
) -> Result<Members, Error> {
    suits(shape).map_err(|message| usage(run, message).key("train.ensemble"))?;
    let drawn = |k: usize| {
        let mut run = run.clone();
        run.train.seed = seed_of(run.train.seed, k);
        if run.network.rng == Rng::Numpy {
            run.train.seed %= 1 << 32;
        }
        Ok(parameters(&run, layers, shape.width(), shape.embedding.as_ref(), shape.numeric.as_ref())?.0)
    };
    let initial = std::iter::once(Ok(first.to_vec())).chain((1..count).map(drawn)).collect::<Result<_, Error>>()?;
    Ok(Members { fold_of, initial })
}
