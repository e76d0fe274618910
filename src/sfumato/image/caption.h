#pragma once

#include <string>
#include <vector>

#include "sfumato/image/canvas.h"

/// Text below and beside pictures; not for use outside this folder.
namespace sfumato::caption {

void use_font(cairo_t* cairo, double size);
/// In pixels, with the font in use.
double width_of(cairo_t* cairo, const std::string& text);
/// The words in lines of at most `width` pixels; a longer word has a line of its own.
std::vector<std::string> wrap(cairo_t* cairo, const std::string& text, double width);

}  // namespace sfumato::caption
