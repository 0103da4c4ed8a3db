//! The flags that change the cost, put over a run.

use crate::arguments::Terms;
use crate::commands::wrong;
use backlit::error::Error;
use backlit::run_file::RunFile;
use backlit::terms::MOST_PENALTY;

pub fn put_over(flags: &Terms, run: &mut RunFile) -> Result<(), Error> {
    let penalty = |flag: &str, given: Option<f64>, into: &mut f64| match given {
        Some(x) if !(0.0..=MOST_PENALTY).contains(&x) => Err(wrong(flag, format!("expected a number from 0 to {MOST_PENALTY}, came {x}"))),
        Some(x) => {
            *into = x;
            Ok(())
        }
        None => Ok(()),
    };
    if let Some(column) = &flags.weights {
        run.data.weights = Some(column.clone());
    }
    if let Some(text) = &flags.class_weight {
        run.data.class_weight = Some(text.parse().map_err(|message| wrong("class-weight", message))?);
    }
    let terms = &mut run.network.terms;
    penalty("l1", flags.l1, &mut terms.l1)?;
    penalty("l2", flags.l2, &mut terms.l2)?;
    terms.penalize_biases |= flags.penalize_biases;
    let share = |flag: &str, given: Option<f64>| match given {
        Some(share) if !(0.0..1.0).contains(&share) => Err(wrong(flag, format!("expected a share from 0 to below 1, came {share}"))),
        given => Ok(given),
    };
    terms.label_smoothing = share("label-smoothing", flags.label_smoothing)?.unwrap_or(terms.label_smoothing);
    run.network.dropout = share("dropout", flags.dropout)?.or(run.network.dropout);
    Ok(())
}
