//! An optimizer's rule in formulas, and a step of one parameter worked through in numbers.
//!
//! Letters: `theta` the parameter before the step, `theta_new` after it, `g` its gradient, `eta` the learning rate,
//! `t` the step counted from 1, each option by its name, and a line's symbol followed by `0` for what it was a step
//! earlier (0 at the first). The kernels compute the same; a test holds the two together.

use crate::clip::Clip;
use crate::formula::{Formula, evaluate, parse};
use crate::optimizers::find;

/// A condition on the options and `t`, which the argument gives by name.
pub type When = fn(&dyn Fn(&str) -> f64) -> bool;

/// A line of an optimizer's rule. The lines are worked in order; the last gives `theta_new`.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// What it defines.
    pub symbol: &'static str,
    /// In the language of [`crate::formula`].
    pub formula: &'static str,
    /// The symbol in words.
    pub meaning: &'static str,
    /// Whether the line is there.
    pub when: When,
    /// What later lines use in place of the symbol when the line is not there; empty: they do without.
    pub otherwise: &'static str,
}

impl Line {
    /// A line that is always there.
    pub(crate) const fn new(symbol: &'static str, formula: &'static str, meaning: &'static str) -> Line {
        Line { symbol, formula, meaning, when: |_| true, otherwise: "" }
    }

    /// There only in some cases.
    pub(crate) const fn when(self, when: When) -> Line {
        Line { when, ..self }
    }

    /// What stands for the symbol in the other cases.
    pub(crate) const fn otherwise(self, otherwise: &'static str) -> Line {
        Line { otherwise, ..self }
    }

    /// g + λθ, with which most rules begin.
    pub(crate) const DECAYED_GRADIENT: Line = Line::new("g_decayed", "g + weight_decay * theta", "gradient with weight decay")
        .when(|of| of("weight_decay") != 0.0)
        .otherwise("g");
}

/// A line with numbers put in.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkedLine {
    /// What it defines; `theta_new` in the last line.
    pub symbol: &'static str,
    /// How.
    pub formula: Formula,
    /// The formula's letters in the order of their first use, each with its value.
    pub letters: Vec<(String, f64)>,
    /// What comes out.
    pub value: f64,
    /// The symbol in words.
    pub meaning: &'static str,
}

/// The last of the steps that an optimizer takes with one parameter, line by line.
///
/// `theta` is the parameter before the *first* step and `gradients` are g₁ … g_t, one a step: with weight decay, what an
/// optimizer remembers depends on where the parameter was. `options` are those given, as for [`crate::optimizers::Entry::create`].
pub fn worked(name: &str, options: &[(String, f64)], learning_rate: f64, theta: f64, gradients: &[f64]) -> Result<Vec<WorkedLine>, String> {
    let entry = find::<f64>(name)?;
    let values = entry.values(options)?;
    let options = entry.options.iter().zip(values).map(|(option, value)| (option.0.to_string(), value));
    let mut fixed: Letters = options.collect();
    fixed.push(("eta".into(), learning_rate));
    let mut before: Letters = vec![("theta_new".into(), theta)];
    let mut lines = Err("a step needs a gradient; none was given".to_string());
    for (i, &gradient) in gradients.iter().enumerate() {
        let mut known = fixed.clone();
        known.extend([("t".into(), (i + 1) as f64), ("g".into(), gradient), ("theta".into(), find_letter(&before, "theta_new"))]);
        known.extend(entry.lines.iter().map(|line| (format!("{}0", line.symbol), find_letter(&before, line.symbol))));
        lines = step(entry.lines, &mut known, Vec::new());
        before = known;
    }
    lines
}

/// What rate and gradient go through before the rule: `eta_base` the base rate, `factor` the schedule's, `clip_value` and `clip_norm`
/// the bounds, `size` the norm ‖g‖₂ of the whole gradient, each of its numbers bounded before. See [`crate::clip`].
const BEFORE: [Line; 3] = [
    Line::new("eta", "eta_base * factor", "learning rate of the first step").when(|of| of("is_led") != 0.0),
    Line::new("g_bounded", "min(max(g, -clip_value), clip_value)", "gradient clipped by value")
        .when(|of| of("clip_value") != 0.0)
        .otherwise("g"),
    Line::new("g_clipped", "g_bounded * min(1, clip_norm / (size + 0.000001))", "gradient clipped by the norm of the whole")
        .when(|of| of("clip_norm") != 0.0)
        .otherwise("g_bounded"),
];

/// What leads a first step besides the optimizer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lead {
    /// By what a schedule multiplies the rate; none: there is no schedule.
    pub factor: Option<f64>,
    /// What the gradient is bounded by.
    pub clip: Clip,
    /// ‖g‖₂ of the whole gradient, each of its numbers bounded before, where it is bounded by norm.
    pub size: f64,
}

/// The first step that an optimizer takes with one parameter, from the base rate and the gradient as it is, line by line.
pub fn worked_first(
    name: &str,
    options: &[(String, f64)],
    learning_rate: f64,
    theta: f64,
    gradient: f64,
    lead: &Lead,
) -> Result<Vec<WorkedLine>, String> {
    let entry = find::<f64>(name)?;
    let values = entry.values(options)?;
    let mut known: Letters = entry.options.iter().zip(values).map(|(option, value)| (option.0.to_string(), value)).collect();
    let led = [("is_led", 1.0), ("eta_base", learning_rate), ("factor", lead.factor.unwrap_or(1.0))];
    known.extend(led.into_iter().filter(|_| lead.factor.is_some()).map(|(letter, value)| (letter.to_string(), value)));
    let bounds = [("clip_value", lead.clip.value), ("clip_norm", lead.clip.norm), ("size", lead.clip.norm.map(|_| lead.size))];
    known.extend(bounds.into_iter().filter_map(|(letter, value)| Some((letter.to_string(), value?))));
    known.extend([("eta", learning_rate), ("t", 1.0), ("g", gradient), ("theta", theta)].map(|(letter, value)| (letter.into(), value)));
    known.extend(entry.lines.iter().map(|line| (format!("{}0", line.symbol), if line.symbol == "theta_new" { theta } else { 0.0 })));
    let mut lines = step(&BEFORE, &mut known, Vec::new())?;
    let clipped = lines.iter().rev().find(|line| line.symbol != "eta").map(|line| line.symbol);
    if let Some(symbol) = clipped {
        let value = find_letter(&known, symbol);
        set(&mut known, "g", value);
    }
    lines.extend(step(entry.lines, &mut known, clipped.map(|symbol| ("g", symbol.to_string())).into_iter().collect())?);
    Ok(lines)
}

type Letters = Vec<(String, f64)>;

/// The letter's value; 0 for what was never set, as for memory before the first step.
fn find_letter(letters: &[(String, f64)], name: &str) -> f64 {
    letters.iter().find(|(letter, _)| letter == name).map_or(0.0, |letter| letter.1)
}

fn set(letters: &mut Letters, name: &str, value: f64) {
    letters.retain(|(letter, _)| letter != name);
    letters.push((name.into(), value));
}

/// Works the lines in order and adds their symbols to what is known. `stand_ins`: what stands in the place of letters.
fn step(lines: &[Line], known: &mut Letters, mut stand_ins: Vec<(&str, String)>) -> Result<Vec<WorkedLine>, String> {
    let mut worked = Vec::new();
    for line in lines {
        let stand_in = |name: &str| stand_ins.iter().find(|(symbol, _)| *symbol == name).map(|(_, other)| other.clone());
        if (line.when)(&|name| find_letter(known, name)) {
            let mut formula = parse(line.formula).map_err(|error| format!("{}: {error}", line.formula))?;
            let mut letters: Letters = Vec::new();
            each_letter(&mut formula, &mut |letter| {
                *letter = stand_in(letter).unwrap_or_else(|| letter.clone());
                if !letters.iter().any(|(seen, _)| seen == letter) {
                    letters.extend(known.iter().find(|(name, _)| name == letter).cloned());
                }
            });
            let bound: Vec<(&str, f64)> = letters.iter().map(|(letter, value)| (letter.as_str(), *value)).collect();
            let value = evaluate(&formula, &bound).map_err(|error| format!("{}: {error}", line.formula))?;
            set(known, line.symbol, value);
            stand_ins.retain(|(symbol, _)| *symbol != line.symbol);
            worked.push(WorkedLine { symbol: line.symbol, formula, letters, value, meaning: line.meaning });
        } else if !line.otherwise.is_empty() {
            let other = stand_in(line.otherwise).unwrap_or_else(|| line.otherwise.into());
            set(known, line.symbol, find_letter(known, &other));
            stand_ins.push((line.symbol, other));
        }
    }
    Ok(worked)
}

/// Shows every letter of the formula, from left to right, as often as it stands there.
pub(crate) fn each_letter(formula: &mut Formula, see: &mut impl FnMut(&mut String)) {
    match formula {
        Formula::Constant(_) => {}
        Formula::Variable(name) => see(name),
        Formula::Negative(inner) | Formula::Apply(_, inner) => each_letter(inner, see),
        Formula::Arithmetic(_, left, right) | Formula::Max(left, right) | Formula::Min(left, right) => {
            each_letter(left, see);
            each_letter(right, see);
        }
        Formula::Where(condition, then, otherwise) => {
            for part in [&mut condition.left, &mut condition.right, then, otherwise] {
                each_letter(part, see);
            }
        }
    }
}
