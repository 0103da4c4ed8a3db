//! One kind of error for everything that can go wrong between a person and the engine.

use crate::data::cells::excerpt;
use crate::fallen::Fallen;
use std::fmt;

/// What went wrong; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything else: a disk that is full, a file that cannot be written.
    Failed,
    /// A flag, a run file or a name that makes no sense.
    Usage,
    /// Data that cannot be read as a table of numbers.
    Data,
    /// A model file that cannot be trusted.
    Model,
    /// Training left the finite numbers.
    Diverged,
    /// A check or a replay does not agree.
    Verification,
}

impl Kind {
    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Data | Kind::Model => 3,
            Kind::Diverged => 4,
            Kind::Verification => 6,
        }
    }

    /// The word in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Kind::Failed => "failed",
            Kind::Usage => "usage",
            Kind::Data => "data",
            Kind::Model => "model",
            Kind::Diverged => "diverged",
            Kind::Verification => "verification",
        }
    }
}

/// An error that says where, what was expected, what came and what to try.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// What went wrong.
    pub kind: Kind,
    /// What was expected and what came, in one sentence.
    pub message: String,
    /// The file.
    pub file: Option<String>,
    /// The row of the data, counted from 0, as for `--row`.
    pub row: Option<usize>,
    /// The column by name.
    pub column: Option<String>,
    /// The key of a run file: `network.layer[1].units`.
    pub key: Option<String>,
    /// What to try.
    pub hint: Option<String>,
    /// Of several trainings the one that diverged.
    pub fallen: Option<Box<Fallen>>,
}

impl Error {
    /// An error without a place.
    pub fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), file: None, row: None, column: None, key: None, hint: None, fallen: None }
    }

    /// Names the file.
    pub fn file(mut self, file: impl fmt::Display) -> Error {
        self.file = Some(file.to_string());
        self
    }

    /// Names the row, counted from 0.
    pub fn row(mut self, row: usize) -> Error {
        self.row = Some(row);
        self
    }

    /// Names the column.
    pub fn column(mut self, column: impl Into<String>) -> Error {
        self.column = Some(column.into());
        self
    }

    /// Names the run file's key.
    pub fn key(mut self, key: impl Into<String>) -> Error {
        self.key = Some(key.into());
        self
    }

    /// Says what to try.
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.row.map(|row| format!("row {row}"));
        let column = self.column.as_ref().map(|column| format!("column '{}'", excerpt(column)));
        let place: Vec<String> = [self.file.clone(), self.key.clone(), row, column].into_iter().flatten().collect();
        if !place.is_empty() {
            write!(f, "{}: ", place.join(", "))?;
        }
        write!(f, "{}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  try: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
