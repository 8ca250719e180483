//! Variables that are lists, such as PATH: what loading added comes out again, what the user changed stays.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

/// Colon-separated lists that several parties edit.
const LISTS: [&str; 27] = [
    "ACLOCAL_PATH",
    "CDPATH",
    "CLASSPATH",
    "CMAKE_PREFIX_PATH",
    "CPATH",
    "CPLUS_INCLUDE_PATH",
    "C_INCLUDE_PATH",
    "DYLD_LIBRARY_PATH",
    "FPATH",
    "GEM_PATH",
    "GI_TYPELIB_PATH",
    "GOPATH",
    "INFOPATH",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "MANPATH",
    "NIX_PATH",
    "NODE_PATH",
    "PATH",
    "PERL5LIB",
    "PKG_CONFIG_PATH",
    "PYTHONPATH",
    "QT_PLUGIN_PATH",
    "RUBYLIB",
    "TERMINFO_DIRS",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_DIRS",
];

pub fn is_list(name: &OsStr) -> bool {
    LISTS.binary_search_by(|list| list.as_bytes().cmp(name.as_bytes())).is_ok()
}

/// The list without loading's edits (`old` → `loaded`) but with the user's (`loaded` → `current`). `None` when nothing
/// is left of a list that did not exist before.
pub fn undo(old: Option<&OsStr>, loaded: &OsStr, current: &OsStr) -> Option<OsString> {
    let old_entries: Vec<&[u8]> = old.map(entries).unwrap_or_default();
    let loaded_entries = entries(loaded);
    let mut result = entries(current);

    for added in without(&loaded_entries, &old_entries) {
        if let Some(index) = result.iter().position(|entry| *entry == added) {
            result.remove(index);
        }
    }
    for removed in without(&old_entries, &loaded_entries) {
        result.insert(place_of(removed, &old_entries, &result), removed);
    }

    match (result.is_empty(), old) {
        (true, None) => None,
        _ => Some(OsString::from_vec(result.join(&b':'))),
    }
}

fn entries(list: &OsStr) -> Vec<&[u8]> {
    if list.is_empty() { Vec::new() } else { list.as_bytes().split(|byte| *byte == b':').collect() }
}

/// The entries of `list` that `other` does not have, counting repetitions.
fn without<'a>(list: &[&'a [u8]], other: &[&[u8]]) -> Vec<&'a [u8]> {
    let mut other = other.to_vec();
    let mut rest = Vec::new();
    for entry in list {
        match other.iter().position(|known| known == entry) {
            Some(index) => _ = other.swap_remove(index),
            None => rest.push(*entry),
        }
    }
    rest
}

/// Where a removed entry goes back: behind the nearest of its old predecessors that is still there.
fn place_of(removed: &[u8], old: &[&[u8]], result: &[&[u8]]) -> usize {
    let before = old.iter().position(|entry| *entry == removed).unwrap_or(0);
    old[..before]
        .iter()
        .rev()
        .find_map(|predecessor| result.iter().position(|entry| entry == predecessor))
        .map_or(0, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(old: Option<&str>, loaded: &str, current: &str, expected: Option<&str>) {
        let result = undo(old.map(OsStr::new), loaded.as_ref(), current.as_ref());
        assert_eq!(result.as_deref(), expected.map(OsStr::new));
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(LISTS.is_sorted());
        assert!(is_list("PATH".as_ref()) && !is_list("PATHS".as_ref()));
    }

    #[test]
    fn what_was_added_comes_out_and_what_the_user_added_stays() {
        check(
            Some("/bin:/usr/bin"),
            "/p/bin:/bin:/usr/bin",
            "/mine:/p/bin:/bin:/usr/bin",
            Some("/mine:/bin:/usr/bin"),
        );
        check(Some("/bin"), "/p:/bin", "/p:/bin:/mine", Some("/bin:/mine"));
        check(None, "/p/lib", "/p/lib:/mine", Some("/mine"));
        check(None, "/p/lib:/q/lib", "/q/lib", None);
    }

    #[test]
    fn what_was_removed_goes_back_to_its_place() {
        check(Some("/a:/b:/c"), "/a:/c", "/mine:/a:/c", Some("/mine:/a:/b:/c"));
        check(Some("/a:/b"), "", "/mine", Some("/a:/b:/mine"));
        check(Some("/a:/b"), "/b", "/b:/mine", Some("/a:/b:/mine"));
    }

    #[test]
    fn repeated_and_empty_entries_are_counted() {
        check(Some("/a:/a"), "/a:/a:/a", "/a:/a:/a:/mine", Some("/a:/a:/mine"));
        check(Some(":/a"), "/p::/a", "/mine:/p::/a", Some("/mine::/a"));
    }
}
