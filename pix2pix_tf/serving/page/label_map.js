// A label map: the class of each pixel. It draws whole pixels, so that no two colors ever mix.

const STEPS = 100; // that can be undone

export class LabelMap {
  #past = [];
  #future = [];

  /** All pixels are of class 0 at first. */
  constructor(width, height) {
    Object.assign(this, { width, height, labels: new Uint8Array(width * height) });
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** Makes all changes since the copy `before` of `labels` one step to undo; false if there are none. */
  commit(before) {
    if (before.every((label, i) => label === this.labels[i])) return false;
    this.#past = [...this.#past, before].slice(-STEPS);
    this.#future = [];
    return true;
  }

  undo() {
    this.#step(this.#past, this.#future);
  }

  redo() {
    this.#step(this.#future, this.#past);
  }

  #step(from, to) {
    if (!from.length) return;
    to.push(this.labels);
    this.labels = from.pop();
  }

  fill(label) {
    this.labels.fill(label);
  }

  /** Fills a rectangle, half open: columns left..right, rows top..bottom. */
  rectangle(label, left, top, right, bottom) {
    const [from, to] = [clamp(left, 0, this.width), clamp(right, 0, this.width)];
    for (let y = Math.max(top, 0); y < Math.min(bottom, this.height); y++) {
      this.labels.fill(label, y * this.width + from, y * this.width + to);
    }
  }

  /** Draws a disc of `size` pixels across at each pixel of the line from one point to another. */
  stroke(label, [x0, y0], [x1, y1], size) {
    const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1);
    for (let i = 0; i <= steps; i++) {
      this.#disc(label, Math.round(x0 + ((x1 - x0) * i) / steps), Math.round(y0 + ((y1 - y0) * i) / steps), size);
    }
  }

  #disc(label, x, y, size) {
    const first = -Math.floor((size - 1) / 2); // of the `size` rows and columns round the point
    const middle = first + (size - 1) / 2;
    for (let row = first; row < first + size; row++) {
      const half = Math.sqrt(Math.max(size ** 2 / 4 - (row - middle) ** 2, 0));
      this.rectangle(label, x + Math.ceil(middle - half), y + row, x + Math.floor(middle + half) + 1, y + row + 1);
    }
  }

  /** Gives a class to the pixel and all of its class that are connected with it. */
  flood(label, x, y) {
    const { width, height, labels } = this;
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    const old = labels[y * width + x];
    if (old === label) return;
    const open = [[x, y]];
    while (open.length) {
      const [column, row] = open.pop();
      if (column < 0 || row < 0 || column >= width || row >= height || labels[row * width + column] !== old) continue;
      labels[row * width + column] = label;
      open.push([column - 1, row], [column + 1, row], [column, row - 1], [column, row + 1]);
    }
  }

  /** The image of it, with `colors[label]` = [red, green, blue]. */
  render(colors) {
    const image = new ImageData(this.width, this.height);
    this.labels.forEach((label, i) => {
      const [red, green, blue] = colors[label];
      image.data[4 * i] = red;
      image.data[4 * i + 1] = green;
      image.data[4 * i + 2] = blue;
      image.data[4 * i + 3] = 255;
    });
    return image;
  }
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
