/* exec.c - `coffer exec`: another process in a container, from a process object (--process) or from a command line. */
#include "base/str.h"
#include "verb.h"

static const struct cli_option options[] = {
	TEXT_ROW(struct exec_options, process_file, "process", 'p', "FILE",
		 "process object (JSON) instead of a command"),
	FLAG_ROW(struct exec_options, tty, "tty", 't', "give it a terminal"),
	FLAG_ROW(struct exec_options, detach, "detach", 'd', "return once the process runs"),
	TEXT_ROW(struct exec_options, user, "user", 'u', "UID[:GID]", "run as this user"),
	LIST_ROW(struct exec_options, additional_gids, "additional-gids", 'g', "GID", "one more group; repeatable"),
	LIST_ROW(struct exec_options, env, "env", 'e', "NAME=VALUE", "environment variable; repeatable"),
	LIST_ROW(struct exec_options, caps, "cap", 'c', "CAP", "one more capability; repeatable"),
	TEXT_ROW(struct exec_options, cwd, "cwd", 0, "DIR", "working directory"),
	TEXT_ROW(struct exec_options, pid_file, "pid-file", 0, "FILE", "write the pid there"),
	TEXT_ROW(struct exec_options, console_socket, "console-socket", 0, "PATH",
		 "send the terminal to this unix socket"),
	UNSIGNED_ROW(struct exec_options, preserve_fds, "preserve-fds", 0, "N", "pass the fds 3 to 2+N on"),
	FLAG_ROW(struct exec_options, no_new_privs, "no-new-privs", 0, "set no_new_privs"),
	TEXT_ROW(struct exec_options, cgroup, "cgroup", 0, "PATH", "cgroup below the container's"),
	FLAG_ROW(struct exec_options, ignore_paused, "ignore-paused", 0, "also in a paused container"),
	TEXT_ROW(struct exec_options, apparmor, "apparmor", 0, "PROFILE", "AppArmor profile"),
	TEXT_ROW(struct exec_options, process_label, "process-label", 0, "LABEL", "SELinux label"),
	END_ROW,
};

static int run(const struct invocation *in, int *ret_exit, struct error *err)
{
	struct exec_options exec = *(const struct exec_options *)in->options;
	const char *const *command = in->arguments + 1;

	if (*command && str_eq(*command, "--"))
		command++;
	if (exec.process_file && *command)
		return refuse(err, "give either --process or a command, not both");
	if (!exec.process_file && !*command)
		return refuse(err, "neither a command nor --process is given");
	exec.id = in->arguments[0];
	exec.args = command;
	return container_exec(in->runtime, &exec, ret_exit, err);
}

const struct verb verb_exec = {
	.name = "exec",
	.group = GROUP_INSIDE,
	.summary = "run another process in a container",
	.arguments = "ID [COMMAND [ARGUMENT...]]",
	.min_arguments = 1,
	.max_arguments = ANY_NUMBER,
	.order = OPTIONS_FIRST,
	.options = options,
	.options_size = sizeof(struct exec_options),
	.runs_program = true,
	.failure_exit = 255, /* engines tell it from the status of the process */
	.run = run,
};
