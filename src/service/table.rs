//! `[services.NAME]` of an `envr.toml`.

mod ports;

use super::directory::Directories;
use super::{
    Check, Condition, Kind, Listen, LogLimits, Port, Probe, Program, Readiness, Ready, Restart,
    RestartWhen, Schedule, Scope, Spec, StartWhen, Stop, Zone, is_name, signal_number,
};
use crate::toml::{Table, Value};
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const CONDITIONS: [(&str, Condition); 3] = [
    ("started", Condition::Started),
    ("ready", Condition::Ready),
    ("completed", Condition::Completed),
];
const RESTARTS: [(&str, RestartWhen); 3] = [
    ("always", RestartWhen::Always),
    ("on-failure", RestartWhen::OnFailure),
    ("never", RestartWhen::Never),
];
const STARTS: [(&str, StartWhen); 2] =
    [("at-once", StartWhen::AtOnce), ("on-connection", StartWhen::OnConnection)];
const SCOPES: [(&str, Scope); 2] = [("group", Scope::Group), ("main", Scope::Main)];

/// The variable that says which of its replicas a service is.
const REPLICA: &str = "ENVR_REPLICA";

/// The services of the table `services`, run from `dir` unless they say where. What has replicas is a name for all of
/// them.
pub fn read(services: Table, dir: &Path) -> Result<Directories> {
    let mut read = Directories::default();
    for (name, value) in services.into_entries() {
        if !is_name(&name) {
            return Err(value.key_mistake(&format!("`{name}` cannot be a service's name")));
        }
        let place = value.key_place();
        read.places.add(&name, place.clone());
        if !value.is_table() {
            let command = value.string()?;
            read.specs.push(Spec::new(&name, dir.to_path_buf(), Program::shell(&command)));
            continue;
        }
        let no_command = value.mistake(&format!("`{}` has no `command`", value.name));
        let too_high =
            value.mistake(&format!("the ports of the replicas of `{}` pass 65535", value.name));
        let mut table = value.table()?;
        let count = table.take("replicas").map(replicas).transpose()?;
        let needs = table.take("depends_on").map(dependencies).transpose()?.unwrap_or_default();
        let command = table.take("command").map(command).transpose()?;
        let has_command = command.is_some();
        let spec = Spec::new(&name, dir.to_path_buf(), command.unwrap_or(Program::shell("")));
        let spec = service(spec, &mut table)?;
        table.finish()?;
        if !has_command {
            return Err(no_command);
        }
        let spec = Spec { depends_on: needs.conditions, ..spec };
        for (needed, place) in needs.places {
            match count {
                None => read.places.add_need(&name, &needed, place),
                Some(count) => (1..=count).for_each(|number| {
                    read.places.add_need(&replica_name(&name, number), &needed, place.clone());
                }),
            }
        }
        match count {
            None => read.specs.push(spec),
            Some(count) => {
                let copies: Option<Vec<Spec>> =
                    (1..=count).map(|number| replica(&spec, number)).collect();
                let copies = copies.ok_or(too_high)?;
                for copy in &copies {
                    read.places.add(&copy.name, place.clone());
                }
                read.bundles.insert(name, copies.iter().map(|copy| copy.name.clone()).collect());
                read.specs.extend(copies);
            }
        }
    }
    Ok(read)
}

fn replicas(value: Value) -> Result<u16> {
    let wrong = value.mistake(&format!("`{}` is not a number from 1 to 1000", value.name));
    match u16::try_from(value.number()?) {
        Ok(count @ 1..=1000) => Ok(count),
        _ => Err(wrong),
    }
}

/// One of several, counted from 1. Ports that are given count up; `None` where there are none so high.
fn replica(spec: &Spec, number: u16) -> Option<Spec> {
    let mut copy = Spec { name: replica_name(&spec.name, number), ..spec.clone() };
    let own = |port: Port| match port {
        Port::Number(first) => first.checked_add(number - 1).map(Port::Number),
        Port::Auto => Some(Port::Auto),
    };
    for port in copy.ports.values_mut() {
        *port = own(*port)?;
    }
    for socket in copy.listen.values_mut() {
        if let Listen::Tcp(_, port) = socket {
            *port = own(*port)?;
        }
    }
    copy.env.entry(REPLICA.to_string()).or_insert_with(|| Some(number.to_string()));
    Some(copy)
}

fn replica_name(name: &str, number: u16) -> String {
    format!("{name}-{number}")
}

/// With all that its table says beside its command and those whom it needs.
fn service(mut spec: Spec, table: &mut Table) -> Result<Spec> {
    let dir = &spec.dir.clone();
    let schedule = table.take("schedule").map(schedule).transpose()?;
    let is_oneshot = table.bool("oneshot")?.unwrap_or(false) || schedule.is_some();
    let kind = if is_oneshot { Kind::Oneshot } else { Kind::Longrun };
    spec.kind = kind;
    spec.schedule = schedule;
    spec.timezone = table.take("timezone").map(timezone).transpose()?;
    if kind == Kind::Oneshot {
        spec.restart.when = RestartWhen::Never;
    }
    if let Some(cwd) = table.string("cwd")? {
        spec.dir = crate::fs::clean(&dir.join(cwd));
    }
    if let Some(env) = table.table("env")? {
        let variable = |(name, value): (String, Value)| Ok((name, value.variable()?));
        spec.env = env.into_variables()?.map(variable).collect::<Result<_>>()?;
    }
    spec.ready = table.take("ready").map(ready).transpose()?;
    spec.live = table.table("live")?.map(live).transpose()?;
    if let Some(value) = table.take("restart") {
        spec.restart = restart(value, spec.restart)?;
    }
    if let Some(value) = table.take("stop") {
        spec.stop = stop(value)?;
    }
    spec.ports = ports::ports(table)?;
    if let Some(value) = table.take("listen") {
        let both =
            value.mistake("`listen` opens the ports itself: `port` and `ports` are for others");
        spec.listen = ports::listen(value, dir)?;
        if !spec.ports.is_empty() {
            return Err(both);
        }
    }
    if let Some(value) = table.take("start") {
        let wrong = value.mistake("a start `\"on-connection\"` needs `listen`, and no oneshot");
        spec.start = value.one_of(&STARTS)?;
        let is_possible = !spec.listen.is_empty() && kind == Kind::Longrun;
        if spec.start == StartWhen::OnConnection && !is_possible {
            return Err(wrong);
        }
    }
    spec.watch =
        table.take("watch").map(|value| patterns(value, dir)).transpose()?.unwrap_or_default();
    if let Some(log) = table.table("log")? {
        spec.log = log_limits(log)?;
    }
    spec.starts_with_all = table.bool("auto")?.unwrap_or(true);
    Ok(spec)
}

/// Patterns that can ever be meant.
fn patterns(value: Value, dir: &Path) -> Result<Vec<String>> {
    let name = value.name.clone();
    let no_sense = value.mistake(&format!("`{name}` says only what does not count"));
    let mut patterns = Vec::new();
    for item in value.items() {
        let wrong = |pattern: &str, why: &str| format!("`{name}` has `{pattern}`: {why}");
        let place = |message: &str| item.mistake(message);
        let pattern = item.text()?;
        let path = pattern.trim_start_matches('!');
        if path.is_empty() {
            return Err(place(&wrong(pattern, "it is empty")));
        }
        if pattern.contains('{') && pattern.contains(',') && pattern.contains('}') {
            return Err(place(&wrong(pattern, "it takes `*`, `?`, `**` and a `!` before all")));
        }
        if path.ends_with('/') || dir.join(path).is_dir() {
            let inside = format!("{}/**", pattern.trim_end_matches('/'));
            return Err(place(&wrong(
                pattern,
                &format!("`{inside}` means what is in that directory"),
            )));
        }
        patterns.push(whole(pattern, dir));
    }
    if !patterns.is_empty() && patterns.iter().all(|pattern| pattern.starts_with('!')) {
        return Err(no_sense);
    }
    Ok(patterns)
}

/// A pattern with its whole path, and the `!` that it may begin with.
fn whole(pattern: &str, dir: &Path) -> String {
    let (sign, path) = pattern.strip_prefix('!').map_or(("", pattern), |path| ("!", path));
    format!("{sign}{}", crate::fs::clean(&dir.join(path)).display())
}

fn schedule(value: Value) -> Result<Schedule> {
    let wrong = value.mistake(&format!(
        "`{}` is neither a time such as `\"10m\"` nor five fields such as `\"0 3 * * mon-fri\"`",
        value.name
    ));
    let never = format!("`{}` never comes: no such month has such a day", value.name);
    let never = value.mistake(&never);
    let schedule = Schedule::parse(&value.string()?).ok_or(wrong)?;
    if schedule.can_come() { Ok(schedule) } else { Err(never) }
}

fn timezone(value: Value) -> Result<Zone> {
    let wrong = value.mistake(&format!(
        "`{}` is no time zone that this machine knows, such as `\"Europe/Berlin\"`",
        value.name
    ));
    Zone::named(&value.string()?).ok_or(wrong)
}

/// A line for the shell, or a program with its arguments.
fn command(value: Value) -> Result<Program> {
    let no_program = value.mistake(&format!("`{}` names no program", value.name));
    let is_line = value.is_string();
    let mut words = value.strings()?.into_iter();
    match words.next() {
        Some(line) if is_line && !line.trim().is_empty() => Ok(Program::shell(&line)),
        Some(file) if !is_line && !file.is_empty() => {
            Ok(Program { file: file.into(), arguments: words.map(Into::into).collect() })
        }
        _ => Err(no_program),
    }
}

/// What a service needs, and where each of that is said.
#[derive(Default)]
struct Needs {
    conditions: BTreeMap<String, Condition>,
    places: Vec<(String, String)>,
}

/// `["db"]`, or `{ db = "completed" }`.
fn dependencies(value: Value) -> Result<Needs> {
    let mut needs = Needs::default();
    if value.is_table() {
        for (name, value) in value.table()?.into_entries() {
            needs.places.push((name.clone(), value.key_place()));
            needs.conditions.insert(name, value.one_of(&CONDITIONS)?);
        }
        return Ok(needs);
    }
    for item in value.items() {
        let place = item.place();
        let name = item.string()?;
        needs.places.push((name.clone(), place));
        needs.conditions.insert(name, Condition::Ready);
    }
    Ok(needs)
}

fn ready(value: Value) -> Result<Ready> {
    if value.is_string() {
        let how = value.one_of(&[("notify", ())]).map(|()| Readiness::Notify { watchdog: None })?;
        return Ok(Ready { how, timeout: None });
    }
    let no_way = value.mistake(&format!(
        "`{}` needs one of `fd`, `notify`, `log`, `exec`, `tcp`, `http`",
        value.name
    ));
    let mut table = value.table()?;
    let timeout = table.duration("timeout")?;
    let mut ways = Vec::new();
    if let Some(value) = table.take("fd") {
        ways.push(Readiness::Descriptor(descriptor(value)?));
    }
    if table.bool("notify")?.unwrap_or(false) {
        ways.push(Readiness::Notify { watchdog: table.duration("watchdog")? });
    }
    if let Some(value) = table.take("log") {
        let nothing = value.mistake("`log` needs the text that is waited for");
        let text = value.string()?;
        if text.is_empty() {
            return Err(nothing);
        }
        ways.push(Readiness::LogLine(text));
    }
    let probe = probe(&mut table, Duration::from_secs(1))?;
    ways.extend(probe.map(Readiness::Probe));
    table.finish()?;
    match <[Readiness; 1]>::try_from(ways) {
        Ok([how]) => Ok(Ready { how, timeout }),
        Err(_) => Err(no_way),
    }
}

fn descriptor(value: Value) -> Result<i32> {
    let wrong = value.mistake(&format!("`{}` is not a descriptor from 3 to 1000", value.name));
    match i32::try_from(value.number()?) {
        Ok(number @ 3..=1000) => Ok(number),
        _ => Err(wrong),
    }
}

fn live(mut table: Table) -> Result<Probe> {
    let no_way = table.mistake("it needs one of `exec`, `tcp`, `http`");
    let probe = probe(&mut table, Duration::from_secs(10))?;
    table.finish()?;
    probe.ok_or(no_way)
}

fn probe(table: &mut Table, every: Duration) -> Result<Option<Probe>> {
    let mut checks = Vec::new();
    checks.extend(table.string("exec")?.map(Check::Exec));
    if let Some(value) = table.take("tcp") {
        checks.push(ports::tcp(value)?);
    }
    if let Some(value) = table.take("http") {
        checks.push(ports::http(value)?);
    }
    let two = (checks.len() > 1).then(|| table.mistake("it has more than one way to check"));
    let every = table.duration("every")?.unwrap_or(every);
    // The timeout of a `ready` is for all of it.
    let timeout = table.duration("answer_within")?.unwrap_or(Duration::from_secs(1));
    let failures = table.number("failures")?.unwrap_or(3).max(1);
    match two {
        Some(mistake) => Err(mistake),
        None => Ok(checks.pop().map(|check| Probe { check, every, timeout, failures })),
    }
}

/// `"on-failure"`, or a table with the delays.
fn restart(value: Value, default: Restart) -> Result<Restart> {
    if !value.is_table() {
        return Ok(Restart { when: value.one_of(&RESTARTS)?, ..default });
    }
    let mut table = value.table()?;
    let when = table.take("when").map(|when| when.one_of(&RESTARTS)).transpose()?;
    let restart = Restart {
        when: when.unwrap_or(default.when),
        delay: table.duration("delay")?.unwrap_or(default.delay).max(Duration::from_millis(1)),
        longest_delay: table.duration("longest_delay")?.unwrap_or(default.longest_delay),
        limit: table.number("limit")?,
    };
    table.finish()?;
    Ok(restart)
}

/// `"INT"`, or a table.
fn stop(value: Value) -> Result<Stop> {
    let default = Stop::default();
    if !value.is_table() {
        return Ok(Stop { signal: signal(value)?, ..default });
    }
    let mut table = value.table()?;
    let stop = Stop {
        command: table.string("command")?,
        signal: table.take("signal").map(signal).transpose()?.unwrap_or(default.signal),
        scope: table.take("to").map(|to| to.one_of(&SCOPES)).transpose()?.unwrap_or(default.scope),
        timeout: match table.duration("timeout")? {
            Some(Duration::ZERO) => None,
            Some(timeout) => Some(timeout),
            None => default.timeout,
        },
    };
    table.finish()?;
    Ok(stop)
}

fn signal(value: Value) -> Result<i32> {
    let wrong = value.mistake(&format!("`{}` is not a signal such as `\"INT\"`", value.name));
    signal_number(&value.string()?).ok_or(wrong)
}

fn log_limits(mut table: Table) -> Result<LogLimits> {
    let default = LogLimits::default();
    let size = match table.take("size") {
        Some(value) => bytes(value)?,
        None => default.size,
    };
    let files = table.number("files")?.unwrap_or(default.files).max(2);
    table.finish()?;
    Ok(LogLimits { size, files })
}

/// `"64K"`, `"1M"`, `"2G"`, or a number of bytes.
fn bytes(value: Value) -> Result<u64> {
    let wrong = value.mistake(&format!("`{}` is not a size of at least `\"4K\"`", value.name));
    let size = if value.is_string() {
        let text = value.string()?;
        let mut units = [('K', 10), ('M', 20), ('G', 30)].into_iter();
        let unit = units.find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, shift)));
        let (digits, shift) = unit.unwrap_or((&text, 0));
        digits.trim().parse::<u64>().ok().and_then(|number| number.checked_shl(shift))
    } else {
        Some(u64::from(value.number()?))
    };
    size.filter(|size| *size >= 4 << 10).ok_or(wrong)
}
