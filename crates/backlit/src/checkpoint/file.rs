//! A checkpoint as bytes: safetensors, each thing a training knows a tensor under its name.

use crate::model_file::Precision;
use crate::tensors::{Entry, HASH, JSON, hash_of, header};
use backlit_engine::Scalar;
use backlit_engine::state::Ledger;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ops::Range;

/// The version of the format that this Backlit writes, and the only one it reads.
const FORMAT: u64 = 1;

/// What stands in the file beside the tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    format: u64,
    version: String,
    /// Of the run: see [`super::run`].
    pub run: String,
    /// Steps done.
    pub step: u64,
    /// Whether the training came to its end with them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
}

impl About {
    pub fn new(run: &str, step: u64, ended: bool) -> About {
        About { format: FORMAT, version: env!("CARGO_PKG_VERSION").to_string(), run: run.to_string(), step, ended }
    }
}

/// Takes down what a training knows.
pub(super) struct Writer {
    precision: Precision,
    /// Those of eight bytes, then those of the precision, so that each lies at a multiple of its size.
    scalars: (Vec<Entry>, Vec<u8>),
    vectors: (Vec<Entry>, Vec<u8>),
}

impl Writer {
    pub fn new(precision: Precision) -> Writer {
        Writer { precision, scalars: Default::default(), vectors: Default::default() }
    }

    /// The beginning of the file, and the bytes of its tensors.
    pub fn finish(self, about: &About) -> Result<(Vec<u8>, Vec<u8>), String> {
        let json = serde_json::to_string(about).map_err(|error| error.to_string())?;
        let (mut entries, mut tensors) = self.scalars;
        entries.extend(self.vectors.0);
        tensors.extend(self.vectors.1);
        Ok((header(&entries, &json, &tensors)?, tensors))
    }

    fn scalar(&mut self, name: &str, dtype: &'static str, bytes: [u8; 8]) {
        self.scalars.0.push((name.to_string(), dtype, "[1]".into(), bytes.len()));
        self.scalars.1.extend_from_slice(&bytes);
    }
}

impl<S: Scalar> Ledger<S> for Writer {
    fn vector(&mut self, name: &str, numbers: &mut [S]) {
        let dtype = if self.precision == Precision::F32 { "F32" } else { "F64" };
        let (entries, bytes) = &mut self.vectors;
        entries.push((name.to_string(), dtype, format!("[{}]", numbers.len()), numbers.len() * self.precision.bytes()));
        match self.precision {
            Precision::F32 => bytes.extend(numbers.iter().flat_map(|number| (number.to_f64() as f32).to_le_bytes())),
            Precision::F64 => bytes.extend(numbers.iter().flat_map(|number| number.to_f64().to_le_bytes())),
        }
    }

    fn number(&mut self, name: &str, number: &mut f64) {
        self.scalar(name, "F64", number.to_le_bytes());
    }

    fn count(&mut self, name: &str, count: &mut u64, _: u64) {
        self.scalar(name, "U64", count.to_le_bytes());
    }
}

/// A checkpoint whose hash is right.
pub(super) struct Checkpoint {
    pub about: About,
    bytes: Vec<u8>,
    tensors: HashMap<String, (Dtype, Range<usize>)>,
}

impl Checkpoint {
    /// `Err` says why it cannot be trusted.
    pub fn read(bytes: Vec<u8>) -> Result<Checkpoint, String> {
        let damaged = |what: &str| format!("expected a checkpoint of Backlit, came something else or a damaged file: {what}");
        let (length, all) = SafeTensors::read_metadata(&bytes).map_err(|error| damaged(&error.to_string()))?;
        let strings = all.metadata().as_ref().ok_or_else(|| damaged("it holds no description"))?;
        let json = strings.get(JSON).ok_or_else(|| damaged("it holds no description by Backlit"))?;
        let hash = strings.get(HASH).ok_or_else(|| damaged("it holds no hash"))?;
        let start = 8 + length;
        let (mut entries, mut tensors): (Vec<Entry>, _) = (Vec::new(), HashMap::new());
        for name in all.offset_keys() {
            let Some(tensor) = all.info(&name) else { continue };
            let dtype = match tensor.dtype {
                Dtype::F32 => "F32",
                Dtype::F64 => "F64",
                Dtype::U64 => "U64",
                other => return Err(damaged(&format!("{name} is of the kind {other:?}"))),
            };
            let (from, to) = tensor.data_offsets;
            let shape: Vec<String> = tensor.shape.iter().map(usize::to_string).collect();
            entries.push((name.clone(), dtype, format!("[{}]", shape.join(",")), to - from));
            tensors.insert(name, (tensor.dtype, start + from..start + to));
        }
        if hash_of(&entries, json, &bytes[start..])? != *hash {
            return Err("the file is damaged: its hash does not fit its contents".into());
        }
        if bytes[..start] != header(&entries, json, &bytes[start..])? || tensors.values().any(|(_, range)| range.end > bytes.len()) {
            return Err("the file is damaged: it is not written as Backlit writes it".into());
        }
        let about: About = serde_json::from_str(json).map_err(|error| damaged(&format!("its description cannot be read: {error}")))?;
        match about.format {
            FORMAT => Ok(Checkpoint { about, bytes, tensors }),
            format => Err(format!(
                "written by another version of Backlit ({}): this one reads format {FORMAT}, the file has {format}",
                about.version
            )),
        }
    }
}

/// Puts back what a checkpoint holds.
pub(super) struct Reader {
    checkpoint: Checkpoint,
    precision: Precision,
    fault: Option<String>,
}

impl Reader {
    pub fn new(checkpoint: Checkpoint, precision: Precision) -> Reader {
        Reader { checkpoint, precision, fault: None }
    }

    /// `Err`: what did not fit.
    pub fn finish(self) -> Result<(), String> {
        let left = || self.checkpoint.tensors.keys().min().map(|name| format!("this run knows no {}", name.escape_debug()));
        self.fault.or_else(left).map_or(Ok(()), Err)
    }

    fn take(&mut self, name: &str, dtype: Dtype, bytes: usize) -> Option<&[u8]> {
        match self.checkpoint.tensors.remove(name) {
            Some((came, range)) if came == dtype && range.len() == bytes => Some(&self.checkpoint.bytes[range]),
            Some((came, range)) => {
                self.fault.get_or_insert(format!("expected {name} as {bytes} bytes of {dtype:?}, came {} of {came:?}", range.len()));
                None
            }
            None => {
                self.fault.get_or_insert(format!("expected {name}, which is not there"));
                None
            }
        }
    }

    fn eight(&mut self, name: &str, dtype: Dtype) -> Option<[u8; 8]> {
        self.take(name, dtype, 8).and_then(|bytes| bytes.try_into().ok())
    }
}

impl<S: Scalar> Ledger<S> for Reader {
    fn vector(&mut self, name: &str, numbers: &mut [S]) {
        let (precision, dtype) = (self.precision, if self.precision == Precision::F32 { Dtype::F32 } else { Dtype::F64 });
        let Some(bytes) = self.take(name, dtype, numbers.len() * precision.bytes()) else { return };
        match precision {
            Precision::F32 => {
                let read = bytes.as_chunks().0.iter().map(|&four| S::from_f64(f64::from(f32::from_le_bytes(four))));
                numbers.iter_mut().zip(read).for_each(|(number, read)| *number = read);
            }
            Precision::F64 => {
                let read = bytes.as_chunks().0.iter().map(|&eight| S::from_f64(f64::from_le_bytes(eight)));
                numbers.iter_mut().zip(read).for_each(|(number, read)| *number = read);
            }
        }
    }

    fn number(&mut self, name: &str, number: &mut f64) {
        if let Some(bytes) = self.eight(name, Dtype::F64) {
            *number = f64::from_le_bytes(bytes);
        }
    }

    fn count(&mut self, name: &str, count: &mut u64, most: u64) {
        match self.eight(name, Dtype::U64).map(u64::from_le_bytes) {
            Some(read) if read <= most => *count = read,
            Some(read) => {
                self.fault.get_or_insert(format!("expected {name} up to {most}, came {read}"));
            }
            None => {}
        }
    }
}
