#include "../target.h"
#include "../touch.h"
#include "sfumato/adapters/embedding_picture.h"
#include "sfumato/adapters/textual_inversion.h"

namespace sfumato::fuzz {
namespace {

void read_embedding(std::string_view bytes) {
  const PictureEmbedding embedding = parse_embedding_json(bytes, "input");
  touch(embedding.tensors);
  textual_inversion(embedding.tensors, embedding.name, "input");
}

}  // namespace

const Target embedding_json{.name = "embedding_json", .read = read_embedding};

}  // namespace sfumato::fuzz
