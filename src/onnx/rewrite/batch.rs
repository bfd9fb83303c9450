//! A classifier with a batch of 1 baked in, over any number of rows at once.
//!
//! Exported for one row, a network computes the same for each of many, as long
//! as no layer mixes rows. Along the graph the first dimension is followed: it
//! holds the rows, or equal parts of each, one row after the other. Layers that
//! work along other dimensions keep it so; any other layer is a refusal.

use std::collections::HashSet;

use super::Refusal;
use crate::onnx::shape::single_input;
use crate::onnx::{
    Attribute, Dimension, DimensionValue, Graph, Model, Node, Tensor, TypeValue, ValueInfo,
};

/// The network over any number of rows: where the published one takes and gives
/// 1 in the first dimension, n. It keeps the first output only.
///
/// A condition (`If`) on a row's score becomes a choice by row between both
/// branches, since rows of one batch can differ in it.
pub fn free(published: &Model) -> Result<Model, Refusal> {
    let mut model = published.clone();
    let Some(graph) = model.graph.as_mut() else {
        return Err(Refusal::new("it holds no graph"));
    };
    while let Some(place) = graph.node.iter().position(|node| node.op_type == "If") {
        let chosen = both_branches(&graph.node[place], place)?;
        graph.node.splice(place..=place, chosen);
    }
    let input = single_input(graph).ok_or_else(|| Refusal::new("it has more than one input"))?;
    let input = input.name.clone();
    let mut rows = HashSet::from([input.clone()]);
    for place in 0..graph.node.len() {
        let node = &graph.node[place];
        if holds_graph(node) {
            return Err(Refusal::new(format!("its {} may mix rows", node.op_type)));
        }
        if !node.input.iter().any(|input| rows.contains(input)) {
            continue;
        }
        check_layer(graph, node, &rows)?;
        rows.extend(node.output.iter().cloned());
        if node.op_type == "Reshape" {
            free_reshape(graph, place)?;
        }
    }
    graph.output.truncate(1);
    if !graph
        .output
        .iter()
        .all(|output| rows.contains(&output.name))
    {
        return Err(Refusal::new("its score does not depend on the input"));
    }
    let inputs = graph.input.iter_mut().filter(|value| value.name == input);
    for value in inputs.chain(&mut graph.output) {
        if let Some(first) = first_dimension(value) {
            first.value = Some(DimensionValue::Param("n".to_owned()));
        }
    }
    graph.value_info.clear();
    Ok(model)
}

/// Whether a node has a graph of its own, which reads values of this one
/// without naming them as inputs.
fn holds_graph(node: &Node) -> bool {
    let holds = |attribute: &Attribute| attribute.g.is_some() || !attribute.graphs.is_empty();
    node.attribute.iter().any(holds)
}

fn first_dimension(value: &mut ValueInfo) -> Option<&mut Dimension> {
    let TypeValue::Tensor(tensor) = value.r#type.as_mut()?.value.as_mut()?;
    tensor.shape.as_mut()?.dim.first_mut()
}

/// Whether a layer keeps rows apart, in order, along the first dimension.
fn check_layer(graph: &Graph, node: &Node, rows: &HashSet<String>) -> Result<(), Refusal> {
    let constant = |input: usize| {
        let name = node.input.get(input);
        name.is_none_or(|name| !rows.contains(name))
    };
    let keeps = matches!(node.domain.as_str(), "" | "ai.onnx")
        && match node.op_type.as_str() {
            // One value at a time. Operands that do not line up by rows give
            // another number of scores, or none.
            "Abs" | "Add" | "And" | "Cast" | "Clip" | "Div" | "Elu" | "Equal" | "Erf" | "Exp"
            | "Gelu" | "Greater" | "GreaterOrEqual" | "HardSigmoid" | "Identity" | "LeakyRelu"
            | "Less" | "LessOrEqual" | "Log" | "Max" | "Min" | "Mul" | "Neg" | "Not" | "Or"
            | "PRelu" | "Pow" | "Reciprocal" | "Relu" | "Selu" | "Sigmoid" | "Softplus"
            | "Sqrt" | "Sub" | "Tanh" | "Where" => true,
            "Gemm" => node.int("transA", 0) == 0 && constant(1) && constant(2),
            "MatMul" => constant(1),
            "BatchNormalization" => node.int("training_mode", 0) == 0,
            "Flatten" => node.int("axis", 1) >= 1,
            "Reshape" => node.int("allowzero", 0) == 0,
            "LayerNormalization" | "LogSoftmax" | "Softmax" => inner(node.int("axis", -1)),
            "ReduceMax" | "ReduceMean" | "ReduceSum" => {
                axes(graph, node).is_some_and(|axes| axes.into_iter().all(inner))
            }
            _ => false,
        };
    keeps
        .then_some(())
        .ok_or_else(|| Refusal::new(format!("its {} may mix rows", node.op_type)))
}

/// Whether an axis is another than the first. From behind, only the last is
/// known to be: what has rows has at least two dimensions.
fn inner(axis: i64) -> bool {
    axis >= 1 || axis == -1
}

/// The axes of a reduction: an attribute, since version 18 an input. `None`
/// where there are none, which means all.
fn axes(graph: &Graph, node: &Node) -> Option<Vec<i64>> {
    let axes = match node.ints("axes") {
        Some(axes) => axes.to_vec(),
        None => constant_ints(graph, node)?,
    };
    (!axes.is_empty()).then_some(axes)
}

/// Lets a reshape keep the rows that come in.
fn free_reshape(graph: &mut Graph, place: usize) -> Result<(), Refusal> {
    let node = &graph.node[place];
    let shape = constant_ints(graph, node);
    let mut shape = shape.ok_or_else(|| Refusal::new("it computes the shape of a Reshape"))?;
    let rest_is_known = !shape.iter().skip(1).any(|&dim| dim == -1);
    match shape.first_mut() {
        Some(first) if rest_is_known => *first = -1,
        // As many as come in.
        Some(first @ (0 | 1)) => *first = 0,
        _ => return Err(Refusal::new("it reshapes one row into several")),
    }
    let name = format!("freed_shape_{place}");
    let dims = [shape.len() as i64];
    graph.initializer.push(Tensor::ints(&name, &dims, &shape));
    graph.node[place].input[1] = name;
    Ok(())
}

/// The integers that a node has as its second input.
fn constant_ints(graph: &Graph, node: &Node) -> Option<Vec<i64>> {
    let tensor = graph.constant(node.input.get(1)?)?;
    Some(tensor.i64s().ok()?.into_owned())
}

/// The nodes of both branches of an `If`, and a choice between them.
fn both_branches(node: &Node, place: usize) -> Result<Vec<Node>, Refusal> {
    let refuse = || Refusal::new("it holds an If whose branches are not known to be plain");
    let (Some(condition), [chosen]) = (node.input.first(), node.output.as_slice()) else {
        return Err(refuse());
    };
    let mut nodes = Vec::new();
    let mut results = Vec::new();
    for name in ["then_branch", "else_branch"] {
        let branch = node.attr(name).and_then(|attribute| attribute.g.as_ref());
        let branch = branch.ok_or_else(refuse)?;
        let [output] = branch.output.as_slice() else {
            return Err(refuse());
        };
        if !branch.initializer.is_empty() || branch.node.iter().any(holds_graph) {
            return Err(refuse());
        }
        // Both branches may use the same names. A node may do without.
        let made: HashSet<_> = branch.node.iter().flat_map(|node| &node.output).collect();
        let renamed = |value: &String| match made.contains(value) {
            true => format!("{name}_{place}_{value}"),
            false => value.clone(),
        };
        nodes.extend(branch.node.iter().map(|node| Node {
            input: node.input.iter().map(renamed).collect(),
            output: node.output.iter().map(renamed).collect(),
            name: String::new(),
            ..node.clone()
        }));
        results.push(renamed(&output.name));
    }
    let inputs = [condition.as_str(), &results[0], &results[1]];
    nodes.push(Node::new("Where", &inputs, chosen, vec![]));
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rest is tested with ONNX Runtime, in `tests/baked_batch.rs`.
    #[test]
    fn a_loop_over_values_that_it_does_not_name_is_refused() {
        let body = Attribute {
            name: "body".to_owned(),
            g: Some(Graph {
                node: vec![Node::new("Identity", &["x"], "y", vec![])],
                ..Graph::default()
            }),
            ..Attribute::default()
        };
        let dims = || vec![DimensionValue::Value(1), DimensionValue::Value(1536)];
        let graph = Graph {
            node: vec![
                Node::new("Loop", &["times", ""], "looped", vec![body]),
                Node::new("Add", &["x", "looped"], "score", vec![]),
            ],
            input: vec![ValueInfo::float_tensor("x", dims())],
            output: vec![ValueInfo::float_tensor("score", dims())],
            ..Graph::default()
        };
        let model = Model {
            graph: Some(graph),
            ..Model::default()
        };
        assert_eq!(free(&model), Err(Refusal::new("its Loop may mix rows")));
    }
}
