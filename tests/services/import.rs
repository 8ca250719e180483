//! Definitions of other tools, as they are read here.

use crate::test::Project;

#[track_caller]
fn imports(file: &str, text: &str, stdout: &str, stderr: &str) {
    let project = Project::new();
    project.write(file, text);
    project.envr(["services", "import"]).stdout(stdout).stderr(stderr).success();
    // What is printed is a definition.
    let said = format!("envr: wrote `$DIR/project/envr.toml`\n{stderr}");
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
         restart = { when = \"on-failure\", delay = \"3s\", limit = 5 }\n\
         stop = { command = \"db --stop\", signal = \"2\", timeout = \"7s\" }\n\n\
         [services.web]\ncommand = \"echo \\\"one\\\"\\nexec web\\n\"\nreplicas = 2\n\
         depends_on = { db = \"ready\" }\nready = { log = \"up\" }\n\n\
         [services.job]\ncommand = \"job\"\nschedule = \"0 3 * * *\"\nauto = false\n",
        "envr: `log_level` is left out\nenvr: `db`: `namespace` is left out\n\
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
         \x20 worker:\n    command: work $$HOME\n    ports: ['80:8080']\n    environment: ['B=${B}']\n",
        "[services.web]\ncommand = [\"serve\", \"--port\", \"8080\"]\nport = 8080\n\
         depends_on = { worker = \"started\" }\n\
         ready = { exec = \"curl 'a b'\", every = \"5s\", failures = 2 }\n\
         env = { A = \"1\" }\nrestart = \"always\"\nstop = { signal = \"SIGINT\", timeout = \"1m\" }\n\n\
         [services.worker]\ncommand = \"work $HOME\"\nenv = { B = \"${B}\" }\nrestart = \"never\"\n",
        "envr: `volumes` is left out\n\
         envr: `db`: left out: it has no `command`, and what its image runs is not known here\n\
         envr: `web`: `image` is left out: its program has to be on PATH\n\
         envr: `web`: `volumes` is left out\n\
         envr: `worker`: `ports` is left out: 80:8080; it listens where it listens\n\
         envr: `worker`: `environment`: `${…}` stays as it stands\n",
    );
}

#[test]
fn procfile() {
    imports(
        "Procfile",
        "web: serve \"$PORT\"\n# no\nqueue: work\n",
        "[services.web]\ncommand = \"serve \\\"$PORT\\\"\"\n\n[services.queue]\ncommand = \"work\"\n",
        "",
    );
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
    assert!(
        String::from_utf8_lossy(&said).contains("envr.toml:4:"),
        "{}",
        String::from_utf8_lossy(&said)
    );
    assert_eq!(project.read("project/envr.toml"), "[services.web]\ncommand = 'x'\n");
}
