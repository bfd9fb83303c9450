//! Numbers in words.

use crate::autoscale::bottleneck::bottleneck as busiest;
use crate::dataset::StageTimes;
use crate::records::Provenance;

/// From this share on a stage is busy all the time.
const ALWAYS: f64 = 0.8;
/// Below this share of its busy time a stage computes less than it waits.
const COMPUTING: f64 = 0.7;

/// Which stage held the build back, and what to do about it.
pub(super) fn bottleneck(stages: &[StageTimes], wall_seconds: f64, cores: usize) -> String {
    let shares = stages.iter().map(|stage| stage.share(stage.busy_seconds));
    let Some((index, share)) = busiest(shares) else {
        return String::new();
    };
    let slowest = &stages[index];
    let (name, busy) = (&slowest.name, percent(share));
    let workers = match slowest.workers {
        1 => "its worker was".to_owned(),
        n => format!("its {n} workers were"),
    };
    let computing = slowest.cpu_seconds / slowest.busy_seconds.max(f64::MIN_POSITIVE);
    let cpu: f64 = stages.iter().map(|stage| stage.cpu_seconds).sum();
    let load = percent(cpu / (cores as f64 * wall_seconds));
    let machine = match computing < COMPUTING {
        true => format!(
            "Of that it computed for {}, and else waited for a core, a device or the disk. All stages together took {load} of the time of {cores} cores.",
            percent(computing)
        ),
        false => format!("All stages together took {load} of the time of {cores} cores."),
    };
    if share < ALWAYS {
        return format!(
            "No stage was at work all the time; {name} came closest: {workers} busy for {busy} of it. {machine}"
        );
    }
    format!("The bottleneck is {name}: {workers} busy for {busy} of the time. {machine}")
}

/// How evenly files were used.
pub(super) fn evenness(counts: &[u64], what: &str) -> String {
    let (Some(most), Some(least)) = (counts.first(), counts.last()) else {
        return format!("There are no {what}s.");
    };
    let total: u64 = counts.iter().sum();
    let mean = total as f64 / counts.len() as f64;
    // What independent draws make: each count is a binomial variable.
    let variance = counts
        .iter()
        .map(|count| (*count as f64 - mean).powi(2))
        .sum::<f64>()
        / counts.len() as f64;
    let never = match counts.iter().filter(|count| **count == 0).count() {
        0 => String::new(),
        n => format!(" {n} were never used."),
    };
    let files = counts.len();
    format!(
        "{files} {what}{}, each used {least} to {most} times; {} on average, with a standard deviation of {:.1} where chance alone makes {:.1}.{never}",
        if files == 1 { "" } else { "s" },
        super::chart::short(&mean),
        variance.sqrt(),
        (mean * (1.0 - 1.0 / files as f64)).sqrt(),
    )
}

/// What was done to a row.
pub(super) fn effects(provenance: &Provenance, sample_rate: u32) -> Vec<String> {
    let applied = provenance.applied();
    let mut effects: Vec<_> = applied
        .map(|(_, drawn)| drawn.facts(sample_rate).words)
        .collect();
    if effects.is_empty() {
        effects.push("left as it is".to_owned());
    }
    effects
}

/// A share as a percentage.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// A time, in the unit that suits it.
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..120 => format!("{seconds:.1} s"),
        120..7200 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(name: &str, workers: usize, busy_seconds: f64, cpu_seconds: f64) -> StageTimes {
        StageTimes {
            name: name.to_owned(),
            workers,
            items: 1,
            busy_seconds,
            cpu_seconds,
            idle_seconds: 10.0 * workers as f64 - busy_seconds,
            blocked_seconds: 0.0,
        }
    }

    #[test]
    fn the_bottleneck_is_the_stage_whose_workers_are_busiest() {
        let stages = [stage("mel", 1, 5.0, 5.0), stage("embed", 2, 19.0, 14.0)];
        let text = bottleneck(&stages, 10.0, 2);
        assert!(text.starts_with("The bottleneck is embed: its 2 workers were busy for 95 %"));
        assert!(
            text.ends_with("All stages together took 95 % of the time of 2 cores."),
            "{text}"
        );
        assert!(!text.contains("waited"), "{text}");
        let waits = [stage("embed", 2, 19.0, 9.5)];
        assert!(bottleneck(&waits, 10.0, 2).contains("it computed for 50 %"));
        let text = bottleneck(&stages[..1], 10.0, 2);
        assert!(text.starts_with("No stage was at work all the time; mel came closest"));
        assert!(text.contains("25 % of the time of 2 cores"), "{text}");
    }

    #[test]
    fn evenness_says_what_was_never_used() {
        let text = evenness(&[3, 1, 0, 0], "background");
        assert!(text.starts_with("4 backgrounds, each used 0 to 3 times; 1 on average, with"));
        assert!(text.ends_with("2 were never used."), "{text}");
    }

    #[test]
    fn times_have_a_unit_that_suits_them() {
        assert_eq!(duration(4.26), "4.3 s");
        assert_eq!(duration(125.0), "2 min 5 s");
        assert_eq!(duration(9000.0), "2 h 30 min");
    }
}
