//! A line split into words as Compose does it: quotes count as in a shell, and nothing else of a shell does.

use super::template::{Piece, Template, push};

/// What would mean something if a shell ran the line.
const OPERATORS: &str = ";&|<>";

/// One word, in parts that stand in quotes or do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    pub parts: Vec<(Template, bool)>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub words: Vec<Word>,
    /// What only looks like a shell's.
    pub operators: Vec<char>,
}

impl Word {
    /// A word of a list.
    pub fn whole(template: Template) -> Self {
        Self { parts: vec![(template, true)] }
    }

    pub fn joined(&self) -> Template {
        let mut joined = Template::default();
        let pieces = self.parts.iter().flat_map(|(part, _)| part.pieces.iter().cloned());
        pieces.for_each(|piece| push(&mut joined.pieces, piece));
        joined
    }

    /// Whether what is filled in may be several words.
    pub fn is_split(&self) -> bool {
        self.parts.iter().any(|(part, is_quoted)| part.has_holes() && !is_quoted)
    }

    fn push(&mut self, piece: Piece, is_quoted: bool) {
        let is_hole = matches!(piece, Piece::Hole(_));
        match self.parts.last_mut() {
            // What is filled in outside of quotes is a part of its own.
            Some((part, before))
                if *before == is_quoted && (is_quoted || !is_hole && !part.has_holes()) =>
            {
                push(&mut part.pieces, piece);
            }
            _ => {
                let mut part = Template::default();
                push(&mut part.pieces, piece);
                self.parts.push((part, is_quoted));
            }
        }
    }
}

/// `None` where a quote does not end.
pub fn split(line: &Template) -> Option<Line> {
    let mut split = Line::default();
    let mut word: Option<Word> = None;
    let (mut quote, mut is_escaped) = (None, false);
    for piece in &line.pieces {
        let text = match piece {
            Piece::Text(text) | Piece::Odd(text) => text,
            Piece::Hole(_) => {
                let word = word.get_or_insert_default();
                word.push(piece.clone(), quote.is_some());
                is_escaped = false;
                continue;
            }
        };
        for letter in text.chars() {
            let is_quoted = quote.is_some();
            match letter {
                _ if is_escaped => is_escaped = false,
                '\\' if quote != Some('\'') => {
                    is_escaped = true;
                    continue;
                }
                '"' | '\'' if quote.is_none_or(|open| open == letter) => {
                    quote = if is_quoted { None } else { Some(letter) };
                    word.get_or_insert_default().push(Piece::Text(String::new()), true);
                    continue;
                }
                ' ' | '\t' | '\r' | '\n' if !is_quoted => {
                    split.words.extend(word.take());
                    continue;
                }
                _ if OPERATORS.contains(letter) && !is_quoted => split.operators.push(letter),
                _ => {}
            }
            word.get_or_insert_default().push(Piece::Text(letter.to_string()), is_quoted);
        }
    }
    split.words.extend(word);
    (quote.is_none() && !is_escaped).then_some(split)
}
