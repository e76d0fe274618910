#!/usr/bin/env python3
"""Grids, interpolations and names of files: plots_test.py SFUMATO MAKE_TINY_MODEL [unittest options]

Runs on models with random weights of a few hundred kilobytes.
"""
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zlib

SFUMATO, MAKE_TINY_MODEL = "", ""
SIDE = 32  # of the tiny family's pictures


def read_png(path):
    """Width, height and rows of RGB bytes of a PNG that is not interlaced."""
    data, at, body = path.read_bytes(), 8, b""
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, chunk = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colours = struct.unpack(">IIBB", chunk[:10])
            assert (depth, colours) == (8, 2), path
        body += chunk if kind == b"IDAT" else b""
        at += 12 + size
    raw, stride, rows = zlib.decompress(body), 3 * width, []
    before = bytearray(stride)
    for y in range(height):
        kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1 :][:stride])
        for i in range(stride):
            a, b = line[i - 3] if i >= 3 else 0, before[i]
            c = before[i - 3] if i >= 3 else 0
            near = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            line[i] = (line[i] + (0, a, b, (a + b) // 2, near)[kind]) & 255
        rows.append(bytes(line))
        before = line
    return width, height, rows


def part(rows, left, top, side=SIDE):
    return [row[3 * left : 3 * (left + side)] for row in rows[top : top + side]]


def webp_frames(data):
    assert data[:4] == b"RIFF" and data[8:12] == b"WEBP", "not a WebP"
    at, durations = 12, []
    while at + 8 <= len(data):
        kind, (size,) = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])
        if kind == b"ANMF":
            durations.append(int.from_bytes(data[at + 8 + 12 : at + 8 + 15], "little"))
        at += 8 + size + size % 2
    return durations


class PlotsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="sfumato-plots-"))
        os.environ["XDG_CACHE_HOME"] = str(cls.root / "cache")
        os.environ["XDG_CONFIG_HOME"] = str(cls.root / "config")
        cls.model = cls.root / "tiny"
        subprocess.run([MAKE_TINY_MODEL, "tiny_sd1", str(cls.model)], check=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))

    def run_cli(self, *args, status=0):
        done = subprocess.run(
            [SFUMATO, *map(str, args)], cwd=self.folder, capture_output=True, text=True, timeout=300
        )
        self.assertEqual(done.returncode, status, f"{args}\n{done.stdout}\n{done.stderr}")
        return done

    def tiny(self, command, *args, **kwargs):
        return self.run_cli(command, "--model", self.model, "--steps", 2, *args, **kwargs)

    def refuse(self, *args, status, says):
        """One line and a hint, and nothing is left behind, not even an empty folder."""
        before = sorted(self.folder.rglob("*"))
        done = self.run_cli(*args, status=status)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 2, done.stderr)
        self.assertIn(says, done.stderr)
        self.assertEqual(before, sorted(self.folder.rglob("*")))

    def report(self, name):
        return json.loads(self.run_cli("inspect", name, "--json").stdout)

    # -- grids

    def test_a_grid_holds_the_pictures_of_its_values(self):
        args = ["a red cat", "--seed", 7, "--x", "steps=1,3", "--y", "prompt-replace=red,blue"]
        done = self.tiny("grid", *args, "--no-labels", "--gap", 2, "--out", "g.png")
        self.assertEqual(done.stdout, "g.png\n")
        width, height, rows = read_png(self.folder / "g.png")
        self.assertEqual((width, height), (2 * SIDE + 2, 2 * SIDE + 2))
        for x, steps in enumerate((1, 3)):
            for y, word in enumerate(("red", "blue")):
                self.run_cli("txt2img", "--model", self.model, f"a {word} cat", "--seed", 7,
                             "--steps", steps, "--out", "one.png")
                alone = read_png(self.folder / "one.png")[2]
                at = (x * (SIDE + 2), y * (SIDE + 2))
                self.assertEqual(part(rows, *at), alone, f"{steps} {word}")
        report = self.report("g.png")
        self.assertEqual(report["sfumato"]["task"], "grid")
        self.assertEqual(report["sfumato"]["request"]["x"], "steps=1,3")
        self.assertIn("X Type: Steps", report["text"]["parameters"])
        self.assertIn("Script: X/Y/Z plot", report["text"]["parameters"])
        self.tiny("grid", "--from", "g.png", "--out", "again.png")
        self.assertEqual(read_png(self.folder / "g.png"), read_png(self.folder / "again.png"))

    def test_names_stand_beside_the_pictures_and_cells_are_kept(self):
        done = self.tiny("grid", "a cat", "--seed", 3, "--x", "sampler=euler,Euler a", "--y",
                         "seed=1-2", "--z", "guidance=1,5", "--keep-cells")
        paths = done.stdout.split()
        self.assertEqual(paths[-1], "out/a-cat-3-grid.png")
        self.assertEqual(len(paths), 9)
        self.assertEqual(paths[0], "out/a-cat-1-cell-1.png")
        self.assertTrue(all((self.folder / path).exists() for path in paths))
        width, height, _ = read_png(self.folder / paths[-1])
        self.assertEqual(width, 2 * (2 * SIDE + SIDE * 3 // 4))
        self.assertGreater(height, 2 * SIDE + 10)
        cell = self.report(paths[1])["sfumato"]["request"]
        self.assertEqual((cell["sampler"], cell["seed"], cell["guidance"]), ("euler_ancestral", 1, 1.0))

    def test_models_and_vaes_vary_too(self):
        models = self.folder / "models"
        (models / "checkpoints").mkdir(parents=True)
        (models / "vae").mkdir()
        second = self.root / "second"
        subprocess.run([MAKE_TINY_MODEL, "tiny_sd1", str(second)], check=True)
        shutil.copytree(second, models / "checkpoints" / "second")
        shutil.copy(second / "model.safetensors", models / "vae" / "other.safetensors")
        args = ["a cat", "--seed", 3, "--models-dir", models, "--no-labels", "--out", "g.png"]
        self.tiny("grid", *args, "--x", f"model={self.model},second", "--y", "vae=Automatic,other")
        width, height, _ = read_png(self.folder / "g.png")
        self.assertEqual((width, height), (2 * SIDE, 2 * SIDE))
        self.refuse("grid", *args, "--x", "model=second,third", status=3, says="'third'")
        self.refuse("grid", *args, "--x", "vae=other,another", status=3, says="'another'")

    def test_grids_are_checked_before_anything_is_painted(self):
        grid = ["grid", "a cat", "--model", self.model]
        self.refuse("grid", "--x", "steps=1", status=2, says="no prompt")
        self.refuse(*grid, status=2, says="nothing to vary")
        self.refuse(*grid, "--x", "stps=1,2", status=2, says="did you mean 'steps'?")
        self.refuse(*grid, "--x", "steps=5,0", status=2, says="1 to 1000")
        self.refuse(*grid, "--x", "sampler=euler,eulr", status=2, says="euler")
        self.refuse(*grid, "--x", "spacing=karras,kars", status=2, says="karras")
        self.refuse(*grid, "--x", "width=32,33", status=2, says="multiple of 8")
        self.refuse(*grid, "--x", "prompt-replace=dog,cow", status=2, says="'dog'")
        self.refuse(*grid, "--x", "noise=torch_cpu,white", status=2, says="white")
        self.refuse(*grid, "--x", "seed=1-900", "--width", 64, status=2, says="larger than")
        self.refuse(*grid, "--x", "seed=1,2", "--count", 2, status=2, says="--count 2")
        self.refuse(*grid, "--x", "seed=1,2", "--out", "g.gif", status=2, says="PNG")
        self.assertEqual(json.loads(self.tiny("grid", "x", "--x", "seed=1", "--print-request").stdout)["x"], "seed=1")

    def test_an_interrupted_grid_keeps_its_finished_cells(self):
        args = [SFUMATO, "grid", "x", "--model", self.model, "--x", "steps=1,1000", "--seed", 1]
        args += ["--sampler", "heun", "--width", 128, "--height", 128, "--keep-cells", "--no-labels"]
        process = subprocess.Popen(list(map(str, args)), cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        first = process.stdout.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual((first, out), ("out/x-1-cell-1.png\n", "out/x-1-grid.png\n"))
        self.assertEqual(err, "sfumato: interrupted\n")
        width, height, rows = read_png(self.folder / "out/x-1-grid.png")
        self.assertEqual((width, height), (256, 128))
        self.assertEqual(part(rows, 0, 0, 128), read_png(self.folder / "out/x-1-cell-1.png")[2])
        self.assertEqual(part(rows, 128, 0, 128), [b"\xff" * 384] * 128)

    # -- interpolations

    def test_interpolates_into_a_film(self):
        args = ["a red circle", "--seed", 1, "--to-seed", 2, "--to-prompt", "a blue star"]
        done = self.tiny("interpolate", *args, "--frames", 5, "--frame-time", 120)
        self.assertEqual(done.stdout, "out/a-red-circle-1.webp\n")
        film = (self.folder / "out/a-red-circle-1.webp").read_bytes()
        self.assertEqual(webp_frames(film), [120] * 5)
        repeat = ["interpolate", "--from", "out/a-red-circle-1.webp"]
        request = json.loads(self.tiny(*repeat, "--print-request").stdout)
        self.assertEqual((request["prompt"], request["to_seed"]), ("a red circle", 2))
        self.refuse("txt2img", "--from", repeat[2], status=2, says="made by interpolate")
        self.tiny(*repeat, "--out", "again.webp")
        self.assertEqual(webp_frames((self.folder / "again.webp").read_bytes()), [120] * 5)
        self.tiny("interpolate", *args, "--frames", 3, "--out", "f.gif")
        gif = (self.folder / "f.gif").read_bytes()
        self.assertEqual(gif[:6], b"GIF89a")
        self.assertEqual(struct.unpack("<HH", gif[6:10]), (SIDE, SIDE))

        model = ["--model", self.model]
        self.refuse("interpolate", "x", *model, status=2, says="--to-prompt or --to-seed")
        self.refuse("interpolate", "--to-seed", 1, *model, status=2, says="no prompt")
        self.refuse("interpolate", "x", "--to-seed", 1, *model, "--out", "f.png", status=2, says="WebP or GIF")
        self.refuse("interpolate", "x", "--to-seed", 1, "--frames", 1, *model, status=2, says="--frames")
        self.refuse("interpolate", "x", "--to-seed", 1, "--count", 2, *model, status=2, says="--count 2")
        self.refuse("interpolate", "x", "--to-prompt", "y <lora:ink:1>", *model, status=2, says="LoRAs")

    # -- names and formats

    def test_names_follow_the_pattern_and_never_overwrite(self):
        pattern = "[width]x[height]/[seed]-[prompt_words]-[sampler]"
        args = ["a cat, a dog", "--seed", 5, "--count", 2, "--name", pattern, "--sampler", "euler"]
        expected = [f"out/{SIDE}x{SIDE}/{seed}-a cat a dog-Euler" for seed in (5, 6)]
        done = self.tiny("txt2img", *args)
        self.assertEqual(done.stdout.split("\n")[:2], [path + ".png" for path in expected])
        done = self.tiny("txt2img", *args)
        self.assertEqual(done.stdout.split("\n")[:2], [path + "-2.png" for path in expected])
        self.assertEqual(len(list(self.folder.rglob("*.png"))), 4)

        done = self.tiny("txt2img", "../../up", "--name", "[prompt]", "--out", "deep/er", "--seed", 1)
        path = (self.folder / done.stdout.strip()).resolve()
        self.assertEqual(path.parent, (self.folder / "deep/er").resolve())
        hashed = self.tiny("txt2img", "x", "--name", "[image_hash<8>]-[generation_number]", "--seed", 1)
        self.assertRegex(hashed.stdout, r"^out/[0-9a-f]{8}\.png\n$")

        model = ["--model", self.model]
        self.refuse("txt2img", "x", *model, "--name", "../[seed]", status=2, says="leads out")
        self.refuse("txt2img", "x", *model, "--name", "/tmp/x", status=2, says="relative path")
        self.refuse("txt2img", "x", *model, "--name", "[sed]", status=2, says="did you mean 'seed'?")
        self.refuse("txt2img", "x", *model, "--name", "x", "--out", "a.png", status=2, says="--out a.png")

    def test_pictures_have_the_format_that_is_asked_for(self):
        starts = {"png": (b"\x89PNG", ".png"), "jpeg": (b"\xff\xd8\xff", ".jpg"), "webp": (b"RIFF", ".webp")}
        for name, (magic, ending) in starts.items():
            done = self.tiny("txt2img", "x", "--seed", 1, "--format", name)
            self.assertEqual(done.stdout, f"out/x-1{ending}\n")
            self.assertTrue((self.folder / "out" / f"x-1{ending}").read_bytes().startswith(magic))
            self.assertEqual(self.report(f"out/x-1{ending}")["sfumato"]["request"]["seed"], 1)
        sizes = []
        for quality in (10, 95):
            self.tiny("txt2img", "x", "--seed", 1, "--out", "a.jpg", "--quality", quality)
            sizes.append((self.folder / "a.jpg").stat().st_size)
        self.assertLess(*sizes)
        self.tiny("txt2img", "--from", "a.jpg", "--out", "b.jpg", "--quality", 95)
        self.assertEqual(*((self.folder / n).read_bytes() for n in ("a.jpg", "b.jpg")))
        model = ["--model", self.model]
        self.refuse("txt2img", "x", *model, "--format", "gif", status=2, says="--format")
        self.refuse("txt2img", "x", *model, "--quality", "0", status=2, says="1 to 100")
        self.refuse("txt2img", "x", *model, "--format", "webp", "--out", "a.png", status=2, says="contradict")

    def test_a_sheet_of_a_batch(self):
        done = self.tiny("txt2img", "x", "--seed", 1, "--count", 5, "--grid")
        paths = done.stdout.split()
        self.assertEqual(paths[-1], "out/x-1-grid.png")
        width, height, rows = read_png(self.folder / paths[-1])
        self.assertEqual((width, height), (3 * SIDE, 2 * SIDE))
        self.assertEqual(part(rows, SIDE, SIDE), read_png(self.folder / paths[4])[2])
        self.assertEqual(len(self.tiny("txt2img", "x", "--seed", 9, "--grid").stdout.split()), 1)

    def test_a_failed_command_leaves_no_folder(self):
        self.refuse("txt2img", "x <lora:none:1>", "--model", self.model, status=3, says="no LoRA")
        self.refuse("txt2img", "x", "--model", self.model, "--out", "a/b/c", "--width", 33, status=2,
                    says="multiple of 8")
        (self.folder / "a").mkdir()
        self.refuse("txt2img", "x", "--model", "none", "--out", "a/b/c", status=3, says="none")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    SFUMATO, MAKE_TINY_MODEL = (os.path.abspath(p) for p in sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=1)
