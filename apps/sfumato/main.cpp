#include <c10/util/Exception.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include "command.h"
#include "flags.h"
#include "progress.h"
#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"
#include "sfumato/tensor/parallel.h"

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
  std::size_t width = 0;
  for (const auto* command : commands()) width = std::max(width, command->name.size());
  for (const auto* command : commands()) {
    out << "  " << command->name << std::string(width + 2 - command->name.size(), ' ')
        << command->summary << "\n";
  }
  out << "\nsfumato COMMAND --help tells more.\n";
}

// OMP_NUM_THREADS, as for every program with OpenMP; 0 where it says nothing.
int threads_asked_for() {
  const char* text = std::getenv("OMP_NUM_THREADS");
  return text ? std::atoi(text) : 0;
}

void run_words(std::span<const char* const> args, Streams io) {
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
    if (command->name == name) {
      use_threads(threads_asked_for());
      return command->run(args.subspan(1), io);
    }
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

constexpr int kInternalError = 5, kNo = 1;

int report(const Streams& io, const std::string& what, const std::string& hint, int status) {
  io.out.flush();
  if (io.events) {
    write_event(*io.events, "error", {{"status", status}, {"message", what}, {"hint", hint}});
    return status;
  }
  io.err << "sfumato: " << printable(what) << "\n";
  if (!hint.empty()) io.err << "hint: " << printable(hint) << "\n";
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

int report_error(const Streams& io, const Error& e, std::span<const char* const> args) {
  const std::string hint = e.hint().empty() ? usual_hint(e.kind(), args) : e.hint();
  return report(io, e.what(), hint, exit_code(e.kind()));
}

int report_memory(const Streams& io) {
  return report(io, "out of memory", usual_hint(ErrorKind::OutOfMemory, {}),
                exit_code(ErrorKind::OutOfMemory));
}

int report_internal(const Streams& io, const std::string& what) {
  return report(io, "internal error: " + what, "this is a bug: please report it with the command",
                kInternalError);
}

bool is_about_memory(const std::string& what) {
  return what.find("out of memory") != std::string::npos ||
         what.find("can't allocate memory") != std::string::npos;
}

int guarded(std::span<const char* const> args, const Streams& io) {
  const auto done = [&, start = std::chrono::steady_clock::now()](int status) {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    io.out.flush();
    if (!io.out) throw Error(ErrorKind::Io, "cannot write to standard output");
    if (!io.events) return status;
    write_event(*io.events, "done", {{"status", status}, {"seconds", spent.count()}});
    return status;
  };
  try {
    try {
      run_words(args, io);
    } catch (const AnswerIsNo&) {
      return done(kNo);
    }
    return done(0);
  } catch (const Error& e) {
    return report_error(io, e, args);
  } catch (const std::bad_alloc&) {
    return report_memory(io);
  } catch (const c10::Error& e) {
    const auto what = first_line(e.what_without_backtrace());
    return is_about_memory(what) ? report_memory(io) : report_internal(io, what);
  } catch (const std::filesystem::filesystem_error& e) {  // a name too long, no right to look
    return report_error(io, Error(ErrorKind::Io, first_line(e.what())), args);
  } catch (const std::exception& e) {
    const auto what = first_line(e.what());
    return is_about_memory(what) ? report_memory(io) : report_internal(io, what);
  }
}

/// "txt2img", "eval scenes"; "" for words that name no command.
std::string command_words(std::span<const char* const> args) {
  for (const auto* command : commands()) {
    if (args.empty() || command->name != args.front()) continue;
    const std::string name(command->name);
    for (const auto part : command->parts) {
      if (args.size() > 1 && part == args[1]) return name + ' ' + args[1];
    }
    return name;
  }
  return "";
}

int run_telling_progress(std::span<const char* const> args, Streams io) {
  std::string progress = "auto";
  try {
    const std::string words = command_words(args);
    if (!words.empty() && !asks_for_help(args.subspan(1))) {
      progress = progress_asked_for(words, args.subspan(1));
    }
  } catch (const Error& e) {
    return report_error(io, e, args);
  }
  if (progress == "none") io.err_is_terminal = false;
  if (progress != "json") return guarded(args, io);
  std::ostream& events = io.err;
  NoteBuffer notes(events);
  std::ostream err(&notes);
  return guarded(args, {.out = io.out,
                        .err = err,
                        .cancel = io.cancel,
                        .out_is_terminal = io.out_is_terminal,
                        .events = &events});
}

}  // namespace
}  // namespace sfumato::cli

int main(int argc, char** argv) {
  using namespace sfumato::cli;
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<const char*> args(argv + 1, argv + argc);
  return run_telling_progress(args, {.out = std::cout,
                                     .err = std::cerr,
                                     .cancel = sfumato::CancelToken(interrupted),
                                     .out_is_terminal = isatty(STDOUT_FILENO) == 1,
                                     .err_is_terminal = isatty(STDERR_FILENO) == 1});
}
