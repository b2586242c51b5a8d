// The waterfall view: when each thought was at work, what the run waited for, and when it waited for nothing.

import { effect } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { at, Canvas } from "./canvas";
import { idleGaps, treeOf, visibleRows } from "./derive";
import { Icon } from "./icons";
import { route } from "./route";
import type { Session } from "./session";
import { plural, seconds } from "./text";
import { colours } from "./theme";
import { AXIS, drawWaterfall, labelWidth, ROW, type Chart, type Window } from "./waterfall_draw";

/** Logs of up to so many events are fetched without being asked, so that calls and true idle gaps show. */
const LOG_UP_TO = 30_000;

export function Waterfall({ run }: { run: Session }) {
  const scroller = useRef<HTMLDivElement>(null);
  const drag = useRef<{ x: number; y: number; moved: boolean } | null>(null);
  const [rowCount, setRowCount] = useState(0);
  const [height, setHeight] = useState(400);
  const [note, setNote] = useState("");
  const view = useMemo(() => new WaterfallView(run), []);

  useEffect(() => {
    if (!run.running.value && run.live.value.seq <= LOG_UP_TO) void run.loadLog();
  }, []);

  const ready = (canvas: HTMLCanvasElement) => {
    view.context = canvas.getContext("2d", { alpha: false });
    view.canvas = canvas;
    const stop = effect(() => {
      view.refresh();
      setRowCount(view.chart!.rows.length);
      setNote(view.note());
    });
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.altKey) return;
      event.preventDefault();
      view.zoom(Math.exp(-event.deltaY / 300), event.clientX - canvas.getBoundingClientRect().left);
    };
    canvas.addEventListener("wheel", wheel, { passive: false });
    return () => {
      stop();
      view.close();
      canvas.removeEventListener("wheel", wheel);
    };
  };
  const select = (step: number): void => {
    const rows = view.chart!.rows;
    const i = view.chart!.index.get(route.value.node ?? "") ?? -1;
    run.select(rows[Math.max(0, Math.min(rows.length - 1, i + step))]?.id ?? null);
  };
  useEffect(() => {
    const i = view.chart?.index.get(route.value.node ?? "");
    const element = scroller.current!;
    if (i === undefined) return;
    if (i * ROW < element.scrollTop) element.scrollTop = i * ROW;
    else if ((i + 1) * ROW + AXIS > element.scrollTop + element.clientHeight) element.scrollTop = (i + 1) * ROW + AXIS - element.clientHeight;
  }, [route.value.node]);

  return (
    <div class="stage">
      <div
        class="waterfall" ref={scroller}
        onScroll={(event) => { view.scroll = event.currentTarget.scrollTop; view.schedule(); }}
      >
        <div style={{ height: `${Math.max(height, rowCount * ROW + AXIS + 24)}px` }}>
          <Canvas
            class="waterfall-canvas" tabIndex={0} role="img" style={{ height: `${height}px` }}
            aria-label={`Waterfall of ${plural(rowCount, "row")}. ${note} The outline holds the same times as a table.`}
            onReady={ready}
            onSize={() => {
              const { clientWidth, clientHeight } = scroller.current!;
              setHeight(clientHeight);
              view.resize(clientWidth, clientHeight, devicePixelRatio || 1);
            }}
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              drag.current = { x: event.clientX, y: event.clientY, moved: false };
            }}
            onPointerMove={(event) => {
              const start = drag.current;
              if (!start) return view.hover(at(event).y);
              const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
              if (!start.moved && Math.abs(dx) + Math.abs(dy) < 4) return;
              drag.current = { x: event.clientX, y: event.clientY, moved: true };
              scroller.current!.scrollTop -= dy;
              view.pan(dx);
            }}
            onPointerUp={(event) => {
              const moved = drag.current?.moved;
              drag.current = null;
              if (!moved) run.select(view.rowAt(at(event).y));
            }}
            onPointerLeave={() => view.hover(-1)}
            onDblClick={(event) => {
              const id = view.rowAt(at(event).y);
              if (id && treeOf(run.shown.value).inside.has(id)) run.toggle(id);
            }}
            onKeyDown={(event) => {
              if (event.key === "ArrowDown") select(1);
              else if (event.key === "ArrowUp") select(-1);
              else if (event.key === "ArrowLeft") view.pan(60);
              else if (event.key === "ArrowRight") view.pan(-60);
              else if (event.key === "+" || event.key === "=") view.zoom(1.3);
              else if (event.key === "-") view.zoom(1 / 1.3);
              else if (event.key === "0") view.fit();
              else if (event.key === "Enter" && route.value.node) run.toggle(route.value.node);
              else return;
              event.preventDefault();
            }}
          />
        </div>
      </div>
      <div class="stage-tools" role="toolbar" aria-label="Zoom">
        <button class="tool" onClick={() => view.zoom(1.4)} aria-label="Zoom in" title="Zoom in (+)"><Icon name="plus" /></button>
        <button class="tool" onClick={() => view.zoom(1 / 1.4)} aria-label="Zoom out" title="Zoom out (-)"><Icon name="minus" /></button>
        <button class="tool" onClick={() => view.fit()} aria-label="Fit all of the time" title="Fit (0)"><Icon name="fit" /></button>
      </div>
      {note && <div class="hover-note">{note}</div>}
      {rowCount === 0 && <p class="empty">Nothing has begun yet.</p>}
    </div>
  );
}

class WaterfallView {
  context: CanvasRenderingContext2D | null = null;
  canvas: HTMLCanvasElement | null = null;
  chart: Chart | null = null;
  scroll = 0;
  private time: Window | null = null;
  private size = { width: 1, height: 1, ratio: 1 };
  private frame = 0;
  private hovered = -1;

  constructor(private readonly run: Session) {}

  close(): void {
    cancelAnimationFrame(this.frame);
    this.context = null;
  }

  refresh(): void {
    const { run } = this;
    const state = run.shown.value;
    const rows = this.sorted(visibleRows(state, run.open.value));
    this.chart = {
      state, rows, index: new Map(rows.map((row, i) => [row.id, i])), gaps: idleGaps(state, Math.max(0.02, state.now / 200)),
      path: run.critical.value ? run.path.value : null, selected: route.value.node, hovered: this.hovered,
      metric: run.metric.value, heat: run.heat.value, colours: colours.value,
    };
    this.schedule();
  }

  /** Siblings by when they began; what has not begun comes last. */
  private sorted(rows: { id: string; level: number }[]): { id: string; level: number }[] {
    const { thoughts } = this.run.shown.value;
    const groups: { row: { id: string; level: number }; rest: { id: string; level: number }[] }[] = [];
    const level = rows[0]?.level ?? 0;
    for (const row of rows) {
      if (row.level === level) groups.push({ row, rest: [] });
      else groups.at(-1)!.rest.push(row);
    }
    const start = (id: string): number => thoughts.get(id)?.start ?? Infinity;
    groups.sort((a, b) => (start(a.row.id) < start(b.row.id) ? -1 : start(a.row.id) > start(b.row.id) ? 1 : 0));
    return groups.flatMap(({ row, rest }) => (rest.length > 1 ? [row, ...this.sorted(rest)] : [row, ...rest]));
  }

  note(): string {
    const { gaps, path, state } = this.chart!;
    const idle = gaps.reduce((sum, [start, end]) => sum + end - start, 0);
    const parts = [];
    if (gaps.length) parts.push(`${plural(gaps.length, "idle gap")}, ${seconds(idle)} of ${seconds(state.now)}.`);
    if (path) parts.push(`Critical path: ${plural(path.size, "thought")}.`);
    return parts.join(" ");
  }

  resize(width: number, height: number, ratio: number): void {
    if (!this.canvas) return;
    const changed = this.size.width !== width;
    this.size = { width, height, ratio };
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    if (changed) this.time = null;
    this.paint();
  }

  private fitted(): Window {
    const room = this.size.width - labelWidth(this.size.width) - 70;
    return { from: 0, perSecond: Math.max(1e-6, room / Math.max(0.05, this.chart!.state.now)) };
  }

  fit(): void {
    this.time = null;
    this.schedule();
  }

  zoom(factor: number, x = this.size.width * 0.65): void {
    const time = this.time ?? this.fitted();
    const label = labelWidth(this.size.width);
    const perSecond = Math.min(1e6, Math.max(this.fitted().perSecond / 4, time.perSecond * factor));
    const under = time.from + (x - label) / time.perSecond;
    this.time = { from: under - (x - label) / perSecond, perSecond };
    this.schedule();
  }

  pan(dx: number): void {
    const time = this.time ?? this.fitted();
    this.time = { ...time, from: time.from - dx / time.perSecond };
    this.schedule();
  }

  rowAt(y: number): string | null {
    return y < AXIS ? null : (this.chart?.rows[Math.floor((y - AXIS + this.scroll) / ROW)]?.id ?? null);
  }

  hover(y: number): void {
    const row = y < AXIS ? -1 : Math.floor((y - AXIS + this.scroll) / ROW);
    if (row === this.hovered || !this.chart) return;
    this.hovered = row;
    this.chart = { ...this.chart, hovered: row };
    this.schedule();
  }

  schedule(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  paint(): void {
    if (!this.context || !this.chart) return;
    drawWaterfall(this.context, this.chart, this.time ?? this.fitted(), this.scroll, this.size);
  }
}
