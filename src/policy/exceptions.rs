//! Exceptions of the spec: somebody answers for a finding, for a while.

use super::circumstances::{Circumstances, Exception};
use super::guards::codes;
use crate::plan::{Lifted, Warning};
use crate::untrusted::Untrusted;

/// Lifts what exceptions cover, and tells of those that have expired. What nothing lifts is not lifted by them either.
pub(super) fn lift(with: &Circumstances, warnings: &mut Vec<Warning>) {
    let mut expired = Vec::new();
    // Rules of the spec look at their own exceptions.
    for exception in with.settings.exceptions.iter().filter(|e| e.guard.is_some()) {
        let of = |w: &&mut Warning| concerns(exception, w);
        if with.now >= exception.expires_unix {
            if warnings.iter_mut().any(|w| of(&w)) {
                expired.push(told(exception));
            }
            continue;
        }
        for warning in warnings.iter_mut().filter(of) {
            warning.blocks = false;
            warning.lifted = Some(Lifted {
                by: exception.source.clone(),
                owner: Some(exception.owner.clone()),
                reason: Some(exception.reason.clone()),
                expires: Some(exception.expires.clone()),
            });
        }
    }
    warnings.extend(expired);
}

fn concerns(exception: &Exception, warning: &Warning) -> bool {
    warning.guard == exception.guard
        && warning.lift.is_some()
        && (warning.blocks || warning.lifted.is_some())
        && warning.address.as_ref().is_some_and(|a| exception.address.matches(a))
}

fn told(exception: &Exception) -> Warning {
    let what = exception.guard.as_deref().unwrap_or_default();
    let owner = Untrusted::new(&exception.owner).line(80);
    Warning {
        code: codes::EXPIRED.to_owned(),
        message: format!(
            "the exception of `{owner}` from `{}` for `{}` ({}) has expired on {}: it lifts nothing",
            Untrusted::new(what).line(80),
            exception.address,
            exception.source,
            exception.expires
        ),
        help: Some("renew it with a reason, or take it out of the spec".to_owned()),
        guard: exception.guard.clone(),
        ..Warning::default()
    }
}
