// The address: `#run/node?view&seq`. It is the only place that holds what is selected.

import { signal } from "@preact/signals";

export const VIEWS = ["outline", "graph", "waterfall", "search", "evidence", "compare"] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  readonly run: string | null;
  readonly node: string | null;
  readonly view: View;
  /** The event up to which the run is shown; null for all. */
  readonly seq: number | null;
  /** The run to compare with. */
  readonly other: string | null;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const cut = path.indexOf("/");
  const run = decode(cut < 0 ? path : path.slice(0, cut));
  const node = cut < 0 ? "" : decode(path.slice(cut + 1));
  const words = new URLSearchParams(query);
  const seq = Number.parseInt(words.get("seq") ?? "", 10);
  const view = VIEWS.find((name) => words.has(name) || words.get("view") === name) ?? "outline";
  return { run: run || null, node: node || null, view, seq: seq > 0 ? seq : null, other: words.get("with") };
}

export function formatRoute(route: Route): string {
  if (!route.run) return "#";
  const words: string[] = [route.view];
  if (route.seq !== null) words.push(`seq=${route.seq}`);
  if (route.other) words.push(`with=${encodeURIComponent(route.other)}`);
  const node = route.node ? `/${encodeURIComponent(route.node)}` : "";
  return `#${encodeURIComponent(route.run)}${node}?${words.join("&")}`;
}

export const route = signal<Route>(parseRoute(location.hash));

addEventListener("hashchange", () => {
  route.value = parseRoute(location.hash);
});

/** Go somewhere. Moving within a run replaces the address, so that "back" leaves the run and not the last key press. */
export function go(change: Partial<Route>): void {
  const before = route.value;
  const next = { ...before, ...change };
  const address = formatRoute(next);
  if (address === formatRoute(before)) return;
  const apart = next.run !== before.run || next.view !== before.view;
  history[apart ? "pushState" : "replaceState"](null, "", address);
  route.value = next;
}
