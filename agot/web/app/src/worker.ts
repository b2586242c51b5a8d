// Lays out graphs and finds thoughts beside the page, so that a large run does not stop it.

import { graphlib, layout } from "@dagrejs/dagre";
import MiniSearch from "minisearch";
import type { FindRequest, IndexRequest } from "./finder";
import { DAGRE_AT_MOST, DAGRE_OPEN_AT_MOST, inLayers, layOut, type Arrange, type LayoutRequest } from "./layout";

const arrange: Arrange = (group, size, layers) => {
  if (group.members.length > DAGRE_AT_MOST || group.edges.length > 4 * DAGRE_AT_MOST) return inLayers(group, size, layers);
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "LR", ranker: "tight-tree", nodesep: 14, ranksep: 52, edgesep: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const index of group.members) graph.setNode(String(index), { ...size(index) });
  for (const [source, target] of group.edges) graph.setEdge(String(source), String(target));
  layout(graph);
  const at = group.members.map((index) => {
    const { x, y, width, height } = graph.node(String(index)) as { x: number; y: number; width: number; height: number };
    return { x: x - width / 2, y: y - height / 2 };
  });
  const lines = group.edges.map(
    ([source, target]) => (graph.edge(String(source), String(target)) as { points: { x: number; y: number }[] }).points,
  );
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { width, height, at, lines };
};

let index: MiniSearch | null = null;

function find({ query, most }: FindRequest): string[] {
  const hits = index?.search(query, { prefix: true, fuzzy: 0.15, boost: { title: 2 } }) ?? [];
  return hits.slice(0, most).map((hit) => hit.id as string);
}

const scope = self as unknown as DedicatedWorkerGlobalScope;
scope.addEventListener("message", (message: MessageEvent<LayoutRequest | IndexRequest | FindRequest>) => {
  const request = message.data;
  if ("rows" in request) {
    index = new MiniSearch({ fields: ["title", "id", "strategy"] });
    index.addAll(request.rows as IndexRequest["rows"][number][]);
  } else if ("query" in request) scope.postMessage({ token: request.token, found: find(request) });
  else {
    const result = layOut(request, request.count > DAGRE_OPEN_AT_MOST ? inLayers : arrange);
    const { boxes, ends, points, offsets } = result;
    scope.postMessage(result, [boxes.buffer, ends.buffer, points.buffer, offsets.buffer]);
  }
});
