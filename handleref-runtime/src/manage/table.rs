//! Columns under heads, as wide as they need to be, and not wider than the terminal.

use super::page::{Page, Span};
use super::style::HEAD;

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column<'h> {
    pub(super) head: &'h str,
    /// Whether numbers are in it, which end at its right side.
    pub(super) right: bool,
    /// Whether it may be cut where the terminal is narrow; the widest ones first.
    pub(super) shrinks: bool,
}

impl<'h> Column<'h> {
    pub(super) const fn text(head: &'h str) -> Self {
        Self {
            head,
            right: false,
            shrinks: false,
        }
    }
    pub(super) const fn number(head: &'h str) -> Self {
        Self {
            right: true,
            ..Self::text(head)
        }
    }
    /// May be cut.
    pub(super) const fn shrinks(mut self) -> Self {
        self.shrinks = true;
        self
    }
}

/// The narrowest that a column is made.
const LEAST: usize = 6;

/// Puts a table onto a page.
pub(super) fn table(page: &mut Page, columns: &[Column<'_>], rows: Vec<Vec<Span>>) {
    let heads = columns.iter().map(|it| Span::new(it.head, HEAD)).collect();
    let mut all: Vec<Vec<Span>> = vec![heads];
    all.extend(rows);
    let widths = widths(columns, &all, page.width());
    for row in all {
        let mut line = Vec::new();
        for ((span, column), width) in row.into_iter().zip(columns).zip(&widths) {
            let span = span.fit(*width);
            let pad = " ".repeat(width - span.width());
            if !line.is_empty() {
                line.push(Span::plain("  "));
            }
            match column.right {
                true => line.extend([Span::plain(pad), span]),
                false => line.extend([span, Span::plain(pad)]),
            }
        }
        page.spans(&line);
    }
}

fn widths(columns: &[Column<'_>], rows: &[Vec<Span>], most: usize) -> Vec<usize> {
    let widest = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        cells.map(Span::width).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..columns.len()).map(widest).collect();
    let gaps = 2 * columns.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > most {
        let shrinking = widths
            .iter_mut()
            .zip(columns)
            .filter(|(width, column)| column.shrinks && **width > LEAST);
        match shrinking.max_by_key(|(width, _)| **width) {
            Some((width, _)) => *width -= 1,
            None => break,
        }
    }
    widths
}
