//! Subjects in turns, medians, and the lines that `cargo xtask bench` reads.

use crate::Failure;
use std::time::{Duration, Instant};

/// How often each subject is measured, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turns {
    /// Every subject runs this often in a block; the block's sample is their median.
    pub(crate) per_block: usize,
    pub(crate) blocks: usize,
    /// No block begins after this, once there are three.
    pub(crate) budget: Duration,
}

impl Turns {
    /// For what takes milliseconds.
    pub(crate) fn short(budget: Duration) -> Self {
        Self {
            per_block: 20,
            blocks: 30,
            budget,
        }
    }

    /// For what takes seconds.
    pub(crate) fn long(budget: Duration) -> Self {
        Self {
            per_block: 1,
            blocks: 7,
            budget,
        }
    }

    /// Runs the subjects in turns, in another order each time; `run` is given
    /// the number of a subject. The first block only warms the caches.
    pub(crate) fn measure(
        self,
        subjects: usize,
        mut run: impl FnMut(usize) -> Result<(), Failure>,
    ) -> Result<Vec<Samples>, Failure> {
        self.timed(subjects, |subject| {
            let start = Instant::now();
            run(subject)?;
            Ok(start.elapsed())
        })
    }

    /// The same, where `run` tells how long it took.
    pub(crate) fn timed(
        self,
        subjects: usize,
        mut run: impl FnMut(usize) -> Result<Duration, Failure>,
    ) -> Result<Vec<Samples>, Failure> {
        let begun = Instant::now();
        let mut samples = vec![Samples::default(); subjects];
        let mut turn = 0;
        for block in 0..=self.blocks {
            if block > 3 && begun.elapsed() > self.budget {
                break;
            }
            let mut taken = vec![Vec::new(); subjects];
            for _ in 0..self.per_block {
                turn += 1;
                for at in 0..subjects {
                    let subject = (at + turn) % subjects;
                    taken[subject].push(run(subject)?.as_secs_f64());
                }
            }
            if block > 0 {
                for (samples, mut taken) in samples.iter_mut().zip(taken) {
                    samples.0.push(quantile(&mut taken, 0.5));
                }
            }
        }
        Ok(samples)
    }
}

/// Seconds, one for each block.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples(pub(crate) Vec<f64>);

impl Samples {
    fn median(&self) -> f64 {
        quantile(&mut self.0.clone(), 0.5)
    }
}

fn quantile(values: &mut [f64], at: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len().saturating_sub(1)) as f64 * at;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    match (values.get(low), values.get(high)) {
        (Some(low), Some(high)) => low + (high - low) * place.fract(),
        _ => f64::NAN,
    }
}

/// What a ratio may be, or how many seconds something may take.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    None,
    Ratio(f64),
    Seconds(f64),
}

/// One line of the result: what was measured, and beside what.
pub(crate) fn line(
    what: &str,
    (subject, samples): (&str, &Samples),
    against: Option<(&str, &Samples)>,
    goal: Goal,
) {
    let number = |value: f64| format!("{value:.9}");
    let mut fields = vec![
        "measured".to_owned(),
        what.to_owned(),
        subject.to_owned(),
        number(samples.median()),
    ];
    match against {
        Some((name, other)) => {
            let mut ratios: Vec<f64> = samples.0.iter().zip(&other.0).map(|(a, b)| a / b).collect();
            fields.extend([
                name.to_owned(),
                number(other.median()),
                number(samples.median() / other.median()),
                number(quantile(&mut ratios, 0.25)),
                number(quantile(&mut ratios, 0.75)),
            ]);
        }
        None => {
            let mut seconds = samples.0.clone();
            let low = number(quantile(&mut seconds, 0.25));
            let high = number(quantile(&mut seconds, 0.75));
            fields.extend([String::new(), String::new(), String::new(), low, high]);
        }
    }
    fields.push(match goal {
        Goal::None => String::new(),
        Goal::Ratio(ratio) => ratio.to_string(),
        Goal::Seconds(seconds) => format!("{seconds} s"),
    });
    println!("{}", fields.join("\t"));
}
