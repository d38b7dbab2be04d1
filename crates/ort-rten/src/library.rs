//! A look at a library that is to be loaded as ONNX Runtime: `ort` takes it that what it gets is none that is null.

use std::path::Path;

use libloading::{Library, Symbol};
use ort_sys::OrtApiBase;

/// Whether a library is one of ONNX Runtime's as far as can be told without it.
///
/// # Errors
///
/// It cannot be loaded, or lacks what every such library has: the reason.
pub fn check_library(path: &Path) -> Result<(), String> {
    let shown = path.display();
    // SAFETY: whoever names a library to be loaded trusts what runs when it is.
    let library = unsafe { Library::new(path) }.map_err(|error| format!("{shown}: {error}"))?;
    type Getter = unsafe extern "C" fn() -> *const OrtApiBase;
    // SAFETY: a function of this name has this type in every version of ONNX Runtime.
    let getter: Symbol<Getter> = unsafe { library.get(b"OrtGetApiBase") }
        .map_err(|_| format!("{shown} is not ONNX Runtime: it has no OrtGetApiBase"))?;
    // SAFETY: it takes nothing, and may be called at any time.
    let base = unsafe { getter() };
    if base.is_null() {
        return Err(format!("{shown} is not ONNX Runtime: it has no table of functions"));
    }
    // SAFETY: not null, and of this layout in every version; it lives as long as the library, which is loaded.
    let version = unsafe { ((*base).GetVersionString)() };
    if version.is_null() {
        return Err(format!("{shown} is not ONNX Runtime: it has no version"));
    }
    // It stays loaded: to unload a library that has started threads would be the end of them.
    std::mem::forget(library);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_onnx_runtime_is_refused() {
        assert!(check_library(Path::new("/nowhere/at/all.so")).is_err());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "no library").unwrap();
        assert!(check_library(file.path()).is_err());
    }

    /// Where there is a C compiler: libraries with a table, a version, or neither.
    #[cfg(target_os = "linux")]
    #[test]
    fn null_pointers_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let sources = [
            ("none", "int other;"),
            ("base", "void *OrtGetApiBase(void) { return 0; }"),
            (
                "version",
                "static const char *version(void) { return 0; } static void *api(unsigned v) { return 0; } \
                 static struct { void *a; void *b; } base = { api, version }; void *OrtGetApiBase(void) { return &base; }",
            ),
        ];
        for (name, source) in sources {
            let (code, library) =
                (folder.path().join(format!("{name}.c")), folder.path().join(format!("{name}.so")));
            std::fs::write(&code, source).unwrap();
            let compiled = std::process::Command::new("cc")
                .args(["-shared", "-fPIC", "-w", "-o"])
                .arg(&library)
                .arg(&code)
                .status();
            if !compiled.is_ok_and(|status| status.success()) {
                println!("skipped: there is no C compiler");
                return;
            }
            let error = check_library(&library).unwrap_err();
            assert!(error.contains("is not ONNX Runtime"), "{error}");
        }
    }
}
