//! The order in which rows are changed back.

use super::super::net::{Net, StateAt};
use crate::history::fields::Metadata;
use crate::schema::ForeignKey;
use std::collections::HashMap;

/// A row that is changed back, and the foreign keys of its table.
pub(super) struct Item<'a> {
    pub(super) facts: Metadata,
    pub(super) net: &'a Net,
    pub(super) foreign: &'a [ForeignKey],
}

/// The reverse order of the last records, but so that a row is inserted before
/// those that refer to it, and deleted after them: what one statement did is
/// recorded in any order. Gives places in `items`.
pub(super) fn order(items: &[Item<'_>]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..items.len()).collect();
    places.sort_by_key(|at| std::cmp::Reverse(items[*at].net.last));
    let first = dependencies(items);
    let (mut done, mut seen) = (Vec::with_capacity(items.len()), vec![false; items.len()]);
    for place in places {
        // A stack instead of recursion: chains may be long. Circles end at what
        // was seen already.
        let mut stack = vec![(place, false)];
        while let Some((at, ready)) = stack.pop() {
            if ready {
                done.push(at);
                continue;
            }
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            stack.push((at, true));
            stack.extend(first[at].iter().rev().map(|before| (*before, false)));
        }
    }
    done
}

/// A row by the table and the values of some columns.
type Address = (String, String);

fn address(facts: &Metadata, table: &str, state: &StateAt, columns: &[&str]) -> Option<Address> {
    let mut text = String::new();
    for column in columns {
        let value = state.values.get(facts.at(column)?)?;
        if value.is_null() {
            return None;
        }
        text.push_str(&value.to_string());
        text.push('\n');
    }
    let columns = columns.join("\n");
    Some((format!("{table}\n{columns}"), text))
}

/// For each row those that have to come before it.
fn dependencies(items: &[Item<'_>]) -> Vec<Vec<usize>> {
    let mut first: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    let (mut inserted, mut deleted) = (HashMap::new(), HashMap::new());
    for foreign in items.iter().flat_map(|item| item.foreign) {
        let to: Vec<&str> = foreign.columns.iter().map(|(_, to)| to.as_str()).collect();
        for (at, item) in items.iter().enumerate() {
            if item.facts.model.table != foreign.table {
                continue;
            }
            let address = |state: &StateAt| address(&item.facts, &foreign.table, state, &to);
            match (&item.net.before, &item.net.after) {
                (Some(before), None) => inserted.extend(address(before).map(|it| (it, at))),
                (None, Some(after)) => deleted.extend(address(after).map(|it| (it, at))),
                _ => {}
            }
        }
    }
    for (at, item) in items.iter().enumerate() {
        for foreign in item.foreign {
            let (from, to): (Vec<&str>, Vec<&str>) = foreign
                .columns
                .iter()
                .map(|(from, to)| (from.as_str(), to.as_str()))
                .unzip();
            let parent = |state: &StateAt| {
                let (_, values) = address(&item.facts, &foreign.table, state, &from)?;
                Some((format!("{}\n{}", foreign.table, to.join("\n")), values))
            };
            let before = item.net.before.as_ref().and_then(parent);
            if let Some(parent) = before.and_then(|it| inserted.get(&it))
                && *parent != at
            {
                first[at].push(*parent);
            }
            let after = item.net.after.as_ref().and_then(parent);
            if let Some(parent) = after.and_then(|it| deleted.get(&it))
                && *parent != at
            {
                first[*parent].push(at);
            }
        }
    }
    first
}
