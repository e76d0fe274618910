#include "../manual.h"

#include <ostream>

#include "../flags.h"

namespace sfumato::cli {
namespace {

void run_manual(std::span<const char* const> args, Streams io) {
  Flags flags("sfumato manual", "prints the reference of all commands and flags in Markdown");
  if (!flags.parse(args, io.out)) return;
  io.out << markdown_manual(describe_commands(io));
}

}  // namespace

const Command manual{
    .name = "manual", .summary = "print all commands and flags", .run = run_manual};

}  // namespace sfumato::cli
