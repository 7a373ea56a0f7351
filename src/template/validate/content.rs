//! Rules of patches, manifests and health checks: a name, exactly one content, readable files.

use std::collections::BTreeMap;

use super::{Rules, descriptors};
use crate::diag::{Diagnostic, Span, codes};
use crate::template::FileProblem;
use crate::template::model::{HealthCheck, Inline, Manifest, Patch, Text};
use crate::template::patch;
use crate::template::quote::quoted;
use crate::untrusted::Untrusted;

pub(super) fn patches(rules: &mut Rules<'_>, patches: &[Patch]) {
    for entry in patches {
        one_patch(rules, entry);
        descriptors::check(rules, &entry.descriptors);
    }
}

fn one_patch(rules: &mut Rules<'_>, entry: &Patch) {
    let inline = entry.inline.is_some();
    exactly_one(rules, "a patch", "inline", entry.span, &entry.file, inline, ONE_PATCH, "");
    if !entry.file.value.is_empty() {
        // With both contents, omnictl judges the file.
        if readable(rules, &entry.file, "") {
            patch::check(rules, entry);
        }
    } else if inline {
        if entry.name.value.is_empty() && entry.id_override.value.is_empty() {
            rules.sink.push(
                Diagnostic::error(codes::TEMPLATE_CONTENT, "an inline patch has no name")
                    .at(rules.source, entry.span, "this patch")
                    .note("omnictl: either name or idOverride is required for inline patches")
                    .help("add `name:` (part of the id) or `idOverride:` (the whole id)"),
            );
        }
        patch::check(rules, entry);
    }
}

/// omnictl's words for no content and for two.
#[derive(Clone, Copy)]
struct Words {
    none: &'static str,
    both: &'static str,
}

const ONE_PATCH: Words =
    Words { none: "path or inline is required", both: "path and inline are mutually exclusive" };
const ONE_JOB: Words = Words { none: "job or file is required", both: "job and file are mutually exclusive" };

#[expect(clippy::too_many_arguments, reason = "one call for each of three kinds")]
fn exactly_one(
    rules: &mut Rules<'_>,
    what: &str,
    key: &str,
    span: Span,
    file: &Text,
    inline: bool,
    words: Words,
    owner: &str,
) {
    let problem = match (file.value.is_empty(), inline) {
        (true, false) => Diagnostic::error(codes::TEMPLATE_CONTENT, format!("{what} has no content"))
            .at(rules.source, span, "here")
            .note(format!("omnictl: {owner}{}", words.none))
            .help(format!("add `{key}:` or `file:`")),
        (false, true) => {
            Diagnostic::error(codes::TEMPLATE_CONTENT, format!("{what} has two contents, `{key}` and `file`"))
                .at(rules.source, file.span, "a file")
                .at(rules.source, span, "this entry")
                .note(format!("omnictl: {owner}{}", words.both))
                .help("keep one of them")
        }
        _ => return,
    };
    rules.sink.push(problem);
}

/// Whether the file is there; reports it otherwise.
fn readable(rules: &mut Rules<'_>, file: &Text, owner: &str) -> bool {
    let Err(why) = rules.contents.get(&file.value) else { return true };
    let note = format!("omnictl: {owner}failed to access {}: {}", quoted(&file.value), said(&why));
    unreadable(rules, file, &why, &[note]);
    false
}

fn said(why: &FileProblem) -> String {
    Untrusted::new(why.to_string()).line(120)
}

fn unreadable(rules: &mut Rules<'_>, file: &Text, why: &FileProblem, notes: &[String]) {
    let shown = Untrusted::new(&file.value).line(120);
    let mut problem = Diagnostic::error(
        codes::TEMPLATE_FILE,
        format!("cannot read `{shown}`: {}", said(why)),
    )
    .at(rules.source, file.span, "named here");
    problem = match why {
        FileProblem::Escapes => problem
            .help("files must lie in the folder of the template, or in the one that `--allowed-dir` names"),
        FileProblem::Missing => problem.help("paths are relative to the folder of the template"),
        _ => problem,
    };
    rules.sink.push(notes.iter().fold(problem, |problem, note| problem.note(note.clone())));
}

pub(super) fn manifests(rules: &mut Rules<'_>, manifests: &[Manifest]) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for manifest in manifests {
        let name = manifest.display_name();
        let shown = Untrusted::new(name).line(80);
        if name.is_empty() {
            rules.sink.push(
                Diagnostic::error(codes::TEMPLATE_CONTENT, "a manifest has no name")
                    .at(rules.source, manifest.span, "this manifest")
                    .note("omnictl: kubernetes manifest name is empty")
                    .help("add `name:`"),
            );
        } else if let Some(first) = seen.get(name) {
            rules.sink.push(
                Diagnostic::error(codes::DUPLICATE_NAME, format!("two manifests are named `{shown}`"))
                    .at(rules.source, manifest.span, "again here")
                    .at(rules.source, *first, "first here")
                    .note(format!("omnictl: duplicate manifest name {}", quoted(name))),
            );
        } else {
            seen.insert(name, manifest.span);
        }
        if manifest.mode.value == 0 {
            rules.sink.push(
                Diagnostic::error(codes::TEMPLATE_CONTENT, format!("the manifest `{shown}` has no mode"))
                    .at(rules.source, manifest.mode.span, "this manifest")
                    .note(format!("omnictl: kubernetes manifest {} mode is not set", quoted(name)))
                    .help("add `mode: full` (kept in step) or `mode: one-time` (applied once)"),
            );
        }
        content(
            rules,
            "a manifest",
            "inline",
            manifest.span,
            &manifest.file,
            manifest.inline.as_ref(),
            ONE_PATCH,
            ("", &format!("failed to read manifest {}: ", quoted(name))),
        );
        descriptors::check(rules, &manifest.descriptors);
    }
}

pub(super) fn health_checks(rules: &mut Rules<'_>, checks: &[HealthCheck]) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for check in checks {
        let identifier = check.identifier();
        let shown = Untrusted::new(identifier).line(80);
        if identifier.is_empty() {
            rules.sink.push(
                Diagnostic::error(codes::TEMPLATE_CONTENT, "a health check has no name")
                    .at(rules.source, check.span, "this health check")
                    .note("omnictl: either name or idOverride is required for a healthcheck")
                    .help("add `name:` (part of the id) or `idOverride:` (the whole id)"),
            );
        } else if let Some(first) = seen.get(identifier) {
            rules.sink.push(
                Diagnostic::error(codes::DUPLICATE_NAME, format!("two health checks are called `{shown}`"))
                    .at(rules.source, check.span, "again here")
                    .at(rules.source, *first, "first here")
                    .note(format!("omnictl: duplicate healthcheck {}", quoted(identifier))),
            );
        } else {
            seen.insert(identifier, check.span);
        }
        let owner = format!("healthcheck {}: ", quoted(identifier));
        let reading = format!("{owner}failed to read {}: ", quoted(&check.file.value));
        let owners = (owner.as_str(), reading.as_str());
        let job = check.job.as_ref();
        content(rules, "a health check", "job", check.span, &check.file, job, ONE_JOB, owners);
        descriptors::check(rules, &check.descriptors);
    }
}

#[expect(clippy::too_many_arguments, reason = "one call for each of two kinds")]
fn content(
    rules: &mut Rules<'_>,
    what: &str,
    key: &str,
    span: Span,
    file: &Text,
    inline: Option<&Inline>,
    words: Words,
    (owner, reading): (&str, &str),
) {
    exactly_one(rules, what, key, span, file, inline.is_some(), words, owner);
    if file.value.is_empty() {
        return;
    }
    // omnictl only asks here whether something has the path, and reads it when it renders.
    if rules.contents.get(&file.value) == Err(FileProblem::Directory) {
        let why = FileProblem::Directory;
        let notes = [
            format!("omnictl: {reading}{}", said(&why)),
            "omnictl's `validate` does not find this, its `render` does".to_owned(),
        ];
        unreadable(rules, file, &why, &notes);
    } else {
        readable(rules, file, owner);
    }
}
