"""ovsdbapp's functional tests: a class of tests has a fixture with all daemons."""

import os

from ovsdbapp import venv

import weft

PACKAGE = "python3-ovsdbapp"
TESTS = "ovsdbapp.tests.functional"
WHAT = "of the Northbound and the Southbound"


def ours(case):
    """Whether a test is of a database that weft serves."""
    return any(name in ("OVN_Northbound", "OVN_Southbound") for name in getattr(case, "schemas", ()))


class Fixture(venv.OvsOvnVenvFixture):
    """Open vSwitch as it is, and northd for OVN's databases and ovn-northd."""

    def setup_dbs(self):
        venv.OvsVenvFixture.setup_dbs(self)

    def start_ovsdb_processes(self):
        venv.OvsVenvFixture.start_ovsdb_processes(self)
        self.northd = weft.Northd(self.venv, "p" + self.ovnnb_connection, "p" + self.ovnsb_connection)
        self.northd.start()

    def init_processes(self):
        venv.OvsVenvFixture.init_processes(self)

    def kill_processes(self):
        super().kill_processes()
        self.northd.stop()


def use_weft():
    """To be called before tests are loaded, which name the fixture when they are."""
    venv.OvsOvnVenvFixture = Fixture
