"""kube-ovn's tests of its OVN clients: a Go program that `scripts/compat/kube-ovn` makes."""

import os
import re
import shutil
import subprocess

import weft

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(weft.BIN, "tools", "kube-ovn.test")
CLASS = "TestOvnClientTestSuite"
DATABASES = {"nb": "OVN_Northbound", "sb": "OVN_Southbound"}
# These delete the row of NB_Global and count on nobody to make it again, as ovn-northd
# and northd do.
LEFT = ["GetNbGlobal", "UpdateNbGlobal", "SetAzName", "SetICAutoRoute", "SetUseCtInvMatch", "SetLBCIDR", "SetOVNIPSec",
        "SetNbGlobalOptions", "SetLsDnatModDlDst", "SetLsCtSkipDstLportIPs", "SetNodeLocalDNSIP"]
END = re.compile(r"^\s*--- (PASS|FAIL|SKIP): (\S+) ")


def list_tests(say):
    version = subprocess.run([os.path.join(HERE, "kube-ovn"), "-version"], stdout=subprocess.PIPE, check=True, text=True)
    say(version=version.stdout.strip(), what="of its OVN clients", classes=[CLASS], left=len(LEFT))


def run_tests(side, cls, only, say):
    sockets = {"nb": "/run/nb.sock", "sb": "/run/sb.sock"}
    if side == "weft":
        weft.Northd("/run", "punix:" + sockets["nb"], "punix:" + sockets["sb"]).start()
    else:
        start_stock(sockets)
    subprocess.run(["ovn-nbctl", "--no-leader-only", "--db=unix:" + sockets["nb"], "init"], check=True)
    env = dict(os.environ, COMPAT_NB=sockets["nb"], COMPAT_SB=sockets["sb"])
    program = shutil.copy(PROGRAM, "/run")
    command = [program, "-test.v", "-test.run", "^" + cls + "$", "-test.skip", "^%s$/^Test_(%s)$" % (cls, "|".join(LEFT))]
    # Servers of its own listen in /tmp, where those of the other side would.
    process = subprocess.Popen(["unshare", "--mount", "sh", "-ec", 'mount -t tmpfs tmpfs /tmp; exec "$@"', "sh", *command],
                               cwd="/run", env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    ended = None
    for line in process.stdout:
        found = END.match(line)
        if found:
            tell(ended, only, say)
            ended = [found.group(2), found.group(1).lower(), ""]
        elif ended and ended[1] == "fail":
            ended[2] += line
    tell(ended, only, say)
    process.wait()


def tell(ended, only, say):
    """Says what became of a test; those that have tests of their own are none."""
    if ended and ended[0] != CLASS and only.search(ended[0]):
        say(test=ended[0].removeprefix(CLASS + "/"), verdict=ended[1], text=ended[2][-4000:])


def start_stock(sockets):
    """Starts ovn-northd, and an ovsdb-server for each database, with the schema that weft has: kube-ovn asks
    for columns that Debian's does not have yet."""
    northd = weft.Northd("/run", "punix:/run/weft-nb.sock", "punix:/run/weft-sb.sock")
    northd.start()
    for name, path in sockets.items():
        db, schema = "/run/%s.db" % name, "/run/%s.ovsschema" % name
        with open(schema, "w") as out:
            subprocess.run(["ovsdb-client", "get-schema", "unix:/run/weft-%s.sock" % name, DATABASES[name]], stdout=out, check=True)
        subprocess.run(["ovsdb-tool", "create", db, schema], check=True)
        subprocess.run(["ovsdb-server", "--detach", "--no-chdir", "--log-file=/run/%s.log" % name, "-vconsole:off",
                        "--pidfile=/run/%s.pid" % name, "--unixctl=/run/%s.ctl" % name, "--remote=punix:" + path, db], check=True)
    northd.stop()
    subprocess.run(["ovn-northd", "--detach", "--no-chdir", "--log-file=/run/northd.log", "-vconsole:off", "--pidfile=/run/northd.pid",
                    "--unixctl=/run/northd.ctl", "--ovnnb-db=unix:" + sockets["nb"], "--ovnsb-db=unix:" + sockets["sb"]], check=True)
