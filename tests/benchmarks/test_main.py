import pytest

from benchmarks import environments
from benchmarks.__main__ import main


@pytest.mark.usefixtures("installed")
def test_a_run_prints_tables_and_writes_the_report(tmp_path, capsys):
    out = tmp_path / "report.md"
    arguments = ["--workloads", "I1,T1", "--peers", "right,wrong", "--quick", "--out", str(out)]
    assert main(arguments) == 0
    printed, said = capsys.readouterr()
    assert "| chain | right |" in printed
    assert "| chain | wrong | wrong: w is off by" in printed
    assert "| import | right |" in printed
    assert "T1 chain: wrong not timed" in said
    text = out.read_text()
    assert text.startswith(
        "# Benchmarks\n\nMade by `python -m benchmarks --workloads I1,T1 --peers right,wrong --quick"
    )
    assert "## Machine" in text


def test_a_peer_not_installed_is_skipped_with_one_line(folder, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(environments, "PEERS", folder.parent)
    assert main(["--workloads", "T1", "--peers", "right", "--envs", str(tmp_path)]) == 1
    printed, said = capsys.readouterr()
    assert said.splitlines()[0] == "right: not installed; python -m benchmarks --install fake"
    assert "Nothing was timed." in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workloads", "T99"], "unknown workload 'T99'; known: "),
        (["--peers", "nobody"], "unknown peer 'nobody'; known: right, wrong"),
    ],
)
@pytest.mark.usefixtures("installed")
def test_unknown_names_are_refused_with_the_known_ones(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_installing_takes_a_folder_or_all(installed, monkeypatch, tmp_path, capsys):
    done = []
    monkeypatch.setattr(environments, "install", lambda folder, _environments: done.append(folder))
    assert main(["--install", "all", "--envs", str(tmp_path)]) == 0
    assert main(["--install", "fake", "--envs", str(tmp_path)]) == 0
    assert done == [installed, installed]
    assert main(["--install", "nobody"]) == 2
    assert "unknown peer 'nobody'; known: fake" in capsys.readouterr().err
