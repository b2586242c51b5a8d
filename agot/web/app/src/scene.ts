// What is drawn of a graph: the cards of one layout with the thoughts as they are now.

import type { Metric } from "./derive";
import type { Rect } from "./camera";
import type { Layout } from "./layout";
import type { RunState, Thought } from "./state";

export interface Scene {
  readonly ids: readonly string[];
  readonly thoughts: readonly (Thought | undefined)[];
  readonly index: ReadonlyMap<string, number>;
  readonly layout: Layout;
  /** 1 for a card that is drawn as a box around its graph. */
  readonly opened: Uint8Array;
  /** How many thoughts are inside a card, open or not. */
  readonly inside: Uint32Array;
  readonly bounds: Rect;
}

export interface Look {
  readonly selected: string | null;
  readonly hovered: string | null;
  readonly path: ReadonlySet<string> | null;
  readonly metric: Metric;
  readonly heat: (thought: Thought) => number;
  readonly now: number;
}

export function sceneOf(
  layout: Layout, ids: readonly string[], state: RunState, inside: ReadonlyMap<string, readonly string[]>, open: ReadonlySet<string>,
): Scene {
  const opened = new Uint8Array(ids.length);
  const sizes = new Uint32Array(ids.length);
  let [left, top, right, bottom] = [0, 0, 1, 1];
  ids.forEach((id, i) => {
    const nested = inside.get(id);
    sizes[i] = nested?.length ?? 0;
    opened[i] = nested && open.has(id) ? 1 : 0;
    const { boxes } = layout;
    left = Math.min(left, boxes[4 * i]!);
    top = Math.min(top, boxes[4 * i + 1]!);
    right = Math.max(right, boxes[4 * i]! + boxes[4 * i + 2]!);
    bottom = Math.max(bottom, boxes[4 * i + 1]! + boxes[4 * i + 3]!);
  });
  return {
    ids, layout, opened, inside: sizes, index: new Map(ids.map((id, i) => [id, i])),
    thoughts: ids.map((id) => state.thoughts.get(id)),
    bounds: { x: left, y: top, width: right - left, height: bottom - top },
  };
}

export function refreshed(scene: Scene, state: RunState): Scene {
  return { ...scene, thoughts: scene.ids.map((id) => state.thoughts.get(id)) };
}

export function boxOf(scene: Scene, i: number): Rect {
  const { boxes } = scene.layout;
  return { x: boxes[4 * i]!, y: boxes[4 * i + 1]!, width: boxes[4 * i + 2]!, height: boxes[4 * i + 3]! };
}

/** The innermost card at a point of the world, -1 if there is none. */
export function cardAt(scene: Scene, x: number, y: number): number {
  const { boxes } = scene.layout;
  for (let i = scene.ids.length - 1; i >= 0; i--) {
    const [left, top] = [boxes[4 * i]!, boxes[4 * i + 1]!];
    if (x >= left && y >= top && x <= left + boxes[4 * i + 2]! && y <= top + boxes[4 * i + 3]!) return i;
  }
  return -1;
}
