"""The product of the three tables: every workload in every situation in every form."""

import re
import time

import engine
from compare import sorted_variables, unified, without_extraction, without_group, without_numbers
from forms import FORMS
from situations import SITUATIONS
from workloads import BUNDLES, WORKLOADS

# What an extracted bundle says where nothing is writable and executable: one line, a way out.
NO_PLACE = re.compile(r"scratchpack: [^\n]*--tmpfs /tmp:exec[^\n]*\n")


class Matrix:
    """What is run, what was built for it, and the references it is compared with."""

    def __init__(self, options, builder, report):
        self.options, self.builder, self.report = options, builder, report
        self.places = builder.places
        self.server = None
        self.bundles = {bundle.name: bundle for bundle in BUNDLES}
        self.outputs = {}
        self.references = {}
        names = options.forms.split(",") if options.forms else None
        self.forms = [form for form in FORMS
                      if (form.name in names if names else options.all or not form.all_only)]

    def built(self, bundle, form):
        """What was built; built now when only a story asks for it."""
        if (bundle, form) not in self.outputs:
            of_name = next(candidate for candidate in FORMS if candidate.name == form)
            self.outputs[bundle, form] = self.builder.build(self.bundles[bundle], of_name)
        built = self.outputs[bundle, form]
        if built.fault:
            raise RuntimeError(f"{bundle}, {form} was not built: {built.fault}")
        return built

    def build(self):
        started = time.monotonic()
        pairs = [(self.bundles[name], form) for form in self.forms
                 for name in sorted({workload.bundle for workload in self.workloads()})]
        results = engine.in_parallel(
            [lambda pair=pair: self.builder.build(*pair) for pair in pairs])
        for (bundle, form), built in zip(pairs, results):
            self.outputs[bundle.name, form.name] = built
            self.report.add(f"build: {bundle.name}, {form.name}", built.fault)
        for name in {workload.bundle for workload in WORKLOADS if workload.reference == "bare"}:
            self.outputs[name, "bare"] = self.builder.bare(
                name, f"{self.places['bin']}/{name}-static", f"{self.places['bin']}/{name}")
        self.report.say(f"{len(pairs)} bundles built in {time.monotonic() - started:.0f} s")

    # ---- what is run --------------------------------------------------------------------------
    def workloads(self):
        return [workload for workload in WORKLOADS if self.options.only in workload.name]

    def uses_server(self):
        return not self.options.only or any(workload.server for workload in self.workloads())

    def runs(self):
        return [(workload, form, situation) for workload in self.workloads()
                for form in self.forms if not workload.forms or form.name in workload.forms
                for situation in SITUATIONS if self.applies(workload, form, situation)]

    def applies(self, workload, form, situation):
        if not self.options.docker and (situation.kind == "docker" or workload.server):
            return False
        if situation.kind == "host" and (form.name == "plain" or workload.server):
            return False  # that is the native program itself; the server has no host
        if situation.prefix and workload.server:
            return False  # the limits would be the server's, too
        return (self.options.all or not workload.situations
                or situation.name in workload.situations)

    def run(self):
        started = time.monotonic()
        runs = self.runs()
        engine.in_parallel([lambda run=run: self.test(*run) for run in runs])
        self.report.say(f"{len(runs)} runs in {time.monotonic() - started:.0f} s")

    def test(self, workload, form, situation):
        name = f"container: {workload.name}, {form.name}, {situation.name}"
        try:
            actual = self.run_one(workload, self.built(workload.bundle, form.name), situation)
            self.report.add(name, self.fault(workload, form, situation, actual))
        except RuntimeError as error:
            self.report.add(name, str(error))

    # ---- what is expected -----------------------------------------------------------------------
    def fault(self, workload, form, situation, actual):
        static = self.bundles[workload.bundle].static
        if form.extracts and not static and not situation.place:
            if actual.status == 125 and not actual.stdout and NO_PLACE.fullmatch(actual.stderr):
                return ""
            return "expected one line about --tmpfs /tmp:exec and 125, got:\n" + actual.text()
        expected = self.expected(workload, situation)
        for adjust, applies in ((without_extraction, form.extracts),
                                (without_numbers, situation.kind == "host"),
                                (sorted_variables, situation.kind == "docker"),
                                (without_group, form.name == "plain" and situation.name == "user")):
            if applies:
                expected, actual = adjust(expected), adjust(actual)
        return "" if actual == expected else unified(expected, actual)

    def expected(self, workload, situation):
        if workload.reference == "text":
            return engine.Outcome(workload.expected, "", 0)
        key = workload.name, situation.name if workload.reference == "bare" else "native"
        if key not in self.references:
            self.references[key] = (
                self.run_native(workload) if workload.reference == "native" else
                self.run_one(workload, self.built(workload.bundle, "bare"), situation))
        return self.references[key]

    # ---- the ways to run ------------------------------------------------------------------------
    def words(self, workload):
        return [word.format(**self.places) for word in workload.arguments]

    def run_native(self, workload):
        application = self.bundles[workload.bundle].application.format(**self.places)
        command = [application] + self.words(workload)
        if workload.server:
            command = self.server.native_command() + command
        return engine.run_native(command, workload.environment, workload.stop)

    def run_one(self, workload, built, situation):
        command = [built.entry] + self.words(workload)
        if situation.kind == "host":
            # Started as a file elsewhere, under the name that the native program has.
            return engine.run_native(command, workload.environment, workload.stop,
                                     executable=built.root + built.entry)
        if situation.kind == "chroot":
            if workload.server:
                return self.server.run_chroot(built.root, command)
            return engine.run_chroot(built.root, command, workload.environment, workload.stop,
                                     situation.prefix)
        network = self.server.network() if workload.server else ("--network", "none")
        return engine.run_docker(built.image, situation.flags, command[1:], workload.environment,
                                 workload.stop, network)
