//! G to J: what files and servers say, in terminals, logs, Markdown and HTML. Other tests write every text of a plan into every sink; here each number
//! is tied to its test.

use crate::entries::Entry;

const SINKS: &str = "tests/sinks/corpus.rs";
const HTML: &str = "tests/golden/pages/hostile.rs";
const INERT: &str = "shown as text, and nothing acts";

pub const TERMINALS: &[Entry] = &[
    Entry {
        id: "G1",
        what: "clear and cursor",
        expected: INERT,
        here: None,
        there: &[(SINKS, "g1_clear_and_cursor")],
    },
    Entry {
        id: "G2",
        what: "operating system commands",
        expected: INERT,
        here: None,
        there: &[(SINKS, "g2_operating_system_commands")],
    },
    Entry {
        id: "G3",
        what: "eight bit controls",
        expected: INERT,
        here: None,
        there: &[(SINKS, "g3_eight_bit_controls")],
    },
    Entry { id: "G4", what: "bells", expected: INERT, here: None, there: &[(SINKS, "g4_bells")] },
    Entry { id: "G5", what: "overwriting", expected: INERT, here: None, there: &[(SINKS, "g5_overwriting")] },
    Entry {
        id: "G6",
        what: "invisible and combining",
        expected: INERT,
        here: None,
        there: &[(SINKS, "g6_invisible_and_combining")],
    },
    Entry {
        id: "G7",
        what: "wide characters",
        expected: INERT,
        here: None,
        there: &[(SINKS, "g7_wide_characters")],
    },
    Entry {
        id: "G8",
        what: "nul delete and broken text",
        expected: INERT,
        here: None,
        there: &[(SINKS, "g8_nul_delete_and_broken_text")],
    },
    Entry {
        id: "G9",
        what: "a name of 64 kilobytes",
        expected: INERT,
        here: None,
        there: &[(SINKS, "g9_a_name_of_64_kilobytes")],
    },
    Entry {
        id: "G10",
        what: "the same in json",
        expected: "valid JSON that says what it was",
        here: None,
        there: &[(SINKS, "g10_the_same_in_json")],
    },
];

pub const LOGS: &[Entry] = &[
    Entry { id: "H1", what: "set env", expected: INERT, here: None, there: &[(SINKS, "h1_set_env")] },
    Entry { id: "H2", what: "add path", expected: INERT, here: None, there: &[(SINKS, "h2_add_path")] },
    Entry {
        id: "H3",
        what: "stop commands",
        expected: INERT,
        here: None,
        there: &[(SINKS, "h3_stop_commands")],
    },
    Entry { id: "H4", what: "add mask", expected: INERT, here: None, there: &[(SINKS, "h4_add_mask")] },
    Entry { id: "H5", what: "error", expected: INERT, here: None, there: &[(SINKS, "h5_error")] },
    Entry { id: "H6", what: "azure", expected: INERT, here: None, there: &[(SINKS, "h6_azure")] },
    Entry {
        id: "H7",
        what: "gitlab sections",
        expected: INERT,
        here: None,
        there: &[(SINKS, "h7_gitlab_sections")],
    },
    Entry {
        id: "H8",
        what: "blanks before",
        expected: INERT,
        here: None,
        there: &[(SINKS, "h8_blanks_before")],
    },
    Entry { id: "H9", what: "delimiters", expected: INERT, here: None, there: &[(SINKS, "h9_delimiters")] },
    Entry {
        id: "H10",
        what: "line breaks in values",
        expected: INERT,
        here: None,
        there: &[(SINKS, "h10_line_breaks_in_values")],
    },
];

pub const MARKDOWN: &[Entry] = &[
    Entry { id: "I1", what: "fences", expected: INERT, here: None, there: &[(SINKS, "i1_fences")] },
    Entry {
        id: "I2",
        what: "closing tags",
        expected: INERT,
        here: None,
        there: &[(SINKS, "i2_closing_tags")],
    },
    Entry {
        id: "I3",
        what: "mentions and references",
        expected: INERT,
        here: None,
        there: &[(SINKS, "i3_mentions_and_references")],
    },
    Entry {
        id: "I4",
        what: "links and images",
        expected: INERT,
        here: None,
        there: &[(SINKS, "i4_links_and_images")],
    },
    Entry { id: "I5", what: "comments", expected: INERT, here: None, there: &[(SINKS, "i5_comments")] },
    Entry { id: "I6", what: "tables", expected: INERT, here: None, there: &[(SINKS, "i6_tables")] },
    Entry {
        id: "I7",
        what: "active blocks",
        expected: INERT,
        here: None,
        there: &[(SINKS, "i7_active_blocks")],
    },
    Entry {
        id: "I8",
        what: "setext and tasks",
        expected: INERT,
        here: None,
        there: &[(SINKS, "i8_setext_and_tasks")],
    },
    Entry {
        id: "I9",
        what: "fake headers",
        expected: INERT,
        here: None,
        there: &[(SINKS, "i9_fake_headers")],
    },
    Entry {
        id: "I10",
        what: "a body above the limit",
        expected: "what is lost and what blocks is there, whatever is cut",
        here: None,
        there: &[(SINKS, "i10_a_body_above_the_limit")],
    },
    Entry {
        id: "I11",
        what: "commands of bots",
        expected: INERT,
        here: None,
        there: &[(SINKS, "i11_commands_of_bots")],
    },
    Entry {
        id: "I12",
        what: "forged markers",
        expected: INERT,
        here: None,
        there: &[(SINKS, "i12_forged_markers")],
    },
];

pub const PAGES: &[Entry] = &[
    Entry {
        id: "J1",
        what: "scripts and handlers",
        expected: INERT,
        here: None,
        there: &[(HTML, "j01_scripts_and_handlers")],
    },
    Entry {
        id: "J2",
        what: "ends of raw text elements",
        expected: INERT,
        here: None,
        there: &[(HTML, "j02_ends_of_raw_text_elements")],
    },
    Entry {
        id: "J3",
        what: "urls that run",
        expected: INERT,
        here: None,
        there: &[(HTML, "j03_urls_that_run")],
    },
    Entry {
        id: "J4",
        what: "json in a script",
        expected: INERT,
        here: None,
        there: &[(HTML, "j04_json_in_a_script")],
    },
    Entry { id: "J5", what: "quotes", expected: INERT, here: None, there: &[(HTML, "j05_quotes")] },
    Entry {
        id: "J6",
        what: "style sheets",
        expected: INERT,
        here: None,
        there: &[(HTML, "j06_style_sheets")],
    },
    Entry {
        id: "J7",
        what: "guessed character sets",
        expected: INERT,
        here: None,
        there: &[(HTML, "j07_guessed_character_sets")],
    },
    Entry {
        id: "J8",
        what: "escaped events",
        expected: INERT,
        here: None,
        there: &[(HTML, "j08_escaped_events")],
    },
    Entry { id: "J9", what: "data urls", expected: INERT, here: None, there: &[(HTML, "j09_data_urls")] },
    Entry {
        id: "J10",
        what: "texts that change when parsed twice",
        expected: INERT,
        here: None,
        there: &[(HTML, "j10_texts_that_change_when_parsed_twice")],
    },
    Entry {
        id: "J11",
        what: "names of files",
        expected: INERT,
        here: None,
        there: &[(HTML, "j11_names_of_files")],
    },
    Entry {
        id: "J12",
        what: "a report of a hundred megabytes",
        expected: INERT,
        here: None,
        there: &[(HTML, "j12_a_report_of_a_hundred_megabytes")],
    },
];
