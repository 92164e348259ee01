#include "zkvm/streams.h"

#include <string.h>

int streams_check(const struct streams *s, const struct statement *st, struct err *err)
{
    for (unsigned i = 0; i < STREAMS; i++) {
        const struct statement_stream *want = statement_stream_of(st, (enum stream)i);
        const struct stream_bytes *have = &s->of[i];

        if (have->n != want->bytes)
            return err_set(err, VCP_EVERIFY, "the %s is %zu bytes, the statement says %llu",
                           stream_name((enum stream)i), have->n, (unsigned long long)want->bytes);
        if (!statement_stream_is(want, have->n ? have->data : (const uint8_t *)"", have->n))
            return err_set(err, VCP_EVERIFY, "the %s is not what the statement has the digest of",
                           stream_name((enum stream)i));
    }
    return VCP_OK;
}

void streams_put_strings(struct buf *out, const char *const *strings, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_put(out, strings[i], strlen(strings[i]) + 1);
}
