//! Definitions of other tools, as they are read here.

use crate::test::Project;
use std::fmt::Write as _;

#[track_caller]
fn imports(file: &str, text: &str, stdout: &str, stderr: &str) {
    let project = Project::new();
    project.write(file, text);
    project.envr(["services", "import"]).stdout(stdout).stderr(stderr).success();
    // What is printed is a definition.
    let both = match file {
        "Procfile" => {
            "envr: `$DIR/project/Procfile` defines them, too: nothing runs while both are there\n\
             envr: hint: rm $DIR/project/Procfile\n"
        }
        _ => "",
    };
    let said = format!("envr: wrote `$DIR/project/envr.toml`\n{both}{stderr}");
    project.envr(["services", "import", "--write", file]).stderr(&said).success();
    project.allow();
    project.remove(file);
    let names = project.envr(["ps"]).any_stdout().success().stdout;
    let names = String::from_utf8(names).unwrap();
    for name in stdout.lines().filter_map(|line| line.strip_prefix("[services.")) {
        assert!(names.contains(name.trim_end_matches(']')), "{names}");
    }
}

#[test]
fn process_compose() {
    imports(
        "process-compose.yaml",
        "version: '0.5'\nlog_level: info\nenvironment: ['A=1']\nprocesses:\n\
         \x20 db:\n    command: exec db\n    working_dir: data\n    environment: ['PGPORT=5432', 'X=a=b']\n\
         \x20   readiness_probe: { http_get: { host: 127.0.0.1, port: 8080, path: /up }, period_seconds: 2, failure_threshold: 4 }\n\
         \x20   availability: { restart: on_failure, backoff_seconds: 3, max_restarts: 5 }\n\
         \x20   shutdown: { command: 'db --stop', signal: 2, timeout_seconds: 7 }\n    namespace: x\n\
         \x20 web:\n    command: |\n      echo \"one\"\n      exec web\n    replicas: 2\n\
         \x20   depends_on: { db: { condition: process_healthy } }\n    ready_log_line: up\n\
         \x20 job:\n    command: job\n    schedule: { cron: '0 3 * * *' }\n    disabled: true\n\
         \x20 empty:\n    namespace: y\n",
        "[env]\nA = \"1\"\n\n\
         [services.db]\ncommand = \"exec db\"\ncwd = \"data\"\nenv = { PGPORT = \"5432\", X = \"a=b\" }\n\
         ready = { http = \"http://127.0.0.1:8080/up\", every = \"2s\", failures = 4 }\n\
         restart = { when = \"on-failure\", delay = \"3s\", longest_delay = \"3s\", limit = 5 }\n\
         stop = { command = \"db --stop\", signal = \"2\", timeout = \"7s\" }\n\n\
         [services.web]\ncommand = \"echo \\\"one\\\"\\nexec web\\n\"\nreplicas = 2\n\
         depends_on = { db = \"ready\" }\nready = { log = \"up\" }\nrestart = \"never\"\n\n\
         [services.job]\ncommand = \"job\"\nschedule = \"0 3 * * *\"\nauto = false\n",
        "envr: `log_level` is left out\nenvr: `db`: `max_restarts` counts failures in a row\n\
         envr: `db`: `namespace` is left out\n\
         envr: `empty`: `namespace` is left out\nenvr: `empty`: left out: it has no command\n",
    );
}

#[test]
fn docker_compose() {
    imports(
        "docker-compose.yml",
        "x-common: &common\n  environment: { A: 1 }\n  restart: unless-stopped\nvolumes: {}\nservices:\n\
         \x20 db:\n    image: postgres:16\n\
         \x20 web:\n    <<: *common\n    image: web\n    command: [serve, --port, '8080']\n\
         \x20   ports: ['8080:8080']\n    depends_on: [worker]\n\
         \x20   healthcheck: { test: ['CMD', curl, 'a b'], interval: 5s, retries: 2 }\n\
         \x20   stop_signal: SIGINT\n    stop_grace_period: 1m\n    volumes: ['.:/app']\n\
         \x20 worker:\n    command: work $$HOME\n    ports: ['80:8080']\n    environment: ['B=${B}', 'C=${B:-x} $$y']\n",
        "[services.web]\ncommand = [\"serve\", \"--port\", \"8080\"]\nport = 8080\n\
         depends_on = { worker = \"started\" }\n\
         ready = { exec = \"curl 'a b'\", every = \"5s\", failures = 2 }\n\
         env = { A = \"1\" }\nrestart = \"always\"\nstop = { signal = \"SIGINT\", timeout = \"1m\" }\n\n\
         [services.worker]\ncommand = \"export C=\\\"${B:-x} \\\\$y\\\"\\nexec work '$HOME'\"\nrestart = \"never\"\n",
        "envr: `volumes` is left out\n\
         envr: `db`: left out: it has no `command`, and what its image runs is not known here\n\
         envr: `web`: `image` is left out: its program has to be on PATH, and no entrypoint of it runs\n\
         envr: `web`: `volumes` is left out\n\
         envr: `worker`: `ports` is left out: 80:8080; it listens where it listens\n",
    );
}

#[test]
fn procfile() {
    imports(
        "Procfile",
        "web: serve \"$PORT\"\n# no\nqueue: work $PORTS\n",
        "[services.web]\ncommand = \"serve \\\"$PORT\\\"\"\nport = \"auto\"\n\n[services.queue]\ncommand = \"work $PORTS\"\n",
        "envr: `web`: `PORT` is one that is free, and stays the same\n",
    );
}

/// Prints the tables of a file, and what was said beside them.
fn imported(project: &Project, file: &str, text: &str) -> (String, String) {
    project.write(file, text);
    let run = project.envr(["services", "import", file]).any_stdout().any_stderr();
    let output = run.success();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

#[test]
fn what_compose_takes_from_elsewhere() {
    let project = Project::new();
    let (tables, said) = imported(
        &project,
        "compose.yaml",
        "x-one: &one { restart: 'on-failure:3' }\nx-two: &two { stop_signal: INT }\nservices:\n\
         \x20 base:\n    environment: { A: one, B: two }\n    env_file: [common.env, { path: own.env, required: false }]\n\
         \x20 web:\n    <<: [*one, *two]\n    extends: { service: base }\n    command: [serve, '${HOST:-all}', '$$x']\n\
         \x20   environment: ['B=three', 'PASSED', 'LIKE=${A}-${MISSING:?gone}']\n\
         \x20   deploy: { replicas: 2, resources: {} }\n    healthcheck: { disable: true }\n\
         \x20   depends_on: { gone: { condition: service_healthy }, job: { condition: service_completed_successfully } }\n\
         \x20 gone: { image: postgres }\n  job: { command: work, profiles: [later], stop_grace_period: soon }\n\
         \x20 round: { command: x, extends: round }\n  far: { command: x, extends: { file: f.yml, service: y } }\n",
    );
    assert_eq!(
        tables,
        "[dotenv]\nfiles = [\"common.env\"]\nif_exists = [\"own.env\"]\n\n\
         [services.web]\ncommand = \"export A=one LIKE=\\\"${A}-${MISSING:?gone}\\\"\\nexec serve \\\"${HOST:-all}\\\" '$x'\"\n\
         env = { B = \"three\" }\nreplicas = 2\n\
         depends_on = { job = \"completed\" }\nrestart = { when = \"on-failure\", limit = 3 }\n\
         stop = { signal = \"INT\" }\n\n\
         [services.job]\ncommand = [\"work\"]\nauto = false\noneshot = true\n\n\
         [services.round]\ncommand = [\"x\"]\nrestart = \"never\"\n\n[services.far]\ncommand = [\"x\"]\nrestart = \"never\"\n"
    );
    for line in [
        "`base`: left out: it has no `command`, and what its image runs is not known here",
        "`web`: `env_file` becomes `[dotenv]`: all services get it",
        "`web`: `deploy.resources` is left out",
        "`web`: `depends_on`: `gone` is not here",
        "`job`: `profiles`: it starts when it is named, or needed",
        "`job`: `stop_grace_period` is left out: `soon`",
        "`round`: `extends` is left out: it leads nowhere",
        "`far`: `extends` is left out: it is in `f.yml`",
    ] {
        assert!(said.contains(&format!("envr: {line}\n")), "{line}\n\n{said}");
    }
}

#[test]
fn what_process_compose_does_otherwise() {
    let project = Project::new();
    let (tables, said) = imported(
        &project,
        "process-compose.yaml",
        "processes:\n  web:\n    command: 'if [[ -n $$A ]]; then serve {{.PC_REPLICA_NUM}}; fi'\n    is_daemon: true\n\
         \x20   readiness_probe: { http_get: { host: app.local, port: '${PORT}', scheme: https } }\n\
         \x20   liveness_probe: { http_get: { port: '${PORT}', headers: { A: b } } }\n\
         \x20   depends_on: { job: { condition: process_completed } }\n\
         \x20 job: { command: x, schedule: { cron: '0 3 * * *', timezone: UTC0, run_on_start: true } }\n\
         \x20 odd: { command: x, availability: { restart: always, exit_on_end: true }, shutdown: { signal: 99 } }\n",
    );
    assert_eq!(
        tables,
        "[services.web]\ncommand = [\"bash\", \"-c\", \"if [[ -n $A ]]; then serve {{.PC_REPLICA_NUM}}; fi\"]\n\
         live = { http = \"http://localhost:$PORT/\" }\ndepends_on = { job = \"completed\" }\nrestart = \"never\"\n\n\
         [services.job]\ncommand = \"x\"\nschedule = \"0 3 * * *\"\ntimezone = \"UTC0\"\n\n\
         [services.odd]\ncommand = \"x\"\nrestart = { when = \"always\" }\n"
    );
    for line in [
        "`web`: `command`: the template `{{.PC_REPLICA_NUM}}` stays as it stands",
        "`web`: `is_daemon` is left out: it has to stay in the foreground",
        "`web`: `depends_on`: `job` has to end with success",
        "`web`: `readiness_probe.http_get.scheme` is left out",
        "`web`: `liveness_probe.http_get.headers` is left out",
        "`job`: `schedule.run_on_start` is left out",
        "`odd`: `availability.exit_on_end: true` is left out",
    ] {
        assert!(said.contains(&format!("envr: {line}\n")), "{line}\n\n{said}");
    }
    for key in ["`web`: `ready` is left out: ", "`odd`: `stop` is left out: "] {
        assert!(said.contains(key), "{said}");
    }
}

#[test]
fn a_file_that_grows_without_an_end_is_refused() {
    let project = Project::new();
    let mut bomb = "a0: &a0 { x: y }\n".to_string();
    for level in 1..30 {
        let below = level - 1;
        writeln!(bomb, "a{level}: &a{level} [*a{below}, *a{below}, *a{below}, *a{below}]").unwrap();
    }
    bomb.push_str("services: { web: { command: x, labels: *a29 } }\n");
    project.write("compose.yaml", bomb);
    let said = project.envr(["services", "import"]).any_stderr().failure().stderr;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("could not read"), "{said}");
    // Nor does depth harm anybody.
    project.write(
        "compose.yaml",
        format!("services: {}x{}", "{ a: ".repeat(100_000), "}".repeat(100_000)),
    );
    let run = project.envr(["services", "import"]).any_stderr().any_stdout();
    assert_eq!(run.output().status.code(), Some(1));
}

/// What a service says that is ready before that is heard.
fn until_said(services: &super::Services, name: &str) -> Vec<String> {
    loop {
        let said = services.said(name);
        if !said.is_empty() {
            return said;
        }
    }
}

#[test]
fn what_was_imported_runs() {
    let services = super::Services::empty();
    services.project.write(".env", "GREETING=hello\nHOST=from-dotenv\nBOTH='* x'\n");
    services.project.write(
        "compose.yaml",
        "services:\n  setup: { image: x, command: [touch, done] }\n\
         \x20 web:\n    image: x\n    command: [sh, -c, 'echo $$A $$B $$HOST; exec sleep 1000']\n\
         \x20   environment: { A: '${GREETING:-none}!', B: '${MISSING:-default}' }\n\
         \x20   depends_on: { setup: { condition: service_completed_successfully } }\n\
         \x20   healthcheck: { test: [CMD, test, -e, done], interval: 50ms }\n    restart: always\n\
         \x20 db:\n    command: sh -c 'echo $$HOST $$DB \"$$0\" \"$$1\"; exec sleep 1000' \"${HOST} ${DB}\" ${BOTH}\n\
         \x20   environment: { HOST: own, DB: '${GREETING:-none}', OTHER: '${DB:-outside}', BOTH: own }\n\
         \x20   healthcheck: { test: \"test \\\"$$DB $$OTHER\\\" = '${GREETING} outside' && test \\\"$$HOST ${HOST}\\\" = 'own from-dotenv'\" }\n",
    );
    services.run(["services", "import", "--write"]);
    services.allow();
    services.up();
    assert_eq!(until_said(&services, "web"), ["hello! default from-dotenv"]);
    assert_eq!(
        (services.state("setup"), services.state("web")),
        ("completed".into(), "ready".into())
    );
    assert_eq!(services.state("db"), "ready");
    assert_eq!(until_said(&services, "db"), ["own hello from-dotenv  *"]);
}

#[test]
fn what_cannot_be_imported_is_told() {
    let project = Project::new();
    project
        .envr(["services", "import"])
        .stderr(
            "envr: error: could not find a `process-compose.yaml`, a `compose.yaml` or a `Procfile` here\n\
             envr: hint: envr services import FILE\n",
        )
        .failure();
    project.write("compose.yaml", "a: [\n");
    project.envr(["services", "import"]).any_stderr().failure();
    project.write("compose.yaml", "a: 1\n");
    project
        .envr(["services", "import"])
        .stderr("envr: error: could not read `$DIR/project/compose.yaml`: it has neither `processes` nor `services`\n")
        .failure();
    // What is defined already is not written twice.
    project.write("Procfile", "web: serve\n");
    project.write("envr.toml", "[services.web]\ncommand = 'x'\n");
    let run = project.envr(["services", "import", "--write", "Procfile"]);
    let said = run.any_stderr().failure().stderr;
    assert_eq!(
        String::from_utf8_lossy(&said),
        format!(
            "envr: error: could not add to `{0}`: it has `[services.web]` already\n\
             envr: hint: envr services import {1}\n",
            project.path("project/envr.toml").display(),
            project.path("project/Procfile").display()
        )
    );
    assert_eq!(project.read("project/envr.toml"), "[services.web]\ncommand = 'x'\n");
}

#[test]
fn what_is_split_into_words_and_what_checks_do_not_have() {
    imports(
        "compose.yaml",
        "services:\n  web:\n    entrypoint: [sh, -c]\n    command: \"'echo one; exec two' three\"\n\
         \x20   healthcheck: { test: 'true', start_period: 5s, interval: often }\n\
         \x20 api: { entrypoint: 'serve --name \"a b\"', command: [-v] }\n",
        "[services.web]\ncommand = [\"sh\", \"-c\", \"echo one; exec two\", \"three\"]\n\
         ready = { exec = \"true\" }\nrestart = \"never\"\n\n\
         [services.api]\ncommand = [\"serve\", \"--name\", \"a b\", \"-v\"]\nrestart = \"never\"\n",
        "envr: `web`: `healthcheck.start_period` is left out\n\
         envr: `web`: `healthcheck.interval` is left out: `often`\n",
    );
    imports(
        "process-compose.yaml",
        "shell: { shell_command: fish }\nprocesses:\n  web:\n    command: exec web\n\
         \x20   readiness_probe: { exec: { command: 'true', shell: fish }, initial_delay_seconds: 5, success_threshold: 2 }\n",
        "[services.web]\ncommand = \"exec web\"\nready = { exec = \"true\" }\nrestart = \"never\"\n",
        "envr: `shell` is left out\n\
         envr: `web`: `readiness_probe.exec.shell` is left out\n\
         envr: `web`: `readiness_probe.initial_delay_seconds` is left out\n\
         envr: `web`: `readiness_probe.success_threshold` is left out\n",
    );
}

#[test]
fn what_a_process_says_twice() {
    imports(
        "process-compose.yaml",
        "processes:\n  web:\n    ready_log_line: up\n    entrypoint: [serve]\n    command: exec web\n\
         \x20   readiness_probe: { http_get: { port: 8080 } }\n\
         \x20 job: { command: job, schedule: { interval: 5m, cron: '0 3 * * *' } }\n",
        "[services.web]\ncommand = \"exec web\"\nready = { http = \"http://localhost:8080/\" }\n\
         restart = \"never\"\n\n[services.job]\ncommand = \"job\"\nschedule = \"0 3 * * *\"\n",
        "envr: `web`: `ready_log_line` is left out: `readiness_probe` says it, too\n\
         envr: `web`: `entrypoint` is left out: `command` says it, too\n\
         envr: `job`: `schedule.interval` is left out\n",
    );
}

#[test]
fn what_process_compose_fills_in_before_it_looks_at_anything() {
    let services = super::Services::empty();
    services.project.write(".env", "DATA=sub\nX='x y'\n");
    services.project.write("sub/here", "");
    services.project.write(
        "process-compose.yaml",
        "environment: ['ALL=${DATA}-all']\nprocesses:\n  web:\n    working_dir: ${DATA}\n\
         \x20   command: \"echo $$ALL $$OWN $$PRICE '${X}' $${PWD##*/}; exec sleep 1000\"\n\
         \x20   environment: ['OWN=${DATA}/own', 'PRICE=$$5']\n\
         \x20   readiness_probe: { exec: { command: \"test -e here && test \\\"$${OWN} \\\"'${X}' = 'sub/own x y'\" } }\n\
         \x20   shutdown: { command: 'echo \"$${OWN}\" >stopped; kill $$MAINPID' }\n",
    );
    services.run(["services", "import", "--write"]);
    services.allow();
    services.up();
    assert_eq!(until_said(&services, "web"), ["sub-all sub/own $5 x y sub"]);
    assert_eq!(services.state("web"), "ready");
    services.run(["down"]);
    assert_eq!(services.project.read("project/sub/stopped"), "sub/own\n");
}

#[test]
fn what_is_filled_in_has_to_be_known_where_no_shell_reads_it() {
    let project = Project::new();
    let (tables, said) = imported(
        &project,
        "process-compose.yaml",
        "processes:\n  web:\n    command: 'echo $? $HOME'\n    env_file: ${FILE}\n    replicas: ${N}\n\
         \x20   environment: { HOME: /here, a.b: '${C}', A: '$$1', '${X}': 1, B: '${A} $A' }\n\
         \x20   readiness_probe: { period_seconds: $P, http_get: { path: '/$P' } }\n\
         \x20   availability: { restart: $R, backoff_seconds: $B }\n    ready_log_line: $X is up\n\
         \x20 job: { command: x, ready_log_line: $X is up, schedule: { cron: '$X' }, disabled: $X, shutdown: { signal: $X } }\n",
    );
    assert_eq!(
        tables,
        "[services.web]\ncommand = \"export B=\\\"${A} ${A}\\\"\\necho $? ${HOME}\"\n\
         env = { HOME = \"/here\", A = \"$1\" }\nrestart = \"never\"\n\n\
         [services.job]\ncommand = \"x\"\nrestart = \"never\"\n"
    );
    let nobody =
        |key: &str, text: &str| format!("{key}` is left out: nobody fills in `{text}` here");
    let expected = [
        "web`: `command`: `$?` stays as it stands".to_string(),
        "web`: `${A}` is its own `A` here, not the one outside".to_string(),
        "web`: `${HOME}` is its own `HOME` here, not the one outside".to_string(),
        "web`: `environment.a.b` is left out".to_string(),
        "web`: `environment.${X}` is left out".to_string(),
        "web`: `readiness_probe` is left out".to_string(),
        nobody("web`: `env_file", "${FILE}"),
        nobody("web`: `replicas", "${N}"),
        nobody("web`: `readiness_probe.period_seconds", "$P"),
        nobody("web`: `readiness_probe.http_get.path", "/$P"),
        nobody("web`: `availability.restart", "$R"),
        nobody("web`: `availability.backoff_seconds", "$B"),
        nobody("job`: `ready_log_line", "$X is up"),
        nobody("job`: `schedule.cron", "$X"),
        nobody("job`: `disabled", "$X"),
        nobody("job`: `shutdown.signal", "$X"),
    ];
    for line in expected {
        assert!(said.contains(&format!("envr: `{line}\n")), "{line}\n\n{said}");
    }
    // Nothing is filled in where the file says so.
    let (tables, _) = imported(
        &project,
        "process-compose.yaml",
        "disable_env_expansion: true\nprocesses: { web: { command: \"echo $$ '$A'\" } }\n",
    );
    assert_eq!(tables, "[services.web]\ncommand = \"echo $$ '$A'\"\nrestart = \"never\"\n");
}

#[test]
fn what_compose_does_not_say_or_says_in_a_long_way() {
    imports(
        "compose.yaml",
        "services:\n  prom: { image: prom/prometheus, command: ['--config.file=/x'] }\n\
         \x20 long: { command: x, ports: [{ target: 8080, published: '8080', protocol: tcp }] }\n\
         \x20 udp: { command: x, ports: [{ target: 80, published: 8080, host_ip: 127.0.0.1 }, { target: 53, protocol: udp }] }\n\
         \x20 sh: { command: 'echo *; touch \"a b\" # c' }\n  open: { command: \"echo 'a\" }\n\
         \x20 vars: { command: x, restart: '${R:-always}', scale: '${N:-2}', depends_on: { sh: { condition: service_started, restart: true } } }\n\
         \x20 odd: { command: x, restart: sometimes, env_file: '${F:-.env}' }\n",
        "[services.long]\ncommand = [\"x\"]\nport = 8080\nrestart = \"never\"\n\n\
         [services.udp]\ncommand = [\"x\"]\nrestart = \"never\"\n\n\
         [services.sh]\ncommand = [\"echo\", \"*;\", \"touch\", \"a b\", \"#\", \"c\"]\nrestart = \"never\"\n\n\
         [services.vars]\ncommand = [\"x\"]\ndepends_on = { sh = \"started\" }\nrestart = \"never\"\n\n\
         [services.odd]\ncommand = [\"x\"]\nrestart = \"never\"\n",
        "envr: `prom`: left out: its `command` has only arguments, and what its image runs is not known here\n\
         envr: `udp`: `ports` is left out: 127.0.0.1:8080:80, 53/udp; it listens where it listens\n\
         envr: `sh`: `command`: `;` means nothing, for no shell reads it\n\
         envr: `open`: left out: a quote in its `command` does not end\n\
         envr: `vars`: `restart` is left out: nobody fills in `${R:-always}` here\n\
         envr: `vars`: `scale` is left out: nobody fills in `${N:-2}` here\n\
         envr: `vars`: `depends_on.sh.restart` is left out\n\
         envr: `odd`: `env_file` is left out: nobody fills in `${F:-.env}` here\n\
         envr: `odd`: `restart` is left out: `sometimes`\n",
    );
}

#[test]
fn what_compose_finds_beside_the_file_or_by_name() {
    let project = Project::new();
    project.write("compose.override.yml", "services: {}\n");
    project.write("docker-compose.override.yml", "services: {}\n");
    let (_, said) = imported(
        &project,
        "compose.yaml",
        "services:\n  db: { image: postgres }\n\
         \x20 web:\n    command: [serve, --cache, 'cache:6379']\n\
         \x20   environment: ['DATABASE_URL=postgres://app@db/app', POSTGRES_DB=db, CACHE_HOST=cache]\n\
         \x20 cache: { command: cache }\n---\nservices: { more: { command: x } }\n",
    );
    assert_eq!(
        said,
        "envr: `db`: left out: it has no `command`, and what its image runs is not known here\n\
         envr: `web`: `command`: no host is called `cache` here, but `localhost`\n\
         envr: `web`: `environment.DATABASE_URL`: no host is called `db` here, but `localhost`\n\
         envr: `web`: `environment.CACHE_HOST`: no host is called `cache` here, but `localhost`\n\
         envr: only the first document of the file is read\n\
         envr: `compose.override.yml` is left out\n"
    );
}
