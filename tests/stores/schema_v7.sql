-- Version 2 of the schema in SQLite, as released. Never edited: databases like this exist.

CREATE TABLE runs (
    run_id TEXT NOT NULL CONSTRAINT ck_runs_run_id CHECK (run_id <> ''),
    question TEXT NOT NULL,
    model TEXT DEFAULT '' NOT NULL,
    strategy TEXT DEFAULT '' NOT NULL,
    seed BIGINT NOT NULL,
    settings_json TEXT DEFAULT '{}' NOT NULL,
    created_s DOUBLE NOT NULL,
    status TEXT DEFAULT 'running' NOT NULL,
    attempt INTEGER DEFAULT 0 NOT NULL CONSTRAINT ck_runs_attempt CHECK (attempt >= 0),
    finished_s DOUBLE,
    answer TEXT DEFAULT '' NOT NULL,
    confidence DOUBLE,
    answer_strategy TEXT DEFAULT '' NOT NULL,
    verdicts TEXT DEFAULT '[]' NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    error TEXT DEFAULT '' NOT NULL,
    limit_kind TEXT DEFAULT '' NOT NULL,
    calls BIGINT DEFAULT 0 NOT NULL,
    prompt_tokens BIGINT DEFAULT 0 NOT NULL,
    completion_tokens BIGINT DEFAULT 0 NOT NULL,
    cost_usd DOUBLE DEFAULT 0 NOT NULL,
    wall_s DOUBLE DEFAULT 0 NOT NULL,
    replayed_calls BIGINT DEFAULT 0 NOT NULL,
    owner TEXT,
    owner_host TEXT,
    owner_pid BIGINT,
    heartbeat_s DOUBLE,
    trust TEXT DEFAULT 'unchecked' NOT NULL CONSTRAINT ck_runs_trust CHECK (trust IN ('proved', 'cross-checked', 'judged', 'doubtful', 'unchecked')),
    trust_reason TEXT DEFAULT '' NOT NULL,
    candidate TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_runs PRIMARY KEY (run_id),
    CONSTRAINT ck_runs_status CHECK (status IN ('running', 'answered', 'abstained', 'budget', 'failed', 'interrupted')),
    CONSTRAINT ck_runs_lease_whole CHECK ((owner IS NULL) = (heartbeat_s IS NULL) AND (owner IS NULL) = (owner_pid IS NULL) AND (owner IS NULL) = (owner_host IS NULL)),
    CONSTRAINT ck_runs_finished CHECK ((status = 'running') = (finished_s IS NULL))
);
CREATE INDEX ix_runs_created_s ON runs (created_s);

CREATE TABLE schema_version (
    id INTEGER NOT NULL CONSTRAINT ck_schema_version_single_row CHECK (id = 1),
    version INTEGER NOT NULL CONSTRAINT ck_schema_version_version CHECK (version >= 1),
    CONSTRAINT pk_schema_version PRIMARY KEY (id)
);

CREATE TABLE calls (
    run_id TEXT NOT NULL,
    "key" TEXT NOT NULL CONSTRAINT ck_calls_key CHECK (key <> ''),
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    thought TEXT NOT NULL,
    purpose TEXT DEFAULT '' NOT NULL,
    model TEXT DEFAULT '' NOT NULL,
    request TEXT NOT NULL,
    reply TEXT,
    calls BIGINT DEFAULT 0 NOT NULL,
    prompt_tokens BIGINT DEFAULT 0 NOT NULL,
    completion_tokens BIGINT DEFAULT 0 NOT NULL,
    cost_usd DOUBLE DEFAULT 0 NOT NULL,
    wall_s DOUBLE DEFAULT 0 NOT NULL,
    replayed_calls BIGINT DEFAULT 0 NOT NULL,
    at_s DOUBLE NOT NULL,
    latency_ms DOUBLE NOT NULL,
    CONSTRAINT pk_calls PRIMARY KEY (run_id, "key"),
    CONSTRAINT ck_calls_kind CHECK (kind IN ('model', 'tool', 'human')),
    CONSTRAINT ck_calls_state CHECK (state IN ('started', 'done')),
    CONSTRAINT ck_calls_done_has_reply CHECK (state = 'started' OR reply IS NOT NULL),
    CONSTRAINT fk_calls_run_id FOREIGN KEY(run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);

CREATE TABLE events (
    run_id TEXT NOT NULL,
    seq BIGINT NOT NULL CONSTRAINT ck_events_seq CHECK (seq >= 1),
    attempt INTEGER NOT NULL CONSTRAINT ck_events_attempt CHECK (attempt >= 1),
    kind TEXT NOT NULL CONSTRAINT ck_events_kind CHECK (kind <> ''),
    at_s DOUBLE NOT NULL,
    body TEXT NOT NULL,
    CONSTRAINT pk_events PRIMARY KEY (run_id, seq),
    CONSTRAINT fk_events_run_id FOREIGN KEY(run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);

CREATE TABLE thoughts (
    run_id TEXT NOT NULL,
    thought TEXT NOT NULL CONSTRAINT ck_thoughts_thought CHECK (thought <> ''),
    attempt INTEGER NOT NULL CONSTRAINT ck_thoughts_attempt CHECK (attempt >= 1),
    parent_graph TEXT,
    depth INTEGER DEFAULT 0 NOT NULL CONSTRAINT ck_thoughts_depth CHECK (depth >= 0),
    layer INTEGER DEFAULT 0 NOT NULL,
    question TEXT DEFAULT '' NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    strategy TEXT DEFAULT '' NOT NULL,
    answer TEXT DEFAULT '' NOT NULL,
    reward DOUBLE,
    confidence DOUBLE,
    reason TEXT DEFAULT '' NOT NULL,
    retries INTEGER DEFAULT 0 NOT NULL,
    expanded BOOLEAN DEFAULT 0 NOT NULL,
    started_s DOUBLE,
    finished_s DOUBLE,
    trust TEXT DEFAULT 'unchecked' NOT NULL CONSTRAINT ck_thoughts_trust CHECK (trust IN ('proved', 'cross-checked', 'judged', 'doubtful', 'unchecked')),
    trust_reason TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_thoughts PRIMARY KEY (run_id, thought),
    CONSTRAINT ck_thoughts_status CHECK (status IN ('pending', 'running', 'done', 'abstained', 'failed', 'skipped')),
    CONSTRAINT fk_thoughts_run_id FOREIGN KEY(run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);

CREATE TABLE edges (
    run_id TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    attempt INTEGER NOT NULL CONSTRAINT ck_edges_attempt CHECK (attempt >= 1),
    CONSTRAINT pk_edges PRIMARY KEY (run_id, source, target),
    CONSTRAINT fk_edges_run_id_source FOREIGN KEY(run_id, source) REFERENCES thoughts (run_id, thought) ON DELETE CASCADE,
    CONSTRAINT fk_edges_run_id_target FOREIGN KEY(run_id, target) REFERENCES thoughts (run_id, thought) ON DELETE CASCADE,
    CONSTRAINT fk_edges_run_id FOREIGN KEY(run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);
CREATE INDEX ix_edges_run_id_target ON edges (run_id, target);

CREATE TABLE verdicts (
    run_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    thought TEXT NOT NULL,
    attempt INTEGER NOT NULL CONSTRAINT ck_verdicts_attempt CHECK (attempt >= 1),
    check_name TEXT NOT NULL,
    reward DOUBLE CONSTRAINT ck_verdicts_reward CHECK (reward >= 0 AND reward <= 1),
    feedback TEXT DEFAULT '' NOT NULL,
    conclusive BOOLEAN NOT NULL,
    answer TEXT DEFAULT '' NOT NULL,
    at_s DOUBLE NOT NULL,
    CONSTRAINT pk_verdicts PRIMARY KEY (run_id, seq),
    CONSTRAINT fk_verdicts_run_id_thought FOREIGN KEY(run_id, thought) REFERENCES thoughts (run_id, thought) ON DELETE CASCADE,
    CONSTRAINT fk_verdicts_run_id FOREIGN KEY(run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);
CREATE INDEX ix_verdicts_run_id_thought ON verdicts (run_id, thought);

CREATE TABLE outcomes (
    run_id TEXT NOT NULL,
    thought TEXT NOT NULL CONSTRAINT ck_outcomes_thought CHECK (thought <> ''),
    ordinal INTEGER NOT NULL CONSTRAINT ck_outcomes_ordinal CHECK (ordinal >= 0),
    kind TEXT NOT NULL CONSTRAINT ck_outcomes_kind CHECK (kind <> ''),
    subject TEXT NOT NULL CONSTRAINT ck_outcomes_subject CHECK (subject <> ''),
    arm TEXT NOT NULL CONSTRAINT ck_outcomes_arm CHECK (arm <> ''),
    n BIGINT NOT NULL CONSTRAINT ck_outcomes_n CHECK (n >= 1),
    reward DOUBLE NOT NULL CONSTRAINT ck_outcomes_reward CHECK (reward >= 0 AND reward <= 1),
    tokens BIGINT NOT NULL CONSTRAINT ck_outcomes_tokens CHECK (tokens >= 0),
    recovered BOOLEAN NOT NULL,
    at_s DOUBLE NOT NULL,
    CONSTRAINT pk_outcomes PRIMARY KEY (run_id, thought, ordinal, kind, subject, arm),
    CONSTRAINT fk_outcomes_run_id FOREIGN KEY(run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);
CREATE INDEX ix_outcomes_kind_subject ON outcomes (kind, subject);

CREATE TABLE lessons_seen (
    run_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    tallies TEXT NOT NULL,
    CONSTRAINT pk_lessons_seen PRIMARY KEY (run_id, kind, subject),
    CONSTRAINT fk_lessons_seen_run_id FOREIGN KEY(run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);

CREATE TABLE sessions (
    session_id TEXT NOT NULL CONSTRAINT ck_sessions_session_id CHECK (session_id <> ''),
    title TEXT DEFAULT '' NOT NULL,
    created_s DOUBLE NOT NULL,
    changed_s DOUBLE NOT NULL,
    forked_from TEXT,
    forked_at INTEGER,
    CONSTRAINT pk_sessions PRIMARY KEY (session_id),
    CONSTRAINT fk_sessions_forked_from FOREIGN KEY (forked_from) REFERENCES sessions (session_id) ON DELETE SET NULL
);
CREATE INDEX ix_sessions_changed_s ON sessions (changed_s);

CREATE TABLE turns (
    session_id TEXT NOT NULL,
    number INTEGER NOT NULL CONSTRAINT ck_turns_number CHECK (number >= 1),
    said TEXT NOT NULL,
    understood TEXT DEFAULT '' NOT NULL,
    material TEXT DEFAULT '' NOT NULL,
    material_names TEXT DEFAULT '[]' NOT NULL,
    run_id TEXT,
    model TEXT DEFAULT '' NOT NULL,
    status TEXT DEFAULT 'running' NOT NULL,
    answer TEXT DEFAULT '' NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    calls BIGINT DEFAULT 0 NOT NULL,
    prompt_tokens BIGINT DEFAULT 0 NOT NULL,
    completion_tokens BIGINT DEFAULT 0 NOT NULL,
    cost_usd DOUBLE DEFAULT 0 NOT NULL,
    wall_s DOUBLE DEFAULT 0 NOT NULL,
    replayed_calls BIGINT DEFAULT 0 NOT NULL,
    at_s DOUBLE NOT NULL,
    finished_s DOUBLE,
    CONSTRAINT pk_turns PRIMARY KEY (session_id, number),
    CONSTRAINT ck_turns_status CHECK (status IN ('running', 'answered', 'abstained', 'budget', 'failed', 'interrupted')),
    CONSTRAINT ck_turns_finished CHECK ((status = 'running') = (finished_s IS NULL)),
    CONSTRAINT fk_turns_session_id FOREIGN KEY (session_id) REFERENCES sessions (session_id) ON DELETE CASCADE,
    CONSTRAINT fk_turns_run_id FOREIGN KEY (run_id) REFERENCES runs (run_id) ON DELETE SET NULL
);
CREATE INDEX ix_turns_run_id ON turns (run_id);

CREATE TABLE remarks (
    run_id TEXT NOT NULL,
    remark TEXT NOT NULL CONSTRAINT ck_remarks_remark CHECK (remark <> ''),
    thought TEXT DEFAULT '' NOT NULL,
    text TEXT NOT NULL CONSTRAINT ck_remarks_text CHECK (text <> ''),
    created_s DOUBLE NOT NULL,
    CONSTRAINT pk_remarks PRIMARY KEY (run_id, remark),
    CONSTRAINT fk_remarks_run_id FOREIGN KEY (run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);

CREATE TABLE model_facts (
    server TEXT NOT NULL,
    model TEXT NOT NULL CONSTRAINT ck_model_facts_model CHECK (model <> ''),
    name TEXT NOT NULL CONSTRAINT ck_model_facts_name CHECK (name <> ''),
    value_json TEXT NOT NULL,
    measured_at_s DOUBLE NOT NULL,
    CONSTRAINT pk_model_facts PRIMARY KEY (server, model, name)
);

CREATE TABLE served (
    run_id TEXT NOT NULL,
    group_name TEXT NOT NULL CONSTRAINT ck_served_group_name CHECK (group_name <> ''),
    owner TEXT,
    owner_host TEXT,
    owner_pid BIGINT,
    heartbeat_s DOUBLE,
    since_s DOUBLE NOT NULL,
    kept BOOLEAN NOT NULL,
    attended BOOLEAN NOT NULL,
    again BOOLEAN NOT NULL,
    budget TEXT DEFAULT '' NOT NULL,
    moves INTEGER DEFAULT 0 NOT NULL CONSTRAINT ck_served_moves CHECK (moves >= 0),
    cancel_asked BOOLEAN DEFAULT 0 NOT NULL,
    CONSTRAINT pk_served PRIMARY KEY (run_id),
    CONSTRAINT ck_served_owner_whole CHECK ((owner IS NULL) = (heartbeat_s IS NULL) AND (owner IS NULL) = (owner_pid IS NULL) AND (owner IS NULL) = (owner_host IS NULL)),
    CONSTRAINT fk_served_run_id FOREIGN KEY(run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);
CREATE INDEX ix_served_group_name ON served (group_name);

CREATE TABLE approvals (
    run_id TEXT NOT NULL,
    call TEXT NOT NULL CONSTRAINT ck_approvals_call CHECK (call <> ''),
    tool TEXT NOT NULL,
    arguments TEXT DEFAULT '{}' NOT NULL,
    text TEXT DEFAULT '' NOT NULL,
    again BOOLEAN NOT NULL,
    decision TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_approvals PRIMARY KEY (run_id, call),
    CONSTRAINT ck_approvals_decision CHECK (decision IN ('', 'yes', 'no', 'always')),
    CONSTRAINT fk_approvals_run_id FOREIGN KEY(run_id) REFERENCES served (run_id) ON DELETE CASCADE
);

CREATE TABLE memory_spaces (
    space INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL CONSTRAINT ck_memory_spaces_name CHECK (name <> ''),
    chunks BIGINT DEFAULT 0 NOT NULL,
    terms BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT uq_memory_spaces_name UNIQUE (name)
);
CREATE TABLE memory_sources (
    source_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    space INTEGER NOT NULL,
    uri TEXT NOT NULL CONSTRAINT ck_memory_sources_uri CHECK (uri <> ''),
    title TEXT DEFAULT '' NOT NULL,
    kind TEXT DEFAULT '' NOT NULL,
    sha256 TEXT DEFAULT '' NOT NULL,
    characters BIGINT DEFAULT 0 NOT NULL,
    read_s DOUBLE NOT NULL,
    retracted_s DOUBLE,
    CONSTRAINT uq_memory_sources_space UNIQUE (space, uri),
    CONSTRAINT fk_memory_sources_space FOREIGN KEY (space) REFERENCES memory_spaces (space) ON DELETE CASCADE
);
CREATE TABLE memory_items (
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
    recorded_s DOUBLE NOT NULL,
    retired_s DOUBLE,
    CONSTRAINT pk_memory_items PRIMARY KEY (item_id),
    CONSTRAINT ck_memory_items_kind CHECK (kind IN ('claim', 'correction')),
    CONSTRAINT ck_memory_items_status CHECK (status IN ('verified', 'disputed', 'superseded', 'retracted')),
    CONSTRAINT ck_memory_items_trust CHECK (trust IN ('proved', 'cross-checked', 'judged', 'doubtful', 'unchecked')),
    CONSTRAINT fk_memory_items_space FOREIGN KEY (space) REFERENCES memory_spaces (space) ON DELETE CASCADE
);
CREATE INDEX ix_memory_items_run_id ON memory_items (run_id);
CREATE INDEX ix_memory_items_space_question_key ON memory_items (space, question_key);
CREATE TABLE memory_chunks (
    chunk_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
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
);
CREATE INDEX ix_memory_chunks_item_id ON memory_chunks (item_id);
CREATE INDEX ix_memory_chunks_source_id_place ON memory_chunks (source_id, place);
CREATE INDEX ix_memory_chunks_space ON memory_chunks (space);
CREATE TABLE memory_names (
    space INTEGER NOT NULL,
    name_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT pk_memory_names PRIMARY KEY (space, name_id),
    CONSTRAINT fk_memory_names_space FOREIGN KEY (space) REFERENCES memory_spaces (space) ON DELETE CASCADE
);
CREATE TABLE memory_mentions (
    space INTEGER NOT NULL,
    name_id BIGINT NOT NULL,
    chunk_id BIGINT NOT NULL,
    weight DOUBLE NOT NULL,
    CONSTRAINT pk_memory_mentions PRIMARY KEY (space, name_id, chunk_id),
    CONSTRAINT fk_memory_mentions_space FOREIGN KEY (space) REFERENCES memory_spaces (space) ON DELETE CASCADE,
    CONSTRAINT fk_memory_mentions_chunk_id FOREIGN KEY (chunk_id) REFERENCES memory_chunks (chunk_id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX ix_memory_mentions_chunk_id ON memory_mentions (chunk_id);
CREATE TABLE memory_evidence (
    item_id TEXT NOT NULL,
    chunk_id BIGINT NOT NULL,
    source_id BIGINT,
    rests_on TEXT,
    CONSTRAINT pk_memory_evidence PRIMARY KEY (item_id, chunk_id),
    CONSTRAINT fk_memory_evidence_item_id FOREIGN KEY (item_id) REFERENCES memory_items (item_id) ON DELETE CASCADE,
    CONSTRAINT fk_memory_evidence_source_id FOREIGN KEY (source_id) REFERENCES memory_sources (source_id) ON DELETE CASCADE,
    CONSTRAINT fk_memory_evidence_rests_on FOREIGN KEY (rests_on) REFERENCES memory_items (item_id) ON DELETE CASCADE
);
CREATE INDEX ix_memory_evidence_rests_on ON memory_evidence (rests_on);
CREATE INDEX ix_memory_evidence_source_id ON memory_evidence (source_id);
CREATE TABLE memory_relations (
    item_id TEXT NOT NULL,
    other_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    at_s DOUBLE NOT NULL,
    CONSTRAINT pk_memory_relations PRIMARY KEY (item_id, other_id, kind),
    CONSTRAINT ck_memory_relations_kind CHECK (kind IN ('supersedes', 'contradicts')),
    CONSTRAINT fk_memory_relations_item_id FOREIGN KEY (item_id) REFERENCES memory_items (item_id) ON DELETE CASCADE,
    CONSTRAINT fk_memory_relations_other_id FOREIGN KEY (other_id) REFERENCES memory_items (item_id) ON DELETE CASCADE
);
CREATE INDEX ix_memory_relations_other_id ON memory_relations (other_id);
CREATE TABLE memory_recalls (
    run_id TEXT NOT NULL,
    thought TEXT NOT NULL,
    chunk_id BIGINT NOT NULL,
    source_id BIGINT,
    rests_on TEXT,
    score DOUBLE NOT NULL,
    CONSTRAINT pk_memory_recalls PRIMARY KEY (run_id, thought, chunk_id),
    CONSTRAINT fk_memory_recalls_run_id FOREIGN KEY (run_id) REFERENCES runs (run_id) ON DELETE CASCADE,
    CONSTRAINT fk_memory_recalls_source_id FOREIGN KEY (source_id) REFERENCES memory_sources (source_id) ON DELETE CASCADE,
    CONSTRAINT fk_memory_recalls_rests_on FOREIGN KEY (rests_on) REFERENCES memory_items (item_id) ON DELETE CASCADE
);
CREATE INDEX ix_memory_recalls_rests_on ON memory_recalls (rests_on);
CREATE INDEX ix_memory_recalls_source_id ON memory_recalls (source_id);
