//! Live things in managed clusters that are neither declared nor ours: reported, never touched.

use super::codes;
use crate::plan::{Unchanged, Warning};

pub(super) fn rule(unchanged: &[Unchanged], out: &mut Vec<Warning>) {
    let foreign: Vec<String> =
        unchanged.iter().filter(|u| u.status == "foreign").map(|u| format!("`{}`", u.address)).collect();
    if foreign.is_empty() {
        return;
    }
    let shown: Vec<&str> = foreign.iter().take(3).map(String::as_str).collect();
    let more = foreign.len().saturating_sub(shown.len());
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    out.push(Warning {
        code: codes::FOREIGN.to_owned(),
        address: None,
        message: format!("not declared and not ours, left alone: {}{tail}", shown.join(", ")),
        blocks: false,
        help: Some("`omni-scale adopt ADDR` takes one into the files; else remove it in Omni".to_owned()),
        ..Warning::default()
    });
}
