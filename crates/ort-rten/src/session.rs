//! Loads and runs models.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::ops::Range;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use ort_sys::{OrtEnv, OrtErrorCode, OrtRunOptions, OrtSession, OrtSessionOptions, OrtThreadingOptions};
use rten::{
    LoadError, Model, ModelOptions, NodeId, RunErrorKind, RunOptions as RtenRunOptions, ThreadPool, Value,
};
use rten_onnx::protobuf::ValueReader;

use crate::declared::{Declared, Port};
use crate::pace::Pace;
use crate::status::{Failure, Handle};
use crate::tensor::Tensor;
use crate::types::element_name;

/// Time spent loading models in this process, in nanoseconds.
static LOADING: AtomicU64 = AtomicU64::new(0);

/// Time spent loading models in this process, in all sessions. A program that times a load itself cannot
/// separate this from the rest of its libraries' work.
pub fn time_loading() -> Duration {
    Duration::from_nanos(LOADING.load(Ordering::Relaxed))
}

/// Lent models, by the number in their tokens.
static LENT: Mutex<Vec<&'static [u8]>> = Mutex::new(Vec::new());

/// The start of a token; its number follows. No ONNX file starts like this.
const TOKEN: &[u8] = b"ort-rten model ";

/// Lends a model that lives as long as the process, such as one in the binary. The returned bytes stand for
/// it wherever `ort` loads a model from memory, in this process and on this backend: the model is then read
/// in place, not copied.
pub fn lend(model: &'static [u8]) -> Vec<u8> {
    let mut lent = LENT.lock().unwrap_or_else(PoisonError::into_inner);
    lent.push(model);
    [TOKEN, (lent.len() - 1).to_string().as_bytes()].concat()
}

/// The model that a token stands for.
fn lent(token: &[u8]) -> Option<&'static [u8]> {
    let number = std::str::from_utf8(token.strip_prefix(TOKEN)?).ok()?.parse::<usize>().ok()?;
    LENT.lock().unwrap_or_else(PoisonError::into_inner).get(number).copied()
}

/// The session configuration entry that declares, with the value "1", that a model's rows are independent:
/// the first axis of each input and output is the batch, and the result for a row depends on that row alone.
/// A batch is then split among the threads, one part each, which takes less time than splitting each
/// operator.
pub const INDEPENDENT_ROWS: &str = "ort_rten.independent_rows";

/// The process-wide state: the thread pool that sessions share, if one was requested.
pub struct Environment {
    pub pool: Option<Arc<ThreadPool>>,
}

// SAFETY: the only type behind OrtEnv.
unsafe impl Handle for Environment {
    type Opaque = OrtEnv;
}

/// The options of the shared thread pool. 0 threads means rten's default.
#[derive(Default)]
pub struct ThreadingOptions {
    pub threads: usize,
}

// SAFETY: the only type behind OrtThreadingOptions.
unsafe impl Handle for ThreadingOptions {
    type Opaque = OrtThreadingOptions;
}

/// A pool of `threads` threads; `None`, which means rten's default pool, for 0.
pub fn pool(threads: usize) -> Option<Arc<ThreadPool>> {
    (threads > 0).then(|| Arc::new(ThreadPool::with_num_threads(threads)))
}

/// What a session is created with.
#[derive(Clone)]
pub struct SessionOptions {
    /// Threads within an operator; 0 means rten's default (the physical cores).
    pub threads: usize,
    /// Whether sessions have their own thread pool instead of the environment's.
    pub own_pool: bool,
    pub optimize: bool,
    /// The contents of external data files, by the name that the model uses for them.
    pub external: HashMap<String, Vec<u8>>,
    /// Configuration entries, kept so that they can be read back.
    pub config: HashMap<String, String>,
}

impl Default for SessionOptions {
    fn default() -> Self {
        SessionOptions {
            threads: 0,
            own_pool: true,
            optimize: true,
            external: HashMap::new(),
            config: HashMap::new(),
        }
    }
}

// SAFETY: the only type behind OrtSessionOptions.
unsafe impl Handle for SessionOptions {
    type Opaque = OrtSessionOptions;
}

impl SessionOptions {
    fn model_options(&self) -> ModelOptions {
        let mut options = ModelOptions::with_all_ops();
        options.enable_optimization(self.optimize);
        // Keep weights in the order in which the matrix kernels read them: latency on short inputs is 1.8 to
        // 4 times lower, for additional memory of about the size of the weight matrices.
        options.prepack_weights(true);
        for (name, data) in &self.external {
            options.external_data(name, data.clone());
        }
        options
    }
}

/// Options of one run.
#[derive(Default)]
pub struct RunOptions {
    /// Set from any thread; a run that has not started yet is refused.
    pub terminate: AtomicBool,
}

// SAFETY: the only type behind OrtRunOptions.
unsafe impl Handle for RunOptions {
    type Opaque = OrtRunOptions;
}

/// A loaded model.
pub struct Session {
    model: Model,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    /// The model's nodes for `inputs` and `outputs`, in the same order.
    input_ids: Vec<NodeId>,
    output_ids: Vec<NodeId>,
    pool: Option<Arc<ThreadPool>>,
    /// Pools of one thread each. Empty if the session computes on one thread, or on a pool that is not its
    /// own.
    single: Vec<Arc<ThreadPool>>,
    independent_rows: bool,
    pace: Pace,
}

// SAFETY: the only type behind OrtSession.
unsafe impl Handle for Session {
    type Opaque = OrtSession;
}

impl Session {
    /// Loads a model from memory.
    pub fn from_bytes(
        environment: &Environment,
        options: &SessionOptions,
        model: &[u8],
    ) -> Result<Self, Failure> {
        let begin = Instant::now();
        let lent = lent(model);
        let declared = Declared::read(ValueReader::from_buf(lent.unwrap_or(model)))?;
        let options_of_model = options.model_options();
        let model = match lent {
            Some(model) => options_of_model.load_static_slice(model),
            None => options_of_model.load(model.to_vec()),
        };
        let model = model.map_err(load_failure)?;
        LOADING.fetch_add(begin.elapsed().as_nanos() as u64, Ordering::Relaxed);
        Self::new(environment, options, declared, model)
    }

    /// Loads a model from a file, and its external data files from the same folder.
    pub fn from_file(
        environment: &Environment,
        options: &SessionOptions,
        path: &Path,
    ) -> Result<Self, Failure> {
        let in_file = |failure: Failure| failure.in_file(path);
        let unreadable =
            |error: std::io::Error| Failure::new(OrtErrorCode::ORT_NO_SUCHFILE, error).in_file(path);
        // rten finds external data only for files with this extension.
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
            let file = File::open(path).map_err(unreadable)?;
            let declared = Declared::read(ValueReader::from_file(file)).map_err(in_file)?;
            let model = options.model_options().load_file(path).map_err(load_failure).map_err(in_file)?;
            Self::new(environment, options, declared, model).map_err(in_file)
        } else {
            let model = fs::read(path).map_err(unreadable)?;
            Self::from_bytes(environment, options, &model).map_err(in_file)
        }
    }

    fn new(
        environment: &Environment,
        options: &SessionOptions,
        declared: Declared,
        model: Model,
    ) -> Result<Self, Failure> {
        let find = |ports: &[Port]| {
            let ids = ports.iter().map(|port| {
                model.node_id(port.name()).map_err(|error| {
                    Failure::new(OrtErrorCode::ORT_INVALID_GRAPH, format_args!("`{}`: {error}", port.name()))
                })
            });
            ids.collect::<Result<Vec<_>, _>>()
        };
        Ok(Session {
            input_ids: find(&declared.inputs)?,
            output_ids: find(&declared.outputs)?,
            inputs: declared.inputs,
            outputs: declared.outputs,
            pool: if options.own_pool { pool(options.threads) } else { environment.pool.clone() },
            single: if options.own_pool && options.threads > 1 {
                (0..options.threads).map(|_| Arc::new(ThreadPool::with_num_threads(1))).collect()
            } else {
                Vec::new()
            },
            independent_rows: options.config.get(INDEPENDENT_ROWS).is_some_and(|value| value == "1"),
            pace: Pace::default(),
            model,
        })
    }

    /// Computes the named outputs from the named inputs. All inputs of the model must be given.
    pub fn run(
        &self,
        options: Option<&RunOptions>,
        inputs: &[(&str, &Tensor)],
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, Failure> {
        if options.is_some_and(|options| options.terminate.load(Ordering::Relaxed)) {
            return Err(Failure::new(OrtErrorCode::ORT_FAIL, "the run was terminated before it began"));
        }
        let mut given = HashSet::new();
        let mut tensors = Vec::with_capacity(inputs.len());
        for &(name, tensor) in inputs {
            let index = position(&self.inputs, "input", name)?;
            let declared = &self.inputs[index].ty;
            if declared.element != tensor.ty.element {
                return Err(Failure::invalid_argument(format_args!(
                    "input `{name}` is a tensor of {}, but the model takes {}",
                    element_name(tensor.ty.element),
                    element_name(declared.element)
                )));
            }
            if !given.insert(index) {
                return Err(Failure::invalid_argument(format_args!("input `{name}` is given twice")));
            }
            tensors.push((index, tensor));
        }
        let missing: Vec<&str> = (0..self.inputs.len())
            .filter(|index| !given.contains(index))
            .map(|index| self.inputs[index].name())
            .collect();
        if !missing.is_empty() {
            return Err(Failure::invalid_argument(format_args!("missing input: {}", missing.join(", "))));
        }
        let wanted = outputs
            .iter()
            .map(|name| position(&self.outputs, "output", name))
            .collect::<Result<Vec<_>, _>>()?;

        let rows = self.shared_rows(&tensors);
        let mut parts = if rows > 1 {
            let size = rows.div_ceil(self.single.len().min(rows));
            let starts = (0..rows).step_by(size);
            thread::scope(|scope| {
                let runs: Vec<_> = starts
                    .zip(&self.single)
                    .map(|(start, pool)| {
                        let rows = start..rows.min(start + size);
                        let (tensors, wanted) = (&tensors, &wanted);
                        scope.spawn(move || self.compute(tensors, Some(rows), wanted, Some(pool)))
                    })
                    .collect();
                let join = |run: ScopedJoinHandle<'_, Result<Vec<Tensor>, Failure>>| {
                    run.join().unwrap_or_else(|panic| resume_unwind(panic))
                };
                runs.into_iter().map(join).collect::<Result<Vec<_>, _>>()
            })?
        } else {
            vec![self.compute_at_best_pace(&tensors, &wanted)?]
        };
        if parts.len() == 1 {
            return Ok(parts.remove(0));
        }
        // From one list per part to one list per output.
        let mut outputs: Vec<Vec<Tensor>> = wanted.iter().map(|_| Vec::new()).collect();
        for part in parts {
            outputs.iter_mut().zip(part).for_each(|(output, tensor)| output.push(tensor));
        }
        let named = wanted.iter().map(|&index| self.outputs[index].name()).zip(outputs);
        named.map(|(name, parts)| Tensor::joined(name, parts)).collect()
    }

    /// The number of rows that can be computed separately; 1 if they cannot.
    fn shared_rows(&self, tensors: &[(usize, &Tensor)]) -> usize {
        let rows = |tensor: &Tensor| tensor.ty.dims.first().copied();
        let first = tensors.first().and_then(|(_, tensor)| rows(tensor));
        match first {
            Some(count)
                if self.independent_rows
                    && self.single.len() > 1
                    && tensors.iter().all(|(_, tensor)| rows(tensor) == first) =>
            {
                count as usize
            }
            _ => 1,
        }
    }

    /// Computes on one thread or on all, whichever was faster for inputs of this size.
    fn compute_at_best_pace(
        &self,
        tensors: &[(usize, &Tensor)],
        wanted: &[usize],
    ) -> Result<Vec<Tensor>, Failure> {
        let Some(single) = self.single.first() else {
            return self.compute(tensors, None, wanted, self.pool.as_ref());
        };
        let bytes = tensors.iter().map(|(_, tensor)| tensor.bytes()).sum();
        self.pace.run(bytes, |all| {
            self.compute(tensors, None, wanted, if all { self.pool.as_ref() } else { Some(single) })
        })
    }

    /// Computes outputs from the inputs at these positions, or from some rows of them.
    fn compute(
        &self,
        tensors: &[(usize, &Tensor)],
        rows: Option<Range<usize>>,
        wanted: &[usize],
        pool: Option<&Arc<ThreadPool>>,
    ) -> Result<Vec<Tensor>, Failure> {
        let values = tensors
            .iter()
            .map(|&(index, tensor)| {
                let value = tensor.as_rten(self.inputs[index].name(), rows.clone())?;
                Ok((self.input_ids[index], value))
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        let ids: Vec<NodeId> = wanted.iter().map(|&index| self.output_ids[index]).collect();
        let run_options = RtenRunOptions::default().with_thread_pool(pool.cloned());
        let computed: Vec<Value> = self.model.run(values, &ids, Some(run_options)).map_err(|error| {
            let code = match error.kind() {
                RunErrorKind::InvalidInput | RunErrorKind::NodeNotFound => OrtErrorCode::ORT_INVALID_ARGUMENT,
                _ => OrtErrorCode::ORT_RUNTIME_EXCEPTION,
            };
            Failure::new(code, error)
        })?;
        wanted
            .iter()
            .zip(computed)
            .map(|(&index, value)| {
                let port = &self.outputs[index];
                Tensor::from_rten(port.name(), port.ty.element, value)
            })
            .collect()
    }
}

fn position(ports: &[Port], kind: &str, name: &str) -> Result<usize, Failure> {
    ports.iter().position(|port| port.name() == name).ok_or_else(|| {
        let known: Vec<&str> = ports.iter().map(Port::name).collect();
        Failure::invalid_argument(format_args!(
            "the model has no {kind} `{name}`; it has {}",
            known.join(", ")
        ))
    })
}

/// Says what to do if the model is valid and only this engine lacks an operator.
fn load_failure(error: LoadError) -> Failure {
    let message = error.to_string();
    if message.contains("not supported") {
        Failure::not_implemented(format_args!(
            "{message} by the engine rten; ONNX Runtime runs it: set ORT_DYLIB_PATH to its library"
        ))
    } else {
        Failure::new(OrtErrorCode::ORT_INVALID_GRAPH, message)
    }
}
