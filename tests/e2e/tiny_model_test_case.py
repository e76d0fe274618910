"""What the end-to-end tests on a model with random weights of a few hundred kilobytes share."""
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


class TinyModelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="sfumato-tiny-"))
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


def main(usage):
    global SFUMATO, MAKE_TINY_MODEL
    if len(sys.argv) < 3:
        sys.exit(usage)
    SFUMATO, MAKE_TINY_MODEL = (os.path.abspath(p) for p in sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=1)
