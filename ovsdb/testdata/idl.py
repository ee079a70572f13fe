# What a program on Open vSwitch's own Python client does: take a lock, wait
# for the first content, change it, see its own change.
import json
import sys

import ovs.jsonrpc
import ovs.poller
import ovs.stream
from ovs.db import idl

remote = sys.argv[1]
error, stream = ovs.stream.Stream.open_block(ovs.stream.Stream.open(remote))
assert not error, error
rpc = ovs.jsonrpc.Connection(stream)
error, reply = rpc.transact_block(ovs.jsonrpc.Message.create_request("get_schema", ["OVN_Northbound"]))
assert not error, error
rpc.close()
helper = idl.SchemaHelper(schema_json=reply.result)
helper.register_table("Logical_Switch")
conn = idl.Idl(remote, helper, leader_only=True)
conn.set_lock("test_lock")


def wait(done):
    while not done():
        conn.run()
        if done():
            return
        poller = ovs.poller.Poller()
        conn.wait(poller)
        poller.timer_wait(10000)
        poller.block()


def commit(fn):
    txn = idl.Transaction(conn)
    fn(txn)
    return txn.commit_block()


wait(lambda: conn.state == conn.IDL_S_MONITORING and conn.has_lock)
rows = conn.tables["Logical_Switch"].rows


def add(txn):
    for name in ("s1", "s2"):
        txn.insert(conn.tables["Logical_Switch"]).name = name


status = commit(add)
wait(lambda: len(rows) == 2)
names = sorted(r.name for r in rows.values())
row = next(r for r in rows.values() if r.name == "s1")


def rename(txn):
    row.verify("name")
    row.name = "s9"


commit(rename)
wait(lambda: any(r.name == "s9" for r in rows.values()))
print(json.dumps({
    "lock": conn.has_lock, "status": idl.Transaction.status_to_string(status),
    "names": names, "renamed": next(r.name for r in rows.values() if r.name != "s2"),
}))
conn.close()
