#!/usr/bin/env python3
"""Recomputes every figure of a report that the accesses themselves tell.

    recompute.py RESULTDIR ACCESSES.csv[.gz|.xz] [--one-at-a-time]

Reads the file that `nestwalk run --per-access` wrote and shares no code with nestwalk: plain lists,
sorted, counted and summed. Compares with result.json, with the CSV tables and with the first lines
of report.txt. Every number of result.json has either to be recomputed here or to be named in
NOT_TOLD, so that no new figure can slip by. Prints each mismatch; exit status 1 if there is any.

--one-at-a-time: no two accesses of a vCPU overlap (max_outstanding 1). Then the walks' own times
are the accesses' spans too, and time that nothing but accesses takes is their sum.
"""

import csv
import gzip
import json
import lzma
import math
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

SPANS = ["tlb", "walk_cache", "stage1_reads", "stage2_reads", "walker_queue", "merged", "in_order",
         "guest_fault", "host_fault", "invalidation", "data"]
SOFTWARE = ["in_order", "guest_fault", "host_fault", "invalidation"]
SERVED = ["l1_tlb", "l2_tlb", "merged", "walk", "fault"]

# Numbers of result.json that a list of accesses cannot tell: what the configuration says, events of
# other kinds than accesses (single walks, single faults, shootdowns), and states of memory.
NOT_TOLD = re.compile(r"""
    schema|seed|frequency_mhz|costs\..*|settings\..*
  | summary\.(warmup_cycles|instructions|entry_reads_per_walk|(guest|host)_(faults|fault_.*)
             |(guest|host)_spurious_faults|table_bytes|(guest|host)_bloat_bytes
             |(l1d|l2|llc)_cache_hit_rate|dram_.*|walk_cycles_per_1000_.*)
  | walks\.(cycles|discarded|(completed|faulted)\..*)
  | references\..* | faults\..* | shootdowns\..* | memory\..* | caches\..* | dram\..*
""", re.VERBOSE)


def read_accesses(path):
    opener = {".gz": gzip.open, ".xz": lzma.open}.get(Path(path).suffix, open)
    text = ("type", "served")
    with opener(path, "rt", encoding="ascii", newline="") as file:
        rows = []
        for row in csv.DictReader(file):
            rows.append({k: v if k in text else int(v, 0) for k, v in row.items()})
        return rows


def span(row, name):
    return row[name + "_cycles"]


def span_sums(rows):
    return {name: sum(span(row, name) for row in rows) for name in SPANS}


# The documented rule of the report's distributions: exact below 256, above that 128 buckets per
# power of two, named by their upper edge, but never above the largest value.
def bucket(value):
    if value < 256:
        return value, value
    shift = value.bit_length() - 8
    lower = value >> shift << shift
    return lower, lower + (1 << shift) - 1


def percentile(ordered, permille):
    if not ordered:
        return 0
    exact = ordered[max(1, math.ceil(len(ordered) * permille / 1000)) - 1]
    shown = min(bucket(exact)[1], ordered[-1])
    assert exact <= shown <= exact + exact / 128
    return shown


def distribution(values):
    ordered = sorted(values)
    n = len(ordered)
    counts = Counter(bucket(value)[0] for value in ordered)
    return {"count": n, "sum": sum(ordered), "mean": sum(ordered) / n if n else None,
            "p50": percentile(ordered, 500), "p90": percentile(ordered, 900),
            "p99": percentile(ordered, 990), "p99_9": percentile(ordered, 999),
            "max": ordered[-1] if ordered else 0,
            "buckets": [[lower, counts[lower]] for lower in sorted(counts)]}


def ratio(a, b):
    return a / b if b else None


def hardware(row):
    return row["translation_cycles"] - sum(span(row, name) for name in SOFTWARE)


def steady(row):
    return row["total_cycles"] - sum(span(row, name) for name in SOFTWARE)


class Lookups:
    """Look-ups in one TLB. An access that waited for another's walk has not missed once more."""

    def __init__(self):
        self.hits = self.misses = self.merged = 0

    def add(self, outcome):
        setattr(self, outcome, getattr(self, outcome) + 1)

    def report(self, accesses, instructions):
        return {"lookups": self.hits + self.misses + self.merged, "hits": self.hits,
                "misses": self.misses, "merged": self.merged,
                "misses_per_1000_accesses": ratio(1000 * self.misses, accesses),
                "misses_per_1000_instructions": ratio(1000 * self.misses, instructions)}


def tlbs(rows, instructions):
    by_page = {name: defaultdict(Lookups) for name in ("l1d", "l1i", "l2")}
    for row in rows:
        served, page = row["served"], row["page_lg2"]
        first = {"l1_tlb": "hits", "merged": "merged"}.get(served, "misses")
        by_page["l1i" if row["type"] == "fetch" else "l1d"][page].add(first)
        if served != "l1_tlb":
            second = {"l2_tlb": "hits", "merged": "merged"}.get(served, "misses")
            by_page["l2"][page].add(second)
    result = {}
    for name, pages in by_page.items():
        total = Lookups()
        for each in pages.values():
            total.hits += each.hits
            total.misses += each.misses
            total.merged += each.merged
        result[name] = total.report(len(rows), instructions)
        result[name]["by_page_size"] = [
            {"page_lg2": page, **pages[page].report(len(rows), instructions)}
            for page in sorted(pages)]
    return result


def vcpus(rows, result):
    begun = result["summary"]["warmup_cycles"]
    by_vcpu = defaultdict(list)
    for row in rows:
        by_vcpu[row["vcpu"]].append(row)
    told = []
    for number in range(max(by_vcpu) + 1):
        mine = by_vcpu[number]
        end = max((row["issued_cycle"] + row["total_cycles"] for row in mine), default=begun)
        told.append({"vcpu": number, "accesses": len(mine), "last_cycle": end - begun,
                     "span_cycles": span_sums(mine)})
    return told


def summary(rows, result, dist, per_vcpu, spans):
    n, mhz = len(rows), result["frequency_mhz"]
    ns = lambda cycles: None if cycles is None else cycles * 1000 / mhz
    end = max(each["last_cycle"] for each in per_vcpu)
    vcpu_time = sum(each["last_cycle"] for each in per_vcpu)
    faults = spans["guest_fault"] + spans["host_fault"]
    walked = ("walk", "fault")
    of_data = sum(hardware(row) for row in rows if row["type"] != "fetch")
    figures = {
        "translation_share": ratio(of_data, of_data + spans["data"]) if spans["data"] else None,
        "simulated_cycles": end, "simulated_us": ns(end) / 1000,
        "unequal_end_share": ratio(end - min(each["last_cycle"] for each in per_vcpu), end),
        "accesses": n,
        "steady_cycles_per_access": ratio(vcpu_time - faults, n) if vcpu_time >= faults else None,
        "translation_mean_cycles": dist["translation"]["mean"],
        "access_mean_cycles": dist["access"]["mean"],
        "l2_tlb_misses_per_1000_accesses":
            ratio(1000 * sum(row["served"] in walked for row in rows), n),
        "walks_per_1000_accesses": ratio(1000 * sum(row["walks"] for row in rows), n),
        "fault_us": ns(faults) / 1000, "fault_time_share": ratio(faults, vcpu_time),
        "hardware_translation_mean_ns": ns(dist["hardware"]["mean"])}
    figures["steady_ns_per_access"] = ns(figures["steady_cycles_per_access"])
    for name in ("mean", "p50", "p99", "p99_9", "max"):
        figures[f"hardware_translation_{name}_cycles"] = dist["hardware"][name]
    return figures


def expected_result(rows, result):
    """The part of result.json that the accesses tell."""
    dist = {"hardware": distribution(map(hardware, rows)),
            "steady": distribution(map(steady, rows)),
            "translation": distribution(row["translation_cycles"] for row in rows),
            "access": distribution(row["total_cycles"] for row in rows)}
    by_served = {served: distribution(row["translation_cycles"] for row in rows
                                      if row["served"] == served) for served in SERVED}
    spans, per_vcpu = span_sums(rows), vcpus(rows, result)
    everything = sum(spans.values())
    ns = lambda cycles: cycles * 1000 / result["frequency_mhz"]
    return {
        "summary": summary(rows, result, dist, per_vcpu, spans), "vcpus": per_vcpu,
        "hardware_translation_cycles": dist["hardware"],
        "hardware_translation_ns": {name: ns(dist["hardware"][name])
                                    for name in ("mean", "p50", "p99", "p99_9", "max")},
        "fetch_translation_cycles":
            sum(hardware(row) for row in rows if row["type"] == "fetch"),
        "steady_access_cycles": dist["steady"], "access_latency_cycles": dist["access"],
        "translation_latency_cycles": {"overall": dist["translation"], "by_served": by_served},
        "time_split": {name: {"cycles": spans[name], "share": ratio(spans[name], everything)}
                       for name in SPANS},
        "tlbs": tlbs(rows, result["summary"]["instructions"] or 0),
        "walks": {"count": sum(row["walks"] for row in rows),
                  "entry_reads": sum(row["entry_reads"] for row in rows)}}


def leaves(value, path=""):
    """Every number of a document, and every null, by its dotted path."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for i, each in enumerate(value):
            yield from leaves(each, f"{path}.{i}")
    elif not isinstance(value, (str, bool)):
        yield path, value


class Checks:
    def __init__(self):
        self.done = 0
        self.failures = []

    def same(self, what, shown, computed):
        self.done += 1
        close = isinstance(shown, float) and computed is not None
        equal = math.isclose(shown, computed, rel_tol=1e-12) if close else shown == computed
        if not equal:
            self.failures.append(f"{what}: the report says {shown}, recomputed {computed}")

    def true(self, what, holds):
        self.done += 1
        if not holds:
            self.failures.append(what)


def check_rows(checks, rows, result):
    begun = result["summary"]["warmup_cycles"]
    for i, row in enumerate(rows):
        total = sum(span(row, name) for name in SPANS)
        checks.same(f"access {i}: total", row["total_cycles"], total)
        checks.same(f"access {i}: translation", row["translation_cycles"],
                    total - span(row, "data"))
        checks.true(f"access {i} began before the measured region", row["issued_cycle"] >= begun)
        checks.true(f"access {i}: served by a fault or not",
                    (row["guest_faults"] + row["host_faults"] > 0 or row["skipped"] == 1) ==
                    (row["served"] == "fault"))


def check_result(checks, rows, result):
    shown = dict(leaves(result))
    computed = dict(leaves(expected_result(rows, result)))
    for path, value in computed.items():
        checks.true(f"{path} is missing from result.json", path in shown)
        checks.same(path, shown.get(path), value)
    for path in shown:
        checks.true(f"{path} is recomputed by nobody", path in computed or NOT_TOLD.fullmatch(path))


def fault_sums(result):
    """How many faults there were, and the cycles of those that no other fault's handler met."""
    counts, cycles = {}, 0
    for side, faults in result["faults"].items():
        latencies = faults["latency_cycles"], faults["spurious_latency_cycles"]
        counts[side] = sum(each["count"] for each in latencies)
        cycles += sum(each["sum"] for each in latencies)
        cycles -= faults["host_cycles"] + faults["spurious_host_cycles"]
    return counts, cycles


def check_events(checks, rows, result, one_at_a_time):
    """Sums over other events that have to be sums over accesses too."""
    spans = span_sums(rows)
    counts, handled = fault_sums(result)
    for side, count in counts.items():
        checks.same(f"{side} faults", count, sum(row[side + "_faults"] for row in rows))
    charged = spans["guest_fault"] + spans["host_fault"]
    # Messages of other vCPUs take their cycles in the middle of handlers: a span of their own.
    stolen = sum(span(row, "invalidation") for row in rows if row["served"] == "fault")
    checks.true(f"handlers took {handled} cycles, accesses were charged {charged}, {stolen} stolen",
                charged <= handled <= charged + stolen)
    for each in result["vcpus"]:
        faults = each["span_cycles"]["guest_fault"] + each["span_cycles"]["host_fault"]
        checks.true(f"vCPU {each['vcpu']}: {faults} fault cycles in {each['last_cycle']}",
                    faults <= each["last_cycle"])
    read = sum(row["served"][level] for row in result["references"]
               for level in ("l1d", "l2", "llc", "dram"))
    checks.same("references that were read", read, sum(row["entry_reads"] for row in rows))
    walked = spans["walk_cache"] + spans["stage1_reads"] + spans["stage2_reads"]
    reads = spans["stage1_reads"] + spans["stage2_reads"]
    if one_at_a_time:
        checks.same("cycles of walks", result["walks"]["cycles"], walked)
        checks.same("cycles of entry reads", sum(row["read_cycles"] for row in result["references"]),
                    reads)
    per_thousand = ratio(1000 * result["walks"]["cycles"], len(rows))
    checks.same("walk cycles per 1000 accesses",
                result["summary"]["walk_cycles_per_1000_accesses"], per_thousand)


def table(folder, name):
    with open(folder / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(field):
    return float(field) if field else None


def check_tables(checks, folder, rows, result):
    """The CSV tables hold the numbers that were found right in result.json."""
    n = len(rows)
    for row in table(folder, "summary.csv"):
        shown = result["summary"][row["metric"]]
        checks.same(f"summary.csv {row['metric']}", number(row["value"]),
                    None if shown is None else float(shown))
    for row in table(folder, "time_split.csv"):
        cycles = result["time_split"][row["span"]]["cycles"]
        checks.same(f"time_split.csv {row['span']}", int(row["cycles"]), cycles)
        checks.same(f"time_split.csv {row['span']}", number(row["cycles_per_access"]), cycles / n)
    for row in table(folder, "translation.csv"):
        for name, shown in result["hardware_translation_" + row["unit"]].items():
            if name in row:
                checks.same(f"translation.csv {name}", float(row[name]), float(shown))
    places = {"translation": result["translation_latency_cycles"]["overall"],
              "access": result["access_latency_cycles"],
              "hardware_translation": result["hardware_translation_cycles"],
              "steady_access": result["steady_access_cycles"]}
    for served, each in result["translation_latency_cycles"]["by_served"].items():
        places["translation_" + served] = each
    lines = {row["distribution"]: row for row in table(folder, "latency.csv")}
    for key, each in places.items():
        for name in ("sum", "mean", "p50", "p90", "p99", "p99_9", "max"):
            shown = each[name]
            checks.same(f"latency.csv {key} {name}", number(lines[key][name + "_cycles"]),
                        None if shown is None else float(shown))
    for row, each in zip(table(folder, "vcpus.csv"), result["vcpus"], strict=True):
        checks.same("vcpus.csv", [int(row[k]) for k in ("vcpu", "accesses", "last_cycle")],
                    [each[k] for k in ("vcpu", "accesses", "last_cycle")])
        faults = each["span_cycles"]["guest_fault"] + each["span_cycles"]["host_fault"]
        checks.same("vcpus.csv fault_cycles", int(row["fault_cycles"]), faults)
        end = result["summary"]["simulated_cycles"]
        checks.same("vcpus.csv idle_share", float(row["idle_share"]),
                    (end - each["last_cycle"]) / end)


def rounded(value):
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.{2 if value < 99.995 else 1 if value < 9999.95 else 0}f}"


def check_first_lines(checks, folder, result):
    report = (folder / "report.txt").read_text(encoding="utf-8")
    for unit in ("cycles", "ns"):
        shown = result["hardware_translation_" + unit]
        wanted = [unit] + [rounded(shown[name]) for name in ("mean", "p50", "p99", "p99_9", "max")]
        checks.true(f"report.txt has no line {wanted}",
                    any(line.split() == wanted for line in report.splitlines()))


def main(arguments):
    one_at_a_time = "--one-at-a-time" in arguments
    folder, accesses = [each for each in arguments if not each.startswith("--")]
    folder = Path(folder)
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    rows = read_accesses(accesses)
    checks = Checks()
    check_rows(checks, rows, result)
    check_result(checks, rows, result)
    check_events(checks, rows, result, one_at_a_time)
    check_tables(checks, folder, rows, result)
    check_first_lines(checks, folder, result)
    for failure in checks.failures[:40]:
        print(failure)
    print(f"{len(rows)} accesses, {checks.done} checks, {len(checks.failures)} failed")
    return 1 if checks.failures or not rows else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
