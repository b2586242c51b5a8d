// The head of a run: what was asked, how it stands, and what can be done with it.

import { useState } from "preact/hooks";
import { runStatus, StatusChip, StatusMark, TrustWord, Icon } from "./icons";
import { report } from "./dialog";
import { graphOnPage } from "./graph";
import { save } from "./prose";
import { savedPage } from "./saved_page";
import { Resume } from "./resume";
import { go } from "./route";
import type { Session } from "./session";
import { api, saved } from "./source";
import { asTrust, STATUSES } from "./state";
import { count, dollars, plain, plural, seconds } from "./text";

export function Header({ run }: { run: Session }) {
  const row = run.run.value;
  const totals = run.totals.value;
  const state = run.shown.value;
  const ended = run.connection.value === "ended";
  const status = state.outcome?.status ?? (run.replaying.value ? "running" : (row?.status ?? "running"));
  const answer = state.outcome ? state.outcome.answer : run.replaying.value ? "" : (row?.answer ?? "");
  const wall = run.replaying.value || !ended ? state.now : (row?.wall_s ?? state.now);
  const trust = state.outcome?.trust ?? asTrust(row?.trust);
  const why = state.outcome ? state.outcome.trustReason : row?.trust_reason;
  const [whole, setWhole] = useState(false);
  const question = row?.question ?? "";
  return (
    <header class="run-head">
      <div class="run-head-text">
        <h1 dir="auto" class={whole ? "whole" : ""} title={question.length > 160 ? "Click for the whole question" : undefined} onClick={() => setWhole(!whole)}>{question || "…"}</h1>
        {answer && <p class="run-head-answer" dir="auto"><b>Answer</b> {plain(answer)}</p>}
        {answer && <p class="trust-line"><TrustWord trust={trust} />{why && <span dir="auto">{why}</span>}</p>}
        {!answer && (state.outcome?.reason || row?.reason) && <p class="run-head-answer" dir="auto">{state.outcome?.reason || row?.reason}</p>}
      </div>
      <div class="run-head-side">
        <div class="run-actions">
          <Live run={run} />
          {run.running.value && !saved && (
            <button class="button small danger" onClick={() => void report(() => api.cancel(run.id))}><Icon name="stop" /> Cancel</button>
          )}
          {ended && !saved && row && row.status !== "answered" && (
            <Resume run={run} row={row} />
          )}
          <Export run={run} />
        </div>
        <div class="run-sums">
          <StatusChip status={runStatus(status)} label={status} />
          <span>{seconds(wall)}</span>
          <span>{plural(totals.calls, "call")}</span>
          <span>{count(totals.tokens)} tok</span>
          <span>{dollars(totals.cost)}</span>
        </div>
      </div>
    </header>
  );
}

/** What each mark means, and how many thoughts have it. */
export function Legend({ run }: { run: Session }) {
  const { byStatus } = run.totals.value;
  return (
    <ul class="legend" aria-label="Thoughts by status">
      {STATUSES.filter((status) => byStatus[status] > 0).map((status) => (
        <li key={status} title={status}><StatusMark status={status} /> {count(byStatus[status])} <span class="legend-name">{status}</span></li>
      ))}
    </ul>
  );
}

function Live({ run }: { run: Session }) {
  const words = { loading: "Loading", live: "Live", lost: "Reconnecting", ended: "" }[run.connection.value];
  if (!words) return null;
  return <span class={`live live-${run.connection.value}`} role="status"><i aria-hidden="true" />{words}</span>;
}

function Export({ run }: { run: Session }) {
  const [open, setOpen] = useState(false);
  const close = (): void => setOpen(false);
  const withGraph = (work: () => void): void => {
    close();
    if (graphOnPage.current) return work();
    go({ view: "graph" });
    const wait = setInterval(() => {
      const graph = graphOnPage.current;
      if (!graph?.svg()) return;
      clearInterval(wait);
      work();
    }, 50);
    setTimeout(() => clearInterval(wait), 10_000);
  };
  const svg = (): void => save(`${run.id}.svg`, new Blob([graphOnPage.current!.svg()], { type: "image/svg+xml" }));
  const png = (): void => void graphOnPage.current!.png().then((blob) => { if (blob) save(`${run.id}.png`, blob); });
  const page = async (): Promise<void> => {
    await run.loadLog();
    save(`${run.id}.html`, await savedPage(run.run.value!, run.log.value ?? [], run.annotations.value));
  };
  const link = (format: "json" | "otlp", name: string) => (
    <li><a href={api.exportUrl(run.id, format)} download={`${run.id}.${format === "otlp" ? "otlp.json" : format}`} onClick={close}>{name}</a></li>
  );
  return (
    <div class="menu" onKeyDown={(event) => { if (open && event.key === "Escape") { event.stopPropagation(); close(); } }}
      onFocusOut={(event) => { if (!event.currentTarget.contains(event.relatedTarget as Node | null)) close(); }}>
      <button class="button small" aria-expanded={open} aria-haspopup="true" onClick={() => setOpen(!open)}><Icon name="download" /> Export</button>
      {open && (
        <ul class="menu-list">
          <li><button onClick={() => withGraph(svg)}>Graph as SVG</button></li>
          <li><button onClick={() => withGraph(png)}>Graph as PNG</button></li>
          {!saved && link("json", "Run as JSON")}
          {!saved && link("otlp", "Trace for OpenTelemetry")}
          {!saved && <li><button onClick={() => { close(); void report(page); }}>One page that opens anywhere</button></li>}
          {saved && <li><button onClick={() => { close(); save(`${run.id}.json`, new Blob([JSON.stringify(saved)], { type: "application/json" })); }}>Run as JSON</button></li>}
        </ul>
      )}
    </div>
  );
}

/** Tools that wait for a person's yes. */
export function Approvals({ run }: { run: Session }) {
  const told = run.live.value.approvals;
  const waiting = [...told, ...run.waiting.value.filter((asked) => !told.some((one) => one.call === asked.call))];
  if (!waiting.length || run.replaying.value || saved || !run.running.value) return null;
  const decide = (call: string, decision: "yes" | "no" | "always"): void => void report(async () => {
    await api.approve(run.id, call, decision);
    await run.refreshApprovals();
  });
  return (
    <div class="approvals" role="region" aria-label="Approvals">
      {waiting.map((asked) => (
        <div key={asked.call} class="approval">
          <span><b>{asked.tool}</b> wants to take effect{asked.thought && <> in <code>{asked.thought}</code></>}</span>
          <pre class="verbatim" dir="auto" tabIndex={0}>{asked.text.slice(0, 2000)}</pre>
          <div class="approval-actions">
            <button class="button small primary" onClick={() => decide(asked.call, "yes")}>Allow once</button>
            <button class="button small" onClick={() => decide(asked.call, "always")}>Always allow</button>
            <button class="button small danger" onClick={() => decide(asked.call, "no")}>Refuse</button>
          </div>
        </div>
      ))}
    </div>
  );
}

/** What a run says of itself besides its thoughts. */
export function Notices({ run }: { run: Session }) {
  const { notices } = run.shown.value;
  if (!notices.length && !run.fault.value) return null;
  return (
    <div class="notices">
      {run.fault.value && <p class="fault" role="alert">{run.fault.value}</p>}
      {notices.length > 0 && (
        <details><summary>{plural(notices.length, "notice")}: <span dir="auto">{notices.at(-1)!.slice(0, 160)}</span></summary>
          <ul>{notices.slice(-100).map((text, i) => <li key={i} dir="auto">{text}</li>)}</ul>
        </details>
      )}
    </div>
  );
}
