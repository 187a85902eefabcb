/*
 * seccomp_dir.h - where compiled seccomp filters are kept between starts.
 */
#pragma once

/* <root>/.cache/seccomp, made if missing (0700). The fd, or -1: then filters are compiled each time. */
int seccomp_dir_open(const char *root);
