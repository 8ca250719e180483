//! The terminal view on a screen: the services, what the chosen one said, and the keys.

use super::model::Model;
use crate::service::control::Status;
use crate::service::logs::{Line as Said, Stream};
use crate::service::view;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, List, ListState, Paragraph};

const KEYS: &str =
    "↑↓ choose  r restart  s start  x stop  / search  n N next  PgUp PgDn scroll  q detach";
/// A screen of fewer columns has the services above, not beside, the log.
const NARROW: u16 = 60;

pub fn draw(frame: &mut Frame, model: &mut Model) {
    let [main, foot] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(1)]).areas(frame.area());
    let [list, log] = places(main, model);
    draw_services(frame, list, model);
    draw_log(frame, log, model);
    let foot_line = if model.is_typing {
        format!("/{}", model.search)
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
    let width = u16::try_from(longest + 13).unwrap_or(u16::MAX).min(area.width / 2);
    Layout::horizontal([Constraint::Length(width), Constraint::Min(0)]).areas(area)
}

fn draw_services(frame: &mut Frame, area: Rect, model: &Model) {
    let longest = model.services.iter().map(|service| service.name.len()).max().unwrap_or(0);
    let row = |service: &Status| {
        let name = Span::raw(format!("{:longest$}  ", service.name));
        Line::from(vec![name, Span::styled(service.state.clone(), colour(&service.state))])
    };
    let list = List::new(model.services.iter().map(row))
        .block(Block::new().borders(Borders::TOP).title("services"))
        .highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut state = ListState::default().with_selected(Some(model.chosen));
    frame.render_stateful_widget(list, area, &mut state);
}

fn draw_log(frame: &mut Frame, area: Rect, model: &mut Model) {
    let title = model.services.get(model.chosen).map_or_else(String::new, title);
    let block = Block::new().borders(Borders::TOP | Borders::LEFT).title(title);
    let inner = block.inner(area);
    model.height = inner.height.into();
    let lines: Vec<Line> =
        model.visible(model.height).map(|line| shown(line, model.is_match(line))).collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
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

fn shown(line: &Said, is_match: bool) -> Line<'static> {
    let text = view::safe(&line.text, false).replace('\t', "    ");
    let (text, style) = match line.stream {
        Stream::System => (format!("envr: {text}"), Style::new().add_modifier(Modifier::DIM)),
        _ => (text, Style::new()),
    };
    let style = if is_match { style.add_modifier(Modifier::REVERSED) } else { style };
    Line::styled(text, style)
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
            '⏎' => KeyCode::Enter,
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
                "↑↓ choose  r restart  s start  x stop  / search  n N next  PgUp Pg",
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
                "↑↓ choose  r restart",
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
    fn an_end_of_the_supervisor_is_seen() {
        let mut model = model();
        model.lose_supervisor();
        let rows = screen(&mut model, 66, 4);
        assert!(rows[1].starts_with("db   down"), "{rows:?}");
        assert!(rows[3].starts_with("the supervisor ended"), "{rows:?}");
    }
}
