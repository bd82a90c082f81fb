//! Numbered lines: rows, and what becomes of them.

use crate::history::FieldChange;
use crate::manage::page::{Page, Span, wrap};
use crate::manage::style::{DIM, NEW, OLD};
use crate::manage::value;
use unicode_width::UnicodeWidthStr;

/// A field, if it is one, and what becomes of it.
pub(super) type Text = (String, Vec<Span>);

/// What is done to a row.
pub(super) struct Line {
    pub(super) word: Span,
    /// The row.
    pub(super) name: String,
    pub(super) texts: Vec<Text>,
}

/// A field, and `old → new`.
pub(in crate::manage::commands) fn change(change: &FieldChange) -> Text {
    let spans = match change.redacted {
        true => vec![Span::new("changes; its values are redacted", DIM)],
        false => vec![
            Span::new(value::text(&change.old), OLD),
            Span::plain(" → "),
            Span::new(value::text(&change.new), NEW),
        ],
    };
    (change.field.to_owned(), spans)
}

/// Numbered lines: what is done, the row, the field, and what becomes of it, wrapped in its
/// own column.
pub(super) fn table(page: &mut Page, lines: &[Line]) {
    let words = lines.iter().map(|line| line.word.width()).max();
    let names = lines.iter().map(|line| line.name.width()).max();
    let (words, names) = (words.unwrap_or(0), names.unwrap_or(0));
    let fields = lines.iter().flat_map(|line| &line.texts);
    let fields = fields.map(|(field, _)| field.width()).max().unwrap_or(0);
    for (at, Line { word, name, texts }) in lines.iter().enumerate() {
        let number = format!("{:>3}  ", at + 1);
        let mut head = vec![
            Span::new(&number, DIM),
            word.clone(),
            Span::plain(" ".repeat(words - word.width() + 2)),
            Span::plain(format!("{name}{}", " ".repeat(names - name.width() + 2))),
        ];
        let indent: usize = head.iter().map(Span::width).sum();
        for (field, text) in texts {
            let begin = std::mem::replace(&mut head, vec![Span::plain(" ".repeat(indent))]);
            let beside = match (field.is_empty(), fields) {
                (true, _) | (_, 0) => String::new(),
                (false, _) => format!("{field}{}", " ".repeat(fields - field.width() + 2)),
            };
            let room = page.width().saturating_sub(indent + beside.width()).max(12);
            let spans = match text.as_slice() {
                [one] => {
                    let parts = wrap(&one.text, room).into_iter();
                    parts
                        .map(|part| vec![Span::new(part.trim(), one.style)])
                        .collect()
                }
                many => vec![many.to_vec()],
            };
            let mut begin = Some((begin, beside.clone()));
            for line in spans {
                let (mut whole, beside) = begin.take().unwrap_or_else(|| {
                    let blank = " ".repeat(indent + beside.width());
                    (vec![Span::plain(blank)], String::new())
                });
                whole.push(Span::plain(beside));
                whole.extend(line);
                page.spans(&whole);
            }
        }
        if texts.is_empty() {
            page.spans(&head);
        }
    }
}
