// Keys that work everywhere on the page, unless somebody is writing.

import { visibleRows } from "./derive";
import { route, go, VIEWS } from "./route";
import { session } from "./session";

export const KEYS: readonly (readonly [string, string])[] = [
  ["/", "Find a thought, or a run"],
  ["j k", "Next and previous thought"],
  ["[ ]", "One event back and on (replay)"],
  ["c", "Critical path on and off"],
  ["f", "Follow a run that goes on"],
  ["1 … 6", "Outline, graph, waterfall, search tree, evidence, compare"],
  ["Enter", "Open or close the graph inside a thought"],
  ["+ - 0", "Zoom in, out, fit (graph and waterfall)"],
  ["Esc", "Close the panel"],
  ["?", "These keys"],
];

function writing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function listenForKeys(showHelp: () => void): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (writing(event.target) || document.querySelector("dialog[open]")) return;
    if (press(event.key, showHelp)) event.preventDefault();
  });
}

function press(key: string, showHelp: () => void): boolean {
  if (key === "?") {
    showHelp();
    return true;
  }
  if (key === "/") {
    document.getElementById("find")?.focus();
    return true;
  }
  const run = session.peek();
  if (!run) return false;
  switch (key) {
    case "j": return move(1);
    case "k": return move(-1);
    case "[": void run.step(-1); return true;
    case "]": void run.step(1); return true;
    case "c": run.critical.value = !run.critical.value; return true;
    case "f": run.follow.value = !run.follow.value; return true;
    case "Escape": run.select(null); return true;
    default: {
      const view = VIEWS[Number(key) - 1];
      if (view) go({ view });
      return view !== undefined;
    }
  }
}

function move(by: number): boolean {
  const run = session.peek()!;
  const rows = visibleRows(run.shown.peek(), run.open.peek());
  const at = rows.findIndex((row) => row.id === route.peek().node);
  const next = rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + by))];
  if (next) run.select(next.id);
  return true;
}
