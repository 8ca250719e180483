//! The whole hook at one prompt: each shell calls what it would call before its prompt, and reads its own clock.

use super::rival::Rival;
use super::world::World;
use super::{Row, median};
use std::path::Path;
use std::process::{Command, Stdio};

const PROMPTS: usize = 200;
const ROUNDS: usize = 7;

/// Scripts with three holes: the line that sets up the hook, the number of prompts, and the word for the clock's end.
const SHELLS: [(&str, &[&str], &str); 3] = [
    (
        "bash",
        &["--norc", "--noprofile", "-c"],
        "@HOOK@
prompt() { local line; for line in \"${PROMPT_COMMAND[@]}\"; do eval \"${line}\"; done; }
prompt; prompt
start=${EPOCHREALTIME/./}
for ((i = 0; i < @PROMPTS@; i++)); do prompt; done
echo $((${EPOCHREALTIME/./} - start))",
    ),
    (
        "zsh",
        &["-f", "-c"],
        "zmodload zsh/datetime
@HOOK@
prompt() { local name; for name in $precmd_functions; do $name; done }
prompt; prompt
start=$EPOCHREALTIME
for ((i = 0; i < @PROMPTS@; i++)); do prompt; done
printf '%d\\n' $(( (EPOCHREALTIME - start) * 1000000 ))",
    ),
    (
        "fish",
        &["--no-config", "-c"],
        "@HOOK@
emit fish_prompt; emit fish_prompt
set start (date +%s%6N)
for i in (seq @PROMPTS@); emit fish_prompt; end
math (date +%s%6N) - $start",
    ),
];

pub fn measure(world: &World, rivals: &[&Rival]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (shell, options, script) in SHELLS {
        let Some(program) = find(shell) else { continue };
        for (what, dir) in [("unchanged", "project"), ("nothing to load", "away/2/3/4/5/6/7/8/9")] {
            let mut times = vec![Vec::new(); rivals.len()];
            for _ in 0..ROUNDS {
                for (rival, times) in rivals.iter().zip(&mut times) {
                    let script = script
                        .replace("@HOOK@", &hook(rival, shell))
                        .replace("@PROMPTS@", &PROMPTS.to_string());
                    let mut command = Command::new(&program);
                    command.args(options).arg(script).current_dir(world.path(dir));
                    times.push(micros(command.env_clear().envs(world.variables(0))));
                }
            }
            let micros = times.into_iter().map(|times| Some(median(times))).collect();
            rows.push(Row { what: format!("{shell}, {what}"), micros });
        }
    }
    rows
}

/// A bare shell has an empty function where others have a hook.
fn hook(rival: &Rival, shell: &str) -> String {
    let program = rival.program.display();
    match (rival.hook, shell) {
        (Some(hook), "fish") => format!("'{program}' {hook} fish | source"),
        (Some(hook), _) => format!("eval \"$('{program}' {hook} {shell})\""),
        (None, "fish") => "function bare --on-event fish_prompt; end".to_string(),
        (None, "zsh") => "bare() { :; }; precmd_functions=(bare)".to_string(),
        (None, _) => "bare() { :; }; PROMPT_COMMAND=bare".to_string(),
    }
}

/// Microseconds of one prompt.
fn micros(command: &mut Command) -> f64 {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let last = said.trim().lines().last().unwrap_or_default();
    last.parse::<f64>().unwrap_or_else(|_| panic!("no time in `{said}`")) / PROMPTS as f64
}

pub fn find(program: &str) -> Option<std::path::PathBuf> {
    ["/usr/bin", "/bin", "/usr/local/bin"]
        .iter()
        .map(|dir| Path::new(dir).join(program))
        .find(|file| file.is_file())
}
