/* replay.c - runs every file of the folders named on the command line through a fuzz target,
 * so that the corpus is also an ordinary test.  An empty or missing folder is a failure. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data;
    long size;

    if (!f || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0)
        return -1;
    rewind(f);
    data = malloc((size_t)size + 1);
    if (!data || fread(data, 1, (size_t)size, f) != (size_t)size)
        return -1;
    fclose(f);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return 0;
}

static int replay_folder(const char *folder)
{
    struct dirent *e;
    DIR *d = opendir(folder);
    char path[4096];
    int n = 0;

    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (replay_file(path) < 0) {
            fprintf(stderr, "%s: cannot read\n", path);
            exit(1);
        }
        n++;
    }
    if (d)
        closedir(d);
    return n;
}

int main(int argc, char **argv)
{
    int i, n;

    for (i = 1; i < argc; i++) {
        n = replay_folder(argv[i]);
        printf("%s: %d inputs\n", argv[i], n);
        if (n == 0)
            return 1;
    }
    return argc > 1 ? 0 : 2;
}
