// The panel of one thought: question, answer, how it was reached and what it cost.

import { useEffect, useRef, useState } from "preact/hooks";
import { Call, Tool } from "./calls";
import { treeOf } from "./derive";
import type { Detail } from "./detail";
import { Dialog, report } from "./dialog";
import { Icon, StatusChip, StatusMark, TrustWord } from "./icons";
import { Prose } from "./prose";
import { go, route } from "./route";
import type { Session } from "./session";
import { api, saved, type Estimate } from "./source";
import { asStatus, asTrust } from "./state";
import { count, dollars, plain, plural, reward, seconds, when } from "./text";

const REFRESH_MS = 400;
const CALLS_AT_ONCE = 40;

function useDetail(run: Session, id: string): { detail: Detail | null; fault: string } {
  const [found, setFound] = useState<{ id: string; detail: Detail } | null>(null);
  const [fault, setFault] = useState("");
  const touched = run.shown.value.thoughts.get(id)?.touched ?? 0;
  const { seq } = route.value;
  const last = useRef(0);
  useEffect(() => {
    let current = true;
    const wait = Math.max(0, last.current + REFRESH_MS - Date.now());
    const timer = setTimeout(() => {
      last.current = Date.now();
      run.detail(id).then(
        (detail) => { if (current) { setFound({ id, detail }); setFault(""); } },
        (error: Error) => { if (current) setFault(error.message); },
      );
    }, found?.id === id ? wait : 0);
    return () => { current = false; clearTimeout(timer); };
  }, [id, touched, seq, run.log.value === null]);
  return { detail: found?.id === id ? found.detail : null, fault };
}

export function Panel({ run, id }: { run: Session; id: string }) {
  const state = run.shown.value;
  const thought = state.thoughts.get(id);
  const { detail, fault } = useDetail(run, id);
  const [all, setAll] = useState(false);
  const streamed = run.streamed.value.get(id);
  const nested = treeOf(state).inside.get(id)?.length ?? 0;
  useEffect(() => setAll(false), [id]);
  const calls = detail ? (all ? detail.calls : detail.calls.slice(0, CALLS_AT_ONCE)) : [];
  const time = thought?.start == null ? null : (thought.end ?? state.now) - thought.start;
  return (
    <aside class="panel" aria-label={`Thought ${id}`}>
      <header class="panel-head">
        <StatusChip status={asStatus(thought?.status ?? detail?.status ?? "")} />
        <code class="panel-id">{id}</code>
        <span class="spring" />
        {!saved && <Fork run={run} id={id} />}
        <button class="tool" onClick={() => run.select(null)} aria-label="Close the panel" title="Close (Esc)"><Icon name="close" /></button>
      </header>
      <div class="panel-body" tabIndex={0} role="region" aria-label={`Details of thought ${id}`}>
        <dl class="facts">
          <div><dt>Strategy</dt><dd>{thought?.strategy || "–"}</dd></div>
          <div><dt>Reward</dt><dd>{reward(detail?.reward ?? thought?.reward)}</dd></div>
          <div><dt>Time</dt><dd>{seconds(time)}</dd></div>
          <div><dt>Calls</dt><dd>{count(thought?.calls ?? 0)}</dd></div>
          <div><dt>Tokens</dt><dd>{count(thought?.tokens ?? 0)}</dd></div>
          <div><dt>Cost</dt><dd>{dollars(thought?.cost ?? 0)}</dd></div>
        </dl>
        {fault && <p class="fault">{fault}</p>}
        <h2>Question</h2>
        <Prose text={detail?.question ?? thought?.title ?? ""} />
        {streamed && <><h2>Arriving now</h2><pre class="verbatim streaming" dir="auto">{streamed}</pre></>}
        {detail && (detail.answer || detail.status !== "running") && <><h2>Answer</h2><div class="answer"><Prose text={detail.answer} /></div></>}
        {detail?.answer && (
          <p class="trust-line"><TrustWord trust={asTrust(detail.trust)} />{detail.trust_reason && <span dir="auto">{detail.trust_reason}</span>}</p>
        )}
        {detail?.reason && <p class="reason" dir="auto">{detail.reason}</p>}
        {nested > 0 && (
          <p><button class="button small" onClick={() => { if (!run.open.value.has(id)) run.toggle(id); go({ view: "graph" }); }}>Open its graph of {plural(nested, "thought")}</button></p>
        )}
        {(thought?.searches ?? 0) > 0 && (
          <p><button class="button small" onClick={() => go({ view: "search" })}>Show its search tree</button></p>
        )}
        {detail && detail.choices.length > 0 && (
          <>
            <h2>Why this strategy</h2>
            <ol class="choices">
              {detail.choices.map((choice) => (
                <li key={choice.seq}><b dir="auto">{choice.strategy}</b><span dir="auto">{choice.why}</span></li>
              ))}
            </ol>
          </>
        )}
        {detail && detail.verdicts.length > 0 && (
          <>
            <h2>Verdicts</h2>
            <ul class="verdicts">
              {detail.verdicts.map((verdict, i) => (
                <li key={i}>
                  <Meter value={verdict.reward} />
                  <span><b>{verdict.check}</b>{verdict.conclusive && <span class="badge">conclusive</span>}
                    {verdict.answer && <span class="of" dir="auto"> of “{verdict.answer.slice(0, 80)}”</span>}
                    {verdict.feedback && <span class="feedback" dir="auto">{verdict.feedback}</span>}
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
        {detail && detail.findings.length > 0 && (
          <>
            <h2>Evidence it was given</h2>
            <ul class="findings">
              {detail.findings.map((finding) => (
                <li key={finding.thought}>
                  <button class="link" onClick={() => { run.reveal(finding.thought); run.select(finding.thought); }}>
                    <StatusMark status={state.thoughts.get(finding.thought)?.status ?? "pending"} />
                    <bdi dir="auto">{finding.question || finding.thought}</bdi>
                  </button>
                  <p dir="auto">{plain(finding.answer).slice(0, 400) || "–"}</p>
                </li>
              ))}
            </ul>
          </>
        )}
        {detail?.notes && detail.notes.length > 0 && (
          <><h2>What happened</h2><ul class="notes">{detail.notes.map((text, i) => <li key={i} dir="auto">{text}</li>)}</ul></>
        )}
        {detail && detail.calls.length > 0 && (
          <>
            <h2>Calls <span class="badge">{count(detail.calls.length)}</span></h2>
            {saved && <p class="none">Prompts and replies are not part of a run saved as one file.</p>}
            {calls.map((call) => <Call key={call.key} run={run} call={call} />)}
            {calls.length < detail.calls.length && (
              <button class="button small" onClick={() => setAll(true)}>Show {detail.calls.length - calls.length} more</button>
            )}
          </>
        )}
        {detail && detail.tools.length > 0 && (
          <><h2>Tools <span class="badge">{count(detail.tools.length)}</span></h2>{detail.tools.map((tool, i) => <Tool key={i} tool={tool} />)}</>
        )}
        <Notes run={run} id={id} />
      </div>
    </aside>
  );
}

export function Meter({ value }: { value: number | null }) {
  const level = value === null ? "none" : value >= 0.7 ? "high" : value >= 0.3 ? "middle" : "low";
  return (
    <span class={`meter meter-${level}`}>
      <i style={{ width: `${Math.round((value ?? 0) * 100)}%` }} aria-hidden="true" />
      <span>{value === null ? "cannot tell" : reward(value)}</span>
    </span>
  );
}

function Notes({ run, id }: { run: Session; id: string }) {
  const [text, setText] = useState("");
  const found = run.annotations.value.filter((note) => note.thought === id);
  if (saved && !found.length) return null;
  const add = (event: Event): void => {
    event.preventDefault();
    if (!text.trim()) return;
    void report(async () => {
      await api.annotate(run.id, id, text.trim());
      setText("");
      await run.refreshAnnotations();
    });
  };
  return (
    <>
      <h2>Annotations</h2>
      <ul class="annotations">
        {found.map((note) => (
          <li key={note.id}>
            <Prose text={note.text} />
            <span class="of">{when(note.created_at)}</span>
            {!saved && (
              <button class="link" aria-label="Delete the annotation" onClick={() => void report(async () => {
                await api.unannotate(run.id, note.id);
                await run.refreshAnnotations();
              })}>Delete</button>
            )}
          </li>
        ))}
      </ul>
      {!saved && (
        <form class="annotate" onSubmit={add}>
          <textarea rows={2} dir="auto" aria-label="New annotation" placeholder="Write a note…" value={text} onInput={(event) => setText(event.currentTarget.value)} />
          <button class="button small" disabled={!text.trim()}>Add</button>
        </form>
      )}
    </>
  );
}

function Fork({ run, id }: { run: Session; id: string }) {
  const [open, setOpen] = useState(false);
  const [estimate, setEstimate] = useState<Estimate | null>(null);
  const [strategy, setStrategy] = useState("");
  const begin = (): void => {
    setEstimate(null);
    setOpen(true);
    void report(async () => setEstimate(await api.estimate(run.id, id)), () => setOpen(false));
  };
  const fork = (): void => {
    void report(async () => {
      const made = await api.fork(run.id, id, strategy.trim());
      setOpen(false);
      go({ run: made.id, node: null, seq: null, other: null });
    });
  };
  return (
    <>
      <button class="button small" onClick={begin} title="Run again from this thought; this costs money"><Icon name="fork" /> Fork from here…</button>
      {open && (
        <Dialog title="Fork from here" onClose={() => setOpen(false)}>
          <p>A new run takes over everything before <code>{id}</code> and does this thought, and what depends on it, again.</p>
          {estimate ? (
            <dl class="facts">
              <div><dt>Calls taken over</dt><dd>{count(estimate.replayed_calls)}</dd></div>
              <div><dt>Calls made again</dt><dd>{count(estimate.repeated_calls)}</dd></div>
              <div><dt>About</dt><dd>{count(estimate.tokens)} tok</dd></div>
              <div><dt>About</dt><dd>{dollars(estimate.cost_usd)}</dd></div>
            </dl>
          ) : <p class="none">Estimating…</p>}
          {id === "root" && (
            <label class="field">Strategy
              <input value={strategy} placeholder="as before" onInput={(event) => setStrategy(event.currentTarget.value)} />
            </label>
          )}
          <div class="dialog-actions">
            <button class="button" onClick={() => setOpen(false)}>Keep as it is</button>
            <button class="button primary" disabled={!estimate} onClick={fork}>Fork{estimate ? ` for about ${dollars(estimate.cost_usd)}` : ""}</button>
          </div>
        </Dialog>
      )}
    </>
  );
}
