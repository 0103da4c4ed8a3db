//! Arrays that NumPy saved: rows × columns, or one column.

use super::half::Half;
use super::lines::{Lines, line, shortest, widened};
use super::{Typed, guarded};
use npyz::{NpyFile, Order};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// Numbers, rows × columns.
struct Array {
    rows: usize,
    columns: usize,
    order: Order,
    numbers: Vec<f64>,
}

impl Array {
    /// Reads an array of integers, floating-point numbers or booleans.
    fn read(input: impl Read) -> Result<Array, String> {
        let file = guarded(|| NpyFile::new(input)).flatten().map_err(|error| format!("is no .npy file that can be read: {error}"))?;
        let sizes: Vec<usize> = file.shape().iter().map(|&size| size as usize).collect();
        let (rows, columns) = match sizes.as_slice() {
            &[rows] => (rows, 1),
            &[rows, columns] => (rows, columns),
            other => return Err(format!("expected an array of rows × columns, came {} dimensions", other.len())),
        };
        if rows == 0 || columns == 0 {
            return Err(format!("expected at least one row and one column, came {rows} × {columns}"));
        }
        let Some(count) = rows.checked_mul(columns) else {
            return Err(format!("is cut off: no file holds {rows} × {columns} numbers"));
        };
        let (order, kind) = (file.order(), file.dtype().descr());
        // Counts of days or seconds from a moment, of which one stands for a missing time.
        let plain = kind.trim_start_matches(['\'', '"', '<', '>', '=', '|']);
        if plain.starts_with("M8") || plain.starts_with("m8") {
            return Err(format!("expected an array of numbers, came times, {kind}: a table as CSV or Parquet holds dates"));
        }
        let mut file = Err(file);
        let mut numbers = Vec::new();
        macro_rules! try_types {
            ($($t:ty => $wide:expr),*) => {
                $(file = match file {
                    Err(file) => match file.try_data::<$t>() {
                        Ok(all) => {
                            for number in all {
                                let number: $t = number.map_err(|error| format!("is cut off: {error}"))?;
                                let wide: fn($t) -> f64 = $wide;
                                numbers.push(wide(number));
                            }
                            Ok(())
                        }
                        Err(file) => Err(file),
                    },
                    done => done,
                };)*
            };
        }
        try_types!(f64 => |x| x, f32 => widened, i64 => |x| x as f64, i32 => f64::from, i16 => f64::from, i8 => f64::from,
            Half => |x| x.0,
            u64 => |x| x as f64, u32 => f64::from, u16 => f64::from, u8 => f64::from, bool => |x| f64::from(u8::from(x)));
        match file {
            Ok(()) if numbers.len() == count => Ok(Array { rows, columns, order, numbers }),
            Ok(()) => Err(format!("is cut off: expected {count} numbers, came {}", numbers.len())),
            Err(_) => Err(format!("expected an array of numbers, came {kind}")),
        }
    }

    fn cell(&self, row: usize, column: usize) -> String {
        shortest(match self.order {
            Order::C => self.numbers[row * self.columns + column],
            Order::Fortran => self.numbers[column * self.rows + row],
        })
    }
}

/// One array; its columns are called c0, c1 and so on.
pub(super) fn open(path: &Path) -> Result<Typed, String> {
    let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    text(vec![(String::from("c"), true, Array::read(BufReader::new(file))?)])
}

/// The arrays of an .npz file side by side; an array `x` of several columns becomes x0, x1 and so on.
pub(super) fn open_several(path: &Path) -> Result<Typed, String> {
    let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let broken = |error: zip::result::ZipError| format!("is no .npz file that can be read: {error}");
    let mut archive = zip::ZipArchive::new(file).map_err(broken)?;
    let mut arrays = Vec::new();
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).map_err(broken)?;
        let name = entry.name().map_err(broken)?.trim_end_matches(".npy").to_string();
        let array = Array::read(&mut entry).map_err(|message| format!("array '{name}': {message}"))?;
        // The checksum is compared at the end alone, which lies behind the last number.
        io::copy(&mut entry, &mut io::sink()).map_err(|error| format!("array '{name}': is damaged: {error}"))?;
        arrays.push((name, array.columns > 1, array));
    }
    text(arrays)
}

/// Arrays side by side, each with its name and whether its columns are numbered.
fn text(arrays: Vec<(String, bool, Array)>) -> Result<Typed, String> {
    let Some(rows) = arrays.first().map(|(_, _, array)| array.rows) else { return Err("holds no array".into()) };
    if let Some((name, _, array)) = arrays.iter().find(|(_, _, array)| array.rows != rows) {
        return Err(format!("array '{name}' has {} rows, the first has {rows}", array.rows));
    }
    let names = arrays.iter().flat_map(|(name, numbered, array)| {
        (0..array.columns).map(move |column| if *numbered { format!("{name}{column}") } else { name.clone() })
    });
    let (mut head, mut row) = (Vec::new(), 0);
    line(names, &mut head);
    let numbers = vec![true; arrays.iter().map(|(_, _, array)| array.columns).sum()];
    let next = move |text: &mut Vec<u8>| {
        if row == rows {
            return Ok(false);
        }
        line(arrays.iter().flat_map(|(_, _, array)| (0..array.columns).map(|column| array.cell(row, column))), text);
        row += 1;
        Ok(true)
    };
    Ok(Typed { text: Box::new(Lines::new(head, next)), numbers })
}
