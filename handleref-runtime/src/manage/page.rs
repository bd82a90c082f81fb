//! What is shown to people: lines, which the terminal is as wide as.

use super::style::PLAIN;
use anstyle::Style;
use std::fmt::Write;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The text that a command shows.
#[derive(Debug)]
pub(super) struct Page {
    width: usize,
    out: String,
}

/// A piece of a line.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) style: Style,
}

impl Span {
    /// A text of the database's or a user's: what a terminal would obey is shown instead.
    pub(super) fn new(text: impl AsRef<str>, style: Style) -> Self {
        Self {
            text: harmless(text.as_ref()),
            style,
        }
    }

    pub(super) fn plain(text: impl AsRef<str>) -> Self {
        Self::new(text, PLAIN)
    }

    pub(super) fn width(&self) -> usize {
        self.text.width()
    }

    /// Not wider than that.
    pub(super) fn fit(mut self, width: usize) -> Self {
        self.text = fit(&self.text, width);
        self
    }
}

impl Page {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width: width.max(40),
            out: String::new(),
        }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// One line of plain text, wrapped at blanks where it is too long.
    pub(super) fn line(&mut self, text: impl AsRef<str>) {
        self.styled(text, PLAIN);
    }

    /// The same in a style.
    pub(super) fn styled(&mut self, text: impl AsRef<str>, style: Style) {
        for line in wrap(&harmless(text.as_ref()), self.width) {
            self.spans(&[Span::new(line, style)]);
        }
    }

    /// A text that must stay one line whatever its length, to be copied: a command, a
    /// statement. Its own ends of lines are kept.
    pub(super) fn verbatim(&mut self, text: &str) {
        for line in text.lines() {
            self.out.push_str(&harmless(line));
            self.out.push('\n');
        }
    }

    /// A line of several pieces, cut at the width.
    pub(super) fn spans(&mut self, spans: &[Span]) {
        let mut left = self.width;
        let mut line = String::new();
        for span in spans {
            let text = fit(&span.text, left);
            left -= text.width().min(left);
            let style = span.style;
            // To write into a String cannot fail.
            let _ = write!(line, "{style}{text}{style:#}");
        }
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    pub(super) fn blank(&mut self) {
        self.out.push('\n');
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

/// Without characters that a terminal would obey.
pub(super) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => out.push('⏎'),
            '\t' => out.push(' '),
            // Bidirectional overrides reorder what is read.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
            }
            _ if character.is_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out
}

/// Not wider than that; what is cut ends in `…`.
pub(super) fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut left = width.saturating_sub(1);
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if wide > left {
            break;
        }
        left -= wide;
        out.push(character);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

/// Lines of at most this width, broken at blanks.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let indent: String = text.chars().take_while(|it| *it == ' ').collect();
    let mut lines = Vec::new();
    let mut line = indent.clone();
    for word in text.split_whitespace() {
        let first = line.trim().is_empty();
        let needed = line.width() + usize::from(!first) + word.width();
        if needed > width && !first {
            lines.push(std::mem::replace(&mut line, format!("{indent}  ")));
        } else if !first {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}
