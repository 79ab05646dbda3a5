/* Descriptors: a table by itself, without a process. */
#include "lab1-boot/ktest/ktest.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/tests/files.h"

static unsigned released;

static void count_release(struct file *file)
{
	(void)file;
	released++;
}

static const struct file_ops counted_ops = { .name = "counted", .release = count_release };

static struct file *counted(void)
{
	struct file *file = file_create(&counted_ops, O_RDWR, NULL);

	KT_REQUIRE(file);
	return file;
}

static struct file_table *new_table(void)
{
	struct file_table *table = table_create();

	KT_REQUIRE(table);
	released = 0;
	return table;
}

KTEST(table_lowest, "", "the lowest free number is taken, from where it is asked for")
{
	struct file_table *table = new_table();

	for (int i = 0; i < 5; i++)
		KT_EQ(table_install(table, counted(), 0, false), i);
	KT_EQ(table_close(table, 3), 0);
	KT_EQ(table_close(table, 1), 0);
	KT_EQ(table_install(table, counted(), 0, false), 1);
	KT_EQ(table_install(table, counted(), 0, false), 3);
	KT_EQ(table_install(table, counted(), 10, false), 10);
	KT_EQ(table_install(table, counted(), 10, false), 11);
	KT_EQ(table_install(table, counted(), 0, false), 5);
	KT_EQ(released, 2);
	table_put(table);
	KT_EQ(released, 10);
}

KTEST(table_grows, "", "there is room for as many as the limit says, and no more")
{
	struct file_table *table = new_table();
	struct file *file = counted();

	for (int i = 0; i < 1024; i++) {
		file_get(file);
		KT_EQ(table_install(table, file, 0, false), i);
	}
	KT_EQ(table_install(table, file, 0, false), -EMFILE);
	KT_EQ(table_replace(table, 1024, file, false), -EBADF);
	KT_EQ(table_replace(table, -1, file, false), -EBADF);
	table_put(table);
	KT_EQ(released, 0);
	file_put(file);
	KT_EQ(released, 1);
}

KTEST(table_bad_numbers, "", "what is not open cannot be closed, marked or found")
{
	struct file_table *table = new_table();
	static const int bad[] = { -1, 0, 31, 32, 5000, 0x7fffffff, -0x7fffffff - 1 };

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		KT_EQ(table_close(table, bad[i]), -EBADF);
		KT_EQ(table_mark(table, bad[i], true), -EBADF);
		KT_EQ(table_marked(table, bad[i]), -EBADF);
		KT_TRUE(!table_file_of(table, bad[i]));
	}
	table_put(table);
}

KTEST(table_closes_its_own, "", "who has put a file there takes that one away, and no other")
{
	struct file_table *table = new_table();
	struct file *file = counted();

	file_get(file);
	KT_EQ(table_install(table, file, 0, true), 0);
	KT_EQ(table_replace(table, 0, counted(), false), 0);
	KT_EQ(table_close_if(table, 0, file), -EBADF);
	KT_EQ(table_close_if(table, 1, file), -EBADF);
	KT_EQ(released, 0);
	file_get(file);
	KT_EQ(table_install(table, file, 0, true), 1);
	KT_EQ(table_close_if(table, 1, file), 0);
	KT_EQ(table_marked(table, 1), -EBADF);
	file_put(file);
	KT_EQ(released, 1);
	table_put(table);
	KT_EQ(released, 2);
}

KTEST(table_replaces, "", "dup2's way: what a number meant is closed, and others stay")
{
	struct file_table *table = new_table();
	struct file *file = counted(), *found;

	KT_EQ(table_install(table, counted(), 0, true), 0);
	KT_EQ(table_replace(table, 0, file, false), 0);
	KT_EQ(released, 1);
	KT_EQ(table_marked(table, 0), 0);
	found = table_file_of(table, 0);
	KT_TRUE(found == file);
	file_put(found);
	file_get(file);
	KT_EQ(table_replace(table, 100, file, true), 0);
	KT_EQ(table_marked(table, 100), 1);
	KT_EQ(table_install(table, counted(), 0, false), 1);
	table_put(table);
	KT_EQ(released, 3);
}

KTEST(table_cloned, "", "a clone has the same files, its own numbers, and outlives the first")
{
	struct file_table *table = new_table(), *clone;

	for (int i = 0; i < 40; i++)
		KT_EQ(table_install(table, counted(), 0, i == 7), i);
	clone = table_clone(table);
	KT_REQUIRE(clone);
	KT_EQ(table_close(table, 5), 0);
	KT_EQ(released, 0);
	KT_EQ(table_marked(clone, 5), 0);
	KT_EQ(table_marked(clone, 7), 1);
	KT_EQ(table_install(table, counted(), 0, false), 5);
	KT_EQ(table_install(clone, counted(), 0, false), 40);
	table_put(table);
	KT_EQ(released, 1);
	table_put(clone);
	KT_EQ(released, 42);
}

KTEST(table_exec, "", "exec closes what is marked, and a range can be closed or marked")
{
	struct file_table *table = new_table();

	for (int i = 0; i < 50; i++)
		KT_EQ(table_install(table, counted(), 0, i % 2), i);
	table_close_exec(table);
	KT_EQ(released, 25);
	table_mark_range(table, 40, 0xffffffff);
	KT_EQ(table_marked(table, 38), 0);
	KT_EQ(table_marked(table, 40), 1);
	table_close_range(table, 10, 19);
	KT_EQ(released, 30);
	KT_EQ(table_marked(table, 20), 0);
	KT_EQ(table_install(table, counted(), 2, false), 3);
	table_put(table);
	KT_EQ(released, 51);
}
