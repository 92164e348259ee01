/* translate.h - internal: one instruction of the register form to entries. */
#ifndef ZKVM_TRANSLATE_H
#define ZKVM_TRANSLATE_H

#include "zkvm/program.h"

/* An opcode without a chip: reaching it ends the proving with a sentence. */
#define ZOP_UNSUPPORTED 4095u

/* How many entries an instruction becomes, the NOP behind it not counted. */
uint32_t translate_count(const struct program *p, uint32_t insn);
/* Fills out[0 .. count); pcs of all instructions are known. */
void translate(struct program_entry *out, const struct program *p, uint32_t insn, uint32_t pc);
void entry_slots(struct program_entry *e, unsigned n, uint16_t s0, uint16_t s1, uint16_t s2);
void entry_call(struct program_entry *e, const struct program *p, uint32_t func, uint16_t first);
/* Index of the instruction a branch goes to, or UINT32_MAX. */
uint32_t branch_target(const struct code *c, uint32_t insn);

#endif
