//! Where bash finds a program, and what it says where the system does not start it.

use super::builtins::is_program;
use super::{Flow, Shell, needs_bash};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// How much of a file bash looks at to tell what it is, in bytes.
const SAMPLE: usize = 80;

/// What there is under a program's name.
#[derive(Debug)]
pub enum Found {
    /// The system starts it.
    Program(PathBuf),
    /// Neither a binary nor with an interpreter in its first line: bash reads it itself.
    Script(PathBuf),
    /// The system says why it does not start it.
    Unstartable(PathBuf),
    Nothing,
}

/// What bash says, and its status then.
#[derive(Debug)]
pub struct Complaint {
    pub text: String,
    pub status: u8,
}

impl Shell<'_> {
    /// Where bash finds a program.
    pub fn find(&self, name: &[u8]) -> Flow<Found> {
        if !name.contains(&b'/') {
            let has_path = self.variables.get(b"PATH").is_none_or(|path| !path.is_empty());
            // Without one bash tries the name itself.
            if has_path {
                let path =
                    self.remembered(name).map_or_else(|| self.search(name), |it| Ok(Some(it)));
                return Ok(path?.map_or(Found::Nothing, |path| self.classify(path)));
            }
        }
        Ok(self.classify(PathBuf::from(OsStr::from_bytes(name))))
    }

    /// Where a program was found before. A relative path counts if it leads to a program from here.
    fn remembered(&self, name: &[u8]) -> Option<PathBuf> {
        let path = self.variables.found.get(name)?;
        if path.is_absolute() {
            return Some(path.clone());
        }
        let path = if path.starts_with(".") { path.clone() } else { Path::new(".").join(path) };
        is_program(&self.path(path.as_os_str().as_bytes())).then_some(path)
    }

    /// The path that bash makes of a name and an entry of PATH. It is content with a file that cannot be executed where
    /// there is no better one.
    pub fn search(&self, name: &[u8]) -> Flow<Option<PathBuf>> {
        self.check_known(b"PATH")?;
        let path = self.variables.get(b"PATH").unwrap_or_default();
        let mut second_best = None;
        for dir in path.split(|byte| *byte == b':') {
            let mut file = match dir {
                b"" => b".".to_vec(),
                b"~" | [b'~', b'/', ..] => {
                    [self.variables.get(b"HOME").unwrap_or_default(), &dir[1..]].concat()
                }
                [b'~', ..] if self.runner.is_none() => {
                    return needs_bash("`~` of a user in PATH");
                }
                _ => dir.to_vec(),
            };
            if !file.ends_with(b"/") {
                file.push(b'/');
            }
            file.extend(name);
            let place = self.path(&file);
            let file = || PathBuf::from(OsStr::from_bytes(&file));
            if is_program(&place) {
                return Ok(Some(file()));
            }
            if second_best.is_none() && place.exists() && !place.is_dir() {
                second_best = Some(file());
            }
        }
        Ok(second_best)
    }

    /// A program by its path, which may be relative to where the shell is.
    fn classify(&self, path: PathBuf) -> Found {
        let file = self.path(path.as_os_str().as_bytes());
        if !is_program(&file) {
            return Found::Unstartable(path);
        }
        let sample = sample(&file).unwrap_or_default();
        match sample.as_slice() {
            [0x7f, b'E', b'L', b'F', ..] => Found::Program(path),
            [b'#', b'!', ..] if is_program(&self.path(interpreter(&sample))) => {
                Found::Program(path)
            }
            [b'#', b'!', ..] => Found::Unstartable(path),
            _ => Found::Script(path),
        }
    }

    /// What bash, which reads a script itself, says of one that is none.
    pub fn check_script(&self, path: &Path) -> Result<(), Complaint> {
        let sample = sample(&self.path(path.as_os_str().as_bytes())).unwrap_or_default();
        let first_line = sample.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if first_line.contains(&0) {
            let text = format!("{}: cannot execute binary file: Exec format error", path.display());
            return Err(Complaint { text, status: 126 });
        }
        Ok(())
    }

    /// What bash makes of an error of the system; `None` where it is not about the program.
    pub fn complaint(&self, path: &Path, error: &io::Error) -> Option<Complaint> {
        let file = self.path(path.as_os_str().as_bytes());
        let is_missing = error.kind() == ErrorKind::NotFound;
        let cause = error.to_string();
        let cause = cause.split(" (os error").next().unwrap_or_default();
        let what = match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::OutOfMemory => return None,
            _ if file.is_dir() => "Is a directory".to_owned(),
            _ if is_missing && is_program(&file) => {
                "cannot execute: required file not found".to_owned()
            }
            ErrorKind::PermissionDenied if is_program(&file) => {
                let sample = sample(&file).unwrap_or_default();
                let interpreter = String::from_utf8_lossy(interpreter(&sample)).into_owned();
                format!("{interpreter}: bad interpreter: {cause}")
            }
            _ => cause.to_owned(),
        };
        let text = format!("{}: {what}", path.display());
        Some(Complaint { text, status: if is_missing { 127 } else { 126 } })
    }
}

fn sample(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(SAMPLE as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a first line names.
fn interpreter(sample: &[u8]) -> &[u8] {
    let line = sample.strip_prefix(b"#!").unwrap_or_default();
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t'));
    words.find(|word| !word.is_empty()).unwrap_or_default()
}
