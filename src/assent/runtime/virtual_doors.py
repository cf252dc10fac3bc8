"""The doors from an event loop to the real world, all of them shut; and the errors of virtual time.

A virtual loop promises that a run can be repeated. Threads, sockets, signals and child processes answer when
the machine pleases, so each call that would open one raises with a sentence. It must never let one through.
"""

from asyncio import AbstractEventLoop
from typing import Any, Final, NoReturn


class VirtualLoopError(RuntimeError):
    """The program cannot go on under virtual time; the message says what to change."""


class Deadlock(VirtualLoopError):
    """Nothing is ready and no timer is set: no task can ever be woken again."""


class BoundReached(VirtualLoopError):
    """The run was given a bound on virtual time or on steps, and reached it."""


class NotVirtual(VirtualLoopError):
    """The program asked for something that has no virtual counterpart."""


def _shut(name: str, instead: str) -> Any:
    def refuse(*_args: object, **_options: object) -> NoReturn:
        raise NotVirtual(
            f"{name}() was called on a virtual loop, but what it does takes real time and its order could not"
            f" be repeated. {instead}"
        )

    return refuse


THREADS: Final = "Do the work in the loop's own thread, as a plain call."
_IO: Final = "Give the code an in-memory transport when it runs under virtual time."
_SIGNALS: Final = "Install signal handlers only where the loop is real; here, end the run from a task."


class ShutDoors(AbstractEventLoop):
    """Every method of an event loop that reaches outside."""

    run_in_executor = _shut("run_in_executor", THREADS)
    set_default_executor = _shut("set_default_executor", THREADS)
    add_signal_handler = _shut("add_signal_handler", _SIGNALS)
    remove_signal_handler = _shut("remove_signal_handler", _SIGNALS)
    add_reader = _shut("add_reader", _IO)
    remove_reader = _shut("remove_reader", _IO)
    add_writer = _shut("add_writer", _IO)
    remove_writer = _shut("remove_writer", _IO)
    getaddrinfo = _shut("getaddrinfo", _IO)
    getnameinfo = _shut("getnameinfo", _IO)
    create_connection = _shut("create_connection", _IO)
    create_server = _shut("create_server", _IO)
    create_unix_connection = _shut("create_unix_connection", _IO)
    create_unix_server = _shut("create_unix_server", _IO)
    create_datagram_endpoint = _shut("create_datagram_endpoint", _IO)
    connect_accepted_socket = _shut("connect_accepted_socket", _IO)
    connect_read_pipe = _shut("connect_read_pipe", _IO)
    connect_write_pipe = _shut("connect_write_pipe", _IO)
    start_tls = _shut("start_tls", _IO)
    sendfile = _shut("sendfile", _IO)
    subprocess_exec = _shut("subprocess_exec", _IO)
    subprocess_shell = _shut("subprocess_shell", _IO)
    sock_accept = _shut("sock_accept", _IO)
    sock_connect = _shut("sock_connect", _IO)
    sock_recv = _shut("sock_recv", _IO)
    sock_recv_into = _shut("sock_recv_into", _IO)
    sock_recvfrom = _shut("sock_recvfrom", _IO)
    sock_recvfrom_into = _shut("sock_recvfrom_into", _IO)
    sock_sendall = _shut("sock_sendall", _IO)
    sock_sendfile = _shut("sock_sendfile", _IO)
    sock_sendto = _shut("sock_sendto", _IO)
