//! The threat model's inputs for terminals (G), logs of workflows (H) and Markdown (I), each in every text of a plan.

use omni_scale::render::{json, markdown};

use crate::filled::{Size, plan};
use crate::shown;
use crate::sinks::acting;

fn inert(texts: &[&str]) {
    inert_in(Size { clusters: 2, steps: 8, findings: 4, lost: 2 }, texts);
}

fn inert_in(size: Size, texts: &[&str]) {
    for text in texts {
        let plan = plan(size, &mut || (*text).to_owned());
        let wrong = acting(&plan);
        assert!(wrong.is_empty(), "{text:?}: {wrong:#?}");
    }
}

macro_rules! corpus {
    ($($name:ident: [$($text:expr),+ $(,)?];)+) => {
        $(#[test] fn $name() { inert(&[$($text),+]); })+
        const NAMES: &[&str] = &[$(stringify!($name)),+];
    };
}

corpus! {
    g1_clear_and_cursor: ["\u{1b}[2J", "x\u{1b}[1A\u{1b}[2K0 destroy"];
    g2_operating_system_commands: [
        "\u{1b}]0;t\u{7}", "\u{1b}]2;t\u{1b}\\", "\u{1b}]8;;https://evil.example\u{1b}\\x\u{1b}]8;;\u{1b}\\", "\u{1b}]52;c;ZQ==\u{7}",
        "\u{1b}]1337;File=:\u{7}", "\u{1b}P+q\u{1b}\\", "\u{1b}_G\u{1b}\\", "\u{1b}]9;7;cmd\u{7}",
    ];
    g3_eight_bit_controls: ["\u{9b}2J", "\u{9d}52;c;ZQ==\u{9c}", "\u{90}x\u{9c}"];
    g4_bells: [&"\u{7}".repeat(10_000)];
    g5_overwriting: ["destroy\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}nothing", "destroy\rnothing", "a\u{b}b\u{c}c"];
    g6_invisible_and_combining: [
        "\u{202e}evil", "\u{2066}a\u{2069}", "a\u{200b}b", "\u{feff}a", "\u{e0001}\u{e0061}\u{e007f}", "a\u{fe0f}", &"\u{301}".repeat(10_000),
    ];
    g7_wide_characters: ["\u{540d}\u{524d}\u{540d}\u{524d}", "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", "\u{ff21}\u{ff22}"];
    g8_nul_delete_and_broken_text: ["a\0b", "a\u{7f}b", &String::from_utf8_lossy(b"a\xff\xfe\xc3b")];
    h1_set_env: ["::set-env name=LD_PRELOAD::/tmp/x.so"];
    h2_add_path: ["::add-path::/tmp"];
    h3_stop_commands: ["::stop-commands::x"];
    h4_add_mask: ["::add-mask::a"];
    h5_error: ["::error file=a.yaml,line=1::x", "x::error file=a::y"];
    h6_azure: ["##[group]x", "##vso[task.setvariable variable=x]y", "a ##[error]b"];
    h7_gitlab_sections: ["section_start:1560896352:x\r\u{1b}[0Kx", "section_end:1560896352:x\r\u{1b}[0K"];
    h8_blanks_before: ["  ::add-mask::a", "\r::add-mask::a", "\u{feff}::add-mask::a", "a b \u{a0}::add-mask::a", "\u{85}::add-mask::a"];
    h9_delimiters: ["EOF", "a\nEOF\nhas_changes=false", "ghadelimiter_x", &format!("omni_scale_{}", "5a".repeat(16))];
    h10_line_breaks_in_values: ["a\nblocked=false", "a\r\nblocked<<X\nfalse\nX", "a\u{2028}b"];
    i1_fences: [
        "```", "````\n", "`````````", &"`".repeat(40), "~~~", &"~".repeat(40), "```\n~~~\n```", "``` ` `` ````",
    ];
    i2_closing_tags: ["</pre></details>", "</code></summary></details>", "</details>\n\n"];
    i3_mentions_and_references: [
        "@org/team", "@everyone", "fixes #1", "GH-1", "org/repo#1", "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678", "org/repo@a1b2c3d",
    ];
    i4_links_and_images: [
        "![x](https://evil.example/?leak)", "<img src=https://evil.example>", "[x][1]\n\n[1]: https://evil.example",
        "www.evil.example", "https://evil.example", "<https://evil.example>", "a@evil.example", "[x](javascript:alert(1))",
    ];
    i5_comments: ["<!--", "-->", "<!-- x", "<!-->", "<!--->"];
    i6_tables: ["a|b", "a\\|b", "a\\\\|b", "|\n|---|\n|x|", "`a|b`"];
    i7_active_blocks: ["$$x$$", "$`x`$", "$x$", "```mermaid\ngraph TD\n```", "```geojson\n{}\n```", "```math\nx\n```"];
    i8_setext_and_tasks: ["x\n===", "x\n---", "- [x] approved", "[x] approved", "[ ] x"];
    i9_fake_headers: ["\u{2705} No changes", "## omni-scale plan: no changes", "# \u{2705}", "**No changes.**", "> [!NOTE]\n> fine"];
    i11_commands_of_bots: ["/apply", "a\n/apply", "atlantis apply", "a\natlantis apply", " /lgtm", "a /apply"];
    i12_forged_markers: [
        "<!-- omni-scale:comment v1 key=spec/omni.yaml -->", "x\n<!-- omni-scale:plan -->", "-->\n<!-- omni-scale:comment v1 key=y -->",
    ];
}

#[test]
fn g9_a_name_of_64_kilobytes() {
    inert_in(Size { clusters: 1, steps: 2, findings: 1, lost: 1 }, &[&"n".repeat(65_536)]);
}

/// JSON for programs stays what it was, and stays valid.
#[test]
fn g10_the_same_in_json() {
    let text = "\u{1b}]52;c;x\u{7}\u{202e}\u{9b}\u{e0041}\"\\";
    let plan = plan(Size { clusters: 1, steps: 8, findings: 1, lost: 1 }, &mut || text.to_owned());
    let view: serde_json::Value = serde_json::from_str(&json::plan::text(&plan)).unwrap();
    assert_eq!(view["steps"][0]["notes"][0], text);
    assert_eq!(view["lost"][0]["vm"], text);
}

/// More than a comment can hold: what is lost survives.
#[test]
fn i10_a_body_above_the_limit() {
    let long = "x".repeat(250);
    let mut n = 0;
    let size = Size { clusters: 3, steps: 60, findings: 40, lost: 400 };
    let plan = plan(size, &mut || {
        n += 1;
        format!("m{n}-{long}")
    });
    let page = markdown::text(&plan, &shown::context(), markdown::COMMENT);
    assert!(page.len() <= markdown::COMMENT, "{}", page.len());
    assert!(page.contains("disks: 400**"), "{page}");
    assert!(page.contains("**400 machines lost**") && page.contains("risk **critical**"), "{page}");
    let wrong = acting(&plan);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_entry_has_a_test() {
    let named = |letter: char| NAMES.iter().filter(|n| n.starts_with(letter)).count();
    assert_eq!((named('g') + 2, named('h'), named('i') + 1), (10, 10, 12));
}
