/* Ordinary code as a C compiler makes it, without a library: each export is a program that
 * leaves its result in memory and returns a digest. */
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(#name)))

static uint8_t text[4096];
static uint32_t numbers[700];
static double matrix[3][16][16];

void *memset(void *p, int c, size_t n);
void *memset(void *p, int c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile uint8_t *)p)[i] = (uint8_t)c;
    return p;
}

static uint32_t next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void fill_text(uint32_t seed)
{
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(next(&seed) >> 7);
}

EXPORT(crc32) uint32_t crc32(void)
{
    uint32_t crc = ~0u;

    fill_text(1);
    for (size_t i = 0; i < 700; i++) {
        crc ^= text[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
    }
    return ~crc;
}

static void sort(uint32_t *v, int low, int high)
{
    uint32_t pivot = v[(low + high) / 2], t;
    int i = low, j = high;

    while (i <= j) {
        while (v[i] < pivot)
            i++;
        while (v[j] > pivot)
            j--;
        if (i <= j)
            t = v[i], v[i++] = v[j], v[j--] = t;
    }
    if (low < j)
        sort(v, low, j);
    if (i < high)
        sort(v, i, high);
}

EXPORT(quicksort) uint32_t quicksort(void)
{
    uint32_t seed = 7, digest = 0;

    for (size_t i = 0; i < 700; i++)
        numbers[i] = next(&seed);
    sort(numbers, 0, 699);
    for (size_t i = 1; i < 700; i++)
        digest = digest * 31 + (numbers[i - 1] <= numbers[i]) + numbers[i];
    return digest;
}

EXPORT(matrices) double matrices(void)
{
    double trace = 0;

    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++) {
            matrix[0][i][j] = 1.0 / (i + j + 1);
            matrix[1][i][j] = (i * 7 + j * 3) % 11 - 5;
        }
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++) {
            double sum = 0;

            for (int k = 0; k < 16; k++)
                sum += matrix[0][i][k] * matrix[1][k][j];
            matrix[2][i][j] = sum;
        }
    for (int i = 0; i < 16; i++)
        trace += __builtin_sqrt(__builtin_fabs(matrix[2][i][i]));
    return trace;
}

static int is_word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

EXPORT(state_machine) uint32_t state_machine(void)
{
    enum { OUTSIDE, WORD, NUMBER, HEX } state = OUTSIDE;
    uint32_t words = 0, sum = 0, value = 0;

    fill_text(99);
    for (size_t i = 0; i < 2000; i++) {
        uint8_t c = text[i] & 0x7f;

        switch (state) {
        case OUTSIDE:
            if (is_word(c))
                words++, state = WORD;
            else if (c >= '0' && c <= '9')
                value = c - '0', state = c == '0' ? HEX : NUMBER;
            break;
        case WORD:
            if (!is_word(c))
                state = OUTSIDE;
            break;
        case NUMBER:
            if (c >= '0' && c <= '9')
                value = value * 10 + c - '0';
            else
                sum += value, state = OUTSIDE;
            break;
        case HEX:
            if (c != 'x')
                sum ^= 0x5bd1e995u, state = OUTSIDE;
            break;
        }
    }
    return words * 65537 + sum;
}

static uint64_t rotl(uint64_t v, int k)
{
    return v << k | v >> (64 - k);
}

EXPORT(siphash) uint64_t siphash(void)
{
    uint64_t v0 = 0x736f6d6570736575, v1 = 0x646f72616e646f6d, v2 = 0x6c7967656e657261,
             v3 = 0x7465646279746573;

    fill_text(3);
    for (size_t i = 0; i < 640; i += 8) {
        uint64_t m;

        __builtin_memcpy(&m, text + i, 8);
        v3 ^= m;
        for (int round = 0; round < 2; round++) {
            v0 += v1, v1 = rotl(v1, 13) ^ v0, v0 = rotl(v0, 32);
            v2 += v3, v3 = rotl(v3, 16) ^ v2;
            v0 += v3, v3 = rotl(v3, 21) ^ v0;
            v2 += v1, v1 = rotl(v1, 17) ^ v2, v2 = rotl(v2, 32);
        }
        v0 ^= m;
    }
    return v0 ^ v1 ^ v2 ^ v3;
}

EXPORT(mandelbrot) uint32_t mandelbrot(void)
{
    uint32_t inside = 0;

    for (int y = -8; y < 8; y++)
        for (int x = -12; x < 6; x++) {
            float cr = (float)x / 6, ci = (float)y / 6, zr = 0, zi = 0, t;
            int i;

            for (i = 0; i < 20 && zr * zr + zi * zi < 4; i++)
                t = zr * zr - zi * zi + cr, zi = 2 * zr * zi + ci, zr = t;
            text[(y + 8) * 18 + x + 12] = (uint8_t)i;
            inside += i == 20;
        }
    return inside;
}

typedef uint32_t step_fn(uint32_t);

static uint32_t twice(uint32_t v)
{
    return v * 2;
}
static uint32_t plus_one(uint32_t v)
{
    return v + 1;
}
static uint32_t mix(uint32_t v)
{
    return v ^ v >> 15;
}

EXPORT(pointers) uint32_t pointers(void)
{
    static step_fn *const volatile steps[] = {twice, plus_one, mix};
    uint32_t v = 1, seed = 5;

    for (int i = 0; i < 300; i++)
        v = steps[next(&seed) % 3](v);
    return v;
}

EXPORT(ackermann_deep) uint32_t ackermann_deep(void);
static uint32_t ackermann(uint32_t m, uint32_t n)
{
    if (m == 0)
        return n + 1;
    return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}
uint32_t ackermann_deep(void)
{
    return ackermann(2, 6);
}
