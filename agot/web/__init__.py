"""`agot serve`: an OpenAI-compatible API, runs over HTTP with live events, and the page that shows them.

wire, completions/wire   what travels, as values; the OpenAPI document is made of them; responses/ are answered by completions/
operations, openapi      one route with its documentation; the document of all
guard                    who may ask: host, origin, token, size
about, readiness         what it tells of itself; measuring: figures; readable: the document as a page
desk, approvals          the runs at work in this process, bounded
watching                 events as they are stored, as server-sent events
service, server          the application, and the process that serves it
"""

if __name__ != "agot.web":
    raise ImportError("Import agot.web: a second copy of it under the name 'web' would have registries of its own.")
