//! Tables as people have them: words, gaps, dates, decimal commas; and the same rows in other kinds of files.

mod support;

use support::Desk;
use support::arrays::{npy, stored_zip};

/// Rows of a made-up table: size, colour, whether it rains, a date and a gap now and then; the price depends on them.
fn shop(rows: usize) -> String {
    let mut text = String::from("size,colour,rain,day,weight,price\n");
    for row in 0..rows {
        let (size, colour) = (row % 7, ["red", "green", "blue"][row % 3]);
        let weight = if row % 5 == 4 { String::new() } else { format!("{}.5", row % 4) };
        let rain = if row % 2 == 0 { "yes" } else { "no" };
        let price = 10 + 3 * size + 5 * (row % 3) + row % 2;
        text += &format!("{size},{colour},{rain},2024-{:02}-{:02},{weight},{price}\n", 1 + row % 12, 1 + row % 28);
    }
    text
}

const TRAIN: &str = "train shop.csv --target price --epochs 3 --out run";

#[test]
fn a_table_of_many_kinds_trains_predicts_and_explains() {
    let desk = Desk::with(&[("shop.csv", &shop(60))]);
    let said = desk.fine(TRAIN);
    for note in [
        "'colour' holds 3 categories: blue, green, red",
        "'rain' holds yes or no",
        "'day' holds dates",
        "missing ones become the median and are marked (12 of 60)",
    ] {
        assert!(said.err.contains(note), "{note}\n{}", said.err);
    }
    // size, three colours, rain, five numbers of the date, weight and its gap.
    assert!(said.out.contains("network   12-64-32-1") || said.err.contains("network   12-64-32-1"), "{}", said.out);
    let predicted = desk.fine("predict run shop.csv").out;
    assert_eq!(predicted.lines().count(), 61);
    desk.fine("evaluate run shop.csv");
    let explained = desk.json("explain run shop.csv --row 3 -p x[colour=green]");
    assert_eq!(explained["routes"]["agrees"], true);
    desk.fine("check run shop.csv");
}

#[test]
fn columns_are_found_by_name_and_the_target_need_not_be_there() {
    let desk = Desk::with(&[("shop.csv", &shop(60))]);
    desk.fine(TRAIN);
    let columns = |line: &str, order: &[usize]| {
        let cells: Vec<&str> = line.split(',').collect();
        order.iter().map(|&place| *cells.get(place).unwrap_or(&"what a model need not read")).collect::<Vec<_>>().join(",") + "\n"
    };
    let turned: String = shop(60).lines().map(|line| columns(line, &[4, 3, 9, 2, 1, 0])).collect();
    desk.write("turned.csv", turned);
    assert_eq!(desk.fine("predict run turned.csv").out, desk.fine("predict run shop.csv").out);
    let without: String = shop(60).lines().map(|line| columns(line, &[0, 2, 3, 4])).collect();
    desk.write("without.csv", without);
    let refused = desk.run("predict run without.csv");
    assert_eq!(refused.code, 3);
    assert!(refused.err.contains("there is no column 'colour'"), "{}", refused.err);
}

#[test]
fn a_level_that_was_never_seen_is_none_of_those_seen_and_is_said() {
    let desk = Desk::with(&[("shop.csv", &shop(60))]);
    desk.fine(TRAIN);
    desk.write("new.csv", "size,colour,rain,day,weight\n1,violet,yes,2024-01-01,1\n1,,maybe,2024-01-01,\n");
    let said = desk.fine("predict run new.csv");
    assert_eq!(said.out.lines().count(), 3);
    assert!(said.err.contains("2 cells of 'colour' hold what the model has not seen ('violet')"), "{}", said.err);
    assert!(said.err.contains("1 cell of 'rain' hold"), "{}", said.err);
}

#[test]
fn a_gap_where_there_was_none_is_one_clear_error() {
    let desk = Desk::with(&[("shop.csv", &shop(60))]);
    desk.fine(TRAIN);
    for (row, place) in [(",red,yes,2024-01-01,1", "column 'size'"), ("1,red,yes,,1", "column 'day'"), ("1,red,yes,soon,1", "column 'day'")]
    {
        desk.write("gap.csv", format!("size,colour,rain,day,weight\n{row}\n"));
        let refused = desk.run("predict run gap.csv");
        assert_eq!(refused.code, 3, "{row}");
        assert!(refused.err.contains(place) && refused.err.contains("row 0"), "{}", refused.err);
    }
}

#[test]
fn classes_in_words_come_back_as_words() {
    let text = shop(60).replace("price", "colour2").lines().map(|line| format!("{line}\n")).collect::<String>();
    let desk = Desk::with(&[("shop.csv", &text)]);
    desk.fine("train shop.csv --target colour --epochs 3 --out run --ignore day");
    let predicted = desk.fine("predict run shop.csv").out;
    assert!(predicted.starts_with("colour,colour=blue,colour=green,colour=red\n"), "{predicted}");
    assert!(predicted.lines().skip(1).all(|line| ["blue", "green", "red"].iter().any(|word| line.starts_with(word))), "{predicted}");
    let document = desk.json("predict run shop.csv");
    assert_eq!(document["classes"], serde_json::json!(["blue", "green", "red"]));
    assert!(document["predicted"][0].is_string());
    // A class that was not there in training.
    desk.write("new.csv", text.replacen("red", "violet", 1));
    let refused = desk.run("evaluate run new.csv");
    assert_eq!(refused.code, 3);
    assert!(refused.err.contains("expected one of the classes trained on, came 'violet'"), "{}", refused.err);
}

#[test]
fn rows_without_a_target_are_left_out() {
    let text = shop(60).replacen(",10\n", ",\n", 2).replacen(",13\n", ",NA\n", 1);
    let desk = Desk::with(&[("shop.csv", &text)]);
    let gaps = 60 - text.lines().skip(1).filter(|line| !line.ends_with(',') && !line.ends_with("NA")).count();
    let said = desk.fine(TRAIN);
    assert!(gaps > 0 && said.err.contains(&format!("{gaps} rows without a target are left out")), "{gaps}: {}", said.err);
}

#[test]
fn decimal_commas_are_numbers_where_semicolons_stand_between_cells() {
    let plain: String = (0..40).map(|row| format!("{}.25,{}\n", row % 9, row % 4)).collect();
    let desk = Desk::new();
    desk.write("plain.csv", format!("a,b\n{plain}"));
    desk.write("comma.csv", format!("\u{feff}a;b\r\n{}", plain.replace(',', ";").replace('.', ",").replace('\n', "\r\n")));
    let hash =
        |file: &str| desk.json(&format!("train {file} --target b --task regression --epochs 2 --out {file}.run"))["weights_sha256"].clone();
    assert_eq!(hash("comma.csv"), hash("plain.csv"));
}

#[test]
fn a_slip_in_a_column_of_numbers_is_told_and_not_swallowed() {
    let text = shop(60).replacen("\n3,", "\n3o,", 1);
    let desk = Desk::with(&[("shop.csv", &text)]);
    let refused = desk.run(TRAIN);
    assert_eq!(refused.code, 3);
    assert!(
        refused.err.contains("column 'size'") && refused.err.contains("'3o'") && refused.err.contains("--categories size"),
        "{}",
        refused.err
    );
    let said = desk.fine(&format!("{TRAIN} --categories size"));
    assert!(said.err.contains("'size' holds 8 categories"), "{}", said.err);
}

#[test]
fn names_and_empty_columns_are_left_out_and_said() {
    let text: String = (0..300).map(|row| format!("{},person{row},,{}\n", row % 7, row % 5)).collect();
    let desk = Desk::with(&[("people.csv", &format!("a,name,nothing,b\n{text}"))]);
    let said = desk.fine("train people.csv --target b --task regression --epochs 1 --out run");
    assert!(said.err.contains("column 'name' left out") && said.err.contains("column 'nothing' left out"), "{}", said.err);
    desk.fine("predict run people.csv");
}

#[test]
fn one_table_gives_one_model_whatever_file_it_comes_from() {
    let rows: Vec<[f64; 3]> = (0..50).map(|row| [row as f64 / 10.0, ((row * 7) % 13) as f64, ((row * 3) % 11) as f64 / 2.0]).collect();
    let text: String = rows.iter().map(|[a, b, c]| format!("{a},{b},{c}\n")).collect();
    let by_row: Vec<u8> = rows.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
    let by_column: Vec<u8> = (0..3).flat_map(|c| rows.iter().map(move |row| row[c])).flat_map(f64::to_le_bytes).collect();
    let narrow: Vec<u8> = rows.iter().flatten().flat_map(|&number| (number as f32).to_be_bytes()).collect();
    let desk = Desk::with(&[("table.csv", &format!("c0,c1,c2\n{text}"))]);
    desk.write("table.npy", npy("<f8", "(50, 3)", false, &by_row));
    desk.write("turned.npy", npy("<f8", "(50, 3)", true, &by_column));
    desk.write("narrow.npy", npy(">f4", "(50, 3)", false, &narrow));
    let hash = |file: &str| {
        desk.json(&format!("train {file} --target c2 --task regression --epochs 2 --out {file}.run"))["weights_sha256"].clone()
    };
    let csv = hash("table.csv");
    for file in ["table.npy", "turned.npy", "narrow.npy"] {
        assert_eq!(hash(file), csv, "{file}");
    }
    assert_eq!(desk.fine("predict table.csv.run table.npy").out, desk.fine("predict table.csv.run table.csv").out);
    for (name, bytes) in [
        ("cut.npy", npy("<f8", "(50, 3)", false, &by_row[..100])),
        ("words.npy", npy("<U3", "(2,)", false, &[0; 24])),
        ("deep.npy", npy("<f8", "(1, 1, 1)", false, &[0; 8])),
        ("no.npy", b"not an array".to_vec()),
        ("no.parquet", b"not a table".to_vec()),
        ("no.npz", b"not an archive".to_vec()),
    ] {
        desk.write(name, bytes);
        let refused = desk.run(&format!("train {name} --target c2"));
        assert_eq!(refused.code, 3, "{name}: {}", refused.err);
        assert!(refused.err.contains(name), "{}", refused.err);
    }
}

/// Numbers in words: units, currencies, marks between thousands, decimal commas. `support/make_units.py` wrote both files.
#[test]
fn words_that_are_numbers_are_read_from_parquet_as_from_csv() {
    let desk = Desk::with(&[("units.csv", include_str!("support/units.csv"))]);
    desk.write("units.parquet", include_bytes!("support/units.parquet"));
    let run = |file: &str| {
        let outcome = desk.fine(&format!("train {file} --target price --epochs 2 --json --out {file}.run"));
        outcome.complains(&["'way' holds numbers", "km", "'people' holds numbers", "'share' holds numbers", "'price' holds numbers"]);
        outcome.document()["weights_sha256"].clone()
    };
    assert_eq!(run("units.parquet"), run("units.csv"));
    let predicted = |file: &str| desk.fine(&format!("predict units.csv.run {file}")).out;
    assert_eq!(predicted("units.parquet"), predicted("units.csv"));
}

/// The table of [`shop`], written by pandas 3 and pyarrow 26: categories, a timestamp, nulls, zstd.
#[test]
fn a_parquet_file_gives_the_model_of_its_csv() {
    let desk = Desk::with(&[("shop.csv", &shop(60))]);
    desk.write("shop.parquet", include_bytes!("support/shop.parquet"));
    let hash = |file: &str| desk.json(&format!("train {file} --target price --epochs 2 --out {file}.run"))["weights_sha256"].clone();
    assert_eq!(hash("shop.parquet"), hash("shop.csv"));
    assert_eq!(desk.fine("predict shop.csv.run shop.parquet").out, desk.fine("predict shop.csv.run shop.csv").out);
    let bytes = include_bytes!("support/shop.parquet");
    for length in [0, 4, 100, bytes.len() / 2, bytes.len() - 1] {
        desk.write("cut.parquet", &bytes[..length]);
        assert_eq!(desk.run("train cut.parquet --target price").code, 3, "{length}");
    }
}

#[test]
fn a_look_at_a_table_finds_what_is_planted() {
    let text: String = (0..200)
        .map(|row| {
            let (a, y) = (row % 17, if row % 40 == 0 { "rare" } else { ["x", "z"][row % 2] });
            let leak = match y {
                "rare" => 5,
                "x" => 1,
                _ => 2,
            };
            let far = if row % 100 == 0 { 1_000_000 } else { row % 3 };
            let level = if row == 7 { "odd" } else { "usual" };
            format!("{a},{a},{leak},3,{far},{level},{y}\n")
        })
        .collect();
    let desk = Desk::with(&[("table.csv", &format!("a,b,leak,same,far,level,y\n{text}"))]);
    let found = desk.json("inspect table.csv --target y");
    let findings: Vec<(String, String)> = found["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|finding| (finding["what"].as_str().unwrap().to_string(), finding["column"].as_str().unwrap().to_string()))
        .collect();
    let has = |what: &str, column: &str| findings.contains(&(what.to_string(), column.to_string()));
    for (what, column) in
        [("leak", "leak"), ("imbalance", "y"), ("duplicate", "b"), ("constant", "same"), ("skew", "far"), ("rare_levels", "level")]
    {
        assert!(has(what, column), "{what} {column}: {findings:?}");
    }
    assert!(!findings.iter().any(|(what, column)| what == "leak" && column != "leak"), "{findings:?}");
    assert_eq!(found["rows"], 200);
    // Nothing is wrong with a plain table.
    assert_eq!(
        desk.json("inspect digits --target digit")["findings"].as_array().map(|all| all.iter().filter(|f| f["what"] == "leak").count()),
        Some(0)
    );
}

/// What leads a training, what is added to its cost and what is learned from the rows kept aside, on words and gaps, all at once; the
/// same bits for any number of threads.
#[test]
fn every_choice_goes_with_every_other() {
    let desk = Desk::with(&[("shop.csv", &shop(120))]);
    let choices = "--target colour --epochs 30 --patience 5 --schedule one_cycle --clip-norm 1 --dropout 0.1 --l2 0.001 --class-weight balanced \
                   --weights size --label-smoothing 0.05 --split stratified --ignore price --hidden 40,40";
    let hash = |threads: usize| {
        let document = desk.json(&format!("train shop.csv {choices} --threads {threads} --out run{threads}"));
        document["weights_sha256"].as_str().expect("a hash").to_string()
    };
    let one = hash(1);
    assert_eq!((hash(2), hash(3)), (one.clone(), one));
    desk.fine("predict run1 shop.csv");
    desk.fine("evaluate run1 shop.csv");
    desk.fine("check run1 shop.csv --row 3");
    assert_eq!(desk.json("explain run1 shop.csv --row 3 -p layer1.weight[0,0]")["routes"]["agrees"], true);
    desk.fine("train shop.csv --from run1 --epochs 2 --out on");
    // Numbers with intervals, from folds and from groups of words.
    desk.fine("train shop.csv --target price --epochs 2 --split grouped --group colour --out grouped");
    desk.fine("train shop.csv --target price --epochs 2 --split time --time day --out by_time");
    let lines = desk.fine("predict by_time shop.csv --interval 0.8").out;
    assert!(lines.starts_with("price,price low,price high\n"), "{lines}");
    let folds = desk.json("train shop.csv --target price --epochs 2 --folds 3 --out folds");
    assert_eq!(folds["folds"]["count"], 3);
    desk.fine("train shop.csv --target price --optimizer lbfgs --batch full --epochs 5 --out lbfgs");
    desk.fine("train shop.csv --target price --find-rate");
}

#[test]
fn levels_may_be_written_in_another_way() {
    let table = |yes: &str, no: &str, point: &str| {
        let row = |r: usize| format!("{},{}{point},{}\n", if r.is_multiple_of(3) { yes } else { no }, r % 4, 2 * r + r % 4);
        format!("flag,k,y\n{}", (0..60).map(row).collect::<String>())
    };
    let desk = Desk::with(&[
        ("t.csv", &table("True", "False", "")),
        ("other.csv", &table("TRUE", "false", ".0")),
        ("digits.csv", &table("1", "0", "")),
        ("numbers.csv", &table("1.0", "0.0", "")),
    ]);
    desk.fine("train t.csv --target y --categories k --epochs 3 --out run");
    let predicted = desk.fine("predict run t.csv");
    for other in ["other.csv", "digits.csv", "numbers.csv"] {
        let otherwise = desk.fine(&format!("predict run {other}"));
        assert_eq!(otherwise.out, predicted.out, "{other}");
        assert!(!otherwise.err.contains("not seen"), "{}", otherwise.err);
    }
}

#[test]
fn what_would_be_silent_nonsense_is_refused() {
    let rows: String = (0..60).map(|r| format!("{r},{},{}\n", r % 7, ["u", "v", "w"][r % 3])).collect();
    let mut endless = b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4), }".to_vec();
    endless.resize(10 + 0x76 - 1, b' ');
    endless.push(b'\n');
    let desk = Desk::with(&[("t.csv", &format!("a,b,y\n{rows}"))]);
    desk.write("endless.npy", endless);
    desk.fine("train t.csv --target y --epochs 2 --out run");
    for (line, code, says) in [
        ("train t.csv --target y --loss huber", 3, "holds words"),
        ("train t.csv --target b --ignore y --split grouped --group b", 2, "is the target"),
        ("train t.csv --target b --ignore b", 2, "is the target"),
        ("train t.csv --target y --from run --norm layer", 2, "network.norm"),
        ("train t.csv --target y --from run --ignore a", 2, "data.ignore"),
        ("train endless.npy --target c3", 3, "endless.npy: is "),
    ] {
        let refused = desk.run(line);
        assert!(refused.code == code && refused.err.contains(says), "{}", refused.report());
    }
}

/// A model of numbers with points between thousands takes numbers of a file that has them as numbers, whatever their digits.
#[test]
fn numbers_of_typed_files_are_never_read_as_words() {
    let values: Vec<f64> = (0..50).map(|row| f64::from(1000 * (row % 9) + row) + 0.125 * f64::from(row % 8)).collect();
    let german = |value: f64| {
        let (whole, thousandths) = (value.trunc() as u64, (value.fract() * 1000.0).round() as u64);
        let whole = if whole < 1000 { whole.to_string() } else { format!("{}.{:03}", whole / 1000, whole % 1000) };
        format!("{whole},{thousandths:03} €")
    };
    let rows = |cell: &dyn Fn(f64) -> String| values.iter().map(|&x| format!("{};{}\n", cell(x), 2.0 * x)).collect::<String>();
    let desk = Desk::with(&[("de.csv", &format!("p;y\n{}", rows(&german))), ("point.csv", &format!("p;y\n{}", rows(&|x| x.to_string())))]);
    desk.fine("train de.csv --target y --epochs 1 --out run").complains(&["'p' holds numbers with decimal commas, '€' and marks"]);
    // An .npz file whose one array p is 50 × 1: stored, so that it can be put together here.
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    desk.write("p.npz", stored_zip("p.npy", &npy("<f8", "(50,)", false, &bytes)));
    let said = |table: &str| desk.json(&format!("predict run {table}"))["outputs"].clone();
    assert_eq!(said("p.npz"), said("de.csv"));
    // As text the writing is not known; a point that cannot stand between thousands tells that it is another one.
    let refused = desk.run("predict run point.csv");
    refused.expect(3);
    refused.complains(&["column 'p'", "expected a number with a decimal comma", "whose point is a decimal one"]);
}

/// A missing one would be the least of all numbers.
#[test]
fn times_of_numpy_are_no_numbers() {
    let desk = Desk::new();
    for kind in ["<M8[D]", ">m8[s]"] {
        let times: Vec<u8> = [19_000, i64::MIN, 19_002].iter().flat_map(|time| time.to_le_bytes()).collect();
        desk.write("times.npy", npy(kind, "(3,)", false, &times));
        let refused = desk.run("inspect times.npy");
        refused.expect(3);
        refused.complains(&["times.npy", "expected an array of numbers, came times", kind]);
    }
}

/// NumPy writes a checksum of each array; one byte of the last number is another one here.
#[test]
fn an_array_that_was_damaged_is_refused() {
    let bytes: Vec<u8> = (0..50).flat_map(|row| f64::from(row % 7).to_le_bytes()).collect();
    let whole = stored_zip("p.npy", &npy("<f8", "(50,)", false, &bytes));
    let desk = Desk::new();
    desk.write("whole.npz", &whole);
    desk.fine("inspect whole.npz");
    let end = whole.windows(4).position(|four| four == b"PK\x01\x02").expect("a directory");
    let mut damaged = whole;
    damaged[end - 2] ^= 1;
    desk.write("damaged.npz", damaged);
    let refused = desk.run("inspect damaged.npz");
    refused.expect(3);
    refused.complains(&["damaged.npz", "array 'p': is damaged"]);
}

#[test]
fn a_class_called_none_is_a_class() {
    let table = |nones: usize| {
        let word = |row: usize| if row < nones { "none" } else { ["mild", "severe"][row % 2] };
        (0..90).map(|row| format!("{},{}\n", row % 7, word(row))).collect::<String>()
    };
    let desk = Desk::with(&[("often.csv", &format!("x,k\n{}", table(30))), ("seldom.csv", &format!("x,k\n{}", table(3)))]);
    let told = desk.fine("train often.csv --target k --epochs 1 --out run");
    told.complains(&["'k' holds 3 classes: mild, none, severe", "'none' is taken as a class of 'k', in 30 rows"]);
    assert_eq!(desk.json("predict run often.csv")["classes"], serde_json::json!(["mild", "none", "severe"]));
    assert_eq!(desk.json("evaluate run often.csv")["rows"], serde_json::json!(90));
    desk.fine("inspect often.csv --target k");
    let told = desk.fine("train seldom.csv --target k --epochs 1 --out run");
    told.complains(&["3 rows whose 'k' is 'none' are left out", "2 classes: mild, severe"]);
    // Another spelling is another word, and what becomes of its rows is said.
    desk.write("two.csv", format!("x,k\n{}", table(40)).replacen("none", "None", 7));
    let told = desk.fine("train two.csv --target k --epochs 1 --out run");
    told.complains(&["'none' is taken as a class of 'k', in 33 rows", "7 rows whose 'k' is 'None' are left out: taken as missing"]);
}

#[test]
fn a_unit_that_not_all_cells_have_is_said() {
    let cell = |row: usize| if row.is_multiple_of(2) { format!("{row} kg") } else { (1000 * row).to_string() };
    let rows: String = (0..60).map(|row| format!("{},{row}\n", cell(row))).collect();
    let desk = Desk::with(&[("units.csv", &format!("a,y\n{rows}"))]);
    desk.fine("train units.csv --target y --epochs 1 --out run")
        .complains(&["30 of 60 cells of 'a' have the unit 'kg': the others are taken in the same one"]);
}
