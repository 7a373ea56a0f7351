#!/usr/bin/env bash
# Builds what a release consists of, into the folder `release/`: one static binary, its completions, and their checksums.
#
# Needs the target's standard library (`rustup target add TARGET`) and, for musl, `musl-gcc` (Debian: musl-tools).
# Two runs over the same commit give the same bytes: the path of the checkout and the time of the build stand in nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

target="${1:-x86_64-unknown-linux-musl}"
version="$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)"
name="omni-scale-$version-$target"

export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
export RUSTFLAGS="--remap-path-prefix=$PWD=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"
cargo build --locked --profile dist --target "$target"

binary="${CARGO_TARGET_DIR:-target}/$target/dist/omni-scale"
mkdir -p release
install -m 0755 "$binary" "release/$name"
if command -v file > /dev/null; then
  # A binary that needs a loader is not what the checksum promises to run anywhere.
  file "release/$name" | grep --quiet --extended-regexp 'static(ally|-pie) linked'
fi
"release/$name" version
(cd release && sha256sum "$name" > SHA256SUMS && sha256sum --check SHA256SUMS)
