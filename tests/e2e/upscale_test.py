#!/usr/bin/env python3
"""Larger pictures and pictures like a picture: upscale_test.py SFUMATO MAKE_TINY_MODEL [unittest options]

upscale by every method and variations, on models with random weights.
"""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

SFUMATO, MAKE_TINY_MODEL = "", ""


def png_parts(path):
    data, at = path.read_bytes(), 8
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        at += 12 + size


def size_of(path):
    return struct.unpack(">II", next(png_parts(path))[1][:8])


def pixels_of(path):
    return b"".join(body for kind, body in png_parts(path) if kind == b"IDAT")


def texts_of(path):
    pairs = (body.split(b"\0", 1) for kind, body in png_parts(path) if kind == b"tEXt")
    return {name.decode(): text.decode("latin-1") for name, text in pairs}


class UpscaleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="sfumato-e2e-"))
        os.environ["XDG_CACHE_HOME"] = str(cls.root / "cache")
        cls.models = {}
        for family in ("tiny_sd1", "tiny_x4_upscaler", "tiny_unclip"):
            cls.models[family] = cls.root / family
            subprocess.run([MAKE_TINY_MODEL, family, str(cls.models[family])], check=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        for name, seed in (("a.png", 1), ("b.png", 2)):
            self.run_cli("txt2img", "a cat", "--model", self.models["tiny_sd1"], "--seed", seed,
                         "--width", 40, "--out", name)

    def run_cli(self, *args, status=0):
        done = subprocess.run(
            [SFUMATO, *map(str, args)], cwd=self.folder, capture_output=True, text=True, timeout=300
        )
        self.assertEqual(done.returncode, status, f"{args}\n{done.stdout}\n{done.stderr}")
        return done

    def upscale(self, family, *args, **kwargs):
        return self.run_cli("upscale", "a.png", "--model", self.models[family], "--steps", 3, *args,
                            **kwargs)

    def vary(self, *args, **kwargs):
        return self.run_cli("variations", "a.png", "--model", self.models["tiny_unclip"], "--steps", 3,
                            *args, **kwargs)

    def refuse(self, done, *says):
        self.assertEqual(done.stdout, "")
        for text in says:
            self.assertIn(text, done.stderr)

    # -- upscale

    def test_resampling_needs_no_model(self):
        done = self.run_cli("upscale", "a.png", "--model", "no such model", "--scale", "2.5")
        path = self.folder / done.stdout.strip()
        self.assertEqual(size_of(path), (100, 80))
        texts = texts_of(path)
        self.assertEqual(texts["parameters"], texts_of(self.folder / "a.png")["parameters"])
        own = json.loads(texts["sfumato"])
        self.assertEqual((own["task"], own["request"]["scale"]), ("upscale", 2.5))
        self.assertNotIn("width", own["request"])
        self.run_cli("upscale", "--from", path, "--out", "again.png")
        self.assertEqual(pixels_of(path), pixels_of(self.folder / "again.png"))
        self.run_cli("upscale", "--from", path, "--method", "bicubic", "--out", "other.png")
        self.assertNotEqual(pixels_of(path), pixels_of(self.folder / "other.png"))

    def test_x4(self):
        self.upscale("tiny_x4_upscaler", "a cat", "--method", "x4", "--seed", 3, "--out", "x.png")
        self.assertEqual(size_of(self.folder / "x.png"), (160, 128))
        request = json.loads(texts_of(self.folder / "x.png")["sfumato"])["request"]
        self.assertEqual((request["noise_level"], request["prompt"]), (20, "a cat"))
        self.run_cli("upscale", "--from", "x.png", "--model", self.models["tiny_x4_upscaler"], "--out",
                     "again.png")
        self.assertEqual(pixels_of(self.folder / "x.png"), pixels_of(self.folder / "again.png"))
        self.upscale("tiny_x4_upscaler", "a cat", "--method", "x4", "--seed", 3, "--tile", 64, "--out",
                     "tiles.png")
        self.assertEqual(size_of(self.folder / "tiles.png"), (160, 128))

    def test_tiles(self):
        done = self.upscale("tiny_sd1", "--method", "tiles", "--scale", "1.5", "--seed", 3, "--count", 2)
        paths = [self.folder / line for line in done.stdout.split()]
        self.assertEqual([size_of(path) for path in paths], [(60, 48)] * 2)
        self.assertNotEqual(pixels_of(paths[0]), pixels_of(paths[1]))
        parameters = texts_of(paths[0])["parameters"]
        for part in ("Size: 60x48", "Denoising strength: 0.3", "SD upscale overlap: 4"):
            self.assertIn(part, parameters)

    def test_upscale_refusals(self):
        wrong = self.upscale("tiny_sd1", "--method", "x4", status=4)
        self.refuse(wrong, "tiny_sd1", "--method tiles")
        self.refuse(self.upscale("tiny_x4_upscaler", "--method", "tiles", status=4), "--method x4")
        self.refuse(self.upscale("tiny_x4_upscaler", "--method", "x4", "--scale", 2, status=2), "4 times")
        self.refuse(self.run_cli("upscale", status=2), "no picture given")
        self.refuse(self.run_cli("upscale", "missing.png", status=3), "missing.png")
        self.refuse(self.run_cli("upscale", "a.png", "--film", "f.webp", status=2), "--film")
        for command in (["txt2img", "x"], ["img2img", "x", "--image", "a.png"]):
            done = self.run_cli(*command, "--model", self.models["tiny_x4_upscaler"], status=4)
            self.refuse(done, "sfumato upscale")

    # -- variations

    def test_variations(self):
        done = self.vary("--seed", 5, "--count", 2)
        paths = [self.folder / line for line in done.stdout.split()]
        self.assertEqual([size_of(path) for path in paths], [(32, 32)] * 2)
        self.assertNotEqual(pixels_of(paths[0]), pixels_of(paths[1]))
        self.run_cli("variations", "--from", paths[1], "--model", self.models["tiny_unclip"], "--out",
                     "again.png")
        self.assertEqual(pixels_of(paths[1]), pixels_of(self.folder / "again.png"))
        for name, more in (("level", ["--noise-level", 700]), ("mix", ["--mix", "b.png:2"]), ("text", ["a dog"])):
            self.vary("--seed", 5, "--out", name + ".png", *more)
            self.assertNotEqual(pixels_of(paths[0]), pixels_of(self.folder / (name + ".png")), name)

    def test_variations_refusals(self):
        tiny = self.models["tiny_sd1"]
        self.refuse(self.run_cli("variations", "a.png", "--model", tiny, status=4), "unCLIP")
        self.refuse(self.run_cli("variations", status=2), "no picture given")
        self.refuse(self.vary("--mix", "missing.png:2", status=3), "missing.png")
        self.refuse(self.vary("--mix", "a.png:-1", status=2), "sum up to 0")
        done = self.run_cli("txt2img", "x", "--model", self.models["tiny_unclip"], status=4)
        self.refuse(done, "sfumato variations")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    SFUMATO, MAKE_TINY_MODEL = (os.path.abspath(p) for p in sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=1)
