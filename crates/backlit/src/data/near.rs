//! "Did you mean …?"

/// The few of `known` that a mistyped `name` may stand for, the nearest first.
pub(crate) fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let typed: Vec<char> = name.to_lowercase().chars().take(LONGEST).collect();
    let allowed = (typed.len() / 3).max(1);
    let mut found: Vec<(usize, &str)> = Vec::new();
    for other in known {
        let letters: Vec<char> = other.to_lowercase().chars().take(LONGEST).collect();
        let distance = distance(&typed, &letters);
        let begins = typed.len().min(letters.len()) >= 3 && (typed.starts_with(&letters) || letters.starts_with(&typed));
        if begins || (distance <= allowed && distance < letters.len().max(typed.len())) {
            found.push((distance, other));
        }
    }
    found.sort_by_key(|&(distance, _)| distance);
    found.into_iter().take(3).map(|(_, other)| other).collect()
}

/// Names are compared up to here; longer ones are not mistyped but pasted.
const LONGEST: usize = 64;

/// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut line = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let substituted = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            line[j] = substituted.min(last[j] + 1).min(line[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                line[j] = line[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, line);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_found_and_other_names_are_not() {
        let known = ["units", "activation", "weight", "bias", "RM"];
        for (typed, meant) in [
            ("unit", "units"),
            ("actviation", "activation"),
            ("Weight", "weight"),
            ("biass", "bias"),
            ("rm", "RM"),
            ("activ", "activation"),
        ] {
            assert_eq!(near(typed, known).first(), Some(&meant), "{typed}");
        }
        for typed in ["", "x", "momentum", "u"] {
            assert!(near(typed, known).is_empty(), "{typed}");
        }
    }

    #[test]
    fn distances_by_hand() {
        for (a, b, expected) in [("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 1), ("abc", "abc", 0)] {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(distance(&letters(a), &letters(b)), expected, "{a} {b}");
        }
    }
}
