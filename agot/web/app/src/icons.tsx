// Status and action marks, as paths in a 12 x 12 box: the same shape in the page and on a canvas, no font needed.

import type { Status, Trust } from "./state";

export const SHAPES: Readonly<Record<Status, string>> = {
  pending: "M6 2.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7ZM6 3.7a2.3 2.3 0 1 1 0 4.6a2.3 2.3 0 1 1 0-4.6Z",
  running: "M3.2 1.8L10.2 6L3.2 10.2Z",
  done: "M1.8 6.4L3.1 5.1L4.9 6.9L8.9 2.7L10.2 4L4.9 9.5Z",
  abstained: "M6 1.2L10.8 6L6 10.8L1.2 6ZM3.6 5.3V6.7H8.4V5.3Z",
  failed: "M2.2 3.3L3.3 2.2L6 4.9L8.7 2.2L9.8 3.3L7.1 6L9.8 8.7L8.7 9.8L6 7.1L3.3 9.8L2.2 8.7L4.9 6Z",
  skipped: "M1.5 2.5L5 6L1.5 9.5ZM5.5 2.5L9 6L5.5 9.5ZM9.3 2.5H10.6V9.5H9.3Z",
};

const RUN_SHAPES: Readonly<Record<string, Status>> = {
  running: "running", answered: "done", abstained: "abstained", failed: "failed", interrupted: "skipped", budget: "abstained",
};

/** The status of a run in the terms of a thought's, for its colour and mark. */
export function runStatus(status: string): Status {
  return RUN_SHAPES[status] ?? "pending";
}

export function StatusMark({ status }: { status: Status }) {
  return (
    <svg class={`mark mark-${status}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d={SHAPES[status]} fill-rule="evenodd" />
    </svg>
  );
}

export function StatusChip({ status, label }: { status: Status; label?: string }) {
  return (
    <span class={`chip chip-${status}`}>
      <StatusMark status={status} />
      {label ?? status}
    </span>
  );
}

/** A shield, two circles that overlap, a half disc, a ring, and a triangle with an exclamation mark. */
const TRUST_SHAPES: Readonly<Record<Trust, string>> = {
  proved: "M6 .8L10.4 2.5V5.8C10.4 8.5 8.6 10.4 6 11.4C3.4 10.4 1.6 8.5 1.6 5.8V2.5ZM3.4 6.1L5.3 8L8.7 4.5L7.8 3.6L5.3 6.2L4.3 5.2Z",
  "cross-checked": "M4.2 2.4a3.6 3.6 0 1 0 0 7.2a3.6 3.6 0 1 0 0-7.2ZM7.8 2.4a3.6 3.6 0 1 0 0 7.2a3.6 3.6 0 1 0 0-7.2Z",
  judged: "M6 1.4a4.6 4.6 0 1 0 0 9.2a4.6 4.6 0 1 0 0-9.2ZM6 2.6a3.4 3.4 0 0 1 0 6.8Z",
  unchecked: "M6 1.4a4.6 4.6 0 1 0 0 9.2a4.6 4.6 0 1 0 0-9.2ZM6 2.6a3.4 3.4 0 1 1 0 6.8a3.4 3.4 0 1 1 0-6.8Z",
  doubtful: "M6 .8L11.4 10.8H.6ZM5.3 4.3V7.3H6.7V4.3ZM5.3 8.2V9.6H6.7V8.2Z",
};

/** How far an answer can be trusted, by mark and word. */
export function TrustWord({ trust, reason }: { trust: Trust; reason?: string }) {
  return (
    <span class={`trust trust-${trust}`} title={reason || undefined}>
      <svg class="trust-mark" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
        <path d={TRUST_SHAPES[trust]} fill-rule="evenodd" />
      </svg>
      {trust}
    </span>
  );
}

const GLYPHS = {
  chevron: "M4 2.2L8 6L4 9.8",
  close: "M2.5 2.5L9.5 9.5M9.5 2.5L2.5 9.5",
  search: "M5.2 1.8a3.4 3.4 0 1 0 0 6.8a3.4 3.4 0 1 0 0-6.8M7.7 7.7L10.4 10.4",
  sun: "M6 3.8a2.2 2.2 0 1 0 0 4.4a2.2 2.2 0 1 0 0-4.4M6 .8V2M6 10V11.2M.8 6H2M10 6H11.2M2.3 2.3L3.2 3.2M8.8 8.8L9.7 9.7M9.7 2.3L8.8 3.2M3.2 8.8L2.3 9.7",
  moon: "M9.9 7.4A4.3 4.3 0 1 1 4.6 2.1A3.5 3.5 0 0 0 9.9 7.4Z",
  auto: "M6 1.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9M6 1.5V10.5M6 3.5H8.8M6 6H10.4M6 8.5H8.8",
  help: "M4.2 4.4A1.9 1.9 0 1 1 6 6.6V7.4M6 9.4V9.5",
  fork: "M3 2V10M3 7C3 5 9 6 9 3.5V2M1.7 10H4.3M7.7 2H10.3",
  stop: "M3 3H9V9H3Z",
  play: "M3.5 2.2L9.8 6L3.5 9.8Z",
  pause: "M4 2.5V9.5M8 2.5V9.5",
  fit: "M1.8 4.2V1.8H4.2M7.8 1.8H10.2V4.2M10.2 7.8V10.2H7.8M4.2 10.2H1.8V7.8",
  plus: "M6 2V10M2 6H10",
  minus: "M2 6H10",
  download: "M6 1.5V7.5M3.3 5L6 7.7L8.7 5M2 10.2H10",
  list: "M2 3H10M2 6H10M2 9H10",
} as const;

export function Icon({ name }: { name: keyof typeof GLYPHS }) {
  return (
    <svg class="icon" viewBox="0 0 12 12" width="14" height="14" aria-hidden="true">
      <path d={GLYPHS[name]} />
    </svg>
  );
}
