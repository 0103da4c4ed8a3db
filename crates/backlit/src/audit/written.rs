//! A number as a person wrote it, and how far another number agrees with it.

/// A number with the digits it was written in.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// As it stands in the table.
    pub text: String,
    /// Its value.
    pub value: f64,
    /// Significant digits, trailing zeros too.
    pub digits: usize,
    /// The last digit counts 10^−places.
    pub(super) places: i32,
}

/// How a number stands to the one that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// All digits are those of the number, rounded.
    All,
    /// All but the last: off by at most one there, as where digits are cut off.
    AllButLast,
    /// Not.
    No,
}

/// From so many digits on a last digit that is off by one is not taken for an error.
const ENOUGH: usize = 4;

impl Written {
    /// Reads a number. `Err` says what is wrong.
    pub fn parse(text: &str) -> Result<Written, String> {
        let plain = text.trim().replace(['−', '–'], "-");
        let number = || format!("'{}' is not a number", super::excerpt(text));
        let value: f64 = plain.parse().map_err(|_| number())?;
        if !value.is_finite() {
            return Err(format!("expected a finite number, came '{}'", super::excerpt(text)));
        }
        let (mantissa, exponent) = plain.split_once(['e', 'E']).unwrap_or((&plain, "0"));
        let exponent: i32 = exponent.parse().map_err(|_| number())?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let figures: String = whole.chars().chain(fraction.chars()).filter(char::is_ascii_digit).collect();
        let digits = figures.trim_start_matches('0').len();
        Ok(Written { text: text.trim().to_string(), value, digits, places: fraction.len() as i32 - exponent })
    }

    /// One in the last place.
    fn unit(&self) -> f64 {
        10f64.powi(-self.places)
    }

    /// How `number` stands to what is written. `relative`: how exact the number is.
    pub fn agrees(&self, number: f64, relative: f64) -> Agreement {
        if self.digits == 0 {
            // However many zeros stand behind the point, there is no digit that could be right for another number.
            return if number == 0.0 { Agreement::All } else { Agreement::No };
        }
        let noise = relative.max(4.0 * f64::EPSILON) * number.abs();
        let off = (self.value - number).abs();
        // Whether a half is rounded up or down is a matter of taste.
        if off <= 0.5 * self.unit() * (1.0 + 1e-9) + noise {
            Agreement::All
        } else if self.digits >= ENOUGH && off <= self.unit() * (1.0 + 1e-9) + noise {
            Agreement::AllButLast
        } else {
            Agreement::No
        }
    }

    /// Of the digits written, how many are those of `number`.
    pub fn right_digits(&self, number: f64, relative: f64) -> usize {
        let off = (self.value - number).abs() - relative * number.abs();
        let first = if number == 0.0 { 0.0 } else { number.abs().log10().floor() };
        (1..=self.digits).rev().find(|&digits| off <= 0.5 * 10f64.powf(first + 1.0 - digits as f64) * (1.0 + 1e-9)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted_as_written() {
        for (text, value, digits) in [
            ("0.0000351085", 3.51085e-5, 6),
            ("-0.50", -0.5, 2),
            ("3.51e-5", 3.51e-5, 3),
            ("−2", -2.0, 1),
            ("100", 100.0, 3),
            ("0", 0.0, 0),
        ] {
            let written = Written::parse(text).unwrap();
            assert_eq!((written.value, written.digits), (value, digits), "{text}");
        }
        for text in ["", "0,5", "NaN", "inf", "1e999", "half", "0x1", "1 2"] {
            assert!(Written::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn agreement_is_by_the_last_digit_written() {
        let agrees = |text: &str, number| Written::parse(text).unwrap().agrees(number, 0.0);
        for zero in ["0", "0.000", "0e-9", "-0.0"] {
            assert_eq!(
                (agrees(zero, 0.0), agrees(zero, 4e-4), agrees(zero, 1e-300)),
                (Agreement::All, Agreement::No, Agreement::No),
                "{zero}"
            );
        }
        assert_eq!(agrees("0.298371109", 0.298_371_108_760_002_7), Agreement::All);
        // Mazur's −0.019049119 for −0.0190491182…: one off in the last place; 1.10590 for 1.105906: cut.
        assert_eq!(agrees("-0.019049119", -0.019_049_118_258_278_118), Agreement::AllButLast);
        assert_eq!(agrees("1.10590", 1.105_905_967_059_77), Agreement::AllButLast);
        assert_eq!(agrees("0.291027924", 0.291_027_773_693_599_3), Agreement::No);
        assert_eq!(agrees("0.1384985616285570", 0.138_498_561_628_556_95), Agreement::All);
        assert_eq!(agrees("0.13849856162855697", 0.138_498_561_628_556_95), Agreement::All);
        assert_eq!(Written::parse("0.291027924").unwrap().right_digits(0.291_027_773_693_599_3, 0.0), 6);
        assert_eq!(Written::parse("0.5").unwrap().right_digits(-0.5, 0.0), 0);
    }
}
