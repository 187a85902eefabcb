#!/usr/bin/env python3
"""Containers that reach their memory limits, at random, as many as asked for: what becomes of them?

    soak.py --coffer PROGRAM --work PROGRAM --out DIR [--hits N] [--seed N] [--parallel N] [--control NAME]

Each container does one kind of work (work.c) with more memory than its limit allows. The policy freezes it, the event
comes here, a decision goes back: mostly a higher limit, sometimes a kill. Counted: kernel kills, decisions delivered,
work that finished with the right sum after a raise, and from the event to frozen and to told. Page cache loads are to
run through without a freeze. --control runs the same work under plain memory.max, systemd-oomd or crun instead.
Writes report.json and report.txt to DIR. Exit status 1 if a bar of the policy is missed.
"""
import argparse
import collections
import json
import os
import pathlib
import queue
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

MIB = 1024 * 1024
FROZEN_P99_US = 20000
KINDS = ["touch", "threads", "populate", "tmpfs", "mlock", "fork", "pipes", "huge", "cache"]
SLOW_TO_STOP = {"populate", "tmpfs", "mlock"}  # one long system call each: reported as pending
END_SECONDS = 180


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--coffer", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--hits", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parallel", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=0, help="stop then, whatever has been reached")
    parser.add_argument("--control", choices=["none", "max", "oomd", "crun"], default="none")
    parser.add_argument("--tap", action="store_true", help="a test for each bar")
    parser.add_argument("--kinds", default=",".join(KINDS))
    return parser.parse_args()


class Host:
    """The directories, the state root and the watcher's socket."""

    def __init__(self, args):
        self.args = args
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="coffer-soak.", dir="/var/tmp"))
        self.root = self.dir / "state"
        self.rootfs = self.dir / "rootfs"
        self.disk = self.dir / "disk"
        for name in ("dev", "proc", "sys", "tmp", "disk"):
            (self.rootfs / name).mkdir(parents=True)
        self.disk.mkdir()
        shutil.copy(args.work, self.rootfs / "work")
        spec = self.dir / "spec.json"
        subprocess.run([args.coffer, "spec", "--config", spec], check=True)
        self.spec = json.loads(spec.read_text())

    def coffer(self, *words, **options):
        return subprocess.run([self.args.coffer, "--root", self.root, *map(str, words)], capture_output=True,
                              text=True, check=False, **options)

    def bundle(self, job):
        config = json.loads(json.dumps(self.spec))
        config["root"] = {"path": str(self.rootfs), "readonly": True}
        config["process"]["terminal"] = False
        config["process"]["args"] = ["/work", job.kind, str(job.mib), str(job.seed)]
        caps = ["CAP_SYS_RESOURCE", "CAP_IPC_LOCK"]
        config["process"]["capabilities"] = {name: caps for name in ("bounding", "effective", "permitted")}
        config["process"]["rlimits"] = [{"type": "RLIMIT_MEMLOCK", "soft": 2**40, "hard": 2**40}]
        config["mounts"].append({"destination": "/disk", "source": str(self.disk), "options": ["bind", "rw"]})
        config["linux"]["cgroupsPath"] = f"/coffer-soak/{job.id}"
        config["linux"]["resources"] = {"memory": {"limit": job.limit, "swap": job.limit}}
        bundle = self.dir / job.id
        bundle.mkdir()
        (bundle / "config.json").write_text(json.dumps(config))
        return bundle


class Job:
    """One container, from a seed."""

    def __init__(self, number, kinds, rng):
        self.id = f"s{number}"
        self.kind = rng.choice(kinds)
        self.seed = rng.randrange(1, 2**40)
        self.limit = rng.choice([16, 24, 32, 48, 64, 96, 128]) * MIB
        self.mib = int(self.limit / MIB * rng.uniform(1.1, 1.9)) + 8
        if self.kind == "cache":  # as often as the others, and not longer than all of them together
            self.limit, self.mib = 16 * MIB, rng.randrange(20, 33)
        self.kill = rng.random() < 0.1
        self.step = rng.choice([1.1, 1.2, 1.5])  # of a raise: a container may hit its limit several times
        self.reserve = rng.choice([None, None, None, f"{max(2, self.limit // MIB // 5)}m"])
        self.hits = self.delivered = self.raises = self.lost = 0
        self.pending = 0
        self.status = None
        self.text = ""
        self.kernel_kills = 0
        self.frozen_us, self.told_us = [], []
        self.soft = self.thawed = 0
        self.seconds = 0


def ask(host, **request):
    """One request on a connection of its own; the watcher's answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(host.root / ".oom/socket"))
        connection.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(connection.makefile().readline())


def decide(host, job, event):
    """What comes back for a hit. A raise may meet a limit that work in the kernel has already gone beyond: again."""
    if job.kill and job.raises == 0:
        answer = ask(host, op="kill-all", id=job.id)
        return answer["ok"]
    gap = event["limit"] - event["high"]
    limit = max(event["limit"], event["usage"] + gap)
    for _ in range(8):
        limit = int(limit * job.step) + 2 * MIB
        answer = ask(host, op="raise", id=job.id, bytes=limit)
        if answer["ok"]:
            job.raises += 1
            return True
    print(f"{job.id}: {answer}", file=sys.stderr)
    return False


class Listener(threading.Thread):
    """Reads the events and sends the decisions, one thread for all: as a monitor on a host would."""

    def __init__(self, host, jobs):
        super().__init__(daemon=True)
        self.host, self.jobs = host, jobs
        self.process = subprocess.Popen([host.args.coffer, "--root", host.root, "oom", "watch"],
                                        stdout=subprocess.PIPE, text=True)

    def run(self):
        for line in self.process.stdout:
            event = json.loads(line)
            job = self.jobs.get(event["id"])
            if job is None or event["event"] not in ("hit", "pending"):
                continue
            job.hits += 1
            job.pending += event["event"] == "pending"
            if event["event"] == "hit":
                job.frozen_us.append(event["frozenAfterUs"])
            job.told_us.append(event["toldAfterUs"])
            try:
                job.delivered += decide(self.host, job, event)
            except (OSError, ValueError) as error:
                print(f"{job.id}: {error}", file=sys.stderr)


def events_of(job):
    path = pathlib.Path("/sys/fs/cgroup/coffer-soak") / job.id / "memory.events"
    try:
        return dict((key, int(value)) for key, value in (line.split() for line in path.read_text().splitlines()))
    except OSError:
        return {}


def run_coffer(host, job, policy):
    bundle = host.bundle(job)
    words = ["run", "--keep", "--bundle", bundle]
    if policy:
        words += ["--oom", "freeze", "--oom-timeout", "0", "--oom-default", "stay"]
        words += ["--oom-reserve", job.reserve] if job.reserve else []
    try:
        result = host.coffer(*words, job.id, stdin=subprocess.DEVNULL, timeout=END_SECONDS)
        job.status, job.text = result.returncode, result.stdout + result.stderr
    except subprocess.TimeoutExpired:
        job.status, job.text = -1, f"no end: {host.coffer('oom', 'show', job.id).stdout}"
    job.kernel_kills = events_of(job).get("oom_kill", 0)
    if policy:
        for item in ask(host, op="list")["containers"]:
            if item["id"] == job.id:
                job.soft, job.thawed, job.hits_of_watcher = item["softHits"], item["thawedHits"], item["hits"]
    host.coffer("delete", "--force", job.id)
    shutil.rmtree(bundle)


def run_crun(host, job):
    bundle = host.bundle(job)
    result = subprocess.run(["crun", "--root", host.dir / "crun", "run", "--bundle", bundle, job.id],
                            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    job.status, job.text = result.returncode, result.stdout + result.stderr
    job.kernel_kills = int(job.status == 137 or "right" not in job.text)
    shutil.rmtree(bundle)


def run_oomd(host, job):
    """systemd-oomd kills by pressure, and the kernel at the limit: whoever is first."""
    words = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", f"--unit={job.id}",
             f"--property=MemoryMax={job.limit}", f"--property=MemoryHigh={job.limit * 7 // 8}",
             "--property=MemorySwapMax=0", "--property=ManagedOOMMemoryPressure=kill",
             "--property=ManagedOOMMemoryPressureLimit=5%", "--property=LimitMEMLOCK=infinity",
             f"--property=BindPaths={host.disk}:/disk", str(host.args.work), job.kind, str(job.mib), str(job.seed)]
    try:
        result = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                                timeout=END_SECONDS)
        job.status, job.text = result.returncode, result.stdout + result.stderr
    except subprocess.TimeoutExpired:
        subprocess.run(["systemctl", "kill", "--signal=KILL", job.id], check=False, capture_output=True)
        job.status, job.text = -1, "no end"
    job.kernel_kills = int(job.status != 0)


RUN = {
    "none": lambda host, job: run_coffer(host, job, True),
    "max": lambda host, job: run_coffer(host, job, False),
    "oomd": run_oomd,
    "crun": run_crun,
}


def hogs(rng):
    """Now and then both processors are busy with something else."""
    count = rng.choice([0, 0, 2])
    return [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(count)]


def drive(host, jobs):
    args = host.args
    rng = random.Random(args.seed)
    kinds = args.kinds.split(",")
    began = time.monotonic()
    todo = queue.Queue(maxsize=args.parallel)
    done = []

    def worker():
        while (job := todo.get()) is not None:
            start = time.monotonic()
            RUN[args.control](host, job)
            job.seconds = time.monotonic() - start
            done.append(job)

    workers = [threading.Thread(target=worker) for _ in range(args.parallel)]
    for thread in workers:
        thread.start()
    number = 0
    load = []
    while True:
        reached = sum(job.hits for job in jobs.values()) if args.control == "none" else len(done)
        if reached >= args.hits or (args.seconds and time.monotonic() - began > args.seconds):
            break
        if number % 20 == 0:
            for hog in load:
                hog.kill()
                hog.wait()
            load = hogs(rng)
        number += 1
        job = Job(number, kinds, rng)
        jobs[job.id] = job
        todo.put(job)
        if number % 25 == 0:
            print(f"{time.monotonic() - began:.0f} s: {reached} hits of {args.hits}", file=sys.stderr, flush=True)
    for _ in workers:
        todo.put(None)
    for thread in workers:
        thread.join()
    for hog in load:
        hog.kill()
    return done, time.monotonic() - began


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0


def is_right(job):
    return job.status == 0 and "work: right" in job.text


def rows(done):
    kinds = collections.defaultdict(list)
    for job in done:
        kinds[job.kind].append(job)
        kinds["all"].append(job)
    for kind in sorted(kinds, key=lambda name: (name == "all", name)):
        jobs = kinds[kind]
        resumable = [job for job in jobs if not (job.kill and job.hits)]
        frozen = [us for job in jobs for us in job.frozen_us]
        told = [us for job in jobs for us in job.told_us]
        yield {
            "kind": kind, "containers": len(jobs), "hits": sum(job.hits for job in jobs),
            "pending": sum(job.pending for job in jobs), "delivered": sum(job.delivered for job in jobs),
            "kernelKills": sum(job.kernel_kills for job in jobs),
            "resumable": len(resumable), "finishedRight": sum(map(is_right, resumable)),
            "softHits": sum(job.soft for job in jobs), "thawedHits": sum(job.thawed for job in jobs),
            "frozenUs": [percentile(frozen, 0.5), percentile(frozen, 0.99), max(frozen, default=0)],
            "toldUs": [percentile(told, 0.5), percentile(told, 0.99), max(told, default=0)],
            "seconds": round(percentile([job.seconds for job in jobs], 0.5), 1),
        }


def table(lines, control):
    head = ["kind", "containers", "hits", "pending", "delivered", "kernelKills", "resumable", "finishedRight", "softHits",
            "thawedHits", "seconds"]
    yield f"control: {control}"
    yield "".join(f"{name:>14}" for name in head) + "   frozen ms p50/p99/max    told ms p50/p99/max"
    for line in lines:
        times = ["/".join(f"{us / 1000:.1f}" for us in line[name]) for name in ("frozenUs", "toldUs")]
        yield "".join(f"{line[name]:>14}" for name in head) + f"{times[0]:>25}{times[1]:>23}"


def bars(lines, done):
    """What the policy promises: each as (name, what is missed or "")."""
    total = next((line for line in lines if line["kind"] == "all"), collections.Counter())
    false = sum(job.hits + job.thawed for job in done if job.kind == "cache")
    undelivered = total["hits"] - total["delivered"]
    unfinished = total["resumable"] - total["finishedRight"]
    p99 = total["frozenUs"][1] if lines else 0
    return [
        ("there were hits", "" if total["hits"] else "no hit at all"),
        ("the kernel kills nothing", f"{total['kernelKills']} kernel kills" if total["kernelKills"] else ""),
        ("every decision is delivered", f"{undelivered} decisions not delivered" if undelivered else ""),
        ("what is raised finishes right", f"{unfinished} containers did not" if unfinished else ""),
        ("event to frozen: p99", f"{p99} us, above {FROZEN_P99_US}" if p99 > FROZEN_P99_US else ""),
        ("page cache is no hit", f"{false} freezes of page cache loads" if false else ""),
    ]


def tap(results, text):
    """The same for tests/test. How long it took depends on what else the machine does: told, but no failure."""
    print(f"1..{len(results)}")
    failed = 0
    for number, (name, missed) in enumerate(results, 1):
        bad = bool(missed) and not name.startswith("event to frozen")
        failed += bad
        print(f"{'not ' if bad else ''}ok {number} - {name}{f' # {missed}' if missed else ''}")
    for line in text:
        print(f"# {line}")
    return failed


def main():
    args = parse()
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    host = Host(args)
    jobs = {}
    listener = None
    if args.control == "none":
        host.root.mkdir(mode=0o700)
        listener = Listener(host, jobs)
        listener.start()
        time.sleep(1)
    done, seconds = drive(host, jobs)
    lines = list(rows(done))
    results = bars(lines, done) if args.control == "none" else []
    missed = [f"{name}: {miss}" for name, miss in results if miss]
    text = list(table(lines, args.control)) + [f"seed {args.seed}, {args.parallel} at once, {seconds:.0f} s"]
    text += [f"missed: {line}" for line in missed] or ["all bars met" if args.control == "none" else ""]
    for job in done:
        if args.control == "none" and not is_right(job) and not (job.kill and job.hits):
            text.append(f"not right: {job.id} {job.kind} {job.mib} MiB of {job.limit // MIB}, seed {job.seed}: status "
                        f"{job.status}, kernel kills {job.kernel_kills}: {job.text[-300:]}")
    (out / f"report-{args.control}.txt").write_text("\n".join(text) + "\n")
    (out / f"report-{args.control}.json").write_text(json.dumps({"rows": lines, "missed": missed}))
    if args.tap:
        failed = tap(results, text)
    else:
        failed = len(missed)
        print("\n".join(text))
    if listener:
        listener.process.kill()
    shutil.rmtree(host.dir, ignore_errors=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
