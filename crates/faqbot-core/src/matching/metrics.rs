//! What a confidence is worth: AUROC, reliability and the expected calibration error.

/// The area under the ROC curve: the chance that a right one scores above one that is not, ties
/// counting half. `None` without both kinds.
///
/// ```
/// use faqbot_core::matching::metrics::auroc;
/// assert_eq!(auroc(&[(0.9, true), (0.8, true), (0.3, false)]), Some(1.0));
/// assert_eq!(auroc(&[(0.5, true), (0.5, false)]), Some(0.5));
/// assert_eq!(auroc(&[(0.5, true)]), None);
/// ```
pub fn auroc(scored: &[(f64, bool)]) -> Option<f64> {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let right = sorted.iter().filter(|(_, right)| *right).count() as f64;
    let wrong = sorted.len() as f64 - right;
    if right == 0.0 || wrong == 0.0 {
        return None;
    }
    let (mut below, mut area) = (0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        let tied_right = tied.iter().filter(|(_, right)| *right).count() as f64;
        let tied_wrong = tied.len() as f64 - tied_right;
        area += tied_right * (below + tied_wrong / 2.0);
        below += tied_wrong;
    }
    Some(area / (right * wrong))
}

/// One bin of a reliability table.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bin {
    /// Queries whose confidence lies in the bin.
    pub count: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share of them that is right.
    pub accuracy: f64,
}

/// Ten bins of equal width over confidence, from 0 to 1; 1 itself is in the last.
pub fn reliability(scored: &[(f64, bool)]) -> [Bin; 10] {
    let mut bins = [Bin::default(); 10];
    for &(confidence, right) in scored {
        let bin = &mut bins[((confidence * 10.0) as usize).min(9)];
        bin.count += 1;
        bin.confidence += confidence;
        bin.accuracy += f64::from(u8::from(right));
    }
    for bin in bins.iter_mut().filter(|bin| bin.count > 0) {
        bin.confidence /= bin.count as f64;
        bin.accuracy /= bin.count as f64;
    }
    bins
}

/// The expected calibration error: the mean distance between confidence and accuracy over the bins of
/// [`reliability`], weighted by their counts (Guo et al. 2017, "On Calibration of Modern Neural
/// Networks"). 0 of nothing.
///
/// ```
/// use faqbot_core::matching::metrics::calibration_error;
/// let error = calibration_error(&[(0.95, true), (0.95, true), (0.05, false), (0.05, true)]);
/// assert!((error - (0.05 + 0.45) / 2.0).abs() < 1e-12);
/// ```
pub fn calibration_error(scored: &[(f64, bool)]) -> f64 {
    let total = scored.len().max(1) as f64;
    reliability(scored)
        .iter()
        .map(|bin| bin.count as f64 / total * (bin.confidence - bin.accuracy).abs())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_cover_zero_to_one() {
        let bins = reliability(&[(0.0, false), (1.0, true), (0.999, true), (0.55, false)]);
        assert_eq!((bins[0].count, bins[5].count, bins[9].count), (1, 1, 2));
        assert_eq!(calibration_error(&[]), 0.0);
    }
}
