//! Equations as rows of LaTeX, aligned at their signs.

use super::{Equation, Inline};
use backlit_engine::typeset::{Math, latex};

/// Equations that stand together, and the note that ends them.
pub(super) struct Group<'a> {
    /// The left side, if this line has one, and `= step`.
    pub rows: Vec<(String, String)>,
    pub note: &'a [Inline],
}

/// Equations up to the next note stand together.
pub(super) fn groups(equations: &[Equation]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group> = Vec::new();
    for equation in equations {
        if groups.last().is_none_or(|group| !group.note.is_empty()) {
            groups.push(Group { rows: Vec::new(), note: &[] });
        }
        let group = groups.last_mut().expect("one was added above");
        let mut left = latex(&equation.left);
        for (sign, step) in &equation.steps {
            let step = Math::Row(vec![Math::Sign(sign), step.clone()]);
            group.rows.push((std::mem::take(&mut left), latex(&step).trim_start().to_owned()));
        }
        if equation.steps.is_empty() {
            group.rows.push((left, String::new()));
        }
        group.note = &equation.note;
    }
    groups
}

impl Group<'_> {
    /// As one display: a single line as it is, several in an environment.
    pub(super) fn latex(&self) -> String {
        match &self.rows[..] {
            [(left, step)] => format!("{left} {step}").trim().to_owned(),
            _ => format!("\\begin{{aligned}}\n{}\n\\end{{aligned}}", self.aligned()),
        }
    }

    /// `left &= step \\`, line after line.
    pub(super) fn aligned(&self) -> String {
        self.rows.iter().map(|(left, step)| format!("{left} &{step}")).collect::<Vec<_>>().join(" \\\\\n")
    }
}
