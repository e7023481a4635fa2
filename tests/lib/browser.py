"""Headless Chromium, driven through ChromeDriver by the WebDriver protocol and nothing else."""
from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.request
from typing import Any

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's reference, by the standard
KEYS = {"Enter": "\ue007", "ArrowDown": "\ue015", "ArrowRight": "\ue014", "Backspace": "\ue003"}
ARGUMENTS = [
    "--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-dev-shm-usage", "--disable-sync", "--disable-quic", "--window-size=1400,900",
]


class Browser:
    """One browser window; leaves nothing behind when it is closed."""

    def __init__(self) -> None:
        self.profile = tempfile.mkdtemp(prefix="scratchpack-browser.")
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            self.address = f"http://127.0.0.1:{self._port()}"
            sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # root gets none from Chromium
            wanted = {
                "browserName": "chrome",
                "goog:loggingPrefs": {"browser": "ALL"},
                "goog:chromeOptions": {"args": [*ARGUMENTS, *sandbox, f"--user-data-dir={self.profile}"]},
            }
            made = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            self.address += f"/session/{made['sessionId']}"
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._ask("DELETE", "")
        finally:
            self._end()

    def _end(self) -> None:
        self.driver.terminate()
        self.driver.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def _port(self) -> int:
        assert self.driver.stdout is not None
        for line in self.driver.stdout:
            if found := re.search(r"successfully on port (\d+)", line):
                return int(found[1])
        raise RuntimeError("chromedriver ended before it listened")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"},
                                         method=method)
        # No proxy: it is this machine that answers.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, path: str) -> None:
        self._ask("POST", "/url", {"url": "file://" + path})

    def run(self, script: str, *arguments: Any) -> Any:
        """The value a function body returns in the page."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def _find(self, selector: str) -> str:
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        return f"/element/{found[ELEMENT]}"

    def click(self, selector: str) -> None:
        self._ask("POST", self._find(selector) + "/click", {})

    def type(self, selector: str, *keys: str) -> None:
        """Text, or the names of keys."""
        self._ask("POST", self._find(selector) + "/value", {"text": "".join(KEYS.get(key, key) for key in keys)})

    def clear(self, selector: str) -> None:
        self._ask("POST", self._find(selector) + "/clear", {})

    def text(self, selector: str) -> str:
        return self._ask("GET", self._find(selector) + "/text")

    def scheme(self, name: str) -> None:
        """As a reader whose system is light or dark."""
        self._ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {
            "features": [{"name": "prefers-color-scheme", "value": name}]}})

    def console(self) -> list[str]:
        """What it said on its console since it was asked last: errors, refusals of the policy."""
        return [line["message"] for line in self._ask("POST", "/se/log", {"type": "browser"})]

    def picture(self, path: str) -> None:
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._ask("GET", "/screenshot")))
