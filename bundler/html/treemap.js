// Sizes as areas: groups, and the files in each; squarified (Bruls, Huizing, van Wijk 2000). Drawn
// on a canvas, as ten thousand elements would take seconds to lay out.

/// Shares a box out among items by their sizes (the largest first): place(item, x, y, w, h).
function squarify(items, x, y, w, h, place) {
  const total = sum(items, (item) => item.size);
  if (total === 0 || w <= 0 || h <= 0) return;
  const scale = w * h / total;
  for (let first = 0; first < items.length;) {
    const side = Math.min(w, h);
    let last = first, area = 0, worst = Infinity;
    for (; last < items.length; ++last) {
      const own = items[last].size * scale, thick = (area + own) / side;
      const ratio = Math.max(thick * thick / own, items[first].size * scale / (thick * thick));
      if (ratio > worst) break;
      worst = ratio;
      area += own;
    }
    const thick = area / side;
    let along = 0;
    for (; first < last; ++first) {
      const length = items[first].size * scale / thick;
      if (w >= h) place(items[first], x, y + along, thick, length);
      else place(items[first], x + along, y, length, thick);
      along += length;
    }
    if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
  }
}

const treemap = {
  canvas: byId("treemap"), tiles: [], groups: [], zoomed: null, current: null, colours: {},

  regroup() {
    const nameOf = {
      package: (file) => file.package || "of no package",
      origin: (file) => data.origins[file.origin],
      folder: (file) => file.path.split("/").slice(0, 4).slice(0, -1).join("/") || "/",
    }[byId("grouping").value];
    const groups = new Map();
    for (const file of files) {
      if (!file.size) continue;
      const name = nameOf(file);
      if (!groups.has(name)) groups.set(name, {name, size: 0, files: []});
      const group = groups.get(name);
      group.size += file.size;
      group.files.push(file);
    }
    this.groups = [...groups.values()].sort((a, b) => b.size - a.size);
    for (const group of this.groups) group.files.sort((a, b) => b.size - a.size);
    this.zoom(null);
  },

  zoom(group) {
    this.zoomed = group;
    this.current = null;
    const crumbs = [element(group ? "button" : "span", {onclick: () => this.zoom(null)},
                            `everything, ${sizeText(totalSize)}`)];
    if (group) crumbs.push(element("span", {}, `${group.name}, ${sizeText(group.size)}`));
    byId("crumbs").replaceChildren(...crumbs);
    this.tell();
    this.layout();
  },

  layout() {
    const {clientWidth: width, clientHeight: height} = this.canvas;
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    this.tiles = [];
    const inside = (group, x, y, w, h) => squarify(group.files, x, y, w, h, (file, ...box) =>
        this.tiles.push({file, group, box}));
    if (this.zoomed) inside(this.zoomed, 0, 0, width, height);
    else squarify(this.groups, 0, 0, width, height, (group, x, y, w, h) => {
      const head = h > 40 && w > 50 ? 18 : 0;
      this.tiles.push({group, head: true, box: [x, y, w, h]});
      inside(group, x + 1, y + head + 1, w - 3, h - head - 3);
    });
    this.draw();
  },

  readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["--ground", "--text", "--quiet", "--accent", "--panel", "--mono", "--sans"]) {
      this.colours[name] = style.getPropertyValue(name);
    }
    for (let i = 0; i <= kColours; ++i) this.colours[`--c${i}`] = style.getPropertyValue(`--c${i}`);
  },

  draw() {
    const paint = this.canvas.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.fillStyle = this.colours["--ground"];
    paint.fillRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    paint.textBaseline = "middle";
    for (const tile of this.tiles) this.drawTile(paint, tile);
    for (const tile of this.tiles) {
      const chosen = tile.file && tile.file === selected;
      if (!chosen && tile !== this.current) continue;
      const [x, y, w, h] = tile.box;
      paint.strokeStyle = this.colours[chosen ? "--accent" : "--text"];
      paint.lineWidth = 2;
      paint.strokeRect(x + .5, y + .5, Math.max(w - 2, 1), Math.max(h - 2, 1));
    }
  },

  drawTile(paint, {file, group, head, box: [x, y, w, h]}) {
    if (head) {
      paint.fillStyle = this.colours["--panel"];
      paint.fillRect(x, y, w - 1, h - 1);
      paint.font = `600 12px ${this.colours["--sans"]}`;
      if (h > 40 && w > 50) this.drawText(paint, `${group.name}  ${sizeText(group.size)}`, x, y, w, 20);
      return;
    }
    if (w < .4 || h < .4) return;
    paint.fillStyle = this.colours[origins[file.origin].colour];
    paint.fillRect(x, y, Math.max(w - 1, .5), Math.max(h - 1, .5));
    paint.font = `12px ${this.colours["--mono"]}`;
    if (w > 44 && h > 17) this.drawText(paint, file.name, x, y, w, Math.min(h, 20));
    if (w > 60 && h > 38) {
      paint.font = `11px ${this.colours["--sans"]}`;
      this.drawText(paint, sizeText(file.size), x, y + 16, w, 20);
    }
  },

  drawText(paint, text, x, y, w, h) {
    const room = w - 12;
    paint.fillStyle = this.colours["--text"];
    const width = paint.measureText(text).width;
    if (width > room) {
      const letters = Math.floor(text.length * room / width) - 1;
      if (letters < 3) return;
      text = text.slice(0, letters) + "…";
    }
    paint.fillText(text, x + 5, y + h / 2);
  },

  /// The innermost tile at a place.
  at(x, y) {
    let found = null;
    for (const tile of this.tiles) {
      const [left, top, w, h] = tile.box;
      if (x >= left && x < left + w && y >= top && y < top + h) found = tile;
    }
    return found;
  },

  words(tile) {
    if (!tile.file) return [tile.group.name, `${sizeText(tile.group.size)}, ${countText(tile.group.files.length, "file")}`];
    const {path, size, reason, package: pack} = tile.file;
    return [path, `${sizeText(size)}${pack ? `, ${pack}` : ""}`, reason];
  },

  tell() {
    byId("treemap-told").textContent = this.current ? this.words(this.current).join(" · ") :
        "Click a group’s title to zoom in, a file to see why it is there.";
  },

  point(tile) {
    this.current = tile;
    this.tell();
    this.draw();
  },

  enter(tile) {
    if (!tile) return;
    if (tile.file) select(tile.file);
    else this.zoom(tile.group);
  },

  /// The nearest tile in a direction, by the centres; far to the side counts double.
  neighbour(dx, dy) {
    if (!this.current) return this.tiles.find((tile) => tile.head || tile.file);
    const centre = ({box: [x, y, w, h], head}) => [x + w / 2, head ? y + 9 : y + h / 2];
    const [x, y] = centre(this.current);
    let best = null, least = Infinity;
    for (const tile of this.tiles) {
      if (tile === this.current || tile.box[2] < 2 || tile.box[3] < 2) continue;
      const [cx, cy] = centre(tile);
      const ahead = (cx - x) * dx + (cy - y) * dy;
      if (ahead <= .5) continue;
      const distance = ahead + 2 * Math.abs((cx - x) * dy + (cy - y) * dx);
      if (distance < least) { least = distance; best = tile; }
    }
    return best ?? this.current;
  },

  key(event) {
    const ways = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
    if (ways[event.key]) this.point(this.neighbour(...ways[event.key]));
    else if (event.key === "Enter" || event.key === " ") this.enter(this.current);
    else if (event.key === "Backspace" || event.key === "Escape") this.zoom(null);
    else return;
    event.preventDefault();
  },

  hover(event) {
    const tile = this.at(event.offsetX, event.offsetY);
    if (tile !== this.current) this.point(tile);
    const hint = byId("hint");
    hint.hidden = !tile;
    if (!tile) return;
    const [name, ...more] = this.words(tile);
    hint.replaceChildren(element("b", {}, name), more.join(" · "));
    hint.style.left = `${Math.min(event.clientX + 14, innerWidth - hint.offsetWidth - 8)}px`;
    hint.style.top = `${Math.min(event.clientY + 16, innerHeight - hint.offsetHeight - 8)}px`;
  },

  start() {
    const {canvas} = this;
    this.readColours();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.readColours();
      this.draw();
    });
    byId("legend").replaceChildren(...originsBySize.slice(0, kColours).map((origin) => {
      const swatch = element("span", {class: "swatch"});
      swatch.style.background = `var(${origin.colour})`;
      return element("li", {}, swatch, origin.name);
    }));
    byId("grouping").addEventListener("change", () => this.regroup());
    canvas.addEventListener("pointermove", (event) => this.hover(event));
    canvas.addEventListener("pointerleave", () => { byId("hint").hidden = true; });
    canvas.addEventListener("click", (event) => this.enter(this.at(event.offsetX, event.offsetY)));
    canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.layout()).observe(canvas);
    onSelect.push(() => this.draw());
    this.regroup();
  },
};
