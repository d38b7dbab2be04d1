//! A file of vectors with the keys of their texts. Opening it does not read the vectors.
//!
//! Arrays ([`arrays`](super::arrays)), then rows:
//!
//! | what | numbers |
//! |---|---|
//! | version, 2, and dimension `d` | 2 of 4 bytes |
//! | the model's id | UTF-8 |
//! | keys: xxh3-128 of each text | `n` of 16 bytes |
//! | [checks](super::rows::check) of the vectors | `n` of 8 bytes |
//! | the vectors, in the order of the keys | `d n` of 4 bytes, after the checksum |

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::{Array2, ArrayView1};
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_128;

use super::arrays::{ArrayReader, ArrayWriter, Magic, broken};
use super::files;
use super::rows::{Rows, RowsFile, check};

/// The first bytes of a vector file.
pub const MAGIC: &Magic = b"FAQBOTEC";
const VERSION: u32 = 2;

/// Vectors that are read at a time.
const ROWS_A_READ: usize = 256;

/// The key of a text.
pub fn key(text: &str) -> u128 {
    xxh3_128(text.as_bytes())
}

/// An open vector file: its keys are in memory, its vectors are not.
pub struct VectorFile {
    /// The path of the file.
    pub path: PathBuf,
    /// The key of each row; see [`key`].
    pub keys: Vec<u128>,
    /// The vectors.
    pub rows: Rows,
}

impl VectorFile {
    /// Opens a file and reads all but its vectors; `None` if it does not exist.
    pub fn open(path: &Path, model: &str, dimension: usize) -> io::Result<Option<Self>> {
        let Some(mut reader) = ArrayReader::open(path, MAGIC)? else { return Ok(None) };
        let [version, found] = reader.array::<u32>()?[..] else { return Err(broken("it is cut short")) };
        if version != VERSION {
            return Err(broken(&format!("it has version {version}, not {VERSION}")));
        }
        if found as usize != dimension || reader.array::<u8>()? != model.as_bytes() {
            return Err(broken("it belongs to another model"));
        }
        let (keys, checks) = (reader.array::<u128>()?, reader.array::<u64>()?);
        let (file, offset, size) = reader.finish()?;
        let bytes = (keys.len() as u64).checked_mul(4 * dimension as u64);
        if checks.len() != keys.len() || bytes != Some(size - offset) {
            return Err(broken("it is cut short"));
        }
        let rows = Rows::File(Arc::new(RowsFile::new(file, offset, dimension, checks)));
        Ok(Some(VectorFile { path: path.to_owned(), keys, rows }))
    }

    /// Copies the file's vectors to their positions, where these are not known yet. Broken vectors stay
    /// unknown, and are an error once the others are copied.
    pub fn copy(
        &self,
        positions: &FxHashMap<u128, usize>,
        known: &mut [bool],
        rows: &mut Array2<f32>,
    ) -> io::Result<()> {
        let mut result = Ok(());
        let target = |at: usize| positions.get(&self.keys[at]).copied();
        for start in (0..self.keys.len()).step_by(ROWS_A_READ) {
            let wanted = |at: &usize| target(*at).is_some_and(|position| !known[position]);
            let part: Vec<usize> = (start..self.keys.len().min(start + ROWS_A_READ)).filter(wanted).collect();
            let (Some(&first), Some(&last)) = (part.first(), part.last()) else { continue };
            let mut copy = |at: usize, row: ArrayView1<f32>| {
                if let Some(position) = target(at) {
                    rows.row_mut(position).assign(&row);
                    known[position] = true;
                }
            };
            match self.rows.block(first..last + 1) {
                Ok(block) => part.iter().for_each(|&at| copy(at, block.row(at - first))),
                // One by one, so that a broken vector costs only itself.
                Err(_) => {
                    for at in part {
                        match self.rows.block(at..at + 1) {
                            Ok(row) => copy(at, row.row(0)),
                            Err(error) => result = Err(error),
                        }
                    }
                }
            }
        }
        result
    }

    /// Writes the vectors of the texts with these keys, whole or not at all.
    pub fn write(path: &Path, model: &str, keys: &[u128], rows: &Array2<f32>) -> io::Result<()> {
        let rows = rows.as_standard_layout();
        let numbers = rows.as_slice().expect("standard layout lies in turn");
        let checks: Vec<u64> = numbers.chunks_exact(rows.ncols().max(1)).map(check).collect();
        files::write_private(path, |out| {
            let mut writer = ArrayWriter::new(out, MAGIC)?;
            writer.array(&[VERSION, rows.ncols() as u32])?;
            writer.array(model.as_bytes())?;
            writer.array(keys)?;
            writer.array(&checks)?;
            writer.finish()?.write_all(bytemuck::cast_slice(numbers))
        })
    }
}
