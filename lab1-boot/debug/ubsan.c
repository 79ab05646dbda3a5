/*
 * What the compiler calls when it sees undefined behaviour happen
 * (-fsanitize=undefined, in debug builds): panic with the kind, file and line.
 *
 * Each handler gets a record that begins with the place, and values that we do
 * not print; the function's name tells the kind. Source: GCC 12,
 * libsanitizer/ubsan/ubsan_handlers.h (the interface, not the code).
 */
#include "lab1-boot/debug/panic.h"

struct source_place {
	const char *file;
	uint32_t line, column;
};

#define UBSAN(name, kind)                                                                          \
	_Noreturn void __ubsan_handle_##name(const struct source_place *place);                    \
	_Noreturn void __ubsan_handle_##name(const struct source_place *place)                     \
	{                                                                                          \
		panic_at(place->file, (int)place->line, "undefined behaviour: " kind);             \
	}

UBSAN(add_overflow, "signed addition overflows")
UBSAN(sub_overflow, "signed subtraction overflows")
UBSAN(mul_overflow, "signed multiplication overflows")
UBSAN(negate_overflow, "negation overflows")
UBSAN(divrem_overflow, "division by zero or overflow")
UBSAN(shift_out_of_bounds, "shift by too much, or of a negative number")
UBSAN(out_of_bounds, "array index out of bounds")
UBSAN(type_mismatch_v1, "null, misaligned or too small object")
UBSAN(pointer_overflow, "pointer arithmetic overflows")
UBSAN(vla_bound_not_positive, "variable-length array of no positive length")
UBSAN(load_invalid_value, "a bool or enum holds a value that is none of its own")
UBSAN(builtin_unreachable, "code that cannot be reached was")
UBSAN(missing_return, "a function ends without returning its value")
UBSAN(nonnull_arg, "null for an argument that may not be")
UBSAN(invalid_builtin, "a compiler builtin got an argument that it cannot take")
UBSAN(alignment_assumption, "an address is not aligned as was promised")

/* This one's record tells where the attribute stands; where the return does comes second. */
_Noreturn void __ubsan_handle_nonnull_return_v1(
	const void *record, const struct source_place *place);
_Noreturn void __ubsan_handle_nonnull_return_v1(
	const void *record, const struct source_place *place)
{
	(void)record;
	panic_at(place->file, (int)place->line,
		"undefined behaviour: null from a function that may not return it");
}
