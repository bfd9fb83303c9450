//! A graph, the questions asked of it, and how it differs from what was expected.

use crate::onnx::{Graph, Model, Node, OnnxError, Tensor};

/// How a graph differs from the network that the kernels know.
#[derive(Debug, thiserror::Error)]
pub enum Unknown {
    /// It has no graph, or not one input and one output.
    #[error("the model has not one graph with one input and one output")]
    Interface,
    /// A value is read by other operators.
    #[error("'{value}' goes to {found}, not to one {expected}")]
    Operator {
        /// The value.
        value: String,
        /// The operators that read it.
        found: String,
        /// The operator expected.
        expected: &'static str,
    },
    /// An attribute has another value.
    #[error("{attribute} of '{node}' is {found}, not {expected}")]
    Attribute {
        /// The node.
        node: String,
        /// The attribute.
        attribute: &'static str,
        /// Its value.
        found: String,
        /// The value expected.
        expected: String,
    },
    /// An operand is not the constant, or the value, that was expected.
    #[error("input {index} of '{node}' is not {expected}")]
    Operand {
        /// The node.
        node: String,
        /// Which operand.
        index: usize,
        /// What was expected.
        expected: String,
    },
    /// A weight has another shape.
    #[error("'{tensor}' has the shape {found:?}, not {expected:?}")]
    Shape {
        /// The tensor.
        tensor: String,
        /// Its shape.
        found: Vec<i64>,
        /// The shape expected.
        expected: Vec<i64>,
    },
    /// A weight does not hold what was expected.
    #[error("'{tensor}' is not {expected}")]
    Weights {
        /// The tensor.
        tensor: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A weight cannot be read.
    #[error(transparent)]
    Tensor(#[from] OnnxError),
}

/// A graph, and the questions asked of it.
pub(super) struct Reader<'a> {
    graph: &'a Graph,
    pub(super) input: &'a str,
    output: &'a str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(model: &'a Model) -> Result<Self, Unknown> {
        let graph = model.graph.as_ref().ok_or(Unknown::Interface)?;
        let mut inputs = graph
            .input
            .iter()
            .filter(|input| graph.constant(&input.name).is_none());
        match (inputs.next(), inputs.next(), graph.output.as_slice()) {
            (Some(input), None, [output]) => Ok(Self {
                graph,
                input: &input.name,
                output: &output.name,
            }),
            _ => Err(Unknown::Interface),
        }
    }

    /// The nodes of one operator that read a value, which are `N`.
    pub(super) fn readers<const N: usize>(
        &self,
        value: &'a str,
        operator: &'static str,
    ) -> Result<[&'a Node; N], Unknown> {
        let nodes: Vec<_> = self.graph.consumers(value).collect();
        let fitting: Vec<_> = nodes
            .iter()
            .copied()
            .filter(|node| {
                node.op_type == operator && node.domain.is_empty() && node.output.len() == 1
            })
            .collect();
        fitting.try_into().map_err(|_| Unknown::Operator {
            value: value.to_owned(),
            found: match nodes.as_slice() {
                [] => "nothing".to_owned(),
                _ => nodes
                    .iter()
                    .map(|node| node.op_type.as_str())
                    .collect::<Vec<_>>()
                    .join(" and "),
            },
            expected: operator,
        })
    }

    /// The one node of an operator that reads a value, as its first operand.
    pub(super) fn reader(
        &self,
        value: &'a str,
        operator: &'static str,
    ) -> Result<&'a Node, Unknown> {
        let [node] = self.readers(value, operator)?;
        operand(node, 0, value)?;
        Ok(node)
    }

    /// The constant that a node reads.
    pub(super) fn constant(&self, node: &'a Node, index: usize) -> Result<&'a Tensor, Unknown> {
        node.input
            .get(index)
            .and_then(|name| self.graph.constant(name))
            .ok_or_else(|| Unknown::Operand {
                node: node.name.clone(),
                index,
                expected: "a constant".to_owned(),
            })
    }

    /// The floats that a node reads, which fill a shape.
    pub(super) fn floats(
        &self,
        node: &'a Node,
        index: usize,
        shape: &[i64],
    ) -> Result<Vec<f32>, Unknown> {
        let tensor = self.constant(node, index)?;
        if tensor.dims != shape {
            return Err(Unknown::Shape {
                tensor: tensor.name.clone(),
                found: tensor.dims.clone(),
                expected: shape.to_vec(),
            });
        }
        Ok(tensor.f32s()?.into_owned())
    }

    /// Checks that a node reads one float of this value, to the last bit.
    pub(super) fn scalar(
        &self,
        node: &'a Node,
        index: usize,
        expected: f32,
    ) -> Result<(), Unknown> {
        let value = self.constant(node, index)?.f32s()?;
        if *value == [expected] {
            return Ok(());
        }
        Err(Unknown::Operand {
            node: node.name.clone(),
            index,
            expected: format!("the constant {expected}"),
        })
    }

    /// Checks that a node reads these integers.
    pub(super) fn integers(
        &self,
        node: &'a Node,
        index: usize,
        expected: &[i64],
    ) -> Result<(), Unknown> {
        let value = self.constant(node, index)?.i64s()?;
        if *value == *expected {
            return Ok(());
        }
        Err(Unknown::Operand {
            node: node.name.clone(),
            index,
            expected: format!("the constant {expected:?}"),
        })
    }

    /// Checks that a value is the graph's output.
    pub(super) fn ends(&self, value: &'a str) -> Result<(), Unknown> {
        if value == self.output {
            return Ok(());
        }
        Err(Unknown::Interface)
    }
}

/// What a node computes.
pub(super) fn output(node: &Node) -> &str {
    node.output.first().map_or("", String::as_str)
}

/// Checks that a node reads a value.
pub(super) fn operand(node: &Node, index: usize, value: &str) -> Result<(), Unknown> {
    if node.input.get(index).is_some_and(|input| input == value) {
        return Ok(());
    }
    Err(Unknown::Operand {
        node: node.name.clone(),
        index,
        expected: format!("'{value}'"),
    })
}

/// Checks a list of integers, which may be absent where that means `default`.
pub(super) fn list(
    node: &Node,
    attribute: &'static str,
    expected: &[i64],
    default: Option<&[i64]>,
) -> Result<(), Unknown> {
    let found = node.ints(attribute).or(default);
    if found == Some(expected) {
        return Ok(());
    }
    Err(Unknown::Attribute {
        node: node.name.clone(),
        attribute,
        found: format!("{found:?}"),
        expected: format!("{expected:?}"),
    })
}

/// Checks an integer attribute.
pub(super) fn integer(
    node: &Node,
    attribute: &'static str,
    expected: i64,
    default: i64,
) -> Result<(), Unknown> {
    let found = node.int(attribute, default);
    if found == expected {
        return Ok(());
    }
    Err(Unknown::Attribute {
        node: node.name.clone(),
        attribute,
        found: found.to_string(),
        expected: expected.to_string(),
    })
}

/// Checks that padding is given as numbers, if at all.
pub(super) fn explicit_padding(node: &Node) -> Result<(), Unknown> {
    let mode = node.attr("auto_pad").and_then(|attr| attr.s.as_deref());
    match mode {
        None | Some(b"NOTSET") => Ok(()),
        Some(mode) => Err(Unknown::Attribute {
            node: node.name.clone(),
            attribute: "auto_pad",
            found: String::from_utf8_lossy(mode).into_owned(),
            expected: "NOTSET".to_owned(),
        }),
    }
}
