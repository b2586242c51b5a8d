// Figures and texts as people read them.

export function count(value: number): string {
  if (value < 10_000) return value.toLocaleString("en");
  if (value < 1_000_000) return `${trim(value / 1000, value < 100_000 ? 1 : 0)}k`;
  return `${trim(value / 1_000_000, 1)}M`;
}

function trim(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0+$/, "");
}

export function dollars(value: number): string {
  if (value === 0) return "$0";
  if (value < 0.0001) return "<$0.0001";
  return `$${value < 0.01 ? value.toFixed(4) : value < 1 ? value.toFixed(3) : value.toFixed(2)}`;
}

export function seconds(value: number | null | undefined): string {
  if (value == null) return "–";
  if (value < 0.0005) return "0 s";
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 100) return `${value.toFixed(value < 10 ? 2 : 1)} s`;
  const minutes = Math.floor(value / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(value % 60)).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

export function reward(value: number | null | undefined): string {
  return value == null ? "–" : value.toFixed(2);
}

export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  return value < 1_000_000 ? `${trim(value / 1000, 1)} kB` : `${trim(value / 1_000_000, 1)} MB`;
}

export function plural(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? "" : "s"}`;
}

export function when(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  const today = new Date().toDateString() === date.toDateString();
  return today
    ? date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString(undefined, { month: "short", day: "numeric", year: "numeric" });
}

/** A text without the commonest marks of Markdown, for places that hold one line. */
export function plain(text: string): string {
  return text.slice(0, 1000).replace(/\*\*|__|`|^#{1,6} /gm, "").replace(/\s+/g, " ");
}

const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const STRONG = /[\p{L}]/u;

/** Direction of a text by its first strong letter, as `dir="auto"` decides it; for canvases. */
export function direction(text: string): "rtl" | "ltr" {
  const first = STRONG.exec(text)?.[0];
  return first && RTL.test(first) ? "rtl" : "ltr";
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Break a text into at most `lines` lines of `width`, the last one cut with an ellipsis between whole characters. */
export function wrap(text: string, width: number, lines: number, measure: (text: string) => number): string[] {
  const words = text.replace(/\s+/g, " ").trim().split(" ");
  const found: string[] = [];
  let line = "";
  for (let i = 0; i < words.length; i++) {
    const longer = line ? `${line} ${words[i]}` : words[i]!;
    if (measure(longer) <= width) {
      line = longer;
      continue;
    }
    if (line && found.length < lines - 1) {
      found.push(line);
      line = "";
      i -= 1;
      continue;
    }
    found.push(cut(longer, width, measure, i < words.length - 1 || !line));
    return found;
  }
  if (line) found.push(line);
  return found;
}

function cut(text: string, width: number, measure: (text: string) => number, more: boolean): string {
  if (!more && measure(text) <= width) return text;
  const parts = Array.from(segmenter.segment(text.slice(0, 400)), (piece) => piece.segment);
  let [low, high] = [0, parts.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(`${parts.slice(0, middle).join("")}…`) <= width) low = middle;
    else high = middle - 1;
  }
  return `${parts.slice(0, low).join("").trimEnd()}…`;
}
