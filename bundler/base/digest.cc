#include "bundler/base/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <xxhash.h>

#include <new>

#include "bundler/base/error.h"

namespace scratchpack {

namespace {

EVP_MD_CTX* openssl(void* context) { return static_cast<EVP_MD_CTX*>(context); }
XXH64_state_t* xxhash(void* state) { return static_cast<XXH64_state_t*>(state); }

void require(int result) {
  if (result != 1) throw Error("digest content: OpenSSL offers no SHA-256");
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  require(context_ != nullptr ? EVP_DigestInit_ex(openssl(context_), EVP_sha256(), nullptr) : 0);
}

Sha256::~Sha256() { EVP_MD_CTX_free(openssl(context_)); }

void Sha256::update(std::span<const std::uint8_t> bytes) {
  require(EVP_DigestUpdate(openssl(context_), bytes.data(), bytes.size()));
}

std::string Sha256::hexadecimal() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  require(EVP_DigestFinal_ex(openssl(context_), digest, &length));
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string sha256(std::span<const std::uint8_t> bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.hexadecimal();
}

std::uint64_t xxh64(std::span<const std::uint8_t> bytes) { return xxh64_seeded(bytes, 0); }

std::uint64_t xxh64_seeded(std::span<const std::uint8_t> bytes, std::uint64_t seed) {
  return XXH64(bytes.data(), bytes.size(), seed);
}

Xxh64::Xxh64() : state_(XXH64_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH64_reset(xxhash(state_), 0);
}

Xxh64::~Xxh64() { XXH64_freeState(xxhash(state_)); }

void Xxh64::update(std::span<const std::uint8_t> bytes) {
  XXH64_update(xxhash(state_), bytes.data(), bytes.size());
}

std::uint64_t Xxh64::value() const { return XXH64_digest(xxhash(state_)); }

}  // namespace scratchpack
