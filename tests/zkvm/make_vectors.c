/* make_vectors.c - a toy receipt, its keys and the verifier's terms, as files for verifiers
 * that share no code with this one: make_vectors DIR. */
#include <stdio.h>

#include "toy.h"

#include "base/file.h"

static void write_receipt(const char *dir, const char *name, const struct receipt *r)
{
    char path[1024];
    struct buf b;
    struct err e = {0};

    buf_init(&b, 0);
    receipt_encode(&b, r);
    snprintf(path, sizeof path, "%s/%s.receipt", dir, name);
    assert_ok(file_write(path, b.data, b.len, 0644, &e), e);
    buf_release(&b);
    snprintf(path, sizeof path, "%s/%s.terms", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_ok(terms_dump(f, &toy_terms, &r->statement, &r->lists, &e), e);
    assert_int_equal(fclose(f), 0);
}

static const char *dir;

static void vectors(void **state)
{
    struct toy_circuit circuits[2];
    struct statement s;
    struct receipt r;
    struct err e = {0};
    (void)state;
    assert_ok(file_make_dirs(dir, &e), e);
    toy_circuit_open(&circuits[0], dir, "double", 2, 0, TOY_CHI_IN, TOY_CHI_MID, NULL);
    toy_circuit_open(&circuits[1], dir, "increment", 1, 1, TOY_CHI_MID, TOY_CHI_OUT, NULL);
    toy_statement(&s, 7, 4);
    toy_prove(&r, circuits, &s);
    write_receipt(dir, "good", &r);
    r.statement.results[1]++;
    write_receipt(dir, "other-result", &r);
    r.statement.results[1]--;
    r.statement.context[3] = 1;
    write_receipt(dir, "stolen", &r);
    r.statement.context[3] = 0;
    r.proofs[3].proof.c = r.proofs[1].proof.c;
    write_receipt(dir, "other-c", &r);
    receipt_release(&r);
    toy_circuit_close(&circuits[0]);
    toy_circuit_close(&circuits[1]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors)};
    dir = argc == 2 ? argv[1] : SCRATCH("vectors");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
