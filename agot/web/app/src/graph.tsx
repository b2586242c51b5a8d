// The graph view: nested graphs that open and close, zoom by wheel, move by drag.

import { effect } from "@preact/signals";
import { useMemo, useRef, useState } from "preact/hooks";
import { at, Canvas } from "./canvas";
import { treeOf } from "./derive";
import { GraphView } from "./graph_view";
import { Icon } from "./icons";
import { route } from "./route";
import type { Session } from "./session";
import { count, plural } from "./text";
import { colours } from "./theme";

/** The graph on the page, for the exports; null while another view is shown. */
export const graphOnPage: { current: GraphView | null } = { current: null };

export function Graph({ run }: { run: Session }) {
  const view = useRef<GraphView | null>(null);
  const drag = useRef<{ x: number; y: number; moved: boolean } | null>(null);
  const [hovered, setHovered] = useState<string | null>(null);
  const hover = useRef<string | null>(null);
  const feed = useMemo(() => ({ run: () => undefined as void }), []);

  const ready = (canvas: HTMLCanvasElement) => {
    const graph = new GraphView(canvas);
    view.current = graphOnPage.current = graph;
    feed.run = () => {
      graph.update({
        state: run.shown.value, open: run.open.value, colours: colours.value,
        follow: run.replaying.value || !run.running.value || run.follow.value || run.fresh.value === 0,
        look: {
          selected: route.value.node, hovered: hover.current, metric: run.metric.value, heat: run.heat.value,
          path: run.critical.value ? run.path.value : null, now: run.shown.value.now,
        },
      });
    };
    const stop = effect(() => feed.run());
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      const { x, y } = at({ currentTarget: canvas, clientX: event.clientX, clientY: event.clientY } as unknown as MouseEvent);
      if (event.shiftKey) graph.pan(-event.deltaY - event.deltaX, 0);
      else graph.zoom(Math.exp(-Math.max(-240, Math.min(240, event.deltaY)) / 420), x, y);
      run.follow.value = false;
    };
    canvas.addEventListener("wheel", wheel, { passive: false });
    return () => {
      stop();
      canvas.removeEventListener("wheel", wheel);
      graph.close();
      if (graphOnPage.current === graph) graphOnPage.current = null;
    };
  };

  const toggle = (id: string): void => {
    if (!treeOf(run.shown.value).inside.has(id)) return;
    view.current!.hold(id);
    run.toggle(id);
  };
  const point = (id: string | null): void => {
    if (hover.current === id) return;
    hover.current = id;
    setHovered(id);
    feed.run();
  };

  const thought = hovered ? run.shown.value.thoughts.get(hovered) : undefined;
  return (
    <div class="stage">
      <Canvas
        class="graph-canvas" tabIndex={0} role="img"
        aria-label={`Graph of ${plural(run.shown.value.thoughts.size, "thought")}. The outline holds the same as a table.`}
        onReady={ready}
        onSize={(width, height, ratio) => view.current?.resize(width, height, ratio)}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.current = { x: event.clientX, y: event.clientY, moved: false };
        }}
        onPointerMove={(event) => {
          const start = drag.current;
          if (!start) return point(view.current!.cardAt(at(event).x, at(event).y)?.id ?? null);
          const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
          if (!start.moved && Math.abs(dx) + Math.abs(dy) < 4) return;
          drag.current = { x: event.clientX, y: event.clientY, moved: true };
          run.follow.value = false;
          view.current!.pan(dx, dy);
        }}
        onPointerUp={(event) => {
          const moved = drag.current?.moved;
          drag.current = null;
          if (moved) return;
          const hit = view.current!.cardAt(at(event).x, at(event).y);
          run.select(hit?.header ? hit.id : null);
        }}
        onPointerLeave={() => point(null)}
        onDblClick={(event) => {
          const hit = view.current!.cardAt(at(event).x, at(event).y);
          if (hit?.header) toggle(hit.id);
        }}
        onKeyDown={(event) => {
          const { node } = route.value;
          if (event.key === "Enter" && node) toggle(node);
          else if (event.key === "+" || event.key === "=") view.current!.zoom(1.25);
          else if (event.key === "-") view.current!.zoom(0.8);
          else if (event.key === "0") view.current!.fit();
          else if (event.key.startsWith("Arrow")) {
            const along = event.key === "ArrowLeft" || event.key === "ArrowRight";
            const step = event.key === "ArrowLeft" || event.key === "ArrowUp" ? 60 : -60;
            view.current!.pan(along ? step : 0, along ? 0 : step);
          } else return;
          event.preventDefault();
        }}
      />
      <div class="stage-tools" role="toolbar" aria-label="Zoom">
        <button class="tool" onClick={() => view.current!.zoom(1.25)} aria-label="Zoom in" title="Zoom in (+)"><Icon name="plus" /></button>
        <button class="tool" onClick={() => view.current!.zoom(0.8)} aria-label="Zoom out" title="Zoom out (-)"><Icon name="minus" /></button>
        <button class="tool" onClick={() => view.current!.fit()} aria-label="Fit the whole graph" title="Fit (0)"><Icon name="fit" /></button>
        <button class="tool wide" onClick={() => { view.current!.fitNext(); run.openAll(); }}>Open all</button>
        <button class="tool wide" onClick={() => { view.current!.fitNext(); run.closeAll(); }}>Close all</button>
      </div>
      {thought && (
        <div class="hover-note" dir="auto">
          <b>{thought.id}</b> {thought.status} · {thought.strategy || "no strategy yet"} · {count(thought.tokens)} tok
        </div>
      )}
      {run.shown.value.thoughts.size === 0 && <p class="empty">No thoughts yet.</p>}
    </div>
  );
}
