# embed_files(TARGET SYMBOL file...): adds to TARGET a function
#   std::span<const sfumato::EmbeddedFile> SYMBOL()     (declared by the caller, see base/embedded.h)
# that lists the files by name with their bytes. The assembler reads the bytes (.incbin), so even
# tens of megabytes cost no compile time. A file is given as PATH or as NAME=PATH.
function(embed_files target symbol)
  set(asm "    .section .rodata\n")
  set(declarations "")
  set(rows "")
  set(index 0)
  foreach(entry IN LISTS ARGN)
    if(entry MATCHES "^([^=]+)=(.+)$")
      set(name ${CMAKE_MATCH_1})
      set(path ${CMAKE_MATCH_2})
    else()
      get_filename_component(name ${entry} NAME)
      set(path ${entry})
    endif()
    set(label ${symbol}_${index})
    string(APPEND asm "    .balign 64\n    .global ${label}\n${label}:\n    .incbin \"${path}\"\n"
                      "    .global ${label}_end\n${label}_end:\n    .byte 0\n")
    string(APPEND declarations "extern const char ${label}[], ${label}_end[];\n")
    string(APPEND rows "      {\"${name}\", {${label}, std::size_t(${label}_end - ${label})}},\n")
    list(APPEND paths ${path})
    math(EXPR index "${index} + 1")
  endforeach()
  string(APPEND asm "    .section .note.GNU-stack,\"\",%progbits\n")

  set(stem ${CMAKE_CURRENT_BINARY_DIR}/embedded_${symbol})
  file(GENERATE OUTPUT ${stem}.S CONTENT "${asm}")
  file(GENERATE OUTPUT ${stem}.cpp CONTENT "#include \"sfumato/base/embedded.h\"
extern \"C\" {
${declarations}}
namespace sfumato {
std::span<const EmbeddedFile> ${symbol}() {
  static const EmbeddedFile files[${index} + 1] = {
${rows}  };
  return {files, ${index}};
}
}  // namespace sfumato
")
  set_source_files_properties(${stem}.S PROPERTIES OBJECT_DEPENDS "${paths}")
  set_source_files_properties(${stem}.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${target} PRIVATE ${stem}.S ${stem}.cpp)
endfunction()
