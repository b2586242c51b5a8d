// The graph as an SVG picture that needs nothing else to be seen.

import { SHAPES } from "./icons";
import { boxOf, type Scene } from "./scene";
import { count, direction, reward, wrap } from "./text";
import type { Colours } from "./theme";

function escape(text: string): string {
  // Control characters may not stand in XML at all, not even escaped.
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

export function graphSvg(scene: Scene, colours: Colours): string {
  const ruler = document.createElement("canvas").getContext("2d")!;
  ruler.font = `12px ${colours.font}`;
  const measure = (text: string): number => ruler.measureText(text).width;
  const { x, y, width, height } = scene.bounds;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${x - 20} ${y - 20} ${width + 40} ${height + 40}" width="${width + 40}" height="${height + 40}" font-family="${escape(colours.font)}" font-size="12">`,
    `<rect x="${x - 20}" y="${y - 20}" width="100%" height="100%" fill="${colours.ground}"/>`,
  ];
  const cards: string[] = [];
  scene.thoughts.forEach((thought, i) => {
    if (!thought) return;
    const box = boxOf(scene, i);
    const frame = `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" rx="8" stroke="${colours.line}"`;
    const mark = `<path transform="translate(${box.x + 11} ${box.y + 9})" fill-rule="evenodd" fill="${colours.status[thought.status]}" d="${SHAPES[thought.status]}"/>`;
    const lines = wrap(thought.title || thought.id, box.width - 42, scene.opened[i] ? 1 : 2, measure);
    const way = direction(thought.title);
    const texts = lines.map((line, row) => {
      const at = way === "rtl" ? box.x + box.width - 13 : box.x + 29;
      return `<text x="${at}" y="${box.y + 20 + 15 * row}" direction="${way}" fill="${colours.text}">${escape(line)}</text>`;
    });
    if (scene.opened[i]) {
      parts.push(`<g>${frame} fill="${colours.group}"/>${mark}${texts.join("")}</g>`);
      return;
    }
    const figures = [thought.strategy, thought.tokens ? `${count(thought.tokens)} tok` : "", thought.reward === null ? "" : reward(thought.reward)];
    const note = `<text x="${box.x + 29}" y="${box.y + box.height - 9}" font-size="10.5" fill="${colours.muted}">${escape(figures.filter(Boolean).join(" · "))}</text>`;
    cards.push(`<g><title>${escape(`${thought.id}: ${thought.title} (${thought.status})`)}</title>${frame} fill="${colours.card}"/>${mark}${texts.join("")}${note}</g>`);
  });
  const { ends, points, offsets } = scene.layout;
  for (let i = 0; i < ends.length / 2; i++) {
    const corners: string[] = [];
    for (let k = offsets[i]!; k < offsets[i + 1]!; k++) corners.push(`${points[2 * k]!.toFixed(1)},${points[2 * k + 1]!.toFixed(1)}`);
    parts.push(`<polyline points="${corners.join(" ")}" fill="none" stroke="${colours.edge}" stroke-width="1.2"/>`);
  }
  return [...parts, ...cards, "</svg>"].join("\n");
}
