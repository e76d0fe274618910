#pragma once

#include <iosfwd>
#include <span>
#include <string_view>

#include "sfumato/base/cancel.h"

namespace sfumato::cli {

/// Where a command talks to. Tests pass string streams; no command names std::cout.
struct Streams {
  std::ostream& out;   ///< results: paths, tables, JSON
  std::ostream& err;   ///< progress and diagnostics
  CancelToken cancel;  ///< fires at Ctrl-C
  bool out_is_terminal = false, err_is_terminal = false;
  std::ostream* events = nullptr;  ///< with --progress json: takes JSON, one object a line
};

/// Thrown by a command that has answered a question with no, on `out`: exit status 1, nothing more
/// is said.
struct AnswerIsNo {};

/// One subcommand; `args` are the words after its name. Throws sfumato::Error, which main() turns
/// into message, hint and exit status.
struct Command {
  std::string_view name, summary;
  void (*run)(std::span<const char* const> args, Streams io);
  std::span<const std::string_view> parts = {};  ///< the words that may follow, if it has such
};

/// All of them, in menu order (commands.cpp).
std::span<const Command* const> commands();

extern const Command txt2img, img2img, inpaint, outpaint, edit, depth2img, upscale, variations,
    paint_grid, interpolate, inspect, convert, merge, pull, list_samplers, list_models, data, eval,
    train, completion, manual, verify, show_config, decode, bench;

}  // namespace sfumato::cli
