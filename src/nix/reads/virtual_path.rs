//! The names that newer nix gives to files of sources that it has not copied.

use crate::nix::flake::decoded;
use std::path::{Path, PathBuf};

/// `«path:/dir?narHash=…»/file` of newer nix, and of a submodule `«git+file:///tree/submodule?…»/tree/submodule/file`.
pub fn virtual_path(path: &Path, tree: &Path) -> Option<PathBuf> {
    let (source, below) = parts(path)?;
    if let Some(source) = source.strip_prefix("path:") {
        let dir = decoded(source.split('?').next().unwrap_or(source));
        return Some(Path::new(&dir).join(below.trim_start_matches('/')));
    }
    let is_of_tree = tree.is_absolute() && Path::new(below).starts_with(tree);
    (source.starts_with("git+file:") && is_of_tree).then(|| PathBuf::from(below))
}

/// Of such a name, the source and the file in it.
pub fn parts(path: &Path) -> Option<(&str, &str)> {
    path.to_str()?.strip_prefix('«')?.split_once('»')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_newer_nix_names_in_its_own_way_is_a_file_of_the_user() {
        let tree = Path::new("/p");
        let check = |named: &str, path: Option<&str>| {
            assert_eq!(virtual_path(Path::new(named), tree), path.map(PathBuf::from), "{named}");
        };
        check("«path:/q/sub?narHash=x»/flake.nix", Some("/q/sub/flake.nix"));
        check("«path:/a%20b/%C3%BC?narHash=x»/p.nix", Some("/a b/ü/p.nix"));
        check("«git+file:///p/lib?submodules=1»/p/lib/a.nix", Some("/p/lib/a.nix"));
        check("«git+file:///q?rev=1»/p.nix", None);
        check("«github:o/r/1»/flake.nix", None);
        check("/p/a.nix", None);
    }
}
