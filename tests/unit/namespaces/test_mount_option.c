/* Tests of namespaces/mount_option.c: the table, and which of two contradicting words wins. */

#include "namespaces/mount.h"

#include "base/syscalls.h"
#include "../test.h"

static struct error err;

static struct mount apply(struct arena *arena, bool bind, const char *words)
{
	struct mount mount = { .bind = bind };
	char copy[256];
	char *rest = NULL;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
		if (mount_option_apply(arena, &mount, word, &err) < 0)
			test_stop(TEST_FAILED, "%s: %s", words, err.text);
	return mount;
}

static void names_are_sorted(void)
{
	const char *const *names = mount_option_names();
	size_t count = 0;

	for (; names[count]; count++)
		CHECK(count == 0 || strcmp(names[count - 1], names[count]) < 0);
	CHECK(count > 60);
}

/* runtime-spec 1.3 config.md, "Linux mount options". */
static const char *const spec_words[] = {
	"async",
	"atime",
	"bind",
	"defaults",
	"dev",
	"diratime",
	"dirsync",
	"exec",
	"iversion",
	"lazytime",
	"loud",
	"mand",
	"noatime",
	"nodev",
	"nodiratime",
	"noexec",
	"noiversion",
	"nolazytime",
	"nomand",
	"norelatime",
	"nostrictatime",
	"nosuid",
	"nosymfollow",
	"private",
	"ratime",
	"rbind",
	"rdev",
	"rdiratime",
	"relatime",
	"remount",
	"rexec",
	"rnoatime",
	"rnodev",
	"rnodiratime",
	"rnoexec",
	"rnorelatime",
	"rnostrictatime",
	"rnosuid",
	"rnosymfollow",
	"ro",
	"rprivate",
	"rrelatime",
	"rro",
	"rrw",
	"rshared",
	"rslave",
	"rstrictatime",
	"rsuid",
	"rsymfollow",
	"runbindable",
	"rw",
	"shared",
	"silent",
	"slave",
	"strictatime",
	"suid",
	"symfollow",
	"sync",
	"tmpcopyup",
	"unbindable",
	"idmap",
	"ridmap",
};

static bool is_listed(const char *word)
{
	for (const char *const *name = mount_option_names(); *name; name++)
		if (strcmp(*name, word) == 0)
			return true;
	return false;
}

static void knows_the_spec(void)
{
	auto_arena struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof(spec_words) / sizeof(*spec_words); i++) {
		if (!is_listed(spec_words[i]))
			test_stop(TEST_FAILED, "%s is not listed", spec_words[i]);
		CHECK_INT(0, apply(arena, true, spec_words[i]).n_data);
	}
}

static const struct {
	const char *words;
	uint64_t set, clear, rec_set, rec_clear;
	bool super_read_only;
} rows[] = {
	{ "ro", MOUNT_ATTR_RDONLY, 0, 0, 0, true },
	{ "rw", 0, MOUNT_ATTR_RDONLY, 0, 0, false },
	{ "ro,rw", 0, MOUNT_ATTR_RDONLY, 0, 0, false },
	{ "rw,ro", MOUNT_ATTR_RDONLY, 0, 0, 0, true },
	{ "nosuid,nodev,noexec", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, 0, 0, false },
	{ "nosuid,suid", 0, MOUNT_ATTR_NOSUID, 0, 0, false },
	{ "exec,dev", 0, MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV, 0, 0, false },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0, 0, 0, false },
	{ "nosymfollow,symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW, 0, 0, false },
	{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, 0, 0, false },
	{ "noatime,strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME, 0, 0, false },
	{ "noatime,relatime", 0, MOUNT_ATTR__ATIME, 0, 0, false },
	{ "noatime,atime", 0, MOUNT_ATTR__ATIME, 0, 0, false },
	{ "strictatime,atime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME, 0, 0, false },
	{ "strictatime,nostrictatime", 0, MOUNT_ATTR__ATIME, 0, 0, false },
	{ "noatime,nostrictatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, 0, 0, false },
	{ "noatime,nodiratime", MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODIRATIME, MOUNT_ATTR__ATIME, 0, 0, false },
	{ "nodiratime,diratime", 0, MOUNT_ATTR_NODIRATIME, 0, 0, false },
	{ "rro", 0, 0, MOUNT_ATTR_RDONLY, 0, false },
	{ "rro,rrw", 0, 0, 0, MOUNT_ATTR_RDONLY, false },
	{ "ro,rro", 0, 0, MOUNT_ATTR_RDONLY, 0, false },
	{ "ro,rrw", 0, 0, 0, MOUNT_ATTR_RDONLY, false },
	{ "rro,rw", 0, MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY, 0, false },
	{ "rnosuid,rnodev,rnoexec", 0, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, false },
	{ "rnosuid,rsuid", 0, 0, 0, MOUNT_ATTR_NOSUID, false },
	{ "rnoatime", 0, 0, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, false },
	{ "rnoatime,ratime", 0, 0, 0, MOUNT_ATTR__ATIME, false },
	{ "rnoatime,rstrictatime", 0, 0, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME, false },
	{ "noatime,rrelatime", 0, 0, 0, MOUNT_ATTR__ATIME, false },
	{ "defaults,silent,loud,mand,nomand,iversion,noiversion,norelatime", 0, 0, 0, 0, false },
};

static void attributes(void)
{
	auto_arena struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct mount m = apply(arena, true, rows[i].words);

		if (m.attr_set != rows[i].set || m.attr_clear != rows[i].clear || m.recursive_set != rows[i].rec_set ||
		    m.recursive_clear != rows[i].rec_clear || m.super_read_only != rows[i].super_read_only)
			test_stop(TEST_FAILED, "%s: set %#llx clear %#llx recursive %#llx %#llx super ro %d",
				  rows[i].words, (unsigned long long)m.attr_set, (unsigned long long)m.attr_clear,
				  (unsigned long long)m.recursive_set, (unsigned long long)m.recursive_clear,
				  m.super_read_only);
		/* What mount_setattr(2) demands: nothing set and cleared at once, but for the access-time field. */
		CHECK_INT(0, m.attr_set & m.attr_clear & ~(uint64_t)MOUNT_ATTR__ATIME);
		CHECK_INT(0, m.recursive_set & m.recursive_clear & ~(uint64_t)MOUNT_ATTR__ATIME);
	}
}

static void propagation(void)
{
	auto_arena struct arena *arena = arena_new();

	CHECK_INT(MS_PRIVATE, apply(arena, true, "private").propagation);
	CHECK_INT(MS_SLAVE | MS_REC, apply(arena, true, "rprivate,rslave").propagation);
	CHECK_INT(MS_SHARED, apply(arena, true, "rslave,shared").propagation);
	CHECK_INT(MS_UNBINDABLE | MS_REC, apply(arena, true, "runbindable").propagation);
}

static void bools(void)
{
	auto_arena struct arena *arena = arena_new();
	struct mount m =
		apply(arena, false, "sync,dirsync,lazytime,tmpcopyup,copy-symlink,src-nofollow,dest-nofollow,remount");

	CHECK(m.sync && m.dirsync && m.lazytime && m.tmpcopyup && m.copy_symlink && m.source_nofollow &&
	      m.destination_nofollow && m.remount && !m.bind);
	m = apply(arena, false, "sync,lazytime,async,nolazytime");
	CHECK(!m.sync && !m.lazytime);
	m = apply(arena, false, "bind");
	CHECK(m.bind && !m.recursive_bind);
	m = apply(arena, false, "rbind");
	CHECK(m.bind && m.recursive_bind);
	CHECK_INT(MOUNT_IDMAP_PLAIN, apply(arena, true, "ridmap,idmap").idmap);
	CHECK_INT(MOUNT_IDMAP_RECURSIVE, apply(arena, true, "idmap,ridmap").idmap);
}

static void data(void)
{
	auto_arena struct arena *arena = arena_new();
	struct mount m = apply(arena, false, "mode=755,size=64k,ro,x-mark,X-mark=1,nr_inodes=5,gid=5,uid=1");

	CHECK_INT(5, m.n_data);
	CHECK_STR("mode=755", m.data[0]);
	CHECK_STR("size=64k", m.data[1]);
	CHECK_STR("nr_inodes=5", m.data[2]);
	CHECK_STR("gid=5", m.data[3]);
	CHECK_STR("uid=1", m.data[4]);
}

static void refuses(void)
{
	auto_arena struct arena *arena = arena_new();
	struct mount bind = { .bind = true };
	struct mount fresh = { 0 };

	CHECK_INT(-22, mount_option_apply(arena, &bind, "mode=755", &err));
	CHECK_CONTAINS("\"mode=755\" is not known", err.text);
	CHECK_INT(-22, mount_option_apply(arena, &bind, "RO", &err));
	CHECK_INT(-22, mount_option_apply(arena, &bind, "", &err));
	CHECK_INT(-22, mount_option_apply(arena, &fresh, "", &err));
	CHECK_CONTAINS("empty", err.text);
}

static const struct test tests[] = {
	TEST(names_are_sorted), TEST(knows_the_spec), TEST(attributes), TEST(propagation), TEST(bools), TEST(data),
	TEST(refuses),
};
TEST_MAIN(tests)
