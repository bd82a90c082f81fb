//! A bar on a terminal, and nothing elsewhere.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// How far something is.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    total: u64,
    done: u64,
    started: Instant,
    /// When it was last drawn; none if nobody sees it.
    drawn: Option<Instant>,
}

impl Progress {
    pub fn new(what: &'static str, total: u64) -> Self {
        let now = Instant::now();
        Self {
            what,
            total,
            done: 0,
            started: now,
            drawn: stderr().is_terminal().then_some(now),
        }
    }

    /// One more is done.
    pub fn step(&mut self) {
        self.done += 1;
        if let Some(drawn) = self.drawn
            && drawn.elapsed() > Duration::from_millis(100)
        {
            self.drawn = Some(Instant::now());
            self.draw();
        }
    }

    fn draw(&self) {
        const WIDTH: u64 = 30;
        let filled = (self.done.min(self.total) * WIDTH / self.total.max(1)) as usize;
        let bar = "#".repeat(filled) + &"-".repeat(WIDTH as usize - filled);
        let rate = self.done as f64 / self.started.elapsed().as_secs_f64().max(1e-6);
        let (what, done, total) = (self.what, self.done, self.total);
        // A bar that cannot be drawn is no reason to stop.
        let _ = write!(
            stderr(),
            "\r\x1b[K{what} [{bar}] {done}/{total}, {rate:.0}/s"
        );
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
