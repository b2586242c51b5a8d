// Draws thousands of cards that are a few pixels large, straight into the picture's memory: one write for all of them.

import type { Camera } from "./camera";
import type { Look, Scene } from "./scene";
import type { Status } from "./state";
import type { Colours } from "./theme";

let kept: { image: ImageData; words: Uint32Array } | null = null;

function picture(context: CanvasRenderingContext2D, width: number, height: number): { image: ImageData; words: Uint32Array } {
  if (kept?.image.width !== width || kept.image.height !== height) {
    const image = context.createImageData(width, height);
    kept = { image, words: new Uint32Array(image.data.buffer) };
  }
  return kept;
}

const packed = new Map<string, number>();

/** A colour `#rrggbb` as a word of the picture. */
function word(colour: string): number {
  let known = packed.get(colour);
  if (known === undefined) {
    const value = Number.parseInt(colour.slice(1), 16);
    known = (0xff000000 | ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
    packed.set(colour, known);
  }
  return known;
}

/** How much of its place a speck fills: what did not come to an answer shows without its colour as well. */
export function speck(status: Status, wide: number, high: number): [number, number] {
  const low = status === "pending" || status === "skipped" || status === "failed";
  const narrow = status === "abstained" || status === "failed";
  return [narrow ? Math.max(1, wide >> 1) : wide, low ? Math.max(1, high >> 1) : high];
}

/** Draw ground, groups and cards. The cards' texts and edges could not be told apart from here. */
export function drawFar(
  context: CanvasRenderingContext2D, scene: Scene, camera: Camera, look: Look, colours: Colours,
  size: { width: number; height: number; ratio: number }, seen: readonly number[],
): void {
  const [width, height] = [Math.round(size.width * size.ratio), Math.round(size.height * size.ratio)];
  const { image, words } = picture(context, width, height);
  words.fill(word(colours.ground));
  const fill = (left: number, top: number, right: number, bottom: number, colour: number): void => {
    const [from, to] = [Math.max(0, left), Math.min(width, right)];
    if (from >= to) return;
    const last = Math.min(height, bottom);
    for (let y = Math.max(0, top); y < last; y++) {
      const row = y * width;
      if (to - from < 16) for (let x = from; x < to; x++) words[row + x] = colour;
      else words.fill(colour, row + from, row + to);
    }
  };
  const { boxes } = scene.layout;
  const [scale, dx, dy] = [camera.scale * size.ratio, camera.x * size.ratio, camera.y * size.ratio];
  const [group, line, critical] = [word(colours.group), word(colours.line), word(colours.critical)];
  const byStatus = Object.fromEntries(Object.entries(colours.status).map(([status, colour]) => [status, word(colour)]));
  const byHeat = colours.heat.map(word);
  for (const i of seen) {
    const thought = scene.thoughts[i];
    if (!thought) continue;
    const at = 4 * i;
    const [left, top] = [Math.round(boxes[at]! * scale + dx), Math.round(boxes[at + 1]! * scale + dy)];
    const wide = Math.max(1, Math.round(boxes[at + 2]! * scale));
    const high = Math.max(1, Math.round(boxes[at + 3]! * scale));
    if (scene.opened[i]) {
      fill(left, top, left + wide, top + high, look.path?.has(thought.id) ? critical : line);
      if (wide > 3 && high > 3) fill(left + 1, top + 1, left + wide - 1, top + high - 1, group);
      continue;
    }
    const heat = look.metric === "status" ? -1 : Math.min(byHeat.length - 1, Math.floor(look.heat(thought) * byHeat.length));
    const [across, down] = speck(thought.status, wide, high);
    const colour = look.path?.has(thought.id) ? critical : heat < 0 ? byStatus[thought.status]! : byHeat[heat]!;
    fill(left, top, left + across, top + down, colour);
  }
  context.putImageData(image, 0, 0);
}
