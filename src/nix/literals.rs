//! Paths and variables that the text of a nix file names: nix tells which files it evaluates, not which ones a flake
//! reads.

/// What a file names, beside what it says in comments and strings.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// As written, `./x` or `../x`: relative to the file.
    pub paths: Vec<String>,
    /// Relative to the flake, after `self`.
    pub below_flake: Vec<String>,
    pub variables: Vec<String>,
    /// It may ask for the commit.
    pub asks_for_revision: bool,
}

const REVISIONS: [&str; 6] =
    ["rev", "shortRev", "dirtyRev", "dirtyShortRev", "revCount", "lastModified"];

pub fn named(text: &str) -> Named {
    let code = without_comments(text);
    let mut named = Named::default();
    for (at, _) in code.match_indices("./") {
        let start = if code[..at].ends_with('.') { at - 1 } else { at };
        let before = code[..start].chars().next_back();
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || "._-+/~".contains(letter);
        if before.is_some_and(is_word) {
            continue;
        }
        let end =
            code[start..].find(|letter| !is_word(letter)).map_or(code.len(), |end| start + end);
        let path = code[start..end].trim_end_matches('/');
        match path {
            "./." | "." | ".." => {
                named.paths.extend(appended(&code[end..]).map(|name| format!(".{name}")));
            }
            path => named.paths.push(path.to_string()),
        }
    }
    for (at, word) in code.match_indices("self") {
        let rest = &code[at + word.len()..];
        let interpolated = rest.strip_prefix("}/").map(|rest| {
            let end = rest.find(['"', '\'', '$', ' ', '\n', ';', ')']).unwrap_or(rest.len());
            rest[..end].to_string()
        });
        named.below_flake.extend(interpolated);
        named
            .below_flake
            .extend(appended(rest).map(|name| name.trim_start_matches('/').to_string()));
    }
    for (at, word) in code.match_indices("getEnv") {
        let argument = code[at + word.len()..].trim_start();
        let name = argument.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        named.variables.extend(name.map(|(name, _)| name.to_string()));
    }
    let mut words = code.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    named.asks_for_revision = code.contains("self") && words.any(|word| REVISIONS.contains(&word));
    named
}

/// The string in `+ "/name"`.
fn appended(rest: &str) -> Option<String> {
    let string = rest.trim_start().strip_prefix('+')?.trim_start().strip_prefix("\"/")?;
    let (name, _) = string.split_once('"')?;
    (!name.contains("${")).then(|| format!("/{name}"))
}

/// Strings stay, for paths stand in their interpolations; so `#` and `/*` in them must be told apart from comments.
fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    // What ends the strings around the place, the innermost last; a brace for code within a string.
    let mut ends: Vec<&str> = Vec::new();
    let mut depth = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let in_string = ends.last().copied().filter(|end| *end != "}");
        let taken = match in_string {
            Some("\"") if rest.starts_with('\\') => rest.chars().take(2).map(char::len_utf8).sum(),
            Some("''") if ["'''", "''$", "''\\"].iter().any(|escape| rest.starts_with(escape)) => 3,
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
        code.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, paths: &[&str], below_flake: &[&str], variables: &[&str]) {
        let Named { paths: p, below_flake: b, variables: v, .. } = named(text);
        assert_eq!(
            (p.as_slice(), b.as_slice(), v.as_slice()),
            (
                paths.iter().map(ToString::to_string).collect::<Vec<_>>().as_slice(),
                below_flake.iter().map(ToString::to_string).collect::<Vec<_>>().as_slice(),
                variables.iter().map(ToString::to_string).collect::<Vec<_>>().as_slice(),
            )
        );
    }

    #[test]
    fn paths_are_found_where_nix_would_see_them() {
        check("a = builtins.readFile ./version.txt;", &["./version.txt"], &[], &[]);
        check(
            "[ ../b/c.toml ./dir ] # ./comment\n/* ./other */",
            &["../b/c.toml", "./dir"],
            &[],
            &[],
        );
        check("src = ./.; x = ./. + \"/lock.json\";", &["./lock.json"], &[], &[]);
        check("\"${./in.txt} # ${toString ./two}\"", &["./in.txt", "./two"], &[], &[]);
        check("''it's ${''a''} '' + ./b # ./c", &["./b"], &[], &[]);
        check("https://x/./y a/./b", &[], &[], &[]);
    }

    #[test]
    fn what_a_flake_reads_through_self_is_found() {
        check("readFile \"${self}/a/b.txt\"", &[], &["a/b.txt"], &[]);
        check("self + \"/c.txt\"", &[], &["c.txt"], &[]);
        assert!(named("version = self.shortRev or \"dirty\";").asks_for_revision);
        assert!(!named("rev = 1;").asks_for_revision);
    }

    #[test]
    fn variables_are_found() {
        check("builtins.getEnv \"BUILD\" == \"1\"", &[], &[], &["BUILD"]);
    }

    #[test]
    fn no_text_is_too_odd() {
        for text in ["\"", "''", "\"${", "${", "}", "/*", "\"\\", "é''é", "''$", "./", "../"] {
            named(text);
        }
    }
}
