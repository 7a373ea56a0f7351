//! What a page must show: every change, every machine that is lost and every finding that blocks, or their number.

use omni_scale::plan::{Action, Plan};
use omni_scale::render::context::{Commit, Context, Link};
use omni_scale::render::markdown;
use omni_scale::untrusted::Untrusted;

/// Sizes at which pages are checked.
pub(crate) const BUDGETS: [usize; 9] = [2_000, 2_500, 3_000, 4_000, 6_000, 10_000, 20_000, 40_000, 60_000];

/// What stands around the plans of tests.
pub(crate) fn context() -> Context {
    let forge = "https://git.example.net/team/deploy";
    let head = "4f2c1d9".repeat(6)[..40].to_owned();
    Context {
        key: "spec/omni.yaml".into(),
        digest: Some(format!("sha256:{}", "9f3a".repeat(16))),
        base: Commit::parse(&"a1b2c3d4e5".repeat(4)),
        merge: Commit::parse(&"77aa001122".repeat(4)),
        report: Link::parse(&format!("{forge}/actions/runs/8123")),
        sources: Link::parse(&format!("{forge}/blob/{head}")),
        head: Commit::parse(&head),
        ..Context::default()
    }
}

/// What of a plan a page does not show and does not count.
pub(crate) fn missing(plan: &Plan, budget: usize) -> Vec<String> {
    let page = markdown::text(plan, &context(), budget);
    let mut missing = Vec::new();
    if page.len() > budget {
        missing.push(format!("{} bytes of {budget}", page.len()));
    }
    let number = |line: &str, lead: &str| {
        let rest = line.strip_prefix(lead)?;
        rest.split(' ').next()?.parse::<usize>().ok()
    };
    let counted = |lead: &str, word: &str| -> usize {
        page.lines().filter(|l| l.contains(word)).filter_map(|l| number(l, lead)).sum()
    };
    let name = |text: &str| format!("`{}`", Untrusted::new(text).line(300));
    let steps: Vec<_> = plan.steps.iter().filter(|s| s.action != Action::Await).collect();
    let shown: Vec<bool> = steps
        .iter()
        .map(|s| page.contains(&format!("\n**{}** {}", s.action.word(), name(&s.address.to_string()))))
        .collect();
    let shown = shown.iter().filter(|s| **s).count();
    let folded = counted("**record only**: ", "object");
    let left = counted("- … ", " change");
    if shown + folded + left != steps.len() {
        missing.push(format!("{shown} + {folded} + {left} of {} changes", steps.len()));
    }
    let all = page.contains("This page cannot list them all");
    for lost in &plan.lost {
        let there = lost.machine.as_deref().is_none_or(|m| page.contains(&name(m)));
        let counted = all && page.contains(&format!("disks: {}**", plan.lost.len()));
        if !(there || counted) {
            missing.push(format!("{lost:?}"));
        }
    }
    let blocks = plan.warnings.iter().filter(|w| w.blocks).count();
    for warning in plan.warnings.iter().filter(|w| w.blocks) {
        let code = warning.guard.as_deref().unwrap_or(&warning.code);
        let address =
            warning.address.as_ref().map_or(String::new(), |a| format!(" · {}", name(&a.to_string())));
        let there = page.contains(&format!("- {}", name(code))) && page.contains(&address);
        let counted = all && page.contains(&format!("** ({blocks})"));
        if !(there || counted) {
            missing.push(format!("{warning:?}"));
        }
    }
    if !page.contains(" · risk **") && steps.len() + blocks + plan.unknown.len() > 0 {
        missing.push("the verdict".into());
    }
    missing
}
