//! The reference page of operations, docs/operations.md: made from the table and the measured errors.

use super::measure::Errors;
use backlit_engine::op::{About, Kind};
use std::fmt::Write;

/// One operation's card and its errors in f64 and f32, where they are measured.
pub struct Line {
    /// The card.
    pub about: &'static About,
    /// In f64, in f32.
    pub errors: Option<(Errors, Errors)>,
}

const HEAD: &str = "\
<!-- Written by `cargo xtask docs` from the table of operations. Edit the cards, not this page. -->

# Operations

One file each in `crates/engine/src/ops`. Letters: z pre-activation, a activation or prediction, y target.
The formula of a pointwise loss is one term of the sum over outputs.
";

const TYPED: &str = "
## Typed formulas

Wherever the name of an activation is expected a formula in z will do, and wherever the name of a loss is expected a formula
in a and y, of which the cost of a row is the sum over outputs: `--activation \"z * sigmoid(z)\"`, `loss = \"(a - y)^4\"`,
`backlit operations \"z * sigmoid(z)\" --at 1,2`. a is the activation of the last layer as it is: no sigmoid or softmax is inside.

| written | means |
|---|---|
| `+ - * / ^` | arithmetic and powers: `2^3^2` is `2^9`, `-z^2` is `-(z^2)` |
| `exp log log1p expm1 sqrt abs sign tanh cosh sigmoid softplus normal_cdf normal_pdf` | functions of one number |
| `max(f, g)`, `min(f, g)` | the larger, the smaller |
| `where(f > g, h, k)` | h where f > g, else k; also `>=`, `<`, `<=` |
| `pi`, `0.5`, `1e-3` | numbers |

A formula has at most 1000 characters and nests at most 200 deep. It is computed as it is written, in f64, and rounded once
to f32; the derivative comes from the rules of calculus, in forms that keep their digits (σ(z) σ(-z) rather than σ(z) (1 - σ(z))).
Integer powers up to 8 are products, with n - 1 roundings; other powers are within 1.1 ulp. Every function is within 2.5 ulp
of the exact result for its argument. What cancels or overflows in a formula as it is written does so here too.

At a kink the derivative is that of the side whose value is taken: the side written first for max and min, the branch that
holds for where; that of abs is 0 at 0, that of sign is 0. NaN comes out wherever it goes in, also through `where`.
";

const MEASURE: &str = "
## Measured errors

The largest error seen, in units in the last place (ulp) of the exact result, rounded up; half an ulp is what
correct rounding costs. Below the smallest normal number the unit is the smallest subnormal: 2^-1074 or 2^-149.
The exact result is the card's own formula, and its derivative, over numbers of at least 320 bits. Inputs are
points in every power of two of either sign, subnormals, dense points between -800 and 800 and near 0, the
neighbours of roots of derivatives; for losses pairs of all sizes, nearly equal ones, and logits that saturate.
The same points, and the same errors, on every machine.

Where two terms cancel to 0, no error relative to their difference can be kept, and the measure is another:

- poisson, value: the larger of the cost and a / 1024, as the cost crosses 0 where a = y log(a).
- binary_cross_entropy, partial: for targets other than 0 and 1 the larger of sigmoid(z) and y.
- cross_entropy, partial: for classes whose share is not 1 the larger of p Σ y and y.
- softmax, partial of p[k] by z[k]: p[k], as 1 - p[k] is taken from the rounded p[k].

Losses of two numbers are measured where a - y is finite. Logits of softmax and cross_entropy lie within 800 of 0,
in rows of 2, 3 and 10.

| operation | value f64 | partial f64 | value f32 | partial f32 |
|---|---:|---:|---:|---:|
";

/// The page.
pub fn page(lines: &[Line]) -> String {
    let mut page = HEAD.to_string();
    for (kind, title) in [
        (Kind::Activation, "Activations"),
        (Kind::PointwiseLoss, "Losses summed over outputs"),
        (Kind::RowLoss, "Losses of the whole row"),
        (Kind::Structure, "Structure"),
    ] {
        let of_kind = || lines.iter().filter(|line| line.about.kind == kind);
        write!(page, "\n## {title}\n\n| name | formula |\n|---|---|\n").expect("a String");
        for line in of_kind() {
            writeln!(page, "| [{0}](#{0}) | `{1}` |", line.about.name, line.about.formula).expect("a String");
        }
        of_kind().for_each(|line| card(&mut page, line.about));
    }
    page.push_str(TYPED);
    page.push_str(MEASURE);
    for Line { about, errors } in lines {
        if let Some((double, single)) = errors {
            let cells = [&double.value, &double.partial, &single.value, &single.partial].map(|worst| worst.rounded_up());
            writeln!(page, "| {} | {} |", about.name, cells.join(" | ")).expect("a String");
        }
    }
    page
}

fn card(page: &mut String, about: &About) {
    let mut line = |text: String| writeln!(page, "{text}").expect("a String");
    line(format!("\n### {}\n\n{}\n", about.name, about.summary));
    line(format!("- formula: `{}`", about.formula));
    for partial in about.partials {
        line(format!("- partial by {}: `{}`", partial.by, partial.formula));
    }
    for kink in about.kinks {
        line(format!("- kink at {}; slope used there: {}", kink.at, kink.slope));
    }
    for constant in about.constants {
        let (name, default, least, most) = (constant.name, constant.default, constant.least, constant.most);
        line(format!("- constant {name} = {default:?}, from {least:?} to {most:?}: {}", constant.meaning));
    }
    line(format!("- source: {}", about.source));
}
