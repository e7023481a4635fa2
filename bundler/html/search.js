// The search box: every word has to stand in path, package, reason or origin of a file; "quoted
// words" stand together.

function wordsOf(query) {
  const words = query.toLowerCase().match(/"[^"]*"?|[^\s"]+/g) ?? [];
  return words.map((word) => word.replaceAll('"', "").trim()).filter((word) => word);
}

function matches(file, words) {
  file.text ??= [file.path, file.package, file.reason, data.origins[file.origin]]
      .join("\n").toLowerCase();
  return words.every((word) => file.text.includes(word));
}

function filterFiles(query) {
  const words = wordsOf(query);
  return words.length ? files.filter((file) => matches(file, words)) : files.slice();
}

/// Puts a query into the box, as if it were typed.
function searchFor(query) {
  byId("search").value = query;
  byId("search").dispatchEvent(new Event("input"));
}
