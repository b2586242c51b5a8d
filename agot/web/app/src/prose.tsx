// Texts of people, models and tools: as Markdown, or as they are; long ones a piece at a time.

import { useMemo, useState } from "preact/hooks";
import { markdown } from "./markdown";
import { bytes } from "./text";

const PIECE = 20_000;

/** A text as it is; of a long one the first piece, and more when asked. */
export function Verbatim({ text }: { text: string }) {
  const [shown, setShown] = useState(PIECE);
  const rest = text.length - shown;
  return (
    <div>
      <pre class="verbatim" dir="auto" tabIndex={0}>{text.length > shown ? text.slice(0, shown) : text}</pre>
      {rest > 0 && (
        <div class="more">
          <span>{bytes(rest)} more</span>
          <button class="button small" onClick={() => setShown(shown + 10 * PIECE)}>Show {bytes(Math.min(rest, 10 * PIECE))}</button>
          <button class="button small" onClick={() => save("text.txt", new Blob([text], { type: "text/plain" }))}>Save all</button>
        </div>
      )}
    </div>
  );
}

export function Prose({ text }: { text: string }) {
  const html = useMemo(() => markdown(text), [text]);
  if (!text) return <p class="none">–</p>;
  if (html === null) return <Verbatim text={text} />;
  return <div class="prose" dir="auto" dangerouslySetInnerHTML={{ __html: html }} />;
}

export function save(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
