//! `--png`: the plots as pictures.

mod support;

use serde_json::Value;
use support::Desk;

/// The names in `plots/`, in order.
fn plots(desk: &Desk, run: &str) -> Vec<String> {
    let entries = std::fs::read_dir(desk.path(&format!("{run}/plots"))).expect("plots");
    let mut names: Vec<String> = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Width and height, as the file's header has them.
fn size(bytes: &[u8]) -> [u32; 2] {
    assert_eq!(&bytes[..16], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    [16, 20].map(|at| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]))
}

#[test]
fn every_plot_is_a_picture_too() {
    let desk = Desk::new();
    let line = "train houses --hidden 4 --epochs 5";
    let plain = desk.json(&format!("{line} --out plain"));
    assert_eq!(plots(&desk, "plain"), ["cost.svg", "predicted.svg", "residuals.svg"]);
    let told = desk.json(&format!("{line} --png --out run"));
    assert_eq!(told["weights_sha256"], plain["weights_sha256"]);
    let names = plots(&desk, "run");
    assert_eq!(names, ["cost.png", "cost.svg", "predicted.png", "predicted.svg", "residuals.png", "residuals.svg"]);
    assert_eq!(desk.read("run/report.html"), desk.read("plain/report.html"));
    desk.write("run.toml", "[data]\nbundled = \"houses\"\n[train]\nrecipe = \"plain\"\nepochs = 5\npng = true\n");
    desk.fine("train --config run.toml --hidden 4 --threads 3 --out again");
    for name in names.iter().filter(|name| name.ends_with(".png")) {
        let bytes = desk.bytes(&format!("run/plots/{name}"));
        let svg = desk.read(&format!("run/plots/{}", name.replace(".png", ".svg")));
        let number = |key: &str| -> f64 {
            svg.split_once(&format!(" {key}=\"")).and_then(|(_, rest)| rest.split('"').next()?.parse().ok()).expect("a number")
        };
        assert_eq!(size(&bytes).map(f64::from), ["width", "height"].map(|key| 2.0 * number(key)), "{name}");
        assert!(bytes.len() > 10_000 && bytes.len() < 500_000, "{name}: {} bytes", bytes.len());
        assert!(bytes == desk.bytes(&format!("again/plots/{name}")), "{name}: the same run has the same picture");
    }
    // Pictures of a run before are gone; a person's stay.
    desk.write("run/plots/mine.png", "a person's");
    desk.fine(&format!("{line} --out run"));
    assert_eq!(plots(&desk, "run"), ["cost.svg", "mine.png", "predicted.svg", "residuals.svg"]);
    // What was asked for is remembered.
    let kept: Value = serde_json::from_str(&desk.read("again/summary.json")).expect("JSON");
    assert_eq!(kept["weights_sha256"], plain["weights_sha256"]);
    assert!(desk.read("again/run.toml").contains("png = true"));
    desk.run("train houses --find-rate --png").expect(2);
}
