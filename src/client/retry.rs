//! When and how long to wait before the same call is sent again.

use std::time::Duration;

use crate::world::Rng;

/// Limits of trying again.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Most attempts of one call, the first one included.
    pub attempts: u32,
    /// No new attempt is begun after this time since the first.
    pub total: Duration,
    /// Wait before the second attempt; doubles each time, half of it random.
    pub first: Duration,
    /// Longest single wait, also when the server asks for more.
    pub longest: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            attempts: 4,
            total: Duration::from_secs(90),
            first: Duration::from_millis(250),
            longest: Duration::from_mins(1),
        }
    }
}

impl Budget {
    /// How long to wait after attempt number `done` (from 1) when `spent` has passed since the first one, or `None` when
    /// that was the last. `asked` is the server's `Retry-After`.
    pub fn wait(
        &self,
        done: u32,
        spent: Duration,
        asked: Option<Duration>,
        rng: &dyn Rng,
    ) -> Option<Duration> {
        if done >= self.attempts {
            return None;
        }
        let base = self.first.saturating_mul(1 << (done - 1).min(16)).min(self.longest);
        let mut random = [0_u8; 4];
        rng.fill(&mut random);
        // Between half and all of it, so that many clients do not come back at the same moment.
        let share = 0.5 + 0.5 * f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX);
        let wait = base.mul_f64(share).max(asked.unwrap_or_default().min(self.longest));
        (spent + wait < self.total).then_some(wait)
    }
}

/// Reads `Retry-After` in seconds; its date form is rare and ignored.
pub fn retry_after(value: Option<&str>) -> Option<Duration> {
    value?.trim().parse::<u32>().ok().map(|s| Duration::from_secs(s.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Rng for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn waits_double_and_end() {
        let budget = Budget::default();
        let ms = |done, rng| budget.wait(done, Duration::ZERO, None, &Fixed(rng)).map(|d| d.as_millis());
        assert_eq!(
            [ms(1, 255), ms(2, 255), ms(3, 255), ms(4, 255)],
            [Some(250), Some(500), Some(1000), None]
        );
        assert_eq!(ms(1, 0), Some(125));
    }

    #[test]
    fn the_server_may_ask_for_more_within_the_budget() {
        let budget = Budget::default();
        let wait = |spent, asked| {
            budget.wait(1, Duration::from_secs(spent), Some(Duration::from_secs(asked)), &Fixed(0))
        };
        assert_eq!(wait(0, 7), Some(Duration::from_secs(7)));
        assert_eq!(wait(0, 3600), Some(Duration::from_mins(1)));
        assert_eq!(wait(60, 60), None);
        assert_eq!(retry_after(Some(" 12 ")), Some(Duration::from_secs(12)));
        assert_eq!(retry_after(Some("Fri, 20 Nov 2026 21:58:36 GMT")), None);
    }
}
