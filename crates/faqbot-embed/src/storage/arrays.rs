//! Files of arrays: numbers in this machine's memory layout, with a checksum.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the kind of file |
//! | 8 | `ORDER`, which is another number in another byte order |
//! | 8, then as many | an array: its length in bytes and its numbers; any number of these |
//! | 8 | xxh3-64 of all bytes before |

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use bytemuck::{NoUninit, Pod};
use xxhash_rust::xxh3::Xxh3;

const ORDER: u64 = 0x0102_0304_0506_0708;

/// Roughly this many bytes are read, then added to the checksum while they are still in the cache.
const CHUNK_BYTES: usize = 256 << 10;

/// The first bytes of a file, which tell its kind.
pub type Magic = [u8; 8];

/// Writes a file of arrays.
pub struct ArrayWriter<'w> {
    out: &'w mut dyn Write,
    sum: Xxh3,
}

impl<'w> ArrayWriter<'w> {
    /// Starts a file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written; so do the other functions.
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

    /// Writes the checksum and returns the output.
    pub fn finish(self) -> io::Result<&'w mut dyn Write> {
        self.out.write_all(&self.sum.digest().to_ne_bytes())?;
        Ok(self.out)
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.out.write_all(bytes)
    }
}

/// Reads a file of arrays. What it returns may be broken until [`ArrayReader::finish`] has checked it.
pub struct ArrayReader {
    file: File,
    /// Bytes read so far.
    at: u64,
    size: u64,
    sum: Xxh3,
}

impl ArrayReader {
    /// Opens a file; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read or is of another kind.
    pub fn open(path: &Path, magic: &Magic) -> io::Result<Option<Self>> {
        // A pipe would be waited for.
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(broken("it is no plain file"));
        }
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
    /// Returns an error if the file cannot be read, is cut short, or has no array of such numbers here.
    pub fn array<T: Pod>(&mut self) -> io::Result<Vec<T>> {
        let mut length = [0; 8];
        self.bytes(&mut length)?;
        let length = u64::from_ne_bytes(length);
        // Checked before memory is allocated.
        if length > self.size - self.at || length % size_of::<T>() as u64 != 0 {
            return Err(broken("it is cut short"));
        }
        let mut numbers = vec![T::zeroed(); length as usize / size_of::<T>()];
        self.bytes(bytemuck::cast_slice_mut(&mut numbers))?;
        Ok(numbers)
    }

    /// Reads an array of one number.
    ///
    /// # Errors
    ///
    /// As for [`ArrayReader::array`].
    pub fn number<T: Pod>(&mut self) -> io::Result<T> {
        match self.array()?[..] {
            [number] => Ok(number),
            _ => Err(broken("it is cut short")),
        }
    }

    /// Verifies the checksum. Returns the file, the number of bytes read, and the size of the file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read or the checksum differs.
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

/// An error for a file with unexpected content.
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
