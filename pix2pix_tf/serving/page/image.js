// Any image that the browser can decode → upright, on white, of a size that a model translates soon.

const MAX_SIDE = 1024; // pixels; a CPU needs a second or two for such a square

/**
 * Reads the image in a file.
 *
 * @param scale "own"; or "WIDTHxHEIGHT", or the pixels of the shorter side; no side becomes longer than MAX_SIDE
 * @returns {canvas, size}: its pixels, and how large it was and, if it was scaled down, is
 * @throws Error, with a sentence, if the browser cannot decode it
 */
export async function readImage(file, scale) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Error(`${file.name} is no image that this browser can read. Save it as PNG or JPEG and try again.`);
  }
  const [width, height] = scaled(bitmap, scale);
  const canvas = makeCanvas(width, height);
  const context = opaqueContext(canvas);
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const change = width === bitmap.width && height === bitmap.height ? "" : `, scaled to ${width} × ${height}`;
  const size = `${bitmap.width} × ${bitmap.height} pixels${change}`;
  bitmap.close();
  return { canvas, size };
}

/** The [width, height] that an image is scaled to. */
function scaled({ width, height }, scale) {
  const sides = scale.split("x").map(Number);
  if (sides.length === 2) return sides;
  const wanted = scale === "own" ? 1 : sides[0] / Math.min(width, height);
  const factor = Math.min(wanted, MAX_SIDE / Math.max(width, height));
  return [width, height].map((side) => Math.max(1, Math.round(side * factor)));
}

/** Without transparency, as the images that models take, and kept where scripts read and write it fast. */
export function opaqueContext(canvas) {
  return canvas.getContext("2d", { alpha: false, willReadFrequently: true });
}

export function pixels(canvas) {
  return opaqueContext(canvas).getImageData(0, 0, canvas.width, canvas.height);
}

export function toPng(canvas) {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

export function pixelsToPng(image) {
  const canvas = makeCanvas(image.width, image.height);
  opaqueContext(canvas).putImageData(image, 0, 0);
  return toPng(canvas);
}

function makeCanvas(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}
