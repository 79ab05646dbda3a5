/* What can be done with what is open in the initrd's tree: see files.c. */
#pragma once
#include "lab4-interrupts/file/file.h"

/* All have a struct node for their data. initrd_path_ops: opened with O_PATH. */
extern const struct file_ops initrd_file_ops, initrd_directory_ops, initrd_path_ops;
