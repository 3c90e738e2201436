//! Small numbers as bytes: varints, and columns of them in which what does not change costs nothing.

use thiserror::Error;

/// The first byte of everything that is encoded here. Another layout gets another number.
pub(super) const VERSION: u8 = 1;

/// Decimal places that columns of values are tried with.
const SCALES: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];
/// The mark of a column of values that are no short decimals.
const BITS: u8 = 0xff;
const DELTA: u8 = 1;

/// Bytes that are no roll-up, or one of a later version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a valid roll-up: {0}")]
pub struct InvalidRollup(pub(super) &'static str);

impl InvalidRollup {
    /// It stands where none can.
    pub(crate) const MISPLACED: Self = Self("not at the beginning of a minute");
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Whole numbers: as they are or as differences, whichever is shorter. A run of zeros is a zero and its length.
pub(super) fn put_column(out: &mut Vec<u8>, values: &[i64]) {
    let mut plain = vec![0];
    put_runs(&mut plain, values.iter().copied());
    let mut delta = vec![DELTA];
    let before = std::iter::once(&0).chain(values);
    put_runs(&mut delta, values.iter().zip(before).map(|(value, before)| value.wrapping_sub(*before)));
    out.extend(if delta.len() < plain.len() { delta } else { plain });
}

fn put_runs(out: &mut Vec<u8>, values: impl Iterator<Item = i64>) {
    let mut zeros = 0_u64;
    for value in values {
        if value == 0 {
            zeros += 1;
            continue;
        }
        put_zeros(out, std::mem::take(&mut zeros));
        put_varint(out, zigzag(value));
    }
    put_zeros(out, zeros);
}

fn put_zeros(out: &mut Vec<u8>, zeros: u64) {
    if zeros > 0 {
        out.push(0);
        put_varint(out, zeros - 1);
    }
}

/// Finite values, none of them -0: as short decimals where all of them are, otherwise by their bits.
pub(super) fn put_values(out: &mut Vec<u8>, values: &[f32]) {
    let scaled = (0_u8..).zip(SCALES).find_map(|(mark, scale)| {
        let whole = values.iter().map(|value| {
            let whole = (f64::from(*value) * scale).round();
            let same = whole.abs() < 1e9 && ((whole / scale) as f32).to_bits() == value.to_bits();
            same.then_some(whole as i64)
        });
        whole.collect::<Option<Vec<i64>>>().map(|whole| (mark, whole))
    });
    let (mark, column) = scaled.unwrap_or_else(|| (BITS, values.iter().copied().map(in_order).collect()));
    out.push(mark);
    put_column(out, &column);
}

/// Sums: whole numbers where all of them are, otherwise their bits.
pub(super) fn put_sums(out: &mut Vec<u8>, sums: &[f64]) {
    let whole =
        sums.iter().map(|sum| (sum.trunc().to_bits() == sum.to_bits() && sum.abs() < 1e15).then_some(*sum as i64));
    if let Some(whole) = whole.collect::<Option<Vec<i64>>>() {
        out.push(0);
        put_column(out, &whole);
    } else {
        out.push(BITS);
        out.extend(sums.iter().flat_map(|sum| sum.to_le_bytes()));
    }
}

/// The bits of a float as a number that is ordered as the floats are.
fn in_order(value: f32) -> i64 {
    let bits = i64::from(value.abs().to_bits());
    if value < 0.0 { -bits } else { bits }
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// What is left to be decoded. Nothing here allocates more than the caller's count, whatever the bytes say.
pub(super) struct Encoded<'a>(&'a [u8]);

impl<'a> Encoded<'a> {
    /// After the version, which must be ours.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, InvalidRollup> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => Ok(Self(rest)),
            Some(_) => Err(InvalidRollup("unknown version")),
            None => Err(InvalidRollup("empty")),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// All of it must have been read.
    pub(super) fn end(&self) -> Result<(), InvalidRollup> {
        if self.0.is_empty() { Ok(()) } else { Err(InvalidRollup("longer than it says")) }
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], InvalidRollup> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(InvalidRollup("cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, InvalidRollup> {
        self.bytes(1).map(|bytes| bytes[0])
    }

    pub(super) fn varint(&mut self) -> Result<u64, InvalidRollup> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if (part << shift) >> shift != part {
                break;
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(InvalidRollup("number too large"))
    }

    /// A varint that must lie below `end`.
    pub(super) fn below(&mut self, end: usize) -> Result<usize, InvalidRollup> {
        let value = self.varint()?;
        usize::try_from(value).ok().filter(|value| *value < end).ok_or(InvalidRollup("out of range"))
    }

    pub(super) fn column(&mut self, count: usize) -> Result<Vec<i64>, InvalidRollup> {
        let delta = match self.byte()? {
            0 => false,
            DELTA => true,
            _ => return Err(InvalidRollup("unknown column")),
        };
        let mut column = Vec::with_capacity(count);
        while column.len() < count {
            let value = unzigzag(self.varint()?);
            let run = if value == 0 { self.below(count - column.len())? + 1 } else { 1 };
            let base = if delta { column.last().copied().unwrap_or(0) } else { 0 };
            let value = value.checked_add(base).ok_or(InvalidRollup("number too large"))?;
            column.extend(std::iter::repeat_n(value, run));
        }
        Ok(column)
    }

    /// A column of numbers within `0..=most`.
    pub(super) fn unsigned(&mut self, count: usize, most: u64) -> Result<Vec<u64>, InvalidRollup> {
        let checked = |value| u64::try_from(value).ok().filter(|value| *value <= most);
        let column = self.column(count)?.into_iter().map(checked).collect::<Option<_>>();
        column.ok_or(InvalidRollup("out of range"))
    }

    pub(super) fn values(&mut self, count: usize) -> Result<Vec<f32>, InvalidRollup> {
        let mark = self.byte()?;
        let column = self.column(count)?.into_iter();
        if mark == BITS {
            return column.map(from_order).collect();
        }
        let scale = SCALES.get(usize::from(mark)).ok_or(InvalidRollup("unknown column"))?;
        Ok(column.map(|whole| (whole as f64 / scale) as f32).collect())
    }

    pub(super) fn sums(&mut self, count: usize) -> Result<Vec<f64>, InvalidRollup> {
        match self.byte()? {
            0 => Ok(self.column(count)?.into_iter().map(|whole| whole as f64).collect()),
            BITS => {
                let (sums, _) = self.bytes(count * 8)?.as_chunks::<8>();
                let finite = |sum: &[u8; 8]| Some(f64::from_le_bytes(*sum)).filter(|sum| sum.is_finite());
                sums.iter().map(finite).collect::<Option<_>>().ok_or(InvalidRollup("not a number"))
            }
            _ => Err(InvalidRollup("unknown column")),
        }
    }
}

fn from_order(bits: i64) -> Result<f32, InvalidRollup> {
    let value = u32::try_from(bits.unsigned_abs()).ok().map(f32::from_bits);
    let value = value.filter(|value| value.is_finite() && value.is_sign_positive());
    let value = value.ok_or(InvalidRollup("not a number"))?;
    Ok(if bits < 0 { -value } else { value })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn columns_come_back(values in proptest::collection::vec(prop_oneof![Just(0_i64), -300..300_i64, any::<i64>()], 0..200)) {
            // Differences of any two numbers are no numbers of their own.
            let values: Vec<i64> = values.into_iter().map(|value| value / 4).collect();
            let mut out = vec![VERSION];
            put_column(&mut out, &values);
            let mut encoded = Encoded::new(&out).unwrap();
            prop_assert_eq!(encoded.column(values.len()).unwrap(), values);
            encoded.end().unwrap();
        }

        #[test]
        fn values_come_back(values in proptest::collection::vec(prop_oneof![(-99_999..99_999_i32).prop_map(|value| value as f32 / 100.0), any::<f32>()], 0..50)) {
            let values: Vec<f32> = values.into_iter().filter(|value| value.is_finite()).map(|value| value + 0.0).collect();
            let sums: Vec<f64> = values.iter().map(|value| f64::from(*value) * 7.0).collect();
            let mut out = vec![VERSION];
            put_values(&mut out, &values);
            put_sums(&mut out, &sums);
            let mut encoded = Encoded::new(&out).unwrap();
            prop_assert_eq!(encoded.values(values.len()).unwrap(), values);
            prop_assert_eq!(encoded.sums(sums.len()).unwrap(), sums);
            encoded.end().unwrap();
        }
    }

    #[test]
    fn a_long_run_needs_a_caller_that_wants_it() {
        let mut out = vec![VERSION, 0, 0];
        put_varint(&mut out, 1 << 40);
        assert_eq!(Encoded::new(&out).unwrap().column(10), Err(InvalidRollup("out of range")));
    }
}
