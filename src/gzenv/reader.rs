//! Reads JSON that is spelled as envr and direnv spell it, without the detours of a general reader: prompts read it.
//! Whoever gets `None` asks a general reader.

/// What is still to be read. After a `None` it stands anywhere.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(json: &'a [u8]) -> Self {
        Self(json)
    }

    /// Goes past exactly these bytes.
    pub fn skip(&mut self, bytes: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(bytes)?;
        Some(())
    }

    /// Whether nothing is left.
    pub fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    /// A string that says what it holds without a backslash.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        self.skip(b"\"")?;
        let end = self.0.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        let (string, rest) = self.0.split_at(end);
        self.0 = rest;
        self.skip(b"\"")?;
        Some(string)
    }

    /// An object whose values are strings.
    pub fn strings(&mut self) -> Option<Vec<(&'a [u8], &'a [u8])>> {
        let mut entries = Vec::new();
        self.skip(b"{")?;
        if self.skip(b"}").is_some() {
            return Some(entries);
        }
        loop {
            let name = self.string()?;
            self.skip(b":")?;
            entries.push((name, self.string()?));
            if self.skip(b",").is_none() {
                self.skip(b"}")?;
                return Some(entries);
            }
        }
    }

    pub fn signed(&mut self) -> Option<i64> {
        let is_negative = self.skip(b"-").is_some();
        let number = i64::try_from(self.unsigned()?).ok()?;
        Some(if is_negative { -number } else { number })
    }

    pub fn unsigned(&mut self) -> Option<u64> {
        let end = self.0.iter().position(|byte| !byte.is_ascii_digit())?;
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        if digits.is_empty() || digits[0] == b'0' && digits.len() > 1 {
            return None;
        }
        digits.iter().try_fold(0_u64, |number, digit| {
            number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        })
    }
}
