//! How an hour or a day of slots becomes a few bytes.
//!
//! Written by us because what is stored must be readable for years, by nothing but this page. The format, version 1:
//! one byte `1`; then runs until the end, each `gap` (empty slots before it), `length` (slots in it) and the run's values;
//! a value is the difference to the value before it (the first one to 0), zigzag; a difference of 0 is followed by how
//! many more slots stay equal. All numbers are LEB128 varints. A day of a value that never moves is nine bytes.
//! The trap is a damaged or foreign row: nothing here trusts a length, and reading answers an error, never a panic.

use super::Slots;

/// The first byte.
const VERSION: u8 = 1;
/// Slots no span of ours has: a day of seconds. What claims more is damaged.
const MOST_SLOTS: usize = 86_400;

/// Bytes that are no packed slots.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a packed series cannot be read: {0}")]
pub struct Damaged(&'static str);

/// Packs slots; empty slots at the end are not kept.
pub fn pack(slots: &[Option<i64>]) -> Vec<u8> {
    let mut out = vec![VERSION];
    let (mut at, mut before) = (0, 0_i64);
    while at < slots.len() {
        let gap = slots[at..].iter().take_while(|slot| slot.is_none()).count();
        let run: Vec<i64> = slots[at + gap..].iter().map_while(|slot| *slot).collect();
        if run.is_empty() {
            break;
        }
        put(&mut out, gap as u64);
        put(&mut out, run.len() as u64);
        let mut index = 0;
        while index < run.len() {
            let difference = run[index].wrapping_sub(before);
            before = run[index];
            put(&mut out, zigzag(difference));
            index += 1;
            if difference == 0 {
                let more = run[index..].iter().take_while(|value| **value == before).count();
                put(&mut out, more as u64);
                index += more;
            }
        }
        at += gap + run.len();
    }
    out
}

/// Reads what [`pack`] wrote.
///
/// # Errors
/// When the bytes are not of this format or claim more slots than a day has.
pub fn unpack(bytes: &[u8]) -> Result<Slots, Damaged> {
    let (version, mut rest) = bytes.split_first().ok_or(Damaged("it is empty"))?;
    if *version != VERSION {
        return Err(Damaged("its version is unknown"));
    }
    let (mut slots, mut before) = (Slots::new(), 0_i64);
    while !rest.is_empty() {
        let (gap, length) = (length(&mut rest)?, length(&mut rest)?);
        let end = slots.len() + gap + length;
        if end > MOST_SLOTS {
            return Err(Damaged("it is longer than a day"));
        }
        slots.resize(slots.len() + gap, None);
        while slots.len() < end {
            let difference = unzigzag(take(&mut rest)?);
            before = before.wrapping_add(difference);
            slots.push(Some(before));
            if difference == 0 {
                let more = self::length(&mut rest)?;
                if slots.len() + more > end {
                    return Err(Damaged("a run is longer than it says"));
                }
                slots.resize(slots.len() + more, Some(before));
            }
        }
    }
    Ok(slots)
}

fn length(rest: &mut &[u8]) -> Result<usize, Damaged> {
    usize::try_from(take(rest)?).ok().filter(|length| *length <= MOST_SLOTS).ok_or(Damaged("a length is out of range"))
}

/// Small numbers of either sign become small unsigned ones: 0, -1, 1, -2 → 0, 1, 2, 3.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take(rest: &mut &[u8]) -> Result<u64, Damaged> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first().ok_or(Damaged("it ends within a number"))?;
        *rest = tail;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Damaged("a number is too long"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quiet_day_is_a_few_bytes() {
        let day = vec![Some(200); 288];
        assert_eq!(pack(&day).len(), 9);
        assert_eq!(unpack(&pack(&day)).unwrap(), day);
        assert_eq!(pack(&[None; 288]), [VERSION]);
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        for bytes in
            [&[][..], &[2], &[1, 0], &[1, 0, 5, 2], &[1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, 2], &[1, 0, 1, 0, 9], &[1, 0, 1, 0x80, 0x80]]
        {
            assert!(unpack(bytes).is_err(), "{bytes:?}");
        }
    }

    fn slots() -> impl Strategy<Value = Slots> {
        let value =
            prop_oneof![3 => (-300_i64..10_000).prop_map(Some), 1 => Just(Some(7)), 1 => Just(None), 1 => any::<i64>().prop_map(Some)];
        proptest::collection::vec((value, 1_usize..9), 0..60)
            .prop_map(|runs| runs.into_iter().flat_map(|(value, length)| std::iter::repeat_n(value, length)).collect())
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(slots in slots()) {
            let mut back = unpack(&pack(&slots)).unwrap();
            prop_assert!(back.len() <= slots.len());
            back.resize(slots.len(), None);
            prop_assert_eq!(back, slots);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(slots) = unpack(&bytes) {
                prop_assert!(slots.len() <= MOST_SLOTS);
            }
        }
    }
}
