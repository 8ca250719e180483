//! What nix is doing, in one line, from its log.

use super::log::{Activity, Line};
use std::collections::BTreeMap;

const MEGABYTE: u64 = 1_000_000;

#[derive(Debug, Default)]
pub struct Progress {
    going_on: BTreeMap<u64, Step>,
    built: usize,
    evaluates: Option<String>,
}

#[derive(Debug)]
struct Step {
    activity: Activity,
    /// Bytes, where the activity counts them.
    done: u64,
    expected: u64,
}

impl Progress {
    /// Takes a line in; returns a milestone: something to tell where a line cannot be written over.
    pub fn take(&mut self, line: Line) -> Option<String> {
        match line {
            Line::Began { id, activity } => {
                let milestone = match &activity {
                    Activity::Building(name) if !is_the_shell(name) => {
                        Some(format!("building `{name}`"))
                    }
                    Activity::Downloading(name) => Some(format!("downloading `{name}`")),
                    Activity::Building(_) | Activity::Copying | Activity::Transfer => None,
                };
                self.going_on.insert(id, Step { activity, done: 0, expected: 0 });
                milestone
            }
            Line::Progressed { id, done, expected } => {
                if let Some(step) = self.going_on.get_mut(&id) {
                    (step.done, step.expected) = (done, expected);
                }
                None
            }
            Line::Ended { id } => {
                let ended = self.going_on.remove(&id);
                self.built += usize::from(
                    ended.is_some_and(|step| matches!(step.activity, Activity::Building(_))),
                );
                None
            }
            Line::Looked(super::log::Look::File(path)) => {
                self.evaluates = path.file_name().map(|name| name.to_string_lossy().into_owned());
                None
            }
            Line::Looked(_)
            | Line::Error(_)
            | Line::Remark(_)
            | Line::BuildLog(_)
            | Line::WroteLock(_)
            | Line::Other => None,
        }
    }

    /// What to show now.
    pub fn line(&self) -> String {
        let mut parts = Vec::new();
        let names = |wanted: fn(&Activity) -> Option<&String>| {
            let mut names = self.going_on.values().filter_map(|step| wanted(&step.activity));
            let first = names.next()?.clone();
            Some(match names.count() {
                0 => format!("`{first}`"),
                more => format!("`{first}` and {more} more"),
            })
        };
        if let Some(names) = names(|activity| match activity {
            Activity::Building(name) => Some(name),
            Activity::Downloading(_) | Activity::Copying | Activity::Transfer => None,
        }) {
            parts.push(format!("building {names}, {} done", self.built));
        }
        let downloading = names(|activity| match activity {
            Activity::Downloading(name) => Some(name),
            Activity::Building(_) | Activity::Copying | Activity::Transfer => None,
        });
        let (done, expected) = self.transferred();
        match downloading {
            Some(names) => parts.push(format!("downloading {names}{}", bytes(done, expected))),
            None if done > 0 => parts.push(format!("downloading{}", bytes(done, expected))),
            None => {}
        }
        if parts.is_empty() {
            parts.push(match &self.evaluates {
                Some(file) => format!("evaluating `{file}`"),
                None => "starting".to_string(),
            });
        }
        parts.join("; ")
    }

    fn transferred(&self) -> (u64, u64) {
        let transfers = self.going_on.values().filter(|step| step.activity == Activity::Transfer);
        transfers
            .fold((0, 0), |(done, expected), step| (done + step.done, expected + step.expected))
    }
}

fn bytes(done: u64, expected: u64) -> String {
    if expected == 0 {
        return format!(" ({} MB)", done / MEGABYTE);
    }
    format!(" ({} of {} MB)", done / MEGABYTE, expected / MEGABYTE)
}

/// nix builds the shell's own derivation to see what it sets.
fn is_the_shell(name: &str) -> bool {
    name.ends_with("-env")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(lines: &[&str], expected: Expect) {
        let mut progress = Progress::default();
        let mut shown = String::new();
        for line in lines {
            let milestone = progress.take(Line::parse(&format!("@nix {line}")));
            let line = format!("{} [{}]\n", progress.line(), milestone.unwrap_or_default());
            shown.extend([line]);
        }
        expected.assert_eq(&shown);
    }

    #[test]
    fn what_goes_on_is_told() {
        check(
            &[
                r#"{"action":"msg","level":4,"msg":"evaluating file '/p/flake.nix'"}"#,
                r#"{"action":"start","fields":["/s/1-a.drv"],"id":1,"type":105}"#,
                r#"{"action":"start","fields":["/s/2-b.drv"],"id":2,"type":105}"#,
                r#"{"action":"stop","id":1}"#,
                r#"{"action":"start","fields":["https://x"],"id":3,"type":101}"#,
                r#"{"action":"result","fields":[12000000,80000000,0,0],"id":3,"type":105}"#,
                r#"{"action":"start","fields":["/s/3-c","https://x"],"id":4,"type":108}"#,
                r#"{"action":"stop","id":2}"#,
                r#"{"action":"stop","id":3}"#,
                r#"{"action":"start","fields":["/s/4-shell-env.drv"],"id":5,"type":105}"#,
            ],
            expect![[r"
                evaluating `flake.nix` []
                building `a`, 0 done [building `a`]
                building `a` and 1 more, 0 done [building `b`]
                building `b`, 1 done []
                building `b`, 1 done []
                building `b`, 1 done; downloading (12 of 80 MB) []
                building `b`, 1 done; downloading `c` (12 of 80 MB) [downloading `c`]
                downloading `c` (12 of 80 MB) []
                downloading `c` (0 MB) []
                building `shell-env`, 2 done; downloading `c` (0 MB) []
            "]],
        );
    }
}
