#include "sfumato/base/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <new>

namespace sfumato {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_ || !EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr))
    throw std::bad_alloc();
}

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

void Sha256::update(std::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::hex() const {
  Sha256 so_far;
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned size = 0;
  if (!EVP_MD_CTX_copy_ex(so_far.context_.get(), context_.get()) ||
      !EVP_DigestFinal_ex(so_far.context_.get(), hash.data(), &size)) {
    throw std::bad_alloc();
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[hash[i] >> 4];
    text += kDigits[hash[i] & 15];
  }
  return text;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

}  // namespace sfumato
