# Cub's one entrance: `make help` lists what a person types. LAB defaults to the
# last lab there is that is no draft. How a kernel is built stands in grader/kernel.mk; whatever
# takes more than a line is a verb of the Python package grader/.

LAB    ?= $(patsubst lab%,%,$(firstword $(subst -, ,$(lastword $(sort $(shell grep -Ls "^draft = true" lab*/lab.toml))))))
JOBS   ?= $(shell nproc)
PYTHON ?= /usr/bin/python3
SHELL  := /bin/sh
export LAB JOBS PYTHON

# These paths are text, never make's or the shell's to expand: a student names the file that is handed in.
override SUBMISSION := $(value SUBMISSION)
override OUT        := $(value OUT)
export SUBMISSION OUT
ifneq ($(SUBMISSION)$(OUT),)
MAKEOVERRIDES := # a make that the grader starts has them from the environment: from MAKEFLAGS it would expand them
endif

kernel  = $(MAKE) --no-print-directory -f grader/kernel.mk LAB=$(LAB)
grader  = @$(PYTHON) -m grader $@ --lab $(LAB)
verbs  := grade watch mutants gdb trace bochs iso record replay bench bench-boot

.DEFAULT_GOAL := kernel
.PHONY: help kernel qemu $(verbs) handout check format test test-long flakes clean build-tools run-tools user-tools test-tools

## What you type most
qemu: build-tools run-tools $(if $(filter 4 5 6,$(LAB)),user-tools) kernel	## build and boot that stage: LAB=1 MEM=64M CPUS=1 DEBUG=1 RACE=1 ARGS="..." INITRD=file
	@$(PYTHON) -m grader run --lab $(LAB) $(call opt,memory,MEM) $(call opt,cpus,CPUS) $(call opt,append,ARGS) $(call opt,initrd,INITRD) $(call flag,debug,DEBUG) $(call flag,race,RACE)
grade: test-tools				## grade it, with points: LAB=1 EX=1.3 SUBMISSION=path ISOLATE=1 CARRY=1 SEED=0x2a OUT=dir
	$(grader) --jobs $(JOBS) $(call opt,exercise,EX) $(call opt,submission,SUBMISSION) $(call opt,seed,SEED) $(call opt,out,OUT) $(call flag,isolate,ISOLATE) $(call flag,carry,CARRY)
watch: test-tools				## grade the changed exercise at each save: LAB=1 EX=1.3
	$(grader) $(call opt,exercise,EX)
gdb: test-tools					## boot it stopped, with GDB attached: LAB=1 DEBUG=1 TEST=name SEED=0x2a INITRD=file
	$(grader) $(boot) $(call flag,debug,DEBUG) $(call opt,initrd,INITRD) $(call opt,append,ARGS)
trace: test-tools				## a picture of what ran when in a test: LAB=3 TEST=name SEED=0x2a CPUS=2
	$(grader) $(boot) $(call opt,cpus,CPUS)
kernel: build-tools				## build the stage: build/labN/cub.elf, and compile_commands.json
	@$(kernel) kernel
	@ln -sfn build/lab$(LAB)/compile_commands.json compile_commands.json

## Other machines
bochs: test-tools				## the same kernel in Bochs
	$(grader)
iso: test-tools					## a GRUB image for real hardware, with the programs from lab 4 on: build/labN/cub.iso
	$(grader)
record replay: test-tools			## one test boot, recorded and replayed, with GDB=1 under GDB: TEST=name SEED=0x2a SCHEDULE=37
	$(grader) $(boot) $(call opt,schedule,SCHEDULE) $(call flag,gdb,GDB)

## For those who teach, and for CI
handout: test-tools				## the students' repository, a branch a lab: OUT=dir
	@$(PYTHON) -m grader handout --out "$$OUT"
mutants: test-tools				## wrong solutions, each to be caught, in each run: LAB=1 EX=1.3 RUNS=20
	$(grader) --jobs $(JOBS) $(call opt,exercise,EX) $(call opt,runs,RUNS)
check: test-tools				## layering, format, each stage linked by itself
	@$(PYTHON) -m grader check
test: check					## everything that CI runs
	@$(PYTHON) -m grader test --jobs $(JOBS)
test-long: check				## the long form: every mutant, and 200 grades under load
	@$(PYTHON) -m grader test --jobs $(JOBS) --long
flakes: test-tools				## grade the reference again and again under load: LAB=1 TIMES=200
	$(grader) $(call opt,times,TIMES)
bench: test-tools				## what operations cost, from lab 4 on beside Linux: LAB=2 ONLY=name RUNS=5 OUT=file AGAINST=file
	$(grader) $(call opt,only,ONLY) $(call opt,runs,RUNS) $(call opt,out,OUT) $(call opt,against,AGAINST)
bench-boot: test-tools				## time from QEMU's start to the prompt: RUNS=20
	$(grader) $(call opt,runs,RUNS)
format: test-tools				## let clang-format decide
	@clang-format -i $$(git ls-files -co --exclude-standard 'lab*.[ch]')
clean:						## remove build/
	rm -rf build compile_commands.json

help:						## this list
	@awk -F '\t+## ' '/^## /{print "\n" substr($$0,4)} /^[a-z][a-z -]*:.*\t## /{sub(":.*","",$$1); printf "  make %-14s %s\n",$$1,$$2}' Makefile

# An option of the command line for a variable that is set; the shell takes its value from the environment.
boot = $(call opt,test,TEST) $(call opt,seed,SEED) $(call opt,input,INPUT)
opt  = $(if $($(2)),--$(1) "$$$(2)")
flag = $(if $($(2)),--$(1))

build-tools:
	@grader/install.sh build
run-tools:
	@grader/install.sh run
user-tools:
	@grader/install.sh user
test-tools:
	@grader/install.sh build run user test
