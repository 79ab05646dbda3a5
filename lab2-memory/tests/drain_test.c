/* A space that has given its pages back before its end. */
#include "lab2-memory/tests/spaces.h"

KTEST(fault_drained, "2.7", "a drained space has no pages, gets none, and so do its clones")
{
	struct vm_space *space = new_space(), *clone;
	struct thing thing;

	thing_init(&thing);
	map(space, BASE, 2 * LARGE_PAGE, RW);
	map_object(space, BASE + 4 * LARGE_PAGE, 2, MAP_SHARED, &thing.object, 0);
	write_word(space, BASE, 7);
	write_word(space, BASE + 4 * LARGE_PAGE + P, 8);
	fault(space, BASE + LARGE_PAGE + P, PROT_READ);
	vm_space_drain(space);
	clone = clone_of(space);
	KT_EQ(space->resident, 0);
	KT_EQ(space->mapped, 2 * LARGE_PAGE + 2 * P);
	KT_EQ(space->pagetable.tables, 1);
	KT_EQ(vm_fault(space, BASE, PROT_READ), VM_NO_MEMORY);
	KT_EQ(vm_fault(space, BASE - P, PROT_READ), VM_NO_REGION);
	KT_EQ(vm_fault(clone, BASE, PROT_WRITE), VM_NO_MEMORY);
	vm_space_destroy(clone);
	vm_space_destroy(space);
	thing_is_unmapped(&thing);
	vm_object_put(&thing.object);
}
