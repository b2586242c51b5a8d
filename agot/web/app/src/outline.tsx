// The outline: every thought as a row of a tree grid. Only the rows in sight exist, so its length does not matter.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { treeOf, visibleRows } from "./derive";
import { Icon, StatusMark } from "./icons";
import { route } from "./route";
import type { Session } from "./session";
import { count, dollars, reward, seconds } from "./text";
import { colours } from "./theme";
import { heatColour } from "./graph_draw";

const ROW = 30;
const SPARE = 8;

export function Outline({ run }: { run: Session }) {
  const state = run.shown.value;
  const rows = useMemo(() => visibleRows(state, run.open.value), [state.structure, state.thoughts.size, run.open.value, run.replaying.value ? state.seq : -1]);
  const tree = treeOf(state);
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const selected = route.value.node;
  const index = useMemo(() => new Map(rows.map((row, i) => [row.id, i])), [rows]);
  const at = selected === null ? -1 : (index.get(selected) ?? -1);

  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setHeight(entry!.contentRect.height));
    observer.observe(scroller.current!);
    return () => observer.disconnect();
  }, []);

  const bring = (i: number): void => {
    const element = scroller.current!;
    const room = element.clientHeight - ROW;
    if (i * ROW < element.scrollTop) element.scrollTop = i * ROW;
    else if ((i + 1) * ROW > element.scrollTop + room) element.scrollTop = (i + 1) * ROW - room;
  };
  useEffect(() => { if (at >= 0) bring(at); }, [at >= 0 ? selected : null]);
  useEffect(() => {
    if (run.running.value && run.follow.value && rows.length) bring(newestRow());
  }, [rows.length, run.follow.value]);

  function newestRow(): number {
    for (let i = rows.length - 1; i >= 0; i--) {
      if (state.thoughts.get(rows[i]!.id)?.status === "running") return i;
    }
    return rows.length - 1;
  }

  const first = Math.max(0, Math.floor(top / ROW) - SPARE);
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW) + SPARE);
  const shownRows = rows.slice(first, last);
  const path = run.critical.value ? run.path.value : null;

  const onKeyDown = (event: KeyboardEvent): void => {
    const move = (i: number): void => run.select(rows[Math.max(0, Math.min(rows.length - 1, i))]?.id ?? null);
    const page = Math.max(1, Math.floor(height / ROW) - 2);
    const id = rows[at]?.id;
    const nested = id !== undefined && tree.inside.has(id);
    switch (event.key) {
      case "ArrowDown": move(at + 1); break;
      case "ArrowUp": move(at < 0 ? 0 : at - 1); break;
      case "PageDown": move(at + page); break;
      case "PageUp": move(at - page); break;
      case "Home": move(0); break;
      case "End": move(rows.length - 1); break;
      case "ArrowRight":
        if (nested && !run.open.value.has(id)) run.toggle(id);
        else if (nested) move(at + 1);
        break;
      case "ArrowLeft":
        if (nested && run.open.value.has(id)) run.toggle(id);
        else if (id !== undefined && index.has(state.thoughts.get(id)?.parent ?? "")) move(index.get(state.thoughts.get(id)!.parent!)!);
        break;
      case "Enter":
      case " ":
        if (nested) run.toggle(id);
        break;
      default: return;
    }
    event.preventDefault();
  };

  return (
    <div
      class="outline" ref={scroller} role="treegrid" aria-label="Outline of the thoughts" tabIndex={0}
      aria-rowcount={rows.length + 1} aria-colcount={7}
      aria-activedescendant={at >= first && at < last ? `row-${at}` : undefined}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onWheel={() => { if (run.running.value) run.follow.value = false; }}
      onKeyDown={onKeyDown}
    >
      <div class="outline-row outline-head" role="row" aria-rowindex={1}>
        {["Thought", "Strategy", "Calls", "Tokens", "Cost", "Time", "Reward"].map((name, i) => (
          <div role="columnheader" class={i > 1 ? "figure" : ""} key={name} aria-colindex={i + 1}>{name}</div>
        ))}
      </div>
      <div class="outline-room" role="presentation" style={{ height: `${rows.length * ROW}px` }}>
        {shownRows.map(({ id, level }, offset) => {
          const i = first + offset;
          const thought = state.thoughts.get(id)!;
          const nested = tree.inside.get(id)?.length ?? 0;
          const open = run.open.value.has(id);
          const heat = run.heat.value(thought);
          const time = thought.start === null ? null : (thought.end ?? state.now) - thought.start;
          return (
            <div
              key={id} id={`row-${i}`} role="row" class={`outline-row ${id === selected ? "selected" : ""} ${path?.has(id) ? "critical" : ""}`}
              style={{ transform: `translateY(${i * ROW}px)` }}
              aria-level={level} aria-rowindex={i + 2} aria-selected={id === selected} aria-expanded={nested ? open : undefined}
              onClick={() => run.select(id)} onDblClick={() => nested && run.toggle(id)}
            >
              <div role="gridcell" class="outline-title" aria-colindex={1} style={{ paddingInlineStart: `${8 + 16 * Math.min(level - 1, 24)}px` }}>
                <span
                  class={`twist ${nested ? "" : "leaf"} ${open ? "open" : ""}`}
                  onClick={(event) => { event.stopPropagation(); if (nested) run.toggle(id); }}
                >{nested > 0 && <Icon name="chevron" />}</span>
                <StatusMark status={thought.status} />
                <span class="visually-hidden">{thought.status}: </span>
                <bdi class="title-text" dir="auto" title={thought.title}>{thought.title || thought.id}</bdi>
                {nested > 0 && <span class="badge" title={`${nested} thoughts inside`}>{count(nested)}</span>}
                {thought.searches > 0 && <span class="badge" title="Searched">search</span>}
                {path?.has(id) && <span class="badge badge-critical">critical</span>}
              </div>
              <div role="gridcell" class="outline-strategy" aria-colindex={2}>{thought.strategy}</div>
              <div role="gridcell" class="figure" aria-colindex={3}>{thought.calls ? count(thought.calls) : ""}</div>
              <div role="gridcell" class="figure" aria-colindex={4}>{thought.tokens ? count(thought.tokens) : ""}</div>
              <div role="gridcell" class="figure" aria-colindex={5}>{thought.cost ? dollars(thought.cost) : ""}</div>
              <div role="gridcell" class="figure" aria-colindex={6}>{time === null ? "" : seconds(time)}</div>
              <div role="gridcell" class="figure" aria-colindex={7}>{thought.reward === null ? "" : reward(thought.reward)}</div>
              {heat > 0 && <i class="heat-bar" aria-hidden="true" style={{ width: `${(25 * heat).toFixed(1)}%`, background: heatColour(colours.value, heat) }} />}
            </div>
          );
        })}
      </div>
      {rows.length === 0 && <p class="empty">{run.connection.value === "loading" ? "Loading…" : "No thoughts yet."}</p>}
    </div>
  );
}
