//! How much of what people write needs no bash.
//!
//! Not a corpus: a hundred points, dealt out by what a survey of 205 committed `.envrc` files counted. Of 100 files 33
//! have only literal calls and assignments, 14 expand variables, 16 decide, 14 run programs, 23 need more; within each
//! kind the idioms have the survey's order. A file counts if it runs natively where programs are; one that wants a nix
//! shell, if it does when nix has made the shell before. Where there is no nix, those do not count.

use super::world::{Case, World};
use crate::nix;
use std::collections::BTreeMap;

#[test]
fn the_share_of_native_files() {
    let cases: Vec<Case> = FILES
        .iter()
        .map(|(_, text)| {
            let files = [
                ("project/.envrc", *text),
                ("project/.env", "A=1\n"),
                ("project/.env.local", "B=1\n"),
                ("project/VERSION", "1.2.3\n"),
                (".envrc", "export UP=1\n"),
            ];
            let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
            Case { name: format!("{text:?}"), files: files.into(), is_alone: true }
        })
        .collect();
    let world = World::new(&cases);
    world.write_program("sops", "#!/bin/sh\necho TOKEN=secret\n");
    let with_nix = nix::has_nix().then(nix::World::new);
    let (mut native, mut reasons) = (0, BTreeMap::new());
    for (case, (points, text)) in FILES.iter().enumerate() {
        let said = match &with_nix {
            Some(world) if text.contains("use flake") || text.contains("use nix") => {
                said_with_nix(world, text)
            }
            _ => world.load_case(case, "native").said,
        };
        match said.split_once("without bash: ") {
            None => native += points,
            Some((_, why)) => {
                *reasons.entry(why.lines().next().unwrap_or_default().to_owned()).or_insert(0) +=
                    points;
            }
        }
    }
    assert_eq!(FILES.iter().map(|(points, _)| points).sum::<usize>(), 100);
    // Without nix or Python there is less to count.
    let has_all = with_nix.is_some() && crate::test::has("python3");
    println!("native: {native} of 100; bash for {reasons:#?}");
    assert!(native >= NATIVE || !has_all, "{native} of 100 files are native, and {NATIVE} were");
}

/// When the shell is there already.
fn said_with_nix(world: &nix::World, text: &str) -> String {
    world.allow(text);
    world.project.shell().any_prompt(0);
    let mut shell = world.project.shell();
    shell.set("ENVR_LANE", "tell");
    shell.any_prompt(0).replace("lane: bash, for ", "without bash: ")
}

/// What it may not fall below.
const NATIVE: usize = 84;

const FILES: [(usize, &str); 48] = [
    (10, "export AWS_PROFILE=dev\nexport TF_LOG='info'\n"),
    (8, "use flake\n"),
    (3, "use flake\nwatch_file flake.nix flake.lock\n"),
    (1, "use flake .#default\n"),
    (1, "use nix\n"),
    (2, "dotenv\n"),
    (2, "source_up\nexport A=1\n"),
    (1, "layout python3\n"),
    (1, "layout python\n"),
    (1, "layout node\n"),
    (2, "PATH_add bin\n"),
    (1, "source_env ../\n"),
    (5, "export KUBECONFIG=$PWD/kubeconfig\nexport PATH=\"$PWD/bin:$PATH\"\n"),
    (
        4,
        "export TF_VAR_region=$OS_REGION\nexport TF_CLI_ARGS_init=\"-backend-config='bucket=$BUCKET'\"\n",
    ),
    (2, "export GOPATH=$(pwd)/go\n"),
    (2, "export SOPS_AGE_KEY_FILE=~/.config/age.txt\nexport ROOT=\"$(expand_path .)\"\n"),
    (1, "export KUBECONFIG=$PWD/k\nuse flake\n"),
    (3, "[ -f .env ] && dotenv\n"),
    (2, "if [ -f .env.local ]; then\n  source .env.local\nfi\n"),
    (2, "dotenv_if_exists .env\nexport DEBUG=${DEBUG:-0}\n"),
    (1, "set -a; source .env; set +a\n"),
    (
        2,
        "if ! has nix_direnv_version || ! nix_direnv_version 3.0.6; then\n  source_url \"https://example.org/direnvrc\" \"sha256-x=\"\nfi\nuse flake\n",
    ),
    (2, "if has nix; then\n  use flake\nfi\n"),
    (1, "if command -v nosuch >/dev/null; then export HAS=1; fi\nexport A=1\n"),
    (1, "echo \"welcome\"\nexport NAME=\"${PWD##*/}\"\n"),
    (1, "source_env_if_exists .envrc.local\nexport A=\"${A:-x}\"\n"),
    (1, "[[ -d .venv ]] && export VIRTUAL_ENV=$PWD/.venv\n"),
    (2, "export ROOT=$(git rev-parse --show-toplevel 2>/dev/null)\nexport A=$ROOT/x\n"),
    (2, "export VERSION=$(cat VERSION)\n"),
    (1, "mkdir -p tmp\nexport TMP=$PWD/tmp\n"),
    (1, "export A=$(cat VERSION | head -1)\nPATH_add bin\n"),
    (1, "if ! grep -q 1 VERSION; then echo \"old\" >&2; fi\nexport A=1\n"),
    (1, "export DIR=$(basename \"$PWD\") USER_ID=$(id -u)\n"),
    (1, "uname -s >/dev/null\nexport OS=$(uname -s)\n"),
    (1, "source_up\nexport SHA=$(git rev-parse HEAD 2>/dev/null || echo none)\n"),
    (1, "export A=$(cat VERSION)\ndotenv\n"),
    (
        1,
        "export AWS_ACCOUNT=$(cat VERSION)\nexport BUCKET=\"b-$AWS_ACCOUNT\"\nlog_status \"$BUCKET\"\n",
    ),
    (1, "cp -n .env .env.local\ndotenv .env.local\n"),
    (1, "printf %s \"$PWD\" >\"$PWD/.root\"\nexport A=1\n"),
    (3, "source .venv/bin/activate\n"),
    (4, "source ~/.nvm/nvm.sh\nnvm use\n"),
    (4, "use mytool\nexport A=1\n"),
    (4, "eval \"$(cat VERSION)\"\n"),
    (
        3,
        "use_sops() {\n  local path=${1:-secrets.yaml}\n  eval \"$(sops -d --output-type dotenv \"$path\" | direnv dotenv bash /dev/stdin)\"\n  watch_file \"$path\"\n}\nuse sops\n",
    ),
    (2, "case \"$(uname)\" in\nLinux) export A=1 ;;\nesac\n"),
    (1, "for f in a b; do export \"$f=1\"; done\n"),
    (1, "export A=$1\n"),
    (1, "alias k=kubectl\n"),
];
