//! What a model declares about its inputs and outputs, read from the ONNX protobuf.
//!
//! rten folds `i64` and `bool` into `i32` when it loads a model, but callers of `ort` must see the declared
//! types and the symbolic names of open dimensions. Weights are skipped, not read.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::ffi::CString;

use ort_sys::OrtErrorCode;
use rten_onnx::onnx::{TypeProtoTensor, ValueInfoProto};
use rten_onnx::protobuf::{DecodeMessage, FieldValue, Fields, OwnedValues, ProtobufError, ReadValue};

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
        graph.check()?;
        let inputs = graph
            .inputs
            .into_iter()
            .filter(|input| !input.name.as_ref().is_some_and(|name| graph.initializers.contains_key(name)));
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
    initializers: HashMap<String, TensorHead>,
    nodes: Vec<Node>,
    inputs: Vec<ValueInfoProto>,
    outputs: Vec<ValueInfoProto>,
}

impl DecodeMessage for Graph {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Self, ProtobufError> {
        const NODE: u64 = 1;
        const INITIALIZER: u64 = 5;
        const INPUT: u64 = 11;
        const OUTPUT: u64 = 12;
        let mut graph = Graph::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                NODE => graph.nodes.push(Node::decode_field(&mut field)?),
                INITIALIZER => {
                    let tensor = TensorHead::decode_field(&mut field)?;
                    graph.initializers.extend(tensor.name.clone().map(|name| (name, tensor)));
                }
                INPUT => graph.inputs.push(ValueInfoProto::decode_field(&mut field)?),
                OUTPUT => graph.outputs.push(ValueInfoProto::decode_field(&mut field)?),
                _ => field.skip()?,
            }
        }
        Ok(graph)
    }
}

impl Graph {
    /// Refuses what rten would not survive: a circle of nodes, shapes that overflow, and constant shapes of more
    /// elements than there is memory for (it computes constants when it loads a model).
    fn check(&self) -> Result<(), Failure> {
        let invalid = |what: String| Failure::new(OrtErrorCode::ORT_INVALID_GRAPH, what);
        for (name, tensor) in &self.initializers {
            elements(&tensor.dims).map_err(|why| invalid(format!("the weight `{name}` {why}")))?;
        }
        let mut constants: HashMap<&str, &[i64]> = HashMap::new();
        for (name, tensor) in &self.initializers {
            constants.extend(tensor.numbers.as_deref().map(|numbers| (name.as_str(), numbers)));
        }
        for node in &self.nodes {
            if node.too_deep {
                return Err(invalid(format!("graphs within graphs, deeper than {MAX_DEPTH}")));
            }
            node.inner.iter().try_for_each(Graph::check)?;
            if let (Some(value), Some(output)) = (&node.constant, node.outputs.first()) {
                constants.extend(value.numbers.as_deref().map(|numbers| (output.as_str(), numbers)));
            }
        }
        for node in &self.nodes {
            let shape = match node.op.as_str() {
                "ConstantOfShape" => node.inputs.first(),
                "Expand" | "Reshape" | "Tile" => node.inputs.get(1),
                _ => None,
            };
            if let Some(shape) = shape.and_then(|name| constants.get(name.as_str())) {
                // 0 and -1 stand for a dimension of the input.
                let given: Vec<i64> = shape.iter().copied().filter(|&dim| dim > 0).collect();
                elements(&given).map_err(|why| invalid(format!("the shape for {} {why}", node.op)))?;
            }
        }
        self.check_order().map_err(invalid)
    }

    /// Whether each node can be computed once others are (Kahn's algorithm).
    fn check_order(&self) -> Result<(), String> {
        let mut maker: HashMap<&str, usize> = HashMap::new();
        for (at, node) in self.nodes.iter().enumerate() {
            for output in node.outputs.iter().filter(|output| !output.is_empty()) {
                maker.insert(output, at);
            }
        }
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        let mut open = vec![0usize; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            let makers: HashSet<usize> =
                node.inputs.iter().filter_map(|input| maker.get(input.as_str()).copied()).collect();
            open[at] = makers.len();
            makers.into_iter().for_each(|maker| users[maker].push(at));
        }
        let mut ready: Vec<usize> = (0..self.nodes.len()).filter(|&at| open[at] == 0).collect();
        while let Some(at) = ready.pop() {
            for &user in &users[at] {
                open[user] -= 1;
                if open[user] == 0 {
                    ready.push(user);
                }
            }
        }
        match (0..self.nodes.len()).find(|&at| open[at] > 0) {
            Some(at) => {
                Err(format!("the nodes go round in a circle, near one of type {}", self.nodes[at].op))
            }
            None => Ok(()),
        }
    }
}

/// Elements of one tensor, at most: 4 GiB of f32.
const MAX_ELEMENTS: u64 = 1 << 30;

/// Graphs within graphs (the branches of an `If`), at most.
const MAX_DEPTH: usize = 16;

/// The number of elements of a shape, or what is wrong with it.
fn elements(dims: &[i64]) -> Result<u64, String> {
    let mut count = 1u64;
    for &dim in dims {
        let dim = u64::try_from(dim).map_err(|_| format!("has a dimension of {dim}"))?;
        count = count
            // A dimension of 0 makes none of the others right.
            .checked_mul(dim.max(1))
            .filter(|&count| count <= MAX_ELEMENTS)
            .ok_or_else(|| format!("has the shape {dims:?}, of more than {MAX_ELEMENTS} elements"))?;
    }
    Ok(count)
}

/// The part of `NodeProto` that is read here.
#[derive(Default)]
struct Node {
    op: String,
    inputs: Vec<String>,
    outputs: Vec<String>,
    /// What a `Constant` holds.
    constant: Option<TensorHead>,
    /// The graphs in its attributes.
    inner: Vec<Graph>,
    /// Whether they lie too deep to be read.
    too_deep: bool,
}

impl DecodeMessage for Node {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Self, ProtobufError> {
        const INPUT: u64 = 1;
        const OUTPUT: u64 = 2;
        const OP_TYPE: u64 = 4;
        const ATTRIBUTE: u64 = 5;
        let mut node = Node::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                INPUT => node.inputs.push(field.read_string()?),
                OUTPUT => node.outputs.push(field.read_string()?),
                OP_TYPE => node.op = field.read_string()?,
                ATTRIBUTE => {
                    let attribute = Attribute::decode_field(&mut field)?;
                    node.too_deep |= attribute.too_deep;
                    node.inner.extend(attribute.graphs);
                    let of_numbers = attribute
                        .numbers
                        .map(|numbers| TensorHead { numbers: Some(numbers), ..TensorHead::default() });
                    node.constant = node.constant.or(attribute.tensor).or(of_numbers);
                }
                _ => field.skip()?,
            }
        }
        Ok(node)
    }
}

thread_local! {
    /// How deep the graph lies that is read: reading one within another calls itself.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// The part of `AttributeProto` that is read here.
#[derive(Default)]
struct Attribute {
    tensor: Option<TensorHead>,
    numbers: Option<Vec<i64>>,
    graphs: Vec<Graph>,
    too_deep: bool,
}

impl DecodeMessage for Attribute {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Self, ProtobufError> {
        const TENSOR: u64 = 5;
        const GRAPH: u64 = 6;
        const NUMBERS: u64 = 8;
        const GRAPHS: u64 = 11;
        let mut attribute = Attribute::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                TENSOR => attribute.tensor = Some(TensorHead::decode_field(&mut field)?),
                NUMBERS => {
                    let numbers = attribute.numbers.get_or_insert_default();
                    for number in field.read_repeated_int64()? {
                        numbers.push(number?);
                    }
                }
                GRAPH | GRAPHS if DEPTH.get() >= MAX_DEPTH => {
                    attribute.too_deep = true;
                    field.skip()?;
                }
                GRAPH | GRAPHS => {
                    DEPTH.set(DEPTH.get() + 1);
                    let inner = Graph::decode_field(&mut field);
                    DEPTH.set(DEPTH.get() - 1);
                    attribute.graphs.push(inner?);
                }
                _ => field.skip()?,
            }
        }
        Ok(attribute)
    }
}

/// A `TensorProto` without its data, unless that is a few numbers, which may be a shape.
#[derive(Default)]
struct TensorHead {
    name: Option<String>,
    dims: Vec<i64>,
    numbers: Option<Vec<i64>>,
}

impl DecodeMessage for TensorHead {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Self, ProtobufError> {
        const DIMS: u64 = 1;
        const DATA_TYPE: u64 = 2;
        const INT64_DATA: u64 = 7;
        const NAME: u64 = 8;
        const RAW_DATA: u64 = 9;
        const INT64: i32 = 7;
        /// A shape has no more bytes than this.
        const SHAPE_BYTES: u64 = 128;
        let mut tensor = TensorHead::default();
        let mut element = None;
        let mut raw = None;
        while let Some(mut field) = fields.next()? {
            match (field.number(), field.value()) {
                (DIMS, _) => {
                    for dim in field.read_repeated_int64()? {
                        tensor.dims.push(dim?);
                    }
                }
                (DATA_TYPE, _) => element = Some(field.get_enum()?),
                (NAME, _) => tensor.name = Some(field.read_string()?),
                (INT64_DATA, FieldValue::Len(bytes)) if bytes <= SHAPE_BYTES => {
                    let numbers = tensor.numbers.get_or_insert_default();
                    for number in field.read_repeated_int64()? {
                        numbers.push(number?);
                    }
                }
                (RAW_DATA, FieldValue::Len(bytes)) if bytes <= SHAPE_BYTES => raw = Some(field.read_bytes()?),
                _ => field.skip()?,
            }
        }
        if let Some(raw) = raw.filter(|_| element == Some(INT64)) {
            let (numbers, _) = raw.as_chunks::<8>();
            tensor.numbers = Some(numbers.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect());
        }
        Ok(tensor)
    }
}

#[cfg(test)]
mod tests {
    use rten_onnx::onnx::{AttributeProto, DataType, GraphProto, ModelProto, NodeProto, TensorProto};
    use rten_onnx::protobuf::ValueReader;

    use super::*;

    fn node(op: &str, inputs: &[&str], output: &str) -> NodeProto {
        NodeProto {
            op_type: Some(op.into()),
            input: inputs.iter().map(|&name| name.into()).collect(),
            output: vec![output.into()],
            ..NodeProto::default()
        }
    }

    fn read(graph: GraphProto) -> Result<Declared, String> {
        let model = ModelProto { graph: Some(graph), ..ModelProto::default() };
        let bytes = model.write_buf().expect("a model");
        Declared::read(ValueReader::from_buf(&bytes)).map_err(|failure| format!("{failure:?}"))
    }

    fn shape(name: &str, dims: &[i64]) -> TensorProto {
        TensorProto {
            name: Some(name.into()),
            dims: vec![dims.len() as i64],
            data_type: Some(DataType(7)),
            int64_data: dims.to_vec(),
            ..TensorProto::default()
        }
    }

    #[test]
    fn circles_are_found_in_any_order_of_nodes() {
        let line = vec![node("Relu", &["b"], "c"), node("Relu", &["a"], "b")];
        assert!(read(GraphProto { node: line, ..GraphProto::default() }).is_ok());
        let circle = vec![node("Add", &["a", "c"], "b"), node("Relu", &["b"], "c")];
        let error = read(GraphProto { node: circle, ..GraphProto::default() }).unwrap_err();
        assert!(error.contains("circle"), "{error}");
        let own = vec![node("Relu", &["a"], "a")];
        assert!(read(GraphProto { node: own, ..GraphProto::default() }).is_err());
    }

    #[test]
    fn shapes_without_end_are_refused() {
        let fill = |dims: &[i64]| GraphProto {
            node: vec![node("ConstantOfShape", &["shape"], "out")],
            initializer: vec![shape("shape", dims)],
            ..GraphProto::default()
        };
        assert!(read(fill(&[1000, 1000])).is_ok());
        for dims in [&[1 << 40][..], &[1 << 20, 1 << 20], &[i64::MAX, 2], &[0, 1 << 62, 1 << 62]] {
            assert!(read(fill(dims)).unwrap_err().contains("ConstantOfShape"));
        }
        // Within a branch too.
        let attribute = AttributeProto {
            name: Some("then_branch".into()),
            g: Some(fill(&[1 << 40])),
            ..AttributeProto::default()
        };
        let branch = NodeProto { attribute: vec![attribute], ..node("If", &["a"], "b") };
        assert!(read(GraphProto { node: vec![branch], ..GraphProto::default() }).is_err());
        let weight = TensorProto { name: Some("w".into()), dims: vec![-1, 5], ..TensorProto::default() };
        let error = read(GraphProto { initializer: vec![weight], ..GraphProto::default() }).unwrap_err();
        assert!(error.contains("dimension of -1"), "{error}");
    }

    #[test]
    fn graphs_within_graphs_without_end_are_refused() {
        let nested = |depth: usize| {
            let mut graph = GraphProto::default();
            for _ in 0..depth {
                let attribute =
                    AttributeProto { name: Some("b".into()), g: Some(graph), ..AttributeProto::default() };
                let inner = NodeProto { attribute: vec![attribute], ..node("If", &[], "x") };
                graph = GraphProto { node: vec![inner], ..GraphProto::default() };
            }
            graph
        };
        assert!(read(nested(3)).is_ok());
        assert!(read(nested(MAX_DEPTH + 5)).unwrap_err().contains("within graphs"));
    }
}
