import type { GraphProto, NodeProto, TensorProto } from "./proto.ts";

/** The graphs inside a graph's nodes: the branches of If, the bodies of Loop and Scan; those inside them as well. */
export function* bodiesOf(graph: GraphProto): Generator<GraphProto> {
  for (const { attribute } of graph.node) {
    for (const { g, graphs } of attribute) {
      for (const body of g === undefined ? graphs : [g, ...graphs]) {
        yield body;
        yield* bodiesOf(body);
      }
    }
  }
}

/** Nodes of a graph and of the graphs inside it. */
export function* nodesOf(graph: GraphProto): Generator<NodeProto> {
  yield* graph.node;
  for (const body of bodiesOf(graph)) yield* body.node;
}

/** Tensors in attributes of nodes: constants, mostly. */
export function* attributeTensorsOf(graph: GraphProto): Generator<TensorProto> {
  for (const { attribute } of nodesOf(graph)) {
    for (const { t, tensors } of attribute) {
      if (t !== undefined) yield t;
      yield* tensors;
    }
  }
}
