//! What supervision costs: envr beside s6 and supervisord, with the same 200 services.
//!
//! `make bench-services` runs it. `ENVR` names the program under test; a rival that is not installed is not measured.
//! Each service is a shell script that runs this program, which says when it began. Times are medians, and only their
//! ratios mean something on another machine.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a bench reads its own environment, prints, divides and ends where it cannot go on"
)]

mod logs;
mod rival;
mod world;

use rival::Rival;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use world::World;

/// How many services there are.
const SERVICES: usize = 200;
/// How often each rival starts and stops them.
const ROUNDS: usize = 3;
/// How many of them are killed to see when they are back.
const KILLED: usize = 10;

/// What one rival needed.
#[derive(Debug, Default)]
struct Figures {
    /// In milliseconds, until the last service began.
    up: Vec<f64>,
    down: Vec<f64>,
    /// From SIGKILL to the beginning of the next run.
    back: Vec<f64>,
    /// Proportional set size of all processes of the supervisor, in KiB.
    memory: Vec<f64>,
    /// How often its processes woke up in a second, when nothing happened.
    wakes: Vec<f64>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("service") => return world::be_a_service(&arguments[2]),
        Some("produce") => return logs::produce(&arguments[2..]),
        _ => {}
    }
    let rivals = Rival::all();
    let figures: Vec<Figures> = rivals.iter().map(measure).collect();
    let mut page = "# What supervision costs\n\nWritten by `make bench-services`.\n\n".to_string();
    let names: Vec<String> = rivals.iter().map(Rival::title).collect();
    writeln!(page, "{SERVICES} services | {}", names.join(" | ")).unwrap();
    page.push_str(&"--- | ".repeat(names.len()));
    page.push_str("---\n");
    let mut row = |what: &str, of: fn(&Figures) -> &Vec<f64>| {
        let cells: Vec<String> =
            figures.iter().map(|figures| format!("{:.1}", median(of(figures)))).collect();
        writeln!(page, "{what} | {}", cells.join(" | ")).unwrap();
    };
    row("all up, ms", |figures| &figures.up);
    row("all stopped, ms", |figures| &figures.down);
    row("back after SIGKILL, ms", |figures| &figures.back);
    row("memory of the supervisor, KiB", |figures| &figures.memory);
    row("wake-ups in a second, idle", |figures| &figures.wakes);
    page.push('\n');
    page.push_str(&logs::measure());
    print!("{page}");
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/services-performance.md");
    std::fs::write(file, page).unwrap();
}

fn measure(rival: &Rival) -> Figures {
    let mut figures = Figures::default();
    for _ in 0..ROUNDS {
        let world = World::new(SERVICES);
        let mut running = rival.start(&world);
        let (last, pids) = world.wait_for_all();
        figures.up.push(last - running.started);
        // What is killed then was healthy.
        world.nothing_begins_for(Duration::from_millis(1500));
        let processes = running.processes(&pids);
        figures.memory.push(processes.iter().map(|pid| world::memory(*pid)).sum());
        let wakes = || processes.iter().map(|pid| world::wakes(*pid)).sum::<f64>();
        let before = wakes();
        world.nothing_begins_for(Duration::from_secs(2));
        figures.wakes.push((wakes() - before) / 2.0);
        for pid in pids.iter().take(KILLED) {
            let before = world::now();
            world::kill(*pid, libc::SIGKILL);
            figures.back.push(world.wait_for_one().0 - before);
        }
        let before = world::now();
        running.stop(&world);
        figures.down.push(world::now() - before);
    }
    figures
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
