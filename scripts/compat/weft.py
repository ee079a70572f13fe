"""Starts a northd that serves what ovsdb-server and ovn-northd would."""

import os
import shutil
import subprocess
import time

BIN = os.environ["E2E_BIN"]
START = 30  # seconds


class Northd:
    """A northd with an etcd of its own, which keep all that they have in one folder."""

    def __init__(self, folder, nb, sb, log="northd.log"):
        """nb and sb are where to listen, as northd's --nb-listen has it."""
        self.data = os.path.join(folder, "etcd")
        self.log = os.path.join(folder, log)
        self.args = [
            os.path.join(BIN, "northd"), "--data-dir", self.data,
            "--etcd-listen", "unix://" + os.path.join(folder, "etcd.sock"),
            "--admin", "unix:" + os.path.join(folder, "admin.sock"),
            "--nb-listen", nb, "--sb-listen", sb]
        self.process = None

    def start(self):
        """Returns once the databases have their first rows."""
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(self.args, stdout=log, stderr=log)
        deadline = time.monotonic() + START
        while " msg=leading " not in self.said():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("northd did not start: " + self.said())
            time.sleep(0.05)

    def said(self):
        with open(self.log) as log:
            return log.read()

    def stop(self):
        """Ends it; the data stay."""
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def forget(self):
        """Removes the data."""
        shutil.rmtree(self.data, ignore_errors=True)
