//! Random scripts: most of them of the subset, some just beside it, for a slip changes what a line means.

const NAMES: [&str; 8] = ["A", "B", "C", "LIST", "EMPTY", "OUTER", "_b2", "direnv_layout_dir"];
const PLAIN: [&str; 22] = [
    "abc",
    "/x/y",
    "a:b",
    "x=y",
    "a#b",
    "é",
    ",",
    "@",
    ".",
    "..",
    "*",
    "?",
    "-",
    "+",
    "%",
    "^",
    "1",
    "007",
    "!",
    "bin",
    "/",
    "a/b/c.d.e",
];
const FILES: [&str; 12] = [
    ".env",
    "missing",
    "lib.sh",
    "bin",
    "sub",
    ".",
    "..",
    "'a b'",
    "\"a b/file\"",
    "sub/.envrc",
    "$PWD/.env",
    "/proc/version",
];
/// None of them makes a file: bash runs what comes of it, with all that the tests may do.
const SLIPS: [&str; 23] = [
    "\"", "'", "$", "\\", "{", "}", "(", ")", "<", "|", "&", ";", "#", "!", "~", "*", "[", "]",
    "=", " ", "\n", "\t", "\\\n",
];

/// A generator of its own, so that a case is its number.
pub struct Random {
    state: u64,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        let mut random = Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) };
        random.below(2);
        random
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap() % limit
    }

    pub fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    pub fn script(&mut self, length: usize) -> String {
        let mut script = String::new();
        for _ in 0..=self.below(length) {
            script += &self.statement(0);
            script += self.pick(&["\n", "\n", "\n", ";", " # why\n", "\n\n", " ;\n", " \\\n\n"]);
        }
        if self.below(3) > 0 {
            script += "\nexport ALL=\"$A|$B|$C|$LIST|$EMPTY|$OUTER|$_b2|$PATH|$PWD|$?\"";
        }
        if self.below(4) == 0 {
            let places: Vec<usize> = script.char_indices().map(|(at, _)| at).collect();
            let at = places[self.below(places.len())];
            let mut slipped = script.clone();
            if self.below(2) == 0 {
                slipped.insert_str(at, self.pick(&SLIPS));
            } else {
                slipped.remove(at);
            }
            if null_devices(&slipped) == null_devices(&script) {
                return slipped;
            }
        }
        script
    }

    pub fn dotenv(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.below(4) {
            let value = self.pick(&[
                "1",
                "'a b'",
                "\"$A-${OUTER:-x}\"",
                "",
                "$B",
                "\"x\\ny\"",
                "~/x",
                "a#b",
            ]);
            for part in [self.pick(&["", "export "]), self.pick(&NAMES[..6]), "=", value, "\n"] {
                text += part;
            }
        }
        text
    }

    fn statement(&mut self, depth: usize) -> String {
        let kinds = if depth < 3 { 33 } else { 26 };
        match self.below(kinds) {
            kind @ 0..=8 => self.assigning(kind),
            kind @ 9..=16 => self.calling(kind),
            kind @ 17..=25 => self.saying(kind),
            30 => self.case(depth),
            31 => self.function(depth),
            32 => self.writing(),
            kind => self.deciding(kind, depth),
        }
    }

    fn assigning(&mut self, kind: usize) -> String {
        match kind {
            0..=3 => {
                let count = 1 + self.below(2);
                let words: Vec<String> = (0..count).map(|_| self.assignment()).collect();
                format!("export {}", words.join(" "))
            }
            4 => format!("export {}", self.pick(&NAMES[..7])),
            5..=6 => self.assignment(),
            7 => format!("{} {}", self.assignment(), self.assignment()),
            _ => format!("unset {}", self.pick(&NAMES)),
        }
    }

    fn calling(&mut self, kind: usize) -> String {
        match kind {
            9 => format!("PATH_add {}", self.word()),
            10 => format!("path_add {} {} {}", self.pick(&NAMES[..5]), self.word(), self.word()),
            11 => {
                let pattern = self.pick(&["/one", "/usr/bin", "\"$PWD/bin\"", "missing", "/"]);
                format!("{} {pattern}", self.pick(&["PATH_rm", "path_rm LIST", "path_rm NEW"]))
            }
            12 => format!(
                "{} {}",
                self.pick(&["MANPATH_add", "load_prefix", "watch_file", "use_vim"]),
                self.word()
            ),
            13 => format!("watch_file {} {}", self.file(), self.word()),
            14 => format!("watch_dir {}", self.pick(&["bin", "sub", "'a b'"])),
            15 => format!(
                "{} {}",
                self.pick(&["dotenv", "dotenv_if_exists"]),
                self.pick(&["", ".env", "missing", "sub", "$PWD"])
            ),
            _ => self
                .pick(&[
                    "source_env sub",
                    "source_env ./sub/.envrc",
                    "source_env missing",
                    "source_env_if_exists sub/.envrc",
                    "source_env_if_exists nope",
                    "source_up",
                    "source_up_if_exists",
                    "source_up nope",
                    "source lib.sh",
                    ". ./lib.sh",
                    "source \"$PWD/lib.sh\" 2>/dev/null",
                    "[ -f lib.sh ] && . lib.sh",
                ])
                .to_owned(),
        }
    }

    fn saying(&mut self, kind: usize) -> String {
        match kind {
            17 => self
                .pick(&["set -a", "set +a", "set -a; source .env; set +a", "set -o allexport"])
                .to_owned(),
            18 => format!("layout {}", self.pick(&["node", "go", "perl", "php", "julia"])),
            19 => {
                format!("env_vars_required {} {}", self.pick(&NAMES[..6]), self.pick(&NAMES[..6]))
            }
            20 => format!(
                "{} {} {}",
                self.pick(&["log_status", "log_error", "echo", "echo -n", "printf '<%s>\\n'"]),
                self.word(),
                self.word()
            ),
            21 => format!(
                "{} {}{}",
                self.pick(&["echo", "log_status"]),
                self.word(),
                self.pick(&[
                    " >&2",
                    " 2>&1",
                    " >/dev/null",
                    " &>/dev/null",
                    " 2>/dev/null",
                    " 3>/dev/null"
                ])
            ),
            22 => "export STATUS=$?".to_owned(),
            23 => self
                .pick(&[
                    ":",
                    "true",
                    "false",
                    "! true",
                    "pwd",
                    "# nothing",
                    "expand_path a/../b",
                    "cat .env",
                    "grep -q A .env",
                    "direnv_layout_dir",
                ])
                .to_owned(),
            24 => format!(
                "{} {}",
                self.pick(&["return", "exit", "true", ": x"]),
                self.pick(&["", "0", "3"])
            ),
            _ => self.condition(),
        }
    }

    fn deciding(&mut self, kind: usize, depth: usize) -> String {
        match kind {
            26 => format!(
                "{} {} {}",
                self.condition(),
                self.pick(&["&&", "||", "&&\n"]),
                self.statement(depth + 1)
            ),
            27 => format!(
                "{} && {} || {}",
                self.condition(),
                self.statement(depth + 1),
                self.statement(depth + 1)
            ),
            28 => format!("if {}; then {}; fi", self.condition(), self.statement(depth + 1)),
            _ => format!(
                "if {}\nthen\n  {}\nelif {}; then {}\nelse {}\nfi",
                self.condition(),
                self.statement(depth + 1),
                self.condition(),
                self.statement(depth + 1),
                self.statement(depth + 1)
            ),
        }
    }

    fn case(&mut self, depth: usize) -> String {
        let mut text = format!("case {} in\n", self.word());
        for _ in 0..self.below(3) {
            let pattern = self.pick(&[
                "*",
                "abc",
                "a*",
                "*c",
                "*b*",
                "'a b'",
                "x|y",
                "(a:b|\"\")",
                "/*",
                "1 | 007",
                "*/bin",
                "a?",
            ]);
            text = format!("{text}{pattern}) {};;\n", self.statement(depth + 1));
        }
        text + &format!("*) {}\nesac", self.statement(depth + 1))
    }

    /// Defined and mostly called, also by the names that `use` and `layout` look for.
    fn function(&mut self, depth: usize) -> String {
        let name = self.pick(&["tool", "use_tool", "use_sops", "layout_mine", "has_it", "ls"]);
        let head = self.pick(&["()", " ()", "()\n"]);
        let first = match self.below(3) {
            0 => format!("local {}", self.assignment()),
            1 => format!("export A=$1 B=\"$#-${{2:-{}}}\"", self.pick(&["x", "$C", ""])),
            _ => self.statement(depth + 1),
        };
        let call = match self.below(5) {
            0 => String::new(),
            1 => format!("use tool {}", self.word()),
            2 => format!("layout mine {}", self.word()),
            3 => format!("{name} 2>/dev/null || {}", self.statement(depth + 1)),
            _ => format!("{name} {} x", self.word()),
        };
        let body = self.statement(depth + 1);
        format!("{name}{head} {{\n  {first}\n  {body}; }}\n{call}")
    }

    /// To files of the project and from them, and variables for one program.
    fn writing(&mut self) -> String {
        // Below the project, even after a slip: bash runs this with all that the tests may do.
        let file = self.pick(&["out", "no/where", "bin", "'a b/out'"]);
        match self.below(6) {
            0 => format!("tools/see; echo {} >{file}", self.word()),
            1 => format!("printf '%s\\n' {} >{file}; tools/see >>{file}; cat {file}", self.word()),
            2 => format!("{{ cat <{file}; }} && {}", self.statement(3)),
            3 => format!("A={} OUTER=1 tools/see >{file} 2>&1", self.value()),
            4 => format!("export A=$(B={} tools/see 2>{file})", self.piece()),
            _ => "eval \"$(cat .env | direnv dotenv bash /dev/stdin)\"".to_owned(),
        }
    }

    fn condition(&mut self) -> String {
        let not = self.pick(&["", "", "! "]);
        let operator = self.pick(&["-f", "-d", "-e", "-n", "-z", "-r", "-x", "-s", "-L"]);
        match self.below(7) {
            0 => format!("{not}[ {operator} {} ]", self.file()),
            1 => format!("{not}test {operator} {}", self.word()),
            2 => format!("[[ {not}{operator} {} ]]", self.word()),
            3 => format!(
                "[ {} {} {} ]",
                self.word(),
                self.pick(&["=", "==", "!=", "-eq", "-lt"]),
                self.word()
            ),
            4 => format!(
                "[[ {}{} {} {} ]]",
                self.pick(&["", "", "#"]),
                self.word(),
                self.pick(&["=", "==", "!="]),
                self.word()
            ),
            5 => format!(
                "{not}has {}",
                self.pick(&["bash", "nope", "watch_file", "cd", "if", "./bin", "direnv", "\"$A\""])
            ),
            _ => format!(
                "[[ {operator} {} {} -n ${} ]]",
                self.word(),
                self.pick(&["&&", "||"]),
                self.pick(&NAMES)
            ),
        }
    }

    fn assignment(&mut self) -> String {
        let value = self.value();
        match self.below(12) {
            0 => "PATH=$PWD/bin:$PATH".to_owned(),
            1 => format!("{}+={value}", self.pick(&NAMES)),
            2 => format!("{}=~/{value}", self.pick(&NAMES)),
            3 => format!("{}=x:~/y:{value}", self.pick(&NAMES)),
            _ => format!("{}={value}", self.pick(&NAMES)),
        }
    }

    fn file(&mut self) -> String {
        if self.below(4) == 0 { self.word() } else { self.pick(&FILES).to_owned() }
    }

    fn value(&mut self) -> String {
        let count = self.below(4);
        (0..count).map(|_| self.piece()).collect()
    }

    fn word(&mut self) -> String {
        match self.below(6) {
            0 => "~/x".to_owned(),
            1 | 2 => format!("\"{}\"", self.quoted()),
            _ => {
                let word = self.piece() + &self.value();
                if word.contains(['*', '?']) { format!("{word:?}") } else { word }
            }
        }
    }

    fn piece(&mut self) -> String {
        match self.below(10) {
            0..=3 => self.pick(&PLAIN).to_owned(),
            4 => self
                .pick(&[
                    "'a b'",
                    "''",
                    "'$A'",
                    "'\"'",
                    "\\ ",
                    "\\$",
                    "\\\n",
                    "$'a\\tb\\x41'",
                    "$'\\'\\101'",
                    "'\n'",
                ])
                .to_owned(),
            5 | 6 => format!("\"{}\"", self.quoted()),
            _ => self.expansion(),
        }
    }

    fn quoted(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.below(4) {
            match self.below(3) {
                0 => {
                    text += self.pick(&[
                        " ", "a  b", "'", "\\\"", "\\$", "\\x", "\n", "*", "~", "#", "$ ", "\\\n",
                        "ü",
                    ]);
                }
                1 => text += self.pick(&PLAIN),
                _ => text += &self.expansion(),
            }
        }
        text
    }

    fn expansion(&mut self) -> String {
        let name = self.pick(&NAMES);
        match self.below(12) {
            0..=3 => format!("${{{name}}}"),
            4 => format!(
                "${{{name}{}{}}}",
                self.pick(&[":-", "-", ":+", "+"]),
                self.pick(&["x", "", "$B", "${C:-y}", "a/b", "$(pwd)", "*"])
            ),
            5 => format!(
                "${{{name}:-{}}}",
                self.pick(&["\"a b\"", "a b", "'x'", "~", "\\$", "\"$A\""])
            ),
            6 | 7 => format!(
                "${{{name}{}{}}}",
                self.pick(&["%", "%%", "#", "##"]),
                self.pick(&["/*", "*/", ".", "*.", ".*", "a", "b*", "/c", "*b", "/two:", "[a]"])
            ),
            8 => self
                .pick(&[
                    "$(pwd)",
                    "`pwd`",
                    "$(direnv_layout_dir)",
                    "$?",
                    "$PWD",
                    "$HOME",
                    "$( pwd )",
                    "$(pwd)$?",
                    "$(basename \"$PWD\")",
                    "\"$(echo \"$A\" | tr a-z A-Z)\"",
                    "$(cat missing 2>/dev/null || echo none)",
                ])
                .to_owned(),
            9 => format!(
                "$(expand_path {})",
                self.pick(&[
                    "x",
                    "../y",
                    "/a/../../b",
                    "\"a b\"",
                    "x /base",
                    "\"$A\" /",
                    "//z",
                    "$B"
                ])
            ),
            _ => format!("${name}{}", self.pick(&["", "", "/", ".", "-"])),
        }
    }
}

/// A slip in the name of a device would make a file beside it.
fn null_devices(script: &str) -> usize {
    let is_end = |text: &str| text.starts_with(|letter: char| " \n;)|&\"".contains(letter));
    script.split("/dev/null").skip(1).filter(|rest| rest.is_empty() || is_end(rest)).count()
}
