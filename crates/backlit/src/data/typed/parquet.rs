//! Parquet files with plain columns.

use super::lines::{Lines, line, shortest, widened};
use super::{Typed, guarded};
use jiff::Timestamp;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use std::fs::File;
use std::io;
use std::path::Path;

/// The text of a file. `Err` says what is wrong with it.
pub(super) fn open(path: &Path) -> Result<Typed, String> {
    let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let reader = SerializedFileReader::new(file).map_err(|error| format!("is no Parquet file that can be read: {error}"))?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let fields = schema.root_schema().get_fields();
    if let Some(nested) = fields.iter().find(|field| !field.is_primitive()) {
        return Err(format!("column '{}' is nested; expected plain columns", nested.name()));
    }
    if fields.is_empty() {
        return Err("expected at least one column, came none".into());
    }
    let nanoseconds: Vec<bool> = (0..fields.len())
        .map(|place| matches!(schema.column(place).logical_type_ref(), Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::NANOS))
        .collect();
    let is_number = |place: usize| {
        let column = schema.column(place);
        let is_numeric = matches!(column.physical_type(), Type::INT32 | Type::INT64 | Type::FLOAT | Type::DOUBLE);
        is_numeric
            && !matches!(column.converted_type(), ConvertedType::DATE | ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS)
    };
    let numbers = (0..fields.len()).map(is_number).collect();
    let mut head = Vec::new();
    line(fields.iter().map(|field| field.name().to_string()), &mut head);
    let mut rows = reader.into_iter();
    let next = move |text: &mut Vec<u8>| {
        let Some(row) = guarded(|| rows.next())? else { return Ok(false) };
        let row = row.map_err(io::Error::other)?;
        let cells = row.get_column_iter().zip(&nanoseconds).map(|((_, field), &nanoseconds)| cell(field, nanoseconds));
        line(cells, text);
        Ok(true)
    };
    Ok(Typed { text: Box::new(Lines::new(head, next)), numbers })
}

fn cell(field: &Field, nanoseconds: bool) -> String {
    let moment = |moment: Result<Timestamp, jiff::Error>| match moment {
        Ok(moment) => moment.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S%.f").to_string(),
        Err(_) => String::new(),
    };
    match field {
        Field::Null => String::new(),
        Field::Long(number) if nanoseconds => moment(Timestamp::from_nanosecond(i128::from(*number))),
        Field::TimestampMillis(number) => moment(Timestamp::from_millisecond(*number)),
        Field::TimestampMicros(number) => moment(Timestamp::from_microsecond(*number)),
        Field::Date(days) => {
            let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(*days));
            date.map_or(String::new(), |date| date.to_string())
        }
        Field::Str(text) => text.clone(),
        Field::Double(number) => shortest(*number),
        Field::Float(number) => shortest(widened(*number)),
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into_owned(),
        other => other.to_string(),
    }
}
