// What each recipe, trace, option, and the program's own closure brought.

function showOrigins() {
  const widest = originsBySize[0]?.size || 1;
  const rows = originsBySize.map((origin) => {
    const meter = element("div", {class: "meter"});
    meter.style.width = `${Math.max(origin.size / widest * 100, .3)}%`;
    return element("tr", {},
        element("td", {}, element("button", {class: "file", onclick: () => searchFor(`"${origin.name}"`)}, origin.name)),
        element("td", {class: "number"}, origin.files.toLocaleString("en")),
        element("td", {class: "number"}, sizeText(origin.size)),
        element("td", {}, meter),
        element("td", {class: "number"}, sizeText(origin.stored)),
        element("td", {class: "number quiet"}, `${(origin.size / (totalSize || 1) * 100).toFixed(1)} %`));
  });
  const head = ["Brought by", "Files", "Size", "", "Stored", "Share"].map((title, place) =>
      element("th", {scope: "col", class: [1, 2, 4, 5].includes(place) ? "number" : ""}, title));
  byId("origins-scroll").replaceChildren(element("table", {id: "origin-table"},
      element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)));
}
