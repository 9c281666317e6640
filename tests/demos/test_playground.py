"""The playground: the real engine trains, bad requests get a 4xx and change nothing, the page works in a browser."""

import json
import threading
from http.client import HTTPConnection
from wsgiref.simple_server import WSGIRequestHandler, make_server

import numpy as np
import pytest

pytest.importorskip("bottle")

from autograd import errors
from demos.playground.learning import ACTIVATIONS, DATA, DEFAULTS, OPTIMIZERS, Learning, checked
from demos.playground.serving import application
from tests.autograd.export.browser import find, needs_browser, run_dom


class Quiet(WSGIRequestHandler):
    def log_message(self, format, *args):
        pass


@pytest.fixture
def served():
    learning = Learning({"seed": 1})
    with make_server("127.0.0.1", 0, application(learning), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield learning, server.server_port
        server.shutdown()
        thread.join()


def ask(port, method, path, body=None, **headers):
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body if isinstance(body, str | None) else json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, json.loads(text) if text.startswith("{") else text


@pytest.mark.parametrize("name", DATA)
def test_it_learns(name):
    learning = Learning({"data": name, "layers": [16, 16], "rate": 0.02})
    for _ in range(4):
        learning.train(100)
    state = learning.state()
    assert state["losses"][-1] < 0.85 * state["losses"][0]
    assert state["accuracy"] > 0.65
    assert state["steps"] == 400
    assert len(state["deltas"]) == len(state["weights"]) == 3


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_takes_steps(name):
    learning = Learning({"optimizer": name})
    learning.train(20)
    assert learning.state()["losses"][-1] < learning.state()["losses"][0]


def test_the_deltas_are_backwards():
    learning = Learning({"layers": [4]})
    learning.train(1)
    twin = Learning({"layers": [4]})
    z = twin.model[0](twin.x)
    out = twin.model[2](twin.model[1](z))
    from nn import losses

    losses.binary_cross_entropy(out, twin.y).backward()
    expected = [float(np.sqrt(np.mean(np.square(node.grad)))) for node in (z, out)]
    np.testing.assert_allclose(learning.deltas, expected, rtol=1e-5)


@pytest.mark.parametrize(
    "bad",
    [
        *(3, [], {"depth": 2}, {"data": "cat"}, {"layers": []}, {"layers": [0]}, {"layers": [True]}, {"layers": "8"}),
        *({"layers": [8] * 5}, {"rate": 0}, {"rate": "fast"}, {"rate": float("nan")}, {"noise": -1}, {"seed": 0.5}),
        {"activation": "step"},
    ],
)
def test_bad_settings_are_refused_and_change_nothing(bad):
    learning = Learning()
    learning.train(3)
    model = learning.model
    with pytest.raises(errors.OptionError):
        learning.reset(bad)
    assert learning.model is model
    assert learning.state()["steps"] == 3
    assert checked({}) == DEFAULTS


def test_a_run_that_blows_up_keeps_its_last_numbers():
    learning = Learning({"optimizer": "sgd", "rate": 10.0, "activation": "gelu", "layers": [32, 32, 32, 32]})
    with pytest.raises(errors.DataError, match="smaller rate"):
        learning.train(500)
    assert np.isfinite(learning.losses).all()
    json.dumps(learning.state(), allow_nan=False)


def test_the_addresses(served):
    learning, port = served
    status, page = ask(port, "GET", "/")
    assert (status, page[:15]) == (200, "<!DOCTYPE html>")
    assert ask(port, "GET", "/choices")[1]["data"] == list(DATA)
    assert ask(port, "GET", "/state")[1]["steps"] == 0
    status, state = ask(port, "POST", "/train", {"steps": 7})
    assert (status, state["steps"], len(learning.losses)) == (200, 7, 7)
    status, state = ask(port, "POST", "/start", {"data": "moons", "layers": [3]})
    assert (status, state["steps"], state["settings"]["data"]) == (200, 0, "moons")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/train", {"steps": 0}, 422),
        ("POST", "/train", {"steps": "many"}, 422),
        ("POST", "/train", {"steps": 1e9}, 422),
        ("POST", "/train", "not json", 400),
        ("POST", "/train", "[1]", 400),
        ("POST", "/train", "[" * 5000, 400),
        ("POST", "/start", '{"data": []}', 422),
        ("POST", "/start", '{"rate": 1e400}', 422),
        ("POST", "/start", '{"optimizer": null}', 422),
        ("POST", "/train", '"' + "x" * 20_000 + '"', 413),
        ("POST", "/start", {"layers": [1000]}, 422),
        ("GET", "/nowhere", None, 404),
        ("GET", "/train", None, 405),
        ("DELETE", "/state", None, 405),
    ],
)
def test_bad_requests(served, method, path, body, status):
    learning, port = served
    ask(port, "POST", "/train", {"steps": 2})
    found, answer = ask(port, method, path, body)
    assert found == status
    assert answer["error"]
    assert len(learning.losses) == 2


def test_other_pages_may_neither_train_nor_look(served):
    learning, port = served
    for method, path in (("POST", "/train"), ("GET", "/state"), ("GET", "/")):
        status, answer = ask(port, method, path, {"steps": 1}, Host="evil.example:80")
        assert status == 403
        assert "own page only" in answer["error"]
    assert learning.losses == []


@pytest.mark.parametrize("length", ["abc", "-5", "1e3"])
def test_a_false_length_is_refused(served, length):
    status, answer = ask(served[1], "POST", "/train", "{}", **{"Content-Length": length})
    assert status == 400
    assert "Content-Length" in answer["error"]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_learns(name):
    learning = Learning({"activation": name})
    learning.train(60)
    assert learning.state()["losses"][-1] < learning.state()["losses"][0]


def test_every_choice_of_nn_is_offered():
    from nn import layers, optim

    assert set(OPTIMIZERS) == set(optim.OPTIMIZERS)
    kinds = {layers.ACTIVATIONS[name] for name in ACTIVATIONS}
    assert kinds == set(layers.ACTIVATIONS.values()) - {layers.Identity, layers.Softmax, layers.LogSoftmax}
    assert len(kinds) == len(ACTIVATIONS)


def test_a_page_loaded_anew_finds_the_run_as_it_was(served):
    learning, port = served
    ask(port, "POST", "/start", {"data": "circles", "seed": 4})
    ask(port, "POST", "/train", {"steps": 9})
    assert ask(port, "POST", "/start", {"layers": "many"})[0] == 422
    ask(port, "GET", "/")
    state = ask(port, "GET", "/state")[1]
    assert (state["steps"], state["settings"]["data"], state["settings"]["seed"]) == (9, "circles", 4)
    assert state == json.loads(json.dumps(learning.state()))


def test_requests_at_once_lose_nothing(served):
    learning, port = served
    threads = [threading.Thread(target=ask, args=(port, "POST", "/train", {"steps": 5})) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(learning.losses) == 30


@needs_browser
def test_in_a_browser_it_trains(served, tmp_path):
    assert find()
    learning, port = served
    document = run_dom(f"http://127.0.0.1:{port}/#run", tmp_path / "profile", budget=3000)
    assert len(learning.losses) > 0
    steps = int(document.split('data-steps="')[1].split('"')[0])
    assert 0 < steps <= len(learning.losses)
    assert "accuracy" in document
    assert document.count("<option>") + document.count("<option ") >= len(DATA) + len(OPTIMIZERS)
