//! Each form held to what a person would write.

use super::*;

fn n(text: &str) -> Math {
    Math::Number(text.to_owned())
}

fn l(name: &str) -> Math {
    Math::letter(name)
}

fn row(items: impl Into<Vec<Math>>) -> Math {
    Math::Row(items.into())
}

fn sum(left: Math, right: Math) -> Math {
    Math::joined([left, right], "+")
}

fn product(left: Math, right: Math) -> Math {
    Math::joined([left, right], "·")
}

fn slope() -> Math {
    row([l("a"), Math::joined([n("1"), l("a")], "−").bracketed()])
}

fn entry() -> Math {
    l("W1").below(Math::joined([n("0"), n("2")], ","))
}

fn cases() -> Math {
    Math::Cases(vec![(l("x"), Math::joined([l("z"), n("0")], ">")), (n("0"), Math::text("otherwise"))])
}

fn large(sign: &'static str, below: Option<Math>, above: Option<Math>, body: Math) -> Math {
    Math::Large { sign, below: below.map(Box::new), above: above.map(Box::new), body: Box::new(body) }
}

#[test]
fn a_line_of_unicode_reads_as_it_is_meant() {
    let third = || l("z").over(n("3"));
    for (math, want) in [
        (Math::partial(l("C"), entry()), "∂C/∂W1[0,2]"),
        (slope(), "a(1 − a)"),
        (sum(l("x"), l("y")).over(l("z")), "(x + y)/z"),
        (l("x").over(sum(l("y"), l("z"))), "x/(y + z)"),
        (l("x").over(product(n("2"), l("z"))), "x/(2 · z)"),
        (product(n("2"), l("z")).over(l("x")), "2 · z/x"),
        (l("x").over(third()), "x/(z/3)"),
        (third().over(l("x")), "(z/3)/x"),
        (row([third(), l("x")]), "(z/3)x"),
        (product(l("x"), third()), "x · z/3"),
        (Math::joined([l("x"), third()], "/"), "x/(z/3)"),
        (l("x").below(n("2")).above(n("2")), "x₂²"),
        (l("x").above(l("l").bracketed()), "x⁽ˡ⁾"),
        (l("z").below(Math::text("RM")), "z[RM]"),
        (l("net").below(l("h1")), "net_h1"),
        (l("net_h1"), "net_h1"),
        (l("z").below(l("C")), "z_C"),
        (l("x").above(sum(l("q"), l("C"))), "x^(q + C)"),
        (l("x").above(Math::partial(l("C"), l("z"))), "x^(∂C/∂z)"),
        (l("x").above(n("-1")), "x⁻¹"),
        (l("x").above(n("1.5")), "x^1.5"),
        (sum(l("x"), n("1")).above(n("2")), "(x + 1)²"),
        (n("-3").above(n("2")), "(−3)²"),
        (third().above(n("2")), "(z/3)²"),
        (l("x").above(n("2")).above(n("3")), "(x²)³"),
        (n("1.5e-7"), "1.5×10⁻⁷"),
        (n("-1.5E+07"), "−1.5×10⁷"),
        (n("1.5e-7").above(n("2")), "(1.5×10⁻⁷)²"),
        (n("inf"), "∞"),
        (product(n("3"), n("-2")), "3 · (−2)"),
        (Math::joined([l("x"), n("-2")], "="), "x = −2"),
        (row([Math::Sign("−"), l("y")]), "−y"),
        (row([l("x"), Math::Sign("="), Math::Sign("−"), l("y")]), "x = −y"),
        (cases(), "{x if z > 0; 0 otherwise}"),
        (Math::Matrix(vec![vec![n("1"), n("2")], vec![n("3"), n("4")]]), "[[1, 2], [3, 4]]"),
        (large("Σ", Some(l("k")), None, product(l("x"), l("y"))), "Σₖ x · y"),
        (large("Σ", Some(l("k")), None, sum(l("x"), l("y"))), "Σₖ (x + y)"),
        (large("Σ", Some(Math::joined([l("k"), n("1")], "=")), Some(l("n")), l("x")), "Σ[k = 1 … n] x"),
        (row([n("1").over(l("n")), large("Σ", Some(l("i")), None, l("x"))]), "(1/n) Σᵢ x"),
        (Math::Call("max".to_owned(), vec![n("0"), l("z")]), "max(0, z)"),
        (Math::Root(Box::new(l("x"))), "√x"),
        (Math::Root(Box::new(sum(l("x"), n("1")))), "√(x + 1)"),
        (Math::Bracket(Bracket::Bars, Box::new(l("x"))), "|x|"),
        (row([l("net"), l("out")]), "net out"),
        (row([n("2"), l("x")]), "2x"),
        (row([l("x"), n("2")]), "x 2"),
        (row([l("W"), Math::Sign("ᵀ"), l("δ")]), "Wᵀδ"),
        (Math::text("a\nb\u{202e}c"), "a␊b[U+202E]c"),
    ] {
        assert_eq!(unicode(&math), want, "{math:?}");
    }
}

#[test]
fn latex_is_what_a_person_would_type() {
    for (math, want) in [
        (Math::partial(l("C"), entry()), r"\frac{\partial C}{\partial\mathrm{W1}_{0, 2}}"),
        (slope(), "a(1 - a)"),
        (sum(l("x"), l("y")).over(l("z")).above(n("2")), r"{\left(\frac{x + y}{z}\right)}^{2}"),
        (l("x").over(l("y")).bracketed(), r"\left(\frac{x}{y}\right)"),
        (l("net_h1"), r"\mathrm{net\_h1}"),
        (l("x").below(n("1")).above(n("2")), "x_{1}^{2}"),
        (sum(l("x"), n("1")).bracketed().above(n("2")), "(x + 1)^{2}"),
        (l("σ′").below(l("k")), r"{{\sigma{}^{\prime}}}_{k}"),
        (l("Δw"), r"{\Delta\mathrm{w}}"),
        (row([l("σ"), l("x")]), r"\sigma x"),
        (n("-1.5e-7"), r"-1.5 \times 10^{-7}"),
        (row([l("x"), n("-2")]), "x{-2}"),
        (product(n("3"), n("-2")), r"3 \cdot (-2)"),
        (cases(), r"\begin{cases} x & \text{if }z > 0 \\ 0 & \text{otherwise} \end{cases}"),
        (Math::Matrix(vec![vec![n("1"), n("2")], vec![n("3"), n("4")]]), r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}"),
        (Math::Call("exp".to_owned(), vec![row([Math::Sign("−"), l("z")])]), r"\exp(-z)"),
        (large("Σ", Some(l("k")), None, l("x")), r"\sum_{k} x"),
        (Math::Root(Box::new(l("x"))), r"\sqrt{x}"),
        (Math::text(r"\input{x}"), r"{\backslash\text{input}\{\text{x}\}}"),
        (Math::text("$x_1$ & 5% #~^"), r"{\$\text{x}\_\text{1}\$\text{ }\&\text{ 5}\%\text{ }\#{\sim}{}^{\wedge}}"),
        (Math::text("a--b"), r"{\text{a-}\text{-b}}"),
        (Math::text("ROOM Größe 中 🙂"), r"\text{ROOM Größe 中 [U+1F642]}"),
        (Math::text(""), "{}"),
        (Math::text("a\u{0}b"), r"\text{a[U+0000]b}"),
    ] {
        assert_eq!(latex(&math), want, "{math:?}");
    }
}

#[test]
fn mathml_holds_the_structure() {
    let inner = |math: &Math| {
        let whole = mathml(math, false);
        let inner = whole.strip_prefix(r#"<math xmlns="http://www.w3.org/1998/Math/MathML">"#).unwrap().strip_suffix("</math>").unwrap();
        inner.to_owned()
    };
    for (math, want) in [
        (Math::partial(l("C"), l("z")), "<mfrac><mrow><mi>∂</mi><mi>C</mi></mrow><mrow><mi>∂</mi><mi>z</mi></mrow></mfrac>"),
        (l("x").below(n("1")).above(n("2")), "<msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>"),
        (l("net"), r#"<mi mathvariant="normal">net</mi>"#),
        (
            n("-1.5e-7"),
            r#"<mrow><mo form="prefix">−</mo><mn>1.5</mn><mo lspace="0.2em" rspace="0.2em">×</mo><msup><mn>10</mn><mrow><mo form="prefix">−</mo><mn>7</mn></mrow></msup></mrow>"#,
        ),
        (
            Math::text(r#"</math><img src=x onerror="alert(1)">"#),
            "<mtext>&lt;/math&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;</mtext>",
        ),
        (Math::text(" a "), "<mtext>&#xa0;a&#xa0;</mtext>"),
        (row([l("x"), Math::Sign("−"), l("y")]), r#"<mrow><mi>x</mi><mo form="infix">−</mo><mi>y</mi></mrow>"#),
        (row([Math::Sign("-"), l("y")]), r#"<mrow><mo form="prefix">−</mo><mi>y</mi></mrow>"#),
    ] {
        assert_eq!(inner(&math), want, "{math:?}");
    }
    assert!(mathml(&l("x"), true).contains(r#" display="block">"#));
}

#[test]
fn all_three_put_the_same_brackets() {
    for math in [
        sum(l("x"), n("1")).above(n("2")),
        large("Σ", Some(l("k")), None, sum(l("x"), l("y"))),
        product(n("3"), n("-2")),
        n("1.5e-7").above(n("2")),
    ] {
        assert!(unicode(&math).contains('('), "{math:?}");
        assert!(latex(&math).contains('('), "{math:?}");
        assert!(mathml(&math, false).contains('('), "{math:?}");
    }
}

#[test]
fn nothing_hidden_stays_hidden() {
    for c in (0..0x11_0000).filter_map(char::from_u32) {
        let seen = visible(&c.to_string());
        if c.is_control()
            || "\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{61c}\u{feff}".contains(c)
        {
            assert!(!seen.contains(c) && !seen.is_empty(), "{c:?} gives {seen:?}");
            assert!(!latex(&Math::text(c)).contains(c) && !mathml(&Math::text(c), false).contains(c));
        }
    }
}
