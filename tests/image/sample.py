#!/usr/bin/env python3
"""sample.py DIR: two layers, as tars and as the tree that they make: all kinds of files and attributes, and whiteouts.

DIR/1.tar: a first layer with everything; DIR/2.tar: removes, replaces and hides some of it, marks before and behind what
they must not touch.
"""
import pathlib
import sys

import tape as t

LONG = b"long-" * 30


def first():
    return t.archive(
        t.directory(b"./", 0o755),
        t.directory(b"etc/", 0o755, mtime=1000), t.file(b"etc/passwd", b"root:x:0:0\n", mtime=2000, uid=5, gid=6),
        t.file(b"etc/gone"), t.file(b"etc/file-to-dir"), t.directory(b"etc/dir-to-file", mtime=5), t.file(b"etc/dir-to-file/x"),
        t.directory(b"bin", 0o2775, gid=42, mtime=3000), t.file(b"bin/su", b"su" * 999, mode=0o4755),
        t.hardlink(b"bin/su2", b"bin/su"), t.hardlink(b"bin/su3", b"/bin/su"), t.symlink(b"bin/sh", b"/bin/su"),
        t.symlink(b"sbin", b"bin"), t.hardlink(b"sh2", b"bin/sh"),
        t.directory(b"tmp", 0o1777, mtime=1), t.directory(b"secret", 0o000), t.file(b"secret/x", mode=0),
        t.directory(b"dev"), t.device(b"dev/null", b"3", 1, 3), t.device(b"dev/loop", b"4", 7, 200), t.header(b"dev/pipe", b"6"),
        t.pax((b"mtime", b"1234567890.123456789"), (b"SCHILY.xattr.user.note", b"a\0b"), (b"uid", b"3000000")),
        t.file(b"attributes"), t.pax((b"path", LONG)), t.directory(b"cut"), t.file(LONG + b"/" + LONG, b"deep"), t.symlink(b"far", LONG * 3),
        t.pax((b"SCHILY.xattr.security.capability", b"\1\0\0\2\0\x20\0\0" + bytes(12))), t.file(b"bin/ping", mode=0o755),
        t.directory(b"opaque", mtime=77), t.file(b"opaque/old"), t.directory(b"opaque/kept"), t.file(b"opaque/kept/old"),
        t.directory(b"opaque/deep"), t.directory(b"opaque/deep/er"), t.file(b"opaque/deep/er/old"),
        t.directory(b"late"), t.file(b"late/old"), t.file(b"empty", b""), t.file(b"big", bytes(range(256)) * 20000, uid=1))


def second():
    return t.archive(
        t.directory(b"etc/", 0o750, mtime=1111, uid=9), t.whiteout(b"etc/.wh.gone"),
        t.directory(b"etc/file-to-dir/", mtime=6), t.file(b"etc/file-to-dir/y"), t.file(b"etc/dir-to-file", b"now a file"),
        t.file(b"etc/passwd", b"new\n", mtime=2500), t.directory(b"opaque/", mtime=78), t.whiteout(b"opaque/.wh..wh..opq"),
        t.directory(b"opaque/kept", mtime=79), t.file(b"opaque/kept/new"), t.file(b"opaque/new"),
        t.directory(b"late", mtime=80), t.directory(b"late/sub", mtime=81), t.file(b"late/sub/new"), t.file(b"late/new"),
        t.whiteout(b"late/.wh.old"), t.whiteout(b"late/.wh..wh..opq"), t.whiteout(b".wh.sbin"), t.whiteout(b".wh.secret"),
        t.whiteout(b".wh.absent"), t.file(b"replaced", b"1"), t.file(b"replaced", b"22"), t.directory(b"bin/", 0o755, mtime=9),
        t.whiteout(b"bin/.wh.su2"), t.file(b"empty", b"not any more"), t.directory(b"here", mtime=10), t.file(b"here/x"),
        t.whiteout(b".wh.here"))


where = pathlib.Path(sys.argv[1])
(where / "1.tar").write_bytes(first())
(where / "2.tar").write_bytes(second())
