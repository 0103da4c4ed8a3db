//! `backlit explain --format numpy` and `--format ipynb`: what is written, and what is refused.

mod support;

use serde_json::Value;
use support::Desk;

const RUN: &str = r#"
[data]
inputs = [[0.05, 0.10], [0.3, -0.2]]
targets = [[0.01, 0.99], [0.5, 0.1]]
standardize = false
validation = 0

[network]
precision = "f64"
loss = "half_squared_error"

[[network.layer]]
units = 2
activation = "sigmoid"
weight = [[0.15, 0.20], [0.25, 0.30]]
bias = [0.35, 0.35]

[[network.layer]]
units = 2
activation = "sigmoid"
weight = [[0.40, 0.45], [0.50, 0.55]]
bias = [0.60, 0.60]

[train]
optimizer = "sgd"
learning_rate = 0.5
"#;

#[test]
fn a_script_and_a_notebook_are_written() {
    let desk = Desk::with(&[("run.toml", RUN)]);
    let line = "explain run.toml --row 0 --parameter layer1.weight[0,0] --format";
    let script = desk.fine(&format!("{line} numpy")).out;
    assert!(script.contains("import numpy as np\n") && script.contains("\nW1 = np.array([[0.15, 0.2],\n"), "{script}");
    // The goldens of the worked example.
    assert!(script.contains("(\"theta_new\", 0.1497807161327628, 0),\n"), "{script}");
    desk.fine(&format!("{line} numpy -o script.py"));
    assert_eq!(desk.read("script.py"), script);
    let notebook: Value = serde_json::from_str(&desk.fine(&format!("{line} ipynb")).out).expect("JSON");
    assert_eq!((notebook["nbformat"].as_u64(), notebook["nbformat_minor"].as_u64()), (Some(4), Some(5)));
    let cells = notebook["cells"].as_array().expect("cells");
    let code = cells.iter().filter(|cell| cell["cell_type"] == "code").count();
    assert!(code >= 7 && cells.len() > 2 * code, "{code} of {} cells", cells.len());
}

#[test]
fn a_script_is_of_one_parameter_and_not_too_large() {
    let large =
        RUN.replace("units = 2\nactivation = \"sigmoid\"\nweight = [[0.15, 0.20], [0.25, 0.30]]\nbias = [0.35, 0.35]", "units = 9000");
    let large = large.replace("weight = [[0.40, 0.45], [0.50, 0.55]]\n", "");
    let desk = Desk::with(&[("run.toml", RUN), ("large.toml", &large)]);
    let whole = desk.run("explain run.toml --row 0 --format numpy");
    whole.expect(2);
    whole.complains(&["numpy", "--parameter"]);
    for form in ["numpy", "ipynb"] {
        let refused = desk.run(&format!("explain large.toml --row 0 --parameter layer1.weight[0,0] --format {form} -o out"));
        refused.expect(2);
        refused.complains(&["at most 20000 numbers", "--format json"]);
        assert!(!desk.path("out").exists());
    }
}
