"""The step to version 7: what is remembered. Released steps are never edited; the tables as they are now stand elsewhere."""

from __future__ import annotations

from sqlalchemy import Connection, text

_TABLES = (
    """CREATE TABLE memory_spaces (
        space {small},
        name TEXT NOT NULL CONSTRAINT ck_memory_spaces_name CHECK (name <> ''),
        chunks BIGINT DEFAULT 0 NOT NULL,
        terms BIGINT DEFAULT 0 NOT NULL,
        CONSTRAINT uq_memory_spaces_name UNIQUE (name)
    )""",
    """CREATE TABLE memory_sources (
        source_id {number},
        space INTEGER NOT NULL,
        uri TEXT NOT NULL CONSTRAINT ck_memory_sources_uri CHECK (uri <> ''),
        title TEXT DEFAULT '' NOT NULL,
        kind TEXT DEFAULT '' NOT NULL,
        sha256 TEXT DEFAULT '' NOT NULL,
        characters BIGINT DEFAULT 0 NOT NULL,
        read_s {double} NOT NULL,
        retracted_s {double},
        CONSTRAINT uq_memory_sources_space UNIQUE (space, uri),
        CONSTRAINT fk_memory_sources_space FOREIGN KEY (space) REFERENCES memory_spaces (space) ON DELETE CASCADE
    )""",
    """CREATE TABLE memory_items (
        item_id TEXT NOT NULL CONSTRAINT ck_memory_items_item_id CHECK (item_id <> ''),
        space INTEGER NOT NULL,
        kind TEXT NOT NULL,
        status TEXT DEFAULT 'verified' NOT NULL,
        question TEXT NOT NULL,
        answer TEXT NOT NULL,
        question_key TEXT DEFAULT '' NOT NULL,
        trust TEXT NOT NULL,
        trust_reason TEXT DEFAULT '' NOT NULL,
        run_id TEXT DEFAULT '' NOT NULL,
        thought TEXT DEFAULT '' NOT NULL,
        model TEXT DEFAULT '' NOT NULL,
        recorded_s {double} NOT NULL,
        retired_s {double},
        CONSTRAINT pk_memory_items PRIMARY KEY (item_id),
        CONSTRAINT ck_memory_items_kind CHECK (kind IN ('claim', 'correction')),
        CONSTRAINT ck_memory_items_status CHECK (status IN ('verified', 'disputed', 'superseded', 'retracted')),
        CONSTRAINT ck_memory_items_trust CHECK (trust IN ('proved', 'cross-checked', 'judged', 'doubtful', 'unchecked')),
        CONSTRAINT fk_memory_items_space FOREIGN KEY (space) REFERENCES memory_spaces (space) ON DELETE CASCADE
    )""",
    "CREATE INDEX ix_memory_items_run_id ON memory_items (run_id)",
    "CREATE INDEX ix_memory_items_space_question_key ON memory_items (space, question_key)",
    """CREATE TABLE memory_chunks (
        chunk_id {number},
        space INTEGER NOT NULL,
        source_id BIGINT,
        item_id TEXT,
        place INTEGER DEFAULT 0 NOT NULL,
        start BIGINT DEFAULT 0 NOT NULL,
        stop BIGINT DEFAULT 0 NOT NULL,
        title TEXT DEFAULT '' NOT NULL,
        text TEXT NOT NULL,
        terms TEXT NOT NULL,
        term_count INTEGER NOT NULL,
        CONSTRAINT ck_memory_chunks_belongs CHECK ((source_id IS NULL) <> (item_id IS NULL)),
        CONSTRAINT ck_memory_chunks_span CHECK (start >= 0 AND stop >= start),
        CONSTRAINT fk_memory_chunks_space FOREIGN KEY (space) REFERENCES memory_spaces (space) ON DELETE CASCADE,
        CONSTRAINT fk_memory_chunks_source_id FOREIGN KEY (source_id) REFERENCES memory_sources (source_id) ON DELETE CASCADE,
        CONSTRAINT fk_memory_chunks_item_id FOREIGN KEY (item_id) REFERENCES memory_items (item_id) ON DELETE CASCADE
    )""",
    "CREATE INDEX ix_memory_chunks_item_id ON memory_chunks (item_id)",
    "CREATE INDEX ix_memory_chunks_source_id_place ON memory_chunks (source_id, place)",
    "CREATE INDEX ix_memory_chunks_space ON memory_chunks (space)",
    """CREATE TABLE memory_names (
        space INTEGER NOT NULL,
        name_id BIGINT NOT NULL,
        name TEXT NOT NULL,
        CONSTRAINT pk_memory_names PRIMARY KEY (space, name_id),
        CONSTRAINT fk_memory_names_space FOREIGN KEY (space) REFERENCES memory_spaces (space) ON DELETE CASCADE
    )""",
    """CREATE TABLE memory_mentions (
        space INTEGER NOT NULL,
        name_id BIGINT NOT NULL,
        chunk_id BIGINT NOT NULL,
        weight {double} NOT NULL,
        CONSTRAINT pk_memory_mentions PRIMARY KEY (space, name_id, chunk_id),
        CONSTRAINT fk_memory_mentions_space FOREIGN KEY (space) REFERENCES memory_spaces (space) ON DELETE CASCADE,
        CONSTRAINT fk_memory_mentions_chunk_id FOREIGN KEY (chunk_id) REFERENCES memory_chunks (chunk_id) ON DELETE CASCADE
    ) {without_rowid}""",
    "CREATE INDEX ix_memory_mentions_chunk_id ON memory_mentions (chunk_id)",
    """CREATE TABLE memory_evidence (
        item_id TEXT NOT NULL,
        chunk_id BIGINT NOT NULL,
        source_id BIGINT,
        rests_on TEXT,
        CONSTRAINT pk_memory_evidence PRIMARY KEY (item_id, chunk_id),
        CONSTRAINT fk_memory_evidence_item_id FOREIGN KEY (item_id) REFERENCES memory_items (item_id) ON DELETE CASCADE,
        CONSTRAINT fk_memory_evidence_source_id FOREIGN KEY (source_id) REFERENCES memory_sources (source_id) ON DELETE CASCADE,
        CONSTRAINT fk_memory_evidence_rests_on FOREIGN KEY (rests_on) REFERENCES memory_items (item_id) ON DELETE CASCADE
    )""",
    "CREATE INDEX ix_memory_evidence_rests_on ON memory_evidence (rests_on)",
    "CREATE INDEX ix_memory_evidence_source_id ON memory_evidence (source_id)",
    """CREATE TABLE memory_relations (
        item_id TEXT NOT NULL,
        other_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        at_s {double} NOT NULL,
        CONSTRAINT pk_memory_relations PRIMARY KEY (item_id, other_id, kind),
        CONSTRAINT ck_memory_relations_kind CHECK (kind IN ('supersedes', 'contradicts')),
        CONSTRAINT fk_memory_relations_item_id FOREIGN KEY (item_id) REFERENCES memory_items (item_id) ON DELETE CASCADE,
        CONSTRAINT fk_memory_relations_other_id FOREIGN KEY (other_id) REFERENCES memory_items (item_id) ON DELETE CASCADE
    )""",
    "CREATE INDEX ix_memory_relations_other_id ON memory_relations (other_id)",
    """CREATE TABLE memory_recalls (
        run_id TEXT NOT NULL,
        thought TEXT NOT NULL,
        chunk_id BIGINT NOT NULL,
        source_id BIGINT,
        rests_on TEXT,
        score {double} NOT NULL,
        CONSTRAINT pk_memory_recalls PRIMARY KEY (run_id, thought, chunk_id),
        CONSTRAINT fk_memory_recalls_run_id FOREIGN KEY (run_id) REFERENCES runs (run_id) ON DELETE CASCADE,
        CONSTRAINT fk_memory_recalls_source_id FOREIGN KEY (source_id) REFERENCES memory_sources (source_id) ON DELETE CASCADE,
        CONSTRAINT fk_memory_recalls_rests_on FOREIGN KEY (rests_on) REFERENCES memory_items (item_id) ON DELETE CASCADE
    )""",
    "CREATE INDEX ix_memory_recalls_rests_on ON memory_recalls (rests_on)",
    "CREATE INDEX ix_memory_recalls_source_id ON memory_recalls (source_id)",
)
"""Of both databases; what they call differently stands in braces."""

_SEARCH = (
    "ALTER TABLE memory_chunks ADD COLUMN search tsvector "
    "GENERATED ALWAYS AS (to_tsvector('simple', terms)) STORED",
    "CREATE INDEX ix_memory_chunks_search ON memory_chunks USING gin (search)",
)


def add_memory(connection: Connection) -> None:
    """Version 7: documents, what was concluded from them, and how both are found."""
    postgres = connection.dialect.name == "postgresql"
    words = {
        "double": "DOUBLE PRECISION" if postgres else "DOUBLE",
        "small": "SERIAL PRIMARY KEY" if postgres else "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
        "number": "BIGSERIAL PRIMARY KEY" if postgres else "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
        "without_rowid": "" if postgres else "WITHOUT ROWID",
    }
    for statement in (*_TABLES, *(_SEARCH if postgres else ())):
        connection.execute(text(statement.format(**words)))
