//! Tables with what programs and people put into them besides the table: names of rows, words for gaps, comments, marks between thousands.
//! Each is held against the same table in plain numbers.

mod support;

use support::{Desk, hash};

/// Numbers that tell a row's price, without any order.
fn numbers(row: usize) -> (usize, usize, usize) {
    (row * 7 % 11, row * 13 % 59, 3 * (row * 7 % 11) + row * 13 % 59)
}

/// Rows of two numbers and a third that they tell, the second one as `cell` writes it.
fn table(rows: usize, cell: impl Fn(usize, usize) -> String) -> String {
    let row = |row: usize| {
        let (a, b, y) = numbers(row);
        format!("{a},{},{y}.5\n", cell(row, b))
    };
    format!("a,b,y\n{}", (0..rows).map(row).collect::<String>())
}

const LINE: &str = "--target y --task regression --epochs 2 --hidden 4 --precision f64";

fn trained(desk: &Desk, table: &str) -> String {
    hash(&desk.json(&format!("train {table} {LINE} --out {table}.run")))
}

#[test]
fn names_of_few_rows_are_left_out_and_said_once() {
    let desk = Desk::with(&[
        ("names.csv", &table(60, |row, b| format!("person{row},{b}")).replacen("a,b", "a,name,b", 1)),
        ("plain.csv", &table(60, |_, b| b.to_string())),
        ("few.csv", &table(9, |row, _| format!("person{row}"))),
        // Two are the same.
        ("nearly.csv", &table(30, |row, _| format!("person{}", row.max(1)))),
        ("towns.csv", &table(40, |row, _| format!("town{}", row % 20))),
    ]);
    let said = desk.fine(&format!("train names.csv {LINE} --out run"));
    said.complains(&["column 'name' left out: nearly every row has a word of its own (--categories takes it all the same)"]);
    assert_eq!(said.err.matches("note:").count(), 1, "{}", said.err);
    assert_eq!(trained(&desk, "names.csv"), trained(&desk, "plain.csv"));
    desk.fine(&format!("train names.csv {LINE} --categories name --out run")).complains(&["'name' holds 60 categories"]);
    desk.fine(&format!("train few.csv {LINE} --out run")).complains(&["'b' holds 9 categories"]);
    desk.fine(&format!("train nearly.csv {LINE} --out run")).complains(&["column 'b' left out"]);
    desk.fine(&format!("train towns.csv {LINE} --out run")).complains(&["'b' holds 20 categories"]);
    let alone = desk.run(&format!("train few.csv {LINE} --ignore a,b"));
    alone.expect(3);
    alone.complains(&["no column is left to predict from", "try:"]);
}

#[test]
fn words_among_numbers_are_gaps() {
    let word = |row: usize| match row % 10 {
        3 => Some("Unknown"),
        7 if row % 20 == 7 => Some("refused"),
        _ => None,
    };
    let desk = Desk::with(&[
        ("words.csv", &table(120, |row, b| word(row).map_or(b.to_string(), str::to_string))),
        ("gaps.csv", &table(120, |row, b| word(row).map_or(b.to_string(), |_| String::new()))),
    ]);
    let said = desk.fine(&format!("train words.csv {LINE} --out run"));
    said.complains(&[
        "18 cells of 'b' taken as missing: 'Unknown' (12), 'refused' (6) (--categories b keeps the words)",
        "'b' holds numbers, missing ones become the median and are marked (18 of 120)",
    ]);
    assert_eq!(trained(&desk, "words.csv"), trained(&desk, "gaps.csv"));
    assert_eq!(hash(&desk.json(&format!("train words.csv {LINE} --memory 0 --out stored"))), trained(&desk, "gaps.csv"));
    desk.fine(&format!("train words.csv {LINE} --categories b --out kept")).complains(&["'b' holds"]);
    // The model knows the words, however large their letters are, and no others.
    desk.write("new.csv", "a,b\n1,unknown\n2,REFUSED \n3,4\n");
    desk.write("same.csv", "a,b\n1,\n2,?\n3,4\n");
    let predicted = desk.fine("predict run same.csv").out;
    assert_eq!(desk.fine("predict run new.csv").out, predicted);
    assert_eq!(desk.fine("predict words.csv.run words.csv").out, desk.fine("predict gaps.csv.run gaps.csv").out);
    desk.write("other.csv", "a,b\n1,unknown\n2,secret\n");
    let refused = desk.run("predict run other.csv");
    refused.expect(3);
    refused.complains(&["row 1, column 'b'", "expected a number, came 'secret'"]);
    desk.fine("evaluate run words.csv");
    desk.fine(&format!("train words.csv {LINE} --from run --out on"));
    let columns = desk.json("inspect words.csv --target y")["columns"].clone();
    assert_eq!((&columns[1]["name"], &columns[1]["missing"]), (&"b".into(), &18.into()));
    // Only where the words are few and known or repeated: else it is a slip.
    desk.write("slip.csv", table(60, |row, b| if row == 9 { "3o".into() } else { b.to_string() }));
    desk.run(&format!("train slip.csv {LINE}")).complains(&["expected numbers, as in 59 rows; 1 is a word: '3o'"]);
    desk.write("short.csv", table(14, |row, b| if row == 9 { "3o".into() } else { b.to_string() }));
    desk.run(&format!("train short.csv {LINE}")).complains(&["expected numbers, as in 13 rows; 1 is a word: '3o'"]);
    desk.write("target.csv", table(60, |_, b| b.to_string()).replacen(".5\n", ".S\n", 1));
    desk.run(&format!("train target.csv {LINE}")).complains(&["column 'y'", "as in 59 rows; 1 is a word: '0.S'"]);
    desk.write("codes.csv", table(60, |row, _| ["1", "2", "3", "1", "A"][row % 5].into()));
    desk.fine(&format!("train codes.csv {LINE} --out run")).complains(&["'b' holds 4 categories: 1, 2, 3, A"]);
}

#[test]
fn yes_and_no_may_be_written_in_several_ways() {
    let words = |all: [&'static str; 4]| table(60, move |row, _| all[row % 4].into());
    let desk = Desk::with(&[("many.csv", &words(["Yes", "no", "yes", "No"])), ("two.csv", &words(["yes", "no", "yes", "no"]))]);
    desk.fine(&format!("train many.csv {LINE} --out run")).complains(&["'b' holds yes or no"]);
    assert_eq!(trained(&desk, "many.csv"), trained(&desk, "two.csv"));
}

/// A target without a number leaves its row out; a date may be unknown as a number may.
#[test]
fn words_among_targets_and_dates_are_gaps() {
    let desk = Desk::new();
    let date = |row: usize, gap: &str| if row % 6 == 1 { gap.into() } else { format!("2024-{:02}-{:02}", row % 12 + 1, row % 28 + 1) };
    desk.write("words.csv", table(90, |row, _| date(row, "soon")).replace(",25.5\n", ",n.a.\n"));
    desk.write("gaps.csv", table(90, |row, _| date(row, "")).replace(",25.5\n", ",\n"));
    assert_ne!(desk.read("words.csv").matches("n.a.").count(), 0);
    let said = desk.fine(&format!("train words.csv {LINE} --out run"));
    said.complains(&["15 cells of 'b' taken as missing: 'soon' (15)", "of 'y' taken as missing: 'n.a.'", "without a target are left out"]);
    assert_eq!(trained(&desk, "words.csv"), trained(&desk, "gaps.csv"));
    let said = |run: &str| desk.json(&format!("evaluate {run}.run {run}"))["metrics"].clone();
    assert_eq!(said("words.csv"), said("gaps.csv"));
}

#[test]
fn lines_above_the_table_are_told_from_its_names() {
    let plain = table(40, |_, b| b.to_string());
    let desk = Desk::with(&[
        ("plain.csv", &plain),
        ("excel.csv", &format!("sep=;\r\n{}", plain.replace(',', ";").replace('.', ",").replace('\n', "\r\n"))),
        ("notes.csv", &format!("# measured in May, by me\n#\n# in metres\n{plain}")),
        ("names.csv", &plain.replacen("a,b,y", "#id,b,y", 1)),
    ]);
    let want = trained(&desk, "plain.csv");
    for file in ["excel.csv", "notes.csv", "names.csv"] {
        assert_eq!(trained(&desk, file), want, "{file}");
    }
    desk.fine(&format!("train excel.csv {LINE} --out run"))
        .complains(&["the first line, sep=;, says what stands between cells", "semicolons stand between the cells"]);
    let skipped = "3 lines above the table begin with # and are skipped: '# measured in May, by me'";
    desk.fine(&format!("train notes.csv {LINE} --out run")).complains(&[skipped]);
    assert_eq!(desk.fine("predict run notes.csv").out, desk.fine("predict run plain.csv").out);
    assert_eq!(desk.json("explain names.csv.run names.csv --row 3 -p x[#id]")["row"], 3);
    // Which of both it is is said where nobody else does.
    let taken = "the line that begins with # is taken for the names of the columns (--no-header: it is a comment)";
    desk.fine(&format!("train names.csv {LINE} --out told")).complains(&[taken]);
    assert!(!desk.fine("predict told names.csv").err.contains(taken));
    desk.write("comment.csv", "# made by hand, on paper\n1,2\n2,3\n3,5\n4,6\n5,1\n");
    let refused = desk.run("train comment.csv --target c1");
    refused.expect(3);
    refused
        .complains(&["there is no column 'c1'", "try: --no-header, if the line that begins with # is a comment; else one of its columns"]);
    let told = desk.fine("train comment.csv --target c1 --task regression --no-header --epochs 1 --out told");
    assert!(told.err.contains("skipped: '# made by hand, on paper'") && !told.err.contains(taken), "{}", told.err);
    // Errors count the lines of the file; below the names # is a cell like others.
    desk.write("slip.csv", format!("# one\n# two\n{}", plain.replacen("\n0,", "\no,", 1)));
    desk.run("predict run slip.csv").complains(&["line 4", "came 'o'"]);
    desk.write("below.csv", format!("# one\n{plain}# the end\n"));
    let refused = desk.run(&format!("train below.csv {LINE}"));
    refused.expect(3);
    refused.complains(&["line 43: expected 3 cells, came 1"]);
    for (text, says) in [
        ("x b y\n1 2 3\n", "its only column is 'x b y': put commas, semicolons or tabs between the cells"),
        ("Prices of May,,\nx,b,y\n1,2,3\n", "take the line out if it is a title"),
        (plain.replacen("\n0,", "\nm,", 1).as_str(), "take the row out if it holds units or totals"),
    ] {
        desk.write("odd.csv", text);
        desk.run(&format!("train odd.csv {LINE}")).complains(&[says]);
    }
    desk.write("title.csv", format!("Prices of May\n{plain}"));
    desk.run(&format!("train title.csv {LINE}")).complains(&["line 2: expected 1 cell, came 3", "take out what stands above the line"]);
}

#[test]
fn what_is_no_table_is_called_by_its_name() {
    let desk = Desk::new();
    for (name, text, says, tries) in [
        ("a.csv", "[{\"x\": 1, \"y\": 2},\n {\"x\": 2, \"y\": 3}]\n", "looks like JSON", "pandas.read_json"),
        ("b.csv", "\n {\n  \"x\": [1, 2],\n \"y\": [3, 4]}\n", "looks like JSON", "pandas.read_json"),
        ("c.csv", "{\"x\": 1, \"y\": 2}\n{\"x\": 2, \"y\": 3}\n", "looks like JSON Lines", "lines=True"),
        ("d.csv", "<!DOCTYPE html>\n<html><body>log in</body></html>\n", "looks like a page of HTML", "save the table itself"),
        ("e.csv", "<?xml version=\"1.0\"?>\n<rows><row x=\"1\"/></rows>\n", "looks like XML", "pandas.read_xml"),
        ("f.csv", "<rows>\n <row x=\"1\"/>\n</rows>\n", "looks like XML", "pandas.read_xml"),
        ("g.csv", "| x | y |\n|---|:-:|\n| 1 | 2 |\n", "looks like a table in Markdown", "line of dashes"),
        ("h.csv", "@RELATION t\n@attribute x numeric\n@data\n1,2\n", "looks like an ARFF file", "@data"),
    ] {
        desk.write(name, text);
        for line in [format!("train {name} --target y"), format!("inspect {name}")] {
            let refused = desk.run(&line);
            refused.expect(3);
            refused.complains(&[name, says, tries]);
        }
    }
    // As other programs begin a file.
    for (name, bytes, says) in [
        ("i.csv", &b"BZh91AY&SY\x01\x02"[..], "a bzip2 file"),
        ("j.csv", b"ARROW1\0\0\x10\x01", "an Arrow file"),
        ("k.csv", b"PAR1\x15\x04\x15\x90\x01", "a Parquet file"),
        ("l.csv", b"<table border=\"1\">\n<tr><td>1, 2</td></tr>\n", "a page of HTML"),
        ("m.csv", b"<html lang=\"en\"><head>\n<title>1, 2</title>", "a page of HTML"),
        ("n.csv", b"%PDF-1.7\n%", "a PDF file"),
    ] {
        desk.write(name, bytes);
        let refused = desk.run(&format!("train {name} --target y"));
        refused.expect(3);
        refused.complains(&[name, says]);
    }
    // Names may begin so all the same.
    let few: String = (0..20).map(|row| format!("{row},{}\n", row % 7)).collect();
    for name in ["BZhou", "ARROW1", "PAR1", "<table>", "<table >", "<body>", "<tables", "%PDF"] {
        for mark in [",", ";", "\t"] {
            desk.write("names.csv", format!("{name},y\n{few}").replace(',', mark));
            desk.fine("train names.csv --target y --task regression --epochs 1 --hidden 2 --out run");
        }
    }
    // Names may hold any of these signs.
    let rows: String = (0..20).map(|row| format!("{row},{}\n", row % 7)).collect();
    for names in ["<x>,<y>", "[x],[y]", "{x},{y}", "\"{\"\"x\"\"}\",y", "@x,y", "|x|,y"] {
        desk.write("names.csv", format!("{names}\n{rows}"));
        let target = if names.contains("<y>") {
            "<y>"
        } else {
            ["y", "[y]", "{y}"][usize::from(names.contains("[y]")) + 2 * usize::from(names.contains("{y}"))]
        };
        desk.fine(&format!("train names.csv --target {target} --task regression --epochs 1 --hidden 2 --out run"));
    }
}

#[test]
fn what_stands_between_cells_is_said_where_it_is_no_comma() {
    let plain = table(40, |_, b| b.to_string());
    let desk = Desk::with(&[
        ("comma.csv", &plain),
        ("tab.csv", &plain.replace(',', "\t")),
        ("bar.csv", &plain.replace(',', "|")),
        ("point.csv", &plain.replace(',', ";")),
        ("decimal.csv", &plain.replace(',', ";").replace('.', ",")),
    ]);
    let said = |file: &str| desk.fine(&format!("train {file} {LINE} --out run"));
    assert!(!said("comma.csv").err.contains("note: "), "{}", said("comma.csv").err);
    said("tab.csv").complains(&["note: tabs stand between the cells"]);
    said("bar.csv").complains(&["note: vertical bars stand between the cells"]);
    assert!(!said("point.csv").err.contains("decimal"));
    said("decimal.csv").complains(&["note: semicolons stand between the cells", "note: 'y' holds numbers with decimal commas"]);
    desk.fine("inspect decimal.csv --target y").complains(&["semicolons stand between the cells"]);
}

#[test]
fn a_table_without_targets_says_what_to_try() {
    // In words too, where the columns are not all numbers.
    for (name, cell) in [("numbers.csv", "7"), ("words.csv", "red")] {
        let desk = Desk::with(&[(name, &format!("a,b,y\n{}", format!("1,{cell},\n").repeat(20)))]);
        let refused = desk.run(&format!("train {name} {LINE}"));
        refused.expect(3);
        refused.complains(&["no row has a target", "try: fill the target in"]);
    }
}

/// A cell of three digits behind a comma or a point is read as the others of its column, then as the others of its table.
#[test]
fn marks_between_thousands() {
    let grouped = |b: usize, mark: &str| if b < 10 { format!("{b}") } else { format!("{}{mark}{:03}", b / 10, 100 * (b % 10)) };
    let whole = |b: usize| if b < 10 { b } else { 1000 * (b / 10) + 100 * (b % 10) };
    let plain = table(60, |_, b| whole(b).to_string());
    let fraction = table(60, |_, b| if b < 10 { b.to_string() } else { format!("{}.{}", b / 10, b % 10) });
    let semicolons = |text: String| text.replace(',', ";");
    let german = |text: String| text.replace('.', "_").replace(',', ";").replace('_', ",");
    let desk = Desk::with(&[("plain.csv", &plain), ("fraction.csv", &fraction)]);
    for (name, text, says) in [
        ("quoted.csv", table(60, |_, b| format!("\"{}\"", grouped(b, ","))), "marks between thousands taken off"),
        ("blank.csv", table(60, |_, b| grouped(b, " ")), "marks between thousands taken off"),
        ("tick.csv", table(60, |_, b| grouped(b, "'")), "marks between thousands taken off"),
        // Points in the rest of the table, so commas stand between thousands.
        ("english.csv", semicolons(table(60, |_, b| grouped(b, "_"))).replace('_', ","), "with a decimal point"),
        // Commas in the rest of the table, so points stand between thousands.
        ("german.csv", german(table(60, |_, b| grouped(b, "@"))).replace('@', "."), "with a decimal comma"),
    ] {
        desk.write(name, text);
        assert_eq!(trained(&desk, name), trained(&desk, "plain.csv"), "{name}");
        desk.fine(&format!("train {name} {LINE} --out run")).complains(&["'b' holds numbers", says]);
        assert_eq!(desk.fine(&format!("predict run {name}")).out, desk.fine("predict plain.csv.run plain.csv").out, "{name}");
    }
    // As a person says.
    let line = |decimal: &str| format!("train english.csv {LINE} --decimal {decimal} --out run");
    assert_eq!(hash(&desk.json(&line("point"))), trained(&desk, "plain.csv"));
    assert_eq!(hash(&desk.json(&line("comma"))), trained(&desk, "fraction.csv"));
}
