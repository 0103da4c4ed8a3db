//! Single characters: which would not show themselves, which have a small form, and what LaTeX calls them.

/// The same words with every character made visible that would act on its surroundings instead of showing itself:
/// control characters as their pictures (`␊` for a line feed), characters that turn the direction of writing or have no
/// width as `[U+202E]`.
pub fn visible(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + c as u32).expect("the pictures of control characters")),
            '\u{7f}' => out.push('␡'),
            c if is_hidden(c) => out.push_str(&code_point(c)),
            c => out.push(c),
        }
    }
    out
}

/// `[U+202E]`
pub(super) fn code_point(c: char) -> String {
    format!("[U+{:04X}]", c as u32)
}

/// Whether nothing is seen of a character, or it changes how its neighbours are seen. The joiners (U+200C, U+200D) are
/// part of some scripts and stay.
pub(super) fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}'
        | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
        || c as u32 & 0xfffe == 0xfffe
        || ('\u{fdd0}'..='\u{fdef}').contains(&c)
}

/// Small characters below the line, where all of `text` has them.
pub(super) fn subscript(text: &str) -> Option<String> {
    small(text, "0123456789+−=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")
}

/// Small characters above the line, where all of `text` has them.
pub(super) fn superscript(text: &str) -> Option<String> {
    small(text, "0123456789+−=()abcdefghijklmnoprstuvwxyzT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ")
}

fn small(text: &str, from: &str, to: &str) -> Option<String> {
    text.chars().filter(|&c| c != ' ').map(|c| from.chars().zip(to.chars()).find(|&(f, _)| f == c).map(|(_, t)| t)).collect()
}

/// What mathematics in LaTeX calls a character that is no ASCII letter or digit: `σ` is `\sigma`. Each stands for itself wherever
/// it is put, also under a script.
pub fn latex_symbol(c: char) -> Option<&'static str> {
    SYMBOLS.iter().find(|(symbol, _)| *symbol == c).map(|(_, command)| *command)
}

/// Whether LaTeX and KaTeX take a character beyond ASCII as it is among words.
pub(super) fn is_word_character(c: char) -> bool {
    matches!(c,
        'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ɏ' | 'Ѐ'..='ӿ' | '\u{531}'..='\u{58a}' | '\u{904}'..='\u{939}' | '\u{10d0}'..='\u{10fa}'
        | 'ぁ'..='ゖ' | 'ァ'..='ヺ' | '一'..='\u{9faf}' | '가'..='힣' | '！'..='｠' | '–' | '—' | '‘' | '’' | '“' | '”')
}

/// Words as they stand in `\text{…}` or `\mathrm{…}`, with everything that LaTeX would act on set outside it as a symbol: not every
/// reader of LaTeX mathematics (MathJax is one) knows escapes inside words.
pub(super) fn latex_words(words: &str, command: &str) -> String {
    let mut pieces: Vec<String> = Vec::new();
    let mut run = String::new();
    let end = |run: &mut String, pieces: &mut Vec<String>| {
        if !run.is_empty() {
            pieces.push(format!("\\{command}{{{run}}}"));
            run.clear();
        }
    };
    for c in words.chars() {
        let ligature = matches!(c, '-' | ',' | '\'') && run.ends_with(c);
        let plain = c.is_ascii_alphanumeric() || " .,;:!?()[]/+=-'\"@".contains(c) || (command == "text" && is_word_character(c));
        let symbol = if plain { None } else { latex_symbol(c) };
        if symbol.is_some() || ligature {
            end(&mut run, &mut pieces);
        }
        match symbol {
            Some(symbol) => pieces.push(symbol.to_owned()),
            None if plain => run.push(c),
            None => run.push_str(&code_point(c)),
        }
    }
    end(&mut run, &mut pieces);
    match &pieces[..] {
        [one] => one.clone(),
        many => {
            let mut out = String::from("{");
            many.iter().for_each(|piece| push(&mut out, piece));
            out + "}"
        }
    }
}

/// Adds a piece of LaTeX, with a space where a command would otherwise swallow its first letter.
pub(super) fn push(out: &mut String, piece: &str) {
    let in_command = out.rfind('\\').is_some_and(|i| i + 1 < out.len() && out[i + 1..].bytes().all(|b| b.is_ascii_alphabetic()));
    if in_command && piece.starts_with(|c: char| c.is_ascii_alphabetic()) {
        out.push(' ');
    }
    out.push_str(piece);
}

const SYMBOLS: &[(char, &str)] = &[
    // what LaTeX would act on
    ('\\', r"\backslash"),
    ('{', r"\{"),
    ('}', r"\}"),
    ('$', r"\$"),
    ('&', r"\&"),
    ('#', r"\#"),
    ('_', r"\_"),
    ('%', r"\%"),
    ('^', r"{}^{\wedge}"),
    ('~', r"{\sim}"),
    ('*', r"{\ast}"),
    ('|', r"{\vert}"),
    ('<', "{<}"),
    ('>', "{>}"),
    ('`', r"{}^{\backprime}"),
    ('\u{a0}', "~"),
    // Greek
    ('α', r"\alpha"),
    ('β', r"\beta"),
    ('γ', r"\gamma"),
    ('δ', r"\delta"),
    ('ε', r"\varepsilon"),
    ('ϵ', r"\epsilon"),
    ('ζ', r"\zeta"),
    ('η', r"\eta"),
    ('θ', r"\theta"),
    ('ϑ', r"\vartheta"),
    ('ι', r"\iota"),
    ('κ', r"\kappa"),
    ('λ', r"\lambda"),
    ('μ', r"\mu"),
    ('µ', r"\mu"),
    ('ν', r"\nu"),
    ('ξ', r"\xi"),
    ('ο', "o"),
    ('π', r"\pi"),
    ('ρ', r"\rho"),
    ('σ', r"\sigma"),
    ('ς', r"\varsigma"),
    ('τ', r"\tau"),
    ('υ', r"\upsilon"),
    ('φ', r"\varphi"),
    ('ϕ', r"\phi"),
    ('χ', r"\chi"),
    ('ψ', r"\psi"),
    ('ω', r"\omega"),
    ('Γ', r"\Gamma"),
    ('Δ', r"\Delta"),
    ('Θ', r"\Theta"),
    ('Λ', r"\Lambda"),
    ('Ξ', r"\Xi"),
    ('Π', r"\Pi"),
    ('Σ', r"\Sigma"),
    ('Υ', r"\Upsilon"),
    ('Φ', r"\Phi"),
    ('Ψ', r"\Psi"),
    ('Ω', r"\Omega"),
    // signs
    ('∂', r"\partial"),
    ('∇', r"\nabla"),
    ('∞', r"\infty"),
    ('ℓ', r"\ell"),
    ('ŷ', r"\hat{y}"),
    ('−', "{-}"),
    ('·', r"{\cdot}"),
    ('⋅', r"{\cdot}"),
    ('×', r"{\times}"),
    ('÷', r"{\div}"),
    ('±', r"{\pm}"),
    ('√', r"\surd"),
    ('∑', r"\Sigma"),
    ('∏', r"\Pi"),
    ('≈', r"{\approx}"),
    ('≠', r"{\neq}"),
    ('≤', r"{\leq}"),
    ('≥', r"{\geq}"),
    ('→', r"{\to}"),
    ('←', r"{\leftarrow}"),
    ('↔', r"{\leftrightarrow}"),
    ('⇒', r"{\Rightarrow}"),
    ('∈', r"{\in}"),
    ('⊙', r"{\odot}"),
    ('∘', r"{\circ}"),
    ('…', r"{\ldots}"),
    ('⋯', r"{\cdots}"),
    ('°', r"{}^{\circ}"),
    ('′', r"{}^{\prime}"),
    ('½', r"\tfrac{1}{2}"),
    ('¼', r"\tfrac{1}{4}"),
    ('¾', r"\tfrac{3}{4}"),
    ('ᵀ', r"{}^{\mathsf{T}}"),
    ('⁰', "{}^{0}"),
    ('¹', "{}^{1}"),
    ('²', "{}^{2}"),
    ('³', "{}^{3}"),
    ('⁴', "{}^{4}"),
    ('⁵', "{}^{5}"),
    ('⁶', "{}^{6}"),
    ('⁷', "{}^{7}"),
    ('⁸', "{}^{8}"),
    ('⁹', "{}^{9}"),
    ('⁻', "{}^{-}"),
    ('ⁿ', "{}^{n}"),
    ('ˣ', "{}^{x}"),
    ('ˡ', "{}^{l}"),
    ('₀', "{}_{0}"),
    ('₁', "{}_{1}"),
    ('₂', "{}_{2}"),
    ('₃', "{}_{3}"),
    ('₄', "{}_{4}"),
    ('₅', "{}_{5}"),
    ('₆', "{}_{6}"),
    ('₇', "{}_{7}"),
    ('₈', "{}_{8}"),
    ('₉', "{}_{9}"),
    ('ᵢ', "{}_{i}"),
    ('ⱼ', "{}_{j}"),
    ('ₖ', "{}_{k}"),
    ('ₙ', "{}_{n}"),
];
