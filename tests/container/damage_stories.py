"""Stories about bundles that were cut, changed or made by a later version."""

import os
import random
import shutil
import struct

import engine
from story import files, new_folder

ONE_LINE = "one line on standard error, nothing on standard output, status 125"


def damage_is_noticed(context):
    """Cut anywhere, changed anywhere in the table, or of a later version: one line and 125, nothing
    left. Compressed contents are either decoded right or refused; never anything else."""
    for form, built in files(context, "hello"):
        with open(built.output, "rb") as file:
            whole = file.read()
        payload = payload_offset(whole)
        table = struct.unpack_from("<Q", whole, payload + 24)[0]
        right = engine.run_native([built.output])
        for name, damaged in damages(whole, payload, table):
            actual = run_damaged(context, form, damaged)
            context.report.add(f"story: {name}, {form.name}", refused(actual))
        if "none" not in form.options and "fast" not in form.options:
            continue
        for position in positions(len(whole) - payload - table, 40):
            actual = run_damaged(context, form, flipped(whole, payload + table + position))
            if form.name != "fast" or actual == right:
                continue
            context.report.add(f"story: contents changed at {position}, {form.name}",
                               refused(actual))


def damages(whole, payload, table):
    length = struct.unpack_from("<Q", whole, payload + 16)[0]
    for share in (0.1, 0.5, 0.9, 0.999):
        size = payload + int(length * share)
        yield f"cut to {share:.1%} of the payload", whole[:size]
    yield "cut to the bootloader", whole[:payload]
    yield "cut within the header", whole[:payload + 100]
    later = bytearray(whole)
    struct.pack_into("<I", later, payload + 8, 99)
    yield "of a later version", bytes(later)
    for position in [0, 9, 17, 25, 33, 100, 200, 511] + positions(table, 24):
        yield f"changed at byte {position} of the table", flipped(whole, payload + position)


def positions(size, count):
    chance = random.Random(size)
    return sorted(chance.randrange(size) for _ in range(count))


def flipped(whole, position):
    return whole[:position] + bytes([whole[position] ^ 0x40]) + whole[position + 1:]


def run_damaged(context, form, damaged):
    place = new_folder(context, "damaged")
    path = os.path.join(place, "bundle")
    with open(path, "wb") as file:
        file.write(damaged)
    os.chmod(path, 0o755)
    os.mkdir(place + "/extracted")
    actual = engine.run_native([path], (f"SCRATCHPACK_DIR={place}/extracted",))
    left = os.listdir(place + "/extracted")
    if left and actual.status == 125:
        actual = engine.Outcome(actual.stdout, actual.stderr + f"left behind: {left}\n", 125)
    shutil.rmtree(place)
    return actual


def refused(actual):
    if actual.status == 125 and not actual.stdout and actual.stderr.count("\n") == 1:
        return ""
    return f"expected {ONE_LINE}, got:\n{actual.text()}"


def payload_offset(whole):
    """p_offset of the last PT_LOAD."""
    offset, count = struct.unpack_from("<Q", whole, 32)[0], struct.unpack_from("<H", whole, 56)[0]
    segments = [struct.unpack_from("<IIQ", whole, offset + 56 * index) for index in range(count)]
    return [segment[2] for segment in segments if segment[0] == 1][-1]


def verify_notices_every_flip(context):
    for form, built in files(context, "hello"):
        actual = engine.run_native([context.builder.tool, "verify", built.output])
        context.report.add(f"story: verify accepts a whole bundle, {form.name}",
                           "" if actual.status == 0 else actual.text())
        with open(built.output, "rb") as file:
            whole = file.read()
        start = payload_offset(whole)
        table = struct.unpack_from("<Q", whole, start + 24)[0]
        missed = []
        # Bytes that are not zero: what lies between two files is padding, and no file's.
        used = [position for position in positions(len(whole) - start - table, 200)
                if whole[start + table + position] != 0][:20]
        place = new_folder(context, f"flipped-{form.name}")
        for position in used:
            path = os.path.join(place, "bundle")
            with open(path, "wb") as file:
                file.write(flipped(whole, start + table + position))
            if engine.run_native([context.builder.tool, "verify", path]).status != 1:
                missed.append(start + table + position)
        context.report.add(f"story: verify notices {len(used)} flips, {form.name}",
                           f"not noticed at {missed}" if missed else "")


STORIES = [damage_is_noticed, verify_notices_every_flip]
