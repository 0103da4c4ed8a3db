//! From numbers to places on an axis, and the numbers that are written beside it.

/// An axis with its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    pub log: bool,
    pub low: f64,
    pub high: f64,
}

/// A number beside an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub value: f64,
    pub words: String,
}

impl Scale {
    /// From the least to the largest of the numbers, with room around a single one.
    pub fn around(numbers: impl Iterator<Item = f64>, log: bool) -> Scale {
        let (low, high) = numbers.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            return if log { Scale { log, low: 1.0, high: 10.0 } } else { Scale { log, low: 0.0, high: 1.0 } };
        }
        let size = low.abs().max(high.abs());
        // Below that, what differs is how the last digits were rounded.
        let one = high / 2.0 - low / 2.0 <= (1e-12 * size).max(1e-290);
        match (one, log) {
            (false, _) => Scale { log, low, high },
            (true, true) => Scale { log, low: (low / 4.0).max(f64::from_bits(1)), high: (high * 4.0).min(f64::MAX) },
            (true, false) => {
                let room = if size < 1e-290 { 1.0 } else { 0.1 * size };
                Scale { log, low: (low - room).max(f64::MIN), high: (high + room).min(f64::MAX) }
            }
        }
    }

    /// Ends moved outward to the next ticks, so that the line does not touch the frame.
    pub fn widened(self, wanted: usize) -> Scale {
        if self.log {
            let (low, high) = (self.low.log10(), self.high.log10());
            let room = 0.04 * (high - low);
            let out = |power: f64| 10f64.powf(power).clamp(f64::from_bits(1), f64::MAX);
            return Scale { low: out(low - room).min(self.low), high: out(high + room).max(self.high), ..self };
        }
        self.rounded(wanted, 1.0)
    }

    /// Ends moved outward to the next ticks where those are at most this share of the axis away.
    pub fn rounded(self, wanted: usize, most: f64) -> Scale {
        if self.log {
            return self;
        }
        let Step { digit, power } = step(self.low, self.high, wanted);
        let unit = decimal(digit, power);
        let low = decimal((self.low / unit).floor() as i64 * digit, power);
        let high = decimal((self.high / unit).ceil() as i64 * digit, power);
        let near = |tick: f64, end: f64| tick.is_finite() && (tick / 2.0 - end / 2.0).abs() <= most * (self.high / 2.0 - self.low / 2.0);
        let low = if near(low, self.low) { low.min(self.low) } else { self.low };
        let high = if near(high, self.high) { high.max(self.high) } else { self.high };
        Scale { low, high, ..self }
    }

    /// 0 at the low end, 1 at the high end.
    pub fn share(&self, value: f64) -> f64 {
        if self.log {
            let (low, high) = (self.low.log10(), self.high.log10());
            (value.log10() - low) / (high - low)
        } else {
            // Halves, because the whole width may be more than the largest number.
            (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        }
    }

    /// About so many round numbers between the ends.
    pub fn ticks(&self, wanted: usize) -> Vec<Tick> {
        if self.log { self.log_ticks(wanted) } else { self.even_ticks(wanted) }
    }

    /// 1, 2 or 5 times a power of ten apart.
    fn even_ticks(&self, wanted: usize) -> Vec<Tick> {
        let Step { digit, power } = step(self.low, self.high, wanted);
        let unit = decimal(digit, power);
        let (first, last) = ((self.low / unit - 1e-6).ceil() as i64, (self.high / unit + 1e-6).floor() as i64);
        (first..=last.min(first.saturating_add(50)))
            .map(|k| k.saturating_mul(digit))
            .map(|mantissa| Tick { value: decimal(mantissa, power), words: words(mantissa, power) })
            .filter(|tick| tick.value.is_finite())
            .collect()
    }

    /// Powers of ten; where there are few, 2 and 5 times them too.
    fn log_ticks(&self, wanted: usize) -> Vec<Tick> {
        let (low, high) = (self.low.log10(), self.high.log10());
        let decades = high - low;
        let digits: &[i64] = if decades < 1.0 {
            &[1, 2, 3, 4, 5, 6, 7, 8, 9]
        } else if decades < 2.5 {
            &[1, 2, 5]
        } else {
            &[1]
        };
        let stride = ((decades / wanted as f64).ceil() as i64).max(1);
        let mut ticks = Vec::new();
        for power in low.floor() as i64..=high.ceil() as i64 {
            for &digit in digits.iter().filter(|_| power.rem_euclid(stride) == 0) {
                let value = decimal(digit, power);
                if value >= self.low * (1.0 - 1e-9) && value <= self.high * (1.0 + 1e-9) && value > 0.0 && value.is_finite() {
                    ticks.push(Tick { value, words: words(digit, power) });
                }
            }
        }
        // Near the smallest numbers there are, neighbours round to one.
        ticks.dedup_by(|next, tick| next.value == tick.value);
        // Within a small part of a decade none may be round: then as on an even axis.
        if ticks.len() < 2 { self.even_ticks(wanted.min(5)) } else { ticks }
    }
}

/// digit · 10^power
struct Step {
    digit: i64,
    power: i64,
}

/// The smallest of 1, 2, 5 times a power of ten that makes at most `wanted` steps.
fn step(low: f64, high: f64, wanted: usize) -> Step {
    let least = (high / 2.0 - low / 2.0) / (wanted.max(1) as f64 / 2.0);
    let power = least.log10().floor() as i64;
    let digit = [1, 2, 5].into_iter().find(|&digit| decimal(digit, power) >= least * (1.0 - 1e-9));
    digit.map_or(Step { digit: 1, power: power + 1 }, |digit| Step { digit, power })
}

/// The number nearest to mantissa · 10^power.
fn decimal(mantissa: i64, power: i64) -> f64 {
    format!("{mantissa}e{power}").parse().expect("digits and an exponent are a number")
}

/// mantissa · 10^power as it is written: `0.05`, `1200`, `2 × 10⁻⁷`.
fn words(mantissa: i64, power: i64) -> String {
    if mantissa == 0 {
        return "0".into();
    }
    let digits = mantissa.unsigned_abs().to_string();
    let sign = if mantissa < 0 { "−" } else { "" };
    let leading = power + digits.len() as i64 - 1;
    if (-4..=5).contains(&leading) {
        let places = usize::try_from(-power).unwrap_or(0);
        let value = decimal(mantissa.abs(), power);
        let text = format!("{value:.places$}");
        let text = if places > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        return format!("{sign}{text}");
    }
    let rest = digits[1..].trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    let times = if digits.trim_end_matches('0') == "1" { String::new() } else { format!("{}{point}{rest} × ", &digits[..1]) };
    format!("{sign}{times}10{}", raised(leading))
}

/// An exponent.
fn raised(power: i64) -> String {
    let high = |c: char| match c {
        '-' => '⁻',
        c => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][c.to_digit(10).unwrap_or(0) as usize],
    };
    power.to_string().chars().map(high).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(low: f64, high: f64, log: bool) -> Vec<String> {
        Scale { log, low, high }.ticks(6).into_iter().map(|tick| tick.words).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(said(0.0, 1.0, false), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(said(0.0, 10_000.0, false), ["0", "2000", "4000", "6000", "8000", "10000"]);
        assert_eq!(said(-0.3, 0.31, false), ["−0.2", "0", "0.2"].map(String::from).to_vec().as_slice());
        assert_eq!(said(0.0, 3e-7, false), ["0", "5 × 10⁻⁸", "10⁻⁷", "1.5 × 10⁻⁷", "2 × 10⁻⁷", "2.5 × 10⁻⁷", "3 × 10⁻⁷"]);
        assert_eq!(said(1e-5, 1e-1, true), ["10⁻⁵", "0.0001", "0.001", "0.01", "0.1"]);
        assert_eq!(said(0.9, 30.0, true), ["1", "2", "5", "10", "20"]);
        assert_eq!(said(1.2, 3.4, true), ["2", "3"]);
        assert_eq!(said(1.21, 1.29, true), ["1.22", "1.24", "1.26", "1.28"]);
        assert_eq!(said(1e-12, 1e12, true).len(), 7);
    }

    #[test]
    fn any_range_has_finite_places_and_few_ticks() {
        let ends =
            [f64::MIN, -1e300, -3.0, -1e-300, -5e-324, 0.0, 5e-324, 1e-300, 1e-7, 1.0, 1.0 + 1e-15, 1e9, 1e9 + 1e-5, 1e300, f64::MAX];
        for a in ends {
            for b in ends.into_iter().filter(|b| *b >= a) {
                for log in [false, true] {
                    if log && a <= 0.0 {
                        continue;
                    }
                    let scale = Scale::around([a, b].into_iter(), log).widened(6);
                    assert!(scale.low < scale.high && scale.low <= a && b <= scale.high, "{a} {b} {scale:?}");
                    let places = [a, b].map(|v| scale.share(v));
                    assert!(places.iter().all(|place| (-1e-9..=1.0 + 1e-9).contains(place)), "{a} {b} {log} {places:?}");
                    let ticks = scale.ticks(6);
                    assert!((1..=20).contains(&ticks.len()), "{a} {b} {log}: {ticks:?}");
                    assert!(ticks.iter().all(|tick| (-1e-6..=1.0 + 1e-6).contains(&scale.share(tick.value))), "{a} {b} {ticks:?}");
                    assert!(
                        ticks.windows(2).all(|pair| pair[0].value < pair[1].value && pair[0].words != pair[1].words),
                        "{a} {b} {ticks:?}"
                    );
                }
            }
        }
    }
}
