#!/usr/bin/env python3
"""Fails if a file includes what its CMake target has no right to, hides state, or is too long.

The rights are read from the sfumato_layer() calls themselves, so build and lint cannot differ.
"""
import pathlib
import re
import subprocess
import sys

LIMIT = 400
ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/sfumato"

allowed, torch = {}, set()
text = re.sub(r"#.*", "", (SOURCE / "CMakeLists.txt").read_text())
for call in re.findall(r"sfumato_layer\((.*?)\)", text, re.S):
    name, *words = call.split()
    deps = words[words.index("DEPS") + 1:] if "DEPS" in words else []
    deps = deps[:next((i for i, word in enumerate(deps) if word.isupper()), len(deps))]
    if "TORCH" in words:
        torch.add(name)
    for dep in deps:
        if dep not in allowed:
            sys.exit(f"{name} depends on {dep}, which is declared later or not at all")
        if dep in torch and name not in torch:
            sys.exit(f"{name} is a layer without Torch but depends on {dep}")
    allowed[name] = {name, *deps}

# State that a reader of a function cannot see, or output that its caller did not ask for.
HIDDEN = re.compile(r"manual_seed\(|std::cout|std::cerr|getenv\(|DEFINE_|torch/torch\.h")

problems = []
files = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.h", "*.cpp", "*.cu", "*.py",
     "*.cmake", "*CMakeLists.txt"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
for path in map(ROOT.joinpath, sorted(files.split())):
    if not path.exists():
        continue
    lines = path.read_text().splitlines()
    if len(lines) > LIMIT:
        problems.append(f"{path}: {len(lines)} lines, the limit is {LIMIT}")
    if SOURCE not in path.parents or path.suffix not in {".h", ".cpp", ".cu"}:
        continue
    layer = path.relative_to(SOURCE).parts[0]
    for number, line in enumerate(lines, 1):
        where = f"{path.relative_to(ROOT)}:{number}"
        ours = re.match(r'#include "sfumato/(\w+)/', line)
        if ours and ours[1] not in allowed.get(layer, set()):
            problems.append(f"{where}: {layer} may not include {ours[1]}")
        if re.match(r"#include <(torch|ATen|c10)/", line) and layer not in torch:
            problems.append(f"{where}: {layer} is a layer without Torch")
        if HIDDEN.search(line.split("//")[0]):
            problems.append(f"{where}: hidden state or output: {line.strip()}")

print("\n".join(problems) or f"layers ok: {len(allowed)}, {len(torch)} with Torch")
sys.exit(bool(problems))
