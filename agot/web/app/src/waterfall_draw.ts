// Draws thoughts along time: bars, the calls inside them, idle gaps, the critical path.

import { heatColour } from "./graph_draw";
import { SHAPES } from "./icons";
import type { RunState, Thought } from "./state";
import { direction, seconds, wrap } from "./text";
import type { Colours } from "./theme";
import type { Metric } from "./derive";

export const ROW = 26;
export const AXIS = 30;

export interface Chart {
  readonly state: RunState;
  readonly rows: readonly { id: string; level: number }[];
  readonly index: ReadonlyMap<string, number>;
  readonly gaps: readonly [number, number][];
  readonly path: ReadonlySet<string> | null;
  readonly selected: string | null;
  readonly hovered: number;
  readonly metric: Metric;
  readonly heat: (thought: Thought) => number;
  readonly colours: Colours;
}

/** What part of time is seen: seconds at the left end, and pixels per second. */
export interface Window {
  readonly from: number;
  readonly perSecond: number;
}

export function labelWidth(width: number): number {
  return Math.round(Math.max(120, Math.min(300, width * 0.3)));
}

export function drawWaterfall(
  context: CanvasRenderingContext2D, chart: Chart, time: Window, scroll: number,
  size: { width: number; height: number; ratio: number },
): void {
  const { colours } = chart;
  const label = labelWidth(size.width);
  context.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  context.fillStyle = colours.ground;
  context.fillRect(0, 0, size.width, size.height);
  const first = Math.max(0, Math.floor((scroll - AXIS) / ROW));
  const last = Math.min(chart.rows.length, Math.ceil((scroll + size.height) / ROW));
  const xOf = (at: number): number => label + (at - time.from) * time.perSecond;

  context.save();
  context.beginPath();
  context.rect(label, 0, size.width - label, size.height);
  context.clip();
  drawTicks(context, time, label, size, colours);
  drawGaps(context, chart, xOf, label, size);
  for (let i = first; i < last; i++) drawBar(context, chart, i, AXIS + i * ROW - scroll, xOf, size.width);
  if (chart.path) drawPath(context, chart, xOf, scroll, first, last);
  context.restore();

  for (let i = first; i < last; i++) drawLabel(context, chart, i, AXIS + i * ROW - scroll, label);
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(label + 0.5, 0);
  context.lineTo(label + 0.5, size.height);
  context.stroke();
  drawAxis(context, time, label, size, colours);
}

export function tickStep(perSecond: number): number {
  const least = 90 / perSecond;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least) ?? 10 * power;
}

function* ticks(time: Window, label: number, width: number): Generator<{ at: number; x: number }> {
  const step = tickStep(time.perSecond);
  const first = Math.ceil(time.from / step);
  for (let k = first; k - first < 200; k++) {
    const x = label + (k * step - time.from) * time.perSecond;
    if (x > width) return;
    yield { at: k * step, x: Math.round(x) + 0.5 };
  }
}

function drawTicks(
  context: CanvasRenderingContext2D, time: Window, label: number, size: { width: number; height: number }, colours: Colours,
): void {
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.beginPath();
  for (const { x } of ticks(time, label, size.width)) {
    context.moveTo(x, AXIS);
    context.lineTo(x, size.height);
  }
  context.globalAlpha = 0.6;
  context.stroke();
  context.globalAlpha = 1;
}

function drawAxis(
  context: CanvasRenderingContext2D, time: Window, label: number, size: { width: number; height: number }, colours: Colours,
): void {
  context.fillStyle = colours.card;
  context.fillRect(0, 0, size.width, AXIS);
  context.fillStyle = colours.line;
  context.fillRect(0, AXIS - 1, size.width, 1);
  context.font = `11px ${colours.font}`;
  context.textBaseline = "middle";
  context.fillStyle = colours.muted;
  context.fillText("Thought", 12, AXIS / 2);
  for (const { at, x } of ticks(time, label, size.width)) {
    if (x + 46 < size.width) context.fillText(seconds(Math.max(0, at)), x + 4, AXIS / 2);
  }
}

function drawGaps(
  context: CanvasRenderingContext2D, chart: Chart, xOf: (at: number) => number, label: number, size: { width: number; height: number },
): void {
  const { colours } = chart;
  context.font = `10.5px ${colours.font}`;
  context.textBaseline = "middle";
  for (const [start, end] of chart.gaps) {
    const [left, right] = [Math.max(label, xOf(start)), Math.min(size.width, xOf(end))];
    if (right - left < 2) continue;
    context.fillStyle = colours.gap;
    context.fillRect(left, AXIS, right - left, size.height - AXIS);
    context.strokeStyle = colours.line;
    context.save();
    context.beginPath();
    context.rect(left, AXIS, right - left, size.height - AXIS);
    context.clip();
    context.beginPath();
    for (let x = left - size.height; x < right; x += 9) {
      context.moveTo(x, size.height);
      context.lineTo(x + size.height, 0);
    }
    context.stroke();
    context.restore();
    const text = `idle ${seconds(end - start)}`;
    if (right - left < context.measureText(text).width + 10) continue;
    context.fillStyle = colours.muted;
    context.fillText(text, left + 5, size.height - 12);
  }
}

function drawBar(
  context: CanvasRenderingContext2D, chart: Chart, i: number, y: number, xOf: (at: number) => number, width: number,
): void {
  const { colours, state } = chart;
  const thought = state.thoughts.get(chart.rows[i]!.id);
  if (!thought) return;
  if (thought.id === chart.selected || i === chart.hovered) {
    context.fillStyle = thought.id === chart.selected ? colours.tint.running : colours.group;
    context.fillRect(0, y, width, ROW);
  }
  if (thought.start === null) return;
  const [left, right] = [xOf(thought.start), xOf(thought.end ?? state.now)];
  if (right < 0 || left > width) return;
  const length = Math.max(2, right - left);
  context.fillStyle = colours.tint[thought.status];
  context.strokeStyle = colours.status[thought.status];
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(left, y + 6, length, ROW - 12, Math.min(3, length / 2));
  context.fill();
  context.stroke();
  if (chart.metric !== "status") {
    const heat = chart.heat(thought);
    if (heat > 0) {
      context.fillStyle = heatColour(colours, heat);
      context.fillRect(left, y + ROW - 10, Math.max(2, length * heat), 4);
    }
  }
  for (const span of thought.spans) {
    const [from, to] = [xOf(span.start), xOf(span.end ?? state.now)];
    context.fillStyle = span.failed ? colours.status.failed : colours.status[thought.status];
    context.globalAlpha = span.tool ? 0.45 : 0.8;
    context.fillRect(from, y + (span.tool ? 13 : 9), Math.max(1, to - from - 0.5), span.tool ? 4 : ROW - 18);
  }
  context.globalAlpha = 1;
  const text = seconds((thought.end ?? state.now) - thought.start);
  context.font = `10.5px ${colours.font}`;
  context.textBaseline = "middle";
  context.fillStyle = colours.muted;
  if (right + 6 < width) context.fillText(text, Math.max(right, left + 2) + 6, y + ROW / 2 + 0.5);
}

function drawPath(
  context: CanvasRenderingContext2D, chart: Chart, xOf: (at: number) => number, scroll: number, first: number, last: number,
): void {
  const { state, colours } = chart;
  const middle = (i: number): number => AXIS + i * ROW - scroll + ROW / 2;
  context.strokeStyle = colours.critical;
  context.lineWidth = 2;
  for (const id of chart.path!) {
    const i = chart.index.get(id);
    const thought = state.thoughts.get(id);
    if (i === undefined || !thought || thought.start === null) continue;
    const [left, right] = [xOf(thought.start), xOf(thought.end ?? state.now)];
    if (i >= first && i < last) {
      context.beginPath();
      context.roundRect(left - 1, middle(i) - ROW / 2 + 4, Math.max(4, right - left + 2), ROW - 8, 4);
      context.stroke();
    }
    for (const need of thought.needs) {
      const k = chart.path!.has(need) ? chart.index.get(need) : undefined;
      const end = state.thoughts.get(need)?.end;
      if (k === undefined || end == null) continue;
      context.beginPath();
      context.moveTo(xOf(end), middle(k));
      context.bezierCurveTo(xOf(end) + 14, middle(k), left - 14, middle(i), left, middle(i));
      context.stroke();
    }
  }
}

function drawLabel(context: CanvasRenderingContext2D, chart: Chart, i: number, y: number, label: number): void {
  const { colours, state } = chart;
  const { id, level } = chart.rows[i]!;
  const thought = state.thoughts.get(id);
  if (!thought) return;
  const picked = id === chart.selected;
  context.fillStyle = picked ? colours.tint.running : i === chart.hovered ? colours.group : colours.card;
  context.fillRect(0, y, label, ROW);
  const x = 10 + 12 * Math.min(level - 1, 8);
  context.save();
  context.translate(x, y + 7.5);
  context.scale(11 / 12, 11 / 12);
  context.fillStyle = colours.status[thought.status];
  context.fill(new Path2D(SHAPES[thought.status]), "evenodd");
  context.restore();
  context.font = `12px ${colours.font}`;
  context.textBaseline = "middle";
  context.fillStyle = colours.text;
  const room = label - x - 28;
  const line = wrap(thought.title || id, room, 1, (part) => context.measureText(part).width)[0] ?? "";
  const way = direction(line);
  context.direction = way;
  context.textAlign = way === "rtl" ? "right" : "left";
  context.fillText(line, way === "rtl" ? x + 18 + room : x + 18, y + ROW / 2 + 0.5);
  context.direction = "ltr";
  context.textAlign = "left";
}
