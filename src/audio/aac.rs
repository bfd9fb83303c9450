//! Whether AAC is more than its core: HE-AAC adds the upper half of the band by
//! other means, which nothing here decodes.
//!
//! AudioSpecificConfig after ISO/IEC 14496-3, 1.6.2.1 and 4.4.1.

use super::Fault;

/// Object types: spectral band replication, and with it parametric stereo.
const SBR: u32 = 5;
const PS: u32 = 29;
/// What an extension begins with that older decoders pass over.
const SYNC: u32 = 0x2B7;

/// That HE-AAC cannot be read.
pub(super) fn high_efficiency() -> Fault {
    Fault::Unsupported("HE-AAC".to_owned())
}

/// Whether a configuration says that it is of HE-AAC.
pub(super) fn is_high_efficiency(config: &[u8]) -> bool {
    Bits {
        bytes: config,
        at: 0,
    }
    .is_high_efficiency()
    .unwrap_or(false)
}

struct Bits<'a> {
    bytes: &'a [u8],
    /// The next bit.
    at: usize,
}

impl Bits<'_> {
    fn is_high_efficiency(&mut self) -> Option<bool> {
        let object = self.object()?;
        if object == SBR || object == PS {
            return Some(true);
        }
        self.rate()?;
        if self.take(4)? == 0 {
            // Channels are told in an element of their own.
            return Some(false);
        }
        // The length of a frame, a core coder and its delay, an extension.
        self.take(1)?;
        if self.take(1)? == 1 {
            self.take(14)?;
        }
        self.take(1)?;
        Some(self.take(11)? == SYNC && self.object()? == SBR && self.take(1)? == 1)
    }

    fn object(&mut self) -> Option<u32> {
        match self.take(5)? {
            31 => Some(32 + self.take(6)?),
            object => Some(object),
        }
    }

    fn rate(&mut self) -> Option<u32> {
        match self.take(4)? {
            15 => self.take(24),
            index => Some(index),
        }
    }

    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for at in self.at..self.at + count {
            let byte = self.bytes.get(at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - at % 8) & 1);
        }
        self.at += count;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::is_high_efficiency;

    #[test]
    fn high_efficiency_is_told_in_any_of_its_ways() {
        // Of 44.1 kHz, stereo: AAC-LC, and the same saying that there is no more.
        for core in [&[0x12, 0x10][..], &[0x12, 0x10, 0x56, 0xE5, 0x00], &[]] {
            assert!(!is_high_efficiency(core), "{core:x?}");
        }
        // SBR by its object type, PS by its own, SBR behind the core's.
        for more in [
            &[0x2B, 0x92, 0x08, 0x00][..],
            &[0xEB, 0x8A, 0x08, 0x00],
            &[0x13, 0x90, 0x56, 0xE5, 0xA0],
        ] {
            assert!(is_high_efficiency(more), "{more:x?}");
        }
    }
}
