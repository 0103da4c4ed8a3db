//! The numbers of a table's columns, wherever they are.

use super::stored::number;
use super::{Stored, Table, indices};
use crate::error::Error;

/// The columns of a table that is in memory, or of which some stayed in memory and all are in a file.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a> {
    pub table: &'a Table,
    pub stored: Option<&'a Stored>,
    /// How many of the first rows there are for whoever looks.
    pub rows: usize,
}

impl Columns<'_> {
    /// The file, if one of these columns is only there.
    fn file(&self, names: &[String]) -> Option<&Stored> {
        self.stored.filter(|_| names.iter().any(|name| !self.table.columns.contains(name)))
    }

    /// All numbers of a column.
    pub fn take(&self, name: &String) -> Result<Vec<f64>, Error> {
        let mut column = Vec::with_capacity(self.rows);
        self.rows(std::slice::from_ref(name), |_, row| column.push(row[0]))?;
        Ok(column)
    }

    /// Hands on all rows in order, each with its number among them and its numbers of these columns.
    pub fn rows(&self, names: &[String], mut each: impl FnMut(usize, &[f64])) -> Result<(), Error> {
        let (mut line, mut r) = (vec![0.0; names.len()], 0);
        let mut take = |of: &dyn Fn(usize) -> f64, places: &[usize]| {
            line.iter_mut().zip(places).for_each(|(to, &place)| *to = of(place));
            each(r, &line);
            r += 1;
        };
        match self.file(names) {
            Some(stored) => {
                let places = indices(&self.table.source, &stored.columns, names)?;
                stored.first(self.rows, |row| take(&|place| number(row, place), &places))
            }
            None => {
                let places = self.table.indices(names)?;
                let rows = self.table.values.chunks_exact(self.table.columns.len()).take(self.rows);
                rows.for_each(|row| take(&|place| row[place], &places));
                Ok(())
            }
        }
    }

    /// For each of these columns its different numbers in order; of more than two the first three that come.
    pub fn few(&self, names: &[String]) -> Result<Vec<Vec<f64>>, Error> {
        let mut all = vec![Vec::with_capacity(3); names.len()];
        self.rows(names, |_, row| {
            for (found, &x) in all.iter_mut().zip(row).filter(|(found, _)| found.len() < 3) {
                match found.iter_mut().find(|known| **known == x) {
                    // −0 and 0 are one number, the first in order.
                    Some(known) if x.total_cmp(known).is_lt() => *known = x,
                    Some(_) => {}
                    None => found.push(x),
                }
            }
        })?;
        all.iter_mut().for_each(|found| found.sort_by(f64::total_cmp));
        Ok(all)
    }
}
