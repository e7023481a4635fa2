"""Stories of the sample model server: the same answers in containers as natively, health, the end."""

import json
import os
import time

import engine
from model_server import SERVERS, Container, Workshop
from situations import HARDENED
from story import new_folder

SITUATIONS = {"default": (), "hardened": HARDENED}
CPP_MOST = 4_500_000  # bytes


def model_server(context):
    """Four servers of one model, each from one command that also traced it."""
    workshop = Workshop(new_folder(context, "model-server"))
    made = workshop.make()
    numbers = {}
    for server in (*SERVERS[1:], SERVERS[0]):
        if server.program == "server" and made.wait() != 0:
            raise RuntimeError("the server in C++ does not compile")
        output = f"{workshop.folder}/{server.name.replace(' ', '-')}/{server.program}"
        os.mkdir(os.path.dirname(output))
        answers = workshop.build(context.builder.tool, server, output, "--compress", server.compress)
        numbers[server.name] = [json.loads(answer) for answer in answers]
        run(context, workshop, server, output, answers)
    size = os.path.getsize(output)
    context.report.add("story: the model server in C++ is small", "" if size <= CPP_MOST else f"{size} bytes")
    same = all(each == numbers["C++"] for each in numbers.values())
    context.report.add("story: the model servers all answer the same", "" if same else str(numbers)[:500])


def run(context, workshop, server, output, answers):
    tag = "scratchpack-model-" + os.path.basename(os.path.dirname(output)).lower().replace("++", "pp")
    engine.docker("build", "--network", "none", "--quiet", "--tag", tag, os.path.dirname(output))
    try:
        for name, flags in SITUATIONS.items():
            with Container(tag, flags) as container:
                fault = observe(workshop, server, container, output, answers)
                log = f"\n-- log\n{container.log()[-1000:]}" if fault else ""
            context.report.add(f"story: model server, {server.name}, {name} container", fault + log)
    finally:
        engine.docker("rmi", "--force", tag)


def observe(workshop, server, container, output, answers):
    """Answers, health, and its end while four connections ask; what was wrong."""
    health = container.health()
    if health.split()[0] != "healthy":
        return f"its health is {health}"
    network = container.network()
    if workshop.ask(8080, output + ".contained", network) != answers:
        return "it does not answer as natively"
    load = workshop.load(8080, 4, 0, output + ".answers", prefix=network)
    time.sleep(0.3)
    status = container.stop()
    said = load.communicate(timeout=30)[0]
    lost = not said.endswith(" 0 wrong, 0 lost\n") if server.keeps else " 0 wrong, " not in said
    if status != "0" or lost or said.startswith("0 "):
        return f"stopped with status {status}; of the requests: {said}"
    return ""


STORIES = [model_server]
