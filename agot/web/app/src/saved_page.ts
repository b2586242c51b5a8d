// A run as one page that opens without a server: the page itself, its parts and the events put into one file.

import type { RunEvent } from "./events";
import { api, type Annotation, type Run, type Saved } from "./source";

async function asset(path: string): Promise<string> {
  const response = await fetch(path, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`${path} could not be read: ${response.status}`);
  return response.text();
}

// What the page may do: run what was built into it, known by its hash, and reach nothing. Browsers hash in secure contexts only.
async function source(text: string): Promise<string> {
  if (!crypto.subtle) return "'unsafe-inline'";
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return `'sha256-${btoa(String.fromCharCode(...digest))}'`;
}

async function policy(script: string, style: string): Promise<string> {
  return `default-src 'none'; script-src ${await source(script)}; style-src ${await source(style)}; worker-src blob:; `
    + "img-src data: blob:; base-uri 'none'; form-action 'none'";
}

export async function savedPage(run: Run, events: readonly RunEvent[], annotations: readonly Annotation[]): Promise<Blob> {
  const [page, style, main, worker, skeleton] = await Promise.all([
    asset("/"), asset("/static/style.css"), asset("/static/main.js"), asset("/static/worker.js"), api.skeleton(run.id),
  ]);
  const data: Saved = { run, skeleton, events: [...events], annotations: [...annotations] };
  // Nothing in the data may end the element that holds them.
  const json = JSON.stringify(data).replace(/</g, "\\u003c");
  const allowed = `<meta http-equiv="content-security-policy" content="${await policy(main, style)}">`;
  const html = page
    .replace("<head>", () => `<head>${allowed}`)
    .replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${style}</style>`)
    .replace(/<script src=[^>]*><\/script>/, () => [
      `<script type="application/json" id="agot-run">${json}</script>`,
      `<script type="text/plain" id="agot-worker">${worker}</script>`,
      `<script>${main}</script>`,
    ].join("\n"));
  return new Blob([html], { type: "text/html" });
}
