// Evidence and verdicts of all thoughts in one table: which check said what of which thought, and what it was given.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { StatusMark } from "./icons";
import { route } from "./route";
import type { Session } from "./session";
import type { Mark, Thought } from "./state";
import { count, reward } from "./text";

const ROW = 30;
const SPARE = 8;

type Order = "run" | "reward";

export function Evidence({ run }: { run: Session }) {
  const state = run.shown.value;
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const [order, setOrder] = useState<Order>("run");
  useEffect(() => {
    void run.loadLog();
    const observer = new ResizeObserver(([entry]) => setHeight(entry!.contentRect.height));
    observer.observe(scroller.current!);
    return () => observer.disconnect();
  }, []);
  const { checks, rows, feeds } = useMemo(() => tableOf(state.thoughts, order), [state.thoughts, order]);
  if (!state.whole) {
    return <div class="matrix" ref={scroller}><p class="empty">{run.fault.value ? "The events could not be loaded." : `Loading the events${run.logProgress.value ? `: ${count(run.logProgress.value)}` : ""}…`}</p></div>;
  }
  const first = Math.max(0, Math.floor(top / ROW) - SPARE);
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW) + SPARE);
  const columns = `minmax(220px, 1fr) 84px 84px 84px repeat(${checks.length}, minmax(104px, 130px))`;
  return (
    <div class="matrix" ref={scroller} role="grid" aria-label="Evidence and verdicts" aria-rowcount={rows.length + 1} aria-colcount={4 + checks.length} tabIndex={0} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
      <div class="matrix-row matrix-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: columns }}>
        <div role="columnheader">Thought</div>
        <div role="columnheader" class="figure">Given</div>
        <div role="columnheader" class="figure">Feeds</div>
        <div role="columnheader" class="figure" aria-sort={order === "reward" ? "ascending" : "none"}>
          <button class="link" onClick={() => setOrder(order === "run" ? "reward" : "run")}>Reward{order === "reward" ? " ↑" : ""}</button>
        </div>
        {checks.map((check) => <div role="columnheader" key={check} class="matrix-check" title={check}>{check}</div>)}
      </div>
      <div class="outline-room" role="presentation" style={{ height: `${rows.length * ROW}px` }}>
        {rows.slice(first, last).map((thought, offset) => (
          <div
            key={thought.id} role="row" aria-rowindex={first + offset + 2} class={`matrix-row ${thought.id === route.value.node ? "selected" : ""}`}
            style={{ gridTemplateColumns: columns, transform: `translateY(${(first + offset) * ROW}px)` }} onClick={() => run.select(thought.id)}
          >
            <div role="gridcell" class="outline-title">
              <StatusMark status={thought.status} /><span class="visually-hidden">{thought.status}: </span>
              <bdi class="title-text" dir="auto">{thought.title || thought.id}</bdi>
            </div>
            <div role="gridcell" class="figure" title={thought.needs.slice(0, 20).join(", ")}>{thought.needs.length || ""}</div>
            <div role="gridcell" class="figure">{feeds.get(thought.id) ?? ""}</div>
            <div role="gridcell" class="figure">{thought.reward === null ? "" : reward(thought.reward)}</div>
            {checks.map((check) => <Cell key={check} mark={thought.marks.find((mark) => mark.check === check)} />)}
          </div>
        ))}
      </div>
      {rows.length > 0 && checks.length === 0 && <p class="empty">No check has said anything yet.</p>}
    </div>
  );
}

function tableOf(thoughts: ReadonlyMap<string, Thought>, order: Order): { checks: string[]; rows: Thought[]; feeds: Map<string, number> } {
  const checks = new Set<string>();
  const feeds = new Map<string, number>();
  for (const thought of thoughts.values()) {
    for (const mark of thought.marks) checks.add(mark.check);
    for (const need of thought.needs) feeds.set(need, (feeds.get(need) ?? 0) + 1);
  }
  const rows = [...thoughts.values()];
  if (order === "reward") rows.sort((a, b) => (a.reward ?? 2) - (b.reward ?? 2));
  return { checks: [...checks].sort(), rows, feeds };
}

function Cell({ mark }: { mark: Mark | undefined }) {
  if (!mark) return <div role="gridcell" class="verdict-cell verdict-absent"><span class="visually-hidden">not asked</span></div>;
  const { reward: value, conclusive } = mark;
  const level = value === null ? "none" : value >= 0.7 ? "high" : value >= 0.3 ? "middle" : "low";
  const sign = { none: "?", high: "✓", middle: "~", low: "✗" }[level];
  return (
    <div role="gridcell" class={`verdict-cell verdict-${level}`} title={`${mark.check}: ${value === null ? "cannot tell" : value}${conclusive ? ", conclusive" : ""}`}>
      <span aria-hidden="true">{sign}</span> {value === null ? <span class="visually-hidden">cannot tell</span> : reward(value)}{conclusive && <b title="conclusive">!</b>}
    </div>
  );
}
