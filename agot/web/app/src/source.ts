// Where the data come from: the server, or the script element of a run that was saved as one file.

import type { Limits, RunEvent, Verdict } from "./events";
import type { Detail, Search } from "./detail";
import type { Skeleton } from "./state";

export interface RunRow {
  id: string;
  question: string;
  status: string;
  answer: string;
  trust?: string;
  trust_reason?: string;
  strategy: string;
  model: string;
  created_at: string;
  wall_s: number | null;
  tokens: number;
  calls: number;
  cost_usd: number;
  thoughts: number;
  session: string | null;
}

export interface Run extends RunRow {
  reason?: string;
  /** The kind of limit that ended it. */
  limit?: string;
  settings?: { budget?: Limits };
  verdicts?: Verdict[];
  attempts?: number;
  seq?: number;
  running?: boolean;
}

export interface Annotation {
  id: string;
  thought: string;
  text: string;
  created_at: string;
}

export interface Estimate {
  replayed_calls: number;
  repeated_calls: number;
  tokens: number;
  cost_usd: number;
}

export interface Saved {
  run: Run;
  skeleton: Skeleton;
  events: RunEvent[];
  thoughts?: Record<string, Detail>;
  annotations?: Annotation[];
}

const part = encodeURIComponent;

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...init });
  } catch {
    throw new Error("The server does not answer. Is `agot serve` still running?");
  }
  const text = await response.text();
  let body: unknown = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    if (response.ok) throw new Error(`${path} did not answer with JSON`);
  }
  if (!response.ok) {
    const message = (body as { error?: { message?: string } } | null)?.error?.message;
    throw new Error(message ?? `The server answered ${response.status} ${response.statusText}`);
  }
  return body as T;
}

function post<T>(path: string, body: unknown = {}): Promise<T> {
  return ask<T>(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

export const api = {
  runs: (query: { q: string; status: string; before: string | null }) => {
    const parameters = new URLSearchParams({ limit: "50" });
    if (query.q) parameters.set("q", query.q);
    if (query.status) parameters.set("status", query.status);
    if (query.before) parameters.set("before", query.before);
    return ask<{ runs: RunRow[]; next: string | null }>(`/api/runs?${parameters}`);
  },
  models: () => ask<{ data: { id: string }[] }>("/v1/models"),
  run: (id: string) => ask<Run>(`/api/runs/${part(id)}`),
  skeleton: (id: string) => ask<Skeleton>(`/api/runs/${part(id)}/skeleton`),
  events: (id: string, after: number) =>
    ask<{ events: RunEvent[]; seq: number; more: boolean }>(`/api/runs/${part(id)}/events.json?after=${after}&limit=5000`),
  stream: (id: string, after: number) => new EventSource(`/api/runs/${part(id)}/events?after=${after}`),
  thought: (id: string, thought: string) => ask<Detail>(`/api/runs/${part(id)}/thoughts/${part(thought)}`),
  call: (id: string, key: string) => ask<Record<string, unknown>>(`/api/runs/${part(id)}/calls/${part(key)}`),
  searches: (id: string, thought: string) =>
    ask<{ searches: Search[] }>(`/api/runs/${part(id)}/searches?thought=${part(thought)}`),
  annotations: (id: string) => ask<{ annotations: Annotation[] }>(`/api/runs/${part(id)}/annotations`),
  annotate: (id: string, thought: string, text: string) => post(`/api/runs/${part(id)}/annotations`, { thought, text }),
  unannotate: (id: string, note: string) =>
    ask(`/api/runs/${part(id)}/annotations/${part(note)}`, { method: "DELETE" }),
  start: (question: string, strategy: string) =>
    post<{ id: string }>("/api/runs", strategy ? { question, strategy } : { question }),
  cancel: (id: string) => post(`/api/runs/${part(id)}/cancel`),
  resume: (id: string, budget?: Limits) => post(`/api/runs/${part(id)}/resume`, budget ? { budget } : {}),
  approvals: (id: string) =>
    ask<{ approvals: { call: string; tool: string; arguments: unknown }[] }>(`/api/runs/${part(id)}/approvals`),
  approve: (id: string, call: string, decision: "yes" | "no" | "always") =>
    post(`/api/runs/${part(id)}/approvals/${part(call)}`, { decision }),
  estimate: (id: string, thought: string) => ask<Estimate>(`/api/runs/${part(id)}/fork?thought=${part(thought)}`),
  fork: (id: string, thought: string, strategy: string) =>
    post<{ id: string }>(`/api/runs/${part(id)}/fork`, strategy ? { thought, strategy } : { thought }),
  exportUrl: (id: string, format: "json" | "otlp") => `/api/runs/${part(id)}/export?format=${format}`,
};

/** The run that this page carries in itself, or null if a server has to be asked. */
export const saved: Saved | null = (() => {
  const element = document.getElementById("agot-run");
  return element?.textContent ? (JSON.parse(element.textContent) as Saved) : null;
})();
