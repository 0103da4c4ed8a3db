//! What is asked of every operation on every kind of input it takes. Each check says what it found wrong.

use super::cases::Case;
use super::probe::{Outcome, forward, partial};
use super::stream::{Stream, unit};
use backlit_engine::op::{Kind, Op};
use backlit_engine::{Scalar, Shape};

/// A failed check in words.
pub type Found = Result<(), String>;

/// Random upstream gradients.
fn upstream<S: Scalar>(n: usize, seed: u64) -> Vec<S> {
    let stream = &mut Stream::new(seed);
    (0..n).map(|_| S::from_f64(stream.between(-1.0, 1.0))).collect()
}

/// Equal but for rounding, where numbers of size 1 to 100 were added up.
fn near<S: Scalar>(a: f64, b: f64) -> bool {
    (a - b).abs() <= 64.0 * unit::<S>() * (1.0 + a.abs().max(b.abs()))
}

/// The gradient by each input that has one, from zero, for one upstream.
fn gradients<S: Scalar>(case: &Case<S>, upstream_of: impl Fn(&Outcome<S>) -> Vec<S> + Send + Sync + 'static) -> Vec<Vec<S>> {
    let sizes: Vec<(usize, usize)> = case.moving().into_iter().map(|wrt| (wrt, case.given[wrt].numbers.len())).collect();
    case.lend(move |op, x, shapes| {
        let kept = forward(op, x, shapes, true);
        let upstream = upstream_of(&kept);
        sizes.iter().map(|&(wrt, size)| partial(op, x, &kept, wrt, &upstream, &vec![S::ZERO; size])).collect()
    })
}

/// Value and every entry of the Jacobian agree with `plain` on dual numbers; other rows have no part in them.
pub fn agrees_with_plain<S: Scalar>(case: &Case<S>) -> Found {
    let out = case.lend(|op, x, shapes| forward(op, x, shapes, true).out);
    let width = case.op.shape(&case.shapes()).map_err(|error| error.to_string())?.size();
    for row in 0..case.rows() {
        for (o, plain) in case.plain(row, None).iter().enumerate() {
            let got = out[row * width + o].to_f64();
            if !near::<S>(got, plain.value) {
                return Err(case.says(format!("row {row}, output {o} is {got}, plain {}", plain.value)));
            }
        }
        let tangents: Vec<Vec<Vec<_>>> =
            case.moving().into_iter().map(|wrt| (0..case.place(wrt, row).0).map(|i| case.plain(row, Some((wrt, i)))).collect()).collect();
        for o in 0..width {
            let place = row * width + o;
            let gradients = gradients(case, move |kept| (0..kept.out.len()).map(|i| if i == place { S::ONE } else { S::ZERO }).collect());
            for ((wrt, gradient), tangents) in case.moving().into_iter().zip(gradients).zip(&tangents) {
                let (size, start) = case.place(wrt, row);
                for (i, got) in gradient.iter().enumerate() {
                    let inside = (start..start + size).contains(&i);
                    let expected = if inside { tangents[i - start][o] } else { backlit_engine::formula::Dual::fixed(0.0) };
                    let got = got.to_f64();
                    let right = if inside { near::<S>(got, expected.tangent) } else { got == 0.0 };
                    if !expected.kink && !right {
                        let what = format!("∂out[{row},{o}]/∂input {wrt}[{i}] is {got}, plain {}", expected.tangent);
                        return Err(case.says(what));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Numbers on both sides of what is lent out.
const GUARD: usize = 16;

/// A buffer with a guard on both sides, all of one number.
fn guarded<S: Scalar>(n: usize, fill: S) -> Vec<S> {
    vec![fill; n + 2 * GUARD]
}

/// Whether the guards still hold the number.
fn intact<S: Scalar>(buffer: &[S], fill: S) -> bool {
    buffer[..GUARD].iter().chain(&buffer[buffer.len() - GUARD..]).all(|&x| x == fill)
}

/// `forward` writes every number of its declared shape and of what it keeps, whatever stood there, and `partial`
/// nothing outside its gradient.
pub fn writes_what_it_declares<S: Scalar>(case: &Case<S>) -> Found {
    let sizes: Vec<(usize, usize)> = case.moving().into_iter().map(|wrt| (wrt, case.given[wrt].numbers.len())).collect();
    let result = case.lend(move |op, x, shapes| {
        let (outs, keeps) = (x.rows() * x.width(), x.rows() * op.saved(shapes));
        let mut before: Option<(Vec<S>, Vec<S>)> = None;
        for fill in [-7.25e20, 3.5e-11].map(S::from_f64) {
            let (mut out, mut saved) = (guarded(outs, fill), guarded(keeps, fill));
            op.forward(x, &mut saved[GUARD..GUARD + keeps], &mut out[GUARD..GUARD + outs]);
            if !intact(&out, fill) || !intact(&saved, fill) {
                return Err("forward wrote outside".to_string());
            }
            let (out, saved) = (out[GUARD..GUARD + outs].to_vec(), saved[GUARD..GUARD + keeps].to_vec());
            if out.contains(&fill) || saved.contains(&fill) {
                return Err("forward left a number unwritten".to_string());
            }
            if before.as_ref().is_some_and(|before| *before != (out.clone(), saved.clone())) {
                return Err("forward depends on what stood in its output".to_string());
            }
            let kept = Outcome { out, saved };
            for &(wrt, size) in &sizes {
                let mut grad = guarded(size, fill);
                let site = backlit_engine::op::Site { inputs: x, saved: &kept.saved, out: &kept.out };
                op.partial(wrt, site, &vec![S::ONE; outs], &mut grad[GUARD..GUARD + size]);
                if !intact(&grad, fill) {
                    return Err(format!("the partial by input {wrt} wrote outside"));
                }
            }
            before = Some((kept.out, kept.saved));
        }
        Ok(())
    });
    result.map_err(|what| case.says(what))
}

/// A partial called twice gives the double, on top of what was there.
pub fn adds_and_never_overwrites<S: Scalar>(case: &Case<S>) -> Found {
    let sizes: Vec<(usize, usize)> = case.moving().into_iter().map(|wrt| (wrt, case.given[wrt].numbers.len())).collect();
    let result = case.lend(move |op, x, shapes| {
        let kept = forward(op, x, shapes, true);
        let upstream = upstream(kept.out.len(), 11);
        for &(wrt, size) in &sizes {
            let once = partial(op, x, &kept, wrt, &upstream, &vec![S::ZERO; size]);
            let twice = partial(op, x, &kept, wrt, &upstream, &once);
            let beside = partial(op, x, &kept, wrt, &upstream, &vec![S::from_f64(3.0); size]);
            for i in 0..size {
                let [once, twice, beside] = [once[i], twice[i], beside[i]].map(|x| x.to_f64());
                if !near::<S>(twice, 2.0 * once) || !near::<S>(beside, 3.0 + once) {
                    return Err(format!("partial {wrt}[{i}]: once {once}, twice {twice}, on top of 3 {beside}"));
                }
            }
        }
        Ok(())
    });
    result.map_err(|what| case.says(what))
}

/// c·u gives c times what u gives, u + v the sum, 0 exactly nothing.
pub fn is_linear_in_upstream<S: Scalar>(case: &Case<S>) -> Found {
    let u = |n| upstream::<S>(n, 21);
    let v = |n| upstream::<S>(n, 22);
    let of_u = gradients(case, move |kept| u(kept.out.len()));
    let of_v = gradients(case, move |kept| v(kept.out.len()));
    let scaled = gradients(case, move |kept| u(kept.out.len()).into_iter().map(|u| u * S::from_f64(-0.75)).collect());
    let sum = gradients(case, move |kept| u(kept.out.len()).into_iter().zip(v(kept.out.len())).map(|(u, v)| u + v).collect());
    let zero = gradients(case, |kept| vec![S::ZERO; kept.out.len()]);
    for (k, wrt) in case.moving().into_iter().enumerate() {
        for i in 0..of_u[k].len() {
            let [u, v, scaled, sum, zero] = [&of_u, &of_v, &scaled, &sum, &zero].map(|all| all[k][i].to_f64());
            if !near::<S>(scaled, -0.75 * u) || !near::<S>(sum, u + v) || zero != 0.0 {
                let what = format!("partial {wrt}[{i}]: u gives {u}, v {v}, -0.75 u {scaled}, u + v {sum}, 0 {zero}");
                return Err(case.says(what));
            }
        }
    }
    Ok(())
}

/// The value has the same bits whether or not a backward pass is to follow.
pub fn value_does_not_depend_on_keeping<S: Scalar>(case: &Case<S>) -> Found {
    let values = |keep| case.lend(move |op: &dyn Op<S>, x, shapes: &[Shape]| forward(op, x, shapes, keep).out);
    let same = values(true).iter().zip(&values(false)).all(|(a, b)| a.to_f64().to_bits() == b.to_f64().to_bits());
    if same { Ok(()) } else { Err(case.says("the value changes when nothing is kept".into())) }
}

/// A NaN in any place comes out of every result that depends on it, and of no other row.
pub fn lets_nan_through<S: Scalar>(case: &Case<S>) -> Found {
    let width = case.op.shape(&case.shapes()).map_err(|error| error.to_string())?.size();
    let clean = case.lend(|op, x, shapes| forward(op, x, shapes, true).out);
    for (wrt, given) in case.given.iter().enumerate() {
        let elementwise = case.op.about().kind == Kind::Activation;
        for i in 0..given.numbers.len().min(40) {
            let Shape::Rows(columns) = given.shape else { continue };
            let row = i / columns;
            let depends: Vec<bool> = match case.op.about().kind {
                Kind::Activation => (0..width).map(|o| o == i % columns).collect(),
                Kind::PointwiseLoss | Kind::RowLoss => vec![true],
                Kind::Structure => case.plain(row, Some((wrt, i % columns))).iter().map(|dual| dual.tangent != 0.0).collect(),
            };
            let mut with_nan = Case { op: case.op.clone(), given: case.given.clone() };
            with_nan.given[wrt].numbers[i] = S::from_f64(f64::NAN);
            let out = with_nan.lend(|op, x, shapes| forward(op, x, shapes, true).out);
            for (place, (got, clean)) in out.iter().zip(&clean).enumerate() {
                let (is_nan, here) = (got.to_f64().is_nan(), place / width == row);
                let wrong = if here && depends[place % width] { !is_nan } else { got != clean && (!here || elementwise) };
                if wrong {
                    return Err(case.says(format!("NaN in input {wrt}[{i}], but out[{place}] is {got}")));
                }
            }
        }
    }
    Ok(())
}
