//! Stretches a clip in time and leaves its pitch: a phase vocoder.
//!
//! The numbers are those of torchaudio's `phase_vocoder` between `stft` and
//! `istft`, with frames of 250 samples every 7 samples under a rectangular window.
//! As successive frames share 243 samples, neither way is by Fourier transforms:
//! the spectrum of a frame is that of the frame before, with 7 samples more and 7
//! less, and 7 samples of the output come of the sum of the spectra of all frames
//! over them. Both sums are in double precision; phases are in single precision,
//! like the original's, as its rounding is heard.

use multiversion::multiversion;

use super::bins::{FRAME, HOP, OVERLAP, Phases, Polar, Spectrum, Tables};

/// Samples before a frame's middle.
const EDGE: usize = FRAME / 2;

/// Fewest samples of a clip: as many as are reflected at its ends, and one more.
pub const LEAST: usize = EDGE + 1;

/// Stretches clips; one for each worker, with its tables and working memory.
pub struct Vocoder {
    tables: Box<Tables>,
    padded: Vec<f32>,
    /// The last frames of the output, a ring.
    frames: Vec<Spectrum<f32>>,
    /// The first two samples of each.
    first: [[f32; 2]; OVERLAP],
}

impl Default for Vocoder {
    fn default() -> Self {
        Self {
            tables: Box::new(Tables::new()),
            padded: Vec::new(),
            frames: vec![Spectrum::default(); OVERLAP],
            first: [[0.0; 2]; OVERLAP],
        }
    }
}

/// The spectra of a clip's frames, one after the other.
struct Analysis<'a> {
    tables: &'a Tables,
    padded: &'a [f32],
    frames: usize,
    /// Which frame `to` is.
    index: usize,
    spectrum: Spectrum<f64>,
    /// Where the last sample was that is not zero, in `padded`.
    sound: usize,
    from: Polar,
    to: Polar,
}

impl Vocoder {
    /// Stretches a clip of at least [`LEAST`] samples to 1/`rate` of its length,
    /// or nearly: whole hops.
    pub fn stretch(&mut self, samples: &[f32], rate: f64, out: &mut Vec<f32>) {
        let frames = 1 + samples.len() / HOP;
        self.pad(samples);
        out.clear();
        let made = (frames as f64 / rate).ceil() as usize;
        // What lies outside is dropped at both ends.
        out.reserve(made * HOP + FRAME);
        stretch(self, frames, made, rate, out);
        out.drain(..EDGE);
        out.truncate((made - 1) * HOP);
    }

    /// Silence that frames slide in from, then the clip, reflected at both ends.
    fn pad(&mut self, samples: &[f32]) {
        let last = samples.len() - 1;
        self.padded.clear();
        self.padded.resize(OVERLAP * HOP, 0.0);
        self.padded.extend(samples[1..=EDGE].iter().rev());
        self.padded.extend_from_slice(samples);
        self.padded.extend(samples[last - EDGE..last].iter().rev());
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn stretch(vocoder: &mut Vocoder, frames: usize, made: usize, rate: f64, out: &mut Vec<f32>) {
    let Vocoder {
        tables,
        padded,
        frames: ring,
        first,
    } = vocoder;
    let tables = &**tables;
    let mut analysis = Analysis {
        tables,
        padded,
        frames,
        index: 0,
        spectrum: Spectrum::default(),
        sound: 0,
        from: Polar::silence(tables),
        to: Polar::silence(tables),
    };
    analysis.begin();
    let mut phases = Phases::start(&analysis.to, tables);
    let mut sum = Spectrum::<f64>::default();
    let mut since_sound = OVERLAP;
    for frame in ring.iter_mut() {
        *frame = Spectrum::default();
    }
    *first = [[0.0; 2]; OVERLAP];
    let blocks = made - 1 + EDGE.div_ceil(HOP);
    // What begins with a block; all of it is written there, or nothing sounds.
    let (mut begins, nothing) = (Spectrum::default(), Spectrum::default());
    analysis.next();
    for block in 0..blocks {
        let slot = block % OVERLAP;
        let mut sounds = false;
        since_sound += 1;
        if block < made {
            let time = (block as f64 * rate) as f32;
            while analysis.index < time as usize + 1 {
                analysis.next();
            }
            let (from, to) = (&analysis.from, &analysis.to);
            sounds = !(from.is_silent && to.is_silent);
            if sounds {
                since_sound = 0;
                phases.between(from, to, time.fract(), tables, &mut begins);
            }
            phases.advance(from, to, tables);
        }
        if !sounds {
            begins = nothing;
        }
        // Of silence nothing is left, not even rounding.
        let mut hop = [0.0; HOP];
        if since_sound < OVERLAP {
            sum.overlap(&begins, &ring[slot], tables);
            hop = sum.samples(tables);
        } else {
            sum = Spectrum::default();
        }
        std::mem::swap(&mut ring[slot], &mut begins);
        // A frame ends within a hop, where its spectrum would repeat it.
        let [again, next] = first[(block + 1) % OVERLAP];
        hop[HOP - 2] -= again;
        hop[HOP - 1] -= next;
        first[slot] = ring[slot].first_samples(tables);
        for (n, sample) in (block * HOP..).zip(hop) {
            out.push(sample / over(n, made) as f32);
        }
    }
}

/// How many of the first `made` frames are over a sample of the output.
#[inline(always)]
fn over(sample: usize, made: usize) -> usize {
    let last = (sample / HOP).min(made - 1);
    let first = (sample + HOP).saturating_sub(FRAME) / HOP;
    last + 1 - first
}

impl Analysis<'_> {
    /// The first frame.
    #[inline(always)]
    fn begin(&mut self) {
        for hop in 0..OVERLAP {
            self.slide(hop);
        }
        self.polar(OVERLAP);
    }

    /// The frame after `to`; behind the last there is silence.
    #[inline(always)]
    fn next(&mut self) {
        // All of `to` is written anew: swapping spares a copy.
        std::mem::swap(&mut self.from, &mut self.to);
        self.index += 1;
        if self.index >= self.frames {
            self.to = Polar::silence(self.tables);
            return;
        }
        let begins = OVERLAP + self.index;
        self.slide(begins - 1);
        self.polar(begins);
    }

    /// Slides from a frame that begins at that hop of `padded` to the next.
    #[inline(always)]
    fn slide(&mut self, hop: usize) {
        let start = hop * HOP;
        let (goes, comes) = (&self.padded[start..], &self.padded[start + FRAME..]);
        let mut change = [0.0; HOP];
        for n in 0..HOP {
            change[n] = f64::from(comes[n]) - f64::from(goes[n]);
            if comes[n] != 0.0 {
                self.sound = start + FRAME + n;
            }
        }
        // Of silence nothing is left, not even rounding.
        match self.sound < start + HOP {
            true => self.spectrum = Spectrum::default(),
            false => self.spectrum.slide(change, self.tables),
        }
    }

    #[inline(always)]
    fn polar(&mut self, hop: usize) {
        match self.sound < hop * HOP {
            true => self.to = Polar::silence(self.tables),
            false => Polar::of(&self.spectrum, self.tables, &mut self.to),
        }
    }
}
