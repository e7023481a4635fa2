#!/usr/bin/env python3
"""The page of `inspect --html` in headless Chromium: page_stories.py [FOLDER FOR PICTURES]

Needs build/scratchpack, gcc, chromium and chromedriver. Prints a line a story; the last is
`N passed, N failed`.
"""
from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import traceback

from browser import Browser

TOOL = str(pathlib.Path(__file__).resolve().parents[2] / "build" / "scratchpack")
FILES = 10_000
HOSTILE = "<img src=x onerror=window.taken=1><script>window.taken=1<"
pictures = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None


def call(*command: str, cwd: str) -> None:
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def make_small(folder: str) -> str:
    """A program with a used and an unused library, debug information, copies, a language nobody
    asked for and names that look like markup."""
    root = pathlib.Path(folder)
    data = root / "data"
    (data / "locale/de/LC_MESSAGES").mkdir(parents=True)
    (data / "locale/de/LC_MESSAGES/app.mo").write_text("Guten Tag")
    (data / "one.txt").write_text("the same in both")
    (data / "two.txt").write_text("the same in both")
    (data / HOSTILE).write_text("named in a hurry")
    (data / "script>").mkdir()
    (data / "script>" / "plain.txt").write_text("below a folder called '<script>' in parts")
    with open(os.fsencode(data) + b"/\xff\xfe.bin", "wb") as file:
        file.write(b"not UTF-8")
    (root / "used.c").write_text("int used(void) { return 0; }")
    (root / "spare.c").write_text("int spare(void) { return 0; }")
    (root / "app.c").write_text("int used(void); int main(void) { return used(); }")
    for name in ("used", "spare"):
        call("gcc", "-g", "-shared", "-fPIC", "-o", f"lib{name}.so", f"{name}.c", cwd=folder)
    call("gcc", "-o", "app", "app.c", "-Wl,--no-as-needed", "-L.", "-lused", "-lspare",
         f"-Wl,-rpath,{folder}", cwd=folder)
    call(TOOL, "build", "app", "-q", "--add-data", "data:/srv", cwd=folder)
    call(TOOL, "inspect", "app.bundle", "--html", "small.html", cwd=folder)
    return f"{folder}/small.html"


def make_large(folder: str) -> str:
    """Ten thousand files in a hundred folders."""
    data = pathlib.Path(folder) / "many"
    for number in range(FILES):
        place = data / f"folder{number % 100:02}"
        if number < 100:
            place.mkdir(parents=True)
        (place / f"file{number:05}.dat").write_bytes(b"x" * (number % 977 + 1))
    call(TOOL, "build", "app", "-q", "-o", "large", "--no-trial", "--add-data", "many:/srv/many", cwd=folder)
    call(TOOL, "inspect", "large", "--html", "large.html", cwd=folder)
    return f"{folder}/large.html"


def picture(browser: Browser, name: str) -> None:
    if pictures:
        browser.picture(str(pictures / f"{name}.png"))


def rows(browser: Browser) -> list[str]:
    return browser.run("return [...document.querySelectorAll('#table-body tr:not(.space)')]"
                       ".map((row) => row.cells[0].textContent)")


def found(browser: Browser) -> int:
    """Files in the table, seen or not."""
    return int(browser.run("return document.getElementById('table').getAttribute('aria-rowcount')")) - 1


def search(browser: Browser, words: str) -> None:
    browser.clear("#search")
    browser.type("#search", words)


# ---- the stories --------------------------------------------------------------------------------
def it_draws_itself(browser: Browser) -> None:
    assert browser.text("h1") == "app", browser.text("h1")
    assert "could be spared" in browser.text("#figures")
    colours = browser.run("""
        const canvas = document.getElementById('treemap');
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Set();
        for (let i = 0; i < data.length; i += 4) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
        return seen.size;""")
    assert colours > 8, f"{colours} colours"
    picture(browser, "sizes")


def keys_and_clicks_zoom(browser: Browser) -> None:
    browser.run("document.getElementById('treemap').focus()")
    browser.type("#treemap", "ArrowDown", "Enter")
    zoomed = browser.text("#crumbs")
    assert zoomed.startswith("everything") and browser.run("return crumbs.children.length") == 2, zoomed
    picture(browser, "zoomed")
    browser.type("#treemap", "Backspace")
    assert browser.run("return crumbs.children.length") == 1
    # A click on a group's title, and one on a file.
    browser.run("""
        const {box: [x, y]} = treemap.tiles.find((tile) => tile.head);
        const {left, top} = treemap.canvas.getBoundingClientRect();
        document.elementFromPoint(left + x + 9, top + y + 9).dispatchEvent(
            new MouseEvent('click', {clientX: left + x + 9, clientY: top + y + 9, bubbles: true}));""")
    assert browser.run("return crumbs.children.length") == 2
    browser.click("#crumbs button")
    assert browser.run("return crumbs.children.length") == 1


def the_pointer_shows_path_size_and_reason(browser: Browser) -> None:
    shown = browser.run("""
        const {file, box: [x, y, w, h]} = treemap.tiles.find((tile) => tile.file?.name === 'libc.so.6');
        const {left, top} = treemap.canvas.getBoundingClientRect();
        treemap.canvas.dispatchEvent(new PointerEvent('pointermove', {
            clientX: left + x + w / 2, clientY: top + y + h / 2, bubbles: true}));
        return [document.getElementById('hint').hidden, document.getElementById('hint').textContent];""")
    assert shown[0] is False and "/libc.so.6" in shown[1] and "needed by" in shown[1], shown
    browser.run("treemap.canvas.dispatchEvent(new PointerEvent('pointerleave'))")


def it_filters_by_path_package_and_reason(browser: Browser) -> None:
    everything = browser.run("return files.length")
    search(browser, "libspare")
    assert [row.rsplit("/", 1)[-1] for row in rows(browser)] == ["libspare.so"], rows(browser)
    search(browser, "libc6")  # the package of the C library
    assert 0 < found(browser) < everything and any("libc.so.6" in row for row in rows(browser))
    search(browser, '"the application"')
    assert len(rows(browser)) == 1 and rows(browser)[0].endswith("/app"), rows(browser)
    search(browser, "no such words")
    assert found(browser) == 0 and rows(browser) == []
    browser.clear("#search")
    browser.run("searchFor('')")
    assert found(browser) == everything
    picture(browser, "files")


def it_sorts_by_a_click_on_a_title(browser: Browser) -> None:
    sizes = browser.run("return table.rows.map((file) => file.size)")
    assert sizes == sorted(sizes, reverse=True)
    browser.click("#table-head th:first-child button")
    paths = browser.run("return table.rows.map((file) => file.path)")
    assert paths == sorted(paths, key=lambda path: path.encode("utf-16-be"))
    assert browser.run("return document.querySelector('#table-head th').getAttribute('aria-sort')") == "ascending"
    browser.click("#table-head th:first-child button")
    assert rows(browser)[0].startswith(paths[-1]), rows(browser)[0]  # a link's target may follow


def why_leads_from_the_application_to_the_file(browser: Browser) -> None:
    search(browser, "libused")
    browser.type("#search", "Enter")  # into the table, on its first row
    chain = browser.run("return [...document.querySelectorAll('#why li')].map((step) => step.innerText)")
    assert len(chain) == 2 and "the application" in chain[0] and "needed by" in chain[1], chain
    assert "app" in chain[0].split("\n")[0] and chain[1].split("\n")[0].endswith("libused.so"), chain
    assert "1 symbol" in browser.text("#details"), browser.text("#details")
    browser.click("#why button")
    assert browser.run("return selected.path").endswith("/app")
    assert "no symbol used" in browser.text("#details")


def the_graph_lights_the_way(browser: Browser) -> None:
    browser.run("select(files.find((file) => file.name === 'libused.so'))")
    browser.click("#tab-graph")
    lit = browser.run("return [...document.querySelectorAll('svg .node.why, svg .node.self')]"
                      ".map((node) => node.getAttribute('aria-label').split('/').pop()).sort()")
    assert lit == ["app", "libused.so"], lit
    assert browser.run("return document.querySelectorAll('svg .link.why').length") == 1
    assert browser.run("return document.querySelectorAll('svg .link.unused').length") >= 1
    picture(browser, "graph")
    browser.click("#graph-near")
    assert browser.run("return document.querySelectorAll('svg .node').length") < browser.run("return graph.nodes.length")
    browser.click("#graph-near")


def what_brought_it_is_a_table(browser: Browser) -> None:
    browser.click("#tab-origins")
    table = browser.text("#origin-table")
    assert "libraries" in table and "--add-data" in table and "recipe " in table, table
    picture(browser, "origins")
    browser.run("[...document.querySelectorAll('#origin-table button')]"
                ".find((button) => button.textContent === '--add-data').click()")
    assert 0 < found(browser) and all(row.startswith("/srv") for row in rows(browser)), rows(browser)
    browser.run("searchFor('')")


def waste_is_listed(browser: Browser) -> None:
    browser.click("#tab-waste")
    text = browser.text("#waste-scroll")
    for part in ("libspare.so", "/srv/two.txt", "/srv/locale/de/LC_MESSAGES/app.mo"):
        assert part in text, text
    debug = text.split("Debug information")[1]
    assert "libused.so" in debug, text
    picture(browser, "waste")
    browser.run("[...document.querySelectorAll('#waste button')].find((button) => "
                "button.textContent.endsWith('two.txt')).click()")
    assert "/srv/one.txt" in browser.text("#details"), browser.text("#details")


def names_are_text_and_nothing_else(browser: Browser) -> None:
    search(browser, "/srv/")
    shown = rows(browser)
    assert any(HOSTILE in row for row in shown), shown
    assert any("\ufffd" in row for row in shown), shown
    for view in ("sizes", "files", "graph", "origins", "waste"):
        browser.click(f"#tab-{view}")
    browser.run("for (const file of files) select(file)")
    assert browser.run("return [window.taken ?? null, document.images.length, document.scripts.length]") == [None, 0, 2]


def it_is_readable_in_the_dark(browser: Browser) -> None:
    def ground() -> int:
        return sum(browser.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"))

    browser.click("#tab-sizes")
    assert ground() > 3 * 200
    browser.scheme("dark")
    assert ground() < 3 * 60
    picture(browser, "dark")
    browser.scheme("light")


def ten_thousand_files_open_at_once(browser: Browser, page: str) -> None:
    browser.open(page)
    opened = browser.run("return performance.getEntriesByType('navigation')[0].loadEventEnd")
    elements = browser.run("searchFor(''); return document.querySelectorAll('*').length")
    print(f"      {FILES} files: open in {opened:.0f} ms, {os.path.getsize(page) / 1e6:.2f} MB, {elements} elements")
    assert opened < 5000  # a machine that does other things, too
    assert found(browser) >= FILES and elements < 2500
    browser.click("#table-head th:first-child button")
    browser.run("table.move(Infinity)")
    last = browser.run("return table.rows[table.rows.length - 1].path")
    assert browser.run("return document.activeElement.cells[0].textContent").startswith(last), last
    search(browser, "file09999")
    assert rows(browser) == ["/srv/many/folder99/file09999.dat"], rows(browser)
    browser.click("#tab-sizes")
    picture(browser, "large")


def main() -> int:
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="scratchpack-page.") as folder, Browser() as browser:
        small, large = make_small(folder), make_large(folder)
        browser.open(small)
        stories = [it_draws_itself, keys_and_clicks_zoom, the_pointer_shows_path_size_and_reason,
                   it_filters_by_path_package_and_reason, it_sorts_by_a_click_on_a_title,
                   why_leads_from_the_application_to_the_file, the_graph_lights_the_way,
                   what_brought_it_is_a_table, waste_is_listed, names_are_text_and_nothing_else,
                   it_is_readable_in_the_dark, ten_thousand_files_open_at_once]
        for story in stories:
            name = story.__name__.replace("_", " ")
            try:
                story(browser, *([large] if story is ten_thousand_files_open_at_once else []))
                said = browser.console()
                assert not said, said
            except Exception:  # one story's trouble is not the next one's
                failed += 1
                print(f"FAIL  {name}\n{traceback.format_exc()}")
            else:
                passed += 1
                print(f"ok    {name}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
