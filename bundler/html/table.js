// The table of all files. Only the rows in sight are elements: the others are two empty rows of
// their height.

const kRowHeight = 28;  // page.css says the same

const kColumns = [
  {title: "Path", of: (file) => file.path},
  {title: "Size", of: (file) => file.size, number: true},
  {title: "Stored", of: (file) => file.stored, number: true},
  {title: "Package", of: (file) => file.package},
  {title: "Reason", of: (file) => file.reason},
];

const table = {
  scroll: byId("table-scroll"), body: byId("table-body"), rows: files.slice(), active: 0,
  column: kColumns[1], down: true,

  filter(query) {
    this.rows = filterFiles(query);
    this.active = 0;
    const size = sizeText(sum(this.rows, (file) => file.size));
    byId("found").textContent = this.rows.length === files.length ?
        `${files.length.toLocaleString("en")} files and links, ${size}` :
        `${countText(this.rows.length, "file")} of ${files.length.toLocaleString("en")}, ${size}`;
    this.sort();
  },

  sort() {
    const {of} = this.column, sign = this.down ? -1 : 1;
    this.rows.sort((a, b) => {
      const x = of(a), y = of(b);
      return x < y ? -sign : x > y ? sign : a.id - b.id;
    });
    for (const [place, cell] of [...byId("table-head").children].entries()) {
      const own = kColumns[place] === this.column;
      if (own) cell.setAttribute("aria-sort", this.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
      cell.firstChild.dataset.order = own ? (this.down ? "down" : "up") : "";
    }
    this.scroll.scrollTop = 0;
    this.draw();
  },

  sortBy(column) {
    this.down = column === this.column ? !this.down : Boolean(column.number);
    this.column = column;
    this.sort();
  },

  draw() {
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / kRowHeight) - 10);
    const shown = Math.ceil((this.scroll.clientHeight || 600) / kRowHeight) + 20;
    const last = Math.min(this.rows.length, first + shown);
    const focused = this.body.contains(document.activeElement);
    const space = (rows) => {
      const row = element("tr", {class: "space", "aria-hidden": "true"}, element("td", {colspan: kColumns.length}));
      row.firstChild.style.height = `${rows * kRowHeight}px`;
      return row;
    };
    byId("table").setAttribute("aria-rowcount", this.rows.length + 1);
    this.body.replaceChildren(space(first),
                              ...this.rows.slice(first, last).map((file, i) => this.row(file, first + i)),
                              space(this.rows.length - last));
    if (focused) this.body.querySelector("[tabindex='0']")?.focus({preventScroll: true});
  },

  row(file, place) {
    const cells = [
      element("td", {title: file.path}, file.target === null ? file.path : `${file.path} → ${file.target}`),
      element("td", {class: "number"}, file.target === null ? sizeText(file.size) : "link"),
      element("td", {class: "number quiet"}, file.target === null ? sizeText(file.stored) : ""),
      element("td", {title: file.package}, file.package),
      element("td", {class: "quiet", title: file.reason}, file.reason),
    ];
    return element("tr", {
      "aria-rowindex": place + 2, "aria-selected": String(file === selected),
      tabindex: place === this.active ? 0 : -1,
      onclick: () => { this.active = place; select(file); },
    }, ...cells);
  },

  move(place) {
    if (!this.rows.length) return;
    this.active = Math.max(0, Math.min(this.rows.length - 1, place));
    const top = this.active * kRowHeight, view = this.scroll;
    const head = byId("table-head").offsetHeight;
    if (top < view.scrollTop) view.scrollTop = top;
    const lowest = top + kRowHeight + head - view.clientHeight;
    if (lowest > view.scrollTop) view.scrollTop = lowest;
    select(this.rows[this.active]);
    this.body.querySelector("[tabindex='0']")?.focus({preventScroll: true});
  },

  key(event) {
    const page = Math.floor(this.scroll.clientHeight / kRowHeight) - 2;
    const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page,
                   Home: -Infinity, End: Infinity, Enter: 0};
    if (!(event.key in steps)) return;
    this.move(this.active + steps[event.key]);
    event.preventDefault();
  },

  start() {
    byId("table-head").replaceChildren(...kColumns.map((column) => element(
        "th", {scope: "col", class: column.number ? "number" : ""},
        element("button", {onclick: () => this.sortBy(column)}, column.title))));
    this.scroll.addEventListener("scroll", () => this.draw());
    this.body.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(this.scroll);
    onSelect.push(() => this.draw());
    this.filter("");
  },
};
