//! Classifiers with a batch of 1 baked in: which run in larger batches, and
//! that their scores stay the same.

#![allow(clippy::unwrap_used)]

use std::fs;

use wakemill::classifier;
use wakemill::classifier::Classifier;
use wakemill::onnx::{
    Attribute, AttributeKind, DimensionValue, Graph, Model, Node, Tensor, ValueInfo,
};

const STEPS: usize = 16;
const SIZE: usize = 96;
const ROW: usize = STEPS * SIZE;

/// A network from `x` of (1, 16, 96) to `score` of (1, 1). It may use the
/// weight `w`, which gives four times the mean of a row, and these constants.
fn network(node: Vec<Node>, constants: &[Tensor]) -> Model {
    let weight = Tensor::floats("w", &[ROW as i64, 1], &[4.0 / ROW as f32; ROW]);
    let dims = |dims: &[i64]| dims.iter().map(|&dim| DimensionValue::Value(dim)).collect();
    let graph = Graph {
        name: "baked".to_owned(),
        node,
        initializer: [&[weight], constants].concat(),
        input: vec![ValueInfo::float_tensor("x", dims(&[1, 16, 96]))],
        output: vec![ValueInfo::float_tensor("score", dims(&[1, 1]))],
        ..Graph::default()
    };
    Model::new(graph)
}

fn load(model: &Model) -> Classifier {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("baked.onnx");
    fs::write(&path, model.to_bytes()).unwrap();
    let loaded = classifier::load(&[path], &["cpu".to_owned()], None, &mut |_| {}).unwrap();
    loaded.all.into_iter().next().unwrap()
}

/// Rows of noise, some of them above 0 in the mean and some below.
fn rows(count: usize) -> Vec<f32> {
    let mut state = 7_u64;
    let mut noise = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    };
    let mut rows = Vec::new();
    for _ in 0..count {
        let level = noise();
        rows.extend((0..ROW).map(|_| level + noise()));
    }
    rows
}

fn mean(row: &[f32]) -> f64 {
    row.iter().map(|&x| f64::from(x)).sum::<f64>() / row.len() as f64
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Expects these scores at any number of rows at once.
#[track_caller]
fn assert_scores(classifier: &Classifier, expected: impl Fn(&[f32]) -> f64) {
    let rows = rows(100);
    for batch in [1, 3, 64, 100] {
        let mut scores = Vec::new();
        let mut scorer = classifier.open(STEPS, batch).unwrap();
        scorer.score(&rows, &mut scores).unwrap();
        assert_eq!(scores.len(), 100);
        for (row, &score) in rows.chunks(ROW).zip(&scores) {
            let expected = expected(row);
            assert!(
                (f64::from(score) - expected).abs() <= 1e-6,
                "{score} {expected}"
            );
        }
    }
}

#[track_caller]
fn assert_freed(model: &Model, expected: impl Fn(&[f32]) -> f64) {
    let classifier = load(model);
    let baked = classifier.baked_batch().unwrap();
    assert!(baked.rewrite.applied, "{}", baked.rewrite.reason);
    assert_eq!((baked.rows, classifier.batch(64)), (1, 64));
    assert_scores(&classifier, expected);
}

/// Expects that it runs as published, for that reason.
#[track_caller]
fn assert_kept(model: &Model, reason: &str, expected: impl Fn(&[f32]) -> f64) {
    let classifier = load(model);
    let rewrite = &classifier.baked_batch().unwrap().rewrite;
    assert!(!rewrite.applied);
    assert!(rewrite.reason.contains(reason), "{}", rewrite.reason);
    assert_eq!(classifier.batch(64), 1);
    assert_scores(&classifier, expected);
}

fn node(op_type: &str, inputs: &[&str], output: &str) -> Node {
    Node::new(op_type, inputs, output, vec![])
}

fn with(op_type: &str, inputs: &[&str], output: &str, attribute: Attribute) -> Node {
    Node::new(op_type, inputs, output, vec![attribute])
}

/// After `flat`: the logistic function of four times its mean.
fn tail() -> [Node; 2] {
    [
        node("MatMul", &["flat", "w"], "sum"),
        node("Sigmoid", &["sum"], "score"),
    ]
}

fn level(row: &[f32]) -> f64 {
    logistic(4.0 * mean(row))
}

#[test]
fn a_flattening_network_takes_batches() {
    let flatten = with("Flatten", &["x"], "flat", Attribute::int("axis", 1));
    let nodes = [&[flatten][..], &tail()].concat();
    assert_freed(&network(nodes, &[]), level);
}

#[test]
fn a_baked_reshape_takes_batches() {
    for shape in [[1, -1], [1, 1536], [-1, 1536], [0, -1]] {
        let reshape = node("Reshape", &["x", "shape"], "flat");
        let nodes = [&[reshape][..], &tail()].concat();
        let shape = Tensor::ints("shape", &[2], &shape);
        assert_freed(&network(nodes, &[shape]), level);
    }
}

#[test]
fn a_row_may_be_taken_apart_and_put_together() {
    let nodes = vec![
        node("Reshape", &["x", "parts"], "part"),
        with(
            "ReduceMean",
            &["part"],
            "means",
            Attribute::ints("axes", &[1]),
        ),
        node("Reshape", &["means", "whole"], "row"),
        with(
            "ReduceMean",
            &["row"],
            "mean",
            Attribute::ints("axes", &[-1]),
        ),
        node("Sigmoid", &["mean"], "score"),
    ];
    let constants = [
        Tensor::ints("parts", &[2], &[16, 96]),
        Tensor::ints("whole", &[2], &[1, 16]),
    ];
    assert_freed(&network(nodes, &constants), |row| logistic(mean(row)));
}

/// A row above 0 in the mean gets its level, another a tenth of it. Both
/// branches use the same name.
#[test]
fn a_condition_is_decided_for_each_row() {
    let branch = |name: &str, factor: &str, output: &str| Attribute {
        name: name.to_owned(),
        g: Some(Graph {
            name: name.to_owned(),
            node: vec![
                node("Mul", &["level", factor], "scaled"),
                node("Identity", &["scaled"], output),
            ],
            output: vec![ValueInfo::float_tensor(output, vec![])],
            ..Graph::default()
        }),
        r#type: AttributeKind::Graph.into(),
        ..Attribute::default()
    };
    let branches = vec![
        branch("then_branch", "one", "high"),
        branch("else_branch", "tenth", "low"),
    ];
    let nodes = vec![
        with("Flatten", &["x"], "flat", Attribute::int("axis", 1)),
        node("MatMul", &["flat", "w"], "sum"),
        node("Sigmoid", &["sum"], "level"),
        node("Greater", &["level", "half"], "is_high"),
        Node::new("If", &["is_high"], "score", branches),
    ];
    let constants = [("one", 1.0), ("tenth", 0.1), ("half", 0.5)];
    let constants = constants.map(|(name, value)| Tensor::floats(name, &[1], &[value]));
    assert_freed(&network(nodes, &constants), |row| {
        let level = level(row);
        if level > 0.5 { level } else { 0.1 * level }
    });
}

#[test]
fn layers_that_could_mix_rows_keep_the_batch() {
    let flatten = || with("Flatten", &["x"], "flat", Attribute::int("axis", 1));
    let through = |layers: Vec<Node>| network([layers, tail().to_vec()].concat(), &[]);
    let transposed = with(
        "Transpose",
        &["x"],
        "turned",
        Attribute::ints("perm", &[2, 1, 0]),
    );
    let back = with("Flatten", &["turned"], "flat", Attribute::int("axis", 0));
    assert_kept(
        &through(vec![transposed, back]),
        "its Transpose may mix rows",
        level,
    );

    let all = with("Flatten", &["x"], "flat", Attribute::int("axis", 0));
    assert_kept(&through(vec![all]), "its Flatten may mix rows", level);

    // Over rows of one, the largest is the row itself.
    let largest = with("ReduceMax", &["x"], "top", Attribute::ints("axes", &[0]));
    let mut flat = flatten();
    flat.input[0] = "top".to_owned();
    let mut model = through(vec![largest, flat]);
    model.graph.as_mut().unwrap().node[0]
        .attribute
        .push(Attribute::int("keepdims", 1));
    assert_kept(&model, "its ReduceMax may mix rows", level);

    let softmax = |axis| {
        let node = with("Softmax", &["sum"], "score", Attribute::int("axis", axis));
        network(vec![flatten(), node_sum(), node], &[])
    };
    assert_kept(&softmax(0), "its Softmax may mix rows", |_| 1.0);
    assert_kept(&softmax(1), "it scores all probes alike", |_| 1.0);
}

fn node_sum() -> Node {
    node("MatMul", &["flat", "w"], "sum")
}

/// Every layer is known to keep rows apart, but its operands do not line up:
/// (n) and (n, 1) make (n, n).
#[test]
fn rows_that_mix_all_the_same_are_found_by_the_probes() {
    let mut flat = with(
        "ReduceMean",
        &["sum"],
        "line",
        Attribute::ints("axes", &[1]),
    );
    flat.attribute.push(Attribute::int("keepdims", 0));
    let nodes = vec![
        with("Flatten", &["x"], "flat", Attribute::int("axis", 1)),
        node_sum(),
        flat,
        node("Add", &["line", "sum"], "both"),
        with(
            "ReduceMean",
            &["both"],
            "mean",
            Attribute::ints("axes", &[1]),
        ),
        node("Sigmoid", &["mean"], "score"),
    ];
    assert_kept(&network(nodes, &[]), "on a probe it differs by", |row| {
        logistic(8.0 * mean(row))
    });
}
