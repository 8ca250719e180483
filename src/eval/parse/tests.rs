use super::*;
use expect_test::{Expect, expect};

#[track_caller]
fn check(text: &str, expected: Expect) {
    let shown = match parse(text.as_bytes()) {
        Ok(list) => show_list(&list),
        Err(reason) => reason.to_string(),
    };
    expected.assert_eq(&shown);
}

fn show_list(list: &List) -> String {
    list.iter().map(show_and_or).collect::<Vec<_>>().join(" ; ")
}

fn show_and_or(list: &AndOr) -> String {
    let mut shown = show_pipeline(&list.first);
    for (joint, pipeline) in &list.rest {
        shown += if *joint == Joint::And { " && " } else { " || " };
        shown += &show_pipeline(pipeline);
    }
    shown
}

fn show_pipeline(pipeline: &Pipeline) -> String {
    let not = if pipeline.is_negated { "not " } else { "" };
    let command = match &pipeline.command {
        Command::Assign(assignments) => {
            assignments.iter().map(show_assignment).collect::<Vec<_>>().join(" ")
        }
        Command::Export(exports) => {
            format!("export {}", show_exports(exports))
        }
        Command::Unset(names) => {
            format!("unset {}", names.iter().map(|name| show_bytes(name)).collect::<String>())
        }
        Command::Call(call) => show_call(call),
        Command::Programs(programs) => show_programs(programs),
        Command::Condition(condition) => show_condition(condition),
        Command::If { branches, otherwise } => {
            let shown =
                branches.iter().map(|(a, b)| format!("({}) {{{}}} ", show_list(a), show_list(b)));
            format!("if {}else {{{}}}", shown.collect::<String>(), show_list(otherwise))
        }
        Command::UnsetFunctions(names) => {
            let names = names.iter().map(|name| show_bytes(name));
            format!("unset -f {}", names.collect::<String>())
        }
        Command::Local(locals) => format!("local {}", show_exports(locals)),
        Command::Eval(programs) => format!("eval {}", show_programs(programs)),
        Command::Case { word, arms } => {
            let shown = arms.iter().map(|arm| {
                let patterns = arm.patterns.iter().map(show_pattern).collect::<Vec<_>>();
                format!(" ({}) {{{}}}", patterns.join("|"), show_list(&arm.body))
            });
            format!("case {}{}", show_word(word), shown.collect::<String>())
        }
        Command::Group(list) => format!("{{{}}}", show_list(list)),
        Command::Function { name, body } => {
            format!("{} = {{{}}}", show_bytes(name), show_list(body))
        }
    };
    format!("{not}{command}")
}

fn show_call(call: &Call) -> String {
    let arguments = call.arguments.iter().map(|word| format!(" {}", show_word(word)));
    let redirects = call.redirects.iter().map(|redirect| match redirect {
        Redirect::ToNull { from } => format!(" {from}>null"),
        Redirect::Duplicate { from, to } => format!(" {from}>{to}"),
        Redirect::File(FileRedirect { how, file, .. }) => format!(" {how:?} {}", show_word(file)),
    });
    let variables = call.variables.iter().map(|variable| show_assignment(variable) + " ");
    let words = std::iter::once(show_bytes(&call.name)).chain(arguments).chain(redirects);
    variables.chain(words).collect()
}

fn show_programs(programs: &Programs) -> String {
    programs.calls.iter().map(show_call).collect::<Vec<_>>().join(" | ")
}

fn show_exports(exports: &[Export]) -> String {
    let shown = exports.iter().map(|export| match export {
        Export::Name(name) => show_bytes(name),
        Export::Assignment(assignment) => show_assignment(assignment),
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn show_pattern(pattern: &compound::Pattern) -> String {
    let star = |is_there| if is_there { "*" } else { "" };
    let text = show_bytes(&pattern.text);
    [star(pattern.begins_with_any), &text, star(pattern.ends_with_any)].concat()
}

fn show_assignment(assignment: &Assignment) -> String {
    let sign = if assignment.appends { "+=" } else { "=" };
    format!("{}{sign}{}", show_bytes(&assignment.name), show_word(&assignment.value))
}

fn show_condition(condition: &Condition) -> String {
    match condition {
        Condition::All(all) => all.iter().map(show_condition).collect::<Vec<_>>().join(" and "),
        Condition::Any(any) => any.iter().map(show_condition).collect::<Vec<_>>().join(" or "),
        Condition::Not(a) => format!("not {}", show_condition(a)),
        Condition::Unary { operator, word } => {
            format!("-{} {}", char::from(*operator), show_word(word))
        }
        Condition::Equal { is_negated, left, right } => {
            let sign = if *is_negated { "!=" } else { "==" };
            format!("{}{sign}{}", show_word(left), show_word(right))
        }
    }
}

/// Quoted parts stand in `‹›`, expansions in `<>`.
fn show_word(word: &Word) -> String {
    if word.parts.is_empty() {
        return "‹›".to_string();
    }
    let parts = word.parts.iter().map(|part| {
        let shown = match &part.piece {
            Piece::Text(text) => show_bytes(text),
            Piece::Tilde => "<~>".to_string(),
            Piece::Expansion(expansion) => format!("<{}>", show_expansion(expansion)),
        };
        if part.is_quoted { format!("‹{shown}›") } else { shown }
    });
    parts.collect()
}

fn show_expansion(expansion: &Expansion) -> String {
    let colon = |or_empty: &bool| if *or_empty { ":" } else { "" };
    match expansion {
        Expansion::Variable(name) => show_bytes(name),
        Expansion::Count => "$#".into(),
        Expansion::Status => "?".to_string(),
        Expansion::Default { name, or_empty, default } => {
            format!("{}{}-{}", show_bytes(name), colon(or_empty), show_word(default))
        }
        Expansion::Alternative { name, or_empty, alternative } => {
            format!("{}{}+{}", show_bytes(name), colon(or_empty), show_word(alternative))
        }
        Expansion::Trimmed { name, at_end, longest, trim } => {
            format!("{} {at_end} {longest} {trim:?}", show_bytes(name))
        }
        Expansion::Substitution(Substitution::Commands(commands)) => show_and_or(commands),
        Expansion::Substitution(Substitution::ExpandPath(words)) => {
            format!("expand {}", words.iter().map(show_word).collect::<Vec<_>>().join(" "))
        }
        Expansion::Substitution(other) => format!("{other:?}"),
    }
}

fn show_bytes(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\n', "⏎")
}

#[test]
fn lists() {
    check("", expect![""]);
    check("#!/bin/sh\n\n  # nothing\n", expect![""]);
    check("true; false;:", expect!["true ; false ; :"]);
    check("true && ! false ||\n # why\n\n:", expect!["true && not false || :"]);
    check("true;;", expect!["line 1: what stands behind a command"]);
    check("; true", expect!["line 1: what stands behind a command"]);
}

#[test]
fn conditionals() {
    check("if true; then :; fi", expect!["if (true) {:} else {}"]);
    check(
        "if has a\nthen A=1\nelif ! has b; then :\nelse B=2; fi && :",
        expect!["if (has a) {A=1} (not has b) {:} else {B=2} && :"],
    );
    check("if true then :; fi", expect!["line 1: a command that is not whole"]);
    check("if true; then fi", expect!["line 1: a list of no commands"]);
    check("fi", expect!["line 1: what stands behind a command"]);
    check("if true; then :; fi x", expect!["line 1: what stands behind a command"]);
}

#[test]
fn assignments() {
    check("A=1 B='x y' C=", expect!["A=1 B=‹x y› C=‹›"]);
    check("export A=a#b B+=c D # e", expect!["export A=a#b B+=c D"]);
    check("export URL=http://h/?q=*[x]~ T=~/a:~:~b", expect!["line 1: `~` of a user"]);
    check("export T=~/a:~/b:~", expect!["export T=‹<~>›/a:‹<~>›/b:‹<~>›"]);
    check("unset A", expect!["unset A"]);
    check("A=(1)", expect!["line 1: an array"]);
    check("A=1 true", expect!["line 1: an assignment in front of a command"]);
    check("export -n A", expect!["line 1: `export` of what is no name"]);
    check("\nIFS=,", expect!["line 2: the variable `IFS`"]);
    check("export A={a,b}", expect!["line 1: braces"]);
}

#[test]
fn quotes() {
    check(r#"A="a \$ \x $B '"c"#, expect![[r"A=‹a $ \x ›‹<B>›‹ '›c"]]);
    check(r"A=$'a\n\x41\101\'b'", expect!["A=‹a⏎AA'b›"]);
    check(r"A=$'\u00e9'", expect!["line 1: an escape in `$'…'`"]);
    check("A=a\\\nb\\ c", expect!["A=ab‹ ›c"]);
    check("A='", expect!["line 1: a quote that is not closed"]);
    check("A=x\\", expect!["line 1: a backslash at the end"]);
}

#[test]
fn expansions() {
    check("A=$B${C}d$?", expect!["A=<B><C>d<?>"]);
    check("A=${B:-x$C} D=${E-\"f g\"} H=${I:+j}", expect!["A=<B:-x<C>> D=<E-‹f g›> H=<I:+j>"]);
    check("A=\"${B:-a b}\"", expect!["A=‹<B:-‹a b›>›"]);
    check(
        "A=${B%/*} C=${D##*.} E=${F#x}",
        expect![
            "A=<B true false From([47])> C=<D false true UpTo([46])> E=<F false false Text([120])>"
        ],
    );
    check("A=$(pwd)/`pwd`$( expand_path a \"$B\" )", expect!["A=<Pwd>/<Pwd><expand a ‹<B>›>"]);
    check("A=$(date; pwd)", expect!["line 1: a command substitution"]);
    check("A=$(unset B)", expect!["line 1: a command substitution"]);
    check("A=$(pwd -P)", expect!["A=<pwd -P>"]);
    check(
        "A=\"$( cat 'x y' | head -1 2>/dev/null || echo no )\"",
        expect!["A=‹<cat ‹x y› | head -1 2>null || echo no>›"],
    );
    check("A=$1", expect!["A=<1>"]);
    check("A=$BASH_SOURCE", expect!["line 1: the variable `BASH_SOURCE`"]);
    check("A=$B\\\nC", expect!["line 1: a name over two lines"]);
    check("A=${B/x/y}", expect!["line 1: an expansion in braces"]);
}

#[test]
fn calls() {
    check("PATH_add bin \"$X\" >/dev/null 2>&1", expect!["PATH_add bin ‹<X>› 1>null 2>1"]);
    check("has x &> /dev/null || echo no >&2", expect!["has x 1>null 2>null || echo no 1>2"]);
    check("watch_file *.nix", expect!["line 1: a pattern"]);
    check("[ -f .env ] && dotenv", expect!["[ -f .env ] && dotenv"]);
    check("terraform init", expect!["terraform init"]);
    check("env", expect!["line 1: `env`"]);
    check("use flake", expect!["use flake"]);
    check("has nix && use flake", expect!["has nix && use flake"]);
    check("a | b 2>&1 |\n c", expect!["a | b 2>1 | c"]);
    check("a | while", expect!["line 1: a pipe into what is no program"]);
    check("a | b $(c)", expect!["line 1: a substitution in a pipe"]);
    check("a 3>/dev/null", expect!["line 1: a redirection of another descriptor"]);
    check("a \\\nb >c", expect!["line 1: a redirection behind a line end"]);
    check("A='\n' a >c", expect!["line 1: a redirection behind a line end"]);
    check("\"export\" A=1", expect!["line 1: a command that is not written plainly"]);
    check("echo a | cat", expect!["echo a | cat"]);
    check("true | cat", expect!["line 1: a pipe"]);
    check("echo a & ", expect!["line 1: a command in the background"]);
    check("echo a >b", expect!["echo a Write { from: 1 } b"]);
    check("f() { :; }", expect!["f = {:}"]);
    check("PATH_add ~/bin a~b", expect!["line 1: a `~` inside a word"]);
}

#[test]
fn conditions() {
    check("[[ -n $A && ! -f ~/x || $B == c ]]", expect!["-n <A> and not -f ‹<~>›/x or <B>==c"]);
    check("[[ $A != 'x y' ]]", expect!["<A>!=‹x y›"]);
    check("[[ $A == t* ]]", expect!["line 1: a pattern"]);
    check("[[ $A =~ x ]]", expect!["line 1: what stands in `[[ ]]`"]);
}

#[test]
fn any_input_is_answered() {
    const WORDS: [&str; 40] = [
        "if ",
        "then ",
        "fi",
        "else ",
        "elif ",
        "[[ ",
        " ]]",
        "[ ",
        " ]",
        "export ",
        "A=",
        "\"",
        "'",
        "$",
        "${",
        "}",
        "$(",
        ")",
        "`pwd`",
        "expand_path ",
        ":-",
        "%",
        "#",
        "\\",
        "\n",
        ";",
        "&&",
        "||",
        "!",
        " ",
        "~",
        "*",
        "é",
        "x",
        "$'",
        "&>",
        "/dev/null",
        "2>&1",
        "has ",
        "\0",
    ];
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for round in 0..20_000 {
        let length = random(60);
        let mut text = Vec::new();
        for _ in 0..length {
            if round % 2 == 0 {
                text.extend(WORDS[random(WORDS.len())].bytes());
            } else {
                text.push(random(256).to_le_bytes()[0]);
            }
        }
        if let Err(reason) = parse(&text) {
            assert!(reason.line >= 1 && !reason.what.is_empty());
        }
    }
    for nested in
        ["if ", "${A:-", "$(expand_path ", "[[ ! ", "! ", "\"${A:-", "A=$(expand_path \"", "if [[ "]
    {
        assert!(parse(nested.repeat(100_000).as_bytes()).is_err());
    }
}

/// Each level was once read twice.
#[test]
fn what_is_nested_is_read_once() {
    for open in ["$(a ", "$(expand_path ", "\"$(pwd ", "${A:-$(b "] {
        let text = ["A=".as_bytes(), &open.repeat(30).into_bytes()].concat();
        assert!(parse(&text).is_err());
    }
}
