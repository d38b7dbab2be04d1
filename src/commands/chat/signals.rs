//! Signals while a chat is at a terminal.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What Ctrl-C sets while a question is worked on; a second one ends the program. Other signals that end it leave the
/// terminal as it was.
#[cfg(unix)]
pub fn listen() -> std::io::Result<Arc<AtomicBool>> {
    use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::iterator::Signals;
    use std::io::{Write, stdin, stdout};

    let interrupted = Arc::new(AtomicBool::new(false));
    // In this order: the first Ctrl-C only sets it, the next finds it set.
    signal_hook::flag::register_conditional_shutdown(SIGINT, 130, Arc::clone(&interrupted))?;
    signal_hook::flag::register(SIGINT, Arc::clone(&interrupted))?;
    let before = tcgetattr(stdin())?;
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGQUIT])?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let _ = tcsetattr(stdin(), SetArg::TCSANOW, &before);
            // The editor has asked for pastes to be marked.
            let _ = stdout().write_all(b"\x1b[?2004l\r\n").and_then(|()| stdout().flush());
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
    Ok(interrupted)
}

/// Elsewhere, Ctrl-C ends the program while a question is worked on.
#[cfg(not(unix))]
pub fn listen() -> std::io::Result<Arc<AtomicBool>> {
    Ok(Arc::default())
}
