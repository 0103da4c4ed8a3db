//! The rows of a batch: where they come from, and their copy in a block, number after number.

use crate::Scalar;
use crate::plan::Plan;
use crate::random::Random;
use backlit_kernels::product::transpose;
use std::ops::Range;

/// Rows of numbers for each data node, and where they are.
#[derive(Clone, Copy)]
pub enum Data<'a, S> {
    /// In memory: one slice for each data node, rows × width.
    Slices(&'a [&'a [S]]),
    /// Elsewhere.
    Source(&'a dyn Source<S>),
}

/// Rows that are not all in memory. Several threads ask at a time.
pub trait Source<S>: Sync {
    /// Puts the numbers of some rows of a data node, counted from 0, into `panel`: width × rows, without allocating once it has met a batch
    /// as large. What cannot be read becomes NaN, so that the training ends; the source knows why.
    fn load(&self, node: usize, rows: Rows<'_>, panel: &mut [S]);
}

/// The rows of a batch, and where they come from.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a, S> {
    pub data: Data<'a, S>,
    pub rows: Rows<'a>,
    /// Whether the runner's last batch had the same rows of the same data.
    pub again: bool,
    /// What masks are drawn by; none: they are 1.
    pub draw: Option<Draw>,
}

/// What masks are drawn by, beside layer and row.
#[derive(Clone, Copy)]
pub(crate) struct Draw {
    pub seed: u64,
    pub epoch: u64,
}

/// Which rows.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// The first one's number, and how many from there on.
    From(usize, usize),
    /// These, in this order.
    Picked(&'a [u32]),
}

impl<'a> Rows<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Rows::From(_, count) => *count,
            Rows::Picked(order) => order.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some of them, by their places.
    fn part(self, places: Range<usize>) -> Rows<'a> {
        match self {
            Rows::From(first, _) => Rows::From(first + places.start, places.len()),
            Rows::Picked(order) => Rows::Picked(&order[places]),
        }
    }

    /// The number in the data of the `r`-th row.
    #[inline(always)]
    pub fn number(&self, r: usize) -> usize {
        match self {
            Rows::From(first, _) => first + r,
            Rows::Picked(order) => order[r] as usize,
        }
    }
}

impl<'a, S: Scalar> Batch<'a, S> {
    pub fn all(data: Data<'a, S>, rows: usize) -> Batch<'a, S> {
        Batch { data, rows: Rows::From(0, rows), again: false, draw: None }
    }

    /// Draws the masks of the rows `rows` of the batch.
    pub fn draw(&self, plan: &Plan<S>, rows: Range<usize>, panel: &mut [S]) {
        let n = rows.len();
        for place in &plan.masks {
            let panel = &mut panel[place.offset * n..][..place.width * n];
            let Some(Draw { seed, epoch }) = self.draw else {
                panel.fill(S::ONE);
                continue;
            };
            let kept = S::from_f64(1.0 / (1.0 - place.mask.rate));
            // Struck out below this.
            let rate = (place.mask.rate * 2f64.powi(32)) as u32;
            for (r, row) in rows.clone().enumerate() {
                let mut random = Random::mask(seed, epoch, place.mask.layer, self.rows.number(row) as u32);
                for k in 0..place.width {
                    panel[k * n + r] = if random.next_u32() < rate { S::ZERO } else { kept };
                }
            }
        }
    }

    /// Copies the rows `rows` of the batch into a block's panel.
    pub fn load(&self, plan: &Plan<S>, rows: Range<usize>, panel: &mut [S]) {
        let n = rows.len();
        for place in &plan.data {
            let width = place.width;
            let (before, by_row) = match place.by_row {
                Some(offset) => panel.split_at_mut(offset * n),
                None => (&mut *panel, &mut [][..]),
            };
            let panel = &mut before[place.offset * n..][..width * n];
            let data = match self.data {
                Data::Slices(slices) => slices[place.which],
                Data::Source(source) => {
                    source.load(place.which, self.rows.part(rows.clone()), panel);
                    if place.by_row.is_some() {
                        transpose(width, n, panel, n, &mut by_row[..n * width], width);
                    }
                    continue;
                }
            };
            match (self.rows, place.by_row) {
                (Rows::From(first, _), None) => transpose(n, width, &data[(first + rows.start) * width..][..n * width], width, panel, n),
                (_, None) => {
                    for (r, row) in rows.clone().enumerate() {
                        let numbers = &data[self.rows.number(row) * width..][..width];
                        numbers.iter().enumerate().for_each(|(i, &number)| panel[i * n + r] = number);
                    }
                }
                (_, Some(_)) => {
                    let by_row = &mut by_row[..n * width];
                    for (to, row) in by_row.chunks_exact_mut(width).zip(rows.clone()) {
                        to.copy_from_slice(&data[self.rows.number(row) * width..][..width]);
                    }
                    transpose(n, width, by_row, width, panel, n);
                }
            }
        }
    }
}
