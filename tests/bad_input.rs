//! Broken files, broken state, broken surroundings: one clear line, a non-zero exit, and a shell left as it was.

use crate::test::{Project, has};
use std::os::unix::fs::{PermissionsExt as _, symlink};

/// The prompt fails with this one line, touches nothing visible, and is silent from then on.
#[track_caller]
fn check_rc(project: &Project, stderr: &str) {
    let mut shell = project.shell();
    let before = shell.visible();
    shell.failing_prompt(&format!("envr: error: {stderr}\n"));
    assert_eq!(shell.visible(), before);
    shell.prompt("");
}

#[test]
fn an_rc_that_is_no_file() {
    let project = Project::new();
    std::fs::create_dir(project.path("project/.envrc")).unwrap();
    check_rc(&project, "could not load `$DIR/project/.envrc`: is a directory");

    let project = Project::new();
    symlink("nowhere", project.path("project/.envrc")).unwrap();
    check_rc(&project, "could not load `$DIR/project/.envrc`: it is a link to nothing");

    let project = Project::new();
    symlink(".envrc", project.path("project/.envrc")).unwrap();
    check_rc(&project, "could not load `$DIR/project/.envrc`: too many levels of symbolic links");

    let project = Project::new();
    symlink("/dev/zero", project.path("project/.envrc")).unwrap();
    check_rc(&project, "could not load `$DIR/project/.envrc`: is a device, not a regular file");
}

#[test]
fn direnv_passes_over_what_is_no_file() {
    let project = Project::new().named_direnv();
    std::fs::create_dir(project.path("project/.envrc")).unwrap();
    project.shell().prompt("");
}

#[test]
fn an_unreadable_rc() {
    if rustix::process::geteuid().is_root() {
        println!("skipped: root reads everything");
        return;
    }
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    std::fs::set_permissions(
        project.path("project/.envrc"),
        std::fs::Permissions::from_mode(0o000),
    )
    .unwrap();
    check_rc(&project, "could not load `$DIR/project/.envrc`: permission denied");
}

#[test]
fn an_rc_of_ten_megabytes() {
    let project = Project::new();
    project.write(".envrc", "# xxxxxxx\n".repeat(1 << 20));
    check_rc(&project, "could not load `$DIR/project/.envrc`: it is larger than 4 MiB");
    project
        .envr(["allow"])
        .stderr("envr: error: could not read `$DIR/project/.envrc`: it is larger than 4 MiB\n")
        .failure();
}

#[test]
fn a_binary_rc() {
    let project = Project::new();
    project.write(".envrc", b"\x7fELF\x02\x01\x01\0\0\0\xff\xfe");
    check_rc(&project, "could not load `$DIR/project/.envrc`: it is not text: it has NUL bytes");
}

#[test]
fn an_empty_rc_loads_nothing() {
    let project = Project::new();
    project.write(".envrc", "");
    project.allow();
    let mut shell = project.shell();
    let before = shell.visible();
    shell.prompt("envr: loading $DIR/project/.envrc\n");
    assert_eq!(shell.visible(), before);
}

#[test]
fn a_working_directory_that_was_removed() {
    let project = Project::new();
    let script = format!("rmdir ../elsewhere; exec {} export bash", crate::test::ENVR);
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(project.path("elsewhere"))
        .env("HOME", project.path("home"))
        .output()
        .unwrap();
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b""[..], &b""[..]));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_working_directory_that_was_removed_is_left() {
    let project = Project::new();
    project.write("sub/.envrc", "export A=1\n");
    project.envr(["allow"]).dir("project/sub").success();
    let mut shell = project.shell();
    let before = shell.env.clone();
    shell.cd("project/sub");
    shell.any_prompt(0);
    let script = format!("rm -r ../sub; exec {} export json", crate::test::ENVR);
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(project.path("project/sub"))
        .env_clear()
        .envs(&shell.env)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "envr: unloading\n");
    shell.follow(&output.stdout);
    assert_eq!(shell.env, before);
}

#[test]
fn state_that_cannot_be_read_is_told_by_every_verb_that_reads_it() {
    let project = Project::new();
    for (name, verbs) in [
        ("DIRENV_WATCHES", &["status", "status --json", "watch-print", "watch bash q"][..]),
        ("DIRENV_DIFF", &["status", "status --json"]),
    ] {
        for verb in verbs {
            let run = project.envr(verb.split(' ')).env(name, "garbage");
            let said = String::from_utf8(run.any_stderr().failure().stderr).unwrap();
            let expected = format!("envr: error: could not read the state variable `{name}`: ");
            assert!(said.starts_with(&expected), "{verb}: {said}");
        }
    }
}

#[test]
fn no_home() {
    let project = Project::new().without("HOME");
    project.shell().prompt("");
    project.write(".envrc", "export A=1\n");
    let said = "envr: error: could not find the data directory: neither `XDG_DATA_HOME` nor `HOME` is set\n\
                envr: hint: eval \"export HOME=~$(id -un)\"\n";
    project.envr(["export", "json"]).stderr(said).failure();
    project.envr(["allow"]).stderr(said).failure();
    let data = project.path("data");
    let project = project.env("XDG_DATA_HOME", data);
    project.allow();
    project.shell().any_prompt(0);
}

#[test]
fn a_data_directory_that_cannot_be_written() {
    // A file where a directory should be stops root, too.
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    project.write_at("home/.local/share", "");
    let allow = project.envr(["allow"]).any_stderr().failure();
    let said = String::from_utf8(allow.stderr).unwrap();
    assert!(
        said.starts_with("envr: error: could not make directory `") && said.lines().count() == 1,
        "{said}"
    );
}

#[test]
fn a_full_data_directory() {
    if !has("unshare") || !rustix::process::geteuid().is_root() {
        return;
    }
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    std::fs::create_dir_all(project.path("home/.local/share")).unwrap();
    let data = project.path("home/.local/share");
    let script = format!(
        "mount -t tmpfs -o size=4k none {data} 2>/dev/null || {{ echo no-mount; exit; }}; \
         head -c 4096 /dev/zero >{data}/fill; {envr} allow; echo \"status $?\"; find {data} -type f",
        data = data.display(),
        envr = crate::test::ENVR
    );
    let output = std::process::Command::new("unshare")
        .args(["-m", "sh", "-c", &script])
        .current_dir(project.path("project"))
        .env("HOME", project.path("home"))
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    if printed.starts_with("no-mount") || !output.status.success() {
        println!("skipped: file systems cannot be mounted here");
        return;
    }
    assert_eq!(printed, format!("status 1\n{}/fill\n", data.display()));
    assert!(
        String::from_utf8(output.stderr).unwrap().starts_with("envr: error: could not write `")
    );
}

#[test]
fn a_trust_store_with_garbage() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    for dir in ["envr/approval", "envr/content", "direnv/allow", "direnv/deny"] {
        let dir = format!("home/.local/share/{dir}");
        for entry in std::fs::read_dir(project.path(&dir)).into_iter().flatten() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            project.write_at(&format!("{dir}/{name}"), b"\xff\0garbage");
        }
        std::fs::create_dir_all(project.path(&format!("{dir}/a-directory"))).unwrap();
    }
    project.write(".envrc", "export A=2\n");
    shell.any_prompt(1);
    project.envr(["review"]).any_stdout().success();
    project.allow();
    shell.any_prompt(0);
    assert_eq!(shell.get("A"), Some("2"));
    project.envr(["prune"]).any_stdout().success();
    project.envr(["status"]).any_stdout().success();
}

#[test]
fn state_variables_with_garbage() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.any_prompt(0);
    for name in ["DIRENV_DIFF", "DIRENV_WATCHES"] {
        let valid = shell.get(name).unwrap().to_string();
        let half = &valid[..valid.len() / 2];
        for garbage in [half, "garbage", "!!!", "eJwDAAAAAAE="] {
            let mut shell = project.shell();
            shell.any_prompt(0);
            shell.set(name, garbage);
            project.envr(["reload"]).success();
            let said = shell.any_prompt(0);
            let (told, rest) = match name {
                "DIRENV_DIFF" => said.split_once('\n').unwrap(),
                _ => ("", said.as_str()),
            };
            if name == "DIRENV_DIFF" {
                let beginning = "envr: warning: could not read the state variable `DIRENV_DIFF`: ";
                assert!(told.starts_with(beginning), "{said}");
                assert!(told.ends_with("; what it had loaded stays"), "{said}");
            }
            assert!(rest.starts_with("envr: loading $DIR/project/.envrc\n"), "{said}");
            assert_eq!(shell.get("A"), Some("1"));
            shell.prompt("");
        }
    }
}

#[test]
fn a_shell_with_garbage_can_leave() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    project.write_at("other/.envrc", "export B=2\n");
    project.allow();
    project.envr(["allow"]).dir("other").success();
    for (dir, name, is_lost) in [
        ("elsewhere", "DIRENV_WATCHES", false),
        ("elsewhere", "DIRENV_DIFF", true),
        ("other", "DIRENV_WATCHES", false),
        ("other", "DIRENV_DIFF", true),
    ] {
        let mut shell = project.shell();
        let before = shell.visible();
        shell.any_prompt(0);
        shell.set(name, "garbage");
        shell.cd(dir);
        let said = shell.any_prompt(0);
        assert_eq!(said.contains("warning: could not read the state variable"), is_lost, "{said}");
        shell.prompt("");
        // What cannot be taken back stays.
        assert_eq!(shell.get("A").is_some(), is_lost);
        shell.cd("elsewhere");
        shell.any_prompt(0);
        shell.env.remove(std::ffi::OsStr::new("A"));
        assert_eq!(shell.visible(), before);
        assert_eq!(shell.env.len(), before.len(), "{:?}", shell.env);
        project
            .envr(["exec", "--", "/bin/sh", "-c", "echo $A"])
            .env("DIRENV_WATCHES", "garbage")
            .stdout("1\n")
            .stderr("envr: loading $DIR/project/.envrc\nenvr: export +A\n")
            .success();
    }
}

#[test]
fn state_that_unpacks_to_a_mountain() {
    let project = Project::new();
    let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![b' '; 65 << 20], 9);
    let bomb = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE, bomb);
    for bomb in [bomb, "A".repeat(100 << 10)] {
        let run = project.envr(["export", "json"]).env("DIRENV_DIFF", bomb);
        let said = run.any_stdout().any_stderr().success().stderr;
        let told = b"envr: warning: could not read the state variable `DIRENV_DIFF`: it ";
        assert!(said.starts_with(told), "{}", String::from_utf8_lossy(&said));
    }
}

#[test]
fn a_configuration_that_is_no_toml() {
    let project = Project::new();
    project.write_at("home/.config/direnv/direnv.toml", "[global]\nload_dotenv = 7\n");
    let said = project.envr(["export", "json"]).any_stderr().failure();
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.contains(".config/direnv/direnv.toml`: line 2: "), "{said}");

    let project = Project::new();
    project.write_at("home/.config/envr/config.toml", "quite = true\n");
    let said = project.envr(["export", "json"]).any_stderr().failure();
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.contains("config.toml`: line 1: unknown field `quite`"), "{said}");
}

#[test]
fn a_bash_that_is_missing() {
    let project = Project::new();
    project.write("before/.envrc", "export BEFORE=1\n");
    project.envr(["allow", "before"]).success();
    project.write(".envrc", "export A=1\n");
    project.allow();
    let mut shell = project.shell();
    shell.cd("project/before");
    shell.any_prompt(0);
    project.write_at("home/.config/direnv/direnv.toml", "bash_path = \"/nowhere/bash\"\n");
    shell.cd("project");
    shell.failing_prompt(
        "envr: error: could not load `$DIR/project/.envrc`: could not start `/nowhere/bash`: no such file or directory\n",
    );
    // It is outside every project, and does not try at each prompt.
    assert_eq!((shell.get("A"), shell.get("BEFORE")), (None, None));
    shell.prompt("");
    project.write_at("home/.config/direnv/direnv.toml", "");
    shell.prompt("envr: loading $DIR/project/.envrc\nenvr: export +A\n");
}

#[test]
fn an_rc_that_closes_or_corrupts_what_it_was_given() {
    for (rc, code) in [
        ("exec 3>&- 60>&- 61<&- 62>&- 63>&-\nexport A=1\n", 0),
        ("exec true\n", 1),
        ("trap - EXIT\nexport A=1\n", 1),
        ("kill -9 $$\n", 1),
        ("for fd in {60..66}; do echo garbage >&$fd; done 2>/dev/null\nexport A=1\n", 1),
        ("echo 'not the environment' >&3\nexport A=1\n", 0),
        ("B=(1); exec 60>&-\nexport A=1\n", 0),
        ("unset -f __envr_ask __envr_load\nexport A=1\n", 0),
        ("set -eu; exec >/dev/null 2>&1 </dev/null\nexport A=1\n", 0),
        ("cd / && export A=1; rm -rf \"$__envr_stage\"\n", 0),
    ] {
        let project = Project::new();
        project.write(".envrc", rc);
        project.allow();
        let mut shell = project.shell();
        let before = shell.visible();
        let said = shell.any_prompt(code);
        if code == 1 {
            assert_eq!(shell.visible(), before, "{rc}");
        } else {
            assert_eq!(shell.get("A"), Some("1"), "{rc}");
            assert!(!said.contains("__envr"), "{rc}: {said}");
        }
        shell.prompt("");
    }
}

#[test]
fn a_record_that_cannot_be_written_does_not_stop_a_load() {
    let project = Project::new();
    project.write(".envrc", "export A=1\nsource part\n");
    project.write("part", "");
    project.allow();
    let approvals = project.path("home/.local/share/envr/approval");
    std::fs::remove_dir_all(&approvals).unwrap();
    project.write_at("home/.local/share/envr/approval", "");
    let mut shell = project.shell();
    let said = shell.any_prompt(0);
    assert_eq!(shell.get("A"), Some("1"));
    assert!(
        said.contains(
            "envr: warning: could not make directory `$DIR/home/.local/share/envr/approval`"
        ),
        "{said}"
    );
}

#[test]
fn an_rc_too_far_down_is_not_replaced_by_one_above() {
    let project = Project::new();
    project.write(".envrc", "export A=1\n");
    project.allow();
    let script = format!(
        "name=$(printf 'd%.0s' {{1..250}}); for i in {{1..17}}; do mkdir $name; cd -P $name 2>/dev/null || cd $name; done; exec {} export json",
        crate::test::ENVR
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(project.path("project"))
        .env_clear()
        .envs(&project.shell().env)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.ends_with("file name too long\n"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}
