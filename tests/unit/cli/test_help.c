/*
 * test_help.c - --help fits a screen, and says the same as the man pages and the shell completions: every option of a
 * table is in all of them, and none of them has an option that no table has.
 */
#include "cli/globals.h"
#include "cli/help.h"

#include <fcntl.h>
#include <unistd.h>

#include "fake_runtime.h"
#include "base/fd.h"

#ifndef COFFER_SOURCE
#error "COFFER_SOURCE is the root of the source tree"
#endif

enum { SCREEN_WIDTH = 80, SCREEN_HEIGHT = 25, MAIN_HEIGHT = 46, DOCUMENT_MAX = 1024 * 1024 };

static const struct cli_option help_only[] = {
	{ .name = "help", .letter = 'h', .help = "x" },
	END_ROW,
};

static void check_screen(const char *name, const char *text, size_t height)
{
	size_t lines = 0;

	for (const char *line = text; *line; line += strcspn(line, "\n") + 1, lines++)
		if (strcspn(line, "\n") > SCREEN_WIDTH)
			test_stop(TEST_FAILED, "help of %s: too wide: %.*s", name, (int)strcspn(line, "\n"), line);
	if (lines > height)
		test_stop(TEST_FAILED, "help of %s: %zu lines, more than %zu", name, lines, height);
	CHECK(lines > 2 && text[strlen(text) - 1] == '\n');
}

static void help_fits_the_screen(void)
{
	auto_arena struct arena *arena = arena_new();

	check_screen("coffer", help_main(arena), MAIN_HEIGHT);
	check_screen("run image", help_topics(arena, &verb_run), SCREEN_HEIGHT);
	for (const struct verb *const *verb = verb_list_all(); *verb; verb++)
		check_screen((*verb)->name, help_verb(arena, *verb), SCREEN_HEIGHT);
}

static void help_of_a_verb(void)
{
	auto_arena struct arena *arena = arena_new();

	CHECK_STR("Usage: coffer kill [OPTION...] ID [SIGNAL]\n"
		  "send a signal, TERM by default\n"
		  "\n"
		  "  -a, --all   every process of the container\n"
		  "  -h, --help  show this help\n",
		  help_verb(arena, &verb_kill));
	CHECK_CONTAINS("\n      --rootless[=auto|true|false]  ", help_main(arena));
	CHECK_CONTAINS("\n  -b, --bundle DIR           ", help_verb(arena, &verb_create));
	CHECK_CONTAINS("\n      --cpu-shares N             CPU weight, 2 to 262144; or --cpu-share\n",
		       help_verb(arena, &verb_update));
}

/* ---- documents ---- */

static char *read_source(struct arena *arena, const char *path)
{
	auto_free char *text = NULL;
	struct error err = { 0 };
	char *name = arena_printf(arena, "%s/%s", COFFER_SOURCE, path);

	if (fd_read_file(AT_FDCWD, name, DOCUMENT_MAX, &text, NULL, &err) < 0)
		test_stop(TEST_FAILED, "%s", err.text);
	return arena_strdup(arena, text);
}

/* From behind `begin` up to `end`; both must be there. */
static char *section(struct arena *arena, const char *name, const char *text, const char *begin, const char *end)
{
	const char *start = strstr(text, begin);
	const char *stop = start ? strstr(start + strlen(begin), end) : NULL;

	if (!stop)
		test_stop(TEST_FAILED, "%s: no part from \"%s\" to \"%s\"", name, begin, end);
	start += strlen(begin);
	return arena_strndup(arena, start, (size_t)(stop - start));
}

static bool is_word(char letter)
{
	return letter == '-' || (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
}

/* Does the text hold `word` with nothing that would make it longer on either side? */
static bool has_word(const char *text, const char *word)
{
	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		if ((at == text || !is_word(at[-1])) && !is_word(at[strlen(word)]))
			return true;
	return false;
}

static void need_word(const char *where, const char *text, const char *word)
{
	if (!has_word(text, word))
		test_stop(TEST_FAILED, "%s has no %s", where, word);
}

static void need_options(const char *where, const char *text, const struct cli_option *options)
{
	char word[64];

	for (; options->name; options++) {
		(void)snprintf(word, sizeof(word), "--%s", options->name);
		need_word(where, text, word);
		if (options->letter) {
			(void)snprintf(word, sizeof(word), "-%c", options->letter);
			need_word(where, text, word);
		}
		if (options->alias) {
			(void)snprintf(word, sizeof(word), "--%s", options->alias);
			need_word(where, text, word);
		}
	}
}

static bool in_table(const struct cli_option *options, const char *word, size_t length)
{
	for (; options->name; options++) {
		if (length == 2 && word[0] == '-' && word[1] == options->letter)
			return true;
		if (length > 2 && strlen(options->name) == length - 2 && !strncmp(options->name, word + 2, length - 2))
			return true;
		if (length > 2 && options->alias && strlen(options->alias) == length - 2 &&
		    !strncmp(options->alias, word + 2, length - 2))
			return true;
	}
	return false;
}

/* Every word of the text that looks like an option is one of the table's, or help. */
static void need_no_others(const char *where, const char *text, const struct cli_option *options)
{
	for (const char *at = text; *at; at++) {
		size_t length = 0;

		if (*at != '-' || (at > text && (is_word(at[-1]) || at[-1] == '=' || at[-1] == '*')))
			continue;
		while (is_word(at[length]))
			length++;
		if (length >= 2 && strncmp(at, "--", length) != 0 && !in_table(options, at, length) &&
		    !in_table(help_only, at, length))
			test_stop(TEST_FAILED, "%s has %.*s, the table has not", where, (int)length, at);
		at += length ? length - 1 : 0;
	}
}

static void check_document(const char *where, const char *text, const struct cli_option *options)
{
	need_options(where, text, options);
	need_options(where, text, help_only);
	need_no_others(where, text, options);
}

/* The tags of a man page's options: the line after each .TP, without roff's escapes. */
static char *man_tags(struct arena *arena, const char *page)
{
	char *options = section(arena, page, read_source(arena, page), "\n.SH OPTIONS\n", "\n.SH ");
	char *tags = arena_alloc(arena, strlen(options) + 2);
	char *out = tags;

	for (const char *at = strstr(options, ".TP\n"); at; at = strstr(at, ".TP\n")) {
		for (at += strlen(".TP\n"); *at && *at != '\n'; at++) {
			if (at[0] == '\\' && at[1] == 'f')
				at += 2;
			else if (*at != '\\')
				*out++ = *at;
		}
		*out++ = '\n';
	}
	*out = '\0';
	return tags;
}

static void man_pages_have_every_option(void)
{
	auto_arena struct arena *arena = arena_new();

	check_document("coffer.1", man_tags(arena, "specs/man/coffer.1"), global_options);
	for (const struct verb *const *verb = verb_list_all(); *verb; verb++) {
		const char *page = arena_printf(arena, "specs/man/coffer-%s.1", (*verb)->name);

		check_document(page, man_tags(arena, page), (*verb)->options);
	}
}

static void man_pages_know_each_other(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *main_page = read_source(arena, "specs/man/coffer.1");
	const char *build = read_source(arena, "cli/meson.build");

	for (const struct verb *const *verb = verb_list_all(); *verb; verb++) {
		const char *name = (*verb)->name;
		const char *page = arena_printf(arena, "specs/man/coffer-%s.1", name);
		const char *text = read_source(arena, page);

		CHECK_CONTAINS(arena_printf(arena, "\n\\fBcoffer\\-%s\\fR(1)\n", name), main_page);
		CHECK_CONTAINS(arena_printf(arena, "\n.BR coffer\\-%s (1)", name), main_page);
		CHECK_CONTAINS(arena_printf(arena, "'coffer-%s'", name), build);
		CHECK_CONTAINS(".BR coffer (1)", text);
		CHECK_CONTAINS("\n.SH EXIT STATUS\n", text);
		CHECK_CONTAINS(arena_printf(arena, "\n.B coffer %s\n", name), text);
	}
}

/* Where a completion file has the options: the global ones, and what is between the name of a command and its own. */
struct layout {
	const char *path, *global_begin, *global_end, *head;
};

static void check_completion(const struct layout *layout)
{
	auto_arena struct arena *arena = arena_new();
	const char *path = layout->path;
	const char *text = read_source(arena, path);

	check_document(path, section(arena, path, text, layout->global_begin, layout->global_end), global_options);
	for (const struct verb *const *verb = verb_list_all(); *verb; verb++) {
		char *begin = arena_printf(arena, "\n\t%s)\n\t\t%s", (*verb)->name, layout->head);
		char *where = arena_printf(arena, "%s, %s", path, (*verb)->name);

		check_document(where, section(arena, path, text, begin, "\t\t;;\n"), (*verb)->options);
	}
}

static void completions_have_every_option(void)
{
	static const struct layout bash = { "cli/completion/coffer.bash", "\n\tglobal)\n\t\techo \"", "\t\t;;\n",
					    "echo \"" };
	static const struct layout zsh = { "cli/completion/_coffer", "\n\t_arguments -s", "'*::argument",
					   "_arguments -s" };

	check_completion(&bash);
	check_completion(&zsh);
}

static void completions_have_every_verb(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *bash = section(arena, "coffer.bash", read_source(arena, "cli/completion/coffer.bash"),
				   "\n_coffer_commands=\"", "\"\n");
	const char *zsh = read_source(arena, "cli/completion/_coffer");
	size_t count = 0;
	size_t words = 1;

	for (const struct verb *const *verb = verb_list_all(); *verb; verb++, count++) {
		need_word("coffer.bash", bash, (*verb)->name);
		CHECK_CONTAINS(arena_printf(arena, "\n\t\t'%s:", (*verb)->name), zsh);
	}
	for (const char *at = bash; (at = strchr(at, ' ')); at++)
		words++;
	CHECK_INT(count, words);
}

/* ---- the bash completion at work ---- */

/* What bash offers for the words of `line`, the last of which is being typed; one a line. */
static char *complete(struct arena *arena, const char *line)
{
	char *script = arena_printf(arena,
				    "source %s/cli/completion/coffer.bash; coffer() { [ \"$3\" = --help ] && echo "
				    "\"-a, --all\" || echo box; }; "
				    "COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _coffer; "
				    "printf '%%s\\n' \"${COMPREPLY[@]}\"",
				    COFFER_SOURCE, line);
	char *const argv[] = { (char[]){ "bash" }, (char[]){ "--norc" }, (char[]){ "-c" }, script, NULL };
	char *text = arena_alloc(arena, DOCUMENT_MAX);
	int out = memory_file();
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		(void)dup2(out, STDOUT_FILENO);
		(void)close(STDERR_FILENO);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	if (proc_wait(pid) == 127)
		TEST_SKIP("no bash here");
	take_output(out, text, DOCUMENT_MAX);
	return text;
}

static void bash_completes(void)
{
	auto_arena struct arena *arena = arena_new();

	CHECK_STR("start\nstate\nstats\n", complete(arena, "coffer sta"));
	CHECK_STR("--bundle\n", complete(arena, "coffer create --b"));
	CHECK_STR("--root\n--rootless\n", complete(arena, "coffer --roo"));
	CHECK_STR("json\n", complete(arena, "coffer --log-format j"));
	CHECK_STR("start\nstate\nstats\n", complete(arena, "coffer --log-format json --root /r sta"));
	CHECK_STR("box\n", complete(arena, "coffer --root /r kill b"));
	CHECK_STR("KILL\n", complete(arena, "coffer kill box KIL"));
	CHECK_STR("\n", complete(arena, "coffer kill box JUNK")); /* what bash calls signals without a name */
	CHECK_STR("box\n", complete(arena, "coffer exec -u 1 -t ''"));
	CHECK_STR("freeze\n", complete(arena, "coffer run --oom f"));
	CHECK_STR("raise\nreclaim\nresume\n", complete(arena, "coffer oom r"));
	CHECK_STR("box\n", complete(arena, "coffer oom show ''"));
	CHECK_STR("--all\n", complete(arena, "coffer oom kill --a"));
	CHECK_STR("table\n", complete(arena, "coffer ps -f t"));
	CHECK_STR("--force\n", complete(arena, "coffer delete --f"));
	CHECK_STR("\n", complete(arena, "coffer create ''"));
	CHECK_STR("features\n", complete(arena, "coffer help f"));
}

/* ---- the zsh completion at work ---- */

static const struct {
	const char *line, *offered;
} zsh_rows[] = {
	{ "coffer sta", "start state stats" },
	{ "coffer create --b", "--bundle" },
	{ "coffer --roo", "--root --rootless" },
	{ "coffer --log-format j", "json" },
	{ "coffer --log-format=j", "json" },
	{ "coffer --log-format json --root /r sta", "start state stats" },
	{ "coffer --rootless=t", "true" },
	{ "coffer kill b", "box\ncalled: list -q" },
	{ "coffer --root /r kill b", "box\ncalled: --root /r list -q" },
	{ "coffer --root=/r kill b", "box\ncalled: --root /r list -q" },
	{ "coffer kill box US", "USR1 USR2" },
	{ "coffer exec -u 1 -t b", "box\ncalled: list -q" },
	{ "coffer top box b", "box\ncalled: list -q" },
	{ "coffer run --image d", "debian\ncalled: image list" },
	{ "coffer run --image=d", "debian\ncalled: image list" },
	{ "coffer run --oom f", "freeze" },
	{ "coffer run --oom-default=r", "raise:" },
	{ "coffer run --memory-s", "--memory-soft --memory-swap" },
	{ "coffer oom r", "raise reclaim resume" },
	{ "coffer oom show b", "box\ncalled: list -q" },
	{ "coffer ps -f t", "table" },
	{ "coffer delete --f", "--force\ncalled: list -q" },
	{ "coffer image pu", "pull push" },
	{ "coffer image pull --q", "--quiet\ncalled: image pull --help" },
	{ "coffer image save deb", "debian\ncalled: image list" },
	{ "coffer network disconnect l", "lan\ncalled: network list -q" },
	{ "coffer network disconnect lan b", "box\ncalled: list -q" },
	{ "coffer network create --sub", "--subnet --subnet6\ncalled: network create --help" },
	{ "coffer oom kill --a", "--all\ncalled: oom kill --help" },
	{ "coffer create x", "" },
	{ "coffer help fe", "features" },
};

static void zsh_completes(void)
{
	auto_arena struct arena *arena = arena_new();
	const char *script = COFFER_SOURCE "/tests/unit/cli/complete.zsh";
	const char *argv[ARRAY_SIZE(zsh_rows) + 4] = { "zsh", script, COFFER_SOURCE "/cli/completion" };
	char *text = arena_alloc(arena, DOCUMENT_MAX);
	const char *wanted = "";
	int out = memory_file();
	pid_t pid;

	for (size_t i = 0; i < ARRAY_SIZE(zsh_rows); i++) {
		argv[i + 3] = zsh_rows[i].line;
		wanted = arena_printf(arena, "%s%s\n%s\n", wanted, zsh_rows[i].line, zsh_rows[i].offered);
	}
	(void)fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		(void)dup2(out, STDOUT_FILENO);
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (proc_wait(pid) == 127)
		TEST_SKIP("no zsh here");
	take_output(out, text, DOCUMENT_MAX);
	CHECK_STR(wanted, text);
}

static const struct test tests[] = {
	TEST(help_fits_the_screen),
	TEST(help_of_a_verb),
	TEST(man_pages_have_every_option),
	TEST(man_pages_know_each_other),
	TEST(completions_have_every_option),
	TEST(completions_have_every_verb),
	TEST(bash_completes),
	TEST(zsh_completes),
};

TEST_MAIN(tests)
