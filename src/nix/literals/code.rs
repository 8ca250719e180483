//! The code of a nix file: its text without comments, with strings told apart.

/// Strings stay in the text, for code stands in their interpolations.
pub struct Code {
    pub text: String,
    /// For each byte of the text.
    is_string: Vec<bool>,
}

impl Code {
    pub fn of(source: &str) -> Self {
        let mut code = Self { text: String::with_capacity(source.len()), is_string: Vec::new() };
        // What ends the strings around the place, the innermost last; a brace for code within a string.
        let mut ends: Vec<&str> = Vec::new();
        let mut depth = Vec::new();
        let mut rest = source;
        while let Some(letter) = rest.chars().next() {
            let in_string = ends.last().copied().filter(|end| *end != "}");
            let taken = match in_string {
                Some("\"") if rest.starts_with('\\') => {
                    rest.chars().take(2).map(char::len_utf8).sum()
                }
                Some("''")
                    if ["'''", "''$", "''\\"].iter().any(|escape| rest.starts_with(escape)) =>
                {
                    3
                }
                Some(_) if rest.starts_with("${") => {
                    ends.push("}");
                    depth.push(0);
                    2
                }
                Some(end) if rest.starts_with(end) => {
                    ends.pop();
                    end.len()
                }
                Some(_) => letter.len_utf8(),
                None if letter == '#' => {
                    rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
                    continue;
                }
                None if rest.starts_with("/*") => {
                    rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
                    continue;
                }
                None => {
                    match (letter, depth.last_mut()) {
                        ('"', _) => ends.push("\""),
                        ('\'', _) if rest.starts_with("''") => ends.push("''"),
                        ('{', Some(depth)) => *depth += 1,
                        ('}', Some(0)) => {
                            depth.pop();
                            ends.pop();
                        }
                        ('}', Some(depth)) => *depth -= 1,
                        _ => {}
                    }
                    if rest.starts_with("''") { 2 } else { letter.len_utf8() }
                }
            };
            let taken = taken.min(rest.len());
            code.text.push_str(&rest[..taken]);
            code.is_string.resize(code.text.len(), in_string.is_some());
            rest = &rest[taken..];
        }
        code
    }

    /// Where a word stands in code, or the other name `__word` that builtins have.
    pub fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
        let is_part = |letter: Option<char>| letter.is_some_and(is_of_name);
        self.text.match_indices(word).map(move |(at, _)| (at, at + word.len())).filter(
            move |(start, end)| {
                self.is_code(*start)
                    && !self.is_in_path(*start)
                    && !is_part(without_underscores(&self.text[..*start]).chars().next_back())
                    && !is_part(self.text[*end..].chars().next())
            },
        )
    }

    /// Whether a byte stands in a path literal, whose parts are no words.
    fn is_in_path(&self, at: usize) -> bool {
        let start = self.text[..at].trim_end_matches(is_of_path).len();
        let rest = &self.text[start..];
        is_path(&rest[..rest.find(|letter| !is_of_path(letter)).unwrap_or(rest.len())])
    }

    /// Whether a byte of the text is of no string.
    pub fn is_code(&self, at: usize) -> bool {
        !self.is_string[at]
    }

    pub fn has_word(&self, word: &str) -> bool {
        self.words(word).next().is_some()
    }

    /// Of a beginning of the text, what stands before the last brace in it that is open.
    pub fn before_brace<'a>(&self, beginning: &'a str) -> &'a str {
        let mut depth = 0;
        for (at, letter) in beginning.char_indices().rev().filter(|(at, _)| !self.is_string[*at]) {
            match letter {
                '}' => depth += 1,
                '{' if depth == 0 => return beginning[..at].trim_end(),
                '{' => depth -= 1,
                _ => {}
            }
        }
        ""
    }

    /// Where path literals stand.
    pub fn paths(&self) -> Vec<(usize, usize)> {
        let mut paths = Vec::new();
        let mut at = 0;
        while let Some(start) = self.text[at..].find(is_of_path).map(|start| at + start) {
            let behind = |letter: char| !is_of_path(letter);
            let end = self.text[start..].find(behind).map_or(self.text.len(), |end| start + end);
            let literal = &self.text[start..end];
            let is_name = literal.starts_with('~') || self.text[..start].ends_with('<');
            if is_path(literal) && !is_name && !self.is_string[start] {
                paths.push((start, end));
            }
            at = end;
        }
        paths
    }
}

fn without_underscores(before: &str) -> &str {
    before.strip_suffix("__").unwrap_or(before)
}

pub fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '-' || letter == '\''
}

fn is_path(literal: &str) -> bool {
    literal.contains('/') && !literal.contains("//") && literal != "/"
}

fn is_of_path(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "._-+/~".contains(letter)
}
