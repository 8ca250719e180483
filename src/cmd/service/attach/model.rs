//! What the terminal view shows, as a value: keys and news change it, and nothing here reads or draws.

use crate::service::control::{Request, Status};
use crate::service::logs::Line;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::collections::{BTreeMap, VecDeque};

/// Lines that are kept of each service.
pub const KEPT: usize = 5000;

#[derive(Debug, Default)]
pub struct Model {
    pub services: Vec<Status>,
    pub chosen: usize,
    lines: BTreeMap<String, VecDeque<Line>>,
    /// Lines below the last one that is shown; at 0 what comes is followed.
    pub below: usize,
    /// What is looked for, in any case of letters.
    pub search: String,
    pub is_typing: bool,
    /// What came of the last key.
    pub message: Option<String>,
    pub is_connected: bool,
    /// Lines that fit on the screen, as it was drawn last.
    pub height: usize,
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
        self.is_connected = true;
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

    pub fn take_line(&mut self, name: &str, line: Line) {
        let is_shown = self.name() == Some(name);
        let lines = self.lines.entry(name.to_string()).or_default();
        lines.push_back(line);
        if lines.len() > KEPT {
            lines.pop_front();
        }
        // Who reads what was said before is not moved on.
        if is_shown && self.below > 0 {
            self.below = (self.below + 1).min(lines.len());
        }
    }

    /// The chosen service.
    pub fn name(&self) -> Option<&str> {
        self.services.get(self.chosen).map(|service| service.name.as_str())
    }

    /// The lines that are to be seen, at most `height` of them.
    pub fn visible(&self, height: usize) -> impl Iterator<Item = &Line> {
        let lines = self.chosen_lines();
        let end = self.end(height);
        lines.into_iter().flatten().take(end).skip(end.saturating_sub(height))
    }

    pub fn is_match(&self, line: &Line) -> bool {
        let text = String::from_utf8_lossy(&line.text).to_lowercase();
        !self.search.is_empty() && text.contains(&self.search.to_lowercase())
    }

    pub fn press(&mut self, key: KeyEvent) -> Wish {
        self.message = None;
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        if is_control && key.code == KeyCode::Char('c') {
            return Wish::Leave;
        }
        if self.is_typing {
            self.type_search(key.code);
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
            KeyCode::Char('/') => {
                self.is_typing = true;
                self.search.clear();
            }
            KeyCode::Char('n') => self.find(Self::next_above),
            KeyCode::Char('N') => self.find(Self::next_below),
            KeyCode::Esc => self.search.clear(),
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
            (self.chosen, self.below) = (index, 0);
        }
    }

    fn type_search(&mut self, key: KeyCode) {
        match key {
            KeyCode::Enter => {
                self.is_typing = false;
                self.below = 0;
                let last = self.count().checked_sub(1);
                if last.is_some_and(|last| !self.matches_at(last)) {
                    self.find(Self::next_above);
                }
            }
            KeyCode::Esc => {
                self.is_typing = false;
                self.search.clear();
            }
            KeyCode::Backspace => _ = self.search.pop(),
            KeyCode::Char(letter) => self.search.push(letter),
            _ => {}
        }
    }

    /// Moves so that a match is the last line that is shown.
    fn find(&mut self, next: impl Fn(&Self, usize) -> Option<usize>) {
        let end = self.end(self.height);
        match next(self, end) {
            Some(index) => self.below = self.count() - index - 1,
            None => self.message = Some(format!("`{}` is not there", self.search)),
        }
    }

    fn next_above(&self, end: usize) -> Option<usize> {
        (0..end.saturating_sub(1)).rev().find(|index| self.matches_at(*index))
    }

    fn next_below(&self, end: usize) -> Option<usize> {
        (end..self.count()).find(|index| self.matches_at(*index))
    }

    fn matches_at(&self, index: usize) -> bool {
        let line = self.chosen_lines().and_then(|lines| lines.get(index));
        line.is_some_and(|line| self.is_match(line))
    }

    fn scroll_up(&mut self, lines: usize) {
        let most = self.count().saturating_sub(self.height);
        self.below = (self.below + lines).min(most);
    }

    /// The lines up to the last one that is shown.
    fn end(&self, height: usize) -> usize {
        let count = self.count();
        count.saturating_sub(self.below).max(height.min(count))
    }

    fn count(&self) -> usize {
        self.chosen_lines().map_or(0, VecDeque::len)
    }

    fn chosen_lines(&self) -> Option<&VecDeque<Line>> {
        self.lines.get(self.name()?)
    }
}
