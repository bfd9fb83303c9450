//! What is declared is shown, and what is shown is declared.

use std::collections::BTreeSet;
use std::fs;

use wakemill::metrics::table;
use wakemill::metrics::table::{Kind, PREFIX};

use crate::grafana;

/// The names in a text that begin as ours do.
fn names(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(PREFIX)
        .filter(|(at, _)| !text[..*at].ends_with(is_part))
        .map(|(at, _)| text[at..].chars().take_while(|c| is_part(*c)).collect())
        .collect()
}

/// The names that a metric has in queries.
fn queried(metric: &table::Metric) -> Vec<String> {
    match metric.kind {
        Kind::Histogram(_) => ["_bucket", "_sum", "_count"]
            .map(|part| format!("{}{part}", metric.name))
            .into(),
        _ => vec![metric.name.to_owned()],
    }
}

fn used() -> BTreeSet<String> {
    let expressions = grafana::panels().into_iter().chain(grafana::alerts());
    expressions.flat_map(|found| names(&found.text)).collect()
}

#[test]
fn what_the_dashboard_and_the_alerts_ask_for_is_declared() {
    let declared: BTreeSet<_> = table::ALL.iter().flat_map(queried).collect();
    let unknown: Vec<_> = used().difference(&declared).cloned().collect();
    assert!(unknown.is_empty(), "used and not declared: {unknown:?}");
}

#[test]
fn what_is_declared_is_in_a_panel_or_in_the_list_of_those_that_are_not() {
    let readme = fs::read_to_string(grafana::folder().join("README.md")).unwrap();
    let listed = readme
        .split("## Not on the dashboard")
        .nth(1)
        .map(names)
        .unwrap_or_default();
    let used = used();
    let unseen: Vec<_> = table::ALL
        .iter()
        .filter(|metric| !queried(metric).iter().any(|name| used.contains(name)))
        .map(|metric| metric.name)
        .filter(|name| !listed.contains(*name))
        .collect();
    assert!(unseen.is_empty(), "declared and shown nowhere: {unseen:?}");
}

#[test]
fn names_follow_the_conventions() {
    for metric in table::ALL {
        let name = metric.name;
        assert!(name.starts_with(PREFIX), "{name}");
        let only_grows = matches!(metric.kind, Kind::Counter | Kind::Sum);
        assert_eq!(name.ends_with("_total"), only_grows, "{name}");
        let stem = name.trim_end_matches("_total");
        if ["seconds", "bytes", "ratio", "info"].contains(&metric.unit) {
            assert!(stem.ends_with(metric.unit), "{name} is in {}", metric.unit);
        }
        assert!(metric.help.ends_with('.'), "{name}: {}", metric.help);
    }
}

#[test]
fn no_label_can_grow_with_the_data() {
    let bounded = [
        "stage", "split", "model", "provider", "reason", "cause", "state", "version", "check",
    ];
    for metric in table::ALL {
        for label in metric.labels {
            assert!(bounded.contains(label), "{}: {label}", metric.name);
        }
    }
}
