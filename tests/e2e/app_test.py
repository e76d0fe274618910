#!/usr/bin/env python3
"""Settings, progress events and model parts: app_test.py SFUMATO MAKE_TINY_MODEL [...]

Runs on models with random weights of a few hundred kilobytes.
"""
import json

from tiny_model_test_case import TinyModelTest, main, pixels


class AppTest(TinyModelTest):
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
    main(__doc__)
