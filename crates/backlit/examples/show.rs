use backlit::document::*;
use backlit_engine::typeset::unicode;
fn words(p: &[Inline]) -> String {
    p.iter()
        .map(|p| match p {
            Inline::Text(t) | Inline::Strong(t) | Inline::Code(t) => t.clone(),
            Inline::Math(m) => unicode(m),
            Inline::Link { text, url } => format!("{text} <{url}>"),
            Inline::Blank => "___".into(),
        })
        .collect()
}
fn main() {
    let name = std::env::args().nth(1).unwrap();
    let r = backlit::replay::replay(&name).unwrap();
    for b in &r.document.blocks {
        match b {
            Block::Heading(l, t) => println!("\n{} {t}", "#".repeat(*l as usize)),
            Block::Paragraph(p) => println!("\n{}", words(p)),
            Block::List(l) => {
                println!();
                for p in l {
                    println!("- {}", words(p))
                }
            }
            Block::Equations(e) => {
                println!();
                for e in e {
                    println!(
                        "    {}{}   {}",
                        unicode(&e.left),
                        e.steps.iter().map(|(s, m)| format!(" {s} {}", unicode(m))).collect::<String>(),
                        words(&e.note)
                    )
                }
            }
            Block::Table(t) => {
                println!("\n[{}]", t.caption);
                println!("{}", t.head.iter().map(|c| words(c)).collect::<Vec<_>>().join(" | "));
                for r in &t.rows {
                    println!("{}", r.iter().map(|c| words(c)).collect::<Vec<_>>().join(" | "))
                }
            }
            Block::Figure { alternative, caption, svg } => {
                println!("\n<FIG {} bytes> {alternative} -- {caption}", svg.len());
                std::fs::create_dir_all("/tmp/replay_svg").unwrap();
                std::fs::write(
                    format!("/tmp/replay_svg/{name}-{}.svg", caption.chars().take(20).filter(|c| c.is_alphanumeric()).collect::<String>()),
                    svg,
                )
                .unwrap();
            }
            Block::Code { text, .. } => println!("\n```\n{text}\n```"),
            Block::PageBreak => {}
        }
    }
    for a in &r.agreement {
        if !a.holds {
            println!("!!!! {}: {}", a.name, a.difference)
        }
    }
}
