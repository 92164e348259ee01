/* translate.h - internal: one instruction of the register form to entries. */
#ifndef ZKVM_TRANSLATE_H
#define ZKVM_TRANSLATE_H

#include "zkvm/program.h"

/* An opcode without a chip: reaching it ends the proving with a sentence. */
#define ZOP_UNSUPPORTED 4095u

/* Slots above a function's frame that the translation may use; a routine's frame may begin
 * among them. */
#define TRANSLATE_SLOTS_ABOVE 16u

/* Bits of program_part.acc, where the accumulator is overwritten between an instruction that
 * leaves its result there and one that takes it from there: the first writes its slot, the
 * second reads it. */
#define ACC_TO_SLOT   1u
#define ACC_FROM_SLOT 2u
void translate_prepare(struct program_part *part);
/* The operation as it is translated: as acc says, with floats in slots alone, and loads and
 * stores of floats as those of integers. */
unsigned translate_op(const struct program_part *part, uint32_t insn);
/* An instruction with floats: fills out, at most TRANSLATE_FLOAT_MAX, and returns how many;
 * 0 for others.  Of a branch the last entry lacks its target. */
#define TRANSLATE_FLOAT_MAX 6u
uint32_t translate_float(struct program_entry *out, const struct program *p,
                         const struct program_part *part, uint32_t insn);

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
void entry_put_acc(struct program_entry *e, uint16_t to);
void entry_const(struct program_entry *e, uint16_t to, uint64_t imm);
/* Index of the instruction a branch goes to, or UINT32_MAX. */
uint32_t branch_target(const struct code *c, uint32_t insn);

#endif
