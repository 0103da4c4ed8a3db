//! Learned numbers for levels. Held against PyTorch's nn.Embedding, whose numbers lie in `golden/` with what wrote them, against finite
//! differences and against one-hot columns.

mod support {
    pub mod pytorch;
}

use backlit_engine::check::check;
use backlit_engine::explain::{Question, Target, explain};
use backlit_engine::random::{Purpose, Random};
use backlit_engine::step::Runner;
use backlit_engine::{Network, Plan};
use support::pytorch::{golden, gradient, same_bits};

#[test]
fn steps_are_pytorchs() {
    let network = || Network::inputs(4).embed(&[5, 3], 2).dense(4).tanh().dense(1).half_squared_error();
    support::pytorch::steps_are_pytorchs(&golden(include_str!("golden/embeddings.json")), network, |_, _| Vec::new());
}

/// Rows of two plain columns and the codes of two categories, targets, and parameters.
fn drawn(network: &Network, rows: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let levels = network.embedding.as_ref().expect("embeddings").levels.clone();
    let mut random = Random::new(4, Purpose::Check, 0);
    let mut x = Vec::new();
    for _ in 0..rows {
        x.extend([random.normal(), random.normal()]);
        // The last level is in no row.
        x.extend(levels.iter().map(|&levels| f64::from(random.below(levels as u32 - 1))));
    }
    let y = (0..rows).map(|_| random.normal()).collect();
    let count = network.build::<f64>().expect("a network").graph.parameter_count();
    (x, y, (0..count).map(|_| random.uniform(-0.6, 0.6)).collect())
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let narrow = Network::inputs(4).embed(&[90, 7], 3).dense(8).tanh().dense(1).half_squared_error().penalty(0.01, 0.02);
    let wide = Network::inputs(4).embed(&[900, 7], 16).dense(96).relu().dense(1).half_squared_error();
    for network in [narrow, wide] {
        let drawn = drawn(&network, 1500);
        for bits in [same_bits::<f64>(&network, 1500, &drawn), same_bits::<f32>(&network, 1500, &drawn)] {
            assert!(bits.iter().any(|&bits| bits != 0));
        }
    }
}

/// The same network where each level has a column of 0 and 1, whose weights are the table's numbers times those of the first layer:
/// ∂C/∂E is then ∂C/∂W′ · W.
#[test]
fn tables_are_products_with_one_hot_columns() {
    let network = Network::inputs(4).embed(&[5, 3], 2).dense(4).tanh().dense(1).half_squared_error();
    let (x, y, parameters) = drawn(&network, 40);
    let built = network.build::<f64>().expect("a network");
    let (cost, slopes) = gradient(&built.graph, built.cost, &parameters, &[&x, &y], 40, 1);
    let (tables, rest) = parameters.split_at(16);
    let (w, behind) = rest.split_at(4 * 6);
    let mut folded = Vec::new();
    for unit in w.chunks_exact(6) {
        folded.extend(&unit[..2]);
        folded.extend(tables[..10].chunks_exact(2).map(|e| e[0] * unit[2] + e[1] * unit[3]));
        folded.extend(tables[10..].chunks_exact(2).map(|e| e[0] * unit[4] + e[1] * unit[5]));
    }
    folded.extend(behind);
    let one_hot: Vec<f64> = x
        .chunks_exact(4)
        .flat_map(|row| {
            let is = |code: f64, levels: usize| (0..levels).map(move |level| f64::from(u8::from(level as f64 == code)));
            row[..2].iter().copied().chain(is(row[2], 5)).chain(is(row[3], 3)).collect::<Vec<_>>()
        })
        .collect();
    let plain = Network::inputs(10).dense(4).tanh().dense(1).half_squared_error().build::<f64>().expect("a network");
    let (plain_cost, plain_slopes) = gradient(&plain.graph, plain.cost, &folded, &[&one_hot, &y], 40, 1);
    assert!((cost - plain_cost).abs() < 1e-14, "{cost} and {plain_cost}");
    for level in 0..8 {
        for j in 0..2 {
            let column = 2 + 2 * usize::from(level >= 5) + j;
            let want: f64 = (0..4).map(|u| plain_slopes[u * 10 + 2 + level] * w[u * 6 + column]).sum();
            assert!((slopes[level * 2 + j] - want).abs() < 1e-14, "level {level}, number {j}: {} and {want}", slopes[level * 2 + j]);
        }
    }
    assert!(slopes[8..10].iter().all(|slope| *slope == 0.0), "a level in no row moves nothing: {slopes:?}");
}

#[test]
fn every_number_of_a_large_table_is_checked() {
    let network = Network::inputs(4).embed(&[1000, 12], 8).dense(16).tanh().dense(1).half_squared_error();
    let (x, y, parameters) = drawn(&network, 400);
    let built = network.build::<f64>().expect("a network");
    let data: [&[f64]; 2] = [&x, &y];
    let right = |parameters: &[f64]| gradient(&built.graph, built.cost, parameters, &data, 400, 1).1;
    let report = check(&built.graph, built.cost, &parameters, &data, 400, &mut |parameters| right(parameters));
    assert!(report.passed(), "{:?}", report.worst());
    assert_eq!(report.parameters.len(), parameters.len(), "all of them");
    let named = |place: usize| report.parameters[place].name.as_str();
    assert_eq!((named(0), named(8 * 999 + 7), named(8000)), ("embed1.weight[0,0]", "embed1.weight[999,7]", "embed2.weight[0,0]"));
    // A level too far.
    let report = check(&built.graph, built.cost, &parameters, &data, 400, &mut |parameters| {
        let mut slopes = right(parameters);
        slopes[..8000].rotate_right(8);
        slopes
    });
    assert!(!report.passed());
}

#[test]
fn explanations_go_through_the_rows_own_level() {
    let network = Network::inputs(4).embed(&[6, 4], 3).dense(4).tanh().dense(1).half_squared_error();
    let (x, y, parameters) = drawn(&network, 30);
    let built = network.build::<f64>().expect("a network");
    let rows: Vec<usize> = (0..30).collect();
    let cost = |parameters: &[f64], x: &[f64], y: &[f64]| gradient(&built.graph, built.cost, parameters, &[x, y], y.len(), 1).0;
    for (target, of) in [(4, 0..30), (17, 0..30), (19, 3..4), (0, 3..4)] {
        let (x, y) = (&x[of.start * 4..of.end * 4], &y[of.clone()]);
        let data: [&[f64]; 2] = [x, y];
        let question = Question {
            graph: &built.graph,
            cost: built.cost,
            parameters: &parameters,
            data: &data,
            rows: &rows[of],
            target: Target::Parameter(target),
            paths: 100,
        };
        let opened = explain(&question).expect("an explanation");
        assert!(opened.routes.agrees && opened.routes.formulas_agree, "{target}: {:?}", opened.routes);
        let moved = |by: f64| {
            let mut moved = parameters.clone();
            moved[target] += by;
            cost(&moved, x, y)
        };
        let finite = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((opened.gradient - finite).abs() < 1e-9, "{target}: {} and {finite}", opened.gradient);
        let occurs =
            x.chunks_exact(4).filter(|row| if target < 18 { row[2] == (target / 3) as f64 } else { row[3] == ((target - 18) / 3) as f64 });
        assert_eq!(opened.gradient != 0.0, occurs.count() > 0, "{target}");
        assert_eq!(opened.why.is_some(), opened.gradient == 0.0);
        // Through each of four units, in each row.
        assert_eq!(opened.total_paths.to_string(), (4 * y.len()).to_string());
    }
    // A plain column goes straight through.
    let data: [&[f64]; 2] = [&x[..4], &y[..1]];
    let question = Question {
        graph: &built.graph,
        cost: built.cost,
        parameters: &parameters,
        data: &data,
        rows: &[0],
        target: Target::Data { data: 0, column: 1 },
        paths: 10,
    };
    let opened = explain(&question).expect("an explanation");
    let moved = |by: f64| cost(&parameters, &[x[0], x[1] + by, x[2], x[3]], &y[..1]);
    assert!(opened.routes.agrees && (opened.gradient - (moved(1e-5) - moved(-1e-5)) / 2e-5).abs() < 1e-9);
}

#[test]
fn a_code_that_no_level_has_is_nan() {
    let network = Network::inputs(1).embed(&[3], 2).dense(1).half_squared_error();
    let built = network.build::<f64>().expect("a network");
    for (code, fine) in [(0.0, true), (2.0, true), (3.0, false), (-1.0, false), (0.5, false), (f64::NAN, false), (1e300, false)] {
        let plan = Plan::forward(&built.graph, built.cost);
        let cost = Runner::new(&plan, 1, 1).cost(&plan, &[0.5; 9], &[&[code], &[1.0]], 1);
        assert_eq!(cost.is_finite(), fine, "{code}");
    }
}
