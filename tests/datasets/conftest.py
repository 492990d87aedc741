"""A server on this machine in place of the publishers."""

import functools
import hashlib
import http.server
import threading
from dataclasses import replace

import pytest

from nasbias.datasets.published import PUBLISHED

CONTENT = b"not really an archive"


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tmp_path):
    """The URL of a folder on 127.0.0.1 that holds `cifar-10-python.tar.gz`."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "cifar-10-python.tar.gz").write_bytes(CONTENT)
    handler = functools.partial(_Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def true_hash(monkeypatch):
    """Let the server's small file be the published one."""
    files = {"cifar-10-python.tar.gz": hashlib.md5(CONTENT).hexdigest()}
    monkeypatch.setitem(PUBLISHED, "cifar10", replace(PUBLISHED["cifar10"], files=files))
