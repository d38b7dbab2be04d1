//! Files of arrays: numbers one after the other, as this machine has them in memory, with a checksum.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | what the file is |
//! | 8 | [`ORDER`], which another order of bytes makes another number |
//! | 8, then as many | an array: its length in bytes and its numbers; any number of these |
//! | 8 | xxh3-64 of all bytes before |

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use bytemuck::{NoUninit, Pod};
use xxhash_rust::xxh3::Xxh3;

const ORDER: u64 = 0x0102_0304_0506_0708;

/// About this many bytes are read before they are added to the checksum, while they are at hand.
const CHUNK_BYTES: usize = 256 << 10;

/// What a file is: its first bytes.
pub type Magic = [u8; 8];

/// Writes a file of arrays.
pub struct ArrayWriter<'w> {
    out: &'w mut dyn Write,
    sum: Xxh3,
}

impl<'w> ArrayWriter<'w> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// It cannot be written; so with all that follows.
    pub fn new(out: &'w mut dyn Write, magic: &Magic) -> io::Result<Self> {
        let mut writer = ArrayWriter { out, sum: Xxh3::new() };
        writer.bytes(magic)?;
        writer.bytes(&ORDER.to_ne_bytes())?;
        Ok(writer)
    }

    /// Writes an array.
    pub fn array<T: NoUninit>(&mut self, numbers: &[T]) -> io::Result<()> {
        let bytes: &[u8] = bytemuck::cast_slice(numbers);
        self.bytes(&(bytes.len() as u64).to_ne_bytes())?;
        self.bytes(bytes)
    }

    /// Writes the checksum, and gives back what is written to.
    pub fn finish(self) -> io::Result<&'w mut dyn Write> {
        self.out.write_all(&self.sum.digest().to_ne_bytes())?;
        Ok(self.out)
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.out.write_all(bytes)
    }
}

/// Reads a file of arrays. What it gives may be broken until [`ArrayReader::finish`] says that it is not.
pub struct ArrayReader {
    file: File,
    /// Bytes that were read.
    at: u64,
    size: u64,
    sum: Xxh3,
}

impl ArrayReader {
    /// Opens a file; `None` where there is none.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is another kind of file.
    pub fn open(path: &Path, magic: &Magic) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let size = file.metadata()?.len();
        let mut reader = ArrayReader { file, at: 0, size, sum: Xxh3::new() };
        let mut begin = [0; 16];
        reader.bytes(&mut begin)?;
        if !begin.starts_with(magic) {
            return Err(broken("it is another kind of file"));
        }
        if begin[8..] != ORDER.to_ne_bytes() {
            return Err(broken("it comes from another kind of machine"));
        }
        Ok(Some(reader))
    }

    /// Reads the next array.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is cut short, or has no array of such numbers here.
    pub fn array<T: Pod>(&mut self) -> io::Result<Vec<T>> {
        let mut length = [0; 8];
        self.bytes(&mut length)?;
        let length = u64::from_ne_bytes(length);
        // Before memory is asked for.
        if length > self.size - self.at || length % size_of::<T>() as u64 != 0 {
            return Err(broken("it is cut short"));
        }
        let mut numbers = vec![T::zeroed(); length as usize / size_of::<T>()];
        self.bytes(bytemuck::cast_slice_mut(&mut numbers))?;
        Ok(numbers)
    }

    /// The same for one number.
    ///
    /// # Errors
    ///
    /// As [`ArrayReader::array`].
    pub fn number<T: Pod>(&mut self) -> io::Result<T> {
        match self.array()?[..] {
            [number] => Ok(number),
            _ => Err(broken("it is cut short")),
        }
    }

    /// Checks what was read, and gives the file back with the number of bytes read and the size of it.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or its checksum is another.
    pub fn finish(mut self) -> io::Result<(File, u64, u64)> {
        let found = self.sum.digest();
        let mut checksum = [0; 8];
        self.bytes(&mut checksum)?;
        if found != u64::from_ne_bytes(checksum) {
            return Err(broken("its checksum is wrong"));
        }
        Ok((self.file, self.at, self.size))
    }

    fn bytes(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        for chunk in bytes.chunks_mut(CHUNK_BYTES) {
            self.file.read_exact(chunk).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => broken("it is cut short"),
                _ => error,
            })?;
            self.at += chunk.len() as u64;
            self.sum.update(chunk);
        }
        Ok(())
    }
}

/// An error for a file whose content is not what it should be.
pub fn broken(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: &Magic = b"FAQBOT T";

    fn written() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = ArrayWriter::new(&mut bytes, MAGIC).unwrap();
        writer.array(&[1.5f32, -2.0]).unwrap();
        writer.array::<u64>(&[]).unwrap();
        writer.array(&[[1u8, 2], [3, 4]]).unwrap();
        writer.finish().unwrap().write_all(b"more").unwrap();
        bytes
    }

    type Arrays = (Vec<f32>, Vec<u64>, Vec<[u8; 2]>, u64);

    fn read(bytes: &[u8]) -> io::Result<Arrays> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), bytes)?;
        let mut reader = ArrayReader::open(file.path(), MAGIC)?.expect("a file");
        let arrays = (reader.array()?, reader.array()?, reader.array()?);
        let (_, at, size) = reader.finish()?;
        Ok((arrays.0, arrays.1, arrays.2, size - at))
    }

    #[test]
    fn arrays_come_back_and_changed_ones_do_not() {
        let whole = written();
        assert_eq!(read(&whole).unwrap(), (vec![1.5, -2.0], vec![], vec![[1, 2], [3, 4]], 4));
        let end = whole.len() - 4;
        for cut in 0..end {
            assert!(read(&whole[..cut]).is_err(), "{cut}");
        }
        for at in 0..end {
            let mut changed = whole.clone();
            changed[at] ^= 0x80;
            assert!(read(&changed).is_err(), "{at}");
        }
        assert!(ArrayReader::open(Path::new("/nowhere/at/all"), MAGIC).unwrap().is_none());
    }
}
