"""What the servers in Python answer, whoever speaks HTTP for them: a status and JSON."""

import json
import math

LIMIT = 1 << 20  # bytes of a request

predictor = None


def load(path, c_api=False):
    """Reads the model at `path`, and computes once: the first time prepares what others share."""
    global predictor
    if c_api:
        from predictor_c_api import Predictor
    else:
        from predictor import Predictor
    predictor = Predictor(path)
    predictor.probabilities([[0] * predictor.features])


def reply(path, method, body):
    wanted = {"/healthz": "GET", "/predict": "POST"}.get(path)
    if wanted is None:
        return fault(404, "there are /predict and /healthz")
    if method != wanted:
        return fault(405, f"{path} wants {wanted}")
    if path == "/healthz":
        return 200, b'{"status":"ok"}'
    try:
        rows = instances(body)
    except (ValueError, OverflowError, RecursionError):
        return fault(400, 'a request is {"instances": [[NUMBER, ...], ...]} with '
                          f"{predictor.features} numbers in each row")
    probabilities = predictor.probabilities(rows)
    digits = [row.index(max(row)) for row in probabilities]
    return 200, json.dumps({"digits": digits, "probabilities": probabilities},
                           separators=(",", ":")).encode()


def instances(body):
    """The rows of a request; ValueError if it is none."""
    document = json.loads(body.decode())
    rows = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not rows:
        raise ValueError
    for row in rows:
        if not isinstance(row, list) or len(row) != predictor.features:
            raise ValueError
        for value in row:
            if type(value) not in (int, float) or not math.isfinite(value):
                raise ValueError
    return rows


def fault(status, text):
    return status, json.dumps({"error": text}).encode()
