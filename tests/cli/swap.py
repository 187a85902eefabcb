#!/usr/bin/env python3
"""Exchanges two names for one another, again and again, until it is killed or its parent is gone: swap.py ONE OTHER

One of them is a directory and the other a symbolic link, so that a path through them means one thing at one moment and
another at the next. The pauses are short against what a container's start takes.
"""
import ctypes
import os
import sys
import time

RENAMEAT2, AT_FDCWD, RENAME_EXCHANGE = 316, -100, 2

libc = ctypes.CDLL(None, use_errno=True)
one, other = (name.encode() for name in sys.argv[1:3])
parent = os.getppid()
while os.getppid() == parent:
    if libc.syscall(RENAMEAT2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE):
        sys.exit(os.strerror(ctypes.get_errno()))
    time.sleep(0.0003)
