//! Signals that do not end the program.

/// Where a file may not grow any further, writing says so, and the signal beside it is not heard. Of a program that began deaf to a hangup, as
/// under `nohup`, none is heard either: whoever listens for Ctrl-C would hear it again.
#[cfg(unix)]
pub fn hold() {
    use nix::sys::signal::{SigSet, Signal};
    let mut held = SigSet::empty();
    held.add(Signal::SIGXFSZ);
    if is_ignored(Signal::SIGHUP as u32) {
        held.add(Signal::SIGHUP);
    }
    // Without it these signals end the program, as they do by default.
    let _ = held.thread_block();
}

#[cfg(not(unix))]
pub fn hold() {}

/// Whether the program began with this signal ignored, where the system tells.
#[cfg(unix)]
fn is_ignored(signal: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
