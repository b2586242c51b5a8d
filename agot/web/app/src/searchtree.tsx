// The tree of a search (Tree of Thoughts, Monte-Carlo and the like): where it went, how often, and what it made of it.

import { useEffect, useMemo, useState } from "preact/hooks";
import type { Search, SearchNode } from "./detail";
import { Meter } from "./panel";
import { Prose } from "./prose";
import { go, route } from "./route";
import type { Session } from "./session";
import { count, direction, plural } from "./text";

const BOX = { width: 216, height: 34, column: 264, row: 44 };
/** A picture of more nodes than this helps nobody; the most visited ones are drawn, and the page says so. */
const MOST = 800;

export interface TreeNode {
  readonly node: SearchNode;
  readonly x: number;
  readonly y: number;
  readonly visits: number;
  readonly value: number | null;
}

/** The moments at which something was added or backed up. */
export function momentsOf(search: Search): number[] {
  const moments = new Set<number>();
  for (const node of search.nodes) {
    moments.add(node.seq);
    for (const [seq] of node.visits) moments.add(seq);
  }
  return [...moments].sort((a, b) => a - b);
}

/** Place the nodes that existed at a moment: columns by depth, leaves below one another, parents amid their children. */
export function placeTree(search: Search, until: number): TreeNode[] {
  const seen = (node: SearchNode) => node.visits.filter(([seq]) => seq <= until).at(-1);
  let nodes = search.nodes.filter((node) => node.seq <= until);
  if (nodes.length > MOST) {
    const chosen = new Set(search.path);
    const rank = (node: SearchNode): number => (chosen.has(node.node) ? Infinity : (seen(node)?.[1] ?? 0));
    nodes = [...nodes].sort((a, b) => rank(b) - rank(a) || a.seq - b.seq).slice(0, MOST);
  }
  const byNumber = new Map(nodes.map((node) => [node.node, node]));
  const children = new Map<number | null, SearchNode[]>();
  for (const node of [...nodes].sort((a, b) => a.node - b.node)) {
    const parent = node.parent !== null && byNumber.has(node.parent) ? node.parent : null;
    const siblings = children.get(parent);
    if (siblings) siblings.push(node);
    else children.set(parent, [node]);
  }
  const placed = new Map<number, TreeNode>();
  let row = 0;
  // Twice on the stack: on the way down, and once the children stand.
  const stack = (children.get(null) ?? []).map((node) => ({ node, depth: 0, back: false })).reverse();
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { node, depth, back } = top;
    const inner = children.get(node.node) ?? [];
    if (!back && inner.length) {
      stack.push({ node, depth, back: true });
      for (let i = inner.length - 1; i >= 0; i--) stack.push({ node: inner[i]!, depth: depth + 1, back: false });
      continue;
    }
    const ys = inner.map((child) => placed.get(child.node)!.y);
    const y = ys.length ? (ys[0]! + ys.at(-1)!) / 2 : row++ * BOX.row;
    const visit = seen(node);
    placed.set(node.node, { node, x: depth * BOX.column, y, visits: visit?.[1] ?? 0, value: visit ? visit[2] : node.value });
  }
  return [...placed.values()];
}

export function SearchTree({ run }: { run: Session }) {
  const state = run.shown.value;
  const searched = useMemo(() => [...state.thoughts.values()].filter((thought) => thought.searches > 0), [state.thoughts]);
  const { node } = route.value;
  const id = node !== null && (state.thoughts.get(node)?.searches ?? 0) > 0 ? node : searched[0]?.id;
  const [found, setFound] = useState<{ id: string; searches: Search[] } | null>(null);
  const [fault, setFault] = useState("");
  const [which, setWhich] = useState(0);
  const touched = id === undefined ? 0 : (state.thoughts.get(id)?.touched ?? 0);
  useEffect(() => {
    if (id === undefined) return;
    let current = true;
    const timer = setTimeout(() => run.searches(id).then(
      (searches) => { if (current) { setFound({ id, searches }); setFault(""); } },
      (error: Error) => { if (current) setFault(error.message); },
    ), found?.id === id ? 400 : 0);
    return () => { current = false; clearTimeout(timer); };
  }, [id, touched]);
  if (id === undefined) return <p class="empty">No thought of this run was searched. Strategies such as mcts, tot-bfs and rebase search.</p>;
  const searches = found?.id === id ? found.searches : null;
  const search = searches?.[Math.min(which, searches.length - 1)];
  return (
    <div class="search-view">
      <div class="bar">
        <label>Thought{" "}
          <select value={id} onChange={(event) => go({ node: event.currentTarget.value })}>
            {searched.slice(0, 500).map((thought) => <option key={thought.id} value={thought.id}>{thought.id}: {thought.title.slice(0, 60)}</option>)}
          </select>
        </label>
        {searches && searches.length > 1 && (
          <label>Search{" "}
            <select value={which} onChange={(event) => setWhich(Number(event.currentTarget.value))}>
              {searches.map((one, i) => <option key={i} value={i}>{i + 1}: {one.strategy || "under way"}</option>)}
            </select>
          </label>
        )}
      </div>
      {fault && <p class="fault">{fault}</p>}
      {!searches && !fault && <p class="empty">Loading…</p>}
      {searches?.length === 0 && <p class="empty">Nothing is kept of this search.</p>}
      {search && <Tree key={`${id} ${which}`} search={search} />}
    </div>
  );
}

function Tree({ search }: { search: Search }) {
  const moments = useMemo(() => momentsOf(search), [search]);
  const [at, setAt] = useState<number | null>(null);
  const [picked, setPicked] = useState<number | null>(null);
  const last = moments.length - 1;
  const now = at === null ? Infinity : moments[Math.min(at, last)]!;
  const nodes = useMemo(() => placeTree(search, now), [search, now]);
  const byNumber = new Map(nodes.map((one) => [one.node.node, one]));
  const path = new Set(at === null ? search.path : []);
  const most = Math.max(1, ...nodes.map((one) => one.visits));
  const width = Math.max(...nodes.map((one) => one.x), 0) + BOX.width + 40;
  const height = Math.max(...nodes.map((one) => one.y), 0) + BOX.height + 40;
  const chosen = picked === null ? undefined : byNumber.get(picked);
  const total = search.nodes.filter((node) => node.seq <= now).length;
  return (
    <>
      <div class="bar">
        <label class="bar-slider">Step
          <input type="range" min={0} max={Math.max(0, last)} value={at ?? last} aria-valuetext={`step ${(at ?? last) + 1} of ${last + 1}`}
            onInput={(event) => { const to = Number(event.currentTarget.value); setAt(to >= last ? null : to); }} />
          <span class="figure">{(at ?? last) + 1} of {last + 1}</span>
        </label>
        <span class="of">{plural(total, "node")} · {search.strategy}{search.why && `: ${search.why}`}</span>
        {total > nodes.length && <span class="of">Only the {count(nodes.length)} most visited are drawn.</span>}
      </div>
      <div class="search-room" tabIndex={0} role="region" aria-label="Search tree">
        <svg width={width} height={height} viewBox={`-20 -20 ${width} ${height}`} role="group" aria-label={`Tree of ${plural(nodes.length, "node")}`}>
          <defs>
            <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="6" class="hatch" /></pattern>
          </defs>
          {nodes.map(({ node, x, y, visits }) => {
            const parent = node.parent === null ? undefined : byNumber.get(node.parent);
            if (!parent) return null;
            const [ax, ay, by] = [parent.x + BOX.width, parent.y + BOX.height / 2, y + BOX.height / 2];
            const wide = 1 + 7 * Math.sqrt(visits / most);
            return <path key={node.node} class={`search-edge ${path.has(node.node) ? "best" : ""}`} style={{ strokeWidth: `${visits ? wide : 1}px` }} d={`M${ax} ${ay}C${ax + 28} ${ay} ${x - 28} ${by} ${x} ${by}`} />;
          })}
          {nodes.map((one) => <Node key={one.node.node} one={one} best={path.has(one.node.node)} picked={picked === one.node.node} ended={at === null} onPick={() => setPicked(one.node.node)} />)}
        </svg>
      </div>
      {chosen && (
        <div class="search-note" role="region" aria-label="Search node">
          <div class="bar">
            <b>Node {chosen.node.node}</b> <Meter value={chosen.value} /> <span class="of">{plural(chosen.visits, "visit")}{chosen.node.done ? " · finished" : ""}{chosen.node.pruned ? ` · pruned: ${chosen.node.pruned}` : ""}</span>
            <span class="spring" /><button class="button small" onClick={() => setPicked(null)}>Close</button>
          </div>
          <Prose text={chosen.node.text} />
        </div>
      )}
    </>
  );
}

function Node({ one, best, picked, ended, onPick }: { one: TreeNode; best: boolean; picked: boolean; ended: boolean; onPick: () => void }) {
  const { node, x, y, visits, value } = one;
  const pruned = ended && node.pruned !== null;
  const text = node.text.replace(/\s+/g, " ").trim() || (node.parent === null ? "start" : "–");
  const points = Array.from(text.slice(0, 80));
  const short = points.length > 25 ? `${points.slice(0, 24).join("")}…` : text;
  const way = direction(short);
  const level = value === null ? "none" : value >= 0.7 ? "high" : value >= 0.3 ? "middle" : "low";
  const words = `Node ${node.node}, ${value === null ? "no value" : `value ${value.toFixed(2)}`}, ${plural(visits, "visit")}${pruned ? ", pruned" : ""}${best ? ", on the best path" : ""}: ${text.slice(0, 120)}`;
  return (
    <g class={`search-node ${best ? "best" : ""} ${picked ? "picked" : ""}`} transform={`translate(${x} ${y})`}>
      <rect
        class="search-box" width={BOX.width} height={BOX.height} rx="6" role="button" tabIndex={0} aria-label={words} onClick={onPick}
        onKeyDown={(event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); onPick(); } }}
      ><title>{text.slice(0, 400)}</title></rect>
      {pruned && <rect class="search-pruned" width={BOX.width} height={BOX.height} rx="6" fill="url(#hatch)" />}
      {value !== null && <rect class={`search-value value-${level}`} x="0" y={BOX.height - 4} width={Math.max(3, BOX.width * Math.min(1, value))} height="4" rx="2" />}
      <text aria-hidden="true" class="search-text" x={way === "rtl" ? BOX.width - 44 : 9} y="20" direction={way}>{short}</text>
      <text aria-hidden="true" class="search-figure" x={BOX.width - 8} y="14" text-anchor="end">{value === null ? "" : value.toFixed(2)}</text>
      <text aria-hidden="true" class="search-figure" x={BOX.width - 8} y="26" text-anchor="end">{visits ? `×${visits}` : node.done ? "done" : ""}</text>
    </g>
  );
}
