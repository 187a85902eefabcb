/* commit.h - the git commit this was built from; empty outside of a checkout. */
#pragma once

extern const char coffer_commit[];
