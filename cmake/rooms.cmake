# Flags that every target of the project shares, and the function that declares a room.
add_library(nestwalk_flags INTERFACE)
target_include_directories(nestwalk_flags INTERFACE ${PROJECT_SOURCE_DIR}/sim)
target_compile_options(nestwalk_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wno-sign-conversion -Werror -fno-omit-frame-pointer)
if(NESTWALK_SANITIZE)
  # SystemC switches stacks without telling the sanitizer, which then takes exceptions on a thread's
  # stack for overflows of the main one: no stack poisoning. GCC 12 warns falsely when instrumenting.
  target_compile_options(nestwalk_flags INTERFACE -fsanitize=address,undefined
    -fno-sanitize-recover=all --param asan-stack=0 -Wno-maybe-uninitialized -Wno-restrict)
  target_link_options(nestwalk_flags INTERFACE -fsanitize=address,undefined)
  # Whether strands touch what they share in their turn (sysc/agenda.h).
  target_compile_definitions(nestwalk_flags INTERFACE NESTWALK_CHECK_TURNS)
endif()
if(NESTWALK_FUZZ)
  target_compile_options(nestwalk_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined)
  target_link_options(nestwalk_flags INTERFACE -fsanitize=address,undefined)
endif()

# nestwalk_room(NAME [USES room...] [LIBS library...])
# A room is a static library of the .cpp files in its folder, or header-only when it has none.
function(nestwalk_room name)
  cmake_parse_arguments(ARG "" "" "USES;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(TRANSFORM ARG_USES PREPEND nestwalk_)
  if(sources)
    add_library(nestwalk_${name} STATIC ${sources})
    target_link_libraries(nestwalk_${name} PUBLIC nestwalk_flags ${ARG_USES} ${ARG_LIBS})
  else()
    add_library(nestwalk_${name} INTERFACE)
    target_link_libraries(nestwalk_${name} INTERFACE nestwalk_flags ${ARG_USES} ${ARG_LIBS})
  endif()
endfunction()
