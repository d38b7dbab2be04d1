//! An embedder that is loaded in the background.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

use ndarray::Array2;

use super::{Embedder, ModelId, Progress, Reader, Role};
use crate::error::{Error, Result};

/// Stands in for an embedder whose model and dimension are known before it is loaded. The first text to embed
/// waits for it; if loading fails, every text fails.
pub struct Deferred<E> {
    model: ModelId,
    dimension: usize,
    loading: Mutex<Option<JoinHandle<Result<E>>>>,
    loaded: OnceLock<std::result::Result<E, String>>,
}

impl<E: Embedder + 'static> Deferred<E> {
    /// Starts to load an embedder with this model and dimension.
    pub fn new(model: ModelId, dimension: usize, load: impl FnOnce() -> Result<E> + Send + 'static) -> Self {
        let loading = Mutex::new(Some(thread::spawn(load)));
        Deferred { model, dimension, loading, loaded: OnceLock::new() }
    }

    /// The embedder, after waiting until it is loaded.
    fn wait(&self) -> Result<&E> {
        let loaded = self.loaded.get_or_init(|| {
            let loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner).take();
            match loading.map(JoinHandle::join) {
                Some(Ok(loaded)) => loaded.map_err(|error| error.to_string()),
                _ => Err(format!("loading the model {} panicked", self.model)),
            }
        });
        loaded.as_ref().map_err(|error| Error::Model(error.clone()))
    }
}

impl<E: Embedder + 'static> Embedder for Deferred<E> {
    fn model(&self) -> &ModelId {
        &self.model
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    fn embed(&self, role: Role, texts: &[&str], progress: Progress) -> Result<Array2<f32>> {
        if texts.is_empty() {
            return Ok(Array2::zeros((0, self.dimension)));
        }
        self.wait()?.embed(role, texts, progress)
    }

    fn cuts(&self, text: &str) -> bool {
        self.wait().is_ok_and(|embedder| embedder.cuts(text))
    }

    fn is_in_vocabulary(&self, word: &str) -> bool {
        self.wait().is_ok_and(|embedder| embedder.is_in_vocabulary(word))
    }

    fn languages(&self) -> Option<&str> {
        self.wait().ok()?.languages()
    }

    fn reader(&self) -> Option<&dyn Reader> {
        self.wait().ok()?.reader()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::HashEmbedder;

    #[test]
    fn nothing_waits_until_there_is_a_text() {
        let (begin, begun) = mpsc::channel::<()>();
        let hash = HashEmbedder::new();
        let deferred = Deferred::new(hash.model().clone(), hash.dimension(), move || {
            let _ = begun.recv();
            Ok(HashEmbedder::new())
        });
        assert_eq!(deferred.embed(Role::Query, &[], &mut |_| ()).unwrap().dim(), (0, hash.dimension()));
        begin.send(()).unwrap();
        let rows = deferred.embed(Role::Query, &["a text"], &mut |_| ()).unwrap();
        assert_eq!(rows, hash.embed(Role::Query, &["a text"], &mut |_| ()).unwrap());
    }

    #[test]
    fn failures_are_those_of_every_text() {
        let load = || -> Result<HashEmbedder> { Err(Error::Model("broken".into())) };
        let deferred = Deferred::new(ModelId::new("x"), 4, load);
        for _ in 0..2 {
            assert_eq!(deferred.embed(Role::Query, &["a"], &mut |_| ()).unwrap_err().to_string(), "broken");
        }
        let deferred =
            Deferred::new(ModelId::new("x"), 4, || -> Result<HashEmbedder> { panic!("on purpose") });
        assert!(
            deferred.embed(Role::Query, &["a"], &mut |_| ()).unwrap_err().to_string().contains("panicked")
        );
    }
}
