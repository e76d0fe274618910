# Every outside library, found in one place. docs/dependencies.md says why each is here.
find_package(Torch REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(Threads REQUIRED)
pkg_check_modules(cairo REQUIRED IMPORTED_TARGET cairo)
pkg_check_modules(libpng REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(libjpeg REQUIRED IMPORTED_TARGET libjpeg)
pkg_check_modules(libwebp REQUIRED IMPORTED_TARGET libwebp)
pkg_check_modules(libwebpmux REQUIRED IMPORTED_TARGET libwebpmux)
pkg_check_modules(libarchive REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(libcrypto REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(libcurl REQUIRED IMPORTED_TARGET libcurl>=7.85)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
# LibTorch 2 has a oneDNN of its own inside, whose symbols would meet Debian's.
if(Torch_VERSION VERSION_LESS 2)
  find_library(ONEDNN_LIBRARY dnnl)
endif()
find_library(UTF8PROC_LIBRARY utf8proc REQUIRED)
find_library(TCMALLOC_LIBRARY tcmalloc_minimal REQUIRED)
if(SFUMATO_TESTS)
  find_package(GTest REQUIRED)
endif()

# The one target around LibTorch; its headers are SYSTEM so that our warnings stay ours.
add_library(sfumato_torch INTERFACE)
target_include_directories(sfumato_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
target_link_libraries(sfumato_torch INTERFACE ${TORCH_LIBRARIES} Threads::Threads)

# The programs' heap (docs/adr/0007-heap.md). Nobody calls it by name, so the linker must be told to
# keep it; sanitizers bring a heap of their own.
add_library(sfumato_heap INTERFACE)
if(NOT SFUMATO_SANITIZE)
  target_link_options(sfumato_heap INTERFACE -Wl,--no-as-needed)
  target_link_libraries(sfumato_heap INTERFACE ${TCMALLOC_LIBRARY})
endif()

# Parsing LibTorch's headers costs 10 s per source file. Two precompiled headers share that cost:
# a small one for code that only needs tensors, a larger one for code that defines modules.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cpp CONTENT "")  # written only once
function(sfumato_precompile name)
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(${name} PRIVATE sfumato_torch)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_precompile_headers(${name} PRIVATE ${ARGN})
  sfumato_compile_options(${name})
endfunction()
