// The model's output over its input: a slider between the two, facts, download.

const byId = (id) => document.getElementById(id);
const split = byId("split");

split.addEventListener("input", showSplit);
showSplit();

/**
 * A PNG in a Blob → an <img> that can be shown without delay.
 *
 * @throws Error, with a sentence, if it is no image
 */
export async function decode(blob) {
  const image = Object.assign(new Image(), { src: URL.createObjectURL(blob) });
  try {
    await image.decode();
  } catch {
    URL.revokeObjectURL(image.src);
    throw new Error("The server’s output is not an image.");
  }
  return image;
}

/**
 * Shows an output in the place of the one before.
 *
 * @param before, after decoded images: the model's input and output
 * @param name of the file that is offered for download
 * @param facts one line on how it was made, which follows the output's size
 */
export function show({ before, after, name, facts }) {
  replace("before", Object.assign(before, { alt: "The input" }));
  replace("after", Object.assign(after, { alt: "The model’s output" }));
  byId("compare").style.setProperty("--width", after.naturalWidth);
  byId("compare").style.setProperty("--height", after.naturalHeight);
  byId("compare").hidden = byId("download").hidden = false;
  byId("nothing").hidden = true;
  Object.assign(byId("download"), { href: after.src, download: name });
  byId("facts").textContent = `${after.naturalWidth} × ${after.naturalHeight} · ${facts}`;
}

function replace(id, image) {
  URL.revokeObjectURL(byId(id).src);
  byId(id).replaceWith(Object.assign(image, { id }));
}

function showSplit() {
  byId("compare").style.setProperty("--split", split.value);
  split.setAttribute("aria-valuetext", `${split.value} % input, ${100 - split.value} % result`);
}
