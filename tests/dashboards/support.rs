//! A data set, processes that end with their test, and questions over HTTP.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// Clips of a short tone in noise, `good` per split, and in the first split
/// some that are cut off.
pub fn write_clips(folder: &Path, good: usize, broken: usize) {
    for split in ["wake", "other"] {
        let folder = folder.join(split);
        fs::create_dir_all(&folder).unwrap();
        for index in 0..good {
            write_wav(&folder.join(format!("{index:04}.wav")), index);
        }
    }
    for index in 0..broken {
        let path = folder.join("wake").join(format!("cut_{index:04}.wav"));
        write_wav(&path, index);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    }
}

fn write_wav(path: &Path, index: usize) {
    let samples = 12_000 + 997 * (index % 17);
    let pcm: Vec<i16> = (0..samples)
        .map(|n| {
            let tone = (n as f32 * 0.02 * (1.0 + (index % 23) as f32)).sin();
            let noise = ((n * 1_103_515_245 + index * 12_345) % 2001) as f32 / 1000.0 - 1.0;
            (tone * 6000.0 + noise * 500.0) as i16
        })
        .collect();
    wakemill::audio::wav::write(path, 16_000, &pcm).unwrap();
}

/// A process that ends with the test.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn wakemill() -> Command {
    Command::new(env!("CARGO_BIN_EXE_wakemill"))
}

/// Starts a process whose standard error comes line by line.
pub fn start(command: &mut Command) -> (Process, Receiver<String>) {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            eprintln!("{line}");
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    (Process(child), receiver)
}

/// Whether a program can be run; if not, says so where it is not overlooked.
pub fn is_there(program: &str, test: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        // Not `eprintln`, which is hidden where a test passes.
        let _ = writeln!(
            io::stderr(),
            "\n*** {test}: NOT RUN: {program} is not installed ***\n"
        );
    }
    found
}

/// A port that nobody listens at.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The body of what a server answers.
pub fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or(io::ErrorKind::InvalidData)?;
    if head.starts_with("HTTP/1.0 200") || head.starts_with("HTTP/1.1 200") {
        Ok(body.to_owned())
    } else {
        Err(io::Error::other(format!("{head}\n{body}")))
    }
}

/// A text as part of a URL.
pub fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => {
                (byte as char).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The value of a time series in Prometheus' text format.
pub fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(series))?;
    line[series.len()..].trim().parse().ok()
}

/// Where a build says that its metrics are.
pub fn served_at(said: &Receiver<String>) -> SocketAddr {
    let address = said
        .iter()
        .find_map(|line| Some(line.strip_prefix("metrics at http://")?.to_owned()))
        .expect("the build says where its metrics are");
    address.trim_end_matches("/metrics").parse().unwrap()
}

/// What Ctrl-C does.
pub fn interrupt(process: &Process) {
    let status = Command::new("kill")
        .args(["-INT", &process.0.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}
