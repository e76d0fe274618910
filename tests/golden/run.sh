#!/bin/sh
# Runs the golden tool over all reference cases where they lie beside the repository, else over the
# small set in it. usage: run.sh GOLDEN_BINARY [FOLDER]
set -eu
golden=$1
here=$(cd "$(dirname "$0")" && pwd)
all=${2:-$here/../../../shared/goldens}
if [ -d "$all" ]; then
  cases=$all
  echo "golden: all cases, from $cases"
else
  cases=$here/cases
  echo "golden: $all is not here; the small set in $cases"
fi
exec "$golden" --cases "$cases"
