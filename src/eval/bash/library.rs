//! direnv's function library: whole, for those who source it, and function by function for the bash lane.

use super::foresight::Calls;

const LIBRARY: &str = include_str!("../../../shell-hooks/stdlib.bash");

/// What `evaluate.bash` has instead of the rest.
const STANDALONE: &str = include_str!("../../../shell-hooks/standalone.bash");

/// What `source` reads in an evaluation, in place of the file that is to be judged first.
pub const SOURCE: &str = include_str!("../../../shell-hooks/source.bash");

/// What bash reads before all else.
pub const PRELUDE: &str = include_str!(concat!(env!("OUT_DIR"), "/evaluate.bash"));

/// What bash reads with the first question.
pub const ASKING: &str = include_str!(concat!(env!("OUT_DIR"), "/asking.bash"));

/// What bash runs before an rc, where the user may have functions of their own.
pub const USERS: &str = include_str!(concat!(env!("OUT_DIR"), "/users.bash"));

/// What stands in for `enable`.
pub const ENABLE: &str = include_str!(concat!(env!("OUT_DIR"), "/enable.bash"));

/// The functions that are loaded on their first call: their names, with a space between them.
const NAMES: &str = include_str!(concat!(env!("OUT_DIR"), "/names"));

/// And their texts, each with those it needs that have no stub, and ended by a NUL.
pub const FUNCTIONS: &str = include_str!(concat!(env!("OUT_DIR"), "/functions"));

/// What leads from the directory of a copy to where the file stands.
pub const WAY_BACK: &str = include_str!(concat!(env!("OUT_DIR"), "/way_back.bash"));

/// What `evaluate.bash` defines itself under names that are not its own.
const EVALUATIONS_OWN: &str = ". __main__ alias enable shopt source";

/// A line for each function, which loads it when it is first called: most rc files use one or two of them, and parsing all
/// takes longer than starting bash.
const STUBS: &str = include_str!(concat!(env!("OUT_DIR"), "/stubs.bash"));

/// The library as it stands.
pub const WHOLE: [&str; 2] = [LIBRARY, STANDALONE];

/// Whether a script that is evaluated finds a function of this name.
pub fn has(name: &str) -> bool {
    name == "__main__" || NAMES.split(' ').any(|known| known == name)
}

/// All functions in an evaluation that are not the script's, but for those of which the name says so.
pub fn functions() -> String {
    [NAMES, EVALUATIONS_OWN].join(" ")
}

/// The stubs of the functions that a script may call, and the others.
pub fn stubs(calls: &Calls) -> (String, String) {
    let name = |line: &&str| line.split('(').next().is_some_and(|name| calls.may_be(name));
    STUBS.split_inclusive('\n').partition(name)
}

/// The text of the function that a stub with this number is for.
pub fn function(number: &[u8]) -> Option<&'static str> {
    let number: usize = std::str::from_utf8(number).ok()?.parse().ok()?;
    FUNCTIONS.split_terminator('\0').nth(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_can_be_loaded_alone() {
        let all = [LIBRARY, include_str!("../../../shell-hooks/failure.bash")].concat();
        let names: Vec<&str> = all.lines().filter_map(|line| line.strip_suffix("() {")).collect();
        assert!(NAMES.split(' ').count() > 60);
        for (number, name) in NAMES.split(' ').enumerate() {
            let text = function(number.to_string().as_bytes()).unwrap();
            assert!(
                text.starts_with(&format!("{name}() {{\n")) && text.ends_with("\n}\n"),
                "{name}"
            );
            let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            for needed in words.filter(|word| names.contains(word)) {
                assert!(
                    has(needed) || text.contains(&format!("{needed}() {{\n")),
                    "{name}: {needed}"
                );
            }
        }
    }

    /// What is defined twice would be whichever came last.
    #[test]
    fn an_evaluation_has_its_own_functions_alone() {
        for own in ["__envr_ask", "__main__", "source_env"] {
            assert!(!LIBRARY.contains(&format!("\n{own}() {{\n")), "{own}");
            assert!(STANDALONE.contains(&format!("\n{own}() {{\n")), "{own}");
        }
    }
}
