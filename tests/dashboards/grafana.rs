//! What is in `grafana/`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

/// An expression, and where it stands.
pub struct Expression {
    pub place: String,
    pub text: String,
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana")
}

/// Every expression of every panel.
pub fn panels() -> Vec<Expression> {
    let text = fs::read_to_string(folder().join("dashboards/wakemill.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        if panel["type"] == "row" {
            continue;
        }
        assert!(
            panel["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "panel '{title}' says nothing of what it means"
        );
        for target in panel["targets"].as_array().unwrap() {
            found.push(Expression {
                place: format!("panel '{title}'"),
                text: target["expr"].as_str().unwrap().to_owned(),
            });
        }
    }
    found
}

/// Every expression of every alert.
pub fn alerts() -> Vec<Expression> {
    #[derive(Deserialize)]
    struct File {
        groups: Vec<Group>,
    }
    #[derive(Deserialize)]
    struct Group {
        rules: Vec<Rule>,
    }
    #[derive(Deserialize)]
    struct Rule {
        alert: String,
        expr: String,
    }
    let text = fs::read_to_string(folder().join("alerts.yaml")).unwrap();
    let file: File = serde_saphyr::from_str(&text).unwrap();
    let rules = file.groups.into_iter().flat_map(|group| group.rules);
    rules
        .map(|rule| Expression {
            place: format!("alert {}", rule.alert),
            text: rule.expr,
        })
        .collect()
}
