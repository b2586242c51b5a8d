// The canvas of the graph: layouts come in, the camera moves, frames go out.

import { fit, showing, zoomAt, type Camera } from "./camera";
import { treeOf } from "./derive";
import { drawGraph } from "./graph_draw";
import { graphSvg } from "./graph_svg";
import { layoutRequest, type Layout } from "./layout";
import { Layouter } from "./layouter";
import { boxOf, cardAt, refreshed, sceneOf, type Look, type Scene } from "./scene";
import type { RunState } from "./state";
import type { Colours } from "./theme";

export interface GraphInput {
  readonly state: RunState;
  readonly open: ReadonlySet<string>;
  readonly look: Look;
  readonly colours: Colours;
  /** Whether thoughts that are new since the last layout are put in, and the newest is kept in sight. */
  readonly follow: boolean;
}

/** A scene of more cards than this is moved as a picture while a gesture lasts, and drawn when it rests. */
const MANY_CARDS = 2500;
const REST_MS = 90;

export class GraphView {
  onLayout: (() => void) | null = null;
  private readonly context: CanvasRenderingContext2D;
  private readonly layouter = new Layouter((layout) => this.place(layout));
  private input: GraphInput | null = null;
  private scene: Scene | null = null;
  private camera: Camera = { x: 24, y: 24, scale: 1 };
  private asked: { token: number; ids: string[]; state: RunState; open: ReadonlySet<string> } | null = null;
  private laidOut: { structure: number; open: ReadonlySet<string>; run: RunState["thoughts"] } | null = null;
  private tokens = 0;
  private frame = 0;
  private fitting = false;
  private resting: ReturnType<typeof setTimeout> | null = null;
  private picture: { canvas: HTMLCanvasElement; camera: Camera } | null = null;
  private anchor: { id: string; x: number; y: number } | null = null;
  private size = { width: 1, height: 1, ratio: 1 };

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext("2d", { alpha: false })!;
  }

  close(): void {
    this.layouter.close();
    cancelAnimationFrame(this.frame);
    if (this.resting) clearTimeout(this.resting);
  }

  resize(width: number, height: number, ratio: number): void {
    this.size = { width, height, ratio };
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.picture = null;
    this.paint();
  }

  /** Show this now. */
  update(input: GraphInput): void {
    const before = this.input;
    this.input = input;
    if (!input.state.thoughts.size) return this.clear();
    const known = this.laidOut;
    const stale = known === null || known.open !== input.open || known.structure !== input.state.structure;
    const waits = known !== null && known.open === input.open && !input.follow && input.state.structure > known.structure;
    if (stale && !waits) this.askLayout();
    if (this.scene && before?.state !== input.state) this.scene = refreshed(this.scene, input.state);
    if (this.scene && input.look.selected !== before?.look.selected && input.look.selected) this.show(input.look.selected);
    this.picture = null;
    this.schedule();
  }

  private clear(): void {
    this.scene = this.laidOut = this.asked = null;
    this.paintGround();
  }

  private paintGround(): void {
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    this.context.fillStyle = this.input!.colours.ground;
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** Remember where a card is on the screen, so that the next layout leaves it there. */
  hold(id: string): void {
    const i = this.scene?.index.get(id);
    if (i === undefined) return;
    const box = boxOf(this.scene!, i);
    this.anchor = { id, x: box.x * this.camera.scale + this.camera.x, y: box.y * this.camera.scale + this.camera.y };
  }

  /** Show all of the next layout. */
  fitNext(): void {
    this.fitting = true;
  }

  private askLayout(): void {
    const { state, open } = this.input!;
    this.tokens += 1;
    const { request, ids } = layoutRequest(state, treeOf(state), open, this.tokens);
    this.asked = { token: this.tokens, ids, state, open };
    this.laidOut = { structure: state.structure, open, run: state.thoughts };
    this.layouter.ask(request);
  }

  private place(layout: Layout): void {
    if (!this.asked || layout.token !== this.asked.token || !this.input) return;
    const first = this.scene === null;
    const { ids, state, open } = this.asked;
    if (!first && !this.anchor && !this.fitting) this.anchorSomething();
    this.scene = refreshed(sceneOf(layout, ids, state, treeOf(state).inside, open), this.input.state);
    if (first) {
      this.fit();
      if (this.camera.scale < 0.5 && this.scene.ids.length < 400) this.camera = { x: 24, y: 24, scale: 0.62 };
      if (this.input.look.selected) this.show(this.input.look.selected);
    } else if (this.fitting) this.fit();
    else this.keepAnchor();
    this.fitting = false;
    if (this.input.follow) this.showNewest();
    this.picture = null;
    this.schedule();
    this.onLayout?.();
  }

  private anchorSomething(): void {
    const { selected } = this.input!.look;
    if (selected && this.scene!.index.has(selected)) return this.hold(selected);
    const middle = cardAt(this.scene!, ...this.toWorld(this.size.width / 2, this.size.height / 2));
    const id = this.scene!.ids[Math.max(0, middle)];
    if (id !== undefined) this.hold(id);
  }

  private keepAnchor(): void {
    const { anchor } = this;
    this.anchor = null;
    const i = anchor ? this.scene!.index.get(anchor.id) : undefined;
    if (!anchor || i === undefined) return;
    const box = boxOf(this.scene!, i);
    this.camera = { ...this.camera, x: anchor.x - box.x * this.camera.scale, y: anchor.y - box.y * this.camera.scale };
  }

  private showNewest(): void {
    const scene = this.scene!;
    for (let i = scene.ids.length - 1; i >= 0; i--) {
      if (scene.thoughts[i]?.status !== "running" || scene.opened[i]) continue;
      this.camera = showing(this.camera, boxOf(scene, i), this.size.width, this.size.height);
      return;
    }
  }

  show(id: string): void {
    const i = this.scene?.index.get(id);
    if (i === undefined) return;
    const box = boxOf(this.scene!, i);
    let camera = this.camera;
    if (camera.scale < 0.15) camera = zoomAt(camera, box.x * camera.scale + camera.x, box.y * camera.scale + camera.y, 0.7 / camera.scale);
    this.camera = showing(camera, box, this.size.width, this.size.height);
    this.schedule();
  }

  fit(): void {
    if (this.scene) this.camera = fit(this.scene.bounds, this.size.width, this.size.height);
    this.schedule();
  }

  zoom(factor: number, x = this.size.width / 2, y = this.size.height / 2): void {
    this.camera = zoomAt(this.camera, x, y, factor);
    this.gesture();
  }

  pan(dx: number, dy: number): void {
    this.camera = { ...this.camera, x: this.camera.x + dx, y: this.camera.y + dy };
    this.gesture();
  }

  cardAt(x: number, y: number): { id: string; opened: boolean; header: boolean } | null {
    if (!this.scene) return null;
    const [wx, wy] = this.toWorld(x, y);
    const i = cardAt(this.scene, wx, wy);
    const id = this.scene.ids[i];
    if (id === undefined) return null;
    const opened = this.scene.opened[i] === 1;
    return { id, opened, header: !opened || wy - boxOf(this.scene, i).y < 40 };
  }

  private toWorld(x: number, y: number): [number, number] {
    return [(x - this.camera.x) / this.camera.scale, (y - this.camera.y) / this.camera.scale];
  }

  private gesture(): void {
    if (this.scene && this.scene.ids.length > MANY_CARDS) {
      if (this.resting) clearTimeout(this.resting);
      this.resting = setTimeout(() => {
        this.resting = null;
        this.picture = null;
        this.schedule();
      }, REST_MS);
      this.picture ??= this.takePicture();
    }
    this.schedule();
  }

  private takePicture(): { canvas: HTMLCanvasElement; camera: Camera } {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [this.canvas.width, this.canvas.height];
    canvas.getContext("2d", { alpha: false })!.drawImage(this.canvas, 0, 0);
    return { canvas, camera: this.drawn };
  }

  private drawn: Camera = this.camera;

  private schedule(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  paint(): void {
    if (!this.input) return;
    if (!this.scene) return this.paintGround();
    if (this.picture && this.resting) return this.paintPicture(this.picture);
    drawGraph(this.context, this.scene, this.camera, this.input.look, this.input.colours, this.size);
    this.drawn = this.camera;
    this.canvas.dataset.cards = String(this.scene.ids.length);
  }

  private paintPicture({ canvas, camera }: { canvas: HTMLCanvasElement; camera: Camera }): void {
    const ratio = this.camera.scale / camera.scale;
    const { context, size } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = this.input!.colours.ground;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    context.imageSmoothingEnabled = false;
    context.setTransform(
      ratio, 0, 0, ratio, (this.camera.x - camera.x * ratio) * size.ratio, (this.camera.y - camera.y * ratio) * size.ratio,
    );
    context.drawImage(canvas, 0, 0);
  }

  svg(): string {
    return this.scene ? graphSvg(this.scene, this.input!.colours) : "";
  }

  /** The whole graph as a picture, as large as a canvas may safely be. */
  async png(): Promise<Blob | null> {
    if (!this.scene) return null;
    const { bounds } = this.scene;
    const scale = Math.min(2, 8000 / (bounds.width + 48), 8000 / (bounds.height + 48));
    const canvas = document.createElement("canvas");
    const [width, height] = [Math.ceil((bounds.width + 48) * scale), Math.ceil((bounds.height + 48) * scale)];
    [canvas.width, canvas.height] = [width, height];
    const camera = { scale, x: (24 - bounds.x) * scale, y: (24 - bounds.y) * scale };
    const look = { ...this.input!.look, hovered: null, selected: null };
    drawGraph(canvas.getContext("2d")!, this.scene, camera, look, this.input!.colours, { width, height, ratio: 1 });
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }
}
