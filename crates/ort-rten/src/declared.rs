//! What a model declares about its inputs and outputs, read from the ONNX protobuf.
//!
//! rten folds `i64` and `bool` into `i32` when it loads a model, but callers of `ort` must see the declared
//! types and the symbolic names of open dimensions. Weights are skipped, not read.

use std::collections::HashSet;
use std::ffi::CString;

use ort_sys::OrtErrorCode;
use rten_onnx::onnx::{TypeProtoTensor, ValueInfoProto};
use rten_onnx::protobuf::{DecodeMessage, Fields, OwnedValues, ProtobufError, ReadValue};

use crate::status::Failure;
use crate::types::{TensorType, element_from_onnx};

/// An input or output of a model.
#[derive(Debug)]
pub struct Port {
    pub name: CString,
    pub ty: TensorType,
}

impl Port {
    pub fn name(&self) -> &str {
        // Made from a `String` below, so it is UTF-8.
        self.name.to_str().unwrap_or_default()
    }
}

/// The declared inputs (except those with a weight as default) and outputs, in order.
#[derive(Debug)]
pub struct Declared {
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
}

impl Declared {
    /// Reads the declarations of a model in ONNX format.
    pub fn read(reader: impl ReadValue<Types = OwnedValues>) -> Result<Self, Failure> {
        let invalid = |error: ProtobufError| {
            Failure::new(
                OrtErrorCode::ORT_INVALID_PROTOBUF,
                format_args!("not a whole ONNX model: {error:?}"),
            )
        };
        let graph = Model::decode(reader).map_err(invalid)?.graph.ok_or_else(|| {
            Failure::new(OrtErrorCode::ORT_INVALID_PROTOBUF, "not an ONNX model: it holds no graph")
        })?;
        let inputs = graph
            .inputs
            .into_iter()
            .filter(|input| !input.name.as_ref().is_some_and(|name| graph.initializers.contains(name)));
        Ok(Declared {
            inputs: inputs.map(port).collect::<Result<_, _>>()?,
            outputs: graph.outputs.into_iter().map(port).collect::<Result<_, _>>()?,
        })
    }
}

fn port(info: ValueInfoProto) -> Result<Port, Failure> {
    let name = info.name.unwrap_or_default();
    let unsupported = |what: String| {
        Failure::not_implemented(format_args!(
            "`{name}` is {what}: this backend has tensors of f32, u8, i8, i32, i64 and bool"
        ))
    };
    let tensor: TypeProtoTensor =
        info.r#type.and_then(|ty| ty.tensor_type).ok_or_else(|| unsupported("no tensor".into()))?;
    let number = tensor.elem_type.map_or(0, |element| element.0);
    let element =
        element_from_onnx(number).ok_or_else(|| unsupported(format!("a tensor of element type {number}")))?;
    let mut dims = Vec::new();
    let mut symbols = Vec::new();
    for dim in tensor.shape.map(|shape| shape.dim).unwrap_or_default() {
        dims.push(dim.dim_value.unwrap_or(-1));
        symbols.push(c_string(&dim.dim_param.unwrap_or_default()));
    }
    Ok(Port { name: c_string(&name), ty: TensorType { element, dims, symbols } })
}

/// A name as a C string, cut at its first NUL (valid models have none).
fn c_string(name: &str) -> CString {
    CString::new(name.split('\0').next().unwrap_or_default()).unwrap_or_default()
}

/// The part of `ModelProto` that is read here.
#[derive(Default)]
struct Model {
    graph: Option<Graph>,
}

impl DecodeMessage for Model {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Self, ProtobufError> {
        const GRAPH: u64 = 7;
        let mut model = Model::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                GRAPH => model.graph = Some(Graph::decode_field(&mut field)?),
                _ => field.skip()?,
            }
        }
        Ok(model)
    }
}

/// The part of `GraphProto` that is read here.
#[derive(Default)]
struct Graph {
    initializers: HashSet<String>,
    inputs: Vec<ValueInfoProto>,
    outputs: Vec<ValueInfoProto>,
}

impl DecodeMessage for Graph {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Self, ProtobufError> {
        const INITIALIZER: u64 = 5;
        const INPUT: u64 = 11;
        const OUTPUT: u64 = 12;
        let mut graph = Graph::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                INITIALIZER => {
                    graph.initializers.extend(TensorName::decode_field(&mut field)?.0);
                }
                INPUT => graph.inputs.push(ValueInfoProto::decode_field(&mut field)?),
                OUTPUT => graph.outputs.push(ValueInfoProto::decode_field(&mut field)?),
                _ => field.skip()?,
            }
        }
        Ok(graph)
    }
}

/// The name in a `TensorProto`, without its data.
#[derive(Default)]
struct TensorName(Option<String>);

impl DecodeMessage for TensorName {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Self, ProtobufError> {
        const NAME: u64 = 8;
        let mut name = TensorName::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                NAME => name.0 = Some(field.read_string()?),
                _ => field.skip()?,
            }
        }
        Ok(name)
    }
}
