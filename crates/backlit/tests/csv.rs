//! Tables from text: what is understood, and what is refused with which words.

use backlit::data::{self, Reader, Table, read, read_csv, read_from};
use backlit::error::{Error, Kind};
use std::io::{self, Read};
use std::path::Path;

fn table(text: &str) -> Table {
    read_from(text.as_bytes(), "t.csv").unwrap_or_else(|error| panic!("{text:?}: {error}")).table
}

fn refused(text: impl AsRef<[u8]>) -> Error {
    let text = text.as_ref();
    let error = read_from(text, "t.csv").map(|reading| reading.table).expect_err(&String::from_utf8_lossy(text));
    assert_eq!((error.kind, error.file.as_deref()), (Kind::Data, Some("t.csv")), "{error}");
    error
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

#[test]
fn the_same_table_in_many_spellings() {
    let expected =
        Table { source: "t.csv".into(), columns: strings(&["a", "b"]), rows: 2, values: vec![1.0, -2.5, 3e2, 0.25], left_out: Vec::new() };
    for text in [
        "a,b\n1,-2.5\n3e2,.25\n",
        "a,b\n1,-2.5\n3e2,.25",
        "a,b\r\n1,-2.5\r\n3e2,.25\r\n\r\n  \r\n",
        "\u{feff}a,b\n1,-2.5\n3e2,.25\n\n\n",
        "\n \na;b\n1;-2.5\n3e2;.25\n",
        "a\tb\n1\t-2.5\n3e2\t.25\n",
        "a|b\n1|-2.5\n3e2|.25\n",
        " a , b \n 1 ,\t-2.5\n 3e2 , .25 \n",
        "\"a\",\"b\"\n\"1\",\"-2.5\"\n \"3e2\" , \".25\" \r\n",
        "a,b\r1,-2.5\r3e2,.25\r",
    ] {
        assert_eq!(table(text), expected, "{text:?}");
    }
}

#[test]
fn small_tables_are_tables() {
    assert_eq!((table("x\n7\n").columns, table("x\n7\n").values), (strings(&["x"]), vec![7.0]));
    let bare = read_from("1,2\n".as_bytes(), "t").unwrap();
    assert_eq!((bare.header, bare.table.columns, bare.table.rows, bare.delimiter), (false, strings(&["c0", "c1"]), 1, ','));
    assert!(bare.notes[0].contains("no header"), "{:?}", bare.notes);
    assert_eq!(table("5").values, [5.0]);
    assert_eq!(table("1\n2\n3\n\n").rows, 3);
}

#[test]
fn names_may_hold_anything() {
    let odd = table("\"a,b\",\"say \"\"so\"\"\",\"two\nlines\",ü 名\n1,2,3,4\n5,6,x,8\n".replace('x', "7").as_str());
    assert_eq!(odd.columns, strings(&["a,b", "say \"so\"", "two\nlines", "ü 名"]));
    // The header spans two lines, so row 1 stands on line 4.
    let error = refused("\"two\nlines\",b\n1,2\n3,oops\n");
    assert_eq!((error.row, error.column.as_deref()), (Some(1), Some("b")));
    assert!(error.message.starts_with("line 4: ") && error.message.contains("'oops'"), "{error}");
}

#[test]
fn a_comma_may_be_inside_quotes_of_another_delimiter() {
    assert_eq!(read_from("\"a,b,c\";d\n1;2\n".as_bytes(), "t").unwrap().delimiter, ';');
    assert_eq!(read_from("a b;c,d\n1;2\n3;4\n".as_bytes(), "t").unwrap().delimiter, ';');
    assert_eq!(read_from("5\" pipe;b\n1;2\n3;4\n".as_bytes(), "t").unwrap().table.columns, ["5\" pipe", "b"]);
    let error = refused("a;b\n1,5;2\n1;2\n");
    assert!(error.hint.unwrap().contains("decimal comma"));
}

#[test]
fn one_bad_cell_is_found_by_row_line_and_column() {
    for (cell, words) in [
        ("", "empty cell"),
        ("  ", "empty cell"),
        ("NA", "missing value"),
        ("nan", "finite number, came 'nan'"),
        ("-inf", "finite number, came '-inf'"),
        ("1e400", "at most 1.7976931348623157e308, came '1e400'"),
        ("abc", "expected a number, came 'abc'"),
        ("0x1F", "expected a number, came '0x1F'"),
    ] {
        let error = refused(format!("a,RM,c\n1,2,3\n\"4\",{cell},6\n7,8,9\n"));
        assert_eq!((error.row, error.column.as_deref()), (Some(1), Some("RM")), "{error}");
        assert!(error.message.starts_with("line 3: ") && error.message.contains(words), "{cell}: {error}");
        assert!(error.hint.is_some(), "{error}");
    }
    let several = refused("a,b\n1,\n,2\n3,nan\n");
    assert_eq!((several.row, several.column.as_deref()), (Some(0), Some("b")));
    assert!(several.message.ends_with("2 more cells are not finite numbers"), "{several}");
}

#[test]
fn text_columns_are_refused_by_name_all_at_once() {
    let error = refused("id,town,x,street\n1,Rome,5,A\n2,Oslo,6,B\n3,7,7,C\n");
    assert_eq!((error.row, error.column.clone()), (None, None));
    assert!(error.message.contains("'town' (2 of 3 rows, first 'Rome' in row 0, line 2)"), "{error}");
    assert!(error.message.contains("'street' (every row, first 'A' in row 0, line 2)"), "{error}");
    assert!(!error.message.contains("'x'") && !error.message.contains("'id'"), "{error}");
    assert!(error.hint.as_ref().unwrap().contains("drop the column"), "{error}");
    let one = refused("id,town\n1,Rome\n2,Oslo\n");
    assert_eq!(one.column.as_deref(), Some("town"));
    assert_eq!(refused("id,town\n1,Rome\n").column.as_deref(), Some("town"));
}

#[test]
fn broken_tables_say_how() {
    for (text, row, words) in [
        (&b""[..], None, "empty file"),
        (b"\xEF\xBB\xBF", None, "empty file"),
        (b" \n\n", None, "without any text"),
        (b"a,b\n", None, "header only"),
        (b"a,b\n1,2\n3\n", Some(1), "line 3: expected 2 cells, came 1"),
        (b"a,b\n1,2,3\n", Some(0), "line 2: expected 2 cells, came 3"),
        (b"1,2\n3,4\n5,6,7\n", Some(2), "line 3: expected 2 cells, came 3"),
        (b"a,b\n1,2\n\n3,4\n", Some(1), "line 3: expected a row of 2 cells, came an empty line"),
        (b"a\n1\n \n3\n", Some(1), "line 3: expected a row of 1 cell, came an empty line"),
        (b"a,b,a,b,c\n1,2,3,4,5\n", None, "came more than once: 'a', 'b'"),
        (b",a\n0,1\n", None, "line 1: expected a name for column 1 of 2"),
        (b"a,b\n1,\xFF\n", Some(0), "line 2: expected UTF-8, came the byte 0xFF at byte 2 of the line (byte 6 of the file)"),
        (b"a,\xC3\n1,2\n", None, "line 1, cell 2 of the line: expected UTF-8"),
        (b"a,b\n1,2\n3,\0\n", None, "line 3: expected text with delimiters, came a zero byte (byte 10)"),
        (b"PK\x03\x04rest", None, "spreadsheet"),
        (b"\xFF\xFEa\0,\0", None, "UTF-16"),
        (b"a,b\n1,\"2\n3,4\n", Some(0), "line 2: the quote that opens here is never closed"),
        (b"a,b\n1,\"2\"3\n", Some(0), "line 2: expected the delimiter after the closing quote"),
    ] {
        let error = refused(text);
        assert_eq!(error.row, row, "{error}");
        assert!(error.message.contains(words), "{error}");
    }
    assert_eq!(refused(b"a,b\n1,\xFF\n").column.as_deref(), Some("b"));
}

#[test]
fn a_zero_byte_or_a_long_cell_far_into_the_file_is_found() {
    let mut text = "a,b\n".to_string() + &"1,2\n".repeat(100_000);
    text += "3,\0\n";
    let error = refused(&text);
    assert_eq!((error.row, error.column.as_deref()), (Some(100_000), Some("b")));
    assert!(error.message.contains("line 100002") && error.hint.unwrap().contains("zero bytes"));
    let long = refused(format!("a,b\n1,{}\n3,4\n", "x".repeat(3_000_000)));
    assert_eq!((long.row, long.column.as_deref()), (Some(0), Some("b")));
    assert!(long.message.contains("(3000000 characters)") && long.message.len() < 200, "{}", long.message);
    assert!(refused(format!("{},b\n1,2\n", "x".repeat(70_000))).message.contains("at most 65536 bytes"));
}

/// Hands out a few bytes at a time, then fails or ends.
struct Slow<'a> {
    text: &'a [u8],
    step: usize,
    fails: bool,
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.text.is_empty() && self.fails {
            return Err(io::Error::other("the disk is gone"));
        }
        let count = self.step.min(self.text.len()).min(buffer.len());
        buffer[..count].copy_from_slice(&self.text[..count]);
        self.text = &self.text[count..];
        Ok(count)
    }
}

#[test]
fn reading_in_pieces_changes_nothing() {
    let mut text = "\"a \"\"x\"\"\",b\r\n".to_string();
    for i in 0..60_000 {
        text += &format!("{i},\"{}\"\r\n", i as f64 / 7.0);
    }
    let whole = table(&text);
    assert_eq!((whole.rows, whole.values[2 * 4321 + 1]), (60_000, 4321.0 / 7.0));
    for step in [7, 4093, 262_144] {
        let slow = Slow { text: text.as_bytes(), step, fails: false };
        assert_eq!(read_from(slow, "t.csv").unwrap().table, whole);
    }
    let error = read_from(Slow { text: text.as_bytes(), step: 100_000, fails: true }, "t.csv").unwrap_err();
    assert!(error.message.contains("the disk is gone") && error.message.contains(&format!("byte {}", text.len())), "{error}");
}

/// The csv crate is an independent reader of the same rules.
#[test]
fn agrees_with_the_csv_crate_on_random_tables() {
    let mut state = 1u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    for _ in 0..500 {
        let (rows, columns) = (1 + random(30), 2 + random(6));
        let end = ["\n", "\r\n"][random(2)];
        let mut text: String = (0..columns).map(|c| format!("\"n{c},\"\"{}\n\"", random(9))).collect::<Vec<_>>().join(",") + end;
        for _ in 0..rows {
            let mut cell = || {
                let number = (random(2_000_001) as f64 - 1e6) * 10f64.powi(random(40) as i32 - 20);
                if random(3) == 0 { format!("\"{number}\"") } else { format!("{number:e}") }
            };
            text += &((0..columns).map(|_| cell()).collect::<Vec<_>>().join(",") + end);
        }
        let got = table(&text);
        let mut other = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        assert_eq!(got.columns, other.headers().unwrap().iter().map(str::to_string).collect::<Vec<_>>());
        let values: Vec<f64> =
            other.records().flat_map(|record| record.unwrap().iter().map(|cell| cell.parse().unwrap()).collect::<Vec<f64>>()).collect();
        assert_eq!((got.rows, got.values), (rows, values));
    }
}

/// Whatever comes: a table or an error, and the same one wherever in the buffer it stands.
#[test]
fn no_text_is_too_odd() {
    let mut state = 7u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    let pieces: [&[u8]; 14] =
        [b"1", b",", b"\n", b"\"", b" ", b"\r\n", b"2,3\n", b"\"4\"", b"x", b"\0", b"\xFF", "é".as_bytes(), b"\"\"", b"1,2\n"];
    let rows = |count: usize| b"a,b\n".iter().copied().chain(b"1,2\n".repeat(count)).collect::<Vec<u8>>();
    let mut tables = 0;
    for _ in 0..300 {
        let tail: Vec<u8> =
            (0..random(12)).flat_map(|_| pieces[[random(14), random(14)].into_iter().min().unwrap_or(0)].to_vec()).collect();
        let _ = read_from(tail.as_slice(), "t.csv");
        let reading = |count: usize| read_from([rows(count), tail.clone()].concat().as_slice(), "t.csv");
        // 65 535 rows fill the first buffer.
        let (near, far) = (reading(40_000), reading(65_530 + random(8)));
        match (near, far) {
            (Ok(near), Ok(far)) => {
                tables += 1;
                let after = 2 * 40_000;
                assert_eq!(near.table.values[after..], far.table.values[far.table.values.len() + after - near.table.values.len()..]);
            }
            // A zero byte in the first buffer is found before any row is.
            (Err(_), Err(_)) if tail.contains(&0) => {}
            (Err(near), Err(far)) => assert_eq!((near.column, near.hint), (far.column, far.hint), "{tail:?}"),
            (near, far) => panic!("{tail:?}: {near:?} {far:?}"),
        }
    }
    assert!(tables > 20, "{tables}");
}

/// A quote that is never closed must not swallow the memory.
#[test]
fn an_endless_cell_is_refused() {
    let endless = (&b"a,b\n1,\""[..]).chain(io::repeat(b'x'));
    let error = read_from(endless, "t.csv").unwrap_err();
    assert!(error.message.starts_with("line 2: expected a line of at most 268435456 bytes"), "{error}");
}

#[test]
fn files_that_are_none() {
    let directory = tempfile::tempdir().unwrap();
    let missing = read_csv(&directory.path().join("no.csv")).unwrap_err();
    assert!(missing.kind == Kind::Data && missing.file.as_ref().unwrap().ends_with("no.csv"));
    assert!(missing.hint.unwrap().contains("houses"));
    let folder = read_csv(directory.path()).unwrap_err();
    assert!(folder.kind == Kind::Data && folder.message.contains("directory"), "{folder}");
    let path = directory.path().join("t.csv");
    std::fs::write(&path, "a;b\n1;2\n").unwrap();
    let reading = read(&path).unwrap();
    assert_eq!((reading.delimiter, reading.header, reading.table.source.as_str()), (';', true, path.to_str().unwrap()));
    assert!(read(Path::new("")).is_err());
}

#[test]
fn columns_are_found_by_name_in_any_order() {
    let table = table("CRIM,RM,MEDV\n1,2,3\n4,5,6\n");
    assert_eq!(table.index("RM").unwrap(), 1);
    assert_eq!(table.take(&strings(&["MEDV", "CRIM"])).unwrap(), [3.0, 1.0, 6.0, 4.0]);
    assert_eq!(table.without(&strings(&["RM"])), ["CRIM", "MEDV"]);
    let near = table.index("MEDC").unwrap_err();
    assert_eq!((near.kind, near.column.as_deref()), (Kind::Data, Some("MEDC")));
    assert_eq!(near.hint.as_deref(), Some("did you mean 'MEDV'? Its columns are 'CRIM', 'RM', 'MEDV'"));
    let far = table.take(&strings(&["zzzzzz", "RM", "qqqqqq"])).unwrap_err();
    assert!(far.message.contains("2 columns are not there: 'zzzzzz', 'qqqqqq'"), "{far}");
}

#[test]
fn bundled_tables_are_whole() {
    let houses = data::bundled("houses").unwrap();
    assert_eq!((houses.rows, houses.columns.len(), houses.source.as_str()), (506, 14, "houses"));
    let prices = houses.take(&strings(&["MEDV"])).unwrap();
    // The mean that the literature gives for MEDV is 22.533 (rounded).
    assert_eq!(format!("{:.3}", prices.iter().sum::<f64>() / 506.0), "22.533");
    let digits = data::bundled("digits").unwrap();
    assert_eq!((digits.rows, digits.columns.len()), (1797, 65));
    assert!(digits.values.iter().all(|x| (0.0..=16.0).contains(x)));
    assert!(data::note("houses").unwrap().contains("race") && data::note("digits").is_none());
    assert_eq!(data::bundled("iris").unwrap_err().kind, Kind::Usage);
}

/// Rows in blocks of every size, or the error that all at once give.
#[test]
fn blocks_are_the_table_in_pieces() {
    let in_blocks = |text: &str, most: usize| {
        let mut reader = Reader::new(text.as_bytes(), "t.csv")?;
        let mut blocks: Vec<Vec<f64>> = Vec::new();
        loop {
            let mut block = Vec::new();
            match reader.next(most, &mut block)? {
                0 => return Ok::<_, Error>((reader.columns, blocks)),
                rows => assert!(rows <= most && rows * reader.columns.len() == block.len(), "{text:?}"),
            }
            blocks.push(block);
        }
    };
    for text in ["a,b\n1,2\n3,4\n5,6\n7,8\n9,0\n", "1,2\n3,4\n5,6\n7,8\n9,0\n\n", "a\n1\n", "7"] {
        let whole = table(text);
        for most in 1..7 {
            let (columns, blocks) = in_blocks(text, most).unwrap();
            assert_eq!((columns, blocks.concat(), blocks.len()), (whole.columns.clone(), whole.values.clone(), whole.rows.div_ceil(most)));
        }
    }
    for text in
        ["a,b\n", "a,b\n1,2\n3,x\n5,6\n7,y\n", "1,2\n3,\n5,\n7,8\n", ",2\n1,2\n", "a,b\n1,2\n3,4\n5\n", "a\n1\n2\n\n3\n", "a,b\n1,\"2\n"]
    {
        for most in 1..7 {
            assert_eq!(in_blocks(text, most).unwrap_err(), refused(text), "{text:?} by {most}");
        }
    }
    let mut kept = vec![0.5];
    assert_eq!(Reader::new("a\n1\n2\n".as_bytes(), "t.csv").unwrap().next(9, &mut kept).unwrap(), 2);
    assert_eq!(kept, [0.5, 1.0, 2.0]);
}
