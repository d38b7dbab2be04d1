//! The backend as users of `ort` itself meet it: types, options, outputs, and everything wrong.

mod common;

use std::borrow::Cow;
use std::fs;
use std::sync::LazyLock;

use common::fixture;
use ort::environment::Environment;
use ort::session::{OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::{Tensor, TensorElementType, ValueType};

static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(|| {
    ort_rten::install();
    ort::init().build().expect("environment")
});

fn load(name: &str) -> ort::Result<Session> {
    Session::builder(&ENVIRONMENT)?.commit_from_file(fixture(name))
}

fn load_bytes(model: &[u8]) -> ort::Result<Session> {
    Session::builder(&ENVIRONMENT)?.commit_from_memory(model)
}

fn error_of<T>(result: ort::Result<T>) -> String {
    result.err().expect("an error").to_string()
}

/// Runs `session` on inputs by name and gives the error.
fn run_error(session: &mut Session, inputs: Vec<(&str, SessionInputValue<'static>)>) -> String {
    let inputs: Vec<(Cow<str>, SessionInputValue)> =
        inputs.into_iter().map(|(name, value)| (Cow::from(name.to_owned()), value)).collect();
    error_of(session.run(inputs).map(drop))
}

fn ids(values: &[i64]) -> SessionInputValue<'static> {
    Tensor::from_array(([values.len()], values.to_vec())).expect("tensor").into()
}

#[test]
fn declared_types_and_symbolic_names_are_shown() {
    let session = load("integers.onnx").expect("loads");
    let describe = |dtype: &ValueType| {
        let ValueType::Tensor { ty, shape, dimension_symbols } = dtype else { panic!("{dtype:?}") };
        (*ty, shape.to_vec(), dimension_symbols.to_vec())
    };
    let row = |ty| (ty, vec![-1, 3], vec!["batch".to_owned(), String::new()]);
    let inputs: Vec<_> =
        session.inputs().iter().map(|input| (input.name(), describe(input.dtype()))).collect();
    assert_eq!(inputs, [("ids", row(TensorElementType::Int64)), ("keep", row(TensorElementType::Bool))]);
    let outputs: Vec<_> =
        session.outputs().iter().map(|output| (output.name(), describe(output.dtype()))).collect();
    assert_eq!(outputs, [("doubled", row(TensorElementType::Int64)), ("kept", row(TensorElementType::Bool))]);
    assert!(session.overridable_initializers().is_empty());
}

#[test]
fn a_lent_model_is_loaded_by_its_token() {
    let model: &'static [u8] = Vec::leak(fs::read(fixture("integers.onnx")).expect("the fixture"));
    let token = ort_rten::lend(model);
    assert!(token.len() < 40);
    let session = load_bytes(&token).expect("loads");
    assert_eq!(session.inputs().len(), load_bytes(model).expect("loads").inputs().len());
    // What only looks like a token is a broken model.
    assert!(load_bytes(b"ort-rten model 12345").is_err());
    assert!(load_bytes(b"ort-rten model x").is_err());
}

#[test]
fn integers_and_booleans_come_back_as_declared() {
    let mut session = load("integers.onnx").expect("loads");
    let ids = Tensor::from_array(([2usize, 3], vec![1i64, -2, 3, 0, 5, 1 << 30])).expect("tensor");
    let keep = Tensor::from_array(([2usize, 3], vec![true, true, false, true, true, true])).expect("tensor");
    let outputs = session.run(ort::inputs!["ids" => ids, "keep" => keep]).expect("runs");
    let (shape, kept) = outputs["kept"].try_extract_tensor::<bool>().expect("bool");
    assert_eq!((&**shape, kept), (&[2, 3][..], &[true, false, false, false, true, true][..]));
    let (_, doubled) = outputs["doubled"].try_extract_tensor::<i64>().expect("i64");
    assert_eq!(doubled[..5], [2, -4, 6, 0, 10]);
}

#[test]
fn outputs_outlive_their_session() {
    let mut session = load("lookup.onnx").expect("loads");
    let rows = {
        let mut outputs = session
            .run(ort::inputs![Tensor::from_array(([2usize], vec![4i64, 0])).expect("tensor")])
            .expect("runs");
        outputs.remove("rows").expect("an output")
    };
    drop(session);
    let (shape, data) = rows.try_extract_tensor::<f32>().expect("f32");
    assert_eq!((&**shape, data), (&[2, 2][..], &[8.0, 9.0, 0.0, 1.0][..]));
}

#[test]
fn selected_and_preallocated_outputs_are_filled() {
    let mut session = load("lookup.onnx").expect("loads");
    let run = |session: &mut Session, rows: usize| {
        let target = Tensor::from_array(([rows, 2], vec![0f32; rows * 2])).expect("tensor");
        let options = RunOptions::new()
            .expect("options")
            .with_outputs(OutputSelector::default().preallocate("rows", target));
        let outputs = session.run_with_options(ort::inputs!["ids" => ids(&[3])], &options)?;
        Ok::<_, ort::Error>(outputs["rows"].try_extract_tensor::<f32>()?.1.to_vec())
    };
    assert_eq!(run(&mut session, 1).expect("runs"), [6.0, 7.0]);
    assert!(error_of(run(&mut session, 2)).contains("the preallocated output is f32 [2, 2]"));

    let options = RunOptions::new().expect("options");
    options.terminate().expect("terminate");
    let terminated = session.run_with_options(ort::inputs!["ids" => ids(&[3])], &options).map(drop);
    assert!(error_of(terminated).contains("terminated"));
}

#[test]
fn wrong_inputs_are_errors_that_name_them() {
    let mut session = load("integers.onnx").expect("loads");
    let row =
        || SessionInputValue::from(Tensor::from_array(([1usize, 3], vec![1i64, 2, 3])).expect("tensor"));
    let flags = || SessionInputValue::from(Tensor::from_array(([1usize, 3], vec![true; 3])).expect("tensor"));
    let cases: Vec<(Vec<(&str, SessionInputValue<'static>)>, &str)> = vec![
        (vec![("ids", row())], "missing input: keep"),
        (vec![], "missing input: ids, keep"),
        (vec![("ids", row()), ("keep", row())], "input `keep` is a tensor of i64, but the model takes bool"),
        (
            vec![("ids", row()), ("keep", flags()), ("more", row())],
            "the model has no input `more`; it has ids, keep",
        ),
        (vec![("ids", row()), ("ids", row())], "input `ids` is given twice"),
        (vec![("ids", ids(&[1, 2, 3])), ("keep", flags())], "ids"),
        (
            vec![
                ("ids", Tensor::from_array(([1usize, 3], vec![1i64, 2, 1 << 40])).expect("tensor").into()),
                ("keep", flags()),
            ],
            "input `ids` holds 1099511627776",
        ),
    ];
    for (inputs, expected) in cases {
        let message = run_error(&mut session, inputs);
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    }
}

#[test]
fn an_id_out_of_the_vocabulary_is_an_error_and_the_session_goes_on() {
    let mut session = load("lookup.onnx").expect("loads");
    for wrong in [5, -6, i64::from(i32::MAX)] {
        let message = run_error(&mut session, vec![("ids", ids(&[0, wrong]))]);
        assert!(!message.is_empty());
    }
    let outputs = session.run(ort::inputs!["ids" => ids(&[1])]).expect("still runs");
    assert_eq!(outputs["rows"].try_extract_tensor::<f32>().expect("f32").1, [2.0, 3.0]);
}

#[test]
fn broken_models_are_errors() {
    let whole = fs::read(fixture("reranker/model.onnx")).expect("fixture");
    assert!(load_bytes(&whole).is_ok());
    assert!(error_of(load_bytes(b"")).contains("not an ONNX model"));
    assert!(!error_of(load_bytes(b"not a model at all, just text")).is_empty());
    for cut in [1, 2, 10, 100, whole.len() / 2, whole.len() - 1] {
        assert!(load_bytes(&whole[..cut]).is_err(), "cut at {cut}");
    }
    // Each byte broken in turn: some still load (a changed weight), none may end the process.
    for index in 0..whole.len() {
        let mut broken = whole.clone();
        broken[index] ^= 0xff;
        drop(load_bytes(&broken));
    }
}

#[test]
fn broken_files_are_errors_that_name_the_file() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("empty.onnx");
    fs::write(&path, b"").expect("write");
    let load = |path: &std::path::Path| {
        Session::builder(&ENVIRONMENT).and_then(|mut builder| builder.commit_from_file(path))
    };
    assert!(error_of(load(&path)).contains("empty.onnx"));
    assert!(error_of(load(&folder.path().join("missing.onnx"))).contains("missing.onnx"));
    assert!(!error_of(load(folder.path())).is_empty());
    // A name that does not end in .onnx is read all the same.
    let other = folder.path().join("model.bin");
    fs::copy(fixture("lookup.onnx"), &other).expect("copy");
    assert!(load(&other).is_ok());
}

#[test]
fn external_data_is_read_beside_the_file_and_from_memory() {
    let check = |mut session: Session| {
        let outputs = session.run(ort::inputs!["ids" => ids(&[2])]).expect("runs");
        assert_eq!(outputs["rows"].try_extract_tensor::<f32>().expect("f32").1, [4.0, 5.0]);
    };
    check(load("external.onnx").expect("loads"));

    let model = fs::read(fixture("external.onnx")).expect("fixture");
    assert!(load_bytes(&model).is_err(), "its data is not there");
    let data = fs::read(fixture("external.data")).expect("fixture");
    let session = Session::builder(&ENVIRONMENT)
        .and_then(|builder| {
            Ok(builder.with_external_initializer_file_in_memory("external.data", data.into())?)
        })
        .and_then(|mut builder| builder.commit_from_memory(&model));
    check(session.expect("loads"));
}

#[test]
fn what_the_engine_lacks_is_named_with_the_way_out() {
    let message = error_of(load("contrib.onnx"));
    for expected in ["contrib.onnx", "Attention", "ORT_DYLIB_PATH"] {
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    }
    let message = error_of(load("strings.onnx"));
    assert!(message.contains("`text` is a tensor of element type 8"), "{message}");
}

#[test]
fn options_are_kept_and_impossible_ones_refused() {
    let builder = || Session::builder(&ENVIRONMENT).expect("builder");
    for threads in [0, 1, 4] {
        let mut session = builder()
            .with_intra_threads(threads)
            .expect("threads")
            .commit_from_file(fixture("lookup.onnx"))
            .expect("loads");
        assert!(session.run(ort::inputs!["ids" => ids(&[1])]).is_ok());
    }
    let plain = builder().with_optimization_level(ort::session::builder::GraphOptimizationLevel::Disable);
    assert!(plain.expect("level").commit_from_file(fixture("lookup.onnx")).is_ok());
    let profiled = builder().with_profiling("profile").err().expect("an error");
    assert!(profiled.to_string().contains("RTEN_TIMING"));
    let cloned = builder().with_config_entry("key", "value").expect("entry").clone();
    drop(cloned);
}
