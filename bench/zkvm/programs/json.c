/* a JSON text, written and then parsed n times: a recursive parser that checks everything
 * and sums up what it finds; 0 when the text is refused */
#include "program.h"

typedef unsigned u32;

static char text[8192];
static u32 length;

/* ---- writing ---- */

static void put(const char *s)
{
    while (*s && length < sizeof text - 1)
        text[length++] = *s++;
}

static void put_number(u32 v)
{
    char digits[12];
    int n = 0;

    do
        digits[n++] = (char)('0' + v % 10);
    while (v /= 10);
    while (n > 0 && length < sizeof text - 1)
        text[length++] = digits[--n];
}

static void write_text(u32 records)
{
    u32 seed = 99;

    length = 0;
    put("{ \"name\": \"a list of \\\"things\\\"\", \"things\": [");
    for (u32 i = 0; i < records; i++) {
        seed = seed * 1103515245u + 12345u;
        put(i ? ",\n  {\"id\": " : "\n  {\"id\": ");
        put_number(i);
        put(", \"price\": -");
        put_number(seed >> 20);
        put(".");
        put_number(seed >> 12 & 255);
        put("e+2, \"tags\": [\"new\", \"caf\\u00e9\", null, true], \"stock\": {\"left\": ");
        put_number(seed >> 8 & 4095);
        put(seed & 65536 ? ", \"sold\": false}}" : ", \"sold\": true}}");
    }
    put(" ] }");
    text[length] = '\0';
}

/* ---- parsing ---- */

static const char *p;
static u32 sum, depth;

static int value(void);

static void add(u32 v)
{
    sum = (sum << 5 | sum >> 27) ^ v;
}

static void blank(void)
{
    while (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')
        p++;
}

static int digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex4(void)
{
    u32 v = 0;

    for (int i = 0; i < 4; i++, p++) {
        u32 c = (unsigned char)*p | 32;

        if (digit(*p))
            v = v << 4 | (c & 15);
        else if (c >= 'a' && c <= 'f')
            v = v << 4 | (c - 'a' + 10);
        else
            return 0;
    }
    add(v);
    return 1;
}

static int escape(void)
{
    switch (*p++) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': add((u32)p[-1]); return 1;
    case 'u': return hex4();
    default: return 0;
    }
}

static int string(void)
{
    for (p++; *p != '"';) {
        if ((unsigned char)*p < 32)
            return 0;
        if (*p == '\\') {
            p++;
            if (!escape())
                return 0;
        } else {
            add((u32)*p++);
        }
    }
    p++;
    return 1;
}

static int number(void)
{
    u32 v = 0;

    if (*p == '-')
        p++;
    if (!digit(*p))
        return 0;
    if (*p == '0' && digit(p[1]))
        return 0;
    while (digit(*p))
        v = v * 10 + (u32)(*p++ - '0');
    if (*p == '.') {
        if (!digit(*++p))
            return 0;
        while (digit(*p))
            v = v * 10 + (u32)(*p++ - '0');
    }
    if ((*p | 32) == 'e') {
        p++;
        if (*p == '+' || *p == '-')
            p++;
        if (!digit(*p))
            return 0;
        while (digit(*p))
            v += (u32)(*p++ - '0');
    }
    add(v);
    return 1;
}

static int word(const char *w)
{
    add((u32)*w);
    for (; *w; w++, p++)
        if (*p != *w)
            return 0;
    return 1;
}

static int members(char end)
{
    p++;
    blank();
    if (*p == end) {
        p++;
        return 1;
    }
    for (;;) {
        if (end == '}') {
            if (*p != '"' || !string())
                return 0;
            blank();
            if (*p++ != ':')
                return 0;
        }
        if (!value())
            return 0;
        if (*p == end) {
            p++;
            return 1;
        }
        if (*p++ != ',')
            return 0;
        blank();
    }
}

static int value(void)
{
    int ok;

    if (++depth > 64)
        return 0;
    blank();
    switch (*p) {
    case '{': ok = members('}'); break;
    case '[': ok = members(']'); break;
    case '"': ok = string(); break;
    case 't': ok = word("true"); break;
    case 'f': ok = word("false"); break;
    case 'n': ok = word("null"); break;
    default: ok = number();
    }
    blank();
    depth--;
    return ok;
}

unsigned run(unsigned n)
{
    sum = 1;
    write_text(40);
    while (n--) {
        p = text;
        depth = 0;
        if (!value() || *p)
            return 0;
    }
    return sum;
}
