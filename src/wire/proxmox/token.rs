//! API tokens: `user@realm!name=secret`.

use crate::secret::Secret;

/// An API token. Its secret is a UUID that Proxmox shows once.
#[derive(Clone, Debug)]
pub struct Token {
    id: String,
    header: Secret<String>,
    secret: Secret<String>,
}

/// Why a text is no token. The texts never quote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing there.
    #[error("the Proxmox API token is empty")]
    Empty,
    /// A line break or control character inside would end the header that carries it.
    #[error("the Proxmox API token contains a line break, space or control character")]
    Control,
    /// Copied with the name of the header's scheme.
    #[error("leave out `PVEAPIToken=`: a Proxmox API token is written `user@realm!name=secret`")]
    Scheme,
    /// Not of the form.
    #[error("a Proxmox API token is written `user@realm!name=secret`")]
    Form,
}

impl Token {
    /// Reads a token. White space around it is dropped, as files end with a line break; anything of the kind inside is
    /// refused.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(TokenError::Control);
        }
        if text.get(..12).is_some_and(|head| head.eq_ignore_ascii_case("PVEAPIToken=")) {
            return Err(TokenError::Scheme);
        }
        let (id, secret) = text.rsplit_once('=').ok_or(TokenError::Form)?;
        let (user, name) = id.rsplit_once('!').ok_or(TokenError::Form)?;
        let (account, realm) = user.rsplit_once('@').ok_or(TokenError::Form)?;
        let word = |s: &str| {
            s.starts_with(|c: char| c.is_ascii_alphabetic())
                && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        let legal = !account.is_empty() && !account.contains([':', '/']) && word(realm) && word(name);
        if !legal || secret.is_empty() {
            return Err(TokenError::Form);
        }
        Ok(Self {
            id: id.to_owned(),
            header: Secret::new(format!("PVEAPIToken={text}")),
            secret: Secret::new(secret.to_owned()),
        })
    }
    /// Who it is, without the secret: `user@realm!name`.
    pub fn id(&self) -> &str {
        &self.id
    }
    /// Whose it is: `user@realm`.
    pub fn user(&self) -> &str {
        self.id.rsplit_once('!').map_or(self.id.as_str(), |(user, _)| user)
    }
    /// Its name among that user's.
    pub fn name(&self) -> &str {
        self.id.rsplit_once('!').map_or("", |(_, name)| name)
    }
    /// Value of the `Authorization` header.
    pub fn header(&self) -> &Secret<String> {
        &self.header
    }
    /// Removes the secret from a text that a server may have echoed.
    pub fn scrub(&self, text: &str) -> String {
        crate::secret::scrub(text, self.secret.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "terraform@pam!automation=1f0e2d3c-0000-4000-8000-00000000canary";

    #[test]
    fn a_token_is_read_and_never_shown() {
        let token = Token::parse(&format!("{GOOD}\r\n")).unwrap();
        assert_eq!(token.id(), "terraform@pam!automation");
        assert_eq!((token.user(), token.name()), ("terraform@pam", "automation"));
        assert_eq!(token.header().expose(), &format!("PVEAPIToken={GOOD}"));
        assert!(!format!("{token:?}").contains("canary"));
        assert_eq!(
            token.scrub(&format!("bad header {GOOD}")),
            "bad header terraform@pam!automation=[secret]"
        );
        assert_eq!(Token::parse("a=b@corp.example@ldap!ci=x").unwrap().id(), "a=b@corp.example@ldap!ci");
    }

    #[test]
    fn anything_else_is_refused_without_being_quoted() {
        use TokenError::{Control, Empty, Form, Scheme};
        for (text, expected) in [
            ("", Empty),
            (" \n", Empty),
            ("terraform@pam!automation", Form),
            ("terraform@pam=canary", Form),
            ("terraform!automation=canary", Form),
            ("@pam!a=canary", Form),
            ("a@pam!=canary", Form),
            ("a@!b=canary", Form),
            ("a/b@pam!c=canary", Form),
            ("a@pam!b=", Form),
            ("a@pam!b=canary\r\nX-Evil: 1", Control),
            ("a@pam!b=can ary", Control),
            ("a@pam!b=can\u{e4}ry", Control),
            ("PVEAPIToken=a@pam!b=canary", Scheme),
        ] {
            let error = Token::parse(text).unwrap_err();
            assert_eq!(error, expected, "{text:?}");
            assert!(!error.to_string().contains("canary"));
        }
    }
}
