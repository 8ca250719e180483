//! Files written whole or not at all, read up to a limit, and paths cleaned without asking the disk.

use anyhow::{Context as _, Result};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

/// Writes a file so that readers see the old bytes or the new ones, never a part. Makes its directory, private.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let draft = draft_of(path)?;
    write_draft(&draft, bytes)
        .and_then(|()| fs::rename(&draft, path))
        .inspect_err(|_| _ = fs::remove_file(&draft))
        .with_context(|| format!("could not write `{}`", path.display()))
}

/// Removes drafts of a file whose writers were killed: their processes are gone.
pub fn remove_orphans(path: &Path) {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else { return };
    let prefix = draft_prefix(name);
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(&prefix)?.parse().ok());
        let writer = number.and_then(Pid::from_raw);
        if writer.is_some_and(|writer| test_kill_process(writer) == Err(Errno::SRCH)) {
            _ = fs::remove_file(entry.path());
        }
    }
}

/// As `write_atomic`, for what is worth nothing after a crash of the machine: it does not wait for the disk.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let draft = draft_of(path)?;
    open_draft(&draft)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&draft, path))
        .inspect_err(|_| _ = fs::remove_file(&draft))
        .with_context(|| format!("could not write `{}`", path.display()))
}

/// Makes a link, or turns one to another target, so that its name always leads somewhere. Makes its directory, private.
pub fn link_atomic(target: &Path, path: &Path) -> Result<()> {
    let draft = draft_of(path)?;
    remove_if_there(&draft)?;
    std::os::unix::fs::symlink(target, &draft)
        .and_then(|()| fs::rename(&draft, path))
        .inspect_err(|_| _ = fs::remove_file(&draft))
        .with_context(|| format!("could not make link `{}`", path.display()))
}

/// Makes a directory and those above it, for this user alone.
pub fn make_private_dir(dir: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("could not make directory `{}`", dir.display()))
}

/// Removes a file; that there was none is fine.
pub fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove `{}`", path.display()))
        }
        _ => Ok(()),
    }
}

/// Reads at most `limit` bytes of a regular file; `None` when it holds more. Never blocks on a FIFO or device. As each
/// prompt reads some, it takes no more system calls than it must: std and the libc have some of their own.
pub fn read_regular(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    // To open a FIFO lets its writer write, and what that writes would be lost.
    let kind = fs::metadata(path)?;
    if !kind.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, kind_of(&kind)));
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, kind_of(&metadata)));
    }
    let mut bytes = Vec::new();
    let mut room = usize::try_from(metadata.len().min(limit)).unwrap_or(0) + 1;
    loop {
        let length = read_part(&file, &mut bytes, room)?;
        if bytes.len() as u64 > limit {
            return Ok(None);
        }
        // A regular file gives less than was asked for at its end only. Those in /proc say that they are empty.
        if length == 0 || length < room && metadata.len() > 0 {
            return Ok(Some(bytes));
        }
        room = 4 << 10;
    }
}

fn read_part(file: &File, bytes: &mut Vec<u8>, room: usize) -> io::Result<usize> {
    let before = bytes.len();
    bytes.resize(before + room, 0);
    let length = loop {
        match rustix::io::read(file, &mut bytes[before..]) {
            Err(Errno::INTR) => {}
            result => break result?,
        }
    };
    bytes.truncate(before + length);
    Ok(length)
}

/// As `read_regular`, from whatever gives bytes: a pipe, a terminal. Waits for their end.
pub fn read_stream(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// Whether it names a file that whoever started us has open, as bash's `<(…)` does.
pub fn is_descriptor(path: &Path) -> bool {
    ["/dev/fd", "/proc/self/fd"].iter().any(|dir| path.parent() == Some(Path::new(dir)))
}

/// What stands where a regular file should be, for a message.
pub fn kind_of(metadata: &fs::Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = metadata.file_type();
    match () {
        () if kind.is_dir() => "is a directory",
        () if kind.is_fifo() => "is a FIFO, not a regular file",
        () if kind.is_socket() => "is a socket, not a regular file",
        () if kind.is_block_device() || kind.is_char_device() => "is a device, not a regular file",
        () => "is not a regular file",
    }
}

/// The path without `.`, `..` and doubled slashes, by its letters alone, as direnv cleans what it records.
pub fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => match cleaned.components().next_back() {
                Some(Component::Normal(_)) => _ = cleaned.pop(),
                Some(Component::RootDir) => {}
                _ => cleaned.push(".."),
            },
            Component::CurDir => {}
            other => cleaned.push(other),
        }
    }
    cleaned
}

/// The path by which the kernel finds a file, as far as `..` goes: what `..` leads out of may be a link. Cleaned else.
pub fn straight(path: &Path) -> PathBuf {
    let mut way: Vec<Component> = path.components().collect();
    let Some(last) = way.iter().rposition(|part| *part == Component::ParentDir) else {
        return clean(path);
    };
    let below: PathBuf = way.split_off(last + 1).into_iter().collect();
    let above: PathBuf = way.into_iter().collect();
    above.canonicalize().map_or_else(|_| clean(path), |above| above.join(below))
}

/// Where a file is made before it takes its name, in its directory.
fn draft_of(path: &Path) -> Result<PathBuf> {
    let dir = path.parent().context("a file needs a directory")?;
    make_private_dir(dir)?;
    let name = path.file_name().context("a file needs a name")?;
    Ok(dir.join(format!("{}{}", draft_prefix(name), std::process::id())))
}

/// What the names of a file's drafts begin with, before the number of a process.
fn draft_prefix(name: &OsStr) -> String {
    format!(".{}.envr-", name.to_string_lossy())
}

/// Writes a draft, over one that a killed process of our number left. On some file systems a failed write is only
/// reported when the data is flushed, and `Drop` swallows it: hence `sync_all`.
fn write_draft(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = open_draft(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn open_draft(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, cleaned: &str) {
        assert_eq!(clean(Path::new(path)), Path::new(cleaned));
    }

    #[test]
    fn paths_are_cleaned_by_their_letters() {
        check("/a/./b//c", "/a/b/c");
        check("/a/../../b", "/b");
        check("a/../../b", "../b");
        check("/", "/");
    }
}
