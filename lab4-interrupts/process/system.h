/* Switching the machine off. */
#pragma once
#include <stdbool.h>

/* machine_off: off, or on again, once what programs have written is on the console. */
_Noreturn void machine_off(bool again);
