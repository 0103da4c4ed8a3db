//! One opened gradient as a page.

use super::digits::{USUAL, enough_for, number, said, true_digits};
use super::notation::Thing;
use super::operations::operations;
use super::units::Column;
use super::wording::with_numbers;
use super::{Opened, Update, Wording, dropout_said, picture, terms};
use crate::document::{Block, Document, Equation, Inline, Table};
use crate::layers::Norm;
use crate::scaler::Scaling;
use backlit_engine::explain::{Factor, Path, StandsFor, Stop, What};
use backlit_engine::formula::Formula;
use backlit_engine::optimizers::WorkedLine;
use backlit_engine::typeset::{Math, greek, typeset, unicode};

/// Paths whose factors are written out one by one.
const WRITTEN_OUT: usize = 4;

/// Rows of the data that are listed where many are asked for.
const ROWS: usize = 12;

/// The page of an opened gradient.
pub fn page(opened: &Opened, wording: &Wording<'_>) -> Document {
    let explanation = &opened.explanation;
    let mut page = Document::new(format!("The gradient of the cost by {}", opened.name));
    introduction(&mut page, opened, wording);
    let picture = picture(opened, wording);
    let caption = format!("The paths from {} to the cost: the thicker, the larger.", opened.name);
    page.blocks.push(Block::Figure { svg: picture.svg(), alternative: picture.alternative(), caption });
    page.heading(2, "The chain");
    page.equations(explanation.chain.iter().map(|factor| equation(factor, wording)).collect::<Vec<_>>());
    page.equations([product(opened, wording)]);
    if explanation.paths.len() > 1 || explanation.rest != 0.0 {
        paths(&mut page, opened, wording);
    }
    operations(&mut page, opened, wording, WRITTEN_OUT);
    if explanation.by_row.len() > 1 {
        by_row(&mut page, opened);
    }
    why(&mut page, opened, wording);
    update(&mut page, opened, wording);
    units(&mut page, opened, wording);
    routes(&mut page, opened);
    page
}

fn words(text: impl Into<String>) -> Inline {
    Inline::Text(text.into())
}

fn introduction(page: &mut Document, opened: &Opened, wording: &Wording<'_>) {
    let explanation = &opened.explanation;
    let rows = match explanation.rows.as_slice() {
        [row] => format!("row {row}"),
        rows => format!("the mean over {} rows", rows.len()),
    };
    let target = wording.thing(wording.at(explanation.place));
    let mut parts = vec![Inline::Code(opened.name.clone())];
    if unicode(&target) != opened.name {
        parts.extend([words(", here "), Inline::Math(target)]);
    }
    if explanation.rows.len() == 1 || opened.update.is_some() {
        parts.extend([words(", is "), Inline::Math(number(explanation.value, USUAL))]);
    }
    parts.extend([words(format!("; for {rows} the cost is ")), Inline::Math(number(explanation.cost, USUAL))]);
    parts.extend([words(" and its derivative is "), Inline::Math(gradient_number(opened)), words(".")]);
    page.paragraph(parts);
    let loss = &wording.subject.metadata.network.loss;
    let layers = wording.subject.names.units.iter().zip(wording.subject.metadata.network.said());
    let layers: Vec<String> = layers.map(|(units, said)| format!("{units} {said}")).collect();
    let (columns, inputs) = (wording.subject.names.columns.len(), wording.subject.names.inputs.len());
    let through = if columns == inputs { String::new() } else { format!(", with embeddings {inputs} numbers") };
    page.say(format!("Network: {columns} inputs{through}, {}; loss {loss}.", layers.join(", ")));
    wording.subject.members_said().into_iter().for_each(|said| page.say(said));
    if let Some(level) = wording.subject.level(opened) {
        page.say(format!("The parameter is one of the learned numbers of {level}."));
    }
    if wording.subject.metadata.network.layers.iter().any(|layer| layer.norm == Some(Norm::Batch)) {
        page.say("A batch norm is shown by its running statistics; in training those of the batch stand in their place.");
    }
    terms::say(page, wording.subject);
    dropout_said(&wording.subject.metadata.network.dropout()).into_iter().for_each(|said| page.say(said));
}

/// The gradient with the digits that are true.
fn gradient_number(opened: &Opened) -> Math {
    number(opened.explanation.gradient, true_digits(opened.explanation.gradient, opened.explanation.size))
}

/// symbol = formula = formula with numbers = value
pub(super) fn equation(factor: &Factor, wording: &Wording<'_>) -> Equation {
    let mut steps: Vec<Math> = [wording.formula(factor), wording.substituted(factor)].into_iter().flatten().collect();
    steps.push(number(factor.value, USUAL));
    chained(wording.symbol(factor), steps)
}

/// left = step = step …, without repeating what reads the same.
pub(super) fn chained(left: Math, steps: Vec<Math>) -> Equation {
    let mut kept: Vec<Math> = Vec::new();
    for step in steps {
        if kept.last().is_none_or(|last| unicode(last) != unicode(&step)) {
            kept.push(step);
        }
    }
    Equation { left, steps: kept.into_iter().map(|step| ("=", step)).collect(), note: Vec::new() }
}

/// The gradient as the product of its chain.
fn product(opened: &Opened, wording: &Wording<'_>) -> Equation {
    let explanation = &opened.explanation;
    let gradient = wording.gradient(explanation.place);
    let symbols = explanation.chain.iter().map(|factor| wording.symbol(factor));
    let numbers: Vec<f64> = explanation.chain.iter().map(|factor| factor.value).collect();
    let value = number(explanation.gradient, USUAL.min(true_digits(explanation.gradient, explanation.size)));
    let steps = match explanation.chain.len() {
        1 => vec![value],
        _ => vec![Math::joined(symbols, "·"), factors(&numbers, explanation.gradient), value],
    };
    chained(gradient, steps)
}

/// Numbers multiplied, with digits enough to get `value` from them.
pub(super) fn factors(numbers: &[f64], value: f64) -> Math {
    let digits = enough_for(numbers, value, USUAL, |numbers| numbers.iter().product());
    Math::joined(numbers.iter().map(|&number| in_product(number, digits)), "·")
}

/// A number as a factor: a negative one in brackets.
pub(super) fn in_product(value: f64, digits: usize) -> Math {
    let number = number(value, digits);
    if value < 0.0 { number.bracketed() } else { number }
}

fn paths(page: &mut Document, opened: &Opened, wording: &Wording<'_>) {
    let explanation = &opened.explanation;
    page.heading(2, "Path by path");
    let (listed, total) = (explanation.paths.len(), &explanation.total_paths);
    let all = explanation.total_paths.to_string() == listed.to_string();
    let zero = &explanation.zero_paths;
    let zero = if *zero == dashu_count(0) { String::new() } else { format!(", {zero} of them through a factor that is 0") };
    page.say(match all {
        true => format!("There are {total} paths from {} to the cost{zero}; their products add up to the gradient.", opened.name),
        false => format!("There are {total} paths from {} to the cost{zero}. The {listed} largest, found by exact search:", opened.name),
    });
    let many_rows = explanation.rows.len() > 1;
    let mut table = Table::default();
    let heads = ["path", "row", "product", "share"];
    table.head = heads.iter().filter(|head| many_rows || **head != "row").map(|head| vec![words(*head)]).collect();
    table.numbers = if many_rows { vec![1, 2, 3] } else { vec![1, 2] };
    for path in &explanation.paths {
        let mut row = vec![vec![Inline::Math(route(path, wording))]];
        if many_rows {
            row.push(vec![words(path.row.to_string())]);
        }
        row.push(vec![Inline::Math(number(path.product, USUAL))]);
        row.push(vec![words(share(path.share))]);
        table.rows.push(row);
    }
    let mut last = |name: String, value: f64, part: Option<f64>| {
        let mut row = vec![vec![words(name)]];
        if many_rows {
            row.push(Vec::new());
        }
        row.push(vec![Inline::Math(number(value, USUAL))]);
        row.push(vec![words(share(part))]);
        table.rows.push(row);
    };
    let whole = explanation.gradient;
    let part = |value: f64| (whole != 0.0).then(|| value / whole);
    if !all {
        let others = &explanation.total_paths - dashu_count(listed);
        last(format!("the other {others}"), explanation.rest, part(explanation.rest));
    }
    last("sum".into(), whole, part(whole));
    page.blocks.push(Block::Table(table));
    for (i, path) in explanation.paths.iter().take(WRITTEN_OUT).enumerate() {
        page.heading(3, format!("Path {}", i + 1));
        let mut equations: Vec<Equation> = path.factors.iter().map(|factor| equation(factor, wording)).collect();
        let numbers: Vec<f64> = path.factors.iter().map(|factor| factor.value).collect();
        equations.push(chained(Math::text("product"), vec![factors(&numbers, path.product), number(path.product, USUAL)]));
        page.equations(equations);
    }
}

fn dashu_count(n: usize) -> backlit_engine::explain::Count {
    backlit_engine::explain::Count::from(n)
}

/// z₁ → a₁ → z₂ …: the places a path goes through, from the target to the cost.
fn route(path: &Path, wording: &Wording<'_>) -> Math {
    let places = path.factors.iter().rev().filter_map(|factor| match factor.what {
        What::Local { of, .. } => Some(wording.thing(wording.at(of))),
        _ => None,
    });
    Math::joined(places, "→")
}

fn share(share: Option<f64>) -> String {
    share.map_or("–".into(), |share| format!("{} %", said(100.0 * share, 4)))
}

fn by_row(page: &mut Document, opened: &Opened) {
    let explanation = &opened.explanation;
    page.heading(2, "Row by row");
    page.say("Who pulls which way: what each row adds to the gradient of the mean, the largest first:");
    let mut table = Table { head: ["row", "adds", "share"].map(|head| vec![words(head)]).to_vec(), ..Table::default() };
    table.numbers = vec![0, 1, 2];
    let line = |name: String, adds: f64, part: Option<f64>| {
        vec![vec![words(name)], vec![Inline::Math(number(adds, USUAL))], vec![words(share(part))]]
    };
    let (shown, others) = explanation.by_row.split_at(explanation.by_row.len().min(ROWS));
    table.rows = shown.iter().map(|row| line(row.row.to_string(), row.adds, row.share)).collect();
    let sum = |rows: &[backlit_engine::explain::RowShare]| rows.iter().fold(0.0, |sum, row| sum + row.adds);
    if !others.is_empty() {
        let rest = explanation.gradient - sum(shown);
        let part = (explanation.gradient != 0.0).then(|| rest / explanation.gradient);
        table.rows.push(line(format!("the other {}", others.len()), rest, part));
    }
    table.rows.push(line("sum".into(), explanation.gradient, Some(1.0)));
    page.blocks.push(Block::Table(table));
    let against = explanation.by_row.iter().filter(|row| row.adds * explanation.gradient < 0.0).count();
    page.say(format!("{against} of the {} rows pull the other way.", explanation.by_row.len()));
}

/// In words, the number that makes a factor what it is.
pub(super) fn reason(stop: &Stop, wording: &Wording<'_>) -> String {
    let value = said(stop.factor.value, USUAL);
    let (of, by) = match stop.factor.what {
        What::Local { of, by } => (of, by),
        _ => return value,
    };
    let (of, by) = (wording.at(of), wording.at(by));
    let z = stop.because.map_or(f64::NAN, |(_, number)| number);
    let called = |thing: Thing| unicode(&wording.thing(thing));
    match (of, by) {
        (Thing::Activation { layer, unit }, Thing::PreActivation { .. }) => {
            let activation = &wording.subject.names.activations[layer - 1];
            // A slope of 0 on a flat side, or one that is too small for a number.
            let graph = &wording.subject.built.graph;
            let node = wording.subject.built.layers[layer - 1].a;
            let has_sides = graph.operation_at(node).is_some_and(|op| !op.about().kinks.is_empty());
            let state = if stop.factor.value == 0.0 && has_sides { "is off" } else { "is saturated" };
            format!(
                "unit {unit} of layer {layer} {state} for this row: the slope of {activation} is {value} at {} = {}",
                called(by),
                said(z, USUAL)
            )
        }
        (Thing::Input(_), Thing::Embedding { table, level, .. }) => {
            let names = &wording.subject.names.columns;
            let column = &names[names.len() - wording.subject.built.tables.len() + table - 1];
            format!("this row is of another level: {column} has the code {}, not {level}", said(z, USUAL))
        }
        (Thing::PreActivation { .. }, Thing::Weight { .. }) => {
            let what = match stop.factor.letters.first().map(|letter| &letter.stands_for) {
                Some(StandsFor::Place(place)) => called(wording.at(*place)),
                _ => "what goes in".into(),
            };
            format!("the number that the weight multiplies is {value}: {what} = {value} for this row")
        }
        (Thing::PreActivation { .. }, Thing::Activation { .. } | Thing::Input(_)) => {
            let what = match stop.factor.letters.first().map(|letter| &letter.stands_for) {
                Some(StandsFor::Place(place)) => called(wording.at(*place)),
                _ => "a weight".into(),
            };
            format!("a weight on the way is {value}: {what} = {value}")
        }
        (Thing::Activation { layer, unit }, Thing::Part { .. }) => {
            let activation = &wording.subject.names.activations[layer - 1];
            format!("unit {unit} of layer {layer}: the slope of {activation} is {value} at {} = {}", called(by), said(z, USUAL))
        }
        (_, Thing::Term(_)) => format!("the weight of the row is {value}"),
        (Thing::Cost | Thing::Term(_), _) => {
            format!("the loss has slope {value} here: the prediction is {}, as the target wants it", said(z, USUAL))
        }
        _ => format!("the factor is {value}"),
    }
}

fn why(page: &mut Document, opened: &Opened, wording: &Wording<'_>) {
    let Some(why) = &opened.explanation.why else { return };
    let zero = opened.explanation.gradient == 0.0;
    page.heading(2, if zero { "Why it is zero" } else { "Why it is tiny" });
    if why.cancels {
        let size = said(opened.explanation.size, USUAL);
        page.say(format!("No factor is small: the paths have {size} together in size, and cancel."));
        return;
    }
    if zero
        && let Some(level) = wording.subject.level(opened)
        && !wording.subject.occurs(opened)
    {
        let rows = if opened.explanation.rows.len() == 1 { "this row" } else { "any of these rows" };
        page.say(format!("{level} does not occur in {rows}, so its numbers move nothing: the gradient is 0."));
    }
    if why.stops.is_empty() {
        page.say("No single factor is to blame: many factors below 1 multiply.");
        return;
    }
    let points = why.stops.iter().map(|stop| {
        vec![
            Inline::Math(wording.symbol(&stop.factor)),
            words(" = "),
            Inline::Math(number(stop.factor.value, USUAL)),
            words(format!(": {}.", reason(stop, wording))),
        ]
    });
    page.blocks.push(Block::List(points.collect()));
}

/// Symbol, formula and formula with numbers of one line of an optimizer's rule.
pub(crate) fn update_line(line: &WorkedLine, opened: &Opened, wording: &Wording<'_>) -> (Math, Math, Math) {
    let target = wording.thing(wording.at(opened.explanation.place));
    let gradient = wording.gradient(opened.explanation.place);
    let letter = |name: &str| match name {
        "theta" => target.clone(),
        "theta_new" => target.clone().above(Math::Sign("+")),
        "g" => gradient.clone(),
        name => symbol(name),
    };
    let digits = opened.update.as_ref().map_or(USUAL, |update| update.digits);
    (letter(line.symbol), typeset(&line.formula, &letter), numbers(&line.formula, line, digits))
}

fn numbers(formula: &Formula, line: &WorkedLine, digits: usize) -> Math {
    let letters: Vec<(&str, f64)> = line.letters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    with_numbers(formula, &letters, line.value, digits)
}

/// `beta1` is β₁, `m0` is m₀, `weight_decay` is λ, `m_hat` is m with an index.
fn symbol(name: &str) -> Math {
    let (word, index) = name.split_once('_').unwrap_or((name, ""));
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &word[stem.len()..];
    match name {
        "weight_decay" => return Math::letter("λ"),
        "size" => return Math::letter("‖g‖"),
        "eta_base" => return Math::letter("η").below(Math::letter("base")),
        _ => {}
    }
    if greek(name) != name {
        return Math::letter(greek(name));
    }
    let base = Math::letter(greek(stem));
    match (digits, index) {
        ("", "") => base,
        (digits, "") => base.below(Math::Number(digits.into())),
        ("", index) => base.below(Math::letter(index)),
        (digits, index) => base.below(Math::Row(vec![Math::letter(index), Math::Sign(","), Math::Number(digits.into())])),
    }
}

/// `0.01`, or `0.01 · 0.04 = 0.0004` where a schedule changes it.
pub(super) fn rate_said(update: &Update) -> String {
    match update.lead.factor {
        None => format!("{}", update.learning_rate),
        Some(factor) => {
            format!("{} · {} = {}", said(update.base_rate, USUAL), said(factor, USUAL), said(update.learning_rate, USUAL))
        }
    }
}

fn update(page: &mut Document, opened: &Opened, wording: &Wording<'_>) {
    let Some(update) = &opened.update else { return };
    page.heading(2, "From the gradient to the new value");
    if update.frozen {
        page.say(format!("{} is frozen: it keeps its value, whatever its gradient.", opened.name));
        return;
    }
    page.say(format!("The first step of {} with learning rate {} on this gradient:", update.optimizer, rate_said(update)));
    update.says.iter().for_each(|said| page.say(said.clone()));
    let lines = update.lines.iter().map(|line| {
        let (symbol, formula, substituted) = update_line(line, opened, wording);
        let mut equation = chained(symbol, vec![formula, substituted, number(line.value, update.digits)]);
        equation.note = vec![words(line.meaning)];
        equation
    });
    page.equations(lines.collect::<Vec<_>>());
}

/// `− 3`, or `+ 3` of −3.
fn less(value: f64) -> String {
    format!("{} {}", if value < 0.0 { "+" } else { "−" }, said(value.abs(), USUAL))
}

/// A difference in its first digits.
pub(super) fn difference(value: f64) -> String {
    unicode(&Math::Number(format!("{value:.1e}")))
}

/// Why a column is 0.
pub(super) fn whatever_stands_there(mean: f64) -> String {
    format!("whatever stands there: it was constant in the rows trained on, {} in each", said(mean, USUAL))
}

/// How a raw cell becomes an input.
fn seen_as(page: &mut Document, column: &Column) {
    let (name, less, scale) = (&column.name, less(column.mean), said(column.scale, USUAL));
    if column.is_silent() {
        page.say(format!("The network sees {name} as 0, {}.", whatever_stands_there(column.mean)));
        return;
    }
    if column.scaling == Scaling::Standard {
        page.say(format!("The network sees {name} as ({name} {less}) / {scale}."));
        return;
    }
    page.say(format!(
        "The network sees {name} as u/√(1 + (u/3)²), u = ({name} {less}) / {scale}: its distance from the median, measured by that between \
         the quartiles, bent so that it stays between −3 and 3."
    ));
    if let (Some(value), Some(u)) = (column.value, column.moved()) {
        let (value, slope, seen) = (said(value, USUAL), said(column.scaling.slope(u), USUAL), said(column.scaling.bent(u), USUAL));
        let u = said(u, USUAL);
        page.say(format!(
            "Here {name} = {value} gives u = {u}, which is seen as {seen}; the slope there is (1 + (u/3)²)^(−3/2) = {slope}."
        ));
    }
}

fn units(page: &mut Document, opened: &Opened, wording: &Wording<'_>) {
    let units = &opened.units;
    if units.is_empty() {
        return;
    }
    page.heading(2, "In the columns' own units");
    if let Some(column) = &units.input {
        seen_as(page, column);
        let name = || Math::text(column.name.clone());
        let cost = wording.thing(Thing::Cost);
        let seen = wording.thing(wording.at(opened.explanation.place));
        if let Some(per_unit) = units.per_unit {
            let chain = Math::joined([wording.gradient(opened.explanation.place), Math::partial(seen, name())], "·");
            let slope = column.moved().map(|u| column.scaling.slope(u)).filter(|_| column.scaling != Scaling::Standard);
            let is_silent = column.is_silent();
            let above = Math::joined(
                [Some(number(opened.explanation.gradient, USUAL)), slope.map(|slope| number(slope, USUAL))].into_iter().flatten(),
                "·",
            );
            let divided = above.over(number(column.scale, USUAL));
            let divided = Some(divided).filter(|_| !is_silent && (column.scaling == Scaling::Standard || slope.is_some()));
            page.equations([chained(
                Math::partial(cost, name()),
                [Some(chain), divided, Some(number(per_unit, USUAL))].into_iter().flatten().collect(),
            )]);
            let (rate, unit) = match (units.cost_factor, units.targets.as_slice()) {
                (Some(factor), [target]) => (per_unit * factor, format!(" {}{}", target.name, units.power())),
                _ => (per_unit, String::new()),
            };
            page.say(format!("One more {} changes the cost at the rate of {}{unit} for each unit.", column.name, said(rate, USUAL)));
        } else if column.scaling == Scaling::Standard
            && !column.is_silent()
            && matches!(wording.at(opened.explanation.place), Thing::Weight { .. })
        {
            let per_unit = said(opened.explanation.value / column.scale, USUAL);
            page.say(format!("For each unit of {} itself the weight is {per_unit}.", column.name));
        }
    }
    for target in &units.targets {
        page.say(format!(
            "The network predicts ({0} {1}) / {2}; one unit of its output is {2} of {0}.",
            target.name,
            less(target.mean),
            said(target.scale, USUAL)
        ));
    }
    if let (Some(factor), [target]) = (units.cost_factor, units.targets.as_slice()) {
        let power = units.power();
        let gradient = said(units.per_unit.unwrap_or(opened.explanation.gradient) * factor, USUAL);
        page.say(format!("A cost of 1 is {} {}{power}; in that unit the derivative is {gradient}.", said(factor, USUAL), target.name));
    }
}

fn routes(page: &mut Document, opened: &Opened) {
    let routes = &opened.explanation.routes;
    page.heading(2, "Three routes");
    let line = |name: &str, value: f64| vec![vec![words(name)], vec![Inline::Math(Math::Number(format!("{:?}", value + 0.0)))]];
    let mut rows = vec![
        line("factors multiplied, summed over all paths", routes.chain),
        line("backpropagation, as training uses it", routes.backpropagation),
        line("dual numbers, an independent derivative", routes.independent),
    ];
    if let Some(value) = opened.as_trained {
        rows.push(line("backpropagation in f32, as trained (not compared)", value));
    }
    let head = ["route", "derivative"].map(|head| vec![words(head)]).to_vec();
    page.blocks.push(Block::Table(Table { head, rows, numbers: vec![1], ..Table::default() }));
    let within = match routes.largest_relative_difference {
        0.0 => "to the last bit".to_string(),
        apart => format!("within {}", difference(apart)),
    };
    page.paragraph([match (routes.agrees, routes.kink) {
        (true, true) => Inline::Strong("Not differentiable here: the number used is the one that the operation's card states.".into()),
        (true, false) => Inline::Strong(format!("They agree {within}.")),
        (false, _) if !routes.formulas_agree => {
            Inline::Strong("THEY DISAGREE: a printed formula does not give the number that was multiplied.".into())
        }
        (false, _) => {
            Inline::Strong(format!("THEY DISAGREE: largest relative difference {}.", difference(routes.largest_relative_difference)))
        }
    }]);
}
