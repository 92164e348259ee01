/* integer: table-driven CRC-32 of a buffer, again and again */
#include "kernel.h"

static unsigned table[256];
static unsigned char data[65536];

unsigned run(unsigned rounds)
{
    unsigned crc = 0xffffffffu;

    for (unsigned i = 0; i < 256; i++) {
        unsigned c = i;

        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
        table[i] = c;
    }
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 7 + (i >> 8));
    while (rounds--)
        for (unsigned i = 0; i < sizeof data; i++)
            crc = table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
    return ~crc;
}
