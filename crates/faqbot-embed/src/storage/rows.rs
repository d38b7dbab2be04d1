//! Rows of numbers, in memory or in a file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{ArcArray2, Array2, ArrayView2, Axis, CowArray, Ix2};
use xxhash_rust::xxh3::xxh3_64;

use super::arrays::broken;

/// Rows `[count, dimension]`. Clones share them.
#[derive(Debug, Clone)]
pub enum Rows {
    /// Rows in memory.
    Memory(ArcArray2<f32>),
    /// Rows that are read from a file when needed.
    File(Arc<RowsFile>),
}

impl Rows {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Rows::Memory(rows) => rows.nrows(),
            Rows::File(file) => file.checks.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The length of a row.
    pub fn dimension(&self) -> usize {
        match self {
            Rows::Memory(rows) => rows.ncols(),
            Rows::File(file) => file.dimension,
        }
    }

    /// All rows, if they are in memory.
    pub fn in_memory(&self) -> Option<ArrayView2<'_, f32>> {
        match self {
            Rows::Memory(rows) => Some(rows.view()),
            Rows::File(_) => None,
        }
    }

    /// A range of rows.
    ///
    /// # Errors
    ///
    /// Returns an error if the file can no longer be read or has changed.
    pub fn block(&self, rows: Range<usize>) -> io::Result<CowArray<'_, f32, Ix2>> {
        match self {
            Rows::Memory(all) => Ok(all.slice_axis(Axis(0), rows.into()).into()),
            Rows::File(file) => file.block(rows).map(CowArray::from),
        }
    }

    /// Whether rows of the file were found broken since this was asked last.
    pub fn take_damage(&self) -> bool {
        match self {
            Rows::Memory(_) => false,
            Rows::File(file) => file.damaged.swap(false, Ordering::Relaxed),
        }
    }

    /// All rows in memory, read from the file if they are in one.
    ///
    /// # Errors
    ///
    /// As for [`Rows::block`].
    pub fn read(&self) -> io::Result<ArcArray2<f32>> {
        match self {
            Rows::Memory(rows) => Ok(rows.clone()),
            Rows::File(file) => file.block(0..file.checks.len()).map(Array2::into_shared),
        }
    }
}

impl From<Array2<f32>> for Rows {
    fn from(rows: Array2<f32>) -> Self {
        Rows::Memory(rows.into_shared())
    }
}

impl From<ArcArray2<f32>> for Rows {
    fn from(rows: ArcArray2<f32>) -> Self {
        Rows::Memory(rows)
    }
}

/// Consecutive rows in a file, in this machine's memory layout.
#[derive(Debug)]
pub struct RowsFile {
    file: Mutex<File>,
    /// Where the first row starts.
    offset: u64,
    dimension: usize,
    /// See [`check`].
    checks: Vec<u64>,
    /// Whether rows were found broken.
    damaged: AtomicBool,
}

/// The check of a row when it is read: xxh3-64 of its bytes.
pub fn check(row: &[f32]) -> u64 {
    xxh3_64(bytemuck::cast_slice(row))
}

impl RowsFile {
    /// Rows of `dimension` numbers in `file`, from `offset` on, with these checks.
    pub fn new(file: File, offset: u64, dimension: usize, checks: Vec<u64>) -> Self {
        RowsFile { file: Mutex::new(file), offset, dimension, checks, damaged: AtomicBool::new(false) }
    }

    fn block(&self, rows: Range<usize>) -> io::Result<Array2<f32>> {
        let block = self.read(rows);
        if block.is_err() {
            self.damaged.store(true, Ordering::Relaxed);
        }
        block
    }

    fn read(&self, rows: Range<usize>) -> io::Result<Array2<f32>> {
        let mut block = Array2::zeros((rows.len(), self.dimension));
        let numbers: &mut [f32] = block.as_slice_mut().expect("a new array lies in turn");
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(
                self.offset + (rows.start * self.dimension * size_of::<f32>()) as u64,
            ))?;
            file.read_exact(bytemuck::cast_slice_mut(numbers))?;
        }
        let mut found = numbers.chunks_exact(self.dimension.max(1)).map(check);
        if self.checks[rows].iter().any(|&wanted| found.next() != Some(wanted)) {
            return Err(broken("a vector is not the one that was written"));
        }
        Ok(block)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn rows_in_a_file_are_those_in_memory() {
        let all = Array2::from_shape_fn((5, 3), |(row, column)| (row * 10 + column) as f32);
        let checks = all.rows().into_iter().map(|row| check(row.as_slice().unwrap())).collect();
        let mut named = tempfile::NamedTempFile::new().unwrap();
        named.write_all(b"head").unwrap();
        named.write_all(bytemuck::cast_slice(all.as_slice().unwrap())).unwrap();
        let rows = Rows::File(Arc::new(RowsFile::new(named.reopen().unwrap(), 4, 3, checks)));
        let memory = Rows::from(all.clone());
        assert_eq!((rows.len(), rows.dimension()), (memory.len(), memory.dimension()));
        for range in [0..0, 0..1, 1..4, 4..5, 5..5] {
            assert_eq!(rows.block(range.clone()).unwrap(), memory.block(range).unwrap());
        }
        assert_eq!(rows.read().unwrap(), all);
        // Change a number in the third row.
        named.seek(SeekFrom::Start(4 + 2 * 12)).unwrap();
        named.write_all(&[1]).unwrap();
        assert!(rows.block(2..3).is_err() && rows.read().is_err());
        assert!(rows.block(3..5).is_ok());
    }
}
