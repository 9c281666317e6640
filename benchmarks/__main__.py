"""``python -m benchmarks``: measure Chainrule and its peers and print Markdown tables.

Examples: ``python -m benchmarks --install micrograd``, ``--workloads S1,T1 --peers chainrule,xad``,
``--out docs/benchmarks.md``.
"""

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks import environments
from benchmarks.environments import Peer
from benchmarks.fresh import measure_first_calls, measure_imports, measure_memory
from benchmarks.measuring import QUICK, Effort, measure
from benchmarks.report import Result, document, workload_section
from benchmarks.serving import CLOCKS
from benchmarks.session import PeerError, Session
from benchmarks.workloads import Workload, all_workloads

FRESH = {"import": measure_imports, "first": measure_first_calls, "memory": measure_memory}
NOTES = environments.HERE / "notes.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when something was measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--peers", default="", help="names, separated by commas (default: all)")
    parser.add_argument("--workloads", default="", help="names, separated by commas (default: all)")
    parser.add_argument("--out", type=Path, help="also write the report to this file")
    parser.add_argument("--quick", action="store_true", help="few and short rounds: does it run, not how fast")
    parser.add_argument(
        "--install", metavar="PEER", action="append", default=[], help="create a peer's environment; 'all'"
    )
    parser.add_argument(
        "--clock", choices=list(CLOCKS), default="wall", help="elapsed time, or all threads' processor time"
    )
    parser.add_argument("--envs", help=f"folder of the environments (or {environments.FOLDER_VARIABLE})")
    options = parser.parse_args(arguments)
    folder = environments.environments_folder(options.envs)
    peers = environments.all_peers(folder)
    if options.install:
        return _install(options.install, peers, folder)
    chosen = [peers[name] for name in _names(parser, "peer", options.peers, peers)]
    workloads = [all_workloads()[name] for name in _names(parser, "workload", options.workloads, all_workloads())]
    command = shlex.join(["python", "-m", "benchmarks", *(sys.argv[1:] if arguments is None else arguments)])
    effort = replace(QUICK if options.quick else Effort(), clock=options.clock)
    return _run(workloads, chosen, effort, command, options.out)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _names(parser: argparse.ArgumentParser, what: str, given: str, known: Mapping[str, object]) -> list[str]:
    names = [name for name in given.split(",") if name] or list(known)
    for name in names:
        if name not in known:
            parser.error(f"unknown {what} {name!r}; known: {', '.join(known)}")
    return names


def _install(names: Sequence[str], peers: dict[str, Peer], folder: Path) -> int:
    folders = {peer.folder.name: peer.folder for peer in peers.values()}
    for name in folders if "all" in names else names:
        if name not in folders:
            _say(f"unknown peer {name!r}; known: {', '.join(folders)}")
            return 2
        environments.install(folders[name], folder)
    return 0


def _run(workloads: Sequence[Workload], peers: Sequence[Peer], effort: Effort, command: str, out: Path | None) -> int:
    ready = []
    for peer in peers:
        if peer.missing:
            _say(peer.missing)
        else:
            ready.append(peer)
    results, versions = [], {}
    with ExitStack() as stack:
        sessions = []
        for peer in ready:
            try:
                session = stack.enter_context(Session(peer))
                versions[peer.name] = session.ask("hello")["versions"]
                sessions.append(session)
            except PeerError as error:
                _say(f"{peer.name}: not measured: {error}")
        for workload in workloads:
            result = Result(workload)
            for case in workload.cases:
                _say(f"{workload.name} {case}")
                if workload.kind in FRESH:
                    result.cases[case] = FRESH[workload.kind](workload, case, [s.peer for s in sessions], effort, _say)
                else:
                    result.cases[case] = measure(workload, case, sessions, effort, _say)
            results.append(result)
            print(workload_section(result) + "\n", flush=True)
    if out is not None:
        notes = NOTES.read_text(encoding="utf-8").strip() if NOTES.exists() else ""
        out.write_text(document(command, results, versions, notes, effort.clock), encoding="utf-8")
    return 0 if any(timing.seconds for result in results for case in result.cases.values() for timing in case) else 1


if __name__ == "__main__":
    sys.exit(main())
