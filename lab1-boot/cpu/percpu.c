/* The per-processor variables that all the others need, and where the copies are: see percpu.h. */
#include "lab1-boot/cpu/percpu.h"

PERCPU(char *, percpu_area) = percpu_boot;
PERCPU(unsigned, cpu_number) = 0;

char *percpu_areas[CPUS_MAX] = { percpu_boot };
unsigned percpu_count = 1;
