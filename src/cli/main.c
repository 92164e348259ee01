/* main.c - the program `ambient`: every role is a subcommand (commands.c). */
#include <locale.h>
#include <signal.h>

#include "base/file.h"
#include "cli/command.h"

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN); /* a write to a gone reader is an error we report, not a death */
    file_map_guard("ambient", CLI_USAGE);
    return cli_main(&cmd_root, argc, argv);
}
