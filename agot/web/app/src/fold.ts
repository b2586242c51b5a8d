// One pure function makes the state of a run from its events. Live view, replay and resume all use it: however
// the events are cut into batches, and even if some arrive twice, the state is the same.

import type { RunEvent } from "./events";
import { asStatus, asTrust, bareThought, titleOf, type Approval, type Outcome, type RunState, type Span, type Thought } from "./state";

/** Return the state after these events. Those that the state already holds (by seq), and unnumbered ones, are left out. */
export function fold(before: RunState, events: readonly RunEvent[], until = Infinity): RunState {
  const draft = new Draft(before);
  for (const event of events) {
    if (event.seq > until) break;
    if (event.seq > draft.seq) draft.take(event);
  }
  return draft.seq === before.seq ? before : draft.state();
}

class Draft {
  seq: number;
  private thoughts: Map<string, Thought> | null = null;
  private past: ReadonlyMap<string, Thought>;
  private began: number | null;
  private now: number;
  private attempt: number;
  private structure: number;
  private approvals: readonly Approval[];
  private notices: readonly string[];
  private outcome: Outcome | null;

  constructor(private readonly before: RunState) {
    ({ seq: this.seq, began: this.began, now: this.now, attempt: this.attempt, structure: this.structure } = before);
    ({ approvals: this.approvals, notices: this.notices, outcome: this.outcome, past: this.past } = before);
  }

  state(): RunState {
    return {
      seq: this.seq, began: this.began, now: this.now, attempt: this.attempt, structure: this.structure,
      thoughts: this.thoughts ?? this.before.thoughts, approvals: this.approvals, notices: this.notices,
      outcome: this.outcome, past: this.past, whole: this.before.whole,
    };
  }

  take(event: RunEvent): void {
    this.seq = event.seq;
    this.began ??= event.at_s;
    this.now = Math.max(this.now, event.at_s - this.began);
    if (event.attempt > this.attempt) this.beginAttempt(event.attempt);
    const at = event.at_s - this.began;
    switch (event.kind) {
      case "run_finished":
        this.outcome = {
          status: event.status, answer: event.answer, reason: event.reason,
          trust: asTrust(event.trust), trustReason: event.trust_reason ?? "",
        };
        this.approvals = [];
        break;
      case "thought_added":
        this.structure += 1;
        this.change(event, event.thought, {
          parent: event.parent_graph === event.thought ? null : event.parent_graph,
          depth: event.depth, layer: event.layer, title: titleOf(event.question),
        });
        break;
      case "edge_added": {
        const target = this.thought(event, event.target);
        this.thought(event, event.source);
        if (!target.needs.includes(event.source)) {
          this.structure += 1;
          this.change(event, event.target, { needs: [...target.needs, event.source] });
        }
        break;
      }
      case "thought_started":
        this.change(event, event.thought, {
          status: "running", title: titleOf(event.question), start: at, end: null,
        });
        break;
      case "strategy_chosen":
      case "thought_retried":
        this.change(event, event.thought, { strategy: event.strategy });
        break;
      case "thought_expanded":
        this.change(event, event.thought, {});
        break;
      case "thought_finished": {
        const strategy = event.strategy || this.thought(event, event.thought).strategy;
        this.change(event, event.thought, {
          status: asStatus(event.status), reward: event.reward, end: at, strategy,
        });
        break;
      }
      case "verified": {
        const { check, reward, conclusive } = event.verdict;
        const others = this.thought(event, event.thought).marks.filter((mark) => mark.check !== check);
        this.change(event, event.thought, { marks: [...others, { check, reward, conclusive }] });
        break;
      }
      case "call_started":
        this.begin(event, event.thought, { key: event.call, label: event.purpose, tool: false, start: at, end: null, failed: false });
        break;
      case "tool_started":
        this.begin(event, event.thought, { key: event.call, label: event.tool, tool: true, start: at, end: null, failed: false });
        break;
      case "call_finished":
        this.finishCall(event, at);
        break;
      case "tool_finished": {
        const start = at - (event.replayed ? 0 : event.latency_ms / 1000);
        this.end(event, event.thought, { key: event.call, label: event.tool, tool: true, start, end: at, failed: event.error });
        break;
      }
      case "approval_asked":
        this.approvals = [
          ...this.approvals.filter((asked) => asked.call !== event.call),
          { call: event.call, thought: event.thought, tool: event.tool, text: event.text },
        ];
        break;
      case "approval_given":
        this.approvals = this.approvals.filter((asked) => asked.call !== event.call);
        break;
      case "search_node_added":
        if (event.parent === null) {
          this.change(event, event.thought, { searches: this.thought(event, event.thought).searches + 1 });
        }
        break;
      case "limit_fired":
        this.notices = [...this.notices, `Limit on ${event.limit}: ${event.effect}`];
        break;
      case "notice":
        this.notices = [...this.notices, event.text];
        break;
      default: // the others do not change what a thought looks like from outside
    }
  }

  /** A resume tells everything anew: what an earlier attempt came to is forgotten, what it cost is not. */
  private beginAttempt(attempt: number): void {
    const told = this.thoughts ?? this.before.thoughts;
    if (told.size) {
      this.past = new Map([...this.past, ...told]);
      this.thoughts = new Map();
      this.structure += 1;
    }
    this.attempt = attempt;
    this.approvals = [];
    this.outcome = null;
  }

  private thought(event: RunEvent, id: string): Thought {
    const known = (this.thoughts ?? this.before.thoughts).get(id);
    if (known) return known;
    this.structure += 1;
    const bare = bareThought(id);
    const past = this.past.get(id);
    if (!past) return this.put({ ...bare, touched: event.seq });
    const { tokens, calls, cost, counted, spans } = past;
    return this.put({ ...bare, tokens, calls, cost, counted, spans, touched: event.seq });
  }

  private change(event: RunEvent, id: string, values: Partial<Thought>): void {
    this.put({ ...this.thought(event, id), ...values, touched: event.seq });
  }

  private put(thought: Thought): Thought {
    this.thoughts ??= new Map(this.before.thoughts);
    this.thoughts.set(thought.id, thought);
    return thought;
  }

  private begin(event: RunEvent, id: string, span: Span): void {
    const { spans } = this.thought(event, id);
    this.change(event, id, { spans: [...spans.filter((other) => other.key !== span.key), span] });
  }

  private end(event: RunEvent, id: string, span: Span): void {
    const { spans } = this.thought(event, id);
    const begun = spans.find((other) => other.key === span.key && other.end === null);
    const ended = { ...span, start: begun?.start ?? Math.max(0, span.start) };
    this.change(event, id, { spans: [...spans.filter((other) => other.key !== span.key), ended] });
  }

  private finishCall(event: Extract<RunEvent, { kind: "call_finished" }>, at: number): void {
    const thought = this.thought(event, event.thought);
    // A replayed call was paid for before: by an event that was folded, or it is in the sums of the skeleton.
    const paid = thought.counted || thought.spans.some((span) => span.key === event.call && span.end !== null);
    const counted = event.replayed && paid;
    const start = at - (event.replayed ? 0 : event.latency_ms / 1000);
    this.end(event, event.thought, {
      key: event.call, label: event.purpose, tool: false, start, end: at, failed: event.error !== "",
    });
    if (counted) return;
    this.change(event, event.thought, {
      tokens: thought.tokens + event.usage.prompt_tokens + event.usage.completion_tokens,
      calls: thought.calls + event.usage.calls,
      cost: thought.cost + event.usage.cost_usd,
    });
  }
}
