//! How a record and a lease stand in bytes: one line of canonical JSON with the number of its format, the content, and the
//! SHA-256 of the content's own canonical bytes. A checksum finds accidents; against people there is `seal`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::secret::sha256;
use crate::value::Value;

/// Why bytes are not what was put into an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// They are damaged, or something else; in words.
    Damaged(String),
    /// A newer program wrote them, in this format.
    Newer(u64),
}

/// The bytes of `content` under the name `name`.
pub(super) fn wrap<T: Serialize>(name: &str, format: u32, content: &T) -> Result<Vec<u8>, serde_json::Error> {
    Ok(line(name, u64::from(format), &body(content)?).into_bytes())
}

/// The SHA-256 of the canonical bytes of `content`, as it stands in its envelope.
pub(super) fn digest<T: Serialize>(content: &T) -> Result<String, serde_json::Error> {
    Ok(sha256(body(content)?.as_bytes()))
}

fn body<T: Serialize>(content: &T) -> Result<String, serde_json::Error> {
    Ok(Value::from_json(&serde_json::to_value(content)?).canonical())
}

fn line(name: &str, format: u64, body: &str) -> String {
    format!("{{\"format\":{format},\"{name}\":{body},\"sha256\":\"{}\"}}\n", sha256(body.as_bytes()))
}

/// What [`wrap`] was given, in a format up to `known`. Bytes that read alike and are not the ones that it makes are refused
/// too: names that stand there twice are read by no two programs in the same way.
pub(super) fn open<T: DeserializeOwned>(name: &str, known: u32, bytes: &[u8]) -> Result<T, Broken> {
    let damaged = |why: String| Broken::Damaged(why);
    let mut json: serde_json::Value = serde_json::from_slice(bytes).map_err(|e| {
        damaged(if e.is_eof() { "it is cut off".to_owned() } else { format!("it is not JSON ({e})") })
    })?;
    // The format comes first: the rest of a newer one need not look like ours.
    let format = json
        .get("format")
        .and_then(serde_json::Value::as_u64)
        .ok_or_else(|| damaged("it has no `format`".to_owned()))?;
    if format > u64::from(known) {
        return Err(Broken::Newer(format));
    }
    if format == 0 {
        return Err(damaged("its `format` is not one that was ever written".to_owned()));
    }
    let wanted = json
        .get("sha256")
        .and_then(serde_json::Value::as_str)
        .ok_or_else(|| damaged("it has no `sha256`".to_owned()))?
        .to_owned();
    let content = json
        .get_mut(name)
        .map(serde_json::Value::take)
        .ok_or_else(|| damaged(format!("it has no `{name}`")))?;
    let body = Value::from_json(&content).canonical();
    if sha256(body.as_bytes()) != wanted {
        return Err(damaged("its content does not match its checksum".to_owned()));
    }
    if line(name, format, &body).as_bytes() != bytes {
        return Err(damaged("it is not written as this program writes it".to_owned()));
    }
    serde_json::from_value(content).map_err(|e| damaged(format!("it is not a {name} ({e})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    struct Thing {
        a: u32,
    }

    #[test]
    fn what_is_put_in_comes_out() {
        let bytes = wrap("thing", 1, &Thing { a: 7 }).unwrap();
        assert_eq!(open::<Thing>("thing", 1, &bytes), Ok(Thing { a: 7 }));
        assert!(
            String::from_utf8(bytes).unwrap().contains(digest(&Thing { a: 7 }).unwrap().as_str()),
            "the digest is the one that stands in it"
        );
    }

    /// Every cut, every flipped bit, every byte too many: refused, and only as damage.
    #[test]
    fn only_the_bytes_that_were_written_are_read() {
        let bytes = wrap("thing", 1, &Thing { a: 7 }).unwrap();
        for n in 0..bytes.len() {
            assert!(matches!(open::<Thing>("thing", 1, &bytes[..n]), Err(Broken::Damaged(_))), "cut at {n}");
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[n] ^= 1 << bit;
                assert!(open::<Thing>("thing", 1, &flipped).is_err(), "byte {n}, bit {bit}");
            }
            let mut longer = bytes.clone();
            longer.insert(n, b' ');
            assert!(open::<Thing>("thing", 1, &longer).is_err(), "a blank at {n}");
        }
        for more in ["\n", " ", "x", "{}", "\0"] {
            let longer = [bytes.as_slice(), more.as_bytes()].concat();
            assert!(open::<Thing>("thing", 1, &longer).is_err(), "{more:?} behind it");
        }
    }

    #[test]
    fn names_that_stand_twice_are_refused() {
        let text = String::from_utf8(wrap("thing", 1, &Thing { a: 7 }).unwrap()).unwrap();
        let twice = text.replacen("\"thing\"", "\"thing\":{\"a\":8},\"thing\"", 1);
        assert_eq!(
            open::<Thing>("thing", 1, twice.as_bytes()),
            Err(Broken::Damaged("it is not written as this program writes it".to_owned()))
        );
        let inside = text.replacen("{\"a\"", "{\"a\":8,\"a\"", 1);
        assert!(open::<Thing>("thing", 1, inside.as_bytes()).is_err());
    }

    #[test]
    fn a_newer_format_is_named_before_anything_else_is_looked_at() {
        assert_eq!(open::<Thing>("thing", 1, br#"{"format":9,"whatever":1}"#), Err(Broken::Newer(9)));
        for (bytes, want) in [
            (&b"{\"format\":0}"[..], "never written"),
            (b"{\"format\":-1}", "no `format`"),
            (b"{}", "no `format`"),
            (b"[]", "no `format`"),
            (b"", "cut off"),
            (b"null", "no `format`"),
        ] {
            let Err(Broken::Damaged(why)) = open::<Thing>("thing", 1, bytes) else { panic!("{bytes:?}") };
            assert!(why.contains(want) || want == "never written" && why.contains("ever written"), "{why}");
        }
    }
}
