//! What one prompt costs: envr beside direnv, mise and an empty static program; and what secrets cost, beside sops.
//!
//! `make bench` runs it. `ENVR` and `EMPTY` name the two programs, `MISE` and `SOPS` others where they are to be had; the
//! page and the plot go to `docs/`. Times are medians, and only their ratios mean something on another machine.

#![expect(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench reads its own environment, moves about, prints and divides"
)]

mod nix;
mod page;
mod plot;
mod process;
mod rival;
mod secrets;
mod shells;
mod world;

use rival::Rival;
use std::path::PathBuf;
use world::World;

fn main() {
    let world = World::new();
    let rivals = Rival::all();
    for rival in &rivals {
        rival.approve(&world);
    }
    let processes = process::measure(&world, &rivals);
    let hooked: Vec<&Rival> = rivals.iter().filter(|rival| rival.is_hooks).collect();
    let hooks = shells::measure(&world, &hooked);
    let shells = nix::measure(&world, &rivals);
    let secrets = secrets::measure(&world, &rivals);
    let page = page::write(&page::Measured {
        rivals: &rivals,
        processes: &processes,
        hooked: &hooked,
        hooks: &hooks,
        nix_shells: shells.as_deref(),
        secrets: secrets.as_ref(),
    });
    print!("{page}");
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs");
    std::fs::create_dir_all(&docs).expect("the directory of the page");
    std::fs::write(docs.join("performance.md"), page).expect("the page");
    std::fs::write(docs.join("performance.svg"), plot::draw(&rivals, &processes))
        .expect("the plot");
}

/// One line of a table: a median in microseconds for each rival, where it can do what the line is about.
pub struct Row {
    pub what: String,
    pub micros: Vec<Option<f64>>,
}

pub fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    if times.len() % 2 == 1 {
        times[middle]
    } else {
        f64::midpoint(times[middle - 1], times[middle])
    }
}

/// Starts all in turn, so that a change of the machine's pace meets them all; a median for each that is there.
///
/// Of two runs the second counts: the first one pays for what its neighbour, a bash of another rival, did to the caches.
pub fn in_turn(starts: &[Option<process::Start>], rounds: usize) -> Vec<Option<f64>> {
    let mut times = vec![Vec::with_capacity(rounds); starts.len()];
    for _ in 0..rounds {
        for (start, times) in starts.iter().zip(&mut times) {
            times.extend(start.as_ref().map(|start| {
                start.run();
                start.run()
            }));
        }
    }
    times.into_iter().map(|times| (!times.is_empty()).then(|| median(times))).collect()
}
