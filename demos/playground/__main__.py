"""Open the playground: choose data, layers, activation, optimizer and rate, and watch the network learn."""

import argparse
import sys
import webbrowser
from pathlib import Path
from wsgiref.simple_server import make_server

try:
    from demos.playground.serving import application
except ImportError:
    sys.exit('The playground is served by bottle: pip install -e ".[demos]"')
from demos.playground.learning import Learning


def main() -> None:
    """Serve on loopback until interrupted; ``--quick`` trains a little and stops."""
    parser = argparse.ArgumentParser(prog="python -m demos.playground", description=__doc__)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--no-browser", action="store_true", help="only serve")
    parser.add_argument("--quick", action="store_true", help="train 50 steps without a page, and stop")
    parser.add_argument("--out", type=Path, help="not used: nothing is written")
    options = parser.parse_args()
    learning = Learning()
    if options.quick:
        learning.train(50)
        state = learning.state()
        print(f"loss {state['losses'][0]:.3f} -> {state['losses'][-1]:.3f}, accuracy {state['accuracy']:.0%}")
        return
    with make_server("127.0.0.1", options.port, application(learning)) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        print(f"{address}  (Ctrl-C ends it)", flush=True)
        if not options.no_browser:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
