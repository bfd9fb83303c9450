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

    /// The same, which has heard as much in the other channels before.
    pub fn having_heard(mut self, others: f32) -> Self {
        self.others = self.others.max(others);
        self
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

/// The greatest magnitude, several at a time.
fn peak(plane: &[f32]) -> f32 {
    let mut most = [0f32; 16];
    let (chunks, rest) = plane.as_chunks::<16>();
    for chunk in chunks {
        for (most, x) in most.iter_mut().zip(chunk) {
            *most = most.max(x.abs());
        }
    }
    let all = most.iter().chain(rest);
    all.fold(0f32, |peak, x| peak.max(x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMES: [[i16; 3]; 4] = [[0, 3, -3], [300, -90, 0], [-6, -6, -6], [9, 0, 0]];

    /// What is taken of the frames, from both layouts, and the others' peak.
    fn heard(channel: Channel) -> Result<(Vec<f32>, f32), Fault> {
        let bytes: Vec<u8> = FRAMES
            .as_flattened()
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        let (mut ear, mut interleaved) = (Ear::new(channel), Vec::new());
        let sample = |bytes| f32::from(i16::from_le_bytes(bytes));
        ear.interleaved(&bytes, 3, &mut interleaved, sample)?;
        let plane = |n: usize| FRAMES.map(|frame| f32::from(frame[n])).to_vec();
        let planes = [plane(0), plane(1), plane(2)];
        let (mut other, mut mean) = (Ear::new(channel), Vec::new());
        assert_eq!(other.planes(&planes, &mut mean)?, interleaved);
        assert_eq!(ear.others(), other.others());
        Ok((interleaved, ear.others()))
    }

    #[test]
    fn one_channel_is_taken_and_the_others_are_measured() {
        let (mean, others) = heard(Channel::Mean).expect("three channels");
        assert_eq!((mean, others), (vec![0.0, 70.0, -6.0, 3.0], 300.0));
        let (first, others) = heard(Channel::First).expect("three channels");
        assert_eq!((first, others), (vec![0.0, 300.0, -6.0, 9.0], 90.0));
        let (second, others) = heard(Channel::Number(2)).expect("three channels");
        assert_eq!((second, others), (vec![3.0, -90.0, -6.0, 0.0], 300.0));
        let missing = heard(Channel::Number(4));
        assert!(matches!(
            missing,
            Err(Fault::NoChannel {
                number: 4,
                channels: 3
            })
        ));
    }

    #[test]
    fn the_mean_of_one_channel_is_it() {
        let (mut ear, mut out) = (Ear::new(Channel::Mean), Vec::new());
        let took = ear.interleaved(&[1, 2], 1, &mut out, |[byte]| f32::from(byte));
        assert!(took.is_ok() && out == [1.0, 2.0] && ear.others() == 0.0);
    }
}
