#!/usr/bin/env python3
"""Fails if docs/paper_map.md names a file or a symbol that does not exist."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
problems, checked = [], 0
for number, line in enumerate((ROOT / "docs/paper_map.md").read_text().splitlines(), 1):
    for target in re.findall(r"`([\w./-]+\.(?:h|cpp|toml|py))(?::(\w+))?`", line):
        checked += 1
        file, symbol = target
        path = next((p for p in (ROOT / "src/sfumato" / file, ROOT / file) if p.exists()), None)
        if path is None:
            problems.append(f"docs/paper_map.md:{number}: no file {file}")
        elif symbol and not re.search(rf"\b{symbol}\b", path.read_text()):
            problems.append(f"docs/paper_map.md:{number}: {file} has no {symbol}")
print("\n".join(problems) or f"paper map ok: {checked} places")
sys.exit(bool(problems))
