//! The results as a page of the documentation, with where and among whom they were measured.

use super::rival::Rival;
use super::secrets::Secrets;
use super::{Row, nix, shells};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// What there is to say.
pub struct Measured<'a> {
    pub rivals: &'a [Rival],
    pub processes: &'a [Row],
    pub hooked: &'a [&'a Rival],
    pub hooks: &'a [Row],
    pub nix_shells: Option<&'a [Row]>,
    pub secrets: Option<&'a Secrets>,
}

pub fn write(measured: &Measured) -> String {
    let Measured { rivals, processes, hooked, hooks, nix_shells, secrets } = *measured;
    let mut page = String::from(
        "# What a prompt costs

<!-- Written by `make bench`; do not edit. -->

Medians in microseconds, and in brackets the ratio to the empty program (a bare shell) of the same line. Times are of
one machine; trust the ratios.

![Bars of the table below](performance.svg)

## The process that a prompt starts

",
    );
    push_table(&mut page, &names(rivals.iter(), "empty program"), processes);
    page.push_str(
        "
All load the same five variables: envr and direnv from an `.envrc`, mise from its `mise.toml`. Started by `posix_spawn`
and waited for, in turn, each twice, and the second time counts. The empty program is C, linked statically with musl,
and gets the same variables. envr is asked as its hooks do, and answers with the next check of the shell; `envr export`
is what editors and scripts run.

## The whole hook at one prompt

",
    );
    push_table(&mut page, &names(hooked.iter().copied(), "bare shell"), hooks);
    page.push_str(
        "
Each shell calls 200 times what it calls before a prompt and reads its own clock. The bare shell calls an empty function.
",
    );
    if let Some(rows) = nix_shells {
        page.push_str("\n## Entering a nix shell that was entered before\n\n");
        push_table(&mut page, &nix::NAMES, rows);
        page.push_str(
            "
The flake of the tests, which has no nixpkgs: what nix evaluates here is next to nothing. direnv's `use flake` is its own,
not that of nix-direnv. `nix print-dev-env` prints what a shell has yet to load.
",
        );
    }
    if let Some(secrets) = secrets {
        push_secrets(&mut page, secrets);
    }
    page.push_str("\n## Where\n");
    push_versions(&mut page, hooked);
    if let Some(version) = secrets.and_then(|secrets| secrets.sops.as_ref()) {
        _ = writeln!(page, "- sops {version}");
    }
    page
}

fn push_secrets(page: &mut String, secrets: &Secrets) {
    let Secrets { load, decrypt, .. } = secrets;
    page.push_str("\n## Fifty secrets\n\n");
    push_table(page, &["as `export` lines", "`use sops`"], std::slice::from_ref(load));
    let more = load.micros[1].zip(load.micros[0]).map(|(secret, plain)| secret - plain);
    _ = writeln!(
        page,
        "
One file of YAML for one age key. To decrypt it adds {} microseconds to a load, in which no process is started.
",
        more.map_or("–".to_string(), short)
    );
    push_table(page, &["`envr secret decrypt`", "`sops decrypt`"], std::slice::from_ref(decrypt));
    page.push_str(
        "
The same file. sops is the program itself, without the launcher that pip puts before it.
",
    );
}

fn names<'a>(rivals: impl Iterator<Item = &'a Rival>, base: &'a str) -> Vec<&'a str> {
    std::iter::once(base).chain(rivals.skip(1).map(|rival| rival.name)).collect()
}

/// The first column is what the others are compared with.
fn push_table(page: &mut String, names: &[&str], rows: &[Row]) {
    _ = writeln!(page, "| | {} |", names.join(" | "));
    _ = writeln!(page, "| --- |{}", " ---: |".repeat(names.len()));
    for row in rows {
        let base = row.micros[0].unwrap_or(1.0);
        let cells = row.micros.iter().enumerate().map(|(index, micros)| match micros {
            Some(micros) if index == 0 => format!(" {} |", short(*micros)),
            Some(micros) => format!(" {} ({}) |", short(*micros), short(micros / base)),
            None => " – |".to_string(),
        });
        _ = writeln!(page, "| {} |{}", row.what, cells.collect::<String>());
    }
}

/// Two or three digits that count.
fn short(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.2}"),
        ..100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

fn push_versions(page: &mut String, rivals: &[&Rival]) {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("a processor without a name", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let system = first_line("uname", "-sr");
    _ = writeln!(
        page,
        "\n- {model}, {cores} cores, {system}, load {load} at the end (1 is the bench itself)"
    );
    for rival in rivals.iter().filter(|rival| rival.hook.is_some()) {
        _ = writeln!(page, "- {} {}", rival.name, rival.version());
    }
    if Path::new("/usr/bin/nix").is_file() {
        _ = writeln!(page, "- {}", first_line("/usr/bin/nix", "--version"));
    }
    for shell in ["bash", "zsh", "fish"] {
        if let Some(program) = shells::find(shell) {
            _ = writeln!(page, "- {}", first_line(&program.to_string_lossy(), "--version"));
        }
    }
}

fn first_line(program: &str, option: &str) -> String {
    let output = Command::new(program).arg(option).output();
    let said = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_string()
}
