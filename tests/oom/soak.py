#!/usr/bin/env python3
"""Containers that reach their memory limits, at random, as many as asked for: what becomes of them?

    soak.py --coffer PROGRAM --work PROGRAM --out DIR [--hits N] [--seed N] [--parallel N] [--control NAME]

Each container does one kind of work (work.c) with more memory than its limit allows. The policy freezes it, the event
comes here, a decision goes back: mostly a higher limit, sometimes a kill. Counted: kernel kills, decisions delivered,
work that finished with the right sum after a raise, and from the event to each step until told; what is told as pending
counts as frozen then, though it was later. Page cache loads are to run through without a freeze. --control runs the same
work under plain memory.max, systemd-oomd or crun instead. Beside it a timer of the highest priority shows how long this
machine keeps anybody waiting, and before it a busy loop without any limit is frozen again and again: nothing can be
faster than that.
Writes report.json and report.txt to DIR. Exit status 1 if a bar of the policy is missed.
"""
import argparse
import collections
import json
import os
import pathlib
import queue
import random
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

MIB = 1024 * 1024
FROZEN_P99_US = 20000
KINDS = ["touch", "threads", "populate", "tmpfs", "mlock", "fork", "pipes", "sockets", "huge", "cache", "uring",
         "hugetlb"]
ONE_CALL = ["populate", "tmpfs", "mlock", "uring"]  # work in one system call, which stops when that returns
STOPS = "can stop"  # all the others together, of which FROZEN_P99_US is asked
STEPS = {"lifted": "liftedAfterUs", "judged": "judgedAfterUs", "asked": "askedAfterUs", "frozen": "frozenAfterUs"}


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
    parser.add_argument("--end", type=int, default=600, help="seconds after which a container has no end")
    parser.add_argument("--no-swap", action="store_true", help="for no container, whatever the machine has")
    parser.add_argument("--cpu", type=int, default=0, help="percent of a processor that each container may use")
    parser.add_argument("--largest", type=int, default=1024, help="MiB of the largest limit")
    parser.add_argument("--memory", type=int, default=2048, help="MiB of all containers that run at a time")
    return parser.parse_args()


def has_swap():
    return len(pathlib.Path("/proc/swaps").read_text().splitlines()) > 1


def usable(kinds):
    """Without hugetlb pages there is no work with them."""
    pages = int(pathlib.Path("/proc/sys/vm/nr_hugepages").read_text())
    return [kind for kind in kinds if kind != "hugetlb" or pages]


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
        config["linux"]["resources"] = {"memory": {"limit": job.limit, "swap": job.limit + job.swap}}
        if self.args.cpu:
            config["linux"]["resources"]["cpu"] = {"quota": self.args.cpu * 1000, "period": 100000}
        bundle = self.dir / job.id
        bundle.mkdir()
        (bundle / "config.json").write_text(json.dumps(config))
        return bundle


class Job:
    """One container, from a seed."""

    def __init__(self, number, kinds, rng, largest, may_swap):
        self.id = f"s{number}"
        self.kind = rng.choice(kinds)
        self.seed = rng.randrange(1, 2**40)
        sizes = [16, 24, 32, 48, 64, 96, 128] * 3 + [256, 512, 1024]
        self.limit = rng.choice([size for size in sizes if size <= largest]) * MIB
        self.swap = rng.choice([0, 0, self.limit // 4]) if may_swap else 0
        self.mib = int((self.limit + self.swap) / MIB * rng.uniform(1.1, 1.9)) + 8
        if self.kind == "cache":  # as often as the others, and not longer than all of them together
            self.limit, self.swap, self.mib = 16 * MIB, 0, rng.randrange(20, 33)
        self.kill = rng.random() < 0.1
        self.step = rng.choice([1.1, 1.2, 1.5])  # of a raise: a container may hit its limit several times
        self.reserve = rng.choice([None, None, None, f"{max(2, self.limit // MIB // 5)}m"])
        self.hits = self.delivered = self.raises = self.lost = 0
        self.pending = 0
        self.status = None
        self.text = ""
        self.kernel_kills = 0
        self.steps_us, self.told_us = {name: [] for name in STEPS}, []
        self.limits = []
        self.late_us = []  # from the event until told as pending: it froze later, or never
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
                for name, member in STEPS.items():
                    job.steps_us[name].append(event[member])
                job.limits.append(event["limit"])
            else:
                job.late_us.append(event["toldAfterUs"])
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
        result = host.coffer(*words, job.id, stdin=subprocess.DEVNULL, timeout=host.args.end)
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
             f"--property=MemorySwapMax={job.swap}", "--property=ManagedOOMMemoryPressure=kill",
             "--property=ManagedOOMMemoryPressureLimit=5%", "--property=LimitMEMLOCK=infinity",
             f"--property=BindPaths={host.disk}:/disk", str(host.args.work), job.kind, str(job.mib), str(job.seed)]
    try:
        result = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                                timeout=host.args.end)
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


class Timer(threading.Thread):
    """How much later than asked for a thread of the highest priority wakes up: the machine's own part of a latency."""

    def __init__(self):
        super().__init__(daemon=True)
        self.late_us = []

    def run(self):
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(60))
        except OSError as error:
            print(f"timer: {error}", file=sys.stderr)
        while True:
            due = time.monotonic() + 0.02
            time.sleep(0.02)
            self.late_us.append((time.monotonic() - due) * 1e6)


def freeze_a_busy_loop(times=100):
    """What cgroup.freeze takes where memory has no part in it: microseconds until cgroup.events says so."""
    group = pathlib.Path("/sys/fs/cgroup/coffer-soak-floor")
    group.mkdir(exist_ok=True)
    loop = subprocess.Popen(["sh", "-c", f"echo $$ >{group}/cgroup.procs; while :; do :; done"])
    freezer, events = (os.open(group / name, flags) for name, flags in (("cgroup.freeze", os.O_WRONLY),
                                                                        ("cgroup.events", os.O_RDONLY)))
    watch = select.poll()
    watch.register(events, select.POLLPRI)
    took = []
    for _ in range(times):
        time.sleep(0.03)
        began = time.monotonic()
        os.pwrite(freezer, b"1", 0)
        while b"frozen 1" not in os.pread(events, 100, 0):
            watch.poll()
        took.append((time.monotonic() - began) * 1e6)
        os.pwrite(freezer, b"0", 0)
    loop.kill()
    loop.wait()
    os.close(freezer)
    os.close(events)
    group.rmdir()
    return took


class Room:
    """How many containers run at a time, which changes, and how much they may take together."""

    def __init__(self, mib):
        self.mib, self.width, self.running = mib, 1, 0
        self.changed = threading.Condition()

    def enter(self, job):
        with self.changed:
            while self.running and (self.running >= self.width or self.mib < job.mib):
                self.changed.wait()
            self.running += 1
            self.mib -= job.mib

    def leave(self, job):
        with self.changed:
            self.running -= 1
            self.mib += job.mib
            self.changed.notify_all()


def drive(host, jobs):
    args = host.args
    rng = random.Random(args.seed)
    kinds = usable(args.kinds.split(","))
    may_swap = has_swap() and not args.no_swap
    began = time.monotonic()
    todo = queue.Queue()
    room = Room(args.memory)
    done = []

    def worker():
        while (job := todo.get()) is not None:
            start = time.monotonic()
            try:
                RUN[args.control](host, job)
            finally:
                room.leave(job)
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
            room.width = rng.choice([args.parallel, args.parallel, 1, 2])
        number += 1
        job = Job(number, kinds, rng, args.largest, may_swap)
        jobs[job.id] = job
        room.enter(job)
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


def spread(values):
    return [percentile(values, 0.5), percentile(values, 0.99), max(values, default=0)]


def is_right(job):
    return job.status == 0 and "work: right" in job.text


def rows(done):
    kinds = collections.defaultdict(list)
    for job in done:
        for kind in [job.kind, "all"] + ([STOPS] if job.kind not in ONE_CALL else []):
            kinds[kind].append(job)
    for kind in sorted(kinds, key=lambda name: (name == "all", name == STOPS, name)):
        jobs = kinds[kind]
        resumable = [job for job in jobs if not (job.kill and job.hits)]
        steps = {name: [us for job in jobs for us in job.steps_us[name]] for name in STEPS}
        steps["frozen"] += [us for job in jobs for us in job.late_us]
        told = [us for job in jobs for us in job.told_us]
        yield {
            "kind": kind, "containers": len(jobs), "hits": sum(job.hits for job in jobs),
            "pending": sum(job.pending for job in jobs), "delivered": sum(job.delivered for job in jobs),
            "kernelKills": sum(job.kernel_kills for job in jobs),
            "resumable": len(resumable), "finishedRight": sum(map(is_right, resumable)),
            "softHits": sum(job.soft for job in jobs), "thawedHits": sum(job.thawed for job in jobs),
            **{f"{name}Us": spread(values) for name, values in steps.items()},
            "toldUs": spread(told),
            "seconds": round(percentile([job.seconds for job in jobs], 0.5), 1),
        }


def table(lines, control):
    head = ["kind", "containers", "hits", "pending", "delivered", "kernelKills", "resumable", "finishedRight", "softHits",
            "thawedHits", "seconds"]
    yield f"control: {control}"
    yield "".join(f"{name:>14}" for name in head)
    for line in lines:
        yield "".join(f"{line[name]:>14}" for name in head)
    steps = [*STEPS, "told"]
    yield f"{'kind, ms: p50/p99/max':>22}" + "".join(f"{name:>20}" for name in steps)
    for line in lines:
        times = ["/".join(f"{us / 1000:.1f}" for us in line[f"{name}Us"]) for name in steps]
        yield f"{line['kind']:>22}" + "".join(f"{text:>20}" for text in times)


def bars(lines, done):
    """What the policy promises: each as (name, what is missed or "")."""
    total, stops = (next((line for line in lines if line["kind"] == kind), collections.Counter())
                    for kind in ("all", STOPS))
    false = sum(job.hits + job.thawed for job in done if job.kind == "cache")
    undelivered = total["hits"] - total["delivered"]
    unfinished = total["resumable"] - total["finishedRight"]
    p99 = stops["frozenUs"][1] if stops else 0
    return [
        ("there were hits", "" if total["hits"] else "no hit at all"),
        ("the kernel kills nothing", f"{total['kernelKills']} kernel kills" if total["kernelKills"] else ""),
        ("every decision is delivered", f"{undelivered} decisions not delivered" if undelivered else ""),
        ("what is raised finishes right", f"{unfinished} containers did not" if unfinished else ""),
        ("event to frozen, of what can stop: p99", f"{p99} us, above {FROZEN_P99_US}" if p99 > FROZEN_P99_US else ""),
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
    timer = Timer()
    timer.start()
    floor = freeze_a_busy_loop()
    done, seconds = drive(host, jobs)
    lines = list(rows(done))
    results = bars(lines, done) if args.control == "none" else []
    missed = [f"{name}: {miss}" for name, miss in results if miss]
    text = list(table(lines, args.control)) + [f"seed {args.seed}, {args.parallel} at once, {seconds:.0f} s"]
    late = "/".join(f"{us / 1000:.1f}" for us in spread(timer.late_us))
    text += [f"a timer of the highest priority was late by {late} ms (p50/p99/max of {len(timer.late_us)})"]
    floor = "/".join(f"{us / 1000:.1f}" for us in spread(floor))
    text += [f"freezing a busy loop without a limit took {floor} ms (p50/p99/max of 100)"]
    text += [f"missed: {line}" for line in missed] or ["all bars met" if args.control == "none" else ""]
    for job in done:
        if args.control == "none" and not is_right(job) and not (job.kill and job.hits):
            text.append(f"not right: {job.id} {job.kind} {job.mib} MiB of {job.limit // MIB}, seed {job.seed}: status "
                        f"{job.status}, kernel kills {job.kernel_kills}: {job.text[-300:]}")
    (out / f"report-{args.control}.txt").write_text("\n".join(text) + "\n")
    (out / f"report-{args.control}.json").write_text(json.dumps({"rows": lines, "missed": missed,
                                                                     "lateUs": spread(timer.late_us)}))
    hits = [{"id": job.id, "kind": job.kind, "swap": job.swap, "limit": limit, **dict(zip(STEPS, steps))}
            for job in done for limit, *steps in zip(job.limits, *job.steps_us.values())]
    (out / f"hits-{args.control}.json").write_text("\n".join(map(json.dumps, hits)) + "\n")
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
