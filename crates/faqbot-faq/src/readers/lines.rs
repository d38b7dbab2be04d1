//! Line numbers of offsets in a text.

/// Counts lines while going through a text.
pub struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    /// For a text that starts on line `first` of its file.
    pub fn new(text: &'t str, first: usize) -> Self {
        Lines { text: text.as_bytes(), at: 0, line: first }
    }

    /// The line of the byte at `offset`. Offsets must not decrease.
    pub fn at(&mut self, offset: usize) -> usize {
        let offset = offset.clamp(self.at, self.text.len());
        self.line += self.text[self.at..offset].iter().filter(|&&byte| byte == b'\n').count();
        self.at = offset;
        self.line
    }
}
