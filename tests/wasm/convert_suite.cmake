# Converts every non-SIMD file of the official suite to JSON and binaries.
#     cmake -DSUITE=<folder> -DWAST2JSON=<program> -DOUT=<folder> -P convert_suite.cmake
file(GLOB files ${SUITE}/*.wast)
list(FILTER files EXCLUDE REGEX "/simd_[^/]*$")
list(LENGTH files n)
if(n LESS 80)
    message(FATAL_ERROR "${n} files of the WebAssembly test suite in \"${SUITE}\", expected 90. "
        "Configure with -DVCP_WASM_TESTSUITE=<folder of github.com/WebAssembly/testsuite>.")
endif()
file(REMOVE_RECURSE ${OUT})
file(MAKE_DIRECTORY ${OUT})
foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    execute_process(COMMAND ${WAST2JSON} ${file} -o ${OUT}/${name}.json
        RESULT_VARIABLE rc ERROR_VARIABLE message)
    if(NOT rc EQUAL 0)
        message(FATAL_ERROR "wast2json ${file}: ${message}")
    endif()
endforeach()
message("${n} files converted")
