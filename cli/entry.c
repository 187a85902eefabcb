/*
 * entry.c - where the program begins on x86-64. A program without fixed addresses first writes its own into all its
 * tables, 70 KiB, which is done here before the C library begins: a fifth less time for a short command. One call gets
 * the pages, each of which would be a fault of its own (a kernel before 5.14 does not know it, which changes nothing).
 * Then the addresses, of which the linker leaves a bit map (-z pack-relative-relocs, DT_RELR of the ELF gABI), where
 * its usual list is longer than the tables themselves.
 */
#include <asm/mman.h>
#include <asm/unistd.h>
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

enum { PAGE_MASK = -4096, MAP_BITS = 63 };
enum { TAG_RELRSZ = 35, TAG_RELR = 36 }; /* newer than musl's elf.h */

void coffer_entry(void) __attribute__((naked, no_stack_protector));
void coffer_relocate(Elf64_Dyn *dynamic, char *base) __attribute__((used, no_stack_protector, visibility("hidden")));

/* An even entry is the place of an address; an odd one tells by its upper 63 bits which of the words behind the last
   such place, or behind what the last map told of, are addresses too. A C library that knows this form finds nothing
   left of it. */
void coffer_relocate(Elf64_Dyn *dynamic, char *base)
{
	const uint64_t *entry = (const uint64_t *)base;
	uint64_t *word = (uint64_t *)base;
	size_t count = 0;

	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		if (dynamic->d_tag == TAG_RELR)
			entry = (const uint64_t *)(base + dynamic->d_un.d_ptr);
		if (dynamic->d_tag != TAG_RELRSZ)
			continue;
		count = dynamic->d_un.d_val / sizeof(*entry);
		dynamic->d_un.d_val = 0;
	}
	for (; count > 0; count--, entry++) {
		if (*entry & 1) {
			for (uint64_t map = *entry >> 1; map; map &= map - 1)
				word[__builtin_ctzll(map)] += (uint64_t)base;
			word += MAP_BITS;
		} else {
			word = (uint64_t *)(base + *entry);
			*word++ += (uint64_t)base;
		}
	}
}

/* madvise(first page of the tables, up to the end of the data, MADV_POPULATE_WRITE); the addresses; then as always. */
void coffer_entry(void)
{
	__asm__("lea __init_array_start(%%rip), %%rdi\n"
		"and %2, %%rdi\n"
		"lea _edata(%%rip), %%rsi\n"
		"sub %%rdi, %%rsi\n"
		"mov %1, %%edx\n"
		"mov %0, %%eax\n"
		"syscall\n"
		"lea _DYNAMIC(%%rip), %%rdi\n"
		"lea __ehdr_start(%%rip), %%rsi\n"
		"call coffer_relocate\n"
		"xor %%edx, %%edx\n"
		"jmp _start"
		:
		: "i"(__NR_madvise), "i"(MADV_POPULATE_WRITE), "i"(PAGE_MASK));
}
