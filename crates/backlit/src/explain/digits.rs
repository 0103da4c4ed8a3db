//! Numbers as they are printed: rounded correctly, with as many digits as a reader needs to do the sum again.

use backlit_engine::formula::{Formula, evaluate};
use backlit_engine::typeset::{Math, unicode};

/// Significant digits of a number in running text.
pub const USUAL: usize = 8;

/// Significant digits that always read back as the same f64.
const ALL: usize = 17;

/// `value` rounded to so many significant digits, the nearest: `0.75136507`, `-3`, `1.5e-7`.
pub fn rounded(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".into() } else { value.to_string() };
    }
    let scientific = format!("{value:.*e}", digits.max(1) - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let short =
        |text: &str| if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text.to_string() };
    if (-5..digits.max(7) as i32).contains(&exponent) {
        let places = (digits as i32 - 1 - exponent).max(0) as usize;
        return short(&format!("{value:.places$}"));
    }
    format!("{}e{exponent}", short(mantissa))
}

/// `value` rounded to so many significant digits, as a number.
pub fn significant(value: f64, digits: usize) -> f64 {
    if value.is_finite() { format!("{value:.*e}", digits.max(1) - 1).parse().unwrap_or(value) } else { value }
}

/// The same as a piece of mathematics.
pub fn number(value: f64, digits: usize) -> Math {
    Math::Number(rounded(value, digits))
}

/// The same in a sentence, as mathematics on the same page has it: `−3`, `1.5×10⁻⁷`.
pub fn said(value: f64, digits: usize) -> String {
    unicode(&number(value, digits))
}

/// A card's formula as a page has it: with the minus sign of its numbers.
pub fn with_minus(formula: &str) -> String {
    formula.replace('-', "−")
}

/// How many digits `numbers` need so that whoever does `compute` with the printed ones gets `value` to so many digits.
pub fn enough_for(numbers: &[f64], value: f64, digits: usize, compute: impl Fn(&[f64]) -> f64) -> usize {
    let reproduces = |more: usize| {
        let printed: Vec<f64> = numbers.iter().map(|&number| rounded(number, more).parse().unwrap_or(f64::NAN)).collect();
        let got = compute(&printed);
        got == value || rounded(got, digits) == rounded(value, digits)
    };
    (digits..ALL).find(|&more| reproduces(more)).unwrap_or(ALL)
}

/// The same for the letters of a formula.
pub fn enough(formula: &Formula, letters: &[(&str, f64)], value: f64, digits: usize) -> usize {
    let numbers: Vec<f64> = letters.iter().map(|(_, value)| *value).collect();
    enough_for(&numbers, value, digits, |printed| {
        let printed: Vec<(&str, f64)> = letters.iter().zip(printed).map(|((name, _), &value)| (*name, value)).collect();
        evaluate(formula, &printed).unwrap_or(f64::NAN)
    })
}

/// How many digits it takes to see that a number moved from `old` to `new`: two that differ, and never fewer than usual.
pub fn apart(old: f64, new: f64) -> usize {
    (USUAL..ALL).find(|&digits| rounded(old, digits - 2) != rounded(new, digits - 2)).unwrap_or(ALL)
}

/// How many digits of a sum are true, whose terms have `size` together: what cancels is lost.
pub fn true_digits(value: f64, size: f64) -> usize {
    let lost = (size / value.abs()).log10().max(0.0);
    (15.0 - lost).clamp(1.0, 15.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use backlit_engine::formula::parse;

    #[test]
    fn numbers_are_rounded_to_significant_digits() {
        for (value, digits, want) in [
            (0.751_365_069_552_315_7, 8, "0.75136507"),
            (-3.0, 8, "-3"),
            (0.01, 8, "0.01"),
            (1.5e-7, 8, "1.5e-7"),
            (0.1 + 0.2, 17, "0.30000000000000004"),
            (123_456_789.0, 8, "1.2345679e8"),
            (1_234_567.0, 8, "1234567"),
            (99_999_999.6, 8, "1e8"),
            (0.0, 8, "0"),
            (4.248_354_255_291_589e-18, 8, "4.2483543e-18"),
            (f64::MAX, 3, "1.8e308"),
        ] {
            assert_eq!(rounded(value, digits), want);
        }
    }

    #[test]
    fn a_difference_of_near_numbers_gets_more_digits() {
        let formula = parse("a - y").unwrap();
        let (a, y) = (0.123_456_789_012_345, 0.123_456_700_000_001);
        let digits = enough(&formula, &[("a", a), ("y", y)], a - y, USUAL);
        assert!(digits > 14, "{digits}");
        let printed: f64 = rounded(a, digits).parse::<f64>().unwrap() - rounded(y, digits).parse::<f64>().unwrap();
        assert_eq!(rounded(printed, USUAL), rounded(a - y, USUAL));
        assert_eq!(enough(&formula, &[("a", 0.75), ("y", 0.01)], 0.74, USUAL), USUAL);
    }

    #[test]
    fn a_step_too_small_for_eight_digits_gets_more() {
        assert_eq!(apart(0.5, 0.4), USUAL);
        assert_eq!(apart(0.5, 0.5 + 1e-11), 13);
        assert_eq!(apart(0.5, 0.5), ALL);
        // Three factors of eight digits would be off in the eighth digit of the product.
        let factors = [0.123_456_785, 0.987_654_325_1, 0.765_432_105_9];
        let product: f64 = factors.iter().product();
        let digits = enough_for(&factors, product, USUAL, |f| f.iter().product());
        let printed: f64 = factors.iter().map(|f| rounded(*f, digits).parse::<f64>().unwrap()).product();
        assert_eq!(rounded(printed, USUAL), rounded(product, USUAL));
    }

    #[test]
    fn cancelled_digits_are_not_printed() {
        assert_eq!(true_digits(0.5, 0.5), 15);
        assert_eq!(true_digits(1e-7, 1.0), 8);
        assert_eq!(true_digits(1e-300, 1.0), 1);
    }
}
