// The model calls and tools of a thought. Prompts and replies are fetched when they are opened.

import { useState } from "preact/hooks";
import type { CallInfo, ToolInfo } from "./detail";
import { Icon } from "./icons";
import { Prose, Verbatim } from "./prose";
import type { Session } from "./session";
import { api, saved } from "./source";
import { count, dollars, seconds } from "./text";

interface Piece {
  readonly role: string;
  readonly text: string;
}

/** Find the messages in a request and the texts in a response, whatever else they hold. */
function pieces(body: Record<string, unknown>): Piece[] {
  const found: Piece[] = [];
  const request = body.request as { messages?: { role?: string; content?: unknown }[] } | undefined;
  for (const message of request?.messages ?? []) found.push({ role: message.role ?? "message", text: asText(message.content) });
  const response = body.response as { completions?: unknown[] } | undefined;
  for (const completion of response?.completions ?? []) {
    const text = (completion as { text?: unknown } | null)?.text;
    found.push({ role: "reply", text: asText(text ?? completion) });
  }
  return found;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : value == null ? "" : JSON.stringify(value, null, 2);
}

export function Call({ run, call }: { run: Session; call: CallInfo }) {
  const [open, setOpen] = useState(false);
  const [body, setBody] = useState<Record<string, unknown> | null>(null);
  const [fault, setFault] = useState("");
  const [plain, setPlain] = useState(false);
  const toggle = (): void => {
    setOpen(!open);
    if (open || body) return;
    setFault("");
    api.call(run.id, call.key).then(setBody, (error: Error) => setFault(error.message));
  };
  const figures = [
    call.model, call.wall_s === null ? "under way" : seconds(call.wall_s),
    `${count(call.prompt_tokens)} → ${count(call.completion_tokens)} tok`, call.cost_usd ? dollars(call.cost_usd) : "",
  ];
  const parts = body ? pieces(body) : [];
  return (
    <div class={`call ${call.error ? "call-failed" : ""}`}>
      <button class="call-head" aria-expanded={open} onClick={toggle} disabled={saved !== null}>
        <span class={`twist ${open ? "open" : ""} ${saved ? "leaf" : ""}`}><Icon name="chevron" /></span>
        <b>{call.purpose}</b>
        {call.role && <span class="badge">{call.role}</span>}
        {call.replayed && <span class="badge">replayed</span>}
        {call.error && <span class="badge badge-failed">failed</span>}
        <span class="call-figures">{figures.filter(Boolean).join(" · ")}</span>
      </button>
      {call.error && <p class="fault">{call.error}</p>}
      {open && (
        <div class="call-body">
          {fault && <p class="fault">{fault}</p>}
          {!body && !fault && <p class="none">Loading…</p>}
          {body && (
            <div class="call-tools">
              <button class="button small" aria-pressed={plain} onClick={() => setPlain(!plain)}>As it is</button>
            </div>
          )}
          {parts.map((piece, i) => (
            <section key={i} class={`message message-${piece.role}`}>
              <h3>{piece.role}</h3>
              {plain ? <Verbatim text={piece.text} /> : <Prose text={piece.text} />}
            </section>
          ))}
          {body && parts.length === 0 && <Verbatim text={JSON.stringify(body, null, 2)} />}
        </div>
      )}
    </div>
  );
}

export function Tool({ tool }: { tool: ToolInfo }) {
  return (
    <details class={`call ${tool.error ? "call-failed" : ""}`}>
      <summary class="call-head">
        <span class="twist"><Icon name="chevron" /></span>
        <b>{tool.tool}</b>
        {tool.error && <span class="badge badge-failed">failed</span>}
        <span class="call-figures">{tool.wall_s === null ? "under way" : seconds(tool.wall_s)}</span>
      </summary>
      <div class="call-body">
        <section class="message"><h3>arguments</h3><Verbatim text={asText(tool.arguments)} /></section>
        <section class="message"><h3>result</h3><Verbatim text={tool.text ?? ""} /></section>
      </div>
    </details>
  );
}
