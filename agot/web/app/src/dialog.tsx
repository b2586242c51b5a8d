// Dialogs, and the line that tells what went wrong.

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icons";

export const message = signal<string | null>(null);

/** Do something; if it fails, say so where a person sees it. */
export async function report(work: () => Promise<unknown>, failed?: () => void): Promise<void> {
  try {
    await work();
    message.value = null;
  } catch (error) {
    message.value = (error as Error).message;
    failed?.();
  }
}

export function Message() {
  if (message.value === null) return null;
  return (
    <div class="toast" role="alert">
      <span dir="auto">{message.value}</span>
      <button class="tool" aria-label="Dismiss" onClick={() => { message.value = null; }}><Icon name="close" /></button>
    </div>
  );
}

export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const opened = document.activeElement as HTMLElement | null;
    dialog.current!.showModal();
    // It is gone from the page before it could be closed, which would give the focus back.
    return () => opened?.focus();
  }, []);
  return (
    <dialog
      ref={dialog} class="dialog" aria-label={title} onCancel={onClose}
      onClick={(event) => { if (event.target === dialog.current) onClose(); }}
    >
      <div class="dialog-inner">
        <header><h2>{title}</h2><button class="tool" aria-label="Close" onClick={onClose}><Icon name="close" /></button></header>
        {children}
      </div>
    </dialog>
  );
}
