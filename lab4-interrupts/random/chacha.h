/*
 * ChaCha20: a stream of bytes that nobody can tell from chance who does not know the key.
 *
 * Source: RFC 8439 (ChaCha20 and Poly1305 for IETF protocols), section 2.3.
 */
#pragma once
#include <stdint.h>

#define CHACHA_KEY   32 /* bytes */
#define CHACHA_NONCE 12
#define CHACHA_BLOCK 64

/* chacha_block: the stream's block of that number. Takes no lock. */
void chacha_block(const uint8_t key[CHACHA_KEY], uint32_t number, const uint8_t nonce[CHACHA_NONCE],
	uint8_t block[CHACHA_BLOCK]);
