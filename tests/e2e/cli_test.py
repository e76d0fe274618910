#!/usr/bin/env python3
"""The program as a person uses it: cli_test.py SFUMATO MAKE_TINY_MODEL [unittest options]

Runs on a model with random weights of a few hundred kilobytes, and on the shipped one if there is one.
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


def png_chunks(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "not a PNG"
    at, chunks = 8, []
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    return chunks


def pixels(path):
    return zlib.decompress(b"".join(d for t, d in png_chunks(path.read_bytes()) if t == b"IDAT"))


def tensors_of(data):
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    return 8 + size, header


class CliTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="sfumato-e2e-"))
        os.environ["XDG_CACHE_HOME"] = str(cls.root / "cache")
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

    def paint(self, *args, **kwargs):
        return self.run_cli("txt2img", "--model", self.model, *args, **kwargs)

    def refuse(self, *args, status, says):
        """One line and a hint, on stderr only, and nothing is left behind."""
        before = sorted(self.folder.rglob("*"))
        done = self.run_cli(*args, status=status)
        lines = done.stderr.strip().split("\n")
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(lines), 2, done.stderr)
        self.assertTrue(lines[0].startswith("sfumato: "), done.stderr)
        self.assertTrue(lines[1].startswith("hint: "), done.stderr)
        self.assertIn(says, done.stderr)
        self.assertEqual(before, sorted(self.folder.rglob("*")))

    # -- what every command does

    def test_help(self):
        top = self.run_cli("--help").stdout
        for command in ("txt2img", "img2img", "inpaint", "train", "data", "eval", "inspect", "convert", "merge", "samplers", "models"):
            self.assertIn(command, top)
            if command in ("data", "eval"):
                self.assertIn("scenes", self.run_cli(command, "--help").stdout)
                command += " scenes"
            usage = self.run_cli(*command.split(), "--help").stdout
            self.assertIn("usage: sfumato " + command, usage)
        text = self.run_cli("txt2img", "--help").stdout
        for flag in ("--negative-prompt", "--seed", "--sampler", "--device", "--out"):
            self.assertIn(flag, text)
        self.assertIn("sfumato ", self.run_cli("--version").stdout)

    def test_usage_errors(self):
        self.refuse("txt2igm", status=2, says="did you mean 'txt2img'?")
        self.refuse("txt2img", "--promt", "x", status=2, says="did you mean '--prompt'?")
        self.refuse("txt2img", "a", "b", status=2, says="unexpected argument 'b'")
        self.refuse("txt2img", status=2, says="no prompt")
        self.refuse("txt2img", "x", "--steps", status=2, says="--steps needs a value")
        self.refuse("txt2img", "x", "--steps", "ten", status=2, says="whole number")
        self.refuse("txt2img", "x", "--steps=0", status=2, says="1 to 1000")
        self.refuse("txt2img", "x", "--seed", "-1", status=2, says="--seed")
        self.refuse("txt2img", "x", "--sampler", "eulr", status=2, says="euler")
        self.refuse("txt2img", "x", "--spacing", "kars", status=2, says="karras")

    def test_messages_stay_one_line(self):
        self.refuse("txt2img", "x", "--sampler", "a\nb\x1b[31m", status=2, says="'a?b?[31m'")
        self.refuse("txt2img", "x", "-s", "3", status=2, says="see sfumato txt2img --help")
        self.refuse("samplers", "x", status=2, says="hint: see sfumato samplers --help")

    def test_samplers_and_models(self):
        listed = json.loads(self.run_cli("samplers", "--json").stdout)
        names = [s["name"] for s in listed["samplers"]]
        for name in ("euler", "euler_ancestral", "heun", "dpmpp_2m", "ddim"):
            self.assertIn(name, names)
        table = self.run_cli("samplers").stdout
        self.assertTrue(all(name in table for name in names))
        models = json.loads(self.run_cli("models", "--json", "--folder", self.root).stdout)
        self.assertIn("sd15", [f["name"] for f in models["families"]])
        self.assertIn(str(self.model), [m["name"] for m in models["models"]])
        self.refuse("models", "--folder", "missing", status=3, says="no such folder: missing")

    # -- pictures

    def test_completion_and_manual(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.run_cli("completion", shell).stdout
            self.assertIn("negative-prompt", script)
            if shutil.which(shell):
                subprocess.run([shell, "-n"], input=script, text=True, check=True)
        self.run_cli("completion", "tcsh", status=2)

        def completed(*words):
            script = self.run_cli("completion", "bash").stdout
            call = "COMP_WORDS=(%s); COMP_CWORD=%d; _sfumato; echo ${COMPREPLY[@]}"
            call %= (" ".join(f"'{word}'" for word in words), len(words) - 1)
            done = subprocess.run(
                ["bash", "-c", script + call], cwd=self.folder, capture_output=True, text=True
            )
            self.assertEqual(done.stderr, "")
            return done.stdout.split()

        self.assertEqual(completed("sfumato", "tx"), ["txt2img"])
        self.assertEqual(completed("sfumato", "txt2img", "--neg"), ["--negative-prompt"])
        self.assertEqual(completed("sfumato", "data", ""), ["scenes"])
        self.assertEqual(completed("sfumato", "data", "scenes", "--spl"), ["--split"])
        (self.folder / "picture.png").touch()
        self.assertEqual(completed("sfumato", "inspect", "pic"), ["picture.png"])

        manual = self.run_cli("manual").stdout
        self.assertIn("\n## data scenes\n", manual)
        written = pathlib.Path(__file__).parents[2] / "docs" / "cli.md"
        self.assertEqual(manual, written.read_text(), "sfumato manual > docs/cli.md")
        self.assertIn("| `--negative-prompt TEXT` | what to keep away from |", manual)

    def test_the_same_seed_paints_the_same_picture(self):
        for sampler in ("euler", "euler_ancestral"):
            args = ["a red circle", "--seed", 7, "--sampler", sampler]
            self.paint(*args, "--out", "a.png")
            self.paint(*args, "--out", "b.png")
            a, b = ((self.folder / name).read_bytes() for name in ("a.png", "b.png"))
            self.assertEqual(a, b)
        self.paint("a red circle", "--seed", 8, "--out", "c.png")
        self.assertNotEqual(pixels(self.folder / "a.png"), pixels(self.folder / "c.png"))

    def test_little_memory_paints_the_same_picture(self):
        args = ["a red circle", "--seed", 7, "--vae-tiling", "off"]
        self.paint(*args, "--out", "a.png")
        self.paint(*args, "--out", "b.png", "--low-memory")
        self.assertEqual(*(pixels(self.folder / name) for name in ("a.png", "b.png")))

    def test_the_tiny_decoder(self):
        (self.folder / "models" / "scenes").mkdir(parents=True)  # is not what is meant
        args = ["txt2img", "a large red circle", "--seed", 7]
        self.run_cli(*args, "--out", "a.png")
        args += ["--taesd", "scenes", "--film", "f.webp", "--count", 2, "--out", "t/"]
        *paths, film = self.run_cli(*args).stdout.split()
        self.assertTrue((self.folder / film).read_bytes().startswith(b"RIFF"))
        self.assertNotEqual(*(pixels(self.folder / name) for name in ("a.png", paths[0])))
        for name in paths:
            self.assertEqual(self.run_cli("verify", name).stdout, f"{name}: bit-exact\n")
        self.refuse("txt2img", "x", "--taesd", "nowhere.safetensors", status=3, says="nowhere")
        self.refuse("txt2img", "x", "--taesd", self.model / "model.safetensors", status=4, says="tiny")

    def test_names_never_overwrite(self):
        paths = [self.paint("A red, circle!", "--seed", 7).stdout.strip() for _ in range(2)]
        self.assertEqual(paths, ["out/a-red-circle-7.png", "out/a-red-circle-7-2.png"])
        several = self.paint("x", "--count", 3, "--seed", 5, "--out", "deep/er").stdout.split()
        self.assertEqual(several, [f"deep/er/x-{s}.png" for s in (5, 6, 7)])
        self.assertTrue(all((self.folder / p).exists() for p in paths + several))

    def test_inspect_reads_the_request_back(self):
        done = self.paint("a cat, on \"grün\"", "--negative-prompt", "dog", "--out", "a.png")
        self.assertEqual(done.stdout, "a.png\n")
        report = json.loads(self.run_cli("inspect", "a.png", "--json").stdout)
        request = report["sfumato"]["request"]
        self.assertEqual(request["prompt"], "a cat, on \"grün\"")
        self.assertEqual(request["negative_prompt"], "dog")
        self.assertIn(f"seed {request['seed']}", done.stderr)
        self.assertEqual(len(report["sfumato"]["model"]["sha256"]), 64)
        self.assertIn("Negative prompt: dog\nSteps: ", report["text"]["parameters"])
        self.assertIn("a cat", self.run_cli("inspect", "a.png").stdout)

        self.paint("--from", "a.png", "--out", "b.png")
        a, b = ((self.folder / name).read_bytes() for name in ("a.png", "b.png"))
        self.assertEqual(a, b)

    def test_print_request_paints_nothing(self):
        done = self.paint("x", "--seed=18446744073709551615", "--print-request")
        request = json.loads(done.stdout)
        self.assertEqual(request["seed"], 18446744073709551615)
        self.assertEqual(request["sampler"], "euler")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_flags_without_effect_are_mentioned(self):
        done = self.paint("x", "--sampler", "dpmpp_2m", "--eta", "0.5")
        self.assertIn("--eta has no effect", done.stderr)
        self.assertNotIn("note", self.paint("x", "--sampler", "ddim", "--eta", "0.5").stderr)
        done = self.paint("x", "--mimic-percentile", "99")
        self.assertIn("--mimic-percentile has no effect without --mimic-scale", done.stderr)
        done = self.paint("x", "--mimic-scale", "5", "--guidance", "1")
        self.assertIn("--mimic-scale has no effect with --guidance 1", done.stderr)

    def test_long_prompts_are_read_to_the_end(self):
        for name in ("red", "blue"):
            self.paint("word " * 30 + name, "--seed", 1, "--steps", 1, "--out", name + ".png")
        self.assertNotEqual(*(pixels(self.folder / n) for n in ("red.png", "blue.png")))

    def test_styles_wildcards_and_second_passes(self):
        models = self.folder / "models"
        (models / "wildcards").mkdir(parents=True)
        (models / "wildcards" / "colour.txt").write_text("red\nblue\n")
        (models / "styles.csv").write_text('name,prompt,negative_prompt\nink,"{prompt}, ink",photo\n')
        done = self.paint("a __colour__ cat", "--style", "ink", "--models-dir", models, "--seed", 3,
                          "--hires-scale", 2, "--out", "a.png")
        self.assertEqual(done.stdout, "a.png\n")
        request = json.loads(self.run_cli("inspect", "a.png", "--json").stdout)["sfumato"]["request"]
        self.assertIn(request["prompt"], ("a red cat, ink", "a blue cat, ink"))
        self.assertEqual(request["negative_prompt"], "photo")
        self.paint("--from", "a.png", "--out", "b.png")
        a, b = ((self.folder / name).read_bytes() for name in ("a.png", "b.png"))
        self.assertEqual(a, b)
        model = ["--model", self.model, "--models-dir", models]
        self.refuse("txt2img", "x", *model, "--style", "inc", status=3, says="did you mean 'ink'?")
        self.refuse("txt2img", "<lora:ink:1>", *model, "--out", ".", status=3, says="no LoRA 'ink'")

    def test_painting_over_and_films(self):
        self.paint("a cat", "--seed", 1, "--out", "a.png")
        on = ["--model", self.model, "--seed", 2, "--image", "a.png"]
        self.run_cli("img2img", "a dog", *on, "--strength", 0.5, "--film", "f.gif", "--out", "b.png")
        self.assertNotEqual(*(pixels(self.folder / n) for n in ("a.png", "b.png")))
        self.assertEqual((self.folder / "f.gif").read_bytes()[:6], b"GIF89a")
        text = json.loads(self.run_cli("inspect", "b.png", "--json").stdout)
        self.assertEqual(text["sfumato"]["task"], "img2img")
        self.assertIn("Denoising strength: 0.5", text["text"]["parameters"])
        self.run_cli("inpaint", "a dog", *on, "--mask", "a.png", "--out", "c.png")
        self.run_cli("img2img", "--model", self.model, "--from", "b.png", "--out", "d.png")
        self.assertEqual(*(pixels(self.folder / n) for n in ("b.png", "d.png")))
        self.refuse("img2img", "x", status=2, says="--image")
        self.refuse("inpaint", "x", *on, status=2, says="--mask")
        self.refuse("img2img", "x", "--image", "no.png", status=3, says="no.png")
        self.refuse("txt2img", "--from", "b.png", status=2, says="made by img2img")

    # -- bad input

    def test_bad_requests(self):
        model = ["--model", self.model]
        self.refuse("txt2img", "x", *model, "--width", 33, status=2, says="multiple of 8")
        self.refuse("txt2img", "x", *model, "--out", "a.gif", status=2, says="PNG")
        self.refuse("txt2img", "x", *model, "--device", "gpu", status=2, says="cpu, cuda, auto")
        self.refuse("txt2img", "x", *model, "--precision", "int3", status=2, says="bfloat16")
        self.refuse("txt2img", "x", "--model", "missing", status=3, says="no model 'missing'")
        self.refuse("txt2img", "x", *model, "--family", "sd15", status=2, says="its own family")
        self.refuse("inspect", "missing.png", status=3, says="no such file")
        self.refuse("txt2img", "--from", "missing.png", status=3, says="missing.png")

    def test_unwritable_folder(self):
        (self.folder / "file").write_text("")
        model = ["--model", self.model]
        self.refuse("txt2img", "x", *model, "--out", "file/a.png", status=3, says="file")
        self.refuse("txt2img", "x", *model, "--out", "file/sub", status=3, says="file")
        self.refuse("txt2img", "x", *model, "--out", "/proc/sfumato", status=3, says="/proc/sfumato")

    def broken_model(self, name, change):
        folder = self.folder / name
        shutil.copytree(self.model, folder)
        weights = folder / "model.safetensors"
        weights.write_bytes(change(weights.read_bytes()))
        return folder

    def test_damaged_checkpoints(self):
        def with_nan(data):
            start, tensors = tensors_of(data)
            begin, _ = tensors["model.diffusion_model.input_blocks.0.0.weight"]["data_offsets"]
            at = start + begin
            return data[:at] + struct.pack("<f", float("nan")) + data[at + 4 :]

        cases = {
            "truncated": (lambda d: d[: len(d) // 2], ""),
            "short": (lambda d: d[:5], ""),
            "empty": (lambda d: b"", ""),
            "foreign": (lambda d: b"GIF89a" + b"\0" * 1000, ""),
            "nan": (with_nan, "NaN"),
            "renamed": (lambda d: d.replace(b"out.2.weight", b"out.2.wfight"), "out.2.weight"),
        }
        for name, (change, says) in cases.items():
            folder = self.broken_model(name, change)
            with self.subTest(name):
                args = ["txt2img", "x", "--model", folder, "--out", "a.png"]
                done = self.run_cli(*args, status=3)
                self.assertTrue(done.stderr.startswith("sfumato: "), done.stderr)
                self.assertIn(says, done.stderr)
                self.assertFalse((self.folder / "a.png").exists())
                if name not in ("renamed", "nan"):
                    self.refuse("inspect", folder / "model.safetensors", status=3, says=says)
                    self.refuse(*args, status=3, says=says)

    def test_inspect_checkpoint(self):
        report = json.loads(self.run_cli("inspect", self.model, "--json").stdout)
        self.assertEqual(report["family"], "tiny_sd1")
        self.assertEqual((report["missing"], report["misshapen"], report["unused"]), ([], [], []))
        self.assertGreater(report["parameters"], 1000)
        text = self.run_cli("inspect", self.model / "model.safetensors").stdout
        self.assertIn("tiny_sd1", text)
        self.assertIn("can be used", text)

        swap = lambda d: d.replace(b"out.2.weight", b"out.2.wfight")
        done = self.run_cli("inspect", self.broken_model("b", swap), "--json", status=3)
        self.assertIn("not complete: 1 missing", done.stderr)
        broken = json.loads(done.stdout)
        self.assertEqual(broken["missing"], ["model.diffusion_model.out.2.weight"])
        self.assertEqual(broken["unused"], ["model.diffusion_model.out.2.wfight"])

    def test_foreign_pictures(self):
        for name, data in {"a.png": b"\x89PNG\r\n\x1a\n junk", "b.png": b"hello", "c.png": b""}.items():
            (self.folder / name).write_bytes(data)
            self.refuse("inspect", name, status=3, says=name)
            self.refuse("txt2img", "--from", name, status=3, says=name)

    def test_foreign_text_does_not_steer_the_terminal(self):
        self.paint("x", "--out", "a.png")
        data = (self.folder / "a.png").read_bytes()
        body = b"tEXtComment\0red \x1b[31m"
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        (self.folder / "b.png").write_bytes(data[:33] + chunk + data[33:])  # behind the header
        text = self.run_cli("inspect", "b.png").stdout
        self.assertIn("Comment:\nred ?[31m\n", text)

    def test_bad_recipes_and_data(self):
        def recipe(**changes):
            values = dict(stage="autoencoder", family="tiny_sd1", data="pictures", out="run", steps=1)
            lines = [f"{k} = {json.dumps(v)}" for k, v in {**values, **changes}.items()]
            (self.folder / "r.toml").write_text("\n".join(lines))
            return "train", "r.toml"

        self.refuse("train", "missing.toml", status=3, says="no such file: missing.toml")
        self.refuse(*recipe(stage="autoencodr"), status=2, says="did you mean 'autoencoder'?")
        self.refuse(*recipe(stepz=3), status=2, says="stepz")
        self.refuse(*recipe(batch=0), status=2, says="1 .. 1048576")
        self.refuse(*recipe(), "--steps", "0", status=2, says="--steps")
        self.refuse(*recipe(), "--device", "gpu", status=2, says="cpu, cuda, auto")
        for change, says in (
            ({"family": "missing.toml"}, "no such file: missing.toml"),
            ({}, "no such data set: pictures"),
        ):
            self.assertIn(says, self.run_cli(*recipe(**change), status=3).stderr)
        (self.folder / "pictures").mkdir()
        self.assertIn("holds no pictures", self.run_cli(*recipe(), status=2).stderr)

    def test_an_interrupt_leaves_nothing_half_written(self):
        args = [SFUMATO, "txt2img", "x", "--model", str(self.model), "--steps", "200", "--seed", "1"]
        args += ["--width", "128", "--height", "128", "--sampler", "heun", "--count", "9"]
        args += ["--batch", "1"]
        process = subprocess.Popen(
            args, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        first = process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(err, "sfumato: interrupted\n")
        kept = [self.folder / path for path in (first + out).split()]
        self.assertLess(len(kept), 9)
        self.assertEqual(sorted(kept), sorted(p for p in self.folder.rglob("*") if p.is_file()))

    def test_the_shipped_model(self):
        listed = json.loads(self.run_cli("models", "--json").stdout)["models"]
        if "scenes" not in [m["name"] for m in listed]:
            self.skipTest("this build has no shipped model")
        self.run_cli("txt2img", "a large red circle on a beige background", "--seed", 1)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    SFUMATO, MAKE_TINY_MODEL = (os.path.abspath(p) for p in sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=1)
