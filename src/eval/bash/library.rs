//! direnv's function library: whole, for those who source it, and function by function for the bash lane.

const LIBRARY: &str = include_str!("../../../shell-hooks/stdlib.bash");

/// What `evaluate.bash` has instead of it.
const STANDALONE: &str = include_str!("../../../shell-hooks/standalone.bash");

/// What an evaluation needs where a script of it fails, or might.
const FAILURE: &str = include_str!("../../../shell-hooks/failure.bash");

/// What an evaluation has instead of the library's.
const SOURCE_ENV: &str = include_str!("../../../shell-hooks/source_env.bash");

/// What `source` reads in an evaluation, in place of the file that is to be judged first.
pub const SOURCE: &str = include_str!("../../../shell-hooks/source.bash");

/// `evaluate.bash` and one stub per function, which loads the function when it is first called: most rc files use one or
/// two of them, and parsing all takes longer than starting bash.
pub const PRELUDE: &str = include_str!(concat!(env!("OUT_DIR"), "/evaluate.bash"));

/// What bash reads with the first question.
pub const ASKING: &str = include_str!(concat!(env!("OUT_DIR"), "/asking.bash"));

/// What bash runs before an rc, where the user may have functions of their own.
pub const USERS: &str = include_str!(concat!(env!("OUT_DIR"), "/users.bash"));

/// The names, with a space between them.
const WITH_STUB: &str = include_str!(concat!(env!("OUT_DIR"), "/functions"));

/// What leads from the directory of a copy to where the file stands.
pub const WAY_BACK: &str = include_str!(concat!(env!("OUT_DIR"), "/way_back.bash"));

/// What a stub evaluates, and the variable it has that from.
pub const STUB: (&str, &str) = ("__envr", include_str!(concat!(env!("OUT_DIR"), "/stub.bash")));

/// What `evaluate.bash` defines itself under names that are not its own.
const EVALUATIONS_OWN: &str = ". __main__ alias shopt source source_env";

/// What a subshell of an evaluation sources, for it can ask for nothing.
pub const FOR_SUBSHELL: [&str; 3] = [LIBRARY, FAILURE, SOURCE_ENV];

/// The library as it stands.
pub const WHOLE: [&str; 2] = [LIBRARY, STANDALONE];

/// Whether a script that is evaluated finds a function of this name.
pub fn has(name: &str) -> bool {
    ["source_env", "__main__"].contains(&name) || WITH_STUB.split(' ').any(|known| known == name)
}

/// All functions in an evaluation that are not the script's, but for those of which the name says so.
pub fn functions() -> String {
    [WITH_STUB, EVALUATIONS_OWN].join(" ")
}

/// The text of one function, and of those it needs that have no stub.
pub fn function(name: &str) -> Option<String> {
    let mut texts = vec![text_of(name)?];
    let mut next = 0;
    while let Some(text) = texts.get(next) {
        let needed = names_in(text).filter(|name| !has(name)).filter_map(text_of);
        let fresh: Vec<&str> = needed.filter(|text| !texts.contains(text)).collect();
        texts.extend(fresh);
        next += 1;
    }
    Some(texts.concat())
}

/// The names of the library's own that a text mentions.
fn names_in(text: &'static str) -> impl Iterator<Item = &'static str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("__envr_"))
}

fn text_of(name: &str) -> Option<&'static str> {
    let head = format!("\n{name}() {{\n");
    FOR_SUBSHELL.into_iter().find_map(|text| {
        let start = text.find(&head)? + 1;
        let end = text[start..].find("\n}\n")? + 3;
        Some(&text[start..start + end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_can_be_loaded_alone() {
        assert!(WITH_STUB.split(' ').count() > 60);
        for name in WITH_STUB.split(' ') {
            let text = function(name).unwrap();
            assert!(
                text.starts_with(&format!("{name}() {{\n")) && text.ends_with("\n}\n"),
                "{name}"
            );
            for needed in names_in(text.leak()).filter(|needed| text_of(needed).is_some()) {
                let head = format!("{needed}() {{\n");
                assert!(has(needed) || function(name).unwrap().contains(&head), "{name}: {needed}");
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
