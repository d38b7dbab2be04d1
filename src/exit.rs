//! Exit codes: an interface that scripts rely on.

use std::io;

/// The question was answered, or the command did what it was to do.
pub const ANSWERED: u8 = 0;
/// The question was not answered, or there is something to fix.
pub const NOT_ANSWERED: u8 = 1;
/// Something failed.
pub const FAILED: u8 = 2;

/// Whether whoever read the output has gone.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(io::ErrorKind::BrokenPipe)
    })
}
