//! The report of a real build, opened in a real browser.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;
use tiny_http::{Header, Response};

const PATIENCE: Duration = Duration::from_secs(120);
const CHECK: &str = include_str!("check.html");

/// The quickstart, with a file that is cut off.
struct Case {
    _folder: TempDir,
    html: String,
}

fn case() -> &'static Case {
    static CASE: OnceLock<Case> = OnceLock::new();
    CASE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let pipelines = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
        copy(
            &pipelines.join("quickstart"),
            &folder.path().join("quickstart"),
        );
        let whole = fs::read(pipelines.join("quickstart/other/01_mulder.wav")).unwrap();
        let cut = "quickstart/other/<cut off> & in the middle of a rather_long_name.wav";
        fs::write(folder.path().join(cut), &whole[..whole.len() / 2]).unwrap();
        let pipeline = folder.path().join("pipeline.toml");
        fs::copy(pipelines.join("quickstart.toml"), &pipeline).unwrap();
        let run = Command::new(env!("CARGO_BIN_EXE_wakemill"))
            .arg("run")
            .arg(&pipeline)
            .current_dir(folder.path())
            .args(["--set", "output=out", "--set", "augment.rounds=6"])
            .args([
                "--set",
                "failures.policy=skip",
                "--set",
                "failures.max_rate=0.5",
            ])
            .output()
            .unwrap();
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
        let html = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
        Case {
            _folder: folder,
            html,
        }
    })
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

#[test]
fn it_says_what_went_in_and_what_did_not() {
    let html = &case().html;
    for text in [
        "<b>144</b>rows",
        "<b>1</b>clips left out",
        "The flow",
        "Throughput",
        "Signal-to-noise ratio of 144 rows",
        "4 backgrounds, each used",
        "4 impulse responses, each used",
        "Length of 24 of 25 clips",
        "&lt;cut off&gt; &amp; in the middle",
        "truncated",
    ] {
        assert!(html.contains(text), "no '{text}'");
    }
    // Six rows beside their clips, and what the audit found.
    assert_eq!(html.matches("<audio").count(), 18);
}

#[test]
fn it_needs_nothing_but_itself() {
    let html = &case().html;
    assert!(html.contains("default-src 'none'"));
    assert!(!html.contains("<script"));
    assert!(!html.contains("<link"));
    for attribute in ["src=\"", "href=\""] {
        for (at, _) in html.match_indices(attribute) {
            let target = &html[at + attribute.len()..][..5];
            let within = target == "data:" || target.starts_with('#');
            assert!(within, "{attribute}{target}");
        }
    }
    assert!(html.len() < 5_000_000, "{} bytes", html.len());
}

/// What the page with the check has found.
#[derive(Debug, Deserialize)]
struct Found {
    dark: bool,
    images: usize,
    sounds: usize,
    charts: usize,
    problems: Vec<String>,
}

#[test]
fn in_a_browser_nothing_overlaps_or_is_cut_off_and_everything_plays() {
    let Some(chromium) = chromium() else {
        return;
    };
    for dark in [false, true] {
        let found = check(chromium, &case().html, dark);
        assert!(found.problems.is_empty(), "dark: {dark}, {found:#?}");
        assert_eq!(found.dark, dark);
        assert_eq!((found.images, found.sounds), (18, 18));
        assert!(found.charts >= 6, "{found:#?}");
    }
}

/// The check itself must be able to fail.
#[test]
fn the_check_finds_what_is_wrong() {
    let Some(chromium) = chromium() else {
        return;
    };
    let good = &case().html;
    for (what, from, to) in [
        (
            "wider than the page",
            "<h2>Failures</h2>",
            "<h2 style='width:2000px'>Failures</h2>",
        ),
        (
            "overlaps",
            "<h2>Failures</h2>",
            "<h2 style='margin-top:-60px'>Failures</h2>",
        ),
        (
            "broken into lines",
            "overflow-wrap: normal",
            "overflow-wrap: anywhere; width: 1px",
        ),
        ("contrast", "--ink: #1c2126", "--ink: #e0e0e0"),
        (
            "no picture",
            "data:image/png;base64,",
            "data:image/png;base64,AAAA",
        ),
        (
            "no sound",
            "data:audio/wav;base64,",
            "data:audio/wav;base64,AAAA",
        ),
    ] {
        assert!(good.contains(from), "{from}");
        let found = check(chromium, &good.replacen(from, to, 1), false);
        let seen = found.problems.iter().any(|problem| problem.contains(what));
        assert!(seen, "{what}: {found:#?}");
    }
}

/// Serves the report within the check to a browser until that has an answer.
fn check(chromium: &str, report: &str, dark: bool) -> Found {
    let profile = tempfile::tempdir().unwrap();
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let browser = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
        ])
        .args(["--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!(
            "--blink-settings=preferredColorScheme={}",
            u8::from(!dark)
        ))
        .args(["--window-size=1400,1000", "--hide-scrollbars"])
        // Keeps it open without anything to dump.
        .arg("--remote-debugging-port=0")
        .arg(format!("http://{}/", server.server_addr()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _browser = Browser(browser);
    // Within a script, the end of a script must not appear.
    let report = serde_json::to_string(report).unwrap().replace("</", "<\\/");
    let page = CHECK.replace("\"REPORT\"", &report);
    loop {
        let request = server.recv_timeout(PATIENCE).unwrap();
        let mut request = request.expect("the browser answers");
        if request.url() == "/found" {
            let found = serde_json::from_reader(request.as_reader()).unwrap();
            request.respond(Response::empty(204)).unwrap();
            return found;
        }
        let html = Header::from_bytes("Content-Type", "text/html; charset=utf-8").unwrap();
        request
            .respond(Response::from_string(&page).with_header(html))
            .unwrap();
    }
}

/// A process that ends with the test.
struct Browser(Child);

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A browser; where there is none, says so where it is not overlooked.
fn chromium() -> Option<&'static str> {
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| {
            Command::new(name)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok()
        });
    if found.is_none() {
        // Not `eprintln`, which is hidden where a test passes.
        let _ = writeln!(
            io::stderr(),
            "\n*** tests/report: NOT RUN: chromium is not installed ***\n"
        );
    }
    found
}
