// Scenes to begin with, for palettes that have their classes: boxes [class, left, top, right, bottom] on a 256×256 map.

const FACADES = [
  { floors: 3, columns: 4, shutters: true, balconies: [], ground: ["shop", "door", "shop"], pillars: false },
  { floors: 4, columns: 3, shutters: false, balconies: [1, 3], ground: ["window", "door", "window"], pillars: false },
  { floors: 2, columns: 5, shutters: false, balconies: [0], ground: ["shop", "shop", "door"], pillars: true },
];

/** All scenes whose classes are among `names`. */
export function examples(names) {
  const known = new Set(names);
  return [...FACADES.map(facade), street()].filter((scene) => scene.every(([name]) => known.has(name)));
}

function facade({ floors, columns, shutters, balconies, ground, pillars }) {
  const [left, right, eaves, street, bottom] = [20, 236, 34, 196, 250];
  const storey = Math.floor((street - eaves - 8) / floors);
  const bay = Math.floor((right - left) / columns);
  const boxes = [
    ["background", 0, 0, 256, 256],
    ["facade", left, eaves, right, bottom],
    ["molding", left - 6, eaves - 8, right + 6, eaves + 4],
  ];
  for (let floor = 0; floor < floors; floor++) {
    const top = eaves + 8 + floor * storey;
    for (let column = 0; column < columns; column++) {
      boxes.push(...windowBay(left + column * bay, top, bay, storey, shutters, balconies.includes(floor)));
    }
  }
  if (pillars) {
    for (const x of [left, right - 8]) boxes.push(["pillar", x, eaves + 4, x + 8, street]);
  }
  boxes.push(["molding", left, street, right, street + 6], ...groundFloor(left, right, street + 6, bottom, ground));
  return boxes;
}

function windowBay(x, y, width, height, shutters, balcony) {
  const [left, right] = [x + Math.round(width * 0.3), x + Math.round(width * 0.7)];
  const [top, bottom] = [y + Math.round(height * 0.2), y + Math.round(height * 0.82)];
  const boxes = [
    ["window", left, top, right, bottom],
    ["cornice", left - 4, top - 5, right + 4, top],
    ["sill", left - 4, bottom, right + 4, bottom + 4],
  ];
  const leaf = Math.round((right - left) * 0.4);
  if (shutters) boxes.push(["blind", left - leaf, top, left, bottom], ["blind", right, top, right + leaf, bottom]);
  if (balcony) boxes.push(["balcony", left - 8, bottom - Math.round(height * 0.26), right + 8, bottom + 4]);
  return boxes;
}

function groundFloor(left, right, top, bottom, parts) {
  const width = (right - left) / parts.length;
  return parts.map((name, i) => {
    const margin = { shop: 6, window: 22, door: 24 }[name];
    const sides = [Math.round(left + i * width + margin), Math.round(left + (i + 1) * width - margin)];
    return [name, sides[0], top + 10, sides[1], name === "window" ? bottom - 14 : bottom];
  });
}

function street() {
  return [
    ["sky", 0, 0, 256, 120],
    ["building", 0, 30, 76, 150],
    ["building", 180, 14, 256, 150],
    ["vegetation", 76, 70, 112, 140],
    ["vegetation", 160, 84, 180, 140],
    ["building", 112, 96, 160, 134],
    ["road", 0, 134, 256, 256],
    ["sidewalk", 0, 144, 70, 170],
    ["sidewalk", 200, 144, 256, 166],
    ["pole", 66, 40, 70, 158],
    ["traffic sign", 60, 44, 76, 60],
    ["person", 28, 116, 38, 156],
    ["car", 92, 124, 122, 150],
    ["car", 150, 122, 206, 172],
  ];
}
