//! Reading, editing and writing ONNX graphs: the part of the format that
//! frozen networks hold.

use std::borrow::Cow;
use std::path::Path;

use prost::Message;

pub mod external;
mod proto;
pub mod rewrite;
pub mod shape;
#[cfg(test)]
mod tests;

pub use proto::{
    Attribute, AttributeKind, Dimension, DimensionValue, Graph, Model, Node, OperatorSet, Shape,
    StringEntry, Tensor, TensorType, Type, TypeValue, ValueInfo,
};

/// `TensorProto.DataType` of 32-bit floats.
pub const FLOAT: i32 = 1;
/// `TensorProto.DataType` of 64-bit integers.
pub const INT64: i32 = 7;

/// Why bytes are not a graph, or a tensor not what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The bytes are no protobuf message of the expected kind.
    #[error("is not an ONNX model: {0}")]
    Decode(#[from] prost::DecodeError),
    /// The message holds no graph.
    #[error("is not an ONNX model: it holds no graph")]
    NoGraph,
    /// The tensor has another element type, or its data is elsewhere.
    #[error("tensor '{name}' holds no {expected} data")]
    ElementType {
        /// Name of the tensor.
        name: String,
        /// The element type asked for.
        expected: &'static str,
    },
    /// The tensor's data is in another file, and cannot be had.
    #[error("the weights of tensor '{name}': {reason}")]
    External {
        /// Name of the tensor.
        name: String,
        /// Why not.
        reason: String,
    },
    /// The tensor's data does not fill its shape.
    #[error("tensor '{name}' has {found} elements, its shape asks for {expected}")]
    ElementCount {
        /// Name of the tensor.
        name: String,
        /// Elements found.
        found: usize,
        /// Elements of the shape.
        expected: usize,
    },
}

impl Model {
    /// A model of one graph, in the operators of opset 17.
    pub fn new(graph: Graph) -> Self {
        Self {
            ir_version: 8,
            graph: Some(graph),
            opset_import: vec![OperatorSet {
                version: 17,
                ..OperatorSet::default()
            }],
            ..Self::default()
        }
    }

    /// Reads a model file, and what it has in files beside it.
    pub fn read(path: &Path) -> Result<Self, OnnxError> {
        let mut model = Self::from_bytes(&std::fs::read(path)?)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        external::inline(&mut model, folder, &mut |_| {})?;
        Ok(model)
    }

    /// Decodes a model; it has a graph with at least one node.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OnnxError> {
        let model = Self::decode(bytes)?;
        match &model.graph {
            Some(graph) if !graph.node.is_empty() => Ok(model),
            _ => Err(OnnxError::NoGraph),
        }
    }

    /// The model as the bytes of a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode_to_vec()
    }

    /// Version of the default operator set; 0 where the model names none.
    pub fn opset(&self) -> i64 {
        self.opset_import
            .iter()
            .find(|set| set.domain.is_empty() || set.domain == "ai.onnx")
            .map_or(0, |set| set.version)
    }
}

impl Graph {
    /// The constant tensor of that name: an initializer, or the value of a
    /// `Constant` node.
    pub fn constant(&self, name: &str) -> Option<&Tensor> {
        self.initializer
            .iter()
            .find(|tensor| tensor.name == name)
            .or_else(|| {
                let node = self.producer(name)?;
                (node.op_type == "Constant").then(|| node.attr("value")?.t.as_ref())?
            })
    }

    /// The node that computes a value.
    pub fn producer(&self, value: &str) -> Option<&Node> {
        self.node
            .iter()
            .find(|node| node.output.iter().any(|output| output == value))
    }

    /// The nodes that read a value.
    pub fn consumers<'a>(&'a self, value: &'a str) -> impl Iterator<Item = &'a Node> {
        self.node
            .iter()
            .filter(move |node| node.input.iter().any(|input| input == value))
    }
}

impl Node {
    /// A node of the default operator set, named after its output.
    pub fn new(op_type: &str, inputs: &[&str], output: &str, attributes: Vec<Attribute>) -> Self {
        Self {
            input: inputs.iter().map(ToString::to_string).collect(),
            output: vec![output.to_owned()],
            name: output.to_owned(),
            op_type: op_type.to_owned(),
            attribute: attributes,
            ..Self::default()
        }
    }

    /// The attribute of that name.
    pub fn attr(&self, name: &str) -> Option<&Attribute> {
        self.attribute.iter().find(|attr| attr.name == name)
    }

    /// An integer attribute, or its default.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.attr(name).and_then(|attr| attr.i).unwrap_or(default)
    }

    /// A float attribute, or its default.
    pub fn float(&self, name: &str, default: f32) -> f32 {
        self.attr(name).and_then(|attr| attr.f).unwrap_or(default)
    }

    /// A list of integers; `None` where the attribute is absent.
    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        self.attr(name).map(|attr| attr.ints.as_slice())
    }
}

impl Attribute {
    /// An integer.
    pub fn int(name: &str, value: i64) -> Self {
        Self {
            name: name.to_owned(),
            i: Some(value),
            r#type: AttributeKind::Int.into(),
            ..Self::default()
        }
    }

    /// A float.
    pub fn float(name: &str, value: f32) -> Self {
        Self {
            name: name.to_owned(),
            f: Some(value),
            r#type: AttributeKind::Float.into(),
            ..Self::default()
        }
    }

    /// A list of integers.
    pub fn ints(name: &str, values: &[i64]) -> Self {
        Self {
            name: name.to_owned(),
            ints: values.to_vec(),
            r#type: AttributeKind::Ints.into(),
            ..Self::default()
        }
    }
}

impl Tensor {
    /// A float tensor; `data` fills the shape in C order.
    pub fn floats(name: &str, dims: &[i64], data: &[f32]) -> Self {
        Self {
            dims: dims.to_vec(),
            data_type: FLOAT,
            name: name.to_owned(),
            raw_data: Some(data.iter().flat_map(|x| x.to_le_bytes()).collect()),
            ..Self::default()
        }
    }

    /// A 64-bit integer tensor; `data` fills the shape in C order.
    pub fn ints(name: &str, dims: &[i64], data: &[i64]) -> Self {
        Self {
            dims: dims.to_vec(),
            data_type: INT64,
            name: name.to_owned(),
            raw_data: Some(data.iter().flat_map(|x| x.to_le_bytes()).collect()),
            ..Self::default()
        }
    }

    /// The elements of a float tensor, in C order.
    pub fn f32s(&self) -> Result<Cow<'_, [f32]>, OnnxError> {
        self.elements(FLOAT, "float", &self.float_data, f32::from_le_bytes)
    }

    /// The elements of a 64-bit integer tensor, in C order.
    pub fn i64s(&self) -> Result<Cow<'_, [i64]>, OnnxError> {
        self.elements(INT64, "int64", &self.int64_data, i64::from_le_bytes)
    }

    fn elements<'a, T: Copy, const BYTES: usize>(
        &'a self,
        data_type: i32,
        expected: &'static str,
        typed: &'a [T],
        from_le_bytes: fn([u8; BYTES]) -> T,
    ) -> Result<Cow<'a, [T]>, OnnxError> {
        if self.data_type != data_type || external::is_external(self) {
            return Err(OnnxError::ElementType {
                name: self.name.clone(),
                expected,
            });
        }
        let data = match &self.raw_data {
            Some(raw) if !raw.is_empty() => {
                let (elements, _) = raw.as_chunks::<BYTES>();
                Cow::Owned(elements.iter().map(|&x| from_le_bytes(x)).collect())
            }
            _ => Cow::Borrowed(typed),
        };
        let count = self.element_count();
        if data.len() != count {
            return Err(OnnxError::ElementCount {
                name: self.name.clone(),
                found: data.len(),
                expected: count,
            });
        }
        Ok(data)
    }

    /// Elements of the shape; saturates where the dimensions make no sense.
    fn element_count(&self) -> usize {
        self.dims.iter().fold(1_usize, |count, &dim| {
            count.saturating_mul(usize::try_from(dim).unwrap_or(usize::MAX))
        })
    }
}

impl ValueInfo {
    /// The dimensions of a tensor, `None` for each that is not a number;
    /// `None` where the value is no tensor or has no shape.
    pub fn dims(&self) -> Option<Vec<Option<i64>>> {
        let Some(TypeValue::Tensor(tensor)) = &self.r#type.as_ref()?.value else {
            return None;
        };
        Some(
            tensor
                .shape
                .as_ref()?
                .dim
                .iter()
                .map(|dim| match dim.value {
                    Some(DimensionValue::Value(value)) => Some(value),
                    _ => None,
                })
                .collect(),
        )
    }

    /// A float tensor whose dimensions are numbers or names.
    pub fn float_tensor(name: &str, dims: Vec<DimensionValue>) -> Self {
        let dim = dims
            .into_iter()
            .map(|value| Dimension {
                value: Some(value),
                ..Dimension::default()
            })
            .collect();
        Self {
            name: name.to_owned(),
            r#type: Some(Type {
                value: Some(TypeValue::Tensor(TensorType {
                    elem_type: FLOAT,
                    shape: Some(Shape { dim }),
                })),
                ..Type::default()
            }),
            ..Self::default()
        }
    }
}
