/* test_scope_name.c - "SLICE:PREFIX:NAME" to a unit, its slice and its cgroup. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "cgroups/scope_name.h"
#include "tests/unit/test.h"

static void names_and_their_paths(void)
{
	static const struct {
		const char *text, *slice, *unit, *path;
	} cases[] = {
		{ NULL, "d.slice", "coffer-id.scope", "/m/d.slice/coffer-id.scope" },
		{ "", "d.slice", "coffer-id.scope", "/m/d.slice/coffer-id.scope" },
		{ "machine.slice:libpod:12ab", "machine.slice", "libpod-12ab.scope",
		  "/m/machine.slice/libpod-12ab.scope" },
		{ ":p:n", "d.slice", "p-n.scope", "/m/d.slice/p-n.scope" },
		{ "::n", "d.slice", "n.scope", "/m/d.slice/n.scope" },
		{ "-.slice:p:n", "-.slice", "p-n.scope", "/m/p-n.scope" },
		{ "a-b-c.slice:p:n", "a-b-c.slice", "p-n.scope", "/m/a.slice/a-b.slice/a-b-c.slice/p-n.scope" },
		{ "kubepods-besteffort-pod1_2.slice:cri-containerd:ab", "kubepods-besteffort-pod1_2.slice",
		  "cri-containerd-ab.scope",
		  "/m/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1_2.slice/"
		  "cri-containerd-ab.scope" },
		{ "a.slice:p:n+m", "a.slice", "p-n\\x2bm.scope", "/m/a.slice/p-n\\x2bm.scope" },
		{ "a.slice:p:n:m", "a.slice", "p-n:m.scope", "/m/a.slice/p-n:m.scope" },
		/* What could be a file of the kernel, and what begins as its replacement does. */
		{ "memory.slice::n", "memory.slice", "n.scope", "/m/_memory.slice/n.scope" },
		{ "memory-cgroup.slice::n", "memory-cgroup.slice", "n.scope",
		  "/m/_memory.slice/memory-cgroup.slice/n.scope" },
		{ "io.a.slice::n", "io.a.slice", "n.scope", "/m/_io.a.slice/n.scope" },
		{ "_a.slice::_n", "_a.slice", "_n.scope", "/m/__a.slice/__n.scope" },
		{ "a.slice::cgroup", "a.slice", "cgroup.scope", "/m/a.slice/_cgroup.scope" },
		{ "a.slice::.n", "a.slice", ".n.scope", "/m/a.slice/_.n.scope" },
		{ "a.slice:cpus:n", "a.slice", "cpus-n.scope", "/m/a.slice/cpus-n.scope" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_free char *path = NULL;
		struct scope_name name, back;
		struct error err;

		CHECK_INT(0, scope_name_parse(cases[i].text, "id", "d.slice", &name, &err));
		CHECK_STR(cases[i].slice, name.slice);
		CHECK_STR(cases[i].unit, name.unit);
		path = scope_name_path(&name, "/m");
		CHECK_STR(cases[i].path, path);
		CHECK_INT(0, scope_name_of_path(path, "/m", &back));
		CHECK_STR(name.slice, back.slice);
		CHECK_STR(name.unit, back.unit);
	}
}

static void what_another_manager_has_is_no_unit_of_this_one(void)
{
	static const char user[] = "/user.slice/user-1000.slice/user@1000.service";
	static const struct {
		const char *path, *manager;
	} cases[] = {
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/n.scope", "" },
		{ "/user.slice/user-1000.slice/user@1000.service/n.scope", "" },
		{ "/system.slice/n.scope", user },
		{ "/n.scope", user },
		{ "/a-b.slice/n.scope", "" },
		{ "/memory.slice/n.scope", "" },
		{ "n.scope", "/m" },
	};
	struct scope_name name;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_INT(-ENOENT, scope_name_of_path(cases[i].path, cases[i].manager, &name));
	CHECK_INT(0, scope_name_of_path("/user.slice/user-1000.slice/user@1000.service/n.scope", user, &name));
	CHECK_STR("-.slice", name.slice);
	CHECK_INT(0, scope_name_of_path("/n.scope", "", &name));
	CHECK_STR("n.scope", name.unit);
}

static void what_is_none_is_refused(void)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "/a/b", "is not SLICE:PREFIX:NAME" },
		{ "name", "is not SLICE:PREFIX:NAME" },
		{ "a.slice:name", "is not SLICE:PREFIX:NAME" },
		{ "a.slice:prefix:", "is not SLICE:PREFIX:NAME" },
		{ "a.slice:../x:n", "is not SLICE:PREFIX:NAME" },
		{ "a.slice:p:n.slice", "names a slice" },
		{ "a:p:n", "is not the name of a slice" },
		{ ".slice:p:n", "is not the name of a slice" },
		{ "a--b.slice:p:n", "is not the name of a slice" },
		{ "-a.slice:p:n", "is not the name of a slice" },
		{ "a-.slice:p:n", "is not the name of a slice" },
		{ "--.slice:p:n", "is not the name of a slice" },
		{ "a b.slice:p:n", "is not the name of a slice" },
	};
	struct scope_name name;
	struct error err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_INT(-EINVAL, scope_name_parse(cases[i].text, "id", "d.slice", &name, &err));
		CHECK_CONTAINS(cases[i].why, err.text);
	}
}

static void a_name_has_as_many_bytes_as_systemd_takes(void)
{
	char text[600] = "a.slice:p:";
	struct scope_name name;
	struct error err;
	size_t begin = strlen(text);
	size_t longest = 255 - strlen("p-.scope");

	memset(text + begin, 'x', longest);
	CHECK_INT(0, scope_name_parse(text, "id", "d.slice", &name, &err));
	CHECK_INT(255, strlen(name.unit));
	text[begin + longest] = 'x';
	CHECK_INT(-EINVAL, scope_name_parse(text, "id", "d.slice", &name, &err));
	CHECK_CONTAINS("is longer than a name of systemd may be", err.text);
	memset(text, 'x', 300);
	memcpy(text + 300, ".slice:p:n", sizeof(".slice:p:n"));
	CHECK_INT(-EINVAL, scope_name_parse(text, "id", "d.slice", &name, &err));
}

static const struct test tests[] = {
	TEST(names_and_their_paths),
	TEST(what_another_manager_has_is_no_unit_of_this_one),
	TEST(what_is_none_is_refused),
	TEST(a_name_has_as_many_bytes_as_systemd_takes),
};
TEST_MAIN(tests)
