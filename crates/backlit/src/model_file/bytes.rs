//! A model as bytes.
//!
//! There is exactly one file for a model: keys in a fixed order, tensors in graph order without gaps. So a file
//! can be compared with what its model would be written as, and no bit of it can change unnoticed.

use super::check::{check, check_metadata, count};
use super::{FORMAT, Metadata, Model, Parameters, Precision};
use crate::tensors::{Entry, HASH, JSON, hash_of, header};
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use std::collections::HashSet;

/// The bytes of the file for a model. `Err` says why [`from_bytes`] would refuse it.
pub fn to_bytes(model: &Model) -> Result<Vec<u8>, String> {
    check(model)?;
    let json = serde_json::to_string(&model.metadata).map_err(|error| error.to_string())?;
    let tensors = model.parameters.to_bytes();
    let mut file = header(&entries(&model.metadata)?, &json, &tensors)?;
    file.extend_from_slice(&tensors);
    Ok(file)
}

/// The model in the bytes of a file. `Err` says why it cannot be trusted.
pub fn from_bytes(file: &[u8]) -> Result<Model, String> {
    let damaged = |what: &str| format!("expected a model of Backlit, came something else or a damaged file: {what}");
    let (header_length, about) = SafeTensors::read_metadata(file).map_err(|error| damaged(&error.to_string()))?;
    let strings = about.metadata().as_ref().ok_or_else(|| damaged("it holds no description"))?;
    let json = strings.get(JSON).ok_or_else(|| damaged("it holds no description by Backlit"))?;
    let hash = strings.get(HASH).ok_or_else(|| damaged("it holds no hash"))?;
    let tensors = &file[8 + header_length..];
    newer(json)?;
    let metadata: Metadata = serde_json::from_str(json).map_err(|error| damaged(&format!("its description cannot be read: {error}")))?;
    check_metadata(&metadata)?;
    check_tensors(&metadata, &about)?;
    let expected = count(&metadata)?.checked_mul(metadata.precision.bytes());
    if expected != Some(tensors.len()) {
        return Err(format!("its network needs {} parameters, it holds {} bytes of them", count(&metadata)?, tensors.len()));
    }
    if hash_of(&entries(&metadata)?, json, tensors)? != *hash {
        return Err("the file is damaged: its hash does not fit its contents".into());
    }
    if file[..8 + header_length] != header(&entries(&metadata)?, json, tensors)? {
        return Err("the file is damaged: it is not written as Backlit writes this model".into());
    }
    let model = Model { parameters: Parameters::from_bytes(tensors, metadata.precision), metadata };
    check(&model)?;
    Ok(model)
}

/// Refuses a file of a later format, whatever else it may hold.
fn newer(json: &str) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Versions {
        format: u64,
        version: Option<String>,
    }
    match serde_json::from_str(json) {
        Ok(Versions { format, version }) if format > FORMAT => {
            let version = version.map_or(String::new(), |version| format!(" ({version})"));
            Err(format!("made by a newer version of Backlit{version}, or damaged: this one reads format {FORMAT}, the file has {format}"))
        }
        _ => Ok(()),
    }
}

/// Compares the tensors in the file with those of the network.
fn check_tensors(metadata: &Metadata, about: &safetensors::tensor::Metadata) -> Result<(), String> {
    let expected = metadata.network.parameters().ok_or("its network is larger than any memory")?;
    let tensors = about.tensors();
    let dtype = match metadata.precision {
        Precision::F32 => Dtype::F32,
        Precision::F64 => Dtype::F64,
    };
    for (name, shape) in &expected {
        let tensor = tensors.get(name).ok_or_else(|| format!("its network needs the tensor {name}, which is not there"))?;
        if tensor.dtype != dtype || tensor.shape != *shape {
            return Err(format!("expected {name} as {dtype:?} {shape:?}, came {:?} {:?}", tensor.dtype, tensor.shape));
        }
    }
    // All that are needed are there and names differ, so only a longer list holds another.
    if tensors.len() > expected.len() {
        let known: HashSet<&String> = expected.iter().map(|(name, _)| name).collect();
        let other = tensors.keys().filter(|name| !known.contains(name)).min();
        return Err(format!("its network has no tensor '{}'", other.map_or(String::new(), |name| name.escape_debug().to_string())));
    }
    Ok(())
}

/// Name, dtype, shape (as JSON) and bytes of each tensor in graph order.
fn entries(metadata: &Metadata) -> Result<Vec<Entry>, String> {
    let dtype = match metadata.precision {
        Precision::F32 => "F32",
        Precision::F64 => "F64",
    };
    let parameters = metadata.network.parameters().ok_or("its network is larger than any memory")?;
    let entry = |(name, shape): (String, Vec<usize>)| {
        let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
        (name, dtype, format!("[{}]", sizes.join(",")), shape.iter().product::<usize>() * metadata.precision.bytes())
    };
    Ok(parameters.into_iter().map(entry).collect())
}
