//! Regular expressions that a file or a rule brings along, within a limit of memory.

mod go;

use anyhow::{Result, bail};
use regex_lite::{Regex, RegexBuilder};

/// What one may take, in bytes: steps, times the groups of which the engine notes at each step where they were.
const LIMIT: usize = 1 << 20;
/// Its text may not be longer: each letter takes some hundred bytes before the steps are counted.
const TEXT_LIMIT: usize = 1 << 14;
/// The engine's words for a limit, which has no kind of its own.
const BEYOND: &str = "exceeded size limit";

pub fn compile(text: &str) -> Result<Regex> {
    if text.len() > TEXT_LIMIT {
        bail!(too_much());
    }
    let text = &go::written(text)?;
    let regex = within(text, LIMIT)?;
    match regex.captures_len() {
        1 => Ok(regex),
        groups => within(text, LIMIT / groups),
    }
}

fn within(text: &str, limit: usize) -> Result<Regex> {
    match RegexBuilder::new(text).size_limit(limit).build() {
        Ok(regex) => Ok(regex),
        Err(error) if !error.to_string().contains(BEYOND) => Err(error.into()),
        Err(_) => bail!(too_much()),
    }
}

fn too_much() -> String {
    format!("it would take more than {} MiB of memory", LIMIT >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, reason: Option<&str>) {
        let refused = compile(text).err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), reason);
    }

    #[test]
    fn what_takes_too_much_is_refused_in_words() {
        let too_much = Some("it would take more than 1 MiB of memory");
        check(&"(a|b|ab)*c".repeat(1000), too_much);
        check(&"(a)".repeat(5000), too_much);
        check(&"a".repeat(1 << 20), too_much);
        check("(?:a{1000}){1000}", too_much);
        check("(", Some("found open group without closing ')'"));
    }

    #[test]
    fn a_list_of_many_names_is_none_of_these() {
        let names: Vec<String> = (0..500).map(|number| format!("SERVICE_{number}_TOKEN")).collect();
        check(&format!("^({})$", names.join("|")), None);
        check("^(DB|API)_([A-Z]+_)*(KEY|TOKEN|SECRET|PASSWORD)(_[0-9]{1,4})?$", None);
    }
}
