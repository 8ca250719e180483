//! direnv's encoding of state in a variable: base64url of zlib of JSON, whose strings here may hold any bytes.

mod reader;

pub use reader::Reader;

use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use base64::{DecodeError, Engine as _};
use serde::de::{Deserialize, Deserializer, Visitor};
use std::fmt;

/// What a decoded state may hold, in bytes: far over any real one, far under what would hurt a prompt.
const DECODED_LIMIT: usize = 64 << 20;

/// Up to this many bytes are stored as they are, which is zlib, too: every prompt unpacks them, and preparing to
/// inflate costs more than all else that it does.
const STORED_LIMIT: usize = 4 << 10;
/// The header of zlib data as direnv writes it, then that of one stored block, which is the last one.
const STORED: [u8; 3] = [0x78, 0x9c, 0x01];

pub fn encode(json: &[u8]) -> String {
    match u16::try_from(json.len()) {
        Ok(length) if json.len() <= STORED_LIMIT => URL_SAFE.encode(
            [
                &STORED[..],
                &length.to_le_bytes(),
                &(!length).to_le_bytes(),
                json,
                &adler2::adler32_slice(json).to_be_bytes(),
            ]
            .concat(),
        ),
        _ => URL_SAFE.encode(deflate(json)),
    }
}

/// Apart from who calls it: its room on the stack is many pages, which would be touched where nothing is deflated, too.
#[inline(never)]
fn deflate(json: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(json, 6)
}

/// Why a text is no state.
#[derive(Debug)]
pub enum Garbage {
    /// The byte from which on it is not base64.
    Base64(usize),
    /// What it is instead: direnv tells these apart.
    TooShort,
    NotZlib,
    Damaged,
    TooLarge,
}

/// What direnv says of a text that `decode`, or the reader of what it holds, refused.
pub fn in_direnvs_words(error: &anyhow::Error) -> String {
    let why = match error.downcast_ref() {
        Some(Garbage::Base64(at)) => {
            format!("base64 decoding: illegal base64 data at input byte {at}")
        }
        Some(Garbage::TooShort) => "zlib opening: unexpected EOF".to_string(),
        Some(Garbage::NotZlib) => "zlib opening: zlib: invalid header".to_string(),
        Some(garbage @ (Garbage::Damaged | Garbage::TooLarge)) => {
            format!("zlib decoding: {garbage}")
        }
        None => {
            let cause = error.root_cause();
            let is_cut = cause.downcast_ref().is_some_and(serde_json::Error::is_eof);
            if is_cut {
                "json parsing: unexpected end of JSON input".to_string()
            } else {
                format!("json parsing: {cause}")
            }
        }
    };
    format!("unmarshal() {why}")
}

impl fmt::Display for Garbage {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Base64(_) => formatter.write_str("it is not base64"),
            Self::TooShort | Self::NotZlib | Self::Damaged => {
                formatter.write_str("it is not zlib data")
            }
            Self::TooLarge => {
                write!(formatter, "it unpacks to more than {} MiB", DECODED_LIMIT >> 20)
            }
        }
    }
}

impl std::error::Error for Garbage {}

pub fn decode(text: &[u8]) -> Result<Vec<u8>, Garbage> {
    let text = text.trim_ascii();
    let packed = URL_SAFE
        .decode(text)
        .or_else(|error| URL_SAFE_NO_PAD.decode(text).map_err(|_| error))
        .map_err(|error| Garbage::Base64(broken_at(text, &error)))?;
    match stored(&packed) {
        Some(json) => Ok(json.to_vec()),
        None => inflate(&packed),
    }
}

/// Where direnv's reader sees that a text is not base64: at the byte, or at the group of four that is not whole.
pub fn broken_at(text: &[u8], error: &DecodeError) -> usize {
    match *error {
        DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => at,
        DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => text.len() / 4 * 4,
    }
}

/// The content of zlib data in the form in which we store little.
fn stored(packed: &[u8]) -> Option<&[u8]> {
    let (length, rest) = packed.strip_prefix(&STORED)?.split_first_chunk::<2>()?;
    let (inverse, rest) = rest.split_first_chunk::<2>()?;
    let (json, sum) = rest.split_last_chunk::<4>()?;
    let is_whole = json.len() == usize::from(u16::from_le_bytes(*length))
        && u16::from_le_bytes(*inverse) == !u16::from_le_bytes(*length)
        && u32::from_be_bytes(*sum) == adler2::adler32_slice(json);
    is_whole.then_some(json)
}

#[inline(never)]
fn inflate(packed: &[u8]) -> Result<Vec<u8>, Garbage> {
    let is_zlib =
        |head: &[u8; 2]| head[0] & 0xf == 8 && u16::from_be_bytes(*head).is_multiple_of(31);
    let head = packed.first_chunk().ok_or(Garbage::TooShort)?;
    match miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(packed, DECODED_LIMIT) {
        Ok(json) => Ok(json),
        Err(error) if error.status == miniz_oxide::inflate::TINFLStatus::HasMoreOutput => {
            Err(Garbage::TooLarge)
        }
        Err(_) if is_zlib(head) => Err(Garbage::Damaged),
        Err(_) => Err(Garbage::NotZlib),
    }
}

/// Appends a JSON string. Bytes that are not UTF-8 stand as they are: direnv's reader and ours take them, and
/// only so do they survive.
pub fn push_string(json: &mut Vec<u8>, bytes: &[u8]) {
    json.push(b'"');
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => json.extend([b'\\', byte]),
            b'\n' => json.extend(b"\\n"),
            0..0x20 => json.extend(format!("\\u{byte:04x}").bytes()),
            _ => json.push(byte),
        }
    }
    json.push(b'"');
}

/// Appends `{"key":value,…}` with what `push_value` writes for each value.
pub fn push_object<'a, V>(
    json: &mut Vec<u8>,
    entries: impl IntoIterator<Item = (&'a [u8], V)>,
    mut push_value: impl FnMut(&mut Vec<u8>, V),
) {
    json.push(b'{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        push_string(json, key);
        json.push(b':');
        push_value(json, value);
    }
    json.push(b'}');
}

/// A JSON string taken byte for byte.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;

        impl Visitor<'_> for BytesVisitor {
            type Value = Bytes;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Bytes, E> {
                Ok(Bytes(text.as_bytes().to_vec()))
            }
        }

        deserializer.deserialize_bytes(BytesVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_byte_survives_as_key_and_value() {
        let bytes: Vec<u8> = (1..=255).collect();
        let mut json = Vec::new();
        push_object(&mut json, [(bytes.as_slice(), bytes.as_slice())], push_string);
        let json = decode(encode(&json).as_bytes()).unwrap();
        let back: BTreeMap<Bytes, Bytes> = serde_json::from_slice(&json).unwrap();
        assert_eq!(back, BTreeMap::from([(Bytes(bytes.clone()), Bytes(bytes))]));
    }

    #[test]
    fn little_and_much_are_zlib_for_everybody() {
        for length in [0, 1, STORED_LIMIT, STORED_LIMIT + 1, 100_000] {
            let json = b"0123456789abcdef".repeat(length / 16 + 1)[..length].to_vec();
            let packed = URL_SAFE.decode(encode(&json)).unwrap();
            assert_eq!(inflate(&packed).unwrap(), json);
            assert_eq!(stored(&packed).is_some(), length <= STORED_LIMIT, "{length}");
            assert_eq!(decode(encode(&json).as_bytes()).unwrap(), json);
            for index in 0..packed.len().min(20) {
                let mut wrong = packed.clone();
                wrong[index] ^= 1;
                assert!(
                    decode(URL_SAFE.encode(wrong).as_bytes()).is_err(),
                    "{length}, byte {index}"
                );
            }
        }
    }

    #[test]
    fn garbage_is_an_error() {
        for garbage in ["", "!", "AAAA", "eJw", "eJyrVkrLz1eyUkpKLFKqBQAdegQ0X"] {
            assert!(decode(garbage.as_bytes()).is_err(), "{garbage}");
        }
        let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; DECODED_LIMIT + 1], 1);
        assert_eq!(
            decode(URL_SAFE.encode(bomb).as_bytes()).unwrap_err().to_string(),
            "it unpacks to more than 64 MiB"
        );
    }
}
