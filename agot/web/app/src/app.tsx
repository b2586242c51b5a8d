// The page: runs on the left, one run in the middle, one thought on the right.

import { effect, signal } from "@preact/signals";
import { Compare } from "./compare";
import { Dialog, Message } from "./dialog";
import { Evidence } from "./evidence";
import { Find } from "./find";
import { Graph } from "./graph";
import { Approvals, Header, Legend, Notices } from "./header";
import { Icon } from "./icons";
import { KEYS } from "./keys";
import { Outline } from "./outline";
import { Panel } from "./panel";
import { Replay } from "./replay";
import { go, route, VIEWS, type View } from "./route";
import { RunList } from "./runlist";
import { SearchTree } from "./searchtree";
import { Session, session } from "./session";
import { saved } from "./source";
import type { Metric } from "./derive";
import { count } from "./text";
import { choice, type Choice } from "./theme";
import { Waterfall } from "./waterfall";

export const help = signal(false);
const rail = signal(true);

const NAMES: Readonly<Record<View, string>> = {
  outline: "Outline", graph: "Graph", waterfall: "Waterfall", search: "Search tree", evidence: "Evidence", compare: "Compare",
};

effect(() => {
  const wanted = saved ? saved.run.id : route.value.run;
  const current = session.peek();
  if (current?.id === wanted) return;
  current?.close();
  session.value = wanted ? new Session(wanted) : null;
});

effect(() => {
  const question = session.value?.run.value?.question;
  document.title = question ? `${question.slice(0, 60)} · AGoT` : "AGoT";
});

export function App() {
  const run = session.value;
  const alone = saved !== null;
  return (
    <div class={`page ${run ? "" : "page-home"} ${alone ? "page-alone" : ""} ${rail.value ? "" : "page-narrow"} ${run && route.value.node ? "page-panel" : ""}`}>
      <Top />
      {!alone && run && rail.value && <RunList wide={false} />}
      {!alone && !run && <main class="home"><h1 class="visually-hidden">Runs</h1><RunList wide /></main>}
      {run && <Main key={run.id} run={run} />}
      {run && route.value.node && <Panel run={run} id={route.value.node} />}
      <Message />
      {help.value && <Help />}
    </div>
  );
}

function Top() {
  const next: Record<Choice, Choice> = { auto: "light", light: "dark", dark: "auto" };
  const icon = { auto: "auto", light: "sun", dark: "moon" } as const;
  return (
    <header class="top">
      {!saved && session.value && (
        <button class="tool" aria-label="Show or hide the runs" aria-expanded={rail.value} onClick={() => { rail.value = !rail.value; }}><Icon name="list" /></button>
      )}
      <a class="brand" href="#" onClick={(event) => { event.preventDefault(); if (!saved) go({ run: null, node: null, seq: null, other: null }); }}>
        <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><path d="M4 10L10 4M4 10L10 16M10 4L16 10M10 16L16 10" /><circle cx="4" cy="10" r="2.4" /><circle cx="10" cy="4" r="2.4" /><circle cx="10" cy="16" r="2.4" /><circle cx="16" cy="10" r="2.4" /></svg>
        AGoT
      </a>
      {session.value && <code class="top-run">{session.value.id}</code>}
      <span class="spring" />
      {session.value && <Find run={session.value} />}
      <button class="tool" onClick={() => { choice.value = next[choice.value]; }} aria-label={`Theme: ${choice.value}`} title={`Theme: ${choice.value}`}><Icon name={icon[choice.value]} /></button>
      <button class="tool" onClick={() => { help.value = true; }} aria-label="Keys" title="Keys (?)"><Icon name="help" /></button>
    </header>
  );
}

function Main({ run }: { run: Session }) {
  const { view } = route.value;
  const Shown = { outline: Outline, graph: Graph, waterfall: Waterfall, search: SearchTree, evidence: Evidence, compare: Compare }[view];
  const fatal = run.fault.value && !run.run.value;
  if (fatal) return <main class="main"><p class="empty fault" role="alert">{run.fault.value}</p></main>;
  return (
    <main class="main">
      <Header run={run} />
      <Approvals run={run} />
      <Notices run={run} />
      <div class="view-bar">
        <div class="tabs" role="tablist" aria-label="Views">
          {VIEWS.map((name) => (
            <button
              key={name} id={`tab-${name}`} role="tab" class="tab" aria-selected={name === view} aria-controls="view" tabIndex={name === view ? 0 : -1}
              onClick={() => go({ view: name })}
              onKeyDown={(event) => {
                const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
                if (!by) return;
                event.preventDefault();
                const to = VIEWS[(VIEWS.indexOf(name) + by + VIEWS.length) % VIEWS.length]!;
                go({ view: to });
                document.getElementById(`tab-${to}`)?.focus();
              }}
            >{NAMES[name]}</button>
          ))}
        </div>
        <span class="spring" />
        <Legend run={run} />
        <Tools run={run} />
      </div>
      <div class="view" id="view" role="tabpanel" aria-labelledby={`tab-${view}`}>
        <Shown run={run} />
        {run.fresh.value > 0 && (
          <button class="pill" onClick={() => { run.acknowledge(); run.follow.value = true; }}>{count(run.fresh.value)} new</button>
        )}
      </div>
      <Replay run={run} />
    </main>
  );
}

function Tools({ run }: { run: Session }) {
  const { view } = route.value;
  if (view === "search" || view === "evidence" || view === "compare") return null;
  return (
    <div class="view-tools">
      <button class="button small" aria-pressed={run.critical.value} onClick={() => { run.critical.value = !run.critical.value; }} title="Critical path (c)">Critical path</button>
      <label class="heat-by">Heat{" "}
        <select value={run.metric.value} onChange={(event) => { run.metric.value = event.currentTarget.value as Metric; }}>
          <option value="status">off</option><option value="tokens">tokens</option><option value="cost">cost</option><option value="time">time</option>
        </select>
      </label>
      {run.running.value && <button class="button small" aria-pressed={run.follow.value} onClick={() => { run.follow.value = !run.follow.value; }} title="Keep the newest in sight (f)">Follow</button>}
    </div>
  );
}

function Help() {
  return (
    <Dialog title="Keys" onClose={() => { help.value = false; }}>
      <dl class="keys">{KEYS.map(([keys, what]) => <div key={keys}><dt>{keys.split(" ").map((key) => <kbd key={key}>{key}</kbd>)}</dt><dd>{what}</dd></div>)}</dl>
    </Dialog>
  );
}
