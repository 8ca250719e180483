//! PATH and its like.

use super::absolute;
use crate::env::is_name;
use crate::eval::native::{Flow, Shell, needs_bash};
use crate::eval::parse::names;

/// `path_add NAME PATH …`
pub fn add(shell: &mut Shell<'_>, name: &[u8], paths: &[&[u8]]) -> Flow<u8> {
    let old = value(shell, name)?;
    let added: Vec<Vec<u8>> = paths.iter().map(|path| absolute(shell.dir(), &[path])).collect();
    // One empty entry at the end is what a stray `:` left there.
    let rest = old.strip_suffix(b":").unwrap_or(&old);
    let mut list = added.join(&b':');
    if !list.is_empty() && !old.is_empty() {
        list.push(b':');
    }
    list.extend(rest);
    set(shell, name, list);
    Ok(0)
}

/// `path_rm NAME PATTERN …`, with patterns that are plain text. bash takes them one or more times over.
pub fn remove(shell: &mut Shell<'_>, name: &[u8], patterns: &[&[u8]]) -> Flow<u8> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-,:=% ".contains(byte);
    if patterns.iter().any(|pattern| pattern.is_empty() || !pattern.iter().all(is_plain)) {
        return needs_bash("a pattern");
    }
    let old = value(shell, name)?;
    let is_kept = |entry: &&[u8]| {
        !patterns.iter().any(|pattern| {
            !entry.is_empty()
                && entry.len().is_multiple_of(pattern.len())
                && entry.chunks(pattern.len()).all(|part| part == *pattern)
        })
    };
    let rest = old.strip_suffix(b":").unwrap_or(&old);
    let kept: Vec<&[u8]> = if old.is_empty() {
        Vec::new()
    } else {
        rest.split(|byte| *byte == b':').filter(is_kept).collect()
    };
    set(shell, name, kept.join(&b':'));
    Ok(0)
}

/// `MANPATH_add PATH`; only man knows what an unset MANPATH stands for.
pub fn add_manual(shell: &mut Shell<'_>, path: &[u8]) -> Flow<u8> {
    let Some(places) = shell.variables.get(b"MANPATH").filter(|places| !places.is_empty()) else {
        return needs_bash("where man looks");
    };
    let list = [&absolute(shell.dir(), &[path]), &b":"[..], places].concat();
    set(shell, b"MANPATH", list);
    Ok(0)
}

/// `load_prefix DIR`
pub fn load_prefix(shell: &mut Shell<'_>, dir: &[u8]) -> Flow<u8> {
    let prefix = absolute(shell.dir(), &[dir]);
    let below = |name: &[u8]| [&prefix, name].concat();
    for manual in [&b"/man"[..], b"/share/man"] {
        add_manual(shell, &below(manual))?;
    }
    for (name, dir) in [
        (&b"CPATH"[..], &b"/include"[..]),
        (b"LD_LIBRARY_PATH", b"/lib"),
        (b"LIBRARY_PATH", b"/lib"),
        (b"PATH", b"/bin"),
        (b"PKG_CONFIG_PATH", b"/lib/pkgconfig"),
    ] {
        add(shell, name, &[&below(dir)])?;
    }
    Ok(0)
}

fn value(shell: &Shell<'_>, name: &[u8]) -> Flow<Vec<u8>> {
    if !is_name(name) || !names::is_assignable(name) {
        return needs_bash("a variable like this");
    }
    shell.check_known(name)?;
    Ok(shell.variables.get(name).unwrap_or_default().to_vec())
}

fn set(shell: &mut Shell<'_>, name: &[u8], value: Vec<u8>) {
    shell.variables.set(name, value);
    shell.variables.export(name);
}
