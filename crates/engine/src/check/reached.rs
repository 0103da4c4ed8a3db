//! Which rows a number of a table can move: those of its level. All others have no derivative by it.

use super::Plain;
use crate::graph::{Kind, NodeId};
use crate::op::Op;
use std::ops::Range;

/// For each table that only one operation looks up, and only by data, the rows of each of its lines.
pub(super) struct Reached {
    tables: Vec<Table>,
}

struct Table {
    /// Where it lies in the flat parameters.
    range: Range<usize>,
    /// Numbers in a line.
    columns: usize,
    /// Rows of each line.
    rows: Vec<Vec<u32>>,
}

impl Reached {
    pub fn new(plain: &Plain<'_>) -> Reached {
        let graph = plain.graph;
        let mut tables = Vec::new();
        for node in &graph.nodes[..=plain.cost.0] {
            let Kind::Operation { op, inputs } = &node.kind else { continue };
            for (wrt, &input) in inputs.iter().enumerate() {
                let Kind::Parameter(which) = graph.nodes[input.0].kind else { continue };
                let parameter = &graph.parameters()[which];
                // Another use, be it a penalty's, depends on it in every row.
                if graph.uses(input) == 1
                    && let Some(rows) = rows_of(plain, op.as_ref(), inputs, wrt, parameter.columns)
                {
                    tables.push(Table { range: parameter.start..parameter.start + parameter.size(), columns: parameter.columns, rows });
                }
            }
        }
        Reached { tables }
    }

    /// The rows that can have a derivative by a parameter; none: all.
    pub fn rows(&self, place: usize) -> Option<&[u32]> {
        let table = self.tables.iter().find(|table| table.range.contains(&place))?;
        Some(&table.rows[(place - table.range.start) / table.columns])
    }

    /// How many parameters are numbers of a table.
    pub fn looked_up(&self) -> usize {
        self.tables.iter().map(|table| table.range.len()).sum()
    }
}

/// The rows of each line of a table; none where more than the data decide.
fn rows_of(plain: &Plain<'_>, op: &dyn Op<f64>, inputs: &[NodeId], wrt: usize, columns: usize) -> Option<Vec<Vec<u32>>> {
    let data = |id: &NodeId| match plain.graph.nodes[id.0].kind {
        Kind::Data(which) => Some(Some((which, plain.graph.shape(*id).size()))),
        Kind::Parameter(_) => Some(None),
        _ => None,
    };
    let sources: Vec<Option<(usize, usize)>> = inputs.iter().map(data).collect::<Option<_>>()?;
    let lines = plain.graph.shape(inputs[wrt]).size() / columns;
    let mut rows = vec![Vec::new(); lines];
    for row in 0..plain.rows {
        let line = |source: &Option<(usize, usize)>| source.map_or(&[][..], |(which, width)| &plain.data[which][row * width..][..width]);
        let numbers: Vec<&[f64]> = sources.iter().map(line).collect();
        let taken = op.taken(wrt, &numbers)?;
        if let Some(rows) = rows.get_mut(taken.start / columns) {
            rows.push(row as u32);
        }
    }
    Some(rows)
}
