/* On the way to user mode. */
#pragma once

/* return_init: be called there. Once. */
void return_init(void);
