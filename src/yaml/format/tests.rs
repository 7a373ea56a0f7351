use super::*;
use crate::yaml::edit::tests::commented;
use proptest::prelude::*;

fn fmt(text: &str) -> String {
    format(SourceId(0), text, &Limits::default()).unwrap_or_else(|e| panic!("{e:?}: {text}"))
}

#[test]
fn indentation_becomes_two_blanks_and_dashes_stand_deeper() {
    assert_eq!(
        fmt(
            "a:\n    b:   1\n    l:\n    - x\n    -   k: 1\n        m:\n          - y\n\n\n# end\nc:\n- - 1\n  -    2\n"
        ),
        "a:\n  b:   1\n  l:\n    - x\n    - k: 1\n      m:\n        - y\n\n# end\nc:\n  - - 1\n    - 2\n"
    );
    assert_eq!(fmt("  a: 1\n  b: 2"), "a: 1\nb: 2\n");
}

#[test]
fn texts_of_lines_move_as_one() {
    assert_eq!(
        fmt(
            "a:\n      b: |  # c\n          # text\n            deeper  \n\n          end\n      c: >2-\n         x\n         y\n"
        ),
        "a:\n  b: | # c\n    # text\n      deeper  \n\n    end\n  c: >2-\n     x\n     y\n"
    );
    assert_eq!(fmt("l:\n- |+\n text\n\n\n"), "l:\n  - |+\n    text\n\n\n");
    assert_eq!(fmt("a: |\n  x\n   \n  y"), "a: |\n  x\n   \n  y");
}

#[test]
fn line_ends_and_blank_lines_become_regular() {
    assert_eq!(
        fmt("\r\n\r\na: 1  \r\n\r\n  \r\nb: 'x\r\n\r\n  y'\r\n--- \r\nc: |\r\n  t\r\n\r\n"),
        "a: 1\n\nb: 'x\n\n  y'\n---\nc: |\n  t\n"
    );
    assert_eq!(fmt(""), "");
    assert_eq!(fmt("# only\n\n\n"), "# only\n");
}

#[test]
fn comments_stay_with_what_they_are_about() {
    assert_eq!(
        fmt(
            "a:   # of a\n    # first\n    b: 1     # one\n    c: 22    # two\n    # - last\n\n  # odd\nd:\n    # none: 1\ne:\n# l\n- x\n    # after\n- y\n"
        ),
        "a: # of a\n  # first\n  b: 1     # one\n  c: 22    # two\n  # - last\n\n# odd\nd:\n  # none: 1\ne:\n  # l\n  - x\n  # after\n  - y\n"
    );
    assert_eq!(
        fmt("a: [\n        x,   # one\n        # two\n        y\n    ]\n"),
        "a: [\n        x, # one\n        # two\n        y\n    ]\n"
    );
}

#[test]
fn what_is_not_yaml_says_so() {
    assert!(matches!(format(SourceId(0), "a: [", &Limits::default()), Err(FormatError::Invalid(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_commented_documents_keep_every_comment_and_value_and_settle_at_once(seed in any::<u64>()) {
        let before = commented::text(seed);
        let limits = Limits::default();
        let after = format(SourceId(0), &before, &limits);
        prop_assert!(after.is_ok(), "{:?}\n{}\n=====>\n{:?}", after, before, once(&before, &limits));
        let after = after.unwrap();
        prop_assert_eq!(once(&before, &limits).unwrap(), after.clone(), "settles later\n{}", before);
        prop_assert_eq!(fmt(&after), after.clone());
        let words = |text: &str| comments(text, &shape(text, &limits).unwrap()).join("\n");
        prop_assert_eq!(words(&before), words(&after));
        let unfinished = after.lines().last().is_some_and(|l| !l.trim().is_empty()) && !after.ends_with('\n');
        prop_assert!(!unfinished || !before.ends_with('\n'), "no last line end\n{}", after);
        prop_assert!(!after.contains('\r'), "{}", after);
    }
}
