/* program.h - each program defines one function; natively its name comes from -Drun=... */
unsigned run(unsigned n);
