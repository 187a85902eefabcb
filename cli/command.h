/*
 * command.h - one command line from argv to exit code: global options, log, verb, error line.
 * Texts, exit codes and the log format are contracts with the callers of a runtime: specs/cli.md.
 */
#pragma once

#include "base/error.h"
#include "verb.h"

/* Runs argv (NULL-terminated, without the program's name) and returns the exit code. Prints the one error line. */
int command_run(const char *const *argv);

/* The exit code of a failed verb: 127 or 126 for a program that was not found or could not be run, else the verb's. */
int exit_code_for(const struct verb *verb, const struct error *error);
