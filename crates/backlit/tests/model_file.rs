//! Model files: nothing that is not exactly what was saved comes back.

use backlit::conformal::Residuals;
use backlit::course::{Course, Keep};
use backlit::error::{Error, Kind};
use backlit::model_file::*;
use backlit::predictor::Predictor;
use backlit::recipe::Recipe;
use backlit::said::{Said, Targets};
use backlit::scaler::Scaler;
use sha2::{Digest, Sha256};
use std::path::Path;

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

fn layer(units: usize, activation: &str, bias: bool) -> LayerShape {
    LayerShape {
        units,
        activation: activation.into(),
        bias,
        freeze: Vec::new(),
        dropout: 0.0,
        norm: None,
        skip: None,
        learning_rate: None,
        groups: 1,
    }
}

/// Two inputs, two units with bias, one output without: 8 parameters.
fn small() -> Model {
    let metadata = Metadata {
        bundled: false,
        format: FORMAT,
        version: "0.1.0".into(),
        name: "say \"hi\"\n\u{1}".into(),
        precision: Precision::F32,
        inputs: strings(&["a,\"b\"\\", "new\nline 名 \u{10FFFF}"]),
        targets: strings(&["é"]),
        task: Task::Regression,
        encoder: None,
        headless: false,
        classes: Vec::new(),
        network: Shape {
            inputs: 2,
            layers: vec![layer(2, "relu", true), layer(1, "linear", false)],
            loss: "half_squared_error".into(),
            terms: Default::default(),
            embedding: None,
            numeric: None,
        },
        input_scaler: Some(Scaler::fit(3, 2, &[1.0, 0.1, 2.0, 0.1, 4.0, 0.1])),
        target_scaler: None,
        threshold: 0.5,
        metric: None,
        residuals: None,
        seed: u64::MAX,
        training: Training {
            optimizer: "adam".into(),
            options: [("beta1".to_string(), 0.9), ("epsilon".to_string(), 5e-324)].into(),
            learning_rate: 0.1 + 0.2,
            epochs: 3,
            planned: None,
            batch: None,
            shuffle: true,
            rows: 3,
            validation_rows: 0,
            validation: None,
            course: Course::default(),
            recipe: Recipe::Plain,
            ensemble: None,
            temperature: None,
            best_epoch: None,
            split: None,
            from: None,
        },
    };
    let parameters = vec![1.5, -0.0, f32::MIN_POSITIVE / 8.0, f32::MAX, 0.1, -1e-30, 3.0, 7.0];
    Model { metadata, parameters: Parameters::F32(parameters) }
}

fn wide() -> Model {
    let mut model = small();
    model.metadata.precision = Precision::F64;
    model.metadata.training.batch = Some(2);
    model.metadata.network.layers[0].freeze = strings(&["bias", "weight[0,1]"]);
    model.metadata.task = Task::Classes;
    model.metadata.classes = vec![-3.0];
    model.parameters = Parameters::F64(vec![0.1, -0.0, 5e-324, f64::MAX, 1.0 / 3.0, 2.0, 3.0, 4.0]);
    model
}

fn refused(path: &Path) -> Error {
    let error = load(path).expect_err("a model that must be refused");
    assert_eq!((error.kind, error.file), (Kind::Model, Some(path.display().to_string())));
    load(path).unwrap_err()
}

#[test]
fn a_round_trip_keeps_all_bits() {
    let directory = tempfile::tempdir().unwrap();
    for model in [small(), wide()] {
        let path = directory.path().join("model.safetensors");
        save(&path, &model).unwrap();
        let back = load(&path).unwrap();
        assert_eq!(back, model);
        // Equality takes -0 for 0; bytes do not.
        assert_eq!(back.parameters.to_bytes(), model.parameters.to_bytes());
        assert_eq!(to_bytes(&back).unwrap(), std::fs::read(&path).unwrap());
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn the_course_of_a_training_is_kept_and_need_not_be_there() {
    let mut model = small();
    assert!(!serde_json::to_string(&model.metadata).unwrap().contains("course"), "files as they were before there were any");
    model.metadata.training.course = Course { schedule: Some("cosine".into()), keep: Some(Keep::Best), ..Course::default() };
    model.metadata.training.best_epoch = Some(2);
    model.metadata.training.from = Some("0123".into());
    assert_eq!(from_bytes(&to_bytes(&model).unwrap()).unwrap(), model);
    model.metadata.training.course.clip_norm = Some(-1.0);
    assert!(to_bytes(&model).unwrap_err().contains("training.course.clip_norm"));
}

#[test]
fn a_typed_model_predicts_the_same_bits_after_loading() {
    let directory = tempfile::tempdir().unwrap();
    for mut model in [small(), wide()] {
        model.metadata.network.layers[0].activation = "z * tanh(softplus(z)) + max(z, 0)".into();
        model.metadata.network.loss = "(a - y)^4".into();
        let path = directory.path().join("model.safetensors");
        save(&path, &model).unwrap();
        let back = load(&path).unwrap();
        assert_eq!(back, model);
        let x: Vec<f64> = (0..200).map(|i| f64::from(i % 37) * 0.17 - 3.0).collect();
        let bits = |model: &Model| -> Vec<u64> { Predictor::new(model, 1).outputs(100, &x).iter().map(|y| y.to_bits()).collect() };
        assert_eq!(bits(&back), bits(&model));
    }
}

/// The safetensors crate reads the file without any help from ours.
#[test]
fn other_programs_can_read_the_tensors() {
    let bytes = to_bytes(&small()).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut names: Vec<&str> = file.names();
    names.sort();
    assert_eq!(names, ["layer1.bias", "layer1.weight", "layer2.weight"]);
    let weight = file.tensor("layer1.weight").unwrap();
    assert_eq!((weight.dtype(), weight.shape()), (safetensors::Dtype::F32, &[2, 2][..]));
    assert_eq!(weight.data()[..4], 1.5f32.to_le_bytes());
    assert_eq!(file.tensor("layer1.bias").unwrap().data()[..4], 0.1f32.to_le_bytes());
    assert_eq!(file.tensor("layer2.weight").unwrap().data()[4..], 7.0f32.to_le_bytes());
    let (header, _) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(header % 8, 0);
}

#[test]
fn every_prefix_every_flipped_bit_and_every_tail_is_refused() {
    for model in [small(), wide()] {
        let bytes = to_bytes(&model).unwrap();
        assert_eq!(from_bytes(&bytes).unwrap(), model);
        for length in 0..bytes.len() {
            assert!(from_bytes(&bytes[..length]).is_err(), "cut to {length} of {}", bytes.len());
        }
        for bit in 0..8 * bytes.len() {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let message = from_bytes(&changed).expect_err(&format!("bit {} of byte {}", bit % 8, bit / 8));
            assert!(!message.is_empty() && message.len() < 2000);
        }
        for tail in [&b"\0"[..], b" ", b"\0\0\0\0", &bytes] {
            assert!(from_bytes(&[&bytes, tail].concat()).is_err());
        }
    }
}

/// Builds a file by the rules of the format, hash and all, without the code under test.
fn forge(json: &str, tensors: &[(&str, &str, &str, &[u8])]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(format!("{}\n{json}", json.len()));
    for (name, dtype, shape, data) in tensors {
        hash.update(format!("{name} {dtype} {shape}\n"));
        hash.update(data);
    }
    let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut header = format!("{{\"__metadata__\":{{\"backlit\":{},\"sha256\":\"{hash}\"}}", serde_json::to_string(json).unwrap());
    let mut start = 0;
    for (name, dtype, shape, data) in tensors {
        let end = start + data.len();
        header += &format!(",\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{start},{end}]}}");
        start = end;
    }
    header.push('}');
    while header.len() % 8 != 0 {
        header.push(' ');
    }
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    tensors.iter().for_each(|tensor| file.extend(tensor.3));
    file
}

/// The small model's tensors.
fn tensors(data: &[u8]) -> [(&'static str, &'static str, &'static str, &[u8]); 3] {
    [
        ("layer1.weight", "F32", "[2,2]", &data[..16]),
        ("layer1.bias", "F32", "[2]", &data[16..24]),
        ("layer2.weight", "F32", "[1,2]", &data[24..]),
    ]
}

#[test]
fn the_format_is_as_documented() {
    let model = small();
    let json = serde_json::to_string(&model.metadata).unwrap();
    assert_eq!(forge(&json, &tensors(&model.parameters.to_bytes())), to_bytes(&model).unwrap());
}

#[test]
fn forged_files_with_a_right_hash_are_refused_for_what_is_wrong() {
    let model = small();
    let json = serde_json::to_string(&model.metadata).unwrap();
    let data = model.parameters.to_bytes();
    let with = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        forge(&json.replacen(from, to, 1), &tensors(&data))
    };
    let mut infinite = data.clone();
    infinite[20..24].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let good = tensors(&data);
    let renamed = [good[0], ("layer1.bia", good[1].1, good[1].2, good[1].3), good[2]];
    let reshaped = [("layer1.weight", "F32", "[1,4]", good[0].3), good[1], good[2]];
    let typed = [("layer1.weight", "I32", "[2,2]", good[0].3), good[1], good[2]];
    let more = [good[0], good[1], good[2], ("layer9.weight", "F32", "[0]", &[][..])];
    for (file, words) in [
        (with("\"format\":1", "\"format\":2"), "made by a newer version"),
        (with("\"format\":1", "\"format\":0"), "expected format 1, came 0"),
        (with("\"seed\":", "\"sed\":"), "unknown field `sed`"),
        (with("\"precision\":\"f32\"", "\"precision\":\"f64\""), "expected layer1.weight as F64"),
        (with("\"units\":2", "\"units\":3"), "expected layer1.weight as F32 [3, 2], came F32 [2, 2]"),
        (with("\"units\":2", "\"units\":18446744073709551615"), "larger than any memory"),
        (with("\"units\":2", "\"units\":0"), "layer 1 has no units"),
        (with("\"inputs\":2", "\"inputs\":1000000000000"), "2 are named"),
        (with("\"relu\"", "\"rela\""), "no activation 'rela'"),
        (with("\"half_squared_error\"", "\"half\""), "no loss 'half'"),
        (with("\"relu\"", &format!("\"{}z\"", "(".repeat(900))), "nested deeper than 200"),
        (with("\"relu\"", &format!("\"{}\"", "-z".repeat(1_000_000))), "at most 1000 characters"),
        (with("\"relu\"", "\"z * w\""), "layer 1: the activation 'z * w', column 5: no letter 'w'"),
        (with("\"half_squared_error\"", "\"z^2\""), "no letter 'z' here; expected a formula in a and y"),
        (with("\"targets\":[\"é\"]", "\"targets\":[\"é\",\"b\"]"), "1 outputs, expected 2"),
        (with("\"classes\":[]", "\"classes\":[1]"), "expected 0 classes"),
        (with("\"task\":\"regression\"", "\"task\":\"two_classes\""), "expected 2 classes"),
        (with("\"task\":\"regression\"", "\"task\":\"classes\""), "1 outputs, expected 0"),
        (with("\"constant\":[1]", "\"constant\":[7]"), "input scaler: there is no column 7"),
        (with("\"scale\":[", "\"scale\":[-"), "input scaler: the scale of column 0"),
        (forge("{}", &good), "missing field"),
        (forge("", &good), "cannot be read"),
        (forge(&"[".repeat(100_000), &good), "cannot be read"),
        (forge(&json, &tensors(&infinite)), "layer1.bias[1] is inf"),
        (forge(&json, &renamed), "needs the tensor layer1.bias"),
        (forge(&json, &reshaped), "expected layer1.weight as F32 [2, 2], came F32 [1, 4]"),
        (forge(&json, &typed), "came I32"),
        (forge(&json, &good[..2]), "needs the tensor layer2.weight"),
        (forge(&json, &more), "no tensor 'layer9.weight'"),
        (forge(&json, &[good[1], good[0], good[2]]), "hash does not fit"),
        (forge(&json.replace("\"format\":1", "\"format\":1 "), &good), ""),
    ] {
        match from_bytes(&file) {
            Err(message) => assert!(!words.is_empty() && message.contains(words), "{words}: {message}"),
            // Blanks in the description are no damage: the hash covers them.
            Ok(same) => assert!(words.is_empty() && same == model, "{words}"),
        }
    }
}

/// Eight more blanks at the end of the header mean the same to every reader; they are a change all the same.
#[test]
fn there_is_one_file_for_a_model() {
    let bytes = to_bytes(&small()).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let (header, tensors) = bytes[8..].split_at(length as usize);
    let longer = [&(length + 8).to_le_bytes()[..], header, b"        ", tensors].concat();
    assert!(safetensors::SafeTensors::deserialize(&longer).is_ok());
    assert!(from_bytes(&longer).unwrap_err().contains("not written as Backlit writes"));
}

#[test]
fn forged_lengths_take_no_memory() {
    for length in [0, 7, 8, 1 << 20, u64::MAX, u64::MAX - 7, 1 << 63, 99_999_999] {
        let mut file = length.to_le_bytes().to_vec();
        file.extend(b"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967295,4294967295,9],\"data_offsets\":[0,18446744073709551615]}}");
        assert!(from_bytes(&file).is_err());
    }
}

#[test]
fn files_that_are_no_models() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model");
    assert!(refused(&path).message.contains("cannot be read"));
    assert!(refused(directory.path()).message.contains("directory"));
    for text in ["", "hello", "a,b\n1,2\n", "{\"format\":1}"] {
        std::fs::write(&path, text).unwrap();
        assert!(refused(&path).message.contains("expected a model of Backlit"));
    }
    if cfg!(unix) {
        assert!(refused(Path::new("/dev/zero")).message.contains("device"));
    }
}

#[test]
fn a_save_that_fails_leaves_the_old_file_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model");
    save(&path, &small()).unwrap();
    let before = std::fs::read(&path).unwrap();
    let mut wrong = small();
    wrong.parameters = Parameters::F32(vec![f32::NAN; 8]);
    let mut short = small();
    short.parameters = Parameters::F32(vec![1.0; 7]);
    for (model, words) in [(&wrong, "layer1.weight[0,0] is NaN"), (&short, "8 parameters, came 7")] {
        let error = save(&path, model).unwrap_err();
        assert!(error.kind == Kind::Failed && error.message.contains(words), "{error}");
    }
    let busy = directory.path().join("busy");
    std::fs::create_dir(&busy).unwrap();
    for place in [&busy, &directory.path().join("none/model"), &path.join("model")] {
        let error = save(place, &small()).unwrap_err();
        assert_eq!((error.kind, error.file), (Kind::Failed, Some(place.display().to_string())));
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let mut names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["busy", "model"]);
    save(&path, &wide()).unwrap();
    assert_eq!(load(&path).unwrap(), wide());
}

/// Expected values: `printf '\x00\x00\x80\x3f\x00\x00\x00\xc0' | sha256sum` and of nothing.
#[test]
fn the_hash_of_the_weights_is_that_of_their_bytes() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(weights_sha256(&Parameters::F64(Vec::new())), empty);
    assert_eq!(weights_sha256(&Parameters::F32(vec![1.0, -2.0])), TWO_NUMBERS);
}

const TWO_NUMBERS: &str = "ee4ac73c2bd27756ab82780f27c73a7bc4d3f0bb6acb37e008bc27eccd7e588b";

#[test]
fn labels_have_two_values_each() {
    let wrong = |change: &dyn Fn(&mut Metadata)| {
        let mut model = small();
        model.metadata.task = Task::Labels;
        model.metadata.network.loss = "binary_cross_entropy".into();
        model.metadata.classes = vec![0.0, 1.0];
        change(&mut model.metadata);
        to_bytes(&model).err().unwrap_or_default()
    };
    assert_eq!(wrong(&|_| {}), "");
    assert_eq!(wrong(&|metadata| metadata.metric = Some("abs(a - y)".into())), "");
    for (classes, words) in [(vec![0.0], "expected 2 classes"), (vec![1.0, 1.0], "finite and differ"), (vec![0.0, f64::NAN], "finite")] {
        let message = wrong(&|metadata| metadata.classes = classes.clone());
        assert!(message.contains(words), "{message}");
    }
    assert!(wrong(&|metadata| metadata.metric = Some("abs(y)".into())).contains("metric: there is no a"));
}

#[test]
fn threshold_and_errors_are_kept_and_models_without_them_are_read() {
    let description = |model: &Model| serde_json::to_string(&model.metadata).unwrap();
    let plain = small();
    assert!(!description(&plain).contains("threshold") && !description(&plain).contains("residuals"));
    let mut model = small();
    model.metadata.threshold = 0.3;
    model.metadata.residuals =
        Residuals::of_said(1, &Said::new(1, vec![1.0, 2.0, 3.0]), Targets::Numbers(&[1.5, 1.9, 3.0])).expect("in memory");
    assert!(model.metadata.residuals.is_some());
    assert_eq!(from_bytes(&to_bytes(&model).unwrap()).unwrap(), model);
    let wrong = |change: &dyn Fn(&mut Metadata)| {
        let mut model = model.clone();
        change(&mut model.metadata);
        to_bytes(&model).unwrap_err()
    };
    for threshold in [-0.1, 1.0, f64::NAN] {
        assert!(wrong(&|metadata| metadata.threshold = threshold).contains("threshold"));
    }
    let undone = wrong(&|metadata| {
        let mut scaler = Scaler::fit(2, 1, &[1.0, 2.0]);
        scaler.scale[0] = 0.0;
        metadata.target_scaler = Some(scaler);
    });
    assert!(undone.contains("target scaler: the scale of column 0 is 0"), "{undone}");
    let errors = |errors: Vec<Vec<f64>>| {
        wrong(&|metadata| metadata.residuals = Some(Residuals { rows: 2, errors: errors.clone(), out_of_folds: false }))
    };
    for bad in
        [vec![], vec![vec![1.0]], vec![vec![1.0, 2.0]; 2], vec![vec![2.0, 1.0]], vec![vec![-1.0, 2.0]], vec![vec![1.0, f64::INFINITY]]]
    {
        assert!(errors(bad.clone()).contains("residuals: expected"), "{bad:?}");
    }
}

#[test]
fn norms_skips_and_rates_are_kept() {
    use backlit::layers::Norm;
    let mut model = wide();
    let first = &mut model.metadata.network.layers[0];
    (first.norm, first.skip, first.learning_rate) = (Some(Norm::Batch), Some(0), Some(0.1 + 0.2));
    model.parameters = Parameters::F64((0..16).map(f64::from).collect());
    let names: Vec<String> = model.metadata.network.parameters().into_iter().flatten().map(|(name, _)| name).collect();
    let of_first = ["weight", "bias", "gain", "shift", "running_mean", "running_variance"].map(|name| format!("layer1.{name}"));
    assert_eq!(names, [&of_first[..], &["layer2.weight".to_string()]].concat());
    let bytes = to_bytes(&model).expect("a model");
    assert_eq!(from_bytes(&bytes), Ok(model.clone()));
    assert_eq!(model.metadata.network.rates(0.5), [(0..14, 0.1 + 0.2)]);
    for (skip, rate) in [(Some(1), None), (Some(9), None), (Some(0), Some(0.0)), (Some(0), Some(f64::NAN))] {
        let mut wrong = model.clone();
        (wrong.metadata.network.layers[0].skip, wrong.metadata.network.layers[0].learning_rate) = (skip, rate);
        assert!(to_bytes(&wrong).is_err(), "{skip:?} {rate:?}");
    }
}

/// A hash is no secret: a file may be changed and signed anew.
#[test]
fn an_encoder_that_does_not_fit_its_model_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("model.safetensors");
    let saved = |columns: &str, embedding: Option<backlit::embedding::Embedding>| {
        let mut model = small();
        let metadata = &mut model.metadata;
        (metadata.inputs, metadata.targets) = (strings(&["a", "b"]), strings(&["k"]));
        (metadata.task, metadata.classes, metadata.network.loss) = (Task::TwoClasses, vec![0.0, 1.0], "binary_cross_entropy".into());
        metadata.network.layers[1].activation = "sigmoid".into();
        metadata.encoder = Some(serde_json::from_str(&format!("{{\"columns\": [{columns}]}}")).expect("an encoder"));
        if let Some(embedding) = embedding {
            metadata.input_scaler = None;
            metadata.network.embedding = Some(embedding);
            let count = metadata.network.parameters().expect("few").iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
            model.parameters = Parameters::F32(vec![0.5; count]);
        }
        save(&path, &model)
    };
    let number =
        |name: &str| format!("{{\"name\": \"{name}\", \"kind\": {{\"number\": {{\"decimal_comma\": false, \"missing\": \"refused\"}}}}}}");
    let words =
        |name: &str, kind: &str, levels: &str| format!("{{\"name\": \"{name}\", \"kind\": {{\"{kind}\": {{\"levels\": {levels}}}}}}}");
    let (a, b, k) = (number("a"), number("b"), words("k", "class", "[\"no\", \"yes\"]"));
    let embedding = |levels: usize| Some(backlit::embedding::Embedding { levels: vec![levels], numbers: 2, frozen: false });
    let codes = words("b", "embed", "[\"x\", \"y\", \"z\"]");
    saved(&format!("{a}, {b}, {k}"), None).expect("it fits");
    saved(&format!("{codes}, {a}, {k}"), embedding(4)).expect("it fits");
    for (columns, embedding, needle) in [
        (format!("{a}, {b}, {}", words("k", "class", "[\"high\", \"low\", \"mid\"]")), None, "holds 3 classes, the model has 2"),
        (format!("{a}, {b}, {}", words("k", "class", "[\"yes\", \"no\"]")), None, "expected levels in order"),
        (format!("{a}, {b}, {k}, {}", words("l", "class", "[\"no\", \"yes\"]")), None, "'l' holds 2 classes"),
        (format!("{a}, {k}"), None, "becomes 'b'"),
        (format!("{a}, {b}"), None, "becomes 'k'"),
        (format!("{a}, {codes}, {k}"), embedding(3), "its embedding has not"),
        (format!("{a}, {b}, {k}"), embedding(4), "holds no codes"),
        (format!("{a}, {codes}, {k}"), None, "its embedding has not"),
    ] {
        let error = saved(&columns, embedding).expect_err(needle);
        assert!(error.message.contains("encoder: ") && error.message.contains(needle), "{error}");
    }
}
