//! What a command leaves alone: the files that it reads, and itself where a signal is not meant for it.

mod support;

use support::Desk;

#[test]
fn no_output_takes_the_place_of_what_is_read() {
    let desk = Desk::with(&[("mazur.toml", include_str!("../../../examples/mazur.toml"))]);
    desk.fine("train houses --epochs 2 --out run");
    desk.write("table.csv", include_str!("support/units.csv"));
    desk.fine("train table.csv --target price --epochs 2 --out units");
    #[cfg(unix)]
    std::os::unix::fs::symlink(desk.path("table.csv"), desk.path("link.csv")).expect("a link");
    let files = ["run/model.safetensors", "units/model.safetensors", "table.csv", "mazur.toml"];
    let before = files.map(|file| desk.bytes(file));
    let mut lines = vec![
        "predict run houses -o run/model.safetensors",
        "predict run/model.safetensors houses -o ./run/../run/model.safetensors",
        "predict units table.csv -o table.csv",
        "explain run --row 3 -o run/model.safetensors",
        "explain mazur.toml -p w1 -o mazur.toml",
        "worksheet mazur.toml -o mazur.toml",
        "worksheet mazur.toml --answers mazur.toml",
        "worksheet -o sheet.md --answers sheet.md",
    ];
    if cfg!(unix) {
        lines.extend(["predict units table.csv -o link.csv", "predict units link.csv -o table.csv"]);
    }
    for line in lines {
        let told = desk.run(line);
        told.expect(2);
        told.complains(&["try: another name behind -o"]);
    }
    assert_eq!(files.map(|file| desk.bytes(file)), before);
    assert!(!desk.path("sheet.md").exists());
    // A file that is there and not read may be written anew.
    desk.fine("predict run houses -o sheet.csv");
    desk.fine("predict run houses -o sheet.csv");
}

/// A shell that sets something and becomes the program.
#[cfg(target_os = "linux")]
fn through_a_shell(desk: &Desk, first: &str, line: &str) -> std::process::Child {
    let program = env!("CARGO_BIN_EXE_backlit");
    let mut shell = std::process::Command::new("sh");
    shell.current_dir(desk.path("")).args(["-c", &format!("{first}; exec {program} {line}")]);
    shell.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().expect("a shell")
}

#[cfg(target_os = "linux")]
#[test]
fn a_training_that_is_deaf_to_a_hangup_goes_on() {
    let desk = Desk::new();
    // Where the tests themselves are deaf to it, so is every program that they begin.
    let status = std::fs::read_to_string("/proc/self/status").expect("a process");
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask");
    let is_deaf = u64::from_str_radix(ignored.trim(), 16).expect("a mask") & 1 == 1;
    for (first, code) in [("trap '' HUP", 0), ("true", if is_deaf { 0 } else { 130 })] {
        let _ = std::fs::remove_dir_all(desk.path("run"));
        let line = "train houses --recipe plain --epochs 400 --checkpoint-every 3 --out run";
        let mut child = through_a_shell(&desk, first, line);
        while !desk.path("run/checkpoint.previous.safetensors").exists() {
            assert_eq!(child.try_wait().expect("a process"), None, "it ended before it was reached");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let sent = std::process::Command::new("kill").args(["-HUP", &child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
        assert_eq!(child.wait().expect("an end").code(), Some(code), "{first}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_limit_on_the_size_of_files_is_an_error() {
    let desk = Desk::new();
    for line in ["train houses --recipe plain --epochs 2 --out run", "predict model.safetensors houses -o new.csv"] {
        let told = through_a_shell(&desk, "ulimit -f 2", line).wait_with_output().expect("an end");
        let err = String::from_utf8_lossy(&told.stderr);
        assert_eq!(told.status.code(), Some(1), "{err}");
        assert!(err.contains("File too large") && err.contains("try: "), "{err}");
        let left = desk.everything().into_iter().filter(|path| path.to_string_lossy().ends_with(".partial")).count();
        assert_eq!(left, 0);
        desk.fine("train houses --epochs 2 --out whole");
        desk.write("model.safetensors", desk.bytes("whole/model.safetensors"));
    }
}
