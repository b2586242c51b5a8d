// The state of a run depends on its events alone: not on batches, repeats, or where the looking began.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { criticalPath, idleGaps, treeOf, visibleRows } from "../src/derive";
import type { RunEvent } from "../src/events";
import { fold } from "../src/fold";
import { EMPTY, fromSkeleton, titleOf, type RunState, type Thought } from "../src/state";

const NAMES = ["root", "0.0", "0.1", "0.1/0.0", "0.final", "1.0", "__proto__"];
const name = fc.constantFrom(...NAMES);
const words = fc.string({ maxLength: 12 });
const unit = fc.double({ min: 0, max: 1, noNaN: true });
const usage = fc.record({
  calls: fc.nat(2), prompt_tokens: fc.nat(900), completion_tokens: fc.nat(90), cost_usd: fc.nat(8).map((n) => n / 8), wall_s: fc.nat(9),
});
const key = fc.constantFrom("a:0", "a:1", "b:0");

const body = fc.oneof(
  fc.record({ kind: fc.constant("thought_added"), thought: name, parent_graph: fc.option(name), depth: fc.nat(3), layer: fc.nat(3), question: words }),
  fc.record({ kind: fc.constant("edge_added"), source: name, target: name }),
  fc.record({ kind: fc.constant("thought_started"), thought: name, question: words }),
  fc.record({ kind: fc.constant("strategy_chosen"), thought: name, strategy: words, why: words }),
  fc.record({ kind: fc.constant("thought_retried"), thought: name, retry: fc.nat(3), strategy: words, why: words }),
  fc.record({ kind: fc.constant("thought_expanded"), thought: name, why: words }),
  fc.record({ kind: fc.constant("verified"), thought: name, answer: words, verdict: fc.record({ check: fc.constantFrom("x", "y"), reward: fc.option(unit), feedback: words, conclusive: fc.boolean() }) }),
  fc.record({ kind: fc.constant("thought_finished"), thought: name, status: fc.constantFrom("done", "failed", "abstained", "skipped", "odd"), answer: words, strategy: words, reward: fc.option(unit), confidence: fc.option(unit), reason: words }),
  fc.record({ kind: fc.constant("call_started"), thought: name, call: key, purpose: words, role: words, model: words }),
  fc.record({ kind: fc.constant("call_finished"), thought: name, call: key, purpose: words, model: words, usage, latency_ms: fc.nat(999), replayed: fc.boolean(), error: fc.constantFrom("", "no") }),
  fc.record({ kind: fc.constant("tool_started"), thought: name, call: key, tool: words, arguments: words }),
  fc.record({ kind: fc.constant("tool_finished"), thought: name, call: key, tool: words, text: words, error: fc.boolean(), latency_ms: fc.nat(999), replayed: fc.boolean() }),
  fc.record({ kind: fc.constant("search_node_added"), thought: name, search: fc.nat(1), node: fc.nat(5), parent: fc.option(fc.nat(5)), text: words, value: fc.option(unit), done: fc.boolean() }),
  fc.record({ kind: fc.constant("approval_asked"), thought: name, call: key, tool: words, text: words, again: fc.boolean() }),
  fc.record({ kind: fc.constant("approval_given"), thought: name, call: key, tool: words, approved: fc.boolean() }),
  fc.record({ kind: fc.constant("notice"), level: fc.constant("info"), text: words }),
  fc.record({ kind: fc.constant("run_finished"), status: fc.constant("answered"), answer: words, trust: fc.constantFrom("proved", "doubtful", "odd"), trust_reason: words, reason: words, usage, strategy: words }),
  fc.record({ kind: fc.constant("plan_from_the_future"), graph: name }),
);

const log = fc.array(fc.tuple(body, fc.nat(5), fc.integer({ min: 0, max: 19 })), { maxLength: 60 }).map((items) => {
  let [at_s, attempt] = [1000, 1];
  return items.map(([event, pause, again], i) => {
    at_s += pause / 4;
    if (again === 0) attempt += 1;
    return { ...event, seq: i + 1, at_s, attempt } as unknown as RunEvent;
  });
});

test("live equals replay: however the log is cut, and if parts of it come twice", () => {
  fc.assert(fc.property(log, fc.array(fc.tuple(fc.nat(60), fc.nat(20)), { maxLength: 12 }), (events, cuts) => {
    const replay = fold(EMPTY, events);
    let live = EMPTY;
    let at = 0;
    for (const [step, back] of cuts) {
      live = fold(live, events.slice(Math.max(0, at - back), at + step));
      at = Math.min(events.length, at + step);
    }
    live = fold(live, events.slice(at));
    assert.deepEqual(live, replay);
  }), { numRuns: 400 });
});

test("a fold up to an event equals a fold of the events up to it, and changes nothing that was there", () => {
  fc.assert(fc.property(log, fc.nat(60), (events, until) => {
    const before = fold(EMPTY, events.slice(0, until));
    const copy = structuredClone(before);
    assert.deepEqual(fold(EMPTY, events, until), before);
    fold(before, events);
    assert.deepEqual(before, copy);
  }));
});

test("text that streams is not part of the state", () => {
  fc.assert(fc.property(log, (events) => {
    const streamed = { kind: "text_streamed", seq: 0, at_s: 1, attempt: 1, thought: "root", purpose: "solve", text: "x" } as RunEvent;
    assert.deepEqual(fold(EMPTY, events.flatMap((event) => [streamed, event])), fold(EMPTY, events));
  }));
});

const COLUMNS = ["id", "parent", "needs", "layer", "depth", "title", "status", "strategy", "start_s", "end_s", "tokens", "calls", "cost_usd", "reward", "searches"];

function skeletonOf(state: RunState): RunState {
  const nodes = [...state.thoughts.values()].map((one) => [
    one.id, one.parent, one.needs, one.layer, one.depth, one.title, one.status, one.strategy, one.start, one.end, one.tokens, one.calls, one.cost, one.reward, one.searches,
  ]);
  return fromSkeleton({ run: "r", seq: state.seq, columns: COLUMNS, nodes: JSON.parse(JSON.stringify(nodes)) as unknown[][] }, state.began, state.attempt);
}

const outside = ({ spans: _, marks: __, touched: ___, counted: ____, ...rest }: Thought) => rest;

test("a skeleton and the events after it come to what all events come to", () => {
  fc.assert(fc.property(log, fc.nat(60), (all, at) => {
    // Replayed calls are told apart by what came before, which a skeleton does not hold; it holds the sums.
    const events = all.map((event) => (event.kind === "call_finished" ? { ...event, replayed: false } : event)).map((event) => ({ ...event, attempt: 1 }));
    const whole = fold(EMPTY, events);
    const joined = fold(skeletonOf(fold(EMPTY, events.slice(0, at))), events.slice(at));
    assert.deepEqual([...joined.thoughts.values()].map(outside), [...whole.thoughts.values()].map(outside));
  }));
});

test("what follows from a state ends for any events, and names only thoughts that are there", () => {
  fc.assert(fc.property(log, (events) => {
    const state = fold(EMPTY, events);
    for (const id of criticalPath(state)) assert.ok(state.thoughts.has(id));
    const rows = visibleRows(state, new Set(treeOf(state).inside.keys()));
    assert.equal(new Set(rows.map((row) => row.id)).size, rows.length);
    for (const [start, end] of idleGaps(state, 0.1)) assert.ok(end - start >= 0.1);
  }));
});

test("titles are one line of at most 120 characters, cut between them", () => {
  assert.equal(titleOf("  a\n b  "), "a b");
  assert.equal(Array.from(titleOf("😀".repeat(200))).length, 120);
  assert.ok(titleOf("x".repeat(121)).endsWith("…"));
  assert.equal(titleOf("x".repeat(120)), "x".repeat(120));
});
