// make_tiny_model FAMILY[+KIND] FOLDER: writes a model folder with random weights, for the tests of
// the program. With a kind of further channels (see random_model.h) the network sees them.
#include <exception>
#include <iostream>

#include "random_model.h"
#include "sfumato/family/load_model.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    sfumato::save_model(argv[2], sfumato::test::random_model(argv[1]), at::kFloat);
  } catch (const std::exception& e) {
    std::cerr << e.what() << "\n";
    return 1;
  }
}
