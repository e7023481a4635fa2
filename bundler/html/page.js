// Head, tabs, search box and keys; starts the views.

let tabs = [];

function show(view) {
  for (const tab of tabs) {
    const own = tab.getAttribute("aria-controls") === view;
    tab.setAttribute("aria-selected", String(own));
    tab.tabIndex = own ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = !own;
  }
  if (view === "graph") graph.show();
  if (view === "files") table.draw();
}

function tabKey(event) {
  const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
  if (!step) return;
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  show(next.getAttribute("aria-controls"));
  next.focus();
}

function showHead() {
  const started = {"in-place": "starts in place", extract: "is extracted when it starts",
                   static: "static", native: "a plain root file system"}[data.start];
  byId("name").textContent = data.application.slice(data.application.lastIndexOf("/") + 1);
  byId("subtitle").textContent = [data.application, data.output, started].filter((word) => word).join(" · ");
  const regular = files.filter((file) => file.target === null);
  const figures = [
    [data.bytes ? sizeText(data.bytes) : "", data.format === "onefile" ? "one file" : "archive"],
    [sizeText(totalSize), "files’ sizes"],
    [regular.length.toLocaleString("en"), "files"],
    [data.packages.filter((name) => name).length.toLocaleString("en"), "packages"],
    [data.looked ? sizeText(data.waste.bytes) : "", "could be spared"],
  ];
  byId("figures").replaceChildren(...figures.filter(([value]) => value).map(([value, name]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

function start() {
  showHead();
  // Nobody looked into the files of an image.
  if (!data.looked) for (const name of ["tab-graph", "tab-waste"]) byId(name).remove();
  tabs = [...byId("tabs").children];
  for (const tab of tabs) {
    tab.addEventListener("click", () => show(tab.getAttribute("aria-controls")));
    tab.addEventListener("keydown", tabKey);
  }
  byId("search").addEventListener("input", (event) => {
    table.filter(event.target.value);
    show("files");
  });
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      table.move(0);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input, select")) return;
    event.preventDefault();
    byId("search").focus();
  });
  onSelect.push(showDetails);
  treemap.start();
  table.start();
  graph.start();
  showOrigins();
  showWaste();
  show("sizes");
  select(files.find((file) => file.path === data.application) ?? files[0]);
}

if (files.length) start();
