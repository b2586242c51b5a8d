// One run that is being looked at: its state, the stream that keeps it fresh, and the log for replay.

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import { ancestors, criticalPath, heatOf, totalsOf, treeOf, type Metric } from "./derive";
import { detailOf, searchesOf, type Detail, type Search } from "./detail";
import type { RunEvent } from "./events";
import { fold } from "./fold";
import { go, route } from "./route";
import { api, saved, type Annotation, type Run } from "./source";
import { EMPTY, fromSkeleton, type Approval, type RunState } from "./state";

export type Connection = "loading" | "live" | "lost" | "ended";

const CHECKPOINT_EVERY = 1000;
const OPEN_ALL_BELOW = 60;
const RECONNECT_AFTER_MS = [250, 500, 1000, 2000, 5000];

export class Session {
  readonly run = signal<Run | null>(null);
  readonly live = signal<RunState>(EMPTY);
  readonly connection = signal<Connection>("loading");
  readonly fault = signal<string | null>(null);
  readonly log = signal<readonly RunEvent[] | null>(null);
  readonly logProgress = signal<number | null>(null);
  readonly open = signal<ReadonlySet<string>>(new Set());
  readonly follow = signal(true);
  readonly acknowledged = signal(0);
  readonly metric = signal<Metric>("status");
  readonly critical = signal(false);
  readonly annotations = signal<readonly Annotation[]>([]);
  /** Calls that waited for a person's word before this page began to listen. */
  readonly waiting = signal<readonly Approval[]>([]);
  /** Text of models as it arrives, by thought; not part of the state, because it is not part of the log. */
  readonly streamed = signal<ReadonlyMap<string, string>>(new Map());

  /** The state at the event that the address names, or the latest one. */
  readonly shown: ReadonlySignal<RunState> = computed(() => {
    const { seq } = route.value;
    return seq !== null && this.log.value ? this.replayed(seq) : this.live.value;
  });
  readonly replaying = computed(() => route.value.seq !== null && this.log.value !== null);
  readonly totals = computed(() => totalsOf(this.shown.value));
  readonly heat = computed(() => heatOf(this.shown.value, this.metric.value));
  readonly path = computed(() => criticalPath(this.shown.value));
  readonly fresh = computed(() =>
    this.follow.value ? 0 : Math.max(0, this.live.value.thoughts.size - this.acknowledged.value),
  );
  readonly running = computed(() => this.connection.value === "live" || this.connection.value === "lost");

  private stream: EventSource | null = null;
  private retry = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private closed = false;
  private checkpoints: RunState[] = [EMPTY];
  private loading: Promise<void> | null = null;

  constructor(readonly id: string) {
    void this.start();
  }

  close(): void {
    this.closed = true;
    this.stream?.close();
    if (this.timer) clearTimeout(this.timer);
  }

  private async start(): Promise<void> {
    try {
      if (saved) this.startSaved(saved.events);
      else await this.startServed();
    } catch (error) {
      this.fault.value = (error as Error).message;
    }
  }

  private startSaved(events: readonly RunEvent[]): void {
    this.run.value = saved!.run;
    this.annotations.value = saved!.annotations ?? [];
    this.log.value = events;
    this.accept(events.length ? fold(EMPTY, events) : this.seeded(saved!.run, saved!.skeleton));
    this.connection.value = "ended";
  }

  private seeded(run: Run, skeleton: Parameters<typeof fromSkeleton>[0]): RunState {
    const created = Date.parse(run.created_at) / 1000;
    return fromSkeleton(skeleton, Number.isFinite(created) ? created : null, run.attempts ?? 1);
  }

  private async startServed(): Promise<void> {
    const [run, skeleton] = await Promise.all([api.run(this.id), api.skeleton(this.id)]);
    if (this.closed) return;
    this.run.value = run;
    this.accept(this.seeded(run, skeleton));
    if (run.running ?? run.status === "running") {
      this.connect();
      void this.refreshApprovals();
    } else this.connection.value = "ended";
    if (route.value.seq !== null) void this.loadLog();
    api.annotations(this.id).then(
      (found) => { this.annotations.value = found.annotations; },
      () => undefined, // notes are an extra: a server without them shows the run all the same
    );
  }

  private accept(state: RunState): void {
    this.live.value = state;
    const { roots } = treeOf(state);
    const all = state.thoughts.size <= OPEN_ALL_BELOW ? [...state.thoughts.keys()] : roots;
    this.open.value = new Set([...this.open.value, ...all]);
    this.acknowledged.value = state.thoughts.size;
    const { node } = route.value;
    if (node) this.reveal(node);
  }

  // -- live ------------------------------------------------------------------------------------------

  private connect(): void {
    const stream = api.stream(this.id, this.live.value.seq);
    this.stream = stream;
    stream.addEventListener("open", () => {
      this.retry = 0;
      this.connection.value = "live";
    });
    stream.addEventListener("batch", (message) => {
      this.take(JSON.parse((message as MessageEvent<string>).data) as RunEvent[]);
    });
    stream.addEventListener("end", () => {
      stream.close();
      void this.finish();
    });
    stream.addEventListener("error", () => {
      if (this.closed) return;
      if (this.connection.value !== "ended") this.connection.value = "lost";
      // The browser tries again by itself, with Last-Event-ID, unless the answer was an error.
      if (stream.readyState !== EventSource.CLOSED) return;
      const wait = RECONNECT_AFTER_MS[Math.min(this.retry, RECONNECT_AFTER_MS.length - 1)]!;
      this.retry += 1;
      this.timer = setTimeout(() => this.connect(), wait);
    });
  }

  private take(batch: readonly RunEvent[]): void {
    const before = this.live.value;
    const after = fold(before, batch);
    this.showStreamed(batch);
    const answered = new Set(batch.map((event) => (event.kind === "approval_given" ? event.call : null)));
    if (this.waiting.value.some((asked) => answered.has(asked.call))) {
      this.waiting.value = this.waiting.value.filter((asked) => !answered.has(asked.call));
    }
    if (after === before) return;
    const log = this.log.value;
    if (log) {
      const last = log.at(-1)?.seq ?? 0;
      this.log.value = [...log, ...batch.filter((event) => event.seq > last)];
    }
    this.live.value = after;
    if (after.structure !== before.structure) this.openNew(before, after, batch);
    if (this.follow.value) this.acknowledged.value = after.thoughts.size;
  }

  private openNew(before: RunState, after: RunState, batch: readonly RunEvent[]): void {
    const open = new Set(this.open.value);
    for (const root of treeOf(after).roots) open.add(root);
    if (this.follow.value && after.thoughts.size <= 4 * OPEN_ALL_BELOW) {
      for (const event of batch) {
        if (event.kind === "thought_added" && !before.thoughts.has(event.thought) && event.parent_graph) open.add(event.parent_graph);
      }
    }
    if (open.size !== this.open.value.size) this.open.value = open;
  }

  private showStreamed(batch: readonly RunEvent[]): void {
    let texts: Map<string, string> | null = null;
    for (const event of batch) {
      if (event.kind === "text_streamed") {
        texts ??= new Map(this.streamed.value);
        texts.set(event.thought, ((texts.get(event.thought) ?? "") + event.text).slice(-4000));
      } else if (event.kind === "call_finished" || event.kind === "thought_finished") {
        texts ??= new Map(this.streamed.value);
        texts.delete(event.thought);
      }
    }
    if (texts) this.streamed.value = texts;
  }

  private async finish(): Promise<void> {
    this.connection.value = "ended";
    this.streamed.value = new Map();
    try {
      const [run, skeleton] = await Promise.all([api.run(this.id), api.skeleton(this.id)]);
      this.run.value = run;
      // What was stored is the last word; only a whole log tells as much, and more.
      const { live } = this;
      if (!live.value.whole && skeleton.seq >= live.value.seq) {
        live.value = { ...this.seeded(run, skeleton), structure: live.value.structure + 1, notices: live.value.notices, outcome: live.value.outcome };
      }
    } catch (error) {
      this.fault.value = (error as Error).message;
    }
  }

  /** Look again at a run that goes on after it had ended. */
  async reopen(): Promise<void> {
    this.stream?.close();
    this.connect();
    this.run.value = await api.run(this.id);
  }

  acknowledge(): void {
    this.acknowledged.value = this.live.value.thoughts.size;
  }

  // -- replay ----------------------------------------------------------------------------------------

  /** Fetch all events, once; afterwards the state also has what a skeleton lacks. */
  loadLog(): Promise<void> {
    this.loading ??= this.fetchLog().catch((error: Error) => {
      this.loading = null;
      this.logProgress.value = null;
      this.fault.value = error.message;
    });
    return this.loading;
  }

  private async fetchLog(): Promise<void> {
    if (this.log.value) return;
    const events: RunEvent[] = [];
    this.logProgress.value = 0;
    for (let more = true; more && !this.closed; ) {
      const after = events.at(-1)?.seq ?? 0;
      const page = await api.events(this.id, after);
      for (const event of page.events) if (event.seq > after) events.push(event);
      more = page.more && page.events.length > 0;
      this.logProgress.value = events.length;
    }
    if (this.closed) return;
    // What the stream told in the meantime is in the state only; ask for it once more.
    if ((events.at(-1)?.seq ?? 0) < this.live.value.seq) {
      const rest = await api.events(this.id, events.at(-1)?.seq ?? 0);
      events.push(...rest.events.filter((event) => event.seq > (events.at(-1)?.seq ?? 0)));
    }
    this.checkpoints = [EMPTY];
    const whole = fold(EMPTY, events);
    this.log.value = events;
    if (whole.seq >= this.live.value.seq) this.live.value = whole;
    this.logProgress.value = null;
  }

  private replayed(seq: number): RunState {
    const log = this.log.value!;
    let at = 0;
    while (at + 1 < this.checkpoints.length && this.checkpoints[at + 1]!.seq <= seq) at += 1;
    let state = this.checkpoints[at]!;
    for (let from = firstAfter(log, state.seq); from < log.length && log[from]!.seq <= seq; from += CHECKPOINT_EVERY) {
      state = fold(state, log.slice(from, from + CHECKPOINT_EVERY), seq);
      if (state.seq - this.checkpoints.at(-1)!.seq >= CHECKPOINT_EVERY) this.checkpoints.push(state);
    }
    return state;
  }

  // -- reading ---------------------------------------------------------------------------------------

  async detail(thought: string): Promise<Detail> {
    const until = route.value.seq ?? Infinity;
    if (saved?.thoughts?.[thought] && until === Infinity) return saved.thoughts[thought];
    const log = this.log.value;
    if (log && (saved || until !== Infinity)) return detailOf(log, thought, until, this.live.value.began ?? 0);
    return api.thought(this.id, thought);
  }

  async searches(thought: string): Promise<Search[]> {
    if (saved) return searchesOf(saved.events, thought);
    return (await api.searches(this.id, thought)).searches;
  }

  async refreshApprovals(): Promise<void> {
    try {
      const { approvals } = await api.approvals(this.id);
      this.waiting.value = approvals.map(({ call, tool, arguments: given }) => (
        { call, thought: "", tool, text: typeof given === "string" ? given : JSON.stringify(given, null, 2) }
      ));
    } catch (error) {
      this.fault.value = (error as Error).message;
    }
  }

  async refreshAnnotations(): Promise<void> {
    this.annotations.value = (await api.annotations(this.id)).annotations;
  }

  // -- moving ----------------------------------------------------------------------------------------

  select(node: string | null): void {
    go({ node });
  }

  reveal(node: string): void {
    const above = ancestors(this.live.value, node).filter((id) => !this.open.value.has(id));
    if (above.length) this.open.value = new Set([...this.open.value, ...above]);
  }

  toggle(node: string): void {
    const open = new Set(this.open.value);
    if (!open.delete(node)) open.add(node);
    this.open.value = open;
  }

  openAll(): void {
    this.open.value = new Set(treeOf(this.shown.value).inside.keys());
  }

  closeAll(): void {
    this.open.value = new Set(treeOf(this.shown.value).roots);
  }

  async step(by: number): Promise<void> {
    await this.loadLog();
    const log = this.log.value;
    if (!log?.length) return;
    const { seq } = route.value;
    const at = seq === null ? log.length - 1 : firstAfter(log, seq) - 1;
    const next = Math.max(0, at + by);
    go({ seq: next >= log.length - 1 ? null : log[next]!.seq });
  }
}

/** Index of the first event after this seq; events are in order. */
function firstAfter(log: readonly RunEvent[], seq: number): number {
  let [low, high] = [0, log.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (log[middle]!.seq <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const session = signal<Session | null>(null);
