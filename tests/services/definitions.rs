//! Where services are written down, what is wrong with them, and that nothing runs without approval.

use super::Services;
use std::fs;

#[test]
fn nothing_runs_that_is_not_approved() {
    let services = Services::empty();
    let mark = services.project.path("ran");
    let touch = format!("touch '{}'", mark.display());
    services.project.write("Procfile", format!("web: {touch}\n"));
    services.script("services/db/run", &format!("#!/bin/sh\n{touch}\n"));
    services.project.write(".envrc", format!("{touch}\n"));
    let said = services.fail(["up", "-d"]);
    assert_eq!(
        said,
        "envr: error: `$DIR/project/Procfile` is blocked: it is not approved yet\n\
         envr: hint: `envr review` shows it, `envr allow` approves it\n"
    );
    services.allow();
    services.project.write("services/db/run", format!("#!/bin/sh\n{touch}; true\n"));
    let said = services.fail(["up", "-d"]);
    let first = said.lines().next().unwrap();
    assert_eq!(
        first,
        "envr: error: `$DIR/project/services/db/run` is blocked: it changed since it was approved \
         (1 line added, 1 line removed)"
    );
    services.allow();
    services.project.write(".envrc", "export A=1\n");
    assert!(services.fail(["up", "-d"]).contains("project/.envrc` is blocked"));
    assert!(!super::exists(&mark));
    services.project.envr(["deny"]).success();
    assert!(services.fail(["up", "-d"]).contains("is denied"));
    assert!(!super::exists(&mark));
}

#[test]
fn review_shows_what_an_approval_covers() {
    let services = Services::empty();
    services.project.write("Procfile", "web: serve\n");
    services.script("services/db/run", "#!/bin/sh\nexec db\n");
    let page = services.run(["review"]);
    assert_eq!(
        services.shown(page.as_bytes()),
        "$DIR/project/Procfile: not approved yet\n  + web: serve\n\n\
         $DIR/project/services/db/run: not approved yet\n  + #!/bin/sh\n  + exec db\n\n\
         This is not approved; `envr allow` approves it.\n"
    );
    services.allow();
    assert!(services.run(["review"]).ends_with("\nThis is approved.\n"));
}

#[test]
fn all_three_kinds_are_one_project() {
    let services = Services::empty();
    services.project.write(".envrc", "export FROM=envrc\n");
    services.project.write(
        "envr.toml",
        "[services.one]\ncommand = 'echo $FROM; sleep 1000'\nenv.FROM = 'toml'\n",
    );
    services.project.write("Procfile", "two: echo $FROM; exec sleep 1000\n");
    services.script("services/three/run", "#!/bin/sh\necho $FROM $1 ${PWD##*/}\nexec sleep 1000\n");
    services.allow();
    let mut one = services.foreground(&["up"]);
    one.until_all(&["one   | toml", "two   | envrc", "three | envrc three three"]);
    one.signal("INT");
    assert_eq!(one.end().0, Some(0));
}

#[test]
fn an_environment_can_be_declared() {
    let services = Services::new(
        "[env]\nA = 'one'\nN = 3\nLANG = false\n[path]\nadd = 'tools'\n[dotenv]\nfiles = '.env'\n\
         if_exists = ['.env.local']\n[services]\nx = 'echo $A $N ${LANG-none} $B; tool'\n",
    );
    services.project.write(".env", "B=two\n");
    services.script("tools/tool", "#!/bin/sh\necho found\nexec sleep 1000\n");
    let mut up = services.foreground(&["up"]);
    assert_eq!(up.until("one"), "one 3 none two\n");
    up.until("found");
    up.signal("TERM");
    assert_eq!(up.end().0, Some(0));
}

#[test]
fn mistakes_are_found_before_anything_starts() {
    let check = |toml: &str, expected: &str| {
        let services = Services::new(toml);
        let said = services.fail(["up", "-d"]);
        let first = said.lines().next().unwrap();
        assert_eq!(first.replace("$DIR/project/", ""), format!("envr: error: {expected}"));
        assert!(services.processes().is_empty());
    };
    check(
        "[services.web]\ncomand = 'x'\n",
        "could not read `envr.toml:2:1`: unknown key `services.web.comand`; did you mean `command`?",
    );
    check(
        "[services.web]\ncwd = 'x'\n",
        "could not read `envr.toml:1:1`: `services.web` has no `command`",
    );
    check(
        "[services]\na = 'x'\n\"b c\" = 'x'\n",
        "could not read `envr.toml:3:1`: `b c` cannot be a service's name",
    );
    check(
        "[services.a]\ncommand = 'x'\nports.'%' = 'auto'\n",
        "could not read `envr.toml:3:7`: `%` cannot be a port's name",
    );
    check(
        "[services.a]\ncommand = 'x'\n[services.b]\ncommand = 'x'\ndepends_on = [\n  'a',\n  'aa',\n]\n",
        "could not read `envr.toml:7:3`: unknown service `aa`, which `b` depends on; did you mean `a`?",
    );
    check(
        "[services.a]\ncommand = 'x'\ndepends_on = { c = 'started' }\n[services.c]\ncommand = 'x'\ndepends_on = 'a'\n",
        "could not read `envr.toml:3:16`: services wait for each other: a → c → a",
    );
    check(
        "[services.a]\ncommand = 'x'\n[services.b]\ncommand = 'x'\ndepends_on.a = 'completed'\n",
        "could not read `envr.toml:5:12`: `b` waits for `a` to be completed, which is always started again",
    );
    check(
        "[services.a]\ncommand = 'x'\nschedule = '0 3 30 2 *'\n",
        "could not read `envr.toml:3:12`: `services.a.schedule` never comes: no such month has such a day",
    );
    for (pattern, why) in [
        ("''", "``: it is empty"),
        ("'!'", "`!`: it is empty"),
        ("['*.py', 'src/']", "`src/`: `src/**` means what is in that directory"),
        ("'.'", "`.`: `./**` means what is in that directory"),
        ("'*.{py,rs}'", "`*.{py,rs}`: it takes `*`, `?`, `**` and a `!` before all"),
    ] {
        check(
            &format!("[services.a]\ncommand = 'x'\nwatch = {pattern}\n"),
            &format!(
                "could not read `envr.toml:3:{}`: `services.a.watch` has {why}",
                if pattern.starts_with('[') { 18 } else { 9 }
            ),
        );
    }
    check(
        "[services.a]\ncommand = 'x'\nwatch = ['!a']\n",
        "could not read `envr.toml:3:9`: `services.a.watch` says only what does not count",
    );
    check(
        "[services.web]\ncommand = 'x'\nredy = 'notify'\n",
        "could not read `envr.toml:3:1`: unknown key `services.web.redy`; did you mean `ready`?",
    );
    check(
        "[service.web]\ncommand = 'x'\n",
        "could not read `envr.toml:1:2`: unknown key `service`; did you mean `services`?",
    );
    check(
        "[services]\na = 'x'\n[services.b]\ncommand = 'x'\ndepends_on = ['b']\n",
        "could not read `envr.toml:5:15`: services wait for each other: b → b",
    );
    check(
        "[services.b]\ncommand = 'x'\nready = { tcp = 0 }\n",
        "could not read `envr.toml:3:17`: `services.b.ready.tcp` is neither a port nor `\"HOST:PORT\"`",
    );
    check(
        "[services.b]\ncommand = 'x'\nready.http = 'http://app.local/'\n",
        "could not read `envr.toml:3:14`: the host of `services.b.ready.http` is neither `localhost` nor an address",
    );
    check(
        "[services.b]\ncommand = 'x'\nstop = 'SIGFOO'\n",
        "could not read `envr.toml:3:8`: `services.b.stop` is not a signal such as `\"INT\"`",
    );
    check(
        "[services.b]\ncommand = 'x'\nstart = 'on-connection'\n",
        "could not read `envr.toml:3:9`: a start `\"on-connection\"` needs `listen`, and no oneshot",
    );
    check(
        "[services.b]\ncommand = 'x'\nschedule = '@daily'\ntimezone = 'Europe/Nowhere'\n",
        "could not read `envr.toml:4:12`: `services.b.timezone` is no time zone that this machine knows, \
         such as `\"Europe/Berlin\"`",
    );
    check(
        "[services.b]\ncommand = 'x'\nreplicas = 3\nport = 65534\n",
        "could not read `envr.toml:1:1`: the ports of the replicas of `services.b` pass 65535",
    );
    check(
        "[services.b]\ncommand = 'x'\nreplicas = 3\nlisten = 65534\n",
        "could not read `envr.toml:1:1`: the ports of the replicas of `services.b` pass 65535",
    );
    check(
        "[services.b]\ncommand = 'x'\nport = 8080\n[services.a]\ncommand = 'x'\nports.admin = 8080\n\
         [services.c]\ncommand = 'x'\nport = 8080\nauto = false\n",
        "could not read `envr.toml:1:11`: `a` and `b` have the same port 8080",
    );
    check(
        "[services.a]\ncommand = 'x'\nready.log = ''\n",
        "could not read `envr.toml:3:13`: `log` needs the text that is waited for",
    );
    check(
        "[services.a]\ncommand = 'x'\nenv = { 'A=B' = '1' }\n",
        "could not read `envr.toml:3:17`: `A=B` cannot be a variable's name",
    );
    check("[env]\nA = 1\n", "`$DIR/project` defines no services");
}

#[test]
fn two_ports_in_one_variable_are_refused_to_who_would_get_both() {
    let table = |name: &str, more: &str| {
        format!("[services.{name}]\ncommand = 'exec sleep 1000'\n{more}\n")
    };
    let first = table("web", "ports.admin = 'auto'") + &table("web-admin", "port = 'auto'");
    let refused = |toml: &str, expected: &str| {
        let said = Services::new(toml).fail(["up", "-d"]);
        assert_eq!(
            said.lines().next().unwrap().replace("$DIR/project/", ""),
            format!("envr: error: could not read `envr.toml:{expected}")
        );
    };
    refused(
        &(first.clone() + &table("user", "depends_on = ['web', 'web-admin']")),
        "7:11`: `user` gets two ports as `WEB_ADMIN_PORT`: `admin` of `web` and `port` of `web-admin`",
    );
    refused(
        &(table("db", "port = 'auto'") + &table("x", "ports.db = 'auto'\ndepends_on = ['db']")),
        "4:11`: `x` gets two ports as `DB_PORT`: `db` of `x` and `port` of `db`",
    );
    refused(
        &table("x", "ports = { a-b = 'auto', a_b = 'auto' }"),
        "1:11`: `x` gets two ports as `X_A_B_PORT`: `a-b` of `x` and `a_b` of `x`",
    );
    Services::new(&first).up();
}

#[test]
fn mistakes_between_files_name_the_place_of_one() {
    let services = Services::empty();
    let refused = |expected: &str| {
        services.allow();
        let said = services.fail(["up", "-d"]).replace("$DIR/project/", "");
        assert_eq!(said.lines().next(), Some(format!("envr: error: {expected}").as_str()));
    };
    services.project.write("envr.toml", "[services]\nx = 'y'\nweb = 'x'\n");
    services.project.write("Procfile", "# first\nweb: x\n");
    refused(
        "could not read `Procfile:2:1`: service `web` is defined twice, first in `envr.toml:3:1`",
    );
    services.project.remove("Procfile");
    services.script("services/WEB/run", "#!/bin/sh\n");
    refused(
        "could not read `services/WEB`: service `WEB` is defined twice, first as `web` in `envr.toml:3:1`",
    );
    fs::remove_dir_all(services.project.path("project/services")).unwrap();
    services.script("services/db/run", "#!/bin/sh\n");
    services.project.write("services/db/dependencies.d/wed", "");
    refused(
        "could not read `services/db/dependencies.d/wed`: unknown service `wed`, which `db` depends on; did you mean `web`?",
    );
    fs::remove_dir_all(services.project.path("project/services/db/dependencies.d")).unwrap();
    services.project.write("services/db/dependencies", "\n# none\nwed\n");
    refused(
        "could not read `services/db/dependencies:3:1`: unknown service `wed`, which `db` depends on; did you mean `web`?",
    );
    services.project.write("services/db/dependencies", "web\n");
    services.project.write("services/all/type", "bundle\n");
    services.project.write("services/all/contents", "web\nbd\n");
    refused(
        "could not read `services/all/contents:2:1`: unknown service `bd`, which the bundle `all` contains; did you mean `db`?",
    );
}

#[test]
fn what_s6_has_and_envr_has_not_is_told() {
    let services = Services::empty();
    services.script("services/db/run", "#!/bin/sh\nexec sleep 1000\n");
    services.project.write("services/db/lock-fd", "4\n");
    services.script("services/db/log/run", "#!/bin/sh\nexec cat >/dev/null\n");
    for name in
        ["flag-essential", "flag-recommended", "flag-timeout-killpg", "timeout-down", "log/down"]
    {
        services.project.write(&format!("services/db/{name}"), "");
    }
    services.project.write("services/all/type", "bundle\n");
    services.project.write("services/all/contents.d/.gitkeep", "");
    services.project.write("services/all/dependencies.d/db", "");
    services.script("services/once/run", "#!/bin/sh\n");
    services.project.write("services/once/type", "oneshot\n");
    services.project.write("services/once/down", "");
    services.allow();
    let said = services.project.envr(["up", "--wait"]).any_stderr().success().stderr;
    let said = services.shown(&said);
    let warnings: Vec<&str> = said.lines().filter(|line| line.contains("warning")).collect();
    let files = [
        "all/dependencies.d",
        "db/lock-fd",
        "db/flag-essential",
        "db/flag-recommended",
        "db/timeout-down",
        "db/log/down",
        "once/down",
    ];
    let warning =
        |file| format!("envr: warning: `$DIR/project/services/{file}` counts for nothing here");
    assert_eq!(warnings, files.map(warning));
}

#[test]
fn without_services_there_is_a_hint() {
    let services = Services::empty();
    assert_eq!(
        services.fail(["ps"]),
        "envr: error: could not find services here or in a directory above\n\
         envr: hint: `envr.toml` with `[services]`, a `Procfile` or `services/NAME/run` defines them\n"
    );
}
