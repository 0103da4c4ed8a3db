//! The command line of Backlit: one file a command; each parses, calls the library and renders.

#![forbid(unsafe_code)]

mod arguments;
mod commands;
mod output;
mod pages;
mod progress;
mod signals;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    signals::hold();
    let wants_json = std::env::args_os().any(|argument| argument == "--json");
    let arguments = match arguments::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::usage(&error, wants_json),
    };
    let screen = output::Screen::new(&arguments.common);
    match commands::run(arguments.command, &arguments.common, &screen) {
        Ok(code) => ExitCode::from(code),
        Err(error) => screen.error(&error),
    }
}
