//! The search for a learning rate.

mod support;

use support::{Desk, number};

#[test]
fn rates_are_tried_and_one_is_suggested() {
    let desk = Desk::new();
    for data in ["houses", "digits"] {
        let found = desk.json(&format!("train {data} --find-rate"));
        let tried = found["tried"].as_array().expect("a list");
        assert!(tried.len() > 50 && tried.len() <= 200, "{}", tried.len());
        let rates: Vec<f64> = tried.iter().map(|tried| number(&tried["rate"])).collect();
        assert!((rates[0] - 1e-7).abs() < 1e-20, "{}", rates[0]);
        for pair in rates.windows(2) {
            assert!((pair[1] / pair[0] - 1e8_f64.powf(1.0 / 199.0)).abs() < 1e-9);
        }
        // The smoothed costs, once more from the costs.
        let mut sum = 0.0;
        for (k, tried) in tried.iter().enumerate() {
            sum = 0.98 * sum + 0.02 * number(&tried["cost"]);
            let smoothed = sum / (1.0 - 0.98_f64.powf(k as f64 + 1.0));
            assert!((smoothed - number(&tried["smoothed"])).abs() <= 1e-10 * smoothed, "{k}");
        }
        // Adam learns both of these well at rates of this size.
        let suggested = number(&found["suggested"]);
        assert!((5e-4..0.05).contains(&suggested), "{data}: {suggested}");
        assert!(rates.contains(&suggested));
    }
    assert!(desk.everything().is_empty(), "nothing is saved");
    let told = desk.fine("train houses --find-rate");
    told.says(&["rate", "smoothed cost", "--learning-rate"]);
    assert_eq!(told.out, desk.fine("train houses --find-rate --threads 1").out);
    assert!(desk.everything().is_empty(), "nothing is saved");
    // A cost that leaves the finite numbers ends the search, not the program.
    let wild = desk.json("train houses --find-rate --optimizer sgd --activation linear --loss half_squared_error --hidden 50,50");
    assert!(number(&wild["suggested"]) > 1e-6);
    let one = desk.fine("train houses --find-rate --quiet");
    assert!(one.out.starts_with("--learning-rate ") && one.out.lines().count() == 1, "{}", one.report());
    desk.run("train houses --find-rate --out x").expect(2);
}
