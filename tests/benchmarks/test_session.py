import pytest

from benchmarks import wire
from benchmarks.session import PeerError, Session


def prepared(session, workload="T1", case="chain"):
    session.ask("prepare", workload=workload, case=case)
    return session


def test_what_a_library_prints_does_not_reach_the_protocol(peers):
    with Session(peers["chatty"]) as session:
        assert len(prepared(session).ask("time", number=3, blocks=2, clock="wall")["seconds"]) == 2


@pytest.mark.parametrize(("name", "seen"), [("right", False), ("ours", True)])
def test_only_our_own_worker_sees_the_checkout(peers, name, seen, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(peers[name].folder))
    with Session(peers[name]) as session:
        answer = wire.unpack(prepared(session, "S1", "1e3").ask("answer")["answer"])
    assert answer["seen"] == seen
    assert answer["threads"] == 2


def test_errors_keep_the_worker_alive(peers):
    with Session(peers["failing"]) as session:
        with pytest.raises(PeerError, match="RuntimeError: no such thing"):
            prepared(session)
        assert session.ask("prepare", workload="S1", case="1e3")["does"]


def test_a_dead_worker_is_noticed_and_quoted(peers):
    with Session(peers["dying"]) as session:
        with pytest.raises(PeerError, match="the worker ended: out of luck"):
            prepared(session)
        with pytest.raises(PeerError, match="the worker ended"):
            session.ask("hello")


def test_patience_ends(peers):
    with Session(peers["right"], patience=0.0) as session, pytest.raises(PeerError, match="no reply to 'hello'"):
        session.ask("hello")
