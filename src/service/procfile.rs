//! A `Procfile`: one service a line, `name: command`.

use super::places::Places;
use super::{Port, Program, Scope, Spec, Stop, is_name, ports};
use crate::error::Hinted;
use anyhow::Result;
use std::path::Path;

/// The services of a Procfile in `dir`. Blank lines and lines of `#` say nothing.
pub fn read(path: &Path, bytes: &[u8], places: &mut Places) -> Result<Vec<Spec>> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut specs = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let mistake = |message: &str| {
            let (path, line) = (path.display(), index + 1);
            Err(Hinted::new(
                format!("could not read `{path}:{line}:1`: {message}"),
                format!("$EDITOR {path}"),
            )
            .into())
        };
        let Ok(line) = str::from_utf8(line) else { return mistake("it is not UTF-8") };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, command)) = line.split_once(':') else {
            return mistake("a line is `name: command`");
        };
        let (name, command) = (name.trim(), command.trim());
        if !is_name(name) {
            return mistake(&format!("`{name}` cannot be a service's name"));
        }
        if command.is_empty() {
            return mistake(&format!("`{name}` has no command"));
        }
        places.add(name, format!("{}:{}:1", path.display(), index + 1));
        let port = wants_port(command).then(|| (ports::MAIN.to_string(), Port::Auto));
        specs.push(Spec {
            ports: port.into_iter().collect(),
            stop: Stop { scope: Scope::Group, ..Stop::default() },
            ..Spec::new(name, dir.to_path_buf(), Program::shell(command))
        });
    }
    Ok(specs)
}

/// Whether a line has a port given to it, as all that run such files do.
fn wants_port(command: &str) -> bool {
    let mut uses =
        command.match_indices("$PORT").map(|(place, name)| &command[place + name.len()..]);
    let is_end =
        |rest: &str| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
    uses.any(is_end) || command.contains("${PORT}") || command.contains("${PORT:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let said = match read(Path::new("/p/Procfile"), text.as_bytes(), &mut Places::default()) {
            Ok(specs) => specs
                .iter()
                .map(|spec| format!("{}={}", spec.name, spec.run.arguments[1].display()))
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => error.to_string(),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn lines_are_services() {
        check("\u{feff}web: serve\r\n", "web=serve");
        check("# x\n\nweb: A=1 serve :80\r\nq:work", "web=A=1 serve :80 q=work");
        check("web serve", "could not read `/p/Procfile:1:1`: a line is `name: command`");
        check("\nw b: x", "could not read `/p/Procfile:2:1`: `w b` cannot be a service's name");
        let latin = read(Path::new("/p/Procfile"), b"a: x\nb: \xe4\n", &mut Places::default());
        assert_eq!(
            latin.unwrap_err().to_string(),
            "could not read `/p/Procfile:2:1`: it is not UTF-8"
        );
        let text = b"a: serve $PORT\nb: serve ${PORT:-80}\nc: serve $PORTAL ${PORTAL}\n";
        let specs = read(Path::new("/p/Procfile"), text, &mut Places::default()).unwrap();
        let ports: Vec<bool> = specs.iter().map(|spec| !spec.ports.is_empty()).collect();
        assert_eq!(ports, [true, true, false]);
        check("web:", "could not read `/p/Procfile:1:1`: `web` has no command");
    }
}
