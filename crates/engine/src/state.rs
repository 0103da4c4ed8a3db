//! What a training knows between two steps, thing by thing, so that it can be written down and put back.
//!
//! Orders of rows and masks are functions of the seed and their place, so they are not among it.

/// Goes through what is known: takes each thing down under its name, which no other has, or puts back what was taken down.
pub trait Ledger<S> {
    /// So many numbers.
    fn vector(&mut self, name: &str, numbers: &mut [S]);

    /// A number; infinite ones too.
    fn number(&mut self, name: &str, number: &mut f64);

    /// A whole number. What is put back is at most `most`.
    fn count(&mut self, name: &str, count: &mut u64, most: u64);

    /// A place, or a count of places.
    fn place(&mut self, name: &str, place: &mut usize, most: usize) {
        let mut count = *place as u64;
        self.count(name, &mut count, most as u64);
        *place = count as usize;
    }

    /// Whether something is so.
    fn truth(&mut self, name: &str, truth: &mut bool) {
        let mut count = u64::from(*truth);
        self.count(name, &mut count, 1);
        *truth = count == 1;
    }
}
