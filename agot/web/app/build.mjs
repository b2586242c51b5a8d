// Builds the viewer into ../static. The names carry no hash: they are committed, and a test compares them.
import { build } from "esbuild";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const out = process.argv[2] ?? here("../static");
await mkdir(out, { recursive: true });

await build({
  entryPoints: { main: here("src/main.tsx"), worker: here("src/worker.ts") },
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
});
await build({
  entryPoints: { style: here("src/style.css") },
  outdir: out, bundle: true, minify: true, charset: "utf8", logLevel: "warning",
});
await copyFile(here("src/index.html"), `${out}/index.html`);

// A script that is inlined into one file must not end its element early.
for (const name of ["main.js", "worker.js"]) {
  const text = await readFile(`${out}/${name}`, "utf8");
  await writeFile(`${out}/${name}`, text.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--"));
}

// What the licences of the libraries ask for: their notices, each text once.
const texts = new Map();
const lock = JSON.parse(await readFile(here("package-lock.json"), "utf8"));
for (const [path, entry] of Object.entries(lock.packages)) {
  if (!path || entry.dev || entry.optional || entry.peer) continue;
  const folder = here(path);
  const file = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name));
  const whole = file ? await readFile(`${folder}/${file}`, "utf8") : "";
  const notice = whole.match(/^.*copyright (\(c\)|©|[0-9]{4}).*$/gim) ?? [];
  const { author } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  const by = notice.map((line) => line.trim()).join("; ") || `by ${typeof author === "string" ? author : (author?.name ?? "its contributors")}`;
  // Of two licences to choose from, the one that this project has itself.
  const name = /apache/i.test(entry.license) ? "Apache-2.0" : entry.license;
  const body = name === "Apache-2.0" ? "See the LICENSE file of this project." : whole.replace(/^.*copyright (\(c\)|©|[0-9]{4}).*$/gim, "").replace(/^[^\n]*licen[cs]e[^\n]*\n/i, "").replace(/\s+/g, " ").trim();
  const known = [...texts.values()].find((one) => one.name === name) ?? { name, body, packages: [] };
  texts.set(name, known);
  known.packages.push(`${path.replace(/^.*node_modules\//, "")} ${entry.version}: ${by}`);
}
const told = [...texts.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  .map(({ name, body, packages }) => `${name}\n\n${packages.sort().join("\n")}\n\n${body}\n`);
await writeFile(`${out}/licenses.txt`, `The page includes these libraries.\n\n${told.join("\n\n")}`);

const LIMITS = { "main.js": [220, 75], "worker.js": [90, 32], "style.css": [40, 12], "index.html": [4, 2], "licenses.txt": [12, 6] };
let all = 0;
for (const [name, [plain, packed]] of Object.entries(LIMITS)) {
  const body = await readFile(`${out}/${name}`);
  const kb = body.length / 1000;
  const gz = gzipSync(body, { level: 9 }).length / 1000;
  all += kb;
  console.log(`${name.padEnd(12)} ${kb.toFixed(1).padStart(6)} kB, ${gz.toFixed(1).padStart(5)} kB gzipped`);
  if (kb > plain || gz > packed) throw new Error(`${name} may have at most ${plain} kB, ${packed} kB gzipped`);
}
if (all > 350) throw new Error(`the assets may have at most 350 kB in all, they have ${all.toFixed(0)} kB`);
