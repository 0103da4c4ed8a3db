//! Graphs and networks that cannot be: the error names the node, what was expected and what came.

// A second opinion may use the platform's functions.
#![allow(clippy::disallowed_methods)]

use backlit_engine::graph::Graph;
use backlit_engine::{Network, ops};

#[test]
fn a_graph_refuses_with_the_name_of_the_node() {
    let mut graph = Graph::<f64>::new();
    let op = |name: &str| ops::any::<f64>(name).expect("an operation");
    let x = graph.data("x", 3).expect("data");
    let y = graph.data("y", 2).expect("data");
    let w = graph.parameter("w", 2, 4).expect("a parameter");
    let v = graph.parameter("v", 2, 3).expect("a parameter");
    let z = graph.operation("z", op("affine"), &[x, v]).expect("sums");
    let said = |error: backlit_engine::GraphError, node: &str, words: &[&str]| {
        let text = error.to_string();
        assert_eq!(error.node, node, "{text}");
        assert!(words.iter().all(|word| text.contains(word)) && text.contains(&format!("'{node}'")), "{text}");
    };
    let refused = |graph: &mut Graph<f64>, name: &str, op, inputs: &[_]| graph.operation(name, op, inputs).expect_err("refused");
    said(refused(&mut graph, "bad", op("affine"), &[x, w]), "bad", &["affine", "W: units × inputs", "x: rows × 3", "w: 2 × 4"]);
    said(refused(&mut graph, "bad", op("add"), &[x, z]), "bad", &["add", "a: rows × n, b: rows × n", "x: rows × 3", "z: rows × 2"]);
    said(refused(&mut graph, "bad", op("huber"), &[z, x]), "bad", &["huber", "prediction: rows × n, target: rows × n", "x: rows × 3"]);
    said(refused(&mut graph, "bad", op("tanh"), &[w]), "bad", &["tanh", "z: rows × n", "w: 2 × 4"]);
    said(refused(&mut graph, "bad", op("concat"), &[]), "bad", &["concat", "a: rows × n"]);
    said(refused(&mut graph, "z", op("tanh"), &[z]), "z", &["name already"]);
    said(graph.data("x", 1).expect_err("refused"), "x", &["name already"]);
    said(graph.parameter("z", 1, 1).expect_err("refused"), "z", &["name already"]);
    said(graph.data("empty", 0).expect_err("refused"), "empty", &["at least one column", "0"]);
    said(graph.parameter("empty", 0, 3).expect_err("refused"), "empty", &["1 × 1", "0 × 3"]);
    said(graph.parameter("empty", 3, 0).expect_err("refused"), "empty", &["1 × 1", "3 × 0"]);
    said(refused(&mut graph, "cost", op("half_squared_error"), &[y, z]), "cost", &["no derivative", "'z' depends on parameters"]);
    said(refused(&mut graph, "cost", op("cross_entropy"), &[z, z]), "cost", &["no derivative", "'z' depends on parameters"]);
    // What was refused has left nothing behind: the names are free and the parameters as they were.
    assert_eq!((graph.parameters().len(), graph.parameter_count(), graph.data_count()), (2, 14, 2));
    graph.parameter("empty", 1, 1).expect("free");
    graph.operation("bad", op("tanh"), &[z]).expect("free");
    graph.operation("cost", op("half_squared_error"), &[z, y]).expect("free");
}

#[test]
fn a_node_of_another_graph_is_refused() {
    let mut large = Graph::<f64>::new();
    let nodes: Vec<_> = (0..5).map(|i| large.data(&format!("d{i}"), 1).expect("data")).collect();
    let mut small = Graph::<f64>::new();
    small.data("x", 1).expect("data");
    let error = small.operation("a", ops::any("tanh").expect("tanh"), &[nodes[4]]).expect_err("refused");
    assert!(error.node == "a" && error.message.contains("not a node of this graph"), "{error}");
}

#[test]
fn networks_refuse_with_the_name_of_the_layer() {
    let node = |network: Network| network.build::<f64>().err().map(|error| (error.node, error.message));
    let (place, words) = node(Network::inputs(3).dense(2).activation("rely")).expect("refused");
    assert!(place == "a1" && words.contains("rely") && words.contains("leaky_relu"), "{place}: {words}");
    let (place, words) = node(Network::inputs(3).dense(2).loss("hubert")).expect("refused");
    assert!(place == "cost" && words.contains("hubert") && words.contains("huber"), "{place}: {words}");
    for (network, wanted) in [
        (Network::inputs(3), "layer1"),
        (Network::inputs(0).dense(2), "x"),
        (Network::inputs(3).dense(2).dense(0).dense(1), "layer2.weight"),
        (Network::inputs(3).dense(0), "layer1.weight"),
    ] {
        assert_eq!(node(network).expect("refused").0, wanted);
    }
}
