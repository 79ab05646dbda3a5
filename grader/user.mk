# Building user programs: plain C against musl, static, so that they run on Linux as well.
#
#   make -f grader/user.mk LAB=4 [BUILD=build/lab4]
#
# Run from the root of a tree. labK-*/user/NAME.c of the labs up to LAB becomes
# $(BUILD)/user/NAME, together with user/NAME/*.c if there is such a directory; where two labs have
# a NAME, the later one's counts. What stands in user/lib/ is linked into each of its lab's programs.

LAB   ?= 4
BUILD ?= build/lab$(LAB)
CC     = musl-gcc

labs    := $(foreach n,$(wordlist 1,$(LAB),1 2 3 4 5 6),$(wildcard lab$(n)-*))
sources := $(foreach d,$(labs),$(sort $(wildcard $(d)/user/*.c)))
names   := $(sort $(basename $(notdir $(sources))))
source   = $(lastword $(filter %/$(1).c,$(sources)))

# musl's own headers first; the kernel's (<linux/...>) behind them. Frame pointers: for backtraces.
CFLAGS := -static -O2 -g -std=gnu11 -Wall -Wextra -Werror -fno-omit-frame-pointer \
	  -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: programs
programs: $(names:%=$(BUILD)/user/%)
	@:

lib   = $(wildcard $(dir $(call source,$(1)))lib/*.$(2))
parts = $(call source,$(1)) $(wildcard $(basename $(call source,$(1)))/*.c) $(call lib,$(1),c)

define program
$(BUILD)/user/$(1): $(call parts,$(1)) $(wildcard $(basename $(call source,$(1)))/*.h) $(call lib,$(1),h) grader/user.mk
	@mkdir -p $$(@D)
	@$(CC) $(CFLAGS) $(call parts,$(1)) -o $$@
endef
$(foreach name,$(names),$(eval $(call program,$(name))))
