// Two runs side by side: sums, answers word by word, and the thoughts that differ.

import { diffArrays } from "diff";
import { useEffect, useMemo, useState } from "preact/hooks";
import { totalsOf } from "./derive";
import { StatusMark } from "./icons";
import { go, route } from "./route";
import type { Session } from "./session";
import { api, saved, type Run, type RunRow } from "./source";
import { asTrust, fromSkeleton, type RunState, type Thought } from "./state";
import { count, dollars, plural, reward, seconds, when } from "./text";

const ROWS = 200;
/** Comparing word by word takes time that grows with the square of the length. */
const WORDS_UP_TO = 8000;
/** Line ends, other space, Latin words and numbers, and single characters of the rest. */
const WORD = /\r?\n|[^\S\r\n]+|[\p{Script=Latin}\p{Nd}_]+|[^]/gu;

export function Compare({ run }: { run: Session }) {
  const { other } = route.value;
  const [choices, setChoices] = useState<RunRow[]>([]);
  const [found, setFound] = useState<{ run: Run; state: RunState } | null>(null);
  const [fault, setFault] = useState("");
  useEffect(() => {
    if (!saved) api.runs({ q: "", status: "", before: null }).then((page) => setChoices(page.runs), (error: Error) => setFault(error.message));
  }, []);
  useEffect(() => {
    let current = true;
    setFound(null);
    if (!other) return;
    Promise.all([api.run(other), api.skeleton(other)]).then(
      ([row, skeleton]) => { if (current) { setFound({ run: row, state: fromSkeleton(skeleton, null) }); setFault(""); } },
      (error: Error) => { if (current) setFault(error.message); },
    );
    return () => { current = false; };
  }, [other]);
  if (saved) return <p class="empty">A run saved as one file has nothing to be compared with.</p>;
  const same = choices.filter((row) => row.id !== run.id);
  const alike = (row: RunRow): number => (row.question === run.run.value?.question ? 0 : 1);
  return (
    <div class="compare">
      <div class="bar">
        <label>Compare with{" "}
          <select value={other ?? ""} onChange={(event) => go({ other: event.currentTarget.value || null })}>
            <option value="">choose a run…</option>
            {other && !same.some((row) => row.id === other) && <option value={other}>{other}</option>}
            {[...same].sort((a, b) => alike(a) - alike(b)).map((row) => <option key={row.id} value={row.id}>{when(row.created_at)} · {row.status} · {row.question.slice(0, 70)}</option>)}
          </select>
        </label>
      </div>
      {fault && <p class="fault">{fault}</p>}
      {!other && <p class="empty">Choose a second run. Runs of the same question come first.</p>}
      {other && !found && !fault && <p class="empty">Loading…</p>}
      {found && run.run.value && <Both left={{ run: run.run.value, state: run.shown.value }} right={found} onPick={(id) => run.select(id)} />}
    </div>
  );
}

interface Side {
  readonly run: Run;
  readonly state: RunState;
}

function Both({ left, right, onPick }: { left: Side; right: Side; onPick: (id: string) => void }) {
  const [most, setMost] = useState(ROWS);
  const differences = useMemo(() => differencesOf(left.state, right.state), [left.state, right.state]);
  const [a, b] = [totalsOf(left.state), totalsOf(right.state)];
  const lines: [string, string, string, number | null][] = [
    ["Status", left.run.status, right.run.status, null],
    ["Trust", told(left.run), told(right.run), null],
    ["Strategy", left.run.strategy, right.run.strategy, null],
    ["Model", left.run.model, right.run.model, null],
    ["Thoughts", count(a.thoughts), count(b.thoughts), share(a.thoughts, b.thoughts)],
    ["Calls", count(a.calls), count(b.calls), share(a.calls, b.calls)],
    ["Tokens", count(a.tokens), count(b.tokens), share(a.tokens, b.tokens)],
    ["Cost", dollars(a.cost), dollars(b.cost), share(a.cost, b.cost)],
    ["Time", seconds(left.run.wall_s), seconds(right.run.wall_s), share(left.run.wall_s ?? 0, right.run.wall_s ?? 0)],
  ];
  return (
    <div class="compare-body" tabIndex={0} role="region" aria-label="Comparison">
      <table class="plain">
        <thead><tr><th scope="col"><span class="visually-hidden">Figure</span></th><th scope="col">This run</th><th scope="col">The other</th><th scope="col">Change</th></tr></thead>
        <tbody>
          {lines.map(([name, x, y, change]) => (
            <tr key={name} class={x === y ? "" : "differs"}><th scope="row">{name}</th><td dir="auto">{x}</td><td dir="auto">{y}</td>
              <td>{change === null ? (x === y ? "same" : "differs") : change === 0 ? "same" : `${change > 0 ? "+" : "−"}${Math.abs(Math.round(100 * change))}%`}</td></tr>
          ))}
        </tbody>
      </table>
      <h2>Answer</h2>
      <Words before={left.run.answer ?? ""} after={right.run.answer ?? ""} />
      <h2>{plural(differences.length, "thought")} that differ{differences.length === 1 ? "s" : ""}</h2>
      {differences.length > 0 && (
        <table class="plain">
          <thead><tr><th scope="col">Thought</th><th scope="col">This run</th><th scope="col">The other</th></tr></thead>
          <tbody>
            {differences.slice(0, most).map(({ id, before, after }) => (
              <tr key={id}><th scope="row"><button class="link" onClick={() => onPick(id)}><code>{id}</code></button></th><td><Short thought={before} /></td><td><Short thought={after} /></td></tr>
            ))}
          </tbody>
        </table>
      )}
      {differences.length > most && <button class="button small" onClick={() => setMost(most + 5 * ROWS)}>Show more of {count(differences.length)}</button>}
    </div>
  );
}

/** How far the answer can be trusted; a run without one has nothing to trust. */
function told(run: Run): string {
  return run.answer ? asTrust(run.trust) : "–";
}

function share(before: number, after: number): number {
  return before === after ? 0 : before === 0 ? 1 : (after - before) / before;
}

function Short({ thought }: { thought: Thought | undefined }) {
  if (!thought) return <span class="none">not there</span>;
  const figures = [thought.strategy, thought.reward === null ? "" : reward(thought.reward), thought.tokens ? `${count(thought.tokens)} tok` : ""];
  return (
    <span class="compare-thought"><StatusMark status={thought.status} /><span class="visually-hidden">{thought.status}: </span>
      <bdi dir="auto">{thought.title}</bdi> <span class="of">{figures.filter(Boolean).join(" · ")}</span></span>
  );
}

export interface Difference {
  readonly id: string;
  readonly before: Thought | undefined;
  readonly after: Thought | undefined;
}

/** Thoughts that only one run has, or that came out differently. */
export function differencesOf(left: RunState, right: RunState): Difference[] {
  const found: Difference[] = [];
  for (const [id, before] of left.thoughts) {
    const after = right.thoughts.get(id);
    const same = after && after.title === before.title && after.status === before.status && after.strategy === before.strategy && after.reward === before.reward;
    if (!same) found.push({ id, before, after });
  }
  for (const [id, after] of right.thoughts) if (!left.thoughts.has(id)) found.push({ id, before: undefined, after });
  return found;
}

function Words({ before, after }: { before: string; after: string }) {
  const parts = useMemo(() => (before.length + after.length > WORDS_UP_TO ? null : diffArrays(before.match(WORD) ?? [], after.match(WORD) ?? [])), [before, after]);
  if (before === after) return <p class="words" dir="auto">{before || "–"} <span class="of">the same in both</span></p>;
  if (!parts) return <div class="words-both"><p class="words" dir="auto">{before.slice(0, WORDS_UP_TO)}</p><p class="words" dir="auto">{after.slice(0, WORDS_UP_TO)}</p></div>;
  return (
    <p class="words" dir="auto">
      {parts.map(({ added, removed, value }, i) => {
        const Tag = added ? "ins" : removed ? "del" : "span";
        return <Tag key={i}>{value.join("")}</Tag>;
      })}
    </p>
  );
}
