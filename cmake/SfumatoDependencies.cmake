# Every outside library, found in one place. docs/dependencies.md says why each is here.
find_package(Torch REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(cairo REQUIRED IMPORTED_TARGET cairo)
pkg_check_modules(libpng REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(libjpeg REQUIRED IMPORTED_TARGET libjpeg)
pkg_check_modules(libwebp REQUIRED IMPORTED_TARGET libwebp)
pkg_check_modules(libarchive REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
find_library(UTF8PROC_LIBRARY utf8proc REQUIRED)
if(SFUMATO_TESTS)
  find_package(GTest REQUIRED)
endif()

# The one target around LibTorch; its headers are SYSTEM so that our warnings stay ours.
add_library(sfumato_torch INTERFACE)
target_include_directories(sfumato_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
target_link_libraries(sfumato_torch INTERFACE ${TORCH_LIBRARIES} Threads::Threads)

# Parsing LibTorch's headers costs 5-15 s per source file; the precompiled header makes it 1 s.
file(WRITE ${CMAKE_BINARY_DIR}/torch_pch.cpp "")
add_library(sfumato_torch_pch OBJECT ${CMAKE_BINARY_DIR}/torch_pch.cpp)
target_link_libraries(sfumato_torch_pch PRIVATE sfumato_torch)
target_precompile_headers(sfumato_torch_pch PRIVATE
  <ATen/ATen.h> <torch/nn/module.h> <torch/nn/modules/conv.h> <torch/nn/modules/embedding.h>
  <torch/nn/modules/linear.h> <torch/nn/modules/normalization.h> <nlohmann/json.hpp>
  <filesystem> <functional> <map> <optional> <span> <string> <vector>)
target_include_directories(sfumato_torch_pch PRIVATE ${PROJECT_SOURCE_DIR}/src)
