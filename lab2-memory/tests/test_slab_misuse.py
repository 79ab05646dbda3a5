"""What a debug build says of misused objects: which, and who allocated and freed it."""

import re

import pytest

pytestmark = pytest.mark.needs("2.1", "2.2", "2.5")

GADGET = r"gadget 0x[0-9a-f]+, allocated at maker\+0x[0-9a-f]+"
FREED = GADGET + r", freed at breaker\+0x[0-9a-f]+"
KMALLOC = r"kmalloc(-\d+)? 0x[0-9a-f]+, allocated at kmalloc_maker\+0x[0-9a-f]+"
KFREED = KMALLOC + r", freed at kfree_breaker\+0x[0-9a-f]+"

MISUSES = {
    "free_twice": "double free: " + FREED,
    "write_to_free": "use after free: byte 5 is 0x41: " + FREED,
    "write_to_free_and_drain": "use after free: byte 39 is 0x41: " + FREED,
    "write_behind": "write behind an object: byte 40 of 40 is 0x41: " + GADGET,
    "write_before": "write before an object: byte -1 of 40 is 0x41: " + GADGET,
    "write_far_before": "free, and what lies before it is damaged: gadget 0x",
    "write_behind_and_check": "write behind an object: byte 47 of 40 is 0x41: " + GADGET,
    "free_elsewhere": "free by way of cache widget: " + GADGET,
    "free_inside": "free of 0x[0-9a-f]+, 8 bytes into an object: " + GADGET,
    "free_before_first": "free of 0x[0-9a-f]+, which is no object of its slab in cache gadget",
    "free_on_stack": "free of 0x[0-9a-f]+, where no memory is ever allocated",
    "free_page": "free of 0x[0-9a-f]+, which is in use as something else: pages",
    "free_of_free_page": r"double free\? free of 0x[0-9a-f]+, and its page is free",
    "hand_out_twice": "allocation of an object while it is in use: " + GADGET,
    "give_slab_back_early": "slab is given back while it is in use: " + GADGET,
    "destroy_early": "slab cache gadget is destroyed, and 2 of its objects are in use",
    "kmalloc_behind": "write behind an object: byte 13 of 13 is 0x41: " + KMALLOC,
    "kfree_twice": "double free: " + KFREED,
    "kfree_of_object": r"double free: gadget 0x[0-9a-f]+, allocated at maker\+0x[0-9a-f]+, freed at kfree_breaker",
    "krealloc_of_free": "use after free: " + KFREED,
    "krealloc_inside": "use of 0x[0-9a-f]+, 16 bytes into an object: " + KMALLOC,
    "krealloc_behind": r"write behind an object: byte 99 of 99 is 0x41: kmalloc-128 0x[0-9a-f]+, allocated at krealloc_behind",
    "large_twice": r"double free: kmalloc 0x[0-9a-f]+, freed at kfree_breaker\+0x",
    "large_behind": "write behind an object: byte 5000 of 5000 is 0x41: " + KMALLOC,
    "large_inside": "free of 0x[0-9a-f]+, 4096 bytes into an object: " + KMALLOC,
    "large_krealloc_of_free": r"use after free: kmalloc 0x[0-9a-f]+, freed at kfree_breaker\+0x",
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_misuse_is_named(ktest, misuse):
    """The panic says what was done to which object, and the functions that had to do with it."""
    end = ktest("slab_misuse", input=[misuse], check=False).end
    assert end.kind == "panicked", f"{end.kind}: nobody noticed"
    assert re.match(MISUSES[misuse], end.detail), f"{end.detail!r} should begin with {MISUSES[misuse]!r}"
