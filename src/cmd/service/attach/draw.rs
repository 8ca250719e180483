//! The terminal view on a screen: the services, what the chosen one said, and the keys.

use super::model::{Model, Typing};
use crate::service::control::Status;
use crate::service::logs::{Line as Said, Stream};
use crate::service::view;
use ansi_to_tui::IntoText as _;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, List, ListState, Paragraph};

/// What a narrow screen cuts off is what can be done without.
const KEYS: &str = "q detach  ↑↓ choose  r restart  s start  x stop  / search  n N next  f filter  w wrap  \
                    ← → PgUp PgDn scroll";
/// A screen of fewer columns has the services above, not beside, the log.
const NARROW: u16 = 60;

/// Columns for the longest state, and around it.
const STATE: usize = 13;

pub fn draw(frame: &mut Frame, model: &mut Model) {
    let [main, foot] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(frame.area());
    let [list, log] = places(main, model);
    draw_services(frame, list, model);
    draw_log(frame, log, model);
    let foot_line = if model.typing == Typing::Search {
        format!("/{}", crate::ui::escape(&model.search))
    } else if model.typing == Typing::Filter {
        format!("only lines with: {}", crate::ui::escape(&model.filter))
    } else if !model.is_connected {
        "the supervisor ended; q leaves, `envr up -d` starts it again".to_string()
    } else {
        model.message.as_deref().map_or_else(|| KEYS.to_string(), crate::ui::escape)
    };
    frame.render_widget(
        Paragraph::new(foot_line).style(Style::new().add_modifier(Modifier::DIM)),
        foot,
    );
}

fn places(area: Rect, model: &Model) -> [Rect; 2] {
    let rows = u16::try_from(model.services.len()).unwrap_or(u16::MAX).saturating_add(1);
    if area.width < NARROW {
        let rows = rows.min(area.height / 2);
        return Layout::vertical([Constraint::Length(rows), Constraint::Min(0)]).areas(area);
    }
    let longest = model.services.iter().map(|service| service.name.len()).max().unwrap_or(0);
    let width = u16::try_from(longest + STATE).unwrap_or(u16::MAX).min(area.width / 2);
    Layout::horizontal([Constraint::Length(width), Constraint::Min(0)]).areas(area)
}

fn draw_services(frame: &mut Frame, area: Rect, model: &Model) {
    let longest = model.services.iter().map(|service| service.name.len()).max().unwrap_or(0);
    let room = longest.min(usize::from(area.width).saturating_sub(STATE));
    let row = |service: &Status| {
        let name = Span::raw(format!("{:room$}  ", in_short(&service.name, room)));
        Line::from(vec![name, Span::styled(service.state.clone(), colour(&service.state))])
    };
    let list = List::new(model.services.iter().map(row))
        .block(Block::new().borders(Borders::TOP).title("services"))
        .highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut state = ListState::default().with_selected(Some(model.chosen));
    frame.render_stateful_widget(list, area, &mut state);
}

/// Names of services are of one byte a letter.
fn in_short(name: &str, room: usize) -> String {
    match name.get(..room.saturating_sub(1)) {
        Some(begin) if name.len() > room => format!("{begin}…"),
        _ => name.to_string(),
    }
}

fn draw_log(frame: &mut Frame, area: Rect, model: &mut Model) {
    let mut title = model.services.get(model.chosen).map_or_else(String::new, title);
    if !model.filter.is_empty() {
        title = format!("only `{}`  {title}", crate::ui::escape(&model.filter));
    }
    let block = Block::new().borders(Borders::TOP | Borders::LEFT).title(title);
    let inner = block.inner(area);
    model.height = inner.height.into();
    let lines = model.visible(model.height).into_iter();
    let lines = lines.map(|line| shown(line, model.is_match(line)));
    let paragraph = if model.wraps {
        let rows: Vec<Line> = lines.flat_map(|line| rows(&line, inner.width.into())).collect();
        // The last line is the one that is looked at.
        let above = rows.len().saturating_sub(model.height);
        Paragraph::new(rows.into_iter().skip(above).collect::<Vec<_>>())
    } else {
        let left = u16::try_from(model.left).unwrap_or(u16::MAX);
        Paragraph::new(lines.collect::<Vec<_>>()).scroll((0, left))
    };
    frame.render_widget(paragraph.block(block), area);
}

/// A line in rows of so many columns.
fn rows(line: &Line, width: usize) -> Vec<Line<'static>> {
    let mut rows = vec![Line::default()];
    let mut used = 0;
    for letter in line.styled_graphemes(Style::new()) {
        let span = Span::styled(letter.symbol.to_string(), letter.style);
        if used + span.width() > width && used > 0 {
            rows.push(Line::default());
            used = 0;
        }
        used += span.width();
        rows.last_mut().into_iter().for_each(|row| row.push_span(span.clone()));
    }
    rows
}

/// `web  pid 17, 2 restarts, 8080: a note`.
fn title(service: &Status) -> String {
    let mut parts = Vec::new();
    parts.extend(service.pid.map(|pid| format!("pid {pid}")));
    parts.extend((service.restarts > 0).then(|| format!("{} restarts", service.restarts)));
    parts.extend(Some(view::ports(service)).filter(|ports| !ports.is_empty()));
    let note = service.note.as_deref().map(|note| format!(": {}", crate::ui::escape(note)));
    format!("{}  {}{}", service.name, parts.join(", "), note.unwrap_or_default())
}

/// In the colours that it has of its own.
fn shown(line: &Said, is_match: bool) -> Line<'static> {
    let is_own = line.stream == Stream::System;
    let text = view::safe(&line.text, !is_own).replace('\t', "    ");
    let mut shown = if is_own {
        let style = Style::new().add_modifier(Modifier::DIM);
        Line::styled(format!("envr: {text}"), style)
    } else {
        let parsed = text.into_text().map(|text| text.lines.into_iter().next().unwrap_or_default());
        parsed.unwrap_or_else(|_| Line::raw(text))
    };
    if is_match {
        for span in &mut shown.spans {
            span.style = span.style.add_modifier(Modifier::REVERSED);
        }
    }
    shown
}

fn colour(state: &str) -> Style {
    match state {
        "ready" | "up" | "completed" => Style::new().fg(Color::Green),
        "failed" => Style::new().fg(Color::Red),
        "down" => Style::new().add_modifier(Modifier::DIM),
        _ => Style::new().fg(Color::Yellow),
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::Wish;
    use super::*;
    use crate::service::control::Request;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::crossterm::event::{KeyCode, KeyEvent};
    use std::collections::BTreeMap;

    fn model() -> Model {
        let service = |name: &str, state: &str| Status {
            name: name.to_string(),
            state: state.to_string(),
            pid: Some(17),
            since: String::new(),
            restarts: 0,
            ports: BTreeMap::from([("port".to_string(), 8080)]),
            exit: None,
            note: None,
        };
        let mut model = Model::default();
        model.take_services(vec![service("db", "ready"), service("web", "backoff")]);
        for number in 0..9 {
            model.take_line("db", said(&format!("line {number}")));
        }
        model.take_line("web", said("\x1b[2Jw\tx"));
        model
    }

    fn said(text: &str) -> Said {
        Said { time: String::new(), stream: Stream::Stdout, text: text.into() }
    }

    fn screen(model: &mut Model, width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, model)).unwrap();
        let buffer = terminal.backend().buffer().clone();
        let row = |y: u16| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..height).map(|y| row(y).trim_end().to_string()).collect()
    }

    fn press(model: &mut Model, keys: &str) -> Wish {
        let key = |letter: char| match letter {
            '↓' => KeyCode::Down,
            '→' => KeyCode::Right,
            '⏎' => KeyCode::Enter,
            '⎋' => KeyCode::Esc,
            '⇞' => KeyCode::PageUp,
            letter => KeyCode::Char(letter),
        };
        keys.chars().map(|letter| model.press(KeyEvent::from(key(letter)))).last().unwrap()
    }

    #[test]
    fn beside_each_other_or_one_above_the_other() {
        let mut model = model();
        assert_eq!(
            screen(&mut model, 66, 4),
            [
                "services────────┌db  pid 17, 8080─────────────────────────────────",
                "db   ready      │line 7",
                "web  backoff    │line 8",
                "q detach  ↑↓ choose  r restart  s start  x stop  / search  n N nex",
            ]
        );
        press(&mut model, "↓");
        assert_eq!(
            screen(&mut model, 20, 6),
            [
                "services────────────",
                "web  backoff",
                "┌web  pid 17, 8080──",
                "│\\u{1b}[2Jw    x",
                "│",
                "q detach  ↑↓ choose",
            ]
        );
        let long = "x".repeat(60);
        model.services[0].name = long;
        assert_eq!(
            screen(&mut model, 66, 4)[..3],
            [
                "services─────────────────────────┌web  pid 17, 8080───────────────",
                "xxxxxxxxxxxxxxxxxxx…  ready      │\\u{1b}[2Jw    x",
                "web                   backoff    │",
            ]
        );
        for (width, height) in [(1, 1), (20, 2), (3, 5)] {
            screen(&mut model, width, height);
        }
    }

    #[test]
    fn lines_are_found_and_stay_where_they_are_read() {
        let mut model = model();
        screen(&mut model, 66, 5);
        press(&mut model, "/LINE 3⏎");
        assert_eq!(
            screen(&mut model, 66, 5)[1..4].iter().filter(|row| row.contains("line 3")).count(),
            1
        );
        let before = screen(&mut model, 66, 5);
        model.take_line("db", said("line 9"));
        assert_eq!(screen(&mut model, 66, 5), before);
        press(&mut model, "n");
        assert_eq!(model.message.as_deref(), Some("`LINE 3` is not there"));
        press(&mut model, "⇞⇞⇞⇞");
        assert!(screen(&mut model, 66, 5)[1].contains("line 0"));
    }

    #[test]
    fn keys_ask_for_the_chosen_service() {
        let mut model = model();
        let restart = Wish::Ask(Request::Restart { names: vec!["web".to_string()] });
        assert_eq!(press(&mut model, "↓r"), restart);
        assert_eq!(press(&mut model, "/q"), Wish::Nothing);
        assert_eq!(press(&mut model, "⏎q"), Wish::Leave);
    }

    #[test]
    fn long_lines_move_to_the_side_or_go_on_below() {
        let mut model = model();
        model.take_line("web", said("0123456789ab漢字cdef"));
        press(&mut model, "↓→");
        assert_eq!(screen(&mut model, 20, 6)[3..5], ["│Jw    x", "│89ab漢 字 cdef"]);
        press(&mut model, "w");
        assert_eq!(screen(&mut model, 14, 6)[3..5], ["│0123456789ab", "│漢 字 cdef"]);
        assert_eq!(screen(&mut model, 15, 6)[3..5], ["│0123456789ab漢", "│字 cdef"]);
        model.take_line("web", said(&"x".repeat(1 << 20)));
        let last = screen(&mut model, 20, 6)[4].clone();
        assert!(last.ends_with("x…"), "{last}");
    }

    #[test]
    fn colours_are_kept_and_nothing_else() {
        let mut model = model();
        model.take_line("db", said("\x1b[1;31mred\x1b[0m \x1b]0;title\x07\x1b[38;5;2mgreen"));
        let mut terminal = Terminal::new(TestBackend::new(80, 4)).unwrap();
        terminal.draw(|frame| draw(frame, &mut model)).unwrap();
        let buffer = terminal.backend().buffer();
        let at = |word: &str| {
            let row: Vec<&str> = (0..80).map(|x| buffer[(x, 2)].symbol()).collect();
            let start = row.concat().find(word).unwrap();
            let column = row.concat()[..start].chars().count();
            buffer[(u16::try_from(column).unwrap(), 2)].style()
        };
        assert_eq!(at("red").fg, Some(Color::Red));
        assert!(at("red").add_modifier.contains(Modifier::BOLD));
        assert_eq!(at("u{1b}]0;title").fg, Some(Color::Reset));
        assert_eq!(at("green").fg, Some(Color::Indexed(2)));
    }

    #[test]
    fn a_filter_shows_the_lines_that_have_it() {
        let mut model = model();
        press(&mut model, "fE 3⏎");
        let rows = screen(&mut model, 66, 5);
        assert!(rows[0].contains("only `E 3`  db"), "{rows:?}");
        assert!(rows[1].ends_with("│line 3") && rows[2].ends_with('│'), "{rows:?}");
        model.take_line("db", said("line 33"));
        assert!(screen(&mut model, 66, 5)[2].ends_with("│line 33"));
        press(&mut model, "⎋");
        assert!(screen(&mut model, 66, 5)[1].ends_with("│line 7"));
    }

    #[test]
    fn an_end_of_the_supervisor_is_seen() {
        let mut model = model();
        model.lose_supervisor();
        let rows = screen(&mut model, 66, 4);
        assert!(rows[1].starts_with("db   down"), "{rows:?}");
        assert!(rows[3].starts_with("the supervisor ended"), "{rows:?}");
        model.message = Some("no supervisor is there".to_string());
        let services = model.services.clone();
        model.take_services(services);
        assert!(screen(&mut model, 66, 4)[3].starts_with("q detach"));
    }
}
