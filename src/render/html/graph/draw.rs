//! Boxes and arrows as SVG.

use super::fold::{Folded, Node};
use super::layout::{EDGE, HEIGHT, Laid, TOP, WIDTH};
use crate::kinds::Effect;
use crate::plan::Plan;
use crate::render::html::changes::place;
use crate::render::html::markup::Markup;
use crate::render::html::verdict::{tone_of, tone_of_action};
use crate::render::width::columns;
use crate::render::words::count;

/// Columns of text that fit into a box.
const COLUMNS: usize = 27;

/// The drawing.
pub(super) fn svg(plan: &Plan, folded: &Folded, laid: &Laid, m: &mut Markup) {
    let (width, height) = (number(laid.width), number(laid.height));
    let size = format!("0 0 {width} {height}");
    m.element(
        "svg",
        &[
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("viewBox", &size),
            ("width", &width),
            ("height", &height),
            ("role", "img"),
            ("fill", "currentColor"),
            ("font-size", "12"),
            ("aria-labelledby", "graph-title graph-words"),
        ],
        |m| {
            m.element("title", &[("id", "graph-title")], |m| m.text("Order of the steps"));
            let words = format!(
                "{} in {}, {}. The list below the drawing says the same in words.",
                count(folded.nodes.len() as u32, "box"),
                count(laid.bands.len() as u32, "wave"),
                count(folded.edges.len() as u32, "arrow"),
            )
            .replace("boxs", "boxes");
            m.element("desc", &[("id", "graph-words")], |m| m.text(&words));
            for band in &laid.bands {
                wave(plan, *band, laid.height, m);
            }
            for (edge, points) in folded.edges.iter().zip(&laid.arrows) {
                arrow(&edge.reason, points, m);
            }
            for (node, at) in folded.nodes.iter().zip(&laid.boxes) {
                one(plan, node, *at, m);
            }
        },
    );
}

/// A length with at most one decimal place.
fn number(n: f64) -> String {
    let text = format!("{n:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn wave(plan: &Plan, (wave, left, right): (u32, f64, f64), height: f64, m: &mut Markup) {
    let title = plan.waves.get((wave as usize).wrapping_sub(1)).map_or("", |w| w.title.as_str());
    let room = ((right - left - EDGE) / 7.3) as usize;
    m.open(
        "rect",
        &[
            ("class", "band"),
            // Where a viewer does not let the style sheet through, as some pipelines do, boxes are outlines and not black.
            ("fill", "none"),
            ("stroke", "currentColor"),
            ("x", &number(left)),
            ("y", "4"),
            ("width", &number(right - left)),
            ("height", &number(height - 8.0)),
            ("rx", "8"),
        ],
    );
    m.element(
        "text",
        &[("class", "head"), ("x", &number(left + EDGE / 2.0 + 2.0)), ("y", &number(TOP - 18.0))],
        |m| {
            m.text(&short(&format!("{wave}  {title}"), room));
        },
    );
    m.line();
}

fn arrow(reason: &str, points: &[(f64, f64)], m: &mut Markup) {
    let Some(&(x, y)) = points.first() else { return };
    let mut path = format!("M{} {}", number(x), number(y));
    let (mut x, mut y) = (x, y);
    // Points come in pairs: across the room between two columns, then straight through a column.
    for (i, &(to_x, to_y)) in points.iter().enumerate().skip(1) {
        let end = if i + 1 == points.len() { to_x - 6.0 } else { to_x };
        if i % 2 == 1 {
            let middle = f64::midpoint(x, end);
            path.push_str(&format!(
                "C{} {} {} {} {} {}",
                number(middle),
                number(y),
                number(middle),
                number(to_y),
                number(end),
                number(to_y)
            ));
        } else {
            path.push_str(&format!("L{} {}", number(end), number(to_y)));
        }
        (x, y) = (end, to_y);
    }
    let tip = format!("M{} {}l-2 -4 8 4 -8 4z", number(x), number(y));
    m.element("g", &[("class", "arc")], |m| {
        m.element("title", &[], |m| m.text(reason));
        m.open("path", &[("class", "hit"), ("fill", "none"), ("d", &path)]);
        m.open("path", &[("class", "edge"), ("fill", "none"), ("stroke", "currentColor"), ("d", &path)]);
        m.open("path", &[("class", "tip"), ("d", &tip)]);
    });
}

fn one(plan: &Plan, node: &Node, (x, y): (f64, f64), m: &mut Markup) {
    let tone = match node.action {
        Some(action) => tone_of_action(action),
        None => tone_of(node.effect),
    };
    let target = match node.steps.as_slice() {
        [id] => plan.steps.iter().find(|s| s.id == *id && s.action != crate::plan::Action::Await).map(place),
        _ => None,
    };
    let does = if node.effect > Effect::None {
        format!("{}  ({})", node.does, node.effect.word())
    } else {
        node.does.clone()
    };
    let inside = |m: &mut Markup| {
        m.element("title", &[], |m| {
            let of = if node.of.is_empty() { String::new() } else { format!(" of {}", node.of) };
            m.text(&format!("{does} {}{of}", node.to));
        });
        m.open(
            "rect",
            &[
                ("class", "box"),
                ("fill", "none"),
                ("stroke", "currentColor"),
                ("x", &number(x)),
                ("y", &number(y)),
                ("width", &number(WIDTH)),
                ("height", &number(HEIGHT)),
                ("rx", "7"),
            ],
        );
        for (line, class, text) in
            [(18.0, "word", does.as_str()), (34.0, "", node.to.as_str()), (50.0, "head", node.of.as_str())]
        {
            if text.is_empty() {
                continue;
            }
            m.element("text", &[("class", class), ("x", &number(x + 10.0)), ("y", &number(y + line))], |m| {
                m.text(&short(text, COLUMNS));
            });
        }
    };
    match target {
        Some(target) => {
            m.element("a", &[("href", &format!("#{target}"))], |m| {
                m.element("g", &[("class", tone)], inside);
            });
        }
        None => m.element("g", &[("class", tone)], inside),
    }
    m.line();
}

/// A text that fits: its middle is left out. The whole stands in the title of its box.
fn short(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let keep = most.saturating_sub(1);
    let mut head = String::new();
    for c in text.chars() {
        if columns(&head) + columns(c.encode_utf8(&mut [0; 4])) > keep * 2 / 5 {
            break;
        }
        head.push(c);
    }
    let mut tail: Vec<char> = Vec::new();
    let mut used = columns(&head);
    for c in text.chars().rev() {
        let width = columns(c.encode_utf8(&mut [0; 4]));
        if used + width > keep {
            break;
        }
        used += width;
        tail.push(c);
    }
    format!("{head}…{}", tail.into_iter().rev().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_lose_their_middle() {
        assert_eq!(short("short", 27), "short");
        assert_eq!(short("patch/201-cluster-talos-prod-01-longhorn", 20), "patch/2…-01-longhorn");
        assert!(columns(&short(&"名前".repeat(40), 29)) <= 29);
    }
}
