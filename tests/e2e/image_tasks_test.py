#!/usr/bin/env python3
"""Commands that begin with a picture: image_tasks_test.py SFUMATO MAKE_TINY_MODEL [unittest options]

edit, depth2img and outpaint on models with random weights.
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
import zlib

SFUMATO, MAKE_TINY_MODEL = "", ""


def rgb_rows(path):
    """The rows of an 8-bit RGB PNG, each as bytes."""
    data, at, packed = path.read_bytes(), 8, b""
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 2), "not 8-bit RGB"
        packed += body if kind == b"IDAT" else b""
        at += 12 + size
    raw, stride, rows = zlib.decompress(packed), 3 * width, []
    above = bytes(stride)
    for y in range(height):
        line = raw[y * (stride + 1) : (y + 1) * (stride + 1)]
        row = bytearray(line[1:])
        for i in range(stride):
            left = row[i - 3] if i >= 3 else 0
            corner = above[i - 3] if i >= 3 else 0
            row[i] = (row[i] + predicted(line[0], left, above[i], corner)) & 255
        above = bytes(row)
        rows.append(above)
    return rows


def predicted(kind, left, up, corner):
    if kind == 4:  # Paeth: of the three the nearest to their plane
        at = left + up - corner
        return min((left, up, corner), key=lambda value: abs(at - value))
    return (0, left, up, (left + up) // 2)[kind]


class ImageTasksTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="sfumato-e2e-"))
        os.environ["XDG_CACHE_HOME"] = str(cls.root / "cache")
        cls.models = {}
        for kind in ("", "edited_image", "depth", "masked_latent"):
            cls.models[kind] = cls.root / ("model_" + kind)
            family = "tiny_sd1+" + kind if kind else "tiny_sd1"
            subprocess.run([MAKE_TINY_MODEL, family, str(cls.models[kind])], check=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        self.run_cli("txt2img", "a cat", "--model", self.models[""], "--seed", 1, "--width", 40,
                     "--out", "a.png")

    def run_cli(self, *args, status=0):
        done = subprocess.run(
            [SFUMATO, *map(str, args)], cwd=self.folder, capture_output=True, text=True, timeout=300
        )
        self.assertEqual(done.returncode, status, f"{args}\n{done.stdout}\n{done.stderr}")
        return done

    def refuse(self, *args, status, says):
        done = self.run_cli(*args, status=status)
        self.assertEqual(done.stdout, "")
        self.assertIn(says, done.stderr)
        self.assertEqual([p.name for p in self.folder.iterdir() if p.name != "out"], ["a.png"])

    def pixels(self, name):
        return rgb_rows(self.folder / name)

    def text(self, name):
        return json.loads(self.run_cli("inspect", name, "--json").stdout)

    def paints_again(self, command, model, name):
        self.run_cli(command, "--model", model, "--from", name, "--out", "again.png")
        self.assertEqual((self.folder / name).read_bytes(), (self.folder / "again.png").read_bytes())

    def test_edit(self):
        model = self.models["edited_image"]
        on = ["edit", "make it blue", "--model", model, "--image", "a.png", "--seed", 2]
        done = self.run_cli(*on, "--out", "b.png")
        self.assertEqual(done.stdout, "b.png\n")
        self.run_cli(*on, "--image-guidance", 4, "--out", "c.png")
        self.run_cli(*on, "--strength", 0.6, "--out", "d.png")
        b, c, d = (self.pixels(name) for name in ("b.png", "c.png", "d.png"))
        self.assertEqual((len(b), len(b[0])), (32, 3 * 40))
        self.assertTrue(b != c and b != d)
        text = self.text("b.png")
        self.assertEqual(text["sfumato"]["task"], "edit")
        self.assertIn("Image CFG scale: 1.5", text["text"]["parameters"])
        self.paints_again("edit", model, "b.png")

    def test_depth2img(self):
        model = self.models["depth"]
        self.run_cli("txt2img", "a dog", "--model", self.models[""], "--seed", 5, "--out", "far.png")
        on = ["depth2img", "a dog", "--model", model, "--image", "a.png", "--seed", 2]
        self.run_cli(*on, "--depth", "a.png", "--out", "b.png")
        self.run_cli(*on, "--depth", "far.png", "--out", "c.png")
        self.assertNotEqual(self.pixels("b.png"), self.pixels("c.png"))
        self.assertEqual(self.text("b.png")["sfumato"]["request"]["depth"], "a.png")
        self.paints_again("depth2img", model, "b.png")

    def test_outpaint_keeps_the_old_picture(self):
        old = self.pixels("a.png")
        for kind in ("", "masked_latent"):
            args = ["outpaint", "a cat", "--model", self.models[kind], "--image", "a.png", "--seed", 2]
            self.run_cli(*args, "--left", 13, "--down", 5, "--overlap", 6, "--out", f"b{kind}.png")
            new = self.pixels(f"b{kind}.png")
            self.assertEqual((len(new), len(new[0])), (32 + 5, 3 * (40 + 13)))
            for y in range(32 - 6):
                self.assertEqual(new[y][3 * (13 + 6) :], old[y][3 * 6 :], f"{kind}, row {y}")
            self.paints_again("outpaint", self.models[kind], f"b{kind}.png")

    def test_what_is_missing(self):
        self.refuse("edit", "x", status=2, says="--image")
        self.refuse("depth2img", "x", "--image", "a.png", status=2, says="--depth")
        self.refuse("outpaint", "x", "--image", "a.png", status=2, says="--left, --right, --up or --down")

    def test_the_wrong_model_names_the_right_command(self):
        on = ["--image", "a.png"]
        for command, kind, right in (
            ("img2img", "depth", "depth2img"),
            ("img2img", "edited_image", "edit"),
            ("edit", "", "img2img"),
            ("outpaint", "edited_image", "edit"),
        ):
            extra = ["--left", 8] if command == "outpaint" else []
            self.refuse(command, "x", *on, *extra, "--model", self.models[kind], status=4,
                        says="use: sfumato " + right)
        self.refuse("txt2img", "x", "--model", self.models["edited_image"], status=4,
                    says="use: sfumato edit")
        self.refuse("depth2img", "x", *on, "--depth", "a.png", "--model", self.models[""], status=4,
                    says="use: sfumato img2img")
        # Everything masked: an inpainting model paints from words and over pictures.
        model = ["--model", self.models["masked_latent"]]
        self.run_cli("txt2img", "x", *model, "--out", "t.png")
        self.run_cli("img2img", "x", *on, *model, "--out", "i.png")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    SFUMATO, MAKE_TINY_MODEL = (os.path.abspath(p) for p in sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=1)
