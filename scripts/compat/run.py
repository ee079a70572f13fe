"""Runs a client's own test suite, against stock OVN's databases or weft's.

run.py SUITE list               tells which classes have tests of OVN's databases
run.py SUITE stock|weft CLASS   runs the tests of a class

A suite is a module for_SUITE. With ONLY in the environment, tests are those whose
name fits that regular expression. What is found is told in lines of JSON on the
standard output; what tests themselves say goes to the standard error.
"""

import importlib
import json
import os
import re
import subprocess
import sys
import traceback
import unittest

ONLY = re.compile(os.environ.get("ONLY", ""))
OUT = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)


def say(**what):
    print(json.dumps(what), file=OUT)


def cases(suite):
    """The single tests of a suite of suites that are asked for."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from cases(test)
        elif ONLY.search(test.id()):
            yield test


class Result(unittest.TestResult):
    """Tells what became of each test as soon as it has ended."""

    def __init__(self, tests):
        super().__init__()
        self.tests = tests

    def tell(self, test, verdict, text=""):
        say(test=test.id().removeprefix(self.tests + "."), verdict=verdict, text=text)

    def addSuccess(self, test):
        self.tell(test, "pass")

    def addExpectedFailure(self, test, err):
        self.tell(test, "pass")

    def addSkip(self, test, reason):
        self.tell(test, "skip", reason)

    def addFailure(self, test, err):
        self.tell(test, "fail", "".join(traceback.format_exception(*err)))

    addError = addFailure

    def addUnexpectedSuccess(self, test):
        self.tell(test, "fail", "was expected to fail")


def load(module):
    """The suite's tests by class; a module of tests that cannot be loaded is an error."""
    top = importlib.import_module(module.TESTS.partition(".")[0]).__path__[0]
    loader = unittest.TestLoader()
    suite = loader.discover(os.path.join(os.path.dirname(top), *module.TESTS.split(".")),
                            top_level_dir=os.path.dirname(top))
    if loader.errors:
        sys.exit("\n".join(loader.errors))
    classes = {}
    for case in cases(suite):
        cls = type(case)
        classes.setdefault(cls.__module__ + "." + cls.__qualname__, []).append(case)
    return classes


def main(suite, what, only=None):
    module = importlib.import_module("for_" + suite)
    if hasattr(module, "run_tests"):  # not Python's
        if what == "list":
            module.list_tests(say)
        else:
            module.run_tests(what, only, ONLY, say)
        return
    if what == "list":
        classes = load(module)
        wanted = [c for c in classes if module.ours(classes[c][0])]
        version = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", module.PACKAGE],
            stdout=subprocess.PIPE, check=True, text=True).stdout
        say(version=version, what=module.WHAT, classes=wanted,
            left=sum(len(classes[c]) for c in classes if c not in wanted))
        return
    if what == "weft":
        module.use_weft()
    place, _, cls = only.rpartition(".")
    loaded = unittest.defaultTestLoader.loadTestsFromTestCase(getattr(importlib.import_module(place), cls))
    unittest.TestSuite(cases(loaded)).run(Result(module.TESTS))


if __name__ == "__main__":
    main(*sys.argv[1:])
