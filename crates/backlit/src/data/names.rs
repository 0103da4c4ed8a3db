//! Lists of column names as people type them.

use super::records::Records;

/// Cuts a list at its commas, as a line of a CSV: a name in quotes may hold commas. A list that is itself one of the `known` names is
/// that name. `Err` says what is wrong with the list.
pub fn names_in(list: &str, known: &[String]) -> Result<Vec<String>, String> {
    if known.iter().any(|name| name == list) {
        return Ok(vec![list.to_string()]);
    }
    let broken = || format!("expected names of columns with commas between them, came {}", list.escape_debug());
    let mut records = Records::new(list.as_bytes()).map_err(|_| broken())?;
    records.split_at(b',', b'\n');
    let names = match records.next().map_err(|_| format!("{}: a quote is not closed", broken()))? {
        Some(record) => record.cells().map(|cell| cell.trim().to_string()).collect(),
        None => Vec::new(),
    };
    match records.next() {
        Ok(None) => Ok(names),
        _ => Err(broken()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_cut_at_commas_outside_quotes() {
        let known = ["a,b", "c", "d"].map(String::from);
        for (list, want) in [
            ("a,b", vec!["a,b"]),
            ("c,d", vec!["c", "d"]),
            ("c, d", vec!["c", "d"]),
            ("\"a,b\",c", vec!["a,b", "c"]),
            ("c,\"a,b\"", vec!["c", "a,b"]),
            ("x,y", vec!["x", "y"]),
            ("\"say \"\"hi\"\"\"", vec!["say \"hi\""]),
            ("", vec![]),
        ] {
            assert_eq!(names_in(list, &known).unwrap(), want, "{list}");
        }
        assert!(names_in("\"a,b", &known).unwrap_err().contains("a quote is not closed"));
    }
}
