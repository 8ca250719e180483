//! git's index: the names of what is tracked, in the format of `gitformat-index(5)`.

use std::ops::Range;

/// The head, and the fields of an entry before and after the object's name.
const HEAD: usize = 12;
const MODE: Range<usize> = 24..28;
const BEFORE_OBJECT: usize = 40;
const FLAGS: usize = 2;
/// Of the flags: two more bytes of them follow.
const EXTENDED: u16 = 0x4000;
/// Modes of entries that stand for all below them: a submodule, a directory outside a sparse checkout.
pub const SUBMODULE: u32 = 0o160_000;
pub const DIRECTORY: u32 = 0o040_000;
/// The extension by which most entries stand in another file.
const SPLIT: &[u8] = b"link";

/// A mode, and a path.
pub type Entry = (u32, Vec<u8>);

/// In git's order, that of their bytes. `None` for what only git can read. `object`: the bytes of an object's name.
pub fn entries(index: &[u8], object: usize) -> Option<Vec<Entry>> {
    let version = match index.get(..HEAD)? {
        [b'D', b'I', b'R', b'C', 0, 0, 0, version @ 2..=4, ..] => *version,
        _ => return None,
    };
    let count = u32::from_be_bytes(index[8..HEAD].try_into().ok()?);
    let (mut entries, mut rest) = (Vec::new(), &index[HEAD..]);
    let mut last = Vec::new();
    for _ in 0..count {
        let mode = u32::from_be_bytes(rest.get(MODE)?.try_into().ok()?);
        let flags_at = BEFORE_OBJECT + object;
        let flags = u16::from_be_bytes(rest.get(flags_at..flags_at + FLAGS)?.try_into().ok()?);
        let name_at = flags_at + FLAGS + if flags & EXTENDED == 0 { 0 } else { 2 };
        let mut entry = rest.get(name_at..)?;
        if version == 4 {
            let dropped = take_number(&mut entry)?;
            last.truncate(last.len().checked_sub(dropped)?);
        } else {
            last.clear();
        }
        let length = entry.iter().position(|byte| *byte == 0)?;
        last.extend(&entry[..length]);
        let end = match version {
            4 => rest.len() - entry.len() + length + 1,
            // One to eight zeros, up to a multiple of eight bytes.
            _ => (name_at + length + 8) & !7,
        };
        rest = rest.get(end..)?;
        entries.push((mode, last.strip_suffix(b"/").unwrap_or(&last).to_vec()));
    }
    let extensions = rest.get(..rest.len().checked_sub(object)?)?;
    (!is_split(extensions)?).then_some(entries)
}

/// Whether most entries stand in another file. `None` for what are no extensions.
fn is_split(mut extensions: &[u8]) -> Option<bool> {
    while let Some((head, rest)) = extensions.split_first_chunk::<8>() {
        let (name, length) = head.split_at(4);
        if name == SPLIT {
            return Some(true);
        }
        let length = u32::from_be_bytes(length.try_into().ok()?);
        extensions = rest.get(usize::try_from(length).ok()?..)?;
    }
    extensions.is_empty().then_some(false)
}

/// git's number of a variable length, as offsets of packs have it: each further byte also adds one.
fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let mut number = 0usize;
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number = number.checked_shl(7)?.checked_add(usize::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        number = number.checked_add(1).filter(|number| *number < 1 << 32)?;
    }
}
