//! Pages of plans of every size: what is not shown is counted, and no page is larger than it may be.

use omni_scale::render::markdown;
use proptest::prelude::*;

use crate::filled::{Size, plan};
use crate::shown::{BUDGETS, context, missing};

fn names() -> impl FnMut() -> String {
    let mut n = 0;
    move || {
        n += 1;
        format!("name-{n}")
    }
}

#[test]
fn plans_of_thousands_are_cut_by_structure() {
    for (steps, findings, lost) in [(40, 10, 10), (400, 60, 100), (0, 0, 2_000), (0, 400, 0)] {
        let plan = plan(Size { clusters: 60, steps, findings, lost }, &mut names());
        for budget in BUDGETS {
            let missing = missing(&plan, budget);
            assert!(
                missing.is_empty(),
                "{steps} steps, {findings} findings, {lost} lost at {budget}: {missing:#?}"
            );
        }
    }
}

#[test]
fn more_room_never_shows_less() {
    let plan = plan(Size { clusters: 20, steps: 300, findings: 60, lost: 80 }, &mut names());
    let shown = |budget| {
        let page = markdown::text(&plan, &context(), budget);
        plan.lost
            .iter()
            .filter(|l| l.machine.as_ref().is_none_or(|m| page.contains(&format!("`{m}`"))))
            .count()
    };
    let counts: Vec<usize> = BUDGETS.into_iter().map(shown).collect();
    assert!(counts.is_sorted(), "{counts:?}");
    assert_eq!(counts.last(), Some(&80));
}

#[test]
fn when_names_do_not_fit_the_page_says_so_and_the_risk_is_critical() {
    let plan = plan(Size { clusters: 3, steps: 0, findings: 0, lost: 2_000 }, &mut names());
    let page = markdown::text(&plan, &context(), markdown::COMMENT);
    assert!(page.contains("risk **critical**"), "{page}");
    assert!(page.contains("This page cannot list them all; the report does. By cluster: "), "{page}");
    assert!(page.contains("The first 50:"), "{page}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn so_it_is_at_any_size(
        clusters in 1usize..80,
        steps in 0usize..200,
        findings in 0usize..80,
        lost in 0usize..300,
        budget in 2_000usize..70_000,
    ) {
        let plan = plan(Size { clusters, steps, findings, lost }, &mut names());
        let missing = missing(&plan, budget);
        prop_assert!(missing.is_empty(), "{:?}", missing);
    }
}
