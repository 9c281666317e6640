"""Drawings as files and bytes: equal for equal graphs, escaped, and with a clear word where a program is missing."""

import re
import shutil
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from autograd import Value, draw, errors
from autograd.export.reading import ordered

from .test_drawing import network, neuron

ROOT = Path(__file__).resolve().parents[3]


def test_equal_graphs_give_equal_bytes_whatever_the_hash_seed():
    script = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from tests.autograd.export.test_drawing import neuron, network
from autograd import draw, explain, to_html, to_source
o, x, w = neuron()
from tests.autograd.export.test_drawing import chain
from tests.autograd.export.test_programs import program
net = network()[0]
drawings = [draw(o, inputs=x), draw(net), draw(net, depth=1), draw(o, sweep="both"), draw(net, sweep="backward")]
drawings += [draw(chain(2000)), draw(program()), draw(program(), sweep="both", direction="right")]
for d in drawings:
    for text in (d.svg, d.dot, d.mermaid, d.text):
        print(hashlib.sha256(text.encode()).hexdigest())
for text in (to_html(o), explain(o).text, explain(net).markdown, explain(net).latex, to_source(program(), grad=True)):
    print(hashlib.sha256(text.encode()).hexdigest())
"""
    seen = set()
    for seed in ("0", "1", "4711"):
        command = [sys.executable, "-c", script, str(ROOT)]
        run = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed, "PATH": ""}
        )
        seen.add(run.stdout)
    assert len(seen) == 1


def test_svg_is_well_formed_and_escapes_labels():
    x = Value(1.0, label="<a & b>")
    tree = ET.fromstring(draw(x * 2.0).svg)
    assert "<a & b>" in "".join(tree.itertext())


def test_mermaid_escapes_labels():
    assert 'n0["#60;a#62;#34;' in draw(Value(1.0, label='<a>"') * 2.0).mermaid


@pytest.mark.parametrize("suffix", [".svg", ".dot", ".gv", ".mmd", ".txt"])
def test_save_by_suffix(tmp_path, suffix):
    drawing = draw(neuron()[0])
    path = drawing.save(tmp_path / f"neuron{suffix}")
    texts = {".svg": drawing.svg, ".mmd": drawing.mermaid, ".txt": drawing.text}
    assert path.read_text(encoding="utf-8") == texts.get(suffix, drawing.dot)


def test_save_in_an_unknown_format(tmp_path):
    with pytest.raises(errors.OptionError, match=r"did you mean '\.png'"):
        draw(Value(1.0)).save(tmp_path / "x.pngg")


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz's dot program is not installed")
def test_graphviz_renders_every_kind_of_drawing(tmp_path):
    pytest.importorskip("graphviz")
    for drawing in (draw(neuron()[0]), draw(network()[0]), draw(network()[0], depth=1)):
        assert drawing.png[:8] == b"\x89PNG\r\n\x1a\n"
        assert drawing.pdf[:4] == b"%PDF"
    assert draw(neuron()[0]).save(tmp_path / "n.png").read_bytes()[:4] == b"\x89PNG"


def test_without_dot_the_picture_and_its_source_are_written(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    drawing = draw(neuron()[0])
    with pytest.warns(UserWarning, match=r"dot is not installed, so n\.png was not written: n\.svg holds"):
        path = drawing.save(tmp_path / "n.png")
    assert path.name == "n.svg"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["n.dot", "n.svg"]


def test_without_dot_bytes_are_refused_in_one_sentence(monkeypatch):
    pytest.importorskip("graphviz")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(errors.UnsupportedError, match="dot, which is not installed"):
        _ = draw(neuron()[0]).png


def test_where_dot_fails_on_corners_it_is_asked_without(monkeypatch):
    graphviz = pytest.importorskip("graphviz")
    asked: list[str] = []

    def pipe(source, format):
        asked.append(source.source)
        if "headport" in source.source or len(asked) > 2:
            raise graphviz.CalledProcessError(1, "dot")
        return b"picture"

    monkeypatch.setattr(graphviz.Source, "pipe", pipe)
    drawing = draw(neuron()[0])
    assert drawing.png == b"picture"
    assert "headport" in asked[0]
    with pytest.raises(errors.UnsupportedError, match=r"dot failed on this graph; save as \.svg"):
        _ = drawing.png


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(errors.MissingExtraError, match=r"chainrule\[draw\]"):
        _ = draw(neuron()[0]).pdf


def test_text_has_a_line_a_node():
    o, x, _ = neuron()
    lines = draw(o, inputs=x).text.splitlines()
    assert len(lines) == 10
    assert re.fullmatch(r"o = tanh\(n\) +result +data 0\.7071 +grad 1", lines[-1])


def test_drawing_changes_nothing():
    o, x, _ = neuron()
    before = [(n.data, n.grad) for n in ordered([o])]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert draw(o, inputs=x).svg
    assert before == [(n.data, n.grad) for n in ordered([o])]
