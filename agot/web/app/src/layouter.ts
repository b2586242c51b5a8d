// Asks the worker for layouts; without a worker (some browsers refuse one to a page opened as a file), layers have to do.

import { inLayers, layOut, type Layout, type LayoutRequest } from "./layout";
import { startWorker } from "./start_worker";

export class Layouter {
  private worker: Worker | null;
  private busy: LayoutRequest | null = null;
  private next: LayoutRequest | null = null;

  constructor(private readonly done: (layout: Layout) => void) {
    this.worker = startWorker();
    if (!this.worker) return;
    this.worker.onmessage = (message: MessageEvent<Layout>) => this.finish(message.data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.worker?.terminate();
      this.worker = null;
      if (this.busy) this.finish(layOut(this.busy, inLayers));
    };
  }

  /** Lay out; of requests that come while one is under way, only the last is done. */
  ask(request: LayoutRequest): void {
    if (!this.worker) this.done(layOut(request, inLayers));
    else if (this.busy) this.next = request;
    else {
      this.busy = request;
      this.worker.postMessage(request);
    }
  }

  close(): void {
    this.worker?.terminate();
    this.worker = null;
  }

  private finish(layout: Layout): void {
    const { next } = this;
    [this.busy, this.next] = [null, null];
    this.done(layout);
    if (next) this.ask(next);
  }
}
