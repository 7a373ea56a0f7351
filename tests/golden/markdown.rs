//! The pull-request comment (`plan.md`) and the annotations (`plan.github`) of every scenario, and what holds at any size.

use omni_scale::render::{github, markdown};
use proptest::prelude::*;

use crate::cases::{all, expect};
use crate::properties::mixed;
use crate::shown::{BUDGETS, context, missing};

#[test]
fn comments_and_annotations_are_as_committed() {
    let mut wrong = Vec::new();
    for case in all() {
        let plan = case.plan();
        let text = markdown::text(&plan, &context(), markdown::COMMENT);
        wrong.extend(expect(&case.folder.join("plan.md"), &text));
        wrong.extend(expect(&case.folder.join("plan.github"), &github::text(&plan, &context())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_change_loss_and_block_is_shown_or_counted_at_every_size() {
    for case in all() {
        let plan = case.plan();
        for budget in BUDGETS {
            let missing = missing(&plan, budget);
            assert!(missing.is_empty(), "{} at {budget}: {missing:?}", case.name);
        }
    }
}

#[test]
fn every_golden_comment_is_whole() {
    let cut: Vec<&str> = all()
        .iter()
        .filter(|c| markdown::text(&c.plan(), &context(), markdown::COMMENT).contains("cut to its size"))
        .map(|c| c.name.as_str())
        .collect();
    assert!(cut.is_empty(), "{cut:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn so_it_is_for_any_files_against_any_world(
        files in 0usize..64,
        world in 0usize..64,
        dropped in proptest::collection::btree_set(0usize..8, 0..4),
        with_record in any::<bool>(),
        budget in 2_000usize..20_000,
    ) {
        let cases = all();
        let (files, world) = (&cases[files % cases.len()], &cases[world % cases.len()]);
        let mut case = mixed(files, world, &dropped);
        if !with_record {
            case.record = None;
        }
        let missing = missing(&case.plan(), budget);
        prop_assert!(missing.is_empty(), "{} at {}: {:?}", case.name, budget, missing);
    }
}
