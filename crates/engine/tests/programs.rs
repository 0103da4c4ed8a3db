//! Compiled formulas: the bits of the tree, node by node, and no more work than there must be.

mod support {
    pub mod formulas;
}

use backlit_engine::formula::{Formula, Number, Program, Sign, TooHard, Unbound, evaluate, parse};
use backlit_kernels::math;
use std::cmp::Ordering;
use support::formulas::Drawer;

/// Our functions, node by node through the tree; and whether no letter had a part in the number.
#[derive(Clone)]
struct Ours(f64, bool);

impl Number for Ours {
    fn constant(value: f64) -> Ours {
        Ours(value, true)
    }
    fn add(&self, other: &Ours) -> Ours {
        Ours(self.0 + other.0, self.1 && other.1)
    }
    fn subtract(&self, other: &Ours) -> Ours {
        Ours(self.0 - other.0, self.1 && other.1)
    }
    fn multiply(&self, other: &Ours) -> Ours {
        Ours(self.0 * other.0, self.1 && other.1)
    }
    fn divide(&self, other: &Ours) -> Ours {
        Ours(self.0 / other.0, self.1 && other.1)
    }
    fn power(&self, exponent: &Ours) -> Ours {
        let x = self.0;
        let (second, third) = (x * x, x * x * x);
        let product = |n: f64| match n {
            1.0 => x,
            2.0 => second,
            3.0 => third,
            4.0 => second * second,
            5.0 => second * second * x,
            6.0 => third * third,
            7.0 => third * third * x,
            _ => (second * second) * (second * second),
        };
        let whole = (1..=8).any(|n| exponent.0.abs() == f64::from(n));
        let power = match exponent {
            Ours(n, true) if whole && *n > 0.0 => product(*n),
            Ours(n, true) if whole => 1.0 / product(-n),
            Ours(other, _) => math::pow(x, *other),
        };
        Ours(power, self.1 && exponent.1)
    }
    fn apply(&self, function: backlit_engine::formula::Function) -> Ours {
        use backlit_engine::formula::Function as F;
        let x = self.0;
        let value = match function {
            F::Exp => math::exp(x),
            F::Log => math::ln(x),
            F::Log1p => math::ln_1p(x),
            F::Expm1 => math::exp_m1(x),
            F::Sqrt => x.sqrt(),
            F::Abs => x.abs(),
            F::Sign if x == 0.0 => 0.0,
            F::Sign => x.signum(),
            F::Tanh => math::tanh(x),
            F::Cosh => math::cosh(x),
            F::Sigmoid => math::sigmoid_at(x).0,
            F::Softplus => math::softplus_at(x).0,
            F::NormalCdf => math::normal_cdf(x),
            F::NormalPdf => math::normal_pdf(x),
        };
        Ours(value, self.1)
    }
    fn order(&self, other: &Ours) -> Option<Ordering> {
        self.0.partial_cmp(&other.0)
    }
}

/// Whether some exponent is decided by a comparison: the tree does not tell whether a letter decided it.
fn decides_exponents(formula: &Formula) -> bool {
    match formula {
        Formula::Constant(_) | Formula::Variable(_) => false,
        Formula::Negative(inner) | Formula::Apply(_, inner) => decides_exponents(inner),
        Formula::Arithmetic(sign, left, right) => {
            let decided = matches!(**right, Formula::Max(..) | Formula::Min(..) | Formula::Where(..));
            *sign == Sign::Power && decided || decides_exponents(left) || decides_exponents(right)
        }
        Formula::Max(left, right) | Formula::Min(left, right) => decides_exponents(left) || decides_exponents(right),
        Formula::Where(condition, then, otherwise) => {
            [&condition.left, &condition.right, then, otherwise].into_iter().any(decides_exponents)
        }
    }
}

fn results<const R: usize>(program: &Program, letters: &[&[f64]]) -> [Vec<f64>; R] {
    let mut out = [(); R].map(|()| Vec::new());
    program.run::<f64, R>(letters, |start, count, blocks| {
        assert_eq!(start, out[0].len());
        out.iter_mut().zip(blocks).for_each(|(out, block)| out.extend(&block[..count]));
    });
    out
}

#[test]
fn programs_have_the_bits_of_the_tree() {
    let mut drawer = Drawer::new(3);
    let special = [0.0, -0.0, 1.0, -2.0, 0.5, 1e-300, -1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    let mut z: Vec<f64> = special.iter().flat_map(|&z| [z; 10]).collect();
    let mut y: Vec<f64> = special.repeat(10);
    z.extend((0..37).map(|_| drawer.between(-3.0, 3.0)));
    y.extend((0..37).map(|_| drawer.between(-3.0, 3.0)));
    let mut numbers = 0;
    for round in 0..600 {
        let (f, g) = (drawer.formula(2 + round % 5), drawer.formula(3));
        if decides_exponents(&f) || decides_exponents(&g) {
            continue;
        }
        let program = Program::new(&["z", "y"], &[&f, &g, &f]).unwrap();
        let [first, second, again] = results::<3>(&program, &[&z, &y]);
        for (i, (&z, &y)) in z.iter().zip(&y).enumerate() {
            for (formula, got) in [(&f, first[i]), (&g, second[i]), (&f, again[i])] {
                let want = evaluate(formula, &[("z", Ours(z, false)), ("y", Ours(y, false))]).unwrap().0;
                let same = got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan();
                assert!(same, "{formula} at z = {z:?}, y = {y:?}: {got:?}, the tree {want:?}\n{program:?}");
                numbers += usize::from(got.is_finite());
            }
        }
    }
    assert!(numbers > 100_000, "{numbers} finite numbers tell little");
}

fn both(text: &str) -> Program {
    let formula = parse(text).unwrap();
    Program::new(&["z"], &[&formula, &backlit_engine::formula::differentiate(&formula, "z")]).unwrap()
}

#[test]
fn subexpressions_are_shared_and_constants_folded() {
    for (text, instructions) in [
        ("z", 1),
        ("tanh(z)", 1),
        ("sigmoid(z)", 1),
        ("softplus(z)", 1),
        // σ and its slope together, value, z σ′, sum
        ("z * sigmoid(z)", 4),
        // exp, and 1 for the branch, comparison, value − 1, two choices
        ("where(z > 0, z, exp(z) - 1)", 6),
        ("2 * (3 + sqrt(4)) * pi * z", 2),
        // z², z³, 4 z³
        ("z^4", 4),
    ] {
        let program = both(text);
        assert_eq!(program.len(), instructions, "{text}: {program:?}");
        assert!(program.registers() <= 5, "{text}: {program:?}");
    }
}

#[test]
fn what_is_too_large_or_unbound_is_said() {
    let sum: Vec<String> = (2..200).map(|base| format!("{base}^z")).collect();
    let formula = parse(&sum.join("+")).unwrap();
    let derivative = backlit_engine::formula::differentiate(&formula, "z");
    assert_eq!(Program::new(&["z"], &[&formula, &derivative]), Err(TooHard::Large));
    assert!(Program::new(&["z"], &[&formula]).is_ok());
    assert_eq!(Program::new(&["z"], &[&parse("z + q").unwrap()]), Err(TooHard::Unbound(Unbound("q".into()))));
}
