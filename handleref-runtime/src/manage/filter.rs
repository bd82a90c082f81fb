//! By whom and when: the conditions that many commands take.

use super::failure::Failure;
use super::moment::Moment;
use chrono::{DateTime, Utc};

/// From when to when.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Between {
    /// Only at this time or later: `2d` (ago), `2026-11-25`, RFC 3339
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl Between {
    pub(super) fn since(&self) -> Result<Option<DateTime<Utc>>, Failure> {
        self.since.as_deref().map(time).transpose()
    }

    pub(super) fn until(&self) -> Result<Option<DateTime<Utc>>, Failure> {
        self.until.as_deref().map(time).transpose()
    }

    /// As it is typed.
    pub(super) fn words(&self) -> Vec<String> {
        words(&[("--since", &self.since), ("--until", &self.until)])
    }
}

/// Flags that have a value, as they are typed.
pub(super) fn words(flags: &[(&str, &Option<String>)]) -> Vec<String> {
    let given = flags.iter();
    let given = given.filter_map(|&(flag, value)| Some([flag.to_owned(), value.as_ref()?.clone()]));
    given.flatten().collect()
}

/// A time as people write it.
pub(super) fn time(text: &str) -> Result<DateTime<Utc>, Failure> {
    let moment: Moment = text.parse().map_err(Failure::usage)?;
    moment.time(Utc::now()).ok_or_else(|| {
        Failure::usage(format!("`{text}` is no time"))
            .cure("`2d` (ago; s, m, h, d, w), `2026-11-25`, or RFC 3339")
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(
            time("2026-11-25").unwrap().to_rfc3339(),
            "2026-11-25T00:00:00+00:00"
        );
        assert!(time("2d").unwrap() < Utc::now());
        for wrong in ["#12", "v3", "yesterday"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
