//! The gradient check of a model on a table, or of a run file at its initial parameters.

use crate::error::{Error, Kind};
use crate::job::{Job, Rows, place_of};
use crate::model_file::{Model, Parameters};
use crate::predictor::scaled;
use crate::terms::Terms;
use backlit_engine::check::{AFFORDABLE, Report, check_up_to};
use backlit_engine::step::Runner;
use backlit_engine::{Network, Plan};

/// What is checked: a network at a point, on rows as it sees them, in f64.
pub struct Subject {
    /// The layers and the loss.
    pub network: Network,
    /// Flat, in graph order.
    pub parameters: Vec<f64>,
    /// How many rows.
    pub rows: usize,
    /// Their numbers in the data, counted from 0.
    pub numbers: Vec<usize>,
    /// rows × inputs, standardized if the network is trained so.
    pub x: Vec<f64>,
    /// rows × outputs, likewise.
    pub y: Vec<f64>,
    /// The rows' weights; empty where all count alike.
    pub w: Vec<f64>,
    /// What changes the cost besides the loss.
    pub terms: Terms,
    /// Layers with dropout, counted from 1, each with the share that training strikes out, and the check does not.
    pub dropout: Vec<(usize, f64)>,
    /// Rows in a batch of the training; none: all.
    pub batch: Option<usize>,
    /// Most threads to use.
    pub threads: usize,
}

impl Subject {
    /// A run file's network at its initial parameters, on all of its rows in their order.
    pub fn of_job(job: &Job) -> Subject {
        let all = job.all_rows();
        Subject {
            network: job.shape.network(),
            parameters: job.initial.clone(),
            rows: all.rows,
            numbers: all.numbers,
            x: scaled(&job.input_scaler, &all.x),
            y: scaled(&job.target_scaler, &job.shape.terms.smoothed(job.task, job.outputs(), &all.y)),
            w: all.w,
            terms: job.shape.terms.clone(),
            dropout: job.shape.dropout(),
            batch: job.batch,
            threads: job.threads,
        }
    }

    /// A model on rows with targets.
    pub fn of_rows(model: &Model, rows: Rows, threads: usize) -> Subject {
        let Rows { rows, numbers, x, y, w, .. } = rows;
        let metadata = &model.metadata;
        let terms = &metadata.network.terms;
        let parameters = match &model.parameters {
            Parameters::F32(numbers) => numbers.iter().map(|&number| f64::from(number)).collect(),
            Parameters::F64(numbers) => numbers.clone(),
        };
        Subject {
            network: model.metadata.network.network(),
            parameters,
            rows,
            numbers,
            x: scaled(&model.metadata.input_scaler, &x),
            y: scaled(&metadata.target_scaler, &terms.smoothed(metadata.task, y.len() / rows.max(1), &y)),
            w: terms.or_alike(rows, w),
            terms: terms.clone(),
            dropout: metadata.network.dropout(),
            batch: model.metadata.training.batch,
            threads,
        }
    }

    /// Keeps the row of this number.
    pub fn only(mut self, row: usize) -> Result<Subject, Error> {
        let row = place_of(&self.numbers, row)?;
        self.numbers = vec![self.numbers[row]];
        let (inputs, outputs) = (self.x.len() / self.rows, self.y.len() / self.rows);
        self.x = self.x[row * inputs..][..inputs].to_vec();
        self.y = self.y[row * outputs..][..outputs].to_vec();
        self.w = self.w.get(row).copied().into_iter().collect();
        self.rows = 1;
        Ok(self)
    }

    /// Compares the gradient that training uses (batch by batch, weighed by their rows) with the independent one.
    pub fn check(&self) -> Result<Report, Error> {
        self.compare(AFFORDABLE)
    }

    /// The same for every parameter, however long it takes.
    pub fn check_all(&self) -> Result<Report, Error> {
        self.compare(f64::INFINITY)
    }

    fn compare(&self, affordable: f64) -> Result<Report, Error> {
        let built = self.network.build::<f64>().map_err(|error| Error::new(Kind::Usage, error.to_string()))?;
        let plan = Plan::gradient(&built.graph, built.cost);
        let batch = self.batch.unwrap_or(self.rows).clamp(1, self.rows);
        let mut runner = Runner::new(&plan, batch, self.threads);
        let (inputs, outputs) = (self.x.len() / self.rows, self.y.len() / self.rows);
        let mut of_batch = vec![0.0; self.parameters.len()];
        let mut gradient = |parameters: &[f64]| {
            let mut total = vec![0.0; parameters.len()];
            for start in (0..self.rows).step_by(batch) {
                let rows = batch.min(self.rows - start);
                let x = &self.x[start * inputs..][..rows * inputs];
                let y = &self.y[start * outputs..][..rows * outputs];
                let w = if self.w.is_empty() { &[] } else { &self.w[start..start + rows] };
                runner.gradient(&plan, parameters, &[x, y, w], rows, &mut of_batch);
                let share = rows as f64 / self.rows as f64;
                total.iter_mut().zip(&of_batch).for_each(|(total, part)| *total += share * part);
            }
            total
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build();
        let data: [&[f64]; 3] = [&self.x, &self.y, &self.w];
        let mut run = || check_up_to(affordable, &built.graph, built.cost, &self.parameters, &data, self.rows, &mut gradient);
        let report = match &pool {
            Ok(pool) => pool.install(run),
            Err(_) => run(),
        };
        if !report.cost.is_finite() {
            let message = format!("the cost is {} here, so there is no gradient to check", report.cost);
            return Err(Error::new(Kind::Diverged, message).hint("smaller parameters, or standardize = true"));
        }
        Ok(report)
    }
}
