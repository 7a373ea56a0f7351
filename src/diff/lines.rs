//! The line difference of two texts, choosing among equally good answers as `omnictl` does, so that hunks are the same.
//!
//! Common ends are taken off; then a run of equal lines in the middle is looked for from both ends at once (Myers' linear
//! space variant) and both sides of it are solved alike. What has fewer than `SMALL` lines on either side, or lies more
//! than `DEPTH` levels deep, is solved by a longest common subsequence.

use std::ops::Range;

/// A part with fewer lines than this on both sides is solved directly.
const SMALL: usize = 10;
/// Levels of parts within parts.
const DEPTH: u32 = 30;

/// One line of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'t> {
    /// In both texts.
    Same(&'t str),
    /// Only in the old text.
    Gone(&'t str),
    /// Only in the new text.
    New(&'t str),
}

/// All lines of both texts in order, without line ends. A last line without a line end counts as one with it.
pub fn lines<'t>(old: &'t str, new: &'t str) -> Vec<Line<'t>> {
    let split = |text: &'t str| -> Vec<&'t str> {
        let body = text.strip_suffix('\n').unwrap_or(text);
        if text.is_empty() { Vec::new() } else { body.split('\n').collect() }
    };
    let (old, new) = (split(old), split(new));
    let mut solver = Solver { old: &old, new: &new, out: Vec::with_capacity(old.len().max(new.len())) };
    solver.part(0..old.len(), 0..new.len(), 0);
    solver.out
}

struct Solver<'s, 't> {
    old: &'s [&'t str],
    new: &'s [&'t str],
    out: Vec<Line<'t>>,
}

/// A run of equal lines: where it begins on both sides, and how long it is.
#[derive(Clone, Copy)]
struct Run {
    old: usize,
    new: usize,
    length: usize,
}

impl Solver<'_, '_> {
    fn same(&self, old: usize, new: usize) -> bool {
        matches!((self.old.get(old), self.new.get(new)), (Some(o), Some(n)) if o == n)
    }
    fn keep(&mut self, old: Range<usize>) {
        self.out.extend(self.old.get(old).unwrap_or_default().iter().map(|l| Line::Same(l)));
    }
    fn drop(&mut self, old: Range<usize>) {
        self.out.extend(self.old.get(old).unwrap_or_default().iter().map(|l| Line::Gone(l)));
    }
    fn add(&mut self, new: Range<usize>) {
        self.out.extend(self.new.get(new).unwrap_or_default().iter().map(|l| Line::New(l)));
    }

    fn part(&mut self, old: Range<usize>, new: Range<usize>, depth: u32) {
        if old.is_empty() || new.is_empty() {
            self.drop(old);
            self.add(new);
            return;
        }
        if depth >= DEPTH || (old.len() < SMALL && new.len() < SMALL) {
            self.subsequence(old, new);
            return;
        }
        let shorter = old.len().min(new.len());
        let head = (0..shorter).take_while(|i| self.same(old.start + i, new.start + i)).count();
        let tail = (0..shorter - head).take_while(|i| self.same(old.end - 1 - i, new.end - 1 - i)).count();
        if head > 0 || tail > 0 {
            self.keep(old.start..old.start + head);
            self.part(old.start + head..old.end - tail, new.start + head..new.end - tail, depth + 1);
            self.keep(old.end - tail..old.end);
            return;
        }
        let run = self.middle(&old, &new);
        self.part(old.start..run.old, new.start..run.new, depth + 1);
        self.keep(run.old..run.old + run.length);
        self.part(run.old + run.length..old.end, run.new + run.length..new.end, depth + 1);
    }

    /// A run in the middle of a shortest answer; an empty one at the beginning where none is found.
    fn middle(&self, old: &Range<usize>, new: &Range<usize>) -> Run {
        let nothing = Run { old: old.start, new: new.start, length: 0 };
        if old.len() == 1 || new.len() == 1 {
            let first =
                old.clone().flat_map(|o| new.clone().map(move |n| (o, n))).find(|(o, n)| self.same(*o, *n));
            return first.map_or(nothing, |(old, new)| Run { old, new, length: 1 });
        }
        let (Ok(n), Ok(m)) = (isize::try_from(old.len()), isize::try_from(new.len())) else { return nothing };
        let equal = |x: isize, y: isize| {
            let at = |start: usize, by: isize| start.checked_add_signed(by);
            x >= 0
                && y >= 0
                && x < n
                && y < m
                && at(old.start, x).zip(at(new.start, y)).is_some_and(|(o, w)| self.same(o, w))
        };
        let run = |x: isize, y: isize, length: isize| {
            let at = |start: usize, by: isize| start.checked_add_signed(by);
            Some(Run {
                old: at(old.start, x)?,
                new: at(new.start, y)?,
                length: usize::try_from(length).ok()?,
            })
        };
        let most = (n + m + 1) / 2;
        let delta = n - m;
        let odd = delta % 2 != 0;
        let mut down = Reach::new(most, delta);
        let mut up = Reach::new(most, delta);
        down.set(0, 0);
        up.set(delta, n);
        for d in 0..=most {
            for k in (-d..=d).step_by(2) {
                if !down.holds(k) {
                    continue;
                }
                let left = down.get(k - 1).filter(|_| k > -d);
                let above = down.get(k + 1).filter(|_| k < d);
                let x = match (left, above) {
                    (Some(l), Some(a)) => (l + 1).max(a),
                    (Some(l), None) => l + 1,
                    (None, Some(a)) => a,
                    (None, None) if d == 0 => 0,
                    (None, None) => continue,
                };
                let start = x.min(n);
                let (mut x, mut y) = (start, start - k);
                if y < 0 || y > m {
                    continue;
                }
                while equal(x, y) {
                    (x, y) = (x + 1, y + 1);
                }
                down.set(k, x);
                let meets = odd && (k - delta).abs() < d && up.get(k).is_some_and(|other| x >= other);
                if meets {
                    return run(start, start - k, x - start).unwrap_or(nothing);
                }
            }
            for k in (delta - d..=delta + d).step_by(2) {
                if !up.holds(k) {
                    continue;
                }
                let right = up.get(k + 1).filter(|_| k < delta + d);
                let below = up.get(k - 1).filter(|_| k > delta - d);
                let x = match (below, right) {
                    (Some(b), Some(r)) => b.min(r - 1),
                    (Some(b), None) => b,
                    (None, Some(r)) => r - 1,
                    (None, None) => continue,
                };
                let end = x.max(0);
                let (mut x, mut y) = (end, end - k);
                if y < 0 || y > m {
                    continue;
                }
                while equal(x - 1, y - 1) {
                    (x, y) = (x - 1, y - 1);
                }
                up.set(k, x);
                if !odd && k.abs() <= d && down.get(k).is_some_and(|other| other >= x) {
                    return run(x, y, end - x).unwrap_or(nothing);
                }
            }
        }
        nothing
    }

    /// A longest common subsequence; where both sides could go first, lines that go stand before lines that come.
    fn subsequence(&mut self, old: Range<usize>, new: Range<usize>) {
        let (n, m) = (old.len(), new.len());
        // Row by row only the lengths of the row above are needed; of each cell one bit stays: whether the way back leads
        // to the old line before.
        let mut back = Bits::new((n + 1) * (m + 1));
        let mut above = vec![0u32; m + 1];
        for i in 1..=n {
            let mut row = vec![0u32; m + 1];
            let mut left = 0;
            for j in 1..=m {
                let over = above.get(j).copied().unwrap_or(0);
                let value = if self.same(old.start + i - 1, new.start + j - 1) {
                    above.get(j - 1).copied().unwrap_or(0) + 1
                } else {
                    if over > left {
                        back.set(i * (m + 1) + j);
                    }
                    over.max(left)
                };
                if let Some(cell) = row.get_mut(j) {
                    *cell = value;
                }
                left = value;
            }
            above = row;
        }
        let mut pairs = Vec::new();
        let (mut i, mut j) = (n, m);
        while i > 0 && j > 0 {
            if self.same(old.start + i - 1, new.start + j - 1) {
                (i, j) = (i - 1, j - 1);
                pairs.push((old.start + i, new.start + j));
            } else if back.get(i * (m + 1) + j) {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        let (mut from_old, mut from_new) = (old.start, new.start);
        for (at_old, at_new) in pairs.into_iter().rev() {
            self.drop(from_old..at_old);
            self.add(from_new..at_new);
            self.keep(at_old..at_old + 1);
            (from_old, from_new) = (at_old + 1, at_new + 1);
        }
        self.drop(from_old..old.end);
        self.add(from_new..new.end);
    }
}

/// The furthest old line reached on each diagonal.
struct Reach {
    offset: isize,
    cells: Vec<Option<isize>>,
}

impl Reach {
    fn new(most: isize, delta: isize) -> Self {
        let size = usize::try_from(2 * most + 1 + delta.abs()).unwrap_or(0);
        Self { offset: most + (-delta).max(0), cells: vec![None; size] }
    }
    fn at(&self, diagonal: isize) -> Option<usize> {
        usize::try_from(self.offset + diagonal).ok().filter(|i| *i < self.cells.len())
    }
    fn holds(&self, diagonal: isize) -> bool {
        self.at(diagonal).is_some()
    }
    fn get(&self, diagonal: isize) -> Option<isize> {
        self.cells.get(self.at(diagonal)?).copied().flatten()
    }
    fn set(&mut self, diagonal: isize, x: isize) {
        let at = self.at(diagonal);
        if let Some(cell) = at.and_then(|at| self.cells.get_mut(at)) {
            *cell = Some(x);
        }
    }
}

/// Many yes-or-no answers in little space.
struct Bits(Vec<u64>);

impl Bits {
    fn new(count: usize) -> Self {
        Self(vec![0; count / 64 + 1])
    }
    fn set(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }
    fn get(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }
}

/// Lines that differ, with `context` lines around them, as a unified difference groups them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk<'t> {
    /// First old line, from 1; the line before where it has none.
    pub old_start: usize,
    /// Number of old lines.
    pub old_lines: usize,
    /// First new line, from 1; the line before where it has none.
    pub new_start: usize,
    /// Number of new lines.
    pub new_lines: usize,
    /// The lines.
    pub lines: Vec<Line<'t>>,
}

/// The hunks of an answer. Changes stay together as long as fewer than `2 * context` equal lines lie between them.
pub fn hunks<'t>(all: &[Line<'t>], context: usize) -> Vec<Hunk<'t>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut last: Option<usize> = None;
    for at in all.iter().enumerate().filter(|(_, l)| !matches!(l, Line::Same(_))).map(|(i, _)| i) {
        let around = at.saturating_sub(context)..(at + context + 1).min(all.len());
        let near = last.is_some_and(|last| at - last <= 2 * context);
        match ranges.last_mut() {
            Some(range) if near || around.start < range.end => range.end = around.end,
            _ => ranges.push(around),
        }
        last = Some(at);
    }
    let count = |lines: &[Line<'t>]| {
        let old = lines.iter().filter(|l| !matches!(l, Line::New(_))).count();
        let new = lines.iter().filter(|l| !matches!(l, Line::Gone(_))).count();
        (old, new)
    };
    let start = |before: usize, lines: usize| if lines == 0 { before } else { before + 1 };
    let (mut done, mut before) = (0, (0, 0));
    let mut out = Vec::new();
    for range in ranges {
        let skipped = count(all.get(done..range.start).unwrap_or_default());
        before = (before.0 + skipped.0, before.1 + skipped.1);
        let lines = all.get(range.clone()).unwrap_or_default().to_vec();
        let (old, new) = count(&lines);
        out.push(Hunk {
            old_start: start(before.0, old),
            old_lines: old,
            new_start: start(before.1, new),
            new_lines: new,
            lines,
        });
        before = (before.0 + old, before.1 + new);
        done = range.end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str) -> String {
        let text = |t: &str| t.chars().map(|c| format!("{c}\n")).collect::<String>();
        let (old, new) = (text(old), text(new));
        let of = |l: &Line<'_>| match *l {
            Line::Same(t) => format!(" {t}"),
            Line::Gone(t) => format!("-{t}"),
            Line::New(t) => format!("+{t}"),
        };
        lines(&old, &new).iter().map(of).collect()
    }

    #[test]
    fn what_goes_stands_before_what_comes() {
        assert_eq!(shown("abc", "axc"), " a-b+x c");
        assert_eq!(shown("", "ab"), "+a+b");
        assert_eq!(shown("ab", ""), "-a-b");
        // Repeated lines: the later of two equal ones stays.
        assert_eq!(shown("aa", "a"), "-a a");
    }

    #[test]
    fn both_texts_can_be_read_from_the_answer() {
        // A small generator: every text of a few letters, long enough for the search from both ends.
        let mut seed = 7u64;
        let mut next = move |n: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % n
        };
        for _ in 0..2000 {
            let mut text = || -> String {
                let length = next(40);
                (0..length).map(|_| ["a\n", "b\n", "c\n", "d\n"][next(4) as usize]).collect()
            };
            let (old, new) = (text(), text());
            let answer = lines(&old, &new);
            let side = |skip: fn(&Line<'_>) -> bool| -> String {
                answer
                    .iter()
                    .filter(|l| !skip(l))
                    .map(|l| match l {
                        Line::Same(t) | Line::Gone(t) | Line::New(t) => format!("{t}\n"),
                    })
                    .collect()
            };
            assert_eq!(side(|l| matches!(l, Line::New(_))), old);
            assert_eq!(side(|l| matches!(l, Line::Gone(_))), new);
        }
    }

    #[test]
    fn hunks_join_where_their_context_meets() {
        let numbered = |change: &[usize]| -> String {
            (1..=30).map(|i| format!("{i}{}\n", if change.contains(&i) { "x" } else { "" })).collect()
        };
        let of = |change: &[usize]| -> Vec<(usize, usize, usize, usize)> {
            let (old, new) = (numbered(&[]), numbered(change));
            hunks(&lines(&old, &new), 3)
                .iter()
                .map(|h| (h.old_start, h.old_lines, h.new_start, h.new_lines))
                .collect()
        };
        assert_eq!(of(&[10]), [(7, 7, 7, 7)]);
        assert_eq!(of(&[10, 16]), [(7, 13, 7, 13)]);
        assert_eq!(of(&[10, 17]), [(7, 7, 7, 7), (14, 7, 14, 7)]);
        assert_eq!(of(&[]), []);
        let text = numbered(&[]);
        assert_eq!(
            hunks(&lines("", &text), 3)
                .iter()
                .map(|h| (h.old_start, h.old_lines, h.new_start))
                .collect::<Vec<_>>(),
            [(0, 0, 1)]
        );
    }
}
