"""Real programs: servers as PID 1."""

import os
import re
import signal

from real_inputs import add_files, run, write
from real_service import Service

NGINX = """\
daemon off;
worker_processes 2;
pid /tmp/nginx.pid;
events {{ }}
http {{
  include /etc/nginx/mime.types;
  access_log off;
  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  server {{
    listen 127.0.0.1:8080;
    listen 127.0.0.1:8443 ssl;
    ssl_certificate {inputs}/server.pem;
    ssl_certificate_key {inputs}/server.key;
    root {inputs}/www;
    location /answer {{ return 200 "{answer}\\n"; }}
    location /behind/ {{ proxy_pass http://127.0.0.1:8080/; }}
  }}
}}
"""

APPLICATION = """\
import hashlib
import os
import ssl


def application(environ, start_response):
    body = "{answer} " + hashlib.sha256(environ["wsgi.input"].read()).hexdigest() + "\\n"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body.encode()]
"""


# ---- nginx --------------------------------------------------------------------------------------
def sites(places):
    run("/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
        "/CN=localhost", "-keyout", "server.key", "-out", "server.pem", cwd=places["inputs"])
    os.chmod(places["inputs"] + "/server.key", 0o644)  # for the hardened container's user
    write(places, "www/page.html", "<p>a page</p>\n")
    write(places, "www/large.txt", "".join(f"line {number}\n" for number in range(100000)))


def nginx(answer):
    return lambda places: write(places, "nginx.conf", NGINX.format(**places, answer=answer))


def serve_pages(server):
    server.until("first", "curl", "-s", "http://127.0.0.1:8080/answer")
    server.until("text/html", "curl", "-s", "-w", "%{content_type}",
                 "http://127.0.0.1:8080/page.html")
    server.until("a page", "curl", "-sk", "https://127.0.0.1:8443/page.html")
    server.until("line 99999", "sh", "-c",
                 "curl -s http://127.0.0.1:8080/behind/large.txt | tail -n 1")
    nginx("second")(server.places)
    server.signal(signal.SIGHUP)
    server.until("second", "curl", "-s", "http://127.0.0.1:8080/answer")
    server.processes(3)
    server.signal(signal.SIGQUIT)


# ---- redis --------------------------------------------------------------------------------------
def keep_values(server):
    def ask(*words):
        return ("redis-cli", *words)

    server.until("PONG", *ask("ping"))
    server.until("OK", *ask("set", "name", "서울"))
    server.until("서울", *ask("--raw", "get", "name"))
    server.until("3", *ask("eval", "return redis.call('rpush', KEYS[1], 'c', 'a', 'b')",
                          "1", "list"))
    server.until("a", *ask("sort", "list", "alpha"))
    server.until("Background", *ask("bgsave"))
    server.until("rdb_bgsave_in_progress:0", "sh", "-c",
                 "redis-cli info persistence | grep -E 'bgsave_(status|in_progress)'")
    server.until("OK", *ask("save"))
    server.processes(1)
    server.signal(signal.SIGTERM)


# ---- gunicorn -----------------------------------------------------------------------------------
def application(answer):
    return lambda places: write(places, "application.py", APPLICATION.format(answer=answer))


def work(server):
    post = ("curl", "-s", "--data", "some words", "http://127.0.0.1:8000/")
    server.until("first", *post)
    application("second")(server.places)
    server.signal(signal.SIGHUP)
    server.until("second", *post)
    server.processes(3)
    server.signal(signal.SIGTERM)


def without_numbers(text):
    """Times, numbers of processes, and what an order of events depends on."""
    return re.sub(r"\d+", "N", text)


def without_races(text):
    """A worker that is stopped while it starts says nothing, and its master does instead."""
    return "\n".join(line for line in without_numbers(text).splitlines()
                     if "was terminated due to signal" not in line)


ROWS = (
    Service("nginx", "/usr/sbin/nginx", ("-e", "stderr", "-c", "{inputs}/nginx.conf"), "second",
            packages="nginx-light curl openssl", options=add_files("/etc/nginx/mime.types"),
            prepare=sites, reset=nginx("first"), story=serve_pages, writable=True,
            normalise=without_numbers, quick=True),
    Service("redis", "/usr/bin/redis-server", ("--dir", "/tmp", "--logfile", ""), "서울",
            packages="redis-server redis-tools", story=keep_values, writable=True,
            normalise=without_numbers, quick=True),
    Service("gunicorn", "/usr/bin/gunicorn",
            ("--workers", "2", "--bind", "127.0.0.1:8000", "--worker-tmp-dir", "/tmp", "--chdir",
             "{inputs}", "application:application"), "second",
            packages="gunicorn python3 curl", reset=application("first"), story=work,
            writable=True, normalise=without_races,
            environment=("PYTHONDONTWRITEBYTECODE=1",),
            # What serves is not in the bundle, and may import any of the standard library.
            options=("--collect", "gunicorn", "--recipe", "python")),
)
