//! What Compose and process-compose fill in before they look at a text: `${NAME:-default}`, with `$$` for `$`.

/// What may stand behind a name, the longer before the shorter.
const OPERATORS: [&str; 6] = [":-", ":?", ":+", "-", "?", "+"];

/// A text with the places that are filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    pub pieces: Vec<Piece>,
    /// As the file has it.
    pub written: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    Hole(Hole),
    /// `$?` and its like: no variable's name, and no text to these tools.
    Odd(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    pub name: String,
    /// What stands there with or without the variable, behind its operator.
    pub other: Option<(&'static str, Template)>,
}

impl Template {
    /// Nothing is filled in.
    pub fn plain(text: &str) -> Self {
        Self { pieces: vec![Piece::Text(text.to_string())], written: text.to_string() }
    }

    pub fn filled_in(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, _)) = rest.split_once('$') {
            let (piece, length) = piece(&rest[before.len()..]);
            push(&mut pieces, Piece::Text(before.to_string()));
            push(&mut pieces, piece);
            rest = &rest[before.len() + length..];
        }
        push(&mut pieces, Piece::Text(rest.to_string()));
        Self { pieces, written: text.to_string() }
    }

    /// The text, where nothing is filled in.
    pub fn text(&self) -> Option<String> {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) | Piece::Odd(text) => Some(text.clone()),
            Piece::Hole(_) => None,
        };
        self.pieces.iter().map(text).collect()
    }

    pub fn has_holes(&self) -> bool {
        self.holes().next().is_some()
    }

    pub fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(hole) => Some(hole),
            Piece::Text(_) | Piece::Odd(_) => None,
        })
    }

    /// The names that are filled in, also in what stands for others.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for hole in self.holes() {
            names.push(hole.name.as_str());
            names.extend(hole.other.iter().flat_map(|(_, other)| other.names()));
        }
        names
    }

    pub fn odd(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Odd(text) => Some(text.as_str()),
            Piece::Text(_) | Piece::Hole(_) => None,
        })
    }

    /// `NAME=VALUE`; `None` where there is no `=` behind a name that is known.
    pub fn variable(&self) -> Option<(String, Self)> {
        let (name, _) = self.written.split_once('=').filter(|(name, _)| !name.contains('$'))?;
        let mut value = self.clone();
        value.written.drain(..=name.len());
        if let Some(Piece::Text(first)) = value.pieces.first_mut() {
            first.drain(..=name.len());
        }
        value.pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Some((name.to_string(), value))
    }
}

/// Whether a shell can set a variable of this name.
pub fn is_variable(name: &str) -> bool {
    !name.is_empty() && name_length(name) == name.len()
}

/// Texts that follow each other are one.
pub fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    match (pieces.last_mut(), piece) {
        (_, Piece::Text(text)) if text.is_empty() => {}
        (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
        (_, piece) => pieces.push(piece),
    }
}

/// What begins with this `$`, and its length in bytes.
fn piece(text: &str) -> (Piece, usize) {
    let after = &text[1..];
    match after.chars().next() {
        Some('$') => (Piece::Text("$".to_string()), 2),
        Some('{') => in_braces(text),
        Some('0'..='9' | '*' | '#' | '@' | '!' | '?' | '-') => (Piece::Odd(text[..2].into()), 2),
        _ => match name_length(after) {
            0 => (Piece::Text("$".to_string()), 1),
            length => {
                let name = after[..length].to_string();
                (Piece::Hole(Hole { name, other: None }), 1 + length)
            }
        },
    }
}

fn in_braces(text: &str) -> (Piece, usize) {
    let Some(end) = closing(text) else { return (Piece::Odd("${".to_string()), 2) };
    let inside = &text[2..end];
    let (name, rest) = inside.split_at(name_length(inside));
    let behind =
        OPERATORS.iter().find_map(|operator| Some((*operator, rest.strip_prefix(operator)?)));
    let piece = match behind {
        _ if name.is_empty() => Piece::Odd(text[..=end].to_string()),
        Some((operator, other)) => Piece::Hole(Hole {
            name: name.to_string(),
            other: Some((operator, Template::filled_in(other))),
        }),
        None if rest.is_empty() => Piece::Hole(Hole { name: name.to_string(), other: None }),
        None => Piece::Odd(text[..=end].to_string()),
    };
    (piece, end + 1)
}

/// Where the brace ends that the text begins with, behind all that begin in it.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' if text[..at].ends_with('$') => depth += 1,
            '}' if depth == 1 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn name_length(text: &str) -> usize {
    let is_letter = |letter: char| letter == '_' || letter.is_ascii_alphanumeric();
    if text.starts_with(|letter: char| letter.is_ascii_digit()) {
        return 0;
    }
    text.find(|letter: char| !is_letter(letter)).unwrap_or(text.len())
}
