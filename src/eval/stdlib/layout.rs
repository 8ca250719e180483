//! Layouts that need no program.

use super::lists;
use crate::eval::native::{Flow, Shell, needs_bash};

/// What `direnv_layout_dir` prints, without the line's end.
pub fn layout_dir(shell: &Shell<'_>) -> Flow<Vec<u8>> {
    let dir = match shell.variables.get(b"direnv_layout_dir") {
        Some(dir) if !dir.is_empty() => dir.to_vec(),
        _ => [shell.dir(), b"/.direnv"].concat(),
    };
    if dir.contains(&b'\n') { needs_bash("a name over two lines") } else { Ok(dir) }
}

/// `layout KIND`, which also marks the layout directory as a cache.
pub fn layout(shell: &mut Shell<'_>, kind: &[u8]) -> Flow<u8> {
    let status = run(shell, kind)?;
    tag(shell)?;
    Ok(status)
}

/// Marks the layout directory as a cache, where it is not marked yet.
pub fn tag(shell: &Shell<'_>) -> Flow {
    let dir = shell.path(&layout_dir(shell)?);
    if dir.is_dir() && !dir.join("CACHEDIR.TAG").exists() {
        return needs_bash("a file that is to be written");
    }
    Ok(())
}

/// `layout_KIND`
pub fn run(shell: &mut Shell<'_>, kind: &[u8]) -> Flow<u8> {
    match kind {
        b"go" => {
            let dir = layout_dir(shell)?;
            lists::add(shell, b"GOPATH", &[&[&dir, &b"/go"[..]].concat()])?;
            let programs = super::absolute(shell.dir(), &[&[&dir, &b"/go/bin"[..]].concat()]);
            export(shell, b"GOBIN", programs.clone());
            lists::add(shell, b"PATH", &[&programs])
        }
        b"julia" => {
            let dir = shell.dir().to_vec();
            export(shell, b"JULIA_PROJECT", dir);
            Ok(0)
        }
        b"node" => lists::add(shell, b"PATH", &[b"node_modules/.bin"]),
        b"php" => lists::add(shell, b"PATH", &[b"vendor/bin"]),
        b"perl" => {
            let dir = [layout_dir(shell)?.as_slice(), b"/perl5"].concat();
            export(shell, b"LOCAL_LIB_DIR", dir.clone());
            export(shell, b"PERL_MB_OPT", [b"--install_base '", dir.as_slice(), b"'"].concat());
            export(shell, b"PERL_MM_OPT", [b"INSTALL_BASE=", dir.as_slice()].concat());
            lists::add(shell, b"PERL5LIB", &[&[&dir, &b"/lib/perl5"[..]].concat()])?;
            lists::add(shell, b"PERL_LOCAL_LIB_ROOT", &[&dir])?;
            lists::add(shell, b"PATH", &[&[&dir, &b"/bin"[..]].concat()])
        }
        _ => needs_bash("a layout that starts programs"),
    }
}

fn export(shell: &mut Shell<'_>, name: &[u8], value: Vec<u8>) {
    shell.variables.set(name, value);
    shell.variables.export(name);
}
