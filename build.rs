//! Prepares what a run would else do each time: the order of the program in memory, and what bash reads.

#![expect(clippy::disallowed_methods, reason = "cargo asks in variables and listens to stdout")]

use std::path::Path;
use std::{env, fs, io};

/// What of `asking.bash` its functions stand behind.
const UNEXPORTED: &str = "builtin eval \"${__envr_others}\"\n";

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

/// For `eval::bash`: what bash runs, with a stub for each function that is loaded on its first call, and the texts of
/// these; those that are envr's own have their stub in what bash reads with the first question.
///
/// bash takes a microsecond for ten letters, so a stub has few. Its number is the function's place among the texts: it tells
/// a copy what it is a copy of, whatever name a script put into it.
fn prelude() -> io::Result<()> {
    let prelude = without_comments("shell-hooks/evaluate.bash")?;
    let asking = without_comments("shell-hooks/asking.bash")?;
    let (mut asked, mut stubs) = (String::new(), String::new());
    let callers =
        [prelude.as_str(), &asking, &without_comments("shell-hooks/source.bash")?].concat();
    let callers: Vec<&str> = words(&callers).collect();

    let library =
        ["source_env", "stdlib", "failure"].map(|file| format!("shell-hooks/{file}.bash"));
    let functions: Vec<(String, String)> =
        library.iter().map(|file| functions_of(file)).collect::<io::Result<Vec<_>>>()?.concat();
    // What the library has for itself comes with the function that needs it.
    let has_stub = |name: &str| !name.starts_with("__envr_") || callers.contains(&name);
    let (mut names, mut texts) = (Vec::new(), String::new());
    for (name, text) in functions.iter().filter(|(name, _)| has_stub(name)) {
        let stub = format!("{name}(){{ __envr {} \"$@\";}}\n", names.len());
        match name.as_str() {
            "source_env" => {}
            _ if name.starts_with("__envr_") => asked.push_str(&stub),
            _ => stubs.push_str(&stub),
        }
        names.push(name.as_str());
        let mut parts = vec![text.as_str()];
        let mut next = 0;
        while let Some(part) = parts.get(next) {
            let needed = words(part).filter(|word| word.starts_with("__envr_") && !has_stub(word));
            for word in needed {
                let found = functions.iter().find(|(name, _)| name == word);
                parts.extend(found.map(|(_, text)| text.as_str()).filter(|it| !parts.contains(it)));
            }
            next += 1;
        }
        texts.extend(parts);
        texts.push('\0');
    }

    let out = env::var_os("OUT_DIR").unwrap_or_default();
    let write = |name: &str, text: &str| fs::write(Path::new(&out).join(name), text);
    write("names", &names.join(" "))?;
    write("functions", &texts)?;
    write("evaluate.bash", &prelude)?;
    write("stubs.bash", &stubs)?;
    // Where no function is exported.
    write("asking.bash", &asking.replacen(UNEXPORTED, &[UNEXPORTED, &asked].concat(), 1))?;
    write("way_back.bash", &in_one_line("shell-hooks/way_back.bash")?)?;
    write("enable.bash", &without_comments("shell-hooks/enable.bash")?)?;
    write("users.bash", &without_comments("shell-hooks/users.bash")?)
}

/// The name and the text of each function in a file.
fn functions_of(file: &str) -> io::Result<Vec<(String, String)>> {
    println!("cargo::rerun-if-changed={file}");
    let text = fs::read_to_string(file)?;
    let mut functions: Vec<(String, String)> = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        let name = line.strip_suffix("() {").filter(|name| !name.starts_with(char::is_whitespace));
        if let Some(name) = name {
            functions.push((name.to_owned(), String::new()));
            is_inside = true;
        }
        let code = line.trim_start();
        if let Some((_, text)) =
            functions.last_mut().filter(|_| is_inside && !code.starts_with('#'))
        {
            text.extend([code, "\n"]);
        }
        is_inside &= line != "}";
    }
    Ok(functions)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
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
