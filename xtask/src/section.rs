//! Generated parts of pages that are written by hand otherwise: the lines between two markers.

/// Where `name` begins and ends.
fn markers(name: &str) -> (String, String) {
    let chore = if name == "quality" { "quality".to_string() } else { format!("bench --{name}") };
    (format!("<!-- {name}: written by cargo xtask {chore} -->\n"), format!("<!-- end of {name} -->\n"))
}

/// Puts `text` between the markers of `name`, or at the page's end with new markers.
pub fn write(path: &str, name: &str, text: &str) -> Result<(), String> {
    let page = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    std::fs::write(path, replaced(&page, name, text)).map_err(|error| format!("{path}: {error}"))?;
    eprintln!("> {path}: section '{name}' written");
    Ok(())
}

fn replaced(page: &str, name: &str, text: &str) -> String {
    let (begin, end) = markers(name);
    match page.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1))) {
        Some((before, after)) => format!("{before}{begin}{text}{end}{after}"),
        None => format!("{page}\n{begin}{text}{end}"),
    }
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_what_lies_between_the_markers_is_replaced() {
        let first = replaced("by hand\n", "peers", "old\n");
        let page = format!("{first}more by hand\n");
        let second = replaced(&page, "peers", "new\nlines\n");
        assert_eq!(second, page.replace("old\n", "new\nlines\n"));
        assert!(second.starts_with("by hand\n") && second.ends_with("more by hand\n"));
    }
}
