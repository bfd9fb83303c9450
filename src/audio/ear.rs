//! Which channel of a file is taken, and what is to be heard in the others.

use super::Fault;

/// Which channel of a file is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channel {
    /// The first.
    #[default]
    First,
    /// The mean of all.
    Mean,
    /// The one of that number, counted from 1.
    Number(usize),
}

/// Takes one channel of what is read, and measures the others in passing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ear {
    channel: Channel,
    mono_serves: bool,
    others: f32,
}

impl Ear {
    /// Takes that channel; a file that has fewer is refused.
    pub fn new(channel: Channel) -> Self {
        Self {
            channel,
            mono_serves: false,
            others: 0.0,
        }
    }

    /// Takes that channel, and of a file of one channel that one.
    pub fn or_mono(channel: Channel) -> Self {
        Self {
            mono_serves: true,
            ..Self::new(channel)
        }
    }

    /// The greatest magnitude in the channels that were not taken alone, in the
    /// file that was read last; 0 where there were none.
    pub fn others(&self) -> f32 {
        self.others
    }

    pub(super) fn reset(&mut self) {
        self.others = 0.0;
    }

    /// The index of the channel taken, or `None` for the mean.
    fn index(&self, channels: usize) -> Result<Option<usize>, Fault> {
        match self.channel {
            Channel::First => Ok(Some(0)),
            _ if channels == 1 && self.mono_serves => Ok(Some(0)),
            Channel::Mean if channels == 1 => Ok(Some(0)),
            Channel::Mean => Ok(None),
            Channel::Number(number) if (1..=channels).contains(&number) => Ok(Some(number - 1)),
            Channel::Number(number) => Err(Fault::NoChannel { number, channels }),
        }
    }

    /// Appends what is taken of interleaved samples of `N` bytes.
    pub(super) fn interleaved<const N: usize>(
        &mut self,
        bytes: &[u8],
        channels: usize,
        out: &mut Vec<f32>,
        sample: impl Fn([u8; N]) -> f32,
    ) -> Result<(), Fault> {
        let index = self.index(channels)?;
        let (samples, _) = bytes.as_chunks::<N>();
        if channels == 1 {
            // Apart from the general case because this one is vectorised.
            out.extend(samples.iter().map(|&x| sample(x)));
            return Ok(());
        }
        let mut others = self.others;
        out.extend(samples.chunks_exact(channels).map(|frame| {
            let (mut sum, mut taken) = (0.0, 0.0);
            for (n, &x) in frame.iter().enumerate() {
                let x = sample(x);
                sum += x;
                match index {
                    Some(index) if index == n => taken = x,
                    _ => others = others.max(x.abs()),
                }
            }
            match index {
                Some(_) => taken,
                None => sum / channels as f32,
            }
        }));
        self.others = others;
        Ok(())
    }

    /// Gives what is taken of one vector a channel; `mean` is room for it.
    pub(super) fn planes<'a>(
        &mut self,
        planes: &'a [Vec<f32>],
        mean: &'a mut Vec<f32>,
    ) -> Result<&'a [f32], Fault> {
        let index = self.index(planes.len())?;
        let peak = |plane: &Vec<f32>| plane.iter().fold(0f32, |peak, x| peak.max(x.abs()));
        let others = planes.iter().enumerate();
        let others = others.filter(|(n, _)| Some(*n) != index);
        self.others = others.fold(self.others, |most, (_, plane)| most.max(peak(plane)));
        if let Some(index) = index {
            return Ok(planes.get(index).map_or(&[], Vec::as_slice));
        }
        mean.clear();
        mean.extend_from_slice(planes.first().map_or(&[], Vec::as_slice));
        for plane in planes.iter().skip(1) {
            for (sum, x) in mean.iter_mut().zip(plane) {
                *sum += x;
            }
        }
        for sum in mean.iter_mut() {
            *sum /= planes.len() as f32;
        }
        Ok(mean)
    }
}
