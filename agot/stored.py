"""A finished run as it is kept, as the result that it gave."""

from __future__ import annotations

import networkx as nx

from agot.ids import ThoughtId
from agot.stores.database import SqlStore
from agot.stores.rows import StoredRun
from agot.stores.runs import citations_of
from agot.thought import Result


async def stored_result(store: SqlStore, row: StoredRun) -> Result:
    """Return the result of a run from the database, graph included, without calling anything."""
    graph: nx.DiGraph[ThoughtId] = nx.DiGraph()
    for thought in await store.thoughts(row.run_id):
        graph.add_node(
            thought.thought,
            parent_graph=thought.parent_graph,
            depth=thought.depth,
            layer=thought.layer,
            question=thought.question,
            strategy=thought.strategy,
            status=thought.status,
            answer=thought.answer,
            reward=thought.reward,
            trust=thought.trust,
            reason=thought.reason,
        )
    graph.add_edges_from((edge.source, edge.target) for edge in await store.edges(row.run_id))
    return Result(
        run_id=row.run_id,
        question=row.question,
        status=row.status,
        answer=row.answer,
        trust=row.trust,
        trust_reason=row.trust_reason,
        candidate=row.candidate,
        confidence=row.confidence,
        strategy=row.answer_strategy,
        verdicts=row.verdicts,
        usage=row.usage,
        model=row.model,
        reason=row.reason,
        error=row.error,
        limit=row.limit,
        citations=await store.view(lambda connection: citations_of(connection, row.run_id)),
        graph=graph,
    )
