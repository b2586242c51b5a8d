// Going on with a run that has ended; one that spent its budget needs a higher limit first.

import { useState } from "preact/hooks";
import { Dialog, report } from "./dialog";
import { LIMITS, type Limit, type Limits } from "./events";
import { Icon } from "./icons";
import { refreshRuns } from "./runlist";
import type { Session } from "./session";
import { api, type Run } from "./source";

/** The limits of the last attempt; the server itself keeps only those that the run began with. */
async function limitsOf(run: Session, row: Run): Promise<Limits> {
  if ((row.attempts ?? 1) > 1) await run.loadLog();
  const told = run.log.value?.filter((event) => event.kind === "run_started").at(-1)?.limits ?? row.settings?.budget ?? {};
  return Object.fromEntries(LIMITS.filter((kind) => told[kind] != null).map((kind) => [kind, told[kind]]));
}

export function Resume({ run, row }: { run: Session; row: Run }) {
  const [limits, setLimits] = useState<Limits | null>(null);
  const fired = row.status === "budget" ? LIMITS.find((kind) => kind === row.limit) : undefined;
  const resume = async (budget?: Limits): Promise<void> => {
    setLimits(null);
    await api.resume(run.id, budget);
    await run.reopen();
    await refreshRuns();
  };
  const begin = async (): Promise<void> => (fired ? setLimits(await limitsOf(run, row)) : resume());
  return (
    <>
      <button class="button small" onClick={() => void report(begin)}><Icon name="play" /> Resume{fired && "…"}</button>
      {fired && limits && (
        <Raise
          fired={fired} old={limits[fired] ?? 0} reason={row.reason ?? ""} onClose={() => setLimits(null)}
          onRaise={(limit) => void report(() => resume({ ...limits, [fired]: limit }))}
        />
      )}
    </>
  );
}

function Raise({ fired, old, reason, onClose, onRaise }: {
  fired: Limit; old: number; reason: string; onClose: () => void; onRaise: (limit: number) => void;
}) {
  const [text, setText] = useState(old ? String(2 * old) : "");
  const whole = fired === "calls" || fired === "tokens";
  // Seconds begin anew, so that the same again may be enough; the rest counts from the start of the run.
  const enough = fired === "seconds" ? Number(text) > 0 : Number(text) > old;
  return (
    <Dialog title="Raise the limit" onClose={onClose}>
      <form class="raise" onSubmit={(event) => { event.preventDefault(); if (enough) onRaise(Number(text)); }}>
        <p dir="auto">{reason}</p>
        <label class="field">Limit of {fired === "usd" ? "US dollars" : fired}
          <input type="number" step={whole ? 1 : "any"} autofocus value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <p class="none">{fired === "seconds" ? "Seconds begin anew." : "What the run has used counts."} A limit of the server itself holds all the same.</p>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>Keep as it is</button>
          <button class="button primary" disabled={!enough}>Resume</button>
        </div>
      </form>
    </Dialog>
  );
}
