//! In which order an epoch goes through the rows.

use crate::random::{Purpose, Random};
use crate::step::Rows;
use std::sync::{Arc, Mutex, PoisonError};

/// The order of several trainings over the same rows, each of which leaves out those of its own fold: they go through the others in one
/// order, so that a row comes up in all of them at about the same step.
#[derive(Debug)]
pub struct Orders<'a> {
    /// For each row the fold it is in.
    fold_of: &'a [u32],
    /// Decides every order.
    seed: u64,
    /// The last one that was asked for, and its epoch.
    last: Mutex<(u64, Arc<Vec<u32>>)>,
}

impl<'a> Orders<'a> {
    /// `fold_of`: for each row the fold it is in; `seed`: decides every order
    pub fn new(fold_of: &'a [u32], seed: u64) -> Orders<'a> {
        Orders { fold_of, seed, last: Mutex::default() }
    }

    /// How many rows a training has that leaves out this fold.
    pub fn rows_without(&self, fold: u32) -> usize {
        self.fold_of.iter().filter(|of| **of != fold).count()
    }

    /// The order of an epoch. The place of the last one is taken, where nobody goes through that any more.
    fn of_epoch(&self, epoch: u64) -> Arc<Vec<u32>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, order) = &mut *last;
        if order.is_empty() || *known != epoch {
            if Arc::get_mut(order).is_none() {
                *order = Arc::default();
            }
            if let Some(order) = Arc::get_mut(order) {
                order.clear();
                order.extend(0..self.fold_of.len() as u32);
                Random::new(self.seed, Purpose::Shuffle, epoch).shuffle(order);
            }
            *known = epoch;
        }
        order.clone()
    }
}

/// The order of one training.
pub(crate) enum Order<'a> {
    /// As the rows stand.
    Plain,
    /// A new one in each epoch.
    Own(Vec<u32>),
    /// That of several trainings.
    Common(Common<'a>),
}

impl<'a> Order<'a> {
    /// Of so many rows.
    pub fn new(rows: usize, is_shuffled: bool) -> Order<'a> {
        if is_shuffled { Order::Own((0..rows as u32).collect()) } else { Order::Plain }
    }

    /// One of several, for batches of so many rows.
    pub fn common(orders: &'a Orders<'a>, fold: u32, is_shuffled: bool, batch: usize) -> Order<'a> {
        Order::Common(Common { orders, fold, is_shuffled, order: None, batch: Vec::with_capacity(batch), first: 0, next: 0 })
    }

    /// Takes the order of an epoch.
    #[inline(always)]
    pub fn begin(&mut self, seed: u64, epoch: u64) {
        if !matches!(self, Order::Plain) {
            self.take(seed, epoch);
        }
    }

    /// The same where there is something to do: apart, so that a plain epoch of one step is not kept waiting.
    #[inline(never)]
    fn take(&mut self, seed: u64, epoch: u64) {
        match self {
            Order::Own(order) => {
                order.iter_mut().zip(0..).for_each(|(place, row)| *place = row);
                Random::new(seed, Purpose::Shuffle, epoch).shuffle(order);
            }
            Order::Common(common) if common.is_shuffled => {
                // Given back first, so that it can be the place of the new one.
                common.order = None;
                common.order = Some(common.orders.of_epoch(epoch));
                common.rewind();
            }
            Order::Common(_) | Order::Plain => {}
        }
    }

    /// The rows first .. first + count of the epoch, of `all`.
    #[inline(always)]
    pub fn rows(&mut self, all: usize, first: usize, count: usize) -> Rows<'_> {
        match self {
            Order::Own(order) if count < all => Rows::Picked(&order[first..first + count]),
            Order::Common(common) => Rows::Picked(common.rows(first, count)),
            _ => Rows::From(first, count),
        }
    }
}

/// One training's share of a common order.
pub(crate) struct Common<'a> {
    orders: &'a Orders<'a>,
    /// The fold left out.
    fold: u32,
    is_shuffled: bool,
    /// Of the epoch; none: as the rows stand.
    order: Option<Arc<Vec<u32>>>,
    /// The last batch: its rows, and how many of the epoch came before it.
    batch: Vec<u32>,
    first: usize,
    /// The place behind it in the common order.
    next: usize,
}

impl Common<'_> {
    /// To the epoch's first row.
    fn rewind(&mut self) {
        self.batch.clear();
        (self.first, self.next) = (0, 0);
    }

    #[inline(never)]
    fn rows(&mut self, first: usize, count: usize) -> &[u32] {
        if (first, count) != (self.first, self.batch.len()) {
            if first != self.first + self.batch.len() {
                self.rewind();
                (0..first).for_each(|_| _ = self.row());
            }
            self.batch.clear();
            for _ in 0..count {
                let row = self.row();
                self.batch.extend(row);
            }
            self.first = first;
        }
        &self.batch
    }

    /// The next one that is not left out.
    fn row(&mut self) -> Option<u32> {
        let fold_of = self.orders.fold_of;
        while self.next < fold_of.len() {
            let row = self.order.as_ref().map_or(self.next as u32, |order| order[self.next]);
            self.next += 1;
            if fold_of[row as usize] != self.fold {
                return Some(row);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each training goes through is the common order without its fold, wherever a batch begins; and nothing is kept of an epoch
    /// before.
    #[test]
    fn each_goes_through_the_others_in_one_order() {
        let fold_of: Vec<u32> = (0..97).map(|row| row * 7 % 3).collect();
        let orders = Orders::new(&fold_of, 5);
        let mut seen = Vec::new();
        for epoch in [0, 1, 1, 0, 7] {
            let mut whole: Vec<u32> = (0..97).collect();
            Random::new(5, Purpose::Shuffle, epoch).shuffle(&mut whole);
            for fold in 0..3 {
                let want: Vec<u32> = whole.iter().copied().filter(|&row| fold_of[row as usize] != fold).collect();
                assert_eq!(orders.rows_without(fold), want.len());
                let mut order = Order::common(&orders, fold, true, 10);
                order.begin(99, epoch);
                for first in [0, 10, 20, 20, 50, 10, 0, 3, want.len() - 10] {
                    let Rows::Picked(rows) = order.rows(want.len(), first, 10) else { panic!("picked") };
                    assert_eq!(rows, &want[first..first + 10], "epoch {epoch}, fold {fold}, from {first}");
                }
                let mut plain = Order::common(&orders, fold, false, 97);
                plain.begin(99, epoch);
                let rows = plain.rows(want.len(), 0, want.len());
                let rows: Vec<u32> = (0..rows.len()).map(|r| rows.number(r) as u32).collect();
                assert!(rows.is_sorted() && rows.iter().all(|&row| fold_of[row as usize] != fold) && rows.len() == want.len());
            }
            seen.push(whole);
        }
        assert_ne!(seen[0], seen[1]);
    }

    /// An epoch that nobody goes through any more leaves its place to the next one.
    #[test]
    fn an_order_takes_the_place_of_the_last() {
        let fold_of = vec![0; 1000];
        let orders = Orders::new(&fold_of, 1);
        let mut order = Order::common(&orders, 1, true, 10);
        let place = |order: &Order<'_>| match order {
            Order::Common(Common { order: Some(order), .. }) => order.as_ptr(),
            _ => panic!("an order"),
        };
        order.begin(0, 0);
        let first = place(&order);
        order.begin(0, 1);
        assert_eq!(place(&order), first);
    }
}
