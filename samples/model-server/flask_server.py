#!/usr/bin/python3
"""The same answers as server.py, by Flask in gunicorn's workers.

  ./flask_server.py [--port 8080] [--model digits.ubj] [--workers N] [--c-api]
  ./flask_server.py --healthcheck [--port 8080]

SIGTERM ends it with status 0 once everything that was asked is answered: gunicorn sees to that.
"""

import signal
import sys

import answer
from server import arguments, healthcheck, log


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # gunicorn's handler takes over
    options = arguments()
    if options.healthcheck:
        return healthcheck(options.port)
    answer.load(options.model, options.c_api)
    serve(options)
    return 0


def serve(options):
    """Imported here alone: a health check does without."""
    import flask
    from gunicorn.app.base import BaseApplication

    application = flask.Flask("digits")
    application.config["MAX_CONTENT_LENGTH"] = answer.LIMIT

    @application.route("/", defaults={"path": ""}, methods=["GET", "POST"])
    @application.route("/<path:path>", methods=["GET", "POST"])
    def any_path(path):
        status, body = answer.reply("/" + path, flask.request.method, flask.request.get_data())
        log(f'{flask.request.remote_addr} "{flask.request.method} /{path}" {status}')
        return flask.Response(body, status, content_type="application/json")

    class Gunicorn(BaseApplication):
        """Configured here rather than by gunicorn's own command line."""

        def load_config(self):
            for name, value in {"bind": f"0.0.0.0:{options.port}", "workers": options.workers,
                                "worker_class": "gthread", "threads": 8,
                                "worker_tmp_dir": "/dev/shm"}.items():
                self.cfg.set(name, value)

        def load(self):
            return application

    Gunicorn().run()


if __name__ == "__main__":
    sys.exit(main())
