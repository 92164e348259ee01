/* test.h - cmocka with its mandatory headers, and one check the tests share. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"

/* Asserts VCP_OK and shows the sentence otherwise. */
#define assert_ok(rc, e)                                                                           \
    do {                                                                                           \
        int rc_ = (rc);                                                                            \
        if (rc_ != VCP_OK)                                                                         \
            fail_msg("%s: %s", err_code_name(rc_), (e).msg);                                       \
    } while (0)

/* Asserts one failure code and that its sentence holds a word of what is wrong. */
#define assert_err(rc, want, e, word)                                                              \
    do {                                                                                           \
        int rc_ = (rc);                                                                            \
        if (rc_ != (want))                                                                         \
            fail_msg("%s, wanted %s: %s", err_code_name(rc_), err_code_name(want), (e).msg);       \
        if (!strstr((e).msg, word))                                                                \
            fail_msg("\"%s\" does not say \"%s\"", (e).msg, word);                                 \
    } while (0)

#endif
