//! Random files of every format, with values that are odd somewhere: to envr and to the real sops they are the same,
//! whoever encrypts and whoever decrypts. `ENVR_CASES` says how many.

use super::writing::World;
use crate::lanes::generate::Random;
use std::fmt::Write as _;

const CASES: u64 = 4;
const PIECES: [&str; 96] = [
    "a",
    "b",
    "<<",
    "=",
    "~",
    "null",
    "true",
    "yes",
    "No",
    "on",
    "y",
    "Off",
    "1",
    "-1",
    "+1",
    "0x1f",
    "0o7",
    "017",
    "08",
    "1_000",
    "_1",
    "1e3",
    "1.",
    ".5",
    "1e400",
    "-0",
    "-0.0",
    ".inf",
    ".nan",
    "9223372036854775807",
    "18446744073709551615",
    "0b101",
    "18446744073709551616",
    "0xffffffffffffffff",
    "2024-01-02",
    "2024-1-2",
    "2024-01-02T03:04:05Z",
    "2024-01-02 03:04:05",
    "12:30:45",
    "1:60",
    "a: b",
    "a #b",
    "#a",
    "- a",
    "-",
    "---",
    "...",
    "?",
    "? a",
    ":",
    ": a",
    "a:",
    "[a",
    "]",
    "{a",
    "}",
    ",",
    "&a",
    "*a",
    "!a",
    "!!str",
    "|",
    ">",
    "'",
    "\"",
    "a'b",
    "%a",
    "@a",
    "`a",
    "a\\",
    "\\",
    "$A",
    " a",
    "a ",
    "a\nb",
    "\na",
    "a\n",
    "\n",
    " a\nb",
    "a\n b",
    "a\tb",
    "a\n\tb",
    "a\rb",
    "é",
    "日本",
    "😀",
    "\u{a0}",
    "\u{7}",
    "\u{7f}",
    "\u{80}",
    "ENC[",
    "a;b",
    "; a",
    "\"a\"",
    "'a'",
    "\"\"\"",
];

struct File {
    name: &'static str,
    text: String,
}

#[test]
fn random_files_are_the_same_to_sops() {
    let world = World::new();
    #[expect(clippy::disallowed_methods, reason = "the test's own environment")]
    let cases = std::env::var("ENVR_CASES").ok().and_then(|count| count.parse().ok());
    for seed in 0..cases.unwrap_or(CASES) {
        let mut random = Random::new(seed);
        for file in [yaml(&mut random), json(&mut random), ini(&mut random), dotenv(&mut random)] {
            if check(&world, &file).is_none() {
                return;
            }
        }
    }
}

/// `None` where there is no sops.
fn check(world: &World, file: &File) -> Option<()> {
    let File { name, text } = file;
    let key = world.key("age1");
    let ours = |arguments: &[&str]| {
        let output = world.project.envr([&["secret"], arguments].concat()).output();
        output.status.success().then_some(output.stdout)
    };
    let theirs = |arguments: &[&str]| Some(world.sops("age1", arguments)?.ok());
    let [in_place, by_us, by_them] = ["plain", "by-us", "by-them"].map(|of| format!("{of}-{name}"));
    world.project.write(&in_place, text);
    let encrypted = theirs(&["encrypt", "--age", &key, &in_place])?;
    let own = ours(&["encrypt", "--recipient", &key, &in_place]);
    assert_eq!(own.is_some(), encrypted.is_some(), "{name}: {text}");
    let (Some(own), Some(encrypted)) = (own, encrypted) else { return Some(()) };
    world.project.write(&by_us, own);
    world.project.write(&by_them, encrypted);
    for output in ["json", name.rsplit('.').next().unwrap()] {
        let output = if output == "env" { "dotenv" } else { output };
        let arguments = |file| ["decrypt", "--output-type", output, file];
        let Some(wanted) = theirs(&arguments(&by_them))? else { continue };
        // Some of what it prints it cannot read, or reads as something else.
        world.project.write(name, &wanted);
        let again = theirs(&["encrypt", "--age", &key, name])?;
        world.project.write(name, again.unwrap_or_default());
        if output != "json" && theirs(&["decrypt", name])?.as_ref() != Some(&wanted) {
            continue;
        }
        let read =
            [ours(&arguments(&by_them)), theirs(&arguments(&by_us))?, ours(&arguments(&by_us))];
        for read in read {
            let read = read.unwrap_or_default();
            let [read, wanted] = [&read, &wanted].map(|text| String::from_utf8_lossy(text));
            assert_eq!(read, wanted, "{name}, printed as {output}: {text}");
        }
    }
    Some(())
}

fn value(random: &mut Random) -> String {
    let count = if random.below(2) == 0 { 1 } else { 1 + random.below(3) };
    let text: String = (0..count).map(|_| random.pick(&PIECES)).collect();
    // sops prints `null` for this one.
    text.strip_prefix('\t').map_or(text.clone(), ToString::to_string)
}

fn yaml(random: &mut Random) -> File {
    let mut text = String::new();
    for index in 0..3 + random.below(6) {
        if random.below(6) == 0 {
            text.push_str("# a comment\n");
        }
        let name = value(random);
        let scalar = |random: &mut Random| {
            let value = value(random);
            let is_plain = !value.is_empty()
                && value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_.+<=~-".contains(&byte))
                && !matches!(value.as_str(), "-" | "---" | "...");
            if is_plain && random.below(2) == 0 { value } else { quoted(&value) }
        };
        _ = match random.below(4) {
            0 => writeln!(
                text,
                "{}: [{}, {}]",
                quoted(&format!("{name}{index}")),
                quoted(&value(random)),
                scalar(random)
            ),
            1 => writeln!(
                text,
                "k{index}:\n  {}: {}\n  l:\n  - m: {}",
                quoted(&name),
                scalar(random),
                scalar(random)
            ),
            _ => writeln!(text, "{}: {}", quoted(&format!("{name}{index}")), scalar(random)),
        };
    }
    File { name: "a.yaml", text }
}

fn json(random: &mut Random) -> File {
    let mut pairs = Vec::new();
    for index in 0..3 + random.below(6) {
        let value = match random.below(3) {
            0 => random
                .pick(&[
                    "1",
                    "-1.5",
                    "1e5",
                    "1e21",
                    "0.1",
                    "-0",
                    "1e-7",
                    "true",
                    "null",
                    "{}",
                    "[]",
                    "100000000000000000000",
                ])
                .to_string(),
            1 => format!("[{}, {{\"x\": {}}}]", quoted(&value(random)), quoted(&value(random))),
            _ => quoted(&value(random)),
        };
        pairs.push(format!("{}: {value}", quoted(&format!("{}{index}", self::value(random)))));
    }
    File { name: "a.json", text: format!("{{{}}}\n", pairs.join(", ")) }
}

fn ini(random: &mut Random) -> File {
    let mut text = String::new();
    for index in 0..4 + random.below(6) {
        match random.below(5) {
            0 => _ = writeln!(text, "[s{index}]"),
            1 => text.push_str(random.pick(&["; a comment\n", "# a ; comment\n", ";\n", "#a\n"])),
            _ => {
                let (value, quotes) = (value(random), random.pick(&["", "\"", "`", "\"\"\""]));
                let is_kept = !value.contains('\n') || matches!(quotes, "`" | "\"\"\"");
                let value = if is_kept { value } else { value.replace('\n', "") };
                _ = writeln!(
                    text,
                    "k{index} {} {quotes}{}{quotes}",
                    random.pick(&["=", ":"]),
                    value
                );
            }
        }
    }
    File { name: "a.ini", text }
}

fn dotenv(random: &mut Random) -> File {
    let mut text = String::new();
    for index in 0..3 + random.below(6) {
        let value = value(random).replace('\n', "\\n");
        _ = match random.below(6) {
            0 => writeln!(text, "#{value}"),
            1 => writeln!(text, "export K{index}={value}"),
            _ => writeln!(text, "K{index}={value}"),
        };
    }
    File { name: "a.env", text }
}

/// As JSON and YAML have it.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap().replace('\u{7f}', "\\u007f").replace('\u{80}', "\\u0080")
}
