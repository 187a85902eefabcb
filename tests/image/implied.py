#!/usr/bin/env python3
"""implied.py DIR: three layers, DIR/1.tar to 3.tar, of which the upper ones put files into directories of the lower ones
without entries for these: whose the directories are is what the highest entry says.
"""
import pathlib
import sys

import tape as t

LAYERS = (
    t.archive(
        t.directory(b"./", 0o711), t.directory(b"a", 0o750, uid=3, mtime=5), t.file(b"a/b/old"),
        t.pax((b"mtime", b"7.5"), (b"SCHILY.xattr.user.note", b"x")), t.directory(b"a/b", 0o1777, uid=1, gid=2),
        t.directory(b"emptied", 0o700), t.file(b"emptied/x"), t.directory(b"gone", 0o700), t.file(b"gone/x"),
        t.directory(b"said", 0o700), t.file(b"said/x"), t.directory(b"deep", 0o700, mtime=11),
        t.directory(b"deep/er", 0o711, mtime=12)),
    t.archive(
        t.file(b"a/b/new"), t.whiteout(b"emptied/.wh..wh..opq"), t.file(b"emptied/y"), t.whiteout(b".wh.gone"),
        t.file(b"said/y"), t.file(b"deep/er/und"), t.file(b"fresh/x")),
    t.archive(
        t.file(b"a/b/newer"), t.file(b"gone/back"), t.directory(b"said", 0o2755, mtime=44), t.file(b"said/z"),
        t.directory(b"deep", 0o701, mtime=99)))

for number, layer in enumerate(LAYERS, 1):
    pathlib.Path(sys.argv[1], f"{number}.tar").write_bytes(layer)
