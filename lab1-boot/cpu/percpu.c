/* The one per-processor variable that all the others need: see percpu.h. */
#include "lab1-boot/cpu/percpu.h"

PERCPU(char *, percpu_area) = percpu_boot;
