//! Fields that changed, and who changed them, as lines.

use super::page::{Page, Span};
use super::style::{DIM, NEW, OLD, PLAIN};
use super::value;
use crate::changeset::Changeset;
use crate::history::FieldChange;
use unicode_width::UnicodeWidthStr;

/// What stands where a value is not known to anybody any more, or must not be.
pub(super) const REDACTED: &str = "‹redacted›";

/// The values of a row that was not there before.
pub(super) fn inserted(page: &mut Page, changes: &[FieldChange]) {
    let told = || changes.iter().filter(|it| it.redacted || !it.new.is_null());
    let wide = told().map(|it| it.field.width()).max().unwrap_or(0);
    for change in told() {
        let pad = " ".repeat(wide - change.field.width());
        let name = Span::plain(format!("    {}{pad}  ", change.field));
        match change.redacted {
            true => page.spans(&[name, Span::new(REDACTED, DIM)]),
            false => page.spans(&[name, Span::new(value::text(&change.new), NEW)]),
        }
    }
}

/// A line for each field, in line with each other.
pub(super) fn fields(page: &mut Page, changes: &[FieldChange], full: bool) {
    let wide = changes.iter().map(|it| it.field.width()).max().unwrap_or(0);
    let room = page.width().saturating_sub(4 + wide + 2);
    // As wide as the widest value before, so that arrows are under each other.
    let told = changes.iter().filter(|it| !it.redacted);
    let old = told.map(|it| value::text(&it.old).width()).max();
    let old = old.unwrap_or(0).min(room.saturating_sub(3) / 2);
    for change in changes {
        let pad = " ".repeat(wide - change.field.width());
        let name = Span::plain(format!("    {}{pad}  ", change.field));
        if change.redacted {
            page.spans(&[name, Span::new(REDACTED, DIM), Span::plain(" changed")]);
            continue;
        }
        if full {
            lines(page, &name, change);
            continue;
        }
        let before = Span::new(value::text(&change.old), OLD).fit(old);
        let pad = " ".repeat(old.saturating_sub(before.width()));
        page.spans(&[
            name,
            before,
            Span::plain(format!("{pad} → ")),
            Span::new(value::text(&change.new), NEW),
        ]);
    }
}

/// The whole of both values, each on lines of its own if they are long.
fn lines(page: &mut Page, name: &Span, change: &FieldChange) {
    let (old, new) = (value::text(&change.old), value::text(&change.new));
    if name.width() + old.width() + 3 + new.width() <= page.width() && !(old + &new).contains('\n')
    {
        page.spans(&[
            name.clone(),
            Span::new(value::text(&change.old), OLD),
            Span::plain(" → "),
            Span::new(value::text(&change.new), NEW),
        ]);
        return;
    }
    page.spans(std::slice::from_ref(name));
    for (sign, value, style) in [("- ", &change.old, OLD), ("+ ", &change.new, NEW)] {
        if value.is_null() {
            continue;
        }
        for line in value::text(value).lines() {
            page.styled(format!("      {sign}{line}"), style);
        }
    }
}

/// Why: the first line of a comment, or all of them.
pub(super) fn comment(page: &mut Page, changeset: &Changeset, full: bool) {
    let Some(comment) = &changeset.comment else {
        return;
    };
    if full {
        for line in format!("\"{}\"", comment.trim_end()).lines() {
            page.styled(format!("    {line}"), PLAIN);
        }
        return;
    }
    page.styled(format!("    \"{}\"", first_line(comment)), PLAIN);
}

/// The first line of a text; what is left out is a `…`.
pub(super) fn first_line(text: &str) -> String {
    let text = text.trim();
    match text.split_once('\n') {
        Some((first, _)) => format!("{} …", first.trim_end()),
        None => text.to_owned(),
    }
}

/// Who; `–` if nobody says so.
pub(super) fn actor(changeset: Option<&Changeset>) -> String {
    let actor = changeset.and_then(|it| it.actor.as_ref());
    actor.map_or("–".to_owned(), ToString::to_string)
}
