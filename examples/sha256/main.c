/* main.c - SHA-256 of standard input, printed as sha256sum prints it.
 *
 *   ambient submit sha256.wasm --stdin FILE */
#include <stdio.h>

#include "sha256/sha256.h"

int main(void)
{
    static unsigned char chunk[65536];
    struct sha256 s;
    uint8_t digest[32];
    size_t n;

    sha256_init(&s);
    while ((n = fread(chunk, 1, sizeof chunk, stdin)) > 0)
        sha256_update(&s, chunk, n);
    if (ferror(stdin)) {
        perror("standard input");
        return 1;
    }
    sha256_final(&s, digest);
    for (int i = 0; i < 32; i++)
        printf("%02x", digest[i]);
    puts("  -");
    return 0;
}
