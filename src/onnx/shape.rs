//! The inputs and outputs of a graph, and their dimensions.

use super::{Graph, ValueInfo};

/// The dimensions of a tensor; `None` for one that is free.
pub type Dims = Option<Vec<Option<i64>>>;

/// The dimensions of a network's input and output, where it has one of each.
pub fn single_input_and_output(graph: &Graph) -> (Dims, Dims) {
    let output = graph.output.first().filter(|_| graph.output.len() == 1);
    (
        single_input(graph).and_then(|input| input.dims()),
        output.and_then(|output| output.dims()),
    )
}

/// A network's input, where it has one.
pub fn single_input(graph: &Graph) -> Option<&ValueInfo> {
    // Old models list their weights among the inputs.
    let mut inputs = graph.input.iter().filter(|input| {
        graph
            .initializer
            .iter()
            .all(|tensor| tensor.name != input.name)
    });
    inputs.next().filter(|_| inputs.next().is_none())
}

/// Dimensions for the eye.
pub fn dims_text(dims: Dims) -> String {
    dims.map_or_else(
        || "none (not a single tensor)".to_owned(),
        |dims| {
            let dims: Vec<_> = dims
                .iter()
                .map(|dim| dim.map_or_else(|| "?".to_owned(), |dim| dim.to_string()))
                .collect();
            format!("({})", dims.join(", "))
        },
    )
}
