#!/usr/bin/python3
"""Says what is wrong with bills of materials; the status is 0 when nothing is.

  tests/cyclonedx/validate.py FILE…

By the published schema, and by what no schema can say: every bom-ref is there once, every
dependency leads from one to another, every package's URL names what its component does. Where npm
and its registry answer, CycloneDX's own strict validator has a look, too.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from urllib.parse import unquote

import jsonschema

HERE = os.path.dirname(os.path.abspath(__file__))
STRICT = """
const { Validation, Spec } = require("@cyclonedx/cyclonedx-library");
const fs = require("fs");
const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot5);
(async () => {
  for (const file of process.argv.slice(2)) {
    const error = await validator.validate(fs.readFileSync(file, "utf8"));
    if (error !== null) console.log(file + ": " + JSON.stringify(error).slice(0, 2000));
  }
})();
"""


def only_those_items(validator, allowed, instance, schema):
    """`additionalItems: false`; what Debian 12's jsonschema says of it cannot tell objects apart."""
    items = schema.get("items", {})
    if allowed is False and isinstance(items, list) and len(instance) > len(items):
        yield jsonschema.ValidationError(f"{len(instance)} items, at most {len(items)} are allowed")


def schema(name):
    with open(os.path.join(HERE, name + ".schema.json"), encoding="utf-8") as file:
        return json.load(file)


def components(bill):
    waiting = [bill["metadata"]["component"], *bill["components"]]
    while waiting:
        component = waiting.pop()
        waiting += component.get("components", [])
        yield component


def faults(bill, validator):
    for error in validator.iter_errors(bill):
        yield f"{error.json_path}: {error.message[:300]}"
    references = [component["bom-ref"] for component in components(bill)]
    for twice in {each for each in references if references.count(each) > 1}:
        yield f"two components have the bom-ref {twice}"
    for edge in bill["dependencies"]:
        for reference in (edge["ref"], *edge.get("dependsOn", ())):
            if reference not in references:
                yield f"a dependency names {reference}, which is no component"
    for component in components(bill):
        purl = component.get("purl")
        if purl and component["bom-ref"] == purl:
            name, version = unquote(purl.split("?")[0]).rsplit("/", 1)[1].split("@", 1)
            if (name, version) != (component["name"], component["version"]):
                yield f"{purl} is not {component['name']} {component['version']}"


def strict_faults(files):
    """What CycloneDX's own validator says; None where it cannot be had."""
    if not shutil.which("npm"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "strict.js")
        with open(script, "w", encoding="utf-8") as file:
            file.write(STRICT)
        try:
            subprocess.run(
                ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts",
                 "--fetch-retries=0", "--prefix", folder, "@cyclonedx/cyclonedx-library@10.3.0",
                 "ajv@8", "ajv-formats@3", "ajv-formats-draft2019@1"],
                stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return None
        run = subprocess.run(["node", script, *map(os.path.abspath, files)], capture_output=True,
                             text=True, timeout=60, check=False)
        return run.stdout if run.returncode == 0 else run.stderr or "it failed"


def main(files):
    bom = schema("bom-1.5")
    store = {}
    for name in ("spdx", "jsf-0.82"):
        one = schema(name)
        store[one["$id"]] = store["http://cyclonedx.org/schema/" + name + ".schema.json"] = one
        store["http://cyclonedx.org/schema/" + name + ".SNAPSHOT.schema.json"] = one
    resolver = jsonschema.RefResolver.from_schema(bom, store=store)
    draft7 = jsonschema.validators.extend(jsonschema.Draft7Validator,
                                          {"additionalItems": only_those_items})
    validator = draft7(bom, resolver=resolver, format_checker=jsonschema.draft7_format_checker)
    failed = False
    for name in files:
        with open(name, encoding="utf-8") as file:
            bill = json.load(file)
        for fault in faults(bill, validator):
            print(f"{name}: {fault}")
            failed = True
    strict = "" if failed else strict_faults(files)
    if strict is None:
        print("SKIPPED: CycloneDX's own validator (npm or its registry does not answer)")
    elif strict:
        print(strict)
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
