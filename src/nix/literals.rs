//! Paths and variables that the text of a nix file names: nix tells which files it evaluates, not which ones a flake
//! reads.

mod code;

use code::Code;

/// What a file names, beside what it says in comments and strings.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Relative to the file.
    pub paths: Vec<Mention>,
    /// Relative to the flake, after `self`.
    pub below_flake: Vec<Mention>,
    pub variables: Vec<String>,
    /// It may ask for the commit.
    pub asks_for_revision: bool,
    /// It may fetch a repository by itself, this one among them.
    pub fetches: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// As written, as far as it is.
    pub path: String,
    pub reach: Reach,
}

/// How much of a path may be looked at without a word from nix, should it be a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Its names at most: it is evaluated, listed, looked for, or copied to the store.
    Itself,
    /// Its name becomes text: in a copy of a flake that is another one for each content.
    Text,
    /// It goes to the store if it is the source of a derivation, of which nix tells.
    Source,
    /// It is handed on, or a name below it is computed.
    AllBelow,
}

/// What stands behind a directory in a file.
enum Behind {
    Nothing,
    /// A path below it.
    Path(String),
    /// A path below it that is computed, from there on.
    Computed(String),
}

const REVISIONS: [&str; 7] = [
    "rev",
    "shortRev",
    "dirtyRev",
    "dirtyShortRev",
    "revCount",
    "lastModified",
    "lastModifiedDate",
];
/// Functions that evaluate a file of the directory they are given: nix tells which.
const EVALUATING: [&str; 3] = ["callPackage", "callPackages", "import"];
/// Functions that want to know of the directory itself.
const LOOKING: [&str; 3] = ["pathExists", "readDir", "readFileType"];
/// Functions that copy a directory to the store have names like `cleanSource`.
const COPYING: &str = "Source";
/// Words of functions whose `src` is the source of a derivation: `buildPythonPackage`, `mkDerivation`.
const DERIVING: [&str; 5] = ["Application", "Derivation", "Package", "Shell", "build"];
/// Functions, and a flake, that read a repository otherwise than file by file.
const FETCHING: [&str; 4] = ["fetchGit", "fetchTree", "flake-compat", "getFlake"];

pub fn named(text: &str) -> Named {
    let code = Code::of(text);
    let mut named = Named::default();
    for (start, end) in code.paths() {
        let (literal, rest) = (&code.text[start..end], &code.text[end..]);
        named.paths.extend(of_literal(&code, literal, (&code.text[..start], rest)));
    }
    for (start, end) in code.words("self") {
        let around = (&code.text[..start], &code.text[end..]);
        named.below_flake.extend(of_self(around));
    }
    for (_, end) in code.words("getEnv") {
        let argument = code.text[end..].trim_start();
        let name = argument.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        named.variables.extend(name.map(|(name, _)| name.to_string()));
    }
    named.fetches = FETCHING.iter().any(|word| code.text.contains(word));
    let is_asked = |(_, end): (usize, usize)| !code.text[end..].trim_start().starts_with('=');
    named.asks_for_revision =
        code.has_word("self") && REVISIONS.iter().any(|word| code.words(word).any(is_asked));
    named
}

fn of_literal(code: &Code, literal: &str, (before, rest): (&str, &str)) -> Option<Mention> {
    let function = function(before);
    let is_the_directory_of_the_file = matches!(literal, "./." | "./" | "." | "..");
    if rest.starts_with("${") {
        let dir = literal.rfind('/').map_or(".", |end| &literal[..end]);
        return Some(Mention { path: dir.to_string(), reach: reach_of_computed(function) });
    }
    let literal = literal.trim_end_matches('/');
    match behind(rest) {
        Behind::Path(path) => {
            let reach = if is_shallow(function) { Reach::Itself } else { Reach::AllBelow };
            Some(Mention { path: [literal, &path].concat(), reach })
        }
        Behind::Computed(path) => {
            Some(Mention { path: [literal, &path].concat(), reach: reach_of_computed(function) })
        }
        Behind::Nothing => {
            let is_copied = before.ends_with("${");
            let reach = if function == "toString" {
                Reach::Text
            } else if is_copied || is_shallow(function) || literal.starts_with('/') {
                Reach::Itself
            } else if is_only_a_source(code, before) {
                Reach::Source
            } else {
                Reach::AllBelow
            };
            let is_told = reach == Reach::Itself && is_the_directory_of_the_file;
            let is_told = is_told && function != "readDir";
            (!is_told).then(|| Mention { path: literal.to_string(), reach })
        }
    }
}

/// `self` is a directory where it is no set of a flake's outputs.
fn of_self((before, rest): (&str, &str)) -> Option<Mention> {
    let all = Some(Mention { path: String::new(), reach: Reach::AllBelow });
    if is_inherited(before) {
        let names = rest.split(';').next().unwrap_or_default();
        let as_path = names.trim_start().starts_with(')') && names.contains("outPath");
        return all.filter(|_| as_path);
    }
    let source = rest.strip_prefix(".sourceInfo").unwrap_or(rest);
    let rest = source.strip_prefix(".outPath").unwrap_or(source);
    let next = rest.trim_start();
    let is_interpolated = before.ends_with("${") && next.starts_with('}');
    if next.starts_with(".narHash") {
        return all;
    }
    let is_name = || {
        let behind_brace = next.strip_prefix('}').map(str::trim_start);
        next.starts_with(['.', ',', ':', '@', '?'])
            || next.starts_with('=') && !next.starts_with("==")
            || behind_brace.is_some_and(|next| next.starts_with([':', '@']))
            || before.ends_with('@')
            || function(before) == "with"
    };
    if !is_interpolated && is_name() {
        return None;
    }
    match behind(rest) {
        Behind::Path(path) => Some(Mention {
            path: path.trim_start_matches('/').to_string(),
            reach: if is_shallow(function(before)) { Reach::Itself } else { Reach::AllBelow },
        }),
        Behind::Computed(path) => Some(Mention {
            path: path.trim_start_matches('/').to_string(),
            reach: reach_of_computed(function(before)),
        }),
        Behind::Nothing => all.filter(|_| !EVALUATING.contains(&function(before))),
    }
}

fn is_shallow(function: &str) -> bool {
    EVALUATING.contains(&function) || LOOKING.contains(&function) || function.ends_with(COPYING)
}

fn reach_of_computed(function: &str) -> Reach {
    if EVALUATING.contains(&function) { Reach::Itself } else { Reach::AllBelow }
}

/// The last word before an argument or a string of it, without what it is an attribute of.
fn function(before: &str) -> &str {
    let before = before.strip_suffix("\"${").unwrap_or(before);
    let before = before.trim_end_matches(|letter: char| letter == '(' || letter.is_whitespace());
    &before[before.trim_end_matches(code::is_of_name).len()..]
}

/// Of `mkDerivation { src = ./.; }`, where the file has no other use for `src`.
fn is_only_a_source(code: &Code, before: &str) -> bool {
    let is_used = |(start, end): (usize, usize)| {
        let (before, rest) = (&code.text[..start], code.text[end..].trim_start());
        let is_bound = rest.starts_with('=') && !rest.starts_with("==");
        let is_argument =
            before.trim_end().ends_with(['{', ',']) && rest.starts_with([',', '?', '}']);
        !is_bound && !is_argument && !is_inherited(before)
    };
    let name = before.trim_end().strip_suffix('=').map(function);
    name == Some("src") && !code.words("src").any(is_used) && {
        let callee = callee(code.before_brace(before));
        DERIVING.iter().any(|word| callee.contains(word)) || callee.ends_with(COPYING)
    }
}

/// The function that is called with a set, or with a function that gives one.
fn callee(before: &str) -> &str {
    let before = before.trim_end_matches("rec").trim_end();
    let argument = before.strip_suffix(':').map(|before| before.trim_end_matches(code::is_of_name));
    function(argument.unwrap_or(before))
}

/// Whether a name stands in `inherit …;`
fn is_inherited(before: &str) -> bool {
    let start = before.rfind(['{', '}', ';', '=', ':']).map_or(0, |at| at + 1);
    before[start..].trim_start().starts_with("inherit")
}

/// `+ "/path"`, or in a string `}/path`.
fn behind(rest: &str) -> Behind {
    let rest = rest.trim_start_matches([')', ' ']);
    let (text, is_computed_at_least) = match rest.strip_prefix("}/") {
        Some(_) => (&rest[1..], false),
        None => match rest.trim_start().strip_prefix('+') {
            Some(added) => match added.trim_start().strip_prefix('"') {
                Some(text) => (text, false),
                None => ("", true),
            },
            None => return Behind::Nothing,
        },
    };
    let end = text.find(['"', '\'', '$', '\\', ' ', '\n', ';', ':']).unwrap_or(text.len());
    let path = &text[..end];
    if is_computed_at_least || text[end..].starts_with('$') {
        return Behind::Computed(path[..path.rfind('/').unwrap_or(0)].to_string());
    }
    Behind::Path(path.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, paths: &[&str], below_flake: &[&str], variables: &[&str]) {
        let named = named(text);
        let shown = |mentions: &[Mention]| -> Vec<String> {
            let how = |mention: &Mention| match mention.reach {
                Reach::Itself => "",
                Reach::Text => " as text",
                Reach::Source => " as source",
                Reach::AllBelow => "/**",
            };
            mentions.iter().map(|mention| [&mention.path, how(mention)].concat()).collect()
        };
        assert_eq!(shown(&named.paths), paths, "{text}");
        assert_eq!(shown(&named.below_flake), below_flake, "{text}");
        assert_eq!(named.variables, variables, "{text}");
    }

    #[test]
    fn paths_are_found_where_nix_would_see_them() {
        check("a = builtins.readFile ./version.txt;", &["./version.txt/**"], &[], &[]);
        check("[ ../b/c.toml ] # ./comment\n/* ./other */", &["../b/c.toml/**"], &[], &[]);
        check("\"${./in.txt} # ./x ${toString ./two}\"", &["./in.txt", "./two as text"], &[], &[]);
        check("''it's ./a ${''a''} '' + ./b # ./c", &["./b/**"], &[], &[]);
        check("https://x/./y <a/b> a/./b", &["a/./b/**"], &[], &[]);
        check("readFile /etc/hostname", &["/etc/hostname"], &[], &[]);
    }

    #[test]
    fn a_directory_that_is_handed_on_may_be_read_whole() {
        check("workspaceRoot = ./.;", &["././**"], &[], &[]);
        check("d = ./cfg; x = readFile (d + \"/v\");", &["./cfg/**"], &[], &[]);
        check("f ./cfg + f (./cfg)", &["./cfg/**", "./cfg/**"], &[], &[]);
        check("./cfg + \"/${name}\"", &["./cfg/**"], &[], &[]);
        check("readFile ./cfg/${name}.txt", &["./cfg/**"], &[], &[]);
        check("[ ./${name} ]", &["./**"], &[], &[]);
        check("\"${toString ./cfg}/a/${name}\"", &["./cfg/a/**"], &[], &[]);
        check("rec { src = ./.; v = readFile (src + \"/v\"); }", &["././**"], &[], &[]);
    }

    #[test]
    fn of_a_directory_that_nix_tells_of_only_the_names_count() {
        check("import ./dir { } // callPackage ./dir2 { }", &["./dir", "./dir2"], &[], &[]);
        check("import (./. + \"/${name}.nix\")", &["./."], &[], &[]);
        check("readDir ./. // readDir ./x", &["./.", "./x"], &[], &[]);
        check("lib.cleanSource ./.; \"${./.}\"; import ./. { }", &[], &[], &[]);
    }

    #[test]
    fn the_source_of_a_derivation_is_copied_if_it_counts() {
        let source = "buildGoModule rec { src = ./.; x = ./. + \"/lock.json\"; }";
        check(source, &["./. as source", "././lock.json/**"], &[], &[]);
        check("mkDerivation (final: { src = ./a; })", &["./a as source"], &[], &[]);
        check("{ src, x }: buildX { inherit src; src = ./a; }", &["./a as source"], &[], &[]);
        check("lib.mkFlake { inherit inputs; src = ./.; }", &["././**"], &[], &[]);
        check("(import flake-compat { src = ./.; }).shellNix", &["././**"], &[], &[]);
        check(
            "root = toString ./.; \"${toString ./.}:x\"",
            &["./. as text", "./. as text"],
            &[],
            &[],
        );
    }

    #[test]
    fn what_a_flake_reads_through_self_is_found() {
        check("readFile \"${self}/a/b.txt\"", &[], &["a/b.txt/**"], &[]);
        check("self + \"/c.txt\"; self.outPath + \"/d\"", &[], &["c.txt/**", "d/**"], &[]);
        check("inputs.self.sourceInfo.outPath + \"/c\"", &[], &["c/**"], &[]);
        check("i: f i.self i.self.packages self.narHash", &[], &["/**", "/**"], &[]);
        check("import \"${self}/x.nix\"; import (self + \"/${y}\")", &[], &["x.nix", ""], &[]);
        check("src = self; f self; \"${self}\"", &[], &["/**", "/**", "/**"], &[]);
        check("\"${self}/cfg/${name}\"; inherit (self) outPath;", &[], &["cfg/**", "/**"], &[]);
        assert!(named("version = self.shortRev or \"dirty\";").asks_for_revision);
        assert!(!named("self; fetch { rev = 1; }").asks_for_revision);
    }

    #[test]
    fn the_outputs_of_a_flake_are_no_files() {
        check("{ self, nixpkgs }: { a = self.packages; inherit self; }", &[], &[], &[]);
        check("{ nixpkgs, self }: x; { self ? 1 }@args: { self = 1; }", &[], &[], &[]);
        check("self: super: { inherit (self) a; b = super.b; }", &[], &[], &[]);
        check("\"of itself: self\" # self\n self' self-x myself", &[], &[], &[]);
    }

    #[test]
    fn variables_are_found() {
        check("builtins.getEnv \"BUILD\" == \"1\"", &[], &[], &["BUILD"]);
    }

    /// Every text of up to four such pieces.
    #[test]
    fn no_text_is_too_odd() {
        let pieces = [
            "\"",
            "''",
            "${",
            "$",
            "}",
            "}/",
            "/*",
            "#",
            "\n",
            "\\",
            "é",
            "./",
            "../",
            "/",
            "self",
            ".outPath",
            "src =",
            "inherit (",
            ";",
            " + ",
            "getEnv",
            "import",
        ];
        for place in 0..pieces.len().pow(4) {
            let piece = |at: u32| pieces[place / pieces.len().pow(at) % pieces.len()];
            named(&[piece(0), piece(1), piece(2), piece(3)].concat());
        }
    }
}
