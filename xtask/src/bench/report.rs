//! The tables of measurements.

use std::thread::available_parallelism;

use anyhow::{Context as _, Result};

use crate::servers::Disk;

/// One measurement, as the benchmark prints it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    what: String,
    subject: String,
    seconds: f64,
    /// What it is compared with: its name, its seconds and the ratio.
    against: Option<(String, f64, f64)>,
    /// The quartiles of the ratio, or of the seconds.
    quartiles: (f64, f64),
    /// A ratio, or seconds if `s` follows.
    goal: String,
}

impl Line {
    /// Reads a line, if it is a measurement.
    pub(crate) fn read(line: &str) -> Option<Line> {
        let fields: Vec<_> = line.split('\t').collect();
        let &[
            "measured",
            what,
            subject,
            seconds,
            other,
            others,
            ratio,
            low,
            high,
            goal,
        ] = fields.as_slice()
        else {
            return None;
        };
        let against = match other {
            "" => None,
            _ => Some((other.to_owned(), others.parse().ok()?, ratio.parse().ok()?)),
        };
        Some(Line {
            what: what.to_owned(),
            subject: subject.to_owned(),
            seconds: seconds.parse().ok()?,
            against,
            quartiles: (low.parse().ok()?, high.parse().ok()?),
            goal: goal.to_owned(),
        })
    }

    /// The goal and whether it is met.
    fn verdict(&self) -> String {
        let (number, unit) = match self.goal.strip_suffix(" s") {
            Some(number) => (number, " s"),
            None => (self.goal.as_str(), ""),
        };
        let Ok(goal) = number.parse::<f64>() else {
            return String::new();
        };
        let reached = match (&self.against, unit) {
            (Some((_, _, ratio)), "") => *ratio,
            _ => self.seconds,
        };
        // As it is shown: 1.104 is 1.10.
        let met = (reached * 100.0).round() <= (goal * 100.0).round();
        let verdict = if met { "met" } else { "**missed**" };
        match unit {
            "" => format!("≤ {goal:.2} {verdict}"),
            _ => format!("≤ {goal} s {verdict}"),
        }
    }

    /// The row of the table; `named` says what was measured.
    pub(crate) fn row(&self, named: bool) -> String {
        let what = if named { self.what.as_str() } else { "" };
        let (low, high) = self.quartiles;
        let cells = match &self.against {
            Some((other, others, ratio)) => format!(
                "{} | {} | {other} | {} | {ratio:.2} | {low:.2}–{high:.2}",
                self.subject,
                time(self.seconds),
                time(*others)
            ),
            None => format!(
                "{} | {} | | | | {}–{}",
                self.subject,
                time(self.seconds),
                time(low),
                time(high)
            ),
        };
        format!("| {what} | {cells} | {} |", self.verdict())
    }
}

/// A time with three digits that count.
pub(super) fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    let digits = match value {
        v if v < 10.0 => 2,
        v if v < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

/// The table of an engine.
pub(crate) fn table(version: &str, disk: Disk, lines: &[Line]) -> String {
    let disk = match disk {
        Disk::Awaited => "every commit on the disk, which is the default",
        Disk::Ignored => "no commit waits for the disk",
    };
    let mut text = format!("**{version}**, {disk} ({} cores):\n\n", cores());
    text.push_str("| | | median | beside | median | ratio | quartiles | goal |\n");
    text.push_str("| --- | --- | ---: | --- | ---: | ---: | ---: | --- |\n");
    let mut last = None;
    for line in lines {
        text.push_str(&line.row(last != Some(&line.what)));
        text.push('\n');
        last = Some(&line.what);
    }
    text
}

pub(super) fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// `document` with `text` between the marks of `name`.
pub(crate) fn replaced(document: &str, name: &str, text: &str) -> Result<String> {
    let (begin, end) = (
        format!("<!-- measured: {name} -->\n"),
        format!("<!-- end: {name} -->"),
    );
    let missing = || format!("the document lacks the marks of `{name}`");
    let (before, rest) = document.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    Ok(format!("{before}{begin}\n{}\n\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATIO: &str =
        "measured\tupdate\ttracked\t0.00123456\tuntracked\t0.001\t1.2346\t1.2\t1.25\t1.15";
    const TIME: &str = "measured\tbackfill\t1 row\t12.3456\t\t\t\t12\t13\t15 s";

    #[test]
    fn rows_tell_whether_goals_are_met() {
        let row = |line| Line::read(line).map(|line| line.row(true));
        assert_eq!(
            row(RATIO).as_deref(),
            Some(
                "| update | tracked | 1.23 ms | untracked | 1.00 ms | 1.23 | 1.20–1.25 | ≤ 1.15 **missed** |"
            )
        );
        assert_eq!(
            row(TIME).as_deref(),
            Some("| backfill | 1 row | 12.3 s | | | | 12.0 s–13.0 s | ≤ 15 s met |")
        );
        let without = RATIO.replace("\t1.15", "\t");
        assert!(row(&without).is_some_and(|row| row.ends_with("1.25 |  |")));
        assert_eq!(row("running 1 test"), None);
    }

    #[test]
    fn times_have_three_digits() {
        assert_eq!(time(0.000_012_34), "12.3 µs");
        assert_eq!(time(0.123_4), "123 ms");
        assert_eq!(time(1.0), "1.00 s");
    }

    #[test]
    fn a_document_keeps_the_rest() -> Result<()> {
        let document = "a\n<!-- measured: x -->\nold\n<!-- end: x -->\nb\n";
        assert_eq!(
            replaced(document, "x", "new\n")?,
            "a\n<!-- measured: x -->\n\nnew\n\n<!-- end: x -->\nb\n"
        );
        assert!(replaced(document, "y", "new").is_err());
        Ok(())
    }
}
