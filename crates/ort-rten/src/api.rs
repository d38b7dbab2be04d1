//! The table of functions that `ort` calls.
//!
//! Every function here relies on its caller to keep the contract of ONNX Runtime's C interface: pointers
//! named `out` are writable, handles are live and come from this table, arrays have the stated lengths,
//! strings are NUL-terminated. The `SAFETY` comments below call that contract "the C interface".

use std::collections::hash_map::Entry;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::PathBuf;
use std::slice;
use std::sync::atomic::Ordering;

use ort_sys::*;

use crate::declared::Port;
use crate::memory::{CPU, MemoryInfo, allocate_block, default_allocator, free_block};
use crate::session::{Environment, RunOptions, Session, SessionOptions, ThreadingOptions, pool};
use crate::status::{Failure, Handle, guard};
use crate::tensor::Tensor;
use crate::types::{TensorType, TypeInfo};

/// The backend as a table of functions, for `ort::set_api`. What is missing returns "not implemented".
pub fn api() -> OrtApi {
    OrtApi {
        // Environment
        CreateEnv,
        CreateEnvWithCustomLogger,
        CreateEnvWithGlobalThreadPools,
        CreateEnvWithCustomLoggerAndGlobalThreadPools,
        ReleaseEnv: release::<Environment>,
        CreateThreadingOptions,
        SetGlobalIntraOpNumThreads,
        ReleaseThreadingOptions: release::<ThreadingOptions>,
        GetBuildInfoString,
        ReleaseStatus,
        // Session options
        CreateSessionOptions,
        CloneSessionOptions,
        ReleaseSessionOptions: release::<SessionOptions>,
        SetIntraOpNumThreads,
        SetSessionGraphOptimizationLevel,
        DisablePerSessionThreads,
        AddSessionConfigEntry,
        HasSessionConfigEntry,
        GetSessionConfigEntry,
        AddExternalInitializersFromMemory,
        SetOptimizedModelFilePath,
        EnableProfiling,
        // Session
        CreateSession,
        CreateSessionFromArray,
        ReleaseSession: release::<Session>,
        SessionGetInputCount,
        SessionGetOutputCount,
        SessionGetOverridableInitializerCount,
        SessionGetInputName,
        SessionGetOutputName,
        SessionGetInputTypeInfo,
        SessionGetOutputTypeInfo,
        SessionGetMemoryInfoForInputs,
        SessionGetMemoryInfoForOutputs,
        CreateRunOptions,
        RunOptionsSetTerminate,
        RunOptionsUnsetTerminate,
        ReleaseRunOptions: release::<RunOptions>,
        Run,
        // Types
        GetOnnxTypeFromTypeInfo,
        CastTypeInfoToTensorInfo,
        CreateTensorTypeAndShapeInfo,
        SetTensorElementType,
        SetDimensions,
        SetSymbolicDimensions,
        GetTensorElementType,
        GetDimensionsCount,
        GetDimensions,
        GetSymbolicDimensions,
        GetTensorShapeElementCount,
        ReleaseTypeInfo: release::<TypeInfo>,
        ReleaseTensorTypeAndShapeInfo: release::<TensorType>,
        // Values
        CreateTensorAsOrtValue,
        CreateTensorWithDataAsOrtValue,
        IsTensor,
        HasValue,
        GetValueType,
        GetTypeInfo,
        GetTensorTypeAndShape,
        GetTensorElementTypeAndShapeDataReference,
        GetTensorMutableData,
        GetTensorData,
        GetTensorSizeInBytes,
        GetTensorMemoryInfo,
        ReleaseValue: release::<Tensor>,
        // Memory
        CreateMemoryInfo,
        CreateCpuMemoryInfo,
        CompareMemoryInfo,
        MemoryInfoGetName,
        MemoryInfoGetId,
        MemoryInfoGetMemType,
        MemoryInfoGetType,
        ReleaseMemoryInfo: release::<MemoryInfo>,
        CreateAllocator,
        ReleaseAllocator,
        GetAllocatorWithDefaultOptions,
        AllocatorAlloc,
        AllocatorFree,
        AllocatorGetInfo,
        ..stub::api()
    }
}

unsafe extern "system" fn release<H: Handle>(handle: *mut H::Opaque) {
    // SAFETY: by the C interface, a handle is released once, by the function for its type.
    unsafe { H::release(handle) }
}

/// Writes a result to where the caller wants it.
///
/// # Safety
///
/// `out` must be writable.
unsafe fn put<T>(out: *mut T, value: T) -> Result<(), Failure> {
    // SAFETY: upheld by the caller.
    unsafe { out.write(value) };
    Ok(())
}

/// Reads a string of the C interface.
///
/// # Safety
///
/// `string` must be null or NUL-terminated, and outlive the result.
unsafe fn text<'a>(string: *const c_char) -> Result<&'a str, Failure> {
    if string.is_null() {
        return Err(Failure::invalid_argument("a string is missing"));
    }
    // SAFETY: upheld by the caller.
    unsafe { CStr::from_ptr(string) }.to_str().map_err(Failure::invalid_argument)
}

/// An array of the C interface, which may be null if it is empty.
///
/// # Safety
///
/// `data` must point to `len` initialised elements that outlive the result.
unsafe fn array<'a, T>(data: *const T, len: usize) -> &'a [T] {
    if len == 0 {
        return &[];
    }
    // SAFETY: upheld by the caller.
    unsafe { slice::from_raw_parts(data, len) }
}

// ---- Environment

unsafe extern "system" fn CreateEnv(
    _: OrtLoggingLevel,
    _: *const c_char,
    out: *mut *mut OrtEnv,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable.
    guard(|| unsafe { put(out, Environment { pool: None }.into_handle()) })
}

unsafe extern "system" fn CreateEnvWithCustomLogger(
    _: OrtLoggingFunction,
    _: *mut c_void,
    level: OrtLoggingLevel,
    id: *const c_char,
    out: *mut *mut OrtEnv,
) -> OrtStatusPtr {
    // SAFETY: by the same contract.
    unsafe { CreateEnv(level, id, out) }
}

unsafe extern "system" fn CreateEnvWithGlobalThreadPools(
    _: OrtLoggingLevel,
    _: *const c_char,
    options: *const OrtThreadingOptions,
    out: *mut *mut OrtEnv,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `options` is live and `out` is writable.
    guard(|| unsafe {
        let threads = ThreadingOptions::from_handle(options).threads;
        put(out, Environment { pool: pool(threads) }.into_handle())
    })
}

unsafe extern "system" fn CreateEnvWithCustomLoggerAndGlobalThreadPools(
    _: OrtLoggingFunction,
    _: *mut c_void,
    level: OrtLoggingLevel,
    id: *const c_char,
    options: *const OrtThreadingOptions,
    out: *mut *mut OrtEnv,
) -> OrtStatusPtr {
    // SAFETY: by the same contract.
    unsafe { CreateEnvWithGlobalThreadPools(level, id, options, out) }
}

unsafe extern "system" fn CreateThreadingOptions(out: *mut *mut OrtThreadingOptions) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable.
    guard(|| unsafe { put(out, ThreadingOptions::default().into_handle()) })
}

unsafe extern "system" fn SetGlobalIntraOpNumThreads(
    options: *mut OrtThreadingOptions,
    threads: c_int,
) -> OrtStatusPtr {
    guard(|| {
        // SAFETY: by the C interface, `options` is live and not used elsewhere.
        unsafe { ThreadingOptions::from_handle_mut(options) }.threads = thread_count(threads)?;
        Ok(())
    })
}

fn thread_count(threads: c_int) -> Result<usize, Failure> {
    usize::try_from(threads)
        .map_err(|_| Failure::invalid_argument(format_args!("{threads} is not a number of threads")))
}

unsafe extern "system" fn GetBuildInfoString() -> *const c_char {
    concat!("ort-rten ", env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

unsafe extern "system" fn ReleaseStatus(status: *mut OrtStatus) {
    if !status.is_null() {
        // SAFETY: every status of this table is made by the stub's `into_sys` and released once.
        drop(unsafe { stub::Error::consume_sys(status) });
    }
}

// ---- Session options

unsafe extern "system" fn CreateSessionOptions(out: *mut *mut OrtSessionOptions) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable.
    guard(|| unsafe { put(out, SessionOptions::default().into_handle()) })
}

unsafe extern "system" fn CloneSessionOptions(
    options: *const OrtSessionOptions,
    out: *mut *mut OrtSessionOptions,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `options` is live and `out` is writable.
    guard(|| unsafe { put(out, SessionOptions::from_handle(options).clone().into_handle()) })
}

unsafe extern "system" fn SetIntraOpNumThreads(
    options: *mut OrtSessionOptions,
    threads: c_int,
) -> OrtStatusPtr {
    guard(|| {
        // SAFETY: by the C interface, `options` is live and not used elsewhere.
        unsafe { SessionOptions::from_handle_mut(options) }.threads = thread_count(threads)?;
        Ok(())
    })
}

unsafe extern "system" fn SetSessionGraphOptimizationLevel(
    options: *mut OrtSessionOptions,
    level: GraphOptimizationLevel,
) -> OrtStatusPtr {
    guard(|| {
        // SAFETY: by the C interface, `options` is live and not used elsewhere.
        let options = unsafe { SessionOptions::from_handle_mut(options) };
        options.optimize = level != GraphOptimizationLevel::ORT_DISABLE_ALL;
        Ok(())
    })
}

unsafe extern "system" fn DisablePerSessionThreads(options: *mut OrtSessionOptions) -> OrtStatusPtr {
    guard(|| {
        // SAFETY: by the C interface, `options` is live and not used elsewhere.
        unsafe { SessionOptions::from_handle_mut(options) }.own_pool = false;
        Ok(())
    })
}

unsafe extern "system" fn AddSessionConfigEntry(
    options: *mut OrtSessionOptions,
    key: *const c_char,
    value: *const c_char,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, the handle is live and not used elsewhere, the strings are NUL-terminated.
    guard(|| unsafe {
        let config = &mut SessionOptions::from_handle_mut(options).config;
        config.insert(text(key)?.to_owned(), text(value)?.to_owned());
        Ok(())
    })
}

unsafe extern "system" fn HasSessionConfigEntry(
    options: *const OrtSessionOptions,
    key: *const c_char,
    out: *mut c_int,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, the handle is live, the string is NUL-terminated and `out` is writable.
    guard(|| unsafe {
        let found = SessionOptions::from_handle(options).config.contains_key(text(key)?);
        put(out, c_int::from(found))
    })
}

unsafe extern "system" fn GetSessionConfigEntry(
    options: *const OrtSessionOptions,
    key: *const c_char,
    value: *mut c_char,
    size: *mut usize,
) -> OrtStatusPtr {
    guard(|| {
        // SAFETY: by the C interface, the handle is live and the string is NUL-terminated.
        let (options, key) = unsafe { (SessionOptions::from_handle(options), text(key)?) };
        let entry = options
            .config
            .get(key)
            .ok_or_else(|| Failure::invalid_argument(format_args!("no configuration entry `{key}`")))?;
        let needed = entry.len() + 1;
        // SAFETY: by the C interface, `size` holds the size of the buffer `value`, which may be null to ask
        // for the size; both are writable.
        unsafe {
            let room = size.replace(needed);
            if value.is_null() {
                return Ok(());
            }
            if room < needed {
                return Err(Failure::invalid_argument(format_args!(
                    "`{key}` needs a buffer of {needed} bytes"
                )));
            }
            value.copy_from_nonoverlapping(entry.as_ptr().cast(), entry.len());
            value.add(entry.len()).write(0);
        }
        Ok(())
    })
}

unsafe extern "system" fn AddExternalInitializersFromMemory(
    options: *mut OrtSessionOptions,
    names: *const *const os_char,
    buffers: *const *mut c_char,
    lengths: *const usize,
    count: usize,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, the handle is live and not used elsewhere; there are `count`
    // NUL-terminated names and `count` buffers of the stated lengths.
    guard(|| unsafe {
        let external = &mut SessionOptions::from_handle_mut(options).external;
        let names = array(names, count);
        let buffers = array(buffers, count).iter().zip(array(lengths, count));
        for (&name, (&buffer, &length)) in names.iter().zip(buffers) {
            let name = path(name).to_string_lossy().into_owned();
            let data = array(buffer.cast::<u8>().cast_const(), length).to_vec();
            match external.entry(name) {
                Entry::Vacant(place) => drop(place.insert(data)),
                Entry::Occupied(place) => {
                    return Err(Failure::invalid_argument(format_args!(
                        "external data `{}` is given twice",
                        place.key()
                    )));
                }
            }
        }
        Ok(())
    })
}

unsafe extern "system" fn SetOptimizedModelFilePath(
    _: *mut OrtSessionOptions,
    _: *const os_char,
) -> OrtStatusPtr {
    guard(|| Err(Failure::not_implemented("this backend does not write optimised models")))
}

unsafe extern "system" fn EnableProfiling(_: *mut OrtSessionOptions, _: *const os_char) -> OrtStatusPtr {
    guard(|| Err(Failure::not_implemented("profiling: set rten's RTEN_TIMING=1 instead")))
}

/// A path in the platform's encoding.
///
/// # Safety
///
/// `path` must be NUL-terminated.
#[cfg(unix)]
unsafe fn path(path: *const os_char) -> std::ffi::OsString {
    use std::os::unix::ffi::OsStringExt;
    // SAFETY: upheld by the caller.
    std::ffi::OsString::from_vec(unsafe { CStr::from_ptr(path) }.to_bytes().to_vec())
}

/// A path in the platform's encoding.
///
/// # Safety
///
/// `path` must be NUL-terminated.
#[cfg(windows)]
unsafe fn path(path: *const os_char) -> std::ffi::OsString {
    use std::os::windows::ffi::OsStringExt;
    // SAFETY: by the caller, every unit up to the NUL is readable.
    let units = unsafe {
        let len = (0..).take_while(|&i| *path.add(i) != 0).count();
        array(path, len)
    };
    std::ffi::OsString::from_wide(units)
}

// ---- Session

unsafe extern "system" fn CreateSession(
    environment: *const OrtEnv,
    model: *const os_char,
    options: *const OrtSessionOptions,
    out: *mut *mut OrtSession,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, the handles are live, the path is NUL-terminated and `out` is writable.
    guard(|| unsafe {
        let model = PathBuf::from(path(model));
        let session = Session::from_file(
            Environment::from_handle(environment),
            SessionOptions::from_handle(options),
            &model,
        )?;
        put(out, session.into_handle())
    })
}

unsafe extern "system" fn CreateSessionFromArray(
    environment: *const OrtEnv,
    model: *const c_void,
    length: usize,
    options: *const OrtSessionOptions,
    out: *mut *mut OrtSession,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, the handles are live, `model` has `length` bytes and `out` is writable.
    guard(|| unsafe {
        let model = array(model.cast::<u8>(), length);
        let session = Session::from_bytes(
            Environment::from_handle(environment),
            SessionOptions::from_handle(options),
            model,
        )?;
        put(out, session.into_handle())
    })
}

unsafe extern "system" fn SessionGetInputCount(session: *const OrtSession, out: *mut usize) -> OrtStatusPtr {
    // SAFETY: by the C interface, `session` is live and `out` is writable.
    guard(|| unsafe { put(out, Session::from_handle(session).inputs.len()) })
}

unsafe extern "system" fn SessionGetOutputCount(session: *const OrtSession, out: *mut usize) -> OrtStatusPtr {
    // SAFETY: by the C interface, `session` is live and `out` is writable.
    guard(|| unsafe { put(out, Session::from_handle(session).outputs.len()) })
}

unsafe extern "system" fn SessionGetOverridableInitializerCount(
    _: *const OrtSession,
    out: *mut usize,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable. rten folds initializers, so none can be replaced.
    guard(|| unsafe { put(out, 0) })
}

fn port(ports: &[Port], index: usize) -> Result<&Port, Failure> {
    ports.get(index).ok_or_else(|| {
        Failure::invalid_argument(format_args!("index {index} of {} inputs or outputs", ports.len()))
    })
}

/// Copies a port's name into memory of the default allocator, with which the caller frees it.
///
/// # Safety
///
/// `out` must be writable.
unsafe fn put_name(out: *mut *mut c_char, port: &Port) -> Result<(), Failure> {
    let name = port.name.as_bytes_with_nul();
    let block = allocate_block(name.len()).cast::<c_char>();
    if block.is_null() {
        return Err(Failure::new(OrtErrorCode::ORT_FAIL, "out of memory"));
    }
    // SAFETY: the block has the name's length; by the caller, `out` is writable.
    unsafe {
        block.copy_from_nonoverlapping(name.as_ptr().cast(), name.len());
        put(out, block)
    }
}

unsafe extern "system" fn SessionGetInputName(
    session: *const OrtSession,
    index: usize,
    _: *mut OrtAllocator,
    out: *mut *mut c_char,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `session` is live and `out` is writable. There is one allocator.
    guard(|| unsafe { put_name(out, port(&Session::from_handle(session).inputs, index)?) })
}

unsafe extern "system" fn SessionGetOutputName(
    session: *const OrtSession,
    index: usize,
    _: *mut OrtAllocator,
    out: *mut *mut c_char,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `session` is live and `out` is writable. There is one allocator.
    guard(|| unsafe { put_name(out, port(&Session::from_handle(session).outputs, index)?) })
}

unsafe extern "system" fn SessionGetInputTypeInfo(
    session: *const OrtSession,
    index: usize,
    out: *mut *mut OrtTypeInfo,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `session` is live and `out` is writable.
    guard(|| unsafe {
        let port = port(&Session::from_handle(session).inputs, index)?;
        put(out, TypeInfo(port.ty.clone()).into_handle())
    })
}

unsafe extern "system" fn SessionGetOutputTypeInfo(
    session: *const OrtSession,
    index: usize,
    out: *mut *mut OrtTypeInfo,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `session` is live and `out` is writable.
    guard(|| unsafe {
        let port = port(&Session::from_handle(session).outputs, index)?;
        put(out, TypeInfo(port.ty.clone()).into_handle())
    })
}

unsafe extern "system" fn SessionGetMemoryInfoForInputs(
    _: *const OrtSession,
    out: *mut *const OrtMemoryInfo,
    count: usize,
) -> OrtStatusPtr {
    guard(|| {
        for index in 0..count {
            // SAFETY: by the C interface, `out` has room for `count` pointers.
            unsafe { out.add(index).write(MemoryInfo::cpu()) };
        }
        Ok(())
    })
}

unsafe extern "system" fn SessionGetMemoryInfoForOutputs(
    session: *const OrtSession,
    out: *mut *const OrtMemoryInfo,
    count: usize,
) -> OrtStatusPtr {
    // SAFETY: by the same contract. Inputs and outputs are in the same memory.
    unsafe { SessionGetMemoryInfoForInputs(session, out, count) }
}

unsafe extern "system" fn CreateRunOptions(out: *mut *mut OrtRunOptions) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable.
    guard(|| unsafe { put(out, RunOptions::default().into_handle()) })
}

unsafe extern "system" fn RunOptionsSetTerminate(options: *mut OrtRunOptions) -> OrtStatusPtr {
    guard(|| {
        // SAFETY: by the C interface, `options` is live.
        unsafe { RunOptions::from_handle(options) }.terminate.store(true, Ordering::Relaxed);
        Ok(())
    })
}

unsafe extern "system" fn RunOptionsUnsetTerminate(options: *mut OrtRunOptions) -> OrtStatusPtr {
    guard(|| {
        // SAFETY: by the C interface, `options` is live.
        unsafe { RunOptions::from_handle(options) }.terminate.store(false, Ordering::Relaxed);
        Ok(())
    })
}

unsafe extern "system" fn Run(
    session: *mut OrtSession,
    options: *const OrtRunOptions,
    input_names: *const *const c_char,
    inputs: *const *const OrtValue,
    input_count: usize,
    output_names: *const *const c_char,
    output_count: usize,
    outputs: *mut *mut OrtValue,
) -> OrtStatusPtr {
    guard(|| {
        // SAFETY: by the C interface, the session and the inputs are live, the arrays have the stated
        // lengths, the strings are NUL-terminated, the options are live or null.
        let (session, options, inputs, names) = unsafe {
            let names = array(input_names, input_count).iter().zip(array(inputs, input_count));
            let inputs = names.map(|(&name, &value)| Ok((text(name)?, Tensor::from_handle(value))));
            let wanted = array(output_names, output_count).iter().map(|&name| text(name));
            (
                Session::from_handle(session),
                (!options.is_null()).then(|| RunOptions::from_handle(options)),
                inputs.collect::<Result<Vec<_>, Failure>>()?,
                wanted.collect::<Result<Vec<_>, Failure>>()?,
            )
        };
        let computed = session.run(options, &inputs, &names)?;
        // Do what may fail first: on an error `ort` takes no outputs, and any already written would leak.
        for (index, tensor) in computed.iter().enumerate() {
            // SAFETY: by the C interface, `outputs` has `output_count` slots, each null or a live tensor that
            // receives the result and is not used elsewhere.
            unsafe {
                let existing = *outputs.add(index);
                if !existing.is_null() {
                    Tensor::from_handle_mut(existing).fill_from(tensor)?;
                }
            }
        }
        for (index, tensor) in computed.into_iter().enumerate() {
            // SAFETY: as above.
            unsafe {
                let slot = outputs.add(index);
                if (*slot).is_null() {
                    slot.write(tensor.into_handle());
                }
            }
        }
        Ok(())
    })
}

// ---- Types

unsafe extern "system" fn GetOnnxTypeFromTypeInfo(_: *const OrtTypeInfo, out: *mut ONNXType) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable. There are only tensors.
    guard(|| unsafe { put(out, ONNXType::ONNX_TYPE_TENSOR) })
}

unsafe extern "system" fn CastTypeInfoToTensorInfo(
    info: *const OrtTypeInfo,
    out: *mut *const OrtTensorTypeAndShapeInfo,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `info` is live and outlives the result, and `out` is writable.
    guard(|| unsafe { put(out, (&raw const TypeInfo::from_handle(info).0).cast()) })
}

unsafe extern "system" fn CreateTensorTypeAndShapeInfo(
    out: *mut *mut OrtTensorTypeAndShapeInfo,
) -> OrtStatusPtr {
    let undefined = ONNXTensorElementDataType::ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    // SAFETY: by the C interface, `out` is writable.
    guard(|| unsafe { put(out, TensorType::new(undefined, Vec::new()).into_handle()) })
}

unsafe extern "system" fn SetTensorElementType(
    info: *mut OrtTensorTypeAndShapeInfo,
    element: ONNXTensorElementDataType,
) -> OrtStatusPtr {
    guard(|| {
        // SAFETY: by the C interface, `info` is live and not used elsewhere.
        unsafe { TensorType::from_handle_mut(info) }.element = element;
        Ok(())
    })
}

unsafe extern "system" fn SetDimensions(
    info: *mut OrtTensorTypeAndShapeInfo,
    dims: *const i64,
    count: usize,
) -> OrtStatusPtr {
    guard(|| {
        // SAFETY: by the C interface, `info` is live and not used elsewhere, `dims` has `count` elements.
        let (info, dims) = unsafe { (TensorType::from_handle_mut(info), array(dims, count)) };
        *info = TensorType::new(info.element, dims.to_vec());
        Ok(())
    })
}

unsafe extern "system" fn SetSymbolicDimensions(
    info: *mut OrtTensorTypeAndShapeInfo,
    names: *mut *const c_char,
    count: usize,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `info` is live and not used elsewhere, `names` has `count`
    // NUL-terminated strings.
    guard(|| unsafe {
        let info = TensorType::from_handle_mut(info);
        if count != info.dims.len() {
            return Err(Failure::invalid_argument(format_args!(
                "{count} names for {} dimensions",
                info.dims.len()
            )));
        }
        let names = array(names.cast_const(), count);
        info.symbols = names.iter().map(|&name| CStr::from_ptr(name).to_owned()).collect();
        Ok(())
    })
}

unsafe extern "system" fn GetTensorElementType(
    info: *const OrtTensorTypeAndShapeInfo,
    out: *mut ONNXTensorElementDataType,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `info` is live and `out` is writable.
    guard(|| unsafe { put(out, TensorType::from_handle(info).element) })
}

unsafe extern "system" fn GetDimensionsCount(
    info: *const OrtTensorTypeAndShapeInfo,
    out: *mut usize,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `info` is live and `out` is writable.
    guard(|| unsafe { put(out, TensorType::from_handle(info).dims.len()) })
}

unsafe extern "system" fn GetDimensions(
    info: *const OrtTensorTypeAndShapeInfo,
    out: *mut i64,
    count: usize,
) -> OrtStatusPtr {
    guard(|| {
        // SAFETY: by the C interface, `info` is live.
        let dims = &unsafe { TensorType::from_handle(info) }.dims;
        for (index, &dim) in dims.iter().take(count).enumerate() {
            // SAFETY: by the C interface, `out` has room for `count` dimensions.
            unsafe { out.add(index).write(dim) };
        }
        Ok(())
    })
}

unsafe extern "system" fn GetSymbolicDimensions(
    info: *const OrtTensorTypeAndShapeInfo,
    out: *mut *const c_char,
    count: usize,
) -> OrtStatusPtr {
    guard(|| {
        // SAFETY: by the C interface, `info` is live and outlives the strings.
        let symbols = &unsafe { TensorType::from_handle(info) }.symbols;
        for index in 0..count {
            // Never null: `ort` reads every one as a string.
            let name = symbols.get(index).map_or(c"".as_ptr(), |symbol| symbol.as_ptr());
            // SAFETY: by the C interface, `out` has room for `count` pointers.
            unsafe { out.add(index).write(name) };
        }
        Ok(())
    })
}

unsafe extern "system" fn GetTensorShapeElementCount(
    info: *const OrtTensorTypeAndShapeInfo,
    out: *mut usize,
) -> OrtStatusPtr {
    guard(|| {
        // SAFETY: by the C interface, `info` is live.
        let dims = &unsafe { TensorType::from_handle(info) }.dims;
        let count = dims.iter().try_fold(1usize, |count, &dim| count.checked_mul(usize::try_from(dim).ok()?));
        let count =
            count.ok_or_else(|| Failure::invalid_argument(format_args!("{dims:?} has open dimensions")))?;
        // SAFETY: by the C interface, `out` is writable.
        unsafe { put(out, count) }
    })
}

// ---- Values

unsafe extern "system" fn CreateTensorAsOrtValue(
    _: *mut OrtAllocator,
    shape: *const i64,
    rank: usize,
    element: ONNXTensorElementDataType,
    out: *mut *mut OrtValue,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `shape` has `rank` elements and `out` is writable.
    guard(|| unsafe { put(out, Tensor::zeros(element, array(shape, rank))?.into_handle()) })
}

unsafe extern "system" fn CreateTensorWithDataAsOrtValue(
    _: *const OrtMemoryInfo,
    data: *mut c_void,
    bytes: usize,
    shape: *const i64,
    rank: usize,
    element: ONNXTensorElementDataType,
    out: *mut *mut OrtValue,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `data` has `bytes` bytes that outlive the value, `shape` has `rank`
    // elements, `out` is writable.
    guard(|| unsafe { put(out, Tensor::borrowed(element, array(shape, rank), data, bytes)?.into_handle()) })
}

unsafe extern "system" fn IsTensor(_: *const OrtValue, out: *mut c_int) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable. There are only tensors.
    guard(|| unsafe { put(out, 1) })
}

unsafe extern "system" fn HasValue(_: *const OrtValue, out: *mut c_int) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable. There are no empty optional values.
    guard(|| unsafe { put(out, 1) })
}

unsafe extern "system" fn GetValueType(_: *const OrtValue, out: *mut ONNXType) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable. There are only tensors.
    guard(|| unsafe { put(out, ONNXType::ONNX_TYPE_TENSOR) })
}

unsafe extern "system" fn GetTypeInfo(value: *const OrtValue, out: *mut *mut OrtTypeInfo) -> OrtStatusPtr {
    // SAFETY: by the C interface, `value` is live and `out` is writable.
    guard(|| unsafe { put(out, TypeInfo(Tensor::from_handle(value).ty.clone()).into_handle()) })
}

unsafe extern "system" fn GetTensorTypeAndShape(
    value: *const OrtValue,
    out: *mut *mut OrtTensorTypeAndShapeInfo,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `value` is live and `out` is writable.
    guard(|| unsafe { put(out, Tensor::from_handle(value).ty.clone().into_handle()) })
}

unsafe extern "system" fn GetTensorElementTypeAndShapeDataReference(
    value: *const OrtValue,
    element: *mut ONNXTensorElementDataType,
    dims: *mut *const i64,
    count: *mut usize,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `value` is live and outlives the dimensions; the rest is writable.
    guard(|| unsafe {
        let ty = &Tensor::from_handle(value).ty;
        put(element, ty.element)?;
        put(dims, ty.dims.as_ptr())?;
        put(count, ty.dims.len())
    })
}

unsafe extern "system" fn GetTensorMutableData(value: *mut OrtValue, out: *mut *mut c_void) -> OrtStatusPtr {
    // SAFETY: by the C interface, `value` is live and `out` is writable.
    guard(|| unsafe { put(out, Tensor::from_handle(value).data()) })
}

unsafe extern "system" fn GetTensorData(value: *const OrtValue, out: *mut *const c_void) -> OrtStatusPtr {
    // SAFETY: by the C interface, `value` is live and `out` is writable.
    guard(|| unsafe { put(out, Tensor::from_handle(value).data().cast_const()) })
}

unsafe extern "system" fn GetTensorSizeInBytes(value: *const OrtValue, out: *mut usize) -> OrtStatusPtr {
    // SAFETY: by the C interface, `value` is live and `out` is writable.
    guard(|| unsafe { put(out, Tensor::from_handle(value).bytes()) })
}

unsafe extern "system" fn GetTensorMemoryInfo(
    _: *const OrtValue,
    out: *mut *const OrtMemoryInfo,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable. Every tensor is in the CPU's memory.
    guard(|| unsafe { put(out, MemoryInfo::cpu()) })
}

// ---- Memory

unsafe extern "system" fn CreateMemoryInfo(
    name: *const c_char,
    allocator_type: OrtAllocatorType,
    id: c_int,
    mem_type: OrtMemType,
    out: *mut *mut OrtMemoryInfo,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `name` is NUL-terminated and `out` is writable.
    guard(|| unsafe {
        put(out, MemoryInfo::new(CStr::from_ptr(name), allocator_type, id, mem_type)?.into_handle())
    })
}

unsafe extern "system" fn CreateCpuMemoryInfo(
    allocator_type: OrtAllocatorType,
    mem_type: OrtMemType,
    out: *mut *mut OrtMemoryInfo,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable.
    guard(|| unsafe { put(out, MemoryInfo::new(CPU, allocator_type, 0, mem_type)?.into_handle()) })
}

unsafe extern "system" fn CompareMemoryInfo(
    left: *const OrtMemoryInfo,
    right: *const OrtMemoryInfo,
    out: *mut c_int,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, both handles are live and `out` is writable.
    guard(|| unsafe {
        let same = MemoryInfo::from_handle(left) == MemoryInfo::from_handle(right);
        put(out, c_int::from(!same))
    })
}

unsafe extern "system" fn MemoryInfoGetName(
    _: *const OrtMemoryInfo,
    out: *mut *const c_char,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable.
    guard(|| unsafe { put(out, CPU.as_ptr()) })
}

unsafe extern "system" fn MemoryInfoGetId(info: *const OrtMemoryInfo, out: *mut c_int) -> OrtStatusPtr {
    // SAFETY: by the C interface, `info` is live and `out` is writable.
    guard(|| unsafe { put(out, MemoryInfo::from_handle(info).id) })
}

unsafe extern "system" fn MemoryInfoGetMemType(
    info: *const OrtMemoryInfo,
    out: *mut OrtMemType,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `info` is live and `out` is writable.
    guard(|| unsafe { put(out, MemoryInfo::from_handle(info).mem_type) })
}

unsafe extern "system" fn MemoryInfoGetType(
    info: *const OrtMemoryInfo,
    out: *mut OrtAllocatorType,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `info` is live and `out` is writable.
    guard(|| unsafe { put(out, MemoryInfo::from_handle(info).allocator_type) })
}

unsafe extern "system" fn CreateAllocator(
    _: *const OrtSession,
    _: *const OrtMemoryInfo,
    out: *mut *mut OrtAllocator,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable. There is one allocator.
    guard(|| unsafe { put(out, default_allocator()) })
}

/// Does nothing: the only allocator is a static.
unsafe extern "system" fn ReleaseAllocator(_: *mut OrtAllocator) {}

unsafe extern "system" fn GetAllocatorWithDefaultOptions(out: *mut *mut OrtAllocator) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable.
    guard(|| unsafe { put(out, default_allocator()) })
}

unsafe extern "system" fn AllocatorAlloc(
    _: *mut OrtAllocator,
    size: usize,
    out: *mut *mut c_void,
) -> OrtStatusPtr {
    guard(|| {
        let block = allocate_block(size);
        if block.is_null() {
            return Err(Failure::new(OrtErrorCode::ORT_FAIL, format_args!("no room for {size} bytes")));
        }
        // SAFETY: by the C interface, `out` is writable.
        unsafe { put(out, block) }
    })
}

unsafe extern "system" fn AllocatorFree(_: *mut OrtAllocator, block: *mut c_void) -> OrtStatusPtr {
    guard(|| {
        // SAFETY: by the C interface, `block` is null or comes from this allocator, and is freed once.
        unsafe { free_block(block) };
        Ok(())
    })
}

unsafe extern "system" fn AllocatorGetInfo(
    _: *const OrtAllocator,
    out: *mut *const OrtMemoryInfo,
) -> OrtStatusPtr {
    // SAFETY: by the C interface, `out` is writable.
    guard(|| unsafe { put(out, MemoryInfo::cpu()) })
}
