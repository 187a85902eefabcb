#!/usr/bin/env python3
"""Makes the benchmark page from the measurements of tests/bench/run, unpack, image and net:

    report.py [NATIVE [VM]] [--unpack FILE] [--image FILE] [--net FILE] [--out DIR]

DIR (docs) gets benchmarks.md (ratios), bench-start.json (raw medians) and bench-start.svg (a bar chart of `run`);
bench-unpack.json, bench-image.json and bench-net.json. What is not measured this time stays as it was.
"""
import argparse
import datetime
import json
import pathlib
import re

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
other equally often, with no shell in the timed path ([latency.c](../tests/bench/latency.c)). For create+start+delete
the three programs' times are added, and the container's own end is not counted; the floor is three programs there
too, which meet at a fifo. The floor is compiled as any C program is (`gcc -O2`). The test VM's kernel is as it comes,
without what makes it faster for the tests (`tests/vm/run --ordinary`).

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
TOOLS = {"unpack": ["coffer", "coffer, one core", "igzip, to nothing", "bsdtar", "umoci"],
         "load": ["coffer", "podman", "containerd"]}
IMAGES_PLACES = {"tmpfs": "on a tmpfs", "ext4": "on a fresh ext4 with a journal"}
IMAGES_TITLE = "# Benchmarks: images"
NET_BEYOND = [
    ("the same, beyond the start of two programs", "coffer", "coffer, two programs that do nothing"),
    ("the same within a run, beyond one on no network", "coffer, a run", "coffer, a run on no network"),
]
NET_HELD = ", held to one processor"
NET_TITLE = "# Benchmarks: networks"
NET_FASTER = 5  # times, than others


def found(records, part, place, layer):
    """Measurements by tool. What a load leaves to be synced counts: coffer's has synced already."""
    rows = [r for r in records if (r.get("part"), r.get("place"), r.get("layer")) == (part, place, layer)]
    return {r["tool"]: r | {"all_s": r["median_s"] + (r["sync_s"] if part == "load" else 0)} for r in rows}


def images_rows(records, part, place):
    for layer, title in LAYERS.items():
        tools = found(records, part, place, layer)
        for tool in filter(tools.get, TOOLS[part]):
            one, own = tools[tool], tools["coffer"]
            yield [title, tool, f"{one['all_s'] / own['all_s']:.2f}", f"{one['cpu_s'] / own['cpu_s']:.2f}",
                   f"{one['max_rss_kib'] / 1024:.0f}", f"{one['median_s']:.2f}", f"{one['cpu_s']:.2f}",
                   f"{one['sync_s']:.2f}" if place == "ext4" else "-"]


def images_tables(records, part):
    head = ["layer" if part == "unpack" else "image", "tool", "time / coffer", "processor / coffer", "peak MiB", "s",
            "processor s", "sync s"]
    return "\n\n".join(f"{title[0].upper()}{title[1:]}:\n\n{table(head, images_rows(records, part, place))}"
                       for place, title in IMAGES_PLACES.items() if any(images_rows(records, part, place)))


def bar_rows(records):
    """What is asked for, and what was measured."""
    def ratio(place, layer, one, other):
        tools = found(records, "unpack", place, layer)
        return f"{tools[one]['median_s'] / tools[other]['median_s']:.2f}" if one in tools and other in tools else "-"
    rows = [("gzip", "umoci", "coffer", "one gzip layer, umoci / coffer", "at least 5"),
            ("gzip", "umoci", "igzip, to nothing", "the same with igzip, which only inflates", "-"),
            ("gzip", "bsdtar", "coffer", "one gzip layer, bsdtar / coffer", "at least 2"),
            ("ten", "coffer, one core", "coffer", "ten layers, one core / two", "at least 1.7")]
    for layer, one, other, title, bar in rows:
        yield [title, bar, *(ratio(place, layer, one, other) for place in IMAGES_PLACES)]
    peaks = {p: max((r["max_rss_kib"] for r in records if r.get("place") == p and r["tool"] == "coffer"), default=0)
             for p in IMAGES_PLACES}
    yield ["peak memory, MiB, of any layer or image", "below 64", *(f"{peak / 1024:.0f}" for peak in peaks.values())]


def start_rows(starts):
    for start in starts:
        result = start["result"]
        yield [str(start["layers"]), f"{result['ratio']:.2f}", f"{result['difference_ms']:.2f}"]


def images_page(records, starts):
    facts = records[0]["facts"]
    how = (" Unpackers\nran with real-time priority (SCHED_FIFO), so that what else the machine did is not in it."
           if facts["realtime"] else "") + (" Before each\nrun 1.5 GiB of memory were used and freed: a virtual machine's "
           "host takes back what was free for some seconds, and\nmaking it anew, at some moment of some tool's run, took "
           "up to 0.8 s for 600 MB.")
    runs = ", ".join(str(n) for n in sorted({record["runs"] for record in records[1:]}))
    loads = images_tables(records, "load") or "Not measured on this machine yet."
    return f"""{IMAGES_TITLE}

Ratios of medians of {runs} runs, the tools in turn, each into an empty file system: above 1 means that coffer is faster.{how}

{table(["what", "asked for", *IMAGES_PLACES.values()], bar_rows(records))}

The layer is made of this machine's /usr: {facts['entries']} entries, {facts['tar_bytes'] / 1e6:.0f} MB of tar, {facts['gzip_bytes'] / 1e6:.0f} MB as gzip -6, {facts['zstd_bytes'] / 1e6:.0f} MB as
zstd -3; the ten layers are the same in ten parts; the small files have {facts['small_gzip_bytes'] / 1e6:.0f} MB as gzip. The ext4 is in an image
file on a tmpfs. Kernel {facts['kernel']}, {facts['cpus']} CPUs. Raw: [bench-unpack.json](bench-unpack.json), [bench-image.json](bench-image.json).

## Unpacking layers

A layer blob to a directory: coffer's unpacker ([unpack.c](../tests/image/unpack.c) drives it, as `coffer image` does),
which checks the digest of the blob and of the tar on the way, beside `umoci raw unpack` {facts['umoci']} (checks both too)
and `bsdtar -xp` {facts['bsdtar']} (checks neither). "coffer" has two threads for one layer, and unpacks two of ten layers
at a time; "one core" does everything in one thread. "igzip, to nothing" is the program of libisal, which only
inflates: a gzip stream cannot be split, so that is the least time that there can be with this library.
umoci uses both cores; Debian's does not read zstd. "sync" is `sync -f` after it and not in the time.

{images_tables(records, "unpack")}

## Loading images

An OCI archive to an empty store: `coffer image load`, `podman load` {facts['podman']} (containers/storage, overlay) and
`ctr image import` {facts['containerd']} (overlayfs snapshots), whose daemon runs before and whose processor time counts. coffer's
time ends when all is durable; the others leave that to the kernel, so here their `sync -f` is in the ratios of time.

{loads}

## Starting from an image

What `coffer run --image` of a stored image takes more than `coffer run` of a bundle with the same files
([tests/bench/image](../tests/bench/image)); at most 1 ms is asked for.

{table(["layers", "image / bundle", "more, ms"], start_rows(starts))}

    make bench, or: tests/bench/unpack A && tests/bench/image >B && tests/bench/report.py --unpack A --image B
"""


def net_times(records, runtime):
    """Medians of joining and leaving, by the number of others."""
    return {record["crowd"]: record["both"]["median"] for record in records if record.get("runtime") == runtime}


def net_bar_rows(records):
    """What is asked for, what was measured, and whether that is enough."""
    word = {True: "yes", False: "no"}
    ours = net_times(records, "coffer")
    bars = {record["crowd"]: record["asked_for"] for record in records if record.get("runtime") == "coffer"}
    for how in "", NET_HELD:
        for crowd, time in net_times(records, f"coffer{how}").items():
            yield [f"join and leave with {crowd} others{how}, ms", f"at most {bars[crowd]}", f"{time:.2f}",
                   word[time <= bars[crowd]]]
    for what, who, without in NET_BEYOND:
        for crowd, whole in net_times(records, who).items():
            more = whole - net_times(records, without)[10]
            yield [f"{what}, {crowd} others, ms", f"at most {bars[crowd]}", f"{more:.2f}", word[more <= bars[crowd]]]
    for other in ("netavark", "cni"):
        for crowd, theirs in net_times(records, other).items():
            ratio = theirs / ours[crowd]
            yield [f"join and leave with {crowd} others, {other} / coffer", f"at least {NET_FASTER}", f"{ratio:.1f}",
                   word[ratio >= NET_FASTER]]
    carried = next(record for record in records if record.get("what") == "throughput")
    yield ["one TCP stream, coffer / a bare veth", f"at least {carried['asked_for']:.2f}", f"{carried['ratio']:.2f}",
           word[carried["reached"]]]


def net_rows(records):
    ours = net_times(records, "coffer")
    for record in records:
        if "crowd" in record:
            times = [f"{record[way]['median']:.2f}" for way in ("join", "leave", "both")]
            yield [record["runtime"], str(record["crowd"]), *times, f"{record['both']['median'] / ours[record['crowd']]:.1f}"]


def net_page(records):
    carried = next(record for record in records if record.get("what") == "throughput")
    measured = next(record for record in records if "crowd" in record)
    return f"""{NET_TITLE}

{table(["what", "asked for", "measured", "reached"], net_bar_rows(records))}

A container joins a bridge network with {measured['ports']} published ports and leaves it again, with a crowd of others on the same
bridge ([tests/bench/net](../tests/bench/net)): milliseconds, medians of {measured['runs']} runs, one program each for joining and
leaving (the CNI plugins are two), start and end of the program included; `coffer --version`, twice, is what that takes. "by
delete" is the usual end, the container's own; the same of a container on no network is beside it. "a run" is the whole of a container's life in one program, `coffer
run --image` of `true`: what it takes longer than on no network is what joining and leaving costs there. "Held to one
processor": a program that is executed may be moved to another processor, where it begins with cold caches and wakes its
parent across; of a virtual machine that can take longer than all that a short program does.

{table(["who", "crowd", "join", "leave", "both", "both / coffer"], net_rows(records))}

One TCP stream from a container to the host, over coffer's bridge and rules, carries {carried['ratio']:.2f} of what it does
over a bare veth (iperf3, in turn, median of {carried['runs']}). Raw: [bench-net.json](bench-net.json).

    make bench, or: tests/bench/net >A && tests/bench/report.py --net A
"""


def keep(stored, measured):
    """New measurements, or those of last time."""
    if measured:
        records = [json.loads(line) for line in pathlib.Path(measured).read_text().splitlines()]
        stored.write_text(json.dumps(records, indent=1) + "\n")
    return json.loads(stored.read_text())


def write_others(out, unpack, image, net):
    """What comes behind the first part of the page."""
    images = images_page(keep(out / "bench-unpack.json", unpack), keep(out / "bench-image.json", image))
    page_path = out / "benchmarks.md"
    first = re.split(f"^{IMAGES_TITLE}", page_path.read_text(), flags=re.M)[0].rstrip("\n")
    page_path.write_text("\n\n".join([first, images.rstrip("\n"), net_page(keep(out / "bench-net.json", net))]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("native", nargs="?")
    parser.add_argument("vm", nargs="?")
    parser.add_argument("--unpack")
    parser.add_argument("--image")
    parser.add_argument("--net")
    parser.add_argument("--out", default="docs", type=pathlib.Path)
    options = parser.parse_args()
    if options.native:
        places = {"native": load(options.native)}
        if options.vm:
            places["vm"] = load(options.vm)
        (options.out / "benchmarks.md").write_text(page(places))
        (options.out / "bench-start.json").write_text(json.dumps(raw(places), indent=1) + "\n")
        (options.out / "bench-start.svg").write_text(chart(places["native"]))
    write_others(options.out, options.unpack, options.image, options.net)
    print((options.out / "benchmarks.md").as_posix())


main()
