// Bundles the tests for Node and runs them.
import { build } from "esbuild";
import { mkdtemp, rm } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const out = await mkdtemp(join(tmpdir(), "agot-viewer-"));
try {
  await build({
    entryPoints: [fileURLToPath(new URL("test/fold.test.ts", import.meta.url))],
    outfile: join(out, "fold.test.mjs"), bundle: true, format: "esm", platform: "node", logLevel: "warning",
    absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
  });
  process.exitCode = spawnSync(process.execPath, ["--test", join(out, "fold.test.mjs")], { stdio: "inherit" }).status ?? 1;
} finally {
  await rm(out, { recursive: true });
}
