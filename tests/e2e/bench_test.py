#!/usr/bin/env python3
"""sfumato bench as its users call it."""

import json

from tiny_model_test_case import TinyModelTest, main


class BenchTest(TinyModelTest):
    def test_measures_every_part(self):
        done = self.run_cli("bench", "--model", self.model, "--runs", 2, "--json")
        result = json.loads(done.stdout)
        names = [measure["name"] for measure in result["measures"]]
        self.assertEqual(names, ["load", "end-to-end, 2 steps", "text", "step", "vae"])
        for measure in result["measures"]:
            self.assertGreater(min(measure["seconds"]), 0)
        self.assertGreater(result["peak_flop_per_second"], 0)
        self.assertGreater(result["peak_memory_bytes"], 0)
        self.assertGreaterEqual(result["machine"]["threads"], 1)
        step = result["measures"][names.index("step")]
        parts = sum(operation["flop"] for operation in result["operations"]["step"])
        self.assertEqual(parts, step["flop"])

    def test_prints_tables(self):
        text = self.run_cli("bench", "step", "ops", "--model", self.model, "--runs", 1).stdout
        self.assertRegex(text, r"(?m)^peak +[0-9.]+ GFLOP/s")
        self.assertRegex(text, r"(?m)^step +[0-9.]+ +[0-9.]+")
        self.assertIn("OPERATION OF step", text)
        self.assertNotIn("vae", text)

    def test_measures_the_accuracy(self):
        errors = {}
        for precision in ("float32", "bfloat16"):
            done = self.run_cli("bench", "accuracy", "--model", self.model, "--precision", precision,
                                "--json")
            errors[precision] = json.loads(done.stdout)["relative_error"]
        self.assertLess(errors["float32"], 1e-5)
        self.assertLess(errors["bfloat16"], 5e-2)
        self.assertGreater(errors["bfloat16"], errors["float32"])

    def test_compares_two_results(self):
        for name in ("a.json", "b.json"):
            done = self.run_cli("bench", "step", "--model", self.model, "--runs", 1, "--json")
            (self.folder / name).write_text(done.stdout)
        text = self.run_cli("bench", "compare", "a.json", "b.json").stdout
        self.assertRegex(text, r"(?m)^step +[0-9.]+ s +[0-9.]+ s +[0-9.]+$")
        empty = json.loads((self.folder / "a.json").read_text())
        empty["measures"][0]["seconds"] = []
        for broken in ({}, [], empty):
            (self.folder / "c.json").write_text(json.dumps(broken))
            done = self.run_cli("bench", "compare", "a.json", "c.json", status=3)
            self.assertIn("c.json: not a result of sfumato bench --json", done.stderr)

    def test_says_what_it_does_not_know(self):
        done = self.run_cli("bench", "stpe", status=2)
        self.assertIn("did you mean 'step'?", done.stderr)
        done = self.run_cli("bench", "step", "--model", self.model, "--width", 100, status=2)
        self.assertIn("multiples of", done.stderr)


if __name__ == "__main__":
    main(__doc__)
