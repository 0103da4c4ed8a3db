//! Mathematics and pages of every kind: by hand, hostile, and drawn at random.

use backlit::document::{Block, Document, Equation, Inline, Table};
use backlit::engine::typeset::{Bracket, Math};

/// Names that mean something to one format or another.
pub const HOSTILE: &[&str] = &[
    "<img src=x onerror=alert(1)>",
    "</math><script>alert(1)</script>",
    "</script></style></title></svg>",
    "\"><svg onload=alert(1)>",
    "$x$ and $$y$$",
    r"\input{/etc/passwd}",
    r"\(x\) \[y\] \begin{equation}z\end{equation}",
    r"\end{document}",
    r"\\[a] & b \\",
    "=1+1",
    "a|b||c",
    "`code` ``two`` ```three",
    "*stars* **two** _under_ __two__ ~~gone~~",
    "[a](javascript:alert(1)) ![b](x)",
    "# heading",
    "- point",
    "+ point",
    "1. point",
    "> quote",
    "    four spaces",
    "http://example.org www.example.org",
    "&lt;b&gt; &#60; &amp;",
    "100% #1 a_b x^2 ~ {braces}",
    "a\nb\r\nc\td",
    "nul \u{0} escape \u{1b}[31m bell \u{7}",
    "right \u{202e}to left\u{202c} \u{2066}x\u{2069} \u{200b}\u{feff}",
    "''quotes'' ,,low,, --dash-- ---long--- <<x>> !`?`",
    "Größe 中文 עברית кириллица 🙂 ½ σ ∂ ²",
    "",
    " ",
    "---",
    "@import url(http://example.org)",
    "@@0@@",
];

pub fn n(text: &str) -> Math {
    Math::Number(text.to_owned())
}

pub fn l(name: &str) -> Math {
    Math::letter(name)
}

pub fn row(items: impl Into<Vec<Math>>) -> Math {
    Math::Row(items.into())
}

/// Small numbers from a seed (SplitMix64).
pub struct Draw(pub u64);

impl Draw {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Any tree at all, also such as no one would write.
    pub fn math(&mut self, depth: usize) -> Math {
        const SIGNS: &[&str] = &["+", "−", "-", "·", "×", "/", "=", "≈", "≤", "<", ">", "≥", "→", "⊙", ",", "…", "ᵀ", "≠", "∈"];
        const LETTERS: &[&str] = &["z", "δ", "C", "∂", "net_h1", "d_ErrorT_d_W1", "σ′", "Δw", "W1", "ŷ", "é", "", "out", "x\u{302}"];
        const NUMBERS: &[&str] = &["0", "0.75136507", "-3", "1.5e-7", "-2.5E+300", "inf", "-inf", "NaN", "1e5", "12.", "x"];
        let inner = depth.saturating_sub(1);
        let boxed = |draw: &mut Draw| Box::new(draw.math(inner));
        let many = |draw: &mut Draw, most: usize| (0..draw.below(most + 1)).map(|_| draw.math(inner)).collect::<Vec<_>>();
        match if depth == 0 { self.below(4) } else { self.below(14) } {
            0 => n(self.of(NUMBERS)),
            1 => l(self.of(LETTERS)),
            2 => Math::text(self.of(HOSTILE)),
            3 => Math::Sign(self.of(SIGNS)),
            4 | 5 => Math::Row(many(self, 6)),
            6 => Math::Fraction(boxed(self), boxed(self)),
            7 => {
                let which = self.below(4);
                Math::Script {
                    base: boxed(self),
                    below: (which & 1 == 1).then(|| boxed(self)),
                    above: (which & 2 == 2).then(|| boxed(self)),
                }
            }
            8 => Math::Root(boxed(self)),
            9 => Math::Bracket(self.of(&[Bracket::Round, Bracket::Square, Bracket::Bars]), boxed(self)),
            10 => Math::Call(self.of(&["exp", "max", "σ", "normal_cdf", "f′", "\\input{x}", "<b>"]).to_owned(), many(self, 3)),
            11 => {
                let which = self.below(4);
                Math::Large {
                    sign: self.of(&["Σ", "∏"]),
                    below: (which & 1 == 1).then(|| boxed(self)),
                    above: (which & 2 == 2).then(|| boxed(self)),
                    body: boxed(self),
                }
            }
            12 => Math::Cases((0..self.below(4)).map(|_| (self.math(inner), self.math(inner))).collect()),
            _ => {
                let width = self.of(&[1, 2, 3, 12]);
                Math::Matrix((0..self.below(4)).map(|_| many(self, width)).collect())
            }
        }
    }
}

/// W1[0,2]
pub fn entry() -> Math {
    l("W1").below(Math::joined([n("0"), n("2")], ","))
}

fn chain() -> Equation {
    let a = |k: &str| l("a").below(n(k));
    let z = |k: &str| l("z").below(n(k));
    Equation {
        left: Math::partial(l("C"), entry()),
        steps: vec![
            (
                "=",
                row([
                    Math::partial(l("C"), a("1")),
                    Math::Sign("·"),
                    Math::partial(a("1"), z("1")),
                    Math::Sign("·"),
                    Math::partial(z("1"), entry()),
                ]),
            ),
            (
                "=",
                row([
                    Math::joined([a("1"), l("y")], "−").bracketed(),
                    Math::Sign("·"),
                    a("1"),
                    Math::joined([n("1"), a("1")], "−").bracketed(),
                    Math::Sign("·"),
                    l("x").below(n("2")),
                ]),
            ),
            ("=", Math::joined([n("0.74136507"), n("0.186815602"), n("0.05")], "·")),
            ("≈", n("6.925e-3")),
        ],
        note: vec![Inline::Text("the chain rule, factor by factor".to_owned())],
    }
}

fn equations(page: &mut Document) {
    let relu = Math::Cases(vec![(l("z"), Math::joined([l("z"), n("0")], ">")), (n("0"), Math::text("otherwise"))]);
    let sigma = n("1").over(Math::joined([n("1"), l("e").above(row([Math::Sign("−"), l("z")]))], "+"));
    let large = |below: Math, above: Option<Math>, body: Math| Math::Large {
        sign: "Σ",
        below: Some(Box::new(below)),
        above: above.map(Box::new),
        body: Box::new(body),
    };
    let square = Math::joined([l("y").below(l("k")), l("a").below(l("k"))], "−").bracketed().above(n("2"));
    page.equations([
        Equation::new(row([l("σ"), l("z").bracketed()]), sigma).note("logistic sigmoid"),
        Equation::new(Math::Call("relu".to_owned(), vec![l("z")]), relu),
        Equation::new(l("C"), row([n("1").over(n("2")), large(Math::joined([l("k"), n("1")], "="), Some(l("n")), square)])),
        Equation::new(l("W").below(n("1")), Math::Matrix(vec![vec![n("0.15"), n("0.20")], vec![n("0.25"), n("-0.30")]])),
        Equation::new(
            Math::Root(Box::new(Math::joined([l("v"), l("ε")], "+"))).below(l("t")),
            Math::Bracket(Bracket::Bars, Box::new(l("x"))),
        ),
    ]);
}

pub fn words(text: &str) -> Vec<Inline> {
    vec![Inline::Text(text.to_owned())]
}

pub const DRAWING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 560 200\" width=\"560\" height=\"200\" font-family=\"sans-serif\">\
<style>.edge{stroke:#7d8792}@media screen and (prefers-color-scheme:dark){.node{fill:#242932}.word{fill:#e8eaed}}</style>\
<g class=\"edge\" stroke-width=\"2\"><path d=\"M90 60 L280 60 M90 60 L280 140 M90 140 L280 60 M90 140 L280 140 M280 60 L470 100 M280 140 L470 100\"/></g>\
<g class=\"node\" fill=\"#f5f7f9\" stroke=\"#b45309\" stroke-width=\"2\"><circle cx=\"90\" cy=\"60\" r=\"24\"/><circle cx=\"90\" cy=\"140\" r=\"24\"/>\
<circle cx=\"280\" cy=\"60\" r=\"24\"/><circle cx=\"280\" cy=\"140\" r=\"24\"/><circle cx=\"470\" cy=\"100\" r=\"24\"/></g>\
<g class=\"word\" fill=\"#1b1f24\" font-size=\"16\" text-anchor=\"middle\"><text x=\"90\" y=\"65\">x₁</text><text x=\"90\" y=\"145\">x₂</text>\
<text x=\"280\" y=\"65\">h₁</text><text x=\"280\" y=\"145\">h₂</text><text x=\"470\" y=\"105\">C</text></g></svg>";

/// A page as the product makes them, with every kind of block.
pub fn sample() -> Document {
    let mut page = Document::new("One gradient, opened");
    page.paragraph([
        Inline::Text("Row 17 of ".to_owned()),
        Inline::Code("houses.csv".to_owned()),
        Inline::Text(" goes through the network once. This page follows ".to_owned()),
        Inline::Math(Math::partial(l("C"), entry())),
        Inline::Text(" from the cost back to the weight and shows ".to_owned()),
        Inline::Strong("every factor with its numbers".to_owned()),
        Inline::Text("; the method is that of ".to_owned()),
        Inline::Link { text: "Rumelhart, Hinton and Williams".to_owned(), url: "https://doi.org/10.1038/323533a0".to_owned() },
        Inline::Text(".".to_owned()),
    ]);
    page.heading(2, "The chain");
    page.equations([chain()]);
    page.say("Three routes to this number share no code, and they agree.");
    page.heading(3, "Where the factors come from");
    equations(&mut page);
    page.heading(2, "In numbers");
    page.blocks.push(Block::Table(table()));
    page.blocks.push(Block::Figure {
        svg: DRAWING.to_owned(),
        alternative: "A network of two inputs, two hidden units and one cost; every input leads to every hidden unit.".to_owned(),
        caption: "The path from the weight to the cost. The wider the rim, the larger the share.".to_owned(),
    });
    page.heading(2, "Try it yourself");
    page.blocks.push(Block::List(vec![
        words("Compute the factor that is missing."),
        vec![
            Inline::Text("The derivative of ".to_owned()),
            Inline::Math(l("C")),
            Inline::Text(" is ".to_owned()),
            Inline::Blank,
            Inline::Text(".".to_owned()),
        ],
        words("A unit of relu is dark where its input is below zero: nothing gets through."),
    ]));
    page.blocks
        .push(Block::Code { language: "python", text: "import numpy as np\n\na = 1 / (1 + np.exp(-z))\nprint(a * (1 - a))".to_owned() });
    page.blocks.push(Block::Code { language: "text", text: "0.1868156018".to_owned() });
    page.blocks.push(Block::PageBreak);
    page.heading(2, "Answers");
    page.say("0.186815602");
    page
}

fn table() -> Table {
    let cells = |name: Math, words_: &str, value: &str| vec![vec![Inline::Math(name)], words(words_), vec![Inline::Math(n(value))]];
    Table {
        caption: "Factors of the chain".to_owned(),
        head: vec![words("factor"), words("what it says"), words("value")],
        rows: vec![
            cells(Math::partial(l("C"), l("a")), "how the cost answers to the output", "0.74136507"),
            cells(
                Math::partial(l("a"), l("z")),
                "how the output answers to its pre-activation; never above a quarter for the sigmoid",
                "0.186815602",
            ),
            cells(Math::partial(l("z"), entry()), "the input that the weight is multiplied with", "-1.5e-7"),
        ],
        numbers: vec![2],
    }
}

/// A page in which every place that takes words holds one hostile name after the other.
pub fn hostile() -> Document {
    let mut page = Document::new(HOSTILE[0]);
    for name in HOSTILE {
        page.heading(3, *name);
        page.say(*name);
        page.paragraph([
            Inline::Strong((*name).to_owned()),
            Inline::Code((*name).to_owned()),
            Inline::Math(l("x").below(Math::text(*name))),
            Inline::Link { text: (*name).to_owned(), url: (*name).to_owned() },
            Inline::Link { text: (*name).to_owned(), url: format!("https://example.org/{}", name.replace(char::is_whitespace, "")) },
            Inline::Link { text: (*name).to_owned(), url: "JavaScript:alert(1)".to_owned() },
        ]);
        page.blocks.push(Block::List(vec![words(name), words(name)]));
        page.equations([Equation::new(Math::text(*name), Math::letter(*name))
            .then(Math::Call((*name).to_owned(), vec![n(name)]))
            .note(*name)]);
        page.blocks.push(Block::Table(Table {
            caption: (*name).to_owned(),
            head: vec![words(name), words(name)],
            rows: vec![vec![words(name), vec![Inline::Code((*name).to_owned())]]],
            numbers: vec![1],
        }));
        for svg in [
            format!("<svg><script>{name}</script></svg>"),
            "<svg onload=\"alert(1)\"></svg>".to_owned(),
            "<svg><image href=\"http://example.org/x.png\"/></svg>".to_owned(),
            "<svg><foreignObject><img src=\"x\"/></foreignObject></svg>".to_owned(),
            "<svg></svg><img src=\"x\" onerror=\"alert(1)\">".to_owned(),
            DRAWING.to_owned(),
        ] {
            page.blocks.push(Block::Figure { svg, alternative: (*name).to_owned(), caption: (*name).to_owned() });
        }
        page.blocks.push(Block::Code { language: "python", text: (*name).to_owned() });
        page.blocks.push(Block::Code { language: "text", text: format!("{name}\n\\end{{verbatim}}\n```") });
    }
    page
}
