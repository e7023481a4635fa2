# Writes a man page for the tool and for each of its commands, from their --help.
#   cmake -DHELP2MAN=… -DTOOL=… -DPAGES="scratchpack;scratchpack-build;…" -DFOLDER=… -P man.cmake
file(MAKE_DIRECTORY ${FOLDER})
set(ENV{LC_ALL} C.UTF-8)
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  set(ENV{SOURCE_DATE_EPOCH} 0) # the same pages from the same tool
endif()
execute_process(COMMAND ${TOOL} --version OUTPUT_VARIABLE version COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "\n.*" "" version "${version}")
execute_process(COMMAND ${TOOL} --help OUTPUT_VARIABLE commands COMMAND_ERROR_IS_FATAL ANY)
list(JOIN PAGES "(1), " others)
foreach(page ${PAGES})
  string(REGEX REPLACE "^scratchpack-?" "" command ${page})
  set(purpose "turn a dynamically linked program into one static executable")
  if(command AND "${commands}" MATCHES "\n  scratchpack ${command} [^\n]*  ([^\n]+)\n")
    set(purpose "${CMAKE_MATCH_1}")
  endif()
  file(WRITE ${FOLDER}/${page}.h2m "[see also]\n${others}(1)\n")
  execute_process(
    COMMAND ${HELP2MAN} --no-info --locale=C.UTF-8 --name=${purpose} --version-string=${version}
            --include=${FOLDER}/${page}.h2m --manual=scratchpack --source=${version}
            "${TOOL} ${command}"
    OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  string(TOUPPER ${page} title)
  string(REGEX REPLACE "\n\\.TH [A-Z-]+ " "\n.TH ${title} " text "${text}")
  string(REPLACE "\n.SH NAME\nscratchpack \\-" "\n.SH NAME\n${page} \\-" text "${text}")
  file(WRITE ${FOLDER}/${page}.1 "${text}")
  file(REMOVE ${FOLDER}/${page}.h2m)
endforeach()
