"""The documents say what is true: their code runs, their commands and links exist."""

import doctest
import importlib.util
import re
import shlex
import textwrap
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")) + sorted(
    (ROOT / "docs").rglob("*.md")
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LANGUAGES = {"python", "bash", "text"}  # python is run, bash is checked, text is neither
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

documents = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=[path.relative_to(ROOT).as_posix() for path in DOCUMENTS]
)


def blocks(text):
    """Yield (language, code, line number) for each fenced block of a Markdown text."""
    fence = re.compile(r"^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)
    for found in fence.finditer(text):
        line = text.count("\n", 0, found.start()) + 2
        yield found[3].strip(), textwrap.dedent(found[4]), line


def run_python(text, path):
    """Run the Python blocks of a Markdown text in order, in one namespace, prompts as doctests."""
    namespace = {"__name__": "__document__"}
    for language, code, line in blocks(text):
        if language != "python":
            continue
        if ">>>" not in code:
            exec(compile("\n" * (line - 1) + code, str(path), "exec"), namespace)
            continue
        test = doctest.DocTestParser().get_doctest(code, namespace, str(path), str(path), line - 1)
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=FLAGS)
        runner.run(test, out=report.append, clear_globs=False)
        assert not report, "".join(report)
        namespace.update(test.globs)


def command_faults(line):
    """List what a shell line names that doesn't exist: extras, modules, files."""
    words = shlex.split(line, comments=True)
    faults = []
    for before, word in zip(["", *words], words, strict=False):
        extras = re.search(r"\[(.+)\]$", word)
        if extras:
            missing = set(extras[1].split(",")) - set(PROJECT["optional-dependencies"])
            faults += [f"no extra named {name}" for name in sorted(missing)]
        if before == "-m" and (ROOT / word.split(".")[0]).is_dir():
            try:
                spec = importlib.util.find_spec(word)
            except ModuleNotFoundError:
                spec = None
            faults += [] if spec else [f"no module named {word}"]
        if "/" in word and not word.startswith("-") and not (ROOT / word).exists():
            faults.append(f"no file named {word}")
    return faults


def link_faults(text, path):
    """List the relative links of a Markdown text that lead nowhere."""
    prose = re.sub(r"^( *)(`{3,}).*?^\1\2 *$", "", text, flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"!?\[[^\]]*\]\(([^)\s]+)\)", prose)
    targets += re.findall(r"<(?:img|a)\b[^>]*?(?:src|href)=\"([^\"]+)\"", prose)
    local = [t.partition("#")[0] for t in targets if not re.match(r"[a-z]+:|#", t)]
    # The reference's pages are made from the sources when the documentation is built.
    made = [t for t in local if "reference/" in t]
    return [t for t in local if t not in made and not (path.parent / t).exists()]


@documents
def test_python_runs(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_python(document.read_text(encoding="utf-8"), document)


@documents
def test_no_block_escapes(document):
    unknown = [
        (language, line)
        for language, _, line in blocks(document.read_text(encoding="utf-8"))
        if language not in LANGUAGES
    ]
    assert unknown == []


@documents
def test_commands_name_what_exists(document):
    faults = [
        (line, fault)
        for language, code, _ in blocks(document.read_text(encoding="utf-8"))
        if language == "bash"
        for line in code.splitlines()
        for fault in command_faults(line)
    ]
    assert faults == []


@documents
def test_links_lead_somewhere(document):
    assert link_faults(document.read_text(encoding="utf-8"), document) == []


def test_readme_holds_the_one_test_command():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.endswith("&& pytest")] == ['pip install -e ".[test]" && pytest']


# --- the checks themselves: each catches a planted fault

FENCE = "```"


def test_stale_output_is_caught():
    text = f"{FENCE}python\n>>> x = 1 + 1\n{FENCE}\n\nThen\n\n{FENCE}python\n>>> x\n3\n{FENCE}\n"
    with pytest.raises(AssertionError, match=r"Expected:\s+3\s+Got:\s+2"):
        run_python(text, "made up")
    run_python(text.replace("3\n", "2\n"), "made up")


def test_raising_code_is_caught_with_its_line():
    with pytest.raises(ZeroDivisionError) as caught:
        run_python(f"Text.\n\n{FENCE}python\nx = 1\nx / 0\n{FENCE}\n", "made up")
    assert caught.traceback[-1].lineno == 4  # counted from zero


def test_indented_blocks_are_found():
    text = f"- item\n\n    {FENCE}python\n    y = 1\n    {FENCE}\n\n{FENCE}\nbare\n{FENCE}\n"
    assert list(blocks(text)) == [("python", "y = 1\n", 4), ("", "bare\n", 8)]


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ('pip install -e ".[test,all]" && pytest', []),
        ('pip install -e ".[tests]"', ["no extra named tests"]),
        ("python -m demos.absent", ["no module named demos.absent"]),
        ("python -m pytest -m slow  # demos/absent.py", []),
        ("pytest tests/absent.py", ["no file named tests/absent.py"]),
    ],
)
def test_faulty_commands_are_caught(line, faults):
    assert command_faults(line) == faults


def test_dead_links_are_caught():
    text = '[a](README.md#x) [b](gone.md) ![c](https://example.org/c.svg) [d](#top) <img src="gone.svg">'
    assert link_faults(text, ROOT / "README.md") == ["gone.md", "gone.svg"]
