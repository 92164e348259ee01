/* translate.h - internal: one instruction of the register form to entries. */
#ifndef ZKVM_TRANSLATE_H
#define ZKVM_TRANSLATE_H

#include "zkvm/program.h"

/* An opcode without a chip: reaching it ends the proving with a sentence. */
#define ZOP_UNSUPPORTED 4095u

/* Slots above a function's frame that the translation may use; a routine's frame may begin
 * among them. */
#define TRANSLATE_SLOTS_ABOVE 16u

/* How many entries an instruction becomes, the NOP behind it not counted. */
uint32_t translate_count(const struct program *p, const struct program_part *part, uint32_t insn);
/* Fills out[0 .. count); pcs of all instructions of the part are known. */
void translate(struct program_entry *out, const struct program *p, const struct program_part *part,
               uint32_t insn, uint32_t pc);
void entry_slots(struct program_entry *e, unsigned n, uint16_t s0, uint16_t s1, uint16_t s2);
void entry_call(struct program_entry *e, const struct program *p, uint32_t func, uint16_t first);
/* Calls a routine whose arguments stand in the slots from `first` on, where its result
 * comes back (and to the accumulator).  first is at most the function's frame_slots +
 * TRANSLATE_SLOTS_ABOVE; slots from there on are overwritten. */
void entry_routine(struct program_entry *e, const struct program *p, enum routine routine,
                   uint32_t first);
void entry_move(struct program_entry *e, uint16_t from, uint16_t to);
void entry_const(struct program_entry *e, uint16_t to, uint64_t imm);
/* Index of the instruction a branch goes to, or UINT32_MAX. */
uint32_t branch_target(const struct code *c, uint32_t insn);

#endif
