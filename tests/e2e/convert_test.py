#!/usr/bin/env python3
"""Checkpoints in and out: convert_test.py SFUMATO MAKE_TINY_MODEL [unittest options]

convert, merge and inspect on a model with random weights of a few hundred kilobytes.
"""
import array
import hashlib
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

PROJECTION = "model.diffusion_model.middle_block.1.proj_in.weight"
OUT_BIAS = "model.diffusion_model.out.2.bias"


def read_tensors(path):
    """name -> (dtype, shape, bytes)"""
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    result = {}
    for name, row in header.items():
        begin, end = (8 + size + at for at in row["data_offsets"])
        result[name] = (row["dtype"], row["shape"], data[begin:end])
    return result


def read_metadata(path):
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + size]).get("__metadata__", {})


def write_tensors(path, tensors, metadata=None):
    header, at = {}, 0
    if metadata:
        header["__metadata__"] = metadata
    ordered = sorted(tensors.items(), key=lambda item: item[1][0] != "I64")
    for name, (dtype, shape, data) in ordered:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(t[2] for _, t in ordered))


def floats(tensor):
    assert tensor[0] == "F32", tensor[0]
    return array.array("f", tensor[2])


def mapped(tensor, change):
    return (tensor[0], tensor[1], array.array("f", map(change, floats(tensor))).tobytes())


class ConvertTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="sfumato-convert-"))
        subprocess.run([MAKE_TINY_MODEL, "tiny_sd1", str(cls.root / "tiny")], check=True)
        cls.model = cls.root / "tiny" / "model.safetensors"
        cls.tensors = read_tensors(cls.model)
        cls.other = cls.root / "other.safetensors"  # every weight doubled
        write_tensors(cls.other, {n: mapped(t, lambda x: 2 * x) for n, t in cls.tensors.items()})

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))

    def run_cli(self, *args, status=0):
        done = subprocess.run(
            [SFUMATO, *map(str, args)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, "XDG_CACHE_HOME": str(self.folder / "cache")},
        )
        self.assertEqual(done.returncode, status, f"{args}\n{done.stdout}\n{done.stderr}")
        return done

    def refuse(self, *args, status, says):
        """One line and a hint, and nothing is left behind."""
        before = sorted(self.folder.rglob("*"))
        done = self.run_cli(*args, status=status)
        self.assertEqual(done.stdout, "")
        lines = done.stderr.strip().split("\n")
        self.assertEqual(len(lines), 2, done.stderr)
        self.assertIn(says, lines[0])
        self.assertEqual(before, sorted(self.folder.rglob("*")))

    def converted(self, *args, out="out.safetensors"):
        self.run_cli("convert", *args[:1], out, *args[1:])
        return read_tensors(self.folder / out)

    # -- convert

    def test_round_trips_are_identities(self):
        self.assertEqual(self.converted(self.model, out="a.safetensors"), self.tensors)
        for between in ("b.gguf", "folder/"):
            with self.subTest(between):
                self.run_cli("convert", self.model, between)
                self.assertEqual(self.converted(between), self.tensors)
        self.run_cli("convert", "b.gguf", "again", "--to", "diffusers")
        for part in ("unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model"):
            first, second = (self.folder / f / (part + ".safetensors") for f in ("folder", "again"))
            self.assertEqual(first.read_bytes(), second.read_bytes())
        unet = json.loads((self.folder / "again/unet/config.json").read_text())
        self.assertEqual(unet["block_out_channels"], [16, 32])
        self.assertEqual([p.name for p in self.folder.glob("*partial*")], [])

    def test_types(self):
        half = self.converted(self.model, "--dtype", "float16")
        self.assertEqual(half[PROJECTION][0], "F16")
        expected = struct.pack("<32e", *floats(self.tensors[PROJECTION])[:32])
        self.assertEqual(half[PROJECTION][2][:64], expected)
        brain = self.converted(self.model, "--dtype", "bfloat16", out="b.safetensors")
        self.assertEqual(brain[PROJECTION][0], "BF16")
        back = self.converted("out.safetensors", "--dtype", "float32", out="c.safetensors")
        self.assertEqual(back[PROJECTION][0], "F32")
        for dtype in ("q8_0", "q4_0", "q5_1"):
            self.run_cli("convert", self.model, dtype + ".gguf", "--dtype", dtype)
            report = json.loads(self.run_cli("inspect", dtype + ".gguf", "--json").stdout)
            self.assertEqual(report["family"], "tiny_sd1")
            self.assertLess((self.folder / (dtype + ".gguf")).stat().st_size, self.model.stat().st_size)

    def test_averaged_weights(self):
        averaged = dict(self.tensors)
        for name, tensor in self.tensors.items():
            if name.startswith("model.diffusion_model."):
                average = "model_ema." + name.removeprefix("model.").replace(".", "")
                averaged[average] = mapped(tensor, lambda x: x + 1)
        write_tensors(self.folder / "ema.safetensors", averaged)
        self.assertEqual(self.converted("ema.safetensors", "--no-ema"), self.tensors)
        preferred = self.converted("ema.safetensors")
        self.assertEqual(preferred.keys(), self.tensors.keys())
        self.assertEqual(preferred[OUT_BIAS], mapped(self.tensors[OUT_BIAS], lambda x: x + 1))

    def test_baking_an_autoencoder(self):
        baked = self.converted(self.model, "--vae", self.other)
        for name, tensor in read_tensors(self.other).items():
            wanted = tensor if name.startswith("first_stage_model.") else self.tensors[name]
            self.assertEqual(baked[name], wanted, name)
        self.assertEqual(baked.keys(), self.tensors.keys())
        self.run_cli("convert", self.other, "folder/")
        vae = "folder/vae/diffusion_pytorch_model.safetensors"  # by the names of diffusers
        self.assertEqual(self.converted(self.model, "--vae", vae, out="b.safetensors"), baked)
        without = {n: t for n, t in self.tensors.items() if not n.startswith("first_stage_model.")}
        write_tensors(self.folder / "bare.safetensors", without)
        named = ["--family", "tiny_sd1"]
        self.refuse("convert", "bare.safetensors", "bare/", *named, status=3, says="are missing")
        self.run_cli("convert", "bare.safetensors", "whole/", *named, "--vae", self.model)

    def test_baking_adapters(self):
        _, (out, width, *_), _ = self.tensors[PROJECTION]
        ones = lambda *shape: ("F32", list(shape), struct.pack("<f", 1.0) * (shape[0] * shape[1]))
        layer = "lora_unet_mid_block_attentions_0_proj_in"
        adapter = {
            layer + ".lora_up.weight": ones(out, 1, 1, 1),
            layer + ".lora_down.weight": ones(1, width, 1, 1),
        }
        write_tensors(self.folder / "ones.safetensors", adapter)
        baked = self.converted(
            self.model, "--lora", "ones.safetensors:0.5", "--lora", "ones.safetensors:1.5"
        )
        want = mapped(self.tensors[PROJECTION], lambda x: x + 2)
        for a, b in zip(floats(baked.pop(PROJECTION)), floats(want)):
            self.assertAlmostEqual(a, b, places=5)
        rest = {n: t for n, t in self.tensors.items() if n != PROJECTION}
        self.assertEqual(baked, rest)
        self.assertEqual(read_tensors(self.model), self.tensors)  # the mapped file is not touched
        self.refuse("convert", self.model, "x.safetensors", "--lora", "ones.safetensors:much", status=2, says="'much'")
        self.refuse("convert", self.model, "x.safetensors", "--lora", self.other, status=3, says="other")

    def test_what_convert_refuses(self):
        model = self.model
        self.refuse("convert", status=2, says="no checkpoint given")
        self.refuse("convert", model, status=2, says="no name for the output")
        self.refuse("convert", "missing.ckpt", "a.gguf", status=3, says="missing.ckpt")
        self.refuse("convert", model, "a.ckpt", status=4, says="read, not written")
        self.refuse("convert", model, "a", status=2, says="does not tell")
        self.refuse("convert", model, "a.safetensors", "--dtype", "q8_0", status=2, says="GGUF")
        self.refuse("convert", model, "a.gguf", "--dtype", "q9_0", status=2, says="q9_0")
        self.refuse("convert", model, "no/such/a.gguf", status=3, says="no/such")
        self.refuse("convert", model, model, status=2, says="the file to read from")
        self.refuse("convert", model, self.root, status=2, says="exists already")
        (self.folder / "text.safetensors").write_text("hello")
        self.refuse("convert", "text.safetensors", "a.gguf", status=3, says="text.safetensors")
        large = {**self.tensors, OUT_BIAS: mapped(self.tensors[OUT_BIAS], lambda x: 1e6)}
        write_tensors(self.folder / "large.safetensors", large)
        args = ["convert", "large.safetensors", "a.safetensors", "--dtype", "float16"]
        self.refuse(*args, status=2, says=OUT_BIAS)

    # -- merge

    def merged(self, *args):
        self.run_cli("merge", *args[:-2], "out.safetensors", *args[-2:])
        return read_tensors(self.folder / "out.safetensors")

    def test_weighted_sums(self):
        self.assertEqual(self.merged(self.model, self.other, "--alpha", 0), self.tensors)
        self.assertEqual(self.merged(self.model, self.other, "--alpha", 1), read_tensors(self.other))
        half = self.merged(self.model, self.other, "--alpha", 0.5)
        self.assertEqual(half[OUT_BIAS], mapped(self.tensors[OUT_BIAS], lambda x: x * 0.5 + x))
        recipe = json.loads(read_metadata(self.folder / "out.safetensors")["sfumato.merge"])
        self.assertEqual(recipe["inputs"], ["model.safetensors", "other.safetensors"])

    def test_differences_and_blocks(self):
        # A + 1 (2A - A) = 2A
        added = self.merged(self.model, self.other, self.model, "--alpha", 1)
        self.assertEqual(added, read_tensors(self.other))
        blocks = ",".join(["0"] * 12 + ["1"] + ["0"] * 12)  # the middle alone
        self.run_cli("merge", self.model, self.other, "b.safetensors", "--blocks", blocks, "--alpha", 0)
        mixed, other = read_tensors(self.folder / "b.safetensors"), read_tensors(self.other)
        for name, tensor in mixed.items():
            middle = name.startswith("model.diffusion_model.middle_block.")
            self.assertEqual(tensor, (other if middle else self.tensors)[name], name)

    def test_what_merge_refuses(self):
        self.refuse("merge", self.model, self.other, status=2, says="A B OUT")
        args = ["merge", self.model, self.other, "a.safetensors"]
        self.refuse(*args, "--blocks", "1,2", status=2, says="25 numbers")
        without = {n: t for n, t in self.tensors.items() if n != OUT_BIAS}
        write_tensors(self.folder / "less.safetensors", without)
        self.refuse("merge", self.model, "less.safetensors", "a.gguf", status=3, says=OUT_BIAS)
        dtype, (count,), data = self.tensors[OUT_BIAS]
        write_tensors(self.folder / "shape.safetensors", {**self.tensors, OUT_BIAS: (dtype, [1, count], data)})
        self.refuse("merge", self.model, "shape.safetensors", "a.gguf", status=3, says=f"[1, {count}]")

    # -- inspect

    def test_inspect_tells_the_hash(self):
        digest = hashlib.sha256(self.model.read_bytes()).hexdigest()
        cache = self.folder / "cache" / "sfumato" / "hashes.json"
        for _ in range(2):
            report = json.loads(self.run_cli("inspect", self.model, "--json").stdout)
            self.assertEqual((report["sha256"], report["short_hash"]), (digest, digest[:10]))
            self.assertEqual((report["nan"], report["infinite"]), (0, 0))
            self.assertEqual(json.loads(cache.read_text())[str(self.model.resolve())]["sha256"], digest)
        self.assertIn(digest[:10], self.run_cli("inspect", self.model).stdout)
        cache.unlink()
        cache.mkdir()  # cannot be written: costs time only
        self.assertIn(digest, self.run_cli("inspect", self.model).stdout)

    def test_inspect_counts_and_judges(self):
        values = floats(self.tensors[OUT_BIAS])
        values[0], values[1], values[2] = float("nan"), float("inf"), float("-inf")
        bad = {**self.tensors, OUT_BIAS: ("F32", self.tensors[OUT_BIAS][1], values.tobytes())}
        write_tensors(self.folder / "bad.safetensors", bad, {"author": "somebody"})
        done = self.run_cli("inspect", "bad.safetensors", "--json", status=3)
        report = json.loads(done.stdout)
        self.assertEqual((report["nan"], report["infinite"]), (1, 2))
        self.assertEqual(report["non_finite"], {OUT_BIAS: 3})
        self.assertEqual(report["metadata"], {"author": "somebody"})

        less = {n: t for n, t in self.tensors.items() if n != OUT_BIAS}
        write_tensors(self.folder / "less.safetensors", less)
        done = self.run_cli("inspect", "less.safetensors", status=3)
        self.assertIn(OUT_BIAS, done.stdout)
        self.assertIn("not complete: 1 missing", done.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    SFUMATO, MAKE_TINY_MODEL = (os.path.abspath(p) for p in sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=1)
