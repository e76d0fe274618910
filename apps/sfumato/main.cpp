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

// What a message quotes may hold anything: it stays one line, and no escape sequence gets out.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return text;
}

int report(const std::string& what, const std::string& hint, int status) {
  std::cout.flush();
  std::cerr << "sfumato: " << printable(what) << "\n";
  if (!hint.empty()) std::cerr << "hint: " << printable(hint) << "\n";
  return status;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// For errors that have no better hint of their own.
std::string usual_hint(ErrorKind kind, std::span<const char* const> args) {
  switch (kind) {
    case ErrorKind::InvalidArgument:
    case ErrorKind::Unsupported:
      for (const auto* command : commands()) {
        if (!args.empty() && command->name == args.front()) {
          return "see: sfumato " + std::string(command->name) + " --help";
        }
      }
      return "see: sfumato --help";
    case ErrorKind::NotFound:
      return "check the spelling, and the folder that it is looked for in";
    case ErrorKind::Corrupt:
      return "the file is damaged, incomplete or of another kind: get or make it again";
    case ErrorKind::Io:
      return "check that the path exists, may be read or written, and that the disk has room";
    case ErrorKind::OutOfMemory:
      return "ask for a smaller picture or a smaller --batch";
    case ErrorKind::Cancelled:
      return "";
  }
  return "";
}

int report_memory() {
  return report("out of memory", usual_hint(ErrorKind::OutOfMemory, {}),
                exit_code(ErrorKind::OutOfMemory));
}

int report_internal(const std::string& what) {
  return report("internal error: " + what, "this is a bug: please report it with the command", 1);
}

bool is_about_memory(const std::string& what) {
  return what.find("out of memory") != std::string::npos ||
         what.find("can't allocate memory") != std::string::npos;
}

int guarded(std::span<const char* const> args, Streams io) {
  try {
    run(args, io);
    io.out.flush();
    if (!io.out) throw Error(ErrorKind::Io, "cannot write to standard output");
    return 0;
  } catch (const Error& e) {
    const std::string hint = e.hint().empty() ? usual_hint(e.kind(), args) : e.hint();
    return report(e.what(), hint, exit_code(e.kind()));
  } catch (const std::bad_alloc&) {
    return report_memory();
  } catch (const c10::Error& e) {
    const auto what = first_line(e.what_without_backtrace());
    return is_about_memory(what) ? report_memory() : report_internal(what);
  } catch (const std::exception& e) {
    const auto what = first_line(e.what());
    return is_about_memory(what) ? report_memory() : report_internal(what);
  }
}

}  // namespace
}  // namespace sfumato::cli

int main(int argc, char** argv) {
  using namespace sfumato::cli;
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
