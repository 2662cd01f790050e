// The page: an input is drawn or chosen, the model is asked, its output is shown. The latest request wins.

import { Drawing } from "./drawing.js";
import { examples } from "./examples.js";
import { HOME, Model } from "./model.js";
import { pixels, pixelsToPng, readImage, toPng } from "./image.js";
import { decode, show } from "./result.js";

const LIVE_DELAY_MS = 200; // from the end of a stroke to its request
const PEN = { white: [255, 255, 255], black: [0, 0, 0] }; // for models without a palette

const byId = (id) => document.getElementById(id);
const radio = (name, value) => document.querySelector(`input[name=${name}][value="${value}"]`);
const chosen = (name) => document.querySelector(`input[name=${name}]:checked`).value;
const onClick = (id, action) => byId(id).addEventListener("click", action);

const settings = JSON.parse(byId("settings").textContent);
const palette = settings.palette ?? PEN;
const scenes = examples(Object.keys(palette));
const drawing = makeDrawing();
let image = null; // the canvas of the one that was chosen
let file = null; // of that image
let model;
let running = new AbortController(); // of the latest request
let retry; // what failed last
let nextScene = 0;
let liveTimer;

start();

function start() {
  radio("kind", settings.palette ? "draw" : "image").checked = true;
  if (!scenes.length) byId("example").remove();
  listenToDrawing();
  listenToImages();
  onClick("translate", () => {
    byId("result").scrollIntoView({ block: "nearest" });
    run(translate);
  });
  onClick("noise", () => run(sample));
  onClick("again", () => run(retry));
  document.querySelector("#server form").addEventListener("submit", onConnect);
  showKind();
  document.querySelector("main").hidden = false;
  if (scenes.length) drawExample();
  const address = new URLSearchParams(location.search);
  connect(address.get("server") ?? HOME, address.get("model") ?? settings.model);
}

/** Takes the model of a server, and asks it at once if there is a drawing to show. */
function connect(server, name) {
  const full = /^https?:/.test(server) ? server : `http://${server}`;
  model = new Model(full.replace(/\/+$/, ""), name);
  byId("server-address").value = model.server;
  byId("server-model").value = name;
  byId("name").textContent = name;
  byId("version").textContent = "connecting …";
  document.title = name;
  run(async (signal) => {
    await describe(signal);
    if (chosen("kind") === "draw" && drawing.canUndo) await translate(signal);
  });
}

function onConnect(event) {
  event.preventDefault();
  connect(byId("server-address").value.trim() || HOME, byId("server-model").value.trim());
  history.replaceState(null, "", `?${new URLSearchParams({ server: model.server, model: model.name })}`);
  byId("server").open = false;
}

/** Shows what the model is at present, and returns its version. */
async function describe(signal) {
  const [version, signatures] = await Promise.all([model.version(signal), model.signatures(signal)]);
  signal.throwIfAborted();
  byId("version").textContent = `version ${version}${model.server === HOME ? "" : ` at ${model.server}`}`;
  byId("noise").hidden = !signatures.includes("sample");
  return version;
}

/** Does what `action` does, unless something else is begun meanwhile; what goes wrong is shown, to be tried again. */
async function run(action) {
  running.abort();
  clearTimeout(liveTimer);
  running = new AbortController();
  const { signal } = running;
  byId("problem").hidden = true;
  byId("result").setAttribute("aria-busy", "true");
  try {
    await action(signal);
  } catch (error) {
    if (signal.aborted) return;
    retry = action;
    byId("sentence").textContent = error.message;
    byId("problem").hidden = false;
  }
  if (!signal.aborted) byId("result").setAttribute("aria-busy", "false");
}

async function translate(signal) {
  const input = await toPng(source());
  await showOutput(signal, input, "", () => model.translate(input, signal));
}

/** The same with dropout noise, of a new seed each time. */
async function sample(signal) {
  const seed = Array.from(crypto.getRandomValues(new Uint16Array(2)));
  const [content, input] = [pixels(source()), await toPng(source())];
  const ask = async () => pixelsToPng(await model.sample(content, seed, signal));
  await showOutput(signal, input, ` · seed ${seed.join(", ")}`, ask);
}

async function showOutput(signal, input, remark, ask) {
  const kind = chosen("kind");
  const start = performance.now();
  const output = await ask();
  const seconds = (performance.now() - start) / 1000;
  const [before, after, version] = await Promise.all([decode(input), decode(output), describe(signal)]);
  signal.throwIfAborted();
  before.className = kind;
  const facts = `${seconds.toFixed(2)} s · ${model.name}, version ${version}${remark}`;
  show({ before, after, name: `${model.name}-${version}.png`, facts });
}

/** The canvas that is sent; null if no image was chosen yet. */
function source() {
  return chosen("kind") === "draw" ? byId("canvas") : image;
}

// Drawing.

function makeDrawing() {
  Object.entries(palette).forEach(([name, color], label) => addSwatch(name, color, label));
  radio("label", Math.min(2, Object.keys(palette).length - 1)).checked = true;
  return new Drawing({
    canvas: byId("canvas"),
    cursor: byId("cursor"),
    palette,
    pen: () => ({ tool: chosen("tool"), label: Number(chosen("label")), size: Number(byId("size").value) }),
    onChange: onDrawn,
    onCursor: (text) => (byId("place").textContent = text),
  });
}

function addSwatch(name, color, label) {
  const swatch = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "radio", name: "label", value: label });
  const square = Object.assign(document.createElement("span"), { className: "color" });
  square.style.background = `rgb(${color})`;
  swatch.append(input, square, name);
  byId("palette").append(swatch);
}

function listenToDrawing() {
  document.querySelectorAll("input[name=kind]").forEach((input) => input.addEventListener("change", showKind));
  onClick("undo", () => drawing.undo());
  onClick("redo", () => drawing.redo());
  onClick("clear", () => drawing.drawBoxes([]));
  byId("example")?.addEventListener("click", drawExample);
  byId("size").addEventListener("input", () => {
    document.querySelector(".size output").textContent = `${byId("size").value} px`;
    radio("tool", "brush").checked = true;
  });
  document.addEventListener("keydown", (event) => {
    const isCommand = (event.ctrlKey || event.metaKey) && chosen("kind") === "draw";
    const key = event.key.toLowerCase();
    if (!isCommand || !"zy".includes(key) || event.target.matches("input[type=text]")) return;
    event.preventDefault();
    if (key === "z" && !event.shiftKey) drawing.undo();
    else drawing.redo();
  });
}

function drawExample() {
  drawing.drawBoxes(scenes[nextScene++ % scenes.length]);
}

function onDrawn() {
  byId("undo").disabled = !drawing.canUndo;
  byId("redo").disabled = !drawing.canRedo;
  clearTimeout(liveTimer);
  if (model && byId("live").checked) liveTimer = setTimeout(() => run(translate), LIVE_DELAY_MS);
}

// Images.

function listenToImages() {
  addScales();
  byId("scale").addEventListener("change", () => file && take([file]));
  byId("file").addEventListener("change", ({ target }) => {
    take(target.files);
    target.value = ""; // The same file can be chosen again.
  });
  document.addEventListener("paste", ({ clipboardData }) => take(clipboardData.files));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    take(event.dataTransfer.files);
  });
}

/** Offers the training size, if it is known, beside the image's own and a few others. */
function addScales() {
  const [height, width = height] = String(settings.size ?? "").split("x");
  const training = height ? [[`${width} × ${height} (as in training)`, `${width}x${height}`]] : [];
  for (const [text, value] of [...training, ...[256, 512, 1024].map((side) => [`${side} on the shorter side`, side])]) {
    byId("scale").add(new Option(text, value));
  }
}

function take([chosenFile]) {
  if (!chosenFile) return;
  radio("kind", "image").checked = true;
  showKind();
  run(async (signal) => {
    const { canvas, size } = await readImage(chosenFile, byId("scale").value);
    signal.throwIfAborted();
    file = chosenFile;
    byId("invitation").hidden = true;
    byId("another").hidden = false;
    image?.remove();
    image = canvas;
    byId("another").before(image);
    byId("image-name").textContent = file.name;
    byId("image-size").textContent = size;
    showKind();
    await translate(signal);
  });
}

/** Shows the tools for what is drawn or chosen, and forgets what was to be asked of the other one. */
function showKind() {
  clearTimeout(liveTimer);
  byId("problem").hidden = true;
  const draws = chosen("kind") === "draw";
  document.querySelectorAll(".for-drawing").forEach((element) => (element.hidden = !draws));
  document.querySelectorAll(".for-images").forEach((element) => (element.hidden = draws));
  byId("translate").disabled = byId("noise").disabled = !source();
}
