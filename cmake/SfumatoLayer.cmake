# sfumato_layer(NAME [TORCH] [MODULES] [DEPS layer...] [LIBS target...])
#
# One folder of src/sfumato = one library target sfumato::NAME made of every .cpp below it.
# DEPS lists the layers it may include, TORCH lets it include LibTorch, MODULES says that most of
# its files need torch/nn as well (a larger precompiled header), LIBS are the outside libraries. tools/check_layers.py reads these very calls, so the build and the lint
# cannot differ.
function(sfumato_layer name)
  cmake_parse_arguments(L "TORCH;MODULES" "" "DEPS;LIBS" ${ARGN})
  if(L_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "sfumato_layer(${name}): bad arguments '${L_UNPARSED_ARGUMENTS}'")
  endif()

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  if(sources)
    add_library(sfumato_${name} STATIC ${sources})
    set(scope PUBLIC)
    sfumato_compile_options(sfumato_${name})
  else()
    add_library(sfumato_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(sfumato::${name} ALIAS sfumato_${name})

  target_include_directories(sfumato_${name} ${scope} ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM L_DEPS PREPEND "sfumato::")
  target_link_libraries(sfumato_${name} ${scope} ${L_DEPS} ${L_LIBS})
  if(L_TORCH)
    target_link_libraries(sfumato_${name} ${scope} sfumato_torch)
    if(sources)
      sfumato_use_precompiled(sfumato_${name} "${L_MODULES}")
    endif()
  endif()
endfunction()

function(sfumato_use_precompiled target modules)
  if(modules)
    target_precompile_headers(${target} REUSE_FROM sfumato_module_headers)
  else()
    target_precompile_headers(${target} REUSE_FROM sfumato_tensor_headers)
  endif()
endfunction()

# Warnings are errors for our own code, on every target alike (the precompiled header needs
# identical flags everywhere).
function(sfumato_compile_options target)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Werror>)
  if(SFUMATO_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${SFUMATO_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${SFUMATO_SANITIZE})
  endif()
endfunction()

# sfumato_test(NAME [TORCH] [MODULES] [LABEL label] SOURCES file... DEPS layer... [LIBS target...]): one binary, one
# ctest entry - loading LibTorch costs 0.4 s, so a process per test case would be mostly that.
function(sfumato_test name)
  cmake_parse_arguments(T "TORCH;MODULES" "LABEL" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  sfumato_compile_options(${name})
  list(TRANSFORM T_DEPS PREPEND "sfumato::")
  target_link_libraries(${name} PRIVATE ${T_DEPS} ${T_LIBS} GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE SFUMATO_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(T_TORCH)
    sfumato_use_precompiled(${name} "${T_MODULES}")
  endif()
  if(NOT T_LABEL)
    set(T_LABEL unit)
  endif()
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES LABELS ${T_LABEL} TIMEOUT 900)
  if(SFUMATO_SANITIZE)  # fontconfig keeps some memory to the end
    set_tests_properties(${name} PROPERTIES
      ENVIRONMENT LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/leaks-of-others.txt)
  endif()
endfunction()

sfumato_precompile(sfumato_tensor_headers <ATen/ATen.h>)
sfumato_precompile(sfumato_module_headers <ATen/ATen.h> <torch/nn/module.h> <torch/nn/pimpl.h>)
