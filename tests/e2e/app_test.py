#!/usr/bin/env python3
"""Settings, progress events, model parts and verify: app_test.py SFUMATO MAKE_TINY_MODEL [...]

Runs on models with random weights of a few hundred kilobytes.
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


def png_chunks(data):
    at, chunks = 8, []
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    return chunks


def png_of(chunks):
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in chunks:
        data += struct.pack(">I", len(body)) + kind + body
        data += struct.pack(">I", zlib.crc32(kind + body))
    return data


def pixels(path):
    chunks = png_chunks(path.read_bytes())
    return zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))


class AppTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="sfumato-app-"))
        for name in [name for name in os.environ if name.startswith("SFUMATO_")]:
            del os.environ[name]
        os.environ["XDG_CACHE_HOME"] = str(cls.root / "cache")
        os.environ["XDG_CONFIG_HOME"] = str(cls.root / "config")
        cls.models = cls.root / "models"
        cls.model = cls.models / "checkpoints" / "tiny"
        cls.model.parent.mkdir(parents=True)
        subprocess.run([MAKE_TINY_MODEL, "tiny_sd1", str(cls.model)], check=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))

    def tearDown(self):
        shutil.rmtree(self.root / "config", ignore_errors=True)

    def run_cli(self, *args, status=0, **environment):
        done = subprocess.run(
            [SFUMATO, *map(str, args)],
            cwd=self.folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )
        self.assertEqual(done.returncode, status, f"{args}\n{done.stdout}\n{done.stderr}")
        return done

    def paint(self, *args, **kwargs):
        return self.run_cli("txt2img", "--model", self.model, *args, **kwargs)

    def request(self, *args, **environment):
        return json.loads(self.paint("x", "--print-request", *args, **environment).stdout)

    def project(self, text):
        (self.folder / "sfumato.toml").write_text(text)

    def user(self, text):
        folder = self.root / "config" / "sfumato"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(text)

    # -- settings

    def test_flags_before_environment_before_files(self):
        self.user("steps = 11\nguidance = 2.5\n[txt2img]\nseed = 1\n")
        self.project("steps = 12\n[txt2img]\nsteps = 13\nheight = 40\n")
        self.assertEqual(self.request("--steps", 15, SFUMATO_STEPS="14")["steps"], 15)
        self.assertEqual(self.request(SFUMATO_STEPS="14")["steps"], 14)
        request = self.request()
        self.assertEqual((request["steps"], request["height"], request["seed"]), (13, 40, 1))
        self.assertEqual(request["guidance"], 2.5)
        self.assertEqual(self.request(SFUMATO_STEPS="")["steps"], 13)
        (self.folder / "other.toml").write_text("steps = 16\n")
        request = self.request("--config", "other.toml")
        self.assertEqual((request["steps"], request["height"]), (16, 32))
        self.assertEqual(self.request("--config=")["steps"], 4)
        self.assertEqual(self.request(SFUMATO_CONFIG="other.toml")["steps"], 16)
        self.assertFalse(self.request("--tiling=false", SFUMATO_TILING="true")["tiling"])

    def test_wrong_settings_name_file_and_line(self):
        cases = {
            "\nstepz = 3\n": ("sfumato.toml:2: unknown key 'stepz'", "did you mean 'steps'?"),
            "[txt2im]\nsteps = 3\n": ("sfumato.toml:2: unknown section [txt2im]", "'txt2img'"),
            "[samplers]\nsteps = 3\n": ("unknown key 'steps' in [samplers]", "json"),
            "steps = 'ten'\n": ("sfumato.toml:1: steps: expected a whole number", "hint: "),
            "steps = 0\n": ("sfumato.toml:1: --steps: expected 1 to 1000", "hint: "),
            "steps = = 3\n": ("sfumato.toml:1:", "hint: "),
            "config = 'x'\n": ("unknown key 'config'", "hint: "),
        }
        for text, says in cases.items():
            with self.subTest(text):
                self.project(text)
                done = self.paint("x", status=2)
                for words in says:
                    self.assertIn(words, done.stderr)
                self.assertEqual(len(done.stderr.strip().split("\n")), 2, done.stderr)
        self.assertEqual(self.run_cli("txt2img", "--help").stderr, "")
        (self.folder / "sfumato.toml").unlink()
        self.assertIn("SFUMATO_STEPS: ", self.paint("x", status=2, SFUMATO_STEPS="many").stderr)
        self.assertIn("no.toml", self.paint("x", "--config", "no.toml", status=3).stderr)

    def test_config_says_where_values_come_from(self):
        self.user("steps = 11\n")
        self.project("[txt2img]\nlora = ['a', 'b']\n[eval.scenes]\ncount = 5\n")
        shown = json.loads(self.run_cli("config", "--json", SFUMATO_WIDTH="48").stdout)
        values = {row["flag"]: (row["value"], row["from"]) for row in shown["values"]}
        self.assertEqual(values["width"], ("48", "SFUMATO_WIDTH"))
        self.assertTrue(values["steps"][1].endswith("sfumato/config.toml:1"), values["steps"])
        self.assertEqual(values["lora"], ('["a","b"]', "sfumato.toml:2"))
        self.assertEqual(values["model"], ("scenes", "default"))
        self.assertEqual([file["exists"] for file in shown["files"]], [True, True])
        table = self.run_cli("config", "eval", "scenes").stdout
        self.assertRegex(table, r"--count +5 +sfumato.toml:4")

    def test_a_picture_keeps_its_own_request(self):
        self.paint("a cat", "--seed", 3, "--steps", 5, "--out", "a.png")
        self.project("steps = 9\neta = 1.0\n[txt2img]\nstyle = ['missing']\n")
        self.paint("--from", "a.png", "--out", "b.png", SFUMATO_WIDTH="64")
        self.assertEqual(pixels(self.folder / "a.png"), pixels(self.folder / "b.png"))

    # -- progress

    def events(self, *args, **kwargs):
        done = self.paint(*args, "--progress", "json", **kwargs)
        return done, [json.loads(line) for line in done.stderr.splitlines()]

    def test_progress_as_json(self):
        done, events = self.events("x", "--count", 2, "--batch", 1, "--seed", 5, "--out", "o")
        self.assertEqual(done.stdout.split(), ["o/x-5.png", "o/x-6.png"])
        steps = [event for event in events if event["event"] == "step"]
        done_steps = [step["done"] for step in steps]
        self.assertEqual(done_steps, sorted(done_steps))
        self.assertEqual(done_steps[-1], steps[-1]["total"])
        self.assertIsInstance(steps[-1]["seconds_left"], (int, float))
        images = [(event["path"], event["index"]) for event in events if event["event"] == "image"]
        self.assertEqual(images, [("o/x-5.png", 0), ("o/x-6.png", 1)])
        self.assertIn("seed 5", " ".join(e["text"] for e in events if e["event"] == "note"))
        self.assertEqual((events[-1]["event"], events[-1]["status"]), ("done", 0))

        _, events = self.events("x", "--width", 33, status=2)
        self.assertEqual(events[-1]["event"], "error")
        self.assertEqual(events[-1]["status"], 2)
        self.assertIn("multiple", events[-1]["message"] + events[-1]["hint"])
        self.project("progress = 'json'\n")
        lines = self.paint("x", "--out", "c.png").stderr.splitlines()
        self.assertEqual(json.loads(lines[-1])["event"], "done")
        self.assertIn("auto, json, none", self.paint("x", "--progress", "xml", status=2).stderr)

    # -- prompts and models

    def test_flags_that_are_repeated(self):
        styles = 'name,prompt,negative_prompt\nink,"{prompt}, ink",\n"a, b","{prompt}, both",\n'
        (self.folder / "styles.csv").write_text(styles)
        given = ["--styles-file", "styles.csv", "--style"]
        self.assertEqual(self.request(*given, "a, b")["prompt"], "x, both")
        self.assertEqual(self.request(*given, "ink", "--style", "a, b")["prompt"], "x, ink, both")
        self.assertEqual(self.request(*given, "ink,ink")["prompt"], "x, ink, ink")
        prompt = self.request("--lora", "one:0.5,two", "--lora", "three")["prompt"]
        self.assertEqual(prompt, "x<lora:one:0.5><lora:two:1.0><lora:three:1.0>")

    def test_prompts_from_a_file(self):
        lines = '# three\na red circle\n\na star --steps 2 --negative-prompt "blue, big" --seed 9\n--seed 3\n'
        (self.folder / "prompts.txt").write_text(lines)
        given = ["--prompts-file", "prompts.txt", "--seed", 5, "--print-request"]
        printed = json.loads("[" + self.paint(*given, "x").stdout.replace("}\n{", "},{") + "]")
        self.assertEqual([r["prompt"] for r in printed], ["a red circle", "a star", "x"])
        self.assertEqual([r["seed"] for r in printed], [5, 9, 3])
        self.assertEqual([r["steps"] for r in printed], [4, 2, 4])
        self.assertEqual(printed[1]["negative_prompt"], "blue, big")
        painted = self.paint(*given[:-1], "x", "--out", "drawn").stdout.split()
        self.assertEqual(len({pixels(self.folder / path) for path in painted}), 3)

        (self.folder / "prompts.txt").write_text("a\nb --stepps 3\n")
        error = self.paint(*given, status=2).stderr
        self.assertIn("prompts.txt, line 2", error)
        self.assertIn("--steps", error)
        (self.folder / "prompts.txt").write_text("a\nb\n")
        self.assertIn("name a folder", self.paint(*given[:-1], "--out", "a.png", status=2).stderr)

    def test_a_home_that_cannot_be_looked_into(self):
        self.run_cli("samplers", HOME="/" + "x" * 5000, XDG_CONFIG_HOME="")

    def part(self, name, prefix, shift):
        """A part of the model in a file of its own, its weights shifted."""
        data = (self.model / "model.safetensors").read_bytes()
        (size,) = struct.unpack("<Q", data[:8])
        header, body, at = {}, b"", 0
        for key, tensor in json.loads(data[8 : 8 + size]).items():
            if not key.startswith(prefix) or key == "__metadata__":
                continue
            begin, end = tensor["data_offsets"]
            raw = data[8 + size + begin : 8 + size + end]
            if tensor["dtype"] == "F32":
                count = len(raw) // 4
                values = struct.unpack(f"<{count}f", raw)
                raw = struct.pack(f"<{count}f", *(value + shift for value in values))
            body += raw
            header[key[len(prefix) :]] = {**tensor, "data_offsets": [at, at + end - begin]}
            at += end - begin
        text = json.dumps(header).encode()
        (self.folder / name).write_bytes(struct.pack("<Q", len(text)) + text + body)

    def test_parts_in_files_of_their_own(self):
        self.paint("x", "--seed", 1, "--out", "a.png")
        for flag, prefix in (
            ("unet", "model.diffusion_model."),
            ("vae", "first_stage_model."),
            ("clip", "cond_stage_model.transformer."),
        ):
            for name, shift in (("same", 0.0), ("other", 0.01)):
                file = f"{flag}-{name}.safetensors"
                self.part(file, prefix, shift)
                self.paint("x", "--seed", 1, f"--{flag}", file, "--out", "b.png")
                same = pixels(self.folder / "a.png") == pixels(self.folder / "b.png")
                self.assertEqual(same, name == "same", file)
        text = json.loads(self.run_cli("inspect", "b.png", "--json").stdout)
        part = text["sfumato"]["model"]["parts"]["clip"]
        self.assertEqual((part["name"], len(part["sha256"])), ("clip-other.safetensors", 64))
        self.paint("x", "--vae", "clip-same.safetensors", status=3)
        self.paint("x", "--vae", "missing", status=3)

    def test_models_by_name_title_and_hash(self):
        report = json.loads(self.run_cli("inspect", self.model, "--json").stdout)
        short = report["short_hash"]
        for name in ("tiny", f"tiny [{short}]", f"renamed [{short}]", short, report["sha256"]):
            with self.subTest(name):
                self.run_cli(
                    "txt2img", "x", "--models-dir", self.models, "--model", name, "--print-request"
                )
        done = self.run_cli(
            "txt2img", "x", "--models-dir", self.models, "--model", "0123456789", status=3
        )
        self.assertIn("no model '0123456789'", done.stderr)

    def test_what_the_network_predicts_can_be_said(self):
        self.paint("x", "--seed", 1, "--out", "a.png")
        self.paint("x", "--seed", 1, "--prediction", "v", "--out", "b.png")
        self.assertNotEqual(pixels(self.folder / "a.png"), pixels(self.folder / "b.png"))
        self.assertIn("unknown choice 'w'", self.paint("x", "--prediction", "w", status=2).stderr)

    # -- verify

    def verify(self, *args, status=0):
        done = self.run_cli(
            "verify", *args, "--json", "--models-dir", self.models, status=status
        )
        return json.loads(done.stdout) if status < 2 else done.stderr

    def parts(self, verdict):
        return {row["part"]: (row["picture"], row["here"]) for row in verdict["differs"]}

    def test_verify_a_picture_that_is_the_same(self):
        self.paint("a cat", "--seed", 3, "--out", "a.png")
        self.project("steps = 9\ndevice = 'nowhere'\n[txt2img]\nfilm = 'f.webp'\n")
        verdict = self.verify("a.png", "--device", "auto")
        self.assertEqual((verdict["exact"], verdict["psnr"], verdict["differs"]), (True, None, []))
        (self.folder / "sfumato.toml").unlink()
        text = self.run_cli("verify", "a.png", "--models-dir", self.models).stdout
        self.assertEqual(text, "a.png: bit-exact\n")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["a.png"])

    def test_verify_repeats_how_it_was_computed(self):
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

    def test_verify_finds_the_model_of_the_hash(self):
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

    def test_verify_says_what_differs(self):
        self.paint("a cat", "--seed", 3, "--out", "a.png")
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

    def test_verify_what_the_web_ui_wrote(self):
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

    def test_verify_needs_what_was_painted_over(self):
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

    def test_verify_refuses_what_it_cannot_repeat(self):
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

    # -- what every command has

    def test_the_scripts_of_shells_know_the_new_words(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.run_cli("completion", shell).stdout
            for word in ("verify", "config", "progress", "auto json none"):
                self.assertIn(word, script)

    def test_painting_flags_without_a_model_to_evaluate(self):
        done = self.run_cli("eval", "scenes", "--count", 1, "--steps", 3, status=2)
        self.assertIn("--steps without --model", done.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    SFUMATO, MAKE_TINY_MODEL = (os.path.abspath(p) for p in sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=1)
