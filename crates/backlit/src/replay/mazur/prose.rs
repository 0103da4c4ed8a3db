//! The numbers that stand in the notebook's text, each with the line it stands in and what it is.

use super::Example;
use crate::replay::python_text::fixed;
use crate::replay::record::Agreement;
use serde_json::{Value, json};

/// A number of the text.
pub(super) struct Figure {
    line: u32,
    what: &'static str,
    shown: &'static str,
    value: f64,
}

/// Places where the text shows another number than its own rule gives: D2.8, D2.5, D2.6, D2.1, D2.2, D2.3 twice.
const DEPARTURES: [(u32, &str); 7] = [
    (102, "1.10590"),
    (369, "0.18498562"),
    (392, "-0.019049119"),
    (460, "0.291027924"),
    (460, "0.0000351085"),
    (460, "0.015912196"),
    (460, "0.984065734"),
];

/// All of them, in the order of the text.
pub(super) fn figures(example: &Example) -> Vec<Figure> {
    let Example { factors: f, alone, gradient, updated, runs, .. } = example;
    let after = |updates: u64| runs[0].at(updates);
    let error = |updates| after(updates).map_or(f64::NAN, |point| point.error);
    let out = |o: usize| after(10_000).map_or(f64::NAN, |point| point.out[o]);
    let rows: [(u32, &str, &str, f64); 31] = [
        (52, "net_h1 in the exponent", "0.3775", f.z[0][0]),
        (102, "net_o1 in the exponent (labelled out_h1)", "1.10590", f.z[1][0]),
        (135, "out_o1", "0.75136507", f.a[1][0]),
        (138, "E_o1", "0.274811083", alone[0].cost),
        (144, "E_o2", "0.023560026", alone[1].cost),
        (200, "dE_total/dout_o1", "0.74136507", f.dc_da[1][0]),
        (216, "dout_o1/dnet_o1", "0.186815602", f.da_dz[1][0]),
        (230, "dnet_o1/dw5", "0.593269992", f.dz_dw[1][0]),
        (244, "dE_total/dw5", "0.082167041", gradient[6]),
        (284, "w5+", "0.35891648", updated[6]),
        (290, "w6+", "0.408666186", updated[7]),
        (291, "w7+", "0.511301270", updated[8]),
        (292, "w8+", "0.561370121", updated[9]),
        (369, "dE_o1/dnet_o1", "0.18498562", alone[0].dc_dz[1][0]),
        (378, "dnet_o1/dout_h1", "0.40", f.dz_da[1][0]),
        (385, "dE_o1/dnet_o1, used", "0.138498562", alone[0].dc_dz[1][0]),
        (385, "dE_o1/dout_h1", "0.055399425", alone[0].dc_da[0][0]),
        (392, "dE_o2/dout_h1", "-0.019049119", alone[1].dc_da[0][0]),
        (398, "dE_total/dout_h1", "0.036350306", f.dc_da[0][0]),
        (407, "dout_h1/dnet_h1", "0.241300709", f.da_dz[0][0]),
        (415, "dnet_h1/dw1", "0.05", f.dz_dw[0][0]),
        (425, "dE_total/dw1", "0.000438568", gradient[0]),
        (447, "w1+", "0.149780716", updated[0]),
        (454, "w2+", "0.19956143", updated[1]),
        (455, "w3+", "0.24975114", updated[2]),
        (456, "w4+", "0.29950229", updated[3]),
        (460, "error before", "0.298371109", f.cost),
        (460, "error after the first round", "0.291027924", error(1)),
        (460, "error after 10,000 rounds", "0.0000351085", error(10_000)),
        (460, "out_o1 after 10,000 rounds", "0.015912196", out(0)),
        (460, "out_o2 after 10,000 rounds", "0.984065734", out(1)),
    ];
    rows.into_iter().map(|(line, what, shown, value)| Figure { line, what, shown, value }).collect()
}

impl Figure {
    fn at_those_digits(&self) -> String {
        let decimals = self.shown.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        fixed(self.value, decimals)
    }

    pub fn agrees(&self) -> bool {
        self.at_those_digits() == self.shown
    }

    /// One line: what, as shown, and as computed where that differs.
    pub fn text(&self) -> (String, String) {
        let remark = if self.agrees() { String::new() } else { format!("   (computed: {})", self.at_those_digits()) };
        (self.what.to_string(), format!("{}{remark}", self.shown))
    }

    pub fn json(&self) -> Value {
        json!({
            "seed_line": self.line,
            "what": self.what,
            "shown": self.shown,
            "replay": self.value,
            "replay_at_those_digits": self.at_those_digits(),
            "agrees": self.agrees(),
        })
    }
}

/// The text's numbers are those computed, except at the known departures.
pub(super) fn agreement(example: &Example) -> [Agreement; 2] {
    let figures = figures(example);
    let differing: Vec<String> =
        figures.iter().filter(|figure| !figure.agrees()).map(|figure| format!("{} {}", figure.line, figure.shown)).collect();
    let known: Vec<String> = DEPARTURES.iter().map(|(line, shown)| format!("{line} {shown}")).collect();
    let hits: Vec<String> =
        example.runs.iter().flat_map(|run| run.hits.iter().flatten().map(|hit| format!("{}: {hit}", run.name))).collect();
    let expected = ["original w5..w8, biases frozen: 9999", "updated w5..w8, biases frozen: 1", "updated w5..w8, biases frozen: 10000"];
    let mut hits = hits;
    hits.sort();
    hits.dedup();
    let expected: Vec<String> = expected.iter().map(|hit| format!("hidden layer uses {hit}")).collect();
    [
        Agreement::lines("31 numbers of the text, all but the seven of D2.1 to D2.8 as computed", &differing, &known),
        Agreement::lines("the last paragraph's four figures, each found in one run and round only", &hits, &expected),
    ]
}
