// The worker of the page: from the server, or from the page itself if it was saved as one file.

export function startWorker(): Worker | null {
  try {
    const inline = document.getElementById("agot-worker")?.textContent;
    if (!inline) return new Worker("/static/worker.js");
    const address = URL.createObjectURL(new Blob([inline], { type: "text/javascript" }));
    return new Worker(address);
  } catch {
    return null;
  }
}
