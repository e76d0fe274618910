#!/usr/bin/env python3
"""What goes wrong and is survived: robust_test.py SFUMATO MAKE_TINY_MODEL [...]

Numbers that leave the range of bfloat16, black pictures, too little memory, latents that cannot be
decoded. Runs on models with random weights of a few hundred kilobytes.
"""
import json
import math
import os
import pathlib
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

SFUMATO, MAKE_TINY_MODEL = "", ""

LARGEST, LITTLE = 3.38953139e38, 1e36  # the largest bfloat16; together they are one no more
UNET = "model.diffusion_model."
DECODER = "first_stage_model.decoder."


class Weights:
    """The float32 weights of a model folder, changed in place."""

    def __init__(self, folder):
        self.path = folder / "model.safetensors"
        self.data = bytearray(self.path.read_bytes())
        (size,) = struct.unpack("<Q", self.data[:8])
        self.header = json.loads(bytes(self.data[8 : 8 + size]))
        self.begin = 8 + size

    def shape(self, name):
        return self.header[name]["shape"]

    def put(self, name, index, value):
        at = self.begin + self.header[name]["data_offsets"][0] + 4 * index
        struct.pack_into("<f", self.data, at, value)

    def fill(self, name, value):
        for index in range(math.prod(self.shape(name))):
            self.put(name, index, value)

    def save(self):
        self.path.write_bytes(self.data)


def unfiltered(packed, width):
    """The bytes of a PNG's RGB pixels (its specification, section 9)."""
    stride, rows = 3 * width, []
    above = bytearray(stride)
    for begin in range(0, len(packed), stride + 1):
        kind, row = packed[begin], bytearray(packed[begin + 1 : begin + 1 + stride])
        for i in range(stride):
            left, up, corner = (row[i - 3], above[i], above[i - 3]) if i >= 3 else (0, above[i], 0)
            nearest = min((left, up, corner), key=lambda v: abs(left + up - corner - v))
            row[i] = (row[i] + (0, left, up, (left + up) // 2, nearest)[kind]) & 255
        rows.append(row)
        above = row
    return b"".join(rows)


def pixels(path):
    data, at, packed, width = path.read_bytes(), 8, b"", 0
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            (width,) = struct.unpack(">I", body[:4])
        if kind == b"IDAT":
            packed += body
        at += 12 + size
    return unfiltered(zlib.decompress(packed), width)


def far(a, b):
    """The largest and the mean difference of two rows of bytes."""
    differences = [abs(x - y) for x, y in zip(a, b)]
    return max(differences), sum(differences) / len(differences)


class RobustTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="sfumato-robust-"))
        os.environ["XDG_CACHE_HOME"] = str(cls.root / "cache")
        os.environ["XDG_CONFIG_HOME"] = str(cls.root / "config")
        cls.model = cls.root / "tiny"
        subprocess.run([MAKE_TINY_MODEL, "tiny_sd1", str(cls.model)], check=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))

    def run_cli(self, *args, status=0, memory=None):
        def limit():
            if memory:
                resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

        command = [SFUMATO, *map(str, args)]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=300, preexec_fn=limit
        )
        self.assertEqual(done.returncode, status, f"{args}\n{done.stdout}\n{done.stderr}")
        return done

    def paint(self, model, out, *args, **kwargs):
        return self.run_cli(
            "txt2img", "a red cat", "--model", model, "--steps", 3, "--seed", 5, "--out", out,
            *args, **kwargs,
        )

    def changed_model(self, change):
        folder = self.folder / "changed"
        shutil.copytree(self.model, folder)
        weights = Weights(folder)
        change(weights)
        weights.save()
        return folder

    def test_an_overflow_is_computed_again_in_float32(self):
        def overflow(weights):
            # The first value of the timestep's hidden layer: too large, and without effect.
            width = weights.shape(UNET + "time_embed.0.weight")[1]
            hidden = weights.shape(UNET + "time_embed.2.weight")[1]
            for column in range(width):
                lowest = column in (width // 2 - 1, width - 1)
                weights.put(UNET + "time_embed.0.weight", column, LITTLE if lowest else 0.0)
            weights.put(UNET + "time_embed.0.bias", 0, LARGEST)
            for row in range(weights.shape(UNET + "time_embed.2.weight")[0]):
                weights.put(UNET + "time_embed.2.weight", row * hidden, 0.0)

        model = self.changed_model(overflow)
        wide = self.paint(model, "wide.png", "--precision", "float32")
        self.assertNotIn("NaN", wide.stderr)
        narrow = self.paint(model, "narrow.png", "--precision", "bfloat16")
        self.assertIn("denoising network gave NaN or infinite values in bfloat16", narrow.stderr)
        self.assertIn("once more in float32", narrow.stderr)
        pictures = [pixels(self.folder / name) for name in ("wide.png", "narrow.png")]
        self.assertLess(far(*pictures)[1], 64)

    def test_weights_that_do_not_fit_are_refused(self):
        model = self.changed_model(lambda w: w.put(UNET + "time_embed.0.bias", 3, 3.4e38))
        done = self.paint(model, "x.png", "--precision", "bfloat16", status=4)
        self.assertIn("time_embed.0.bias", done.stderr)
        self.assertIn("hint: use --precision float32", done.stderr)

    def test_broken_weights_are_refused(self):
        model = self.changed_model(lambda w: w.put(UNET + "time_embed.0.bias", 3, math.nan))
        done = self.paint(model, "x.png", status=3)
        self.assertIn("time_embed.0.bias' has 1 NaN", done.stderr)

    def test_a_black_picture_is_no_secret(self):
        def black(weights):
            weights.fill(DECODER + "conv_out.weight", 0.0)
            weights.fill(DECODER + "conv_out.bias", -5.0)

        done = self.paint(self.changed_model(black), "black.png")
        self.assertIn("warning: the picture is black", done.stderr)
        self.assertNotIn("warning", self.paint(self.model, "fine.png").stderr)

    def test_a_latent_outlives_its_decoder(self):
        def broken(weights):  # finite weights, infinite pixels
            weights.fill(DECODER + "conv_out.weight", 3e38)

        done = self.paint(self.changed_model(broken), "cat.png", status=4)
        kept = self.folder / "cat.latent.safetensors"
        self.assertIn("note: the latent is kept: sfumato decode", done.stderr)
        self.assertIn("--vae", done.stderr)
        self.assertTrue(kept.exists())
        self.assertFalse((self.folder / "cat.png").exists())
        again = self.run_cli("decode", kept, "--model", self.model, "--out", "again.png")
        self.assertEqual(again.stdout.strip(), "again.png")
        self.paint(self.model, "right.png")
        self.assertEqual(pixels(self.folder / "again.png"), pixels(self.folder / "right.png"))
        self.assertIn(b"a red cat", (self.folder / "again.png").read_bytes())

        self.run_cli("decode", status=2)
        self.run_cli("decode", self.model / "model.safetensors", "--model", self.model, status=3)

    def test_strips_are_the_same_picture(self):
        size = ("--width", 96, "--height", 160, "--precision", "float32")
        self.paint(self.model, "whole.png", "--vae-tiling", "off", *size)
        done = self.paint(self.model, "strips.png", "--vae-tiling", "on", *size)
        self.assertNotIn("note", done.stderr)
        most, mean = far(pixels(self.folder / "whole.png"), pixels(self.folder / "strips.png"))
        self.assertLessEqual(most, 1)
        self.assertLess(mean, 0.01)
        self.run_cli("txt2img", "x", "--model", self.model, "--vae-tiling", "perhaps", status=2)

    def test_a_picture_that_does_not_fit_is_refused_first(self):
        done = self.paint(
            self.model, "x.png", "--width", 8192, "--height", 8192, status=4, memory=4 << 30
        )
        self.assertIn("8192x8192", done.stderr)
        self.assertIn("GiB", done.stderr)
        self.assertIn("fits", done.stderr)
        self.assertEqual(list(self.folder.iterdir()), [])
        self.paint(self.model, "small.png", memory=4 << 30)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    SFUMATO, MAKE_TINY_MODEL = (os.path.abspath(p) for p in sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=1)
