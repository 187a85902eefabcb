/*
 * mount_option.c - the one table of mount option words: runtime-spec 1.3 config.md "Linux mount options", three more.
 *
 * A word changes one of: an attribute of this mount (MOUNT_ATTR_*), the same of this mount and all below it (the words
 * with "r" in front), a propagation, or one bool of struct mount. Of words that contradict each other the later wins,
 * as in mount(8). The table is sorted by name, since a config has some sixty words and each is looked up.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/syscalls.h"
#include "mount.h"

enum word_kind {
	WORD_IGNORE,   /* accepted without effect, reason beside the row */
	WORD_SET,      /* attribute on */
	WORD_CLEAR,    /* attribute off */
	WORD_ATIME,    /* one of the three access-time modes, which share a field */
	WORD_NO_ATIME, /* not that mode: back to relatime, the kernel's default */
	WORD_REC_SET,  /* the same four, recursive */
	WORD_REC_CLEAR,
	WORD_REC_ATIME,
	WORD_REC_NO_ATIME,
	WORD_PROPAGATE, /* value: MS_* */
	WORD_ON,        /* value: offset of a bool in struct mount */
	WORD_OFF,
};

#define AT(member) offsetof(struct mount, member)

/*
 * iversion: every file system that can keep i_version does so always since Linux 6.1; fsconfig(2) has no such word.
 * mand: mandatory locks left the kernel with 5.15. silent, loud: the new mount API has no such flag.
 * norelatime: another mode is chosen by its own name. defaults: names what is already so.
 */
#define OPTIONS(X)                                                                                                     \
	X("async", WORD_OFF, AT(sync))                                                                                 \
	X("atime", WORD_NO_ATIME, MOUNT_ATTR_NOATIME)                                                                  \
	X("bind", WORD_ON, AT(bind))                                                                                   \
	X("copy-symlink", WORD_ON, AT(copy_symlink))                                                                   \
	X("defaults", WORD_IGNORE, 0)                                                                                  \
	X("dest-nofollow", WORD_ON, AT(destination_nofollow))                                                          \
	X("dev", WORD_CLEAR, MOUNT_ATTR_NODEV)                                                                         \
	X("diratime", WORD_CLEAR, MOUNT_ATTR_NODIRATIME)                                                               \
	X("dirsync", WORD_ON, AT(dirsync))                                                                             \
	X("exec", WORD_CLEAR, MOUNT_ATTR_NOEXEC)                                                                       \
	X("idmap", WORD_ON, AT(idmap))                                                                                 \
	X("iversion", WORD_IGNORE, 0)                                                                                  \
	X("lazytime", WORD_ON, AT(lazytime))                                                                           \
	X("loud", WORD_IGNORE, 0)                                                                                      \
	X("mand", WORD_IGNORE, 0)                                                                                      \
	X("noatime", WORD_ATIME, MOUNT_ATTR_NOATIME)                                                                   \
	X("nodev", WORD_SET, MOUNT_ATTR_NODEV)                                                                         \
	X("nodiratime", WORD_SET, MOUNT_ATTR_NODIRATIME)                                                               \
	X("noexec", WORD_SET, MOUNT_ATTR_NOEXEC)                                                                       \
	X("noiversion", WORD_IGNORE, 0)                                                                                \
	X("nolazytime", WORD_OFF, AT(lazytime))                                                                        \
	X("nomand", WORD_IGNORE, 0)                                                                                    \
	X("norelatime", WORD_IGNORE, 0)                                                                                \
	X("nostrictatime", WORD_NO_ATIME, MOUNT_ATTR_STRICTATIME)                                                      \
	X("nosuid", WORD_SET, MOUNT_ATTR_NOSUID)                                                                       \
	X("nosymfollow", WORD_SET, MOUNT_ATTR_NOSYMFOLLOW)                                                             \
	X("private", WORD_PROPAGATE, MS_PRIVATE)                                                                       \
	X("ratime", WORD_REC_NO_ATIME, MOUNT_ATTR_NOATIME)                                                             \
	X("rbind", WORD_ON, AT(recursive_bind))                                                                        \
	X("rdev", WORD_REC_CLEAR, MOUNT_ATTR_NODEV)                                                                    \
	X("rdiratime", WORD_REC_CLEAR, MOUNT_ATTR_NODIRATIME)                                                          \
	X("relatime", WORD_ATIME, MOUNT_ATTR_RELATIME)                                                                 \
	X("remount", WORD_ON, AT(remount))                                                                             \
	X("rexec", WORD_REC_CLEAR, MOUNT_ATTR_NOEXEC)                                                                  \
	X("ridmap", WORD_ON, AT(idmap))                                                                                \
	X("rnoatime", WORD_REC_ATIME, MOUNT_ATTR_NOATIME)                                                              \
	X("rnodev", WORD_REC_SET, MOUNT_ATTR_NODEV)                                                                    \
	X("rnodiratime", WORD_REC_SET, MOUNT_ATTR_NODIRATIME)                                                          \
	X("rnoexec", WORD_REC_SET, MOUNT_ATTR_NOEXEC)                                                                  \
	X("rnorelatime", WORD_IGNORE, 0)                                                                               \
	X("rnostrictatime", WORD_REC_NO_ATIME, MOUNT_ATTR_STRICTATIME)                                                 \
	X("rnosuid", WORD_REC_SET, MOUNT_ATTR_NOSUID)                                                                  \
	X("rnosymfollow", WORD_REC_SET, MOUNT_ATTR_NOSYMFOLLOW)                                                        \
	X("ro", WORD_SET, MOUNT_ATTR_RDONLY)                                                                           \
	X("rprivate", WORD_PROPAGATE, MS_PRIVATE | MS_REC)                                                             \
	X("rrelatime", WORD_REC_ATIME, MOUNT_ATTR_RELATIME)                                                            \
	X("rro", WORD_REC_SET, MOUNT_ATTR_RDONLY)                                                                      \
	X("rrw", WORD_REC_CLEAR, MOUNT_ATTR_RDONLY)                                                                    \
	X("rshared", WORD_PROPAGATE, MS_SHARED | MS_REC)                                                               \
	X("rslave", WORD_PROPAGATE, MS_SLAVE | MS_REC)                                                                 \
	X("rstrictatime", WORD_REC_ATIME, MOUNT_ATTR_STRICTATIME)                                                      \
	X("rsuid", WORD_REC_CLEAR, MOUNT_ATTR_NOSUID)                                                                  \
	X("rsymfollow", WORD_REC_CLEAR, MOUNT_ATTR_NOSYMFOLLOW)                                                        \
	X("runbindable", WORD_PROPAGATE, MS_UNBINDABLE | MS_REC)                                                       \
	X("rw", WORD_CLEAR, MOUNT_ATTR_RDONLY)                                                                         \
	X("shared", WORD_PROPAGATE, MS_SHARED)                                                                         \
	X("silent", WORD_IGNORE, 0)                                                                                    \
	X("slave", WORD_PROPAGATE, MS_SLAVE)                                                                           \
	X("src-nofollow", WORD_ON, AT(source_nofollow))                                                                \
	X("strictatime", WORD_ATIME, MOUNT_ATTR_STRICTATIME)                                                           \
	X("suid", WORD_CLEAR, MOUNT_ATTR_NOSUID)                                                                       \
	X("symfollow", WORD_CLEAR, MOUNT_ATTR_NOSYMFOLLOW)                                                             \
	X("sync", WORD_ON, AT(sync))                                                                                   \
	X("tmpcopyup", WORD_ON, AT(tmpcopyup))                                                                         \
	X("unbindable", WORD_PROPAGATE, MS_UNBINDABLE)

struct word {
	const char *name;
	enum word_kind kind;
	uint64_t value;
};

#define AS_WORD(name_, kind_, value_) { .name = (name_), .kind = (kind_), .value = (value_) },
#define AS_NAME(name_, kind_, value_) (name_),

static const struct word words[] = { OPTIONS(AS_WORD) };
static const char *const names[] = { OPTIONS(AS_NAME) NULL };

static_assert(ARRAY_SIZE(names) == ARRAY_SIZE(words) + 1, "one name a word");

const char *const *mount_option_names(void)
{
	return names;
}

static int compare_word(const void *name, const void *word)
{
	return strcmp(name, ((const struct word *)word)->name);
}

static void set_bits(uint64_t *set, uint64_t *clear, uint64_t bits)
{
	*set |= bits;
	*clear &= ~bits;
}

static void clear_bits(uint64_t *set, uint64_t *clear, uint64_t bits)
{
	*set &= ~bits;
	*clear |= bits;
}

/* mount_setattr(2): the access-time modes are values of one field, which must be cleared as a whole to change. */
static void set_atime(uint64_t *set, uint64_t *clear, uint64_t mode)
{
	*clear |= MOUNT_ATTR__ATIME;
	*set = (*set & ~(uint64_t)MOUNT_ATTR__ATIME) | mode;
}

static void apply_attribute(struct mount *mount, const struct word *word, enum word_kind kind, bool recursive)
{
	uint64_t *set = recursive ? &mount->recursive_set : &mount->attr_set;
	uint64_t *clear = recursive ? &mount->recursive_clear : &mount->attr_clear;

	if (kind == WORD_SET)
		set_bits(set, clear, word->value);
	else if (kind == WORD_CLEAR)
		clear_bits(set, clear, word->value);
	else if (kind == WORD_ATIME)
		set_atime(set, clear, word->value);
	else
		set_atime(set, clear, *set & MOUNT_ATTR__ATIME & ~word->value);
}

/* A recursive word speaks of this mount too, so it takes back what an earlier plain word said of the same attribute. */
static void forget_plain(struct mount *mount, uint64_t bits)
{
	mount->attr_set &= ~bits;
	mount->attr_clear &= ~bits;
}

static void apply_recursive(struct mount *mount, const struct word *word)
{
	bool atime = word->kind == WORD_REC_ATIME || word->kind == WORD_REC_NO_ATIME;

	forget_plain(mount, atime ? MOUNT_ATTR__ATIME : word->value);
	if (word->value == MOUNT_ATTR_RDONLY && !atime)
		mount->super_read_only = false;
	apply_attribute(mount, word, WORD_SET + (word->kind - WORD_REC_SET), true);
}

static_assert(WORD_NO_ATIME - WORD_SET == WORD_REC_NO_ATIME - WORD_REC_SET, "plain and recursive kinds run parallel");

static void apply_bool(struct mount *mount, const struct word *word)
{
	if (word->value == AT(idmap)) {
		mount->idmap = word->name[0] == 'r' ? MOUNT_IDMAP_RECURSIVE : MOUNT_IDMAP_PLAIN;
		return;
	}
	if (word->value == AT(recursive_bind))
		mount->bind = true;
	*((bool *)mount + word->value) = word->kind == WORD_ON;
}

/* Room is doubled whenever n_data reaches a power of two, so that many words cost no quadratic memory. */
static void add_data(struct arena *arena, struct mount *mount, const char *option)
{
	size_t count = mount->n_data;

	if ((count & (count - 1)) == 0) {
		const char **data = arena_array(arena, count ? 2 * count : 1, sizeof(*data));

		if (count > 0)
			memcpy(data, mount->data, count * sizeof(*data));
		mount->data = data;
	}
	mount->data[mount->n_data++] = option;
}

static int apply_unknown(struct arena *arena, struct mount *mount, const char *option, struct error *err)
{
	/* mount(8): "x-..." and "X-..." are notes for programs in user space, never for the kernel. */
	if (str_starts(option, "x-") || str_starts(option, "X-"))
		return 0;
	if (*option == '\0')
		return refuse(err, "an empty mount option; remove it");
	if (mount->bind)
		return refuse(
			err,
			"mount option \"%.64s\" is not known, and a bind mount has no file system options; remove it",
			option);
	add_data(arena, mount, arena_strdup(arena, option));
	return 0;
}

int mount_option_apply(struct arena *arena, struct mount *mount, const char *option, struct error *err)
{
	const struct word *word = bsearch(option, words, ARRAY_SIZE(words), sizeof(*words), compare_word);

	if (!word)
		return apply_unknown(arena, mount, option, err);
	switch (word->kind) {
	case WORD_IGNORE:
		break;
	case WORD_SET:
	case WORD_CLEAR:
	case WORD_ATIME:
	case WORD_NO_ATIME:
		apply_attribute(mount, word, word->kind, false);
		if (word->value == MOUNT_ATTR_RDONLY)
			mount->super_read_only = word->kind == WORD_SET;
		break;
	case WORD_REC_SET:
	case WORD_REC_CLEAR:
	case WORD_REC_ATIME:
	case WORD_REC_NO_ATIME:
		apply_recursive(mount, word);
		break;
	case WORD_PROPAGATE:
		mount->propagation = word->value;
		break;
	case WORD_ON:
	case WORD_OFF:
		apply_bool(mount, word);
		break;
	}
	return 0;
}
