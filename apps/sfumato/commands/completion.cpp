#include "../completion.h"

#include <ostream>

#include "../flags.h"
#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"

namespace sfumato::cli {
namespace {

struct Shell {
  std::string_view name;
  std::string (*script)(std::span<const CommandDescription> commands);
};
constexpr Shell kShells[] = {
    {"bash", bash_completion}, {"zsh", zsh_completion}, {"fish", fish_completion}};

void run_completion(std::span<const char* const> args, Streams io) {
  std::string name;
  Flags flags("sfumato completion", "prints a script that completes commands and flags in a shell");
  flags.add_positional("SHELL", "bash, zsh or fish", 1,
                       [&](std::string_view word) { name = word; });
  if (!flags.parse(args, io.out)) return;
  std::vector<std::string> known;
  for (const Shell& shell : kShells) {
    known.emplace_back(shell.name);
    if (shell.name != name) continue;
    io.out << shell.script(describe_commands(io));
    return;
  }
  throw Error(ErrorKind::InvalidArgument,
              name.empty() ? "no shell given" : "unknown shell '" + name + "'",
              suggestion(name, known));
}

}  // namespace

const Command completion{
    .name = "completion", .summary = "print a script for bash, zsh or fish", .run = run_completion};

}  // namespace sfumato::cli
