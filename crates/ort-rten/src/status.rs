//! Failures that pass through the C interface, and the handles that cross it.

use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ort_sys::{OrtErrorCode, OrtStatusPtr, stub};

/// A failure, with the code that `ort` shows as `ErrorCode`.
#[derive(Debug)]
pub struct Failure {
    code: OrtErrorCode,
    message: String,
}

impl Failure {
    pub fn new(code: OrtErrorCode, message: impl Display) -> Self {
        Failure { code, message: message.to_string() }
    }

    pub fn invalid_argument(message: impl Display) -> Self {
        Self::new(OrtErrorCode::ORT_INVALID_ARGUMENT, message)
    }

    pub fn not_implemented(message: impl Display) -> Self {
        Self::new(OrtErrorCode::ORT_NOT_IMPLEMENTED, message)
    }

    /// The same failure, preceded by the name of the file it is about.
    pub fn in_file(self, path: &Path) -> Self {
        Failure { code: self.code, message: format!("{}: {}", path.display(), self.message) }
    }
}

/// Runs `body` and turns its failure into a status. A panic becomes a status too: unwinding into the caller's
/// C frames would abort the process, which a broken model must not do.
pub fn guard(body: impl FnOnce() -> Result<(), Failure>) -> OrtStatusPtr {
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return OrtStatusPtr::default(),
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::new(
            OrtErrorCode::ORT_RUNTIME_EXCEPTION,
            format_args!("the inference engine panicked: {}", panic_message(&*panic)),
        ),
    };
    // A C string ends at its first NUL, and a message may quote bytes of a model file.
    stub::Error::new_sys(failure.code, failure.message.replace('\0', "\u{fffd}"))
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// A Rust type behind one of the C interface's opaque types.
///
/// # Safety
///
/// Only one Rust type may be behind an opaque type, since pointers are cast between the two.
pub unsafe trait Handle: Sized {
    /// The opaque type of the C interface.
    type Opaque;

    /// Moves the value to the heap; [`Handle::release`] frees it.
    fn into_handle(self) -> *mut Self::Opaque {
        Box::into_raw(Box::new(self)).cast()
    }

    /// Borrows the value behind a handle.
    ///
    /// # Safety
    ///
    /// `handle` must come from [`Handle::into_handle`] of this type and must not have been released.
    unsafe fn from_handle<'a>(handle: *const Self::Opaque) -> &'a Self {
        // SAFETY: by the caller, this is a live `Box<Self>`.
        unsafe { &*handle.cast::<Self>() }
    }

    /// Mutably borrows the value behind a handle.
    ///
    /// # Safety
    ///
    /// As for [`Handle::from_handle`], and nothing else may borrow the value meanwhile.
    unsafe fn from_handle_mut<'a>(handle: *mut Self::Opaque) -> &'a mut Self {
        // SAFETY: by the caller, this is a live `Box<Self>` that nothing else borrows.
        unsafe { &mut *handle.cast::<Self>() }
    }

    /// Drops the value behind a handle; a null handle is ignored, as in C.
    ///
    /// # Safety
    ///
    /// `handle` must be null or come from [`Handle::into_handle`] of this type, and must not be used again.
    unsafe fn release(handle: *mut Self::Opaque) {
        if !handle.is_null() {
            // SAFETY: by the caller, this is a `Box<Self>` that `into_handle` gave away.
            drop(unsafe { Box::from_raw(handle.cast::<Self>()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(status: OrtStatusPtr) -> String {
        assert!(!status.0.is_null());
        // SAFETY: `guard` makes its statuses with the stub's `into_sys`.
        unsafe { stub::Error::consume_sys(status.0) }.message().to_owned()
    }

    #[test]
    fn panics_become_statuses() {
        assert!(guard(|| Ok(())).0.is_null());
        assert_eq!(
            message(guard(|| panic!("row {} is missing", 7))),
            "the inference engine panicked: row 7 is missing"
        );
    }

    #[test]
    fn a_nul_in_a_message_does_not_cut_it() {
        let status = guard(|| Err(Failure::invalid_argument("name `a\0b` is unknown")));
        assert_eq!(message(status), "name `a\u{fffd}b` is unknown");
    }
}
