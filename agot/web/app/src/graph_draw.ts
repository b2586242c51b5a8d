// Draws a scene on a canvas. How much of a card is drawn depends on how large it is on the screen.

import type { Camera } from "./camera";
import { drawFar, speck } from "./far_draw";
import { SHAPES } from "./icons";
import { CARD } from "./layout";
import { boxOf, type Look, type Scene } from "./scene";
import { STATUSES, type Status, type Thought } from "./state";
import { count, direction, dollars, reward, seconds, wrap } from "./text";
import type { Colours } from "./theme";

/** Scales from which on marks, titles and figures are drawn, and edges of large graphs. */
const FROM = { marks: 0.2, titles: 0.42, figures: 0.62, edges: 0.1 };
const MANY_EDGES = 1500;
const MANY_CARDS = 1500;

let shapes: Record<Status, Path2D> | null = null;
function markShapes(): Record<Status, Path2D> {
  shapes ??= Object.fromEntries(STATUSES.map((status) => [status, new Path2D(SHAPES[status])])) as Record<Status, Path2D>;
  return shapes;
}

const lines = new Map<string, string[]>();
function linesOf(context: CanvasRenderingContext2D, text: string, width: number, most: number): string[] {
  const key = `${width} ${most} ${text}`;
  let known = lines.get(key);
  if (!known) {
    if (lines.size > 4000) lines.clear();
    known = wrap(text, width, most, (part) => context.measureText(part).width);
    lines.set(key, known);
  }
  return known;
}

interface Frame {
  readonly context: CanvasRenderingContext2D;
  readonly scene: Scene;
  readonly camera: Camera;
  readonly look: Look;
  readonly colours: Colours;
  readonly seen: readonly number[];
}

/** Draw everything that a canvas of this size (in CSS pixels) shows. */
export function drawGraph(
  context: CanvasRenderingContext2D, scene: Scene, camera: Camera, look: Look, colours: Colours,
  size: { width: number; height: number; ratio: number },
): void {
  const frame = { context, scene, camera, look, colours, seen: seenCards(scene, camera, size) };
  const { scale, x, y } = camera;
  if (scale < FROM.edges && frame.seen.length > MANY_CARDS) {
    drawFar(context, scene, camera, look, colours, size, frame.seen);
    context.setTransform(size.ratio * scale, 0, 0, size.ratio * scale, size.ratio * x, size.ratio * y);
    drawOutlines(frame);
    return;
  }
  context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  context.fillStyle = colours.ground;
  context.fillRect(0, 0, size.width, size.height);
  const inWorld = (): void => context.setTransform(size.ratio * scale, 0, 0, size.ratio * scale, size.ratio * x, size.ratio * y);
  inWorld();
  drawGroups(frame);
  drawEdges(frame, size);
  if (scale < FROM.marks) {
    context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
    drawSpecks(frame);
    inWorld();
  } else {
    for (const i of frame.seen) if (!scene.opened[i]) drawCard(frame, i);
  }
  drawOutlines(frame);
}

function seenCards(scene: Scene, camera: Camera, size: { width: number; height: number }): number[] {
  const { boxes } = scene.layout;
  const [left, top] = [-camera.x / camera.scale, -camera.y / camera.scale];
  const [right, bottom] = [left + size.width / camera.scale, top + size.height / camera.scale];
  const seen: number[] = [];
  for (let i = 0, at = 0; i < scene.ids.length; i++, at += 4) {
    if (boxes[at]! < right && boxes[at + 1]! < bottom && boxes[at]! + boxes[at + 2]! > left && boxes[at + 1]! + boxes[at + 3]! > top) {
      seen.push(i);
    }
  }
  return seen;
}

function drawGroups({ context, scene, camera, look, colours, seen }: Frame): void {
  context.font = `600 12px ${colours.font}`;
  context.textBaseline = "middle";
  for (const i of seen) {
    const thought = scene.thoughts[i];
    if (!scene.opened[i] || !thought) continue;
    const { x, y, width, height } = boxOf(scene, i);
    context.beginPath();
    context.roundRect(x, y, width, height, 10);
    context.fillStyle = colours.group;
    context.fill();
    context.strokeStyle = look.path?.has(thought.id) ? colours.critical : colours.line;
    context.lineWidth = Math.max(1, 0.6 / camera.scale);
    context.stroke();
    if (camera.scale < FROM.marks) continue;
    drawMark(context, thought.status, x + 14, y + 14, 12, colours);
    if (camera.scale < FROM.titles) continue;
    context.fillStyle = colours.text;
    drawLine(context, linesOf(context, thought.title, width - 110, 1)[0] ?? "", x + 34, y + 20.5, width - 110);
    context.fillStyle = colours.muted;
    context.textAlign = "right";
    context.fillText(`${scene.inside[i]} ▾`, x + width - 14, y + 20.5);
    context.textAlign = "left";
  }
}

function drawEdges({ context, scene, camera, look, colours }: Frame, size: { width: number; height: number }): void {
  const { ends, points, offsets } = scene.layout;
  const edges = ends.length / 2;
  if (camera.scale < FROM.edges && edges > MANY_EDGES) return;
  const [left, top] = [-camera.x / camera.scale, -camera.y / camera.scale];
  const [right, bottom] = [left + size.width / camera.scale, top + size.height / camera.scale];
  const plain = new Path2D();
  const marked = new Path2D();
  for (let i = 0; i < edges; i++) {
    const [from, to] = [offsets[i]!, offsets[i + 1]! - 1];
    const [ax, ay, bx, by] = [points[2 * from]!, points[2 * from + 1]!, points[2 * to]!, points[2 * to + 1]!];
    if (Math.max(ax, bx) < left || Math.min(ax, bx) > right || Math.max(ay, by) < top - 400 || Math.min(ay, by) > bottom + 400) continue;
    const [source, target] = [scene.ids[ends[2 * i]!]!, scene.ids[ends[2 * i + 1]!]!];
    const path = look.path?.has(source) && look.path.has(target) ? marked : plain;
    path.moveTo(ax, ay);
    if (to - from < 2) {
      const bend = Math.max(12, (bx - ax) / 2);
      path.bezierCurveTo(ax + bend, ay, bx - bend, by, bx - 1, by);
      continue;
    }
    for (let k = from + 1; k < to; k++) {
      const [cx, cy] = [points[2 * k]!, points[2 * k + 1]!];
      const [nx, ny] = k + 1 === to ? [bx, by] : [(cx + points[2 * k + 2]!) / 2, (cy + points[2 * k + 3]!) / 2];
      path.quadraticCurveTo(cx, cy, nx, ny);
    }
  }
  context.strokeStyle = colours.edge;
  context.lineWidth = Math.max(1.2, 0.7 / camera.scale);
  context.stroke(plain);
  context.strokeStyle = colours.critical;
  context.lineWidth = Math.max(2.4, 1.6 / camera.scale);
  context.stroke(marked);
}

/** Far away, a card is a speck in the colour and the shape of its status. */
function drawSpecks({ context, scene, camera, look, colours, seen }: Frame): void {
  const { boxes } = scene.layout;
  const { scale, x, y } = camera;
  const byColour = new Map<string, number[]>();
  for (const i of seen) {
    const thought = scene.thoughts[i];
    if (scene.opened[i] || !thought) continue;
    const colour = look.metric === "status" ? colours.status[thought.status] : heatColour(colours, look.heat(thought));
    const group = byColour.get(colour);
    if (group) group.push(i);
    else byColour.set(colour, [i]);
  }
  for (const [colour, group] of byColour) {
    context.fillStyle = colour;
    for (const i of group) {
      const [width, height] = speck(
        scene.thoughts[i]!.status, Math.max(1, Math.round(boxes[4 * i + 2]! * scale)), Math.max(1, Math.round(boxes[4 * i + 3]! * scale)),
      );
      context.fillRect(Math.round(boxes[4 * i]! * scale + x), Math.round(boxes[4 * i + 1]! * scale + y), width, height);
    }
  }
}

function drawCard({ context, scene, camera, look, colours }: Frame, i: number): void {
  const thought = scene.thoughts[i];
  if (!thought) return;
  const { x, y, width, height } = boxOf(scene, i);
  const colour = colours.status[thought.status];
  if (scene.inside[i]) {
    context.fillStyle = colours.card;
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(x + 5, y + 5, width, height, 8);
    context.fill();
    context.stroke();
  }
  context.beginPath();
  context.roundRect(x, y, width, height, 8);
  context.fillStyle = camera.scale < FROM.titles ? colours.tint[thought.status] : colours.card;
  context.fill();
  context.strokeStyle = thought.status === "running" ? colour : colours.line;
  context.lineWidth = thought.status === "running" ? 1.5 : 1;
  if (thought.status === "pending" || thought.status === "skipped") context.setLineDash([4, 3]);
  context.stroke();
  context.setLineDash([]);
  if (look.metric !== "status") drawHeat(context, look.heat(thought), x, y, width, height, colours);
  if (camera.scale < FROM.titles) {
    drawMark(context, thought.status, x + width / 2 - 14, y + height / 2 - 14, 28, colours);
    return;
  }
  drawMark(context, thought.status, x + 10, y + 9, 12, colours);
  context.font = `500 12px ${colours.font}`;
  context.textBaseline = "middle";
  context.fillStyle = colours.text;
  const most = camera.scale < FROM.figures ? 3 : 2;
  linesOf(context, thought.title || thought.id, width - 42, most).forEach((line, row) => {
    drawLine(context, line, x + 29, y + 15.5 + 15 * row, width - 42);
  });
  if (camera.scale >= FROM.figures) drawFigures(context, scene, i, thought, look, colours);
}

function drawFigures(
  context: CanvasRenderingContext2D, scene: Scene, i: number, thought: Thought, look: Look, colours: Colours,
): void {
  const { x, y, width, height } = boxOf(scene, i);
  context.font = `10.5px ${colours.font}`;
  context.fillStyle = colours.muted;
  const right = scene.inside[i] ? `${scene.inside[i]} ▸` : thought.reward === null ? "" : reward(thought.reward);
  const figure =
    look.metric === "cost" ? dollars(thought.cost)
    : look.metric === "time" ? seconds(thought.start === null ? null : (thought.end ?? look.now) - thought.start)
    : thought.tokens ? `${count(thought.tokens)} tok` : "";
  const left = [thought.strategy, figure].filter(Boolean).join(" · ");
  const room = width - 46 - context.measureText(right).width;
  context.fillText(linesOf(context, left, room, 1)[0] ?? "", x + 29, y + height - 12);
  context.textAlign = "right";
  context.fillText(right, x + width - 11, y + height - 12);
  context.textAlign = "left";
}

function drawLine(context: CanvasRenderingContext2D, text: string, x: number, y: number, width: number): void {
  const way = direction(text);
  context.direction = way;
  context.textAlign = way === "rtl" ? "right" : "left";
  context.fillText(text, way === "rtl" ? x + width : x, y);
  context.direction = "ltr";
  context.textAlign = "left";
}

function drawMark(context: CanvasRenderingContext2D, status: Status, x: number, y: number, size: number, colours: Colours): void {
  const factor = size / 12;
  context.translate(x, y);
  context.scale(factor, factor);
  context.fillStyle = colours.status[status];
  context.fill(markShapes()[status], "evenodd");
  context.scale(1 / factor, 1 / factor);
  context.translate(-x, -y);
}

function drawHeat(
  context: CanvasRenderingContext2D, heat: number, x: number, y: number, width: number, height: number, colours: Colours,
): void {
  if (heat <= 0) return;
  context.save();
  context.clip();
  context.fillStyle = heatColour(colours, heat);
  context.fillRect(x, y + height - 4, Math.max(3, width * heat), 4);
  context.restore();
}

export function heatColour(colours: Colours, heat: number): string {
  return colours.heat[Math.min(colours.heat.length - 1, Math.floor(heat * colours.heat.length))] ?? colours.accent;
}

function drawOutlines({ context, scene, camera, look, colours }: Frame): void {
  const outline = (id: string | null, colour: string, width: number): void => {
    const i = id === null ? undefined : scene.index.get(id);
    if (i === undefined) return;
    const box = boxOf(scene, i);
    const grow = Math.max(0, 3 / camera.scale - CARD.height / 12);
    context.beginPath();
    context.roundRect(box.x - grow, box.y - grow, box.width + 2 * grow, box.height + 2 * grow, 8);
    context.strokeStyle = colour;
    context.lineWidth = Math.max(width, width / camera.scale);
    context.stroke();
  };
  if (look.path && camera.scale >= FROM.marks) {
    for (const id of look.path) {
      const i = scene.index.get(id);
      if (i !== undefined && !scene.opened[i]) outline(id, colours.critical, 1.5);
    }
  }
  outline(look.hovered, colours.muted, 1);
  outline(look.selected, colours.accent, 2);
}
