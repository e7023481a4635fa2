#!/usr/bin/python3
"""Answers POST /predict with what the model reads in pictures of digits, GET /healthz with "ok".

  ./server.py [--port 8080] [--model digits.ubj] [--workers N] [--c-api]
  ./server.py --healthcheck [--port 8080]

The standard library's HTTP server in worker processes, which share the model's memory, and in each
a thread per connection. SIGTERM ends it with status 0 once everything that was asked is answered.
"""

import sys

if __name__ == "__main__":
    # The standard library imports them where it finds them: 2 MB of libraries for HTTPS and for
    # archives, of which nothing is used here.
    sys.modules.update(dict.fromkeys(("ssl", "bz2", "lzma")))

import argparse
import http.client
import http.server
import json
import os
import select
import signal
import socket
import threading
import time

import answer

IDLE = 30  # seconds that a client may take for a request, or to come up with the next one
DRAIN = 1  # the same once it shall end
RESPAWN = 1  # second until a worker that died is replaced


def main():
    # Before the model is loaded, which takes time: as PID 1 it would not hear of SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    options = arguments()
    if options.healthcheck:
        return healthcheck(options.port)
    try:
        answer.load(options.model, options.c_api)
        listener = socket.create_server(("", options.port), backlog=1024)
    except Exception as error:  # pylint: disable=broad-except  # XGBoost's have no type of their own
        return f"server.py: start: {error}"
    # Several workers wake up for one connection; who comes late must not wait.
    listener.setblocking(False)
    log(f"listening on port {options.port}, {options.workers} workers")
    return supervise(listener, options.workers)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--model", default="digits.ubj")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--c-api", action="store_true", help="without the xgboost package and numpy")
    parser.add_argument("--healthcheck", action="store_true", help="ask the server that runs here")
    return parser.parse_args()


def healthcheck(port):
    """The status that Docker's HEALTHCHECK wants, from the program itself: no shell, no curl."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        # By itself it would look the name up, by modules that nothing else here needs.
        connection.sock = socket.socket()
        connection.sock.settimeout(5)
        connection.sock.connect(("127.0.0.1", port))
        connection.request("GET", "/healthz")
        return 0 if connection.getresponse().status == 200 else 1
    except OSError as error:
        return f"server.py: healthcheck: {error}"


def log(text):
    print(time.strftime("%Y-%m-%dT%H:%M:%S"), text, file=sys.stderr, flush=True)


# ---- processes ----------------------------------------------------------------------------------
def supervise(listener, count):
    """Keeps `count` workers alive until SIGTERM or SIGINT, then waits for them."""
    signals = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    workers = {start_worker(listener) for _ in range(count)}
    while signal.sigwait(signals) == signal.SIGCHLD:
        died = reap(workers)
        if died:
            log(f"{len(died)} worker(s) died, starting anew")
            time.sleep(RESPAWN)
            workers |= {start_worker(listener) for _ in died}
    listener.close()
    for worker in workers:
        os.kill(worker, signal.SIGTERM)
    for worker in workers:
        os.waitpid(worker, 0)
    log("stopped")
    return 0


def reap(workers):
    """Takes those that ended off the set; as PID 1 it may also inherit what is none of its own."""
    died = set()
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            pid = 0
        if pid == 0:
            return died
        if pid in workers:
            workers.remove(pid)
            died.add(pid)


def start_worker(listener):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work(listener)
            status = 0
        finally:
            os._exit(status)  # what the supervisor would do at its end is none of a worker's
    return pid


def work(listener):
    server = Server(listener)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal; the supervisor says when to end
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
    server.serve_forever(poll_interval=0.1)
    server.finish()


# ---- HTTP ---------------------------------------------------------------------------------------
class Server(http.server.ThreadingHTTPServer):
    """Serves a listening socket that is there already."""
    daemon_threads = False  # server_close waits for them

    def __init__(self, listener):
        super().__init__(listener.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.stopping = False
        self.connections = set()

    def finish(self):
        """Answers what was sent already, by those who wait to be accepted as well."""
        self.stopping = True
        while select.select([self.socket], [], [], 0)[0]:
            self._handle_request_noblock()
        self.socket.close()
        deadline = time.monotonic() + DRAIN
        while self.connections and time.monotonic() < deadline:
            time.sleep(0.01)
        for connection in tuple(self.connections):
            # What is in the buffer is still read; a connection without a request ends here.
            connection.shutdown(socket.SHUT_RD)
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE
    wbufsize = 1 << 16  # header and body in one packet
    disable_nagle_algorithm = True
    unread = False  # whether there is more of a request than was read

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        try:
            super().finish()
            if self.unread:
                self.discard()
        except OSError:
            pass  # the client went away

    def discard(self):
        """Until the client has seen the answer: closing with unread bytes would take it back."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(DRAIN)
        while self.connection.recv(1 << 16):
            pass

    def do_GET(self):
        self.reply(*answer.reply(self.path, "GET", b""))

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            self.unread = self.close_connection = True
            return self.reply(*answer.fault(411, "a request needs a Content-Length"))
        if int(length) > answer.LIMIT:
            self.unread = self.close_connection = True
            return self.reply(*answer.fault(413, f"a request has at most {answer.LIMIT} bytes"))
        return self.reply(*answer.reply(self.path, "POST", self.rfile.read(int(length))))

    def reply(self, status, body):
        if self.server.stopping:
            self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        log(f"{self.client_address[0]} {format % args}")


if __name__ == "__main__":
    sys.exit(main())
