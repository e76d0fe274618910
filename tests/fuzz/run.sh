#!/usr/bin/env bash
# Runs the fuzz targets one after another, each for the given time; stops at the first finding.
# usage: run.sh FOLDER_OF_PROGRAMS [SECONDS [TARGET...]]
set -eu
bin=$(cd "$1" && pwd)
seconds=${2:-60}
shift $(($# > 2 ? 2 : $#))
seeds=$(cd "$(dirname "$0")" && pwd)/corpus
[ $# -gt 0 ] || set -- $(ls "$seeds")

# What the fuzzer discovers stays beside the programs and is the start of the next run.
export OMP_NUM_THREADS=1
for target in "$@"; do
  found=$bin/../corpus/$target
  mkdir -p "$found"
  echo "== $target"
  "$bin/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -malloc_limit_mb=512 -print_final_stats=1 -verbosity=0 -artifact_prefix="$found-" \
    "$found" "$seeds/$target"
done
