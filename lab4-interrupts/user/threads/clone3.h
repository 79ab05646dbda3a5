/* Parts of the program threads: see clone3.c. */
#pragma once

int clone3_thread(void);
int clone3_refuses(void);
