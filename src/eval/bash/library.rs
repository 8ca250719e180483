//! direnv's function library: whole, for those who source it, and function by function for the bash lane.

const TEXT: &str = include_str!("../../../shell-hooks/stdlib.bash");

/// What `source` reads in an evaluation, in place of the file that is to be judged first.
pub const SOURCE: &str = include_str!("../../../shell-hooks/source.bash");

/// What an evaluation defines itself, in `evaluate.bash`; the library's own are for a shell that sourced it alone.
const EVALUATIONS_OWN: [&str; 3] = ["__envr_ask", "__main__", "source_env"];

/// The library as it stands.
pub fn text() -> &'static str {
    TEXT
}

/// The library for a subshell of an evaluation.
pub fn text_for_subshell() -> String {
    EVALUATIONS_OWN
        .into_iter()
        .filter_map(function)
        .fold(TEXT.to_string(), |text, own| text.replacen(own, "", 1))
}

/// What else `evaluate.bash` defines under names that are not its own.
const OTHERS_OWN: [&str; 4] = [".", "alias", "shopt", "source"];

/// One stub per function, which loads the function when it is first called: most rc files use one or two of them, and
/// parsing all takes longer than starting bash. A stub that was exported into another bash finds the library through
/// `direnv`, and is gone before it could call itself. `__envr_forget` takes away all that is not the script's.
pub fn stubs() -> String {
    let mut stubs = String::with_capacity(16 << 10);
    for name in names().filter(|name| !EVALUATIONS_OWN.contains(name)) {
        stubs.extend([name, "() { __envr_load ", name, " 2>/dev/null || { unset -f ", name]);
        stubs.extend(["; eval \"$(direnv stdlib)\"; }; ", name, " \"$@\"; }\n"]);
    }
    stubs.push_str("__envr_forget() { builtin unset -f");
    for name in names().chain(OTHERS_OWN) {
        stubs.extend([" ", name]);
    }
    stubs.push_str(" 2>/dev/null; }\n");
    stubs
}

/// Whether a script that is evaluated finds a function of this name.
pub fn has(name: &str) -> bool {
    names().any(|known| known == name)
}

/// The text of one function.
pub fn function(name: &str) -> Option<&'static str> {
    let head = format!("\n{name}() {{\n");
    let start = TEXT.find(&head)? + 1;
    let end = TEXT[start..].find("\n}\n")? + 3;
    Some(&TEXT[start..start + end])
}

fn names() -> impl Iterator<Item = &'static str> {
    TEXT.lines()
        .filter_map(|line| line.strip_suffix("() {"))
        .filter(|name| !name.starts_with(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_can_be_loaded_alone() {
        assert!(names().count() > 60);
        for name in names() {
            let text = function(name).unwrap();
            assert!(
                text.starts_with(&format!("{name}() {{\n")) && text.ends_with("\n}\n"),
                "{name}"
            );
        }
    }
}
