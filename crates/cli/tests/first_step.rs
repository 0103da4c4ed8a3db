//! The step that `explain` shows is the first of the training; what is in the cost is said. Trainings, sums written down here and
//! PyTorch's rules are what it is held to.

mod support;

use serde_json::{Value, json};
use support::{Desk, close, number, numbers};

/// Sixty rows, three columns and a target that they do not quite tell; the last column has three classes.
fn table() -> String {
    let row = |r: u32| {
        let (a, b) = ((f64::from(r) * 0.7).sin(), (f64::from(r) * 1.3).cos());
        let class = ["green", "red", "blue"][usize::from(a > 0.1) + usize::from(b > 0.6)];
        format!("{a},{b},{},{},{class}\n", r % 4, 3.0 * a - b * b + f64::from(r % 7))
    };
    "a,b,w,y,k\n".to_string() + &(0..60).map(row).collect::<String>()
}

fn run_file(network: &str, train: &str) -> String {
    format!(
        "[data]\npath = \"t.csv\"\ntarget = \"y\"\nignore = [\"k\", \"w\"]\n[network]\nprecision = \"f64\"\n{network}\n\
         [[network.layer]]\nunits = 4\nactivation = \"tanh\"\nlearning_rate = 0.03\n[[network.layer]]\nunits = 1\nfreeze = [\"bias\"]\n\
         [train]\nlearning_rate = 0.01\nbatch = \"full\"\n{train}\n"
    )
}

fn parameter(document: &Value, name: &str) -> f64 {
    let (tensor, place) = name.split_once('[').expect("a place");
    let places = place.trim_end_matches(']').split(',').map(|place| place.parse::<usize>().expect("a number"));
    number(places.fold(&document["parameters"][tensor], |value, place| &value[place]))
}

const NAMES: [&str; 5] = ["layer1.weight[0,0]", "layer1.weight[3,1]", "layer1.bias[2]", "layer2.weight[0,1]", "layer2.bias[0]"];

/// The parameters after one step of a training of ten epochs: a measure that never changes calls the first epoch the best.
#[test]
fn the_new_value_is_the_trainings_own() {
    let desk = Desk::with(&[("t.csv", &table())]);
    let always = "epochs = 10\nmetric = \"0 * (a - y)\"\njudge = \"metric\"\nkeep = \"best\"";
    for (course, factor) in [
        ("clip_norm = 0.001\nschedule = \"one_cycle\"", Some(0.04)),
        (
            "clip_value = 0.01\nclip_norm = 0.02\nschedule = \"one_cycle(0.5, 10)\"\noptimizer = \"sgd\"\nmomentum = 0.9\nnesterov = true",
            Some(0.1),
        ),
        ("clip_value = 0.01\noptimizer = \"sgd\"\nweight_decay = 0.1", None),
        ("clip_norm = 1000\noptimizer = \"sgd\"", None),
        ("warmup = 0.5\noptimizer = \"adamw\"", Some(0.2)),
        ("schedule = \"cosine\"\nwarmup = 0.3\nclip_norm = 0.1\noptimizer = \"rmsprop\"", Some(1.0 / 3.0)),
        ("schedule = \"step(1)\"\noptimizer = \"sgd\"", Some(1.0)),
    ] {
        desk.write("run.toml", run_file("l2 = 0.01", &format!("{always}\n{course}")));
        let trained = desk.json("train --config run.toml --out run --parameters");
        assert_eq!(trained["best"]["epoch"], json!(1), "{course}");
        let aside: Vec<f64> = numbers(&trained["validation"]["numbers"]);
        let rows: Vec<String> = (0..60).filter(|row| !aside.contains(&f64::from(*row))).map(|row: u32| row.to_string()).collect();
        for name in NAMES {
            let opened = desk.json(&format!("explain run.toml --row {} -p {name}", rows.join(",")));
            let update = &opened["update"];
            close(&format!("{name}: {course}"), number(&update["new_value"]), parameter(&trained, name), 1e-13, 0.0);
            let base = if name.starts_with("layer1") { 0.03 } else { 0.01 };
            if name == "layer2.bias[0]" {
                assert_eq!((&update["frozen"], &update["new_value"]), (&json!(true), &opened["value"]));
                continue;
            }
            assert_eq!(number(&update["base_rate"]), base);
            close("rate", number(&update["learning_rate"]), base * factor.unwrap_or(1.0), 1e-14, 0.0);
            match factor {
                Some(factor) => close("factor", number(&update["factor"]), factor, 1e-14, 0.0),
                None => assert_eq!(update["factor"], Value::Null),
            }
        }
    }
}

/// PyTorch's clip_grad_value_, then clip_grad_norm_: g · min(1, c / (‖g‖ + 10⁻⁶)).
#[test]
fn clipping_is_worked_with_the_norm_of_the_whole() {
    let course = "epochs = 10\noptimizer = \"sgd\"\nschedule = \"one_cycle\"\nclip_value = 0.5\nclip_norm = 0.25";
    let desk = Desk::with(&[("t.csv", &table()), ("run.toml", &run_file("", course))]);
    let whole = desk.json("explain run.toml --row 7");
    let gradients = whole["parameters"].as_array().expect("parameters");
    let moved = gradients.iter().filter(|one| one["frozen"] == json!(false)).map(|one| number(&one["gradient"]).clamp(-0.5, 0.5));
    let size = moved.map(|g| g * g).sum::<f64>().sqrt();
    let opened = desk.json("explain run.toml --row 7 -p layer2.weight[0,1]");
    let update = &opened["update"];
    close("norm", number(&update["clip"]["size"]), size, 1e-14, 0.0);
    assert_eq!((&update["clip"]["value"], &update["clip"]["norm"]), (&json!(0.5), &json!(0.25)));
    let g = number(&opened["gradient"]);
    let clipped = g.clamp(-0.5, 0.5) * (0.25 / (size + 1e-6)).min(1.0);
    assert!(clipped.abs() < g.abs());
    let new = number(&opened["value"]) - 0.01 * 0.04 * clipped;
    close("new value", number(&update["new_value"]), new, 1e-15, 0.0);
    let page = desk.fine("explain run.toml --row 7 -p layer2.weight[0,1]").out;
    let page: String = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in
        ["with learning rate 0.01 · 0.04 = 0.0004 on this", "the first of 10 steps", "one_cycle", "whole gradient of row 7", "‖g‖ ="]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(page.contains("rows in a step; the gradient here is of row 7."), "{page}");
    for format in ["markdown", "latex", "html", "numpy", "ipynb"] {
        desk.fine(&format!("explain run.toml --row 7 -p layer2.weight[0,1] --format {format}"));
    }
}

#[test]
fn a_training_of_no_epochs_tells_no_factor() {
    let desk = Desk::with(&[("t.csv", &table())]);
    let line = "train t.csv --target y --ignore k,w --hidden 4 --optimizer sgd --batch full --validation 0 --epochs 0 --schedule";
    desk.fine(&format!("{line} one_cycle --out none"));
    let update = desk.json("explain none t.csv -p layer1.weight[0,0]")["update"].clone();
    assert_eq!(update["factor"], Value::Null);
    assert!(update["says"].to_string().contains("shown without one_cycle"), "{update}");
    // A cosine begins with the base rate, however long it is.
    desk.fine(&format!("{line} cosine --out cosine"));
    assert_eq!(desk.json("explain cosine t.csv -p layer1.weight[0,0]")["update"]["factor"], json!(1.0));
}

#[test]
fn dropout_is_said() {
    let desk = Desk::with(&[("t.csv", &table())]);
    let line = "train t.csv --target y --ignore k,w --hidden 4,3 --epochs 2 --validation 0 --recipe plain --out";
    desk.fine(&format!("{line} run --dropout 0.3"));
    desk.fine(&format!("{line} without"));
    let strikes = json!([{ "layer": 1, "share": 0.3 }, { "layer": 2, "share": 0.3 }]);
    for what in [
        "explain run t.csv --row 3 -p layer1.weight[0,0]",
        "explain run t.csv --row 3",
        "explain run t.csv --row 3 --layer 1",
        "check run t.csv",
    ] {
        assert_eq!(desk.json(what)["dropout"], strikes, "{what}");
        assert_eq!(desk.json(&what.replace(" run ", " without "))["dropout"], json!([]), "{what}");
        let said: String = desk.fine(what).out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            said.contains("Dropout 0.3 of layer 1, 0.3 of layer 2 strike out numbers in training; here nothing is struck out."),
            "{said}"
        );
        assert!(!desk.fine(&what.replace(" run ", " without ")).out.contains("struck out"));
    }
}

#[test]
fn what_is_in_the_cost_is_worked() {
    let desk = Desk::with(&[("t.csv", &table())]);
    let line = "train t.csv --target k --ignore y --weights w --class-weight red=2.5 --label-smoothing 0.1 --l1 0.003 --l2 0.02 --hidden 3 \
                --epochs 1 --precision f64 --out run --parameters";
    let trained = desk.json(line);
    let tensors = trained["parameters"].as_object().expect("parameters");
    let weights: Vec<f64> = tensors.iter().filter(|(name, _)| name.ends_with("weight")).flat_map(|(_, tensor)| numbers(tensor)).collect();
    let sizes: f64 = weights.iter().map(|w| w.abs()).sum();
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    let row = (0..60).find(|r| table().lines().nth(r + 1).expect("a row").contains(",red") && r % 4 == 3).expect("a red row that weighs 3");
    let opened = desk.json(&format!("explain run t.csv --row {row} -p layer1.weight[0,0]"));
    let terms = &opened["terms"];
    close("of the class", number(&terms["smoothing"]["right"]), 0.9 + 0.1 / 3.0, 1e-15, 0.0);
    close("of others", number(&terms["smoothing"]["wrong"]), 0.1 / 3.0, 1e-15, 0.0);
    let weight = &terms["weights"][0];
    assert_eq!((&weight["class"], &weight["class_weight"], &weight["column"]), (&json!("red"), &json!(2.5), &json!("w")));
    close("number", number(&weight["number"]), 3.0, 1e-14, 0.0);
    close("weight", number(&weight["value"]), number(&weight["scale"]) * 3.0 * 2.5, 1e-14, 0.0);
    close("penalty", number(&terms["penalty"]["cost"]), 0.003 * sizes + 0.01 * squares, 1e-13, 0.0);
    // From what is printed the cost is got again.
    let outputs = numbers(&desk.json("predict run t.csv")["outputs"])[3 * row..][..3].to_vec();
    let classes = desk.json("predict run t.csv")["classes"].as_array().expect("classes").clone();
    let smooth = |k: usize| if classes[k] == json!("red") { 0.9 + 0.1 / 3.0 } else { 0.1 / 3.0 };
    let loss: f64 = (0..3).map(|k| -smooth(k) * outputs[k].ln()).sum();
    let cost = number(&weight["value"]) * loss + number(&terms["penalty"]["cost"]);
    close("cost", number(&opened["cost"]), cost, 1e-12, 0.0);
    let gradient = (format!("explain run t.csv --row {row} -p layer1.weight[0,0]"), ["0.003 · Σ |w| + 0.01 · Σ w²", "over all weights"]);
    let step = (format!("explain run t.csv --row {row}"), ["l1 · Σ |w| + l2/2 · Σ w²", "+ 0.003 · "]);
    for (page, penalty) in [gradient, step] {
        let page: String = desk.fine(&page).out.split_whitespace().collect::<Vec<_>>().join(" ");
        for said in ["(1 − 0.1) · 1 + 0.1/3", "0.93333333", "class weight of red", "the row's 'w'"].into_iter().chain(penalty) {
            assert!(page.contains(said), "{said}: {page}");
        }
    }
}

/// scikit-learn's log_loss of the probabilities that `predict` prints: −Σ log p / n, p between 2⁻⁵² and 1 − 2⁻⁵².
#[test]
fn the_log_loss_is_that_of_the_probabilities() {
    let desk = Desk::with(&[("t.csv", &table())]);
    desk.fine("train t.csv --target k --ignore y,w --hidden 8 --epochs 40 --out run");
    let predicted = desk.json("predict run t.csv");
    let classes = predicted["classes"].as_array().expect("classes");
    let lines = predicted["outputs"].as_array().expect("rows").iter().map(numbers);
    let class = |row: usize| table().lines().nth(row + 1).expect("a row").rsplit(',').next().expect("a class").to_string();
    let right = lines.enumerate().map(|(row, p)| p[classes.iter().position(|known| *known == json!(class(row))).expect("a class")]);
    let loss = right.map(|p| -p.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()).sum::<f64>() / 60.0;
    close("log loss", number(&desk.json("evaluate run t.csv")["metrics"]["log_loss"]), loss, 1e-14, 0.0);
}

#[test]
fn pages_have_one_minus() {
    let desk = Desk::with(&[("t.csv", &table())]);
    desk.fine("train t.csv --target y --ignore k,w --hidden 3 --epochs 1 --validation 0 --out run");
    for page in ["-p x[a]", "-p layer1.weight[0,0]", "-p layer1.weight[2,1]", ""] {
        for row in ["--row 0", "--row 11"] {
            let told = desk.fine(&format!("explain run t.csv {row} {page}")).out;
            let minus = |pair: &[char]| pair[0] == '-' && (pair[1].is_ascii_digit() || pair[1] == '.');
            let letters: Vec<char> = told.chars().collect();
            assert!(!letters.windows(2).any(minus), "{told}");
            assert!(!told.contains("− −") && !told.contains("−−"), "{told}");
        }
    }
}

/// A page with its blanks joined.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Training that goes on from networks side by side moves all of them as one, by its own schedule and its own clipping; what is 0 between
/// them stays.
#[test]
fn an_ensemble_trained_on_is_moved_as_one() {
    let desk = Desk::with(&[("t.csv", &table())]);
    desk.fine("train t.csv --target y --ignore k,w --hidden 4,4 --ensemble 2 --precision f64 --epochs 2 --out en");
    assert!(joined(&desk.fine("explain en t.csv --row 3").out).contains("each of the 2 networks by itself"));
    desk.fine(
        "train t.csv --from en --optimizer sgd --schedule one_cycle --clip-norm 0.01 --epochs 30 --batch full --learning-rate 0.1 --validation 0 \
         --out on",
    );
    let whole = desk.json("explain on t.csv --row 3");
    let page = joined(&desk.fine("explain on t.csv --row 3").out);
    assert!(page.contains("2 networks side by side") && !page.contains("by itself"), "{page}");
    let parameters = whole["parameters"].as_array().expect("parameters");
    let moved: Vec<&Value> = parameters.iter().filter(|one| one["frozen"] == json!(false)).collect();
    let size = moved.iter().map(|one| number(&one["gradient"]).powi(2)).sum::<f64>().sqrt();
    for one in moved {
        let clipped = number(&one["gradient"]) * (0.01 / (size + 1e-6)).min(1.0);
        let new = number(&one["value"]) - 0.1 * 0.04 * clipped;
        close(&one["name"].to_string(), number(&one["new_value"]), new, 1e-13, 0.0);
    }
}

/// Of a large network a part is shown, and of the rest it is said how many move and how many never do.
#[test]
fn the_rest_of_a_large_network_is_told_apart() {
    let desk = Desk::with(&[("t.csv", &table())]);
    let line = "train t.csv --target y --ignore k --epochs 1 --precision f64 --parameters --numeric-embedding";
    let trained = desk.json(&format!("{line} pbld --hidden 40 --ensemble 2 --out wide"));
    let between = numbers(&trained["parameters"]["layer1.weight"]).into_iter().filter(|weight| *weight == 0.0).count();
    let whole = desk.json("explain wide t.csv --row 3");
    let parameters = whole["parameters"].as_array().expect("parameters");
    let still = parameters.iter().filter(|one| one["frozen"] == json!(true)).count();
    let others = whole["parameter_count"].as_u64().expect("a count") as usize - parameters.len();
    let page = joined(&desk.fine("explain wide t.csv --row 3").out);
    let frozen = between - still;
    let said = format!(
        "Of the other {others} parameters {} move by the same rule, each at its own rate; {frozen} are frozen and keep their values.",
        others - frozen
    );
    assert!(frozen > 500 && page.contains(&said) && page.contains("at most 2 of each kind and 6 in all"), "{said}: {page}");
    desk.fine(&format!("{line} none --hidden 400 --ensemble 1 --out plain"));
    let page = joined(&desk.fine("explain plain t.csv --row 3").out);
    assert!(page.contains("parameters move by the same rule.") && !page.contains("of each kind"), "{page}");
}

/// What stands between networks is no more moved in a sheet or an audit than in the training.
#[test]
fn weights_between_networks_stay_in_audits_and_sheets() {
    let row = |r: usize| format!("{:.3},w{},{:.3}\n", (r as f64 * 0.7).sin(), r % 12, (r as f64 * 0.9).cos());
    let desk = Desk::with(&[("t.csv", &("a,word,y\n".to_string() + &(0..48).map(row).collect::<String>()))]);
    desk.fine(
        "train t.csv --target y --hidden 2 --activation tanh --embed 2 --ensemble 2 --optimizer sgd --epochs 2 --precision f64 --out pe",
    );
    // The last two of the five inputs are the numbers of the second network; the first two units are the first's.
    let opened = desk.json("explain pe t.csv --row 3 -p layer1.weight[0,4]");
    assert_eq!((&opened["update"]["frozen"], &opened["value"]), (&json!(true), &json!(0.0)));
    assert!(number(&opened["gradient"]) != 0.0);
    let free = desk.json("explain pe t.csv --row 3 -p layer1.weight[0,1]");
    let new = number(&free["update"]["new_value"]);
    desk.write("claims.csv", format!("quantity,value\n\"layer1.weight[0,4] after 1\",0\n\"layer1.weight[0,1] after 1\",{new:.9e}\n"));
    desk.fine("audit claims.csv pe t.csv --row 3").complains(&["here all are moved at once"]);
    let judged = desk.json("audit claims.csv pe t.csv --row 3");
    assert_eq!((&judged["claims"][0]["right"], &judged["passed"]), (&json!(0.0), &json!(true)), "{judged}");
    let sheet = desk.fine("worksheet pe t.csv --row 3 -p layer1.weight[0,4]").out;
    assert!(sheet.contains("(frozen)") && !sheet.contains("W⁽¹⁾[0,4])⁺"), "{sheet}");
}

/// What the weight of a row is made of stands there only where it is known.
#[test]
fn no_number_of_a_weights_column_is_made_up() {
    let whole = table();
    let plain = whole.lines().map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        format!("{},{},{},{}\n", cells[0], cells[1], cells[3], cells[4])
    });
    let desk = Desk::with(&[("t.csv", &table()), ("now.csv", &plain.collect::<String>())]);
    let line = "train t.csv --target k --ignore y --weights w --hidden 3 --epochs 1 --validation 0 --ensemble 1 --class-weight";
    desk.fine(&format!("{line} red=0,blue=2 --out run"));
    let [red, blue] = ["red", "blue"].map(|class| table().lines().skip(1).position(|line| line.ends_with(class)).expect("a row"));
    let page = joined(&desk.fine(&format!("explain run t.csv --row {red} -p layer1.weight[0,0]")).out);
    assert!(page.contains("The row's weight is 0, as the class weight of red is.") && !page.contains("the row's 'w'"), "{page}");
    let document = desk.json(&format!("explain run t.csv --row {red} -p layer1.weight[0,0]"));
    assert_eq!((&document["terms"]["weights"][0]["number"], &document["terms"]["weights"][0]["value"]), (&Value::Null, &json!(0.0)));
    let weight = desk.json(&format!("explain run t.csv --row {blue} -p layer1.weight[0,0]"))["terms"]["weights"][0].clone();
    assert_eq!((number(&weight["number"]), &weight["class_weight"]), ((blue % 4) as f64, &json!(2.0)));
    let page = joined(&desk.fine(&format!("explain run now.csv --row {blue} -p layer1.weight[0,0]")).out);
    assert!(page.contains("weighs rows by 'w', which is not there: each row counts as 1.") && !page.contains("the row's 'w'"), "{page}");
}

#[test]
fn shares_are_said_in_few_digits_and_cosines_have_both_indices() {
    let desk = Desk::with(&[("t.csv", &table())]);
    desk.fine(
        "train t.csv --target y --ignore k,w,b --hidden 3 --optimizer sgd --warmup 0.07 --epochs 20 --numeric-embedding pbld --precision f64 \
         --ensemble 1 --learning-rate 0.25 --out run",
    );
    let page = joined(&desk.fine("explain run t.csv --row 3 -p layer1.weight[0,0]").out);
    assert!(page.contains("a warm-up over 7 % of the steps"), "{page}");
    assert_eq!(
        desk.json("explain run t.csv --row 3 -p numeric.frequency[0,3]"),
        desk.json("explain run t.csv --row 3 -p numeric.frequency[3]")
    );
    desk.run("explain run t.csv --row 3 -p numeric.frequency[1,3]").expect(2);
    let step = desk.json("explain run t.csv --row 3");
    let rate = number(&desk.json("explain run t.csv --row 3 -p numeric.phase[3]")["update"]["learning_rate"]);
    let text = joined(&desk.fine("explain run t.csv --row 3").out);
    let said = text.split("The learning rate is ").nth(1).and_then(|rest| rest.split(" for what is learned of numeric columns").next());
    close("the rate of numeric embeddings", said.expect(&text).parse().expect("a number"), rate, 1e-7, 0.0);
    // The worked example is the parameter that is pulled most.
    let pull = |one: &Value| number(&one["gradient"]).abs();
    let most = step["parameters"].as_array().expect("parameters").iter().max_by(|a, b| pull(a).total_cmp(&pull(b))).expect("one");
    let section = text.split("New values").nth(1).expect("a section");
    let gradient = &format!("{:.9}", number(&most["gradient"]).abs())[..6];
    let example = section.split("parameter value gradient").next().expect("an example");
    assert!(example.contains(gradient), "{gradient}: {example}");
    // In a notation that counts from 1 operations do as well.
    let counted = desk.fine("explain run t.csv --row 3 --notation net-out").out;
    assert!(counted.contains("cos t[1,16]") && !counted.contains("cos t[0,"), "{counted}");
}

/// A sum of other shares that no line uses is not printed.
#[test]
fn a_step_of_classes_prints_what_it_uses() {
    let desk = Desk::with(&[("t.csv", &table())]);
    desk.fine("train t.csv --target k --ignore w,y --hidden 3 --epochs 0 --ensemble 1 --out run");
    let page = desk.fine("explain run t.csv --row 3").out;
    let lines = |what: &str| page.lines().filter(|line| line.contains(what)).count();
    assert!(lines("softmax(z)[") > 0, "{page}");
    assert_eq!(lines("Σ softmax(z)[j"), 0, "{page}");
}
