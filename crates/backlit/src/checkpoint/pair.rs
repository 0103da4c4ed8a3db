//! A checkpoint and the one before it, of the training as a whole or of one of its parts: a network of an ensemble, a fold.

use super::file::Checkpoint;
use crate::error::{Error, Kind};
use crate::tensors::hexadecimal;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Parts are called by these words and a number, counted from 1.
const WORDS: [&str; 3] = ["network", "fold", "refit"];

/// Where both are.
pub(super) struct Pair {
    pub last: PathBuf,
    pub previous: PathBuf,
    /// What tells them from checkpoints of anything else.
    pub id: String,
}

/// What was found.
pub(super) struct Found {
    /// The last one that is whole.
    pub start: Option<Checkpoint>,
    /// Whether it is the last one.
    pub is_good: bool,
    /// Why it is not, for a person.
    pub damage: Option<Error>,
}

impl Pair {
    /// Of the training as a whole. `run`: the run's id
    pub fn whole(directory: &Path, run: &str) -> Pair {
        let [last, previous] = ["checkpoint.safetensors", "checkpoint.previous.safetensors"].map(|name| directory.join(name));
        Pair { last, previous, id: run.to_string() }
    }

    /// Of a part, such as `network-3`.
    pub fn part(directory: &Path, run: &str, part: &str) -> Pair {
        let [last, previous] = ["", ".previous"].map(|end| directory.join(format!("checkpoint.{part}{end}.safetensors")));
        Pair { last, previous, id: hexadecimal(format!("{run} {part}").as_bytes()) }
    }

    /// Reads the last one that is whole. `Err` where there is something, but nothing that is whole.
    pub fn load(&self) -> Result<Found, Error> {
        let [last, previous] = [&self.last, &self.previous].map(|path| load(path, &self.id));
        match (last, previous) {
            (Ok(Some(last)), _) => Ok(Found { start: Some(last), is_good: true, damage: None }),
            (Ok(None), previous) => Ok(Found { start: previous?, is_good: false, damage: None }),
            (Err(error), Ok(Some(previous))) => Ok(Found { start: Some(previous), is_good: false, damage: Some(error) }),
            (Err(error), _) => {
                Err(error.hint("there is no whole checkpoint before it; without both files --resume begins the training anew"))
            }
        }
    }
}

/// A checkpoint of this id, if there is one.
fn load(path: &Path, id: &str) -> Result<Option<Checkpoint>, Error> {
    let refused = |message: String| Error::new(Kind::Model, message).file(path.display());
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| refused(format!("cannot be read: {error}")))?,
    };
    let checkpoint = Checkpoint::read(bytes).map_err(refused)?;
    Ok(Some(checkpoint).filter(|checkpoint| checkpoint.about.run == id))
}

/// All checkpoints in a directory, and the part that each is of; none: the training as a whole.
pub(super) fn files(directory: &Path) -> std::io::Result<Vec<(PathBuf, Option<String>)>> {
    let mut known = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        known.extend(entry.file_name().to_str().and_then(part_of).map(|part| (entry.path(), part)));
    }
    Ok(known)
}

/// Takes all of them away; what cannot be taken away does no harm, for it is known by its run.
pub(super) fn clear(directory: &Path) {
    for (path, _) in files(directory).into_iter().flatten() {
        let _ = std::fs::remove_file(path);
    }
}

/// The parts of which there are checkpoints, as many as there are in a directory: word and number.
pub(super) fn parts(directory: &Path) -> Vec<String> {
    let found = files(directory).into_iter().flatten().filter_map(|(_, part)| part);
    let ordered: BTreeMap<(String, usize), String> = found
        .filter_map(|part| {
            let (word, number) = part.split_once('-')?;
            Some(((word.to_string(), number.parse().ok()?), part.clone()))
        })
        .collect();
    ordered.into_values().collect()
}

/// Of a checkpoint's file the part, if it is one's.
fn part_of(name: &str) -> Option<Option<String>> {
    let middle = name.strip_prefix("checkpoint")?.strip_suffix(".safetensors")?;
    let middle = middle.strip_suffix(".previous").unwrap_or(middle);
    if middle.is_empty() {
        return Some(None);
    }
    let part = middle.strip_prefix('.')?;
    let (word, number) = part.split_once('-')?;
    let is_number = !number.is_empty() && number.len() <= 9 && number.bytes().all(|byte| byte.is_ascii_digit());
    (WORDS.contains(&word) && is_number).then(|| Some(part.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_checkpoints() {
        let of = |name: &str| part_of(name).map(|part| part.unwrap_or_default());
        for (name, part) in [
            ("checkpoint.safetensors", Some("")),
            ("checkpoint.previous.safetensors", Some("")),
            ("checkpoint.network-12.safetensors", Some("network-12")),
            ("checkpoint.fold-1.previous.safetensors", Some("fold-1")),
            ("checkpoint.refit-1.safetensors", Some("refit-1")),
            ("model.safetensors", None),
            ("checkpoint.other-1.safetensors", None),
            ("checkpoint.network-.safetensors", None),
            ("checkpoint.network-1x.safetensors", None),
        ] {
            assert_eq!(of(name).as_deref(), part, "{name}");
        }
        for pair in [Pair::whole(Path::new(""), "a"), Pair::part(Path::new(""), "a", "fold-3")] {
            assert!([pair.last, pair.previous].iter().all(|path| part_of(path.to_str().expect("a name")).is_some()));
        }
    }
}
