//! `--tensorboard`: event files, read back by a reader of their own.

mod support;

use serde_json::Value;
use support::{Desk, number};

const FILE: &str = "events.out.tfevents.0.backlit";

/// CRC-32C bit by bit: division by the polynomial x³² + x²⁸ + x²⁷ + … + 1 (0x1EDC6F41), bits of a byte from the lowest, the first 32
/// and the remainder inverted.
fn crc(bytes: &[u8]) -> u32 {
    let bits: Vec<bool> = bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1)).chain([false; 32]).collect();
    let mut remainder: u32 = 0;
    for (place, bit) in bits.into_iter().enumerate() {
        let carried = remainder >> 31 == 1;
        remainder = remainder << 1 | u32::from(bit != (place < 32));
        if carried {
            remainder ^= 0x1EDC_6F41;
        }
    }
    !remainder.reverse_bits()
}

fn masked(bytes: &[u8]) -> u32 {
    crc(bytes).rotate_right(15).wrapping_add(0xA282_EAD8)
}

/// The contents of the records, whose checksums are right.
fn records(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let four = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().expect("four bytes"));
    while !bytes.is_empty() {
        let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        assert_eq!(four(&bytes[8..]), masked(&bytes[..8]), "the length's checksum");
        let content = &bytes[12..12 + length];
        assert_eq!(four(&bytes[12 + length..]), masked(content), "the content's checksum");
        all.push(content.to_vec());
        bytes = &bytes[16 + length..];
    }
    all
}

/// A protobuf field.
#[derive(Debug)]
enum Field {
    Varint(u64),
    Eight(f64),
    Bytes(Vec<u8>),
    Four(f32),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        number |= u64::from(byte & 0x7F) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return number;
        }
    }
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field)> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let mut take = |count: usize| {
            let taken = bytes[..count].to_vec();
            bytes = &bytes[count..];
            taken
        };
        let field = match key & 7 {
            1 => Field::Eight(f64::from_le_bytes(take(8).try_into().expect("eight bytes"))),
            5 => Field::Four(f32::from_le_bytes(take(4).try_into().expect("four bytes"))),
            0 => Field::Varint(varint(&mut bytes)),
            2 => {
                let length = varint(&mut bytes) as usize;
                let content = bytes[..length].to_vec();
                bytes = &bytes[length..];
                Field::Bytes(content)
            }
            kind => panic!("no kind of field: {kind}"),
        };
        all.push((key >> 3, field));
    }
    all
}

/// Wall time, step, and scalars by name.
type Event = (f64, u64, Vec<(String, f32)>);

/// Each event; the first record is the file's version.
fn events(bytes: &[u8]) -> Vec<Event> {
    let records = records(bytes);
    let first = fields(&records[0]);
    assert!(first.iter().any(|field| matches!(field, (3, Field::Bytes(version)) if version == b"brain.Event:2")), "{first:?}");
    let event = |record: &Vec<u8>| {
        let (mut time, mut step, mut scalars) = (f64::NAN, 0, Vec::new());
        for field in fields(record) {
            match field {
                (1, Field::Eight(read)) => time = read,
                (2, Field::Varint(read)) => step = read,
                (5, Field::Bytes(summary)) => {
                    for value in fields(&summary) {
                        let (1, Field::Bytes(value)) = value else { panic!("not a value: {value:?}") };
                        match &fields(&value)[..] {
                            [(1, Field::Bytes(tag)), (2, Field::Four(number))] => {
                                scalars.push((String::from_utf8(tag.clone()).expect("UTF-8"), *number));
                            }
                            other => panic!("not a tag and a number: {other:?}"),
                        }
                    }
                }
                other => panic!("an unknown field: {other:?}"),
            }
        }
        (time, step, scalars)
    };
    records[1..].iter().map(event).collect()
}

/// What stands in the metrics.
fn same(desk: &Desk, metrics: &[Value], file: &str) {
    let events = events(&desk.bytes(file));
    assert_eq!(events.len(), metrics.len());
    for ((time, step, scalars), line) in events.iter().zip(metrics) {
        assert_eq!((Some(*step), *time), (line["epoch"].as_u64(), number(&line["epoch"])));
        for (name, value) in scalars {
            assert_eq!(*value, number(&line[name]) as f32, "{name} of {line}");
        }
        let told = ["cost", "validation_cost", "validation_metric", "learning_rate"].iter().filter(|key| line.get(**key).is_some()).count();
        assert_eq!(scalars.len(), told, "{scalars:?}");
    }
}

fn metrics(desk: &Desk) -> Vec<Value> {
    desk.read("run/metrics.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn event_files_hold_the_metrics() {
    assert_eq!(crc(b"123456789"), 0xE306_9283, "this test's own");
    let desk = Desk::new();
    desk.write("run.toml", "[data]\nbundled = \"houses\"\n[train]\ntensorboard = true\nepochs = 6\nkeep = \"best\"\n");
    for line in [
        "train houses --hidden 4 --epochs 300 --patience 200 --schedule cosine",
        "train houses --hidden 4 --epochs 5 --keep best --metric abs(a-y) --judge metric",
        "train --config run.toml",
    ] {
        let flag = if line.contains("config") { "" } else { "--tensorboard" };
        desk.fine(&format!("{line} {flag} --out run"));
        let file = format!("run/tensorboard/{FILE}");
        same(&desk, &metrics(&desk), &file);
        let before = desk.bytes(&file);
        desk.fine(&format!("{line} {flag} --out run --threads 2"));
        assert!(desk.bytes(&file) == before, "the same run has the same file");
    }
    desk.fine("train houses --hidden 4 --epochs 5 --ensemble 3 --tensorboard --out run");
    assert!(!desk.path(&format!("run/tensorboard/{FILE}")).exists(), "those of the run before are gone");
    for network in 1..=3 {
        let own: Vec<Value> = metrics(&desk).into_iter().filter(|line| line["network"].as_u64() == Some(network)).collect();
        assert_eq!(own.len(), 5);
        same(&desk, &own, &format!("run/tensorboard/network-{network}/{FILE}"));
    }
    desk.fine("train houses --hidden 4 --epochs 2 --out run");
    assert!(!desk.path("run/tensorboard").exists());
}
