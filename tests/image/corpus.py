#!/usr/bin/env python3
"""Hostile layers: corpus.py UNPACK FORM [CASE...] makes each, unpacks it (FORM: overlay or apply) and prints TAP.

A case is refused with an error that names the entry and the reason, or unpacked; in both cases nothing outside of the
target directory changes, its contents and attributes included, and no file in it has a link outside. CVE numbers say
where a case comes from.
"""
import hashlib
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile

import tape as t

OK = None
cases = []


def case(name, *layers, overlay=OK, apply=OK, options=(), entry=True, after=None):
    """layers: bytes, lowest first; overlay, apply: OK or a part of the error; entry: the error says which entry."""
    cases.append(dict(name=name, layers=layers, overlay=overlay, apply=apply, options=options, entry=entry, after=after))


def refused(name, text, *layers, **more):
    case(name, *layers, overlay=text, apply=text, **more)


def escapes(outside):
    out = os.fsencode(outside)
    up = b"../" * 12 + out.lstrip(b"/")
    for name in (b"../x", b"a/../../x", b"a/..", b"/../x", b"..", b"./../x"):
        refused(f"name {name.decode()}", "component ..", t.archive(t.file(name)))
    case("an absolute name is below the top", t.archive(t.file(b"/abs/x")), after=["abs/x"])
    for target in (out, up, b"../" * 40 + out.lstrip(b"/")):
        refused(f"a file through a symlink to {'/' if target[:1] == b'/' else '..'}", "symlink",
                t.archive(t.symlink(b"a", target), t.file(b"a/x")))
    refused("a file through two symlinks", "symlink",
            t.archive(t.symlink(b"b", out), t.symlink(b"a", b"b"), t.file(b"a/x")))
    refused("a directory through a symlink", "symlink", t.archive(t.symlink(b"a", out), t.directory(b"a/d")))
    refused("a device through a symlink", "symlink", t.archive(t.symlink(b"a", out), t.device(b"a/d", b"3", 1, 3)))
    refused("a symlink to itself", "symbolic links", t.archive(t.symlink(b"a", b"a"), t.file(b"a/x")))
    case("a symlink within the layer", t.archive(t.directory(b"b"), t.symlink(b"a", b"/b"), t.file(b"a/x")), after=["b/x"])
    case("a directory in place of a symlink", t.archive(t.symlink(b"a", out), t.directory(b"a/", mode=0o700)))
    case("a file in place of a symlink", t.archive(t.symlink(b"a", out + b"/canary"), t.file(b"a", b"bad")))
    case("a symlink in place of a directory", t.archive(t.directory(b"a"), t.file(b"a/x"), t.symlink(b"a", out)))
    case("a swap between layers (CVE-2021-29136)", t.archive(t.directory(b"d"), t.file(b"d/x")),
         t.archive(t.symlink(b"d", out)), t.archive(t.file(b"d/x", b"bad")), apply="symlink")
    for name in (b".", b"/", b"./", b"/."):
        refused(f"the top as a symlink, {name.decode()} (CVE-2021-29136)", "top directory",
                t.archive(t.symlink(name, out), t.file(b"x")))
    refused("the top as a file", "top directory", t.archive(t.file(b"./.", b"")))
    case("a fifo, then a file", t.archive(t.header(b"f", b"6"), t.file(b"f")), after=["f"])
    case("a fifo below, then a file", t.archive(t.header(b"f", b"6")), t.archive(t.file(b"f")), after=["f"])
    case("a device, then a file", t.archive(t.device(b"f", b"3", 1, 3), t.file(b"f")), after=["f"])


def links(outside):
    out = os.fsencode(outside)
    missing = "hard link to"
    refused("a hard link to an absolute path", missing, t.archive(t.hardlink(b"h", out + b"/canary")))
    refused("a hard link through ..", "component ..", t.archive(t.hardlink(b"h", b"../outside/canary")))
    refused("a hard link through a symlink", missing, t.archive(t.symlink(b"a", out), t.hardlink(b"h", b"a/canary")))
    refused("a hard link to the top", "top directory", t.archive(t.hardlink(b"h", b"/")))
    refused("a hard link to a directory", "Is a directory", t.archive(t.directory(b"d"), t.hardlink(b"h", b"d")))
    refused("a hard link to a missing file", "gone", t.archive(t.hardlink(b"h", b"gone")))
    refused("a hard link to a later file", "later", t.archive(t.hardlink(b"h", b"later"), t.file(b"later")))
    refused("a hard link to a whiteout's name", "whiteout", t.archive(t.whiteout(b".wh.x"), t.hardlink(b"h", b".wh.x")))
    case("a hard link to a whited-out file", t.archive(t.file(b"x")), t.archive(t.whiteout(b".wh.x"), t.hardlink(b"h", b"x")),
         overlay="not in this layer", apply="No such file")
    case("a hard link to a symlink, then a file", t.archive(t.symlink(b"s", out + b"/canary"), t.hardlink(b"h", b"s"),
                                                           t.file(b"h", b"bad")))
    case("a hard link to a symlink, then its mode (CVE-2021-32760)",
         t.archive(t.symlink(b"s", out + b"/canary"), t.hardlink(b"h", b"s"), t.hardlink(b"h", b"h")))
    case("a hard link to itself", t.archive(t.file(b"f"), t.hardlink(b"f", b"f")), after=["f"])
    case("a hard link to a lower layer", t.archive(t.file(b"f")), t.archive(t.hardlink(b"h", b"f")),
         overlay="not in this layer")
    refused("a hard link in its own target", missing, t.archive(t.directory(b"d"), t.file(b"d/f"), t.hardlink(b"d", b"d/f")))


def whiteouts(outside):
    out = os.fsencode(outside)
    for name in (b".wh.", b"a/.wh.", b".wh..", b".wh...", b"a/.wh.."):
        refused(f"whiteout {name.decode()}", "a whiteout of", t.archive(t.whiteout(name)))
    for name in (b".wh..wh.aufs", b".wh..wh.plnk", b".wh..wh.x"):
        refused(f"whiteout {name.decode()}", "a whiteout of a whiteout", t.archive(t.whiteout(name)))
    refused("below a whiteout", "below a whiteout", t.archive(t.file(b".wh.a/x")))
    refused("below an opaque mark", "below a whiteout", t.archive(t.file(b"a/.wh..wh..opq/x")))
    refused("a whiteout through ..", "component ..", t.archive(t.whiteout(b"../outside/.wh.canary")))
    for mark in (b".wh.canary", b".wh..wh..opq"):
        case(f"{mark.decode()} through a symlink", t.archive(t.symlink(b"a", out)), t.archive(t.whiteout(b"a/" + mark)))
        case(f"{mark.decode()} through a symlink of the layer", t.archive(t.symlink(b"a", out), t.whiteout(b"a/" + mark)),
             overlay=OK if mark.endswith(b"opq") else "symlink")
    case("an opaque mark at a symlink below", t.archive(t.directory(b"d"), t.file(b"d/x"), t.symlink(b"s", b"d")),
         t.archive(t.whiteout(b"s/.wh..wh..opq")), after=["d/x"])
    case("everything is opaque", t.archive(t.file(b"a")), t.archive(t.file(b"b"), t.whiteout(b".wh..wh..opq")), after=["b"])
    case("a whiteout of what is not there", t.archive(t.whiteout(b"no/such/.wh.thing")))
    case("a whiteout with data", t.archive(t.file(b".wh.x", b"data" * 1000), t.file(b"y")), after=["y"])
    case("a whiteout that is a directory", t.archive(t.directory(b".wh.x"), t.file(b"y")), after=["y"])


def kinds(outside):
    case("device 0:0", t.archive(t.device(b"w", b"3", 0, 0)), overlay="0:0")
    refused("an unknown type", "unknown type", t.archive(t.header(b"v", b"V")))
    refused("a device number", "out of range", t.archive(t.device(b"w", b"4", 99999, 0)))
    case("a file, then something in it", t.archive(t.file(b"f"), t.file(b"f/x")), after=["f/x"])
    case("the same name twice", t.archive(t.file(b"f", b"1"), t.directory(b"f"), t.file(b"f/x"), t.file(b"f", b"2")),
         after=["f"])
    case("setuid", t.archive(t.file(b"f", mode=0o6755)), after=["f"])
    refused("owner 2^32-1", "owner", t.archive(t.file(b"f", uid=t.base256(2**32 - 1, 8))))
    refused("owner -1", "owner", t.archive(t.header(b"f", uid=t.base256(-1, 8))))
    refused("owner 2^32 by pax (CVE-2024-40635)", "uid", t.archive(t.pax((b"uid", b"4294967296")), t.file(b"f")))


def names(outside):
    refused("a name of 5000 bytes", "bytes, 4095 allowed", t.archive(t.file(b"a/" * 2500)))
    refused("a GNU name of 5000 bytes", "bytes, 4095 allowed", t.archive(t.long_name(b"a/" * 2500), t.file(b"f")))
    refused("a link target of 5000 bytes", "bytes, 4095 allowed", t.archive(t.symlink(b"s", b"a" * 5000)))
    refused("10,000 directories deep", "allowed", t.archive(t.file(b"a/" * 10000 + b"f")))
    refused("1,000 directories deep", "more than 255 components", t.archive(t.file(b"a/" * 1000 + b"f")))
    refused("a component of 256 bytes", "component of 256 bytes", t.archive(t.file(b"a" * 256)))
    refused("NUL in a pax path", "NUL", t.archive(t.pax((b"path", b"a\0b")), t.file(b"f")))
    refused("NUL in a GNU name", "NUL", t.archive(t.long_name(b"a\0b"), t.file(b"f")))
    refused("control characters are not printed", "\\x1b[31m", t.archive(t.file(b"\x1b[31m/../f")))
    case("a newline in a name", t.archive(t.file(b"a\nb")), after=["a\nb"])
    refused("an empty name", "empty name", t.archive(t.file(b"")), entry=False)
    refused("an empty symlink", "empty link target", t.archive(t.symlink(b"s", b"")))


def parsers(outside):
    hidden = t.file(b"hidden")
    case("the size of pax, not of ustar (CVE-2026-33055)",
         t.archive(t.pax((b"size", b"%d" % len(hidden))), t.header(b"f", size=0), hidden, t.file(b"g")), after=["f", "g"])
    case("the size of pax is not a long name's (GHSA-3cv2-h65g-fgmm)",
         t.archive(t.pax((b"size", b"%d" % len(hidden))), t.long_name(b"f"), t.header(b"cut", size=0), hidden, t.file(b"g")),
         after=["f", "g"])
    case("size 0 of pax (CVE-2025-62518)", t.archive(t.pax((b"size", b"0")), t.header(b"f", size=512), t.file(b"g")),
         after=["f", "g"])
    refused("two pax headers", "two pax headers", t.archive(t.pax((b"path", b"a")), t.pax((b"path", b"b")), t.file(b"f")))
    refused("a global path", "global pax header", t.archive(t.pax((b"path", b"a"), kind=b"g"), t.file(b"f")))
    refused("a global size", "global pax header", t.archive(t.pax((b"size", b"1"), kind=b"g"), t.file(b"f")))
    refused("pax and GNU disagree", "two different names",
            t.archive(t.pax((b"path", b"a")), t.long_name(b"b"), t.file(b"f")))
    for record in (b"99 path=a\n", b"5 path=a\n", b"0 path=a\n", b"path=a\n", b"99999999999999999999 path=a\n", b"9 path=ab"):
        refused(f"the record {record.decode().strip()}", "pax header", t.archive(t.extended(record), t.file(b"f")))
    refused("a pax header over 1 MiB", "1048576 allowed", t.archive(t.pax((b"comment", b"x" * 2**20)), t.file(b"f")))
    refused("a pax header of 8 EiB", "allowed",
            t.archive(t.header(b"x", b"x", size=t.base256(2**62, 12)), t.file(b"f")))
    refused("a negative size", "size", t.archive(t.header(b"f", size=t.base256(-512, 12)), t.file(b"g")))
    refused("a size of 2^80", "size", t.archive(t.header(b"f", size=t.base256(2**80, 12)), t.file(b"g")))
    refused("a size that is none", "size", t.archive(t.header(b"f", size=b"12345678901z")))
    refused("a size that lies", "cut off", t.archive(t.header(b"f", size=2**20)))
    refused("a size over the limit", "more than", t.archive(t.header(b"f", size=t.base256(2**60, 12))))
    refused("data behind a hard link", "data in what", t.archive(t.file(b"f"), t.header(b"h", b"1", 4, b"f") + t.pad(b"data")))
    refused("a file with a slash", "slash", t.archive(t.file(b"f/")))
    refused("a wrong checksum", "checksum", t.archive(t.file(b"f").replace(b"0000644", b"0000755", 1)), entry=False)
    refused("no tar at all", "not a tar header", b"x" * 2000, entry=False)
    refused("one zero block", "zero block", bytes(512) + t.file(b"f"), entry=False)
    refused("cut in a header", "cut off", t.file(b"f")[:300], entry=False)
    refused("cut in data", "cut off", t.file(b"f", b"x" * 2000)[:1500])
    case("bytes behind the end", t.archive(t.file(b"f")) + b"garbage" * 999 + t.archive(t.file(b"../g")), after=["f"])


def sparse(outside):
    def old(offset, size, real, extended=b"\0"):
        tail = bytes(41) + t.octal(offset, 12) + t.octal(size, 12) + bytes(72) + extended + real
        return t.header(b"s", b"S", 4, gnu=True, tail=tail)
    case("old sparse", t.archive(old(512, 4, t.octal(1024, 12)) + t.pad(b"data")), after=["s"])
    refused("old sparse bomb", "more than", t.archive(old(0, 4, t.base256(2**60, 12)) + t.pad(b"data")))
    refused("old sparse range behind the end", "behind the end", t.archive(old(512, 4, t.octal(9, 12)) + t.pad(b"data")))
    refused("old sparse map without an end (CVE-2025-58183)", "sparse map of more than",
            t.archive(old(0, 4, t.octal(4, 12), b"\1") + (bytes(504) + b"\1" + bytes(7)) * 5000))
    for version in ((b"GNU.sparse.size", b"8"), (b"GNU.sparse.map", b"0,2,1,2")), ((b"GNU.sparse.size", b"8"),
                                                                               (b"GNU.sparse.map", b"0,9999,4,4")):
        refused(f"sparse map {version[1][1].decode()}", "sparse map", t.archive(t.pax(*version), t.file(b"s", b"data")))
    bomb = (b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.realsize", b"%d" % 2**59)
    refused("sparse 1.0 bomb (harbor#23497)", "more than", t.archive(t.pax(*bomb), t.file(b"s", t.pad(b"1\n0\n4\n") + b"data")))
    refused("sparse 1.0 with a billion ranges (CVE-2025-58183)", "sparse map",
            t.archive(t.pax(*bomb), t.file(b"s", b"999999999\n" + b"0\n0\n" * 400000)))


def attributes(outside):
    def with_xattr(name, value=b"y"):
        return t.archive(t.pax((b"SCHILY.xattr." + name, value)), t.directory(b"d"), t.file(b"d/x"))
    for name in (b"trusted.overlay.opaque", b"trusted.overlay.redirect", b"user.overlay.opaque", b"security.selinux"):
        case(f"attribute {name.decode()}", with_xattr(name), after=["d/x"])
    refused("an attribute without a name", "attribute", with_xattr(b""))
    refused("an attribute name of 300 bytes", "attribute", with_xattr(b"user." + b"a" * 300))
    refused("1 MiB of attributes", "bytes of extended attributes",
            t.archive(t.pax(*((b"SCHILY.xattr.user.%d" % i, b"x" * 1000) for i in range(999))), t.file(b"f")))


def streams(outside):
    good = t.archive(t.file(b"f", bytes(range(256)) * 40))
    packed, frames = t.gzipped(good), t.zstd(good)
    skippable = b"\x5a\x2a\x4d\x18\x04\0\0\0skip"
    case("gzip of two members", t.gzipped(good[:700]) + t.gzipped(good[700:]), after=["f"])
    case("zstd of two frames among skippable ones", skippable + t.zstd(good[:700]) + skippable + t.zstd(good[700:]) + skippable,
         after=["f"])
    refused("gzip cut off", "cut off", packed[:-9])
    refused("gzip without its last byte", "cut off", packed[:-1])
    refused("zstd cut off", "cut off", frames[:-3])
    refused("gzip with a wrong length", "gzip:", packed[:-4] + bytes(4))
    refused("zstd with a wrong checksum", "zstd:", frames[:-4] + bytes(4))
    refused("garbage behind gzip", "behind the end", packed + b"garbage")
    refused("zeros behind gzip", "behind the end", packed + bytes(512))
    refused("garbage behind zstd", "behind the end", frames + b"garbage")
    refused("zstd behind gzip", "behind the end", packed + frames)
    refused("a broken second member", "gzip", packed + b"\x1f\x8b\x08\xff\xff\xff")
    refused("a zstd window of 2 GiB", "zstd:", b"\x28\xb5\x2f\xfd\x00" + bytes([(31 - 10) << 3]) + b"\x01\0\0", entry=False)
    zeros = t.archive(t.file(b"big", bytes(200 << 20)))
    refused("a gzip bomb", "times its size", t.gzipped(zeros, 9))
    refused("a zstd bomb", "times its size", t.zstd(zeros, "-19"))
    refused("a bomb of empty members", "cut off", t.gzipped(b"") * 1000 + packed[:50])


def limits(outside):
    many = t.archive(*(t.file(b"%d" % i, b"") for i in range(1200)))
    refused("too many entries", "more than 1000 entries", many, options=["--limit", "entries=1000"])
    refused("too many bytes", "more than 100000 bytes", many, options=["--limit", "bytes=100000"])
    case("an empty archive", t.archive(), after=[])
    case("nothing at all", b"", after=[])


def snapshot(root):
    """All that can be seen of a tree, but for the times of access."""
    tree = {}
    for path in [root, *sorted(root.rglob("*"))]:
        st = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(st.st_mode) else os.readlink(path) if path.is_symlink() else ""
        xattrs = [(name, os.getxattr(path, name, follow_symlinks=False))
                  for name in os.listxattr(path, follow_symlinks=False)]
        tree[path] = (st.st_mode, st.st_uid, st.st_gid, st.st_size, st.st_nlink, st.st_mtime_ns, st.st_ctime_ns, st.st_ino,
                      hashlib.sha256(str(content).encode()).hexdigest(), xattrs)
    return tree


def run(unpack, form, one, work, outside):
    """Yields what is wrong."""
    target = work / "target"
    target.mkdir()
    paths = []
    for number, layer in enumerate(one["layers"]):
        paths.append(work / f"layer{number}")
        paths[-1].write_bytes(layer)
    before = snapshot(outside)
    error, status = "", 0
    for number, path in enumerate(paths):  # in overlay form each has its own directory
        below = target if form == "apply" else target / str(number)
        below.mkdir(exist_ok=True)
        result = subprocess.run([unpack, *([] if form == "overlay" else [f"--{form}"]), *one["options"], below, path],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, errors="replace")
        error, status = error + result.stderr, status or result.returncode
    if snapshot(outside) != before:
        yield "something outside has changed"
    if status not in (0, 1):
        yield f"exit status {status}"
    wanted = one["apply" if form == "apply" else "overlay"]
    if (wanted is OK) != (status == 0):
        yield f"{'refused' if status else 'not refused'}: {error.strip()}"
    if wanted is not OK and wanted not in error:
        yield f"the error does not say \"{wanted}\": {error.strip()}"
    if wanted is not OK and one["entry"] and ": entry " not in error:
        yield f"the error names no entry: {error.strip()}"
    if form == "image":
        if status == 0:
            yield from image_differs(unpack, one, target, paths)
        return
    last = target / str(len(paths) - 1) if form == "overlay" else target
    for name in one["after"] or () if wanted is OK and form == "apply" or len(paths) == 1 and wanted is OK else ():
        if not os.path.lexists(last / name):
            yield f"{name} is not there"
    if any(path.is_file() and not path.is_symlink() and path.samefile(outside / "canary") for path in target.rglob("*")):
        yield "a link to a file outside"


def image_differs(unpack, one, target, paths):
    """An image, mounted, is the directory that the layer makes."""
    for number, path in enumerate(paths):
        here = target / str(number)
        (here / "dir").mkdir()
        (here / "mnt").mkdir()
        subprocess.run([unpack, *one["options"], here / "dir", path], check=True, stdout=subprocess.DEVNULL)
        os.utime(here / "dir", (0, 0)) if not os.listdir(here / "dir") else None
        mounted = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c",
                                  'mount -t erofs -o ro "$0/image" "$0/mnt" && exec "$1" "$0/dir" "$0/mnt"', here,
                                  pathlib.Path(__file__).with_name("compare.py")], stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, errors="replace")
        if mounted.returncode != 0:
            yield mounted.stdout.strip().replace("\n", "; ")


def main():
    unpack, form, wanted = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3:]
    work = pathlib.Path(tempfile.mkdtemp(dir="/var/tmp"))  # a disk: images in a tmpfs cannot be mounted
    outside = work / "outside"
    (outside / "deep").mkdir(parents=True, mode=0o751)
    for name in ("canary", "deep/canary", "x"):
        (outside / name).write_text(name)
        os.utime(outside / name, (1, 1))
    for part in (escapes, links, whiteouts, kinds, names, parsers, sparse, attributes, streams, limits):
        part(outside)
    failed = 0
    chosen = [one for one in cases if not wanted or one["name"] in wanted]
    for number, one in enumerate(chosen, 1):
        here = pathlib.Path(tempfile.mkdtemp(dir=work))
        problems = list(run(unpack, form, one, here, outside))
        shutil.rmtree(here)
        failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {number} - {form}: {one['name']}", *(f"# {p}" for p in problems), sep="\n")
    print(f"1..{len(chosen)}")
    shutil.rmtree(work)
    sys.exit(failed > 0)


main()
