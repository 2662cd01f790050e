// The canvas on which a label map is drawn, by pointer or by keys: rectangles, a brush, fill; undo and redo.

import { LabelMap } from "./label_map.js";
import { opaqueContext } from "./image.js";

const KEY_STEP = 8; // pixels that an arrow key moves the cursor; with Shift, one
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Drawing {
  #map;
  #context;
  #stroke = null; // While drawing: the labels before it, where it began, where it has come to.
  #cursor; // where the keys would draw

  /**
   * @param canvas its size is that of the map
   * @param cursor the element that marks the place and size of the pen on the canvas
   * @param palette {class name: [red, green, blue]}
   * @param pen () => {tool: "rectangle" | "brush" | "fill", label: class number, size: of the brush}
   * @param onChange called when a change is complete
   * @param onCursor called with a description of the place that keys have moved the cursor to
   */
  constructor({ canvas, cursor, palette, pen, onChange, onCursor }) {
    Object.assign(this, { canvas, cursorElement: cursor, pen, onChange, onCursor });
    this.names = Object.keys(palette);
    this.colors = Object.values(palette);
    this.#map = new LabelMap(canvas.width, canvas.height);
    this.#context = opaqueContext(canvas);
    this.#cursor = [canvas.width / 2, canvas.height / 2];
    canvas.addEventListener("pointerdown", (event) => this.#onPointerDown(event));
    canvas.addEventListener("pointermove", (event) => this.#onPointerMove(event));
    canvas.addEventListener("pointerup", () => this.#finish());
    canvas.addEventListener("pointercancel", () => this.#cancel());
    canvas.addEventListener("keydown", (event) => this.#onKey(event));
    canvas.addEventListener("blur", () => this.#finish());
    this.#render();
  }

  get canUndo() {
    return this.#map.canUndo;
  }

  get canRedo() {
    return this.#map.canRedo;
  }

  undo() {
    this.#cancel();
    this.#map.undo();
    this.#changed();
  }

  redo() {
    this.#cancel();
    this.#map.redo();
    this.#changed();
  }

  /** Replaces everything by boxes [class name, left, top, right, bottom] on class 0. */
  drawBoxes(boxes) {
    this.#cancel();
    const before = this.#map.labels.slice();
    this.#map.fill(0);
    for (const [name, ...box] of boxes) this.#map.rectangle(this.names.indexOf(name), ...box);
    if (this.#map.commit(before)) this.#changed();
  }

  /** Marks where the pen is and how large. */
  showCursor([x, y] = this.#cursor) {
    const { tool, size } = this.pen();
    const { width, height } = this.canvas;
    const across = tool === "brush" ? size : 1;
    const first = Math.floor((across - 1) / 2);
    Object.assign(this.cursorElement.style, {
      left: `${(100 * (x - first)) / width}%`,
      top: `${(100 * (y - first)) / height}%`,
      width: `${(100 * across) / width}%`,
      height: `${(100 * across) / height}%`,
    });
    this.cursorElement.dataset.tool = tool;
  }

  #onPointerDown(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.#cancel();
    this.#start(this.#pixel(event));
  }

  #onPointerMove(event) {
    if (!event.isPrimary) return;
    this.#cursor = this.#pixel(event);
    this.showCursor();
    if (this.canvas.hasPointerCapture(event.pointerId)) this.#extend(this.#cursor);
  }

  #onKey(event) {
    const arrow = ARROWS[event.key];
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (arrow) {
      const step = event.shiftKey ? 1 : KEY_STEP;
      const limits = [this.canvas.width, this.canvas.height];
      this.#cursor = this.#cursor.map((value, i) => Math.min(Math.max(value + arrow[i] * step, 0), limits[i] - 1));
      this.#extend(this.#cursor);
    } else if (event.key === " " || event.key === "Enter") {
      if (this.#stroke) this.#finish();
      else this.#start(this.#cursor);
      if (this.pen().tool === "fill") this.#finish();
    } else if (event.key === "Escape") {
      this.#cancel();
    } else {
      return;
    }
    event.preventDefault();
    this.showCursor();
    const [x, y] = this.#cursor;
    const name = this.names[this.#map.labels[y * this.canvas.width + x]];
    this.onCursor(`column ${x}, row ${y}: ${name}${this.#stroke ? ", drawing" : ""}`);
  }

  #pixel({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const position = [(clientX - left) / width, (clientY - top) / height];
    return [Math.floor(position[0] * this.canvas.width), Math.floor(position[1] * this.canvas.height)];
  }

  #start(point) {
    this.#stroke = { before: this.#map.labels.slice(), from: point, last: point };
    this.#extend(point);
  }

  #extend(point) {
    if (!this.#stroke) return;
    const { before, from, last } = this.#stroke;
    const { tool, label, size } = this.pen();
    if (tool === "brush") {
      this.#map.stroke(label, last, point, size);
    } else if (tool === "fill") {
      this.#map.flood(label, ...from);
    } else {
      const [left, right] = [from[0], point[0]].sort((a, b) => a - b);
      const [top, bottom] = [from[1], point[1]].sort((a, b) => a - b);
      this.#map.labels.set(before);
      this.#map.rectangle(label, left, top, right + 1, bottom + 1);
    }
    this.#stroke.last = point;
    this.#render();
  }

  #finish() {
    const stroke = this.#stroke;
    this.#stroke = null;
    if (stroke && this.#map.commit(stroke.before)) this.#changed();
  }

  #cancel() {
    if (!this.#stroke) return;
    this.#map.labels.set(this.#stroke.before);
    this.#stroke = null;
    this.#render();
  }

  #changed() {
    this.#render();
    this.onChange();
  }

  #render() {
    this.#context.putImageData(this.#map.render(this.colors), 0, 0);
  }
}
