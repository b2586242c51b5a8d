// What a run looks like at one moment: immutable values, made by `fold` from events or by `fromSkeleton`.

/** How far an answer can be trusted, from the most trusted on. */
export const TRUSTS = ["proved", "cross-checked", "judged", "unchecked", "doubtful"] as const;
export type Trust = (typeof TRUSTS)[number];

export const STATUSES = ["pending", "running", "done", "abstained", "failed", "skipped"] as const;
export type Status = (typeof STATUSES)[number];

/** One piece of work of a thought: a model call or a tool call. Seconds since the run began. */
export interface Span {
  readonly key: string;
  readonly label: string;
  readonly tool: boolean;
  readonly start: number;
  readonly end: number | null;
  readonly failed: boolean;
}

export interface Mark {
  readonly check: string;
  readonly reward: number | null;
  readonly conclusive: boolean;
}

export interface Thought {
  readonly id: string;
  readonly parent: string | null;
  readonly needs: readonly string[];
  readonly layer: number;
  readonly depth: number;
  readonly title: string;
  readonly status: Status;
  readonly strategy: string;
  readonly start: number | null;
  readonly end: number | null;
  readonly tokens: number;
  readonly calls: number;
  readonly cost: number;
  readonly reward: number | null;
  readonly searches: number;
  /** The sums come from a skeleton, so that calls which are replayed later are in them already. */
  readonly counted: boolean;
  /** Seq of the last event that told of it; 0 if only the skeleton did. */
  readonly touched: number;
  /** Filled by events only: a skeleton does not carry them. */
  readonly spans: readonly Span[];
  readonly marks: readonly Mark[];
}

export interface Approval {
  readonly call: string;
  readonly thought: string;
  readonly tool: string;
  readonly text: string;
}

export interface Outcome {
  readonly status: string;
  readonly answer: string;
  readonly reason: string;
  readonly trust: Trust;
  readonly trustReason: string;
}

export interface RunState {
  readonly seq: number;
  /** Seconds since the epoch at which the run began, null before the first event. */
  readonly began: number | null;
  readonly now: number;
  readonly attempt: number;
  readonly thoughts: ReadonlyMap<string, Thought>;
  /** Thoughts of earlier attempts, for what they cost. */
  readonly past: ReadonlyMap<string, Thought>;
  /** Rises whenever a thought or an edge is added; a layout is valid for one value of it. */
  readonly structure: number;
  readonly approvals: readonly Approval[];
  readonly notices: readonly string[];
  readonly outcome: Outcome | null;
  /** True if the state was made from events alone, so that spans and marks are whole. */
  readonly whole: boolean;
}

export const EMPTY: RunState = {
  seq: 0, began: null, now: 0, attempt: 0, thoughts: new Map(), past: new Map(), structure: 0, approvals: [], notices: [],
  outcome: null, whole: true,
};

export const TITLE_LENGTH = 120;

/** The beginning of a question on one line, as the skeleton has it. */
export function titleOf(question: string): string {
  const points = Array.from(question.slice(0, 4000).trim().replace(/\s+/g, " ").slice(0, 2 * TITLE_LENGTH + 2));
  return points.length <= TITLE_LENGTH ? points.join("") : `${points.slice(0, TITLE_LENGTH - 1).join("")}…`;
}

export function asStatus(text: string): Status {
  return (STATUSES as readonly string[]).includes(text) ? (text as Status) : "pending";
}

/** Runs that were stored before trust was told say nothing of it. */
export function asTrust(text: string | undefined): Trust {
  return (TRUSTS as readonly (string | undefined)[]).includes(text) ? (text as Trust) : "unchecked";
}

export function bareThought(id: string): Thought {
  return {
    id, parent: id === "root" ? null : parentOf(id), needs: [], layer: 0, depth: id === "root" ? 0 : id.split("/").length,
    title: "", status: "pending", strategy: "", start: null, end: null, tokens: 0, calls: 0, cost: 0, reward: null,
    searches: 0, counted: false, touched: 0, spans: [], marks: [],
  };
}

/** The id says where a thought belongs, for one that was never announced: `0.2/1.0` is nested in `0.2`. */
function parentOf(id: string): string {
  const cut = id.lastIndexOf("/");
  return cut < 0 ? "root" : id.slice(0, cut);
}

export interface Skeleton {
  run: string;
  seq: number;
  columns: string[];
  nodes: unknown[][];
}

/** Read the skeleton by the names of its columns, so that a later version may add some. */
export function fromSkeleton(skeleton: Skeleton, began: number | null, attempt = 1): RunState {
  const at = new Map(skeleton.columns.map((name, index) => [name, index]));
  const cell = (row: unknown[], name: string): unknown => row[at.get(name) ?? -1];
  const count = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
  const maybe = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
  const thoughts = new Map<string, Thought>();
  let now = 0;
  for (const row of skeleton.nodes) {
    const id = String(cell(row, "id"));
    const parent = cell(row, "parent");
    const start = maybe(cell(row, "start_s"));
    const end = maybe(cell(row, "end_s"));
    now = Math.max(now, start ?? 0, end ?? 0);
    thoughts.set(id, {
      id,
      parent: typeof parent === "string" && parent !== id ? parent : null,
      needs: (cell(row, "needs") as string[] | undefined) ?? [],
      layer: count(cell(row, "layer")),
      depth: count(cell(row, "depth")),
      title: String(cell(row, "title") ?? ""),
      status: asStatus(String(cell(row, "status"))),
      strategy: String(cell(row, "strategy") ?? ""),
      start, end,
      tokens: count(cell(row, "tokens")),
      calls: count(cell(row, "calls")),
      cost: count(cell(row, "cost_usd")),
      reward: maybe(cell(row, "reward")),
      searches: count(cell(row, "searches")),
      counted: true, touched: 0, spans: [], marks: [],
    });
  }
  return { ...EMPTY, seq: skeleton.seq, began, now, attempt, thoughts, structure: 1, whole: skeleton.nodes.length === 0 };
}
