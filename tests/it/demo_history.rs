//! What the demo shows of the weeks before its start: in the true world and the true screens.

use std::sync::Arc;
use std::time::Duration;

use opsroom::app::message::{Event, Learned, Message};
use opsroom::app::state::State;
use opsroom::cli::demo::simulate::{CALM, Story, configuration};
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet};
use opsroom::ui;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::support::frame::text;

struct Demo {
    story: Story,
    state: State,
}

impl Demo {
    /// The demo so many seconds after its start, watched from before.
    async fn at(seconds: u64, size: (u16, u16)) -> Self {
        let mut story = Story::new(Arc::new(configuration().expect("the demo's configuration")), 1);
        let mut state = story.begin(size);
        story.play(&mut state, CALM + Duration::from_secs(seconds)).await;
        Self { story, state }
    }

    fn take(&mut self, event: Event) {
        let at = self.state.world.now;
        self.story.apply(&mut self.state, Message { at, event });
    }

    fn keys(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.look();
            self.take(Event::Key(key.parse().expect("a key")));
        }
        self
    }

    /// A frame, with all that it asks for.
    fn look(&mut self) -> String {
        let styles = Catalogue::shipped().styles("midnight", ColorDepth::True, GlyphSet::UTF8);
        let (width, height) = self.state.console.size;
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        for _ in 0..3 {
            buffer.reset();
            let layout = ui::view(&self.state, &styles, area, &mut buffer);
            self.take(Event::Learned(Learned::Layout(layout)));
        }
        text(&buffer)
    }
}

#[tokio::test]
async fn two_minutes_show_what_the_weeks_before_have_left() {
    let mut demo = Demo::at(120, (142, 40)).await;
    let overview = demo.look();
    insta::assert_snapshot!("demo_overview_142x40", overview);
    let words = overview.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "✗ 2 of 6 down",
        "1 ack",
        "ops-a until Mon 09:00",
        "✗ cache DOWN 1m 24s since 02:40:36",
        "02:41:40 shop front DOWN",
        "02:40:42 api DEGRADED by cache",
        "02:31:02 web 2.4.1 deployed by ci",
        "slo shop 99.9 %",
        "budget 31 % = 13 min left",
    ] {
        assert!(words.contains(said), "{said}:\n{overview}");
    }
    let alerts = demo.keys("5").look();
    insta::assert_snapshot!("demo_alerts_142x40", alerts);
    assert!(alerts.contains("ack ana"), "{alerts}");
    assert!(alerts.contains("service worker") && alerts.contains("until 02:43:00Z"), "{alerts}");
}

#[tokio::test]
async fn a_silence_ends_and_says_so() {
    let ended = "silence of service worker ended: expired";
    let mut demo = Demo::at(179, (200, 50)).await;
    assert!(!demo.keys("5").look().contains(ended));
    let mut demo = Demo::at(182, (200, 50)).await;
    let alerts = demo.keys("5").look();
    assert!(alerts.contains(ended), "{alerts}");
}

#[tokio::test]
async fn charts_show_five_weeks_with_their_releases() {
    let mut demo = Demo::at(120, (200, 50)).await;
    demo.keys("4 j j");
    let shown = demo.keys("+ + + +").look();
    insta::assert_snapshot!("demo_metrics_30d_200x50", shown);
    let begins = shown.lines().filter(|row| row.contains("    30d ")).count();
    assert!(begins >= 3 && !shown.contains("no older data"), "{shown}");
}

#[tokio::test]
async fn an_alert_says_how_often_it_fired() {
    let mut demo = Demo::at(120, (120, 40)).await;
    let described = demo.keys("5 j d").look();
    assert!(
        described.contains("last 30 days") && described.contains("fired 5 times; the last to end began"),
        "{described}"
    );
}
