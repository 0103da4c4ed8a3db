//! Model files that are cut, damaged or not models at all: exit code 3, a name, never a panic.

mod support;

use serde_json::{Value, json};
use support::Desk;

const TABLE: &str = "a,b,y\n1,2,3\n4,5,6.5\n7,7,8\n2,9,1\n5,5,5\n";

/// A desk with `good.safetensors`, and its bytes.
fn desk_with_model() -> (Desk, Vec<u8>) {
    let desk = Desk::with(&[("table.csv", TABLE)]);
    desk.fine("train table.csv --target y --hidden 3 --epochs 1 --out run");
    let model = desk.bytes("run/model.safetensors");
    (desk, model)
}

/// Holds the program to refuse `bytes` as a model. The commands take turns.
fn refused(desk: &Desk, what: &str, bytes: &[u8], turn: usize) {
    desk.write("damaged.safetensors", bytes);
    let line = [
        "predict damaged.safetensors table.csv -o new.csv",
        "evaluate damaged.safetensors table.csv",
        "check damaged.safetensors table.csv",
    ][turn % 3];
    let told = desk.run(&format!("{line} --json"));
    assert_eq!(told.code, 3, "{what}: {}", told.report());
    let error = told.document()["error"].clone();
    assert_eq!((&error["code"], &error["file"]), (&json!("model"), &json!("damaged.safetensors")), "{what}: {error}");
    told.complains(&["damaged.safetensors"]);
    assert!(!desk.path("new.csv").exists(), "{what}");
}

/// About `count` places out of `0..end`, the first and the last among them.
fn places(end: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |k| k * (end - 1) / (count - 1))
}

#[test]
fn a_model_cut_anywhere_is_refused() {
    let (desk, model) = desk_with_model();
    for (turn, end) in places(model.len(), 120).enumerate() {
        refused(&desk, &format!("cut after {end} bytes"), &model[..end], turn);
    }
}

#[test]
fn a_model_with_any_bit_flipped_is_refused() {
    let (desk, model) = desk_with_model();
    for (turn, place) in places(model.len(), 200).enumerate() {
        let bit = place * 5 % 8;
        let mut bytes = model.clone();
        bytes[place] ^= 1 << bit;
        refused(&desk, &format!("bit {bit} of byte {place} flipped"), &bytes, turn);
    }
}

#[test]
fn a_model_with_bytes_put_in_taken_out_or_added_is_refused() {
    let (desk, model) = desk_with_model();
    for (turn, place) in places(model.len(), 20).enumerate() {
        let mut bytes = model.clone();
        bytes.remove(place);
        refused(&desk, &format!("byte {place} taken out"), &bytes, turn);
        bytes = model.clone();
        bytes.insert(place, b' ');
        refused(&desk, &format!("a byte put in at {place}"), &bytes, turn);
    }
    refused(&desk, "a byte added", &[&model[..], &[0]].concat(), 0);
    refused(&desk, "twice", &[&model[..], &model[..]].concat(), 1);
}

#[test]
fn what_is_no_model_is_refused() {
    let (desk, _) = desk_with_model();
    let header = |json: &str, data: &[u8]| [&(json.len() as u64).to_le_bytes()[..], json.as_bytes(), data].concat();
    let huge = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    for (turn, (what, bytes)) in [
        ("nothing", vec![]),
        ("text", b"a,b,y\n1,2,3\n".to_vec()),
        ("zeros", vec![0; 4096]),
        ("ones", vec![0xff; 4096]),
        ("a length beyond everything", huge),
        ("an empty header", header("{}", &[])),
        ("a model of another program", header(r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, &[0; 4])),
        ("no object", header("[1, 2, 3]", &[])),
        ("deep nesting", header(&format!("{{\"a\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000)), &[])),
        ("a shape that overflows", header(r#"{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#, &[0; 4])),
        ("offsets that go back", header(r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, &[0; 4])),
    ]
    .into_iter()
    .enumerate()
    {
        refused(&desk, what, &bytes, turn);
    }
}

#[test]
fn a_model_file_is_safetensors_with_a_description_in_json() {
    let (_, model) = desk_with_model();
    let length = u64::from_le_bytes(model[..8].try_into().expect("eight bytes")) as usize;
    let header: Value = serde_json::from_slice(&model[8..8 + length]).expect("the header is JSON");
    let described = header["__metadata__"].as_object().expect("metadata");
    assert!(described.values().all(Value::is_string), "safetensors has text only there");
    // Structure, scaler, columns, seed and version are in it; the tensors follow one another without a gap.
    let text = described.values().map(|value| value.as_str().unwrap_or_default()).collect::<String>();
    for word in ["\"a\"", "\"b\"", "\"y\"", "mean", "scale", "seed", "version", "relu", "linear"] {
        assert!(text.contains(word), "{word}");
    }
    let mut offsets: Vec<(u64, u64)> = header
        .as_object()
        .expect("an object")
        .iter()
        .filter(|(name, _)| *name != "__metadata__")
        .map(|(_, tensor)| (tensor["data_offsets"][0].as_u64().expect("a start"), tensor["data_offsets"][1].as_u64().expect("an end")))
        .collect();
    offsets.sort_unstable();
    let end = offsets.iter().fold(0, |end, (from, to)| {
        assert_eq!(*from, end);
        *to
    });
    assert_eq!(end as usize, model.len() - 8 - length);
}
