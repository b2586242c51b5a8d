"""`agot serve`: an OpenAI-compatible API, runs over HTTP with live events, and the page that shows them.

wire, completions/wire   what travels, as values; the OpenAPI document is made of them; responses/ are answered by completions/
operations, openapi      one route with its documentation; the document of all
guard                    who may ask: host, origin, token, size
about, readiness         what it tells of itself; measuring: figures; readable: the document as a page
desk, approvals          the runs at work in this process, bounded
group, counts            what several servers tell each other, and what their bounds are together
watching                 events as they are stored, as server-sent events
service, server          the application, and what serves it
worker, workers          the process that serves, and the parent of several; accepting: who takes which connection
"""

if __name__ != "agot.web":
    raise ImportError("Import agot.web: a second copy of it under the name 'web' would have registries of its own.")
