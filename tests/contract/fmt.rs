//! Formatting recorded and real files: what they say stays, to the byte, and so does every comment.

use std::path::Path;

use omni_scale::diag::SourceId;
use omni_scale::template::{self, Dialect};
use omni_scale::yaml::{self, Limits, Node, NodeKind};

use crate::support::{Facts, Tally, fixtures, present, yaml_files};
use crate::template::{TIME, cases, loaded, read};

fn format(text: &str) -> Result<String, yaml::FormatError> {
    yaml::format(SourceId(0), text, &Limits::default())
}

/// Comments outside of texts, found without the formatter: lines of `text` whose first sign is `#` or that have ` #`, where
/// taking the comment away does not change what the text says.
fn comments(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let say = |text: &str| yaml::parse(SourceId(0), text, &Limits::default()).map(|d| trees(&d));
    let all = say(text);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end();
        let at = body.find('#').filter(|i| body[..*i].is_empty() || body[..*i].ends_with([' ', '\t']));
        if let Some(at) = at {
            let without = format!("{}{}{}", &text[..start + at], "", &text[start + body.len()..]);
            if say(&without) == all {
                out.push(body[at..].to_owned());
            }
        }
        start += line.len();
    }
    out
}

/// Documents without their places.
fn trees(documents: &[yaml::Document]) -> Vec<String> {
    fn tree(node: &Node, out: &mut String) {
        match &node.kind {
            NodeKind::Scalar { text, style } => out.push_str(&format!("{style:?} {text:?} {:?},", node.tag)),
            NodeKind::Seq(items) => {
                out.push('[');
                for n in items {
                    tree(n, out);
                }
                out.push(']');
            }
            NodeKind::Map(pairs) => {
                out.push('{');
                for (k, v) in pairs {
                    tree(k, out);
                    tree(v, out);
                }
                out.push('}');
            }
        }
    }
    documents
        .iter()
        .map(|d| {
            let mut out = String::new();
            d.root.iter().for_each(|n| tree(n, &mut out));
            out
        })
        .collect()
}

fn check(text: &str) -> Result<String, String> {
    let after = format(text).map_err(|e| format!("{e:?}"))?;
    let parse = |t: &str| yaml::parse(SourceId(0), t, &Limits::default()).map(|d| trees(&d));
    if parse(text) != parse(&after) {
        return Err(format!("says something else:\n{after}"));
    }
    if comments(text) != comments(&after) {
        return Err(format!("comments differ:\n{after}"));
    }
    if format(&after) != Ok(after.clone()) {
        return Err(format!("does not settle:\n{after}"));
    }
    Ok(after)
}

#[test]
fn contract_fmt_templates_render_the_same() {
    let Some(folder) = present("fmt", "template/cases") else { return };
    let mut tally = Tally::new("fmt (templates)");
    // A case may name files of another one, so that all are copied; only templates are formatted.
    let copy = tempfile::tempdir().unwrap();
    copy_all(&folder, copy.path());
    for case in cases(&folder) {
        if !case.join("expected.yaml").exists() {
            continue;
        }
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        tally.case(&name, &Facts::new(), || {
            let text = read(&case, "template.yaml").unwrap();
            let after = check(&text)?;
            let before = rendered(&case)?;
            let copy = copy.path().join(case.file_name().unwrap());
            std::fs::write(copy.join("template.yaml"), after).map_err(|e| e.to_string())?;
            if rendered(&copy)? == before { Ok(()) } else { Err("renders to something else".to_owned()) }
        });
    }
    tally.finish();
}

fn rendered(case: &Path) -> Result<String, String> {
    let loaded = loaded(Dialect::default(), case).map_err(|e| format!("{e:?}"))?;
    Ok(template::render::text(Dialect::default(), &loaded.resources, TIME))
}

fn copy_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path()).unwrap(), target).unwrap();
        } else if kind.is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn contract_fmt_deployment_keeps_what_it_says() {
    if present("fmt", "deployment/machine-classes").is_none() {
        return;
    }
    let mut tally = Tally::new("fmt (deployment)");
    let folder = fixtures().join("deployment");
    for path in yaml_files(&folder) {
        let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
        tally.case(&name, &Facts::new(), || {
            check(&std::fs::read_to_string(&path).map_err(|e| e.to_string())?).map(|_| ())
        });
    }
    tally.finish();
}
