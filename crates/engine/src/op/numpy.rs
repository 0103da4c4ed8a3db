//! What an operation says of itself as NumPy.

/// An operation in lines of NumPy, for all rows at once.
///
/// `{out}` is the array that comes out, and how the name of every array begins that is made on the way; `{0}`, `{1}` and so on are the
/// inputs. What has rows is rows × numbers; a parameter is as its shape says, one of a single line a vector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numpy {
    /// Lines that compute `{out}`.
    pub forward: Vec<String>,
    /// For each input with rows ∂C/∂ it, rows × numbers, of `{up}` = ∂C/∂`{out}`.
    pub backward: Vec<String>,
}

impl Numpy {
    /// Of these lines.
    pub fn new(forward: &[&str], backward: &[&str]) -> Numpy {
        let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_string()).collect();
        Numpy { forward: owned(forward), backward: owned(backward) }
    }
}
