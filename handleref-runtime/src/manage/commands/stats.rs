//! `stats`: how much there is, how fast it grows, and who writes.

use super::{Answer, Answered, Context};
use crate::manage::act::models;
use crate::manage::filter::time;
use crate::manage::page::{Page, Span};
use crate::manage::style::{DIM, GOOD, HEAD};
use crate::manage::table::{Column, table};
use crate::manage::value;
use crate::manage::wait::now;
use crate::registry::{ModelStats, Stats, Writer, stats};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    /// Only these models
    #[arg(value_name = "MODEL")]
    models: Vec<String>,
    /// Days and writers from this time on: `30d` (ago), `2026-11-25`, RFC 3339
    #[arg(long, value_name = "TIME", default_value = "30d")]
    since: String,
}

struct Shown {
    stats: Stats,
    until: DateTime<Utc>,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let since = time(&args.since)?;
    let registry = context.registry()?;
    let wanted = models(&registry, &args.models)?;
    let stats = now(stats(context.read()?, &wanted, since))?;
    let until = Utc::now();
    Ok(Some(Box::new(Shown { stats, until })))
}

impl Answer for Shown {
    fn data(&self) -> Value {
        json!(self.stats)
    }

    fn show(&self, page: &mut Page) {
        // What is not needed most goes first.
        let width = page.width();
        let (per_row, bytes) = (width >= 70, self.knows_bytes() && width >= 70);
        let cells = if width >= 80 { 15 } else { 8 };
        let mut columns = vec![
            Column::text("MODEL").shrinks(),
            Column::number("ROWS"),
            Column::number("DELETED"),
            Column::number("RECORDS"),
        ];
        columns.extend(per_row.then_some(Column::number("PER ROW")));
        columns.extend(bytes.then_some(Column::number("BYTES")));
        columns.extend([Column::text("BY DAY"), Column::number("+/DAY")]);
        let rows = self.stats.models.iter().map(|it| {
            let mut row = vec![
                Span::new(it.model, HEAD),
                Span::plain(value::count(it.rows)),
                Span::plain(value::count(it.deleted)),
                Span::plain(value::count(it.records)),
            ];
            row.extend(per_row.then(|| Span::plain(ratio(it.records, it.rows))));
            row.extend(bytes.then(|| Span::plain(it.bytes.map_or("–".to_owned(), size))));
            let counts = self.counts(it);
            row.push(Span::new(sparkline(&counts, cells), GOOD));
            let sum: i64 = counts.iter().sum();
            let days = i64::try_from(counts.len()).unwrap_or(i64::MAX);
            row.push(Span::plain(ratio(sum, days)));
            row
        });
        table(page, &columns, rows.collect());
        page.blank();
        self.writers(page);
        self.footer(page);
    }
}

impl Shown {
    fn knows_bytes(&self) -> bool {
        self.stats.models.iter().any(|it| it.bytes.is_some())
    }

    /// How many records of each day there are.
    fn counts(&self, model: &ModelStats) -> Vec<i64> {
        let first = self.stats.since.date_naive();
        let last = self.until.date_naive().max(first);
        // What is older than all records needs no cell.
        let oldest = model.oldest.map(|it| it.date_naive());
        let long = (last - first).num_days() > 366;
        let first = match oldest {
            Some(oldest) if long => first.max(oldest.min(last)),
            _ => first,
        };
        let at = |day: NaiveDate| usize::try_from((day - first).num_days()).ok();
        let mut counts = vec![0; at(last).unwrap_or(0) + 1];
        for day in &model.days {
            if let Some(count) = at(day.day).and_then(|at| counts.get_mut(at)) {
                *count += day.records;
            }
        }
        counts
    }

    fn writers(&self, page: &mut Page) {
        let all: i64 = self.stats.writers.iter().map(|it| it.records).sum();
        if all == 0 {
            return;
        }
        let percent = |records: i64| match records * 100 / all {
            0 => "< 1 %".to_owned(),
            percent => format!("{percent} %"),
        };
        let (shown, rest) = self.stats.writers.split_at(self.stats.writers.len().min(4));
        let mut texts: Vec<String> = shown
            .iter()
            .map(|it| format!("{} {}", name(it), percent(it.records)))
            .collect();
        let rest: i64 = rest.iter().map(|it| it.records).sum();
        if rest > 0 {
            texts.push(format!("others {}", percent(rest)));
        }
        page.line(format!("by whom {}", texts.join(" · ")));
    }

    fn footer(&self, page: &mut Page) {
        let oldest = self.stats.models.iter().filter_map(|it| it.oldest).min();
        let oldest = oldest.map_or("no record".to_owned(), |it| {
            format!("oldest record {}", it.format("%Y-%m-%d"))
        });
        let holds: usize = self.stats.models.iter().map(|it| it.holds).sum();
        let days = (self.until - self.stats.since + TimeDelta::seconds(1)).num_days();
        page.styled(
            format!(
                "since {} ({days} d) · {oldest} · holds {holds}",
                self.stats.since.format("%Y-%m-%d")
            ),
            DIM,
        );
    }
}

fn name(writer: &Writer) -> String {
    match (&writer.actor, writer.in_changesets) {
        (Some(actor), _) => crate::manage::page::fit(&actor.to_string(), 24),
        (None, true) => "(no actor)".to_owned(),
        (None, false) => "(past the application)".to_owned(),
    }
}

/// `2.4`; big ones without a digit behind the point.
fn ratio(many: i64, of: i64) -> String {
    if of <= 0 {
        return "–".to_owned();
    }
    let tenths = (many.saturating_mul(10) + of / 2) / of;
    match tenths {
        0 if many > 0 => "< 0.1".to_owned(),
        0 => "0".to_owned(),
        1..1_000 => format!("{}.{}", tenths / 10, tenths % 10),
        _ => value::count(tenths / 10),
    }
}

/// `118 MB`
fn size(bytes: i64) -> String {
    let units = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    let unit = units.into_iter().find(|(size, _)| bytes >= *size);
    match unit {
        Some((size, unit)) => format!("{} {unit}", ratio(bytes, size)),
        None => format!("{bytes} B"),
    }
}

/// A bar for each part of some days, as high as it has records.
fn sparkline(counts: &[i64], cells: usize) -> String {
    let cells = cells.min(counts.len()).max(1);
    let mut sums = vec![0_i64; cells];
    for (at, count) in counts.iter().enumerate() {
        if let Some(sum) = sums.get_mut(at * cells / counts.len()) {
            *sum += count;
        }
    }
    let most = sums.iter().copied().max().unwrap_or(0).max(1);
    let bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let bar = |sum: i64| {
        // What is there is seen, however little it is.
        let height = (sum.saturating_mul(7) + most - 1) / most;
        let height = usize::try_from(height).unwrap_or(0);
        bars.get(height).copied().unwrap_or('█')
    };
    sums.into_iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_numbers() {
        assert_eq!(sparkline(&[0, 1, 100, 50], 15), "▁▂█▅");
        assert_eq!(sparkline(&[0, 0, 1, 1, 4, 4], 3), "▁▃█");
        assert_eq!(sparkline(&[0], 8), "▁");
        assert_eq!(sparkline(&[], 8), "▁");
        assert_eq!(ratio(24, 10), "2.4");
        assert_eq!(ratio(1, 0), "–");
        assert_eq!(ratio(1, 300), "< 0.1");
        assert_eq!(ratio(69_300, 30), "2,310");
        assert_eq!(size(118_000_000), "118 MB");
        assert_eq!(size(80_400), "80.4 kB");
        assert_eq!(size(12), "12 B");
    }
}
