//! The page in Chromium.

use super::corpus::{self, hostile, l, n, row, sample};
use super::tools::{Tool, browse, folder, tool};
use backlit::document::html;
use backlit::engine::typeset::{self, Math};

/// What the page's policy is written as.
const POLICY: &str = "<meta http-equiv=\"Content-Security-Policy\"";

fn dump(name: &str, page: &str) -> Option<String> {
    let chromium = tool(Tool::Chromium, name)?;
    Some(browse(&chromium, name, page, &["--dump-dom".to_owned()]))
}

/// Names and attributes of the elements in markup that the browser wrote itself, and the words between them.
fn taken_apart(markup: &str) -> (Vec<(String, String)>, String) {
    let (mut tags, mut words, mut rest) = (Vec::new(), String::new(), markup);
    while let Some(start) = rest.find('<') {
        words.push_str(&rest[..start]);
        let mut quoted = false;
        let end = rest[start..].find(|c| {
            quoted ^= c == '"';
            c == '>' && !quoted
        });
        let tag = &rest[start + 1..start + end.expect("a whole tag")];
        let (name, attributes) = tag.split_once([' ', '\n']).unwrap_or((tag, ""));
        tags.push((name.to_owned(), attributes.to_owned()));
        rest = &rest[start + tag.len() + 2..];
    }
    words.push_str(rest);
    (tags, words.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&"))
}

#[test]
fn hostile_names_are_words_to_the_browser() {
    const ELEMENTS: &str = "!DOCTYPE html head meta title style body main header h1 h2 h3 p ul li div span strong code pre a table caption \
        thead tbody tr th td figure figcaption hr math mrow mi mn mo mtext mfrac msub msup msubsup msqrt mtable mtr mtd munder mover munderover \
        svg g path circle text";
    let Some(dom) = dump("hostile names are words in the page", &html(&hostile())) else { return };
    let (tags, words) = taken_apart(&dom);
    for (name, attributes) in &tags {
        let name = name.trim_start_matches('/');
        assert!(ELEMENTS.split_whitespace().any(|known| known == name), "<{name} {attributes}>");
        // Outside quotes no attribute runs anything, and no address is other than a page's.
        let bare: String = attributes.split('"').step_by(2).collect();
        assert!(!bare.split_whitespace().any(|attribute| attribute.starts_with("on")), "<{name} {attributes}>");
        if let Some((_, address)) = attributes.split_once("href=\"") {
            assert!(address.starts_with("http://") || address.starts_with("https://"), "<{name} {attributes}>");
        }
    }
    assert_eq!(tags.iter().filter(|(name, _)| name == "svg").count(), corpus::HOSTILE.len(), "only the plain drawings are drawn");
    for name in corpus::HOSTILE {
        let seen = typeset::visible(name);
        // heading, words, strong, code, index, link, two points, equation, note, caption, cells, …
        assert!(words.matches(seen.trim()).count() > 20 || seen.trim().is_empty(), "{name:?}");
    }
}

/// The page with the test's own script at its end, and with or without the policy.
fn with_script(page: &str, keep_policy: bool, script: &str) -> String {
    let page = page.replace("</body>", &format!("<script>{script}</script></body>"));
    if keep_policy { page } else { page.replace(POLICY, "<meta name=\"none\"") }
}

#[test]
fn the_policy_stops_scripts() {
    let script = "document.title = 'ran';";
    let page = html(&sample());
    assert!(page.find(POLICY).unwrap() < page.find("<title>").unwrap(), "the policy comes before all that it is for");
    let Some(kept) = dump("policy kept", &with_script(&page, true, script)) else { return };
    assert!(kept.contains("<title>One gradient, opened</title>"));
    let Some(without) = dump("policy left out", &with_script(&page, false, script)) else { return };
    assert!(without.contains("<title>ran</title>"), "the script itself works");
}

#[test]
fn mathematics_is_drawn_as_such() {
    let fraction = || Math::joined([l("x"), l("y")], "+").over(l("z"));
    let matrix = Math::Matrix(vec![vec![n("1"), n("2")], vec![n("3"), n("4")]]);
    let sum = |below: Option<Math>| Math::Large { sign: "Σ", below: below.map(Box::new), above: None, body: Box::new(l("x")) };
    let cases = Math::Cases(vec![(l("x"), Math::joined([l("z"), n("0")], ">")), (n("0"), Math::text("otherwise"))]);
    let pieces = [
        ("plain", l("x")),
        ("fraction", fraction()),
        ("bracketed", fraction().bracketed()),
        ("nested", fraction().over(fraction())),
        ("power", l("x").above(l("x"))),
        ("index", l("x").below(l("x"))),
        ("both", l("x").below(l("x")).above(l("x"))),
        ("root", Math::Root(Box::new(fraction()))),
        ("matrix", matrix),
        ("cases", cases),
        ("sum", sum(Some(l("k")))),
        ("bare sum", sum(None)),
        ("row", row([l("x"), Math::Sign("="), l("y")])),
        ("close", row([l("x"), l("y")])),
    ];
    // In the fonts that pages ask for: what a browser takes without being asked may be no font for mathematics.
    let fonts =
        include_str!("../../src/document/page.css").lines().find(|line| line.starts_with("math {")).expect("a rule for mathematics");
    let mut page = format!("<!DOCTYPE html><meta charset=utf-8><style>{fonts}</style><body>");
    for (name, math) in &pieces {
        page.push_str(&format!("<p id=\"{name}\">{}</p>", typeset::mathml(math, true)));
    }
    page.push_str(
        "<script>const out = {}; for (const p of document.querySelectorAll('p')) { const m = p.firstChild.firstChild.getBoundingClientRect(); \
         out[p.id] = [m.width, m.height]; } const p = document.querySelectorAll('#power msup > *'); \
         out.raised = [p[0].getBoundingClientRect().bottom - p[1].getBoundingClientRect().bottom, p[1].getBoundingClientRect().width / p[0].getBoundingClientRect().width]; \
         document.body.textContent = JSON.stringify(out);</script></body>",
    );
    let Some(dom) = dump("mathematics is drawn", &page) else { return };
    let json = &dom[dom.find("{\"").unwrap()..=dom.rfind('}').unwrap()];
    let sizes: std::collections::BTreeMap<String, [f64; 2]> = serde_json::from_str(json).unwrap();
    let (width, height) = (|name: &str| sizes[name][0], |name: &str| sizes[name][1]);
    assert!(height("plain") > 4.0 && width("plain") > 4.0);
    assert!(height("fraction") > 1.5 * height("plain"), "{sizes:?}");
    assert!(height("nested") > 1.25 * height("fraction"), "{sizes:?}");
    assert!(height("bracketed") >= height("fraction") && width("bracketed") > width("fraction"), "{sizes:?}");
    assert!(height("power") > height("plain") && height("index") > height("plain") && height("both") > height("index"), "{sizes:?}");
    assert!(height("root") > height("fraction"), "{sizes:?}");
    assert!(height("matrix") > 1.8 * height("plain") && height("cases") > 1.8 * height("plain"), "{sizes:?}");
    assert!(height("sum") > height("bare sum"), "{sizes:?}");
    assert!(width("row") > width("close") + 8.0, "room around the sign: {sizes:?}");
    let [raised, smaller] = sizes["raised"];
    assert!(raised > 2.0 && smaller < 0.85, "{sizes:?}");
}

#[test]
fn the_page_fits_its_window() {
    // The page in a frame as wide as a telephone's screen, measured from outside.
    let page = html(&sample()).replace('&', "&amp;").replace('"', "&quot;");
    let measure = "const f = document.querySelector('iframe'); f.onload = () => { const d = f.contentDocument; const e = d.documentElement; \
        const scrolls = [...d.querySelectorAll('.table, .equations, .drawing, pre')].filter(b => b.scrollWidth > b.clientWidth).length; \
        const flat = [...d.querySelectorAll('math')].filter(m => m.getBoundingClientRect().height < 5).length; \
        const text = d.querySelector('main > p').getBoundingClientRect().width / parseFloat(getComputedStyle(d.body).fontSize); \
        document.body.textContent = JSON.stringify({over: e.scrollWidth - e.clientWidth, scrolls, flat, text, maths: d.querySelectorAll('math').length}); };";
    for (width, most_scrolling) in [(360, 9), (1280, 0)] {
        let outer = format!(
            "<!DOCTYPE html><meta charset=utf-8><body><script>addEventListener('DOMContentLoaded', () => {{ {measure} }})</script>\
             <iframe style=\"width:{width}px;height:800px;border:0\" srcdoc=\"{page}\"></iframe></body>"
        );
        let Some(dom) = dump(&format!("the page fits {width} pixels"), &outer) else { return };
        let json = &dom[dom.rfind('{').unwrap()..=dom.rfind('}').unwrap()];
        let measured: serde_json::Value = serde_json::from_str(json).unwrap_or_else(|_| panic!("{json}"));
        assert_eq!(measured["over"], 0, "{width}: {measured}");
        assert_eq!(measured["flat"], 0, "{width}: {measured}");
        assert!(measured["maths"].as_u64().unwrap() > 20);
        assert!(measured["scrolls"].as_u64().unwrap() <= most_scrolling, "{width}: {measured}");
        // 45 em of a serif are about 80 characters.
        assert!(measured["text"].as_f64().unwrap() <= 45.0, "{measured}");
    }
}

#[test]
fn screenshots_for_the_eye() {
    let Some(chromium) = tool(Tool::Chromium, "screenshots") else { return };
    let page = html(&sample());
    // Chromium draws the dark page only for those who ask for it.
    let dark = page
        .replace("@media screen and (prefers-color-scheme: dark)", "@media screen")
        .replace("@media screen and (prefers-color-scheme:dark)", "@media screen");
    for (name, page, size) in [("page", &page, "1200,2600"), ("dark", &dark, "1200,2600"), ("narrow", &page, "500,3000")] {
        let shot = folder().join(format!("{name}.png"));
        browse(&chromium, &format!("shot-{name}"), page, &[format!("--screenshot={}", shot.display()), format!("--window-size={size}")]);
        assert!(std::fs::metadata(&shot).unwrap().len() > 60_000, "{name} is blank");
    }
    let paper = folder().join("page.pdf");
    browse(&chromium, "paper", &page, &[format!("--print-to-pdf={}", paper.display()), "--no-pdf-header-footer".to_owned()]);
    assert!(std::fs::metadata(&paper).unwrap().len() > 20_000);
}
