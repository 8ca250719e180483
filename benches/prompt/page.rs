//! The results as a page of the documentation, with where and among whom they were measured.

use super::rival::Rival;
use super::{Row, shells};
use std::fmt::Write as _;
use std::process::Command;

pub fn write(rivals: &[Rival], processes: &[Row], hooked: &[&Rival], hooks: &[Row]) -> String {
    let mut page = String::from(
        "# What a prompt costs

<!-- Written by `make bench`; do not edit. -->

Medians in microseconds, and in brackets the ratio to the empty program (a bare shell) of the same line. Times are of
one machine; trust the ratios.

![Bars of the table below](performance.svg)

## The process that a prompt starts

",
    );
    push_table(&mut page, &rivals.iter().collect::<Vec<_>>(), processes, "empty program");
    page.push_str(
        "
All load the same five variables: envr and direnv from an `.envrc`, mise from its `mise.toml`. Started by `posix_spawn`
and waited for, in turn. The empty program is C, linked statically with musl, and gets the same variables. envr is asked
as its hooks do, and answers with the next check of the shell; `envr export` is what editors and scripts run.

## The whole hook at one prompt

",
    );
    push_table(&mut page, hooked, hooks, "bare shell");
    page.push_str(
        "
Each shell calls 200 times what it calls before a prompt and reads its own clock. The bare shell calls an empty function.

## Where
",
    );
    push_versions(&mut page, hooked);
    page
}

fn push_table(page: &mut String, rivals: &[&Rival], rows: &[Row], base: &str) {
    let names = rivals.iter().skip(1).map(|rival| format!(" {} |", rival.name));
    _ = writeln!(page, "| | {base} |{}", names.collect::<String>());
    _ = writeln!(page, "| --- |{}", " ---: |".repeat(rivals.len()));
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
