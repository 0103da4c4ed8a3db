//! Random formulas: written and read back, and in the form of a textbook.

// The ban on files and printing is the engine's, not its tests'.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros)]

mod support {
    pub mod big;
    pub mod floats;
    pub mod formulas;
}

use backlit_engine::formula::{Condition, Formula, Number, Sign, differentiate, evaluate, parse, textbook};
use support::big::Big;
use support::floats::with_precision;
use support::formulas::Drawer;

/// A minus stands before the first factor of a product, and a negative number is a minus before a number.
fn as_read(formula: Formula) -> Formula {
    use Formula::{Apply, Arithmetic, Constant, Max, Min, Negative, Where};
    let of = |inner: Box<Formula>| Box::new(as_read(*inner));
    match formula {
        Constant(value) if value < 0.0 => Negative(Box::new(Constant(-value))),
        Negative(inner) => match as_read(*inner) {
            Arithmetic(sign @ (Sign::Times | Sign::Over), left, right) => Arithmetic(sign, Box::new(as_read(Negative(left))), right),
            inner => Negative(Box::new(inner)),
        },
        Arithmetic(sign, left, right) => Arithmetic(sign, of(left), of(right)),
        Apply(function, inner) => Apply(function, of(inner)),
        Max(left, right) => Max(of(left), of(right)),
        Min(left, right) => Min(of(left), of(right)),
        Where(condition, then, otherwise) => {
            let Condition { left, comparison, right } = *condition;
            let condition = Condition { left: as_read(left), comparison, right: as_read(right) };
            Where(Box::new(condition), of(then), of(otherwise))
        }
        atom => atom,
    }
}

#[test]
fn text_reads_back_as_the_same_formula() {
    for seed in 0..3000 {
        let formula = Drawer::new(seed).formula(6);
        let text = formula.to_string();
        assert_eq!(parse(&text).unwrap(), as_read(formula), "{text}");
    }
}

#[test]
fn no_pair_of_brackets_can_be_spared() {
    for seed in 0..300 {
        let text = Drawer::new(seed).formula(4).to_string();
        let formula = parse(&text).unwrap();
        let characters: Vec<char> = text.chars().collect();
        for (open, close) in pairs(&characters) {
            let kept = |(i, c): (usize, &char)| (i != open && i != close).then_some(*c);
            let spared: String = characters.iter().enumerate().filter_map(kept).collect();
            assert_ne!(parse(&spared).ok(), Some(formula.clone()), "{text} and {spared}");
        }
    }
}

/// Where brackets open and close, those behind a function's name left out.
fn pairs(text: &[char]) -> Vec<(usize, usize)> {
    let (mut open, mut found) = (Vec::new(), Vec::new());
    for (i, c) in text.iter().enumerate() {
        match c {
            '(' => open.push(i),
            ')' => found.push((open.pop().unwrap(), i)),
            _ => {}
        }
    }
    found.retain(|(start, _)| *start == 0 || !text[start - 1].is_alphanumeric());
    found
}

/// Decimals as fractions: 0.1 is a tenth, not the double next to it.
fn exact(formula: &Formula) -> Formula {
    let of = |inner: &Formula| Box::new(exact(inner));
    match formula {
        Formula::Constant(value) if value.fract() != 0.0 => {
            let text = format!("{value:e}");
            let (digits, exponent) = text.split_once('e').expect("an exponent");
            let places = digits.split_once('.').map_or(0, |(_, places)| places.len() as i32) - exponent.parse::<i32>().expect("whole");
            let power = Formula::Arithmetic(Sign::Power, Box::new(Formula::Constant(10.0)), Box::new(Formula::Constant(f64::from(places))));
            let digits = Formula::Constant(digits.replace('.', "").parse().expect("digits"));
            Formula::Arithmetic(Sign::Over, Box::new(digits), Box::new(power))
        }
        Formula::Constant(_) | Formula::Variable(_) => formula.clone(),
        Formula::Negative(inner) => Formula::Negative(of(inner)),
        Formula::Apply(function, inner) => Formula::Apply(*function, of(inner)),
        Formula::Arithmetic(sign, left, right) => Formula::Arithmetic(*sign, of(left), of(right)),
        Formula::Max(left, right) => Formula::Max(of(left), of(right)),
        Formula::Min(left, right) => Formula::Min(of(left), of(right)),
        Formula::Where(condition, then, otherwise) => {
            let condition = Condition { left: exact(&condition.left), comparison: condition.comparison, right: exact(&condition.right) };
            Formula::Where(Box::new(condition), of(then), of(otherwise))
        }
    }
}

/// The value with about 90 digits, or none where it is not finite or where those digits are noise.
fn value(formula: &Formula, letters: &[(&str, f64)]) -> Option<Big> {
    let formula = &exact(formula);
    let at = |bits: usize| {
        with_precision(bits, || {
            let letters: Vec<(&str, Big)> = letters.iter().map(|(name, value)| (*name, Big::of(*value))).collect();
            evaluate(formula, &letters).expect("every letter has a value")
        })
    };
    let (rough, fine) = (at(320), at(600));
    close(&rough, &fine).then_some(fine)
}

/// Equal to 30 digits.
fn close(a: &Big, b: &Big) -> bool {
    with_precision(600, || {
        let scale = a.magnitude().add(&b.magnitude()).multiply(&Big::of(1e-30)).add(&Big::of(1e-60));
        a.subtract(b).magnitude().order(&scale).is_some_and(|order| order.is_le())
    })
}

/// How many of the formulas could be compared somewhere.
fn compared(formulas: impl Iterator<Item = (Formula, u64)>, known: &[(&str, Formula)]) -> usize {
    let (mut count, mut wrong) = (0, Vec::new());
    for (formula, seed) in formulas {
        let form = textbook(&formula, known);
        let twice = textbook(&form, known);
        if twice.to_string() != form.to_string() {
            wrong.push(format!("seed {seed}: {formula}  became  {form}  and then  {twice}"));
        }
        let spelled = known.iter().rev().fold(form.clone(), |form, (letter, part)| put(part, letter, &form));
        let mut drawer = Drawer::new(seed + 1_000_000);
        let mut met = false;
        for _ in 0..4 {
            let letters = [("z", drawer.between(-3.0, 3.0)), ("y", drawer.between(-3.0, 3.0))];
            let (Some(want), got) = (value(&formula, &letters), value(&spelled, &letters)) else { continue };
            let Some(got) = got else { continue };
            met = true;
            if !close(&got, &want) {
                wrong.push(format!("seed {seed} {letters:?}: {formula}  became  {form}: {got:?} and {want:?}"));
                break;
            }
        }
        count += usize::from(met);
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    count
}

#[test]
fn the_form_of_a_textbook_is_equal_and_gives_itself() {
    let count = compared((0..4000).map(|seed| (Drawer::new(seed).formula(2 + seed as usize % 4), seed)), &[]);
    assert!(count > 3000, "{count}");
}

#[test]
fn so_it_is_for_derivatives() {
    let count = compared((0..1500).map(|seed| (differentiate(&Drawer::new(seed).formula(2 + seed as usize % 3), "z"), seed)), &[]);
    assert!(count > 1000, "{count}");
}

#[test]
fn so_it_is_where_parts_have_letters() {
    let sets: [&[(&str, &str)]; 6] = [
        &[("a", "sigmoid(z)")],
        &[("a", "1 / (1 + exp(-z))"), ("C", "(a - y)^2 / 2")],
        &[("a", "tanh(z - y)"), ("b", "normal_cdf(-z)")],
        &[("a", "z * sigmoid(z)"), ("b", "2 * z - 3 * y")],
        &[("a", "z^2"), ("b", "-2 * y * z"), ("c", "exp(z)")],
        &[("a", "(exp(z) - exp(-z)) / (exp(z) + exp(-z))"), ("b", "log(1 + exp(y - z))"), ("c", "abs(y - z)")],
    ];
    for (k, set) in sets.into_iter().enumerate() {
        let known: Vec<(&str, Formula)> = set.iter().map(|(letter, text)| (*letter, parse(text).unwrap())).collect();
        let formulas = (0..500u64).map(|n| {
            let seed = 500 * k as u64 + n;
            let (_, part) = &known[n as usize % known.len()];
            let formula = put(part, "y", &Drawer::new(seed).formula(1 + n as usize % 4));
            // A part may have been named with the letter of another.
            let formula = known.iter().rev().fold(formula, |formula, (letter, part)| put(part, letter, &formula));
            (if n % 2 == 0 { differentiate(&formula, "z") } else { formula }, seed)
        });
        let count = compared(formulas, &known);
        assert!(count > 300, "{set:?}: {count}");
    }
}

/// `formula` with `part` in place of a letter.
fn put(part: &Formula, letter: &str, formula: &Formula) -> Formula {
    let of = |inner: &Formula| Box::new(put(part, letter, inner));
    match formula {
        Formula::Variable(name) if name == letter => part.clone(),
        Formula::Constant(_) | Formula::Variable(_) => formula.clone(),
        Formula::Negative(inner) => Formula::Negative(of(inner)),
        Formula::Apply(function, inner) => Formula::Apply(*function, of(inner)),
        Formula::Arithmetic(sign, left, right) => Formula::Arithmetic(*sign, of(left), of(right)),
        Formula::Max(left, right) => Formula::Max(of(left), of(right)),
        Formula::Min(left, right) => Formula::Min(of(left), of(right)),
        Formula::Where(condition, then, otherwise) => {
            let Condition { left, comparison, right } = condition.as_ref();
            let condition = Condition { left: *of(left), comparison: *comparison, right: *of(right) };
            Formula::Where(Box::new(condition), of(then), of(otherwise))
        }
    }
}

#[test]
fn long_and_deep_formulas_end_soon() {
    let nested = |open: &str, inner: &str, close: &str, depth: usize| format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
    let texts = [
        nested("(", "z", ")", 150),
        nested("sigmoid(1 - z * ", "z", ")", 150),
        nested("(1 + ", "z", ")^2", 150),
        nested("(y + 1 / (1 - ", "z", "))", 90),
        nested("where(z > 0, z * ", "z", ", y)", 150),
        nested("exp(z - ", "z", ")", 150),
        nested("(z - y) * (1 + ", "z", ")", 90),
        (0..300).map(|k| format!("(z - {k})")).collect::<Vec<_>>().join(" * "),
        (0..200).map(|k| format!("sigmoid({k} * z) / (z + {k})")).collect::<Vec<_>>().join(" + "),
        format!("z{}", " * z / (y - z)".repeat(320)),
        format!("z{}", " + exp(z) * y".repeat(490)),
        format!("z{}", " - sigmoid(z) / (1 + z)".repeat(333)),
        "z^2^2^2^2^2^2 + 2^2^2^2^2^2 + 1e308 * 1e308 - 1e-308 * 1e-308 * z".into(),
    ];
    for text in texts {
        let formula = parse(&text).unwrap();
        let derivative = differentiate(&formula, "z");
        for formula in [formula, derivative] {
            let form = textbook(&formula, &[("a", parse("1 - z").unwrap())]);
            assert_eq!(textbook(&form, &[("a", parse("1 - z").unwrap())]), form);
        }
    }
}
