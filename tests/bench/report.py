#!/usr/bin/env python3
"""Makes the benchmark page from the measurements of tests/bench/run and tests/bench/unpack:

    report.py [NATIVE [VM]] [--unpack FILE] [--out DIR]

DIR (docs) gets benchmarks.md (ratios), bench-start.json (raw medians) and bench-start.svg (a bar chart of `run`);
bench-unpack.json. What is not measured this time stays as it was.
"""
import argparse
import datetime
import json
import pathlib

RUNTIMES = ["coffer", "crun", "runc", "floor"]
VERBS = ["run", "create+start+delete", "exec"]
PROFILES = {"plain": "no seccomp", "seccomp": "Docker-like seccomp"}
PLACES = {"native": "on this machine", "vm": "in the test VM (QEMU TCG, Debian 13)"}
COLOURS = {"coffer": "#2a6f97", "crun": "#8d99ae", "runc": "#adb5bd", "floor": "#dee2e6"}


def load(path):
    """Measurements of one place: {"facts": ..., "ms"/"p95"/"rss": {(profile, verb, runtime)}, "syscalls": ...}"""
    data = {"facts": {}, "ms": {}, "p95": {}, "rss": {}, "syscalls": {}, "runs": 0}
    for line in pathlib.Path(path).read_text().splitlines():
        record = json.loads(line)
        if "machine" in record:
            data["facts"] = record
        elif "syscalls" in record:
            data["syscalls"][record["profile"], record["runtime"]] = record["syscalls"]
        else:
            key = record["profile"], record["verb"], record["runtime"]
            data["ms"][key], data["p95"][key] = record["median_ms"], record["p95_ms"]
            data["rss"][key], data["runs"] = record["max_rss_kib"], record["runs"]
    return data


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def ratio_rows(data):
    for profile, title in PROFILES.items():
        for verb in VERBS:
            ms = {runtime: data["ms"][profile, verb, runtime] for runtime in RUNTIMES}
            yield [verb, title, f"**{ms['coffer'] / ms['crun']:.2f}**", f"{ms['runc'] / ms['crun']:.2f}",
                   f"**{ms['coffer'] / ms['floor']:.2f}**", f"{ms['crun'] / ms['floor']:.2f}",
                   f"{ms['runc'] / ms['floor']:.2f}"]


def cost_rows(data):
    for profile, title in PROFILES.items():
        for runtime in RUNTIMES:
            yield [runtime, title, str(data["rss"][profile, "run", runtime]),
                   str(data["syscalls"].get((profile, runtime), "-"))]


def page(places):
    native = places["native"]["facts"]
    parts = [f"""# Benchmarks: start latency

What one command costs from `posix_spawn` to `waitpid`, beside Debian's crun and runc and beside a *floor*: a bare C
program ([floor.c](../tests/bench/floor.c)) that only makes the same six namespaces and mounts, pivots and executes,
without a cgroup, state, config or seccomp. Ratios of medians; below 1.00 in "coffer / crun" means that coffer is
faster. Raw medians: [bench-start.json](bench-start.json).

![medians of run](bench-start.svg)
"""]
    for place, data in places.items():
        head = ["verb", "profile", "coffer / crun", "runc / crun", "coffer / floor", "crun / floor", "runc / floor"]
        parts.append(f"## {PLACES[place][0].upper()}{PLACES[place][1:]}\n\n{data['runs']} runs each, interleaved, after 5 to warm up; "
                     f"kernel {data['facts']['kernel']}, crun {data['facts']['crun']}, runc {data['facts']['runc']}.\n\n"
                     + table(head, ratio_rows(data)) + "\n")
    parts.append("## Memory and system calls of one `run`\n\n"
                 "Peak resident memory of the runtime (`ru_maxrss`), and system calls of it and the container "
                 "(`strace -f -c`), on this machine.\n\n"
                 + table(["runtime", "profile", "peak KiB", "system calls"], cost_rows(places["native"])) + "\n")
    parts.append(f"""## How it was measured

The same bundle for all ([tests/bundle](../tests/bundle)): busybox `/bin/true`; pid, network, ipc, uts, mount and cgroup
namespaces; the mounts, masked and read-only paths of `runc spec`. The seccomp profile allows some 370 system calls by
name for three architectures ([tests/bench/seccomp](../tests/bench/seccomp)). Bundles and state roots are on a tmpfs;
cgroup2 is on /sys/fs/cgroup of a private mount namespace; the four take turns in an order in which each follows each
other equally often, with no shell in the timed path ([latency.c](../tests/bench/latency.c)). For create+start+delete the three programs' times are added, and the
container's own end is not counted; the floor has one step, so its `run` stands in that row: under emulation, where
starting a program is dear, three programs stand against one. The floor is compiled as any C program is (`gcc -O2`).

Machine: {native['machine']}, {native['cpus']} CPUs, kernel {native['kernel']}; coffer {native['coffer']}. Date: {datetime.date.today()}.

    make bench
""")
    return "\n".join(parts)


def raw(places):
    return [{"place": place, "facts": data["facts"], "runs": data["runs"],
             "medians": [{"profile": p, "verb": v, "runtime": r, "median_ms": ms, "p95_ms": data["p95"][p, v, r],
                          "max_rss_kib": data["rss"][p, v, r]} for (p, v, r), ms in sorted(data["ms"].items())],
             "syscalls": [{"profile": p, "runtime": r, "count": n} for (p, r), n in sorted(data["syscalls"].items())]}
            for place, data in places.items()]


def chart(data):
    """Bars of `run`, both profiles, in units of crun without seccomp."""
    unit = data["ms"]["plain", "run", "crun"]
    width, left, bar, gap, scale_width = 720, 150, 20, 6, 480
    longest = max(data["ms"][p, "run", r] for p in PROFILES for r in RUNTIMES)
    body, y = [], 40
    for profile, title in PROFILES.items():
        body.append(f'<text x="10" y="{y}" font-weight="bold">{title}</text>')
        y += 10
        for runtime in RUNTIMES:
            value = data["ms"][profile, "run", runtime]
            length = value / longest * scale_width
            body.append(f'<text x="{left - 10}" y="{y + 15}" text-anchor="end">{runtime}</text>'
                        f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar}" fill="{COLOURS[runtime]}"/>'
                        f'<text x="{left + length + 6:.1f}" y="{y + 15}">{value / unit:.2f}</text>')
            y += bar + gap
        y += 28
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" viewBox="0 0 {width} {y}" '
            f'font-family="sans-serif" font-size="13">\n<rect width="100%" height="100%" fill="white"/>\n'
            f'<text x="10" y="18">Median time of "run", crun without seccomp = 1.00; shorter is faster</text>\n'
            + "\n".join(body) + "\n</svg>\n")


LAYERS = {"gzip": "one gzip layer", "zstd": "one zstd layer", "small": "100,000 small files, gzip",
          "ten": "ten gzip layers"}
TOOLS = ["coffer", "coffer, one core", "bsdtar", "umoci"]
UNPACK_TITLE = "# Benchmarks: unpacking layers"


def unpack_rows(records, place):
    for layer, title in LAYERS.items():
        found = {r["tool"]: r for r in records if r.get("layer") == layer and r["place"] == place}
        for tool in TOOLS:
            if tool in found:
                one, own = found[tool], found["coffer"]
                yield [title, tool, f"{one['median_s'] / own['median_s']:.2f}", f"{one['cpu_s'] / own['cpu_s']:.2f}",
                       f"{one['max_rss_kib'] / 1024:.0f}", f"{one['median_s']:.2f}", f"{one['cpu_s']:.2f}",
                       f"{one['sync_s']:.2f}" if place == "ext4" else "-"]


def unpack_page(records):
    facts = records[0]["facts"]
    head = ["layer", "tool", "time / coffer", "processor / coffer", "peak MiB", "s", "processor s", "sync s"]
    places = {"tmpfs": "On a tmpfs", "ext4": "On a fresh ext4 with a journal (an image file on a tmpfs)"}
    tables = "\n\n".join(f"## {title}\n\n{table(head, unpack_rows(records, place))}"
                         for place, title in places.items() if any(r.get("place") == place for r in records))
    how = ("Each program ran with real-time priority (SCHED_FIFO), since the\nmachine had other work to do."
           if facts["realtime"] else "")
    return f"""{UNPACK_TITLE}

A layer blob to a directory: coffer's unpacker ([unpack.c](../tests/image/unpack.c) drives it, as `coffer image` does),
which checks the digest of the blob and of the tar on the way, beside `umoci raw unpack` {facts['umoci']} (checks both too)
and `bsdtar -xp` {facts['bsdtar']} (checks neither). "coffer" has two threads for one layer, and unpacks two of ten layers
at a time; "one core" does everything in one thread. Ratios of medians: above 1 means that coffer is faster.

The layer is made of this machine's /usr: {facts['entries']} entries, {facts['tar_bytes'] / 1e6:.0f} MB of tar, {facts['gzip_bytes'] / 1e6:.0f} MB as gzip -6, {facts['zstd_bytes'] / 1e6:.0f} MB as
zstd -3; the ten layers are the same in ten parts; the small files have {facts['small_gzip_bytes'] / 1e6:.0f} MB as gzip. umoci uses both cores; Debian's
does not read zstd. "sync" is `sync -f` after it and not in the time. Median of {records[1]['runs']} runs, tools in turn, each into an
empty file system. {how}

Kernel {facts['kernel']}, {facts['cpus']} CPUs. Raw: [bench-unpack.json](bench-unpack.json).

{tables}

    tests/bench/unpack OUT && tests/bench/report.py --unpack OUT
"""


def write_unpack(out, measured):
    """The second part of the page: from new measurements, or from those of last time."""
    stored, page_path = out / "bench-unpack.json", out / "benchmarks.md"
    if measured:
        records = [json.loads(line) for line in pathlib.Path(measured).read_text().splitlines()]
        stored.write_text(json.dumps(records, indent=1) + "\n")
    if stored.is_file():
        first = page_path.read_text().split(UNPACK_TITLE)[0].rstrip("\n")
        page_path.write_text(first + "\n\n" + unpack_page(json.loads(stored.read_text())))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("native", nargs="?")
    parser.add_argument("--unpack")
    parser.add_argument("vm", nargs="?")
    parser.add_argument("--out", default="docs", type=pathlib.Path)
    options = parser.parse_args()
    if options.native:
        places = {"native": load(options.native)}
        if options.vm:
            places["vm"] = load(options.vm)
        (options.out / "benchmarks.md").write_text(page(places))
        (options.out / "bench-start.json").write_text(json.dumps(raw(places), indent=1) + "\n")
        (options.out / "bench-start.svg").write_text(chart(places["native"]))
    write_unpack(options.out, options.unpack)
    print((options.out / "benchmarks.md").as_posix())


main()
