//! The services of a project: found at or above a directory, approved, and read into one graph.

use super::directory::{self, Directories};
use super::graph::Graph;
use super::{Spec, procfile, table};
use crate::enter;
use crate::error::Hinted;
use crate::rc::{self, Rc};
use crate::toml::{self, Document};
use crate::trust::{self, Verdict};
use crate::watch::Watches;
use crate::world::World;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

const PROCFILE: &str = "Procfile";
const SCAN_DIRECTORIES: [&str; 2] = ["services", ".envr/services"];

/// The nearest directory at or above the working directory that defines services, without links in its path.
pub fn find(world: World) -> Result<PathBuf> {
    let start = rc::working_directory(world.host)?;
    let found = start.ancestors().find(|dir| !definitions(dir).is_empty());
    found.map(Path::to_path_buf).ok_or_else(|| {
        Hinted::new(
            "could not find services here or in a directory above",
            "`envr.toml` with `[services]`, a `Procfile` or `services/NAME/run` defines them",
        )
        .into()
    })
}

/// The files that define a project's services, or that these run: an approval covers each of them.
pub fn definitions(root: &Path) -> Vec<PathBuf> {
    let files = [toml::NAME, PROCFILE].map(|name| root.join(name)).into_iter();
    let mut files: Vec<PathBuf> = files.filter(|file| file.is_file()).collect();
    for scan in SCAN_DIRECTORIES {
        let dirs = directory::in_scan_directory(&root.join(scan));
        files.extend(dirs.iter().flat_map(|dir| directory::programs(dir)));
    }
    files
}

/// Whether an approval of the definitions covers a program, too: what a command of an `envr.toml` names, it does not.
pub fn is_definition(root: &Path, program: &Path) -> bool {
    let scans = SCAN_DIRECTORIES.map(|scan| root.join(scan));
    scans.iter().any(|scan| directory::is_program(scan, program))
}

/// The definitions that an approval from `start` covers beside the rc, which may be in a directory above theirs: nobody
/// who approves an rc means services outside its directory.
pub fn approved_with(rc: Option<&Rc>, start: &Path) -> Vec<PathBuf> {
    let mut dirs = start.ancestors();
    let found =
        dirs.find_map(|dir| Some((dir, definitions(dir))).filter(|(_, files)| !files.is_empty()));
    let is_below = |dir: &Path| rc.is_none_or(|rc| dir.starts_with(rc.dir()));
    found.filter(|(dir, _)| is_below(dir)).map(|(_, files)| files).unwrap_or_default()
}

/// Reads what is approved. That one file is not means that nothing may run.
pub fn load(world: World, root: &Path) -> Result<Graph> {
    let mut specs: Vec<Spec> = Vec::new();
    let mut found = Directories::default();
    for file in definitions(root) {
        let bytes = approved(world, &file)?;
        if file.ends_with(PROCFILE) && file.parent() == Some(root) {
            specs.extend(procfile::read(&file, &bytes, &mut found.places)?);
        } else if file.ends_with(toml::NAME) && file.parent() == Some(root) {
            let document = Document::new(&file, &bytes)?;
            let read = from_toml(&document, root)?;
            specs.extend(read.specs);
            found.bundles.extend(read.bundles);
            found.places.extend(read.places);
        }
    }
    for scan in SCAN_DIRECTORIES {
        let read = directory::read(&root.join(scan))?;
        specs.extend(read.specs);
        found.bundles.extend(read.bundles);
        found.places.extend(read.places);
        found.warnings.extend(read.warnings);
    }
    if specs.is_empty() {
        let place = root.display();
        return Err(Hinted::new(
            format!("`{place}` defines no services"),
            format!("$EDITOR {}", root.join(toml::NAME).display()),
        )
        .into());
    }
    let graph = Graph::new(specs, found.bundles, &found.places)?;
    Ok(Graph { warnings: found.warnings, ..graph })
}

/// The tables of an `envr.toml` that make the environment are read with it, so that their mistakes show here, too.
pub fn from_toml(document: &Document, root: &Path) -> Result<Directories> {
    let mut tables = document.tables()?;
    crate::eval::toml::Declared::take(&mut tables)?;
    let services = tables.table("services")?;
    services.map_or_else(|| Ok(Directories::default()), |services| table::read(services, root))
}

/// The bytes of a file that the user said yes to.
pub fn approved(world: World, file: &Path) -> Result<Vec<u8>> {
    let path = file.display();
    match trust::judge(world, Rc::at(file.to_path_buf()), &mut Watches::default()) {
        Verdict::Allowed(trusted) => Ok(trusted.bytes().to_vec()),
        Verdict::Denied => bail!("could not use `{path}`: it is denied"),
        Verdict::Blocked(reason) => Err(enter::blocked(world.host, file, &reason)),
        Verdict::Unusable(why) => bail!("could not use `{path}`: {why}"),
    }
}
