"""A model hub for the tests of `sfumato pull`, with the faults that real ones and networks have."""
import hashlib
import http.server
import json
import re
import threading
import urllib.parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Repositories by name, each {file name: bytes}; what goes wrong is said by the members."""

    def __init__(self):
        self.repositories = {}
        self.other_names = {}  # repository -> names to list besides
        self.wrong_hash = set()  # paths listed with the hash of something else
        self.without_hash = set()  # paths listed like small files of git
        self.breaks = {}  # path -> how often the connection ends in the middle
        self.stalls = set()  # paths that stop in the middle until released
        self.ignores_range = set()  # paths
        self.too_long = set()  # paths that send more than announced
        self.busy = {}  # path -> how often the answer is 503
        self.pages = {}  # path -> (status, headers, body) to answer with
        self.redirect_to = None  # another Hub that has the files
        self.secret = None  # the token that is asked for
        self.etag_suffix = ""
        self.log = []  # (path, headers) of every request
        self.release = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=[0.02], daemon=True).start()

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()

    def asked(self, part):
        return [(path, headers) for path, headers in self.log if part in path]

    def listing(self, name):
        siblings = []
        for file, data in self.repositories[name].items():
            entry = {"rfilename": file, "size": len(data)}
            path = f"{name}/{file}"
            if path in self.without_hash:
                entry["blobId"] = hashlib.sha1(data).hexdigest()
            else:
                hashed = b"other" if path in self.wrong_hash else data
                sha256 = hashlib.sha256(hashed).hexdigest()
                entry["lfs"] = {"sha256": sha256, "size": len(data), "pointerSize": 134}
            siblings.append(entry)
        siblings += [{"rfilename": other, "size": 1} for other in self.other_names.get(name, [])]
        return {"id": name, "sha": COMMIT, "siblings": siblings}

    def handler(self):
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def answer(self, status, headers, body):
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
                hub.log.append((self.path, dict(self.headers.items())))
                if path in hub.pages:
                    return self.answer(*hub.pages[path])
                given = self.headers.get("Authorization")
                if hub.secret and given != "Bearer " + hub.secret:
                    return self.answer(401, {"X-Error-Code": "GatedRepo"}, b"no")
                if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
                    return self.send_listing(match[1], match[2])
                if match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
                    return self.send_file(match[1], match[3])
                self.answer(404, {}, b"no")

            def send_listing(self, name, revision):
                if name not in hub.repositories:
                    return self.answer(404, {"X-Error-Code": "RepoNotFound"}, b"no")
                if revision not in (None, "main", "v2"):
                    return self.answer(404, {"X-Error-Code": "RevisionNotFound"}, b"no")
                self.answer(200, {}, json.dumps(hub.listing(name)).encode())

            def send_file(self, name, file):
                data = hub.repositories.get(name, {}).get(file)
                if data is None:
                    return self.answer(404, {"X-Error-Code": "EntryNotFound"}, b"no")
                path = f"{name}/{file}"
                if hub.busy.get(path, 0) > 0:
                    hub.busy[path] -= 1
                    return self.answer(503, {"Retry-After": "0"}, b"busy")
                sha256 = hashlib.sha256(data).hexdigest()
                if hub.redirect_to:
                    where = hub.redirect_to.url + self.path + "?signature=hidden"
                    linked = {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(data))}
                    return self.answer(302, {"Location": where, **linked}, b"moved")
                self.send_bytes(path, data, f'"{sha256}{hub.etag_suffix}"')

            def send_bytes(self, path, data, etag):
                first = 0
                asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
                same = self.headers.get("If-Range", etag) == etag
                headers = {"ETag": etag}
                body = data
                if asked and same and path not in hub.ignores_range:
                    first = int(asked[1])
                    body = data[first : int(asked[2]) + 1 if asked[2] else len(data)]
                    last = first + len(body) - 1
                    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
                self.send_response(206 if "Content-Range" in headers else 200)
                length = len(body)
                if path in hub.too_long:
                    body, headers["Transfer-Encoding"] = body + b"more", "chunked"
                else:
                    headers["Content-Length"] = str(length)
                for item in headers.items():
                    self.send_header(*item)
                self.end_headers()
                if path in hub.too_long:
                    return self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
                if hub.breaks.get(path, 0) > 0 and length > 1:
                    hub.breaks[path] -= 1
                    self.wfile.write(body[: length // 2])
                    self.close_connection = True
                    return
                if path in hub.stalls and length > 1:
                    self.wfile.write(body[: length // 2])
                    self.wfile.flush()
                    hub.release.wait(60)
                    self.close_connection = True
                    return
                self.wfile.write(body)

        return Handler
