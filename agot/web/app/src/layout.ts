// Where the cards of the graph stand. The worker does it with dagre; a graph too large for that is put in plain layers.

import type { Tree } from "./derive";
import type { RunState } from "./state";

export const CARD = { width: 216, height: 62 };
export const PAD = { side: 14, top: 40, bottom: 14 };
const GAP = { rank: 52, node: 14 };
/** dagre's time grows faster than the graph: above this many thoughts in one graph, layers it is. */
export const DAGRE_AT_MOST = 250;
/** With more cards than this open at once, a person looks from afar, and layers are there at once. */
export const DAGRE_OPEN_AT_MOST = 4000;

export interface LayoutGroup {
  /** Index of the card that is open and holds this graph, -1 for the outermost. */
  readonly owner: number;
  readonly members: readonly number[];
  readonly edges: readonly (readonly [number, number])[];
}

export interface LayoutRequest {
  readonly token: number;
  readonly count: number;
  readonly layers: readonly number[];
  /** Outer graphs come before the graphs inside them. */
  readonly groups: readonly LayoutGroup[];
}

export interface Layout {
  readonly token: number;
  /** x, y, width, height of every card. */
  readonly boxes: Float64Array;
  /** Source and target of every edge. */
  readonly ends: Uint32Array;
  /** x, y of the corners of every edge; edge i has those from offsets[i] to offsets[i + 1]. */
  readonly points: Float64Array;
  readonly offsets: Uint32Array;
}

export interface Placed {
  readonly x: number;
  readonly y: number;
}

export interface GroupLayout {
  readonly width: number;
  readonly height: number;
  /** Top left corners, in the order of the members. */
  readonly at: readonly Placed[];
  /** Corners of the edges, in the order of the edges. */
  readonly lines: readonly (readonly Placed[])[];
}

export type Arrange = (group: LayoutGroup, size: (index: number) => { width: number; height: number }, layers: readonly number[]) => GroupLayout;

/** What is to be laid out: the thoughts whose graphs are all open. */
export function layoutRequest(state: RunState, tree: Tree, open: ReadonlySet<string>, token: number): { request: LayoutRequest; ids: string[] } {
  const ids: string[] = [];
  const layers: number[] = [];
  const groups: LayoutGroup[] = [];
  const queue: { owner: number; members: readonly string[] }[] = [{ owner: -1, members: tree.roots }];
  for (const { owner, members } of queue) {
    const index = new Map<string, number>();
    for (const id of members) {
      index.set(id, ids.length);
      ids.push(id);
      layers.push(state.thoughts.get(id)!.layer);
    }
    const edges: [number, number][] = [];
    for (const [id, target] of index) {
      for (const need of state.thoughts.get(id)!.needs) {
        const source = index.get(need);
        if (source !== undefined && source !== target) edges.push([source, target]);
      }
      const nested = open.has(id) ? tree.inside.get(id) : undefined;
      if (nested) queue.push({ owner: target, members: nested });
    }
    groups.push({ owner, members: [...index.values()], edges });
  }
  return { request: { token, count: ids.length, layers, groups }, ids };
}

/** Lay out every graph, innermost first, each as one box of the graph around it. */
export function layOut(request: LayoutRequest, arrange: Arrange): Layout {
  const size = Array.from({ length: request.count }, () => ({ ...CARD }));
  const done = new Map<LayoutGroup, GroupLayout>();
  for (const group of [...request.groups].reverse()) {
    const inner = arrange(group, (index) => size[index]!, request.layers);
    done.set(group, inner);
    if (group.owner >= 0) {
      size[group.owner] = {
        width: Math.max(CARD.width, inner.width + 2 * PAD.side), height: inner.height + PAD.top + PAD.bottom,
      };
    }
  }
  const boxes = new Float64Array(4 * request.count);
  const [ends, points, offsets]: [number[], number[], number[]] = [[], [], [0]];
  for (const group of request.groups) {
    const inner = done.get(group)!;
    const left = group.owner < 0 ? 0 : boxes[4 * group.owner]! + PAD.side;
    const top = group.owner < 0 ? 0 : boxes[4 * group.owner + 1]! + PAD.top;
    group.members.forEach((index, i) => {
      const { x, y } = inner.at[i]!;
      boxes.set([left + x, top + y, size[index]!.width, size[index]!.height], 4 * index);
    });
    group.edges.forEach(([source, target], i) => {
      ends.push(source, target);
      for (const corner of inner.lines[i]!) points.push(left + corner.x, top + corner.y);
      offsets.push(points.length / 2);
    });
  }
  return {
    token: request.token, boxes, ends: Uint32Array.from(ends), points: Float64Array.from(points), offsets: Uint32Array.from(offsets),
  };
}

/** Put the members into columns by how far they are from what needs nothing; wide columns are broken. */
export const inLayers: Arrange = (group, size, layers) => {
  const column = columnsOf(group, layers);
  const columns: number[][] = [];
  group.members.forEach((index) => (columns[column.get(index)!] ??= []).push(index));
  const rows = Math.max(8, Math.ceil(Math.sqrt(group.members.length * (CARD.width + GAP.rank) / (CARD.height + GAP.node)) / 1.2));
  const at = new Map<number, Placed>();
  let [x, height] = [0, 0];
  for (const members of columns.filter(Boolean)) {
    for (let from = 0; from < members.length; from += rows) {
      let [y, width] = [0, 0];
      for (const index of members.slice(from, from + rows)) {
        at.set(index, { x, y });
        y += size(index).height + GAP.node;
        width = Math.max(width, size(index).width);
      }
      height = Math.max(height, y - GAP.node);
      x += width + (from + rows < members.length ? GAP.node : GAP.rank);
    }
  }
  const lines = group.edges.map(([source, target]) => {
    const [a, b] = [at.get(source)!, at.get(target)!];
    return [
      { x: a.x + size(source).width, y: a.y + Math.min(size(source).height, CARD.height) / 2 },
      { x: b.x, y: b.y + Math.min(size(target).height, CARD.height) / 2 },
    ];
  });
  return { width: Math.max(0, x - GAP.rank), height, at: group.members.map((index) => at.get(index)!), lines };
};

function columnsOf(group: LayoutGroup, layers: readonly number[]): Map<number, number> {
  const column = new Map<number, number>();
  const waits = new Map<number, number>(group.members.map((index) => [index, 0]));
  const leads = new Map<number, number[]>();
  for (const [source, target] of group.edges) {
    waits.set(target, waits.get(target)! + 1);
    const targets = leads.get(source);
    if (targets) targets.push(target);
    else leads.set(source, [target]);
  }
  const ready = group.members.filter((index) => waits.get(index) === 0);
  for (const index of ready) column.set(index, column.get(index) ?? 0);
  for (const index of ready) {
    for (const target of leads.get(index) ?? []) {
      column.set(target, Math.max(column.get(target) ?? 0, column.get(index)! + 1));
      waits.set(target, waits.get(target)! - 1);
      if (waits.get(target) === 0) ready.push(target);
    }
  }
  // A cycle cannot be ordered; its members stand where the plan put them.
  for (const index of group.members) if (waits.get(index)! > 0) column.set(index, layers[index]!);
  return column;
}
