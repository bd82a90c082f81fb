//! How long a command takes, and how much of the processors.

use std::time::{Duration, Instant};

use anyhow::Result;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// What a command took, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cost {
    /// From its start to its end.
    pub(super) wall: f64,
    /// Of all processors, in the command and in what it started.
    pub(super) processor: f64,
}

/// Runs `command`, which starts children and waits for them, one at a time.
pub(super) fn timed(command: impl FnOnce() -> Result<()>) -> Result<Cost> {
    let before = processor()?;
    let start = Instant::now();
    command()?;
    Ok(Cost {
        wall: start.elapsed().as_secs_f64(),
        processor: processor()?.saturating_sub(before).as_secs_f64(),
    })
}

/// What all children have used that have ended, theirs included.
fn processor() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok(duration(usage.user_time()) + duration(usage.system_time()))
}

fn duration(time: TimeVal) -> Duration {
    let seconds = u64::try_from(time.tv_sec()).unwrap_or_default();
    let micros = u64::try_from(time.tv_usec()).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

/// The middle one.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_work_of_children_is_counted() -> Result<()> {
        let busy = timed(|| {
            let script = "i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done";
            // The shell in the shell shows that grandchildren count.
            Command::new("sh")
                .args(["-c", &format!("sh -c '{script}'; true")])
                .status()?;
            Ok(())
        })?;
        assert!(busy.processor > 0.01, "{busy:?}");
        let idle = timed(|| Ok(()))?;
        assert!(idle.wall < busy.wall, "{idle:?} {busy:?}");
        Ok(())
    }

    #[test]
    fn the_middle_one_is_taken() {
        assert!((median(vec![9.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(vec![]).is_nan());
    }
}
