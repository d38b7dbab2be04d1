//! Random numbers, the same on every run, and errors of typing.

/// Knuth's MMIX generator.
pub struct Random(pub u64);

impl Random {
    /// From 0 to 1.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From 0 to below the bound.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.unit() * bound as f64) as usize
    }

    /// `count` of the items, each once, in random order.
    pub fn some<T: Clone>(&mut self, items: &[T], count: usize) -> Vec<T> {
        let mut order: Vec<usize> = (0..items.len()).collect();
        for at in 0..count.min(items.len()) {
            let other = at + self.below(items.len() - at);
            order.swap(at, other);
        }
        order.into_iter().take(count).map(|at| items[at].clone()).collect()
    }
}

/// The rows of a keyboard.
const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// A text with `errors` errors of the keyboard kind (neighbour key, missing, doubled, swapped letters) in words
/// of four letters and more; as it is where it has none.
pub fn mistyped(random: &mut Random, text: &str, errors: usize) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..errors {
        // Places within long words; the first letter is seldom wrong.
        let places: Vec<usize> = (1..letters.len().saturating_sub(1))
            .filter(|&at| {
                let word = |at: usize| letters[at].is_ascii_alphabetic();
                let length = letters[..at].iter().rev().take_while(|c| c.is_ascii_alphabetic()).count()
                    + letters[at..].iter().take_while(|c| c.is_ascii_alphabetic()).count();
                word(at) && word(at - 1) && length >= 4
            })
            .collect();
        if places.is_empty() {
            break;
        }
        let at = places[random.below(places.len())];
        match random.below(4) {
            0 => {
                let c = letters[at].to_ascii_lowercase();
                let row = ROWS.iter().find(|row| row.contains(c)).unwrap_or(&ROWS[0]);
                let own = row.find(c).unwrap_or(0);
                let other =
                    if own == 0 || (own + 1 < row.len() && random.unit() < 0.5) { own + 1 } else { own - 1 };
                letters[at] = char::from(row.as_bytes()[other]);
            }
            1 => {
                letters.remove(at);
            }
            2 => letters.insert(at, letters[at]),
            _ => letters.swap(at - 1, at),
        }
    }
    letters.into_iter().collect()
}
