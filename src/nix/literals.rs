//! Paths and variables that the text of a nix file names: nix tells which files it evaluates, not which ones a flake
//! reads.

mod application;
mod behind;
mod code;
mod of_self;

use application::{callee, function, is_nix_file, is_read};
use behind::{Behind, behind, with_blanks};
use code::Code;

/// What a file names, beside what it says in comments and strings.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Relative to the file.
    pub paths: Vec<Mention>,
    /// Relative to the flake, after `self`.
    pub below_flake: Vec<Mention>,
    pub variables: Vec<String>,
    /// It may ask `self` for the commit, or something that it does not call so.
    pub asks_for_revision: bool,
    pub names_a_revision: bool,
    /// The same of the time of the newest file.
    pub asks_for_time: bool,
    pub names_a_time: bool,
    /// `self`, or a set with it, goes to something else.
    pub hands_on: bool,
    pub reading: Reading,
    /// It may fetch a repository by itself, this one among them.
    pub fetches: bool,
}

/// What a file reads at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// Nothing, or what it has a path for.
    #[default]
    Named,
    /// What is below something that it calls `self`.
    OfSelf,
    /// What it is given.
    Given,
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
    /// A nix file in a list or a set: it is evaluated, of which nix tells, unless somebody reads it.
    Module,
    /// Its name becomes text: in a copy of a flake that is another one for each content.
    Text,
    /// It goes to the store if it is the source of a derivation, of which nix tells.
    Source,
    /// The same with some of it left out, of which nix does not tell.
    Filtered,
    /// It is handed on, or a name below it is computed.
    AllBelow,
}

const REVISIONS: [&str; 5] = ["rev", "shortRev", "dirtyRev", "dirtyShortRev", "revCount"];
/// In git, that of the commit.
const TIMES: [&str; 2] = ["lastModified", "lastModifiedDate"];
/// Functions that evaluate a file of the directory they are given: nix tells which.
const EVALUATING: [&str; 3] = ["callPackage", "callPackages", "import"];
/// Functions that want to know of the directory itself.
const LOOKING: [&str; 3] = ["pathExists", "readDir", "readFileType"];
/// Functions that copy some of a directory to the store have names like `cleanSource`.
const COPYING: &str = "Source";
/// Functions that read.
const READING: [&str; 9] = [
    "fileContents",
    "hashFile",
    "importJSON",
    "importTOML",
    "listFilesRecursive",
    "pathExists",
    "readDir",
    "readFile",
    "readFileType",
];
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
        let whole = with_blanks((&code.text[..start], rest));
        let whole = whole.map(|below| [literal, &below].concat());
        named.paths.extend(whole.map(|path| Mention { path, reach: Reach::AllBelow }));
    }
    named.below_flake = of_self::mentions(&code);
    for (_, end) in code.words("getEnv") {
        let argument = code.text[end..].trim_start();
        let name = argument.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        named.variables.extend(name.map(|(name, _)| name.to_string()));
    }
    named.fetches = FETCHING.iter().any(|word| code.text.contains(word));
    let is_asked = |(_, end): (usize, usize)| !code.text[end..].trim_start().starts_with('=');
    let names = |word: &&str| {
        code.words(word).any(is_asked) || code.text.contains(&["\"", word, "\""].concat())
    };
    let (has_self, is_computed) = (code.has_word("self"), of_self::computes_attributes(&code));
    let has_all = of_self::has_whole_source(&code);
    named.names_a_time = has_all || TIMES.iter().any(names);
    named.names_a_revision = named.names_a_time || REVISIONS.iter().any(names);
    named.asks_for_time = has_self && named.names_a_time || is_computed;
    named.asks_for_revision = has_self && named.names_a_revision || is_computed;
    named.hands_on = of_self::hands_on(&code);
    named.reading = reading(&code);
    named
}

fn reading(code: &Code) -> Reading {
    let of_call = |(start, end): (usize, usize)| {
        let (before, next) = (&code.text[..start], code.text[end..].trim_start());
        if is_inherited(before) || is_bound(next) {
            return Reading::Named;
        }
        let argument = next.trim_start_matches(['(', '"', ' ']);
        match argument.strip_prefix("${").unwrap_or(argument) {
            argument if argument.starts_with(['.', '/']) => Reading::Named,
            argument if argument.starts_with("self") => Reading::OfSelf,
            _ => Reading::Given,
        }
    };
    // One that is not called by its name may be any.
    if ["builtins.\"", "builtins.${"].iter().any(|start| code.text.contains(start)) {
        return Reading::Given;
    }
    READING.iter().flat_map(|word| code.words(word)).map(of_call).max().unwrap_or_default()
}

fn of_literal(code: &Code, literal: &str, (before, rest): (&str, &str)) -> Option<Mention> {
    let (above, before) = without_dir_of(before);
    if !above.is_empty() && !rest.starts_with("${") {
        let path = [literal.trim_end_matches('/'), &above].concat();
        return match behind((before, rest)) {
            Behind::Path(below) => Some(Mention { path: path + &below, reach: Reach::AllBelow }),
            Behind::Computed(_) | Behind::Nothing => Some(Mention { path, reach: Reach::AllBelow }),
        };
    }
    let function = function(before);
    let is_the_directory_of_the_file = matches!(literal, "./." | "./" | "." | "..");
    if rest.starts_with("${") {
        let dir = literal.rfind('/').map_or(".", |end| &literal[..end]);
        return Some(Mention { path: dir.to_string(), reach: reach_of_computed(function) });
    }
    let literal = literal.trim_end_matches('/');
    match behind((before, rest)) {
        Behind::Path(path) => {
            Some(Mention { path: [literal, &path].concat(), reach: reach_of_path(function) })
        }
        Behind::Computed(path) => {
            Some(Mention { path: [literal, &path].concat(), reach: reach_of_computed(function) })
        }
        Behind::Nothing => {
            let is_copied = before.ends_with("${");
            let reach = if is_copied {
                Reach::Itself
            } else if is_only_a_source(code, before) {
                Reach::Source
            } else if is_nix_file(literal) && !is_read(before) {
                Reach::Module
            } else {
                reach_of_path(function)
            };
            let is_told = reach == Reach::Itself && is_the_directory_of_the_file;
            let is_told = is_told && function != "readDir";
            (!is_told).then(|| Mention { path: literal.to_string(), reach })
        }
    }
}

fn reach_of_path(function: &str) -> Reach {
    match function {
        _ if [&EVALUATING[..], &LOOKING, &FETCHING].concat().contains(&function) => Reach::Itself,
        "toString" => Reach::Text,
        _ if function.ends_with(COPYING) => Reach::Filtered,
        _ => Reach::AllBelow,
    }
}

fn reach_of_computed(function: &str) -> Reach {
    match function {
        "toString" => Reach::Text,
        _ if EVALUATING.contains(&function) => Reach::Itself,
        _ => Reach::AllBelow,
    }
}

/// The way up by `dirOf`, and what stands before it.
fn without_dir_of(mut before: &str) -> (String, &str) {
    let mut above = String::new();
    while function(before) == "dirOf" {
        above.push_str("/..");
        let end = before.rfind("dirOf").unwrap_or(0);
        before = before[..end].strip_suffix("builtins.").unwrap_or(&before[..end]);
    }
    (above, before)
}

fn is_bound(next: &str) -> bool {
    next.starts_with('=') && !next.starts_with("==")
}

/// Of `mkDerivation { src = ./.; }`, where the file has no other use for `src`.
fn is_only_a_source(code: &Code, before: &str) -> bool {
    let is_used = |(start, end): (usize, usize)| {
        let (before, rest) = (&code.text[..start], code.text[end..].trim_start());
        let is_argument =
            before.trim_end().ends_with(['{', ',']) && rest.starts_with([',', '?', '}']);
        !is_bound(rest) && !is_argument && !is_inherited(before)
    };
    let name = before.trim_end().strip_suffix('=').map(function);
    name == Some("src") && !code.words("src").any(is_used) && {
        let callee = callee(code.before_brace(before));
        DERIVING.iter().any(|word| callee.contains(word)) || callee.ends_with(COPYING)
    }
}

/// Whether a name stands in `inherit …;`
fn is_inherited(before: &str) -> bool {
    let start = before.rfind(['{', '}', ';', '=', ':']).map_or(0, |at| at + 1);
    before[start..].trim_start().starts_with("inherit")
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
                Reach::Module => " as module",
                Reach::Text => " as text",
                Reach::Source => " as source",
                Reach::Filtered => " filtered",
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
        check("readFile /etc/hostname", &["/etc/hostname/**"], &[], &[]);
    }

    #[test]
    fn a_directory_that_is_handed_on_may_be_read_whole() {
        check("workspaceRoot = ./.;", &["././**"], &[], &[]);
        check("d = ./cfg; x = readFile (d + \"/v\");", &["./cfg/**"], &[], &[]);
        check("f ./cfg + f (./cfg)", &["./cfg/**", "./cfg/**"], &[], &[]);
        check("./cfg + \"/${name}\"", &["./cfg/**"], &[], &[]);
        check("readFile ./cfg/${name}.txt", &["./cfg/**"], &[], &[]);
        check("[ ./${name} ]", &["./**"], &[], &[]);
        check("\"${toString ./cfg}/a/${name}\"", &["./cfg/a as text"], &[], &[]);
        check(
            "./cfg + \"/x\" + \".txt\"; (./cfg + \"/x\") + y",
            &["./cfg/**", "./cfg/**"],
            &[],
            &[],
        );
        check("readFile (./cfg + \"/x\") + \"y\" ++ [ ]", &["./cfg/x/**"], &[], &[]);
        check("readFile ./v + \"-x\"; f (./c) + \"/v\"", &["./v/**", "./c/**"], &[], &[]);
        check("\"${f ./c}/v\" + (g ./d) + \"/v\"", &["./c/**", "./d/**"], &[], &[]);
        check("(if x then ./c else ./d) + \"/v\"", &["./c/**", "./d/v/**"], &[], &[]);
        check(
            "(toString ./c) + \"/v\"; f (toString ./d) + \"/v\"",
            &["./c/v as text", "./d as text"],
            &[],
            &[],
        );
        check("rec { src = ./.; v = readFile (src + \"/v\"); }", &["././**"], &[], &[]);
    }

    #[test]
    fn of_a_directory_that_nix_tells_of_only_the_names_count() {
        check("import ./dir { } // callPackage ./dir2 { }", &["./dir", "./dir2"], &[], &[]);
        check("import (./. + \"/${name}.nix\")", &["./."], &[], &[]);
        check("readDir ./. // readDir ./x", &["./.", "./x"], &[], &[]);
        check("\"${./.}\"; import ./. { }", &[], &[], &[]);
        check(
            "imports = [ ./a.nix ./b.nix ];",
            &["./a.nix as module", "./b.nix as module"],
            &[],
            &[],
        );
        check("f ./a.nix; readFile (./b.nix)", &["./a.nix/**", "./b.nix/**"], &[], &[]);
    }

    #[test]
    fn the_source_of_a_derivation_is_copied_if_it_counts() {
        let source = "buildGoModule rec { src = ./.; x = ./. + \"/lock.json\"; }";
        check(source, &["./. as source", "././lock.json/**"], &[], &[]);
        check("mkDerivation (final: { src = ./a; })", &["./a as source"], &[], &[]);
        check("buildX { src = ./src; v = ./src/v; }", &["./src as source", "./src/v/**"], &[], &[]);
        check("{ src, x }: buildX { inherit src; src = ./a; }", &["./a as source"], &[], &[]);
        check(
            "lib.cleanSource ./.; cleanSource (./. + \"/x\")",
            &["./. filtered", "././x filtered"],
            &[],
            &[],
        );
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
    fn a_builtin_is_known_by_each_of_its_names() {
        for text in ["__readFile p", "builtins.\"readFile\" p", "builtins.${n} p", "readDir p"] {
            assert_eq!(named(text).reading, Reading::Given, "{text}");
        }
        assert_eq!(named("my_readFile p ./readFile/x").reading, Reading::Named);
        check("__getEnv \"A\"", &[], &[], &["A"]);
    }

    #[test]
    fn what_a_flake_reads_through_self_is_found() {
        check("getAttr \"self\" inputs", &[], &["/**"], &[]);
        check("self.\"outPath\" inputs.\"self\" self.\"x\"", &[], &["/**", "/**"], &[]);
        check("self.${n}; with self; outPath", &[], &["/**", "/**"], &[]);
        check("inherit (self) sourceInfo a; inputs.${n}", &[], &["/**", "/**"], &[]);
        check("with self; packages", &[], &[], &[]);
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
    fn a_name_of_two_parts_is_of_one_of_all_beside_it() {
        check("./c + \"fg\" + \"/v\"; ./c + \"f${x}\"", &["./c/../**", "./c/../**"], &[], &[]);
    }

    #[test]
    fn names_with_blanks_are_names() {
        check("./. + \"/a b:c\"; self + \"/d e\"", &["././a b:c/**"], &["d e/**"], &[]);
        check(
            "\"${./.}/a b\"; \"${self}/d e\"",
            &["././a/**", "././a b/**"],
            &["d/**", "d e/**"],
            &[],
        );
    }

    #[test]
    fn what_is_above_a_path_may_be_read_whole() {
        check("dirOf ./.; builtins.dirOf ./x", &["././../**", "./x/../**"], &[], &[]);
        check("dirOf (dirOf ./x/y) + \"/v\"", &["./x/y/../../v/**"], &[], &[]);
        check("dirOf here; dirOf (dirOf __curPos.file)", &[], &["/**"], &[]);
    }

    #[test]
    fn a_flake_that_goes_on_may_be_read_by_others() {
        let goes = |text: &str| named(text).hands_on;
        for text in [
            "f self",
            "{ inherit self; }",
            "{ inherit inputs pkgs; }",
            "outputs = inputs: f inputs;",
            "outputs = { self, ... }@all: f (all // { })",
            "outputs = all@{ ... }: f all",
            "outputs = flakes: f { flakes = flakes; }",
            "root = inputs.self;",
            "f (head (attrValues inputs) + \"/v\")",
            "f self + \"/v\"",
        ] {
            assert!(goes(text), "{text}");
        }
        for text in [
            "outputs = { self, nixpkgs }: { a = self.packages; }",
            "outputs = { self, ... }@inputs: inputs.nixpkgs.lib.x",
            "inputs = { a.url = \"x\"; }; inputs.b.url = \"self\";",
            "inherit (inputs) a b; inherit (self) c; with inputs; x",
            "readFile \"${self}/x\" + (self + \"/y\")",
            "outputs = inputs: inputs.a.b",
        ] {
            assert!(!goes(text), "{text}");
        }
    }

    #[test]
    fn what_a_file_reads_is_told_from_what_it_is_given_to_read() {
        let check = |text: &str, reading| assert_eq!(named(text).reading, reading, "{text}");
        check("readFile ./x + readFile (./. + \"/y\")", Reading::Named);
        check("{ inherit (builtins) readFile; pathExists = 1; } # readDir x", Reading::Named);
        check("readFile \"${self}/x\" + readFile ./y", Reading::OfSelf);
        check("readDir (self + \"/x\") // map readFile x", Reading::Given);
        check("d: lib.importTOML \"${d}/x\"", Reading::Given);
    }

    #[test]
    fn a_commit_may_be_asked_for_under_another_name() {
        let asks = |text: &str| (named(text).asks_for_revision, named(text).names_a_revision);
        assert_eq!(asks("f: f.rev or \"dirty\""), (false, true));
        assert_eq!(asks("builtins.hasAttr \"rev\" self"), (true, true));
        assert_eq!(asks("self.${name} + self.sourceInfo.${name}"), (true, false));
        assert_eq!(asks("{ rev = \"1\"; } // self.x"), (false, false));
        assert_eq!(asks("toJSON self.sourceInfo"), (true, true));
        assert_eq!(asks("inherit (self) sourceInfo;"), (true, true));
        assert_eq!(asks("f: toJSON f.sourceInfo"), (false, true));
        assert_eq!(asks("self.sourceInfo.outPath; inherit (self.sourceInfo) a;"), (false, false));
        assert_eq!(asks("mapAttrs (n: v: v) self"), (true, false));
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
            "dirOf",
            "@",
        ];
        for place in 0..pieces.len().pow(4) {
            let piece = |at: u32| pieces[place / pieces.len().pow(at) % pieces.len()];
            named(&[piece(0), piece(1), piece(2), piece(3)].concat());
        }
    }
}
