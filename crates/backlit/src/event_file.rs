//! A run's lines as event files, which TensorBoard reads: `tensorboard/events.out.tfevents.0.backlit` in the run directory, of an ensemble
//! one in a directory for each network.
//!
//! A file is a row of records (TensorFlow's TFRecord): the length as 8 bytes, its checksum as 4, the bytes, their checksum. A record is a
//! protobuf message `Event`. Its time of day is the number of the epoch, in seconds: the same run has the same file.

use crate::error::{Error, Kind};
use crate::files;
use crate::history::Line;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The directory.
pub const TENSORBOARD: &str = "tensorboard";
/// Readers take every file with `tfevents` in its name; what follows is by custom the time and the machine.
const NAME: &str = "events.out.tfevents.0.backlit";
/// The first record of a file.
const VERSION: &str = "brain.Event:2";

/// The event files of a training that is under way.
pub struct EventFiles {
    /// One for each network of an ensemble, else one.
    files: Vec<(PathBuf, File)>,
    failed: Option<Error>,
}

impl EventFiles {
    /// Begins the files anew, with the lines that there are of earlier parts of the run.
    pub fn begin(directory: &Path, networks: usize, lines: &[Line]) -> Result<EventFiles, Error> {
        clear(directory);
        let whole = directory.join(TENSORBOARD);
        let mut files = Vec::new();
        for network in 1..=networks {
            let folder = if networks > 1 { whole.join(format!("network-{network}")) } else { whole.clone() };
            let path = folder.join(NAME);
            let failed = |error: std::io::Error| Error::new(Kind::Failed, format!("cannot be written: {error}")).file(path.display());
            std::fs::create_dir_all(&folder).map_err(failed)?;
            let mut bytes = record(&version());
            let own = lines.iter().filter(|line| line.network.unwrap_or(1) == network);
            own.for_each(|line| bytes.extend(record(&event(line))));
            files::write_unsynced(&path, &bytes)?;
            let file = File::options().append(true).open(&path).map_err(failed)?;
            files.push((path, file));
        }
        Ok(EventFiles { files, failed: None })
    }

    /// Writes a line's event.
    pub fn add(&mut self, line: &Line) {
        let place = line.network.map_or(0, |network| network.saturating_sub(1));
        let Some((path, file)) = self.files.get_mut(place).filter(|_| self.failed.is_none()) else { return };
        if let Err(error) = file.write_all(&record(&event(line))) {
            let error = Error::new(Kind::Failed, format!("events are missing, which could not be written: {error}"));
            self.failed = Some(error.file(path.display()));
        }
    }

    /// Why events are missing, if they could not be written. No training ends for that.
    pub fn failed(&self) -> Option<&Error> {
        self.failed.as_ref()
    }
}

/// Takes the event files of a run before away.
pub fn clear(directory: &Path) {
    let whole = directory.join(TENSORBOARD);
    if !whole.is_dir() {
        return;
    }
    let networks: Vec<PathBuf> = std::fs::read_dir(&whole).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let is_network = |path: &&PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("network-"));
    for folder in networks.iter().filter(is_network).chain([&whole]) {
        files::sweep(folder);
        let _ = std::fs::remove_file(folder.join(NAME));
        // One that holds anything else stays.
        let _ = std::fs::remove_dir(folder);
    }
}

/// `Event { wall_time = 1: double, step = 2: int64, file_version = 3: string, summary = 5: Summary }`, here of the file.
fn version() -> Vec<u8> {
    let mut event = double(1, 0.0);
    event.extend(bytes(3, VERSION.as_bytes()));
    event
}

/// Of an epoch: `Summary { value = 1: repeated Value }`, `Value { tag = 1: string, simple_value = 2: float }`; the tags are the keys of the line.
fn event(line: &Line) -> Vec<u8> {
    let values = [
        ("cost", Some(line.cost)),
        ("validation_cost", line.validation_cost),
        ("validation_metric", line.validation_metric),
        ("learning_rate", Some(line.learning_rate)),
    ];
    let mut summary = Vec::new();
    for (tag, number) in values.iter().filter_map(|(tag, number)| Some((tag, (*number)?))) {
        let mut value = bytes(1, tag.as_bytes());
        value.push(key(2, 5));
        value.extend((number as f32).to_le_bytes());
        summary.extend(bytes(1, &value));
    }
    let mut event = double(1, line.epoch as f64);
    event.push(key(2, 0));
    event.extend(varint(line.epoch));
    event.extend(bytes(5, &summary));
    event
}

/// A field's number, below 16, and how its value is written: 0 as a varint, 1 in 8 bytes, 2 with its length before it, 5 in 4 bytes.
fn key(field: u8, kind: u8) -> u8 {
    field << 3 | kind
}

fn double(field: u8, number: f64) -> Vec<u8> {
    [&[key(field, 1)][..], &number.to_le_bytes()].concat()
}

fn bytes(field: u8, content: &[u8]) -> Vec<u8> {
    [&[key(field, 2)][..], &varint(content.len() as u64), content].concat()
}

/// Seven bits a byte, the lowest first; all but the last have the eighth.
fn varint(mut number: u64) -> Vec<u8> {
    let mut written = Vec::new();
    while number >= 0x80 {
        written.push(number as u8 | 0x80);
        number >>= 7;
    }
    written.push(number as u8);
    written
}

fn record(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u64).to_le_bytes();
    [&length[..], &masked(&length).to_le_bytes(), content, &masked(content).to_le_bytes()].concat()
}

/// A checksum of bytes that may hold checksums themselves: turned by 15 bits, with a constant on top.
fn masked(content: &[u8]) -> u32 {
    crc32c(content).rotate_right(15).wrapping_add(0xA282_EAD8)
}

/// The remainders of all bytes by Castagnoli's polynomial, its bits in reverse.
const REMAINDERS: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut remainder, mut bit) = (byte as u32, 0);
        while bit < 8 {
            remainder = if remainder & 1 == 1 { remainder >> 1 ^ 0x82F6_3B78 } else { remainder >> 1 };
            bit += 1;
        }
        table[byte] = remainder;
        byte += 1;
    }
    table
};

/// CRC-32C (RFC 3720, appendix B.4)
fn crc32c(content: &[u8]) -> u32 {
    !content.iter().fold(!0, |crc: u32, &byte| crc >> 8 ^ REMAINDERS[(crc as u8 ^ byte) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3720, appendix B.4, and the check value of the catalogue.
    #[test]
    fn checksums() {
        let up: Vec<u8> = (0..32).collect();
        for (content, crc) in
            [(&[0; 32][..], 0x8A91_36AA), (&[0xFF; 32], 0x62A8_AB43), (&up, 0x46DD_794E), (b"123456789", 0xE306_9283), (b"", 0)]
        {
            assert_eq!(crc32c(content), crc);
        }
    }

    #[test]
    fn varints() {
        assert_eq!([0, 127, 128, 300].map(varint), [vec![0], vec![127], vec![0x80, 1], vec![0xAC, 2]]);
    }
}
