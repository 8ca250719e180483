//! The pages tell the truth: their sessions run, their rc files parse, their configuration is accepted, their links
//! lead somewhere, and nothing that can be written is missing.
//!
//! The first word behind a fence says what a block is:
//!
//! - `console`: what stands after `$ ` is typed into bash with the hook; below it stands all that came out before the
//!   next prompt, the hook's own words included. `UPDATE_EXPECT=1 cargo test` writes that anew.
//! - `envrc`: bash must be able to parse it.
//! - `toml`: envr must accept it as the file that it names.
//!
//! A second word is the file that the block is written into, before what follows. From one heading to the next a page
//! is one session. It begins in a home directory, shown as `~`, with a copy of `examples/hello`; what else would show
//! the test's own directory shows `…`.

use crate::test::{ENVR, Project};
use expect_test::expect_file;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Types a command, with the status of the one before in `$?`, and ends its output with a NUL.
const SESSION: &str = r#"exec 2>&1
eval "$(envr hook bash)"
__status=0
__prompt() {
	__status=$?
	eval "${PROMPT_COMMAND[0]}"
	printf '\0'
}
"#;

struct Block<'a> {
    kind: &'a str,
    file: Option<&'a str>,
    /// How many headings stand above it.
    part: usize,
    /// The lines between the fences.
    lines: Range<usize>,
}

#[test]
fn sessions_go_as_they_are_told() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        expect_file![&page].assert_eq(&told_anew(&text));
    }
}

#[test]
fn rc_files_parse() {
    each_block("envrc", |place, _, text| {
        let bash = Command::new("bash").args(["-n", "-O", "extglob", "-c", text]).output().unwrap();
        assert!(bash.status.success(), "{place}: {}", String::from_utf8_lossy(&bash.stderr));
    });
}

#[test]
fn configuration_is_accepted() {
    each_block("toml", |place, file, text| {
        let file = file.unwrap_or_else(|| panic!("{place}: which file is this?"));
        let project = Project::new();
        project.write_at(&below_root(file), text);
        println!("{place}");
        if file.ends_with("/envr.toml") {
            let dir = below_root(file).replace("/envr.toml", "");
            project.envr(["allow"]).dir(&dir).success();
            project.write_at(&format!("{dir}/.env"), "");
            // Files with secrets are there in the sessions alone.
            if !text.contains("[secrets") {
                project.envr(["exec", "--", "true"]).dir(&dir).any_stderr().success();
            }
            if text.contains("[services") && cfg!(target_os = "linux") {
                project.envr(["ps"]).dir(&dir).any_stdout().success();
            }
        }
        project.envr(["status"]).any_stdout().success();
    });
}

#[test]
fn links_lead_somewhere() {
    let more = ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
    for page in pages().into_iter().chain(more.map(|name| Path::new(ROOT).join(name))) {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            assert!(target.exists(), "{}: `{link}` leads nowhere", page.display());
            let known = || {
                fs::read_to_string(&target).unwrap().lines().any(|line| anchor_of(line) == anchor)
            };
            assert!(
                anchor.is_empty() || known(),
                "{}: `{link}` leads to no heading",
                page.display()
            );
        }
    }
}

#[test]
fn every_function_has_its_line() {
    let library = Project::new().envr(["stdlib"]).any_stdout().success().stdout;
    let page = fs::read_to_string(Path::new(ROOT).join("docs/envrc.md")).unwrap();
    let library = String::from_utf8(library).unwrap();
    let functions = library.lines().filter_map(|line| line.strip_suffix("() {"));
    for function in functions.filter(|name| !name.starts_with(['_', '\t'])) {
        let shown = ["use_", "layout_"]
            .iter()
            .find_map(|prefix| function.strip_prefix(prefix))
            .map_or_else(
                || function.to_string(),
                |name| format!("{} {name}", function.split('_').next().unwrap()),
            );
        let has_line = page.lines().any(|line| {
            let first = line.strip_prefix("| `").and_then(|line| line.split('`').next());
            first.is_some_and(|usage| usage == shown || usage.starts_with(&format!("{shown} ")))
        });
        assert!(has_line, "docs/envrc.md: no line of a table begins with `{shown}`");
    }
}

fn pages() -> Vec<PathBuf> {
    let docs =
        fs::read_dir(Path::new(ROOT).join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> =
        docs.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    pages.push(Path::new(ROOT).join("README.md"));
    pages.sort();
    pages
}

/// Calls `check` with the place, the file and the text of each block of a kind.
fn each_block(kind: &str, check: impl Fn(&str, Option<&str>, &str)) {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for block in blocks(&lines).iter().filter(|block| block.kind == kind) {
            let place = format!("{}:{}", page.display(), block.lines.start + 1);
            check(&place, block.file, &text_of(&lines, block));
        }
    }
}

fn blocks<'a>(lines: &[&'a str]) -> Vec<Block<'a>> {
    let mut blocks = Vec::new();
    let mut part = 0;
    let mut open: Option<(usize, &str)> = None;
    for (index, line) in lines.iter().enumerate() {
        match (open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((index + 1, info)),
            (None, None) => part += usize::from(line.starts_with('#')),
            (Some((start, info)), Some("")) => {
                let mut words = info.split(' ');
                let (kind, file) = (words.next().unwrap_or_default(), words.next());
                blocks.push(Block { kind, file, part, lines: start..index });
                open = None;
            }
            (Some(_), _) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

fn text_of(lines: &[&str], block: &Block) -> String {
    lines[block.lines.clone()].iter().fold(String::new(), |text, line| text + line + "\n")
}

/// The page with what its sessions print today.
fn told_anew(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let blocks = blocks(&lines);
    let mut page = String::new();
    let mut next = 0;
    for part in blocks.chunk_by(|one, other| one.part == other.part) {
        if !part.iter().any(|block| block.kind == "console") {
            continue;
        }
        let mut answers = play(&lines, part).into_iter();
        for block in part.iter().filter(|block| block.kind == "console") {
            let told = |page: &mut String, line: &str| writeln!(page, "{line}").unwrap();
            lines[next..block.lines.start].iter().for_each(|line| told(&mut page, line));
            for command in commands(&lines, block) {
                let answer =
                    answers.next().unwrap_or_else(|| panic!("`{command}` ended the shell"));
                told(&mut page, &format!("$ {command}"));
                answer.lines().for_each(|line| told(&mut page, line));
            }
            next = block.lines.end;
        }
    }
    lines[next..].iter().for_each(|line| writeln!(page, "{line}").unwrap());
    page
}

fn commands<'a>(lines: &[&'a str], block: &Block) -> impl Iterator<Item = &'a str> {
    let first = lines[block.lines.start];
    assert!(first.starts_with("$ "), "a session begins with a command, not with `{first}`");
    lines[block.lines.clone()]
        .iter()
        .filter_map(|line| line.strip_prefix("$ "))
        .collect::<Vec<_>>()
        .into_iter()
}

/// What bash prints after each command of a part.
fn play(lines: &[&str], part: &[Block]) -> Vec<String> {
    let world = Project::new();
    for name in ["envr", "direnv"] {
        std::os::unix::fs::symlink(ENVR, world.path("bin").join(name)).unwrap();
    }
    let hello = Path::new(ROOT).join("examples/hello");
    assert!(
        Command::new("cp").arg("-R").arg(hello).arg(world.path("home")).status().unwrap().success()
    );

    let mut script = SESSION.to_string();
    for block in part {
        if let Some(file) = block.file {
            let path = world.path(&below_root(file));
            let (dir, path) = (quote(path.parent().unwrap()), quote(&path));
            writeln!(script, "mkdir -p {dir}; printf %s {} >{path}", quote(text_of(lines, block)))
                .unwrap();
        }
        if block.kind == "console" {
            for command in commands(lines, block) {
                writeln!(script, "(exit \"$__status\"); eval {}; __prompt", quote(command))
                    .unwrap();
            }
        }
    }

    let home = world.path("home").canonicalize().unwrap();
    let output = Command::new("bash")
        .args(["--norc", "--noprofile", "-c", &script])
        .current_dir(&home)
        .env_clear()
        .env("HOME", &home)
        .env("PATH", format!("{}:/usr/bin:/bin", world.path("bin").display()))
        .env("TMPDIR", world.path(""))
        .envs([
            ("ENVR_QUIET", "0"),
            ("LANG", "C.UTF-8"),
            ("TERM", "dumb"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
        ])
        .envs(["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|name| (name, "me")))
        .envs(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|name| (name, "me@localhost")))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let root = home.parent().unwrap().to_str().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout)
        .replace(home.to_str().unwrap(), "~")
        .replace(root, "…");
    let mut answers: Vec<String> = shown.split('\0').map(str::to_string).collect();
    answers.pop();
    answers
}

/// `~/…` in the world of [`Project`].
fn below_root(file: &str) -> String {
    let below = file.strip_prefix("~/").unwrap_or_else(|| panic!("`{file}` is not below `~`"));
    format!("home/{below}")
}

fn quote(word: impl AsRef<std::ffi::OsStr>) -> String {
    format!("'{}'", word.as_ref().to_str().unwrap().replace('\'', r"'\''"))
}

/// A heading's anchor: its words in lower case, joined by dashes.
fn anchor_of(line: &str) -> String {
    let heading = line.trim_start_matches('#').trim().to_lowercase();
    let heading = if line.starts_with('#') { heading } else { String::new() };
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}
