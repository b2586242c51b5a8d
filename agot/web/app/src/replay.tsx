// The slider over the events of a run: the whole page shows the run as it was then. Free, unlike a fork.

import { useEffect, useState } from "preact/hooks";
import { Icon } from "./icons";
import { go, route } from "./route";
import type { Session } from "./session";
import { count, seconds } from "./text";

/** A replay takes about this long, however long the run was. */
const PLAY_MS = 12_000;
const FRAME_MS = 60;

export function Replay({ run }: { run: Session }) {
  const [playing, setPlaying] = useState(false);
  const log = run.log.value;
  const { seq } = route.value;
  const last = log?.at(-1)?.seq ?? run.live.value.seq;
  useEffect(() => {
    if (!playing || !log?.length) return;
    const step = Math.max(1, Math.round((last * FRAME_MS) / PLAY_MS));
    const timer = setInterval(() => {
      const at = (route.value.seq ?? last) + step;
      if (at >= last) setPlaying(false);
      go({ seq: at >= last ? null : at });
    }, FRAME_MS);
    return () => clearInterval(timer);
  }, [playing, log]);
  const play = async (): Promise<void> => {
    await run.loadLog();
    if (route.value.seq === null) go({ seq: 1 });
    setPlaying(!playing);
  };
  const move = async (to: number): Promise<void> => {
    await run.loadLog();
    setPlaying(false);
    go({ seq: to >= last ? null : Math.max(1, to) });
  };
  const progress = run.logProgress.value;
  if (last < 2) return null;
  return (
    <div class={`replay ${seq === null ? "" : "replay-on"}`} role="group" aria-label="Replay">
      <button class="tool" onClick={() => void play()} aria-label={playing ? "Pause the replay" : "Play the run again"} title="Replay: free, nothing is asked again">
        <Icon name={playing ? "pause" : "play"} />
      </button>
      <input
        type="range" min={1} max={last} value={seq ?? last} aria-label="Event up to which the run is shown"
        aria-valuetext={`event ${seq ?? last} of ${last}, ${seconds(run.shown.value.now)}`}
        onInput={(event) => void move(Number(event.currentTarget.value))}
      />
      <span class="replay-at">
        {progress !== null ? `loading ${count(progress)} events…` : seq === null ? `${count(last)} events` : `event ${count(Math.min(seq, last))} of ${count(last)} · ${seconds(run.shown.value.now)}`}
      </span>
      {seq !== null && <button class="button small" onClick={() => { setPlaying(false); go({ seq: null }); }}>{run.running.value ? "Back to live" : "Show the end"}</button>}
    </div>
  );
}
