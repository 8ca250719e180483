//! What the terminal view shows, as a value: keys and news change it, and nothing here reads or draws.

use crate::service::control::{Request, Status};
use crate::service::logs::Line;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::collections::{BTreeMap, VecDeque};

/// Lines that are kept of each service …
pub const KEPT: usize = 10_000;
/// … and bytes of each line: more than any screen shows.
pub const LONGEST: usize = 16 << 10;
/// Columns that the log moves to the side at once.
const STEP: usize = 8;

#[derive(Debug, Default)]
pub struct Model {
    pub services: Vec<Status>,
    pub chosen: usize,
    lines: BTreeMap<String, VecDeque<Line>>,
    /// Lines below the last one that is shown; at 0 what comes is followed.
    pub below: usize,
    /// What is looked for, in any case of letters.
    pub search: String,
    /// Only lines that hold this are shown.
    pub filter: String,
    pub typing: Typing,
    /// Long lines go on in the next row.
    pub wraps: bool,
    /// Columns to the left of those that are shown.
    pub left: usize,
    /// What came of the last key.
    pub message: Option<String>,
    pub is_connected: bool,
    /// Lines that fit on the screen, as it was drawn last.
    pub height: usize,
}

/// Where letters go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Typing {
    /// Each is a command.
    #[default]
    Nowhere,
    Search,
    Filter,
}

/// Where a match is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Above,
    Below,
}

/// What a key asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    Nothing,
    Leave,
    Ask(Request),
}

impl Model {
    pub fn take_services(&mut self, services: Vec<Status>) {
        let name = self.name().map(str::to_string);
        self.services = services;
        if !std::mem::replace(&mut self.is_connected, true) {
            self.message = None;
        }
        let again =
            name.and_then(|name| self.services.iter().position(|service| service.name == name));
        self.chosen = again.unwrap_or(self.chosen).min(self.services.len().saturating_sub(1));
    }

    pub fn lose_supervisor(&mut self) {
        self.is_connected = false;
        self.message = None;
        for service in &mut self.services {
            service.state = "down".to_string();
            service.pid = None;
        }
    }

    pub fn take_line(&mut self, name: &str, mut line: Line) {
        if line.text.len() > LONGEST {
            line.text.truncate(LONGEST);
            line.text.extend("…".as_bytes());
        }
        let moves = self.name() == Some(name) && self.is_shown(&line);
        let lines = self.lines.entry(name.to_string()).or_default();
        lines.push_back(line);
        if lines.len() > KEPT {
            lines.pop_front();
        }
        // Who reads what was said before is not moved on.
        if moves && self.below > 0 {
            self.below = (self.below + 1).min(lines.len());
        }
    }

    /// The chosen service.
    pub fn name(&self) -> Option<&str> {
        self.services.get(self.chosen).map(|service| service.name.as_str())
    }

    /// The lines that are to be seen, at most `height` of them.
    pub fn visible(&self, height: usize) -> Vec<&Line> {
        let mut lines = self.shown();
        lines.truncate(self.end(lines.len()));
        lines.split_off(lines.len().saturating_sub(height))
    }

    pub fn is_match(&self, line: &Line) -> bool {
        !self.search.is_empty() && holds(line, &self.search)
    }

    fn is_shown(&self, line: &Line) -> bool {
        self.filter.is_empty() || holds(line, &self.filter)
    }

    pub fn press(&mut self, key: KeyEvent) -> Wish {
        self.message = None;
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        if is_control && key.code == KeyCode::Char('c') {
            return Wish::Leave;
        }
        if self.typing != Typing::Nowhere {
            self.take_letter(key.code);
            return Wish::Nothing;
        }
        match key.code {
            KeyCode::Char('q') => return Wish::Leave,
            KeyCode::Up | KeyCode::Char('k') => self.choose(self.chosen.saturating_sub(1)),
            KeyCode::Down | KeyCode::Char('j') => self.choose(self.chosen + 1),
            KeyCode::PageUp => self.scroll_up(self.height.max(1)),
            KeyCode::PageDown => self.below = self.below.saturating_sub(self.height.max(1)),
            KeyCode::Home => self.scroll_up(KEPT),
            KeyCode::End => self.below = 0,
            KeyCode::Left => self.left = self.left.saturating_sub(STEP),
            KeyCode::Right => self.left = (self.left + STEP).min(LONGEST),
            KeyCode::Char('w') => (self.wraps, self.left) = (!self.wraps, 0),
            KeyCode::Char('/') => {
                self.typing = Typing::Search;
                self.search.clear();
            }
            KeyCode::Char('f') => {
                self.typing = Typing::Filter;
                self.set_filter(String::new());
            }
            KeyCode::Char('n') => self.find(Side::Above),
            KeyCode::Char('N') => self.find(Side::Below),
            KeyCode::Esc => {
                self.search.clear();
                self.set_filter(String::new());
            }
            KeyCode::Char('r') => {
                return self.ask("restarting", |names| Request::Restart { names });
            }
            KeyCode::Char('s') => return self.ask("starting", |names| Request::Start { names }),
            KeyCode::Char('x') => return self.ask("stopping", |names| Request::Stop { names }),
            _ => {}
        }
        Wish::Nothing
    }

    fn ask(&mut self, doing: &str, request: impl Fn(Vec<String>) -> Request) -> Wish {
        let Some(name) = self.name().map(str::to_string) else { return Wish::Nothing };
        self.message = Some(format!("{doing} {name}"));
        Wish::Ask(request(vec![name]))
    }

    fn choose(&mut self, index: usize) {
        let index = index.min(self.services.len().saturating_sub(1));
        if index != self.chosen {
            (self.chosen, self.below, self.left) = (index, 0, 0);
        }
    }

    fn take_letter(&mut self, key: KeyCode) {
        let mut text = match self.typing {
            Typing::Search => self.search.clone(),
            Typing::Filter => self.filter.clone(),
            Typing::Nowhere => return,
        };
        let typing = self.typing;
        match key {
            KeyCode::Enter => self.typing = Typing::Nowhere,
            KeyCode::Esc => {
                self.typing = Typing::Nowhere;
                text.clear();
            }
            KeyCode::Backspace => _ = text.pop(),
            KeyCode::Char(letter) => text.push(letter),
            _ => {}
        }
        match typing {
            Typing::Filter => self.set_filter(text),
            _ => self.search = text,
        }
        if typing == Typing::Search && key == KeyCode::Enter {
            self.below = 0;
            if self.shown().last().is_some_and(|line| !self.is_match(line)) {
                self.find(Side::Above);
            }
        }
    }

    /// What is at the end of the log is shown of it.
    fn set_filter(&mut self, filter: String) {
        if filter != self.filter {
            (self.filter, self.below) = (filter, 0);
        }
    }

    /// Moves so that a match is the last line that is shown.
    fn find(&mut self, side: Side) {
        let lines = self.shown();
        let end = self.end(lines.len());
        let is_match = |index: &usize| self.is_match(lines[*index]);
        let found = match side {
            Side::Above => (0..end.saturating_sub(1)).rev().find(is_match),
            Side::Below => (end..lines.len()).find(is_match),
        };
        let below = found.map(|index| lines.len() - index - 1);
        match below {
            Some(below) => self.below = below,
            None => self.message = Some(format!("`{}` is not there", self.search)),
        }
    }

    fn scroll_up(&mut self, lines: usize) {
        let most = self.shown().len().saturating_sub(self.height);
        self.below = (self.below + lines).min(most);
    }

    /// The lines up to the last one that is shown, of so many.
    fn end(&self, count: usize) -> usize {
        count.saturating_sub(self.below).max(self.height.min(count))
    }

    /// The lines of the chosen service that the filter lets through.
    fn shown(&self) -> Vec<&Line> {
        let lines = self.name().and_then(|name| self.lines.get(name)).into_iter().flatten();
        lines.filter(|line| self.is_shown(line)).collect()
    }
}

/// In any case of letters.
fn holds(line: &Line, words: &str) -> bool {
    String::from_utf8_lossy(&line.text).to_lowercase().contains(&words.to_lowercase())
}
