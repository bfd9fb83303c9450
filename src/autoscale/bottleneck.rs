//! Which stage holds a flow back.

/// The stage whose workers are busy for the largest share of their time:
/// its index, and that share.
pub fn bottleneck(busy: impl IntoIterator<Item = f64>) -> Option<(usize, f64)> {
    let shares = busy.into_iter().enumerate();
    shares.max_by(|(_, a), (_, b)| a.total_cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_is_the_bottleneck() {
        assert_eq!(bottleneck([0.2, 0.9, 0.5]), Some((1, 0.9)));
        assert_eq!(bottleneck([]), None);
    }
}
