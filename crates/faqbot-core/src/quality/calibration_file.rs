//! The file that keeps a calibration beside its FAQ, and whether it still holds.

use std::fs;
use std::path::{Path, PathBuf};

use faqbot_embed::ModelId;
use faqbot_embed::storage::files::{self, Existing};
use faqbot_faq::{Faq, normalize_phrasing};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::error::{Error, Result};
use crate::matching::confidence::{Calibration, SHIPPED};
use crate::matching::decision::Policy;
use crate::matching::logistic::{INPUTS, Logistic};
use crate::matching::signals;

/// A calibration holds for a FAQ that shares at least this much of its phrasings (Jaccard).
pub const MIN_LIKENESS: f64 = 0.8;

/// Numbers in a FAQ's sketch. With 128 the estimate of the likeness is off by 4 points, typically.
const SKETCH: usize = 128;

/// The file that keeps a calibration, beside the FAQ it was fitted for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationFile {
    /// The version of this format: 3.
    pub format: u32,
    /// The embedding model it holds for.
    pub model: String,
    /// The [`signals::VERSION`] it holds for.
    #[serde(rename = "evidence")]
    pub signals: u32,
    /// The weights and, last, the constant, where there were queries enough to fit them; else those that
    /// ship.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<[f64; INPUTS + 1]>,
    /// See [`Calibration::scale`].
    pub scale: f64,
    /// See [`Calibration::shift`].
    pub shift: f64,
    /// See [`Policy::min_confidence`].
    pub min_confidence: f32,
    /// See [`Policy::ask_confidence`].
    pub ask_confidence: f32,
    /// How many queries it was fitted on.
    pub queries: usize,
    /// Whether these had labels.
    #[serde(default = "yes")]
    pub labelled: bool,
    /// A sketch of the FAQ's phrasings, to tell how much of them has changed.
    #[serde(alias = "wordings")]
    pub phrasings: Vec<u64>,
}

fn yes() -> bool {
    true
}

const FORMAT: u32 = 3;

impl CalibrationFile {
    /// What is kept for a FAQ and model.
    pub fn new(
        calibration: &Calibration,
        policy: &Policy,
        model: &ModelId,
        faq: &Faq,
        queries: usize,
    ) -> Self {
        CalibrationFile {
            format: FORMAT,
            model: model.to_string(),
            signals: signals::VERSION,
            weights: Some(calibration.base()).filter(|base| **base != SHIPPED).map(|base| {
                let mut weights = [base.constant; INPUTS + 1];
                weights[..INPUTS].copy_from_slice(&base.weights);
                weights
            }),
            scale: calibration.scale,
            shift: calibration.shift,
            min_confidence: policy.min_confidence,
            ask_confidence: policy.ask_confidence,
            queries,
            labelled: true,
            phrasings: sketch(faq),
        }
    }

    /// The same, of queries without labels.
    pub fn unlabelled(self) -> Self {
        CalibrationFile { labelled: false, ..self }
    }

    /// The file's place: beside the FAQ's, with `.calibration.json` after its name.
    pub fn path(faq: &Path) -> PathBuf {
        // `faqs/` and `faqs` are one folder.
        let mut name = faq.components().as_path().as_os_str().to_owned();
        name.push(".calibration.json");
        PathBuf::from(name)
    }

    /// Reads a file; `None` where there is none.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is no calibration.
    pub fn load(path: &Path) -> Result<Option<Self>> {
        // A pipe would be waited for.
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(Error::Policy(format!("{}: not a plain file, so no calibration", path.display())));
        }
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(path)(error)),
        };
        Self::read(&bytes, path).map(Some)
    }

    /// Reads the bytes of a file; `path` appears in messages.
    ///
    /// # Errors
    ///
    /// They are no calibration.
    pub fn read(bytes: &[u8], path: &Path) -> Result<Self> {
        serde_json::from_slice(bytes).map_err(|error| {
            Error::Policy(format!(
                "{}: not a calibration: {error}; make it anew with `faqbot calibrate`, or delete it",
                path.display()
            ))
        })
    }

    /// Writes the file, under another name first.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        Ok(files::write(path, Existing::Replace, |out| {
            serde_json::to_writer_pretty(&mut *out, self)?;
            writeln!(out)
        })?)
    }

    /// The calibration and policy, if they hold for this model and FAQ.
    ///
    /// # Errors
    ///
    /// They do not: the message says why.
    pub fn for_faq(&self, model: &ModelId, faq: &Faq) -> std::result::Result<(Calibration, Policy), String> {
        if self.format != FORMAT {
            return Err(format!("it has format {}, not {FORMAT}", self.format));
        }
        if self.model != model.as_str() {
            return Err(format!("it was fitted for the model {}, not {model}", self.model));
        }
        if self.signals != signals::VERSION {
            return Err(format!(
                "it was fitted for version {} of the signals, not {}",
                self.signals,
                signals::VERSION
            ));
        }
        let likeness = likeness(&self.phrasings, &sketch(faq));
        if likeness < MIN_LIKENESS {
            return Err(format!(
                "the FAQ has changed too much since: it shares about {:.0} % of the phrasings, and {:.0} % are needed",
                likeness * 100.0,
                MIN_LIKENESS * 100.0
            ));
        }
        let policy = Policy {
            min_confidence: self.min_confidence,
            ask_confidence: self.ask_confidence,
            ..Policy::CALIBRATED
        };
        let base = self.weights.map_or(SHIPPED, |own| {
            let mut weights = [0.0; INPUTS];
            weights.copy_from_slice(&own[..INPUTS]);
            Logistic { weights, constant: own[INPUTS] }
        });
        if !(self.scale.is_finite() && self.scale > 0.0) {
            return Err(format!("its scale is {}; it must be a number above 0", self.scale));
        }
        for (name, number) in [("shift", self.shift), ("constant", base.constant)] {
            if !number.is_finite() {
                return Err(format!("its {name} is {number}; it must be a number"));
            }
        }
        if let Some(weight) = base.weights.iter().find(|weight| !weight.is_finite()) {
            return Err(format!("one of its weights is {weight}; it must be a number"));
        }
        let policy = policy.checked().map_err(|error| error.to_string())?;
        Ok((Calibration::new(base).with(self.scale, self.shift), policy))
    }
}

/// MinHash of the set of phrasings (Broder 1997): for each of [`SKETCH`] hash functions, the least hash.
/// The share of equal numbers estimates the Jaccard likeness of two sets.
///
/// Entries without an answer take no part, unless none has one: a chat leaves them out.
fn sketch(faq: &Faq) -> Vec<u64> {
    let none = faq.entries.iter().all(|entry| entry.answer.is_empty());
    let entries = faq.entries.iter().filter(|entry| none || !entry.answer.is_empty() || entry.out_of_scope);
    let phrasings: Vec<String> =
        entries.flat_map(|entry| &entry.phrasings).map(|text| normalize_phrasing(text)).collect();
    (0..SKETCH as u64)
        .map(|seed| phrasings.iter().map(|text| xxh3_64_with_seed(text.as_bytes(), seed)).min().unwrap_or(0))
        .collect()
}

fn likeness(left: &[u64], right: &[u64]) -> f64 {
    if left.len() != right.len() || left.is_empty() {
        return 0.0;
    }
    left.iter().zip(right).filter(|(left, right)| left == right).count() as f64 / left.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::calibration::fit;
    use crate::quality::calibration::tests::cases;

    fn faq(count: usize) -> Faq {
        let yaml: String =
            (0..count).map(|at| format!("- {{question: Question number {at}?, answer: a}}\n")).collect();
        Faq::read(yaml.as_bytes(), Path::new("test.yaml")).unwrap().faq
    }

    #[test]
    fn a_file_is_read_back_and_refused_where_it_does_not_hold() {
        let folder = tempfile::tempdir().unwrap();
        let path = CalibrationFile::path(&folder.path().join("faq.yaml"));
        assert!(path.ends_with("faq.yaml.calibration.json"));
        assert_eq!(CalibrationFile::load(&path).unwrap(), None);
        let model = ModelId::new("m");
        let file = {
            let fitted = fit(&cases(200), 0.05).unwrap();
            CalibrationFile::new(&fitted.calibration, &fitted.policy, &model, &faq(100), 200)
        };
        file.save(&path).unwrap();
        assert_eq!(CalibrationFile::load(&path).unwrap().as_ref(), Some(&file));
        assert!(file.for_faq(&model, &faq(100)).is_ok());
        assert!(file.for_faq(&model, &faq(105)).is_ok());
        let refused = |file: &CalibrationFile, model: &str, count| {
            file.for_faq(&ModelId::new(model), &faq(count)).unwrap_err()
        };
        assert!(refused(&file, "other", 100).contains("fitted for the model m"));
        assert!(refused(&file, "m", 20).contains("changed too much"));
        assert!(refused(&CalibrationFile { signals: 0, ..file.clone() }, "m", 100).contains("version 0"));
        assert!(
            refused(&CalibrationFile { min_confidence: 7.0, ..file.clone() }, "m", 100)
                .contains("min-confidence is 7")
        );
        fs::write(&path, "nonsense").unwrap();
        assert!(CalibrationFile::load(&path).unwrap_err().to_string().contains("faqbot calibrate"));
    }
}
