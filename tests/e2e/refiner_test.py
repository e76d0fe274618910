#!/usr/bin/env python3
"""A second model, and a model's own scheduler: refiner_test.py SFUMATO MAKE_TINY_MODEL [unittest options]

txt2img --refiner, and sampling as the scheduler_config.json of a diffusers folder says, on models
with random weights.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SFUMATO, MAKE_TINY_MODEL = "", ""


class RefinerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="sfumato-e2e-"))
        os.environ["XDG_CACHE_HOME"] = str(cls.root / "cache")
        checkpoints = cls.root / "models" / "checkpoints"
        checkpoints.mkdir(parents=True)
        cls.models = {}
        for family in ("tiny_sdxl", "tiny_sdxl_refiner", "tiny_sd1"):
            cls.models[family] = checkpoints / family
            subprocess.run([MAKE_TINY_MODEL, family, str(cls.models[family])], check=True)

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

    def paint(self, out, *args, command="txt2img", model="tiny_sdxl"):
        done = self.run_cli(
            command, "a cat", "--model", self.models.get(model, model), "--seed", 1, "--steps", 6,
            "--models-dir", self.root / "models", "--out", out, *args)
        return done

    def pixels(self, name):
        """The compressed pixels alone: the texts of two pictures may differ."""
        data, at, packed = (self.folder / name).read_bytes(), 8, b""
        while at < len(data):
            size = int.from_bytes(data[at : at + 4], "big")
            if data[at + 4 : at + 8] == b"IDAT":
                packed += data[at + 8 : at + 8 + size]
            at += 12 + size
        return packed

    def text(self, name):
        return json.loads(self.run_cli("inspect", name, "--json").stdout)

    # -- a second model

    def test_the_refiner_paints_the_end(self):
        self.paint("plain.png")
        self.paint("late.png", "--refiner", "tiny_sdxl_refiner")
        self.paint("early.png", "--refiner", self.models["tiny_sdxl_refiner"], "--refiner-switch", 0.3)
        self.paint("never.png", "--refiner", "tiny_sdxl_refiner", "--refiner-switch", 1)
        names = ("plain.png", "late.png", "early.png", "never.png")
        plain, late, early, never = (self.pixels(name) for name in names)
        self.assertEqual(never, plain)
        self.assertEqual(len({plain, late, early}), 3)

    def test_its_name_is_in_the_picture_which_can_be_repeated(self):
        self.paint("a.png", "--refiner", "tiny_sdxl_refiner", "--refiner-switch", 0.5)
        text = self.text("a.png")
        self.assertRegex(text["text"]["parameters"],
                         r"Refiner: tiny_sdxl_refiner \[[0-9a-f]{10}\], Refiner switch at: 0.5")
        self.assertEqual(text["sfumato"]["request"]["refiner_switch"], 0.5)
        self.assertIn("refiner", text["sfumato"]["model"]["parts"])
        self.run_cli("txt2img", "--model", self.models["tiny_sdxl"], "--from", "a.png",
                     "--models-dir", self.root / "models", "--out", "again.png")
        self.assertEqual(self.pixels("again.png"), self.pixels("a.png"))

    def test_the_refiner_on_a_picture(self):
        self.paint("a.png")
        self.paint("b.png", "--image", "a.png", command="img2img", model="tiny_sdxl_refiner")
        self.assertNotEqual(self.pixels("a.png"), self.pixels("b.png"))

    def test_it_varies_along_the_side_of_a_grid(self):
        self.paint("grid.png", "--x", "refiner=None,tiny_sdxl_refiner", "--y",
                   "refiner-switch=0.2,0.8", command="grid")
        self.assertTrue((self.folder / "grid.png").exists())

    def test_what_cannot_go_on(self):
        for refiner, status, says in (("nowhere", 3, "nowhere"), ("tiny_sd1", 4, "latents")):
            done = self.run_cli(
                "txt2img", "a cat", "--model", self.models["tiny_sdxl"], "--refiner", refiner,
                "--models-dir", self.root / "models", "--out", "x.png", status=status)
            self.assertIn(says, done.stderr)
            self.assertFalse((self.folder / "x.png").exists())

    # -- a model's own scheduler

    def diffusers_folder(self, **scheduler):
        self.run_cli("convert", self.models["tiny_sd1"], "folder/")
        config = self.folder / "folder" / "scheduler" / "scheduler_config.json"
        if scheduler:  # else the one that nobody chose
            own = {**json.loads(config.read_text()), **scheduler}
            del own["_written_by"]
            config.write_text(json.dumps(own))
        return "folder"

    def test_a_converted_model_is_sampled_as_before(self):
        self.paint("a.png", model="tiny_sd1")
        self.paint("b.png", model=self.diffusers_folder())
        self.assertEqual(self.pixels("a.png"), self.pixels("b.png"))

    def test_a_diffusers_folder_is_sampled_as_its_author_means_it(self):
        folder = self.diffusers_folder(_class_name="EulerAncestralDiscreteScheduler")
        done = self.paint("own.png", model=folder)
        self.assertIn("EulerAncestralDiscreteScheduler", done.stderr)
        request = self.text("own.png")["sfumato"]["request"]
        self.assertEqual((request["sampler"], request["spacing"]), ("euler_ancestral", "model"))
        self.run_cli("txt2img", "--model", folder, "--from", "own.png", "--out", "again.png")
        self.assertEqual(self.pixels("again.png"), self.pixels("own.png"))

        done = self.paint("other.png", "--sampler", "ddim", model=folder)
        self.assertNotIn("Scheduler", done.stderr)
        self.assertNotEqual(self.pixels("other.png"), self.pixels("own.png"))

    def test_a_scheduler_that_cannot_be_followed(self):
        folder = self.diffusers_folder(_class_name="FlowMatchEulerDiscreteScheduler")
        done = self.run_cli("txt2img", "a cat", "--model", folder, "--out", "x.png", status=4)
        self.assertIn("--sampler", done.stderr)
        self.paint("x.png", "--sampler", "euler", model=folder)

    def test_a_written_folder_has_what_diffusers_reads(self):
        folder = self.folder / self.diffusers_folder()
        vocabulary = json.loads((folder / "tokenizer" / "vocab.json").read_text())
        self.assertEqual(len(vocabulary), 514)
        self.assertEqual(vocabulary["<|endoftext|>"], 513)
        index = json.loads((folder / "model_index.json").read_text())
        for name, entry in index.items():
            if isinstance(entry, list) and entry[1]:
                self.assertTrue((folder / name).is_dir(), name)
        self.run_cli("convert", self.models["tiny_sdxl"], "xl/")
        self.run_cli("convert", "xl/", "back.safetensors")
        for name in ("tokenizer", "tokenizer_2"):
            files = {path.name for path in (self.folder / "xl" / name).iterdir()}
            self.assertEqual(files, {"vocab.json", "merges.txt", "tokenizer_config.json",
                                     "special_tokens_map.json"})


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    SFUMATO, MAKE_TINY_MODEL = (os.path.abspath(p) for p in sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=1)
