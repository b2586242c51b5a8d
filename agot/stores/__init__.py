"""What is kept: runs, their thoughts and events, and the journal of calls, in SQLite or PostgreSQL.

`agot.stores.database.SqlStore` is the way in; `agot.stores.schema` explains the tables. Nothing here is
imported by `import agot`.
"""

if __name__ != "agot.stores":
    raise ImportError(
        "Import agot.stores: a second copy of it under the name 'stores' would have registries of its own."
    )
