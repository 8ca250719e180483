//! Programs run once, and both lanes make the same of what they leave: whatever that is.

use crate::test::Project;

/// What stands behind a program that says in `count` that it ran.
const RCS: &[&str] = &[
    // Texts that no pipe has room for.
    "A=$(head -c 300000 /dev/zero | tr '\\0' y)\nexport B=$(echo \"$A\" | wc -c)",
    "A=$(head -c 300000 /dev/zero | tr '\\0' y)\necho \"$A\" | head -c 3\nexport B=$?",
    "A=$(head -c 300000 /dev/zero | tr '\\0' y)\nexport B=$(printf '%s' \"$A\" | cat | tail -c 3)",
    // Values that are long, and programs that cannot be started with them.
    "A=$(head -c 2000000 /dev/zero | tr '\\0' y)\n[[ \"$A\" == \"$A\" ]] && export B=${A##*y}",
    "export A=$(head -c 200000 /dev/zero | tr '\\0' y)\ncat count\nexport B=$?\nunset A",
    // Places where programs are looked for.
    "export PATH=tools:$PATH\nsay x\nexport B=$(say y)",
    "export PATH=\".:$PATH:\"\nsay x\nexport B=$?",
    "export PATH=$(printf '%s' '~/bin:~nobody-here/bin::')$PATH\nhas ls && export B=$(say x)",
    "export PATH=\"$(true)\"\ncat count\nexport B=$?",
    // Programs that another one removes, or makes anew.
    "rm tools/say\ntools/say\nexport B=$?",
    "cp words tools/say\ntools/say a 'b c'\nexport B=$(tools/say d)",
    "cp nothing tools/say\ntools/say\nexport B=$?",
    "cp binary tools/say\ntools/say\nexport B=$?",
    "cp lost tools/say\ntools/say\nexport B=$?",
    "chmod -x tools/say\ntools/say\nexport B=$?\nPATH_add tools\nsay; export C=$?",
    "./tools\nexport B=$?\n./words 2>/dev/null\nexport C=$?",
    // Variables that mean something to bash.
    "cp odd.env .env\ndotenv_if_exists\nexport B=$?",
    "eval \"$(cat odd.env | direnv dotenv bash /dev/stdin)\"\nexport B=1",
    "eval \"$(grep -v odd odd.env | direnv dotenv bash /dev/stdin)\"\ncat count\nexport B=$BASH",
];

#[test]
fn programs_run_once() {
    for rc in RCS {
        let [native, bash] = ["tell", "bash"].map(|lane| {
            let project = project(rc);
            let mut shell = project.shell();
            shell.set("ENVR_LANE", lane);
            let said = shell.any_prompt(0);
            assert_eq!(project.read("project/count"), "run\n", "{lane}: {rc}\n{said}");
            shell.set("ENVR_LANE", "");
            let dir = project.path("").into_os_string().into_string().unwrap();
            let visible = shell
                .visible()
                .into_iter()
                .map(|(name, value)| (name, value.to_string_lossy().replace(&dir, "/")));
            (said.replace("envr: lane: native\n", ""), visible.collect::<Vec<_>>())
        });
        assert_eq!(native, bash, "{rc}");
    }
}

fn project(rc: &str) -> Project {
    let project = Project::new();
    project.write_program("bump", "#!/bin/sh\necho run >>count\n");
    project.write_at("home/bin/unused", "");
    for file in ["project/say", "project/tools/say"] {
        project.write_program(&format!("../{file}"), "#!/bin/sh\necho \"$0\" \"$@\"\n");
    }
    project.write_program("../project/words", "echo \"$0\" \"$@\" \"${OUTSIDE-}\"; nosuch\n");
    project.write_program("../project/nothing", "");
    project.write_program("../project/binary", "a\0b\n");
    project.write_program("../project/lost", "#!/no/such/interpreter\n");
    project.write("odd.env", "LC_ALL=C\nX=odd\nIFS=x\nPS4=y\nUID=-1\nBASH=/b\n");
    project.write(".envrc", format!("bump\nOUTSIDE=1\n{rc}\n"));
    project.allow();
    project
}

/// The process that a signal ended has a number, which is another each time.
#[test]
fn a_program_that_a_signal_ends_is_named() {
    for (signal, line) in [
        ("SEGV", "./.envrc: line 2: PID Segmentation fault      ./ends one \"two\"\n"),
        ("KILL", "./.envrc: line 2: PID Killed                  ./ends one \"two\"\n"),
        ("TERM", "Terminated\n"),
        ("PIPE", ""),
    ] {
        for lane in ["tell", "bash"] {
            let project = Project::new();
            project.write_program("../project/ends", &format!("#!/bin/sh\nkill -{signal} $$\n"));
            project
                .write(".envrc", "\n./ends one \"two\" # three\nexport A=$?\nexport B=$(./ends)\n");
            project.allow();
            let mut shell = project.shell();
            shell.set("ENVR_LANE", lane);
            let said = shell.any_prompt(0).replace("envr: lane: native\n", "");
            let id = said.split_whitespace().find(|word| word.parse::<u32>().is_ok());
            let said = id.map_or(said.clone(), |id| said.replace(&format!("{id:>5}"), "PID"));
            let expected = format!("envr: loading $DIR/project/.envrc\n{line}envr: export +A +B\n");
            assert_eq!(said, expected, "{lane}");
        }
    }
}
