"""What kazoo, another client of ZooKeeper's protocol, is made to do. Each test prints one line; the first failure ends it."""

import sys
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import (
    BadVersionError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    RolledBackError,
)
from kazoo.security import make_digest_acl
from kazoo.exceptions import NoAuthError

HOSTS = sys.argv[1]


def client():
    found = KazooClient(HOSTS, timeout=5)
    found.start(timeout=15)
    return found


def raises(error, act):
    try:
        act()
    except error:
        return
    raise AssertionError(f"no {error.__name__}")


def test_nodes():
    zk = client()
    assert zk.create("/nodes", b"one") == "/nodes"
    data, stat = zk.get("/nodes")
    assert data == b"one" and stat.version == 0 and stat.czxid == stat.mzxid
    assert zk.set("/nodes", b"two").version == 1
    raises(BadVersionError, lambda: zk.set("/nodes", b"x", version=0))
    raises(NodeExistsError, lambda: zk.create("/nodes", b""))
    raises(NoNodeError, lambda: zk.get("/none"))
    zk.ensure_path("/nodes/a/b/c")
    raises(NotEmptyError, lambda: zk.delete("/nodes/a"))
    assert zk.get_children("/nodes") == ["a"]
    children, stat = zk.get_children("/nodes", include_data=True)
    assert children == ["a"] and stat.numChildren == 1
    assert zk.exists("/nodes/a/b/c") is not None and zk.exists("/nodes/z") is None
    zk.delete("/nodes/a", recursive=True)
    assert zk.sync("/nodes") == "/nodes"
    zk.stop()


def test_sequential():
    zk = client()
    zk.create("/seq")
    names = [zk.create("/seq/n-", sequence=True) for _ in range(3)]
    assert names == [f"/seq/n-{index:010d}" for index in range(3)], names
    zk.stop()


def test_large_data():
    zk = client()
    data = bytes(range(256)) * 2000
    zk.create("/large", data)
    assert zk.get("/large")[0] == data
    zk.stop()


def test_watches():
    zk, other = client(), client()
    zk.create("/watched", b"0")
    seen = []
    came = threading.Event()

    def on_event(event):
        seen.append((event.type, event.path))
        came.set()

    zk.get("/watched", watch=on_event)
    other.set("/watched", b"1")
    assert came.wait(10)
    came.clear()
    zk.get_children("/watched", watch=on_event)
    other.create("/watched/child")
    assert came.wait(10)
    came.clear()
    zk.exists("/later", watch=on_event)
    other.create("/later")
    assert came.wait(10)
    assert seen == [("CHANGED", "/watched"), ("CHILD", "/watched"), ("CREATED", "/later")], seen
    values = []
    done = threading.Event()

    @zk.DataWatch("/recipe")
    def on_data(data, stat):
        values.append(data)
        if data == b"b":
            done.set()

    other.create("/recipe", b"a")
    other.set("/recipe", b"b")
    assert done.wait(10)
    assert values[0] is None and values[-1] == b"b", values
    zk.stop()
    other.stop()


def test_ephemerals():
    zk, other = client(), client()
    zk.create("/gone", b"", ephemeral=True)
    assert other.exists("/gone").ephemeralOwner == zk.client_id[0]
    gone = threading.Event()
    other.exists("/gone", watch=lambda event: gone.set())
    zk.stop()
    assert gone.wait(10)
    assert other.exists("/gone") is None
    other.stop()


def test_multi():
    zk = client()
    transaction = zk.transaction()
    transaction.create("/multi", b"a")
    transaction.check("/multi", 0)
    transaction.set_data("/multi", b"b")
    transaction.create("/multi/child")
    results = transaction.commit()
    assert results[0] == "/multi" and results[3] == "/multi/child", results
    transaction = zk.transaction()
    transaction.delete("/multi/child")
    transaction.check("/multi", 7)
    results = transaction.commit()
    assert isinstance(results[0], RolledBackError) and isinstance(results[1], BadVersionError), results
    assert zk.exists("/multi/child") is not None
    zk.stop()


def test_acls():
    zk = client()
    zk.add_auth("digest", "user:secret")
    zk.create("/guarded", b"x", acl=[make_digest_acl("user", "secret", all=True)])
    other = client()
    raises(NoAuthError, lambda: other.get("/guarded"))
    other.add_auth("digest", "user:secret")
    assert other.get("/guarded")[0] == b"x"
    zk.stop()
    other.stop()


def test_locks():
    holders = []
    inside = []

    def work(number):
        zk = client()
        for _ in range(3):
            with zk.Lock("/lock", f"worker {number}"):
                inside.append(number)
                assert len(inside) == 1, inside
                holders.append(number)
                time.sleep(0.01)
                inside.remove(number)
        zk.stop()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(holders) == 12, holders


def test_election():
    zk = client()
    led = threading.Event()
    zk.Election("/election", "one").run(led.set)
    assert led.is_set()
    zk.stop()


def test_queue_and_counter():
    zk = client()
    queue = zk.Queue("/queue")
    queue.put(b"first")
    queue.put(b"second")
    assert [queue.get(), queue.get(), queue.get()] == [b"first", b"second", None]
    counter = zk.Counter("/counter")
    counter += 2
    counter -= 1
    assert counter.value == 1
    zk.stop()


def test_commands():
    zk = client()
    assert b"Mode: " in zk.command(b"srvr").encode()
    assert zk.server_version()[:2] == (3, 9)
    zk.stop()


for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
        print(name, flush=True)
