"use strict";
// The report, as bundler/page_data.cc wrote it, with the ways between its files.

const data = JSON.parse(document.getElementById("data").textContent);

const files = data.files.map(([path, target, size, stored, mode, pack, reason, origin, by, end], id) => ({
  id, path, target, size, stored, mode, by, end, origin,
  name: path.slice(path.lastIndexOf("/") + 1),
  package: data.packages[pack], reason: data.reasons[reason],
  needs: [],     // {file, symbols}: libraries it names, the names it takes of each
  neededBy: [],  // the same the other way round
  brings: [],    // whose reason speaks of it
}));
for (const [from, to, symbols] of data.links) {
  files[from].needs.push({file: files[to], symbols});
  files[to].neededBy.push({file: files[from], symbols});
}
for (const file of files) if (file.by >= 0) files[file.by].brings.push(file);

/// Why a file is in: from what was asked for down to the file.
function chainTo(file) {
  const chain = [file];
  while (file.by >= 0 && !chain.includes(files[file.by])) {
    file = files[file.by];
    chain.unshift(file);
  }
  return chain;
}

/// Files by what brought them, the largest first.
const origins = data.origins.map((name, id) => ({id, name, files: 0, size: 0, stored: 0}));
for (const file of files) {
  if (file.target !== null) continue;
  const origin = origins[file.origin];
  origin.files += 1;
  origin.size += file.size;
  origin.stored += file.stored;
}
const originsBySize = origins.filter((each) => each.files).sort((a, b) => b.size - a.size);
const kColours = 8;
originsBySize.forEach((each, place) => { each.colour = `--c${Math.min(place, kColours)}`; });

const sum = (list, of) => list.reduce((all, each) => all + of(each), 0);
const totalSize = sum(files, (file) => file.size);

/// Powers of 1000, as the tool says sizes.
function sizeText(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes / 1000;
  for (const unit of ["kB", "MB", "GB"]) {
    if (value < 999.95) return `${value.toFixed(1)} ${unit}`;
    value /= 1000;
  }
  return `${value.toFixed(1)} TB`;
}
const countText = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

const byId = (id) => document.getElementById(id);

/// An element with attributes (`on…`: listeners) and children; texts become text nodes.
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/// A file's path as a button that selects it.
function fileButton(file, text = file.path) {
  return element("button", {class: "file", title: file.path, onclick: () => select(file)}, text);
}

/// What is selected; the views that show it are told.
let selected = null;
const onSelect = [];
function select(file) {
  selected = file;
  for (const told of onSelect) told(file);
}
