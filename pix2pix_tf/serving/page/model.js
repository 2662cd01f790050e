// A model behind TensorFlow Serving's REST interface, and nothing else of the server.

/** Where this page is, perhaps behind a proxy that puts a prefix before its path. */
export const HOME = new URL(".", location.href).href.replace(/\/+$/, "");

export class Model {
  #url;

  /** @param server its address, such as http://localhost:8501 */
  constructor(server, name) {
    Object.assign(this, { server, name });
    this.#url = `${server}/v1/models/${encodeURIComponent(name)}`;
  }

  /** The names of the model's signatures. */
  async signatures(signal) {
    const { metadata } = await this.#ask("/metadata", undefined, signal);
    return Object.keys(metadata.signature_def.signature_def);
  }

  /** The version that answers: the newest one that is available. */
  async version(signal) {
    const { model_version_status: versions } = await this.#ask("", undefined, signal);
    const available = versions.filter(({ state }) => state === "AVAILABLE").map(({ version }) => Number(version));
    if (!available.length) throw new Error(`No version of ${this.name} is available yet.`);
    return Math.max(...available);
  }

  /** An encoded image → a PNG of the same size; both are Blobs. */
  async translate(image, signal) {
    const { predictions } = await this.#ask(":predict", { instances: [{ b64: await toBase64(image) }] }, signal);
    const bytes = Uint8Array.from(atob(predictions[0].b64), (character) => character.charCodeAt(0));
    return new Blob([bytes], { type: "image/png" });
  }

  /** The same with noise: ImageData and a seed of two 32-bit integers → ImageData. */
  async sample(pixels, seed, signal) {
    const body = { signature_name: "sample", inputs: { image: [toNested(pixels)], seed } };
    const { outputs } = await this.#ask(":predict", body, signal);
    return fromNested(outputs[0]);
  }

  async #ask(path, body, signal) {
    const options = body && {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
    };
    let response;
    try {
      response = await fetch(this.#url + path, { ...options, signal, cache: "no-store" });
    } catch {
      const elsewhere = this.server !== HOME;
      const advice = elsewhere ? " Does it run, and with --rest_api_enable_cors_support?" : " Does it still run?";
      throw new Error(`The server ${this.server} does not answer.${advice}`);
    }
    const reply = await response.json().catch(() => ({ error: `${this.server} answers, but not as a model server.` }));
    if (response.ok && !reply.error) return reply;
    throw new Error(sentence(reply.error ?? `The server answered ${response.status}.`));
  }
}

/** What a model says of a bad request, without TensorFlow's words round it. */
function sentence(error) {
  const found = /assertion failed: \[([^\]]+)\]/.exec(error);
  return found ? found[1] : error;
}

async function toBase64(blob) {
  const reader = new FileReader();
  const loaded = new Promise((resolve, reject) => Object.assign(reader, { onload: resolve, onerror: reject }));
  reader.readAsDataURL(blob);
  await loaded;
  return reader.result.slice(reader.result.indexOf(",") + 1);
}

/** ImageData → [height][width][3] */
function toNested({ data, width, height }) {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => Array.from(data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3))),
  );
}

/** [height][width][3] → ImageData */
function fromNested(rows) {
  const image = new ImageData(rows[0].length, rows.length);
  rows.flat().forEach((color, i) => image.data.set([...color, 255], 4 * i));
  return image;
}
