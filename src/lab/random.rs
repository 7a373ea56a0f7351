//! Randomness of a world: seeded by its name and kept with it, so that the same requests give the same world.

use serde::{Deserialize, Serialize};

/// Characters of the random ending of a machine request.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A small generator (SplitMix64); for names and ids, never for keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Random(u64);

impl Random {
    /// From a text.
    pub fn seeded(text: &str) -> Self {
        // FNV-1a, so that the seed does not depend on the standard library's hasher.
        Self(
            text.bytes()
                .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)),
        )
    }
    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// `count` letters of the alphabet of machine requests.
    pub fn letters(&mut self, count: usize) -> String {
        (0..count)
            .filter_map(|_| {
                let at = (self.draw() % LETTERS.len() as u64) as usize;
                LETTERS.get(at).map(|b| char::from(*b))
            })
            .collect()
    }
    /// `count` hexadecimal digits.
    pub fn hex(&mut self, count: usize) -> String {
        let mut out = String::new();
        while out.len() < count {
            out.push_str(&format!("{:016x}", self.draw()));
        }
        out.truncate(count);
        out
    }
    /// A version 4 UUID.
    pub fn uuid(&mut self) -> String {
        let bits = (u128::from(self.draw()) << 64) | u128::from(self.draw());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_names() {
        let (mut a, mut b) = (Random::seeded("fresh"), Random::seeded("fresh"));
        assert_eq!((a.uuid(), a.letters(6), a.hex(9)), (b.uuid(), b.letters(6), b.hex(9)));
        assert_ne!(Random::seeded("deployed").uuid(), Random::seeded("fresh").uuid());
        assert!(a.letters(200).bytes().all(|c| LETTERS.contains(&c)));
    }
}
