#!/usr/bin/env python3
"""Runs random configurations, lazily and strictly synchronised, with every check on.

    random_configs.py COUNT [SEED]

Both ways must end well within a minute and give the same bytes; the run itself checks every
translation against the tables and every sum. Prints a configuration that fails, and exits 1.
A configuration that cannot be had (a pool that does not fit) is skipped. Same seed, same
configurations: CI runs a few, more are for a night.
"""

import filecmp
import os
import random
import subprocess
import sys
from pathlib import Path

NESTWALK = os.environ["NESTWALK"]
X86 = ["zen2", "zen4", "skylake-sp", "icelake-sp", "graniterapids", "sandybridge-e5"]
ARM64 = ["neoverse-n1", "cortex-a55"]
SECONDS = 60


def side(pick, memory, policies):
    return (f"{{memory: {memory}, policy: {pick(policies)}, fragmentation: {pick([0, 0, 0.3])}, "
            f"populate: {pick(['true', 'false', 'false'])}, "
            f"frames: {pick(['lowest', 'scattered'])}}}")


def config(random_):
    pick = random_.choice
    arm64 = pick([True, False])
    stages = pick(["one", "two", "two"])
    granule = pick(["4K", "16K", "64K"]) if arm64 else "4K"
    policies = ["base", "thp"] + (["hugetlb-2M"] if granule == "4K" else [])
    lines = [
        "name: random",
        f"seed: {random_.getrandbits(60)}",
        f"machine: {{preset: {pick(ARM64 if arm64 else X86)}, vcpus: {pick([1, 2, 3, 4, 6])}, "
        f"max_outstanding: {pick([1, 2, 4, 24])}}}",
        f"translation: {{stages: {stages}"
        + (f", arm64: {{granule: {granule}}}}}" if arm64 else "}"),
        f"guest: {side(pick, '4G', policies)}",
        f"data_accesses: {pick(['modelled', 'off'])}",
        "check: true",
        f"workload: {{kind: {pick(['uniform', 'zipf', 'pointer_chase'])}, "
        f"footprint: {pick(['8M', '64M', '512M'])}, accesses: 4000, "
        f"write_fraction: {pick([0, 0.3])}}}",
        f"warmup_accesses: {pick([0, 0, 500, 3999])}",
    ]
    if stages == "two":
        lines.append(f"host: {side(pick, '8G', policies)}")
    kinds = ["address", "space", "all"] + (["vm"] if stages == "two" else [])
    interval = pick([0, 0, 50, 200, 1000])
    if interval:
        lines.append(f"shootdowns: {{interval_accesses: {interval}, kind: {pick(kinds)}}}")
    return "\n".join(lines) + "\n"


def run(sync):
    """What went wrong; empty: nothing; None: such a configuration cannot be had."""
    try:
        done = subprocess.run([NESTWALK, "run", "config.yaml", "--sync", sync, "-o", sync, "-q"],
                              capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"{sync}: not done after {SECONDS} s"
    if done.returncode == 2 and "cannot be reserved" in done.stderr:
        return None
    return f"{sync}: exit status {done.returncode}\n{done.stderr}" if done.returncode else ""


def try_one(text):
    Path("config.yaml").write_text(text, encoding="utf-8")
    for sync in ("lazy", "strict"):
        wrong = run(sync)
        if wrong or wrong is None:
            return wrong
    if not filecmp.cmp("lazy/result.json", "strict/result.json", shallow=False):
        return "lazy and strict differ"
    return ""


def main(arguments):
    count, seed = int(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 1
    random_ = random.Random(seed)
    failed = skipped = 0
    for _ in range(count):
        text = config(random_)
        wrong = try_one(text)
        skipped += wrong is None
        if wrong:
            failed += 1
            print(f"{text}{wrong}\n")
    print(f"{count - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or skipped > count / 2 else 0


sys.exit(main(sys.argv[1:]))
