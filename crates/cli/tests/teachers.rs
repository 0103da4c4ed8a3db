//! Sheets for students, and derivations judged, from the command line.

mod support;

use support::Desk;

const RUN: &str = include_str!("../../../examples/mazur.toml");

/// The closing paragraph of the worked example, with claims that are right.
const CLAIMS: &str = "quantity,value,note\nout_o1,0.75136507,right\nw5+,0.35891648,right\nw1+,0.149780716,right\nE_total after 1,0.291027924,\n\
    \"E_total after 10,000\",0.0000351085,\nout_o1 after 10000,0.015912196,\nlayer2.weight[0,1],0.45,\n";

#[test]
fn audit_judges_and_exits_6() {
    let desk = Desk::with(&[("mazur.toml", RUN), ("claims.csv", CLAIMS), ("right.csv", "quantity;value\nw5+;0.35891648\n")]);
    let outcome = desk.run("audit claims.csv mazur.toml --row 0 --notation net-out");
    outcome.expect(6);
    for word in
        ["right to 8 digits", "WRONG after 6 digits", "already updated", "9999 updates", "No single algorithm", "4 of 7 claims are right"]
    {
        assert!(outcome.out.contains(word), "{word}: {}", outcome.out);
    }
    assert!(desk.fine("audit right.csv mazur.toml").out.contains("1 of 1 claims are right"));
    let outcome = desk.run("audit claims.csv mazur.toml --json");
    outcome.expect(6);
    let document = outcome.document();
    assert_eq!((document["passed"].as_bool(), document["right"].as_u64(), document["wrong"].as_u64()), (Some(false), Some(4), Some(3)));
    assert_eq!(document["claims"][3]["would_be"][0]["slip"], "updated-weights");
    assert_eq!(document["algorithms"].as_array().map(Vec::len), Some(3));
}

#[test]
fn audit_refuses_what_it_cannot_read() {
    let long = "[data]\ninputs = [[1, 2], [2, 3]]\ntargets = [[1], [2]]\n[network]\n[[network.layer]]\nunits = 1\n";
    let desk = Desk::with(&[
        ("mazur.toml", RUN),
        ("claims.csv", CLAIMS),
        ("two.toml", long),
        ("unknown.csv", "quantity,value\nout_o1,0.75\nw77,1\n"),
        ("nan.csv", "quantity,value\nout_o1,NaN\n"),
    ]);
    for (line, code, word) in [
        ("audit unknown.csv mazur.toml", 3, "w77"),
        ("audit nan.csv mazur.toml", 3, "finite"),
        ("audit missing.csv mazur.toml", 3, "cannot be read"),
        ("audit claims.csv mazur.toml --row 9", 2, "row 9"),
        ("audit claims.csv mazur.toml --notation greek", 2, "greek"),
        ("audit claims.csv two.toml", 3, "one row"),
        ("audit claims.csv", 2, "MODEL"),
    ] {
        let outcome = desk.run(line);
        outcome.expect(code);
        assert!(outcome.err.contains(word), "{line}: {}", outcome.err);
    }
    let outcome = desk.run("audit unknown.csv mazur.toml --json");
    assert_eq!(outcome.document()["error"]["row"], 1);
}

#[test]
fn worksheets_in_every_form_with_their_key() {
    let desk = Desk::with(&[("mazur.toml", RUN)]);
    for form in ["text", "markdown", "latex", "html"] {
        desk.fine(&format!("worksheet mazur.toml --row 0 --notation net-out --format {form} -o sheet.{form} --answers key.{form}"));
        let (sheet, key) = (desk.read(&format!("sheet.{form}")), desk.read(&format!("key.{form}")));
        assert!(key.contains("0.5933") && !sheet.contains("0.5933"), "{form}");
        let both = desk.fine(&format!("worksheet mazur.toml --row 0 --notation net-out --format {form} --with-answers")).out;
        assert!(both.contains("0.5933") && both.len() > sheet.len(), "{form}");
    }
    let document = desk.json("worksheet --seed 4 --outputs 2 --notation explicit");
    let blanks = document["questions"].as_array().unwrap().iter().flat_map(|question| question["blanks"].as_array().unwrap());
    assert!(blanks.clone().count() > 20 && blanks.clone().all(|blank| blank["answer"].is_f64()));
    assert_eq!(desk.fine("worksheet --seed 4").out, desk.fine("worksheet --seed 4 --threads 1").out);
    assert_ne!(desk.fine("worksheet --seed 4").out, desk.fine("worksheet --seed 5").out);
}

#[test]
fn worksheets_refuse_what_makes_no_sense() {
    let desk = Desk::with(&[("mazur.toml", RUN)]);
    for (line, word) in [
        ("worksheet mazur.toml --hidden 3", "--hidden"),
        ("worksheet --row 1", "MODEL"),
        ("worksheet mazur.toml --row 1", "row 1"),
        ("worksheet mazur.toml --parameter w99", "w99"),
        ("worksheet --inputs 7", "7"),
        ("worksheet --format svg", "svg"),
        ("worksheet --activation sine", "sine"),
        ("worksheet --digits 1", "1"),
        ("worksheet --answers key --with-answers", "--with-answers"),
    ] {
        let outcome = desk.run(line);
        outcome.expect(2);
        assert!(outcome.err.contains(word), "{line}: {}", outcome.err);
    }
}
