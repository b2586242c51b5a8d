// Light and dark by tokens of the style sheet; canvases read the same tokens.

import { computed, effect, signal } from "@preact/signals";
import { STATUSES, type Status } from "./state";

export type Choice = "auto" | "light" | "dark";

const KEY = "agot-theme";

function stored(): Choice {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto"; // a page opened as a file may have no storage
  }
}

export const choice = signal<Choice>(stored());
const dark = matchMedia("(prefers-color-scheme: dark)");
const system = signal(dark.matches);
dark.addEventListener("change", () => { system.value = dark.matches; });

export const theme = computed(() => (choice.value === "auto" ? (system.value ? "dark" : "light") : choice.value));

effect(() => {
  document.documentElement.dataset.theme = theme.value;
  try {
    if (choice.value === "auto") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice.value);
  } catch {
    // see `stored`
  }
});

export interface Colours {
  readonly ground: string;
  readonly card: string;
  readonly group: string;
  readonly line: string;
  readonly edge: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly critical: string;
  readonly gap: string;
  readonly font: string;
  readonly status: Readonly<Record<Status, string>>;
  readonly tint: Readonly<Record<Status, string>>;
  readonly heat: readonly string[];
}

export const colours = computed<Colours>(() => {
  // Set here as well: whoever draws may be told of a new theme before the effect above is.
  document.documentElement.dataset.theme = theme.value;
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const by = (prefix: string) =>
    Object.fromEntries(STATUSES.map((status) => [status, token(`${prefix}-${status}`)])) as Record<Status, string>;
  return {
    ground: token("ground"), card: token("panel"), group: token("group"), line: token("line"), edge: token("edge"),
    text: token("text"), muted: token("muted"), accent: token("accent"), critical: token("critical"), gap: token("gap"),
    font: token("font"), status: by("status"), tint: by("tint"),
    heat: Array.from({ length: 8 }, (_, i) => token(`heat-${i}`)),
  };
});


