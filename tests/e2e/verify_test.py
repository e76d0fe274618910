#!/usr/bin/env python3
"""Painting pictures again and comparing: verify_test.py SFUMATO MAKE_TINY_MODEL [...]"""
import json
import os
import shutil
import zlib

from tiny_model_test_case import TinyModelTest, main, pixels, png_chunks, png_of


class VerifyTest(TinyModelTest):
    def verify(self, *args, status=0):
        done = self.run_cli(
            "verify", *args, "--json", "--models-dir", self.models, status=status
        )
        return json.loads(done.stdout) if status < 2 else done.stderr

    def parts(self, verdict):
        return {row["part"]: (row["picture"], row["here"]) for row in verdict["differs"]}

    def test_a_picture_that_is_the_same(self):
        self.paint("a cat", "--seed", 3, "--out", "a.png")
        self.project("steps = 9\ndevice = 'nowhere'\n[txt2img]\nfilm = 'f.webp'\n")
        verdict = self.verify("a.png", "--device", "auto")
        self.assertEqual((verdict["exact"], verdict["psnr"], verdict["differs"]), (True, None, []))
        (self.folder / "sfumato.toml").unlink()
        text = self.run_cli("verify", "a.png", "--models-dir", self.models).stdout
        self.assertEqual(text, "a.png: bit-exact\n")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["a.png"])

    def test_repeats_how_it_was_computed(self):
        self.paint("a cat", "--seed", 3, "--guidance", 12, "--out", "plain.png")
        own = ["--zero-terminal-snr", "--prediction", "v", "--no-ema"]
        mimic = ["--guidance", 12, "--mimic-scale", 4, "--mimic-percentile", 99.5]
        for flags in (own, mimic):
            self.paint("a cat", "--seed", 3, *flags, "--out", "a.png")
            self.assertNotEqual(pixels(self.folder / "a.png"), pixels(self.folder / "plain.png"))
            os.environ["SFUMATO_PRECISION"] = "bfloat16"  # nothing that a picture leaves open
            try:
                self.assertEqual(self.verify("a.png")["differs"], [])
            finally:
                del os.environ["SFUMATO_PRECISION"]
        text = json.loads(self.run_cli("inspect", "a.png", "--json").stdout)["text"]["parameters"]
        self.assertIn("Mimic scale: 4", text)
        self.paint("a cat", *own, "--out", "b.png")
        text = json.loads(self.run_cli("inspect", "b.png", "--json").stdout)["text"]["parameters"]
        self.assertIn("Noise Schedule: Zero Terminal SNR", text)

    def test_finds_the_model_of_the_hash(self):
        self.part("m.safetensors", "", 0.0)
        self.part("n.safetensors", "", 0.01)
        shelf = self.folder / "shelf" / "checkpoints"
        for name, file in (("a", "m"), ("b", "n")):
            shutil.copytree(self.model, shelf / name)
            (self.folder / f"{file}.safetensors").rename(shelf / name / "model.safetensors")
        self.run_cli("txt2img", "x", "--model", shelf / "a", "--out", "a.png")
        (shelf / "a").rename(shelf / "c")
        (shelf / "b").rename(shelf / "a")
        done = self.run_cli("verify", "a.png", "--models-dir", shelf.parent)
        self.assertEqual(done.stdout, "a.png: bit-exact\n")

    def test_says_what_differs(self):
        self.paint("a cat", "--seed", 3, "--precision", "float32", "--out", "a.png")
        verdict = self.verify("a.png", "--precision", "bfloat16", status=1)
        self.assertFalse(verdict["exact"])
        self.assertEqual(self.parts(verdict), {"precision": ("float32", "bfloat16")})
        self.assertGreater(verdict["psnr"], 10)
        self.assertGreater(verdict["mean_difference"], 0)

        self.part("v.safetensors", "first_stage_model.", 0.01)
        verdict = self.verify("a.png", "--vae", "v.safetensors", status=1)
        self.assertEqual(self.parts(verdict), {"vae": ("-", "v.safetensors")})

        self.part("m.safetensors", "", 0.01)
        other = self.folder / "other"
        shutil.copytree(self.model, other)
        (self.folder / "m.safetensors").rename(other / "model.safetensors")
        verdict = self.verify("a.png", "--model", other, status=1)
        self.assertEqual(list(self.parts(verdict)), ["model"])
        text = self.run_cli("verify", "a.png", "--model", other, status=1).stdout
        self.assertRegex(text, r"^a.png: differs: PSNR [0-9.]+ dB, mean difference")

        chunks = png_chunks((self.folder / "a.png").read_bytes())
        rows = bytearray(zlib.decompress(b"".join(b for k, b in chunks if k == b"IDAT")))
        rows[-1] ^= 16
        changed = [(k, b) for k, b in chunks if k not in (b"IDAT", b"IEND")]
        changed += [(b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b"")]
        (self.folder / "b.png").write_bytes(png_of(changed))
        verdict = self.verify("b.png", status=1)
        self.assertEqual(verdict["differs"], [])
        self.assertGreaterEqual(verdict["differing_pixels"], 1)

    def test_what_the_web_ui_wrote(self):
        self.paint("a cat", "--seed", 3, "--noise", "philox", "--out", "a.png")
        chunks = [
            (kind, body)
            for kind, body in png_chunks((self.folder / "a.png").read_bytes())
            if not body.startswith(b"sfumato\0")
        ]
        (self.folder / "b.png").write_bytes(png_of(chunks))
        verdict = self.verify("b.png")
        self.assertTrue(verdict["exact"], verdict)
        self.assertEqual(list(self.parts(verdict)), ["program"])

    def test_needs_what_was_painted_over(self):
        self.paint("a cat", "--seed", 3, "--out", "a.png")
        on = ["--model", self.model, "--seed", 2, "--image", "a.png"]
        self.run_cli("img2img", "a dog", *on, "--out", "b.png")
        self.run_cli("inpaint", "a dog", *on, "--mask", "a.png", "--out", "c.png")
        self.assertTrue(self.verify("b.png")["exact"])
        self.assertTrue(self.verify("c.png")["exact"])
        (self.folder / "a.png").rename(self.folder / "moved.png")
        self.assertIn("--image FILE --mask FILE", self.verify("c.png", status=3))
        self.assertTrue(self.verify("b.png", "--image", "moved.png")["exact"])
        self.paint("a bird", "--seed", 4, "--out", "d.png")
        verdict = self.verify("b.png", "--image", "d.png", status=1)
        self.assertEqual(list(self.parts(verdict)), ["image"])

    def test_refuses_what_it_cannot_repeat(self):
        self.run_cli(
            "interpolate", "x", "--model", self.model, "--to-seed", 2, "--frames", 2,
            "--out", "film.webp",
        )
        self.assertIn("is a film", self.verify("film.webp", status=4))
        self.paint("a cat", "--out", "a.png")
        chunks = png_chunks((self.folder / "a.png").read_bytes())
        bare = [(k, b) for k, b in chunks if k in (b"IHDR", b"IDAT", b"IEND")]
        (self.folder / "b.png").write_bytes(png_of(bare))
        self.assertIn("carries no request", self.verify("b.png", status=3))
        done = self.run_cli("verify", "a.png", "--models-dir", self.folder, status=3)
        self.assertIn("the model that painted it is not here: 'tiny'", done.stderr)
        self.run_cli("verify", status=2)

    def project(self, text):
        (self.folder / "sfumato.toml").write_text(text)


if __name__ == "__main__":
    main(__doc__)
