//! The plan in words: what `--dry-run` prints.

use std::fmt::{self, Write as _};

use crate::config::plan::WavsIn;
use crate::dataset::layout::{
    AUGMENTED_FOLDER, DATASET_FILE, QUARANTINE_FILE, REPORT_FILE, ROWS_FILE,
};
use crate::dsp::chain::{EffectKind, EffectSpec};

use super::Prepared;
use crate::autoscale::sizing::Sizing;

const MIB: f64 = (1 << 20) as f64;

impl Prepared {
    /// Splits with clip counts, stages with workers and capacities, the memory
    /// that follows, the provider, and the files to come.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.describe_to(&mut text);
        text
    }

    fn describe_to(&self, out: &mut String) -> fmt::Result {
        self.describe_inputs(out)?;
        let sizing = self.expected();
        describe_stages(&sizing, out)?;
        self.describe_memory(&sizing, out)?;
        let providers = &self.plan.features.execution_providers;
        writeln!(out, "provider   {}", providers.join(", else "))?;
        self.describe_files(out)
    }

    fn describe_inputs(&self, out: &mut String) -> fmt::Result {
        let plan = &self.plan;
        let rounds = u64::from(plan.rounds());
        writeln!(out, "output     {}", plan.output)?;
        writeln!(out, "seed       {}", plan.seed)?;
        writeln!(out, "splits")?;
        for split in self.splits() {
            let clips = split.clips.len();
            let rows = clips as u64 * rounds;
            writeln!(
                out,
                "  {:20} {clips:>8} clips × {rounds} rounds = {rows:>8} rows → {}",
                split.plan.name, split.plan.features
            )?;
        }
        self.describe_window(out)?;
        let effects = plan.augment.chain.iter().map(EffectSpec::kind);
        let applied = effects.filter(|&kind| plan.augment.applies(kind));
        let chain: Vec<&str> = applied.map(EffectKind::name).collect();
        writeln!(out, "effects    {}", chain.join(", "))?;
        writeln!(
            out,
            "sounds     {} backgrounds, {} impulse responses",
            self.inputs.backgrounds.len(),
            self.inputs.impulses.len()
        )?;
        for passed in &self.inputs.passed_over {
            writeln!(out, "passed by  {passed}")?;
        }
        Ok(())
    }

    fn describe_window(&self, out: &mut String) -> fmt::Result {
        let plan = &self.plan;
        let by = plan.audio.fitted_to.as_ref();
        let by = by.map_or_else(String::new, |split| {
            format!(" (by the median clip of '{split}')")
        });
        writeln!(
            out,
            "window     {} s, {} embeddings a row{by}",
            plan.audio.window_seconds(),
            plan.features.timesteps,
        )
    }

    fn describe_memory(&self, sizing: &Sizing, out: &mut String) -> fmt::Result {
        let plan = &self.plan;
        let memory = sizing.memory_bytes as f64 / MIB;
        let window = plan.audio.window_seconds();
        let most = sizing.most_bytes() as f64 / MIB;
        if sizing.windows == 0.0 {
            writeln!(
                out,
                "memory     at most {most:.0} MiB in flight, or what one clip takes alone"
            )?;
        } else {
            writeln!(
                out,
                "memory     at most {memory:.0} MiB in flight (clips of up to {window} s)"
            )?;
            writeln!(
                out,
                "           at most {most:.0} MiB with longer clips, or what one of them takes alone"
            )?;
        }
        let open = super::sizing::open_bytes(plan, self.splits());
        if open > 0 {
            let open = open as f64 / MIB;
            writeln!(out, "           at most {open:.0} MiB of open recordings")?;
        }
        if plan.augment.enabled {
            writeln!(
                out,
                "           at most {:.0} MiB of backgrounds and impulse responses",
                plan.augment.cache_bytes as f64 / MIB
            )?;
        }
        Ok(())
    }

    fn describe_files(&self, out: &mut String) -> fmt::Result {
        let plan = &self.plan;
        let mut files: Vec<&str> = plan
            .splits
            .iter()
            .map(|split| split.features.as_str())
            .collect();
        files.extend(plan.output_files.rows.then_some(ROWS_FILE));
        files.extend([QUARANTINE_FILE, REPORT_FILE, DATASET_FILE]);
        writeln!(out, "files      {}", files.join(", "))?;
        if plan.output_files.wavs {
            let wavs = match plan.output_files.wavs_in {
                WavsIn::Input => "clip_NNNNNN_rR.wav beside each clip".to_owned(),
                WavsIn::Output => format!("{AUGMENTED_FOLDER}/<split>/<clip>_rR.wav"),
            };
            writeln!(out, "           {wavs}")?;
        }
        Ok(())
    }
}

fn describe_stages(sizing: &Sizing, out: &mut String) -> fmt::Result {
    writeln!(out, "stages          workers  capacity")?;
    for stage in &sizing.stages {
        let auto = match stage.limits.min < stage.limits.max {
            true => format!("  auto, up to {}", stage.limits.max),
            false => String::new(),
        };
        let (name, settings) = (stage.name, stage.settings);
        writeln!(
            out,
            "  {name:12} {:>8}  {:>8}{auto}",
            settings.workers, settings.capacity
        )?;
    }
    writeln!(
        out,
        "           at most {} workers at once on {} cores",
        sizing.budget, sizing.cores
    )?;
    writeln!(
        out,
        "batches    {} rows each, {} in flight",
        sizing.rows_per_batch, sizing.in_flight
    )
}
