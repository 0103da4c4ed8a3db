//! The forms in small; `tests/pages.rs` holds them against the programs that read them.

use super::*;

fn words(text: &str) -> Vec<Inline> {
    vec![Inline::Text(text.to_owned())]
}

fn page(block: Block) -> Document {
    Document { title: String::new(), blocks: vec![block] }
}

fn number(text: &str) -> Math {
    Math::Number(text.to_owned())
}

/// δ = (a − y) · a(1 − a) = 0.138
fn delta() -> Equation {
    let a = || Math::letter("a");
    let slope = Math::Row(vec![a(), Math::joined([number("1"), a()], "−").bracketed()]);
    let error = Math::joined([a(), Math::letter("y")], "−").bracketed();
    Equation::new(Math::letter("δ"), Math::joined([error, slope], "·")).then(number("0.138498562"))
}

fn table() -> Table {
    Table {
        caption: "Prices".to_owned(),
        head: vec![words("name"), words("value")],
        rows: vec![vec![words("a|b"), words("1.5")], vec![words("中文"), words("-22.25")]],
        numbers: vec![1],
    }
}

#[test]
fn an_equation_is_broken_before_its_signs() {
    let mut document = Document::new("");
    document.equations([
        delta().note("by the chain rule"),
        Equation::new(Math::partial(Math::letter("C"), Math::letter("z")), Math::letter("δ")),
    ]);
    let wide = "  δ     = (a − y) · a(1 − a) = 0.138498562   by the chain rule\n  ∂C/∂z = δ\n";
    assert_eq!(text(&document, 80), wide);
    let narrow = "  δ     = (a − y) · a(1 − a)\n        = 0.138498562\n          by the chain rule\n  ∂C/∂z = δ\n";
    assert_eq!(text(&document, 36), narrow);
}

#[test]
fn words_and_tables_keep_to_the_width() {
    let mut document = Document::new("A title");
    document.say("one two three four five six seven eight nine ten eleven twelve");
    document.blocks.push(Block::List(vec![words("one two three four five six seven eight")]));
    document.blocks.push(Block::Table(Table { rows: vec![vec![words("one two three four five six seven eight"), words("1")]], ..table() }));
    let drawn = text(&document, 30);
    assert!(drawn.lines().all(|line| width::columns(line) <= 30), "{drawn}");
    assert!(drawn.starts_with("A title\n═══════\n\none two three four five six\nseven eight"), "{drawn}");
    assert!(drawn.contains("\n• one two three four five six\n  seven eight\n"), "{drawn}");
}

#[test]
fn columns_of_numbers_are_set_to_the_right() {
    let want = "Prices\nname   value\n────  ──────\na|b      1.5\n中文  -22.25\n";
    assert_eq!(text(&page(Block::Table(table())), 80), want);
}

#[test]
fn markdown_escapes_what_means_something() {
    let line = |text: &str| markdown(&page(Block::Paragraph(words(text)))).trim_end().to_owned();
    for (text, want) in [
        ("# a", r"\# a"),
        ("- a", r"\- a"),
        ("---", r"\---"),
        ("-3.5", "-3.5"),
        ("1. a", r"1\. a"),
        ("1.5 a", "1.5 a"),
        ("> a", "&gt; a"),
        ("a*b_c`d", r"a\*b\_c\`d"),
        ("$x$", "<span>&#36;</span>x<span>&#36;</span>"),
        ("[a](javascript:b)", r"\[a\](javascript:b)"),
        ("https://a www.b", "https&#58;//a www&#46;b"),
        ("a\nb", "a␊b"),
        ("  a", "&#32;&#32;a"),
    ] {
        assert_eq!(line(text), want);
    }
    let want = "**Prices**\n\n| name | value |\n| --- | ---: |\n| a\\|b | 1.5 |\n| 中文 | -22.25 |\n";
    assert_eq!(markdown(&page(Block::Table(table()))), want);
}

#[test]
fn formulas_have_the_dollars_that_their_reader_needs() {
    let inline = |math: Math| markdown(&page(Block::Paragraph(vec![Inline::Math(math)]))).trim_end().to_owned();
    assert_eq!(inline(Math::letter("x").below(number("1"))), "$x_{1}$");
    assert_eq!(inline(Math::letter("net").below(number("1"))), r"$`\mathrm{net}_{1}`$");
    assert_eq!(inline(Math::text("{a}<b")), r"${\lbrace \text{a}\rbrace {\lt }\text{b}}$");
    let equations = page(Block::Equations(vec![delta()]));
    let rows = "\\begin{aligned}\n\\delta &= (a - y) \\cdot a(1 - a) \\\\\n &= 0.138498562\n\\end{aligned}";
    assert_eq!(markdown(&equations), format!("```math\n{rows}\n```\n"));
    let cells: serde_json::Value = serde_json::from_str(&notebook(&equations)).unwrap();
    let lines: String = cells["cells"][0]["source"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(lines, format!("$$\n{rows}\n$$"));
}

#[test]
fn only_plain_addresses_become_links() {
    for good in ["https://a.b/c?d=e#f", "HTTP://a", "mailto:a@b.c", "#place"] {
        assert_eq!(link::safe(good), Some(good));
    }
    for bad in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " https://a",
        "java\nscript:a",
        "data:text/html,a",
        "//a.b",
        "file:///etc/passwd",
        "",
    ] {
        assert_eq!(link::safe(bad), None, "{bad}");
    }
    let linked = html(&page(Block::Paragraph(vec![Inline::Link { text: "x".to_owned(), url: "https://a/\"><b>".to_owned() }])));
    assert!(linked.contains("href=\"https://a/&quot;&gt;&lt;b&gt;\""), "{linked}");
}

#[test]
fn only_plain_drawings_are_drawn() {
    for good in [
        "<svg xmlns=\"http://www.w3.org/2000/svg\"><g class=\"a\"><path d=\"M0 0\"/></g><text>a &lt; b</text></svg>",
        "<svg><style>.a{fill:red}@media print{.a{fill:black}}</style><title>a > b</title></svg>\n",
        "<svg><rect fill=\"url(#shade)\"/><use href=\"#a\"/></svg>",
        "<svg aria-label=\"url(x) &lt;b&gt;\"/>",
    ] {
        assert!(svg::checked(good).is_some(), "{good}");
    }
    for bad in [
        "",
        "words",
        "<svg>",
        "<svg></svg><svg></svg>",
        "<svg></svg> words",
        "words <svg></svg>",
        "<svg></g></svg>",
        "<svg><script>a</script></svg>",
        "<svg><SCRIPT>a</SCRIPT></svg>",
        "<svg onload=\"a\"></svg>",
        "<svg/onload=\"a\"></svg>",
        "<svg OnLoad='a'></svg>",
        "<svg a=b></svg>",
        "<svg><a href=\"https://a\">b</a></svg>",
        "<svg><use href=\"https://a\"/></svg>",
        "<svg><image href=\"#a\"/></svg>",
        "<svg><foreignObject></foreignObject></svg>",
        "<svg><style>@import 'a';</style></svg>",
        "<svg><style>a{b:url(https://c)}</style></svg>",
        "<svg><style>a{b:\\75rl(c)}</style></svg>",
        "<svg><rect style=\"fill:url('https://a')\"/></svg>",
        "<svg><!-- a --></svg>",
        "<svg><![CDATA[a]]></svg>",
        "<svg><text x=\"<b>\"></text></svg>",
        "<svg><g a=\"b></g></svg>",
    ] {
        assert!(svg::checked(bad).is_none(), "{bad}");
    }
}

#[test]
fn headings_go_down_one_level_at_a_time() {
    let mut document = Document::new("A");
    for level in [3, 3, 4, 2, 9, 0] {
        document.heading(level, "B");
    }
    let page = html(&document);
    let levels: Vec<&str> =
        page.match_indices("<h").filter_map(|(i, _)| page.get(i + 2..i + 3)).filter(|c| c.parse::<u8>().is_ok()).collect();
    assert_eq!(levels, ["1", "2", "3", "4", "2", "3", "2"]);
}

/// Commands that the LaTeX form writes itself. Any other would come from a name.
const COMMANDS: &str = "documentclass usepackage ifPDFTeX fi setlength parindent parskip allowdisplaybreaks raggedbottom sloppy begin end title date \
    maketitle section subsection textbf texttt textless textgreater textbar textquotedbl textasciigrave textasciicircum textasciitilde textbackslash \
    ensuremath item hline endhead nopagebreak fbox parbox linewidth small par smallskip mbox ttfamily clearpage underline hspace href text mathrm \
    backslash wedge backprime sim ast vert Sigma tfrac cdot times DeclareUnicodeCharacter else catcode active protected def iffontchar font char";

#[test]
fn no_name_becomes_a_command_of_latex() {
    let names: String =
        (1..0x500).filter_map(char::from_u32).collect::<String>() + r"\input{x} \end{document} $x$ \\[1] ~^ %a" + "\u{4e2d}🙂";
    let mut document = Document::new(names.as_str());
    for part in names.split_inclusive(' ') {
        document.heading(2, part);
        document.paragraph([Inline::Code(part.to_owned()), Inline::Math(Math::text(part)), Inline::Strong(part.to_owned())]);
        document.blocks.push(Block::List(vec![words(part)]));
        document.blocks.push(Block::Table(Table {
            caption: part.to_owned(),
            head: vec![words(part)],
            rows: vec![vec![words(part)]],
            numbers: vec![],
        }));
        document.blocks.push(Block::Code { language: "text", text: part.to_owned() });
        document.blocks.push(Block::Figure { svg: String::new(), alternative: part.to_owned(), caption: part.to_owned() });
    }
    let page = latex(&document);
    let (mut open, mut depth, mut maths, mut rest) = (Vec::new(), 0, false, page.as_str());
    let greek = "alpha beta gamma delta varepsilon epsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho sigma varsigma tau upsilon \
        varphi phi chi psi omega Gamma Delta Theta Lambda Xi Pi Upsilon Phi Psi Omega div pm hat circ prime";
    while let Some(at) = rest.find(['\\', '{', '}', '$', '%', '#', '&', '~', '^', '_']) {
        let sign = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match sign {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b'$' => maths = !maths,
            b'%' | b'#' => panic!("a bare {} before {rest:.40}", sign as char),
            b'\\' => {
                let name: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
                rest = &rest[name.len().max(1)..];
                assert!(
                    name.is_empty() || COMMANDS.split_whitespace().chain(greek.split_whitespace()).any(|known| known == name),
                    "\\{name}"
                );
                let environment = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(inside, _)| inside);
                match name.as_str() {
                    "begin" => open.push(environment.unwrap()),
                    "end" => assert_eq!(open.pop(), environment),
                    _ => {}
                }
            }
            // These belong in mathematics, or between cells.
            b'^' | b'_' => assert!(depth > 0 || maths, "a bare {} before {rest:.40}", sign as char),
            _ => {}
        }
        assert!(depth >= 0);
    }
    assert!(open.is_empty() && depth == 0 && !maths, "{open:?} {depth} {maths}");
    assert!(!page.contains("\n\n\\end{a") && !page.chars().any(|c| c.is_control() && c != '\n'));
}

#[test]
fn an_empty_page_has_every_form() {
    let page = Document::default();
    assert_eq!(text(&page, 0), "");
    assert_eq!(markdown(&page), "\n");
    assert!(latex(&page).contains("\\begin{document}") && html(&page).contains("<main>\n</main>"));
    let empty = [Block::List(vec![]), Block::Equations(vec![]), Block::Table(Table::default()), Block::Paragraph(vec![])];
    let page = Document { title: String::new(), blocks: empty.into() };
    for form in [text(&page, 10), markdown(&page), latex(&page), html(&page), notebook(&page)] {
        assert!(!form.is_empty());
    }
}
