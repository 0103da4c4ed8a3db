//! Names read loosely.
//!
//! A name is compared by its key: small letters, `∂` as `d`, and of brackets, braces, blanks, points and underscores only
//! that they part two numbers. So `net_h1`, `net_{h1}` and `NET h1` are one name, as are `a⁽²⁾₀` and `a2[0]`.

/// Letters that are no names on paper but may stand in a name.
const TEX: [(&str, &str); 8] = [
    ("\\partial", "∂"),
    ("\\delta", "δ"),
    ("\\mathrm", ""),
    ("\\mathit", ""),
    ("\\operatorname", ""),
    ("\\text", ""),
    ("\\left", ""),
    ("\\right", ""),
];

/// Without what only typesetting adds; `\frac{a}{b}` as `a/b`.
pub(super) fn plain(text: &str) -> String {
    let mut text = text.trim().trim_matches('$').to_string();
    for (tex, letter) in TEX {
        text = text.replace(tex, letter);
    }
    if let Some(rest) = text.strip_prefix("\\frac").or(text.strip_prefix("\\dfrac")) {
        let mut depth = 0;
        let end = rest.char_indices().find(|&(_, c)| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == '}' && depth == 0
        });
        if let Some((end, _)) = end {
            return format!("{}/{}", &rest[..=end], &rest[end + 1..]);
        }
    }
    text
}

/// What stays of a name when it is read loosely.
pub(super) fn key(name: &str) -> String {
    read(name, false)
}

/// The same with its capitals.
pub(super) fn spelled(name: &str) -> String {
    read(name, true)
}

fn read(name: &str, keeps_capitals: bool) -> String {
    const SMALL: &str = "₀₁₂₃₄₅₆₇₈₉";
    const RAISED: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    let digit = |c: char, from: &str| from.chars().position(|small| small == c).and_then(|d| char::from_digit(d as u32, 10));
    let mut parts: Vec<(String, bool)> = Vec::new();
    // Where a number above the line belongs: behind the last letters, before the numbers below the line.
    let mut letters_end = 0;
    let mut open = false;
    let (mut raised, mut above_before) = (false, false);
    for c in plain(name).chars() {
        let above = digit(c, RAISED);
        let number = c.to_digit(10).filter(|_| c.is_ascii_digit()).and_then(|d| char::from_digit(d, 10)).or(digit(c, SMALL)).or(above);
        if let Some(number) = number {
            let is_above = above.is_some() || raised;
            open &= is_above == above_before;
            if open {
                // One more digit of the number that is being read.
                let place = if is_above { letters_end - 1 } else { parts.len() - 1 };
                parts[place].0.push(number);
            } else if is_above {
                parts.insert(letters_end, (number.to_string(), false));
                letters_end += 1;
            } else {
                parts.push((number.to_string(), false));
            }
            above_before = is_above;
            open = true;
        } else if c.is_alphabetic() {
            (open, raised) = (false, false);
            let letters: String = match c {
                'δ' | 'Δ' => "delta".into(),
                c if keeps_capitals => c.into(),
                c => c.to_lowercase().collect(),
            };
            match parts.last_mut() {
                Some((last, true)) => last.push_str(&letters),
                _ => parts.push((letters, true)),
            }
            letters_end = parts.len();
        } else {
            open = false;
            if c == '∂' {
                match parts.last_mut() {
                    Some((last, true)) => last.push('d'),
                    _ => parts.push(("d".into(), true)),
                }
                letters_end = parts.len();
            }
            match c {
                '^' => raised = true,
                '_' | ']' | '[' | ' ' => raised = false,
                _ => {}
            }
        }
    }
    let mut key = String::new();
    let mut after_number = false;
    for (text, letters) in &parts {
        if !letters && after_number {
            key.push(',');
        }
        key.push_str(text);
        after_number = !letters;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_letters_and_numbers() {
        for (names, want) in [
            (vec!["net_h1", "net_{h1}", "NET h1", "neth1"], "neth1"),
            (vec!["a⁽²⁾₀", "a2[0]", "a^{(2)}_0", "a_0^{(2)}", "a_0^(2)", "A[2][0]"], "a2,0"),
            (vec!["W⁽¹⁾₀,₁₂", "w1[0,12]", "W_{0,12}^{(1)}"], "w1,0,12"),
            (vec!["layer2.weight[0,1]", "Layer2 weight 0 1"], "layer2weight0,1"),
            (vec!["∂E_total/∂w5", "dE_total/dw5", "\\frac{\\partial E_{total}}{\\partial w_5}"], "detotaldw5"),
            (vec!["∂C/∂W⁽²⁾₀,₁"], "dcdw2,0,1"),
            (vec!["a⁽¹²⁾₃"], "a12,3"),
        ] {
            for name in names {
                assert_eq!(key(name), want, "{name}");
            }
        }
    }
}
