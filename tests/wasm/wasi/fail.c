/* Ends in the way its argument says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    char block[1000];

    printf("before\n");
    fflush(stdout);
    if (strcmp(how, "abort") == 0)
        abort();
    if (strcmp(how, "exit") == 0)
        exit(42);
    if (strcmp(how, "loop") == 0)
        for (volatile int i = 0;; i++)
            ;
    if (strcmp(how, "flood") == 0) {
        memset(block, 'x', sizeof block);
        for (;;)
            fwrite(block, 1, sizeof block, stdout);
    }
    return 0;
}
