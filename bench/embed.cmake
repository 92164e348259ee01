# cmake -DOUT=kernels_wasm.c -DNAME=kernel_modules -DFILES=a.wasm,b.wasm -P embed.cmake: the
# modules as the array NAME (bench.h).
set(text "/* Modules compiled for wasm32; written by embed.cmake. */\n#include \"bench/bench.h\"\n\n")
set(table "")
string(REPLACE "," ";" files "${FILES}")
foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(APPEND text "static const unsigned char ${name}_bytes[] = {${bytes}};\n")
    string(APPEND table "    {\"${name}\", ${name}_bytes, sizeof ${name}_bytes},\n")
endforeach()
file(WRITE ${OUT} "${text}\nextern const struct bench_module ${NAME}[];\nconst struct bench_module ${NAME}[] = {\n${table}    {0, 0, 0},\n};\n")
