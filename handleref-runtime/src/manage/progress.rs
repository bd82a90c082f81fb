//! How far long work is: a bar on a terminal, otherwise a line now and then; on the standard
//! error, so that the answer can be piped.

use super::page::harmless;
use super::value::count;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};
use unicode_width::UnicodeWidthStr;

/// How long a batch may hold its locks.
const BATCH: Duration = Duration::from_millis(200);
/// How often a bar is drawn anew, and how often a line is written where no terminal is.
const DRAW: Duration = Duration::from_millis(100);
const LINE: Duration = Duration::from_secs(10);
/// Between the brackets.
const CELLS: usize = 18;

/// How many rows the next batch has: as many as are done in a fifth of a second.
#[derive(Debug)]
pub(super) struct Pace {
    size: u32,
    most: u32,
}

impl Pace {
    /// At most so many.
    pub(super) fn new(most: u32) -> Self {
        let most = most.max(1);
        Self {
            size: most.min(1_000),
            most,
        }
    }

    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// A batch of this size took so long.
    pub(super) fn took(&mut self, time: Duration) {
        let next = match time {
            // Three quarters of what would have been in time: the next one may be slower.
            _ if time > BATCH => {
                let part = BATCH.as_secs_f64() * 0.75 / time.as_secs_f64();
                // Between 0 and the size.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let next = (f64::from(self.size) * part) as u32;
                next
            }
            _ if time * 2 < BATCH => self.size.saturating_mul(2),
            _ => self.size,
        };
        self.size = next.clamp(1, self.most);
    }
}

/// How far one piece of work is.
#[derive(Debug)]
pub(super) struct Bar {
    name: String,
    began: Instant,
    shown: Option<Instant>,
    terminal: bool,
    drawn: bool,
}

impl Bar {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: harmless(name),
            began: Instant::now(),
            shown: None,
            terminal: std::io::stderr().is_terminal(),
            drawn: false,
        }
    }

    /// Says so, if it is time to.
    pub(super) fn at(&mut self, done: i64, total: i64) {
        let now = Instant::now();
        let every = if self.terminal { DRAW } else { LINE };
        // The first one comes only if it takes longer than that.
        if now.duration_since(self.shown.unwrap_or(self.began)) < every {
            return;
        }
        self.shown = Some(now);
        let spent = now.duration_since(self.began);
        let mut out = std::io::stderr().lock();
        let _ = if self.terminal {
            self.drawn = true;
            let columns = terminal_size::terminal_size().map_or(80, |(it, _)| usize::from(it.0));
            let text = line(&self.name, done, total, spent, true);
            let text = super::page::fit(&text, columns.saturating_sub(1));
            write!(out, "\r{text}\x1b[K")
        } else {
            writeln!(out, "{}", line(&self.name, done, total, spent, false))
        };
        let _ = out.flush();
    }
}

/// The line of the bar is free again.
impl Drop for Bar {
    fn drop(&mut self) {
        if self.drawn {
            let mut out = std::io::stderr().lock();
            let _ = write!(out, "\r\x1b[K");
            let _ = out.flush();
        }
    }
}

/// `Comment  [████░░░░]  54 %  651,320/1.2 M  21,300/s  0:26 left`
fn line(name: &str, done: i64, total: i64, spent: Duration, bar: bool) -> String {
    // It is an estimate.
    let total = total.max(done).max(1);
    let mut text = name.to_owned();
    if bar {
        let cells = usize::try_from(done.max(0)).unwrap_or(0) * CELLS;
        let full = cells / usize::try_from(total).unwrap_or(1);
        text += "  [";
        text += &"█".repeat(full.min(CELLS));
        text += &"░".repeat(CELLS - full.min(CELLS));
        text += "]";
    }
    text += &format!(
        "  {:>2} %  {}/{}",
        done * 100 / total,
        count(done),
        short(total)
    );
    let millis = i64::try_from(spent.as_millis()).unwrap_or(i64::MAX).max(1);
    let rate = done.saturating_mul(1_000) / millis;
    if rate > 0 {
        let left = (total - done) / rate;
        text += &format!("  {}/s  {} left", count(rate), clock(left));
    }
    debug_assert!(text.width() < 200);
    text
}

/// `1.2 M`
pub(super) fn short(number: i64) -> String {
    match number {
        1_000_000_000.. => format!("{}.{} G", number / 1_000_000_000, number / 100_000_000 % 10),
        1_000_000.. => format!("{}.{} M", number / 1_000_000, number / 100_000 % 10),
        _ => count(number),
    }
}

/// `0:26`, `1:02:03`
fn clock(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let spent = Duration::from_millis(30_578);
        assert_eq!(
            line("Comment", 651_320, 1_203_551, spent, true),
            "Comment  [█████████░░░░░░░░░]  54 %  651,320/1.2 M  21,300/s  0:25 left"
        );
        assert_eq!(
            line("Topic", 0, 41, Duration::from_secs(10), false),
            "Topic   0 %  0/41"
        );
        // An estimate that was too low.
        assert_eq!(
            line("T", 5, 0, Duration::from_secs(1), false),
            "T  100 %  5/5  5/s  0:00 left"
        );
        assert_eq!(clock(3_723), "1:02:03");
    }

    #[test]
    fn batches_take_a_fifth_of_a_second() {
        let mut pace = Pace::new(10_000);
        assert_eq!(pace.size(), 1_000);
        for _ in 0..10 {
            pace.took(Duration::from_millis(10));
        }
        assert_eq!(pace.size(), 10_000);
        pace.took(Duration::from_secs(2));
        assert_eq!(pace.size(), 750);
        pace.took(Duration::from_millis(150));
        assert_eq!(pace.size(), 750);
        pace.took(Duration::from_secs(2_000));
        assert_eq!(pace.size(), 1);
    }
}
