//! `state:` — where the record is kept.

use super::{address, trust};
use crate::diag::{Sink, SourceId};
use crate::spec::document::Section;
use crate::spec::fields::{Fields, bad_value, quote};
use crate::spec::model::{ObjectStore, Place, StateStore};

/// The region that stores other than AWS sign for, by custom.
const ANY_REGION: &str = "us-east-1";

/// Reads the section.
pub(in crate::spec) fn read(source: SourceId, section: Option<&Section<'_>>, sink: &mut Sink) -> StateStore {
    let Some(section) = section else { return StateStore::Local };
    let known = ["store", "region", "endpoint", "tls"];
    let Some(fields) = Fields::open(source, section.node, "state", section.at, &known, sink) else {
        return StateStore::Local;
    };
    let place = Place { source, span: section.at };
    match fields.text("store", sink) {
        None | Some(("local", _)) => {
            for name in ["region", "endpoint", "tls"] {
                if let Some(node) = fields.get(name) {
                    sink.push(
                        bad_value(
                            source,
                            node.span,
                            format!("`state.{name}` is for a store of the form `s3://…`"),
                        )
                        .help("leave it out, or name a store"),
                    );
                }
            }
            StateStore::Local
        }
        Some((text, span)) => match (location(text), text.starts_with("s3:")) {
            (Some((bucket, prefix)), _) => object_store(&fields, place, bucket, prefix, sink),
            (None, true) => {
                sink.push(
                    bad_value(source, span, format!("{} names no bucket and prefix", quote(text)))
                        .help("write `s3://BUCKET/PREFIX`; a bucket has 3 to 63 of a-z, 0-9, `-` and `.`, a prefix letters, digits, `-`, `_` and `.` between slashes"),
                );
                StateStore::Local
            }
            (None, false) => {
                sink.push(
                    bad_value(source, span, format!("`state.store` cannot be {}", quote(text)))
                        .help("write `local` or `s3://BUCKET/PREFIX`"),
                );
                StateStore::Local
            }
        },
    }
}

fn object_store(
    fields: &Fields<'_>,
    place: Place,
    bucket: String,
    prefix: String,
    sink: &mut Sink,
) -> StateStore {
    let source = place.source;
    let region = fields.text("region", sink);
    if let Some((text, span)) = region
        && !is_region(text)
    {
        sink.push(
            bad_value(source, span, format!("{} is no region", quote(text)))
                .help("it is a name such as `eu-central-1`"),
        );
        return StateStore::Local;
    }
    let named = match fields.text("endpoint", sink) {
        None => None,
        Some((text, span)) => match address::endpoint(text, true) {
            Ok(endpoint) => Some(endpoint),
            Err(why) => {
                sink.push(
                    address::refused(source, span, text, &why)
                        .help("write `https://host` or `https://host:port`; the bucket belongs into `store`"),
                );
                return StateStore::Local;
            }
        },
    };
    let region = match (region, &named) {
        (Some((text, _)), _) => text.to_owned(),
        (None, Some(_)) => ANY_REGION.to_owned(),
        (None, None) => {
            let Some(_) = fields.need_text("region", sink) else { return StateStore::Local };
            return StateStore::Local;
        }
    };
    let own = format!("https://s3.{region}.amazonaws.com");
    let url = if prefix.is_empty() { format!("s3://{bucket}") } else { format!("s3://{bucket}/{prefix}") };
    let aws = named.as_ref().is_none_or(|e| *e == own);
    let trust = trust::read(source, fields, sink);
    StateStore::S3(ObjectStore {
        url,
        bucket,
        prefix,
        region,
        endpoint: named.unwrap_or(own),
        aws,
        trust,
        place,
    })
}

/// A region becomes a part of a host name.
fn is_region(text: &str) -> bool {
    let part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(part) && !text.starts_with('-') && !text.ends_with('-')
}

/// Bucket and prefix of `s3://BUCKET[/PREFIX]`; a slash at the end is left out.
fn location(text: &str) -> Option<(String, String)> {
    let rest = text.strip_prefix("s3://")?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = |b: Option<u8>| b.is_some_and(letter);
    let good_bucket = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|b| letter(b) || matches!(b, b'-' | b'.'))
        && ends(bucket.bytes().next())
        && ends(bucket.bytes().last())
        && !bucket.contains("..");
    let good_segment = |s: &str| {
        !s.is_empty()
            && s != "."
            && s != ".."
            && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let good_prefix = prefix.is_empty() || (prefix.len() <= 512 && prefix.split('/').all(good_segment));
    (good_bucket && good_prefix).then(|| (bucket.to_owned(), prefix.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_bucket_and_a_prefix_and_nothing_else() {
        for (text, want) in [
            ("s3://records", ("records", "")),
            ("s3://records/", ("records", "")),
            ("s3://my-records.eu/a/b_c.d/", ("my-records.eu", "a/b_c.d")),
        ] {
            assert_eq!(location(text), Some((want.0.into(), want.1.into())), "{text}");
        }
        for text in [
            "s3:/records",
            "s3://",
            "s3://ab",
            "s3://Records/x",
            "s3://re..cords",
            "s3://-records/x",
            "s3://records//x",
            "s3://records/../x",
            "s3://records/a b",
            "s3://records/a?b",
            "s3://u:p@records/x",
            "s3://records/%2e%2e",
            "gs://records/x",
            "https://s3.eu-central-1.amazonaws.com/records",
        ] {
            assert_eq!(location(text), None, "{text}");
        }
    }

    #[test]
    fn a_region_cannot_lead_to_another_host() {
        assert!(is_region("eu-central-1") && is_region("auto"));
        for text in ["", "eu.evil", "x/y", "x#", "EU", "-x", "x@evil"] {
            assert!(!is_region(text), "{text}");
        }
    }
}
