"""What a notebook finds in its kernel, and that nothing of one notebook reaches the next."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from host_support import HostProcess, Kernel

pytest.importorskip("ipykernel")
pytest.importorskip("transformers")

ENV = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": "/tmp/some-home", "ASKED_FOR": "yes"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    running = HostProcess(tmp_path_factory.mktemp("h"), ["torch", "transformers"])
    yield running
    running.close()


@pytest.fixture
def kernel(host: HostProcess) -> Iterator[Kernel]:
    running = Kernel(host, env=ENV, limits={"file_mb": 1, "open_files": 200})
    yield running
    running.close()


def test_the_host_stays_single_threaded(host: HostProcess) -> None:
    assert host.imported["threads"] == []
    assert host.imported["failed"] == {}
    assert host.imported["versions"]["torch"]


def test_the_environment_is_replaced(kernel: Kernel) -> None:
    found = json.loads(kernel.run("import os, json; print(json.dumps(dict(os.environ)))"))
    assert found["ASKED_FOR"] == "yes" and found["HOME"] == str(kernel.folder)
    assert not [name for name in found if name.startswith("ALACARD") or "PYTEST" in name]
    assert kernel.run("import os; print(os.getcwd())").strip() == str(kernel.folder)


def test_constants_of_the_hub_are_those_of_the_new_environment(kernel: Kernel) -> None:
    code = "from huggingface_hub import constants as c, HfApi\n"
    code += "print(c.ENDPOINT, c.HF_HUB_CACHE, HfApi().endpoint)"
    assert kernel.run(code).split() == [ENV["HF_ENDPOINT"], "/tmp/some-home/hub", ENV["HF_ENDPOINT"]]


def test_no_stand_in_of_the_host_is_left(kernel: Kernel) -> None:
    code = (
        "import gc, sys, types\n"
        "marks = ('hub.alac' + 'ard.invalid', 'alac' + 'ard-hub-home')\n"
        "left = set()\n"
        "for module in list(sys.modules.values()):\n"
        "    name = getattr(module, '__name__', '')\n"
        "    if name.startswith('alac' + 'ard') or name == '__main__': continue\n"
        "    for key, value in list(getattr(module, '__dict__', {}).items()):\n"
        "        kind = type(value)\n"
        "        texts = [value] if kind is str else []\n"
        "        if kind in (tuple, list, set, frozenset): texts = list(value)\n"
        "        if kind is types.FunctionType: texts = list(value.__defaults__ or ())\n"
        "        if 'Path' in kind.__name__: texts = [str(value)]\n"
        "        if any(type(t) is str and m in t for t in texts for m in marks): left.add((name, key))\n"
        "print(sorted(left))"
    )
    assert kernel.run(code).strip() == "[]"


def test_names_arguments_and_main_are_those_of_a_kernel(kernel: Kernel) -> None:
    assert "ipykernel_launcher" in kernel.run("import sys; print(sys.argv[0])")
    assert kernel.run("import __main__; x = 5; print(__main__.x, __name__)").strip() == "5 __main__"
    assert kernel.run("print([n for n in dir() if 'alac' in n.lower()])").strip() == "[]"


def test_no_file_of_the_host_is_open_and_limits_hold(kernel: Kernel) -> None:
    code = (
        "import os\n"
        "open_files = [os.readlink(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd') "
        "if os.path.exists(f'/proc/self/fd/{n}')]\n"
        "print([f for f in open_files if 'host.log' in f])"
    )
    assert kernel.run(code).strip() == "[]"
    full = (
        "try:\n    open('big', 'wb').write(bytes(2 << 20))\nexcept OSError as error:\n    print(error.errno)"
    )
    assert kernel.run(full).strip() == "27"
    assert (
        kernel.run("import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])").strip() == "200"
    )


def test_input_is_refused_and_an_interrupt_arrives(kernel: Kernel) -> None:
    assert "StdinNotImplementedError" in kernel.run("input()")
    kernel.client.execute("import time\nprint('asleep', flush=True)\ntime.sleep(30)")
    message = kernel.client.get_iopub_msg(timeout=10)
    while message["msg_type"] != "stream":
        message = kernel.client.get_iopub_msg(timeout=10)
    time.sleep(0.2)
    kernel.host.send(op="signal", id=kernel.id, signal=2)
    reply = kernel.client.get_shell_msg(timeout=10)
    assert reply["content"]["ename"] == "KeyboardInterrupt"


def test_nothing_of_one_notebook_reaches_the_next(host: HostProcess) -> None:
    spoil = (
        "import os, sys, json, random, signal, warnings, torch, transformers\n"
        "json.dumps = lambda *a: 'spoiled'\n"
        "transformers.AutoModel = None\n"
        "os.environ['LEFT'] = '1'; os.chdir('/'); sys.path.insert(0, '/nowhere')\n"
        "random.seed(0); torch.manual_seed(0); torch.set_default_dtype(torch.float64)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "warnings.simplefilter('error'); torch.set_num_threads(2)"
    )
    look = (
        "import os, sys, json, random, signal, torch, transformers, numpy\n"
        "print(json.dumps({'env': 'LEFT' in os.environ, 'cwd': os.getcwd(), 'path': '/nowhere' in sys.path,\n"
        "  'auto': transformers.AutoModel is None, 'dtype': str(torch.get_default_dtype()),\n"
        "  'term': signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, 'threads': torch.get_num_threads(),\n"
        "  'random': [random.random(), torch.rand(1).item(), numpy.random.rand()]}))"
    )
    first = Kernel(host)
    first.run(spoil)
    first.close()
    seen = []
    for _ in range(2):
        kernel = Kernel(host)
        seen.append(json.loads(kernel.run(look)))
        assert seen[-1]["cwd"] == str(kernel.folder)
        kernel.close()
    for found in seen:
        assert (found["env"], found["path"], found["auto"], found["threads"]) == (False, False, False, 1)
        assert found["dtype"] == "torch.float32" and found["term"]
    assert not set(seen[0]["random"]) & set(seen[1]["random"]), "two notebooks drew the same numbers"
