//! The environment of a development shell, and how it joins the user's.

use crate::diff::is_shells_own;
use crate::env::Env;
use crate::eval::is_assignable;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// What only a build wants to know.
    noise: BTreeMap<String, String>,
    /// For the hook alone.
    unexported: BTreeMap<String, String>,
    /// What bash runs at the end; empty where there is none.
    pub hook: String,
    /// Whether one of the names means something to bash itself.
    pub has_names_of_bash: bool,
}

/// Lists that the shell's entries are put in front of.
const JOINED: [&str; 2] = ["PATH", "XDG_DATA_DIRS"];

/// Names one of the files of structured attributes.
pub const ATTRIBUTES_FILE: &str = "NIX_ATTRS_SH_FILE";

/// What a build wants to know and a person does not.
const NOISE: [&str; 31] = [
    "NIX_BUILD_CORES",
    "NIX_STORE",
    "SOURCE_DATE_EPOCH",
    "__structuredAttrs",
    "allowSubstitutes",
    "args",
    "buildCommand",
    "buildCommandPath",
    "buildInputs",
    "buildPhase",
    "builder",
    "checkInputs",
    "dontAddDisableDepTrack",
    "installCheckInputs",
    "name",
    "nativeBuildInputs",
    "nativeCheckInputs",
    "nativeInstallCheckInputs",
    "outputs",
    "passAsFile",
    "phases",
    "pname",
    "preferLocalBuild",
    "propagatedBuildInputs",
    "propagatedNativeBuildInputs",
    "shellHook",
    "src",
    "stdenv",
    "strictDeps",
    "system",
    "version",
];
/// `depsBuildHost` and its like are made of two of them.
const PLATFORMS: [&str; 3] = ["Build", "Host", "Target"];
/// What people pass on to their build tools; noise where it is empty.
const FLAGS: [&str; 9] = [
    "cmakeFlags",
    "configureFlags",
    "doCheck",
    "doInstallCheck",
    "mesonFlags",
    "nobuildPhase",
    "patches",
    "postHook",
    "preHook",
];

/// Whether what only a build wants to know comes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    Kept,
    Dropped,
}

impl Environment {
    /// From all that is exported, with the names of the outputs that the shell's derivation would have; and what is for the hook
    /// alone, with the hook.
    pub fn new(
        exported: BTreeMap<String, String>,
        outputs: &[String],
        (unexported, hook): (BTreeMap<String, String>, String),
    ) -> Self {
        let has_names_of_bash = exported.keys().any(|name| !is_assignable(name.as_bytes()));
        let (noise, variables) = exported
            .into_iter()
            .partition(|(name, value)| outputs.contains(name) || is_noise(name, value));
        Self { variables, noise, unexported, hook, has_names_of_bash }
    }

    /// Where the files of structured attributes are.
    pub fn attributes(&self) -> Option<&Path> {
        Path::new(self.variables.get(ATTRIBUTES_FILE)?).parent()
    }

    /// What the user's environment becomes, but for the hook.
    pub fn apply(&self, env: &mut Env, noise: Noise) {
        env.unset("shellHook");
        for (name, value) in self.exported(noise) {
            let value = joined(name, value, env.get(name));
            env.set(name, value.into_owned());
        }
    }

    /// What `apply` would change in an environment; `None` unsets.
    pub fn changes<'a>(
        &'a self,
        env: &Env,
        noise: Noise,
    ) -> Vec<(&'a str, Option<Cow<'a, OsStr>>)> {
        let hook = env.get("shellHook").map(|_| ("shellHook", None));
        let variables = self.exported(noise).filter(|(name, _)| !is_shells_own(name.as_ref()));
        let changed = variables.filter_map(|(name, value)| {
            let old = env.get(name);
            let value = joined(name, value, old);
            (old != Some(value.as_ref())).then_some((name, Some(value)))
        });
        hook.into_iter().chain(changed).collect()
    }

    fn exported(&self, noise: Noise) -> impl Iterator<Item = (&str, &str)> {
        let noise = (noise == Noise::Kept).then_some(&self.noise);
        self.variables.iter().chain(noise.into_iter().flatten()).map(texts)
    }

    /// What the hook may read beside the environment.
    pub fn for_the_hook(&self) -> impl Iterator<Item = (&str, &str)> {
        self.noise.iter().chain(&self.unexported).map(texts)
    }
}

fn texts<'a>((name, value): (&'a String, &'a String)) -> (&'a str, &'a str) {
    (name, value)
}

fn is_noise(name: &str, value: &str) -> bool {
    NOISE.contains(&name)
        || is_dependencies(name)
        || (name.starts_with(|first: char| first.is_ascii_lowercase()) && name.ends_with("Phase"))
        || (value.is_empty() && FLAGS.contains(&name))
}

/// `depsBuildBuild`, `depsHostHostPropagated`: what stdenv calls inputs by the platforms that they are of.
fn is_dependencies(name: &str) -> bool {
    let Some(platforms) = name.strip_prefix("deps") else { return false };
    let platforms = platforms.strip_suffix("Propagated").unwrap_or(platforms);
    let rest = PLATFORMS.iter().find_map(|platform| platforms.strip_prefix(platform));
    rest.is_some_and(|rest| PLATFORMS.contains(&rest))
}

/// The value of a variable whose old one may stay behind it.
fn joined<'a>(name: &str, value: &'a str, old: Option<&OsStr>) -> Cow<'a, OsStr> {
    if JOINED.contains(&name) {
        return Cow::Owned(join(value, old));
    }
    Cow::Borrowed(OsStr::new(value))
}

/// Without empty entries and repeats.
fn join(first: &str, then: Option<&OsStr>) -> OsString {
    let mut entries: Vec<&[u8]> = Vec::new();
    let then = then.unwrap_or_default().as_bytes();
    for entry in
        [first.as_bytes(), then].into_iter().flat_map(|list| list.split(|byte| *byte == b':'))
    {
        if !entry.is_empty() && !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    OsString::from_vec(entries.join(&b':'))
}

#[cfg(test)]
mod tests {
    use super::super::dev_env::DevEnv;
    use super::*;
    use expect_test::{Expect, expect};

    const PRINTED: &str = r#"{"bashFunctions":{},"variables":{
        "PATH":{"type":"exported","value":"/s/a/bin:/usr/bin"},
        "XDG_DATA_DIRS":{"type":"exported","value":"/s/a/share"},
        "HOME":{"type":"exported","value":"/homeless-shelter"},
        "TMPDIR":{"type":"exported","value":"/build"},
        "SHELL":{"type":"exported","value":"/bin/bash"},
        "OLDPWD":{"type":"exported","value":""},
        "IFS":{"type":"var","value":" "},
        "unexported":{"type":"var","value":"1"},
        "odd":{"type":"unknown"},
        "array":{"type":"array","value":["a b","c"]},
        "outputs":{"type":"exported","value":"out dev"},
        "out":{"type":"exported","value":"/s/b"},
        "dev":{"type":"exported","value":"/s/c"},
        "FLAGS":{"type":"exported","value":"-L/s/b/lib -I/s/c/include"},
        "nativeBuildInputs":{"type":"exported","value":"/s/a"},
        "depsBuildBuild":{"type":"exported","value":""},
        "depsDir":{"type":"exported","value":"d"},
        "depsTargetTargetPropagated":{"type":"exported","value":""},
        "myInputs":{"type":"exported","value":"i"},
        "buildPhase":{"type":"exported","value":"make"},
        "cmakeFlags":{"type":"exported","value":""},
        "mesonFlags":{"type":"exported","value":"-Dx=1"},
        "CARGO_TARGET_DIR":{"type":"exported","value":"t"},
        "shellHook":{"type":"exported","value":"echo /s/b"}}}"#;

    #[track_caller]
    fn check(noise: Noise, expected: Expect) {
        let printed = DevEnv::parse(PRINTED.as_bytes()).unwrap();
        let environment = printed.environment(Path::new("/p"), Path::new("/attributes"));
        let mut env: Env = [
            ("HOME", "/home/u"),
            ("PATH", "/usr/bin::/bin"),
            ("shellHook", "of another shell"),
            ("nativeBuildInputs", "of the user"),
        ]
        .into_iter()
        .collect();
        environment.apply(&mut env, noise);
        let lines =
            env.iter().map(|(name, value)| format!("{}={}", name.display(), value.display()));
        let hook = format!("hook: {}", environment.hook);
        let text = lines.chain([hook]).collect::<Vec<_>>().join("\n") + "\n";
        expected.assert_eq(&text);
    }

    #[test]
    fn what_only_a_build_wants_to_know_stays_out() {
        check(
            Noise::Dropped,
            expect![[r"
            CARGO_TARGET_DIR=t
            FLAGS=-L/p/outputs/out/lib -I/p/outputs/dev/include
            HOME=/home/u
            PATH=/s/a/bin:/usr/bin:/bin
            XDG_DATA_DIRS=/s/a/share
            depsDir=d
            mesonFlags=-Dx=1
            myInputs=i
            nativeBuildInputs=of the user
            hook: echo /p/outputs/out
        "]],
        );
    }

    #[test]
    fn all_of_it_comes_where_it_is_asked_for() {
        check(
            Noise::Kept,
            expect![[r"
            CARGO_TARGET_DIR=t
            FLAGS=-L/p/outputs/out/lib -I/p/outputs/dev/include
            HOME=/home/u
            PATH=/s/a/bin:/usr/bin:/bin
            XDG_DATA_DIRS=/s/a/share
            buildPhase=make
            cmakeFlags=
            depsBuildBuild=
            depsDir=d
            depsTargetTargetPropagated=
            dev=/p/outputs/dev
            mesonFlags=-Dx=1
            myInputs=i
            nativeBuildInputs=/s/a
            out=/p/outputs/out
            outputs=out dev
            hook: echo /p/outputs/out
        "]],
        );
    }
}
