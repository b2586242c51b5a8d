"""Measure exported models with the runtime: `python -m training.evaluate_runtime DIR [DIR ...]`.

Greedy chains of the test split, answered by the same engine that the package ships, for every directory
written by training.export; the differences between 4-bit, 8-bit and float weights are then measured, not
estimated. Prints a table and, with --out, writes JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from agot.bench.scoring import is_right
from agot.models.embedded.messages import Generation, Reply
from agot.models.embedded.runtime import Engine
from training.example import Problem
from training.grading import final_answer
from training.mixture import outside_for, problem_for

FAMILIES = ("arithmetic", "lists", "word_problems", "facts")
OPERATIONS = (4, 8)


def answers(engine: Engine, requests: list[Generation]) -> list[Reply]:
    """Return the replies to requests that share the batch."""
    replies: dict[int, Reply] = {}
    for number, request in enumerate(requests):
        engine.submit(request, lambda reply, number=number: replies.__setitem__(number, reply))  # type: ignore[misc]
    while engine.busy:
        engine.step()
    return [replies[number] for number in range(len(requests))]


def measure(directory: Path, count: int) -> dict[str, float]:
    """Return the accuracies, the rates of declining, and the speed of one exported model."""
    begun = time.monotonic()
    engine = Engine(directory)
    loaded = time.monotonic() - begun
    result: dict[str, float] = {"bytes": (directory / "model.onnx").stat().st_size, "load_seconds": loaded}
    inside: list[Problem] = []
    tokens, begun = 0, time.monotonic()
    for family in FAMILIES:
        for operations in OPERATIONS if family != "facts" else (4,):
            problems = [problem_for("test", family, operations, i) for i in range(count)]
            inside += problems
            replies = answers(engine, [Generation(p.question, "chain") for p in problems])
            done = [reply.completions[0] for reply in replies]
            tokens += sum(c.generated for c in done)
            right = sum(
                c.finish == "stop" and is_right(p, final_answer(c.text))
                for p, c in zip(problems, done, strict=True)
            )
            result[f"{family}-{operations}"] = right / count
    result["tokens_per_second"] = tokens / (time.monotonic() - begun)
    for name, texts in (
        ("declined_inside", [p.question for p in inside]),
        ("declined_outside", [outside_for("test", i) for i in range(count)]),
    ):
        # Some outside questions are longer than the context; nothing that small can answer them either.
        fitting = [text for text in texts if len(engine.tokenizer.encode(text)) < engine.context - 8]
        replies = answers(engine, [Generation(text, max_tokens=1) for text in fitting])
        result[name] = sum(reply.completions[0].mode == "decline" for reply in replies) / len(fitting)
    return result


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure exported models with the runtime.")
    parser.add_argument("directories", type=Path, nargs="+")
    parser.add_argument("--problems", type=int, default=200, help="per family and number of operations")
    parser.add_argument("--out", type=Path, help="JSON file")
    options = parser.parse_args()
    results = {str(directory): measure(directory, options.problems) for directory in options.directories}
    for name in next(iter(results.values())):
        print(f"{name:20}" + "".join(f"{result[name]:16.4g}" for result in results.values()))
    if options.out is not None:
        options.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
