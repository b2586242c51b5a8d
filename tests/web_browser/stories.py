"""Made-up runs of any size, as the events that a real one would tell."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

Event = dict[str, Any]

BEGAN_S = 1_790_000_000.0
HOSTILE = (
    "<img src=http://evil.example/x.png onerror=alert(1)> **bold** <script>alert(2)</script> "
    "[link](javascript:alert(3)) ![i](http://evil.example/y.png) <svg onload=alert(4)> </script><b style="
    "'background:url(http://evil.example/z)'>x</b> `code` <a href='http://evil.example' onclick='alert(5)'>a</a>"
)
RTL = "מהו המרחק בין ירושלים לתל אביב, ואיך אפשר לחשב אותו? ما هي المسافة بين القدس وتل أبيب؟ " * 4
EMOJI = "👩‍👩‍👧‍👦 family 🏳️‍🌈 flags 🇳🇴🇯🇵 and 漢字の長い文章がここに続きます " * 3
_WORDS = "sum ratio edges clause proof bound total train Oslo price graph tokens date list primes".split()
_STRATEGIES = ("think", "chain", "vote", "adaptive-best-of-n", "mcts")


class Story:
    """Numbers events and moves a clock."""

    def __init__(self, run: str, seed: int = 0) -> None:
        self.run, self.at_s, self.events = run, 0.0, list[Event]()
        self.attempt = 1
        self.random = random.Random(seed)

    def in_order(self) -> list[Event]:
        """Return the events as they happened: thoughts work side by side, but are told of one after another."""
        self.events.sort(key=lambda event: event["at_s"])
        for seq, event in enumerate(self.events, 1):
            event["seq"] = seq
        return self.events

    def tell(self, kind: str, **fields: Any) -> None:
        """Add an event."""
        self.events.append({
            "run_id": self.run, "seq": 0, "at_s": BEGAN_S + self.at_s, "attempt": self.attempt,
            "kind": kind, **fields,
        })  # fmt: skip

    def call(self, thought: str, purpose: str, number: int, *, error: str = "") -> None:
        """Tell of a call from its beginning to its end."""
        key, prompt = f"{thought}-{purpose}:{number}", self.random.randrange(40, 900)
        self.tell(
            "call_started",
            thought=thought,
            call=key,
            purpose=purpose,
            role="fast",
            model="made/up",
            prompt="",
        )
        seconds = self.random.uniform(0.05, 0.6)
        self.at_s += seconds
        usage = {
            "calls": 1, "prompt_tokens": prompt, "completion_tokens": prompt // 3, "cost_usd": prompt * 1e-6,
            "wall_s": seconds, "replayed_calls": 0,
        }  # fmt: skip
        self.tell(
            "call_finished", thought=thought, call=key, purpose=purpose, model="made/up", usage=usage,
            latency_ms=seconds * 1000, replayed=False, error=error, prompt="",
        )  # fmt: skip

    def question(self, name: str) -> str:
        """Return a question that nobody needs to answer."""
        words = " ".join(self.random.choice(_WORDS) for _ in range(self.random.randrange(4, 14)))
        return f"What is the {words} in {name}?"


def story(run: str, thoughts: int, *, seed: int = 0, text: str = "", width: int = 8) -> list[Event]:
    """Return a whole run of this many thoughts, in graphs of up to `width` within one another.

    Args:
        text: Stands in every text of the run, if it is not empty.
    """
    tale = Story(run, seed)
    question = text or "How many trains reach Oslo before noon, and which of them is the cheapest?"
    tale.tell(
        "run_started", question=question, model="made/up", strategy=text or "auto", seed=0,
        limits={"calls": None, "tokens": None, "usd": None, "seconds": None},
    )  # fmt: skip
    tale.tell("thought_added", thought="root", parent_graph=None, depth=0, layer=0, question=question)
    left = [thoughts - 1]
    _think(tale, "root", 0, left, text, width)
    tale.tell(
        "run_finished", status="answered", answer=text or "The 8:05 is the cheapest of **four** trains.",
        confidence=0.9, trust="cross-checked", trust_reason=text or "4 of 5 samples agree", strategy="plan", verdicts=[],
        usage=_usage(tale.events), reason=text, error="", limit="",
    )  # fmt: skip
    return tale.in_order()


def stopped(run: str, status: str, *, limits: list[dict[str, Any]], limit: str = "") -> list[Event]:
    """Return a small run that did not get to its end, with one attempt for each of the limits.

    Args:
        limit: The kind of limit that ended it.
    """
    tale = Story(run)
    question = "How many trains reach Oslo before noon?"
    for tale.attempt, allowed in enumerate(limits, 1):
        tale.tell("run_started", question=question, model="made/up", strategy="auto", seed=0, limits=allowed)
        tale.tell("thought_added", thought="root", parent_graph=None, depth=0, layer=0, question=question)
        tale.call("root", "think", 0)
        reason = f"The {limit} budget of the run is spent." if limit else "Stopped on request."
        tale.tell(
            "run_finished", status=status, answer="", confidence=None, strategy="", verdicts=[],
            usage=_usage(tale.events), reason=reason, error="", limit=limit,
        )  # fmt: skip
        tale.at_s += 1
    return tale.in_order()


def _think(tale: Story, name: str, depth: int, left: list[int], text: str, width: int) -> None:
    tale.tell("thought_started", thought=name, question=text or (
        tale.events[1]["question"] if name == "root" else tale.question(name)
    ))  # fmt: skip
    strategy = tale.random.choice(_STRATEGIES)
    tale.tell(
        "strategy_chosen", thought=name, strategy=text or strategy, why=text or "the cheapest that can help"
    )
    tale.call(name, "think", 0)
    if left[0] > 0 and (depth == 0 or tale.random.random() < 0.45):
        _expand(tale, name, depth, left, text, width)
    elif strategy == "mcts" and depth < 3:
        _search(tale, name, text)
    reward = round(tale.random.random(), 3)
    tale.tell("verified", thought=name, answer=text or "42", verdict={
        "check": "equations" if tale.random.random() < 0.5 else "judge", "reward": reward if reward > 0.05 else None,
        "feedback": text or ("" if reward > 0.5 else "the second step does not follow"), "conclusive": reward > 0.9,
    })  # fmt: skip
    status = "done" if name == "root" or reward > 0.15 else ("failed" if reward > 0.08 else "abstained")
    tale.tell(
        "thought_finished", thought=name, status=status, answer=text or "It is **42**.", strategy=strategy,
        reward=reward, confidence=reward, trust=_trust(reward), trust_reason=text or f"the check gave it {reward}",
        reason=text,
    )  # fmt: skip


def _trust(reward: float) -> str:
    return "proved" if reward > 0.9 else "judged" if reward > 0.5 else "doubtful"


def _expand(tale: Story, name: str, depth: int, left: list[int], text: str, width: int) -> None:
    count = min(left[0], tale.random.randrange(max(2, width - 3), width + 1) if depth else width)
    if depth == 0:
        count = max(count, min(left[0], 4))
    left[0] -= count
    tale.tell("thought_expanded", thought=name, why=text or "it has independent parts")
    tale.tell("plan_proposed", graph=name, round=0, count=count, rationale=text or "one part each")
    prefix = "" if name == "root" else f"{name}/"
    names = [f"{prefix}0.{i}" for i in range(count)]
    needs: dict[str, list[str]] = {}
    for i, child in enumerate(names):
        question = text or tale.question(child)
        tale.tell(
            "thought_added",
            thought=child,
            parent_graph=name,
            depth=depth + 1,
            layer=i // 3,
            question=question,
        )
        needs[child] = tale.random.sample(names[: i // 3 * 3], min(i // 3 * 3, 2))
        for source in needs[child]:
            tale.tell("edge_added", source=source, target=child)
    ends, planned_s = dict[str, float](), tale.at_s
    for i, child in enumerate(names):
        # Fair shares, so that a run of any size is used up.
        share = [left[0] // (len(names) - i)]
        left[0] -= share[0]
        tale.at_s = max((ends[source] for source in needs[child]), default=planned_s) + 0.02
        _think(tale, child, depth + 1, share, text, width)
        ends[child] = tale.at_s
        left[0] += share[0]
    tale.at_s = max(ends.values()) + (0.9 if depth == 0 else 0.0)
    if depth == 0:
        rounds = 1
        while left[0] > 0:
            more = min(left[0], width)
            left[0] -= more
            _extend(tale, rounds, more, left, text, width)
            rounds += 1


def _extend(tale: Story, round_: int, count: int, left: list[int], text: str, width: int) -> None:
    names = [f"{round_}.{i}" for i in range(count)]
    for child in names:
        question = text or tale.question(child)
        tale.tell(
            "thought_added", thought=child, parent_graph="root", depth=1, layer=round_, question=question
        )
        tale.tell("edge_added", source=f"{round_ - 1}.0", target=child)
    ended_s = tale.at_s
    for i, child in enumerate(names):
        share = [left[0] // (len(names) - i) if i < len(names) - 1 else left[0]]
        left[0] -= share[0]
        began_s = tale.at_s
        _think(tale, child, 1, share, text, width)
        left[0] += share[0]
        ended_s = max(ended_s, tale.at_s)
        tale.at_s = began_s
    tale.at_s = ended_s


def _search(tale: Story, name: str, text: str) -> None:
    tale.tell(
        "search_node_added", thought=name, search=0, node=0, parent=None, text="", value=None, done=False
    )
    visits, values = {0: 0}, {0: 0.0}
    parents: dict[int, int | None] = {0: None}
    for number in range(1, 28):
        parent = tale.random.choice(list(visits)[-9:])
        parents[number] = parent
        value, done = round(tale.random.random(), 3), tale.random.random() < 0.25
        tale.at_s += 0.03
        tale.tell(
            "search_node_added", thought=name, search=0, node=number, parent=parent, value=None, done=done,
            text=text or f"Step {number}: multiply the {tale.random.choice(_WORDS)} by {number}",
        )  # fmt: skip
        visits[number], values[number] = 0, 0.0
        at: int | None = number
        while at is not None:
            visits[at] += 1
            values[at] += (value - values[at]) / visits[at]
            tale.tell(
                "search_node_visited", thought=name, search=0, node=at, visits=visits[at], value=values[at]
            )
            at = parents[at]
        if value < 0.15:
            tale.tell("search_pruned", thought=name, search=0, node=number, why=text or "a check refuted it")
    path: list[int] = [max(visits, key=lambda node: (node > 0, values[node]))]
    while parents[path[0]] is not None:
        path.insert(0, parents[path[0]] or 0)
    tale.tell(
        "search_finished", thought=name, search=0, strategy="mcts", path=path, why=text or "highest value"
    )


def _usage(events: list[Event]) -> dict[str, Any]:
    totals = {
        "calls": 0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "cost_usd": 0.0,
        "wall_s": 0.0,
        "replayed_calls": 0,
    }
    for event in events:
        if event["kind"] == "call_finished":
            for key in totals:
                totals[key] += event["usage"][key]
    return totals


def skeleton(run: str, events: list[Event]) -> dict[str, Any]:
    """Return the skeleton after these events, computed apart from the viewer's own code."""
    rows: dict[str, dict[str, Any]] = {}
    for event in events:
        thought = event.get("thought")
        row = rows.get(thought) if thought is not None else None
        match event["kind"]:
            case "thought_added":
                rows[event["thought"]] = {
                    "id": event["thought"], "parent": event["parent_graph"], "needs": [], "layer": event["layer"],
                    "depth": event["depth"], "title": title(event["question"]), "status": "pending", "strategy": "",
                    "start_s": None, "end_s": None, "tokens": 0, "calls": 0, "cost_usd": 0.0, "reward": None, "searches": 0,
                }  # fmt: skip
            case "edge_added":
                rows[event["target"]]["needs"].append(event["source"])
            case "thought_started" if row is not None:
                row |= {
                    "status": "running",
                    "start_s": event["at_s"] - BEGAN_S,
                    "title": title(event["question"]),
                }
            case "strategy_chosen" | "thought_retried" if row is not None:
                row["strategy"] = event["strategy"]
            case "call_finished" if row is not None:
                used = event["usage"]
                row["tokens"] += used["prompt_tokens"] + used["completion_tokens"]
                row["calls"] += used["calls"]
                row["cost_usd"] += used["cost_usd"]
            case "search_node_added" if row is not None and event["parent"] is None:
                row["searches"] += 1
            case "thought_finished" if row is not None:
                row |= {
                    "status": event["status"], "reward": event["reward"], "end_s": event["at_s"] - BEGAN_S,
                    "strategy": event["strategy"] or row["strategy"],
                }  # fmt: skip
    columns = list(next(iter(rows.values()))) if rows else []
    return {
        "run": run, "seq": events[-1]["seq"] if events else 0, "columns": columns,
        "nodes": [list(row.values()) for row in rows.values()],
    }  # fmt: skip


def title(question: str) -> str:
    """Return a question cut as a skeleton cuts it."""
    line = " ".join(question.split())
    return line if len(line) <= 120 else f"{line[:119]}…"


def detail(events: list[Event], name: str) -> dict[str, Any]:
    """Return one thought as the server tells it."""
    mine = [event for event in events if event.get("thought") == name]
    last = {event["kind"]: event for event in mine}
    finished = last.get("thought_finished", {})
    questions = {event["thought"]: event["question"] for event in events if event["kind"] == "thought_added"}
    answers = {event["thought"]: event["answer"] for event in events if event["kind"] == "thought_finished"}
    return {
        "id": name, "question": last["thought_added"]["question"], "answer": finished.get("answer", ""),
        "status": finished.get("status", "running"), "reason": finished.get("reason", ""),
        "strategy": finished.get("strategy", ""), "reward": finished.get("reward"),
        "confidence": finished.get("confidence"), "trust": finished.get("trust", "unchecked"),
        "trust_reason": finished.get("trust_reason", ""),
        "choices": [
            {"strategy": event["strategy"], "why": event["why"], "seq": event["seq"]}
            for event in mine if event["kind"] == "strategy_chosen"
        ],
        "verdicts": [{**event["verdict"], "answer": event["answer"]} for event in mine if event["kind"] == "verified"],
        "findings": [
            {"thought": source, "question": questions.get(source, ""), "answer": answers.get(source, "")}
            for source in _sources(events, name)
        ],
        "calls": [_call(event) for event in mine if event["kind"] == "call_finished"],
        "tools": [],
    }  # fmt: skip


def _sources(events: list[Event], name: str) -> Iterator[str]:
    return (event["source"] for event in events if event["kind"] == "edge_added" and event["target"] == name)


def _call(event: Event) -> dict[str, Any]:
    used = event["usage"]
    return {
        "key": event["call"], "role": "fast", "model": event["model"], "purpose": event["purpose"],
        "prompt_tokens": used["prompt_tokens"], "completion_tokens": used["completion_tokens"],
        "cost_usd": used["cost_usd"], "replayed": event["replayed"],
        "start_s": event["at_s"] - BEGAN_S - used["wall_s"], "wall_s": used["wall_s"], "error": event["error"],
    }  # fmt: skip


def searches(events: list[Event], name: str) -> list[dict[str, Any]]:
    """Return the searches of a thought as the server tells them."""
    found: dict[int, dict[str, Any]] = {}
    for event in events:
        if event.get("thought") != name or "search" not in event:
            continue
        number = event["search"]
        tree = found.setdefault(
            number, {"search": number, "strategy": "", "why": "", "path": [], "nodes": {}}
        )
        if event["kind"] == "search_finished":
            tree |= {key: event[key] for key in ("strategy", "why", "path")}
        elif event["kind"] == "search_node_added":
            tree["nodes"][event["node"]] = {
                key: event[key] for key in ("node", "parent", "text", "value", "done", "seq")
            } | {"pruned": None, "visits": []}
        elif event["kind"] == "search_pruned":
            tree["nodes"][event["node"]]["pruned"] = event["why"]
        else:
            tree["nodes"][event["node"]]["visits"].append([event["seq"], event["visits"], event["value"]])
    return [tree | {"nodes": list(tree["nodes"].values())} for tree in found.values()]
