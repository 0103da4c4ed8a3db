//! What is said of a training: before it, behind it, and as a document.

use super::{Saved, networks, resume};
use crate::arguments::Train;
use crate::output::{self, Screen, number};
use backlit::data::shortened;
use backlit::engine::train::End;
use backlit::files::shell_word;
use backlit::job::{Job, Rows};
use backlit::metrics::most_probable;
use backlit::model_file::{Model, Parameters, Task};
use backlit::report;
use backlit::session::{self, Outcome, Sample};
use serde_json::{Value, json};

/// What is to be trained, and how.
pub fn introduction(job: &Job, screen: &Screen) -> String {
    let sizes: Vec<String> =
        std::iter::once(job.shape.width()).chain(job.shape.layers.iter().map(|layer| layer.units)).map(|n| n.to_string()).collect();
    let activations = job.shape.said();
    let batch = job.batch.map_or("full batch".to_string(), |rows| format!("batches of {rows}"));
    let text = format!(
        "{}: {} rows to train on, {}\n  network   {}{}{} ({}), {}, {} parameters, {}\n  training  {} epochs, {}, {} at rate {}, seed {}\n{}",
        screen.bold(&job.name),
        job.train.rows,
        match networks(job) {
            1 => job.kept_aside(),
            count => format!("each kept aside by one of {count} networks"),
        },
        if networks(job) > 1 { format!("{} of ", networks(job)) } else { String::new() },
        sizes.join("-"),
        job.shape.numeric_said(),
        activations.join(", "),
        job.shape.loss,
        job.initial.len(),
        job.precision.name(),
        job.epochs,
        batch,
        job.optimizer,
        job.learning_rate,
        job.seed,
        if job.course.is_plain() { String::new() } else { format!("  course    {}\n", job.course.parts().join(", ")) },
    );
    let embedded = job.shape.embedding.as_ref().map(|embedding| format!("  embedding {}\n", embedding.said(&job.inputs)));
    let text = text + &embedded.unwrap_or_default();
    let why = job.why.iter().enumerate().map(|(line, why)| format!("  {:<10}{why}\n", if line == 0 { job.recipe.name() } else { "" }));
    format!("{text}\n{}{}", why.collect::<String>(), if job.why.is_empty() { "" } else { "\n" })
}

/// What came of it, and what to do with it.
pub fn told(job: &Job, outcome: &Outcome, saved: &Saved, has_report: bool, (arguments, screen): (&Train, &Screen)) -> String {
    let mut text = samples(job, outcome);
    let place = |scores: &session::Scores| match &scores.held {
        Some((cost, metrics)) => (*cost, metrics.list()),
        None => (scores.cost, scores.metrics.list()),
    };
    let (before, after) = (place(&outcome.before), place(&outcome.after));
    let rows = match (&outcome.after.held, networks(job)) {
        (None, _) => "on the rows trained on".to_string(),
        (Some(_), 1) if job.from.is_none() && job.decided().is_empty() => format!("on {} rows it has not seen", job.held.rows),
        (Some(_), 1) => format!("on {} rows kept aside", job.held.rows),
        (Some(_), _) => format!("on {} rows, each by a network not trained on it", outcome.unseen(job).rows),
    };
    let mut lines = vec![vec![rows, "before".to_string(), "after".into()]];
    lines.push(vec![format!("cost ({})", job.shape.loss), number(before.0), number(after.0)]);
    for ((name, b), (_, a)) in before.1.iter().zip(&after.1) {
        lines.push(vec![name.to_string(), output::measure(*b), output::measure(*a)]);
    }
    if let Some(((before, after), formula)) = outcome.before.own.zip(outcome.after.own).zip(job.metric.as_ref()) {
        let shown =
            |(trained, held): (Option<f64>, Option<f64>)| output::measure(if outcome.after.held.is_some() { held } else { trained });
        lines.push(vec![formula.clone(), shown(before), shown(after)]);
    }
    text += &format!("\n{}", output::table(&lines));
    if let (Some(_), Some(warning)) = (&outcome.after.held, job.warning()) {
        text += &format!("  {warning}\n");
    }
    if job.threshold.is_found() {
        text += &format!("  the second class is predicted above a probability of {}\n", number(outcome.model.metadata.threshold));
    }
    let (b, a) = (number(outcome.before.cost), number(outcome.after.cost));
    text += &format!("\n  cost on the rows trained on: {b} before, {a} after {} epochs ({} steps)\n", outcome.epochs, outcome.steps);
    if outcome.best.is_none() && outcome.epochs > 0 && job.course.judged_by_metric() && job.members.is_none() {
        text += "  the metric of the rows kept aside was never a number: the last parameters are kept\n";
    }
    if let Some(best) = &outcome.best {
        let kept = if job.course.keeps_best() { "; its parameters are kept" } else { "" };
        let judge = if job.course.judged_by_metric() { "the metric of the rows kept aside" } else { "the rows kept aside" };
        text += &format!("  best epoch by {judge}: {} of {}{kept}\n", best.epoch + 1, outcome.epochs);
    }
    if let Some(temperature) = outcome.model.metadata.training.temperature {
        text += &format!("  probabilities calibrated: the last layer divided by a temperature of {}\n", number(temperature));
    }
    if let (End::Patient(_), Some(patience)) = (&outcome.end, job.course.patience) {
        text += &format!("  stopped early: no better epoch in the last {patience}\n");
    }
    if let End::Stopped(step) = outcome.end {
        text += &format!("  interrupted after step {step}, {} epochs finished; what was learned is saved\n", outcome.epochs);
    }
    if let Some(directory) = saved.checkpoint.as_ref().map(|_| saved.model.parent().unwrap_or(&saved.model)) {
        text += &resume::how(directory, arguments);
    }
    let data = if job.data.is_empty() { "DATA.csv".into() } else { shell_word(&job.data) };
    let (path, model) = (saved.model.display().to_string(), shell_word(&saved.model.display().to_string()));
    let report = saved.model.with_file_name(report::REPORT);
    let report = if has_report { format!("  report to look at: {}\n", report.display()) } else { String::new() };
    text += &format!(
        "\n  model saved to {}\n{report}  next: backlit predict {model} {data}\n        backlit evaluate {model} {data}\n        backlit check {model} {data}\n",
        screen.bold(&path),
    );
    text
}

/// Predicted and actual, before and after.
fn samples(job: &Job, outcome: &Outcome) -> String {
    let classes: Vec<String> = job.class_names().iter().map(|name| shortened(name)).collect();
    let targets: Vec<String> = job.targets.iter().map(|name| shortened(name)).collect();
    let threshold = outcome.model.metadata.threshold;
    let label = |k: usize, yes: bool| classes[2 * k + usize::from(yes)].clone();
    let say = |numbers: &[f64]| match job.task {
        Task::Classes => format!("{} ({:.0} %)", classes[most_probable(numbers)], 100.0 * numbers[most_probable(numbers)]),
        Task::TwoClasses => {
            let class = usize::from(numbers[0] > threshold);
            let share = if class == 1 { numbers[0] } else { 1.0 - numbers[0] };
            format!("{} ({:.0} %)", classes[class], 100.0 * share)
        }
        Task::Labels => {
            let share = |yes: bool, p: f64| 100.0 * if yes { p } else { 1.0 - p };
            let one = |(k, &p): (usize, &f64)| format!("{} ({:.0} %)", label(k, p > threshold), share(p > threshold, p));
            numbers.iter().enumerate().map(one).collect::<Vec<_>>().join(", ")
        }
        Task::Regression | Task::Values => numbers.iter().map(|&x| number(x)).collect::<Vec<_>>().join(", "),
    };
    let actual = |sample: &Sample| match job.task {
        Task::Classes => classes[most_probable(&sample.actual)].clone(),
        Task::TwoClasses => classes[usize::from(sample.actual[0] > 0.5)].clone(),
        Task::Labels => sample.actual.iter().enumerate().map(|(k, &y)| label(k, y > 0.5)).collect::<Vec<_>>().join(", "),
        Task::Regression | Task::Values => say(&sample.actual),
    };
    let header = ["row".to_string(), "predicted before".into(), "predicted after".into(), format!("actual {}", targets.join(", "))];
    let lines = outcome.samples.iter().map(|s| vec![s.row.to_string(), say(&s.before), say(&s.after), actual(s)]);
    output::table(&std::iter::once(header.to_vec()).chain(lines).collect::<Vec<_>>())
}

/// With --quiet: the result and what reproduces it.
pub fn one_line(job: &Job, outcome: &Outcome, saved: &Saved) -> String {
    let cost = outcome.after.held.as_ref().map_or(outcome.after.cost, |held| held.0);
    format!("cost {} seed {} model {}\n", number(cost), job.seed, saved.model.display())
}

/// The same for programs.
pub fn document(job: &Job, outcome: &Outcome, saved: &Saved, parameters: bool) -> Value {
    let held = |scores: &session::Scores| scores.held.as_ref().map(|(cost, metrics)| json!({ "cost": cost, "metrics": metrics }));
    let samples = outcome.samples.iter().map(|s| json!({ "row": s.row, "actual": s.actual, "before": s.before, "after": s.after }));
    let judged = if job.course.judged_by_metric() { "metric" } else { "cost" };
    let none = Rows::default();
    let unseen = if outcome.after.held.is_some() { outcome.unseen(job) } else { &none };
    let mut document = json!({
        "name": job.name,
        "task": job.task,
        "cost": { "before": outcome.before.cost, "after": outcome.after.cost },
        "metrics": { "before": outcome.before.metrics, "after": outcome.after.metrics },
        "validation": { "rows": unseen.rows, "numbers": unseen.numbers, "before": held(&outcome.before), "after": held(&outcome.after) },
        "samples": samples.collect::<Vec<_>>(),
        "rows": job.train.rows,
        "epochs": outcome.epochs,
        "steps": outcome.steps,
        "seed": job.seed,
        "threads": job.threads,
        "precision": job.precision.name(),
        "interrupted": matches!(outcome.end, End::Stopped(_)),
        "stopped_early": matches!(outcome.end, End::Patient(_)),
        "best": outcome.best.map(|best| json!({ "epoch": best.epoch + 1, (judged): best.judged })),
        "from": job.from,
        "weights_sha256": saved.sha256,
        "model": saved.model.display().to_string(),
    });
    if matches!(outcome.end, End::Stalled(_)) {
        document["stalled"] = json!(true);
    }
    if let Some(beside) = &job.beside {
        document["validation"]["file"] = json!(beside.name());
    }
    if outcome.after.held.is_some() && !job.decided().is_empty() {
        document["validation"]["decided"] = json!(job.decided());
    }
    if let Some(checkpoint) = &saved.checkpoint {
        document["checkpoint"] = json!(checkpoint.display().to_string());
    }
    if matches!(job.task, Task::TwoClasses | Task::Labels) {
        document["threshold"] = json!(outcome.model.metadata.threshold);
    }
    if let Some(((before, after), formula)) = outcome.before.own.zip(outcome.after.own).zip(job.metric.as_ref()) {
        document["metric"] = json!({
            "formula": formula, "before": before.0, "after": after.0, "validation": { "before": before.1, "after": after.1 },
        });
    }
    if !job.why.is_empty() {
        document["recipe"] = json!({ "name": job.recipe, "why": job.why });
    }
    if job.members.is_some() {
        document["ensemble"] = json!(outcome.model.metadata.training.ensemble);
    }
    if !outcome.fallen.is_empty() {
        document["diverged"] = outcome.fallen.iter().map(output::fallen).collect();
    }
    if let Some(temperature) = outcome.model.metadata.training.temperature {
        document["temperature"] = json!(temperature);
    }
    if parameters {
        document["parameters"] = tensors(&outcome.model);
    }
    document
}

/// Every parameter by name: a weight as units × inputs, a bias as a list.
fn tensors(model: &Model) -> Value {
    // An f32 is printed with the shortest digits that read back as that f32.
    let numbers: Vec<Value> = match &model.parameters {
        Parameters::F32(numbers) => numbers.iter().map(|x| json!(x.to_string().parse::<f64>().ok())).collect(),
        Parameters::F64(numbers) => numbers.iter().map(|&x| json!(x)).collect(),
    };
    let mut start = 0;
    let named = model.metadata.network.parameters().into_iter().flatten().map(|(name, shape)| {
        let size = shape.iter().product::<usize>();
        let own = &numbers[start..start + size];
        start += size;
        let value = match shape.as_slice() {
            [_, columns] => own.chunks_exact(*columns).map(|row| Value::from(row.to_vec())).collect(),
            _ => Value::from(own.to_vec()),
        };
        (name, value)
    });
    Value::Object(named.collect())
}
