#!/usr/bin/env python3
"""Draws docs/images/speed.svg: a step and a decode of SD 1.5 beside other programs.

    tools/plot_bench.py bench/results/peers.json bench/results/*-sd15-*.json > docs/images/speed.svg
"""
import json
import sys
from xml.sax.saxutils import escape

WIDTH, LABELS, ROW, TOP = 760, 210, 26, 46
OURS, OTHERS, TEXT = "#c2571a", "#8b93a1", "#7d8590"


def median(seconds):
    return sorted(seconds)[len(seconds) // 2]


def ours(path):
    with open(path) as file:
        result = json.load(file)
    precision = {"Float": "float32", "BFloat16": "bfloat16"}[result["machine"]["precision"]]
    seconds = {line["name"]: median(line["seconds"]) for line in result["measures"]}
    return {"name": f"Sfumato, {precision}", "step": seconds["step"], "decode": seconds["vae"]}


def panel(rows, key, title, x, width):
    longest = max(row[key] for row in rows)
    yield f'<text x="{x}" y="{TOP - 14}" font-weight="600">{escape(title)}</text>'
    for i, row in enumerate(rows):
        y, bar = TOP + i * ROW, (width - 60) * row[key] / longest
        colour = OURS if row["name"].startswith("Sfumato") else OTHERS
        yield f'<rect x="{x}" y="{y}" width="{bar:.1f}" height="{ROW - 8}" rx="2" fill="{colour}"/>'
        yield f'<text x="{x + bar + 6:.1f}" y="{y + 14}">{row[key]:.1f} s</text>'


def main(peers, *results):
    with open(peers) as file:
        rows = json.load(file)["programs"] + [ours(path) for path in results]
    rows.sort(key=lambda row: -row["step"])
    height, half = TOP + len(rows) * ROW + 6, (WIDTH - LABELS) / 2
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
          f'font-family="sans-serif" font-size="13" fill="{TEXT}">')
    for i, row in enumerate(rows):
        print(f'<text x="{LABELS - 12}" y="{TOP + i * ROW + 14}" text-anchor="end">'
              f'{escape(row["name"])}</text>')
    for line in panel(rows, "step", "one step, with guidance", LABELS, half):
        print(line)
    for line in panel(rows, "decode", "latent to picture", LABELS + half, half):
        print(line)
    print("</svg>")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
