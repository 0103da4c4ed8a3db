//! L-BFGS: Newton's direction as the last steps tell it, and along it a point that meets the strong Wolfe conditions.
//!
//! Letters: θ parameters, g gradient, d direction, α step length, η the first length tried; of the last `history` steps s = αd
//! and y, the change of g; ρ = 1 / yᵀs. d = −Hg by the two-loop recursion from H₀ = yᵀs / yᵀy. The first step tries η min(1, 1/‖g‖₁).
//! Source: Nocedal, Mathematics of Computation 35, 1980; Nocedal and Wright, Numerical Optimization, 2006, algorithms 3.5, 3.6
//! and 7.4, as in PyTorch's LBFGS.
//!
//! A step is of all rows and costs a gradient for each length tried, mostly one.

use super::{Entry, MOST_MEMORY, Move, Optimizer, sgd};
use crate::Scalar;
use crate::state::Ledger;
use backlit_kernels::sum::dot;

pub(super) fn entry<S: Scalar>() -> Entry<S> {
    Entry {
        name: "lbfgs",
        learning_rate: 1.0,
        options: &[("history", 10.0)],
        make: |options, parameters| Box::new(Lbfgs::new(options[0] as usize, parameters)),
        // What a step does to a parameter depends on all of them.
        lines: &[],
    }
}

/// The cost falls by at least this share of what its slope promises,
const C1: f64 = 1e-4;
/// and the slope to at most this share of itself.
const C2: f64 = 0.9;
/// Most lengths tried behind the first.
const MOST_TRIALS: usize = 25;
/// A stretch in which no parameter moves by more is not searched further.
const NARROW: f64 = 1e-9;
/// yᵀs below which a step tells nothing of the curvature.
const FLAT: f64 = 1e-10;

/// Cost and gradient at some parameters: writes the gradient, 0 where nothing is updated, and gives the cost.
pub type Evaluate<'a, S> = &'a mut dyn FnMut(&[S], &mut [S]) -> f64;

/// The state of the search; all vectors are of the length of the flat parameters.
pub struct Lbfgs<S> {
    /// s and y of the last steps, the newest at `newest`.
    steps: Vec<(Vec<S>, Vec<S>)>,
    rho: Vec<f64>,
    a: Vec<f64>,
    newest: usize,
    known: usize,
    h0: f64,
    d: Vec<S>,
    /// The gradient at the parameters, at both ends of a bracket, and a new one.
    gradients: [Vec<S>; 4],
    current: usize,
    /// The cost at the parameters, whose gradient is then known too.
    cost: Option<f64>,
    is_first: bool,
    /// Whether the last step went down the gradient of a known cost and changed nothing.
    has_stalled: bool,
    /// For whoever moves parameters one by one: the gradient's own direction.
    plain: Box<dyn Optimizer<S>>,
}

/// A length that was tried: α, cost, slope gᵀd, and where its gradient is.
#[derive(Clone, Copy)]
struct Point {
    t: f64,
    f: f64,
    slope: f64,
    slot: usize,
}

impl<S: Scalar> Lbfgs<S> {
    fn new(history: usize, parameters: usize) -> Lbfgs<S> {
        let numbers = || vec![S::ZERO; parameters];
        Lbfgs {
            steps: (0..history).map(|_| (numbers(), numbers())).collect(),
            rho: vec![0.0; history],
            a: vec![0.0; history],
            newest: 0,
            known: 0,
            h0: 1.0,
            d: numbers(),
            gradients: std::array::from_fn(|_| numbers()),
            current: 0,
            cost: None,
            is_first: true,
            has_stalled: false,
            plain: (sgd::entry::<S>().make)(&[0.0; 4], parameters),
        }
    }

    /// Writes into `new` where the search from `old` ends; gives the cost at `old`, and whether every new number is finite.
    /// `is_known`: `old` is where the last step ended, and the cost is the same function: of the same rows, under the same masks.
    pub fn step(&mut self, rate: f64, is_known: bool, old: &[S], new: &mut [S], evaluate: Evaluate<'_, S>) -> (f64, bool) {
        let is_plain = self.known == 0;
        let cost = match self.cost.take().filter(|_| is_known) {
            Some(cost) => cost,
            None => evaluate(old, &mut self.gradients[self.current]),
        };
        if !cost.is_finite() {
            return (cost, false);
        }
        self.direct();
        let g = &self.gradients[self.current];
        let slope = dot(g, &self.d);
        let size: f64 = g.iter().map(|g| g.to_f64().abs()).sum();
        let first = if self.is_first { rate * (1.0 / size).min(1.0) } else { rate };
        self.is_first = false;
        let start = Point { t: 0.0, f: cost, slope, slot: self.current };
        // Where the gradient is 0, or not finite, there is nowhere to go.
        let end = if slope < 0.0 { self.search(first, start, old, new, evaluate) } else { start };
        self.put(old, end.t, new);
        let is_still = new == old;
        // Where a schedule holds the rate at 0 nothing was tried.
        self.has_stalled = is_still && is_plain && is_known && rate > 0.0;
        match is_still {
            // What is known may mislead: the next step goes down the gradient.
            true => self.known = 0,
            false => self.remember(end),
        }
        (self.current, self.cost) = (end.slot, Some(end.f));
        (cost, slope.is_finite() && new.iter().all(|parameter| parameter.is_finite()))
    }

    /// Whether no further step of the same cost would change anything.
    pub fn has_stalled(&self) -> bool {
        self.has_stalled
    }

    /// d = −Hg
    fn direct(&mut self) {
        let count = self.steps.len();
        let place = |age: usize| (self.newest + count - age) % count;
        for (d, g) in self.d.iter_mut().zip(&self.gradients[self.current]) {
            *d = -*g;
        }
        for age in 0..self.known {
            let (s, y) = &self.steps[place(age)];
            let a = dot(s, &self.d) * self.rho[place(age)];
            self.a[age] = a;
            add(&mut self.d, -a, y);
        }
        let h0 = S::from_f64(if self.known == 0 { 1.0 } else { self.h0 });
        self.d.iter_mut().for_each(|d| *d = *d * h0);
        for age in (0..self.known).rev() {
            let (s, y) = &self.steps[place(age)];
            let b = dot(y, &self.d) * self.rho[place(age)];
            add(&mut self.d, self.a[age] - b, s);
        }
    }

    /// Keeps s and y of the step that ends there.
    fn remember(&mut self, end: Point) {
        let next = (self.newest + 1) % self.steps.len();
        let (s, y) = &mut self.steps[next];
        let t = S::from_f64(end.t);
        s.iter_mut().zip(&self.d).for_each(|(s, d)| *s = *d * t);
        let (before, after) = (&self.gradients[self.current], &self.gradients[end.slot]);
        y.iter_mut().zip(before.iter().zip(after)).for_each(|(y, (before, after))| *y = *after - *before);
        let ys = dot(y, s);
        if ys > FLAT {
            self.h0 = ys / dot(y, y);
            self.rho[next] = 1.0 / ys;
            self.newest = next;
            self.known = (self.known + 1).min(self.steps.len());
        } else if self.known == self.steps.len() {
            // The oldest step lay there.
            self.known -= 1;
        }
    }

    /// new = old + t d
    fn put(&self, old: &[S], t: f64, new: &mut [S]) {
        let t = S::from_f64(t);
        new.iter_mut().zip(old.iter().zip(&self.d)).for_each(|(new, (old, d))| *new = *old + t * *d);
    }

    /// Tries a length; what is known beside the current gradient lies in the places `used`.
    fn point(&mut self, t: f64, used: [usize; 2], old: &[S], new: &mut [S], evaluate: Evaluate<'_, S>) -> Point {
        let slot = (0..4).find(|slot| *slot != self.current && !used.contains(slot)).unwrap_or(self.current);
        self.put(old, t, new);
        let f = evaluate(new, &mut self.gradients[slot]);
        let slope = dot(&self.gradients[slot], &self.d);
        let fine = f.is_finite() && slope.is_finite();
        if fine { Point { t, f, slope, slot } } else { Point { t, f: f64::INFINITY, slope: f64::INFINITY, slot } }
    }

    /// From the first length tried to one that meets the strong Wolfe conditions, or the lowest of those tried.
    fn search(&mut self, first: f64, start: Point, old: &[S], new: &mut [S], evaluate: Evaluate<'_, S>) -> Point {
        let too_high = |point: &Point| point.f > start.f + C1 * point.t * start.slope;
        let is_flat = |point: &Point| point.slope.abs() <= -C2 * start.slope;
        let mut before = start;
        let mut now = self.point(first, [start.slot; 2], old, new, evaluate);
        let mut trials = 0;
        let mut bracket = loop {
            if trials == MOST_TRIALS {
                break [start, now];
            }
            if too_high(&now) || (trials > 1 && now.f >= before.f) {
                break [before, now];
            }
            if is_flat(&now) {
                return now;
            }
            if now.slope >= 0.0 {
                break [before, now];
            }
            let t = lowest_between(before, now, now.t + 0.01 * (now.t - before.t), 10.0 * now.t);
            let next = self.point(t, [before.slot, now.slot], old, new, evaluate);
            (before, now) = (now, next);
            trials += 1;
        };
        let lower = |bracket: &[Point; 2]| usize::from(bracket[0].f > bracket[1].f);
        let mut low = lower(&bracket);
        let size = self.d.iter().fold(0.0, |most: f64, d| most.max(d.to_f64().abs()));
        let mut is_slow = false;
        while trials < MOST_TRIALS && (bracket[1].t - bracket[0].t).abs() * size >= NARROW {
            let (least, most) = (bracket[0].t.min(bracket[1].t), bracket[0].t.max(bracket[1].t));
            let mut t = lowest_between(bracket[0], bracket[1], least, most);
            let margin = 0.1 * (most - least);
            let is_close = (most - t).min(t - least) < margin;
            if is_close && (is_slow || t >= most || t <= least) {
                t = if (t - most).abs() < (t - least).abs() { most - margin } else { least + margin };
                is_slow = false;
            } else {
                is_slow = is_close;
            }
            let now = self.point(t, [bracket[0].slot, bracket[1].slot], old, new, evaluate);
            trials += 1;
            if too_high(&now) || now.f >= bracket[low].f {
                bracket[1 - low] = now;
                low = lower(&bracket);
                continue;
            }
            if is_flat(&now) {
                return now;
            }
            if now.slope * (bracket[1 - low].t - bracket[low].t) >= 0.0 {
                bracket[1 - low] = bracket[low];
            }
            bracket[low] = now;
        }
        bracket[low]
    }
}

/// Where the cubic through two points with their slopes is lowest, kept between bounds; their middle where there is none.
fn lowest_between(p: Point, q: Point, least: f64, most: f64) -> f64 {
    let (p, q) = if p.t <= q.t { (p, q) } else { (q, p) };
    let d1 = p.slope + q.slope - 3.0 * (p.f - q.f) / (p.t - q.t);
    let square = d1 * d1 - p.slope * q.slope;
    if !(p.f.is_finite() && q.f.is_finite() && square >= 0.0) {
        return (least + most) / 2.0;
    }
    let d2 = square.sqrt();
    let t = q.t - (q.t - p.t) * ((q.slope + d2 - d1) / (q.slope - p.slope + 2.0 * d2));
    t.max(least).min(most)
}

/// a ← a + share · b
fn add<S: Scalar>(a: &mut [S], share: f64, b: &[S]) {
    let share = S::from_f64(share);
    a.iter_mut().zip(b).for_each(|(a, b)| *a += share * *b);
}

impl<S: Scalar> Optimizer<S> for Lbfgs<S> {
    fn begin(&mut self, learning_rate: f64) {
        self.plain.begin(learning_rate);
    }

    fn parts(&mut self) -> (&dyn Move<S>, [&mut [S]; MOST_MEMORY]) {
        self.plain.parts()
    }

    fn known(&mut self, ledger: &mut dyn Ledger<S>) {
        let count = self.steps.len();
        ledger.place("lbfgs.newest", &mut self.newest, count - 1);
        ledger.place("lbfgs.known", &mut self.known, count);
        for age in 0..self.known {
            let place = (self.newest + count - age) % count;
            let (s, y) = &mut self.steps[place];
            ledger.vector(&format!("lbfgs.s{age}"), s);
            ledger.vector(&format!("lbfgs.y{age}"), y);
            ledger.number(&format!("lbfgs.rho{age}"), &mut self.rho[place]);
        }
        ledger.number("lbfgs.h0", &mut self.h0);
        ledger.truth("lbfgs.is_first", &mut self.is_first);
        ledger.truth("lbfgs.has_stalled", &mut self.has_stalled);
        let (mut is_known, mut cost) = (self.cost.is_some(), self.cost.unwrap_or_default());
        ledger.truth("lbfgs.cost_is_known", &mut is_known);
        ledger.number("lbfgs.cost", &mut cost);
        self.cost = is_known.then_some(cost);
        ledger.vector("lbfgs.gradient", &mut self.gradients[self.current]);
    }

    fn search(&mut self) -> Option<&mut Lbfgs<S>> {
        Some(self)
    }
}
