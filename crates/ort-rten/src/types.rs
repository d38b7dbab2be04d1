//! Element types and the description of a tensor's type.

use std::ffi::CString;

use ort_sys::{ONNXTensorElementDataType as ElementType, OrtTensorTypeAndShapeInfo, OrtTypeInfo};

use crate::status::Handle;

/// The type of a tensor: its elements, its dimensions (-1 if open), and their symbolic names (empty if there
/// is none). `symbols` is as long as `dims`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorType {
    pub element: ElementType,
    pub dims: Vec<i64>,
    pub symbols: Vec<CString>,
}

// SAFETY: the only type behind OrtTensorTypeAndShapeInfo.
unsafe impl Handle for TensorType {
    type Opaque = OrtTensorTypeAndShapeInfo;
}

impl TensorType {
    pub fn new(element: ElementType, dims: Vec<i64>) -> Self {
        let symbols = vec![CString::default(); dims.len()];
        TensorType { element, dims, symbols }
    }
}

/// The type of a value: that of a tensor, since this backend has nothing else.
pub struct TypeInfo(pub TensorType);

// SAFETY: the only type behind OrtTypeInfo.
unsafe impl Handle for TypeInfo {
    type Opaque = OrtTypeInfo;
}

/// The size of one element in bytes; `None` for types that this backend does not support in tensors.
pub fn element_size(element: ElementType) -> Option<usize> {
    use ElementType::*;
    Some(match element {
        ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8
        | ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8
        | ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL => 1,
        ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT | ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 => 4,
        ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 => 8,
        _ => return None,
    })
}

/// The element type for a number of `TensorProto.DataType`, if this backend supports it.
pub fn element_from_onnx(number: i32) -> Option<ElementType> {
    use ElementType::*;
    [
        ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
        ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8,
        ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8,
        ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32,
        ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64,
        ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL,
    ]
    .into_iter()
    .find(|&element| element as i32 == number)
}

/// The readable name of an element type: `i64`, not `ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64`.
pub fn element_name(element: ElementType) -> String {
    use ElementType::*;
    match element {
        ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT => "f32".into(),
        ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 => "u8".into(),
        ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8 => "i8".into(),
        ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 => "i32".into(),
        ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 => "i64".into(),
        ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL => "bool".into(),
        other => format!("{other:?}").trim_start_matches("ONNX_TENSOR_ELEMENT_DATA_TYPE_").to_lowercase(),
    }
}
