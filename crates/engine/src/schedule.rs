//! The table of learning-rate schedules: each gives the factor of the base rate η at every step.
//!
//! Letters: n step counted from 0, N steps of the whole training, t = n/N. Steps of a linear warm-up come first and are not
//! counted in these. Step and exponential fall between epochs, of which they do not count those that are all warm-up; plateau after an
//! epoch, the others at each step.

use crate::state::Ledger;
use backlit_kernels::math;

/// Where a training stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// n, counted from 0.
    pub step: u64,
    /// N
    pub steps: u64,
    /// Steps of an epoch, at least 1.
    pub per_epoch: u64,
}

/// A number that a schedule takes.
#[derive(Debug)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// When none is given.
    pub default: f64,
    /// The smallest it may be.
    pub least: f64,
    /// The largest it may be.
    pub most: f64,
}

/// A line of the table.
#[derive(Debug)]
pub struct Entry {
    /// The name it is chosen by.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// The numbers it takes, in this order where they are given without their names.
    pub settings: &'static [Setting],
    factor: Factor,
}

/// From the numbers given and where a training stands: the factor; of a plateau the one before any cost.
#[derive(Debug)]
enum Factor {
    /// From the place behind the warm-up.
    ByStep(fn(&[f64], Place) -> f64),
    /// From the epochs done, less those that were all warm-up.
    ByEpoch(fn(&[f64], f64) -> f64),
}

const fn setting(name: &'static str, default: f64, least: f64, most: f64) -> Setting {
    Setting { name, default, least, most }
}

/// What the rate never falls below, as a share of the base rate.
const LEAST: Setting = setting("least", 0.0, 0.0, 1.0);
/// Below 1, and above 0.
const BELOW: f64 = 1.0 - f64::EPSILON;

/// Every schedule there is.
pub const TABLE: &[Entry] = &[
    Entry { name: "constant", about: "the rate stays as it is", settings: &[], factor: Factor::ByStep(|_, _| 1.0) },
    Entry {
        name: "step",
        about: "times `factor` after `every` epochs (PyTorch's StepLR)",
        settings: &[setting("every", 50.0, 1.0, MOST_EPOCHS), setting("factor", 0.1, f64::MIN_POSITIVE, 1.0)],
        factor: Factor::ByEpoch(|of, epochs| math::pow(of[1], (epochs / of[0]).floor())),
    },
    Entry {
        name: "exponential",
        about: "times `factor` after each epoch (PyTorch's ExponentialLR)",
        settings: &[setting("factor", 0.98, f64::MIN_POSITIVE, 1.0)],
        factor: Factor::ByEpoch(|of, epochs| math::pow(of[0], epochs)),
    },
    Entry {
        name: "cosine",
        about: "half a cosine from 1 down to `least` (PyTorch's CosineAnnealingLR). Loshchilov and Hutter, ICLR 2017",
        settings: &[LEAST],
        factor: Factor::ByStep(|of, place| of[0] + (1.0 - of[0]) * (1.0 + cos_pi(place.share())) / 2.0),
    },
    Entry {
        name: "one_cycle",
        about: "half a cosine from 1/`divide` up to 1 over a share `rise` of the steps, another down to 1/(`divide` `final`) \
                (PyTorch's OneCycleLR, momentum as it is). Smith and Topin 2019",
        settings: &[setting("rise", 0.3, 0.0, 1.0), setting("divide", 25.0, 1.0, 1e12), setting("final", 1e4, 1.0, 1e12)],
        factor: Factor::ByStep(one_cycle),
    },
    Entry {
        name: "coslog4",
        about: "(1 − cos(2π log₂(1 + 15t)))/2: four cycles, each longer than the one before. Holzmüller, Grinsztajn and Steinwart, NeurIPS 2024",
        settings: &[],
        factor: Factor::ByStep(|_, place| {
            let log2 = math::ln(1.0 + 15.0 * place.share()) / std::f64::consts::LN_2;
            (1.0 - cos_pi(2.0 * log2)) / 2.0
        }),
    },
    Entry {
        name: "plateau",
        about: "times `factor` when the cost of the rows kept aside has not fallen by a share `threshold` for more than `patience` \
                epochs, and no sooner than `cooldown` epochs after the last time (PyTorch's ReduceLROnPlateau)",
        settings: &[
            setting("factor", 0.1, f64::MIN_POSITIVE, BELOW),
            setting("patience", 10.0, 0.0, MOST_EPOCHS),
            setting("threshold", 1e-4, 0.0, BELOW),
            setting("cooldown", 0.0, 0.0, MOST_EPOCHS),
            LEAST,
        ],
        factor: Factor::ByStep(|_, _| 1.0),
    },
];

/// See [`Schedule::sweep`].
static SWEEP: Entry = Entry {
    name: "sweep",
    about: "from one rate to another, by equal factors",
    settings: &[],
    factor: Factor::ByStep(|of, place| of[0] * math::pow(of[1] / of[0], place.step as f64 / (of[2] - 1.0).max(1.0))),
};

/// Counts of epochs are exact in an f64 up to here and further.
const MOST_EPOCHS: f64 = 1e15;

impl Factor {
    /// The factor at a place behind so many steps of warm-up.
    fn at(&self, values: &[f64], place: Place, warm: u64) -> f64 {
        match self {
            Factor::ByStep(factor) => factor(values, Place { step: place.step - warm, steps: place.steps - warm, ..place }),
            Factor::ByEpoch(factor) => factor(values, (place.step / place.per_epoch - warm / place.per_epoch) as f64),
        }
    }
}

impl Place {
    /// t
    fn share(self) -> f64 {
        self.step as f64 / self.steps.max(1) as f64
    }
}

fn one_cycle(of: &[f64], place: Place) -> f64 {
    let (n, last) = (place.step as f64, place.steps as f64 - 1.0);
    let top = of[0] * place.steps as f64 - 1.0;
    let (low, end) = (1.0 / of[1], 1.0 / of[1] / of[2]);
    let between = |from: f64, to: f64, share: f64| to + (from - to) / 2.0 * (1.0 + cos_pi(share));
    if n <= top || last <= top {
        return if top > 0.0 { between(low, 1.0, n / top) } else { 1.0 };
    }
    between(1.0, end, (n - top) / (last - top))
}

/// A schedule with its numbers, and how far a plateau has fallen.
#[derive(Clone, Debug)]
pub struct Schedule {
    entry: &'static Entry,
    values: Vec<f64>,
    /// Share of the steps over which the rate rises linearly to the base rate.
    warm_up: f64,
    plateau: Plateau,
}

#[derive(Clone, Debug)]
struct Plateau {
    factor: f64,
    best: f64,
    bad: f64,
    cooldown: f64,
}

impl Schedule {
    /// Reads `cosine`, `step(30, 0.1)` or `step(every=30, factor=0.1)`, with a warm-up over a share of the steps.
    /// `Err` says what to type.
    pub fn parse(text: &str, warm_up: f64) -> Result<Schedule, String> {
        let (name, numbers) = match text.trim().split_once('(') {
            None => (text.trim(), ""),
            Some((name, rest)) => (name.trim(), rest.strip_suffix(')').ok_or_else(|| format!("'{text}': the bracket is not closed"))?),
        };
        let entry = TABLE.iter().find(|entry| entry.name == name.replace('-', "_")).ok_or_else(|| {
            let names: Vec<&str> = TABLE.iter().map(|entry| entry.name).collect();
            format!("no schedule '{}'; there are {}", name.escape_debug(), names.join(", "))
        })?;
        let values = values(entry, numbers)?;
        if !(0.0..1.0).contains(&warm_up) {
            return Err(format!("the warm-up must be a share of the steps from 0 to below 1, came {warm_up}"));
        }
        let start = entry.factor.at(&values, Place { step: 0, steps: 1000, per_epoch: 10 }, 0);
        // The first step of a descent is no low rate.
        if warm_up > 0.0 && start < 0.99 {
            return Err(format!("{} begins with a low rate of its own; leave the warm-up out", entry.name));
        }
        Ok(Schedule::new(entry, values, warm_up))
    }

    /// From a share `low` of the base rate up to `high` over so many steps, each the same multiple of the one before: what a search for
    /// a rate tries. Source: Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017.
    pub fn sweep(low: f64, high: f64, steps: u64) -> Schedule {
        Schedule::new(&SWEEP, vec![low, high, steps as f64], 0.0)
    }

    fn new(entry: &'static Entry, values: Vec<f64>, warm_up: f64) -> Schedule {
        Schedule { entry, values, warm_up, plateau: Plateau { factor: 1.0, best: f64::INFINITY, bad: 0.0, cooldown: 0.0 } }
    }

    /// As it is read again: the name and every number.
    pub fn spelled(&self) -> String {
        let numbers: Vec<String> =
            self.entry.settings.iter().zip(&self.values).map(|(setting, value)| format!("{}={value}", setting.name)).collect();
        if numbers.is_empty() { self.entry.name.to_string() } else { format!("{}({})", self.entry.name, numbers.join(", ")) }
    }

    /// Whether it listens to the cost of the rows kept aside.
    pub fn needs_held(&self) -> bool {
        self.entry.name == "plateau"
    }

    /// The factor of the base rate at a step.
    pub fn factor(&self, place: Place) -> f64 {
        let warm = self.warm_steps(place.steps);
        if place.step < warm {
            return (place.step + 1) as f64 / warm as f64;
        }
        self.entry.factor.at(&self.values, place, warm) * self.plateau.factor
    }

    fn warm_steps(&self, steps: u64) -> u64 {
        (self.warm_up * steps as f64).round() as u64
    }

    /// Goes through what it remembers of the costs it heard.
    pub(crate) fn known<S>(&mut self, ledger: &mut dyn Ledger<S>) {
        if self.needs_held() {
            let Plateau { factor, best, bad, cooldown } = &mut self.plateau;
            ledger.number("plateau.factor", factor);
            ledger.number("plateau.best", best);
            ledger.number("plateau.bad", bad);
            ledger.number("plateau.cooldown", cooldown);
        }
    }

    /// Hears the cost of the rows kept aside after an epoch.
    pub fn epoch_ended(&mut self, held_cost: f64) {
        let &[factor, patience, threshold, cooldown, least] = self.values.as_slice() else { return };
        let plateau = &mut self.plateau;
        if plateau.best == f64::INFINITY && held_cost < f64::INFINITY || held_cost < plateau.best - threshold * plateau.best.abs() {
            plateau.best = held_cost;
            plateau.bad = 0.0;
        } else {
            plateau.bad += 1.0;
        }
        if plateau.cooldown > 0.0 {
            plateau.cooldown -= 1.0;
            plateau.bad = 0.0;
        }
        if plateau.bad > patience {
            plateau.factor = (plateau.factor * factor).max(least);
            plateau.cooldown = cooldown;
            plateau.bad = 0.0;
        }
    }
}

/// The values of a schedule's numbers, from `30, 0.1` or `every=30`.
fn values(entry: &Entry, text: &str) -> Result<Vec<f64>, String> {
    let mut values: Vec<f64> = entry.settings.iter().map(|setting| setting.default).collect();
    for (place, part) in text.split(',').enumerate().filter(|_| !text.trim().is_empty()) {
        let (at, number) = match part.split_once('=') {
            None => (Some(place).filter(|place| *place < entry.settings.len()), part),
            Some((name, number)) => (entry.settings.iter().position(|setting| setting.name == name.trim()), number),
        };
        let Some(at) = at else {
            let known: Vec<&str> = entry.settings.iter().map(|setting| setting.name).collect();
            let known = if known.is_empty() { "no numbers".to_string() } else { known.join(", ") };
            return Err(format!("{} takes {known}, came '{}'", entry.name, part.trim().escape_debug()));
        };
        let setting = &entry.settings[at];
        values[at] = match number.trim().parse::<f64>() {
            Ok(value) if (setting.least..=setting.most).contains(&value) => value,
            _ => {
                let (Setting { name, least, most, .. }, came) = (setting, number.trim().escape_debug());
                let least = if *least == f64::MIN_POSITIVE { "above 0".into() } else { format!("at least {least}") };
                let most = if *most == BELOW { "below 1".into() } else { format!("at most {most}") };
                return Err(format!("{}: {name} must be {least} and {most}, came {came}", entry.name));
            }
        };
    }
    Ok(values)
}

/// cos(πx) within 1e-16 for any x of ordinary size, by Taylor's series up to π/4: the same bits on every machine.
fn cos_pi(x: f64) -> f64 {
    let x = (x - 2.0 * (x / 2.0).floor()).abs();
    let x = if x > 1.0 { 2.0 - x } else { x };
    if x > 0.5 {
        return -cos_pi(1.0 - x);
    }
    let series = |y: f64, first: f64| {
        (1..=9).rev().fold(1.0, |sum, k| {
            let k = 2.0 * f64::from(k);
            1.0 - y * y / ((k - first) * (k + 1.0 - first)) * sum
        })
    };
    if x > 0.25 {
        let y = std::f64::consts::PI * (0.5 - x);
        return y * series(y, 0.0);
    }
    series(std::f64::consts::PI * x, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines_are_the_platforms() {
        for i in -1000..5000 {
            let x = f64::from(i) / 997.0;
            assert!((cos_pi(x) - (std::f64::consts::PI * x).cos()).abs() < 3e-15, "{x}");
        }
        assert_eq!([cos_pi(0.0), cos_pi(0.5), cos_pi(1.0), cos_pi(2.0), cos_pi(8.0)], [1.0, 0.0, -1.0, 1.0, 1.0]);
    }

    #[test]
    fn what_is_typed_is_read_and_spelled() {
        for (typed, spelled) in [
            ("constant", "constant"),
            (" cosine ", "cosine(least=0)"),
            ("step(30)", "step(every=30, factor=0.1)"),
            ("step(factor = 0.5)", "step(every=50, factor=0.5)"),
            ("step( 3 , 0.5 )", "step(every=3, factor=0.5)"),
            ("one-cycle", "one_cycle(rise=0.3, divide=25, final=10000)"),
            ("plateau(patience=3)", "plateau(factor=0.1, patience=3, threshold=0.0001, cooldown=0, least=0)"),
        ] {
            let schedule = Schedule::parse(typed, 0.0).expect(typed);
            assert_eq!(schedule.spelled(), spelled);
            assert_eq!(Schedule::parse(spelled, 0.0).expect(spelled).spelled(), spelled);
        }
        for (typed, warm_up, told) in [
            ("cosin", 0.0, "no schedule 'cosin'; there are constant, step"),
            ("step(0)", 0.0, "step: every must be at least 1"),
            ("step(2, 0)", 0.0, "factor must be above 0"),
            ("step(2, nan)", 0.0, "came nan"),
            ("step(2", 0.0, "bracket"),
            ("step(2, 0.1, 3)", 0.0, "step takes every, factor, came '3'"),
            ("cosine(end=0)", 0.0, "cosine takes least, came 'end=0'"),
            ("coslog4(4)", 0.0, "takes no numbers"),
            ("plateau(1)", 0.0, "below 1"),
            ("cosine", 1.0, "from 0 to below 1"),
            ("cosine", f64::NAN, "from 0 to below 1"),
            ("one_cycle", 0.1, "low rate of its own"),
            ("coslog4", 0.1, "low rate of its own"),
        ] {
            let wrong = Schedule::parse(typed, warm_up).expect_err(typed);
            assert!(wrong.contains(told), "{wrong}");
        }
    }

    #[test]
    fn a_cycle_without_a_rise_may_be_warmed_up() {
        let schedule = Schedule::parse("one_cycle(rise=0)", 0.1).expect("it begins at the full rate");
        let factor = |step| schedule.factor(Place { step, steps: 100, per_epoch: 10 });
        assert_eq!([factor(0), factor(9)], [0.1, 1.0]);
        assert!((10..99).all(|step| factor(step + 1) < factor(step)));
    }

    #[test]
    fn a_cost_that_is_no_number_is_no_improvement() {
        let mut schedule = Schedule::parse("plateau(0.5, 1)", 0.0).expect("a schedule");
        let mut factors = Vec::new();
        for cost in [f64::NAN, f64::INFINITY, f64::NAN, -1.0, -1.00001, -1.1] {
            schedule.epoch_ended(cost);
            factors.push(schedule.factor(Place { step: 0, steps: 10, per_epoch: 1 }));
        }
        assert_eq!(factors, [1.0, 0.5, 0.5, 0.5, 0.5, 0.5]);
    }
}
