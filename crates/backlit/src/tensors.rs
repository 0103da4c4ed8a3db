//! Tensors in one file, safetensors, that is written in only one way: keys in a fixed order, tensors without gaps. So no bit of it can
//! change unnoticed. Its `__metadata__` holds two strings: `backlit`, a JSON that says what the tensors mean, and `sha256`, a hash over
//! that JSON and all tensors.

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The keys of `__metadata__`.
pub(crate) const JSON: &str = "backlit";
pub(crate) const HASH: &str = "sha256";

/// The largest header that safetensors reads.
const MOST_HEADER: usize = 100_000_000;

/// A tensor: its name, dtype, shape (as JSON) and bytes.
pub(crate) type Entry = (String, &'static str, String, usize);

/// The beginning of the file: the header's length (8 bytes) and the header. `tensors`: the bytes of `entries`, one after the other.
pub(crate) fn header(entries: &[Entry], json: &str, tensors: &[u8]) -> Result<Vec<u8>, String> {
    let quoted = |text: &str| Value::from(text).to_string();
    let hash = hash_of(entries, json, tensors)?;
    let mut header = format!("{{\"__metadata__\":{{\"{JSON}\":{},\"{HASH}\":\"{hash}\"}}", quoted(json));
    let mut start = 0;
    for (name, dtype, shape, bytes) in entries {
        let end = start + bytes;
        header += &format!(",\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{start},{end}]}}");
        start = end;
    }
    header.push('}');
    // The format wants the tensors to begin at a multiple of eight bytes.
    let length = header.len().next_multiple_of(8);
    if length > MOST_HEADER {
        return Err(format!("its description takes {length} bytes; the file format allows {MOST_HEADER}"));
    }
    let mut file = (length as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.resize(8 + length, b' ');
    Ok(file)
}

/// Whether a file begins as those that are written here.
pub(crate) fn is_ours(path: &Path) -> bool {
    let begins = format!("{{\"__metadata__\":{{\"{JSON}\":");
    let mut first = vec![0; 8 + begins.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first[8..] == *begins.as_bytes()
}

/// The hash over everything: the length of the JSON and a new line, the JSON, then for each tensor in order a line
/// `name dtype shape` and its bytes.
pub(crate) fn hash_of(entries: &[Entry], json: &str, tensors: &[u8]) -> Result<String, String> {
    let mut hash = Sha256::new();
    hash.update(format!("{}\n{json}", json.len()));
    let mut rest = tensors;
    for (name, dtype, shape, bytes) in entries {
        let (tensor, after) = rest.split_at_checked(*bytes).ok_or_else(|| format!("{name} is cut"))?;
        hash.update(format!("{name} {dtype} {shape}\n"));
        hash.update(tensor);
        rest = after;
    }
    Ok(hex(&hash.finalize()))
}

/// SHA-256 of some bytes, in hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a file's bytes, in hexadecimal.
pub(crate) fn hexadecimal_of(path: &Path) -> std::io::Result<String> {
    let (mut file, mut hash, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hash.finalize())),
            Ok(read) => hash.update(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
