// The list of runs, and the box that starts a new one.

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { report } from "./dialog";
import { Icon, runStatus, StatusChip, TrustWord } from "./icons";
import { go, route } from "./route";
import { api, type RunRow } from "./source";
import { asTrust } from "./state";
import { count, dollars, plain, plural, seconds, when } from "./text";

const query = signal("");
const status = signal("");
const rows = signal<readonly RunRow[]>([]);
const next = signal<string | null>(null);
const state = signal<"loading" | "ready" | "failed">("loading");
const fault = signal("");
const strategies = signal<readonly string[]>(["auto"]);
const REFRESH_MS = 5000;
const STATUSES = ["running", "unfinished", "answered", "abstained", "budget", "failed", "interrupted"];

let asked = 0;
/** "Older runs" was pressed since the list began. */
let deeper = false;

export async function refreshRuns(): Promise<void> {
  const mine = ++asked;
  try {
    const page = await api.runs({ q: query.value, status: status.value, before: null });
    if (mine !== asked) return;
    const kept = deeper ? beyond(page.runs, page.next) : [];
    rows.value = [...page.runs, ...kept];
    if (!kept.length) next.value = page.next;
    state.value = "ready";
  } catch (error) {
    if (mine !== asked) return;
    state.value = "failed";
    fault.value = (error as Error).message;
  }
}

/** The rows that are shown and follow a new first page; none if it has nothing of the old list, for between them others may be missing. */
function beyond(first: readonly RunRow[], following: string | null): readonly RunRow[] {
  if (following === null) return [];
  const refreshed = new Set(first.map((row) => row.id));
  const last = rows.value.findLastIndex((row) => refreshed.has(row.id));
  return first.length && last < 0 ? [] : rows.value.slice(last + 1);
}

/** Begin the list again, since something else is asked for. */
function restart(): void {
  rows.value = [];
  next.value = null;
  deeper = false;
  void refreshRuns();
}

async function more(): Promise<void> {
  const before = next.value;
  deeper = true;
  const page = await api.runs({ q: query.value, status: status.value, before });
  // In the meantime the list may have begun again, or gone on already.
  if (next.value !== before) return;
  rows.value = [...rows.value, ...page.runs];
  next.value = page.next;
}

export function RunList({ wide }: { wide: boolean }) {
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    void refreshRuns();
    const again = setInterval(() => { if (!document.hidden) void refreshRuns(); }, REFRESH_MS);
    return () => clearInterval(again);
  }, []);
  const search = (text: string): void => {
    query.value = text;
    deeper = false;
    if (timer.current) clearTimeout(timer.current);
    timer.current = setTimeout(restart, 200);
  };
  const nothing = query.value || status.value ? "No run matches." : "No runs yet. Ask something above.";
  return (
    <nav class={`runs ${wide ? "runs-wide" : ""}`} aria-label="Runs">
      <Ask />
      <div class="runs-filters">
        <div class="find">
          <Icon name="search" />
          <input
            id={wide ? "find" : "find-run"} type="search" placeholder="Search runs" aria-label="Search runs" dir="auto" value={query.value}
            onInput={(event) => search(event.currentTarget.value)}
          />
        </div>
        <select
          aria-label="Status" value={status.value}
          onChange={(event) => { status.value = event.currentTarget.value; restart(); }}
        >
          <option value="">Any status</option>
          {STATUSES.map((name) => <option key={name} value={name}>{name}</option>)}
        </select>
      </div>
      {state.value === "failed" && <p class="fault">{fault.value}</p>}
      <ul class="runs-list">
        {rows.value.map((row) => <Row key={row.id} row={row} wide={wide} />)}
      </ul>
      {state.value === "ready" && rows.value.length === 0 && <p class="empty">{nothing}</p>}
      {state.value === "loading" && <p class="empty">Loading…</p>}
      {next.value && <button class="button more-runs" onClick={() => void report(more)}>Older runs</button>}
    </nav>
  );
}

function Row({ row, wide }: { row: RunRow; wide: boolean }) {
  const current = route.value.run === row.id;
  const figures = [
    row.wall_s == null ? "" : seconds(row.wall_s), wide && row.thoughts > 1 ? plural(row.thoughts, "thought") : "",
    wide ? `${count(row.tokens)} tok` : "", row.cost_usd ? dollars(row.cost_usd) : "",
  ];
  return (
    <li>
      <a
        class={`run-row ${current ? "selected" : ""}`} href={`#${encodeURIComponent(row.id)}?${route.value.view}`} aria-current={current ? "page" : undefined}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          go({ run: row.id, node: null, seq: null, other: null, view: route.value.view === "compare" ? "outline" : route.value.view });
        }}
      >
        <span class="run-question" dir="auto">{row.question}</span>
        <span class="run-said">
          <span class="run-answer" dir="auto">{plain(row.answer) || (row.status === "running" ? "…" : "–")}</span>
          {row.answer && <TrustWord trust={asTrust(row.trust)} reason={row.trust_reason} />}
        </span>
        <span class="run-figures">
          <StatusChip status={runStatus(row.status)} label={row.status} />
          <span>{figures.filter(Boolean).join(" · ")}</span>
          <span class="spring" />
          <time dateTime={row.created_at}>{when(row.created_at)}</time>
        </span>
      </a>
    </li>
  );
}

async function loadStrategies(): Promise<void> {
  try {
    const { data } = await api.models();
    strategies.value = data.flatMap(({ id }) => (id === "agot" ? ["auto"] : id.startsWith("agot/") ? [id.slice(5)] : []));
  } catch {
    // They are only offered: whoever knows a name can write it, and "auto" is always there.
  }
}

function Ask() {
  const [question, setQuestion] = useState("");
  const [strategy, setStrategy] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => void loadStrategies(), []);
  const ask = (): void => {
    if (!question.trim() || busy) return;
    setBusy(true);
    void report(async () => {
      const { id } = await api.start(question.trim(), strategy.trim());
      setQuestion("");
      go({ run: id, node: null, seq: null, other: null, view: route.value.view === "compare" ? "outline" : route.value.view });
      await refreshRuns();
    }).finally(() => setBusy(false));
  };
  return (
    <form class="ask" onSubmit={(event) => { event.preventDefault(); ask(); }}>
      <textarea
        rows={2} dir="auto" placeholder="Ask a question…" aria-label="Question" value={question}
        onInput={(event) => setQuestion(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          ask();
        }}
      />
      <div class="ask-row">
        <input aria-label="Strategy" placeholder="strategy: auto" value={strategy} list="strategies" onInput={(event) => setStrategy(event.currentTarget.value)} />
        <datalist id="strategies">
          {strategies.value.map((name) => <option key={name} value={name} />)}
        </datalist>
        <button class="button primary" disabled={busy || !question.trim()}><Icon name="play" /> Run</button>
      </div>
    </form>
  );
}
