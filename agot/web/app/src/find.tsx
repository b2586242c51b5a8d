// Finding a thought by its words or its id.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Finder } from "./finder";
import { Icon, StatusMark } from "./icons";
import type { Session } from "./session";

const RESULTS = 20;

export function Find({ run }: { run: Session }) {
  const [query, setQuery] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const state = run.shown.value;
  const input = useRef<HTMLInputElement>(null);
  const finder = useMemo(() => new Finder(), [run]);
  const [found, setFound] = useState<readonly string[]>([]);
  const [searched, setSearched] = useState("");
  useEffect(() => () => finder.close(), [finder]);
  useEffect(() => {
    let current = true;
    if (open) void finder.find(run.shown.peek(), query, RESULTS).then((ids) => {
      if (!current) return;
      setFound(ids);
      setSearched(query);
    });
    return () => { current = false; };
  }, [query, open, state.structure]);
  const pick = (id: string | undefined): void => {
    if (id === undefined) return;
    run.reveal(id);
    run.select(id);
    setOpen(false);
    input.current?.blur();
  };
  return (
    <div class="find">
      <Icon name="search" />
      <input
        ref={input} id="find" type="text" placeholder="Find a thought" value={query} dir="auto" autocomplete="off" role="combobox"
        aria-label="Find a thought" aria-expanded={open && found.length > 0} aria-controls="found" aria-autocomplete="list"
        aria-activedescendant={open && found.length ? `found-${at}` : undefined}
        onFocus={() => setOpen(true)} onBlur={() => setTimeout(() => setOpen(false), 150)}
        onInput={(event) => { setQuery(event.currentTarget.value); setAt(0); setOpen(true); }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(found.length - 1, at + 1));
          else if (event.key === "ArrowUp") setAt(Math.max(0, at - 1));
          else if (event.key === "Enter") pick(found[at]);
          else if (event.key === "Escape") event.currentTarget.blur();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <kbd>/</kbd>
      <ul id="found" class="found" role="listbox" aria-label="Thoughts found" hidden={!open || !query.trim()}>
        {found.map((id, i) => (
          <li key={id} id={`found-${i}`} role="option" aria-selected={i === at} onPointerDown={() => pick(id)}>
            <StatusMark status={state.thoughts.get(id)?.status ?? "pending"} />
            <bdi dir="auto">{state.thoughts.get(id)?.title || id}</bdi>
            <code>{id}</code>
          </li>
        ))}
        {open && query.trim() && searched === query && found.length === 0 && <li class="none" role="option" aria-selected={false}>Nothing found</li>}
      </ul>
    </div>
  );
}
