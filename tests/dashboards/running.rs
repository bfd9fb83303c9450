//! Prometheus on a running build.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::grafana::{self, Expression};
use crate::support::{
    Process, free_port, get, interrupt, is_there, percent_encoded, served_at, start, wakemill,
    write_clips,
};

pub const PATIENCE: Duration = Duration::from_secs(300);
const STAGES: [&str; 6] = ["scan", "decode", "augment", "mel", "embed", "write"];

/// Published networks, window by window, and one worker each: slow enough that
/// a fast machine, too, is at it for a while.
pub const PIPELINE: &str = "
output = 'out'
[[split]]
name = 'wake'
input = 'wake'
place = 'end'
[[split]]
name = 'other'
input = 'other'
[audit]
checks = 'warn'
[augment]
rounds = 2
[features]
backend = 'onnxruntime'
strategy = 'windows'
[stages.embed]
workers = 1
[failures]
policy = 'skip'
max_rate = 0.5
[metrics]
address = '127.0.0.1:0'
linger = 120
";

#[test]
fn prometheus_gets_an_answer_to_everything_the_dashboard_asks() {
    if !is_there("prometheus", "tests/dashboards") || !is_there("promtool", "tests/dashboards") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    write_clips(folder.path(), 250, 20);
    fs::write(folder.path().join("pipeline.toml"), PIPELINE).unwrap();

    let mut command = wakemill();
    command
        .args(["run", "pipeline.toml", "--progress", "plain"])
        .current_dir(folder.path());
    let (mut build, said) = start(&mut command);
    let address = served_at(&said);
    assert!(address.ip().is_loopback());
    let prometheus = Prometheus::start(folder.path(), address);

    let mut asked = expressions();
    let mut sums = 0;
    let deadline = Instant::now() + PATIENCE;
    while prometheus.value("max(wakemill_building)") != Some(0.0) {
        assert!(Instant::now() < deadline, "the build takes too long");
        assert!(build.0.try_wait().unwrap().is_none(), "the build has ended");
        asked.retain(|expression| !prometheus.answers(&expression.text));
        sums += prometheus.check_states();
        thread::sleep(Duration::from_millis(500));
    }
    let unanswered: Vec<_> = asked
        .iter()
        .map(|expression| format!("{}: {}", expression.place, expression.text))
        .collect();
    assert!(unanswered.is_empty(), "no data for {unanswered:#?}");
    assert!(sums > 5, "the build was too short to look at");

    // The last scrape, while the build lingers.
    prometheus.check_states();
    check_totals(&prometheus, &folder.path().join("out"));
    check_text(&get(address, "/metrics").unwrap());
    assert!(get(address, "/clips").is_err());

    interrupt(&build);
    let status = build.0.wait().unwrap();
    assert!(
        status.success(),
        "a build that is interrupted after its end is a success: {status}"
    );
}

/// Everything that is asked, with Grafana's variables filled in.
fn expressions() -> Vec<Expression> {
    let panels = grafana::panels().into_iter().flat_map(|panel| {
        let stages = if panel.text.contains("$stage") {
            &STAGES[..]
        } else {
            &STAGES[..1]
        };
        let each = stages.iter().map(move |stage| Expression {
            place: panel.place.clone(),
            text: panel.text.replace("$stage", stage),
        });
        each.collect::<Vec<_>>()
    });
    // An alert gives data when it fires; with `bool` it gives 0 when not.
    let alerts = grafana::alerts().into_iter().map(|alert| Expression {
        place: alert.place,
        text: alert
            .text
            .replace(" > ", " > bool ")
            .replace(" == ", " == bool "),
    });
    panels
        .chain(alerts)
        .map(|expression| Expression {
            text: fill(&expression.text),
            ..expression
        })
        .collect()
}

/// Windows that fit a build of seconds.
fn fill(expression: &str) -> String {
    let short = |text: String, window: &str| text.replace(window, "[3s]");
    ["[$__rate_interval]", "[2m]", "[5m]"]
        .into_iter()
        .fold(expression.to_owned(), short)
}

struct Prometheus {
    _process: Process,
    address: SocketAddr,
}

impl Prometheus {
    fn start(folder: &Path, target: SocketAddr) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let config = format!(
            "global: {{scrape_interval: 500ms, evaluation_interval: 1s}}\n\
             rule_files: ['{}']\n\
             scrape_configs: [{{job_name: wakemill, static_configs: [{{targets: ['{target}']}}]}}]\n",
            grafana::folder().join("alerts.yaml").display()
        );
        fs::write(folder.join("prometheus.yaml"), config).unwrap();
        let mut command = Command::new("prometheus");
        command
            .arg("--config.file=prometheus.yaml")
            .arg("--storage.tsdb.path=tsdb")
            .arg(format!("--web.listen-address={address}"))
            .args(["--log.level=warn", "--query.lookback-delta=10s"])
            .current_dir(folder);
        let (process, _) = start(&mut command);
        let this = Self {
            _process: process,
            address,
        };
        let deadline = Instant::now() + PATIENCE;
        while get(address, "/-/ready").is_err() {
            assert!(Instant::now() < deadline, "prometheus does not start");
            thread::sleep(Duration::from_millis(200));
        }
        this
    }

    /// The samples that an expression gives, by their labels.
    fn ask(&self, expression: &str) -> Vec<(BTreeMap<String, String>, f64)> {
        let path = format!("/api/v1/query?query={}", percent_encoded(expression));
        let answer = get(self.address, &path).unwrap_or_else(|error| {
            panic!("{expression}: {error}");
        });
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let results = answer["data"]["result"].as_array().unwrap().iter();
        results
            .map(|result| {
                let labels = serde_json::from_value(result["metric"].clone()).unwrap();
                let value = result["value"][1].as_str().unwrap();
                (labels, value.parse().unwrap())
            })
            .collect()
    }

    /// Whether an expression gives a number.
    fn answers(&self, expression: &str) -> bool {
        self.ask(expression)
            .iter()
            .any(|(_, value)| value.is_finite())
    }

    fn value(&self, expression: &str) -> Option<f64> {
        self.ask(expression).first().map(|(_, value)| *value)
    }

    /// Busy, idle and blocked sum to workers × elapsed time, in every stage;
    /// gives how often that was looked at.
    fn check_states(&self) -> usize {
        let share = self.ask(
            "sum by (stage) (wakemill_stage_time_seconds_total) \
             / (sum by (stage) (wakemill_stage_workers) \
             * on () group_left () sum(wakemill_elapsed_seconds > 0))",
        );
        for (labels, share) in &share {
            assert!((share - 1.0).abs() < 0.02, "{labels:?}: {share}");
        }
        usize::from(share.len() == STAGES.len())
    }
}

/// What was counted is what was written.
fn check_totals(prometheus: &Prometheus, output: &Path) {
    let text = fs::read_to_string(output.join("dataset.json")).unwrap();
    let dataset: Value = serde_json::from_str(&text).unwrap();
    let by = |expression: &str, label: &str| -> BTreeMap<String, f64> {
        let samples = prometheus.ask(expression).into_iter();
        samples
            .map(|(labels, value)| (labels[label].clone(), value))
            .collect()
    };
    let rows = by("wakemill_rows_total", "split");
    let planned = by("wakemill_rows_planned", "split");
    let bytes = by("wakemill_written_bytes_total", "split");
    for split in dataset["splits"].as_array().unwrap() {
        let name = split["name"].as_str().unwrap();
        let written = split["rows"].as_f64().unwrap();
        assert!(written > 0.0);
        assert_eq!(rows[name], written, "{name}");
        assert_eq!(planned[name], written, "{name}");
        assert_eq!(bytes[name], written * 16.0 * 96.0 * 4.0, "{name}");
    }
    let items = by("wakemill_stage_items_out_total", "stage");
    let served = by("wakemill_stage_service_seconds_count", "stage");
    for stage in dataset["stages"].as_array().unwrap() {
        let name = stage["name"].as_str().unwrap();
        assert_eq!(items[name], stage["items"].as_f64().unwrap(), "{name}");
        assert_eq!(served[name], items[name], "{name}");
    }
    let left_out = fs::read_to_string(output.join("quarantine.jsonl")).unwrap();
    for metric in [
        "wakemill_quarantined_clips_total",
        "wakemill_failures_total",
    ] {
        let counted = prometheus.value(&format!("sum({metric}{{reason='truncated'}})"));
        assert_eq!(counted, Some(left_out.lines().count() as f64), "{metric}");
    }
    assert_eq!(left_out.lines().count(), 20);
}

/// Prometheus' own linter has nothing to say.
fn check_text(text: &str) {
    let mut linter = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = linter.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    assert!(linter.wait().unwrap().success(), "{text}");
}

#[test]
fn the_alerts_fire_when_they_should_and_not_otherwise() {
    if !is_there("promtool", "tests/dashboards") {
        return;
    }
    let status = Command::new("promtool")
        .args(["test", "rules", "alerts.test.yaml"])
        .current_dir(grafana::folder())
        .status()
        .unwrap();
    assert!(status.success());
}
