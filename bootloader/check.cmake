# The bootloader runs before anything could relocate it and must stay small.
execute_process(COMMAND ${READELF} -rW ${BOOTLOADER} OUTPUT_VARIABLE relocations)
if(relocations MATCHES "R_X86_64")
  message(FATAL_ERROR "The bootloader has relocations:\n${relocations}")
endif()
execute_process(COMMAND ${READELF} -SW ${BOOTLOADER} OUTPUT_VARIABLE sections)
if(sections MATCHES "\\.tdata|\\.tbss|\\.init_array")
  message(FATAL_ERROR "The bootloader has thread-local data or constructors:\n${sections}")
endif()
file(SIZE ${BOOTLOADER} size)
if(size GREATER 204800)
  message(FATAL_ERROR "The bootloader has ${size} bytes; 200 KiB is the limit")
endif()

# The check for a file cut short must lie in the first page; extraction copies the bootloader out of
# memory, so there must be nothing in it that changes.
execute_process(COMMAND ${READELF} -hW ${BOOTLOADER} OUTPUT_VARIABLE header)
string(REGEX MATCH "Entry point address: +0x([0-9a-f]+)" unused "${header}")
if(NOT CMAKE_MATCH_1 MATCHES "^[0-9a-f]?[0-9a-f][0-9a-f]$")
  message(FATAL_ERROR "The bootloader's entry point 0x${CMAKE_MATCH_1} is not on its first page")
endif()
if(sections MATCHES " \\.data ")
  message(FATAL_ERROR "The bootloader has initialised data:\n${sections}")
endif()
