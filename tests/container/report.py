"""Counts tests, shows each failure once, and says the totals in the line that run.sh adds up."""

import threading


class Report:
    """Safe to use from several threads."""

    def __init__(self):
        self.passed = self.failed = 0
        self.lock = threading.Lock()

    def add(self, name, fault):
        """One test; `fault` is empty when it passed, else what was wrong, in a few lines."""
        with self.lock:
            if not fault:
                self.passed += 1
                return
            self.failed += 1
            lines = fault.rstrip("\n").splitlines()
            shown = lines[:40] + ([f"({len(lines) - 40} lines more)"] if len(lines) > 40 else [])
            print(f"FAIL  {name}\n" + "\n".join(f"      {line}" for line in shown), flush=True)

    def say(self, text):
        with self.lock:
            print(f"      {text}", flush=True)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
