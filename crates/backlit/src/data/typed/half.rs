//! Numbers of 16 bits. Source: IEEE 754-2008, binary16.

use npyz::{DType, DTypeError, Deserialize, Endianness, TypeChar, TypeRead};
use std::io::{self, Read};

/// A number that stood in 16 bits.
pub(super) struct Half(pub f64);

/// Reads one, its bytes in this order.
pub(super) struct HalfReader(Endianness);

impl Deserialize for Half {
    type TypeReader = HalfReader;

    fn reader(dtype: &DType) -> Result<HalfReader, DTypeError> {
        match dtype {
            DType::Plain(plain) if plain.type_char() == TypeChar::Float && plain.size_field() == 2 => Ok(HalfReader(plain.endianness())),
            _ => Err(DTypeError::custom("expected float16")),
        }
    }
}

impl TypeRead for HalfReader {
    type Value = Half;

    fn read_one<R: Read>(&self, mut bytes: R) -> io::Result<Half> {
        let mut two = [0; 2];
        bytes.read_exact(&mut two)?;
        let bits = if self.0 == Endianness::Big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) };
        Ok(Half(widened(bits)))
    }
}

/// The number of these bits, which f64 holds exactly: (−1)ˢ · 2^(e − 15) · (1 + m/1024), for e = 0 (−1)ˢ · 2⁻¹⁴ · m/1024.
fn widened(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let size = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + mantissa) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against another way: the bits of the number as an f32, whose exponent is wider by 3 bits and whose mantissa is by 13.
    #[test]
    fn all_numbers_are_those_of_the_standard() {
        for bits in 0..=u16::MAX {
            let (sign, rest) = (u32::from(bits & 0x8000) << 16, u32::from(bits & 0x7FFF) << 13);
            // 2¹¹² corrects the exponent's offset, also of the smallest numbers.
            let other =
                if rest >= 31 << 23 { f32::from_bits(sign | rest | 255 << 23) } else { f32::from_bits(sign | rest) * 2f32.powi(112) };
            let number = widened(bits);
            assert!(number.to_bits() == f64::from(other).to_bits() || number.is_nan() && other.is_nan(), "{bits:#06x}: {number}, {other}");
        }
        // numpy.array([...], dtype=numpy.uint16).view(numpy.float16).astype(float)
        for (bits, want) in [
            (0x3C00, 1.0),
            (0xC000, -2.0),
            (0x2E66, 0.0999755859375),
            (0x7BFF, 65504.0),
            (0x0400, 6.103515625e-5),
            (0x0001, 5.960464477539063e-8),
            (0x03FF, 6.097555160522461e-5),
            (0x3555, 0.333251953125),
            (0x7C00, f64::INFINITY),
        ] {
            assert_eq!(widened(bits), want, "{bits:#06x}");
        }
    }
}
