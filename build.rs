//! Prepares what a run would else do each time: the order of the program in memory, and what bash reads first.

#![expect(clippy::disallowed_methods, reason = "cargo asks in variables and listens to stdout")]

use std::path::Path;
use std::{env, fs, io};

/// What of `asking.bash` its functions stand behind.
const UNEXPORTED: &str = "builtin set +a\n";

fn main() -> io::Result<()> {
    order();
    prelude()
}

/// Has the linker put what runs at a prompt side by side: `dev/order` wrote down what that is.
fn order() {
    println!("cargo::rerun-if-changed=src/prompt.ld");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|it| it == value);
    if is("CARGO_CFG_TARGET_ENV", "musl") && is("CARGO_CFG_TARGET_ARCH", "x86_64") {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/prompt.ld");
        println!("cargo::rustc-link-arg-bin=envr=-T{script}");
        // musl's start-up of a static program protects no relocated data: the room for it is one more page.
        println!("cargo::rustc-link-arg-bin=envr=-Wl,-z,norelro");
    }
}

/// For `eval::bash`: the names of the functions that are loaded on their first call, and what bash runs, with a stub for
/// each; those that are envr's own have it in what bash reads with the first question.
///
/// `stub.bash` says what a stub does. bash takes a microsecond for ten letters, so there are few. The number, a comment in
/// what is evaluated, is the function's place among the names: it tells a copy what it is a copy of, whatever name a script
/// put into its text.
fn prelude() -> io::Result<()> {
    let mut names = String::new();
    let mut prelude = without_comments("shell-hooks/evaluate.bash")?;
    let asking = without_comments("shell-hooks/asking.bash")?;
    let mut asked = String::new();
    let callers =
        [prelude.as_str(), &asking, &without_comments("shell-hooks/source.bash")?].concat();
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let callers: Vec<&str> = callers.split(|letter| !is_part(letter)).collect();
    for file in ["shell-hooks/stdlib.bash", "shell-hooks/failure.bash"] {
        println!("cargo::rerun-if-changed={file}");
        let text = fs::read_to_string(file)?;
        let heads = text.lines().filter_map(|line| line.strip_suffix("() {"));
        for name in heads.filter(|name| !name.starts_with(char::is_whitespace)) {
            let reader = match name.strip_prefix("__envr_") {
                None => &mut prelude,
                Some(_) if callers.contains(&name) => &mut asked,
                // What the library has for itself comes with the function that needs it.
                Some(_) => continue,
            };
            names.extend([name, " "]);
            let place = (names.split(' ').count() - 1).to_string();
            reader.extend([name, "(){ eval \"$__envr\" ", &place, ";}\n"]);
        }
    }
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    let write = |name: &str, text: &str| fs::write(Path::new(&out).join(name), text);
    write("functions", names.trim_end())?;
    write("evaluate.bash", &prelude)?;
    // Where no function is exported.
    write("asking.bash", &asking.replacen(UNEXPORTED, &[UNEXPORTED, &asked].concat(), 1))?;
    write("stub.bash", &(in_one_line("shell-hooks/stub.bash")? + " #"))?;
    write("way_back.bash", &in_one_line("shell-hooks/way_back.bash")?)?;
    write("users.bash", &without_comments("shell-hooks/users.bash")?)
}

fn in_one_line(file: &str) -> io::Result<String> {
    Ok(without_comments(file)?.trim().replace('\n', "; "))
}

fn without_comments(file: &str) -> io::Result<String> {
    println!("cargo::rerun-if-changed={file}");
    let text = fs::read_to_string(file)?;
    let lines = text.lines().map(str::trim_start);
    Ok(lines.filter(|line| !line.starts_with('#')).flat_map(|line| [line, "\n"]).collect())
}
