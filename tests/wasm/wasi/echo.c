/* Arguments and environment to the error stream, input in upper case to the output. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    const char *name = getenv("NAME");
    int c;

    for (int i = 0; i < argc; i++)
        fprintf(stderr, "[%s]", argv[i]);
    fprintf(stderr, "%s\n", name ? name : "(none)");
    while ((c = getchar()) != EOF)
        putchar(toupper(c));
    return argc;
}
