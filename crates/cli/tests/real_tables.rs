//! What people's tables hold besides plain numbers and short names: each works, or gives one clear error.

mod support;

use support::Desk;

/// Rows made of their number.
fn table(head: &str, rows: usize, row: impl Fn(usize) -> String) -> String {
    format!("{head}\n") + &(0..rows).map(|r| row(r) + "\n").collect::<String>()
}

/// Reads the same numbers written in another way.
#[test]
fn numbers_with_units_and_marks_are_those_numbers() {
    let amount = |r: usize| (r * 377) % 20_000 + 500;
    let plain = |r: usize| format!("{},{}.{:02},{},{},{}.5,{}", amount(r), r / 10, r % 100, r % 50, r % 9 + 3, 1000 + 7 * r, 2 * r);
    let grouped = |n: usize, mark: &str| if n < 1000 { n.to_string() } else { format!("{}{mark}{:03}", n / 1000, n % 1000) };
    let dressed = |r: usize| {
        let euro = grouped(1000 + 7 * r, ".");
        format!("\"{}\",${}.{:02},{}%,{} km,\"€ {euro},50\",{}", grouped(amount(r), ","), r / 10, r % 100, r % 50, r % 9 + 3, 2 * r)
    };
    let head = "price,fee,share,far,euro,y";
    let desk = Desk::with(&[("plain.csv", &table(head, 60, plain)), ("dressed.csv", &table(head, 60, dressed))]);
    let train = |file: &str, more: &str| desk.fine(&format!("train {file}.csv --target y --epochs 2 --out {file} --json{more}"));
    let said = train("dressed", "");
    said.complains(&[
        "'price' may be read in two ways: '1,254' is taken as 1254, with a decimal point (--decimal comma takes it the other way)",
        "'fee' holds numbers, '$' taken off",
        "'share' holds numbers, '%' taken off",
        "'far' holds numbers, 'km' taken off",
        "'euro' holds numbers with decimal commas, '€' and marks between thousands taken off",
    ]);
    assert_eq!(said.document()["weights_sha256"], train("plain", "").document()["weights_sha256"]);
    assert_eq!(desk.fine("predict dressed dressed.csv").out, desk.fine("predict plain plain.csv").out);
    // A point that cannot stand between thousands says that the table is written in another way, and where it can nobody would know.
    let other = desk.run("predict dressed plain.csv");
    other.expect(3);
    other.complains(&["column 'euro'", "'1000.5', whose point is a decimal one"]);
    // A unit that the model does not know is no number.
    desk.write("miles.csv", table(head, 3, dressed).replace("km", "mi"));
    let refused = desk.run("predict dressed miles.csv");
    refused.expect(3);
    refused.complains(&["'far'", "mi'", "as in the table that the model was trained on"]);
    desk.fine("inspect dressed.csv").says(&["numbers, 'km' taken off"]);
    // The other reading, of a target as well.
    desk.fine("train dressed.csv --target price --decimal comma --epochs 1 --out comma")
        .complains(&["'price' holds numbers with decimal commas"]);
    desk.fine("train dressed.csv --target y --categories far --epochs 1 --out c").complains(&["'far' holds 9 categories"]);
    desk.run("train dressed.csv --target y --decimal dot").complains(&["--decimal: expected point or comma, came dot"]);
}

#[test]
fn words_that_only_hold_numbers_stay_words() {
    let row = |r: usize| format!("A{},{}{},{},{}", r % 4, r % 3, ["a", "b"][r % 2], ["1.2.3", "1.2.4"][r % 2], r);
    let desk = Desk::with(&[("t.csv", &table("code,seat,version,y", 40, row))]);
    let said = desk.fine("train t.csv --target y --epochs 1 --out run");
    said.complains(&["'code' holds 4 categories", "'seat' holds 6 categories", "'version' holds 2 categories"]);
    // One cell of another kind is a slip, not a unit.
    desk.write("slip.csv", table("a,y", 40, |r| if r == 7 { "12 km,1".into() } else { format!("{r},{r}") }));
    let refused = desk.run("train slip.csv --target y");
    refused.expect(3);
    refused.complains(&["row 7, column 'a'", "1 is a word: '12 km'"]);
}

#[test]
fn names_with_commas_are_targets_and_left_out() {
    let desk = Desk::with(&[("t.csv", &table("\"a,b\",c,\"d,e\",f", 30, |r| format!("{},{},{},{}", r % 7, r, r % 5, r % 3)))]);
    let inputs = |line: &[&str]| {
        let words = [&["train", "t.csv", "--epochs", "1", "--task", "regression", "--out", "run", "--quiet"], line].concat();
        let outcome = desk.run_words(&words);
        outcome.expect(0);
        desk.json("explain run t.csv --row 0 -p layer1.weight[0,0]");
        desk.fine("predict run t.csv").out.lines().next().unwrap_or_default().to_string()
    };
    assert_eq!(inputs(&["--target", "a,b"]), "\"a,b\"");
    assert_eq!(inputs(&["--target", "\"a,b\",c", "--ignore", "d,e"]), "\"a,b\",c");
    assert_eq!(inputs(&["--target", "c,f"]), "c,f");
    let refused = desk.run_words(&["train", "t.csv", "--target", "\"a,b"]);
    refused.expect(2);
    refused.complains(&["--target", "a quote is not closed"]);
    let refused = desk.run_words(&["train", "t.csv", "--target", "a,x"]);
    refused.expect(3);
    refused.complains(&["2 columns are not there: 'a', 'x'"]);
}

#[test]
fn a_header_of_numbers_is_hinted_at() {
    let desk = Desk::with(&[("years.csv", &table("2019,2020,2021", 30, |r| format!("{r},{},{}", r % 7, 2 * r)))]);
    desk.write("words.csv", table("2019,2020,2021", 30, |r| format!("{r},,{}", 2 * r)));
    for line in ["train years.csv --target 2021", "train words.csv --target 2021", "train years.csv --target c2 --ignore 2019"] {
        let refused = desk.run(line);
        refused.expect(3);
        refused.complains(&["there is no column '20", "--header, if the first line names the columns"]);
    }
    desk.fine("train years.csv --target 2021 --header --epochs 1 --out run");
    assert!(!desk.run("train years.csv --target 2022 --header").err.contains("try: --header"));
}

/// Each hint says what is true of the place where the cell is missing.
#[test]
fn hints_for_missing_cells_fit() {
    let rows = |gap: usize| {
        table("a,b,w,y", 40, |r| {
            let cells = [r.to_string(), (r % 7).to_string(), "1".into(), format!("{}.5", r * 3)];
            cells
                .into_iter()
                .enumerate()
                .map(|(c, cell)| if r == 5 && c == gap { String::new() } else { cell })
                .collect::<Vec<_>>()
                .join(",")
        })
    };
    let desk = Desk::with(&[("t.csv", &rows(9)), ("a.csv", &rows(0)), ("w.csv", &rows(2)), ("y.csv", &rows(3))]);
    desk.fine("train t.csv --target y --epochs 1 --out run");
    desk.fine("train t.csv --target y --weights w --epochs 1 --out weighted");
    for (line, hint) in [
        ("predict run a.csv", "no cell of this column was missing when the model was trained"),
        ("evaluate run a.csv", "no cell of this column was missing when the model was trained"),
        ("evaluate run y.csv", "there is nothing to compare the prediction with"),
        ("train w.csv --target y --weights w", "every row needs a weight, and with 0 a row does not count"),
        ("evaluate weighted w.csv", "every row needs a weight"),
        ("train a.csv --from run", "no cell of this column was missing"),
    ] {
        let refused = desk.run(line);
        refused.expect(3);
        refused.complains(&["row 5", "line 7: expected a number, came an empty cell", hint]);
        assert!(!refused.err.contains("guess"), "{}", refused.err);
    }
    // The hint of the first is true.
    desk.fine("train a.csv --target y --epochs 1 --out gaps");
    desk.fine("predict gaps a.csv");
    desk.write("inf.csv", rows(9).replace("\n5,5,", "\ninf,5,"));
    let refused = desk.run("train inf.csv --target y");
    refused.complains(&["expected a finite number, came 'inf'", "leave the cell empty where the number is not known"]);
    desk.write("left.csv", rows(9).replace("\n5,5,", "\n,5,"));
    desk.fine("train left.csv --target y --epochs 1 --out left");
}

/// A .npy file has no lines to look at.
#[test]
fn missing_numbers_of_arrays_and_numbers_of_16_bits() {
    let desk = Desk::new();
    let npy = |kind: &str, bytes: &[u8]| {
        let head = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (40, 2), }}");
        let padded = format!("{head:<117}\n");
        [b"\x93NUMPY\x01\x00", &(padded.len() as u16).to_le_bytes()[..], padded.as_bytes(), bytes].concat()
    };
    // 0.25·r and 0.5·(r mod 7) as binary16: exponent and mantissa of numbers below 2¹¹ quarters.
    let half = |quarters: u16| match quarters {
        0 => 0u16,
        q => {
            let e = q.ilog2() as u16;
            ((e + 13) << 10) | ((q << (10 - e)) & 1023)
        }
    };
    let numbers: Vec<(u16, u16)> = (0..40).map(|r| (r, 2 * (r % 7))).collect();
    let halves: Vec<u16> = numbers.iter().flat_map(|&(a, b)| [half(a), half(b)]).collect();
    desk.write("half.npy", npy("<f2", &halves.iter().flat_map(|bits| bits.to_le_bytes()).collect::<Vec<_>>()));
    desk.write("big.npy", npy(">f2", &halves.iter().flat_map(|bits| bits.to_be_bytes()).collect::<Vec<_>>()));
    let wide = |nan: bool| -> Vec<u8> {
        let numbers = numbers
            .iter()
            .enumerate()
            .flat_map(|(r, &(a, b))| [if nan && r == 5 { f64::NAN } else { f64::from(a) / 4.0 }, f64::from(b) / 4.0]);
        numbers.flat_map(f64::to_le_bytes).collect()
    };
    desk.write("wide.npy", npy("<f8", &wide(false)));
    desk.write("nan.npy", npy("<f8", &wide(true)));
    let hash = |file: &str| {
        desk.json(&format!("train {file} --target c1 --task regression --epochs 2 --out {file}.run"))["weights_sha256"].clone()
    };
    let wide = hash("wide.npy");
    assert_eq!((hash("half.npy"), hash("big.npy")), (wide.clone(), wide));
    let refused = desk.run("predict wide.npy.run nan.npy");
    refused.expect(3);
    refused.complains(&["nan.npy, row 5, column 'c0': expected a number, came a missing one (NaN or null)"]);
    assert!(!refused.err.contains("line "), "{}", refused.err);
}

#[test]
fn long_names_are_shortened_wherever_they_are_printed() {
    let long = "ü".repeat(300);
    let row = |r: usize| {
        format!("{r},{},{},{}", "v".repeat(300 + r % 2), r % 3, if r.is_multiple_of(2) { "ja".repeat(200) } else { "nö".repeat(200) })
    };
    let desk = Desk::with(&[("t.csv", &table(&format!("a,{long},{},y", "const".repeat(100)), 40, row))]);
    let missing = "z".repeat(300);
    for words in [
        &["train", "t.csv", "--target", "y", "--epochs", "1", "--out", "run"][..],
        &["train", "t.csv", "--target", &long, "--epochs", "1", "--out", "other"],
        &["train", "t.csv", "--target", "y", "--ignore", &missing],
        &["train", "t.csv"],
        &["inspect", "t.csv", "--target", "y"],
        &["evaluate", "run", "t.csv"],
        &["train", "t.csv", "--target", "y", "--class-weight", "a=1"],
    ] {
        let outcome = desk.run_words(words);
        let text = format!("{}{}", outcome.out, outcome.err);
        let longest = text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0);
        assert!(longest < 150, "{longest}: {}", outcome.report());
        assert!(text.contains('…') || words[0] == "evaluate", "{}", outcome.report());
    }
}

#[test]
fn targets_too_far_apart_are_refused_alike() {
    let row = |r: usize| format!("{r},{}1e308", if r.is_multiple_of(2) { "-" } else { "" });
    let desk = Desk::with(&[("huge.csv", &table("a,y", 40, row)), ("t.csv", &table("a,y", 40, |r| format!("{r},{}.5", r * 3)))]);
    let refused = desk.run("train huge.csv --target y --epochs 1 --out run");
    refused.expect(3);
    refused.complains(&["column 'y'", "its cost is beyond the largest number", "other units"]);
    desk.fine("train t.csv --target y --epochs 1 --out run");
    desk.run("evaluate run huge.csv").expect(3);
    // Large ones whose squares are numbers train.
    desk.write("large.csv", table("a,y", 40, |r| format!("{r},{r}e120")));
    let document = desk.json("train large.csv --target y --epochs 1 --out large");
    assert!(document["cost"]["after"].is_number(), "{document}");
}

#[test]
fn classes_that_are_fractions_are_said() {
    let desk = Desk::with(&[("t.csv", &table("a,y", 200, |r| format!("{r},{}.37", r % 40)))]);
    let said = desk.fine("train t.csv --target y --loss cross_entropy --epochs 1 --out run");
    said.complains(&["'y' holds 40 different numbers, 40 of them with fractions: each is a class of its own", "--task regression"]);
    desk.write("whole.csv", table("a,y", 200, |r| format!("{r},{}", r % 4)));
    assert!(!desk.fine("train whole.csv --target y --loss cross_entropy --epochs 1 --out w").err.contains("fractions"));
}

#[test]
fn what_a_model_keeps_is_not_asked_for_again() {
    let desk = Desk::with(&[("t.csv", &table("a,b,y", 40, |r| format!("{r},{},{}.5", r % 7, r * 3)))]);
    desk.write("c.csv", table("a,b,y", 40, |r| format!("{r},{},{}", r % 7, ["p", "q", "r"][r % 3])));
    desk.fine("train t.csv --target y --epochs 1 --out numbers");
    desk.fine("train c.csv --target y --epochs 1 --out classes");
    for (line, say) in [
        ("train c.csv --from classes --loss half_squared_error", "was trained with cross_entropy; half_squared_error is for other targets"),
        ("train t.csv --from numbers --loss cross_entropy", "was trained with half_squared_error; cross_entropy is for other targets"),
        ("train t.csv --from numbers --standardize false", "the model that training goes on from standardizes its columns"),
    ] {
        let refused = desk.run(line);
        refused.expect(2);
        refused.complains(&[say, "train without --from"]);
    }
    desk.fine("train t.csv --from numbers --loss huber --epochs 1 --out huber");
    desk.fine("train t.csv --target y --standardize false --epochs 1 --out raw");
    desk.fine("train t.csv --from raw --standardize false --epochs 1 --out again");
}

/// What a sheet cannot show it refuses, naming what can; a script shows all.
#[test]
fn sheets_refuse_in_one_error_and_scripts_show_all() {
    let desk = Desk::with(&[("t.csv", &table("a,b,w,y", 40, |r| format!("{r},{},1,{}.5", r % 7, r * 3)))]);
    for (how, refused) in [
        ("--weights w", None),
        ("--l2 0.1 --ignore w", None),
        ("--norm layer --ignore w", None),
        ("--norm batch --ignore w", None),
        ("--skip --ignore w", None),
        ("--dropout 0.1 --ignore w", Some("a network trained with dropout is not worked by hand")),
    ] {
        desk.fine(&format!("train t.csv --target y --hidden 3,3 {how} --epochs 1 --out run --quiet"));
        let sheet = desk.run("worksheet run t.csv --row 0");
        match refused {
            Some(words) => {
                sheet.expect(2);
                sheet.complains(&[words, "try: backlit explain"]);
            }
            None => sheet.expect(0),
        }
        desk.fine("explain run t.csv --row 0 --parameter layer1.weight[0,0] --format numpy").says(&["W1 = np.array"]);
    }
}

/// The independent route takes time in proportion to the classes; what is compared is said.
#[test]
fn hundreds_of_classes_are_checked_in_seconds() {
    let desk = Desk::with(&[("t.csv", &table("a,b,c,y", 900, |r| format!("{},{},{},k{}", r % 11, r % 13, r % 17, r % 300)))]);
    desk.fine("train t.csv --target y --epochs 1 --hidden 8 --out run --quiet");
    let document = desk.json("check run t.csv --row 3");
    assert_eq!((&document["passed"], &document["parameter_count"]), (&true.into(), &2732.into()));
    assert_eq!(document["parameters"].as_array().map(Vec::len), Some(2732));
    let document = desk.json("check run t.csv --threads 1");
    assert!(
        document["passed"] == true && document["parameters"].as_array().is_some_and(|all| all.len() < 300),
        "{}",
        document["parameters"]
    );
    assert_eq!(document["directions"].as_array().map(Vec::len), Some(4));
    let text = desk.fine("check run t.csv").out;
    assert!(text.contains("of 2732 parameters drawn at random") && text.contains("--all checks each"), "{text}");
}
