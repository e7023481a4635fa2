// The selected file: what it costs, why it is there, what it needs, who needs it.

const kMostListed = 40;

function fileList(title, rows) {
  if (!rows.length) return [];
  const more = rows.length - kMostListed;
  return [
    element("h3", {}, title),
    element("ul", {class: "files"}, ...rows.slice(0, kMostListed),
            more > 0 ? element("li", {class: "quiet"}, `and ${more.toLocaleString("en")} more`) : null),
  ];
}

function linkRow({file, symbols}) {
  return element("li", {}, fileButton(file, file.name),
                 element("span", {class: symbols ? "" : "alarm"},
                         symbols ? countText(symbols, "symbol") : "no symbol used"));
}

function whyList(file) {
  return element("ol", {class: "why", id: "why"}, ...chainTo(file).map((step) => element("li", {},
      step === file ? element("span", {class: "path"}, step.path) : fileButton(step),
      element("small", {}, step.reason))));
}

function factsOf(file) {
  const facts = [];
  const add = (name, value) => {
    if (value) facts.push(element("dt", {}, name), element("dd", {}, value));
  };
  if (file.target !== null) add("Link to", file.end < 0 ? file.target : fileButton(files[file.end], file.target));
  else {
    add("Size", `${sizeText(file.size)} (${file.size.toLocaleString("en")} bytes)`);
    add("Stored", file.stored === file.size ? "" : file.stored === 0 && file.size ?
        "nothing: the same bytes are there already" : sizeText(file.stored));
  }
  add("Package", file.package || "none");
  add("Mode", file.target === null ? file.mode.toString(8).padStart(4, "0") : "");
  add("Brought by", data.origins[file.origin]);
  return element("dl", {class: "facts"}, ...facts);
}

function showDetails(file) {
  const linked = new Set(file.needs.map((each) => each.file));
  const copies = data.waste.identical.find(([, ids]) => ids.includes(file.id))?.[1] ?? [];
  const row = (each) => element("li", {}, fileButton(each, each.name),
                                element("span", {}, each.target === null ? sizeText(each.size) : "link"));
  byId("details").replaceChildren(
      element("h2", {}, file.path), factsOf(file),
      element("h3", {}, "Why it is here"), whyList(file),
      ...fileList("Needs", file.needs.map(linkRow)),
      ...fileList("Needed by", file.neededBy.map(linkRow)),
      ...fileList("Also brings", file.brings.filter((each) => !linked.has(each)).map(row)),
      ...fileList("The same bytes as", copies.filter((id) => id !== file.id)
          .map((id) => element("li", {}, fileButton(files[id])))));
}
