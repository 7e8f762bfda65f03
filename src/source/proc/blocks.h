/* SPDX-License-Identifier: MIT */
/*
 * Blocks of a target's memory that were read, kept for one look at it: what is asked for
 * again, or lies beside it, needs no further read. The addresses that a look has used are
 * known to the next one, which can read them all at once. Nothing is read here. Used by one
 * thread.
 */
#ifndef SOURCE_PROC_BLOCKS_H
#define SOURCE_PROC_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_BYTES 512u

struct blocks;

/* most: how many are kept at the same time at most; at first it is fewer. Returns NULL if
 * there is no memory. */
struct blocks *blocks_new(size_t most);
void blocks_free(struct blocks *blocks); /* NULL is accepted */
/* Begins a look: nothing is kept. */
void blocks_begin(struct blocks *blocks);
/* Forgets what is kept, because there is no room for more. */
void blocks_clear(struct blocks *blocks);
/* How many blocks can be added. */
size_t blocks_room(const struct blocks *blocks);
/* The addresses of blocks that the last look has used next, sorted: as many as leaves a quarter
 * of the room. Each is returned once. The caller may change them, until the next look. */
uint64_t *blocks_next(struct blocks *blocks, size_t *nr);
/* The bytes of the block at this address, which is a multiple of BLOCK_BYTES, or NULL if it
 * is not kept. It counts as used. */
const uint8_t *blocks_find(struct blocks *blocks, uint64_t address);
/* Where the bytes of this block are to be stored; NULL if there is no room. The places of
 * blocks that are added one after the other are side by side, as a rule. */
uint8_t *blocks_add(struct blocks *blocks, uint64_t address);
/* This block could not be read: it is not kept. */
void blocks_fail(struct blocks *blocks, uint64_t address);

#endif
