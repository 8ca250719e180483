//! What makes a path in a nix file longer: strings that are added, and text behind it in a string.

use super::application::{function, is_argument, without_function};

/// What stands behind a directory in a file.
pub enum Behind {
    Nothing,
    /// A path below it.
    Path(String),
    /// A path below it that is computed, from there on.
    Computed(String),
}

/// `+ "/path"`, or in a string `}/path`.
pub fn behind((before, rest): (&str, &str)) -> Behind {
    let Some((text, is_added)) = added((before, rest)) else { return Behind::Nothing };
    // What ends a path in a line of a script may be in the name of a file.
    let ends: &[char] =
        if is_added { &['"', '$', '\\'] } else { &['"', '\'', '$', '\\', ' ', '\n', ';', ':'] };
    let end = text.find(ends).unwrap_or(text.len());
    let (path, rest) = text.split_at(end);
    let then = rest.strip_prefix('"').filter(|_| is_added).unwrap_or_default();
    // In `f (./a + "/b") + "c"` it is not the path that becomes longer.
    let is_group = before.ends_with('(') && function(before).is_empty();
    let then = if is_group { then.trim_start_matches([')', ' ', '\n']) } else { then.trim_start() };
    let is_continued = then.starts_with('+') && !then.starts_with("++");
    if is_continued || text.is_empty() || rest.starts_with(['$', '\\']) {
        let is_longer_name = !path.is_empty() && !path.starts_with('/');
        let dir = if is_longer_name { "/.." } else { &path[..path.rfind('/').unwrap_or(0)] };
        return Behind::Computed(dir.to_string());
    }
    Behind::Path(path.to_string())
}

/// The text that makes a path longer, and whether it stands in a string of its own; empty where it is computed.
fn added<'a>((mut before, mut rest): (&str, &'a str)) -> Option<(&'a str, bool)> {
    loop {
        if is_argument(before) {
            // Of what another function makes of it, it is not the path that becomes longer.
            if function(before) != "toString" {
                return None;
            }
            before = without_function(before, "toString");
        }
        let outside = before.trim_end().strip_suffix('(').zip(rest.trim_start().strip_prefix(')'));
        let Some(outside) = outside else { break };
        (before, rest) = outside;
    }
    let rest = rest.trim_start_matches([')', ' ']);
    if rest.starts_with("}/") {
        return Some((&rest[1..], false));
    }
    let value = rest.trim_start().strip_prefix('+').filter(|value| !value.starts_with('+'))?;
    Some((value.trim_start().strip_prefix('"').unwrap_or_default(), true))
}

/// Of `"${directory}/a b"` the whole name: who reads it may mean all that stands there.
pub fn with_blanks(around: (&str, &str)) -> Option<String> {
    let text = added(around).filter(|(_, is_added)| !is_added)?.0;
    let text = &text[..text.find(['"', '$', '\\', '\n'])?];
    text.contains([' ', '\'', ';', ':']).then(|| text.to_string())
}
