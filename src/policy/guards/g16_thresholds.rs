//! G16: more than a threshold allows. Machines are counted, not API objects.

use super::{Guard, View, codes};
use crate::address::Address;
use crate::plan::{Action, Moved, Warning};
use crate::policy::overrides::{Override, Scope};

pub(super) const GUARD: Guard = Guard {
    code: "G16",
    name: "thresholds",
    built: true,
    when: "One plan destroys or rebuilds more machines of a cluster, or of all of them, removes more machine classes, or destroys more clusters than `policy.thresholds` allows.",
    does: "Blocks. Below five machines only the absolute number counts; machines of a cluster that goes as a whole are G01's.",
    lift: "`--allow threshold:cluster/NAME=N`, `--allow threshold:total=N`, `--allow threshold:classes=N` or `--allow threshold:clusters=N`; an exception of the spec for one cluster; or another threshold in the spec.",
    why: "A slip of one line can take half of a cluster along; the size of a change is what a reviewer overlooks.",
    codes: &[codes::THRESHOLD],
    acknowledged: false,
};

/// From so many on, shares count too.
const ENOUGH: usize = 5;

pub(super) fn find(view: &View<'_>, out: &mut Vec<Warning>) {
    let limits = view.with.settings.thresholds;
    let destroy = Limit { absolute: limits.destroy as usize, percent: limits.destroy_percent as usize };
    let rebuild = Limit { absolute: 1, percent: limits.rebuild_percent as usize };
    let stays = || view.losses.clusters.iter().filter(|(_, c)| !c.removed);
    let mut told = false;
    for (name, count) in stays() {
        let cluster = Address::cluster(name);
        let rows = [("destroys", count.lost(), destroy), ("rebuilds", count.rebuilt.len(), rebuild)];
        for (what, n, limit) in rows {
            if let Some(over) = limit.over(n, count.machines) {
                told = true;
                out.push(finding(
                    what,
                    name,
                    n,
                    count.machines,
                    "machines",
                    &over,
                    Scope::Cluster(cluster.clone()),
                ));
            }
        }
    }
    // Each cluster by itself may be within bounds.
    let all: usize = stays().map(|(_, c)| c.machines).sum();
    let several = stays().filter(|(_, c)| c.lost() + c.rebuilt.len() > 0).count() > 1;
    let rows = [
        ("destroys", stays().map(|(_, c)| c.lost()).sum::<usize>(), destroy),
        ("rebuilds", stays().map(|(_, c)| c.rebuilt.len()).sum(), rebuild),
    ];
    for (what, n, limit) in rows {
        if let Some(over) = limit.over(n, all).filter(|_| several && !told) {
            out.push(finding(what, "total", n, all, "machines", &over, Scope::Total));
        }
    }
    classes(view, limits.classes_percent as usize, out);
    clusters(view, limits.clusters as usize, out);
}

fn classes(view: &View<'_>, percent: usize, out: &mut Vec<Warning>) {
    // One that goes on under another name is not lost.
    let stays = |s: &crate::plan::Step| matches!(s.moved, Some(Moved::MadeAs(_)));
    let gone =
        |s: &&crate::plan::Step| s.address.kind() == "class" && s.action == Action::Destroy && !stays(s);
    let n = view.plan.steps.iter().filter(gone).count();
    let all = view.input.snapshot.omni.list("MachineClasses").len();
    if all < ENOUGH || n * 100 <= percent * all {
        return;
    }
    let over = format!("{} % is over {percent} %", share(n, all, percent));
    out.push(finding("removals", "machine classes", n, all, "classes", &over, Scope::Classes));
}

fn clusters(view: &View<'_>, most: usize, out: &mut Vec<Warning>) {
    let gone = view.losses.clusters.values().filter(|c| c.removed).count();
    // One that is named by its own flag is a decision; from the second on the number is one too.
    let most = most.max(1);
    if gone > most {
        let all = view.input.snapshot.omni.list("Clusters").len();
        let over = format!("the limit is {most}");
        out.push(finding("destroys", "this plan", gone, all, "clusters", &over, Scope::Clusters));
    }
}

/// How many, and which share.
#[derive(Clone, Copy)]
struct Limit {
    absolute: usize,
    percent: usize,
}

impl Limit {
    /// Why `n` of `all` are too many.
    fn over(self, n: usize, all: usize) -> Option<String> {
        let within_share = all >= ENOUGH && n * 100 <= self.percent * all;
        if n <= self.absolute || within_share {
            return None;
        }
        Some(if n * 100 > self.percent * all {
            format!("{} % is over {} %", share(n, all, self.percent), self.percent)
        } else {
            format!("the limit below {ENOUGH} machines is {}", self.absolute)
        })
    }
}

/// The share in percent, never rounded down to the limit that it is over.
fn share(n: usize, all: usize, limit: usize) -> String {
    let all = all.max(1);
    let whole = (n * 100 + all / 2) / all;
    if whole > limit { whole.to_string() } else { format!("{limit}.{}", ((n * 1000 / all) % 10).max(1)) }
}

fn finding(what: &str, place: &str, n: usize, all: usize, noun: &str, over: &str, scope: Scope) -> Warning {
    let address = match &scope {
        Scope::Cluster(address) => Some(address.clone()),
        Scope::Total | Scope::Classes | Scope::Clusters => None,
    };
    let most = u32::try_from(n).unwrap_or(u32::MAX);
    let flag = Override::Threshold { scope, most }.to_string();
    Warning {
        code: codes::THRESHOLD.to_owned(),
        address,
        message: format!("too many {what} in {place}: {n} of {all} {noun}, {over}"),
        blocks: true,
        help: Some(format!("take less at once; if that is meant, say so with `{flag}`")),
        guard: Some(GUARD.code.to_owned()),
        evidence: [
            ("count".to_owned(), n.to_string()),
            ("of".to_owned(), all.to_string()),
            ("limit".to_owned(), over.to_owned()),
        ]
        .into(),
        lift: Some(flag),
        ..Warning::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_count_from_five_on_and_one_machine_is_always_allowed() {
        let limit = Limit { absolute: 1, percent: 20 };
        for (n, all, over) in [
            (0, 0, None),
            (1, 1, None),
            (1, 2, None),
            (2, 4, Some("50 % is over 20 %")),
            (1, 5, None),
            (2, 5, Some("40 % is over 20 %")),
            (2, 10, None),
            (3, 14, Some("21 % is over 20 %")),
            (203, 1000, Some("20.3 % is over 20 %")),
            (3, 3, Some("100 % is over 20 %")),
        ] {
            assert_eq!(limit.over(n, all).as_deref(), over, "{n} of {all}");
        }
        let generous = Limit { absolute: 1, percent: 60 };
        assert_eq!(generous.over(2, 4).as_deref(), Some("the limit below 5 machines is 1"));
        assert_eq!(Limit { absolute: 3, percent: 0 }.over(3, 9), None, "the larger of both counts");
    }
}
