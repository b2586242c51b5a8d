// The events of a run, as `--output jsonl` prints them.

export interface Usage {
  calls: number;
  prompt_tokens: number;
  completion_tokens: number;
  cost_usd: number;
  wall_s: number;
}

export interface Verdict {
  check: string;
  reward: number | null;
  feedback: string;
  conclusive: boolean;
}

export const LIMITS = ["calls", "tokens", "usd", "seconds"] as const;
export type Limit = (typeof LIMITS)[number];
export type Limits = Partial<Record<Limit, number | null>>;

interface Stamp {
  seq: number;
  at_s: number;
  attempt: number;
}

interface Search {
  thought: string;
  search: number;
}

export type RunEvent = Stamp &
  (
    | { kind: "run_started"; question: string; model: string; strategy: string; limits?: Limits }
    | { kind: "run_finished"; status: string; answer: string; trust?: string; trust_reason?: string; reason: string; usage: Usage; strategy: string }
    | { kind: "plan_proposed"; graph: string; round: number; count: number; rationale: string }
    | { kind: "plan_repaired"; graph: string; fault: string; detail: string }
    | { kind: "plan_rejected"; graph: string; feedback: string }
    | { kind: "thought_added"; thought: string; parent_graph: string | null; depth: number; layer: number; question: string }
    | { kind: "edge_added"; source: string; target: string }
    | { kind: "thought_started"; thought: string; question: string }
    | { kind: "strategy_chosen"; thought: string; strategy: string; why: string }
    | { kind: "thought_expanded"; thought: string; why: string }
    | { kind: "verified"; thought: string; answer: string; verdict: Verdict }
    | { kind: "thought_retried"; thought: string; retry: number; strategy: string; why: string }
    | { kind: "thought_finished"; thought: string; status: string; answer: string; strategy: string; reward: number | null; confidence: number | null; trust?: string; trust_reason?: string; reason: string }
    | { kind: "call_started"; thought: string; call: string; purpose: string; role: string; model: string }
    | { kind: "call_retried"; thought: string; call: string; why: string; delay_s: number }
    | { kind: "call_finished"; thought: string; call: string; purpose: string; model: string; usage: Usage; latency_ms: number; replayed: boolean; error: string }
    | { kind: "text_streamed"; thought: string; purpose: string; text: string }
    | ({ kind: "search_node_added"; node: number; parent: number | null; text: string; value: number | null; done: boolean } & Search)
    | ({ kind: "search_node_visited"; node: number; visits: number; value: number } & Search)
    | ({ kind: "search_pruned"; node: number; why: string } & Search)
    | ({ kind: "search_finished"; strategy: string; path: number[]; why: string } & Search)
    | { kind: "tool_started"; thought: string; call: string; tool: string; arguments: string }
    | { kind: "tool_finished"; thought: string; call: string; tool: string; text: string; error: boolean; latency_ms: number; replayed: boolean }
    | { kind: "approval_asked"; thought: string; call: string; tool: string; text: string; again: boolean }
    | { kind: "approval_given"; thought: string; call: string; tool: string; approved: boolean }
    | { kind: "limit_fired"; thought: string; limit: string; used: number; allowed: number; effect: string }
    | { kind: "notice"; level: string; text: string }
  );
