#!/usr/bin/python3
"""Sends the digits of digits-test.csv to a server, each in a request of its own over one connection.

  ./client.py [--port 8080] [--answers FILE]

Says how many were read right; --answers keeps the answers, a line each.
"""

import argparse
import http.client
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--answers")
    options = parser.parse_args()
    labels, requests = test_set()
    answers = ask(options.port, requests)
    if options.answers:
        with open(options.answers, "wb") as file:
            file.writelines(answer + b"\n" for answer in answers)
    right = sum(json.loads(answer)["digits"] == [label] for answer, label in zip(answers, labels))
    print(f"{right} of {len(labels)} digits are read right")


def test_set():
    """The labels, and the bodies of the requests."""
    with open(f"{HERE}/digits-test.csv", encoding="ascii") as file:
        lines = [[int(number) for number in line.split(",")] for line in file]
    return ([line[0] for line in lines],
            [json.dumps({"instances": [line[1:]]}).encode() for line in lines])


def ask(port, requests):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    answers = []
    for request in requests:
        connection.request("POST", "/predict", request)
        response = connection.getresponse()
        answers.append(response.read())
        if response.status != 200:
            raise RuntimeError(f"status {response.status}: {answers[-1].decode()}")
    return answers


if __name__ == "__main__":
    sys.exit(main())
