// Finds thoughts by their words: an index in a worker, and plain comparison where that finds nothing.

import type { RunState } from "./state";
import { startWorker } from "./start_worker";

export interface IndexRequest {
  readonly rows: readonly { id: string; title: string; strategy: string }[];
}

export interface FindRequest {
  readonly token: number;
  readonly query: string;
  readonly most: number;
}

export class Finder {
  private worker: Worker | null = null;
  private started = false;
  private indexed: { structure: number; size: number } | null = null;
  private token = 0;
  private waiting: ((found: string[]) => void) | null = null;

  close(): void {
    this.worker?.terminate();
    this.worker = null;
  }

  /** Ids of the best matches, best first; a question that a later one overtook is not answered. */
  async find(state: RunState, text: string, most: number): Promise<string[]> {
    const query = text.trim();
    if (!query) return [];
    const exact = state.thoughts.has(query) ? [query] : [];
    const hits = (await this.ask(state, query, most)).filter((id) => id !== query && state.thoughts.has(id));
    const found = [...exact, ...hits].slice(0, most);
    return found.length ? found : containing(state, query, most);
  }

  private ask(state: RunState, query: string, most: number): Promise<string[]> {
    this.start();
    if (!this.worker) return Promise.resolve([]);
    const { structure, thoughts } = state;
    if (this.indexed?.structure !== structure || this.indexed.size !== thoughts.size) {
      this.indexed = { structure, size: thoughts.size };
      const rows = [...thoughts.values()].map(({ id, title, strategy }) => ({ id, title, strategy }));
      this.worker.postMessage({ rows } satisfies IndexRequest);
    }
    this.token += 1;
    this.worker.postMessage({ token: this.token, query, most } satisfies FindRequest);
    return new Promise((resolve) => { this.waiting = resolve; });
  }

  private start(): void {
    if (this.started) return;
    this.started = true;
    this.worker = startWorker();
    if (!this.worker) return;
    this.worker.onmessage = (message: MessageEvent<{ token: number; found: string[] }>) => {
      if (message.data.token === this.token) this.waiting?.(message.data.found);
    };
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.close();
      this.waiting?.([]);
    };
  }
}

/** Languages without spaces between words are searched by parts of the text. */
function containing(state: RunState, query: string, most: number): string[] {
  const found: string[] = [];
  const part = query.toLowerCase();
  for (const thought of state.thoughts.values()) {
    if (thought.title.toLowerCase().includes(part) || thought.id.includes(part)) found.push(thought.id);
    if (found.length >= most) break;
  }
  return found;
}
