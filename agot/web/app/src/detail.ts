// What the node panel and the search view show, read from events: for replay, and for a run in one file.

import type { RunEvent, Verdict } from "./events";

export interface CallInfo {
  key: string;
  role: string;
  model: string;
  purpose: string;
  prompt_tokens: number;
  completion_tokens: number;
  cost_usd: number;
  replayed: boolean;
  start_s: number | null;
  wall_s: number | null;
  error: string;
}

export interface ToolInfo {
  call: string;
  tool: string;
  arguments: string;
  text: string | null;
  error: boolean;
  wall_s: number | null;
}

export interface Finding {
  thought: string;
  question: string;
  answer: string;
}

export interface Detail {
  id: string;
  question: string;
  answer: string;
  status: string;
  reason: string;
  strategy: string;
  reward: number | null;
  confidence: number | null;
  trust?: string;
  trust_reason?: string;
  choices: { strategy: string; why: string; seq: number }[];
  verdicts: (Verdict & { answer?: string })[];
  findings: Finding[];
  calls: CallInfo[];
  tools: ToolInfo[];
  notes?: string[];
}

/** Read one thought from the events up to `until`. */
export function detailOf(events: readonly RunEvent[], id: string, until: number, began: number): Detail {
  const detail: Detail = {
    id, question: "", answer: "", status: "pending", reason: "", strategy: "", reward: null, confidence: null,
    choices: [], verdicts: [], findings: [], calls: [], tools: [], notes: [],
  };
  const others = new Map<string, { question: string; answer: string }>();
  const needs: string[] = [];
  const calls = new Map<string, CallInfo>();
  const tools = new Map<string, ToolInfo>();
  let attempt = 0;
  for (const event of events) {
    if (event.seq > until) break;
    if ("thought" in event && event.thought !== id) {
      if (event.kind === "thought_added" || event.kind === "thought_started") {
        others.set(event.thought, { question: event.question, answer: "" });
      } else if (event.kind === "thought_finished") {
        others.set(event.thought, { question: others.get(event.thought)?.question ?? "", answer: event.answer });
      }
      continue;
    }
    if ("thought" in event && event.attempt > attempt) {
      attempt = event.attempt;
      Object.assign(detail, { answer: "", status: "pending", reason: "", reward: null, confidence: null, trust: undefined, trust_reason: undefined });
      [detail.choices, detail.verdicts] = [[], []];
    }
    switch (event.kind) {
      case "thought_added":
      case "thought_started":
        detail.question = event.question;
        if (event.kind === "thought_started") detail.status = "running";
        break;
      case "edge_added":
        if (event.target === id && !needs.includes(event.source)) needs.push(event.source);
        break;
      case "strategy_chosen":
        detail.strategy = event.strategy;
        detail.choices.push({ strategy: event.strategy, why: event.why, seq: event.seq });
        break;
      case "thought_retried":
        detail.notes!.push(`Tried again: ${event.why}`);
        break;
      case "thought_expanded":
        detail.notes!.push(`Split into a graph: ${event.why}`);
        break;
      case "plan_proposed":
      case "plan_repaired":
      case "plan_rejected":
        if (event.graph === id) detail.notes!.push(planNote(event));
        break;
      case "verified":
        detail.verdicts.push({ ...event.verdict, answer: event.answer });
        break;
      case "thought_finished": {
        const { status, answer, reward, confidence, trust, trust_reason, reason } = event;
        Object.assign(detail, { status, answer, reward, confidence, trust, trust_reason, reason, strategy: event.strategy || detail.strategy });
        break;
      }
      case "call_started":
        calls.set(event.call, {
          key: event.call, role: event.role, model: event.model, purpose: event.purpose, prompt_tokens: 0,
          completion_tokens: 0, cost_usd: 0, replayed: false, start_s: event.at_s - began, wall_s: null, error: "",
        });
        break;
      case "call_finished": {
        const { prompt_tokens, completion_tokens, cost_usd } = event.usage;
        const wall_s = event.latency_ms / 1000;
        const known = calls.get(event.call);
        calls.set(event.call, {
          key: event.call, role: known?.role ?? "", model: event.model, purpose: event.purpose, prompt_tokens,
          completion_tokens, cost_usd, replayed: event.replayed, wall_s, error: event.error,
          start_s: known?.start_s ?? event.at_s - began - wall_s,
        });
        break;
      }
      case "tool_started":
        tools.set(event.call || `#${event.seq}`, { call: event.call, tool: event.tool, arguments: event.arguments, text: "", error: false, wall_s: null });
        break;
      case "tool_finished":
        tools.set(event.call || `#${event.seq}`, {
          call: event.call, tool: event.tool, arguments: tools.get(event.call)?.arguments ?? "", text: event.text,
          error: event.error, wall_s: event.latency_ms / 1000,
        });
        break;
      case "limit_fired":
        detail.notes!.push(`Limit on ${event.limit}: ${event.effect}`);
        break;
      default:
    }
  }
  detail.findings = needs.map((need) => ({ thought: need, question: "", answer: "", ...others.get(need) }));
  detail.calls = [...calls.values()];
  detail.tools = [...tools.values()];
  return detail;
}

function planNote(event: Extract<RunEvent, { graph: string }>): string {
  if (event.kind === "plan_proposed") {
    return `Planned ${event.count} thoughts${event.rationale ? `: ${event.rationale}` : ""}`;
  }
  return event.kind === "plan_repaired" ? `Plan repaired (${event.fault}): ${event.detail}` : `Plan rejected: ${event.feedback}`;
}

export interface SearchNode {
  node: number;
  parent: number | null;
  text: string;
  value: number | null;
  done: boolean;
  pruned: string | null;
  visits: [number, number, number][];
  seq: number;
}

export interface Search {
  search: number;
  strategy: string;
  why: string;
  path: number[];
  nodes: SearchNode[];
}

/** Read the searches of one thought from the events. */
export function searchesOf(events: readonly RunEvent[], thought: string): Search[] {
  const searches = new Map<number, Search & { byNode: Map<number, SearchNode> }>();
  for (const event of events) {
    if (!("search" in event) || event.thought !== thought) continue;
    let search = searches.get(event.search);
    if (!search) {
      search = { search: event.search, strategy: "", why: "", path: [], nodes: [], byNode: new Map() };
      searches.set(event.search, search);
    }
    if (event.kind === "search_finished") {
      Object.assign(search, { strategy: event.strategy, why: event.why, path: event.path });
      continue;
    }
    if (event.kind === "search_node_added") {
      const { node, parent, text, value, done, seq } = event;
      search.byNode.set(node, { node, parent, text, value, done, pruned: null, visits: [], seq });
      continue;
    }
    const node = search.byNode.get(event.node);
    if (!node) continue;
    if (event.kind === "search_pruned") node.pruned = event.why;
    else node.visits.push([event.seq, event.visits, event.value]);
  }
  return [...searches.values()].map(({ byNode, ...search }) => ({ ...search, nodes: [...byNode.values()] }));
}
