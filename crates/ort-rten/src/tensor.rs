//! Tensors as `ort` passes and receives them, and their conversion to and from rten.

use std::any::Any;
use std::ffi::c_void;
use std::ops::Range;
use std::slice;

use ort_sys::{ONNXTensorElementDataType as ElementType, OrtValue};
use rten::{Value, ValueOrView, ValueView};
use rten_tensor::prelude::*;

use crate::status::{Failure, Handle};
use crate::types::{TensorType, element_name, element_size};

use ElementType::{
    ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL as BOOL, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT as FLOAT,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8 as INT8, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 as INT32,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 as INT64, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 as UINT8,
};

/// A tensor: row-major elements, owned by this value or by its creator.
pub struct Tensor {
    pub ty: TensorType,
    /// Aligned for the element type, `len` times the element's size in bytes, all initialised; dangling if
    /// there are none.
    data: *mut c_void,
    /// The number of elements: the product of the dimensions.
    len: usize,
    /// The buffer that `data` points into, if this value owns it. It owns itself, so an output outlives the
    /// session that made it.
    _owner: Option<Box<dyn Any + Send>>,
}

// SAFETY: this is a buffer and its description. Owned buffers may move to another thread (`_owner` is Send);
// borrowed ones stay valid as long as the tensor lives, on any thread.
unsafe impl Send for Tensor {}

// SAFETY: `&self` only reads the elements, which `borrowed`'s contract keeps others from writing, and
// gives no access to `_owner`.
unsafe impl Sync for Tensor {}

// SAFETY: the only type behind OrtValue.
unsafe impl Handle for Tensor {
    type Opaque = OrtValue;
}

/// The number of elements of a shape.
fn element_count(shape: &[i64]) -> Result<usize, Failure> {
    shape
        .iter()
        .try_fold(1usize, |count, &dim| count.checked_mul(usize::try_from(dim).ok()?))
        .ok_or_else(|| Failure::invalid_argument(format_args!("{shape:?} is not the shape of a tensor")))
}

fn size_of_element(element: ElementType) -> Result<usize, Failure> {
    element_size(element).ok_or_else(|| {
        Failure::not_implemented(format_args!(
            "tensors of {}: this backend has f32, u8, i8, i32, i64 and bool",
            element_name(element)
        ))
    })
}

impl Tensor {
    /// A tensor over a buffer owned elsewhere.
    ///
    /// # Safety
    ///
    /// `data` must point to `bytes` initialised bytes. As long as the tensor lives, they must stay valid, and
    /// others must not write them while this backend reads them.
    pub unsafe fn borrowed(
        element: ElementType,
        shape: &[i64],
        data: *mut c_void,
        bytes: usize,
    ) -> Result<Self, Failure> {
        let len = element_count(shape)?;
        let size = size_of_element(element)?;
        if len.checked_mul(size).is_none_or(|needed| needed > bytes) {
            return Err(Failure::invalid_argument(format_args!(
                "a tensor of {} {shape:?} does not fit in a buffer of {bytes} bytes",
                element_name(element)
            )));
        }
        if len > 0 && (data.is_null() || !data.addr().is_multiple_of(size)) {
            return Err(Failure::invalid_argument(format_args!(
                "the buffer of a tensor of {} is null or not aligned to {size} bytes",
                element_name(element)
            )));
        }
        Ok(Tensor { ty: TensorType::new(element, shape.to_vec()), data, len, _owner: None })
    }

    /// A tensor of zeros that owns its buffer.
    pub fn zeros(element: ElementType, shape: &[i64]) -> Result<Self, Failure> {
        let len = element_count(shape)?;
        let bytes = len
            .checked_mul(size_of_element(element)?)
            .ok_or_else(|| Failure::invalid_argument(format_args!("{shape:?} is too large")))?;
        // Eight-byte words are aligned for every element type.
        let words = vec![0u64; bytes.div_ceil(8)];
        Ok(Self::owning(element, shape.to_vec(), words, len))
    }

    /// A tensor that owns `buffer`, which holds `len` elements of type `element`.
    fn owning<T: Send + 'static>(
        element: ElementType,
        shape: Vec<i64>,
        mut buffer: Vec<T>,
        len: usize,
    ) -> Self {
        let data = buffer.as_mut_ptr().cast();
        // Moving a `Vec` moves its three words, not the buffer that `data` points into.
        Tensor { ty: TensorType::new(element, shape), data, len, _owner: Some(Box::new(buffer)) }
    }

    /// The address of the first element, for callers of the C interface to read and write.
    pub fn data(&self) -> *mut c_void {
        self.data
    }

    /// The size of the elements in bytes.
    pub fn bytes(&self) -> usize {
        self.len * element_size(self.ty.element).unwrap_or(0)
    }

    /// The elements.
    ///
    /// # Safety
    ///
    /// `T` must be the Rust type of the tensor's elements.
    unsafe fn elements<T>(&self) -> &[T] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: by the caller, the type is right; by the field's invariant, there are `len` aligned,
        // initialised elements, alive as long as `self`.
        unsafe { slice::from_raw_parts(self.data.cast::<T>(), self.len) }
    }

    /// The tensor, or some of its rows (positions on the first axis, which must exist), as an input of rten,
    /// which computes on `i32` where ONNX says `i64` or `bool`. `f32`, `i32`, `i8` and `u8` are borrowed, not
    /// copied.
    pub fn as_rten(&self, name: &str, rows: Option<Range<usize>>) -> Result<ValueOrView<'_>, Failure> {
        let mut shape: Vec<usize> = self.ty.dims.iter().map(|&dim| dim as usize).collect();
        let part = match rows {
            Some(rows) => {
                let row = self.len.checked_div(shape[0]).unwrap_or(0);
                shape[0] = rows.len();
                rows.start * row..rows.end * row
            }
            None => 0..self.len,
        };
        let mismatch = |error| Failure::invalid_argument(format_args!("input `{name}`: {error}"));
        macro_rules! view {
            ($element:ty) => {{
                // SAFETY: the match arm determines the elements' Rust type.
                let elements = &unsafe { self.elements::<$element>() }[part];
                ValueView::from_shape(shape, elements).map_err(|error| mismatch(error.to_string()))?.into()
            }};
        }
        let owned = |elements: Vec<i32>| -> Result<ValueOrView<'_>, Failure> {
            let value = Value::from_shape(&shape, elements).map_err(|error| mismatch(error.to_string()))?;
            Ok(value.into())
        };
        Ok(match self.ty.element {
            FLOAT => view!(f32),
            INT32 => view!(i32),
            INT8 => view!(i8),
            UINT8 => view!(u8),
            INT64 => {
                // SAFETY: INT64 elements are i64.
                let wide = &unsafe { self.elements::<i64>() }[part];
                let narrow = wide.iter().map(|&element| {
                    i32::try_from(element).map_err(|_| {
                        Failure::invalid_argument(format_args!(
                            "input `{name}` holds {element}: this backend computes i64 as i32, and that does not fit"
                        ))
                    })
                });
                owned(narrow.collect::<Result<_, _>>()?)?
            }
            BOOL => {
                // SAFETY: BOOL elements are one byte, and every byte is a valid u8.
                let bytes = &unsafe { self.elements::<u8>() }[part];
                owned(bytes.iter().map(|&byte| i32::from(byte != 0)).collect())?
            }
            other => {
                return Err(Failure::not_implemented(format_args!(
                    "input `{name}` of {}",
                    element_name(other)
                )));
            }
        })
    }

    /// Converts what rten computed to the element type that the model declares.
    pub fn from_rten(name: &str, declared: ElementType, value: Value) -> Result<Self, Failure> {
        fn parts<T: Clone>(tensor: rten_tensor::Tensor<T>) -> (Vec<i64>, Vec<T>) {
            let shape = tensor.shape().iter().map(|&dim| dim as i64).collect();
            (shape, tensor.into_data())
        }
        fn own<T: Send + 'static>(element: ElementType, shape: Vec<i64>, elements: Vec<T>) -> Tensor {
            let len = elements.len();
            Tensor::owning(element, shape, elements, len)
        }
        Ok(match (value, declared) {
            (Value::FloatTensor(tensor), FLOAT) => {
                let (shape, elements) = parts(tensor);
                own(FLOAT, shape, elements)
            }
            (Value::Int8Tensor(tensor), INT8) => {
                let (shape, elements) = parts(tensor);
                own(INT8, shape, elements)
            }
            (Value::UInt8Tensor(tensor), UINT8) => {
                let (shape, elements) = parts(tensor);
                own(UINT8, shape, elements)
            }
            (Value::Int32Tensor(tensor), INT32) => {
                let (shape, elements) = parts(tensor);
                own(INT32, shape, elements)
            }
            (Value::Int32Tensor(tensor), INT64) => {
                let (shape, elements) = parts(tensor);
                own(INT64, shape, elements.into_iter().map(i64::from).collect::<Vec<_>>())
            }
            (Value::Int32Tensor(tensor), BOOL) => {
                let (shape, elements) = parts(tensor);
                own(
                    BOOL,
                    shape,
                    elements.into_iter().map(|element| u8::from(element != 0)).collect::<Vec<_>>(),
                )
            }
            (value, declared) => {
                return Err(Failure::not_implemented(format_args!(
                    "output `{name}` is declared as {} and computed as {:?}",
                    element_name(declared),
                    value.dtype()
                )));
            }
        })
    }

    /// Joins tensors of one type along their first axis.
    pub fn joined(name: &str, parts: Vec<Tensor>) -> Result<Self, Failure> {
        let Some(first) = parts.first() else {
            return Err(Failure::invalid_argument(format_args!("output `{name}` has no parts")));
        };
        let rest = |part: &Tensor| part.ty.dims.get(1..).map(<[i64]>::to_vec);
        let (element, Some(row)) = (first.ty.element, rest(first)) else {
            return Err(Failure::invalid_argument(format_args!("output `{name}` has no rows")));
        };
        if parts.iter().any(|part| part.ty.element != element || rest(part).as_ref() != Some(&row)) {
            return Err(Failure::invalid_argument(format_args!("output `{name}` differs from row to row")));
        }
        let rows = parts.iter().map(|part| part.ty.dims[0]).sum();
        let whole = Self::zeros(element, &[&[rows], &row[..]].concat())?;
        let mut at = 0;
        for part in &parts {
            if part.len > 0 {
                // SAFETY: the parts have the element type of the whole and together its length, so every copy
                // ends within it; its buffer was made here, so none overlaps it.
                unsafe {
                    let target = whole.data.cast::<u8>().add(at);
                    target.copy_from_nonoverlapping(part.data.cast(), part.bytes());
                }
            }
            at += part.bytes();
        }
        Ok(whole)
    }

    /// Copies `source`'s elements into this tensor's buffer, which must have the same type and shape.
    pub fn fill_from(&mut self, source: &Tensor) -> Result<(), Failure> {
        if (self.ty.element, &self.ty.dims) != (source.ty.element, &source.ty.dims) {
            return Err(Failure::invalid_argument(format_args!(
                "the preallocated output is {} {:?}, but the model computed {} {:?}",
                element_name(self.ty.element),
                self.ty.dims,
                element_name(source.ty.element),
                source.ty.dims
            )));
        }
        if self.len > 0 {
            // SAFETY: both buffers hold the same number of elements of the same type, and the
            // source was made by this run, so they do not overlap.
            unsafe { self.data.cast::<u8>().copy_from_nonoverlapping(source.data.cast(), self.bytes()) };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn borrow<T>(element: ElementType, shape: &[i64], data: &mut [T]) -> Result<Tensor, Failure> {
        // SAFETY: the slice outlives the tensor in every test below.
        unsafe { Tensor::borrowed(element, shape, data.as_mut_ptr().cast(), size_of_val(data)) }
    }

    #[test]
    fn i64_inputs_are_range_checked() {
        let mut ids = [1i64, i64::from(i32::MAX), -5];
        let tensor = borrow(INT64, &[1, 3], &mut ids).unwrap();
        let ValueOrView::Value(Value::Int32Tensor(narrow)) = tensor.as_rten("ids", None).unwrap() else {
            panic!()
        };
        assert_eq!(narrow.to_vec(), [1, i32::MAX, -5]);

        let mut ids = [i64::from(i32::MAX) + 1];
        let tensor = borrow(INT64, &[1], &mut ids).unwrap();
        let failure = format!("{:?}", tensor.as_rten("ids", None).err().unwrap());
        assert!(failure.contains("input `ids` holds 2147483648"), "{failure}");
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let mut data = [0f32; 4];
        assert!(borrow(FLOAT, &[2, 2], &mut data).is_ok());
        assert!(borrow(FLOAT, &[], &mut data).is_ok());
        assert!(borrow(FLOAT, &[5], &mut data).is_err());
        assert!(borrow(FLOAT, &[-1], &mut data).is_err());
        assert!(borrow(FLOAT, &[i64::MAX, i64::MAX], &mut data).is_err());
        assert!(borrow(ElementType::ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, &[1], &mut data).is_err());
    }

    #[test]
    fn an_empty_tensor_needs_no_buffer() {
        // SAFETY: no bytes are promised.
        let tensor = unsafe { Tensor::borrowed(FLOAT, &[0, 3], std::ptr::null_mut(), 0) }.unwrap();
        assert!(tensor.as_rten("x", None).is_ok());
        assert_eq!(tensor.bytes(), 0);
    }

    #[test]
    fn rows_are_taken_apart_and_joined() {
        let mut ids = [1i64, 2, 3, 4, 5, 6];
        let tensor = borrow(INT64, &[3, 2], &mut ids).unwrap();
        let part = |rows: Range<usize>| {
            let ValueOrView::Value(value) = tensor.as_rten("ids", Some(rows)).unwrap() else { panic!() };
            Tensor::from_rten("ids", INT64, value).unwrap()
        };
        let joined = Tensor::joined("ids", vec![part(0..2), part(2..2), part(2..3)]).unwrap();
        assert_eq!(joined.ty.dims, [3, 2]);
        // SAFETY: INT64 elements are i64.
        assert_eq!(unsafe { joined.elements::<i64>() }, [1, 2, 3, 4, 5, 6]);

        let mut other = [0i64; 3];
        assert!(
            Tensor::joined("ids", vec![part(0..1), borrow(INT64, &[1, 3], &mut other).unwrap()]).is_err()
        );
        assert!(Tensor::joined("ids", vec![borrow(INT64, &[], &mut other).unwrap()]).is_err());
        assert!(Tensor::joined("ids", Vec::new()).is_err());
    }

    #[test]
    fn outputs_take_the_declared_type() {
        let value = || Value::from_shape([3], vec![0i32, 1, -7]).unwrap();
        let wide = Tensor::from_rten("y", INT64, value()).unwrap();
        // SAFETY: INT64 elements are i64.
        assert_eq!(unsafe { wide.elements::<i64>() }, [0, 1, -7]);
        let flags = Tensor::from_rten("y", BOOL, value()).unwrap();
        // SAFETY: BOOL elements are bytes.
        assert_eq!(unsafe { flags.elements::<u8>() }, [0, 1, 1]);
        assert!(Tensor::from_rten("y", FLOAT, value()).is_err());
    }
}
