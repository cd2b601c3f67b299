"""The kernel child: an ordinary ipykernel that starts quickly and leaves no files behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from alacard_host import fresh, packages


def main(connection_file: str, observe: str) -> int:
    """Serves one notebook on the sockets of the connection file until it is shut down."""
    sys.argv = ["ipykernel_launcher.py", "-f", connection_file]
    streams = (sys.stdout, sys.stderr, sys.__stderr__)
    app = start(connection_file)
    fresh.rebind_log_streams(streams)
    packages.install(app.shell)
    if observe:
        from alacard_host import watch

        watch.install(app.shell, observe)
    app.start()
    return 0


def start(connection_file: str) -> Any:
    """The kernel's application, ready to serve; its profile lies beside the connection file."""
    profile = Path(connection_file).parent / "ipython"
    (profile / "profile_default").mkdir(parents=True, exist_ok=True)
    os.environ["IPYTHONDIR"] = str(profile)
    try:
        app = application(connection_file)
        app.initialize([])
    finally:
        del os.environ["IPYTHONDIR"]
    return app


def application(connection_file: str) -> Any:
    """An application without history, debugger, banner or rewritten files."""
    without_debugger()
    direct_flush()
    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    class Application(IPKernelApp):
        """An application whose connection file belongs to the supervisor."""

        def write_connection_file(self, **_: Any) -> None:
            """The file is there already, and is not ours to write."""

        def cleanup_connection_file(self) -> None:
            """Nor ours to remove."""

    config = Config()
    config.HistoryManager.enabled = False
    config.IPKernelApp.connection_file = connection_file
    config.IPKernelApp.log_level = 50
    config.IPKernelApp.exec_PYTHONSTARTUP = False
    # A pause after each cell for output to arrive; here it has been handed over by then.
    config.IPythonKernel._execute_sleep = 0.0
    return Application.instance(config=config)


def direct_flush() -> None:
    """Output is handed over by the thread that flushes, and nothing at all when there is nothing.

    The library asks its publishing thread and waits for it, four times a cell: most of the time of a
    short cell. All messages go through that thread in the order in which they are handed over, so output
    still comes before the status that ends its cell.
    """
    from ipykernel.iostream import OutStream

    original = OutStream.flush

    def flush(self: Any) -> None:
        buffers = getattr(self, "_buffers", None)
        if buffers is None or self.pub_thread is None:
            # Another version of the library, or a stream that is closed.
            original(self)
        elif any(text.tell() for text in list(buffers.values())):
            self._flush()

    OutStream.flush = flush


def without_debugger() -> None:
    """The debugger would take time to start, and nobody attaches one here."""
    for name in ("ipykernel.debugger", "ipykernel.ipkernel"):
        module: Any = sys.modules.get(name)
        if hasattr(module, "_is_debugpy_available"):
            module._is_debugpy_available = False
