# Building the kernel of one stage: the directories lab1..labN linked together.
#
#   make -f grader/kernel.mk LAB=3 [DEBUG=1] [TESTS=1] [BENCH=1] [RACE=1] [BUILD=build/lab3]
#
# Run from the root of a tree. Everything made goes to $(BUILD): cub.elf, cub.sym
# (its symbols), objects and their dependencies under obj/. TESTS=1 links the
# kernel tests in, and implies DEBUG=1. BENCH=1 links the benchmarks in instead.
# RACE=1 lets the kernel look for data races (lab3-threads/explore/watch.h).
#
# A stage is a set of directories. From lower labs it leaves out the stand-ins
# that a lab.toml up to labN says it replaces.

LAB    ?= 1
PYTHON ?= /usr/bin/python3
CC      = gcc
LD      = ld
NM      = nm
OBJCOPY = objcopy
ifneq ($(TESTS),)
DEBUG  := 1
endif
BUILD  ?= build/lab$(LAB)$(if $(RACE),/race$(if $(TESTS),-test),$(if $(TESTS),/test,$(if $(BENCH),/bench,$(if $(DEBUG),/debug))))

labs      := $(foreach n,$(wordlist 1,$(LAB),1 2 3 4 5 6),$(wildcard lab$(n)-*))
replaced  := $(shell grep -ho '"lab[1-6]-[a-z]*/standin/[a-z0-9_]*\.[cS]"' $(labs:%=%/lab.toml) 2>/dev/null | tr -d '"')
elsewhere := $(foreach d,tests hidden user mutants,$(labs:%=%/$(d)/%))
sources   := $(foreach d,$(labs),$(wildcard $(d)/*.[cS] $(d)/*/*.[cS] $(d)/*/*/*.[cS]))
elsewhere += $(if $(TESTS)$(RACE),,lab3-threads/explore/%)
sources   := $(sort $(filter-out $(replaced) $(elsewhere),$(sources)))
tests     := $(foreach d,$(labs),$(sort $(wildcard $(d)/tests/*_test.c $(d)/hidden/*_test.c)))
benches   := $(foreach d,$(labs),$(sort $(wildcard $(d)/tests/*_bench.c)))
objects   := $(patsubst %,$(BUILD)/obj/%.o,$(sources) $(if $(TESTS),$(tests)) $(if $(BENCH),$(benches)))

# The compiler's own headers and Linux's UAPI headers, and no C library's.
uapi := $(BUILD)/uapi

warnings := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wvla
machine  := -m64 -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-pic -fno-pie \
	    -fcf-protection=none -fno-asynchronous-unwind-tables
frames   := -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer -fno-optimize-sibling-calls
language := -std=gnu11 -ffreestanding -nostdinc -fno-common -fno-strict-aliasing \
	    -fno-tree-loop-distribute-patterns # or memset's loop becomes a call of memset
include_ := -I. -isystem $(shell $(CC) -print-file-name=include) -isystem $(uapi)
checks   := $(if $(DEBUG),-DDEBUG -fsanitize=undefined -fstack-protector-strong \
	    -mstack-protector-guard=global,-fno-stack-protector)

# From lab 3 on the code of tests is explored: before each access to memory it calls the
# explorer (lab3-threads/explore/). With RACE=1 all labs' code calls it. What these calls
# themselves stand on cannot be. The constructor that the compiler adds for its own runtime
# is taken out of each object; any other is refused by kernel.ld. (-Wtsan: the compiler's own runtime knows no fences; ours does.)
silent   := $(foreach d,explore order trace,lab3-threads/$(d)/%) lab1-boot/boot/% lab1-boot/debug/% lab1-boot/ktest/%
explored := $(filter-out $(silent),$(if $(RACE),$(sources) $(tests),$(if $(TESTS),$(filter-out lab1-% lab2-%,$(sources) $(tests)))))
explore  := -fsanitize=thread --param tsan-instrument-func-entry-exit=0 \
	    --param tsan-distinguish-volatile=1 -Wno-tsan -include lab3-threads/explore/point.h
CFLAGS   := -O2 -g $(language) $(machine) $(frames) $(warnings) $(checks) $(if $(RACE),-DRACE) $(include_)
ASFLAGS  := -g -m64 -I. -D__ASSEMBLER__ $(warnings)
LDFLAGS  := -nostdlib -static -z noexecstack -z max-page-size=4096 --build-id=none \
	    --no-warn-rwx-segments --orphan-handling=error -T lab1-boot/kernel.ld

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: kernel prepared compiled
kernel: $(BUILD)/cub.elf $(BUILD)/compile_commands.json
	@:

# The two steps that build.py takes before: all that no student has written, and all that one may have.
prepared: $(BUILD)/compile_commands.json $(BUILD)/obj/font.o $(if $(TESTS),$(tests:%=$(BUILD)/obj/%.o))
	@:
compiled: $(sources:%=$(BUILD)/obj/%.o)
	@:

# Objects are made again when the way of making them changes, and the kernel is linked
# again when a file comes or goes: both stand in files that are only written when they
# differ.
remember = $(shell mkdir -p $(BUILD)/obj && echo '$(subst ','\'',$(2))' | cmp -s - $(BUILD)/$(1) || \
	    echo '$(subst ','\'',$(2))' > $(BUILD)/$(1))
$(call remember,flags,$(CC) $(CFLAGS) $(ASFLAGS) $(if $(explored),$(explore) $(silent)))
$(call remember,objects,$(LDFLAGS) $(objects) $(tests) $(benches))

$(uapi):
	@mkdir -p $@
	@ln -sfn /usr/include/linux $@/linux
	@ln -sfn /usr/include/asm-generic $@/asm-generic
	@ln -sfn /usr/include/x86_64-linux-gnu/asm $@/asm
	@ln -sfn /usr/include/elf.h $@/elf.h

# The names of Linux's system calls and errors, by their numbers, and what the C library says of these:
# for messages (lab 4).
names := $(uapi)/syscall_names.h $(uapi)/errno_names.h
$(BUILD)/obj/lab4-interrupts/call/names.c.o: $(names) # which -MMD takes for the system's
$(uapi)/syscall_names.h: grader/kernel.mk | $(uapi)
	@sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$$/[\2] = "\1",/p' $(uapi)/asm/unistd_64.h >$@
$(uapi)/errno_names.h: grader/kernel.mk | $(uapi)
	@sed -n 's:^#define[ \t]*\(E[A-Z0-9]*\)[ \t]*\([0-9][0-9]*\)[^0-9].*:\1 \2:p' $(uapi)/asm-generic/errno-base.h $(uapi)/asm-generic/errno.h | \
		$(PYTHON) -c 'import os, sys; [print("[%s] = { \"%s\", \"%s\" }," % (n, e, os.strerror(int(n)))) for e, n in map(str.split, sys.stdin)]' >$@

$(BUILD)/obj/%.c.o: %.c $(BUILD)/flags | $(uapi) $(names)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(if $(filter $<,$(explored)),$(explore)) $(if $(filter lab3-threads/explore/%,$<),-fno-sanitize=undefined) -MMD -MP -c $< -o $@
	@$(if $(filter $<,$(explored)),$(OBJCOPY) -R .init_array.00099 -R .rela.init_array.00099 $@)

$(BUILD)/obj/%.S.o: %.S $(BUILD)/flags | $(uapi)
	@mkdir -p $(@D)
	@$(CC) $(ASFLAGS) -MMD -MP -c $< -o $@

# For clangd: how each C file is compiled.
$(BUILD)/compile_commands.json: $(BUILD)/flags $(BUILD)/objects
	@{ echo '['; first=; for s in $(filter %.c,$(sources) $(tests) $(benches)); do \
		echo "$$first{\"directory\": \"$(CURDIR)\", \"file\": \"$$s\", \"command\": \"$(CC) $(CFLAGS) -c $$s\"}"; \
		first=,; done; echo ']'; } >$@

$(BUILD)/font.c: grader/font.py
	@$(PYTHON) grader/font.py > $@

$(BUILD)/obj/font.o: $(BUILD)/font.c $(BUILD)/flags
	@$(CC) $(CFLAGS) -c $< -o $@

# Linked twice: the first time with an empty symbol table, to learn the addresses
# that the second one's table tells. The table comes last, so nothing moves.
linked := $(objects) $(BUILD)/obj/font.o
$(BUILD)/cub.elf: $(linked) lab1-boot/kernel.ld grader/symtab.py $(BUILD)/objects
	@$(PYTHON) grader/symtab.py </dev/null >$(BUILD)/symtab.S
	@$(CC) -c $(BUILD)/symtab.S -o $(BUILD)/obj/symtab0.o
	@$(LD) $(LDFLAGS) $(linked) $(BUILD)/obj/symtab0.o -o $(BUILD)/cub.first
	@$(NM) -n $(BUILD)/cub.first | $(PYTHON) grader/symtab.py >$(BUILD)/symtab.S
	@$(CC) -c $(BUILD)/symtab.S -o $(BUILD)/obj/symtab.o
	@$(LD) $(LDFLAGS) $(linked) $(BUILD)/obj/symtab.o -o $@.new
	@$(NM) -n $@.new >$(BUILD)/cub.sym
	@mv $@.new $@

-include $(objects:.o=.d)
