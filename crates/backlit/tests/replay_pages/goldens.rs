//! The goldens' numbers, by name, at the equations that show them.

use super::{digits, equations, page, room};
use backlit_engine::typeset::unicode;
use serde_json::Value as Json;

/// Whether some equation with this left side ends in the golden's numbers.
fn held(name: &str, pairs: &[(String, &Json)]) {
    let (replay, _, reader) = page(name);
    for (left, golden) in pairs {
        let mut wanted = Vec::new();
        super::numbers(golden, &mut wanted);
        assert!(!wanted.is_empty(), "{name}: the golden has nothing for {left}");
        let mut shown = equations(&replay.document)
            .filter(|equation| unicode(&equation.left) == *left)
            .map(|equation| equation.steps.last().map(|(_, step)| digits(step)).unwrap_or_default());
        let same = |shown: &Vec<String>| {
            shown.len() == wanted.len()
                && shown.iter().zip(&wanted).all(|(shown, wanted)| (shown.parse::<f64>().unwrap() - wanted).abs() <= room(shown, &reader))
        };
        assert!(shown.any(|shown| same(&shown)), "{name}: no equation '{left} = … = {wanted:?}'");
    }
}

#[test]
fn explicit() {
    let golden = page("explicit").1;
    let first = &golden["snapshots"][0];
    let mut pairs = vec![("ErrorT".to_string(), &first["ErrorT"])];
    let list = |key: &str, shown: &str| -> Vec<(String, &Json)> {
        let values = first[key].as_array().unwrap();
        let flat: Vec<&Json> = values.iter().flat_map(|row| row.as_array().unwrap()).collect();
        flat.into_iter().enumerate().map(|(j, value)| (shown.replace('#', &j.to_string()), value)).collect()
    };
    for (key, shown) in [
        ("layer1_inputs", "layer1_inputs[#]"),
        ("layer1_outputs", "layer1_outputs[#]"),
        ("layer2_inputs", "layer2_inputs[#]"),
        ("layer2_outputs", "layer2_outputs[#]"),
        ("d_ErrorT_d_layer_2_outputs", "d_ErrorT/d_layer2_outputs[#]"),
        ("d_layer2_outputs_d_layer2_inputs", "d_layer2_outputs[#]/d_layer2_inputs[#]"),
        ("d_layer2_inputs_d_layer1_weights", "d_layer2_inputs[0]/d_W1[#]"),
        ("d_errorT_d_W1", "d_ErrorT/d_W1[#]"),
        ("W1_deltas", "W1_deltas[#]"),
        ("d_layer2_inputs_d_layer1_outputs", "d_layer2_inputs[0]/d_layer1_outputs[#]"),
        ("d_ErrorT_d_layer1_outputs (comment)", "d_ErrorT/d_layer1_outputs[#]"),
        ("d_layer1_outputs_d_layer1_inputs", "d_layer1_outputs[#]/d_layer1_inputs[#]"),
        ("W1_after", "W1[#]ⁿᵉʷ"),
    ] {
        // The last layer's numbers are both rows and columns of one.
        let shown =
            if key.starts_with("layer2") || key.starts_with("d_layer2_outputs") { shown.replace('#', "0") } else { shown.to_string() };
        pairs.extend(list(key, &shown));
    }
    let last_row = |key: &str, shown: &str| -> Vec<(String, &Json)> {
        first[key][2].as_array().unwrap().iter().enumerate().map(|(j, value)| (shown.replace('#', &j.to_string()), value)).collect()
    };
    pairs.extend(last_row("d_errorT_d_W0", "d_ErrorT/d_W0[2][#]"));
    pairs.extend(last_row("W0_deltas", "W0_deltas[2][#]"));
    pairs.extend(last_row("W0_after", "W0[2][#]ⁿᵉʷ"));
    pairs.push(("d_ErrorT/d_W0[0][0]".into(), &first["d_errorT_d_W0"][0][0]));
    pairs.extend(golden["init"]["W0"][0].as_array().unwrap().iter().enumerate().map(|(j, value)| (format!("W0[0][{j}]"), value)));
    let last = golden["errors"].as_array().unwrap().last().unwrap();
    pairs.extend([("ErrorT".into(), &last["ErrorT"]), ("Error".into(), &last["mean_abs"]), ("alpha".into(), &golden["alpha"])]);
    assert!(pairs.len() > 50);
    held("explicit", &pairs);
}

/// `dE_total_dout_o1` as ∂E_total/∂out_o1, `out_o1` and `w5` as they are set.
fn set(name: &str) -> String {
    match name.strip_prefix('d').and_then(|rest| rest.split_once("_d")) {
        Some((top, bottom)) => format!("∂{}/∂{}", set(top), set(bottom)),
        None => match name.strip_prefix('w') {
            Some(number) => format!("w{}", char::from_u32(0x2080 + number.parse::<u32>().unwrap()).unwrap()),
            None => name.to_string(),
        },
    }
}

#[test]
fn mazur() {
    let golden = page("mazur").1;
    let mut pairs: Vec<(String, &Json)> = golden["forward"].as_object().unwrap().iter().map(|(key, value)| (set(key), value)).collect();
    for (key, value) in golden["output_layer"].as_object().unwrap() {
        match key.split_once(" (as the seed") {
            Some((delta, _)) => pairs.push((delta.replace("delta", "δ"), value)),
            None if key.starts_with('d') && !key.contains("delta") => pairs.push((set(key), value)),
            None => {}
        }
    }
    for (key, value) in golden["hidden_layer"].as_object().unwrap() {
        // The page goes through h1; h2 has its delta.
        match key.strip_prefix("delta") {
            Some(neuron) => pairs.push((format!("δ{neuron}"), value)),
            None if key.contains("h1") => pairs.push((set(key), value)),
            None => {}
        }
    }
    for (weight, value) in golden["gradient"].as_object().unwrap() {
        pairs.push((format!("∂E_total/∂{}", set(weight)), value));
        pairs.push((format!("{}⁺", set(weight)), &golden["updated"][weight]));
    }
    for weight in ["w1", "w5"] {
        for (key, value) in golden["factors"][weight].as_object().unwrap() {
            let left = key.split(" = ").next().unwrap();
            pairs.push((if left == "product" { format!("∂E_total/∂{}", set(weight)) } else { set(left) }, value));
        }
    }
    for (key, value) in golden["bias_gradient (the seed leaves the biases alone)"].as_object().unwrap() {
        if key.contains("shared") {
            pairs.push((format!("∂E_total/∂b{}", if key.starts_with("b1") { '₁' } else { '₂' }), value));
        }
    }
    let frozen = &golden["rounds"]["hidden layer uses original w5..w8, biases frozen"]["points"];
    for updates in [0, 1, 10_000] {
        let point = frozen.as_array().unwrap().iter().find(|point| point["updates_done"] == updates).unwrap();
        pairs.push(("E_total".into(), &point["E_total"]));
    }
    assert!(pairs.len() > 50);
    held("mazur", &pairs);
}

/// The numbers of the text, each with the digits that the text gives it.
#[test]
fn mazur_with_the_digits_of_the_text() {
    let (replay, golden, _) = page("mazur");
    let text = super::words(&replay.document);
    for figure in golden["prose_numbers"].as_array().unwrap() {
        let (shown, computed) = (figure["shown"].as_str().unwrap(), figure["replay_at_those_digits"].as_str().unwrap());
        // Cut to five digits in the text; the page has nine (D2.8).
        let computed = if shown == "1.10590" { "1.105905967" } else { computed };
        let on_paper = computed.replace('-', "−");
        let in_a_chain = ["= ", "− ", "· ", "(", "(−", "^(−"].iter().any(|before| text.contains(&format!("{before}{on_paper}")));
        assert!(in_a_chain, "{}: {computed} stands in no equation", figure["what"]);
    }
}

#[test]
fn houses() {
    let golden = page("houses").1;
    let (one, net) = (&golden["one_layer"]["first_iteration"], &golden["net_13_5_3_1"]);
    let house = &net["house_0_first_epoch"];
    let pair = |left: &str, value| (left.to_string(), value);
    let mut pairs = vec![
        pair("a", &one["house_0"]["a"]),
        pair("∂C/∂a", &one["house_0"]["dC_db"]),
        pair("∂C/∂b", &one["house_0"]["dC_db"]),
        pair("∂C/∂w_RM", &one["house_0"]["dC_dw"][5]),
        pair("∂C/∂b", &one["mean_dC_db"]),
        pair("∂C/∂w_RM", &one["mean_dC_dw"][5]),
        pair("C", &house["C"]),
        pair("z^L3", &house["z"][2]),
        pair("a^L3", &house["a"][2]),
        pair("∂C/∂a^L3", &house["dC_da3"]),
        pair("∂C/∂a^L2", &house["dC_da2"]),
        pair("∂C/∂a^L1", &house["dC_da1"]),
        pair("∂C/∂w^L3", &house["dC_dW3"]),
        pair("∂C/∂w^L2", &house["dC_dW2"]),
        pair("∂C/∂b^L3", &net["first_epoch_mean_gradient"]["b3"]),
    ];
    pairs.extend((0..3).map(|l| (format!("δ^L{}", l + 1), &house["dC_dz"][l])));
    let sigmoid = &golden["net_relu_sigmoid_standardised"]["house_0_first_epoch"];
    pairs.extend([pair("σ(z)", &sigmoid["a"][1][0]), pair("σ′(z)", &sigmoid["da_dz"][1][0])]);
    held("houses", &pairs);
}

#[test]
fn relu() {
    let golden = page("relu").1;
    let neuron = golden["neuron"].as_object().unwrap();
    let derivatives = neuron.iter().filter(|(key, _)| key.starts_with('d') && *key != "dvalue");
    let mut pairs: Vec<(String, &Json)> = derivatives.map(|(key, value)| (key.clone(), value)).collect();
    assert_eq!(pairs.len(), 21);
    let once = &neuron["updated, cell run once (what the code says)"];
    let printed = &neuron["updated, weight lines three times and bias line twice (what is printed)"];
    for i in 0..3 {
        pairs.push((format!("w{}ⁿᵉʷ", ['₀', '₁', '₂'][i]), &once["w"][i]));
        pairs.push((format!("input_weights[{i}]"), &neuron["input_weights"][i]));
        pairs.push((format!("input_weights[{i}]"), &printed["input_weights"][i]));
    }
    pairs.push(("bⁿᵉʷ".into(), &once["b"]));
    for state in [&golden["neuron"], printed] {
        pairs.extend([("z".to_string(), &state["z"]), ("y".to_string(), &state["y"])]);
    }
    let (layer, combined, dense) = (&golden["layer"], &golden["combined"], &golden["dense"]);
    let chain = &dense["dense.backward(relu.dinputs), the chain in full (not in the seed)"];
    let printed = &dense["backward(dvalues), as printed"];
    let initial = dense.as_object().unwrap().iter().find(|(key, _)| key.starts_with("initialiser")).unwrap().1;
    let pair = |left: &str, value| (left.to_string(), value);
    pairs.extend((0..4).map(|i| (format!("dx{i}"), &layer["dinputs (In [49], by sums)"][i])));
    pairs.extend([
        pair("weights", &layer["weights"]),
        pair("weightsᵀ", &layer["weights_T"]),
        pair("dvalues", &layer["dvalues"]),
        pair("dinputs", &layer["dinputs (In [59], np.dot)"]),
        pair("dinputs", &layer["batch_dinputs (In [61])"]),
        pair("layer_outputs", &combined["layer_outputs"]),
        pair("relu_outputs", &combined["relu_outputs"]),
        pair("drelu", &combined["drelu"]),
        pair("dinputs", &combined["dinputs (not printed)"]),
        pair("dweights", &combined["dweights (not printed)"]),
        pair("dbiases", &combined["dbiases (not printed)"]),
        pair("weights[0][0]ⁿᵉʷ", &combined["weights_after"][0][0]),
        pair("biases[0][0]ⁿᵉʷ", &combined["biases_after"][0][0]),
        pair("outputs", &dense["outputs"]),
        pair("weights", &initial["Dense_Layer(4,3).weights"]),
        pair("biases", &initial["biases"]),
    ]);
    for backward in [printed, chain] {
        pairs.extend(["dweights", "dbiases", "dinputs"].map(|key| pair(key, &backward[key])));
    }
    held("relu", &pairs);
}
