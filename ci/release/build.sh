#!/usr/bin/env bash
# Builds what a release consists of, into the folder `release/`: one static binary and its checksum.
#
# Needs the target's standard library (`rustup target add TARGET`) and, for musl, `musl-gcc` (Debian: musl-tools).
# Two runs over the same commit give the same bytes: the path of the checkout and the time of the build stand in nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

target="${1:-x86_64-unknown-linux-musl}"
version="$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)"
name="omni-scale-$version-$target"
output="${CARGO_TARGET_DIR:-$PWD/target}"

export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
# Folders that differ from machine to machine, and what stands in the binary for them. The last one that matches wins.
flags=(
  "--remap-path-prefix=$PWD=."
  "--remap-path-prefix=$output=target"
  "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"
  "--remap-path-prefix=$(rustc --print sysroot)=rust"
)
# Encoded flags may hold spaces, as folders do.
CARGO_ENCODED_RUSTFLAGS="$(IFS=$'\x1f' && printf '%s' "${flags[*]}")"
export CARGO_ENCODED_RUSTFLAGS
cargo build --locked --profile dist --target "$target" --target-dir "$output"

mkdir -p release
install -m 0755 "$output/$target/dist/omni-scale" "release/$name"
if command -v file > /dev/null; then
  # A binary that needs a loader is not what the checksum promises to run anywhere.
  file "release/$name" | grep --quiet --extended-regexp 'static(ally|-pie) linked'
fi
# As a runner without a home, a locale or a search path starts it.
env -i "release/$name" version
(cd release && sha256sum "$name" > SHA256SUMS && sha256sum --check SHA256SUMS)
