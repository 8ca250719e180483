//! Bytes that nobody else may see: whole, or as a part of what was read, and what they are put together in.

use std::fmt;
use std::rc::Rc;
use zeroize::{Zeroize as _, Zeroizing};

/// Wiped when dropped, shown as `[secret]`, printed by nothing.
#[derive(Clone)]
pub struct Secret(Bytes);

#[derive(Clone)]
enum Bytes {
    Own(Zeroizing<Vec<u8>>),
    Part { source: Source, start: u32, length: u32 },
}

/// What was read, for as long as a part of it is used: a large file has no room for a copy of each of its values.
#[derive(Clone)]
pub struct Source(Rc<Zeroizing<Vec<u8>>>);

impl Source {
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// `part` as it lies in the source; else a copy, as of what was unescaped.
    pub fn part(&self, part: &[u8]) -> Secret {
        let start = part.as_ptr().addr().wrapping_sub(self.0.as_ptr().addr());
        let is_inside = self.0.get(start..).is_some_and(|rest| rest.len() >= part.len());
        match (u32::try_from(start), u32::try_from(part.len())) {
            (Ok(start), Ok(length)) if is_inside => {
                Secret(Bytes::Part { source: self.clone(), start, length })
            }
            _ => part.to_vec().into(),
        }
    }

    pub fn whole(&self) -> Secret {
        self.part(self.bytes())
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Rc::new(Zeroizing::new(bytes)))
    }
}

impl From<&[u8]> for Source {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

impl From<Secret> for Source {
    fn from(secret: Secret) -> Self {
        match secret.0 {
            Bytes::Own(bytes) => Self(Rc::new(bytes)),
            Bytes::Part { .. } => secret.bytes().into(),
        }
    }
}

impl Secret {
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Own(bytes) => bytes,
            Bytes::Part { source, start, length } => {
                &source.bytes()[*start as usize..][..*length as usize]
            }
        }
    }

    /// For work in place; what grows the buffer would leave a copy behind.
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        if let Bytes::Part { .. } = self.0 {
            *self = self.own();
        }
        match &mut self.0 {
            Bytes::Own(bytes) => bytes,
            Bytes::Part { .. } => unreachable!("it was copied"),
        }
    }

    /// A copy that keeps no source.
    pub fn own(&self) -> Self {
        self.bytes().to_vec().into()
    }

    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()).ok()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }
}

impl Default for Secret {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Secret {}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Bytes::Own(Zeroizing::new(bytes)))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        text.as_bytes().to_vec().into()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// Bytes that wipe what they outgrow: a `Vec` would leave it behind.
#[derive(Default)]
pub struct Output {
    bytes: Zeroizing<Vec<u8>>,
    /// Where they are only counted, how many there are.
    counted: Option<usize>,
}

impl Output {
    /// What `write` writes. It runs twice, to know how many bytes there will be: a large text has no room to be moved.
    pub fn of<E>(write: impl Fn(&mut Self) -> Result<(), E>) -> Result<Secret, E> {
        let mut counting = Self { counted: Some(0), ..Self::default() };
        write(&mut counting)?;
        let room = Vec::with_capacity(counting.counted.unwrap_or_default());
        let mut output = Self { bytes: Zeroizing::new(room), counted: None };
        write(&mut output)?;
        Ok(output.into_secret())
    }

    pub fn push(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        if let Some(counted) = &mut self.counted {
            *counted += bytes.len();
            return;
        }
        let wanted = self.bytes.len() + bytes.len();
        if wanted > self.bytes.capacity() {
            let mut larger = Vec::with_capacity(wanted.max(self.bytes.capacity() / 2 * 3).max(256));
            larger.extend_from_slice(&self.bytes);
            self.bytes.zeroize();
            self.bytes = Zeroizing::new(larger);
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn into_secret(self) -> Secret {
        Secret(Bytes::Own(self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let source = Source::from(b"hunter2".to_vec());
        let shown = format!("{:?}", (Some(Secret::from("hunter2")), source.whole(), source));
        assert_eq!(shown, "(Some([secret]), [secret], [secret])");
    }

    #[test]
    fn a_part_is_what_it_was_taken_from() {
        let source = Source::from(b"a text".to_vec());
        let [part, end, other] =
            [&source.bytes()[2..], &source.bytes()[6..], b"text"].map(|bytes| source.part(bytes));
        assert_eq!(
            (part.bytes(), end.bytes(), other.bytes()),
            (&b"text"[..], &b""[..], &b"text"[..])
        );
        assert_eq!(part.bytes().as_ptr(), source.bytes()[2..].as_ptr());
        assert_ne!(other.bytes().as_ptr(), part.bytes().as_ptr());
        let mut changed = part.clone();
        changed.bytes_mut()[0] = b'n';
        assert_eq!((changed.as_str(), part.as_str()), (Some("next"), Some("text")));
        assert_eq!(Rc::strong_count(&source.0), 3);
        assert_eq!(part.own(), part);
    }

    #[test]
    fn output_grows_without_losing_anything() {
        let write = |output: &mut Output| {
            for _ in 0..1000 {
                output.push("0123456789");
            }
            Ok::<(), ()>(())
        };
        let mut grown = Output::default();
        write(&mut grown).unwrap();
        assert!(grown.bytes().chunks(10).all(|part| part == b"0123456789"));
        let mut counted = Output::of(write).unwrap();
        assert_eq!(counted.bytes(), grown.bytes());
        assert_eq!(counted.bytes_mut().capacity(), 10_000);
    }
}
