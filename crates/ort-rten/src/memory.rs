//! The CPU allocator and descriptions of memory. The CPU's memory is the only kind.

use std::alloc::{Layout, alloc, dealloc};
use std::ffi::{CStr, c_void};
use std::ptr;

use ort_sys::{OrtAllocator, OrtAllocatorType, OrtMemType, OrtMemoryInfo};

use crate::status::{Failure, Handle};

/// The device name that `ort` uses for CPU memory.
pub const CPU: &CStr = c"Cpu";

/// A description of memory: where it is and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryInfo {
    pub allocator_type: OrtAllocatorType,
    pub id: i32,
    pub mem_type: OrtMemType,
}

// SAFETY: the only type behind OrtMemoryInfo.
unsafe impl Handle for MemoryInfo {
    type Opaque = OrtMemoryInfo;
}

/// Describes every tensor and the default allocator.
static CPU_INFO: MemoryInfo = MemoryInfo {
    allocator_type: OrtAllocatorType::OrtDeviceAllocator,
    id: 0,
    mem_type: OrtMemType::OrtMemTypeDefault,
};

impl MemoryInfo {
    /// The handle of the static description, which is never released.
    pub fn cpu() -> *const OrtMemoryInfo {
        (&raw const CPU_INFO).cast()
    }

    pub fn new(
        device: &CStr,
        allocator_type: OrtAllocatorType,
        id: i32,
        mem_type: OrtMemType,
    ) -> Result<Self, Failure> {
        if device != CPU {
            return Err(Failure::not_implemented(format_args!(
                "device `{}`: this backend has only the CPU's memory",
                device.to_string_lossy()
            )));
        }
        Ok(MemoryInfo { allocator_type, id, mem_type })
    }
}

/// The alignment of every block, enough for any element type and for vector loads. Also the size of the
/// header before a block, which keeps the block itself aligned.
const ALIGNMENT: usize = 64;

/// The layout of a block of `size` bytes with its header, which stores that size.
fn block_layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(ALIGNMENT)?, ALIGNMENT).ok()
}

/// Allocates `size` bytes, or returns null if there is no room; [`free_block`] frees them.
pub fn allocate_block(size: usize) -> *mut c_void {
    let Some(layout) = block_layout(size) else { return ptr::null_mut() };
    // SAFETY: the layout has at least ALIGNMENT bytes, so its size is not zero.
    let base = unsafe { alloc(layout) };
    if base.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the header is inside the block and aligned for a usize.
    unsafe { base.cast::<usize>().write(size) };
    // SAFETY: the block is longer than its header.
    unsafe { base.add(ALIGNMENT) }.cast()
}

/// Frees a block.
///
/// # Safety
///
/// `block` must be null or come from [`allocate_block`], and must not be used again.
pub unsafe fn free_block(block: *mut c_void) {
    if block.is_null() {
        return;
    }
    // SAFETY: by the caller, the header before the block holds the size it was allocated with, so the layout
    // is the same.
    unsafe {
        let base = block.cast::<u8>().sub(ALIGNMENT);
        let size = base.cast::<usize>().read();
        if let Some(layout) = block_layout(size) {
            dealloc(base, layout);
        }
    }
}

extern "system" fn allocator_alloc(_: *mut OrtAllocator, size: usize) -> *mut c_void {
    allocate_block(size)
}

unsafe extern "system" fn allocator_free(_: *mut OrtAllocator, block: *mut c_void) {
    // SAFETY: by the C interface, `block` is null or comes from this allocator.
    unsafe { free_block(block) }
}

extern "system" fn allocator_info(_: *const OrtAllocator) -> *const OrtMemoryInfo {
    MemoryInfo::cpu()
}

extern "system" fn allocator_reserve(_: *const OrtAllocator, size: usize) -> *mut c_void {
    allocate_block(size)
}

/// A constant allocator table. Threads can share it, since it is only read.
struct SharedAllocator(OrtAllocator);

// SAFETY: the table holds only function pointers and is never written.
unsafe impl Sync for SharedAllocator {}

static ALLOCATOR: SharedAllocator = SharedAllocator(OrtAllocator {
    Alloc: Some(allocator_alloc),
    Free: Some(allocator_free),
    Info: Some(allocator_info),
    Reserve: Some(allocator_reserve),
    // SAFETY: `default` is unsafe because it leaves entries unset; the required ones are set above.
    ..unsafe { OrtAllocator::default() }
});

/// The only allocator. It is never released.
pub fn default_allocator() -> *mut OrtAllocator {
    (&raw const ALLOCATOR.0).cast_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_aligned_and_separate() {
        let blocks: Vec<_> = [0, 1, 63, 64, 4096].map(|size| (size, allocate_block(size))).into();
        for &(size, block) in &blocks {
            assert!(!block.is_null());
            assert_eq!(block as usize % ALIGNMENT, 0);
            // SAFETY: the block has `size` bytes.
            unsafe { block.cast::<u8>().write_bytes(0xa5, size) };
        }
        for (_, block) in blocks {
            // SAFETY: allocated above, freed once.
            unsafe { free_block(block) };
        }
    }

    #[test]
    fn an_impossible_size_gives_null() {
        assert!(allocate_block(usize::MAX - 8).is_null());
    }

    #[test]
    fn other_devices_are_refused() {
        let info = |device| {
            MemoryInfo::new(device, OrtAllocatorType::OrtDeviceAllocator, 0, OrtMemType::OrtMemTypeDefault)
        };
        assert!(info(c"Cpu").is_ok());
        assert!(info(c"Cuda").is_err());
    }
}
