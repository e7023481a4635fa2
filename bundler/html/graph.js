// Who needs whom: programs and libraries in columns, each to the right of all that need it. The way
// to the selected file is drawn in colour, with what it needs and who needs it.

const kNodeWidth = 210, kNodeHeight = 24, kColumnGap = 60, kRowGap = 8;
const kLetters = 19;  // of a name, beside the size
const kMostNodes = 150;  // more are no picture any more; then only the selected file's own

function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const graph = {
  scroll: byId("graph-scroll"), depth: new Map(), nodes: [], self: null,

  /// Files that link, are linked, or are on the way to such.
  collect() {
    const linked = new Set(files.filter((file) => file.needs.length || file.neededBy.length));
    for (const file of [...linked]) for (const each of chainTo(file)) linked.add(each);
    this.nodes = [...linked];
    for (const file of this.nodes) this.reach(file, new Set());
  },

  above: (file) => [...file.neededBy.map((each) => each.file), files[file.by]].filter((each) => each),

  /// The longest way to a file; where libraries need each other in a circle, the one asked first is
  /// the left one.
  reach(file, asked) {
    if (this.depth.has(file)) return this.depth.get(file);
    asked.add(file);
    const depth = Math.max(-1, ...this.above(file).filter((each) => !asked.has(each))
        .map((each) => this.reach(each, asked))) + 1;
    asked.delete(file);
    this.depth.set(file, depth);
    return depth;
  },

  near(file) {
    if (!file) return this.nodes.filter((each) => this.depth.get(each) === 0).slice(0, kMostNodes);
    return [...new Set([...chainTo(file), ...file.needs.map((each) => each.file),
                        ...file.neededBy.map((each) => each.file)])]
        .filter((each) => this.depth.has(each)).slice(0, kMostNodes);
  },

  /// Columns of nodes; those of each in the order of what they hang on, so that links cross less.
  columns(nodes) {
    const columns = [];
    for (const file of nodes) (columns[this.depth.get(file)] ??= []).push(file);
    const place = new Map();
    const filled = columns.filter((column) => column);
    for (const column of filled) {
      const key = new Map(column.map((file) => {
        const above = this.above(file).filter((each) => place.has(each)).map((each) => place.get(each));
        return [file, above.length ? sum(above, (each) => each) / above.length : Infinity];
      }));
      column.sort((a, b) => key.get(a) - key.get(b) || b.size - a.size || a.id - b.id);
      column.forEach((file, row) => place.set(file, row / column.length));
    }
    return filled;
  },

  draw() {
    const only = byId("graph-near").checked;
    this.self = selected?.end >= 0 ? files[selected.end] : selected;
    const columns = this.columns(only ? this.near(this.self) : this.nodes);
    const box = new Map();
    const height = Math.max(1, ...columns.map((column) => column.length)) * (kNodeHeight + kRowGap);
    columns.forEach((column, x) => column.forEach((file, y) => {
      const top = (height - column.length * (kNodeHeight + kRowGap)) / 2;
      box.set(file, [8 + x * (kNodeWidth + kColumnGap), 8 + top + y * (kNodeHeight + kRowGap)]);
    }));
    const chain = this.self ? chainTo(this.self) : [];
    const lines = this.lines(box, chain);
    const drawn = svg("svg", {
      width: 16 + columns.length * (kNodeWidth + kColumnGap) - kColumnGap, height: height + 16,
      class: this.self && box.has(this.self) ? "chosen" : "", role: "group", "aria-label": "Dependencies",
    }, ...lines, ...[...box].map(([file, at]) => this.node(file, at, chain)));
    this.scroll.replaceChildren(drawn);
    byId("graph-told").textContent = only && !this.self ? "Select a file to see what it hangs on." :
        `${countText(box.size, "file")}; a dashed line: no symbol is used`;
  },

  lines(box, chain) {
    const lines = [];
    const line = (from, to, symbols) => {
      if (!box.has(from) || !box.has(to)) return;
      const why = chain.includes(to) && chain[chain.indexOf(to) - 1] === from;
      const need = from === this.self || to === this.self;
      const [x1, y1] = box.get(from), [x2, y2] = box.get(to);
      const [sx, sy, tx, ty] = [x1 + kNodeWidth, y1 + kNodeHeight / 2, x2, y2 + kNodeHeight / 2];
      const bend = Math.max(30, Math.abs(tx - sx) / 2);
      const way = svg("path", {
        class: `link${symbols === 0 ? " unused" : ""}${why ? " why lit" : need ? " need lit" : ""}`,
        d: `M${sx} ${sy}C${sx + bend} ${sy} ${tx - bend} ${ty} ${tx} ${ty}`,
      });
      if (why || need) lines.push(way);
      else lines.unshift(way);  // below those in colour
    };
    for (const from of box.keys()) {
      for (const {file, symbols} of from.needs) line(from, file, symbols);
      for (const file of from.brings) {
        if (!from.needs.some((each) => each.file === file)) line(from, file, 1);
      }
    }
    return lines;
  },

  node(file, [x, y], chain) {
    const near = this.self && (file.needs.some((each) => each.file === this.self) ||
                              file.neededBy.some((each) => each.file === this.self));
    const kind = file === this.self ? " self lit" : chain.includes(file) ? " why lit" : near ? " lit" : "";
    const name = file.name.length > kLetters ? `${file.name.slice(0, kLetters - 1)}…` : file.name;
    const node = svg("g", {class: `node${kind}`, tabindex: 0, role: "button",
                           transform: `translate(${x} ${y})`, "aria-label": file.path},
      svg("title", {}, `${file.path}\n${sizeText(file.size)}\n${file.reason}`),
      svg("rect", {width: kNodeWidth, height: kNodeHeight, rx: 4}),
      svg("text", {x: 8, y: 16}, name),
      svg("text", {x: kNodeWidth - 7, y: 16, class: "size", "text-anchor": "end"}, sizeText(file.size)));
    node.addEventListener("click", () => select(file));
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      select(file);
      this.scroll.querySelector(".self")?.focus();
    });
    return node;
  },

  /// Drawn when it is looked at.
  show() {
    this.draw();
    this.scroll.querySelector(".self")?.scrollIntoView({block: "nearest", inline: "nearest"});
  },

  start() {
    this.collect();
    byId("graph-near").checked = this.nodes.length > kMostNodes;
    byId("graph-near").addEventListener("change", () => this.draw());
    onSelect.push(() => { if (!byId("graph").hidden) this.show(); });
  },
};
