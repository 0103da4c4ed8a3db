//! `backlit operations`: the table; one operation's card and its values at points.

use crate::arguments::{Common, Operations, Precision};
use crate::output::{self, Screen};
use backlit::engine::op::{About, Kind, Op};
use backlit::engine::{Graph, Plan, Scalar, Shape, ops, step::Runner};
use backlit::error::{self, Error};
use backlit::prepare::formula_notes;
use serde_json::{Value, json};
use std::sync::Arc;

pub fn run(arguments: &Operations, common: &Common, screen: &Screen) -> Result<u8, Error> {
    let f64_wanted = common.precision != Some(Precision::F32);
    match &arguments.name {
        None if !arguments.at.is_empty() || arguments.target.is_some() => {
            return Err(
                Error::new(error::Kind::Usage, "--at: at points of which operation?").hint("backlit operations sigmoid --at -2,0,40")
            );
        }
        None => all(screen),
        Some(name) if f64_wanted => card::<f64>(name, arguments, screen)?,
        Some(name) => card::<f32>(name, arguments, screen)?,
    }
    Ok(0)
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Activation => "activation",
        Kind::PointwiseLoss | Kind::RowLoss => "loss",
        Kind::Structure => "structure",
    }
}

fn all(screen: &Screen) {
    let table = ops::table::<f64>();
    let mut lines = vec![vec!["name".to_string(), "kind".into(), "formula".into()]];
    lines.extend(table.iter().map(|entry| vec![entry.about.name.to_string(), kind(entry.about.kind).into(), entry.about.formula.into()]));
    let widths = [16, 10];
    for line in lines {
        screen.result(&format!("{:w0$}  {:w1$}  {}\n", line[0], line[1], line[2], w0 = widths[0], w1 = widths[1]));
    }
    let records: Vec<Value> = table.iter().map(|entry| record(entry.about)).collect();
    screen.document(&json!({ "operations": records }));
}

fn record(about: &About) -> Value {
    json!({
        "name": about.name,
        "kind": kind(about.kind),
        "summary": about.summary,
        "formula": about.formula,
        "partials": about.partials.iter().map(|partial| json!({ "by": partial.by, "formula": partial.formula })).collect::<Vec<_>>(),
        "kinks": about.kinks.iter().map(|kink| json!({ "at": kink.at, "slope": kink.slope })).collect::<Vec<_>>(),
        "constants": about.constants.iter().map(|c| json!({ "name": c.name, "default": c.default, "meaning": c.meaning })).collect::<Vec<_>>(),
        "source": about.source,
    })
}

fn card<S: Scalar>(name: &str, arguments: &Operations, screen: &Screen) -> Result<(), Error> {
    let op: Arc<dyn Op<S>> = ops::any(name).map_err(|message| Error::new(error::Kind::Usage, message))?;
    let about = op.about();
    let points = points(&op, arguments)?;
    let typed = [name];
    let (activations, loss) = if about.kind == Kind::Activation { (&typed[..], "") } else { (&[][..], name) };
    formula_notes(activations.iter().copied(), loss).iter().for_each(|note| screen.note(note));
    screen.result(&format!("{}: {}\n\n", screen.bold(about.name), about.summary));
    let letter = match about.kind {
        Kind::Activation => "a",
        Kind::PointwiseLoss | Kind::RowLoss => "C",
        Kind::Structure => "",
    };
    let formula =
        if letter.is_empty() || about.formula.contains('[') { about.formula.to_string() } else { format!("{letter} = {}", about.formula) };
    screen.result(&format!("  formula   {formula}\n"));
    for partial in about.partials {
        let text = if partial.formula.contains('∂') {
            partial.formula.to_string()
        } else {
            format!("∂{letter}/∂{} = {}", partial.by, partial.formula)
        };
        screen.result(&format!("  partial   {text}\n"));
    }
    match about.kinks {
        [] => screen.result("  kinks     none\n"),
        kinks => kinks.iter().for_each(|kink| screen.result(&format!("  kink      at {}: slope {}\n", kink.at, kink.slope))),
    }
    for ((name, value), constant) in op.constants().into_iter().zip(about.constants) {
        screen.result(&format!("  constant  {name} = {value} ({}; {} by default)\n", constant.meaning, constant.default));
    }
    screen.result(&format!("  source    {}\n", about.source));
    let mut document = record(about);
    document["precision"] = json!(S::NAME);
    if !points.is_empty() {
        let input = about.partials[0].by;
        let header = vec![input.to_string(), "value".into(), format!("partial by {input}")];
        let lines = points.iter().map(|(z, value, partial)| vec![z.clone(), value.clone(), partial.clone()]);
        let lines: Vec<Vec<String>> = std::iter::once(header).chain(lines).collect();
        screen.result(&format!("\n  in {}{}:\n{}", S::NAME, target_words(about.kind, arguments), output::table(&lines)));
        let exact = |text: &str| text.parse::<f64>().map_or(Value::Null, Value::from);
        document["points"] =
            points.iter().map(|(z, value, partial)| json!({ "z": exact(z), "value": exact(value), "partial": exact(partial) })).collect();
    }
    screen.document(&document);
    Ok(())
}

fn target_words(kind: Kind, arguments: &Operations) -> String {
    if kind == Kind::PointwiseLoss { format!(", at target y = {}", arguments.target.unwrap_or(0.0)) } else { String::new() }
}

/// Point, value and partial in the shortest digits that read back exactly.
fn points<S: Scalar>(op: &Arc<dyn Op<S>>, arguments: &Operations) -> Result<Vec<(String, String, String)>, Error> {
    let about = op.about();
    if arguments.target.is_some() && about.kind != Kind::PointwiseLoss {
        return Err(Error::new(error::Kind::Usage, format!("--target: {} has no target", about.name)));
    }
    let takes_target = match about.kind {
        _ if arguments.at.is_empty() => return Ok(Vec::new()),
        Kind::Activation => false,
        Kind::PointwiseLoss => true,
        Kind::RowLoss | Kind::Structure => {
            let message = format!("--at takes single numbers, but {} works on whole rows", about.name);
            return Err(
                Error::new(error::Kind::Usage, message).hint("an activation or a loss that sums over outputs, such as sigmoid or huber")
            );
        }
    };
    Ok(arguments.at.iter().map(|&z| point(op, z, takes_target.then_some(arguments.target.unwrap_or(0.0)))).collect())
}

/// One point through the engine: z is a parameter, so that its gradient is the partial.
fn point<S: Scalar>(op: &Arc<dyn Op<S>>, z: f64, target: Option<f64>) -> (String, String, String) {
    let mut graph = Graph::<S>::new();
    let mut build = || {
        let one = graph.data("one", 1)?;
        let y = graph.data("y", 1)?;
        let weight = graph.parameter("z", 1, 1)?;
        let z = graph.operation("row", Arc::new(ops::affine::Affine), &[one, weight])?;
        let inputs = [z, y];
        graph.operation("out", op.clone(), &inputs[..1 + usize::from(target.is_some())])
    };
    let out = build().expect("one number through one operation");
    debug_assert_eq!(graph.shape(out), Shape::Rows(1));
    let plan = Plan::gradient(&graph, out);
    let (one, y, z) = ([S::ONE], [S::from_f64(target.unwrap_or(0.0))], [S::from_f64(z)]);
    let mut runner = Runner::new(&plan, 1, 1);
    let mut partial = [S::ZERO];
    let mut value = [S::ZERO];
    runner.gradient(&plan, &z, &[&one, &y], 1, &mut partial);
    let values = Plan::forward(&graph, out);
    Runner::new(&values, 1, 1).outputs(&values, &z, &[&one, &y], 1, &mut value);
    (format!("{:?}", z[0]), format!("{:?}", value[0]), format!("{:?}", partial[0]))
}
