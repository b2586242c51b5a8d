"""The list operations themselves: what each does to a list."""

from __future__ import annotations

from collections.abc import Sequence

Item = int | str
Operation = tuple[str, int, int | str]
"""Name, position argument, value argument (unused ones are 0)."""


def show(items: Sequence[Item]) -> str:
    """Return the canonical text of a list."""
    return "[" + ", ".join(map(str, items)) + "]"


def apply(operation: Operation, items: list[Item]) -> list[Item]:
    """Return the list after one operation; positions count from 1 and out-of-range ones do nothing."""
    name, i, x = operation
    size = len(items)
    if name == "reverse":
        return items[::-1]
    if name == "append":
        return [*items, x]
    if name == "prepend":
        return [x, *items]
    if name in ("drop first", "skip"):
        return items[max(1, i) :]
    if name == "drop last":
        return items[:-1]
    if name == "drop at":
        return items[: i - 1] + items[i:]
    if name == "remove":
        return [item for item in items if item != x]
    if name == "swap":
        j = int(x)
        if max(i, j) > size:
            return items
        swapped = items[:]
        swapped[i - 1], swapped[j - 1] = items[j - 1], items[i - 1]
        return swapped
    if name == "swap ends":
        return [items[-1], *items[1:-1], items[0]] if size > 1 else items
    if name in ("left", "back"):
        return items[i % size :] + items[: i % size] if size else items
    if name in ("right", "front"):
        return items[-(i % size) :] + items[: -(i % size)] if size and i % size else items
    if name in ("sort up", "sort down"):
        return sorted(items, key=_order, reverse=name == "sort down")
    if name in ("double", "add", "subtract"):
        return [_shift(name, i, int(item)) for item in items]
    if name in ("evens", "odds"):
        return [item for item in items if int(item) % 2 == (name == "odds")]
    if name == "above":
        return [item for item in items if int(item) > i]
    if name == "below":
        return [item for item in items if int(item) < i]
    if name == "insert":
        return [*items[: i - 1], x, *items[i - 1 :]]
    if name == "replace":
        old, new = pair(x)
        return [new if str(item) == str(old) else item for item in items]
    if name == "set":
        return [*items[: i - 1], x, *items[i:]] if i <= size else items
    if name == "repeat last":
        return [*items, items[-1]] if items else items
    if name == "repeat first":
        return [items[0], *items] if items else items
    if name == "unique":
        return list(dict.fromkeys(items))
    if name == "take":
        return items[:i]
    if name == "take last":
        return items[-i:]
    if name == "flip front":
        return items[:i][::-1] + items[i:]
    return items[: max(0, size - i)] + items[max(0, size - i) :][::-1]


def _order(item: Item) -> tuple[int, str]:
    return (item, "") if isinstance(item, int) else (0, item)


def _shift(name: str, amount: int, value: int) -> int:
    return value * 2 if name == "double" else value + amount if name == "add" else value - amount


def pair(x: int | str) -> tuple[Item, Item]:
    old, _, new = str(x).partition("|")
    return (int(old), int(new)) if old.lstrip("-").isdigit() else (old, new)
