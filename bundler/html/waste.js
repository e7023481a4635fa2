// What could be left out or made smaller.

const kMostWaste = 100, kMostCopies = 4;

/// One kind: rows of [bytes, elements].
function wasteKind(title, advice, bytes, rows) {
  const more = rows.length - kMostWaste;
  const drawn = rows.slice(0, kMostWaste).map(([size, ...cells]) => element("tr", {},
      element("td", {class: "number"}, sizeText(size)), element("td", {}, ...cells)));
  if (more > 0) {
    drawn.push(element("tr", {}, element("td", {}), element("td", {class: "quiet"}, `and ${more.toLocaleString("en")} more`)));
  }
  return [
    element("h2", {}, title, element("span", {class: "quiet"},
        rows.length ? `${sizeText(bytes)}` : "none")),
    ...(rows.length ? [element("p", {}, advice),
                       element("table", {}, element("tbody", {}, ...drawn))] : []),
  ];
}

function spareRow([id, bytes, neededBy]) {
  const needers = neededBy.flatMap((each, place) => [place ? ", " : "", fileButton(files[each], files[each].name)]);
  return [bytes, fileButton(files[id]),
          ...(needers.length ? [element("span", {class: "quiet"}, " needed by ", ...needers)] : [])];
}

function showWaste() {
  const {identical, unused, debug, locales} = data.waste;
  const copies = identical.map(([size, ids]) => [size * (ids.length - 1),
      ...ids.slice(0, kMostCopies).flatMap((id) => [fileButton(files[id]), element("br")]),
      ids.length > kMostCopies ? element("span", {class: "quiet"}, `and ${ids.length - kMostCopies} more`) : null]);
  const bytesOf = (rows) => sum(rows, (row) => row[1]);
  byId("waste-scroll").replaceChildren(
      ...wasteKind("Unused libraries",
          "They are named by what needs them, but no file here uses a symbol of theirs. Linking with -Wl,--as-needed leaves such names out. A constructor that runs when they are loaded is not seen.",
          bytesOf(unused), unused.map(spareRow)),
      ...wasteKind("Identical files",
          "One file stores them once; the layers of an image do not. Links to the first would do.",
          sum(copies, ([bytes]) => bytes), copies),
      ...wasteKind("Debug information",
          "Nothing reads it while the program runs; strip takes it out before bundling. What it takes of each file:",
          bytesOf(debug), debug.map(spareRow)),
      ...wasteKind("Languages",
          "Messages that came with a whole folder, in languages that neither an option nor the environment asks for. --exclude leaves them out.",
          bytesOf(locales), locales.map(spareRow)));
}
