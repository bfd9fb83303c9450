//! Tests of reading and writing ONNX graphs.

use proptest::prelude::*;

use super::*;

fn sample(data: &[f32]) -> Model {
    Model {
        ir_version: 7,
        graph: Some(Graph {
            node: vec![
                Node {
                    attribute: vec![Attribute {
                        name: "value".into(),
                        t: Some(Tensor::ints("", &[2], &[-1, 32])),
                        r#type: AttributeKind::Tensor.into(),
                        ..Attribute::default()
                    }],
                    ..Node::new("Constant", &[], "shape", vec![])
                },
                Node::new(
                    "Conv",
                    &["x", "w", ""],
                    "y",
                    vec![
                        Attribute::ints("strides", &[1, 0]),
                        Attribute::int("group", 0),
                        Attribute::float("alpha", 0.0),
                    ],
                ),
            ],
            initializer: vec![Tensor::floats("w", &[data.len() as i64], data)],
            input: vec![ValueInfo::float_tensor(
                "x",
                vec![
                    DimensionValue::Param("batch".into()),
                    DimensionValue::Value(0),
                ],
            )],
            ..Graph::default()
        }),
        opset_import: vec![OperatorSet {
            domain: String::new(),
            version: 13,
        }],
        ..Model::default()
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(data in prop::collection::vec(-1e6_f32..1e6, 0..20)) {
        let model = sample(&data);
        let back = Model::from_bytes(&model.to_bytes()).unwrap();
        prop_assert_eq!(&back, &model);
        let graph = back.graph.unwrap();
        let weights = graph.constant("w").unwrap();
        prop_assert_eq!(weights.f32s().unwrap().into_owned(), data);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(model) = Model::from_bytes(&bytes) {
            for tensor in model.graph.unwrap().initializer {
                let _ = (tensor.f32s(), tensor.i64s());
            }
        }
    }
}

#[test]
fn finds_constants_producers_and_consumers() {
    let model = sample(&[1.0]);
    assert_eq!(model.opset(), 13);
    let graph = model.graph.unwrap();
    assert_eq!(
        graph.constant("shape").unwrap().i64s().unwrap().as_ref(),
        &[-1, 32]
    );
    assert!(graph.constant("y").is_none());
    assert_eq!(graph.producer("y").unwrap().op_type, "Conv");
    assert_eq!(graph.consumers("w").count(), 1);
    assert_eq!(graph.node[1].ints("strides"), Some(&[1, 0][..]));
    assert_eq!(graph.node[1].int("group", 1), 0);
    assert_eq!(graph.node[1].int("absent", 1), 1);
    assert_eq!(graph.input[0].dims(), Some(vec![None, Some(0)]));
}

#[test]
fn typed_data_is_read_where_raw_data_is_absent() {
    let tensor = Tensor {
        raw_data: None,
        float_data: vec![1.0, 2.0],
        ..Tensor::floats("w", &[2], &[])
    };
    assert_eq!(tensor.f32s().unwrap().as_ref(), &[1.0, 2.0]);
}

#[test]
fn wrong_type_and_wrong_size_are_errors() {
    let tensor = Tensor::floats("w", &[3], &[1.0, 2.0]);
    assert!(matches!(
        tensor.f32s(),
        Err(OnnxError::ElementCount {
            found: 2,
            expected: 3,
            ..
        })
    ));
    assert!(matches!(tensor.i64s(), Err(OnnxError::ElementType { .. })));
    let absurd = Tensor::floats("w", &[i64::MAX, i64::MAX, -1], &[]);
    assert!(absurd.f32s().is_err());
}

#[test]
fn an_empty_file_holds_no_graph() {
    assert!(matches!(Model::from_bytes(&[]), Err(OnnxError::NoGraph)));
}
