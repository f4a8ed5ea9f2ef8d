//! How far a long check is, on the standard error of a terminal.

use std::io::{IsTerminal, Write};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::analysis::Progress;

/// Work that takes less is not worth a word.
const QUIET: Duration = Duration::from_millis(700);
const INTERVAL: Duration = Duration::from_millis(150);

/// Does the work; if `wanted`, and it takes long, and somebody watches, tells how far it is.
pub(super) fn watch<T>(wanted: bool, progress: &Progress, work: impl FnOnce() -> T) -> T {
    if !wanted || !std::io::stderr().is_terminal() || super::output::is_dumb() {
        return work();
    }
    std::thread::scope(|scope| {
        let (finished, wait) = channel::<()>();
        scope.spawn(move || {
            let mut pause = QUIET;
            let mut shown = false;
            while wait.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let (done, total) = (progress.done.load(Ordering::Relaxed), progress.total.load(Ordering::Relaxed));
                let percent = (done * 100).checked_div(total).unwrap_or(0).min(100);
                let _ = write!(std::io::stderr(), "\r\x1b[Kchecking … {percent} %");
                let _ = std::io::stderr().flush();
                shown = true;
                pause = INTERVAL;
            }
            if shown {
                let _ = write!(std::io::stderr(), "\r\x1b[K");
            }
        });
        let result = work();
        drop(finished);
        result
    })
}
