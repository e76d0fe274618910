#include <c10/util/Exception.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include "command.h"
#include "sfumato/base/error.h"
#include "sfumato/base/heap.h"
#include "sfumato/base/nearest.h"

namespace sfumato::cli {
namespace {

std::atomic<bool> interrupted{false};

// The first Ctrl-C asks the command to stop after the current step, the second one kills.
extern "C" void on_interrupt(int signal) {
  interrupted.store(true);
  std::signal(signal, SIG_DFL);
}

void print_help(std::ostream& out) {
  out << "usage: sfumato COMMAND [options]\n\nlatent diffusion: pictures from words\n\ncommands\n";
  for (const auto* command : commands()) {
    out << "  " << command->name << std::string(12 - command->name.size(), ' ') << command->summary
        << "\n";
  }
  out << "\nsfumato COMMAND --help tells more.\n";
}

void run(std::span<const char* const> args, Streams io) {
  if (args.empty()) {
    print_help(io.err);
    throw Error(ErrorKind::InvalidArgument, "no command given",
                "try: sfumato txt2img \"a red circle\"");
  }
  const std::string name = args.front();
  if (name == "--help" || name == "-h" || name == "help") return print_help(io.out);
  if (name == "--version") {
    io.out << "sfumato " SFUMATO_VERSION "\n";
    return;
  }
  std::vector<std::string> known;
  for (const auto* command : commands()) {
    if (command->name == name) return command->run(args.subspan(1), io);
    known.emplace_back(command->name);
  }
  throw Error(ErrorKind::InvalidArgument, "unknown command '" + name + "'",
              suggestion(name, known));
}

int report(const std::string& what, const std::string& hint, int status) {
  std::cout.flush();
  std::cerr << "sfumato: " << what << "\n";
  if (!hint.empty()) std::cerr << "hint: " << hint << "\n";
  return status;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

int report_memory(const std::string& what) {
  return report(what, "ask for a smaller picture or a smaller --batch",
                exit_code(ErrorKind::OutOfMemory));
}

bool is_about_memory(const std::string& what) {
  return what.find("out of memory") != std::string::npos ||
         what.find("can't allocate memory") != std::string::npos;
}

int guarded(std::span<const char* const> args, Streams io) {
  try {
    run(args, io);
    io.out.flush();
    if (!io.out) return report("cannot write to standard output", "", exit_code(ErrorKind::Io));
    return 0;
  } catch (const Error& e) {
    return report(e.what(), e.hint(), exit_code(e.kind()));
  } catch (const std::bad_alloc&) {
    return report_memory("out of memory");
  } catch (const c10::Error& e) {
    const auto what = first_line(e.what_without_backtrace());
    return is_about_memory(what) ? report_memory(what) : report("internal error: " + what, "", 1);
  } catch (const std::exception& e) {
    const auto what = first_line(e.what());
    return is_about_memory(what) ? report_memory(what) : report("internal error: " + what, "", 1);
  }
}

}  // namespace
}  // namespace sfumato::cli

int main(int argc, char** argv) {
  using namespace sfumato::cli;
  sfumato::keep_freed_memory();
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<const char*> args(argv + 1, argv + argc);
  return guarded(args, {.out = std::cout,
                        .err = std::cerr,
                        .cancel = sfumato::CancelToken(interrupted),
                        .out_is_terminal = isatty(STDOUT_FILENO) == 1,
                        .err_is_terminal = isatty(STDERR_FILENO) == 1});
}
