//! Who needs whom: names checked, cycles found, and what has to start or stop with what. No effects.

use super::places::Places;
use super::{Condition, Port, Spec, ports};
use crate::error::Hinted;
use crate::toml::did_you_mean;
use anyhow::{Result, bail};
use std::collections::{BTreeMap, BTreeSet};

/// The services of a project, checked: every name is known, and nothing waits for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    pub specs: BTreeMap<String, Spec>,
    /// Names for several services.
    pub bundles: BTreeMap<String, Vec<String>>,
    /// What of the definitions counts for nothing.
    pub warnings: Vec<String>,
}

impl Graph {
    pub fn new(
        specs: Vec<Spec>,
        bundles: BTreeMap<String, Vec<String>>,
        places: &Places,
    ) -> Result<Self> {
        let mut by_letters: BTreeMap<String, String> = BTreeMap::new();
        let names = specs.iter().map(|spec| &spec.name).chain(bundles.keys());
        for name in names {
            if let Some(other) = by_letters.insert(name.to_lowercase(), name.clone()) {
                let message =
                    format!("service `{name}` is defined twice{}", first(name, &other, places));
                return Err(places.wrong(name, &message));
            }
        }
        let mut graph = Self {
            specs: specs.into_iter().map(|spec| (spec.name.clone(), spec)).collect(),
            bundles,
            warnings: Vec::new(),
        };
        graph.check_bundles(places)?;
        graph.replace_bundles(places)?;
        graph.check_ports(places)?;
        graph.check_variables(places)?;
        graph.check_ends(places)?;
        match graph.cycle() {
            Some(cycle) => {
                let message = format!("services wait for each other: {}", cycle.join(" → "));
                Err(places.wrong_need(&cycle[0], &cycle[1], &message))
            }
            None => Ok(graph),
        }
    }

    /// The services that names mean: all that start by themselves where there is none.
    pub fn named(&self, names: &[String]) -> Result<BTreeSet<String>> {
        if names.is_empty() {
            let all = self.specs.values().filter(|spec| spec.starts_with_all);
            return Ok(all.map(|spec| spec.name.clone()).collect());
        }
        let mut services = BTreeSet::new();
        for name in names {
            self.expand(name, &mut services, 0)?;
        }
        Ok(services)
    }

    /// These services and all that they need, directly or not.
    pub fn with_dependencies(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let needs = |name: &str| self.specs.get(name).map(|spec| spec.depends_on.keys().cloned());
        reach(names, |name| needs(name).into_iter().flatten().collect())
    }

    /// These services and all that need them, directly or not; a logger needs nobody but goes with who feeds it.
    pub fn with_dependents(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        reach(names, |name| {
            let needs_it = self.dependents(name).map(|spec| spec.name.clone());
            let logger = self.specs.get(name).and_then(|spec| spec.logger.clone());
            needs_it.chain(logger).collect()
        })
    }

    /// Those that need a service directly.
    pub fn dependents<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Spec> {
        self.specs.values().filter(move |spec| spec.depends_on.contains_key(name))
    }

    fn expand(&self, name: &str, into: &mut BTreeSet<String>, depth: usize) -> Result<()> {
        if self.specs.contains_key(name) {
            into.insert(name.to_string());
            return Ok(());
        }
        match self.bundles.get(name) {
            Some(_) if depth > self.bundles.len() => bail!("bundle `{name}` contains itself"),
            Some(names) => names.iter().try_for_each(|name| self.expand(name, into, depth + 1)),
            None => Err(Hinted::new(self.unknown(name, ""), "envr ps").into()),
        }
    }

    fn unknown(&self, name: &str, whose: &str) -> String {
        let known = self.specs.keys().chain(self.bundles.keys()).map(String::as_str);
        format!("unknown service `{name}`{whose}{}", did_you_mean(name, known))
    }

    /// What a bundle contains is there, and not the bundle itself.
    fn check_bundles(&self, places: &Places) -> Result<()> {
        for (bundle, names) in &self.bundles {
            let is_unknown = |name: &&String| {
                !self.specs.contains_key(*name) && !self.bundles.contains_key(*name)
            };
            if let Some(name) = names.iter().find(is_unknown) {
                let message =
                    self.unknown(name, &format!(", which the bundle `{bundle}` contains"));
                return Err(places.wrong_need(bundle, name, &message));
            }
            self.expand(bundle, &mut BTreeSet::new(), 0)?;
        }
        Ok(())
    }

    /// A dependency on a bundle is one on each service of it.
    fn replace_bundles(&mut self, places: &Places) -> Result<()> {
        let mut replaced = BTreeMap::new();
        for spec in self.specs.values() {
            let mut dependencies: BTreeMap<String, Condition> = BTreeMap::new();
            for (name, condition) in &spec.depends_on {
                let mut services = BTreeSet::new();
                if !self.specs.contains_key(name) && !self.bundles.contains_key(name) {
                    let whose = format!(", which `{}` depends on", spec.name);
                    return Err(places.wrong_need(&spec.name, name, &self.unknown(name, &whose)));
                }
                self.expand(name, &mut services, 0)?;
                dependencies.extend(services.into_iter().map(|service| (service, *condition)));
            }
            replaced.insert(spec.name.clone(), dependencies);
        }
        for (name, dependencies) in replaced {
            if let Some(spec) = self.specs.get_mut(&name) {
                spec.depends_on = dependencies;
            }
        }
        Ok(())
    }

    /// Who does not start by itself may stand in for another at its port.
    fn check_ports(&self, places: &Places) -> Result<()> {
        let mut owners: BTreeMap<u16, &str> = BTreeMap::new();
        for spec in self.specs.values().filter(|spec| spec.starts_with_all) {
            for port in spec.ports.values() {
                let Port::Number(number) = port else { continue };
                match owners.insert(*number, &spec.name) {
                    Some(other) if other != spec.name => {
                        let name = &spec.name;
                        let message = format!("`{other}` and `{name}` have the same port {number}");
                        return Err(places.wrong(name, &message));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// No service is told two ports in one variable.
    fn check_variables(&self, places: &Places) -> Result<()> {
        let mut told: BTreeMap<String, Vec<(&str, &str)>> = BTreeMap::new();
        for spec in self.specs.values() {
            for (port, _) in spec.tcp_ports() {
                let variable = ports::variable_of(&spec.name, port);
                told.entry(variable).or_default().push((&spec.name, port));
            }
        }
        for spec in self.specs.values() {
            let own = spec.tcp_ports();
            let own = own.map(|(port, _)| (ports::variable(port), (&*spec.name, &**port)));
            let mut own: BTreeMap<String, _> = own.collect();
            own.retain(|variable, _| told.contains_key(variable));
            if own.is_empty() && told.values().all(|ports| ports.len() == 1) {
                continue;
            }
            let sees = self.with_dependencies(&[spec.name.clone()].into());
            for (variable, ports) in &told {
                let others = ports.iter().filter(|(service, _)| sees.contains(*service));
                let mut all = own.get(variable).into_iter().chain(others);
                let (Some(first), Some(second)) = (all.next(), all.next()) else { continue };
                let shown = |(service, port): &(&str, &str)| format!("`{port}` of `{service}`");
                let message = format!(
                    "`{}` gets two ports as `{variable}`: {} and {}",
                    spec.name,
                    shown(first),
                    shown(second)
                );
                return Err(places.wrong(&spec.name, &message));
            }
        }
        Ok(())
    }

    /// Nobody waits for an end that never comes.
    fn check_ends(&self, places: &Places) -> Result<()> {
        for spec in self.specs.values() {
            for (name, condition) in &spec.depends_on {
                let can_complete = self.specs.get(name).is_none_or(Spec::can_complete);
                if *condition == Condition::Completed && !can_complete {
                    let message = format!(
                        "`{}` waits for `{name}` to be completed, which is always started again",
                        spec.name
                    );
                    return Err(places.wrong_need(&spec.name, name, &message));
                }
            }
        }
        Ok(())
    }

    /// A way from a service back to itself, with that service at both ends.
    fn cycle(&self) -> Option<Vec<String>> {
        let mut done = BTreeSet::new();
        self.specs.keys().find_map(|name| self.cycle_from(name, &mut Vec::new(), &mut done))
    }

    fn cycle_from<'a>(
        &'a self,
        name: &'a str,
        path: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<String>> {
        if let Some(start) = path.iter().position(|known| *known == name) {
            let cycle = path[start..].iter().chain(std::iter::once(&name));
            return Some(cycle.map(ToString::to_string).collect());
        }
        if done.contains(name) {
            return None;
        }
        path.push(name);
        let mut needs = self.specs.get(name)?.depends_on.keys();
        let cycle = needs.find_map(|needed| self.cycle_from(needed, path, done));
        path.pop();
        done.insert(name);
        cycle
    }
}

/// Where it was defined before, and how it was spelled there.
fn first(name: &str, other: &str, places: &Places) -> String {
    let spelled = if name == other { String::new() } else { format!(" as `{other}`") };
    let place = places.of(other).map_or(String::new(), |(first, _)| format!(" in `{first}`"));
    if spelled.is_empty() && place.is_empty() {
        return String::new();
    }
    format!(", first{spelled}{place}")
}

fn reach(from: &BTreeSet<String>, next: impl Fn(&str) -> Vec<String>) -> BTreeSet<String> {
    let mut reached = from.clone();
    let mut waiting: Vec<String> = from.iter().cloned().collect();
    while let Some(name) = waiting.pop() {
        for name in next(&name) {
            if reached.insert(name.clone()) {
                waiting.push(name);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Program;

    fn graph(text: &str) -> Result<Graph> {
        let spec = |line: &str| {
            let (name, needs) = line.split_once(':').unwrap();
            let mut spec = Spec::new(name, "/".into(), Program::shell("true"));
            spec.depends_on =
                needs.split_whitespace().map(|need| (need.into(), Condition::Ready)).collect();
            spec
        };
        let bundle = ("both".to_string(), vec!["a".to_string(), "b".to_string()]);
        let bundles = if text.contains("both") { vec![bundle] } else { vec![] };
        Graph::new(
            text.split(';').map(spec).collect(),
            bundles.into_iter().collect(),
            &Places::default(),
        )
    }

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        assert_eq!(graph(text).unwrap_err().to_string(), expected);
    }

    #[test]
    fn what_cannot_start_is_refused() {
        refused("a:a", "services wait for each other: a → a");
        refused("a:b;b:c;c:b", "services wait for each other: b → c → b");
        refused("web:wep", "unknown service `wep`, which `web` depends on; did you mean `web`?");
        refused("a:;A:", "service `A` is defined twice, first as `a`");
        refused("a:;a:", "service `a` is defined twice");
        refused("a:both;b:", "services wait for each other: a → a");
    }

    #[test]
    fn what_goes_together() {
        let graph = graph("a:;b:a;c:b;d:;e:both").unwrap();
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let set = |list: &[&str]| names(list).into_iter().collect::<BTreeSet<_>>();
        assert_eq!(graph.with_dependencies(&set(&["c"])), set(&["a", "b", "c"]));
        assert_eq!(graph.with_dependents(&set(&["b"])), set(&["b", "c", "e"]));
        assert_eq!(graph.named(&names(&["both", "d"])).unwrap(), set(&["a", "b", "d"]));
        let error = graph.named(&names(&["bot"])).unwrap_err();
        assert_eq!(error.to_string(), "unknown service `bot`; did you mean `both`?");
    }

    #[test]
    fn a_diamond_of_many_layers_is_checked_at_once() {
        let layer = |index: usize| match index {
            0 => "a0:;b0:".to_string(),
            index => format!("a{index}:a{0} b{0};b{index}:a{0} b{0}", index - 1),
        };
        let text: Vec<String> = (0..40).map(layer).collect();
        assert!(graph(&text.join(";")).is_ok());
    }
}
