#!/usr/bin/env python3
"""Fetching models from a hub: pull_test.py SFUMATO MAKE_TINY_MODEL [unittest options]

The hub is a server of this test (hub_server.py) that breaks connections, lies and asks for tokens.
"""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from hub_server import Hub

SFUMATO, MAKE_TINY_MODEL = "", ""
SECRET = "hf_very-secret"


def noise(size, seed=0):
    return random.Random(seed).randbytes(size)


class PullTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sfumato-pull-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.hub = self.start_hub()
        self.weights = noise(300_000)
        self.hub.repositories["some/model"] = {
            "README.md": b"hello",
            "a.ckpt": noise(10),
            "a.safetensors": self.weights,
            "config.json": b"{}",
        }

    def start_hub(self):
        hub = Hub()
        self.addCleanup(hub.close)
        return hub

    def environment(self, **more):
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SFUMATO", "HF_", "HUGGING")) and not name.lower().endswith("_proxy")
        }
        clean |= {"HOME": str(self.folder / "home"), "XDG_CACHE_HOME": str(self.folder / "cache")}
        return clean | {"SFUMATO_HUB": self.hub.url} | more

    def pull(self, *args, status=0, environment=None):
        done = subprocess.run(
            [SFUMATO, "pull", *map(str, args)],
            cwd=self.folder,
            env=environment or self.environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.assertEqual(done.returncode, status, f"{args}\n{done.stdout}\n{done.stderr}")
        self.assertNotIn(SECRET, done.stdout + done.stderr)
        return done

    def refuse(self, *args, status, says, **more):
        """One line and a hint are the last on stderr, and no path is printed."""
        done = self.pull(*args, status=status, **more)
        lines = done.stderr.strip().split("\n")[-2:]
        self.assertEqual(done.stdout, "")
        self.assertTrue(lines[0].startswith("sfumato: "), done.stderr)
        self.assertTrue(lines[1].startswith("hint: "), done.stderr)
        self.assertIn(says, "\n".join(lines))
        return done

    def files(self):
        found = (p.relative_to(self.folder) for p in self.folder.rglob("*") if p.is_file())
        return sorted(p.as_posix() for p in found)

    def expect_model(self, path="models/checkpoints/a.safetensors"):
        self.assertEqual(self.files(), [path])
        self.assertEqual((self.folder / path).read_bytes(), self.weights)

    # -- what is fetched, and where it goes

    def test_one_model_becomes_one_file(self):
        done = self.pull("some/model")
        self.assertEqual(done.stdout, "models/checkpoints/a.safetensors\n")
        self.expect_model()
        self.assertIn("/resolve/0123456789abcdef", self.hub.asked("a.safetensors")[0][0])

        again = self.pull("some/model")
        self.assertEqual(again.stdout, done.stdout)
        self.assertIn("is there already", again.stderr)
        self.assertEqual(len(self.hub.asked("a.safetensors")), 1)

    def test_a_pipeline_becomes_a_folder(self):
        tree = {
            "model_index.json": b"{}",
            "unet/config.json": b'{"a": 1}',
            "unet/diffusion_pytorch_model.safetensors": noise(5000, 1),
            "tokenizer/vocab.json": b"{}",
        }
        more = {"unet/diffusion_pytorch_model.bin": b"x", "v1-5-pruned.ckpt": b"x", "a.png": b"x"}
        self.hub.repositories["some/pipeline"] = {**tree, **more}
        self.hub.without_hash = {"some/pipeline/" + name for name in tree if name.endswith(".json")}
        folder = "models/checkpoints/some--pipeline"
        self.assertEqual(self.pull("some/pipeline").stdout, folder + "\n")
        self.assertEqual(self.files(), sorted(f"{folder}/{name}" for name in tree))
        for name, data in tree.items():
            self.assertEqual((self.folder / folder / name).read_bytes(), data)
        self.pull("some/pipeline")
        self.assertEqual(len(self.hub.asked("/resolve/")), len(tree))

    def test_the_user_chooses(self):
        self.pull("some/model", "--include", "*.ckpt", "--to", "embeddings", "--models-dir", "m")
        self.assertEqual(self.files(), ["m/embeddings/a.ckpt"])
        self.refuse("some/model", "--include", "*.gguf", status=3, says="*.gguf")
        self.hub.repositories["some/two"] = {"a.safetensors": b"1", "b.safetensors": b"2"}
        self.refuse("some/two", status=2, says="--include")
        self.pull("some/two", "--include", "*", "--out", "both")
        self.assertEqual(self.files()[:2], ["both/a.safetensors", "both/b.safetensors"])
        self.pull("some/model", "--revision", "v2", "--out", "v2.safetensors")
        self.assertIn("/revision/v2", self.hub.asked("/api/")[-1][0])
        self.assertEqual((self.folder / "v2.safetensors").read_bytes(), self.weights)

    def test_another_file_is_not_overwritten(self):
        place = self.folder / "models" / "checkpoints"
        place.mkdir(parents=True)
        (place / "a.safetensors").write_bytes(b"mine")
        self.refuse("some/model", status=2, says="another file")
        self.assertEqual((place / "a.safetensors").read_bytes(), b"mine")
        self.pull("some/model", "--out", place / "a.safetensors")
        self.expect_model()

    def test_addresses(self):
        self.pull(self.hub.url + "/some/model/blob/main/a.safetensors")
        self.expect_model()
        other = self.start_hub()
        other.repositories = {"x/y": {"b c.ckpt": self.weights}}
        other.pages["/download/7"] = (
            200,
            {"Content-Disposition": 'attachment; filename="seven.safetensors"', "ETag": '"7"'},
            b"seven",
        )
        done = self.pull(other.url + "/x/y/resolve/main/b%20c.ckpt", "--to", "loras")
        self.assertEqual(done.stdout, "models/loras/b c.ckpt\n")
        self.assertEqual((self.folder / "models/loras/b c.ckpt").read_bytes(), self.weights)
        done = self.pull(other.url + "/download/7?type=Model")
        self.assertEqual(done.stdout, "models/checkpoints/seven.safetensors\n")
        other.pages["/login"] = (200, {"Content-Type": "text/html"}, b"<html>")
        self.refuse(other.url + "/login", status=4, says="a web page")
        evil = {"Content-Disposition": 'attachment; filename="../../evil"'}
        other.pages["/evil"] = (200, evil, b"evil")
        self.refuse(other.url + "/evil", status=3, says="../../evil")
        other.pages["/"] = (200, {}, b"something")
        self.refuse(other.url + "/", status=2, says="--out FILE")

    # -- what goes wrong on the way

    def test_broken_connections_are_taken_up_again(self):
        self.hub.breaks["some/model/a.safetensors"] = 3
        done = self.pull("some/model")
        self.expect_model()
        self.assertIn("trying again", done.stderr)
        asked = [headers.get("Range") for _, headers in self.hub.asked("a.safetensors")]
        self.assertEqual(asked, [None, "bytes=150000-", "bytes=225000-", "bytes=262500-"])
        self.assertTrue(self.hub.log[-1][1]["If-Range"].startswith('"'))

    def test_a_server_that_ignores_range_is_read_from_the_start(self):
        self.hub.breaks["some/model/a.safetensors"] = 1
        self.hub.ignores_range.add("some/model/a.safetensors")
        self.pull("some/model")
        self.expect_model()

    def test_a_file_that_changes_meanwhile_is_read_from_the_start(self):
        path = "some/model/a.safetensors"
        self.hub.without_hash.add(path)
        self.stop_in_the_middle(path)
        changed = bytes(reversed(self.weights))
        self.hub.repositories["some/model"]["a.safetensors"] = self.weights = changed
        self.hub.etag_suffix = "-2"
        self.pull("some/model")
        self.expect_model()

    def test_a_busy_server_is_asked_again(self):
        self.hub.busy["some/model/a.safetensors"] = 2
        self.assertIn("503", self.pull("some/model").stderr)
        self.expect_model()

    def stop_in_the_middle(self, path):
        """Ctrl-C while the second half of the file does not come."""
        self.hub.stalls.add(path)
        running = subprocess.Popen(
            [SFUMATO, "pull", "some/model"],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        part = self.folder / "models/checkpoints/a.safetensors.part"
        deadline = time.monotonic() + 30
        while not (part.exists() and part.stat().st_size >= 150_000):
            self.assertLess(time.monotonic(), deadline, "nothing comes")
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
        self.assertEqual(running.returncode, 130)
        self.assertEqual(part.read_bytes(), self.weights[:150_000])
        self.hub.release.set()
        self.hub.stalls.clear()

    def test_ctrl_c_keeps_the_part_and_the_next_call_goes_on(self):
        self.stop_in_the_middle("some/model/a.safetensors")
        self.pull("some/model")
        self.expect_model()
        self.assertEqual(self.hub.log[-1][1]["Range"], "bytes=150000-")

    def test_wrong_bytes_are_removed(self):
        self.hub.wrong_hash.add("some/model/a.safetensors")
        self.refuse("some/model", status=3, says="SHA-256")
        self.assertEqual(self.files(), [])

    def test_more_bytes_than_announced_are_not_written(self):
        self.hub.too_long.add("some/model/a.safetensors")
        self.refuse("some/model", status=3, says="more than the 300000 bytes")
        self.assertEqual(self.files(), [])

    def test_names_stay_below_the_folder(self):
        for name in ("../evil.json", "/tmp/evil.json", "a/../../evil.json", "a\\b.json", "a\x1b.json"):
            self.hub.other_names["some/model"] = [name]
            self.refuse("some/model", "--include", "*", status=3, says="cannot be a name")
            self.assertEqual(self.files(), [])

    def test_refusals_say_what_to_do(self):
        self.refuse("some/thing", status=3, says="check the spelling")
        self.refuse("some/model", "--revision", "no", status=3, says="no such revision")
        self.refuse("model", status=2, says="OWNER/NAME")
        self.refuse(status=2, says="no model given")
        self.refuse("ftp://127.0.0.1/x", status=2, says="http")
        self.refuse("some/model", "--hub", "http://127.0.0.1:9", status=3, says="check the network")
        self.hub.pages["/api/models/some/list"] = (200, {}, b"<html>")
        self.refuse("some/list", status=3, says="no list of a repository")
        self.hub.pages["/loop"] = (302, {"Location": "/loop"}, b"")
        self.refuse(self.hub.url + "/loop", status=4, says="redirects")
        self.hub.pages["/file"] = (302, {"Location": "file:///etc/passwd"}, b"")
        self.refuse(self.hub.url + "/file", status=4, says="only http and https")
        self.assertEqual(self.files(), [])

    # -- tokens

    def test_gated_models_ask_for_a_token(self):
        self.hub.secret = SECRET
        self.refuse("some/model", status=3, says="--token-file")
        self.refuse("some/model", status=3, says="no access", environment=self.environment(HF_TOKEN="wrong"))
        self.assertEqual(self.files(), [])
        for variable in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
            self.pull("some/model", environment=self.environment(**{variable: SECRET}))
            self.expect_model()
            (self.folder / "models/checkpoints/a.safetensors").unlink()

        usual = self.folder / "cache" / "huggingface" / "token"
        usual.parent.mkdir(parents=True)
        usual.write_text(SECRET + "\n")
        self.pull("some/model")
        named = usual.rename(self.folder / "token")
        self.pull("some/model", "--token-file", named, "--out", "b.safetensors")
        named.write_text("two\nlines")
        self.refuse("some/model", "--token-file", named, status=2, says="no token")

    def test_a_token_goes_to_its_hub_only(self):
        other = self.start_hub()
        other.repositories = self.hub.repositories
        self.hub.secret, self.hub.redirect_to = SECRET, other
        environment = self.environment(HF_TOKEN=SECRET)
        done = self.pull("some/model", environment=environment)
        self.expect_model()
        self.assertNotIn("signature", done.stderr)
        self.assertTrue(all(h.get("Authorization") for _, h in self.hub.log))
        self.pull(other.url + "/some/model/resolve/main/a.ckpt", environment=environment)
        self.assertEqual(len(other.log), 3)
        self.assertFalse(any(h.get("Authorization") for _, h in other.log))

        # A hub named by a file in the current folder must not get it either.
        (self.folder / "sfumato.toml").write_text(f'[pull]\nhub = "{other.url}"\n')
        self.pull("some/model", "--out", "b.safetensors", environment=environment)
        self.assertFalse(any(h.get("Authorization") for _, h in other.log))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    SFUMATO, MAKE_TINY_MODEL = (os.path.abspath(p) for p in sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=1)
