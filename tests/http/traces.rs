//! Spans of requests.

use crate::each_site;
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};
use tracing_subscriber::fmt::format::FmtSpan;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The ends of all spans of this program.
fn listen() {
    static LISTENING: OnceLock<()> = OnceLock::new();
    LISTENING.get_or_init(|| {
        tracing_subscriber::fmt()
            .with_span_events(FmtSpan::CLOSE)
            .with_ansi(false)
            .with_writer(|| Lines)
            .init();
    });
}

each_site! {
    /// What was asked, what came of it, and how long it took, whichever thread did it.
    fn a_request_is_a_span(site) {
        static ALONE: Mutex<()> = Mutex::new(());
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        listen();
        let written = || LINES.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let before = written().len();
        // No other test asks this of tags.
        site.get("/api/tags/history/").is(200);
        site.get("/api/tags/history/no/blame/").is(404);
        let lines = written().split_off(before);
        let lines = String::from_utf8_lossy(&lines);
        for (what, status) in [("Gone", 200), ("Blame", 404)] {
            let asked = format!("what={what} model=\"Tag\" ");
            let mut ended = lines.lines().filter(|line| line.contains(&asked) && line.contains("handleref::http: close"));
            let line = ended.next().unwrap_or_else(|| panic!("{what}: {lines}"));
            assert!(line.contains(&format!("status={status}")), "{line}");
            for name in ["waited_us=", "worked_us="] {
                let (_, number) = line.split_once(name).unwrap();
                let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
                assert!(digits.parse::<u64>().is_ok(), "{line}");
            }
            assert_eq!(ended.next(), None);
        }
    }
}
