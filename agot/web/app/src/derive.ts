// What follows from a state: the tree, sums, the critical path, idle gaps.

import type { RunState, Status, Thought } from "./state";

export type Metric = "status" | "tokens" | "cost" | "time";

export interface Tree {
  readonly roots: readonly string[];
  readonly inside: ReadonlyMap<string, readonly string[]>;
}

const trees = new WeakMap<RunState["thoughts"], Tree>();

/** Place of a thought among its siblings: `0.10` after `0.2`, and what puts a round together after the round. */
function place(id: string): number {
  const [round = "", index = ""] = id.slice(id.lastIndexOf("/") + 1).split(".", 2);
  const within = Number.parseInt(index, 10);
  return (Number.parseInt(round, 10) || 0) * 1e7 + (Number.isNaN(within) ? 1e7 - 1 : within);
}

/** Thoughts by the nested graph they belong to, by layer and then in the order of the plan. */
export function treeOf(state: RunState): Tree {
  const known = trees.get(state.thoughts);
  if (known) return known;
  const roots: string[] = [];
  const inside = new Map<string, string[]>();
  for (const thought of state.thoughts.values()) {
    if (thought.parent === null || !state.thoughts.has(thought.parent)) {
      roots.push(thought.id);
      continue;
    }
    const siblings = inside.get(thought.parent);
    if (siblings) siblings.push(thought.id);
    else inside.set(thought.parent, [thought.id]);
  }
  for (const siblings of inside.values()) {
    if (siblings.length < 2) continue;
    const keyed = siblings.map((id) => ({ id, key: (state.thoughts.get(id)?.layer ?? 0) * 1e12 + place(id) }));
    keyed.sort((a, b) => a.key - b.key);
    keyed.forEach(({ id }, i) => { siblings[i] = id; });
  }
  const tree = { roots, inside };
  trees.set(state.thoughts, tree);
  return tree;
}

/** The graphs that hold a thought, outermost first. */
export function ancestors(state: RunState, id: string): string[] {
  const found: string[] = [];
  const seen = new Set<string>([id]);
  for (let at = state.thoughts.get(id)?.parent ?? null; at !== null && !seen.has(at); ) {
    seen.add(at);
    found.unshift(at);
    at = state.thoughts.get(at)?.parent ?? null;
  }
  return found;
}

export interface Totals {
  readonly thoughts: number;
  readonly byStatus: Readonly<Record<Status, number>>;
  readonly tokens: number;
  readonly calls: number;
  readonly cost: number;
}

export function totalsOf(state: RunState): Totals {
  const byStatus = { pending: 0, running: 0, done: 0, abstained: 0, failed: 0, skipped: 0 };
  let [tokens, calls, cost] = [0, 0, 0];
  for (const thought of state.thoughts.values()) {
    byStatus[thought.status] += 1;
    tokens += thought.tokens;
    calls += thought.calls;
    cost += thought.cost;
  }
  return { thoughts: state.thoughts.size, byStatus, tokens, calls, cost };
}

export function secondsOf(thought: Thought, now: number): number {
  return thought.start === null ? 0 : Math.max(0, (thought.end ?? now) - thought.start);
}

export function weightOf(thought: Thought, metric: Metric, now: number): number {
  if (metric === "tokens") return thought.tokens;
  if (metric === "cost") return thought.cost;
  return metric === "time" ? secondsOf(thought, now) : 0;
}

/** How hot each thought is, in [0, 1]: its own share of the largest, on a square-root scale. */
export function heatOf(state: RunState, metric: Metric): (thought: Thought) => number {
  if (metric === "status") return () => 0;
  let most = 0;
  for (const thought of state.thoughts.values()) most = Math.max(most, weightOf(thought, metric, state.now));
  return most === 0 ? () => 0 : (thought) => Math.sqrt(weightOf(thought, metric, state.now) / most);
}

/**
 * The thoughts without which the run would have ended sooner: from the one that ended last, back over the input that
 * ended last, and the same inside each nested graph on the way.
 */
export function criticalPath(state: RunState): ReadonlySet<string> {
  const { roots, inside } = treeOf(state);
  const path = new Set<string>();
  const end = (id: string): number => {
    const thought = state.thoughts.get(id);
    return thought?.start == null ? -1 : (thought.end ?? state.now);
  };
  const latest = (ids: readonly string[]): string | null => {
    let best: string | null = null;
    for (const id of ids) if (end(id) >= 0 && (best === null || end(id) > end(best))) best = id;
    return best;
  };
  const open: (readonly string[])[] = [roots];
  for (let group = open.pop(); group; group = open.pop()) {
    for (let at = latest(group); at !== null && !path.has(at); ) {
      path.add(at);
      const nested = inside.get(at);
      if (nested) open.push(nested);
      at = latest(state.thoughts.get(at)?.needs ?? []);
    }
  }
  return path;
}

/** Times in which nothing was at work: no call, or, where a skeleton does not tell of calls, no innermost thought. */
export function idleGaps(state: RunState, atLeast: number): [number, number][] {
  const { inside } = treeOf(state);
  const busy: [number, number][] = [];
  let [first, last] = [Infinity, 0];
  for (const thought of state.thoughts.values()) {
    if (thought.start !== null) {
      first = Math.min(first, thought.start);
      last = Math.max(last, thought.end ?? state.now);
    }
    if (state.whole) for (const span of thought.spans) busy.push([span.start, span.end ?? state.now]);
    else if (thought.start !== null && !inside.has(thought.id)) busy.push([thought.start, thought.end ?? state.now]);
  }
  busy.sort((a, b) => a[0] - b[0]);
  const gaps: [number, number][] = [];
  let until = first;
  for (const [start, end] of [...busy, [last, last] as [number, number]]) {
    if (start - until >= atLeast) gaps.push([until, start]);
    until = Math.max(until, end);
  }
  return gaps;
}

/** The thoughts in the order of an outline in which these are open. */
export function visibleRows(state: RunState, open: ReadonlySet<string>): { id: string; level: number }[] {
  const { roots, inside } = treeOf(state);
  const rows: { id: string; level: number }[] = [];
  const stack = roots.map((id) => ({ id, level: 1 })).reverse();
  for (let row = stack.pop(); row; row = stack.pop()) {
    rows.push(row);
    const children = open.has(row.id) ? inside.get(row.id) : undefined;
    if (!children) continue;
    for (let i = children.length - 1; i >= 0; i--) stack.push({ id: children[i]!, level: row.level + 1 });
  }
  return rows;
}
