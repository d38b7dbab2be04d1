//! No file imports one that imports it, directly or through others. Only a module and those inside it may: they are
//! parts of one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The path of a module in its crate.
type Module = Vec<String>;
type Imports = BTreeMap<Module, BTreeSet<Module>>;

/// The roots of the crates.
const CRATES: [&str; 8] = [
    "src/main.rs",
    "crates/faqbot-core/src/lib.rs",
    "crates/faqbot-embed/src/lib.rs",
    "crates/faqbot-faq/src/lib.rs",
    "crates/faqbot-server/src/lib.rs",
    "crates/faqbot-store/src/lib.rs",
    "crates/faqbot-train/src/bin/fit/main.rs",
    "crates/ort-rten/src/lib.rs",
];

#[test]
fn no_files_import_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in CRATES {
        let modules = modules(&root.join(file));
        assert!(modules.len() > 5, "{file}: {} modules", modules.len());
        let imports: Imports = modules
            .iter()
            .map(|(module, path)| {
                let text = fs::read_to_string(path).expect("a file of the crate");
                (module.clone(), imports(module, &text, &modules))
            })
            .collect();
        let circles: Vec<String> = imports.keys().filter_map(|module| circle(module, &imports)).collect();
        assert!(circles.is_empty(), "{file}: {}", circles.join("; "));
    }
}

#[test]
fn circles_are_found() {
    let modules: BTreeMap<Module, PathBuf> =
        ["", "a", "b", "b/c"].iter().map(|path| (module(path), PathBuf::new())).collect();
    let of = |path: &str, text: &str| (module(path), imports(&module(path), text, &modules));
    let circles = |files: &[(Module, BTreeSet<Module>)]| {
        let imports: Imports = files.iter().cloned().collect();
        imports.keys().filter_map(|module| circle(module, &imports)).collect::<Vec<_>>()
    };
    let a = of("a", "use crate::{b::{C, c::D}, x};");
    assert_eq!(a.1, [module("b"), module("b/c")].into());
    let c = of("b/c", "fn f() { super::super::a::g() } // use crate::b;");
    assert_eq!(c.1, [module("a")].into());
    assert_eq!(circles(&[a.clone(), c]), ["a -> b/c -> a", "b/c -> a -> b/c"]);
    // What a module shares with those inside it is its own.
    assert!(circles(&[of("b", "use c::D;"), of("b/c", "use super::E;"), a]).is_empty());
}

fn module(path: &str) -> Module {
    path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The modules of a crate, with their files.
fn modules(root: &Path) -> BTreeMap<Module, PathBuf> {
    let base = root.parent().expect("a folder");
    let mut found = BTreeMap::from([(Module::new(), root.to_owned())]);
    let mut folders = vec![base.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the crate") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && path != root {
                let inside = path.strip_prefix(base).expect("below the root").with_extension("");
                let names = inside.iter().map(|name| name.to_string_lossy().into_owned());
                found.insert(names.filter(|name| name != "mod").collect(), path);
            }
        }
    }
    found
}

/// The modules that a file names, its tests apart.
fn imports(own: &Module, text: &str, modules: &BTreeMap<Module, PathBuf>) -> BTreeSet<Module> {
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join("\n");
    let code = code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("use ") {
        if !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
            let tree = code[at + 4..].split(';').next().unwrap_or_default();
            branches(&tree.split_whitespace().collect::<Vec<_>>().join(" "), "", &mut paths);
        }
    }
    for start in ["crate::", "super::"] {
        let is_of_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        for (at, _) in code.match_indices(start).filter(|(at, _)| !code[..*at].ends_with(is_of_path)) {
            paths.push(code[at..].split(|c: char| !is_of_path(c)).next().unwrap_or_default().to_owned());
        }
    }
    let found = paths.iter().filter_map(|path| resolve(own, path, modules));
    found.filter(|found| found != own && !found.is_empty()).collect()
}

/// The paths of a tree of imports: `a::{b, c::d}` has `a::b` and `a::c::d`.
fn branches(tree: &str, before: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((stem, inside)) = tree.split_once('{') else {
        return paths.push(format!("{before}{}", tree.split(' ').next().unwrap_or_default()));
    };
    let (before, mut depth, mut begin) = (format!("{before}{stem}"), 0, 0);
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                if !inside[begin..at].trim().is_empty() {
                    branches(&inside[begin..at], &before, paths);
                }
                begin = at + 1;
            }
            _ => {}
        }
    }
}

/// The innermost module on a path.
fn resolve(own: &Module, path: &str, modules: &BTreeMap<Module, PathBuf>) -> Option<Module> {
    let mut names = path.split("::").peekable();
    let mut found = match *names.peek()? {
        "crate" => {
            names.next();
            Module::new()
        }
        "super" | "self" => {
            let mut found = own.clone();
            while let Some(step) = names.next_if(|name| ["super", "self"].contains(name)) {
                if step == "super" {
                    found.pop();
                }
            }
            found
        }
        _ => own.clone(),
    };
    for name in names {
        found.push(name.to_owned());
        if !modules.contains_key(&found) {
            found.pop();
            break;
        }
    }
    Some(found)
}

/// A circle through a module, if there is one.
fn circle(start: &Module, imports: &Imports) -> Option<String> {
    let are_one = |a: &Module, b: &Module| a.starts_with(b) || b.starts_with(a);
    let mut before: BTreeMap<&Module, &Module> = BTreeMap::new();
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        for next in imports.get(at).into_iter().flatten().filter(|next| !are_one(next, at)) {
            if next == start {
                let mut way = vec![start, at];
                while let Some(step) = before.get(way[way.len() - 1]).filter(|_| way[way.len() - 1] != start)
                {
                    way.push(step);
                }
                let names: Vec<String> = way.iter().rev().map(|module| module.join("/")).collect();
                return Some(names.join(" -> "));
            }
            if !before.contains_key(next) {
                before.insert(next, at);
                open.push(next);
            }
        }
    }
    None
}
