//! What brings the columns to a common size, and whether their numbers stand it.

use super::target::beyond;
use crate::data::cells::excerpt;
use crate::data::listed;
use crate::embedding::{self, Embedding};
use crate::error::{Error, Kind};
use crate::job::Rows;
use crate::model_file::{Model, Precision, Task};
use crate::predictor::scaled;
use crate::run_file::RunFile;
use crate::scaler::{Scaler, Scaling};
use crate::weighted::BYTES_COUNTED;

/// The numbers of a job and what their columns are called.
pub(super) struct Numbers<'a> {
    /// The table's name.
    pub source: &'a str,
    pub inputs: &'a [String],
    pub targets: &'a [String],
    /// How many numbers a row's targets are.
    pub outputs: usize,
    pub train: &'a Rows,
    pub held: &'a Rows,
    /// What the column of weights says of each row trained on; empty: all count alike.
    pub weights: &'a [f64],
}

impl Numbers<'_> {
    /// The scalers of inputs and targets: by the rows trained on, or those of the model that training goes on from. `memory`: bytes that
    /// the table may take
    pub fn scalers(
        &self,
        run: &RunFile,
        start: Option<&Model>,
        (task, loss): (Task, &str),
        embedding: Option<&Embedding>,
        memory: u64,
    ) -> Result<[Option<Scaler>; 2], Error> {
        let (train, width) = (self.train, self.inputs.len());
        let for_numbers = (memory / 4).saturating_sub((self.weights.len() * BYTES_COUNTED) as u64);
        let measured = || match run.data.scaling.unwrap_or_default() {
            Scaling::Standard => Scaler::measure(train.rows, width, self.weights, &mut |each| train.inputs(&mut |_, block| each(block))),
            Scaling::Robust => Scaler::robust(width, self.weights, |each| train.columns(width, for_numbers, each)),
        };
        let mut of_inputs = (run.data.standardize && start.is_none()).then(measured).transpose()?;
        if let Some(scaler) = &mut of_inputs {
            embedding::leave(embedding, scaler);
            scaler.silence();
        }
        let scales_target = run.data.standardize && task == Task::Regression && !loss.starts_with("poisson");
        let of_targets = scales_target
            .then(|| {
                Scaler::measure(train.rows, self.outputs, self.weights, &mut |each| train.right(self.outputs, &mut |_, block| each(block)))
            })
            .transpose()?;
        if let Some(scaler) = &of_targets {
            self.refuse_beyond(loss, scaler)?;
        }
        Ok(match start {
            Some(Model { metadata, .. }) => [metadata.input_scaler.clone(), metadata.target_scaler.clone()],
            None => [of_inputs, of_targets],
        })
    }

    /// Refuses a target so far out that its cost is no number.
    fn refuse_beyond(&self, loss: &str, scaler: &Scaler) -> Result<(), Error> {
        for rows in [self.train, self.held] {
            if let Some((place, y)) = beyond(loss, scaler, rows)? {
                let (row, column) = (rows.numbers[place / self.outputs], &self.targets[place % self.outputs]);
                let message = format!("{y:e} is so far from the other targets that its cost is beyond the largest number");
                let error = Error::new(Kind::Data, message).file(self.source).row(row).column(column);
                return Err(error.hint("other units for the column, or its logarithm; --loss absolute_error takes somewhat larger ones"));
            }
        }
        Ok(())
    }

    /// Which columns have nothing to tell, in words. `start`: the model that training goes on from
    pub fn constant(&self, start: Option<&Model>, [of_inputs, of_targets]: &[Option<Scaler>; 2]) -> Vec<String> {
        let rows = if start.is_some() { "the rows that the model was trained on first" } else { "the rows trained on" };
        let input = |column: usize| format!("column '{}' is constant in {rows}, so it adds nothing", excerpt(&self.inputs[column]));
        let target =
            |column: usize| format!("target '{}' is constant in {rows}: there is nothing to learn", excerpt(&self.targets[column]));
        let constant = |scaler: &Option<Scaler>| scaler.iter().flat_map(Scaler::constant).copied().collect::<Vec<usize>>();
        let silent = |column: &usize| of_inputs.as_ref().is_some_and(|scaler| scaler.scale[*column] == 0.0);
        constant(of_inputs).into_iter().filter(silent).map(input).chain(constant(of_targets).into_iter().map(target)).collect()
    }

    /// What a person should know of constant columns among inputs that go in as they are.
    pub fn constant_as_they_are(&self, embedding: Option<&Embedding>) -> Result<Option<String>, Error> {
        let width = self.inputs.len();
        let numbers = width - embedding.map_or(0, |embedding| embedding.levels.len());
        let (mut first, mut is_constant): (Option<Vec<f64>>, _) = (None, vec![true; numbers]);
        self.train.inputs(&mut |place, rows| {
            for (r, row) in rows.chunks_exact(width).enumerate() {
                if self.weights.get(place + r).is_none_or(|weight| *weight > 0.0) {
                    let first = first.get_or_insert_with(|| row.to_vec());
                    is_constant.iter_mut().zip(row.iter().zip(first)).for_each(|(same, (x, first))| *same &= x == first);
                }
            }
        })?;
        let constant: Vec<&str> = (0..numbers).filter(|&c| is_constant[c]).map(|c| self.inputs[c].as_str()).collect();
        let named = listed(constant.iter().copied());
        let why = "on any other value weights act that have learned nothing of it (--ignore leaves a column out)";
        Ok(match constant.len() {
            0 => None,
            1 => Some(format!("column {named} is constant in the rows trained on and goes in as it is: {why}")),
            _ => Some(format!("columns {named} are constant in the rows trained on and go in as they are: {why}")),
        })
    }

    /// Refuses numbers that are not finite once scaled and rounded to the run's precision.
    pub fn fit(&self, run: &RunFile, [of_inputs, of_targets]: &[Option<Scaler>; 2]) -> Result<(), Error> {
        for rows in [self.train, self.held] {
            self.fits(run, (self.inputs, self.inputs.len()), rows, of_inputs, &mut |each| rows.inputs(each))?;
            self.fits(run, (self.targets, self.outputs), rows, of_targets, &mut |each| rows.right(self.outputs, each))?;
        }
        Ok(())
    }

    /// The same of columns of these `names`. `blocks` hands on the numbers of the rows, `width` of each, a block after the other, with
    /// the place of its first row.
    #[allow(clippy::type_complexity)]
    fn fits(
        &self,
        run: &RunFile,
        (names, width): (&[String], usize),
        rows: &Rows,
        scaler: &Option<Scaler>,
        blocks: &mut dyn FnMut(&mut dyn FnMut(usize, &[f64])) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let precision = run.network.precision;
        let finite = |x: f64| if precision == Precision::F32 { (x as f32).is_finite() } else { x.is_finite() };
        let mut found = None;
        blocks(&mut |first, raw| {
            if found.is_none() {
                let place = scaled::<f64>(scaler, raw).iter().position(|&x| !finite(x));
                found = place.map(|place| (first + place / width, place % width, raw[place]));
            }
        })?;
        let Some((row, column, number)) = found else { return Ok(()) };
        let message = format!("{number:e} is too large for {} arithmetic", precision.name());
        let error =
            Error::new(Kind::Data, message).file(self.source).row(rows.numbers[row]).hint("--precision f64, or other units for the column");
        Err(match names.get(column) {
            Some(name) => error.column(name),
            None => error,
        })
    }
}
