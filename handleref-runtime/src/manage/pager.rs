//! Where the answer goes: the terminal, its pager, or a pipe.

use super::args::Color;
use anstream::{AutoStream, ColorChoice};
use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};

/// Prints a text, through a pager if it is longer than the terminal and a terminal reads it.
pub(super) fn print(text: &str, color: Color, paged: bool) -> io::Result<()> {
    let terminal = io::stdout().is_terminal();
    let rows = terminal_size::terminal_size().map_or(usize::MAX, |(_, rows)| rows.0.into());
    if paged && terminal && text.lines().count() >= rows && through_pager(text, color)? {
        return Ok(());
    }
    stream(text, color).map(drop)
}

/// Prints a part of what goes on. `false` if who reads has seen enough.
pub(super) fn stream(text: &str, color: Color) -> io::Result<bool> {
    let choice = match color {
        Color::Always => ColorChoice::AlwaysAnsi,
        Color::Never => ColorChoice::Never,
        Color::Auto => AutoStream::choice(&io::stdout()),
    };
    let mut out = AutoStream::new(io::stdout().lock(), choice);
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => other.map(|()| true),
    }
}

/// As git does: `HANDLEREF_PAGER`, `PAGER`, `less`; with options for `less` that leave what
/// fits on the screen, and its colours. `false` if there is no pager.
fn through_pager(text: &str, color: Color) -> io::Result<bool> {
    let named = ["HANDLEREF_PAGER", "PAGER"]
        .iter()
        .find_map(|it| std::env::var(it).ok());
    let pager = named.unwrap_or_else(|| "less".to_owned());
    if pager.is_empty() || pager == "cat" {
        return Ok(false);
    }
    let plain = matches!(color, Color::Never)
        || matches!(AutoStream::choice(&io::stdout()), ColorChoice::Never);
    let text = match plain {
        true => anstream::adapter::strip_str(text).to_string(),
        false => text.to_owned(),
    };
    let mut command = Command::new("sh");
    command.args(["-c", &pager]).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.spawn() else {
        return Ok(false);
    };
    if let Some(mut input) = child.stdin.take() {
        // It may be left before the end.
        let _ = input.write_all(text.as_bytes());
    }
    // 127: the shell has not found it.
    Ok(child.wait()?.code() != Some(127))
}
